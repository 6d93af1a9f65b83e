// The commands of wavefuzz, each in a file of its own with its own options.
#ifndef WAVEFUZZ_FUZZ_CLI_COMMANDS_H_
#define WAVEFUZZ_FUZZ_CLI_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "fuzz/cli/session.h"

namespace wavefuzz {

void add_fuzz_command(CLI::App& app, Session& session);
void add_zoo_command(CLI::App& app, Session& session);
void add_run_command(CLI::App& app, Session& session);
void add_replay_command(CLI::App& app, Session& session);
void add_shrink_command(CLI::App& app, Session& session);
void add_boundary_command(CLI::App& app, Session& session);
void add_map_command(CLI::App& app, Session& session);
void add_audit_command(CLI::App& app, Session& session);
void add_scenario_command(CLI::App& app, Session& session);
void add_regress_command(CLI::App& app, Session& session);
void add_history_command(CLI::App& app, Session& session);
void add_coverage_command(CLI::App& app, Session& session);
void add_merge_command(CLI::App& app, Session& session);
void add_report_command(CLI::App& app, Session& session);
void add_ledger_command(CLI::App& app, Session& session);
void add_describe_command(CLI::App& app, Session& session);
void add_manifest_command(CLI::App& app, Session& session);
void add_list_command(CLI::App& app, Session& session);

/// What a bare `wavefuzz` does: a minute of every kernel in the tree.
Exit default_campaign(const Session& session);

/// All of them, in the order of the help.
void add_commands(CLI::App& app, Session& session);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_COMMANDS_H_
