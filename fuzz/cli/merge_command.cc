#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "fuzz/case/plural.h"
#include "fuzz/cli/commands.h"
#include "fuzz/cli/options.h"
#include "fuzz/cli/paths.h"
#include "fuzz/store/merge.h"

namespace wavefuzz {
namespace {

struct MergeOptions : Options {
  std::string file;
  std::vector<std::string> inputs;
};

void declare(CLI::App& app, MergeOptions& options) {
  app.add_option("out", options.file, "The memory that the others are put into")->required();
  app.add_option("in", options.inputs, "Memories of campaigns")->required();
  add_json(app, options);
}

void print(const MergedCampaign& m) {
  if (!m.refused.empty()) {
    fmt::print("  seed {}, {} of {} shards: not put together: {}\n", m.key.seed, m.there,
               m.key.case_stride, m.refused);
    return;
  }
  fmt::print("  campaign {}: seed {}, {} of {} shards, {}, {}\n", m.id, m.key.seed, m.there,
             m.key.case_stride, plural(m.cases, "case"), plural(m.findings, "finding"));
  if (m.beyond != 0)
    fmt::print("    {} left out: one campaign would have ended before\n", plural(m.beyond, "case"));
  if (m.inexact != 0) {
    fmt::print("    of {} it cannot be said where one campaign would have ended\n",
               plural(m.inexact, "job"));
  }
}

nlohmann::ordered_json json_of(const MergedCampaign& m) {
  nlohmann::ordered_json json = {{"seed", m.key.seed}, {"shards", m.key.case_stride},
                                 {"there", m.there},   {"campaign", m.id},
                                 {"cases", m.cases},   {"findings", m.findings},
                                 {"beyond", m.beyond}, {"inexact_jobs", m.inexact}};
  if (!m.refused.empty()) json["refused"] = m.refused;
  return json;
}

Exit merge(const MergeOptions& options) {
  std::vector<std::string> inputs;
  for (const std::string& file : options.inputs) inputs.push_back(user_path(file));
  const MergeSummary summary = merge_databases(user_path(options.file), inputs);
  if (options.json) {
    nlohmann::ordered_json merged = nlohmann::ordered_json::array();
    for (const MergedCampaign& m : summary.merged) merged.push_back(json_of(m));
    std::cout << nlohmann::ordered_json{{"campaigns", summary.campaigns},
                                        {"added", summary.added},
                                        {"merged", merged}}
                     .dump(1)
              << "\n";
    return Exit::kClean;
  }
  fmt::print("{}: {}, {} of them new\n", options.file, plural(summary.campaigns, "campaign"),
             summary.added);
  for (const MergedCampaign& m : summary.merged) print(m);
  return Exit::kClean;
}

}  // namespace

void add_merge_command(CLI::App& app, Session& session) {
  add_command(app, session, "merge",
              "Put the memories of several machines or shards into one, and shards together",
              declare, merge);
}

}  // namespace wavefuzz
