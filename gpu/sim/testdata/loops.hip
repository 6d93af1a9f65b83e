// Loops for the benchmark: each body keeps to one kind of instruction.
#include <hip/hip_runtime.h>

#include "gpu/sim/testdata/loops.h"

extern "C" __global__ void valu_loop(const float* in, float* out, int rounds) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  ValuState s = valu_start(in[i], i);
  for (int r = 0; r < rounds; ++r) valu_round(s);
  out[i] = valu_end(s);
}

// LDS reads and writes, each wave in its own quarter.
extern "C" __global__ void lds_loop(const float* in, float* out, int rounds) {
  __shared__ float s[256];
  const int t = threadIdx.x;
  s[t] = in[blockIdx.x * blockDim.x + t];
  __syncthreads();
  float x = 0;
  for (int r = 0; r < rounds; ++r) {
    x += s[(t & 192) | ((t + r) & 63)];
    s[t ^ 1] = x;
  }
  out[blockIdx.x * blockDim.x + t] = x;
}

// Global loads and stores, adjacent lanes at adjacent addresses.
extern "C" __global__ void memory_loop(const float* in, float* out, int rounds) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x, n = gridDim.x * blockDim.x;
  for (int r = 0; r < rounds; ++r) out[r * n + i] = in[((r & 7) * n + i)] + 1.0f;
}

// Matrix instructions: 16x16x32 FP8, four accumulators in turn.
extern "C" __global__ void matrix_loop(const float* in, float* out, int rounds) {
  typedef float f4 __attribute__((ext_vector_type(4)));
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  // FP8 codes of about 1, of either sign, from the low bits of the input.
  const unsigned bits = __float_as_uint(in[i]) >> 16;
  const long a = 0x3840b8403a3c40b8 ^ long(bits & 0x0707) << 8, b = 0x40b83840b83c3e38 ^ long(bits & 7);
  f4 c[4] = {};
  for (int r = 0; r < rounds; ++r)
    for (int k = 0; k < 4; ++k) c[k] = __builtin_amdgcn_mfma_f32_16x16x32_fp8_fp8(a, b, c[k], 0, 0, 0);
  out[i] = c[0][0] + c[1][1] + c[2][2] + c[3][3];
}

// Next to nothing: what a launch costs.
extern "C" __global__ void tiny(float* out) { out[threadIdx.x] = 1.0f; }
