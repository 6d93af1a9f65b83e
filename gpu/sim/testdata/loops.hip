// Loops for the benchmark: each body keeps to one kind of instruction.
#include <hip/hip_runtime.h>

#include "gpu/sim/testdata/loops.h"

extern "C" __global__ void valu_loop(const float* in, float* out, int rounds) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  ValuState s = valu_start(in[i], i);
  for (int r = 0; r < rounds; ++r) valu_round(s);
  out[i] = valu_end(s);
}

// LDS reads and writes.
extern "C" __global__ void lds_loop(const float* in, float* out, int rounds) {
  __shared__ float s[256];
  const int t = threadIdx.x;
  s[t] = in[blockIdx.x * blockDim.x + t];
  __syncthreads();
  float x = 0;
  for (int r = 0; r < rounds; ++r) {
    x += s[(t + r) & 255];
    s[t ^ 1] = x;
  }
  out[blockIdx.x * blockDim.x + t] = x;
}

// Global loads and stores, adjacent lanes at adjacent addresses.
extern "C" __global__ void memory_loop(const float* in, float* out, int rounds) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x, n = gridDim.x * blockDim.x;
  for (int r = 0; r < rounds; ++r) out[r * n + i] = in[((r & 7) * n + i)] + 1.0f;
}

// Next to nothing: what a launch costs.
extern "C" __global__ void tiny(float* out) { out[threadIdx.x] = 1.0f; }
