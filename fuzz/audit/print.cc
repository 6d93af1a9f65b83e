#include "fuzz/audit/print.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "fuzz/case/plural.h"

namespace wavefuzz::audit {
namespace {

constexpr size_t kShownKernels = 3;
constexpr size_t kShownTrials = 3;

constexpr Kind kKinds[] = {Kind::kMisrouted,    Kind::kAmbiguous, Kind::kNoKernel,
                           Kind::kLseUnwritten, Kind::kDeadRow,   Kind::kBadRow,
                           Kind::kUnnamedFile};

const char* heading(Kind kind) {
  switch (kind) {
    case Kind::kMisrouted:
      return "misrouted: the kernel that is chosen does not claim what it is given";
    case Kind::kAmbiguous:
      return "ambiguous: several rows fit, and the walk of a hash map decides";
    case Kind::kNoKernel:
      return "no kernel: aborts, and a neighbour of the request does not";
    case Kind::kLseUnwritten:
      return "LSE not written";
    case Kind::kDeadRow:
      return "dead rows";
    case Kind::kBadRow:
      return "rows whose code object is not what they say";
    case Kind::kUnnamedFile:
      break;
  }
  return "files that no row names";
}

std::string shown(const std::vector<std::string>& list, size_t most) {
  const size_t count = std::min(list.size(), most);
  std::string text = fmt::format("{}", fmt::join(list.begin(), list.begin() + count, ", "));
  if (count < list.size()) text += fmt::format(" and {} more", list.size() - count);
  return text;
}

std::string source(const Finding& finding) {
  if (finding.objection->by_manifest) return "by manifest";
  if (finding.with_manifest == 0) return "by row and name";
  return fmt::format("by row and name; {} of the kernels have a manifest", finding.with_manifest);
}

std::string where(const Trial& trial) {
  return fmt::format("{} on {}", trial.kernel, trial.target);
}

void print_trials(std::FILE* out, const std::vector<Trial>& trials) {
  std::vector<std::string> wrong, passed, elsewhere, not_run;
  const Trial* first_wrong = nullptr;
  for (const Trial& trial : trials) {
    const std::string counts = fmt::format("{} of {} cases, {} of {} as claimed", trial.wrong,
                                           trial.cases, trial.claimed_wrong, trial.claimed_cases);
    if (trial.cases == 0) {
      not_run.push_back(fmt::format("{} ({})", where(trial), trial.message));
    } else if (trial.wrong == 0) {
      passed.push_back(fmt::format("{} ({} cases, {})", where(trial), trial.cases, trial.values));
    } else if (trial.confirmed()) {
      if (first_wrong == nullptr) first_wrong = &trial;
      wrong.push_back(fmt::format("{} ({}, {})", where(trial), counts, trial.values));
    } else {
      elsewhere.push_back(fmt::format("{} ({})", where(trial), counts));
    }
  }
  if (first_wrong != nullptr) {
    fmt::print(out, "     run: WRONG: {}\n          {}\n          {}\n", shown(wrong, kShownTrials),
               first_wrong->message, first_wrong->replay);
  }
  if (!passed.empty()) fmt::print(out, "     run: passes: {}\n", shown(passed, kShownTrials));
  if (!elsewhere.empty()) {
    fmt::print(out, "     run: wrong, but hardly more than with what is claimed: {}\n",
               shown(elsewhere, kShownTrials));
  }
  if (!not_run.empty()) fmt::print(out, "     not run: {}\n", shown(not_run, kShownTrials));
}

nlohmann::ordered_json trial_json(const Trial& trial) {
  nlohmann::ordered_json json = {{"kernel", trial.kernel},
                                 {"target", trial.target},
                                 {"values", trial.values},
                                 {"cases", trial.cases},
                                 {"wrong", trial.wrong},
                                 {"claimed_cases", trial.claimed_cases},
                                 {"claimed_wrong", trial.claimed_wrong},
                                 {"message", trial.message}};
  if (!trial.replay.empty()) json["replay"] = trial.replay;
  return json;
}

void print_finding(std::FILE* out, const Finding& finding, int number) {
  if (!finding.first) {
    fmt::print(out, "{:3}. {}: {}\n     {}\n", number, finding.count, finding.text,
               shown(finding.kernels, kShownKernels));
    return;
  }
  fmt::print(out, "{:3}. {} {}{}\n", number, entry_name(finding.entry), finding.text,
             finding.kind == Kind::kMisrouted ? fmt::format(" ({})", source(finding)) : "");
  fmt::print(out, "     {}", plural(finding.count, "request"));
  if (!finding.kernels.empty()) fmt::print(out, ", {}", plural(finding.kernels.size(), "kernel"));
  fmt::print(out, ": {}", text(finding.boxes.front(), finding.entry));
  if (finding.boxes.size() > 1) fmt::print(out, " | and {} more", finding.boxes.size() - 1);
  fmt::print(out, "\n");
  fmt::print(out, "     first: {}{}{}\n", finding.first->text(),
             finding.first_kernel.empty() ? "" : " -> ", finding.first_kernel);
  print_trials(out, finding.trials);
}

}  // namespace

int print_report(std::FILE* out, const std::string& op, const Report& report, int first) {
  fmt::print(out, "{}: {} rows, {} with a manifest; {} requests, {} get a kernel\n", op,
             report.rows, report.rows_with_manifest, report.requests, report.served);
  for (const Kind kind : kKinds) {
    bool headed = false;
    for (const Finding& finding : report.findings) {
      if (finding.kind != kind) continue;
      if (!headed) fmt::print(out, "  {}\n", heading(kind));
      headed = true;
      print_finding(out, finding, first++);
    }
  }
  return first;
}

nlohmann::ordered_json report_json(const std::string& op, const Report& report) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const Finding& finding : report.findings) {
    nlohmann::ordered_json json = {{"kind", kind_name(finding.kind)},
                                   {"text", finding.text},
                                   {"count", finding.count},
                                   {"kernels", finding.kernels}};
    if (finding.first) {
      json["entry"] = entry_name(finding.entry);
      json["first"] = finding.first->text();
      json["first_kernel"] = finding.first_kernel;
      for (const Box& box : finding.boxes) json["requests"].push_back(text(box, finding.entry));
    }
    if (finding.kind == Kind::kMisrouted) json["judged"] = source(finding);
    for (const Trial& trial : finding.trials) json["trials"].push_back(trial_json(trial));
    findings.push_back(json);
  }
  return {{"operator", op},
          {"rows", report.rows},
          {"rows_with_manifest", report.rows_with_manifest},
          {"requests", report.requests},
          {"served", report.served},
          {"findings", findings}};
}

}  // namespace wavefuzz::audit
