#include "fuzz/cli/commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <tuple>

#include "fuzz/cli/audit_command.h"
#include "fuzz/cli/fuzz_command.h"
#include "fuzz/cli/history_command.h"
#include "fuzz/cli/manifest_command.h"
#include "fuzz/cli/paths.h"
#include "fuzz/cli/scenario_command.h"
#include "fuzz/judge/corpus.h"
#include "fuzz/operators/operator.h"
#include "fuzz/search/zoo.h"
#include "fuzz/store/campaign_store.h"
#include "fuzz/store/version.h"

namespace wavefuzz {
namespace {

/// Failing cases of a planted bug that the gates of peers are asked about, for each target.
constexpr uint64_t kGateFailures = 50;

/// The case on another kernel or target than its own, where that was asked for.
Case redirected(Case c, const Options& options) {
  if (!options.other_kernel.empty()) {
    std::tie(c.kernel, c.plant) = split_kernel_name(options.other_kernel);
  }
  if (!options.other_target.empty()) c.target = options.other_target;
  return c;
}

Exit exit_of(const Verdict& verdict) {
  switch (verdict.status) {
    case Status::kPass:
    case Status::kWeak:
    case Status::kSuspect:
      return Exit::kClean;
    case Status::kFail:
      return is_of(signature(verdict), FindingKind::kInternalError) ? Exit::kInternal
                                                                    : Exit::kFindings;
    case Status::kRefused:
    case Status::kUnsupported:
    case Status::kTooLarge:
      break;
  }
  return Exit::kNothingRan;
}

}  // namespace

Exit zoo(const Options& options) {
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

Exit run(const Options& options) {
  const Harness harness = make_harness(options);
  const Case c = redirected(given_case(options), options);
  const Verdict verdict =
      harness.evaluate(c, {.inexact = true, .explain = options.explain, .gates = options.gates});
  if (options.json) {
    nlohmann::ordered_json json = verdict_json(c, verdict);
    if (options.explain) json["explain"] = verdict.notes;
    if (options.gates) json["gates"] = verdict.gates;
    std::cout << json.dump(1) << "\n";
  } else {
    fmt::print("wavefuzz {}, seed {}\n", kVersion, c.seed);
    print_verdict(stdout, harness, c, verdict);
    if (options.explain && verdict.notes.empty()) fmt::print("  no non-finite value arose\n");
    if (options.gates) print_gates(stdout, verdict);
  }
  return exit_of(verdict);
}

Exit replay(const Options& options) {
  const Harness harness = make_harness(options);
  const CorpusEntry entry = read_corpus_file(user_path(options.file));
  const Verdict verdict = harness.evaluate(entry.c, {.inexact = true});
  const bool same = verdict.status == Status::kFail && agrees(entry.signature, signature(verdict));
  if (options.json) {
    nlohmann::ordered_json json = verdict_json(entry.c, verdict);
    json["reproduced"] = same;
    std::cout << json.dump(1) << "\n";
  } else {
    fmt::print("wavefuzz {}, seed {}\n", kVersion, entry.c.seed);
    print_verdict(stdout, harness, entry.c, verdict);
    fmt::print("{}: {}\n", same ? "reproduced" : "not reproduced", entry.signature);
  }
  return exit_of(verdict);
}

Exit shrink_file(const Options& options) {
  const Harness harness = make_harness(options);
  const Case c = given_case(options);
  const Verdict verdict = harness.evaluate(c);
  print_version(options, c.seed);
  if (verdict.status != Status::kFail) {
    print_verdict(text_out(options), harness, c, verdict);
    if (options.json) std::cout << verdict_json(c, verdict).dump(1) << "\n";
    return exit_of(verdict);
  }
  CampaignReport report = make_report(harness, options);
  const Job job = {c.kernel, c.plant, c.target};
  report.report(job, options.file, c, verdict);
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

Exit history(const Options& options) {
  CampaignStore store = existing_store(options);
  return history_command(store, options.json);
}

Exit coverage(const Options& options) {
  CampaignStore store = existing_store(options);
  const Harness harness = make_harness(options);
  return coverage_command(harness, store, harness.jobs(options.kernels, options.targets),
                          options.most, options.json);
}

Exit describe(const Options& options) {
  const Operator& op = find_operator(options.op);
  const nlohmann::ordered_json schema = op.table().schema();
  if (options.schema) {
    std::cout << schema.dump(1) << "\n";
  } else if (options.json) {
    std::cout << nlohmann::ordered_json{{"operator", op.name()},
                                        {"markdown", markdown(op.page())},
                                        {"parameters", schema}}
                     .dump(1)
              << "\n";
  } else {
    fmt::print("{}", markdown(op.page()));
  }
  return Exit::kClean;
}

Exit list(const Options& options) {
  const Harness harness = make_harness(options);
  nlohmann::ordered_json json = {{"version", kVersion},
                                 {"targets", target_names()},
                                 {"kernels", nlohmann::ordered_json::array()}};
  for (const auto& [kernel, m] : harness.manifests()) {
    nlohmann::ordered_json plants = nlohmann::ordered_json::array();
    for (const Plant& p : m.plants) {
      plants.push_back({{"name", kernel + "+" + p.name},
                        {"summary", p.summary},
                        {"history", p.history},
                        {"note", p.note}});
    }
    json["kernels"].push_back({{"name", kernel},
                               {"operator", m.op},
                               {"summary", m.summary},
                               {"arches", m.arches},
                               {"planted", plants}});
  }
  if (options.json) {
    std::cout << json.dump(1) << "\n";
    return Exit::kClean;
  }
  fmt::print("wavefuzz {}\ntargets: {}\n", kVersion, fmt::join(target_names(), ", "));
  for (const auto& [kernel, m] : harness.manifests()) {
    fmt::print("{}\n    {}\n", kernel, m.summary);
    for (const Plant& p : m.plants)
      fmt::print("{}+{}\n    planted: {}\n", kernel, p.name, p.summary);
  }
  return Exit::kClean;
}

Exit audit_tables(const Options& options) {
  const Roots roots = roots_of(options, tree_of(options));
  const auto hsa = roots.external.find("hsa");
  std::string arguments = harness_arguments(options);
  if (options.external.at("hsa").empty() && hsa != roots.external.end())
    arguments += " --hsa=" + shell_word(hsa->second);  // given by environment
  return audit_command(make_harness(options), roots,
                       {.hsa = hsa == roots.external.end() ? "" : hsa->second,
                        .arch = options.arch,
                        .op = options.op,
                        .json = options.json,
                        .seconds = options.seconds,
                        .seed = parse_seed(options.seed),
                        .folder = user_path(options.out),
                        .shown_folder = options.out,
                        .command = options.command,
                        .arguments = arguments},
                       interrupted);
}

Exit scenario(const Options& options) {
  const Harness harness = make_harness(options);
  if (!options.json && !options.markdown) print_version(options, 0);
  return scenario_command(
      harness,
      {.file = user_path(options.file),
       .tree = tree_of(options),
       .only = options.only < 0 ? std::nullopt : std::optional(static_cast<uint64_t>(options.only)),
       .json = options.json,
       .markdown = options.markdown,
       .explain = options.explain,
       .threads = options.threads,
       .command = options.command,
       .shown_file = options.file,
       .arguments = harness_arguments(options)},
      interrupted);
}

Exit manifest_check(const Options& options) {
  const std::string root = tree_of(options);
  std::vector<std::string> files;
  for (const std::string& manifest : options.manifests) files.push_back(user_path(manifest));
  const bool in_tree = files.empty();
  if (in_tree) files = in_tree_manifests(root);
  return manifest_check_command(files, in_tree ? root : "", roots_of(options, root), options.smoke,
                                options.threads, options.json);
}

}  // namespace wavefuzz
