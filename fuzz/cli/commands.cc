#include "fuzz/cli/commands.h"

namespace wavefuzz {

void add_commands(CLI::App& app, Session& session) {
  add_fuzz_command(app, session);
  add_zoo_command(app, session);
  add_run_command(app, session);
  add_replay_command(app, session);
  add_shrink_command(app, session);
  add_boundary_command(app, session);
  add_map_command(app, session);
  add_audit_command(app, session);
  add_scenario_command(app, session);
  add_regress_command(app, session);
  add_history_command(app, session);
  add_coverage_command(app, session);
  add_merge_command(app, session);
  add_report_command(app, session);
  add_ledger_command(app, session);
  add_describe_command(app, session);
  add_manifest_command(app, session);
  add_list_command(app, session);
}

}  // namespace wavefuzz
