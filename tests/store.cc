#include "tests/store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace wavefuzz {

std::string story_of(const std::string& database, int64_t id) {
  CampaignStore store(database, Database::Mode::kRead);
  if (!(id < 0 ? store.latest() : store.select(id))) return "no campaign";
  std::string text;
  for (const Job& job : store.jobs()) {
    const std::optional<JobResult> result = store.load(job);
    if (!result) continue;
    text += fmt::format("{} on {}: {} cases {}", kernel_name(job), job.target, result->cases,
                        store.statuses(job));
    for (const auto& [status, n] : result->by_status) text += fmt::format(" {} {}", n, name(status));
    text += "\n";
    for (const CampaignFinding& f : result->findings) {
      text += fmt::format("  case {} {} {}\n    drawn {}\n    shrunk {}, re-run {}\n", f.case_index,
                          signature(f.shrunk.verdict), f.shrunk.verdict.findings.front().message,
                          to_json(f.original).dump(), to_json(f.shrunk.smallest).dump(),
                          f.confirmations);
    }
  }
  for (const StoredFailure& f : store.unshrunk())
    text += fmt::format("unshrunk: {} case {}\n", kernel_name(f.job), f.case_index);
  return text;
}

bool is_sound(const std::string& path) {
  Database database(path);
  Database::Statement check(database, "PRAGMA integrity_check");
  return check.step() && check.text(0) == "ok";
}

}  // namespace wavefuzz
