#include "gpu/targets/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "gpu/error.h"
#include "gpu/targets/sim_target.h"

namespace wavefuzz {

const std::vector<Extent>& Outcome::written_to(const std::string& buffer) const {
  static const std::vector<Extent> kNothing;
  const auto it =
      std::find_if(written.begin(), written.end(), [&](const auto& w) { return w.name == buffer; });
  return it == written.end() ? kNothing : it->extents;
}

std::vector<std::string> target_names() { return {"sim:gfx942", "sim:gfx950"}; }

std::unique_ptr<Target> make_target(const std::string& name) {
  for (const sim::Arch arch : {sim::Arch::kGfx942, sim::Arch::kGfx950}) {
    if (name == "sim:" + std::string(sim::name(arch))) return make_sim_target(arch);
  }
  throw Error(Exit::kUsage, fmt::format("target '{}' is unknown; there are {}", name,
                                        fmt::join(target_names(), ", ")));
}

}  // namespace wavefuzz
