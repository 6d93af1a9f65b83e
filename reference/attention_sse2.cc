// SSE2 is x86-64's baseline: no flags, every CPU.
#include "reference/attention_kernels-inl.h"

namespace wavefuzz::reference::internal {
namespace {

struct Sse2 {
  using Arch = xsimd::sse2;
  static constexpr uint32_t kRows64 = 1, kRows32 = 2;
  template <typename Batch>
  static Batch fma(Batch a, Batch b, Batch c) {
    return a * b + c;
  }
  using Double = xsimd::batch<double, Arch>;
  static Double widen(const float* p) { return _mm_set_pd(p[1], p[0]); }
  static void narrow(float* p, Double x) {
    _mm_storel_pi(reinterpret_cast<__m64*>(p), _mm_cvtpd_ps(x));
  }
};

}  // namespace

const Kernels kAttentionSse2 = kKernels<Sse2>;

}  // namespace wavefuzz::reference::internal
