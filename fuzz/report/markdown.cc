#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "fuzz/case/plural.h"
#include "fuzz/case/text.h"
#include "fuzz/report/model.h"

namespace wavefuzz {
namespace {

// A pull request is read by people, and GitHub takes 64 KiB.
constexpr size_t kMostRows = 25;

// Of a message; the report in full has the rest.
constexpr size_t kMostCharacters = 160;

std::string shortened(const std::string& text) {
  if (text.size() <= kMostCharacters) return text;
  size_t end = kMostCharacters;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;  // inside a character
  return text.substr(0, end) + " ...";
}

/// Its boundary, behind the line of the source where it is known; or the message, which begins with
/// it.
std::string what(const ReportFinding& f) {
  if (f.boundary.empty()) return f.message;
  if (f.first() == nullptr || f.first()->source.empty()) return f.boundary;
  return fmt::format("{}: {}", text(f.first()->source.front()), f.boundary);
}

/// A block of code with a fence that its lines cannot close.
std::string block(const std::string& text) {
  const std::string line = clean(text);
  size_t run = 0, longest = 2;
  for (const char c : line) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  return fence + "\n" + line + "\n" + fence + "\n";
}

/// "\n3 known findings: [short_tail](https://...) 2, ...\n"
std::string known_words(const ReportModel& model, size_t known) {
  std::map<std::pair<std::string, std::string>, size_t> names;
  for (const ReportFinding& f : model.findings) {
    if (!f.planted() && f.is_known()) ++names[{f.known, f.link}];
  }
  std::string out = fmt::format("\n{}: ", plural(known, "known finding"));
  bool first = true;
  for (const auto& [name, count] : names) {
    out += fmt::format("{}[{}](<{}>) {}", first ? "" : ", ", markdown_text(name.first),
                       clean(name.second), count);
    first = false;
  }
  return out + ".\n";
}

}  // namespace

std::string markdown_report(const ReportModel& model) {
  const size_t right = model.news();
  const size_t known = model.known_findings();
  uint64_t cases = 0;
  for (const ReportJob& job : model.jobs) cases += job.result.cases;
  std::string out = fmt::format("### wavefuzz: {}\n\n", right != 0   ? plural(right, "finding")
                                                        : known != 0 ? "no new findings"
                                                                     : "no findings");
  out +=
      fmt::format("{} on {} in {:.0f} s; wavefuzz {}, seed {}, campaign {}{}.",
                  plural(cases, "case"), plural(model.jobs.size(), "job"), model.campaign.seconds,
                  markdown_text(model.campaign.version), model.campaign.key.seed, model.campaign.id,
                  model.campaign.state == "done" ? "" : " (" + model.campaign.state + ")");
  if (model.score) {
    out += fmt::format(" {} of {} planted bugs found.", model.score->killed, model.score->planted);
  }
  if (model.before) {
    out += fmt::format(" Against campaign {}: {} new, {} gone.", model.before->id,
                       model.change.added.size(), model.change.gone.size());
  }
  out += "\n";
  for (const ReportJob& job : model.jobs) {
    const std::string sentence = job.result.too_large_sentence();
    if (!sentence.empty())
      out += fmt::format("\n{} on {}: {}.\n", markdown_code(kernel_name(job.result.job)),
                         markdown_code(job.result.job.target), markdown_text(sentence));
    if (!job.result.no_case.empty())
      out += fmt::format("\n{}\n", markdown_text(job.result.no_case));
  }
  if (known != 0) out += known_words(model, known);
  if (right == 0) return out;

  out += "\n| kernel | target | finding | missed by | what |\n|---|---|---|---|---|\n";
  std::string commands;
  size_t rows = 0;
  for (const ReportFinding& f : model.findings) {
    if (f.planted() || f.is_known() || rows == kMostRows) break;
    ++rows;
    std::string missed;
    for (const auto& [gate, passes] : f.gates)
      if (passes) missed += (missed.empty() ? "" : ", ") + gate;
    out += fmt::format("| {} | {} | {} | {} | {} |\n", markdown_code(kernel_name(f.job)),
                       markdown_code(f.job.target), markdown_code(f.signature),
                       missed.empty() && !f.gates.empty() ? "none" : markdown_text(missed),
                       markdown_text(shortened(what(f))));
    commands += clean(f.replay) + "\n";
  }
  if (right > rows) out += fmt::format("\n{} more.\n", plural(right - rows, "finding"));
  if (!commands.empty()) commands.pop_back();
  return out + "\nReplay:\n\n" + block(commands);
}

}  // namespace wavefuzz
