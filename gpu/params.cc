#include "gpu/params.h"

#include <fmt/format.h>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

template <typename T>
const T& get(const std::map<std::string, Params::Value>& values, const std::string& name,
             const char* kind) {
  const auto it = values.find(name);
  if (it == values.end()) throw Error(Exit::kUsage, fmt::format("parameter '{}' is missing", name));
  const T* value = std::get_if<T>(&it->second);
  if (value == nullptr)
    throw Error(Exit::kUsage, fmt::format("parameter '{}' must be {}", name, kind));
  return *value;
}

}  // namespace

int64_t Params::integer(const std::string& name) const {
  return get<int64_t>(values_, name, "an integer");
}

const std::string& Params::text(const std::string& name) const {
  return get<std::string>(values_, name, "a text");
}

}  // namespace wavefuzz
