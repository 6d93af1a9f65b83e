#ifndef WAVEFUZZ_FUZZ_OPERATORS_AGREEMENT_H_
#define WAVEFUZZ_FUZZ_OPERATORS_AGREEMENT_H_

#include <string>
#include <vector>

#include "fuzz/judge.h"
#include "fuzz/operator.h"

namespace wavefuzz {

/// Adds a finding where element i of `view` in `run` and element i of `other` in `related` differ:
/// bit for bit when `within` is empty, by more than within[i] otherwise. Elements that either run
/// left unwritten, or whose `within` is NaN, are not compared; equal bits always agree. The views
/// have one shape and dtype. `relation` is what the finding calls it.
void expect_agreement(const Run& run, const TensorView& view, const Run& related,
                      const TensorView& other, const std::vector<double>& within,
                      const std::string& relation, Judge& judge);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_AGREEMENT_H_
