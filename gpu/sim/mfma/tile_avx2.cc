// Compiled with AVX2 and FMA; called only where the CPU has them.
namespace wavefuzz::sim::mfma::internal {
constexpr int kWidth = 8;
}
#include "gpu/sim/mfma/tile_kernels-inl.h"

namespace wavefuzz::sim::mfma::internal {
const Kernels kAvx2Kernels = {aligned, fma32, fma64, integer};
}
