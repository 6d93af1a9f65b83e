// RMS norm of rows of bf16 with FP8 output and an f32 scale for each row (vLLM
// rms_norm_dynamic_per_token_quant): y = x * rsqrt(mean(x^2) + eps) * weight in f32,
// scale = max(max |y| / M, 1 / (M * 512)), code = fp8(y / scale), saturated.
//
// PLANT builds the kernel with one of the planted bugs that the fuzzer must find.
#include <hip/hip_runtime.h>
#include <stdint.h>

#include "quant/float16.h"
#include "quant/fp8.h"

#ifndef PLANT
#define PLANT none
#endif

namespace {

using wavefuzz::quant::Fp8;

enum class Plant {
  none,
  epsilon_outside_root,  // rsqrt(mean(x^2)) + eps: a row of zeros is not a number
  mean_of_padded,        // divides by the columns rounded up to the block's 128
};
constexpr Plant kPlant = Plant::PLANT;

constexpr int kWaveSize = 64;
constexpr int kGroupSize = 128;

// What `combine` makes of the values of all threads.
template <typename Combine>
__device__ float over_group(float value, Combine combine) {
  __shared__ float per_wave[kGroupSize / kWaveSize];
  for (int mask = kWaveSize / 2; mask > 0; mask /= 2)
    value = combine(value, __shfl_xor(value, mask));
  __syncthreads();  // the values of the last call have been read
  if (threadIdx.x % kWaveSize == 0) per_wave[threadIdx.x / kWaveSize] = value;
  __syncthreads();
  return combine(per_wave[0], per_wave[1]);
}

// Grid: (rows).
template <Fp8 kFormat>
__device__ void rms_norm(const uint16_t* x, const uint16_t* weight, uint8_t* codes, float* scales,
                         float epsilon, int columns, int64_t x_stride, int64_t codes_stride) {
  constexpr float kDivisor = kFormat == Fp8::kE4m3fnuz ? 224.0f : 448.0f;
  const int64_t row = blockIdx.x;
  x += row * x_stride;
  float squares = 0.0f;
  for (int c = threadIdx.x; c < columns; c += kGroupSize) {
    const float value = wavefuzz::quant::decode_bf16(x[c]);
    squares += value * value;
  }
  squares = over_group(squares, [](float a, float b) { return a + b; });
  int count = columns;
  if constexpr (kPlant == Plant::mean_of_padded)
    count = (columns + kGroupSize - 1) / kGroupSize * kGroupSize;
  const float mean = squares / static_cast<float>(count);
  const float inverse = kPlant == Plant::epsilon_outside_root ? 1.0f / sqrtf(mean) + epsilon
                                                              : 1.0f / sqrtf(mean + epsilon);
  const auto y = [&](int c) {
    return wavefuzz::quant::decode_bf16(x[c]) * inverse * wavefuzz::quant::decode_bf16(weight[c]);
  };
  float amax = 0.0f;
  for (int c = threadIdx.x; c < columns; c += kGroupSize) amax = fmaxf(amax, fabsf(y(c)));
  amax = over_group(amax, [](float a, float b) { return fmaxf(a, b); });
  const float scale = fmaxf(amax / kDivisor, 1.0f / (kDivisor * 512.0f));
  if (threadIdx.x == 0) scales[row] = scale;
  for (int c = threadIdx.x; c < columns; c += kGroupSize)
    codes[row * codes_stride + c] =
        wavefuzz::quant::encode(kFormat, y(c) / scale, wavefuzz::quant::kCastHipSaturating);
}

}  // namespace

#define RMS_NORM_FP8(name, format)                                                              \
  extern "C" __global__ __launch_bounds__(kGroupSize) void rms_norm_fp8_##name(                 \
      const uint16_t* x, const uint16_t* weight, uint8_t* codes, float* scales, float epsilon,  \
      int columns, int64_t x_stride, int64_t codes_stride) {                                    \
    rms_norm<format>(x, weight, codes, scales, epsilon, columns, x_stride, codes_stride);       \
  }

RMS_NORM_FP8(e4m3fn, Fp8::kE4m3fn)
RMS_NORM_FP8(e4m3fnuz, Fp8::kE4m3fnuz)
