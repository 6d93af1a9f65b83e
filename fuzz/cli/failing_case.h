#ifndef WAVEFUZZ_FUZZ_CLI_FAILING_CASE_H_
#define WAVEFUZZ_FUZZ_CLI_FAILING_CASE_H_

#include <iostream>
#include <optional>
#include <utility>

#include "fuzz/cli/options.h"

namespace wavefuzz {

/// The case of the command line and its verdict; nothing when it does not fail, which is said.
inline std::optional<std::pair<Case, Verdict>> failing_case(const Harness& harness,
                                                            const CaseArguments& options,
                                                            Exit& exit) {
  Case c = given_case(options);
  Verdict verdict = harness.evaluate(c);
  if (verdict.status == Status::kFail) return std::pair(std::move(c), std::move(verdict));
  print_verdict(text_out(options), harness, c, verdict);
  if (options.json) std::cout << verdict_json(c, verdict).dump(1) << "\n";
  exit = Exit::kNothingRan;
  return std::nullopt;
}

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_FAILING_CASE_H_
