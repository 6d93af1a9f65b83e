// One wave multiplies matrices held in registers: lane l gets a[l], b[l] and c[l] and stores d[l].
#include <hip/hip_runtime.h>
#include <stdint.h>

typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef int i32x4 __attribute__((ext_vector_type(4)));
typedef short i16x4 __attribute__((ext_vector_type(4)));
typedef _Float16 f16x4 __attribute__((ext_vector_type(4)));

extern "C" __global__ void fp8_16x16x32(const int64_t* a, const int64_t* b, const f32x4* c,
                                        f32x4* d) {
  const int l = threadIdx.x;
  d[l] = __builtin_amdgcn_mfma_f32_16x16x32_fp8_fp8(a[l], b[l], c[l], 0, 0, 0);
}

extern "C" __global__ void i8_16x16x32(const int64_t* a, const int64_t* b, const i32x4* c,
                                       i32x4* d) {
  const int l = threadIdx.x;
  d[l] = __builtin_amdgcn_mfma_i32_16x16x32_i8(a[l], b[l], c[l], 0, 0, 0);
}

extern "C" __global__ void bf16_16x16x16(const i16x4* a, const i16x4* b, const f32x4* c, f32x4* d) {
  const int l = threadIdx.x;
  d[l] = __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(a[l], b[l], c[l], 0, 0, 0);
}

extern "C" __global__ void f16_32x32x8(const f16x4* a, const f16x4* b, const f32x16* c, f32x16* d) {
  const int l = threadIdx.x;
  d[l] = __builtin_amdgcn_mfma_f32_32x32x8f16(a[l], b[l], c[l], 0, 0, 0);
}

// C is an inline constant, and D's registers follow each other through a chain.
extern "C" __global__ void chain(const int64_t* a, const int64_t* b, const f32x4*, f32x4* d) {
  const int l = threadIdx.x;
  f32x4 sum = {1.0f, 1.0f, 1.0f, 1.0f};
  for (int i = 0; i < 4; ++i) {
    sum = __builtin_amdgcn_mfma_f32_16x16x32_fp8_fp8(a[l], b[l], sum, 0, 0, 0);
  }
  d[l] = sum;
}
