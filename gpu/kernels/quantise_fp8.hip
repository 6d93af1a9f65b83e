// Quantises rows of bf16 or f16 to FP8: one f32 scale for each token, for each group of a token's
// values, or for the whole tensor. scale = max(amax, 1e-4) / M, rounded up to a power of two with
// ue8m0; code = fp8(x / scale), saturated.
//
// Also the other direction of a port: normalise_fn_to_fnuz makes e4m3fn weights e4m3fnuz ones (vLLM
// normalize_e4m3fn_to_e4m3fnuz).
// PLANT builds the kernel with one of the planted bugs that the fuzzer must find.
#include <hip/hip_runtime.h>
#include <stdint.h>

#include "quant/float16.h"
#include "quant/fp8.h"
#include "quant/ue8m0.h"

#ifndef PLANT
#define PLANT none
#endif

namespace {

using wavefuzz::quant::CastPolicy;
using wavefuzz::quant::Fp8;

enum class Plant {
  none,
  overflow_to_nan,       // what is beyond the largest value becomes NaN where it should saturate
  floor_after_division,  // max(amax / M, 1e-4)
  ue8m0_floor_log2,      // a power of two below the scale: values overflow
  ue8m0_next_power,      // a scale that is a power of two already is doubled
  group_of_lane,         // the scale of the group before, in a row of several groups
  minus_zero_kept,       // normalisation leaves 0x80, NaN in fnuz, as it is
  scale_not_doubled,     // normalisation leaves the scale as it is
  wide_group_amax,       // the amax of a group of more than 640 columns is that of its first half
};
constexpr Plant kPlant = Plant::PLANT;

constexpr int kWaveSize = 64;
constexpr int kGroupSize = 128;

struct Bf16 {
  uint16_t bits;
};
__device__ float to_float(Bf16 x) { return wavefuzz::quant::decode_bf16(x.bits); }
__device__ float to_float(_Float16 x) { return static_cast<float>(x); }

struct Args {
  const void* x;   // [rows, x_stride]
  uint8_t* codes;  // [rows, codes_stride]
  float* scales;   // [rows, groups], or one for the tensor
  float fixed;     // the scale, where it is given (fixed_scale != 0)
  int rows, columns, group_columns, ue8m0, tensor, fixed_scale;
  int64_t x_stride;      // elements
  int64_t codes_stride;  // bytes
};

template <Fp8 kFormat>
__device__ float scale_from(float amax, bool ue8m0) {
  constexpr float kDivisor = kFormat == Fp8::kE4m3fnuz ? 224.0f : 448.0f;
  float scale = fmaxf(amax, 1e-4f) / kDivisor;
  if constexpr (kPlant == Plant::floor_after_division) scale = fmaxf(amax / kDivisor, 1e-4f);
  if (!ue8m0) return scale;
  const float power = wavefuzz::quant::round_up_to_power_of_two(scale);
  if constexpr (kPlant == Plant::ue8m0_next_power) return power == scale ? 2 * power : power;
  if constexpr (kPlant == Plant::ue8m0_floor_log2) return power == scale ? power : power / 2;
  return power;
}

// The largest |x| of columns begin..end-1 of the rows; NaN takes no part.
template <typename T>
__device__ float amax_of(const Args& a, int64_t first_row, int64_t last_row, int begin, int end) {
  __shared__ float per_wave[kGroupSize / kWaveSize];
  if constexpr (kPlant == Plant::wide_group_amax) {
    if (end - begin > 640) end = (begin + end) / 2;
  }
  float amax = 0.0f;
  for (int64_t row = first_row; row < last_row; ++row) {
    const T* x = static_cast<const T*>(a.x) + row * a.x_stride;
    for (int c = begin + threadIdx.x; c < end; c += kGroupSize)
      amax = fmaxf(amax, fabsf(to_float(x[c])));
  }
  for (int mask = kWaveSize / 2; mask > 0; mask /= 2) amax = fmaxf(amax, __shfl_xor(amax, mask));
  if (threadIdx.x % kWaveSize == 0) per_wave[threadIdx.x / kWaveSize] = amax;
  __syncthreads();
  return fmaxf(per_wave[0], per_wave[1]);
}

template <Fp8 kFormat>
__device__ uint8_t code_of(float quotient) {
  constexpr CastPolicy kCast = kPlant == Plant::overflow_to_nan
                                   ? wavefuzz::quant::kCastAmdOvfl0
                                   : wavefuzz::quant::kCastHipSaturating;
  return wavefuzz::quant::encode(kFormat, quotient, kCast);
}

// Grid of a tensor's scale: one group.
template <typename T, Fp8 kFormat>
__device__ void tensor_scale(const Args& a) {
  const float amax = amax_of<T>(a, 0, a.rows, 0, a.columns);
  if (threadIdx.x == 0) a.scales[0] = scale_from<kFormat>(amax, a.ue8m0 != 0);
}

// Grid: (groups of a row, rows).
template <typename T, Fp8 kFormat>
__device__ void quantise(const Args& a) {
  const int64_t row = blockIdx.y;
  const int begin = blockIdx.x * a.group_columns;
  const int end = min(a.columns, begin + a.group_columns);
  float scale = 0.0f;
  if (a.fixed_scale) {
    scale = a.fixed;
  } else if (a.tensor) {
    scale = a.scales[0];
  } else {
    const int from =
        kPlant == Plant::group_of_lane && blockIdx.x > 0 ? begin - a.group_columns : begin;
    scale =
        scale_from<kFormat>(amax_of<T>(a, row, row + 1, from, from + (end - begin)), a.ue8m0 != 0);
    if (threadIdx.x == 0) a.scales[row * gridDim.x + blockIdx.x] = scale;
  }
  const T* x = static_cast<const T*>(a.x) + row * a.x_stride;
  for (int c = begin + threadIdx.x; c < end; c += kGroupSize)
    a.codes[row * a.codes_stride + c] = code_of<kFormat>(to_float(x[c]) / scale);
}

}  // namespace

#define QUANTISE_FP8(name, type, format)                                                       \
  extern "C" __global__ __launch_bounds__(kGroupSize) void quantise_fp8_##name(Args a) {       \
    quantise<type, format>(a);                                                                 \
  }                                                                                            \
  extern "C" __global__ __launch_bounds__(kGroupSize) void quantise_fp8_scale_##name(Args a) { \
    tensor_scale<type, format>(a);                                                             \
  }

QUANTISE_FP8(bf16_e4m3fn, Bf16, Fp8::kE4m3fn)
QUANTISE_FP8(bf16_e4m3fnuz, Bf16, Fp8::kE4m3fnuz)
QUANTISE_FP8(f16_e4m3fn, _Float16, Fp8::kE4m3fn)
QUANTISE_FP8(f16_e4m3fnuz, _Float16, Fp8::kE4m3fnuz)

// In place, [count] weights and [scales] scales: -0 becomes 0, which is what 0x80 means in fn; the
// bytes then mean half as much, so that scales double. fn's NaN become +-240, as shipped. Grid:
// (ceil(max(count, scale_count) / 128)).
extern "C" __global__ __launch_bounds__(kGroupSize) void normalise_fn_to_fnuz(uint8_t* weights,
                                                                              float* scales,
                                                                              int64_t count,
                                                                              int64_t scale_count) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kGroupSize + threadIdx.x;
  if (i < count) {
    const uint8_t code = weights[i];
    weights[i] = kPlant == Plant::minus_zero_kept ? code : wavefuzz::quant::fnuz_from_fn(code);
  }
  if (i < scale_count && kPlant != Plant::scale_not_doubled) scales[i] *= 2.0f;
}
