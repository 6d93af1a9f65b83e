#ifndef WAVEFUZZ_FUZZ_CLI_COMMANDS_H_
#define WAVEFUZZ_FUZZ_CLI_COMMANDS_H_

#include "fuzz/cli/options.h"
#include "gpu/error.h"

namespace wavefuzz {

/// `wavefuzz describe`: an operator's page, as Markdown or JSON, or the JSON Schema of its cases'
/// parameters.
Exit describe(const Options& options);

// Subcommands that are a few lines each; README.md says what they do. `fuzz` has a file of its own.

/// Runs every planted bug until it is found: the proof that the gate can fail.
Exit zoo(const Options& options);
Exit run(const Options& options);
Exit replay(const Options& options);
Exit shrink_file(const Options& options);
Exit history(const Options& options);
Exit coverage(const Options& options);
Exit list(const Options& options);
Exit audit_tables(const Options& options);
Exit scenario(const Options& options);
Exit manifest_check(const Options& options);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_COMMANDS_H_
