#include <fmt/format.h>

#include <iostream>
#include <tuple>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/options.h"
#include "fuzz/store/version.h"

namespace wavefuzz {
namespace {

struct RunOptions : CaseArguments {
  std::string other_kernel, other_target;
  bool gates = false;
  bool explain = false;
};

void declare(CLI::App& app, RunOptions& options) {
  add_kernels(app, options);
  app.add_option("file", options.file, "Case or corpus file");
  app.add_option("--case", options.case_text, "The case as JSON text");
  app.add_option("--kernel", options.other_kernel, "Run it on this kernel instead");
  app.add_option("--target", options.other_target, "Run it on this target instead");
  app.add_flag("--gates", options.gates, "Also print what the gates of peers would have said");
  app.add_flag("--explain", options.explain,
               "Name the instruction and operands that made the first NaN, +inf and -inf");
}

/// The case on another kernel or target than its own, where that was asked for.
Case redirected(Case c, const RunOptions& options) {
  if (!options.other_kernel.empty()) {
    std::tie(c.kernel, c.plant) = split_kernel_name(options.other_kernel);
  }
  if (!options.other_target.empty()) c.target = options.other_target;
  return c;
}

Exit run(const RunOptions& options) {
  const Harness harness = make_harness(options);
  const Case c = redirected(given_case(options), options);
  const Verdict verdict =
      harness.evaluate(c, {.inexact = true, .explain = options.explain, .gates = options.gates});
  if (options.json) {
    nlohmann::ordered_json json = verdict_json(c, verdict);
    if (options.explain) json["explain"] = verdict.notes;
    if (options.gates) json["gates"] = verdict.gates;
    std::cout << json.dump(1) << "\n";
  } else {
    fmt::print("wavefuzz {}, seed {}\n", kVersion, c.seed);
    print_verdict(stdout, harness, c, verdict);
    if (options.explain && verdict.notes.empty()) fmt::print("  no non-finite value arose\n");
    if (options.gates) print_gates(stdout, verdict);
  }
  return exit_of(verdict);
}

}  // namespace

void add_run_command(CLI::App& app, Session& session) {
  add_command(app, session, "run", "Run one case and print its verdict", declare, run);
}

}  // namespace wavefuzz
