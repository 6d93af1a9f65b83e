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
};

}  // namespace

const Kernels kAttentionSse2 = kKernels<Sse2>;

}  // namespace wavefuzz::reference::internal
