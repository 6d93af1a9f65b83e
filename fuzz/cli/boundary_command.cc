#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/failing_case.h"
#include "fuzz/cli/options.h"
#include "fuzz/search/boundary.h"

namespace wavefuzz {
namespace {

struct BoundaryOptions : CaseArguments {
  std::vector<std::string> only_axes;
  double seconds = 0;
};

void declare(CLI::App& app, BoundaryOptions& options) {
  add_kernels(app, options);
  app.add_option("file", options.file, "Case or corpus file")->required();
  add_threads(app, options);
  app.add_option("--axis", options.only_axes, "These axes alone")->delimiter(',');
  app.add_option("--seconds", options.seconds, "For each axis; 3")->check(CLI::PositiveNumber);
}

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

Exit boundary(const BoundaryOptions& options) {
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

}  // namespace

void add_boundary_command(CLI::App& app, Session& session) {
  add_command(app, session, "boundary",
              "Say from where to where a failure goes, along each axis of its case", declare,
              boundary);
}

}  // namespace wavefuzz
