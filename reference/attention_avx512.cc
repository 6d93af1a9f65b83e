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
};

}  // namespace

const Kernels kAttentionAvx512 = kKernels<Avx512>;

}  // namespace wavefuzz::reference::internal
