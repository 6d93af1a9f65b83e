// Machine code to micro-ops.
#ifndef WAVEFUZZ_GPU_SIM_DECODE_H_
#define WAVEFUZZ_GPU_SIM_DECODE_H_

#include <memory>

#include "gpu/sim/micro_op.h"

namespace wavefuzz::sim {

// Decodes a kernel and the device functions it may call. Throws Error when it has no instruction at
// its entry.
std::shared_ptr<const Code> decode(const CodeObject& object, const KernelInfo& kernel, HostIsa isa);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_DECODE_H_
