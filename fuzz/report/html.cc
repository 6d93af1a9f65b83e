// One file that needs nothing else: no script, no network, and no picture beside it.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "fuzz/case/plural.h"
#include "fuzz/case/text.h"
#include "fuzz/judge/gates.h"
#include "fuzz/report/html_parts.h"

namespace wavefuzz {
namespace {

constexpr size_t kOpenFindings = 3;  // of those against kernels that should be right
constexpr size_t kMostNights = 90;   // in the lines
constexpr size_t kMostChanges = 20;  // nights in the list of what is new and gone
constexpr size_t kMostSuspects = 200;

std::string cell(const std::string& html, const char* kind = "") {
  return *kind == '\0' ? "<td>" + html + "</td>"
                       : fmt::format("<td class=\"{}\">{}</td>", kind, html);
}
std::string count_cell(uint64_t n) { return cell(std::to_string(n), "n"); }
std::string code(const std::string& text) { return "<code>" + xml_text(text) + "</code>"; }

/// A heading that may break where a name has its underscores.
std::string breakable(const std::string& text) {
  std::string out;
  for (const char c : xml_text(text)) out += c == '_' ? std::string("_<wbr/>") : std::string(1, c);
  return out;
}

/// A table in a box of its own that scrolls on a narrow screen. A heading that ends in '#' is of
/// numbers.
std::string table(const std::vector<std::string>& headings, const std::string& rows,
                  const char* kind = "") {
  std::string out = fmt::format("<div class=\"scroll\"><table class=\"{}\"><thead><tr>", kind);
  for (const std::string& h : headings) {
    const bool number = h.ends_with('#');
    out += fmt::format("<th scope=\"col\"{}>{}</th>", number ? " class=\"n\"" : "",
                       breakable(number ? h.substr(0, h.size() - 1) : h));
  }
  return out + "</tr></thead><tbody>\n" + rows + "</tbody></table></div>\n";
}

std::string fold(const std::string& summary, const std::string& content) {
  return fmt::format("<details><summary>{}</summary>\n{}</details>\n", xml_text(summary), content);
}

std::string section(const char* id, const char* title, const std::string& content) {
  return fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", id, title, content);
}

std::string id_of(size_t finding) { return fmt::format("finding-{}", finding + 1); }

std::string coverage_cell(const ReportJob& job) {
  if (job.result.cases == 0) return cell("<span class=\"muted\">did not run</span>", "n");
  const std::optional<double> covered = job.covered();
  if (!covered) return cell("", "n");
  return cell(fmt::format("<span class=\"bar\"><span style=\"width:{0:.0f}%\"></span></span>"
                          "<span class=\"percent\">{0:.1f} %</span>",
                          *covered),
              "n");
}

class Page {
 public:
  explicit Page(const ReportModel& model) : m_(model), right_(model.right_findings()) {}

  std::string text() const {
    std::string body = header();
    body += section("findings", "Findings", findings());
    body += section("ran", "What ran", ran());
    if (m_.score) body += section("planted", "Planted bugs", planted());
    body += section("unreached", "Never reached", unreached());
    body += section("trends", "Campaigns", trends());
    if (const std::string noted = this->noted(); !noted.empty())
      body += section("noted", "Noted", noted);
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
        "<link rel=\"icon\" href=\"data:,\"/>\n"
        "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{}{}</main>\n</body>\n"
        "</html>\n",
        xml_text(title()), kStyle, body, footer());
  }

 private:
  std::string title() const {
    return fmt::format("wavefuzz campaign {}: {}", m_.campaign.id,
                       m_.news() == 0 ? (right_ == 0 ? "no findings" : "no new findings")
                                      : plural(m_.news(), "finding"));
  }

