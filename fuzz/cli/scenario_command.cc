#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <map>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/options.h"
#include "fuzz/cli/paths.h"
#include "fuzz/cli/terminal.h"
#include "fuzz/search/clock.h"
#include "fuzz/search/scenario.h"

namespace wavefuzz {
namespace {

struct ScenarioOptions : Options {
  std::string file;   // a path, or the name of one in the tree
  int64_t only = -1;  // negative: all
  bool explain = false;
  bool markdown = false;
};

void declare(CLI::App& app, ScenarioOptions& options) {
  add_kernels(app, options);
  app.add_option("file", options.file, "Scenario file, or the name of one in the tree")->required();
  app.add_option("--only", options.only, "Run this case alone, and print its verdict")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--explain", options.explain, "With --only: as run --explain");
  app.add_flag("--markdown", options.markdown, "Print the tables as Markdown");
  add_threads(app, options);
}

std::string find_file(const ScenarioOptions& options) {
  const std::string file = user_path(options.file);
  if (std::filesystem::is_regular_file(file)) return file;
  const std::string in_tree = tree_of(options) + "/corpus/scenarios/" + options.file + ".json";
  if (std::filesystem::is_regular_file(in_tree)) return in_tree;
  throw Error(Exit::kUsage, fmt::format("scenario '{}': neither a file nor a scenario of the tree",
                                        options.file));
}

Exit run_only(const Harness& harness, const Scenario& scenario, const ScenarioOptions& options) {
  if (static_cast<uint64_t>(options.only) >= scenario.cases.size()) {
    throw Error(Exit::kUsage, fmt::format("--only={}: the scenario has cases 0..{}", options.only,
                                          scenario.cases.size() - 1));
  }
  const Case& c = scenario.cases[static_cast<size_t>(options.only)].c;
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

/// Runs every case of a scenario and prints the table. Clean when each verdict is the expected one,
/// kNothingRan when all were skipped.
Exit scenario(const ScenarioOptions& options) {
  const Harness harness = make_harness(options);
  if (!options.json && !options.markdown) print_version(options, 0);
  const Scenario story = Scenario::load(find_file(options));
  if (story.cases.empty()) return Exit::kNothingRan;
  if (options.only >= 0) return run_only(harness, story, options);

  const double start = now();
  const std::vector<ScenarioResult> results =
      run_scenario(harness, story, options.threads, interrupted);
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
    nlohmann::ordered_json json = scenario_json(story, results);
    json["unexpected"] = unexpected;
    std::cout << json.dump(1) << "\n";
  } else {
    if (!options.markdown) fmt::print("{}\n\n", story.summary);
    fmt::print("{}", scenario_table(story, results, options.markdown));
  }
  std::FILE* out = options.json || options.markdown ? stderr : stdout;
  for (size_t i = 0; i < results.size(); ++i) {
    if (!results[i].verdict || results[i].as_expected) continue;
    const ScenarioCase& c = story.cases[i];
    fmt::print(
        out, "case {}: expected {}{}, got {}{}\n  replay: {} scenario {} --only={}{}\n", i,
        c.expected_verdict, c.expected_signature.empty() ? "" : " (" + c.expected_signature + ")",
        name(results[i].verdict->status),
        results[i].verdict->findings.empty() ? ""
                                             : ": " + results[i].verdict->findings.front().message,
        options.program, shell_word(options.file), i, harness_arguments(options));
  }
  for (const auto& [why, count] : skipped) fmt::print(out, "{} skipped: {}\n", count, why);
  fmt::print(out, "{} of {} cases as expected, {} skipped, {:.1f} s\n", ran - unexpected, ran,
             results.size() - ran, seconds);
  if (unexpected != 0) return Exit::kFindings;
  return ran == 0 ? Exit::kNothingRan : Exit::kClean;
}

}  // namespace

void add_scenario_command(CLI::App& app, Session& session) {
  add_command(app, session, "scenario",
              "Run the cases of a scenario and compare each verdict with the expected one", declare,
              scenario);
}

}  // namespace wavefuzz
