// Faults on known lines, which source_lines_test.cc finds by the words behind them. Launched as 2 groups
// of 128 work-items with `in` (256 floats, read only) and `out` (512 floats, nothing written yet).
#include <hip/hip_runtime.h>

#include "gpu/sim/testdata/source_lines.h"

#define KERNEL(NAME) extern "C" __global__ void NAME(const float* in, float* out)
#define ID (blockIdx.x * 128 + threadIdx.x)

KERNEL(read_past_end) {
  const float x = load_row(in, ID + 1);  // READ CALL
  out[ID] = x;
}

KERNEL(undefined) {
  const float x = load_row(out, ID + 256);  // UNDEFINED CALL
  store_row(out, ID, x + 1);                // STORE CALL
}

KERNEL(undefined_branch) {
  if (out[ID + 256] > 1)  // BRANCH
    out[ID] = in[ID];
}

KERNEL(race) {
  __shared__ float lds[128];
  lds[threadIdx.x] = in[ID];
  __syncthreads();
  const float x = load_row(lds, threadIdx.x ^ 64);  // READ BEFORE CALL
  store_row(lds, threadIdx.x, 1);                   // OVERWRITTEN CALL
  __syncthreads();
  out[ID] = x + lds[threadIdx.x];
}

KERNEL(race_twin) {
  __shared__ float lds[128];
  lds[threadIdx.x] = in[ID];
  __syncthreads();
  const float x = load_row(lds, threadIdx.x ^ 64);
  __syncthreads();
  store_row(lds, threadIdx.x, 1);
  __syncthreads();
  out[ID] = x + lds[threadIdx.x];
}
