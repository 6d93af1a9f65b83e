#include "fuzz/cli/scenario_command.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <map>

#include "fuzz/cli/paths.h"
#include "fuzz/cli/terminal.h"
#include "fuzz/search/clock.h"
#include "fuzz/search/scenario.h"

namespace wavefuzz {
namespace {

std::string find_file(const ScenarioOptions& options) {
  if (std::filesystem::is_regular_file(options.file)) return options.file;
  const std::string in_tree = options.tree + "/corpus/scenarios/" + options.shown_file + ".json";
  if (std::filesystem::is_regular_file(in_tree)) return in_tree;
  throw Error(Exit::kUsage, fmt::format("scenario '{}': neither a file nor a scenario of the tree",
                                        options.shown_file));
}

Exit run_only(const Harness& harness, const Scenario& scenario, const ScenarioOptions& options) {
  if (*options.only >= scenario.cases.size()) {
    throw Error(Exit::kUsage, fmt::format("--only={}: the scenario has cases 0..{}", *options.only,
                                          scenario.cases.size() - 1));
  }
  const Case& c = scenario.cases[*options.only].c;
  const Verdict verdict = harness.evaluate(c, {.explain = options.explain, .gates = true});
  if (options.json) {
    nlohmann::ordered_json json = verdict_json(c, verdict);
    json["case"] = to_json(c);
    std::cout << json.dump(1) << "\n";
  } else {
    print_verdict(stdout, harness, c, verdict);
  }
  return verdict.status == Status::kFail ? Exit::kFindings : Exit::kClean;
}

}  // namespace

Exit scenario_command(const Harness& harness, const ScenarioOptions& options,
                      const std::atomic<bool>& interrupted) {
  const Scenario scenario = Scenario::load(find_file(options));
  if (scenario.cases.empty()) return Exit::kNothingRan;
  if (options.only) return run_only(harness, scenario, options);

  const double start = now();
  const std::vector<ScenarioResult> results =
      run_scenario(harness, scenario, options.threads, interrupted);
  const double seconds = now() - start;

  size_t ran = 0, unexpected = 0;
  std::map<std::string, size_t> skipped;
  for (const ScenarioResult& r : results) {
    if (r.verdict) {
      ++ran;
      unexpected += !r.as_expected;
    } else {
      ++skipped[r.skipped];
    }
  }
  if (options.json) {
    nlohmann::ordered_json json = scenario_json(scenario, results);
    json["unexpected"] = unexpected;
    std::cout << json.dump(1) << "\n";
  } else {
    if (!options.markdown) fmt::print("{}\n\n", scenario.summary);
    fmt::print("{}", scenario_table(scenario, results, options.markdown));
  }
  std::FILE* out = options.json || options.markdown ? stderr : stdout;
  for (size_t i = 0; i < results.size(); ++i) {
    if (!results[i].verdict || results[i].as_expected) continue;
    const ScenarioCase& c = scenario.cases[i];
    fmt::print(
        out, "case {}: expected {}{}, got {}{}\n  replay: {} scenario {} --only={}{}\n", i,
        c.expected_verdict, c.expected_signature.empty() ? "" : " (" + c.expected_signature + ")",
        name(results[i].verdict->status),
        results[i].verdict->findings.empty() ? ""
                                             : ": " + results[i].verdict->findings.front().message,
        options.command, shell_word(options.shown_file), i, options.arguments);
  }
  for (const auto& [why, count] : skipped) fmt::print(out, "{} skipped: {}\n", count, why);
  fmt::print(out, "{} of {} cases as expected, {} skipped, {:.1f} s\n", ran - unexpected, ran,
             results.size() - ran, seconds);
  if (unexpected != 0) return Exit::kFindings;
  return ran == 0 ? Exit::kNothingRan : Exit::kClean;
}

}  // namespace wavefuzz
