// What the end-to-end kernels compute, once for both sides: the kernels call these functions on the
// device, launch_test.cc calls them on the host. Both are compiled without contraction.
#ifndef WAVEFUZZ_GPU_SIM_TESTDATA_BODIES_H_
#define WAVEFUZZ_GPU_SIM_TESTDATA_BODIES_H_

#include <stdint.h>

#ifdef __HIP__
#include <hip/hip_runtime.h>
#define BODY __device__ inline
#else
#define BODY inline
#endif

// Integer arithmetic of all widths, with divisions, shifts, a data-dependent loop and a switch.
BODY int64_t integer_body(int32_t x, uint32_t y) {
  int64_t r = int64_t(x) * int32_t(y);
  r += x / int32_t(y >> 1 | 1);
  r ^= int64_t(uint64_t(y) * 0x123456789abcdefull);
  r += x % 7;
  r += y / 13u;
  r -= y % 1000u;
  r += __builtin_popcount(y) + __builtin_clz(y | 1) + __builtin_ctz(y | 0x100);
  r = int64_t((uint64_t(r) << (y & 63)) | (uint64_t(r) >> (x & 31)));
  r += (x < int32_t(y) ? x : int32_t(y)) + int64_t(uint32_t(x) > y ? uint32_t(x) : y);
  r = int64_t(uint64_t(r) + uint64_t(r / int64_t(y | 3)) + uint64_t(r) % uint64_t(y | 5));
  r = int64_t(uint64_t(r) +
              uint64_t(int64_t(int16_t(x) * int16_t(y)) + uint8_t(x) - int8_t(y >> 8)));
  for (int k = 0; k < (x & 15); ++k) {
    if (k & 1)
      r = int64_t(uint64_t(r) * 31 + uint64_t(k));
    else
      r ^= r >> 3;
    if ((r & 0xff) == 7) break;
  }
  switch (y & 7) {
    case 0:
      return r + 5;
    case 1:
      return int64_t(uint64_t(r) * 3);
    case 2:
      return r - x;
    case 5:
      return ~r;
    default:
      return r ^ 0x55;
  }
}

// IEEE single precision: what both sides must round alike.
BODY float float_body(float x, float y) {
  float r = x / y;
  r = r + __builtin_sqrtf(__builtin_fabsf(x));
  r = r - __builtin_floorf(y) * 0.5f;
  r = r + __builtin_truncf(x) - __builtin_rintf(y) + __builtin_ceilf(x * 0.25f);
  r = __builtin_fmaf(r, x, y);
  r = __builtin_copysignf(r, y) + float(int32_t(x)) + float(uint32_t(__builtin_fabsf(y)));
  r = r > 1e6f ? r * 1e-6f : r < -1e6f ? -1.0f / r : r;
  return r == r ? r : 2.0f;
}

BODY double double_body(double x, double y) {
  double r = x / y + __builtin_sqrt(__builtin_fabs(x));
  r = __builtin_fma(r, x, -y) + __builtin_floor(y) - __builtin_trunc(x);
  r = r + double(int64_t(x)) + double(int32_t(y)) + double(uint32_t(__builtin_fabs(x)));
  for (int k = 0; k < 3; ++k) r = r > y ? r * 0.5 : r + x;
  return r;
}

// Half precision, rounded after every step.
typedef _Float16 half_t;
BODY half_t half_body(half_t x, half_t y) {
  half_t r = half_t(float(x) * float(y));
  r = half_t(float(r) + float(x));
  r = half_t(float(r) - float(y));
  const float wide = float(r) * 0.5f + float(x);
  return wide > 100.0f ? half_t(100.0f) : half_t(wide);
}

// Bytes in, bytes out: packing, unpacking, saturation.
BODY uint32_t byte_body(uint32_t x, uint32_t y) {
  uint32_t r = 0;
  for (int b = 0; b < 4; ++b) {
    const int p = int(uint8_t(x >> 8 * b)), q = int(int8_t(y >> 8 * b));
    int s = p * 3 - q;
    s = s < 0 ? 0 : s > 255 ? 255 : s;
    r |= uint32_t(s) << 8 * (3 - b);
  }
  return (r << 7 | r >> 25) ^ (x & 0x00ff00ff);
}

#endif  // WAVEFUZZ_GPU_SIM_TESTDATA_BODIES_H_
