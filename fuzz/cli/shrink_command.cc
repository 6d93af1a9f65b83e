#include <iostream>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/options.h"

namespace wavefuzz {
namespace {

struct ShrinkOptions : FolderArguments {
  CaseArguments given;
};

void declare(CLI::App& app, ShrinkOptions& options) {
  add_kernels(app, options);
  app.add_option("file", options.given.file, "Case or corpus file")->required();
  add_threads(app, options);
  app.add_option("--out", options.out, "Folder for the result")->capture_default_str();
}

Exit shrink_file(const ShrinkOptions& options) {
  const Harness harness = make_harness(options);
  const Case c = given_case(options.given);
  const Verdict verdict = harness.evaluate(c);
  print_version(options, c.seed);
  if (verdict.status != Status::kFail) {
    print_verdict(text_out(options), harness, c, verdict);
    if (options.json) std::cout << verdict_json(c, verdict).dump(1) << "\n";
    return exit_of(verdict);
  }
  CampaignReport report = make_report(harness, options);
  const Job job = {c.kernel, c.plant, c.target};
  report.report(job, options.given.file, c, verdict);
  const Shrunk shrunk =
      shrink(harness, shrink_tree(harness, c), verdict, {}, options.threads, interrupted);
  const CampaignFinding finding = {job, 0, c, shrunk, confirm(harness, shrunk)};
  report.on_finding(finding);
  if (options.json) {
    nlohmann::ordered_json json = verdict_json(shrunk.smallest, shrunk.verdict);
    json["case"] = to_json(shrunk.smallest);
    json["confirmations"] = finding.confirmations;
    json["repro"] = report.replay_command(finding);
    std::cout << json.dump(1) << "\n";
  }
  return Exit::kFindings;
}

}  // namespace

void add_shrink_command(CLI::App& app, Session& session) {
  add_command(app, session, "shrink", "Make a failing case smaller", declare, shrink_file);
}

}  // namespace wavefuzz
