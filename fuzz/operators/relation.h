#ifndef WAVEFUZZ_FUZZ_OPERATORS_RELATION_H_
#define WAVEFUZZ_FUZZ_OPERATORS_RELATION_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fuzz/judge/judge.h"
#include "fuzz/operators/operator.h"

namespace wavefuzz {

/// An element of a run's output and the one of the related run's that it must agree with.
struct ElementPair {
  uint64_t element = 0;
  uint64_t other = 0;
};

/// Adds a finding of kind "relation" when the elements of a pair differ: in their bits, or with
/// `tolerance` (one for each pair) by more than that. A NaN agrees with a NaN, an infinity with the
/// same one. Elements that were not written are left to judge().
void compare_elements(const std::string& relation, const Run& run, const TensorView& view,
                      const Run& related, const TensorView& related_view,
                      std::span<const ElementPair> pairs, std::span<const double> tolerance,
                      Judge& judge);

/// The pairs of two outputs of the same shape: each element with itself.
std::vector<ElementPair> each_with_itself(const TensorView& view);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_RELATION_H_