  std::string header() const {
    uint64_t cases = 0, instructions = 0, edges = 0, right_cases = 0;
    size_t right = 0, idle = 0;
    std::set<std::string> kernels;
    for (const ReportJob& job : m_.jobs) {
      cases += job.result.cases;
      instructions += job.result.instructions;
      edges += job.edges();
      if (job.result.job.plant.empty()) {
        ++right;
        idle += job.result.ran_nothing() && m_.of(job.result.job).empty();
        right_cases += job.result.cases;
      }
      kernels.insert(job.result.job.kernel);
    }
    const CampaignRecord& c = m_.campaign;
    std::string out = "<header>\n";
    out += fmt::format(
        "<p class=\"over\">wavefuzz campaign {}, {}{}</p>\n", c.id, xml_text(c.started),
        c.state == "done"
            ? ""
            : ": <strong class=\"bad\">" + xml_text(c.state) + "</strong>, not run to its end");
    if (m_.news() != 0) {
      out += fmt::format("<h1 class=\"bad\">{}</h1>\n", plural(m_.news(), "finding"));
    } else if (right_ != 0) {
      out += "<h1 class=\"good\">No new findings</h1>\n";
    } else if (right != idle) {
      out += "<h1 class=\"good\">No findings</h1>\n";
    } else {
      out += "<h1>Nothing that should be right ran</h1>\n";
    }
    out += fmt::format("<p class=\"lead\">{} against kernels that should be right",
                       plural(right_cases, "case"));
    if (m_.known_findings() != 0) out += fmt::format("; {} known", m_.known_findings());
    if (idle != 0) out += fmt::format("; {} of {} jobs ran none", idle, right);
    if (m_.score)
      out += fmt::format("; {} of {} planted bugs found", m_.score->killed, m_.score->planted);
    if (m_.before)
      out += fmt::format("; {} new and {} gone against campaign {}", m_.change.added.size(),
                         m_.change.gone.size(), m_.before->id);
    out += ".</p>\n<dl class=\"facts\">\n";
    const auto fact = [&](const char* name, const std::string& value) {
      out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, xml_text(value));
    };
    fact("version", c.version);
    fact("seed", std::to_string(c.key.seed));
    if (c.shards != 0) fact("shards", fmt::format("{} of {}", c.parts.size(), c.shards));
    if (c.key.case_stride != 1)
      fact("shard", fmt::format("{} of {}", c.key.first_case, c.key.case_stride));
    fact("cases", std::to_string(cases));
    fact("time", fmt::format("{:.0f} s", c.seconds));
    fact("kernels", fmt::format("{} in {}", kernels.size(), plural(m_.jobs.size(), "job")));
    fact("wave instructions",
         fmt::format("{:.1f} million", static_cast<double>(instructions) / 1e6));
    fact("edges", std::to_string(edges));
    out += "</dl>\n<nav>";
    for (const auto& [id, name] :
         std::initializer_list<std::pair<const char*, const char*>>{{"findings", "Findings"},
                                                                    {"ran", "What ran"},
                                                                    {"planted", "Planted bugs"},
                                                                    {"unreached", "Never reached"},
                                                                    {"trends", "Campaigns"}}) {
      if (std::string(id) == "planted" && !m_.score) continue;
      out += fmt::format("<a href=\"#{}\">{}</a>", id, name);
    }
    return out + "</nav>\n</header>\n";
  }

  std::string findings() const {
    if (right_ == 0) return "<p>No kernel that should be right failed a case.</p>\n";
    std::string rows, cards;
    for (size_t i = 0; i < right_; ++i) {
      const ReportFinding& f = m_.findings[i];
      rows += "<tr>" +
              cell(fmt::format("<a href=\"#{}\">{}</a>{}", id_of(i), code(f.signature),
                               f.known.empty() ? ""
                               : f.regression  ? " <strong class=\"bad\">regression</strong>"
                                               : " <span class=\"muted\">known</span>")) +
              cell(breakable(kernel_name(f.job)), "name") + cell(xml_text(f.job.target)) +
              cell(missed_by(f)) + "</tr>\n";
      cards += finding_html(f, id_of(i), i < kOpenFindings);
    }
    const std::string list =
        right_ < 2 ? ""
                   : table({"finding", "kernel", "target", "missed by the gates of peers"}, rows);
    return list + cards;
  }

  static std::string missed_by(const ReportFinding& f) {
    std::string missed;
    for (const auto& [gate, passes] : f.gates) {
      if (passes) missed += (missed.empty() ? "" : ", ") + xml_text(gate);
    }
    return missed;
  }

  std::string ran() const {
    std::string rows;
    for (const ReportJob& job : m_.jobs) {
      const JobResult& r = job.result;
      if (!r.job.plant.empty()) continue;
      const size_t found = m_.of(r.job).size();
      std::string what = found == 0 ? "<span class=\"muted\">none</span>"
                                    : fmt::format("<strong class=\"bad\">{}</strong>", found);
      if (!r.unsupported.empty()) what += " unsupported: " + xml_text(r.unsupported);
      if (const std::string sentence = r.too_large_sentence(); !sentence.empty())
        what += "; " + xml_text(sentence);
      if (!r.no_case.empty()) what += "; " + xml_text(r.no_case);
      rows += "<tr>" + cell(breakable(kernel_name(r.job)), "name") + cell(xml_text(r.job.target)) +
              count_cell(r.cases) + count_cell(r.count(Status::kWeak)) +
              count_cell(r.count(Status::kSuspect)) + coverage_cell(job) + count_cell(job.edges()) +
              cell(what) + "</tr>\n";
    }
    if (rows.empty()) return "<p>Planted bugs alone.</p>\n";
    return table({"kernel", "target", "cases#", "weak#", "suspect#", "coverage#", "edges#",
                  "findings"},
                 rows) +
           "<p class=\"muted\">Weak: the case passed, and would have with zeros too. Suspect: "
           "within "
           "the hard bounds, beyond what rounding is likely to add up to. Coverage: instructions "
           "that ran.</p>\n";
  }

