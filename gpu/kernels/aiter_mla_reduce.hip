// Merges what AITER's persistent decode kernels (MLA and paged attention) leave of a sequence whose
// keys were split: the second launch of their manifests, in the place of AITER's own, which are no
// code objects.
//
//   aiter_mla_reduce,  semantics of mla_reduce_v1: a plan says which partials belong to which query
//   aiter_pa_reduce    tokens, tokens that were not split are final already
//   aiter_mla_stage2   after MLA kernels without a plan; semantics of _fwd_kernel_stage2_asm: a
//                      sequence has as many partials as it has chunks of keys, and no more than
//                      there are splits
//
//   aiter_mla_scopes   after both, of attention to two scopes by itself: merges the scopes'
//   outputs,
//                      which are bf16 by then, and applies a sink. Semantics of vLLM's decode of
//                      DeepSeek-V4 on AITER: only an LSE of -inf means that there are no keys
//
// Partial O is f32, normalised, with a natural LSE. One work-item merges kValues values of one row.
#include <hip/hip_runtime.h>
#include <stdint.h>

#include "quant/float16.h"

namespace {

constexpr int kWaveSize = 64;
constexpr float kLog2e = 1.44269504f;
constexpr float kLn2 = 0.693147182f;

__device__ float exp_natural(float x) { return __builtin_amdgcn_exp2f(x * kLog2e); }

// row(i): the row of partial_o and partial_lse that holds partial i. kGuarded: a sum that is 0 or
// NaN gives O = 0 and lse = +inf.
template <int kValues, bool kGuarded, typename Row>
__device__ void merge(const float* partial_o, const float* partial_lse, int partials, Row row,
                      uint16_t* out, float* out_lse) {
  float max = -INFINITY;
  for (int i = 0; i < partials; ++i) max = fmaxf(max, partial_lse[row(i)]);
  float sum = 0.0f;
  float o[kValues] = {};
  for (int i = 0; i < partials; ++i) {
    const float weight = exp_natural(partial_lse[row(i)] - max);
    sum += weight;
    const float* from = partial_o + row(i) * kWaveSize * kValues + threadIdx.x * kValues;
    for (int d = 0; d < kValues; ++d) o[d] = __builtin_fmaf(weight, from[d], o[d]);
  }
  const bool some = !kGuarded || sum > 0.0f;  // false also for NaN
  for (int d = 0; d < kValues; ++d) {
    out[threadIdx.x * kValues + d] = wavefuzz::quant::encode_bf16(some ? o[d] / sum : 0.0f);
  }
  if (out_lse != nullptr && threadIdx.x == 0)
    *out_lse = some ? max + __builtin_amdgcn_logf(sum) * kLn2 : INFINITY;
}

// Grid (heads, tiles), one wave. out and out_lse are [tokens, heads, kWaveSize * kValues] and
// [tokens, heads].
template <int kValues>
__device__ void reduce(const float* partial_o, const float* partial_lse, const int* indptr,
                       const int* final_map, const int* partial_map, uint16_t* out, float* out_lse,
                       int heads, int has_lse) {
  const int64_t head = blockIdx.x;
  const int first = indptr[blockIdx.y];
  const int partials = indptr[blockIdx.y + 1] - first;
  if (partials <= 1) return;
  const int64_t begin = final_map[blockIdx.y * 2];
  const int64_t end = final_map[blockIdx.y * 2 + 1];
  for (int64_t token = begin; token < end; ++token) {
    const auto row = [&](int i) {
      return (partial_map[first + i] + (token - begin)) * heads + head;
    };
    const int64_t to = token * heads + head;
    merge<kValues, true>(partial_o, partial_lse, partials, row, out + to * kWaveSize * kValues,
                         has_lse != 0 ? out_lse + to : nullptr);
  }
}

}  // namespace

// Rows of 512 values, as of MLA.
extern "C" __global__ __launch_bounds__(kWaveSize) void aiter_mla_reduce(
    const float* partial_o, const float* partial_lse, const int* indptr, const int* final_map,
    const int* partial_map, uint16_t* out, float* out_lse, int heads, int has_lse) {
  reduce<8>(partial_o, partial_lse, indptr, final_map, partial_map, out, out_lse, heads, has_lse);
}

// Rows of 128, as of paged attention, which has no LSE.
extern "C" __global__ __launch_bounds__(kWaveSize) void aiter_pa_reduce(
    const float* partial_o, const float* partial_lse, const int* indptr, const int* final_map,
    const int* partial_map, uint16_t* out, int heads) {
  reduce<2>(partial_o, partial_lse, indptr, final_map, partial_map, out, nullptr, heads, 0);
}

// After MLA kernels without a plan: grid (heads, sequences), one wave. partial_o is [tokens,
// splits, heads, 512].
extern "C" __global__ __launch_bounds__(kWaveSize) void aiter_mla_stage2(
    const float* partial_o, const float* partial_lse, const int* qo_indptr, const int* kv_indptr,
    const int* split_indptr, uint16_t* out, float* out_lse, int heads, int splits, int chunk,
    int has_lse) {
  constexpr int kValues = 8;
  const int64_t head = blockIdx.x;
  const int b = blockIdx.y;
  const int chunks = (kv_indptr[b + 1] - kv_indptr[b] + chunk - 1) / chunk;
  const int partials = min(split_indptr[b + 1] - split_indptr[b], chunks);
  for (int64_t token = qo_indptr[b]; token < qo_indptr[b + 1]; ++token) {
    const auto row = [&](int i) { return (token * splits + i) * heads + head; };
    const int64_t to = token * heads + head;
    merge<kValues, false>(partial_o, partial_lse, partials, row, out + to * kWaveSize * kValues,
                          has_lse != 0 ? out_lse + to : nullptr);
  }
}

// Grid (heads, tokens), one wave. main_o, extra_o and out are [tokens, heads, dims], LSEs [tokens,
// heads], natural; sink [heads].
extern "C" __global__ __launch_bounds__(kWaveSize) void aiter_mla_scopes(
    const uint16_t* main_o, const float* main_lse, const uint16_t* extra_o, const float* extra_lse,
    const float* sink, uint16_t* out, int heads, int dims, int scopes, int has_sink) {
  const int64_t row = static_cast<int64_t>(blockIdx.y) * heads + blockIdx.x;
  const float lse[2] = {main_lse[row], scopes == 2 ? extra_lse[row] : -INFINITY};
  const float most = fmaxf(lse[0], lse[1]);
  const float max = most == -INFINITY ? 0.0f : most;
  float weight[2] = {};
  float sum = 0.0f;
  for (int i = 0; i < scopes; ++i) {
    weight[i] = exp_natural(lse[i] - max);
    if (scopes == 1 && lse[0] == INFINITY) weight[i] = 1.0f;  // one is not merged
    sum += weight[i];
  }
  float factor = sum == 0.0f ? 0.0f : 1.0f / sum;
  if (has_sink != 0) {
    const float merged = max + __builtin_amdgcn_logf(sum) * kLn2;
    factor *= 1.0f / (1.0f + exp_natural(sink[blockIdx.x] - merged));
  }
  for (int d = threadIdx.x; d < dims; d += kWaveSize) {
    float o = 0.0f;
    for (int i = 0; i < scopes; ++i)
      o = __builtin_fmaf(
          weight[i], wavefuzz::quant::decode_bf16((i == 0 ? main_o : extra_o)[row * dims + d]), o);
    out[row * dims + d] = wavefuzz::quant::encode_bf16(o * factor);
  }
}
