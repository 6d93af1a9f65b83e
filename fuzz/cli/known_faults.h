#ifndef WAVEFUZZ_FUZZ_CLI_KNOWN_FAULTS_H_
#define WAVEFUZZ_FUZZ_CLI_KNOWN_FAULTS_H_

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fuzz/cli/options.h"
#include "fuzz/store/ledger.h"

namespace wavefuzz {

void add_ledger(CLI::App& app, std::string& ledger);

/// `--ledger=FILE`, or that of the tree; empty where there is none or "none" was asked for.
Ledger ledger_of(const Options& options, const std::string& ledger);

/// The replays as --json has them.
nlohmann::ordered_json to_json(const std::vector<LedgerReplay>& replays);

/// Says which entries are not as they say; true when there is one.
bool print_off(std::FILE* out, const std::vector<LedgerReplay>& replays, const Options& options);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_KNOWN_FAULTS_H_
