// SARIF 2.1.0 (OASIS), with what GitHub's code scanning asks for beside it.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "fuzz/case/text.h"
#include "fuzz/report/model.h"
#include "fuzz/report/rules.h"
#include "gpu/finding_json.h"

namespace wavefuzz {
namespace {

using nlohmann::ordered_json;

/// What a finding is the same by from campaign to campaign: not its case, message or shrinking.
std::string identity(const ReportFinding& f) {
  return fmt::format("{} on {}: {}", kernel_name(f.job), f.job.target, f.signature);
}

ordered_json artifact(const std::string& uri) {
  ordered_json out = {{"uri", uri}};
  if (!uri.starts_with("file:")) out["uriBaseId"] = "%SRCROOT%";
  return out;
}

ordered_json manifest_location(const ReportFinding& f) {
  return {{"artifactLocation", artifact(f.location)}, {"region", {{"startLine", 1}}}};
}

ordered_json source_location(const ReportModel& model, const SourceLine& at) {
  ordered_json region = {{"startLine", at.line}};
  if (at.column != 0) region["startColumn"] = at.column;
  return {{"artifactLocation", artifact(location(at.file, model.folders))}, {"region", region}};
}

ordered_json with_message(const ordered_json& physical, const std::string& text) {
  return {{"physicalLocation", physical}, {"message", {{"text", clean(text)}}}};
}

/// The manifest, the calls that the instruction was inlined through, and the other instructions
/// that the finding speaks of. Only where its own line is known.
ordered_json related_locations(const ReportModel& model, const ReportFinding& f) {
  ordered_json out = ordered_json::array();
  const auto add = [&](ordered_json at) {
    at["id"] = out.size() + 1;
    out.push_back(std::move(at));
  };
  add(with_message(manifest_location(f), "The kernel's manifest"));
  for (const SourcePlace& place : source_places(*f.first())) {
    for (size_t i = 0; i < place.lines->size(); ++i) {
      const SourceLine& line = (*place.lines)[i];
      if (i == 0 && place.lines == &f.first()->source) continue;
      add(with_message(source_location(model, line),
                       i == 0 ? place.role : fmt::format("{}: inlined here", place.role)));
    }
  }
  return out;
}

/// From the load to where its data is used; of a race, both accesses, each in a flow of its own.
ordered_json code_flows(const ReportModel& model, const Finding& f) {
  const auto step = [&](const std::vector<SourceLine>& lines, const std::string& text) {
    return ordered_json{{"location", with_message(source_location(model, lines.front()), text)}};
  };
  const ordered_json here = step(f.source, std::string(words(f.kind)));
  ordered_json flows = ordered_json::array();
  const auto flow = [&](std::initializer_list<ordered_json> steps) {
    flows.push_back({{"locations", ordered_json::array()}});
    for (const ordered_json& s : steps) flows.back()["locations"].push_back(s);
  };
  if (f.other && !f.other->at.source.empty()) {
    flow({step(f.other->at.source, "other access")});
    flow({here});
  } else if (f.loaded_by && !f.loaded_by->source.empty()) {
    flow({step(f.loaded_by->source, "loaded here"), here});
  }
  if (flows.empty()) return flows;
  return ordered_json::array({{{"threadFlows", flows}}});
}

ordered_json result(const ReportModel& model, const ReportFinding& f, size_t rule) {
  const std::string text = clean(fmt::format(
      "{}{} on {}: {}: {}\n{}{}Replay: {}", f.planted() ? "Planted bug: " : "", kernel_name(f.job),
      f.job.target, f.signature, f.message, f.boundary, f.boundary.empty() ? "" : "\n", f.replay));
  const bool has_source = f.first() != nullptr && !f.first()->source.empty();
  const ordered_json location = {
      {"physicalLocation",
       has_source ? source_location(model, f.first()->source.front()) : manifest_location(f)},
      {"logicalLocations", ordered_json::array({{{"fullyQualifiedName", clean(kernel_name(f.job))},
                                                 {"kind", "function"}}})}};
  ordered_json properties = {{"kernel", clean(f.job.kernel)},
                             {"target", clean(f.job.target)},
                             {"caseIndex", f.case_index},
                             {"case", to_json(f.smallest)}};
  if (f.first() != nullptr) properties["finding"] = to_json(*f.first());
  if (f.planted()) properties["planted"] = clean(f.job.plant);
  ordered_json out;
  out["ruleId"] = clean(kind_of(f.signature));
  out["ruleIndex"] = rule;
  out["level"] = f.planted() ? "note" : "error";
  out["message"]["text"] = text;
  out["locations"] = ordered_json::array({location});
  if (has_source) {
    out["relatedLocations"] = related_locations(model, f);
    if (const ordered_json flows = code_flows(model, *f.first()); !flows.empty())
      out["codeFlows"] = flows;
  }
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
    results.push_back(result(model, f, static_cast<size_t>(rule - kinds.begin())));
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
