// Merges the partial states (O, LSE) of attention over disjoint sets of keys: a prefix and any
// number of suffixes, as chunked prefill, context parallelism and split KV produce them. Semantics:
// vLLM merge_attn_states, with the guards that its fixes and those of its siblings ended up with.
//
//   prefix_o    [tokens, heads, head_dim] f32 or bf16, unit stride of head_dim; strides in elements
//   prefix_lse  [tokens, heads] f32, any strides
//   suffix_o, suffix_lse   the same with a leading [suffixes], and strides of their own
//   out, out_lse           like the prefix
//
// An LSE that is no finite number means "no keys": whatever O holds there is not looked at. A row
// without any keys gives O = 0 (or the prefix's row) and the LSE that the consumer expects.
//
// One wave merges one row; lane i weighs partial i, so there are at most 64.
//
// PLANT names a planted bug: one small change of the right kernel, which the fuzzer must find.
#include <hip/hip_runtime.h>
#include <stdint.h>

#include "quant/float16.h"

#ifndef PLANT
#define PLANT none
#endif

namespace {

enum class Plant {
  none,
  both_empty_nan,              // no guard where every partial is empty: exp(-inf - -inf)
  plus_inf_not_mapped,         // +inf, FlashAttention 2's "no keys", taken for a number
  nan_not_dropped,             // a NaN lse reaches the maximum and the sum
  base2_as_e,                  // base-2 LSEs weighed with the natural exponential
  suffix_strides_from_prefix,  // suffixes read with the strides of the prefix
  zero_weight_multiplied,      // an empty partial's O is multiplied by its weight 0, not skipped
  lse_base_unconverted,        // O is right, the LSE is stored in the base of the inputs
  late_token_suffix,           // tokens from the 65th on lose their last suffix
};
constexpr Plant kPlant = Plant::PLANT;

constexpr int kWaveSize = 64;
constexpr float kLog2e = 1.44269504f;
constexpr float kLn2 = 0.693147182f;

struct Strides {
  int64_t partial, token, head;
};

struct Bf16 {
  uint16_t bits;
};
__device__ float to_float(Bf16 x) { return wavefuzz::quant::decode_bf16(x.bits); }
__device__ float to_float(float x) { return x; }
__device__ void store(Bf16* to, float x) { to->bits = wavefuzz::quant::encode_bf16(x); }
__device__ void store(float* to, float x) { *to = x; }

__device__ float wave_max(float x) {
  for (int mask = kWaveSize / 2; mask > 0; mask /= 2) x = fmaxf(x, __shfl_xor(x, mask));
  return x;
}

__device__ float wave_sum(float x) {
  for (int mask = kWaveSize / 2; mask > 0; mask /= 2) x += __shfl_xor(x, mask);
  return x;
}

// The value of one lane in all lanes, whichever of them are active.
__device__ float lane_value(float x, int lane) {
  return __int_as_float(__builtin_amdgcn_readlane(__float_as_int(x), lane));
}

__device__ bool has_keys(float lse) {
  if constexpr (kPlant == Plant::plus_inf_not_mapped) {
    return lse > -INFINITY;
  } else if constexpr (kPlant == Plant::nan_not_dropped) {
    return !(fabsf(lse) == INFINITY);
  }
  return fabsf(lse) < INFINITY;
}

struct Args {
  int64_t suffixes;
  Strides prefix, suffix, prefix_lse, suffix_lse, out, out_lse;
  int head_dim;
  bool in_base2, out_base2, empty_plus_inf, copy_prefix;
};

template <typename In, typename Out>
__device__ void merge(const In* prefix_o, const float* prefix_lse, const In* suffix_o,
                      const float* suffix_lse, Out* out, float* out_lse, const Args& a) {
  const int64_t token = blockIdx.x;
  const int64_t head = blockIdx.y;
  const int lane = threadIdx.x;
  int partials = static_cast<int>(a.suffixes) + 1;
  if constexpr (kPlant == Plant::late_token_suffix) {
    if (token >= 65 && partials > 1) --partials;
  }

  float lse = -INFINITY;
  if (lane == 0) {
    lse = prefix_lse[token * a.prefix_lse.token + head * a.prefix_lse.head];
  } else if (lane < partials) {
    lse = suffix_lse[(lane - 1) * a.suffix_lse.partial + token * a.suffix_lse.token +
                     head * a.suffix_lse.head];
  }
  if (!has_keys(lse)) lse = -INFINITY;
  const float max = wave_max(lse);

  const bool natural = !a.in_base2 || kPlant == Plant::base2_as_e;
  const float x = (lse - max) * (natural ? kLog2e : 1.0f);
  const bool empty = kPlant != Plant::both_empty_nan && max == -INFINITY;
  const float weight = empty ? 0.0f : __builtin_amdgcn_exp2f(x);
  const float sum = wave_sum(weight);

  Out* out_row = out + token * a.out.token + head * a.out.head;
  const In* prefix_row = prefix_o + token * a.prefix.token + head * a.prefix.head;
  const Strides suffix = kPlant == Plant::suffix_strides_from_prefix
                             ? Strides{a.suffix.partial, a.prefix.token, a.prefix.head}
                             : a.suffix;
  const In* suffix_row = suffix_o + token * suffix.token + head * suffix.head;
  for (int d = lane; d < a.head_dim; d += kWaveSize) {
    if (empty) {
      store(out_row + d, a.copy_prefix ? to_float(prefix_row[d]) : 0.0f);
      continue;
    }
    float o = 0.0f;
    for (int i = 0; i < partials; ++i) {
      const float w = lane_value(weight, i);
      if (kPlant != Plant::zero_weight_multiplied && w == 0.0f) continue;
      const In* row = i == 0 ? prefix_row : suffix_row + (i - 1) * suffix.partial;
      o = __builtin_fmaf(w, to_float(row[d]), o);
    }
    store(out_row + d, o / sum);
  }
  if (lane == 0) {
    float merged = a.empty_plus_inf ? INFINITY : -INFINITY;
    if (!empty) {
      // In the base of the inputs, then in that of the output.
      merged = max + __builtin_amdgcn_logf(sum) * (natural ? kLn2 : 1.0f);
      if (kPlant != Plant::lse_base_unconverted && a.in_base2 != a.out_base2) {
        merged *= a.out_base2 ? kLog2e : kLn2;
      }
    }
    out_lse[token * a.out_lse.token + head * a.out_lse.head] = merged;
  }
}

}  // namespace

