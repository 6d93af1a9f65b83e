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
  static Double widen(const float* p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
  static void narrow(float* p, Double x) { _mm_storeu_ps(p, _mm256_cvtpd_ps(x)); }
};

}  // namespace

const Kernels kAttentionAvx2 = kKernels<Avx2>;

}  // namespace wavefuzz::reference::internal
