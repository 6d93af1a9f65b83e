// JUnit XML as Jenkins (junit-10.xsd) and Ant (JUnit.xsd) describe it: where they differ, what both
// accept.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "fuzz/case/text.h"
#include "fuzz/report/model.h"

namespace wavefuzz {
namespace {

/// A testcase has one failure at most in Ant's schema, so that further findings of a job are
/// testcases of their own.
std::string testcase(const ReportJob& job, const ReportFinding* finding, bool first) {
  std::string name = job.result.job.target;
  if (!first) name += ": " + finding->signature;
  std::string out = fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                                xml_text(kernel_name(job.result.job)), xml_text(name),
                                first ? job.result.cpu_seconds : 0);
  if (finding != nullptr && finding->is_known()) {
    return out + fmt::format(">\n   <skipped message=\"{}\"/>\n  </testcase>\n",
                             xml_text(fmt::format("{}: {}: {}", finding->ledger_words(),
                                                  finding->signature, finding->message)));
  }
  if (finding != nullptr) {
    out += fmt::format(">\n   <failure type=\"{}\" message=\"{}\">", xml_text(finding->signature),
                       xml_text(finding->message));
    std::string places;
    if (finding->first() != nullptr) {
      for (const SourcePlace& place : source_places(*finding->first()))
        places += fmt::format("{}: {}\n", place.role, place.text());
    }
    out += xml_text(fmt::format("{}case {}: {}\n{}{}replay: {}\n", places, finding->case_index,
                                finding->shrunk.empty() ? finding->drawn : finding->shrunk,
                                finding->boundary, finding->boundary.empty() ? "" : "\n",
                                finding->replay));
    return out + "</failure>\n  </testcase>\n";
  }
  if (job.result.ran_nothing()) return out + ">\n   <skipped/>\n  </testcase>\n";
  return out + "/>\n";
}

}  // namespace

std::string junit_report(const ReportModel& model) {
  std::map<std::string, std::vector<const ReportJob*>> suites;
  for (const ReportJob& job : model.jobs) suites[job.result.job.kernel].push_back(&job);

  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  int id = 0;
  for (const auto& [kernel, jobs] : suites) {
    size_t tests = 0, failures = 0, skipped = 0;
    double seconds = 0;
    std::string cases;
    std::string log;
    for (const ReportJob* job : jobs) {
      const std::vector<const ReportFinding*> findings = model.of(job->result.job);
      seconds += job->result.cpu_seconds;
      tests += std::max<size_t>(1, findings.size());
      const auto known = static_cast<size_t>(std::count_if(
          findings.begin(), findings.end(), [](const ReportFinding* f) { return f->is_known(); }));
      failures += findings.size() - known;
      skipped += known;
      skipped += findings.empty() && job->result.ran_nothing();
      if (findings.empty()) cases += testcase(*job, nullptr, true);
      for (const ReportFinding* f : findings) cases += testcase(*job, f, f == findings.front());
      log += fmt::format(
          "{} on {}: {} cases, {} weak, {} suspect{}{}\n", kernel_name(job->result.job),
          job->result.job.target, job->result.cases, job->result.count(Status::kWeak),
          job->result.count(Status::kSuspect),
          job->result.unsupported.empty() ? "" : "; unsupported: " + job->result.unsupported,
          job->result.too_large.empty() ? "" : "; " + job->result.too_large_sentence());
    }
    // The time stamp has no zone in either schema: it is UTC.
    out += fmt::format(
        " <testsuite name=\"{0}\" package=\"wavefuzz\" id=\"{1}\" timestamp=\"{2}\" "
        "hostname=\"localhost\" tests=\"{3}\" failures=\"{4}\" errors=\"0\" skipped=\"{5}\" "
        "time=\"{6:.3f}\">\n",
        xml_text(kernel), id++, xml_text(model.campaign.started.substr(0, 19)), tests, failures,
        skipped, seconds);
    out += "  <properties>\n";
    for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
             {"wavefuzz.version", model.campaign.version},
             {"wavefuzz.campaign", std::to_string(model.campaign.id)},
             {"wavefuzz.seed", std::to_string(model.campaign.key.seed)}}) {
      out += fmt::format("   <property name=\"{}\" value=\"{}\"/>\n", name, xml_text(value));
    }
    out += "  </properties>\n" + cases;
    out += "  <system-out>" + xml_text(log) + "</system-out>\n  <system-err/>\n </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace wavefuzz
