#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/database.h"
#include "fuzz/cli/options.h"

namespace wavefuzz {
namespace {

struct CoverageOptions : FolderArguments {
  std::vector<std::string> kernels = {"all"};
  std::vector<std::string> targets = {"all"};
  std::string database;
  size_t most = 8;
};

void declare(CLI::App& app, CoverageOptions& options) {
  add_kernels(app, options);
  app.add_option("--kernel", options.kernels, "Kernels")->delimiter(',');
  app.add_option("--target", options.targets, "Targets")->delimiter(',');
  app.add_option("--most", options.most, "Unreached blocks listed of each program")
      ->capture_default_str();
  app.add_option("--out", options.out, "Folder for findings")->capture_default_str();
  app.add_option("--db", options.database, "Memory of campaigns");
}

/// How much of each program the latest campaign ran, and what it never reached: `most` blocks of
/// each, the longest first.
Exit coverage(const CoverageOptions& options) {
  CampaignStore store = existing_store(options.database, options.out);
  const Harness harness = make_harness(options);
  const std::vector<Job> jobs = harness.jobs(options.kernels, options.targets);
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
      if (options.json) {
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
      for (size_t i = 0; i < std::min(options.most, c.unreached.size()); ++i) {
        const Unreached& u = c.unreached[i];
        fmt::print("    {:#x}: {} never ran: {}{}\n", u.pc, u.instructions, u.first,
                   u.guard.empty() ? "" : "; " + u.guard);
      }
      if (c.unreached.size() > options.most)
        fmt::print("    and {} shorter blocks\n", c.unreached.size() - options.most);
    }
  }
  if (options.json) std::cout << nlohmann::ordered_json{{"programs", list}}.dump(1) << "\n";
  return Exit::kClean;
}

}  // namespace

void add_coverage_command(CLI::App& app, Session& session) {
  add_command(app, session, "coverage",
              "Say how much of each kernel the latest campaign ran, and what it never reached",
              declare, coverage);
}

}  // namespace wavefuzz
