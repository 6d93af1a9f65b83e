// What a run found, for a reader.
#ifndef WAVEFUZZ_GPU_SIM_DESCRIBE_H_
#define WAVEFUZZ_GPU_SIM_DESCRIBE_H_

#include "gpu/sim/launch.h"
#include "gpu/sim/micro_op.h"

namespace wavefuzz::sim {

// Says where the instructions of the findings are written, and all of each in a line.
void describe(const Code& code, RunResult& result);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_DESCRIBE_H_
