#include "gpu/problem.h"

#include <fmt/format.h>

#include <algorithm>

#include "gpu/error.h"

namespace wavefuzz {

const Buffer& Problem::buffer(const std::string& name) const {
  const auto it =
      std::find_if(buffers.begin(), buffers.end(), [&](const Buffer& b) { return b.name == name; });
  if (it == buffers.end())
    throw Error(Exit::kUsage, fmt::format("the problem has no buffer '{}'", name));
  return *it;
}

}  // namespace wavefuzz
