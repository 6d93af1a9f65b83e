#ifndef WAVEFUZZ_FUZZ_CLI_BOUNDARY_COMMAND_H_
#define WAVEFUZZ_FUZZ_CLI_BOUNDARY_COMMAND_H_

#include "fuzz/cli/options.h"
#include "gpu/error.h"

namespace wavefuzz {

/// `wavefuzz boundary FILE`: from where to where a failure goes, along each axis of the case.
Exit boundary(const Options& options);

/// `wavefuzz map FILE --axes=...`: the verdicts around a case, drawn.
Exit map(const Options& options);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_BOUNDARY_COMMAND_H_
