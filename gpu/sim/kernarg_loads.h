// What a kernel reads of its kernarg block, found in its code.
#ifndef WAVEFUZZ_GPU_SIM_KERNARG_LOADS_H_
#define WAVEFUZZ_GPU_SIM_KERNARG_LOADS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "gpu/sim/program.h"

namespace wavefuzz::sim {

// Bytes of the kernarg block that one instruction reads.
struct KernargLoad {
  uint32_t offset = 0;
  uint32_t bytes = 0;
  std::string instruction;  // assembly text
};

struct KernargLoads {
  std::vector<KernargLoad> loads;  // by offset
  // The first instruction that does something else with the block's address than to load from a
  // constant offset; empty: `loads` is everything that the kernel may read.
  std::string escape;
};

// Follows the kernarg pointer along every path of the code, through copies and constant additions,
// and lists the scalar loads from it, preloaded kernarg registers included.
KernargLoads kernarg_loads(const Program& program);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_KERNARG_LOADS_H_
