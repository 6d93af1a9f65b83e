#ifndef WAVEFUZZ_FUZZ_CLI_REGRESS_COMMAND_H_
#define WAVEFUZZ_FUZZ_CLI_REGRESS_COMMAND_H_

#include "fuzz/cli/options.h"
#include "gpu/error.h"

namespace wavefuzz {

/// `wavefuzz regress OLD NEW...`: what newer builds of a kernel do differently.
Exit regress(const Options& options);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_REGRESS_COMMAND_H_
