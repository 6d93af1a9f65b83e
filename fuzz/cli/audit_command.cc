#include "fuzz/cli/audit_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "fuzz/audit/audit.h"
#include "fuzz/audit/confirm.h"
#include "fuzz/audit/print.h"
#include "fuzz/cli/paths.h"
#include "fuzz/store/version.h"

namespace wavefuzz {

namespace {

/// Runs what can be run of the findings, each for its share of the time.
void confirm_all(audit::Report& report, const Roots& roots, const AuditOptions& options,
                 double seconds, const std::atomic<bool>& interrupted) {
  const auto doubtful =
      std::count_if(report.findings.begin(), report.findings.end(),
                    [](const audit::Finding& finding) { return !finding.runnable.empty(); });
  for (audit::Finding& finding : report.findings) {
    if (finding.runnable.empty()) continue;
    finding.trials = audit::confirm(finding,
                                    {.roots = roots,
                                     .folder = options.folder,
                                     .seed = options.seed,
                                     .seconds = seconds / static_cast<double>(doubtful)},
                                    interrupted);
    for (audit::Trial& trial : finding.trials) {
      if (trial.case_file.empty()) continue;
      const auto shown = [&](const std::string& path) {
        return shell_word(options.shown_folder + path.substr(options.folder.size()));
      };
      trial.replay =
          fmt::format("{} replay {} --manifest={}{}", options.command, shown(trial.case_file),
                      shown(trial.manifest_file), options.arguments);
    }
  }
}

}  // namespace

Exit audit_command(const Harness& harness, const Roots& roots, const AuditOptions& options,
                   const std::atomic<bool>& interrupted) {
  if (options.hsa.empty())
    throw Error(Exit::kUsage, "audit: give the folder 'hsa' of an AITER checkout: --hsa=DIR");
  const std::vector<std::string> arches =
      options.arch == "all" ? audit::arches() : std::vector<std::string>{options.arch};
  const audit::ManifestIndex manifests(harness.manifests());
  nlohmann::ordered_json json = {
      {"version", kVersion}, {"arches", arches}, {"operators", nlohmann::ordered_json::array()}};
  if (!options.json) {
    fmt::print(
        "wavefuzz {}: the choice of kernels of AITER at e4048607a5, on the tables of {}, {}\n",
        kVersion, options.hsa, fmt::join(arches, " and "));
  }
  int number = 1;
  bool found = false;
  for (const std::string op : {"pa", "mla"}) {
    if (options.op != "all" && options.op != op) continue;
    const audit::Tables tables = audit::load_tables(options.hsa, op);
    audit::Report report = audit::audit(options.hsa, tables, arches, manifests);
    const double share = options.op == "all" ? options.seconds / 2 : options.seconds;
    if (share > 0) confirm_all(report, roots, options, share, interrupted);
    found |= !report.findings.empty();
    json["operators"].push_back(audit::report_json(op, report));
    if (!options.json) number = audit::print_report(stdout, op, report, number);
  }
  if (options.json) std::cout << json.dump(1) << "\n";
  return found ? Exit::kFindings : Exit::kClean;
}

}  // namespace wavefuzz
