#ifndef WAVEFUZZ_FUZZ_OPERATORS_CLAIMS_H_
#define WAVEFUZZ_FUZZ_OPERATORS_CLAIMS_H_

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/case/case.h"
#include "gpu/error.h"
#include "gpu/manifest.h"

namespace wavefuzz {

/// What a manifest claims, checked against what an operator has.
class Claims {
 public:
  explicit Claims(const Manifest& manifest) : manifest_(manifest) {}

  /// Throws Error(kUsage) where the claim is missing or no range.
  const Claim& range(const std::string& name) const {
    const Claim& claim = find(name);
    if (!claim.choices.empty()) fail(name, "must be a range {min, max}");
    return claim;
  }

  /// Throws Error(kUsage) where the claim is missing or no list of choices.
  const Claim& choices(const std::string& name) const {
    const Claim& claim = find(name);
    if (claim.choices.empty()) fail(name, "must be a list of choices");
    return claim;
  }

  /// The same, and where it has others than these texts.
  template <typename Known = std::initializer_list<const char*>>
  const Claim& choices(const std::string& name, const Known& known) const {
    const Claim& claim = choices(name);
    for (const std::string& choice : claim.choices) {
      if (std::find(std::begin(known), std::end(known), choice) == std::end(known))
        refuse(name, choice);
    }
    return claim;
  }

  /// The same of a claim that a manifest may leave out.
  template <typename Known>
  void optional_choices(const std::string& name, const Known& known) const {
    if (manifest_.claims.contains(name)) choices(name, known);
  }

  /// Throws Error(kUsage) for one choice of a claim.
  [[noreturn]] void refuse(const std::string& name, const std::string& choice,
                           const std::string& why = "which the operator does not have") const {
    fail(name, fmt::format("names '{}', {}", choice, why));
  }

 private:
  const Claim& find(const std::string& name) const {
    const auto it = manifest_.claims.find(name);
    if (it == manifest_.claims.end()) fail(name, "is missing");
    return it->second;
  }

  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    throw Error(Exit::kUsage, fmt::format("{}: field 'claims.{}' {}", manifest_.file, name, what));
  }

  const Manifest& manifest_;
};

/// The values that a claim has of `values`; at least its smallest.
inline std::vector<int64_t> claimed(const Claim& claim, std::vector<int64_t> values) {
  std::erase_if(values, [&](int64_t v) { return !claim.has(v); });
  if (values.empty()) values.push_back(claim.min);
  return values;
}

/// The claimed value at or next above `value`; the largest where there is none.
inline int64_t nearest(const Claim& claim, int64_t value) {
  if (!claim.values.empty()) {
    const auto it = std::lower_bound(claim.values.begin(), claim.values.end(), value);
    return it == claim.values.end() ? claim.values.back() : *it;
  }
  const int64_t step = claim.multiple_of;
  return std::clamp(value + (step - value % step) % step, claim.min, claim.max / step * step);
}

/// An integer parameter of a case. Throws Error(kUsage) when it is outside [min, max].
inline int64_t param_in(const Case& c, const std::string& name, int64_t min, int64_t max) {
  const int64_t value = c.params.integer(name);
  if (value < min || value > max) {
    throw Error(Exit::kUsage,
                fmt::format("parameter '{}' must be {}..{}, is {}", name, min, max, value));
  }
  return value;
}

/// An index tensor of a case. Throws Error(kUsage) when it does not have `size` entries.
inline const std::vector<int64_t>& integers_of(const Case& c, const std::string& name,
                                               size_t size) {
  const auto it = c.integers.find(name);
  if (it == c.integers.end() || it->second.size() != size) {
    throw Error(Exit::kUsage, fmt::format("tensor '{}' must have {} entries, has {}", name, size,
                                          it == c.integers.end() ? 0 : it->second.size()));
  }
  return it->second;
}

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_CLAIMS_H_
