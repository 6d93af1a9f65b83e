// Compiled for AVX2 and FMA; called only where the CPU has it.
#include "reference/mqa_kernels-inl.h"

namespace wavefuzz::reference::internal {
namespace {

struct Avx2 {
  using Arch = xsimd::fma3<xsimd::avx2>;
  static constexpr uint32_t kVectors = 2;
};

}  // namespace

const MqaTileFunction kAvx2MqaTile = mqa_tile<Avx2>;

}  // namespace wavefuzz::reference::internal
