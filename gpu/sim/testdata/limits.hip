// Kernels of the operator quantise_fp8 that spend their instructions. The values are wrong in all of
// them: what matters is what is said before anyone looks at a value.
#include <hip/hip_runtime.h>

#include <cstdint>

__device__ void do_nothing() { asm volatile("s_nop 0"); }

// Far more than anyone would wait for, and yet it ends.
extern "C" __global__ void counts(const uint16_t* x, uint8_t* codes, float* scales, int rows,
                                  int columns) {
  for (uint32_t i = 0; i < 0x7fffffff; ++i) do_nothing();
  if (threadIdx.x < rows) scales[threadIdx.x] = 1;
}

// The step is 0 for more than two rows.
extern "C" __global__ void hangs(const uint16_t* x, uint8_t* codes, float* scales, int rows,
                                 int columns) {
  float sum = 0;
  for (int i = 0; i < columns; i += rows > 2 ? 0 : 1) {
    do_nothing();
    sum += 1;
  }
  if (threadIdx.x < rows) scales[threadIdx.x] = sum;
}
