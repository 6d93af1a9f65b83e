#include "fuzz/search/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <sstream>

#include "fuzz/search/parallel.h"
#include "gpu/error.h"
#include "gpu/expression.h"
#include "gpu/json_view.h"

namespace wavefuzz {
namespace {

using nlohmann::json;

constexpr size_t kMostCases = 10000;

void set_axis(Params& params, const std::string& name, const JsonView& value) {
  const json& v = value.json();
  if (v.is_string()) {
    params.set(name, v.get<std::string>());
  } else if (v.is_number_integer()) {
    params.set(name, v.get<int64_t>());
  } else if (v.is_number_float()) {
    params.set(name, v.get<double>());
  } else {
    value.fail("must be a number or a text");
  }
}

std::string text_of(const Params::Value& value) {
  return std::visit([](const auto& v) { return fmt::format("{}", v); }, value);
}

/// Fills a template in: "=EXPRESSION" gives a number, {axis} in a text the axis' value, and in a
/// list {"$repeat": X, "count": N} N times X, {"$range": N} 0..N-1.
json expand(const json& from, const Params& axes) {
  if (from.is_string()) {
    const std::string text = from.get<std::string>();
    if (text.starts_with("=")) {
      const double value = evaluate_real(text.substr(1), axes);
      if (value == std::floor(value) && std::abs(value) < 0x1p53)
        return static_cast<int64_t>(value);
      return value;
    }
    std::string out = text;
    for (const auto& [name, value] : axes.values())
      out = substitute(std::move(out), name, text_of(value));
    return out;
  }
  if (from.is_object()) {
    json out = json::object();
    for (const auto& [key, value] : from.items())
      out[expand(json(key), axes).get<std::string>()] = expand(value, axes);
    return out;
  }
  if (!from.is_array()) return from;
  json out = json::array();
  for (const json& item : from) {
    if (item.is_object() && item.contains("$range")) {
      const auto count = expand(item.at("$range"), axes).get<int64_t>();
      for (int64_t i = 0; i < count; ++i) out.push_back(i);
    } else if (item.is_object() && item.contains("$repeat")) {
      const json value = expand(item.at("$repeat"), axes);
      const auto count = expand(item.value("count", json(1)), axes).get<int64_t>();
      for (int64_t i = 0; i < count; ++i) out.push_back(value);
    } else {
      out.push_back(expand(item, axes));
    }
  }
  return out;
}

/// Every combination of the axes' values, in order of their names, the last fastest.
void for_each_point(const std::vector<std::pair<std::string, JsonView>>& axes, size_t at,
                    Params& point, std::vector<std::pair<std::string, std::string>>& shown,
                    const std::function<void()>& visit) {
  if (at == axes.size()) return visit();
  const auto& [name, values] = axes[at];
  for (const JsonView& value : values.items()) {
    const size_t before = shown.size();
    if (value.json().is_object()) {  // several parameters that go together
      for (const auto& [part, v] : value.members()) {
        set_axis(point, part, v);
        shown.emplace_back(part, text_of(point.values().at(part)));
      }
    } else {
      set_axis(point, name, value);
      shown.emplace_back(name, text_of(point.values().at(name)));
    }
    for_each_point(axes, at + 1, point, shown, visit);
    shown.resize(before);
  }
}

void check_verdicts(const JsonView& view, const std::string& text) {
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, '|');) {
    bool known = false;
    for (const Status status : kStatuses) known |= part == name(status);
    if (!known) view.fail(fmt::format("'{}' is no verdict", part));
  }
}

void read_expectation(const JsonView& view, const Params& point, ScenarioCase& to) {
  for (const JsonView& rule : view.items()) {
    rule.allow_only({"when", "verdict", "signature"});
    if (rule.has("when") && evaluate(rule.at("when").text(), point) == 0) continue;
    to.expected_verdict = rule.at("verdict").text();
    check_verdicts(rule.at("verdict"), to.expected_verdict);
    if (rule.has("signature")) {
      to.expected_signature = rule.at("signature").text();
      if (!names_a_kind(to.expected_signature))
        rule.at("signature").fail("must begin with a kind of finding");
    }
    return;
  }
  view.fail("has no rule for one of the cases");
}

void read_group(const JsonView& group, Scenario& scenario) {
  group.allow_only({"name", "axes", "where", "case", "expect"});
  const std::string group_name = group.at("name").text();
  const auto axes = group.at("axes").members();
  Params point;
  std::vector<std::pair<std::string, std::string>> shown;
  for_each_point(axes, 0, point, shown, [&] {
    if (group.has("where") && evaluate(group.at("where").text(), point) == 0) return;
    if (scenario.cases.size() >= kMostCases)
      group.fail(fmt::format("gives more than {} cases", kMostCases));
    ScenarioCase& c = scenario.cases.emplace_back();
    c.group = group_name;
    c.axes = shown;
    const json filled = expand(group.at("case").json(), point);
    std::string where = scenario.name + " '" + group_name + "'";
    for (const auto& [name, value] : shown) where += fmt::format(" {}={}", name, value);
    c.c = parse_case(JsonView(filled, where));
    read_expectation(group.at("expect"), point, c);
  });
}

std::string figure(double value) { return fmt::format("{:.4f}", value); }

using Table = std::vector<std::vector<std::string>>;

