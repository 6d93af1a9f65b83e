#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>

#include "fuzz/case/text.h"
#include "fuzz/judge/gates.h"
#include "fuzz/report/html_parts.h"
#include "fuzz/report/rules.h"

namespace wavefuzz {
namespace {

/// What the shades mean, where values have a bound and where they have none.
struct ShadeMeaning {
  Shade shade;
  const char* bounded;
  const char* exact;
};
constexpr ShadeMeaning kMeanings[] = {
    {Shade::kRight, "within the bound", "right"},
    {Shade::kWrong1, "up to 10 times the bound", "off by up to 1 % of the largest value"},
    {Shade::kWrong2, "up to 1000 times", "by up to 100 %"},
    {Shade::kWrong3, "more", "by more"},
    {Shade::kNotFinite, "NaN, infinite or not written", "NaN, infinite or not written"},
};

std::string row(const char* name, const std::string& value) {
  return fmt::format("<div class=\"row\"><span>{}</span><span>{}</span></div>\n", name, value);
}

std::string gates_row(const ReportFinding& f) {
  std::string missed, caught;
  for (const Gate& gate : kGates) {
    const auto it = f.gates.find(gate.name);
    if (it == f.gates.end()) continue;
    std::string& list = it->second ? missed : caught;
    list += fmt::format("{}<span title=\"{}: {}\">{}</span>", list.empty() ? "" : ", ",
                        xml_text(gate.used_by), xml_text(gate.rule), xml_text(gate.name));
  }
  if (missed.empty() && caught.empty()) return "no gate of a peer judges this";
  if (missed.empty()) return "every gate of peers that compares it catches it: " + caught;
  return "<strong class=\"bad\">missed by " + missed + "</strong>" +
         (caught.empty() ? "" : "; caught by " + caught);
}

std::string number(double v) { return xml_text(fmt::format("{:.6g}", v)); }

std::string steps(uint64_t count, uint64_t step, const std::string& axes) {
  std::string out = fmt::format("{} ({})", count, axes.empty() ? "one" : xml_text(axes));
  if (step != 1) out += fmt::format(", {} to a cell", step);
  return out;
}

std::string picture_html(const Picture& p) {
  const uint64_t cell = p.width <= 16 ? 16 : p.width <= 64 ? 8 : p.width <= 128 ? 5 : 3;
  const uint64_t tall = p.height * cell < 24 ? 24 / std::max<uint64_t>(p.height, 1) : cell;
  std::string out = fmt::format(
      "<figure>\n<figcaption><code>{}</code>: |got - expected|, {} of {} values wrong{}{}. "
      "<span class=\"muted\">Down: {}; to the right: {}.</span></figcaption>\n",
      xml_text(p.place), p.wrong, p.compared,
      p.not_finite == 0 ? "" : fmt::format(", {} of them not finite or not written", p.not_finite),
      p.largest == 0 ? "" : ", the largest by " + number(p.largest),
      steps(p.row_count, p.row_step, p.rows), steps(p.column_count, p.column_step, p.columns));
  out += fmt::format(
      "<div class=\"scroll\"><img src=\"{}\" alt=\"{}\" style=\"width:{}px;height:{}px\"/></div>\n",
      png_uri(p), xml_text(fmt::format("Where {} is wrong", p.place)), p.width * cell,
      p.height * tall);
  out += "<ul class=\"legend\">";
  for (const ShadeMeaning& m : kMeanings) {
    if (std::find(p.cells.begin(), p.cells.end(), m.shade) == p.cells.end()) continue;
    out += fmt::format("<li><i style=\"background:{}\"></i>{}</li>", colour(m.shade),
                       p.bounded ? m.bounded : m.exact);
  }
  out += "</ul>\n";
  if (!p.worst.empty()) {
    out +=
        "<div class=\"scroll\"><table class=\"few\"><thead><tr><th>the worst</th><th "
        "class=\"n\">expected</th>"
        "<th class=\"n\">got</th>";
    if (p.bounded) out += "<th class=\"n\">bound</th>";
    out += "</tr></thead><tbody>\n";
    for (const Picture::Element& e : p.worst) {
      out += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>",
                         xml_text(e.name), number(e.expected), number(e.got));
      if (p.bounded) out += fmt::format("<td class=\"n\">{}</td>", number(e.bound));
      out += "</tr>\n";
    }
    out += "</tbody></table></div>\n";
  }
  return out + "</figure>\n";
}

std::string listing_html(const ReportFinding& f) {
  std::string out =
      fmt::format("<p class=\"muted\">{}</p>\n<pre class=\"listing\">", xml_text(f.program));
  for (const ListingLine& line : f.listing) {
    const bool here = line.pc == f.pc;
    out += fmt::format("<span{}>{} {:#8x}  {}</span>", here ? " class=\"here\"" : "",
                       here ? "&gt;" : " ", line.pc, xml_text(line.text));
  }
  return out + "</pre>\n";
}

/// RFC 3986: what may stand in a data URI and in an attribute stays, all else is written as bytes.
std::string svg_uri(const std::string& svg) {
  std::string out = "data:image/svg+xml,";
  for (const char c : svg) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) || std::strchr("-._~ =:/;,()", c);
    if (plain && c != '\0') {
      out += c == ' ' ? std::string("%20") : std::string(1, c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string details(const std::string& summary, const std::string& content, bool open) {
  return fmt::format("<details{}><summary>{}</summary>\n{}</details>\n",
                     open ? " open=\"open\"" : "", summary, content);
}

}  // namespace

std::string finding_html(const ReportFinding& f, const std::string& id, bool open) {
  std::string out = fmt::format("<article id=\"{}\">\n<h3><code>{}</code></h3>\n", xml_text(id),
                                xml_text(f.signature));
  out += fmt::format("<p class=\"kernel\">{} on {}, case {}</p>\n", xml_text(kernel_name(f.job)),
                     xml_text(f.job.target), f.case_index);
  out += fmt::format("<p class=\"what\" title=\"{}\">{}</p>\n",
                     xml_text(meaning_of(kind_of(f.signature))), xml_text(f.message));
  if (f.first() != nullptr) {
    for (const SourcePlace& place : source_places(*f.first()))
      out += row(place.role, "<code>" + xml_text(place.text()) + "</code>");
  }
  if (!f.boundary.empty()) out += row("boundary", xml_text(f.boundary));
  if (!f.known.empty()) {
    out += row(f.regression ? "regression" : "known",
               fmt::format("{}{}, <a class=\"out\" rel=\"noreferrer\" href=\"{}\">{}</a>{}",
                           f.regression ? "<strong class=\"bad\">" : "", xml_text(f.known),
                           xml_text(f.link), xml_text(f.link), f.regression ? "</strong>" : ""));
  }
  if (!f.shrunk.empty()) {
    out += row("shrunk", xml_text(f.shrunk));
  } else {
    out += row("case", xml_text(f.drawn));
  }
  if (f.not_run.empty() && f.now.empty()) out += row("gates", gates_row(f));
  if (!f.not_run.empty())
    out += row("run again", "no: " + xml_text(f.not_run));
  else if (!f.alike)
    out += row("run again",
               "<strong class=\"bad\">does not fail alike now: " + xml_text(f.now) + "</strong>");
  if (!f.history.empty()) out += row("history", xml_text(f.history));
  out += fmt::format("<div class=\"row\"><span>replay</span><pre><code>{}</code></pre></div>\n",
                     xml_text(f.replay));

  if (!f.map.empty()) {
    // As an image, so that its style is its own.
    out += details(
        "where it fails",
        fmt::format("<figure>\n<figcaption class=\"muted\">{}</figcaption>\n"
                    "<div class=\"scroll\"><img class=\"map\" src=\"{}\" alt=\"{}\"/>"
                    "</div>\n</figure>\n",
                    xml_text(f.map_says), svg_uri(f.map), xml_text("Verdicts: " + f.map_says)),
        open);
  }
  std::string pictures;
  for (const Picture& p : f.pictures) pictures += picture_html(p);
  if (!pictures.empty()) out += details("the difference", pictures, open);
  if (!f.listing.empty())
    out += details(fmt::format("the instruction, at {:#x}", f.pc), listing_html(f), open);
  std::string rest;
  if (!f.shrunk.empty()) rest += row("drawn", xml_text(f.drawn));
  rest += row("shrinking", xml_text(f.shrinking));
  for (const Finding& finding : f.details) {
    rest += fmt::format("<p class=\"what\"><code>{}</code> {}</p>\n",
                        xml_text(std::string(name(finding.kind))), xml_text(finding.message));
  }
  if (!f.notes.empty()) {
    rest += "<pre>";
    for (const std::string& note : f.notes) rest += xml_text(note) + "\n";
    rest += "</pre>\n";
  }
  return out + details("all that the verdict says", rest, false) + "</article>\n";
}

std::string trend_html(const std::string& title, const std::vector<double>& values,
                       const std::vector<std::string>& labels) {
  constexpr double kWidth = 240, kHeight = 60;
  const double most = std::max(1.0, *std::max_element(values.begin(), values.end()));
  const auto x = [&](size_t i) {
    return values.size() == 1
               ? kWidth / 2
               : kWidth * static_cast<double>(i) / static_cast<double>(values.size() - 1);
  };
  const auto y = [&](double v) { return kHeight - 4 - (kHeight - 8) * v / most; };
  std::string points, dots;
  for (size_t i = 0; i < values.size(); ++i) {
    points += fmt::format("{}{:.1f},{:.1f}", i == 0 ? "" : " ", x(i), y(values[i]));
    dots += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"currentColor\">"
        "<title>{}</title></circle>",
        x(i), y(values[i]), i + 1 == values.size() ? 3 : 1.5, xml_text(labels[i]));
  }
  return fmt::format(
      "<div class=\"trend\"><p class=\"over\">{}</p><p><strong>{:.0f}</strong> "
      "<span class=\"muted\">at most {:.0f}</span></p>\n"
      "<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"xMinYMid meet\" role=\"img\" "
      "aria-label=\"{}\">"
      "<line x1=\"0\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"var(--line)\"/>"
      "<polyline points=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" "
      "stroke-linejoin=\"round\"/>{}</svg></div>\n",
      xml_text(title), values.back(), *std::max_element(values.begin(), values.end()), kWidth,
      kHeight, xml_text(title), kHeight - 4, kWidth, kHeight - 4, points, dots);
}

}  // namespace wavefuzz
