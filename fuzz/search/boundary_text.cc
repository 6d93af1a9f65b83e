// A boundary as a sentence and as JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "fuzz/search/boundary.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Form = AxisBoundary::Form;

constexpr std::pair<Form, const char*> kForms[] = {{Form::kAlways, "always"},
                                                   {Form::kInterval, "interval"},
                                                   {Form::kPeriodic, "periodic"},
                                                   {Form::kListed, "listed"},
                                                   {Form::kScattered, "scattered"}};

/// "3, 5..7, 9..15" of ascending values.
std::string ranges(const std::vector<int64_t>& values) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < values.size();) {
    size_t j = i;
    while (j + 1 < values.size() && values[j + 1] == values[j] + 1) ++j;
    if (j >= i + 2) {
      parts.push_back(fmt::format("{}..{}", values[i], values[j]));
    } else {
      for (size_t k = i; k <= j; ++k) parts.push_back(std::to_string(values[k]));
    }
    i = j + 1;
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// "passes at 240 and 256", "passes at 2; error sinks into the bound at 292".
std::string edges(const AxisBoundary& a) {
  std::vector<std::string> passing, sinking;
  if (a.passes_below)
    (a.sinks_below ? sinking : passing).push_back(std::to_string(*a.passes_below));
  if (a.passes_above)
    (a.sinks_above ? sinking : passing).push_back(std::to_string(*a.passes_above));
  std::vector<std::string> parts;
  if (!passing.empty()) parts.push_back(fmt::format("passes at {}", fmt::join(passing, " and ")));
  if (!sinking.empty())
    parts.push_back(fmt::format("error sinks into the bound at {}", fmt::join(sinking, " and ")));
  return fmt::format("{}", fmt::join(parts, "; "));
}

ordered_json to_json(const AxisBoundary& a) {
  ordered_json out = {{"axis", a.axis},
                      {"value", a.value},
                      {"words", a.words()},
                      {"bounded", a.bounded()},
                      {"values", a.values}};
  for (const auto& [form, name] : kForms) {
    if (form == a.form) out["form"] = name;
  }
  if (a.form == Form::kAlways) return out;
  if (a.form == Form::kListed || a.form == Form::kScattered) {
    out["fails"] = a.fails;
    return out;
  }
  out["first"] = a.first;
  out["last"] = a.last;
  if (a.form == Form::kPeriodic) {
    out["period"] = a.period;
    return out;
  }
  if (a.passes_below) out["passes_below"] = *a.passes_below;
  if (a.passes_above) out["passes_above"] = *a.passes_above;
  if (a.sinks_below) out["sinks_below"] = true;
  if (a.sinks_above) out["sinks_above"] = true;
  return out;
}

AxisBoundary axis_of(const json& in) {
  AxisBoundary a;
  a.axis = in.at("axis");
  a.value = in.at("value");
  a.values = in.at("values");
  const std::string form = in.at("form");
  for (const auto& [f, name] : kForms) {
    if (form == name) a.form = f;
  }
  if (in.contains("fails")) a.fails = in["fails"].get<std::vector<int64_t>>();
  a.first = in.value("first", int64_t{0});
  a.last = in.value("last", int64_t{0});
  a.period = in.value("period", int64_t{0});
  if (in.contains("passes_below")) a.passes_below = in["passes_below"].get<int64_t>();
  if (in.contains("passes_above")) a.passes_above = in["passes_above"].get<int64_t>();
  a.sinks_below = in.value("sinks_below", false);
  a.sinks_above = in.value("sinks_above", false);
  return a;
}

}  // namespace

bool AxisBoundary::bounded() const {
  if (form != Form::kInterval) return form != Form::kAlways;
  return (passes_below && !sinks_below) || (passes_above && !sinks_above);
}

std::string AxisBoundary::words() const {
  switch (form) {
    case Form::kAlways:
      return axis;
    case Form::kListed:
      return fmt::format("{} {}", axis, ranges(fails));
    case Form::kScattered:
      return fmt::format(
          "{} {} of {} tried", axis,
          fails.size() <= 12 ? ranges(fails) : fmt::format("{} values", fails.size()), values);
    case Form::kPeriodic: {
      const std::string what =
          first == last ? fmt::format("= {}", first) : fmt::format("in {}..{}", first, last);
      return fmt::format("{} % {} {}", axis, period, what);
    }
    case Form::kInterval:
      break;
  }
  std::string what;
  if (!passes_above) {
    what = fmt::format("from {}", first);
  } else if (!passes_below) {
    what = fmt::format("up to {}", last);
  } else {
    what = first == last ? fmt::format("= {}", first) : fmt::format("{}..{}", first, last);
  }
  return fmt::format("{} {} ({})", axis, what, edges(*this));
}

std::string Boundary::bounds() const {
  std::vector<std::string> bounded;
  for (const AxisBoundary& a : axes) {
    if (a.form != Form::kAlways) bounded.push_back(a.words());
  }
  return bounded.empty() ? "fails wherever it was tried"
                         : fmt::format("fails for {}", fmt::join(bounded, "; "));
}

void Boundary::update(const Boundary& other) {
  cases += other.cases;
  for (const AxisBoundary& a : other.axes) {
    const auto it = std::find_if(axes.begin(), axes.end(),
                                 [&](const AxisBoundary& mine) { return mine.axis == a.axis; });
    if (it == axes.end()) {
      axes.push_back(a);
    } else {
      *it = a;
    }
  }
}

bool share_an_edge(const Boundary& a, const Boundary& b) {
  const auto same_edge = [](const AxisBoundary& x, const AxisBoundary& y) {
    if (x.axis != y.axis || x.form != y.form || !x.bounded() || !y.bounded()) return false;
    if (x.form == Form::kPeriodic) return x.period == y.period;
    if (x.form != Form::kInterval) return x.form == Form::kListed && x.fails == y.fails;
    return (x.passes_below && x.passes_below == y.passes_below) ||
           (x.passes_above && x.passes_above == y.passes_above);
  };
  for (const AxisBoundary& x : a.axes) {
    if (std::any_of(b.axes.begin(), b.axes.end(),
                    [&](const AxisBoundary& y) { return same_edge(x, y); }))
      return true;
  }
  return false;
}

std::string Boundary::sentence() const {
  std::vector<std::string> free;
  for (const AxisBoundary& a : axes) {
    if (a.form == Form::kAlways) free.push_back(a.axis);
  }
  return bounds() + (free.empty() ? "" : fmt::format("; independent of {}", fmt::join(free, ", ")));
}

ordered_json to_json(const Boundary& boundary) {
  ordered_json axes = ordered_json::array();
  for (const AxisBoundary& a : boundary.axes) axes.push_back(to_json(a));
  return {{"sentence", boundary.sentence()},
          {"complete", boundary.complete},
          {"cases", boundary.cases},
          {"axes", axes}};
}

Boundary boundary_of(const json& in) {
  Boundary boundary;
  boundary.complete = in.at("complete");
  boundary.cases = in.at("cases");
  for (const json& axis : in.at("axes")) boundary.axes.push_back(axis_of(axis));
  return boundary;
}

}  // namespace wavefuzz
