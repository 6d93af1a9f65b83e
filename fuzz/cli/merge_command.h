#ifndef WAVEFUZZ_FUZZ_CLI_MERGE_COMMAND_H_
#define WAVEFUZZ_FUZZ_CLI_MERGE_COMMAND_H_

#include "fuzz/cli/options.h"
#include "gpu/error.h"

namespace wavefuzz {

/// `wavefuzz merge OUT IN...`: databases of shards and of several machines become one.
Exit merge_command(const Options& options);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_MERGE_COMMAND_H_
