#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/database.h"
#include "fuzz/cli/options.h"

namespace wavefuzz {
namespace {

struct HistoryOptions : FolderArguments {
  std::string database;
};

void declare(CLI::App& app, HistoryOptions& options) {
  add_json(app, options);
  app.add_option("--out", options.out, "Folder for findings")->capture_default_str();
  app.add_option("--db", options.database, "Memory of campaigns");
}

/// A line for each campaign of the file, with what is new and gone against the one before it of the
/// same shard.
Exit history(const HistoryOptions& options) {
  CampaignStore store = existing_store(options.database, options.out);
  const std::vector<CampaignRecord> records = store.history();
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  const std::vector<CampaignChange> all_changes = changes(records);
  for (size_t i = 0; i < records.size(); ++i) {
    const CampaignRecord& r = records[i];
    const auto& [added, gone] = all_changes[i];
    if (options.json) {
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
  if (options.json) std::cout << nlohmann::ordered_json{{"campaigns", list}}.dump(1) << "\n";
  return records.empty() ? Exit::kNothingRan : Exit::kClean;
}

}  // namespace

void add_history_command(CLI::App& app, Session& session) {
  add_command(app, session, "history",
              "List campaigns, and what each found that the one before had not", declare, history);
}

}  // namespace wavefuzz
