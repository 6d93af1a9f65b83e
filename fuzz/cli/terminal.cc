#include "fuzz/cli/terminal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "fuzz/case/plural.h"
#include "fuzz/cli/paths.h"
#include "fuzz/search/buckets.h"
#include "gpu/error.h"
#include "gpu/finding_json.h"

namespace wavefuzz {
namespace {

constexpr double kSecondsBetweenProgressOnTerminal = 0.5;
constexpr double kSecondsBetweenProgressLines = 10;

void print_buckets(std::FILE* out, const std::vector<Bucket>& buckets) {
  for (const Bucket& b : buckets) {
    std::vector<std::string> kernels;
    for (const auto& [kernel, targets] : b.kernels)
      kernels.push_back(fmt::format("{} ({})", kernel, fmt::join(targets, ", ")));
    const std::string boundary = b.boundary();
    const size_t others = b.boundaries.size() - 1;
    fmt::print(out, "alike: {}{}{}{}{}\n  in {}\n", b.signature,
               b.instruction.empty() ? "" : " (" + b.instruction + ")",
               boundary.empty() ? "" : ", ", boundary,
               others == 0 ? "" : fmt::format(", and {} the like", others),
               fmt::join(kernels, ", "));
  }
}

}  // namespace

std::string replay_file_command(const std::string& command, const std::string& folder,
                                const std::string& file, const std::string& arguments) {
  const std::string path = (std::filesystem::path(folder) / file).string();
  return fmt::format("{} replay {}{}", command, shell_word(path), arguments);
}

std::string run_case_command(const std::string& command, const Case& c,
                             const std::string& arguments) {
  return fmt::format("{} run --case={}{}", command, shell_word(to_json(c).dump()), arguments);
}

void print_inexact(std::FILE* out, const Verdict& verdict, const char* indent, size_t most) {
  const auto& uses = verdict.inexact_uses;
  for (size_t i = 0; i < std::min(uses.size(), most); ++i) {
    const bool last = i + 1 == most && uses.size() > most;
    fmt::print(out, "{}not exact: {}{}\n", indent, text(uses[i]),
               last ? fmt::format("; and {} more", uses.size() - most) : "");
  }
}

nlohmann::ordered_json verdict_json(const Case& c, const Verdict& verdict) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const Finding& f : verdict.findings) findings.push_back(to_json(f));
  nlohmann::ordered_json json = {{"kernel", kernel_name(c)},
                                 {"target", c.target},
                                 {"case", case_id(c)},
                                 {"verdict", name(verdict.status)},
                                 {"signature", signature(verdict)},
                                 {"findings", findings},
                                 {"instructions", verdict.instructions},
                                 {"fidelity", verdict.fidelity}};
  if (!verdict.reason.empty()) json["reason"] = verdict.reason;
  if (!verdict.known.empty()) json["known"] = verdict.known;
  for (const InexactUse& use : verdict.inexact_uses) json["inexact"].push_back(to_json(use));
  return json;
}

void print_verdict(std::FILE* out, const Harness& harness, const Case& c, const Verdict& verdict) {
  fmt::print(out, "{}: {} on {}, case {}\n", words(verdict.status), kernel_name(c), c.target,
             case_id(c));
  fmt::print(out, "  case: {}\n", harness.op(c).summary(c));
  if (!verdict.reason.empty()) fmt::print(out, "  {}\n", verdict.reason);
  for (const Finding& f : verdict.findings) fmt::print(out, "  {}: {}\n", name(f.kind), f.message);
  for (const Finding& f : verdict.suspects) fmt::print(out, "  {}: {}\n", name(f.kind), f.message);
  for (const std::string& note : verdict.known) fmt::print(out, "  known: {}\n", note);
  for (const std::string& note : verdict.notes) fmt::print(out, "  {}\n", note);
  if (verdict.instructions != 0) {
    fmt::print(out, "  {}, fidelity: {}\n", plural(verdict.instructions, "wave instruction"),
               verdict.fidelity);
  }
  print_inexact(out, verdict, "  ", 4);
}

