#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "fuzz/audit/audit.h"
#include "fuzz/audit/confirm.h"
#include "fuzz/audit/print.h"
#include "fuzz/cli/commands.h"
#include "fuzz/cli/options.h"
#include "fuzz/cli/paths.h"
#include "fuzz/store/version.h"

namespace wavefuzz {

namespace {

struct AuditOptions : FolderArguments {
  std::string arch = "all";
  std::string op = "all";
  double seconds = 0;
  std::string seed = "1";
};

void declare(CLI::App& app, AuditOptions& options) {
  add_kernels(app, options);
  app.add_option("--arch", options.arch, "gfx942, gfx950 or all")
      ->check(CLI::IsMember({"gfx942", "gfx950", "all"}))
      ->capture_default_str();
  app.add_option("--op", options.op, "pa, mla or all")
      ->check(CLI::IsMember({"pa", "mla", "all"}))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds,
                 "Time to run doubtful shapes in the simulator, on kernels with a manifest")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seed", options.seed, "Of the cases that are run")->capture_default_str();
  app.add_option("--out", options.out, "Folder for cases that fail")->capture_default_str();
}

/// Runs what can be run of the findings, each for its share of the time.
void confirm_all(audit::Report& report, const Roots& roots, const AuditOptions& options,
                 double seconds, const std::string& hsa) {
  const std::string folder = user_path(options.out);
  std::string arguments = harness_arguments(options);
  if (options.external.at("hsa").empty()) arguments += " --hsa=" + shell_word(hsa);  // environment
  const auto doubtful =
      std::count_if(report.findings.begin(), report.findings.end(),
                    [](const audit::Finding& finding) { return !finding.runnable.empty(); });
  for (audit::Finding& finding : report.findings) {
    if (finding.runnable.empty()) continue;
    finding.trials = audit::confirm(finding,
                                    {.roots = roots,
                                     .folder = folder,
                                     .seed = parse_seed(options.seed),
                                     .seconds = seconds / static_cast<double>(doubtful)},
                                    interrupted);
    for (audit::Trial& trial : finding.trials) {
      if (trial.case_file.empty()) continue;
      const auto shown = [&](const std::string& path) {
        return shell_word(options.out + path.substr(folder.size()));
      };
      trial.replay = fmt::format("{} replay {} --manifest={}{}", options.program,
                                 shown(trial.case_file), shown(trial.manifest_file), arguments);
    }
  }
}

/// What AITER's choice of a kernel does with every request. Clean when there is nothing to say.
Exit audit_tables(const AuditOptions& options) {
  const Roots roots = roots_of(options, tree_of(options));
  const auto root = roots.external.find("hsa");
  if (root == roots.external.end())
    throw Error(Exit::kUsage, "audit: give the folder 'hsa' of an AITER checkout: --hsa=DIR");
  const std::string& hsa = root->second;
  const Harness harness = make_harness(options);
  const std::vector<std::string> arches =
      options.arch == "all" ? audit::arches() : std::vector<std::string>{options.arch};
  const audit::ManifestIndex manifests(harness.manifests());
  nlohmann::ordered_json json = {
      {"version", kVersion}, {"arches", arches}, {"operators", nlohmann::ordered_json::array()}};
  if (!options.json) {
    fmt::print(
        "wavefuzz {}: the choice of kernels of AITER at e4048607a5, on the tables of {}, {}\n",
        kVersion, hsa, fmt::join(arches, " and "));
  }
  int number = 1;
  bool found = false;
  for (const std::string op : {"pa", "mla"}) {
    if (options.op != "all" && options.op != op) continue;
    const audit::Tables tables = audit::load_tables(hsa, op);
    audit::Report report = audit::audit(hsa, tables, arches, manifests);
    const double share = options.op == "all" ? options.seconds / 2 : options.seconds;
    if (share > 0) confirm_all(report, roots, options, share, hsa);
    found |= !report.findings.empty();
    json["operators"].push_back(audit::report_json(op, report));
    if (!options.json) number = audit::print_report(stdout, op, report, number);
  }
  if (options.json) std::cout << json.dump(1) << "\n";
  return found ? Exit::kFindings : Exit::kClean;
}

}  // namespace

void add_audit_command(CLI::App& app, Session& session) {
  add_command(app, session, "audit",
              "Hold AITER's choice of kernels against its tables: misrouted shapes, dead rows",
              declare, audit_tables);
}

}  // namespace wavefuzz
