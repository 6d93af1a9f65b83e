// SARIF 2.1.0 (OASIS), with what GitHub's code scanning asks for beside it.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "fuzz/report/model.h"
#include "fuzz/report/rules.h"
#include "fuzz/report/text.h"

namespace wavefuzz {
namespace {

using nlohmann::ordered_json;

/// What a finding is the same by from campaign to campaign: not its case, message or shrinking.
std::string identity(const ReportFinding& f) {
  return fmt::format("{} on {}: {}", kernel_name(f.job), f.job.target, f.signature);
}

ordered_json result(const ReportFinding& f, size_t rule) {
  const std::string text = clean(fmt::format(
      "{}{} on {}: {}: {}\n{}{}Replay: {}", f.planted() ? "Planted bug: " : "", kernel_name(f.job),
      f.job.target, f.signature, f.message, f.boundary, f.boundary.empty() ? "" : "\n", f.replay));
  ordered_json artifact = {{"uri", f.location}};
  if (!f.location.starts_with("file:")) artifact["uriBaseId"] = "%SRCROOT%";
  const ordered_json location = {
      {"physicalLocation", {{"artifactLocation", artifact}, {"region", {{"startLine", 1}}}}},
      {"logicalLocations", ordered_json::array({{{"fullyQualifiedName", clean(kernel_name(f.job))},
                                                 {"kind", "function"}}})}};
  ordered_json properties = {{"kernel", clean(f.job.kernel)},
                             {"target", clean(f.job.target)},
                             {"caseIndex", f.case_index},
                             {"case", to_json(f.smallest)}};
  if (f.planted()) properties["planted"] = clean(f.job.plant);
  ordered_json out;
  out["ruleId"] = clean(kind_of(f.signature));
  out["ruleIndex"] = rule;
  out["level"] = f.planted() ? "note" : "error";
  out["message"]["text"] = text;
  out["locations"] = ordered_json::array({location});
  out["partialFingerprints"] = {
      {"wavefuzzSignature/v1", clean(identity(f))},
      // The one that GitHub looks at.
      {"primaryLocationLineHash", fmt::format("{:016x}:1", stable_hash(identity(f)))}};
  if (!f.known.empty()) properties["ledger"] = clean(f.ledger_words());
  if (f.is_known()) {
    out["suppressions"] = ordered_json::array({{{"kind", "external"},
                                                {"status", "accepted"},
                                                {"justification", clean(f.ledger_words())}}});
  }
  out["properties"] = properties;
  return out;
}

}  // namespace

std::string sarif_report(const ReportModel& model) {
  std::vector<std::string> kinds;
  for (const ReportFinding& f : model.findings) kinds.push_back(clean(kind_of(f.signature)));
  std::sort(kinds.begin(), kinds.end());
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
  ordered_json rules = ordered_json::array();
  for (const std::string& kind : kinds) {
    ordered_json rule;
    rule["id"] = kind;
    // GitHub asks for all three.
    rule["shortDescription"]["text"] = meaning_of(kind);
    rule["fullDescription"]["text"] = meaning_of(kind);
    rule["help"]["text"] = "The command at the end of a result's message runs its case again.";
    rule["defaultConfiguration"]["level"] = "error";
    rules.push_back(rule);
  }
  ordered_json results = ordered_json::array();
  for (const ReportFinding& f : model.findings) {
    const auto rule = std::find(kinds.begin(), kinds.end(), clean(kind_of(f.signature)));
    results.push_back(result(f, static_cast<size_t>(rule - kinds.begin())));
  }
  const std::string version = clean(model.campaign.version);
  ordered_json run;
  run["tool"]["driver"] = {
      {"name", "wavefuzz"}, {"version", version}, {"semanticVersion", version}, {"rules", rules}};
  run["automationDetails"]["id"] = fmt::format("wavefuzz/campaign-{}", model.campaign.id);
  run["invocations"] =
      ordered_json::array({{{"executionSuccessful", model.campaign.state == "done"},
                            {"startTimeUtc", clean(model.campaign.started)}}});
  run["results"] = results;
  ordered_json document;
  document["$schema"] =
      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
  document["version"] = "2.1.0";
  document["runs"] = ordered_json::array({run});
  return document.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace wavefuzz
