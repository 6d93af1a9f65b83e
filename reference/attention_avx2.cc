// Compiled with AVX2 and FMA; called only where the CPU has them.
#include "reference/attention_kernels-inl.h"

namespace wavefuzz::reference::internal {
namespace {

struct Avx2 {
  using Arch = xsimd::avx2;
  using Double = xsimd::batch<double, Arch>;
  using Float = xsimd::batch<float, Arch>;
  static constexpr uint32_t kRows64 = 2, kRows32 = 4;
  static Double fma(Double a, Double b, Double c) { return _mm256_fmadd_pd(a, b, c); }
  static Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
};

}  // namespace

const Kernels kAttentionAvx2 = kKernels<Avx2>;

}  // namespace wavefuzz::reference::internal
