#include "fuzz/audit_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <iostream>

#include "fuzz/audit/audit.h"
#include "fuzz/audit/print.h"
#include "fuzz/version.h"

namespace wavefuzz {

Exit audit_command(const Harness& harness, const AuditOptions& options) {
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
    const audit::Report report = audit::audit(options.hsa, tables, arches, manifests);
    found |= !report.findings.empty();
    json["operators"].push_back(audit::report_json(op, report));
    if (!options.json) number = audit::print_report(stdout, op, report, number);
  }
  if (options.json) std::cout << json.dump(1) << "\n";
  return found ? Exit::kFindings : Exit::kClean;
}

}  // namespace wavefuzz
