#ifndef WAVEFUZZ_GPU_JSON_VIEW_H_
#define WAVEFUZZ_GPU_JSON_VIEW_H_

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace wavefuzz {

/// Reads the JSON document of a file. Throws Error(kUsage) naming the file and the line and column
/// at fault.
nlohmann::json load_json(const std::string& path);

/// A value inside a JSON document that remembers where it stands, so that every complaint names
/// file, field and value. All members throw Error(kUsage).
class JsonView {
 public:
  JsonView(const nlohmann::json& value, std::string file) : JsonView(value, std::move(file), "") {}

  bool has(const std::string& key) const { return value_->is_object() && value_->contains(key); }
  JsonView at(const std::string& key) const;

  int64_t integer() const;
  double number() const;
  bool boolean() const;
  std::string text() const;
  std::vector<std::string> texts() const;
  std::vector<JsonView> items() const;
  std::vector<std::pair<std::string, JsonView>> members() const;

  /// An integer as it stands, or a text (an expression) as it stands.
  std::string integer_or_expression() const;

  /// Refuses a member that is none of `keys`: a mistyped name must not be silently ignored.
  void allow_only(std::initializer_list<const char*> keys) const;

  /// Throws Error(kUsage): "FILE: FIELD PROBLEM, is VALUE".
  [[noreturn]] void fail(const std::string& problem) const;

  const nlohmann::json& json() const { return *value_; }

 private:
  JsonView(const nlohmann::json& value, std::string file, std::string field)
      : value_(&value), file_(std::move(file)), field_(std::move(field)) {}

  const nlohmann::json* value_;
  std::string file_;
  std::string field_;  // "" for the document, else as in launch.groups[0]
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_JSON_VIEW_H_
