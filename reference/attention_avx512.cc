// Compiled with AVX-512 F, CD, DQ and BW; called only where the CPU has them.
#include "reference/attention_kernels-inl.h"

namespace wavefuzz::reference::internal {
namespace {

struct Avx512 {
  using Arch = xsimd::avx512bw;
  using Double = xsimd::batch<double, Arch>;
  using Float = xsimd::batch<float, Arch>;
  static constexpr uint32_t kRows64 = 8, kRows32 = 16;
  static Double fma(Double a, Double b, Double c) { return _mm512_fmadd_pd(a, b, c); }
  static Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
  static Double widen(const float* p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
  static void narrow(float* p, Double x) { _mm256_storeu_ps(p, _mm512_cvtpd_ps(x)); }
};

}  // namespace

const Kernels kAttentionAvx512 = kKernels<Avx512>;

}  // namespace wavefuzz::reference::internal
