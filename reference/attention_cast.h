#ifndef WAVEFUZZ_REFERENCE_ATTENTION_CAST_H_
#define WAVEFUZZ_REFERENCE_ATTENTION_CAST_H_

#include <cstdint>
#include <vector>

#include "reference/attention_error.h"
#include "reference/attention_kernels.h"

/// P rounded before it is multiplied by V, as a step that the reference takes too: what is left of
/// its error is where a kernel's P, off by its own roundings, falls on the other side of a
/// midpoint.
namespace wavefuzz::reference::internal {

/// A format's values for x >= 0.
class Grid {
 public:
  explicit Grid(const AttentionNumerics& numerics);
  double round(double x) const;

 private:
  int bits_;      // of the significand
  int smallest_;  // exponent of the smallest normal number
  double largest_;
  bool truncate_;
};

/// What the tiles of a split pass on, a row to a lane.
struct CastState {
  CastState();
  double highest[kLanes], lowest[kLanes];  ///< between which the largest score's computed value is
  double highest_likely[kLanes], lowest_likely[kLanes];
};

/// Casts one tile of a panel. `s` is as Kernels::weights left it, s.maximum the largest score of
/// the split so far. s.p becomes the decoded code, s.w the hard bound's weights, and w_likely
/// [keys, kLanes] the likely bound's.
void cast_weights(const ErrorModel& model, const Grid& grid, Weights& s, float* w_likely,
                  CastState& state);

}  // namespace wavefuzz::reference::internal

#endif  // WAVEFUZZ_REFERENCE_ATTENTION_CAST_H_
