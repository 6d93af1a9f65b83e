// Correctly rounded division, as clang expands it: v_div_scale, v_rcp, v_fma, v_div_fmas,
// v_div_fixup.
#include <hip/hip_runtime.h>

extern "C" __global__ __launch_bounds__(256) void divide_f32(const float* n, const float* d,
                                                             float* q) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  q[i] = n[i] / d[i];
}

extern "C" __global__ __launch_bounds__(256) void divide_f64(const double* n, const double* d,
                                                             double* q) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  q[i] = n[i] / d[i];
}