std::string layout(const Table& table, bool markdown) {
  std::vector<size_t> widths(table.front().size());
  for (const auto& row : table) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (size_t r = 0; r < table.size(); ++r) {
    std::string line = markdown ? "|" : "";
    for (size_t i = 0; i < widths.size(); ++i) {
      line += markdown ? fmt::format(" {} |", table[r][i])
                       : fmt::format("{:<{}}  ", table[r][i], widths[i]);
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    if (markdown && r == 0) {
      out += "|";
      for (size_t i = 0; i < widths.size(); ++i) out += "---|";
      out += "\n";
    }
  }
  return out;
}

/// Columns of figures that some case of the group has.
std::vector<std::string> row_of(const ScenarioCase& c, const ScenarioResult& r, size_t index,
                                bool cosines, bool overlaps) {
  std::vector<std::string> row = {std::to_string(index)};
  for (const auto& [name, value] : c.axes) row.push_back(value);
  if (!r.verdict) {
    row.push_back("skipped");
    row.push_back("");
  } else {
    row.push_back(std::string(name(r.verdict->status)) + (r.as_expected ? "" : " (!)"));
    row.push_back(r.verdict->status == Status::kFail ? signature(*r.verdict) : "");
  }
  const GateFigures f = r.verdict ? r.verdict->figures : GateFigures();
  if (cosines) {
    for (const auto part :
         {&GateFigures::Cosine::min, &GateFigures::Cosine::mean, &GateFigures::Cosine::max})
      row.push_back(f.cosine ? figure(*f.cosine.*part) : "");
  }
  if (overlaps) row.push_back(f.overlap ? figure(*f.overlap) : "");
  return row;
}

}  // namespace

Scenario Scenario::load(const std::string& path) {
  const json document = load_json(path);
  const JsonView view(document, path);
  view.allow_only({"scenario", "summary", "groups"});
  Scenario scenario;
  scenario.name = view.at("scenario").text();
  scenario.summary = view.at("summary").text();
  for (const JsonView& group : view.at("groups").items()) read_group(group, scenario);
  return scenario;
}

std::vector<ScenarioResult> run_scenario(const Harness& harness, const Scenario& scenario,
                                         int threads, const std::atomic<bool>& interrupted) {
  std::vector<ScenarioResult> results(scenario.cases.size());
  parallel_for(results.size(), threads, [&](size_t i) {
    const ScenarioCase& c = scenario.cases[i];
    ScenarioResult& r = results[i];
    try {
      if (interrupted) {
        r.skipped = "interrupted";
        return;
      }
      r.verdict = harness.evaluate(c.c, {.gates = true});
      r.as_expected =
          ("|" + c.expected_verdict + "|").find(fmt::format("|{}|", name(r.verdict->status))) !=
              std::string::npos &&
          (c.expected_signature.empty() || agrees(c.expected_signature, signature(*r.verdict)));
    } catch (const Error& e) {
      if (e.exit() != Exit::kTargetUnavailable) throw;
      r.skipped = e.what();
    }
  });
  return results;
}

std::string scenario_table(const Scenario& scenario, const std::vector<ScenarioResult>& results,
                           bool markdown) {
  std::string out;
  for (size_t begin = 0; begin < results.size();) {
    const std::string& group = scenario.cases[begin].group;
    size_t end = begin;
    bool cosines = false, overlaps = false;
    while (end < results.size() && scenario.cases[end].group == group) {
      if (results[end].verdict) {
        cosines |= results[end].verdict->figures.cosine.has_value();
        overlaps |= results[end].verdict->figures.overlap.has_value();
      }
      ++end;
    }
    Table table = {{"#"}};
    for (const auto& [name, value] : scenario.cases[begin].axes) table[0].push_back(name);
    table[0].insert(table[0].end(), {"verdict", "first finding"});
    if (cosines) table[0].insert(table[0].end(), {"cosine min", "mean", "max"});
    if (overlaps) table[0].push_back("top-k overlap");
    for (size_t i = begin; i < end; ++i)
      table.push_back(row_of(scenario.cases[i], results[i], i, cosines, overlaps));
    out += (markdown ? "**" + group + "**\n\n" : group + "\n") + layout(table, markdown) + "\n";
    begin = end;
  }
  return out;
}

nlohmann::ordered_json scenario_json(const Scenario& scenario,
                                     const std::vector<ScenarioResult>& results) {
  nlohmann::ordered_json cases = nlohmann::ordered_json::array();
  for (size_t i = 0; i < results.size(); ++i) {
    const ScenarioCase& c = scenario.cases[i];
    const ScenarioResult& r = results[i];
    nlohmann::ordered_json item = {{"index", i}, {"group", c.group}};
    for (const auto& [name, value] : c.axes) item["axes"][name] = value;
    item["kernel"] = kernel_name(c.c);
    item["target"] = c.c.target;
    item["expected"] = c.expected_verdict;
    if (r.verdict) {
      item["verdict"] = name(r.verdict->status);
      item["signature"] = signature(*r.verdict);
      item["as_expected"] = r.as_expected;
      const GateFigures& f = r.verdict->figures;
      if (f.cosine) {
        item["cosine"] = {{"min", f.cosine->min}, {"mean", f.cosine->mean}, {"max", f.cosine->max}};
      }
      if (f.overlap) item["top_k_overlap"] = *f.overlap;
    } else {
      item["skipped"] = r.skipped;
    }
    cases.push_back(item);
  }
  return {{"scenario", scenario.name}, {"cases", cases}};
}

}  // namespace wavefuzz
