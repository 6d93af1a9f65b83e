#ifndef WAVEFUZZ_FUZZ_CLI_REPORT_COMMAND_H_
#define WAVEFUZZ_FUZZ_CLI_REPORT_COMMAND_H_

#include "fuzz/cli/options.h"
#include "gpu/error.h"

namespace wavefuzz {

/// `wavefuzz report`: a campaign as files that people and CI services read. Clean when all are
/// written, whatever the campaign found.
Exit report_command(const Options& options);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_REPORT_COMMAND_H_
