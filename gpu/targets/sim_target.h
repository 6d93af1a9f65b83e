#ifndef WAVEFUZZ_GPU_TARGETS_SIM_TARGET_H_
#define WAVEFUZZ_GPU_TARGETS_SIM_TARGET_H_

#include <memory>

#include "gpu/sim/arch.h"
#include "gpu/targets/target.h"

namespace wavefuzz {

/// "sim:gfx942" and "sim:gfx950": the simulator of gpu/sim, which needs nothing installed. Each
/// code object is decoded once in the life of the target.
std::unique_ptr<Target> make_sim_target(sim::Arch arch);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_TARGETS_SIM_TARGET_H_
