// Merges what AITER's persistent decode kernels (MLA and paged attention) leave of a sequence whose
// keys were split: the second launch of their manifests, in the place of AITER's own, which are no
// code objects.
// Semantics of mla_reduce_v1: a plan says which partials belong to which query tokens; tokens that
// were not split are final already.
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

// row(i): the row of partial_o and partial_lse that holds partial i.
template <int kValues, typename Row>
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
  const bool some = sum > 0.0f;  // false also for NaN
  for (int d = 0; d < kValues; ++d) {
    out[threadIdx.x * kValues + d] =
        wavefuzz::quant::encode_bf16(some ? o[d] / sum : 0.0f);
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
    merge<kValues>(partial_o, partial_lse, partials, row, out + to * kWaveSize * kValues,
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
