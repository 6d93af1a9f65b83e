#ifndef WAVEFUZZ_REFERENCE_ATTENTION_CAST_H_
#define WAVEFUZZ_REFERENCE_ATTENTION_CAST_H_

#include "reference/attention_error.h"
#include "reference/attention_kernels.h"

/// P rounded before it is multiplied by V, as a step that the reference takes too. What is left of
/// its error is where a kernel's P, off by its own roundings, falls on the other side of a
/// midpoint.
namespace wavefuzz::reference::internal {

/// The format that P is cast to.
Grid grid_of(const AttentionNumerics& numerics);

/// What the tiles of a split pass on, a row to a lane: between which values the largest score so
/// far was computed, for the hard and the likely bound.
struct CastState {
  CastState();
  double highest[2][kLanes], lowest[2][kLanes];
};

/// Casts one tile of a panel. `s` is as Kernels::weights left it, s.maximum the largest score of
/// the split so far. s.p becomes what the codes stand for, s.w the hard bound's weights and
/// w_likely [keys, kLanes] the likely bound's. A code that may have flipped counts with the
/// distance to the code it may have become.
/// `n`: the model's numerics, or what is other of this tile.
void cast_weights(const ErrorModel& model, const AttentionNumerics& n, const Kernels& kernels,
                  Weights& s, float* w_likely, CastState& state);

}  // namespace wavefuzz::reference::internal

#endif  // WAVEFUZZ_REFERENCE_ATTENTION_CAST_H_
