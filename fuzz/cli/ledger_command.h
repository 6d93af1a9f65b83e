#ifndef WAVEFUZZ_FUZZ_CLI_LEDGER_COMMAND_H_
#define WAVEFUZZ_FUZZ_CLI_LEDGER_COMMAND_H_

#include "fuzz/cli/options.h"
#include "fuzz/store/ledger.h"
#include "gpu/error.h"

namespace wavefuzz {

/// `--ledger=FILE`, or that of the tree; empty where there is none or "none" was asked for.
Ledger ledger_of(const Options& options);

/// `wavefuzz ledger`: lists the faults that are known.
Exit ledger_list(const Options& options);

/// `wavefuzz ledger check`: replays their cases, and says which entries are not as they say.
Exit ledger_check(const Options& options);

/// The replays as --json has them.
nlohmann::ordered_json to_json(const std::vector<LedgerReplay>& replays);

/// Says which entries are not as they say; true when there is one.
bool print_off(std::FILE* out, const std::vector<LedgerReplay>& replays, const Options& options);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_LEDGER_COMMAND_H_
