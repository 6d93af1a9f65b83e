#include "fuzz/cli/boundary_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "fuzz/cli/paths.h"
#include "fuzz/cli/terminal.h"
#include "fuzz/judge/corpus.h"
#include "fuzz/search/boundary.h"
#include "fuzz/search/verdict_map.h"

namespace wavefuzz {
namespace {

// More columns than a terminal has would wrap.
constexpr size_t kTextColumns = 96, kTextRows = 48;
constexpr size_t kPictureColumns = 512, kPictureRows = 512;

const char* name(Effect effect) {
  switch (effect) {
    case Effect::kFails:
      return "fails";
    case Effect::kPasses:
      return "passes";
    case Effect::kOther:
      return "fails otherwise";
    case Effect::kNone:
      break;
  }
  return "none";
}

uint64_t count(const AxisBoundary& axis, Effect effect) {
  return static_cast<uint64_t>(std::count_if(axis.tried.begin(), axis.tried.end(),
                                             [&](auto& t) { return t.second == effect; }));
}

nlohmann::ordered_json json_of(const Case& c, const Verdict& verdict, const Boundary& boundary) {
  nlohmann::ordered_json json = {
      {"kernel", kernel_name(c)}, {"target", c.target}, {"signature", signature(verdict)}};
  json.update(to_json(boundary));
  for (size_t i = 0; i < boundary.axes.size(); ++i) {
    nlohmann::ordered_json& tried = json["axes"][i]["tried"] = nlohmann::ordered_json::object();
    for (const auto& [value, effect] : boundary.axes[i].tried)
      tried[std::to_string(value)] = name(effect);
  }
  return json;
}

/// The case of the command line and its verdict; nothing when it does not fail, which is said.
std::optional<std::pair<Case, Verdict>> failing_case(const Harness& harness, const Options& options,
                                                     Exit& exit) {
  Case c = given_case(options);
  Verdict verdict = harness.evaluate(c);
  if (verdict.status == Status::kFail) return std::pair(std::move(c), std::move(verdict));
  print_verdict(text_out(options), harness, c, verdict);
  exit = Exit::kNothingRan;
  return std::nullopt;
}

}  // namespace

Exit boundary(const Options& options) {
  const Harness harness = make_harness(options);
  Exit exit = Exit::kClean;
  const auto failing = failing_case(harness, options, exit);
  if (!failing) return exit;
  const auto& [c, verdict] = *failing;
  BoundaryLimits limits;
  limits.axes = options.only_axes;
  if (options.seconds > 0) limits.seconds = options.seconds;
  const Boundary found = find_boundary(harness, c, verdict, limits, options.threads, interrupted);
  if (options.json) {
    std::cout << json_of(c, verdict, found).dump(1) << "\n";
    return Exit::kFindings;
  }
  fmt::print("{} on {}: {}\n{}\n", kernel_name(c), c.target, signature(verdict), found.sentence());
  for (const AxisBoundary& axis : found.axes) {
    fmt::print("  {:<16} {} fail and {} pass of {} tried, {}..{}\n", axis.axis,
               count(axis, Effect::kFails), count(axis, Effect::kPasses), axis.tried.size(),
               axis.tried.begin()->first, axis.tried.rbegin()->first);
  }
  fmt::print("{} cases{}\n", found.cases, found.complete ? "" : "; stopped before the end");
  return Exit::kFindings;
}

Exit map(const Options& options) {
  const std::vector<AxisRange> ranges = parse_axes(options.axes);
  const Harness harness = make_harness(options);
  Exit exit = Exit::kClean;
  const auto failing = failing_case(harness, options, exit);
  if (!failing) return exit;
  const auto& [c, verdict] = *failing;
  const std::string wanted = signature(verdict);
  const Case base = boundary_base(harness, c, wanted);
  const bool picture = !options.svg.empty() || !options.png.empty() || options.json;
  const VerdictMap map = draw_map(harness, base, wanted, ranges,
                                  {.columns = picture ? kPictureColumns : kTextColumns,
                                   .rows = picture ? kPictureRows : kTextRows},
                                  options.threads, interrupted);
  if (interrupted) return Exit::kFindings;
  if (!options.svg.empty()) write_file(user_path(options.svg), svg_of(map));
  if (!options.png.empty()) write_file(user_path(options.png), png_of(map));
  if (options.json) {
    nlohmann::ordered_json json = {
        {"kernel", kernel_name(c)}, {"target", c.target}, {"signature", wanted}};
    json.update(to_json(map));
    std::cout << json.dump(1) << "\n";
  }
  if (!picture) fmt::print("{}", text_of(map));
  return Exit::kFindings;
}

}  // namespace wavefuzz
