// Compiled for AVX-512 F; called only where the CPU has it.
#include "reference/mqa_kernels-inl.h"

namespace wavefuzz::reference::internal {
namespace {

struct Avx512 {
  using Arch = xsimd::avx512f;
  static constexpr uint32_t kVectors = 4;
};

}  // namespace

const MqaTileFunction kAvx512MqaTile = mqa_tile<Avx512>;

}  // namespace wavefuzz::reference::internal
