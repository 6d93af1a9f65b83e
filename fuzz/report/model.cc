#include "fuzz/report/model.h"

#include <algorithm>

namespace wavefuzz {

size_t ReportJob::edges() const {
  size_t n = 0;
  for (const auto& [kernel, edges] : result.coverage) n += edges.count();
  return n;
}

std::optional<double> ReportJob::covered() const {
  if (programs.empty()) return std::nullopt;
  ProgramCoverage sum;
  for (const ReportProgram& p : programs) {
    sum.executed += p.coverage.executed;
    sum.instructions += p.coverage.instructions;
  }
  return sum.percent();
}

std::string ReportFinding::ledger_words() const {
  if (known.empty()) return "";
  return std::string(regression ? "regression: " : "known: ") + known + ", " + link;
}

size_t ReportModel::known_findings() const {
  return static_cast<size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [](const ReportFinding& f) { return !f.planted() && f.is_known(); }));
}

size_t ReportModel::right_findings() const {
  return static_cast<size_t>(std::count_if(findings.begin(), findings.end(),
                                           [](const ReportFinding& f) { return !f.planted(); }));
}

std::vector<const ReportFinding*> ReportModel::of(const Job& job) const {
  std::vector<const ReportFinding*> list;
  for (const ReportFinding& f : findings) {
    if (kernel_name(f.job) == kernel_name(job) && f.job.target == job.target) list.push_back(&f);
  }
  return list;
}

}  // namespace wavefuzz