#define MERGE_ATTN_STATES(symbol, In, Out)                                                         \
  extern "C" __global__ __launch_bounds__(kWaveSize) void symbol(                                  \
      const In* prefix_o, const float* prefix_lse, const In* suffix_o, const float* suffix_lse,    \
      Out* out, float* out_lse, int64_t suffixes, int64_t prefix_token, int64_t prefix_head,       \
      int64_t suffix_partial, int64_t suffix_token, int64_t suffix_head, int64_t prefix_lse_token, \
      int64_t prefix_lse_head, int64_t suffix_lse_partial, int64_t suffix_lse_token,               \
      int64_t suffix_lse_head, int64_t out_token, int64_t out_head, int64_t out_lse_token,         \
      int64_t out_lse_head, int head_dim, int in_base2, int out_base2, int empty_plus_inf,         \
      int copy_prefix) {                                                                           \
    merge<In, Out>(prefix_o, prefix_lse, suffix_o, suffix_lse, out, out_lse,                       \
                   {suffixes,                                                                      \
                    {0, prefix_token, prefix_head},                                                \
                    {suffix_partial, suffix_token, suffix_head},                                   \
                    {0, prefix_lse_token, prefix_lse_head},                                        \
                    {suffix_lse_partial, suffix_lse_token, suffix_lse_head},                       \
                    {0, out_token, out_head},                                                      \
                    {0, out_lse_token, out_lse_head},                                              \
                    head_dim,                                                                      \
                    in_base2 != 0,                                                                 \
                    out_base2 != 0,                                                                \
                    empty_plus_inf != 0,                                                           \
                    copy_prefix != 0});                                                            \
  }

MERGE_ATTN_STATES(merge_attn_states_f32_f32, float, float)
MERGE_ATTN_STATES(merge_attn_states_f32_bf16, float, Bf16)
MERGE_ATTN_STATES(merge_attn_states_bf16_f32, Bf16, float)
MERGE_ATTN_STATES(merge_attn_states_bf16_bf16, Bf16, Bf16)
