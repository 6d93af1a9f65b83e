#ifndef WAVEFUZZ_GPU_PARAMS_H_
#define WAVEFUZZ_GPU_PARAMS_H_

#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <variant>

namespace wavefuzz {

/// The parameters of one case by name: a size, a stride or an id (integer), a factor (real, such as
/// the softmax scale), or a choice (text, such as cache_dtype = "e4m3fnuz"). Ordered by name, so
/// that the same parameters always read the same.
class Params {
 public:
  using Value = std::variant<int64_t, double, std::string>;

  template <std::integral T>
  void set(const std::string& name, T value) {
    values_[name] = static_cast<int64_t>(value);
  }
  void set(const std::string& name, double value) { values_[name] = value; }
  void set(const std::string& name, const std::string& value) { values_[name] = value; }
  void set(const std::string& name, const char* value) { values_[name] = std::string(value); }

  /// Throws Error(kUsage) naming the parameter when it is missing or of the other kind.
  int64_t integer(const std::string& name) const;
  double real(const std::string& name) const;  ///< also of an integer
  const std::string& text(const std::string& name) const;

  bool has(const std::string& name) const { return values_.contains(name); }
  /// Adds those of `other`, which win.
  void merge(const Params& other) {
    for (const auto& [name, value] : other.values_) values_[name] = value;
  }
  const std::map<std::string, Value>& values() const { return values_; }

  bool operator==(const Params&) const = default;

 private:
  std::map<std::string, Value> values_;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_PARAMS_H_
