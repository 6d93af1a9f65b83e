#include "fuzz/report/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "fuzz/case/text.h"

namespace wavefuzz {

namespace fs = std::filesystem;

std::string location(const std::string& file, const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    if (folder.empty()) continue;
    const fs::path relative = fs::path(file).lexically_relative(folder);
    if (!relative.empty() && *relative.begin() != "..") return path_uri(relative.string());
  }
  return path_uri(file);
}

std::string SourcePlace::text() const {
  std::string out;
  for (const SourceLine& line : *lines) {
    out += (out.empty() ? "" : ", inlined at ") + wavefuzz::text(line);
    if (!line.function.empty()) out += " in " + line.function;
  }
  return out;
}

std::vector<SourcePlace> source_places(const Finding& f) {
  std::vector<SourcePlace> places;
  const auto add = [&](const char* role, const std::vector<SourceLine>& lines) {
    if (!lines.empty()) places.push_back({role, &lines});
  };
  add("source", f.source);
  if (f.loaded_by) add("loaded at", f.loaded_by->source);
  if (f.other) add("other access", f.other->at.source);
  return places;
}

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
