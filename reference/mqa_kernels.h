// What an instruction-set build of the logits offers to mqa_logits.cc. As in quant/bulk_kernels.h:
// plain parameters, nothing shared.
#ifndef WAVEFUZZ_REFERENCE_MQA_KERNELS_H_
#define WAVEFUZZ_REFERENCE_MQA_KERNELS_H_

#include <cstdint>

namespace wavefuzz::reference::internal {

// Keys of a tile: its head_dim * kTileKeys doubles stay in the first-level cache.
inline constexpr uint32_t kTileKeys = 32;
// Heads are padded to a multiple of this with zeros.
inline constexpr uint32_t kTileHeads = 4;

struct MqaTile {
  uint32_t heads;  // padded
  uint32_t head_dim;
  bool keeps_nan;
  const double* q;            // [heads, head_dim]
  const double* weights;      // [heads]
  const double* magnitude;    // [head_dim]: sum_h |w_h q_hd|
  const double* k;            // [head_dim, kTileKeys]
  double* sum;                // [kTileKeys] out: sum_h w_h relu(q_h . k)
  double* sum_of_magnitudes;  // [kTileKeys] out: P
  double* products;           // [kTileKeys] out: A
};

using MqaTileFunction = void (*)(const MqaTile&);
extern const MqaTileFunction kSse2MqaTile;
extern const MqaTileFunction kAvx2MqaTile;
extern const MqaTileFunction kAvx512MqaTile;

}  // namespace wavefuzz::reference::internal

#endif  // WAVEFUZZ_REFERENCE_MQA_KERNELS_H_