  std::string planted() const {
    std::vector<const ReportJob*> jobs;
    for (const ReportJob& job : m_.jobs)
      if (!job.result.job.plant.empty()) jobs.push_back(&job);
    std::stable_sort(jobs.begin(), jobs.end(), [](const ReportJob* a, const ReportJob* b) {
      const auto rank = [](const ReportJob* j) { return j->rank == 0 ? kRankedBugs + 1 : j->rank; };
      return rank(a) < rank(b);
    });
    std::string rows;
    for (const ReportJob* job : jobs) {
      const Job& j = job->result.job;
      const std::vector<const ReportFinding*> found = m_.of(j);
      const std::string name = fmt::format("<span title=\"{}\">{}</span>", xml_text(job->planted),
                                           xml_text(kernel_name(j)));
      std::string linked = name;
      if (!found.empty()) {
        linked = fmt::format("<a href=\"#{}\">{}</a>",
                             id_of(static_cast<size_t>(found.front() - m_.findings.data())), name);
      }
      rows += "<tr>" + cell(job->rank == 0 ? "" : std::to_string(job->rank), "n") +
              cell(linked, "name") + cell(xml_text(j.target)) + count_cell(job->result.cases) +
              cell(found.empty() ? "<strong class=\"bad\">not found</strong>"
                                 : code(found.front()->signature));
      for (const Gate& gate : kGates) rows += cell(gate_mark(found, gate.name));
      rows += "</tr>\n";
    }
    std::vector<std::string> headings = {"rank#", "planted bug", "target", "cases#", "found as"};
    for (const Gate& gate : kGates) headings.push_back(gate.name);
    std::string cards;
    for (size_t i = right_; i < m_.findings.size(); ++i)
      cards += finding_html(m_.findings[i], id_of(i), false);
    return fmt::format(
               "<p>{} of {} found; {} of the {} ranked historical bugs. A planted bug that "
               "is found is the proof that the gate can fail.</p>\n",
               m_.score->killed, m_.score->planted, m_.score->ranks_killed.size(), kRankedBugs) +
           table(headings, rows, "dense") +
           "<p class=\"muted\">The gates of peers were asked about the one case that each bug was "
           "shrunk to; over many cases: <code>wavefuzz zoo --gates</code>.</p>\n" +
           (cards.empty() ? "" : fold("what each was found by", cards));
  }

  static std::string gate_mark(const std::vector<const ReportFinding*>& found, const char* gate) {
    if (found.empty()) return "";
    const auto it = found.front()->gates.find(gate);
    if (it == found.front()->gates.end()) return "";
    return it->second ? "<span class=\"bad\">missed</span>" : "<span class=\"muted\">caught</span>";
  }

  static std::string program(const ReportProgram& p) {
    std::string out =
        fmt::format("<p>{} in {}: {:.1f} % of {}</p>\n", code(p.symbol), code(p.object),
                    p.coverage.percent(), plural(p.coverage.instructions, "instruction"));
    if (p.unreached == 0) return out;
    std::string rows;
    for (const Unreached& u : p.coverage.unreached) {
      rows += "<tr>" + cell(code(fmt::format("{:#x}", u.pc)), "n") + count_cell(u.instructions) +
              cell(code(u.first)) + cell(u.guard.empty() ? "" : code(u.guard)) + "</tr>\n";
    }
    out += table({"at#", "length#", "first instruction", "the branch in front of it"}, rows);
    if (p.unreached > p.coverage.unreached.size())
      out += fmt::format("<p class=\"muted\">and {} shorter</p>\n",
                         p.unreached - p.coverage.unreached.size());
    return out;
  }

