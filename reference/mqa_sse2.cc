// Compiled for any x86-64; called only where the CPU has it.
#include "reference/mqa_kernels-inl.h"

namespace wavefuzz::reference::internal {
namespace {

struct Sse2 {
  using Arch = xsimd::sse2;
  static constexpr uint32_t kVectors = 2;
};

}  // namespace

const MqaTileFunction kSse2MqaTile = mqa_tile<Sse2>;

}  // namespace wavefuzz::reference::internal