void print_gates(std::FILE* out, const Verdict& verdict) {
  std::vector<std::string> passing, failing;
  for (const auto& [gate, passes] : verdict.gates) (passes ? passing : failing).push_back(gate);
  const auto list = [](const std::vector<std::string>& names) {
    return names.empty() ? std::string("none") : fmt::format("{}", fmt::join(names, ", "));
  };
  fmt::print(out, "  gates of peers that pass it: {}; that fail it: {}\n", list(passing),
             list(failing));
}

CampaignReport::CampaignReport(const Harness& harness, Options options)
    : harness_(harness),
      options_(std::move(options)),
      terminal_(isatty(fileno(stderr)) != 0),
      colour_(isatty(fileno(options_.out)) != 0 && std::getenv("NO_COLOR") == nullptr) {}

void CampaignReport::on_failure(const Job& job, uint64_t case_index, const Case& c,
                                const Verdict& verdict) {
  report(job, fmt::format("case {}", case_index), c, verdict);
}

void CampaignReport::report(const Job& job, const std::string& origin, const Case& c,
                            const Verdict& verdict) {
  clear_progress();
  file_ = finding_file(c);
  const std::string command = store(file_, c, verdict);
  fmt::print(options_.out, "\n{}FAIL{} {}, {}: {}\n", colour_ ? "\033[1;31m" : "",
             colour_ ? "\033[0m" : "", job_name(job), origin, signature(verdict));
  fmt::print(options_.out, "  {}\n", verdict.findings.front().message);
  fmt::print(options_.out, "  drawn:  {}\n  replay: {}\n", harness_.op(c).summary(c), command);
  std::fflush(options_.out);
}

void CampaignReport::on_finding(const CampaignFinding& finding) {
  const Shrunk& shrunk = finding.shrunk;
  fmt::print(options_.out, "  shrunk: {}\n", harness_.op(shrunk.smallest).summary(shrunk.smallest));
  fmt::print(options_.out, "          {}\n", shrunk.verdict.findings.front().message);
  fmt::print(options_.out,
             "          {} of {} smaller cases fail alike{}; re-run {}/{} times the same\n",
             shrunk.better, shrunk.steps, shrunk.complete ? "" : ", stopped before the end",
             finding.confirmations, kConfirmations);
  print_inexact(options_.out, shrunk.verdict, "          ", 1);
  if (finding.boundary) fmt::print(options_.out, "          {}\n", finding.sentence());
  if (options_.ledger != nullptr) {
    if (const LedgerMark mark = options_.ledger->match(harness_, finding); mark.entry != nullptr)
      fmt::print(options_.out, "  {}\n", mark.words());
  }
  const std::string command = store(file_, shrunk.smallest, shrunk.verdict);
  replay_commands_[case_id(shrunk.smallest)] = command;
  fmt::print(options_.out, "  replay: {}\n", command);
  std::fflush(options_.out);
}

void CampaignReport::earlier(const CampaignFinding& finding) {
  const std::string command =
      store(finding_file(finding.original), finding.shrunk.smallest, finding.shrunk.verdict);
  replay_commands_[case_id(finding.shrunk.smallest)] = command;
  fmt::print(options_.out, "found before: {}, case {}: {}\n  replay: {}\n", job_name(finding.job),
             finding.case_index, signature(finding.shrunk.verdict), command);
}

const std::string& CampaignReport::replay_command(const CampaignFinding& finding) const {
  return replay_commands_.at(case_id(finding.shrunk.smallest));
}

std::string CampaignReport::store(const std::string& file, const Case& c, const Verdict& verdict) {
  const Plant* plant = harness_.manifest(c.kernel).find_plant(c.plant);
  try {
    write_file((std::filesystem::path(options_.folder) / file).string(),
               corpus_text({c, signature(verdict), verdict.findings.front().message,
                            plant == nullptr ? "" : plant->history}));
    if (!options_.inline_cases) {
      return replay_file_command(options_.command, options_.shown_folder, file, options_.arguments);
    }
  } catch (const Error& e) {
    // The finding must not be lost with the disk: the case itself goes into the command.
    if (!storing_failed_)
      fmt::print(stderr, "wavefuzz: {}; findings are kept in their commands\n", e.what());
    storing_failed_ = true;
  }
  return run_case_command(options_.command, c, options_.arguments);
}

void CampaignReport::on_result(const JobResult& result, bool /*found*/, double seconds) {
  progress_.note(result, seconds);
}

