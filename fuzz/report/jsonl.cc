#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "fuzz/report/model.h"
#include "fuzz/report/rules.h"
#include "gpu/finding_json.h"

namespace wavefuzz {
namespace {

using nlohmann::ordered_json;

ordered_json head(const char* type, const ReportModel& model, const Job& job) {
  return {{"type", type},
          {"campaign", model.campaign.id},
          {"version", model.campaign.version},
          {"seed", model.campaign.key.seed},
          {"kernel", job.kernel},
          {"planted", job.plant.empty() ? ordered_json(nullptr) : ordered_json(job.plant)},
          {"target", job.target}};
}

std::string line(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

ordered_json of(const ReportModel& model, const ReportJob& job) {
  const JobResult& r = job.result;
  ordered_json json = head("job", model, r.job);
  json["cases"] = r.cases;
  ordered_json verdicts = ordered_json::object();
  for (const auto& [status, n] : r.by_status) verdicts[name(status)] = n;
  json["verdicts"] = verdicts;
  json["instructions"] = r.instructions;
  json["cpu_seconds"] = r.cpu_seconds;
  json["edges"] = job.edges();
  const std::optional<double> covered = job.covered();
  json["coverage_percent"] = covered ? ordered_json(*covered) : ordered_json(nullptr);
  json["findings"] = model.of(r.job).size();
  json["known"] = r.known;
  json["unsupported"] = r.unsupported;
  json["too_large"] = r.too_large;
  json["no_case"] = r.no_case;
  return json;
}

ordered_json of(const ReportModel& model, const ReportFinding& f) {
  ordered_json json = head("finding", model, f.job);
  json["signature"] = f.signature;
  json["kind"] = kind_of(f.signature);
  json["message"] = f.message;
  json["findings"] = ordered_json::array();
  for (const Finding& finding : f.details) json["findings"].push_back(to_json(finding));
  if (!f.boundary.empty()) json["boundary"] = f.boundary;
  if (f.bounds) json["bounds"] = to_json(*f.bounds)["axes"];
  if (!f.known.empty())
    json[f.regression ? "regression" : "known_fault"] = {{"name", f.known}, {"link", f.link}};
  json["case_index"] = f.case_index;
  json["drawn"] = f.drawn;
  json["shrunk"] = f.shrunk.empty() ? ordered_json(nullptr) : ordered_json(f.shrunk);
  json["case"] = to_json(f.smallest);
  json["replay"] = f.replay;
  json["manifest"] = f.location;
  json["run_again"] = f.not_run.empty() ? ordered_json(f.alike) : ordered_json(nullptr);
  json["gates"] = f.gates;
  return json;
}

}  // namespace

std::string jsonl_report(const ReportModel& model) {
  std::string out;
  for (const ReportJob& job : model.jobs) out += line(of(model, job));
  for (const ReportFinding& f : model.findings) out += line(of(model, f));
  return out;
}

}  // namespace wavefuzz