  std::string unreached() const {
    std::string out;
    std::set<std::string> missing;
    for (const ReportJob& job : m_.jobs) {
      if (!job.result.job.plant.empty()) continue;
      if (!job.no_coverage.empty()) missing.insert(job.no_coverage);
      std::string content;
      size_t blocks = 0;
      for (const ReportProgram& p : job.programs) {
        blocks += p.unreached;
        content += program(p);
      }
      if (blocks == 0) continue;
      out += fold(
          fmt::format("{} on {}: {:.1f} % ran, {} did not", kernel_name(job.result.job),
                      job.result.job.target, job.covered().value_or(0), plural(blocks, "block")),
          content);
    }
    for (const std::string& why : missing)
      out += "<p class=\"muted\">not known: " + xml_text(why) + "</p>\n";
    if (!out.empty()) return out;
    const bool known = std::any_of(m_.jobs.begin(), m_.jobs.end(),
                                   [](const ReportJob& job) { return !job.programs.empty(); });
    return known ? "<p>Every instruction of the kernels that ran.</p>\n"
                 : "<p>Nothing ran that would say.</p>\n";
  }

  std::string trends() const {
    const size_t first = m_.nights.size() - std::min(m_.nights.size(), kMostNights);
    std::vector<double> cases, findings, edges;
    std::vector<std::string> labels[3];
    for (size_t i = first; i < m_.nights.size(); ++i) {
      const CampaignRecord& r = m_.nights[i].first;
      const auto point = [&](std::vector<double>& to, std::vector<std::string>& labels,
                             uint64_t n) {
        to.push_back(static_cast<double>(n));
        labels.push_back(
            fmt::format("campaign {}, {}, seed {}: {}", r.id, r.started, r.key.seed, n));
      };
      point(cases, labels[0], r.cases);
      point(findings, labels[1], r.findings);
      point(edges, labels[2], r.edges);
    }
    std::string out;
    if (cases.size() < 2) {
      out = "<p>The first campaign of this database.</p>\n";
    } else {
      out = fmt::format(
                "<p class=\"muted\">The last {} of this database{}, planted bugs "
                "included.</p>\n<div class=\"trends\">\n",
                plural(cases.size(), "campaign"),
                m_.campaign.key.case_stride == 1 ? "" : " of this shard") +
            trend_html("cases", cases, labels[0]) + trend_html("findings", findings, labels[1]) +
            trend_html("edges", edges, labels[2]) + "</div>\n";
    }
    std::string changed;
    for (size_t n = 0; n < std::min(m_.nights.size(), kMostChanges); ++n) {
      const auto& [r, change] = m_.nights[m_.nights.size() - 1 - n];
      if (m_.nights.size() - n == 1) break;  // the first: everything is new
      std::string content;
      for (const std::string& f : change.added)
        content += "<div class=\"row\"><span><span class=\"bad\">new</span></span><span>" +
                   xml_text(f) + "</span></div>\n";
      for (const std::string& f : change.gone)
        content += "<div class=\"row\"><span><span class=\"good\">gone</span></span><span>" +
                   xml_text(f) + "</span></div>\n";
      if (content.empty()) continue;
      changed +=
          fold(fmt::format("campaign {}, {}, seed {}, {:.0f} s: {} new, {} gone", r.id, r.started,
                           r.key.seed, r.seconds, change.added.size(), change.gone.size()),
               content);
    }
    return out + changed;
  }

  std::string noted() const {
    std::string known, suspects;
    size_t shown = 0;
    for (const ReportJob& job : m_.jobs) {
      const Job& j = job.result.job;
      for (const auto& [note, cases] : job.result.known)
        known += "<tr>" + cell(breakable(kernel_name(j)), "name") + cell(xml_text(j.target)) +
                 count_cell(cases) + cell(xml_text(note), "wrap") + "</tr>\n";
      for (const SuspectCase& s : job.result.suspects) {
        if (++shown > kMostSuspects) break;
        suspects += "<tr>" + cell(breakable(kernel_name(j)), "name") + cell(xml_text(j.target)) +
                    count_cell(s.case_index) + cell(xml_text(s.message), "wrap") + "</tr>\n";
      }
    }
    std::string out;
    if (!known.empty())
      out += fold("known faults that cases showed",
                  table({"kernel", "target", "cases#", "fault"}, known));
    if (!suspects.empty())
      out += fold("suspect cases", table({"kernel", "target", "case#", "worst value"}, suspects));
    return out;
  }

  std::string footer() const {
    return fmt::format("<footer>Of campaign {} in {}. This file needs no network.</footer>\n",
                       m_.campaign.id, xml_text(m_.database));
  }

  const ReportModel& m_;
  const size_t right_;
};

}  // namespace

std::string html_report(const ReportModel& model) { return Page(model).text(); }

}  // namespace wavefuzz