void CampaignReport::on_progress(const std::vector<JobResult>& results, double seconds) {
  if (options_.quiet) return;
  const double wait = terminal_ ? kSecondsBetweenProgressOnTerminal : kSecondsBetweenProgressLines;
  if (seconds - last_progress_ < wait) return;
  last_progress_ = seconds;
  const ProgressFigures figures = progress_.figures(results, seconds, options_.seconds);
  if (!terminal_) {
    fmt::print(stderr, "{}\n", progress_line(figures));
    std::fflush(stderr);
    return;
  }
  clear_progress();
  for (const std::string& line : status_screen(figures, terminal_width())) {
    fmt::print(stderr, "{}\n", line);
    ++lines_shown_;
  }
  std::fflush(stderr);
}

void CampaignReport::clear_progress() {
  // Up, and everything below is gone.
  if (lines_shown_ != 0) fmt::print(stderr, "\033[{}A\r\033[J", lines_shown_);
  lines_shown_ = 0;
}

void print_summary(std::FILE* out, const Harness& harness, const std::vector<JobResult>& results,
                   double seconds, const Ledger& ledger) {
  size_t width = 0;
  for (const JobResult& r : results) width = std::max(width, kernel_name(r.job).size());
  uint64_t cases = 0;
  uint64_t instructions = 0;
  size_t planted = 0;
  size_t planted_found = 0;
  size_t right_found = 0;
  size_t known = 0;
  fmt::print(out, "\n{:<{}}  {:<10}  {:>8}  {:>6}  {:>8}  {:>8}  {}\n", "kernel", width, "target",
             "cases", "weak", "suspect", "coverage", "findings");
  for (const JobResult& r : results) {
    cases += r.cases;
    instructions += r.instructions;
    planted += !r.job.plant.empty();
    (r.job.plant.empty() ? right_found : planted_found) += r.findings.size();
    std::string what = r.findings.empty() ? "none" : "";
    for (const CampaignFinding& f : r.findings) {
      what += (what.empty() ? "" : ", ") + signature(f.shrunk.verdict);
      const LedgerMark mark = ledger.match(harness, f);
      known += mark.known();
      if (mark.entry != nullptr)
        what += fmt::format(" ({}: {})", mark.known() ? "known" : "regression", mark.entry->name);
    }
    if (!r.unsupported.empty()) what = "unsupported: " + r.unsupported;
    if (r.cases != 0 && r.count(Status::kTooLarge) == r.cases) what = "every case is too large";
    if (!r.no_case.empty() && r.findings.empty()) what = "no case inside the claims";
    const std::string coverage =
        r.coverage.empty() ? "" : fmt::format("{:.1f} %", covered(harness, r).percent());
    fmt::print(out, "{:<{}}  {:<10}  {:>8}  {:>6}  {:>8}  {:>8}  {}\n", kernel_name(r.job), width,
               r.job.target, r.cases, r.count(Status::kWeak), r.count(Status::kSuspect), coverage,
               what);
  }
  for (const JobResult& r : results) {
    for (const auto& [note, in_cases] : r.known)
      fmt::print(out, "known: {}, in {}: {}\n", job_name(r.job), plural(in_cases, "case"), note);
    if (const std::string sentence = r.too_large_sentence(); !sentence.empty())
      fmt::print(out, "too large: {}, {}\n", job_name(r.job), sentence);
    if (!r.no_case.empty()) fmt::print(out, "no case: {}, {}\n", job_name(r.job), r.no_case);
    for (const SuspectCase& s : r.suspects)
      fmt::print(out, "suspect: {}, case {}: {}\n", job_name(r.job), s.case_index, s.message);
  }
  fmt::print(out, "{} in {:.1f} s, {:.1f} million wave instructions\n", plural(cases, "case"),
             seconds, static_cast<double>(instructions) * 1e-6);
  if (const std::string edges = edges_sentence(results); !edges.empty())
    fmt::print(out, "{}\n", edges);
  if (right_found > 1) print_buckets(out, buckets(harness, results));
  if (planted != 0) fmt::print(out, "{} of {} planted bugs found\n", planted_found, planted);
  fmt::print(out, "{} against kernels that should be right{}\n", plural(right_found, "finding"),
             known == 0 ? "" : fmt::format(", {} of them known", known));
}

}  // namespace wavefuzz
