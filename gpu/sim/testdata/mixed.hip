// Varied kernels that clang compiles to the ordinary instructions of HIP code.
#include <hip/hip_runtime.h>

#include "gpu/sim/testdata/bodies.h"

#define GLOBAL_INDEX (blockIdx.x * blockDim.x + threadIdx.x)

extern "C" __global__ void integers(const int* x, const unsigned* y, int64_t* out, int n) {
  const int i = GLOBAL_INDEX;
  if (i < n) out[i] = integer_body(x[i], y[i]);
}
extern "C" __global__ void floats(const float* x, const float* y, float* out, int n) {
  const int i = GLOBAL_INDEX;
  if (i < n) out[i] = float_body(x[i], y[i]);
}
extern "C" __global__ void doubles(const double* x, const double* y, double* out, int n) {
  const int i = GLOBAL_INDEX;
  if (i < n) out[i] = double_body(x[i], y[i]);
}
extern "C" __global__ void halves(const half_t* x, const half_t* y, half_t* out, int n) {
  const int i = GLOBAL_INDEX;
  if (i < n) out[i] = half_body(x[i], y[i]);
}
extern "C" __global__ void bytes(const unsigned* x, const unsigned* y, unsigned* out, int n) {
  const int i = GLOBAL_INDEX;
  if (i < n) out[i] = byte_body(x[i], y[i]);
}

// Sum of a group through LDS, then the maximum of each wave through shuffles, static and dynamic
// LDS.
extern "C" __global__ void reductions(const int* x, int* sums, int* maxima) {
  __shared__ int s[256];
  extern __shared__ int reversed[];
  const int t = threadIdx.x;
  int v = x[blockIdx.x * 256 + t];
  s[t] = v;
  reversed[255 - t] = v;
  __syncthreads();
  for (int k = 128; k != 0; k >>= 1) {
    if (t < k) s[t] += s[t + k];
    __syncthreads();
  }
  for (int k = 32; k != 0; k >>= 1) {
    const int other = __shfl_xor(v, k);
    v = other > v ? other : v;
  }
  if (t == 0) sums[blockIdx.x] = s[0];
  maxima[blockIdx.x * 256 + t] = v + __popcll(__ballot(reversed[t] > 0)) + __shfl(v, 3);
}

// A histogram with LDS atomics, then global ones.
extern "C" __global__ void histogram(const unsigned* x, unsigned* counts, int n) {
  __shared__ unsigned local[16];
  if (threadIdx.x < 16) local[threadIdx.x] = 0;
  __syncthreads();
  const int i = GLOBAL_INDEX;
  if (i < n) atomicAdd(&local[x[i] & 15], 1u);
  __syncthreads();
  if (threadIdx.x < 16) atomicAdd(&counts[threadIdx.x], local[threadIdx.x]);
}

// Recursion, a constant table, and a private array with a varying index.
__device__ __noinline__ int fibonacci(int n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
__constant__ int kTable[16] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
extern "C" __global__ void calls(int* out) {
  const int i = threadIdx.x;
  int squares[32];
  for (int k = 0; k < 32; ++k) squares[k] = k * k + i;
  out[i] = fibonacci(i & 7) * 1000 + kTable[i & 15] * 100000 + squares[(i * 7) & 31];
}

// Every thread names itself.
extern "C" __global__ void identities(uint64_t* out) {
  const unsigned group = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  out[group * (blockDim.x * blockDim.y * blockDim.z) + thread] =
      threadIdx.x | threadIdx.y << 8 | threadIdx.z << 16 | uint64_t(blockIdx.x) << 32 |
      uint64_t(blockIdx.y) << 40 | uint64_t(blockIdx.z) << 48;
}

// --- Faults, each with the parameter that makes it right
// -------------------------------------------

extern "C" __global__ void barrier(int* out, int leaving) {
  __shared__ int s[128];
  if (int(threadIdx.x) >= 128 - leaving) return;
  s[threadIdx.x] = threadIdx.x;
  __syncthreads();
  out[threadIdx.x] = s[threadIdx.x ^ 1];
}
extern "C" __global__ void endless(volatile int* flag) {
  while (*flag == 0) {
  }
}
extern "C" __global__ void offset_by(const int* x, int* out, int by) {
  out[threadIdx.x] = x[int(threadIdx.x) + by];
}
extern "C" __global__ void trap(int* out, int bad) {
  if (bad) __builtin_trap();
  out[threadIdx.x] = 1;
}
