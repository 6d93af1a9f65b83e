// Compiled with AVX-512 F, DQ, BW and VL; called only where the CPU has them.
namespace wavefuzz::sim::mfma::internal {
constexpr int kWidth = 16;
}
#include "gpu/sim/mfma/tile_kernels-inl.h"

namespace wavefuzz::sim::mfma::internal {
const Kernels kAvx512Kernels = {aligned, fma32, fma64, integer};
}
