#include "fuzz/cli/history_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace wavefuzz {
Exit history_command(CampaignStore& store, bool json) {
  const std::vector<CampaignRecord> records = store.history();
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  const std::vector<CampaignChange> all_changes = changes(records);
  for (size_t i = 0; i < records.size(); ++i) {
    const CampaignRecord& r = records[i];
    const auto& [added, gone] = all_changes[i];
    if (json) {
      list.push_back({{"id", r.id},
                      {"started", r.started},
                      {"version", r.version},
                      {"state", r.state},
                      {"seed", r.key.seed},
                      {"shard", r.key.first_case},
                      {"shards", r.shards != 0 ? r.shards : r.key.case_stride},
                      {"parts", r.parts},
                      {"seconds", r.seconds},
                      {"jobs", r.jobs},
                      {"cases", r.cases},
                      {"findings", r.found},
                      {"new", added},
                      {"gone", gone}});
    } else {
      const std::string shard =
          r.shards == 0 ? fmt::format("shard {}/{}", r.key.first_case, r.key.case_stride)
                        : fmt::format("{} of {} shards ({})", r.parts.size(), r.shards,
                                      fmt::join(r.parts, ", "));
      fmt::print("{:>4}  {}  {:<11}  seed {}, {}  {:>8.0f} s  {:>9} cases  {} findings\n", r.id,
                 r.started, r.state, r.key.seed, shard, r.seconds, r.cases, r.findings);
      for (const std::string& f : added) fmt::print("      new:  {}\n", f);
      for (const std::string& f : gone) fmt::print("      gone: {}\n", f);
    }
  }
  if (json) std::cout << nlohmann::ordered_json{{"campaigns", list}}.dump(1) << "\n";
  return records.empty() ? Exit::kNothingRan : Exit::kClean;
}

Exit coverage_command(const Harness& harness, CampaignStore& store, const std::vector<Job>& jobs,
                      size_t most, bool json) {
  if (!store.latest()) return Exit::kNothingRan;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Job& job : jobs) {
    const std::optional<JobResult> result = store.load(job);
    if (!result) continue;
    try {
      check_objects(harness, *result);
    } catch (const Error& e) {
      fmt::print(stderr, "{} on {}: {}\n", kernel_name(job), job.target, e.what());
      continue;
    }
    for (const auto& [kernel, edges] : result->coverage) {
      const ProgramCoverage c = harness.coverage(job, kernel, edges);
      const std::string object = std::filesystem::path(kernel.code_object).filename();
      if (json) {
        nlohmann::ordered_json blocks = nlohmann::ordered_json::array();
        for (const Unreached& u : c.unreached)
          blocks.push_back({{"pc", u.pc},
                            {"instructions", u.instructions},
                            {"first", u.first},
                            {"guard", u.guard}});
        list.push_back({{"kernel", kernel_name(job)},
                        {"target", job.target},
                        {"object", object},
                        {"symbol", kernel.symbol},
                        {"cases", result->cases},
                        {"findings", result->findings.size()},
                        {"edges", edges.count()},
                        {"executed", c.executed},
                        {"instructions", c.instructions},
                        {"unreached", blocks}});
        continue;
      }
      fmt::print("{} on {}: {:.1f} % of {} instructions of {} in {}, {} cases, {} edges\n",
                 kernel_name(job), job.target, c.percent(), c.instructions, kernel.symbol, object,
                 result->cases, edges.count());
      for (size_t i = 0; i < std::min(most, c.unreached.size()); ++i) {
        const Unreached& u = c.unreached[i];
        fmt::print("    {:#x}: {} never ran: {}{}\n", u.pc, u.instructions, u.first,
                   u.guard.empty() ? "" : "; " + u.guard);
      }
      if (c.unreached.size() > most)
        fmt::print("    and {} shorter blocks\n", c.unreached.size() - most);
    }
  }
  if (json) std::cout << nlohmann::ordered_json{{"programs", list}}.dump(1) << "\n";
  return Exit::kClean;
}

}  // namespace wavefuzz
