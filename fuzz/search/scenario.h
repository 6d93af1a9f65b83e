#ifndef WAVEFUZZ_FUZZ_SEARCH_SCENARIO_H_
#define WAVEFUZZ_FUZZ_SEARCH_SCENARIO_H_

#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/case/case.h"
#include "fuzz/judge/verdict.h"
#include "fuzz/search/harness.h"

namespace wavefuzz {

/// One case of a scenario, and what is known to come of it.
struct ScenarioCase {
  std::string group;                                      ///< the part of the scenario it is from
  std::vector<std::pair<std::string, std::string>> axes;  ///< axis -> value
  Case c;
  std::string expected_verdict;    ///< names of statuses, separated by |
  std::string expected_signature;  ///< a pattern (fnmatch); empty: any
};

/// A story told in cases: the same case along axes, such as context length and target, with the
/// verdict that each must have. corpus/scenarios/README.md describes the file.
struct Scenario {
  std::string name, summary;
  std::vector<ScenarioCase> cases;

  /// Throws Error(kUsage) naming file, field and value.
  static Scenario load(const std::string& path);
};

/// What became of a case.
struct ScenarioResult {
  std::optional<Verdict> verdict;  ///< none: did not run
  std::string skipped;             ///< why it did not
  bool as_expected = false;
};

/// Runs them on `threads` threads. A case whose kernel's code objects lie in a folder that was not
/// given is skipped.
std::vector<ScenarioResult> run_scenario(const Harness& harness, const Scenario& scenario,
                                         int threads, const std::atomic<bool>& interrupted);

/// A table for each group: the axes, the verdict and first finding, and what the gates of peers
/// would have measured.
std::string scenario_table(const Scenario& scenario, const std::vector<ScenarioResult>& results,
                           bool markdown);
nlohmann::ordered_json scenario_json(const Scenario& scenario,
                                     const std::vector<ScenarioResult>& results);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_SCENARIO_H_
