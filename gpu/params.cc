#include "gpu/params.h"

#include <fmt/format.h>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

const Params::Value& find(const std::map<std::string, Params::Value>& values,
                          const std::string& name) {
  const auto it = values.find(name);
  if (it == values.end()) throw Error(Exit::kUsage, fmt::format("parameter '{}' is missing", name));
  return it->second;
}

template <typename T>
const T& get(const std::map<std::string, Params::Value>& values, const std::string& name,
             const char* kind) {
  const T* value = std::get_if<T>(&find(values, name));
  if (value == nullptr)
    throw Error(Exit::kUsage, fmt::format("parameter '{}' must be {}", name, kind));
  return *value;
}

}  // namespace

int64_t Params::integer(const std::string& name) const {
  return get<int64_t>(values_, name, "an integer");
}

double Params::real(const std::string& name) const {
  if (const auto* integer = std::get_if<int64_t>(&find(values_, name)))
    return static_cast<double>(*integer);
  return get<double>(values_, name, "a number");
}

const std::string& Params::text(const std::string& name) const {
  return get<std::string>(values_, name, "a text");
}

}  // namespace wavefuzz
