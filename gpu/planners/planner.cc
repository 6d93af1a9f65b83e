#include "gpu/planners/planner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>

#include "gpu/error.h"
#include "gpu/planners/aiter_mla.h"
#include "gpu/planners/aiter_pa.h"
#include "gpu/planners/aiter_work_per_sequence.h"

namespace wavefuzz {

const std::vector<const Planner*>& planners() {
  static const AiterWorkPerSequence aiter_work_per_sequence;
  static const AiterMla aiter_mla;
  static const AiterPa aiter_pa;
  static const std::vector<const Planner*> all = {&aiter_work_per_sequence, &aiter_mla, &aiter_pa};
  return all;
}

const Planner& find_planner(const std::string& name) {
  std::vector<std::string> names;
  for (const Planner* planner : planners()) {
    if (planner->name() == name) return *planner;
    names.push_back(planner->name());
  }
  throw Error(Exit::kUsage,
              fmt::format("planner '{}' is unknown; there are {}", name, fmt::join(names, ", ")));
}

Buffer int32_buffer(std::string name, const std::vector<int32_t>& values) {
  Buffer buffer = {.name = std::move(name), .bytes = values.size() * sizeof(int32_t)};
  std::vector<uint8_t> bytes(buffer.bytes);
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  buffer.contents.push_back({0, std::move(bytes)});
  return buffer;
}

}  // namespace wavefuzz
