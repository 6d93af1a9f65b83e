#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/options.h"
#include "fuzz/store/version.h"
#include "gpu/targets/target.h"

namespace wavefuzz {
namespace {

Exit list(const Options& options) {
  const Harness harness = make_harness(options);
  nlohmann::ordered_json json = {{"version", kVersion},
                                 {"targets", target_names()},
                                 {"kernels", nlohmann::ordered_json::array()}};
  for (const auto& [kernel, m] : harness.manifests()) {
    nlohmann::ordered_json plants = nlohmann::ordered_json::array();
    for (const Plant& p : m.plants) {
      plants.push_back({{"name", kernel + "+" + p.name},
                        {"summary", p.summary},
                        {"history", p.history},
                        {"note", p.note}});
    }
    json["kernels"].push_back({{"name", kernel},
                               {"operator", m.op},
                               {"summary", m.summary},
                               {"arches", m.arches},
                               {"planted", plants}});
  }
  if (options.json) {
    std::cout << json.dump(1) << "\n";
    return Exit::kClean;
  }
  fmt::print("wavefuzz {}\ntargets: {}\n", kVersion, fmt::join(target_names(), ", "));
  for (const auto& [kernel, m] : harness.manifests()) {
    fmt::print("{}\n    {}\n", kernel, m.summary);
    for (const Plant& p : m.plants)
      fmt::print("{}+{}\n    planted: {}\n", kernel, p.name, p.summary);
  }
  return Exit::kClean;
}

}  // namespace

void add_list_command(CLI::App& app, Session& session) {
  add_command(app, session, "list", "List kernels, planted bugs and targets", add_kernels, list);
}

}  // namespace wavefuzz
