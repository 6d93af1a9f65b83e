#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/options.h"
#include "fuzz/search/zoo.h"

namespace wavefuzz {
namespace {

/// Failing cases of a planted bug that the gates of peers are asked about, for each target.
constexpr uint64_t kGateFailures = 50;

struct ZooOptions : CampaignArguments {
  bool gates = false;
};

void declare(CLI::App& app, ZooOptions& options) {
  add_campaign(app, options);
  add_search(app, options);
  app.add_flag("--gates", options.gates,
               "Print, as a table, how many of the cases that fail the gates of peers catch");
}

Exit zoo(const ZooOptions& options) {
  const Harness harness = make_harness(options);
  CampaignOptions campaign = campaign_options(options);
  if (campaign.cases == 0) campaign.cases = 2000;
  print_version(options, campaign.seed);
  std::vector<std::string> kernels = options.kernels;
  std::replace(kernels.begin(), kernels.end(), std::string("all"), std::string("planted"));
  for (std::string& kernel : kernels) {  // a kernel, or a pattern of some: their planted bugs
    if (kernel != "planted" && kernel != "right" && kernel.find('+') == std::string::npos)
      kernel += "+*";
  }
  std::vector<Job> jobs = harness.jobs(kernels, options.targets);
  std::erase_if(jobs, [](const Job& job) { return job.plant.empty(); });
  if (jobs.empty()) return Exit::kNothingRan;
  if (options.gates) {
    const std::vector<GateScore> scores = gate_scores(harness, jobs, campaign.seed, campaign.cases,
                                                      kGateFailures, campaign.threads, interrupted);
    if (options.json) {
      std::cout << gates_json(scores).dump(1) << "\n";
    } else {
      fmt::print("{}", gates_markdown(harness, scores));
    }
    return Exit::kClean;
  }

  CampaignReport report = make_report(harness, options);
  const std::vector<JobResult> results = run_campaign(harness, jobs, campaign, interrupted, report);
  if (options.json) {
    std::cout << zoo_json(harness, results, report.replay_commands()).dump(1) << "\n";
  } else {
    print_zoo(stdout, harness, results);
  }
  const ZooScore score = zoo_score(harness, results);
  return score.killed == score.planted ? Exit::kClean : Exit::kInternal;
}

}  // namespace

void add_zoo_command(CLI::App& app, Session& session) {
  add_command(app, session, "zoo", "Run every planted bug until it is found, and print the score",
              declare, zoo);
}

}  // namespace wavefuzz
