#include "gpu/json_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "gpu/error.h"

namespace wavefuzz {

using nlohmann::json;

json load_json(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw Error(Exit::kUsage, fmt::format("{}: {}", path, std::strerror(errno)));
  try {
    return json::parse(in);
  } catch (const json::parse_error& e) {
    // The library's text already says line and column; its leading tag says nothing to a user.
    const std::string what = e.what();
    const auto at = what.find("parse error");
    throw Error(Exit::kUsage,
                fmt::format("{}: {}", path, at == std::string::npos ? what : what.substr(at)));
  } catch (const json::exception& e) {  // a directory, for one
    throw Error(Exit::kUsage, fmt::format("{}: cannot be read as JSON", path));
  }
}

JsonView JsonView::at(const std::string& key) const {
  if (!value_->is_object()) fail("must be an object");
  const std::string field = field_.empty() ? key : field_ + "." + key;
  const auto it = value_->find(key);
  if (it == value_->end())
    throw Error(Exit::kUsage, fmt::format("{}: field '{}' is missing", file_, field));
  return JsonView(*it, file_, field);
}

int64_t JsonView::integer() const {
  if (!value_->is_number_integer()) fail("must be an integer");
  return value_->get<int64_t>();
}

double JsonView::number() const {
  if (!value_->is_number()) fail("must be a number");
  return value_->get<double>();
}

bool JsonView::boolean() const {
  if (!value_->is_boolean()) fail("must be true or false");
  return value_->get<bool>();
}

std::string JsonView::text() const {
  if (!value_->is_string()) fail("must be a text");
  return value_->get<std::string>();
}

std::vector<std::string> JsonView::texts() const {
  std::vector<std::string> out;
  for (const JsonView& item : items()) out.push_back(item.text());
  return out;
}

std::vector<JsonView> JsonView::items() const {
  if (!value_->is_array()) fail("must be a list");
  std::vector<JsonView> out;
  for (size_t i = 0; i < value_->size(); ++i) {
    out.push_back(JsonView((*value_)[i], file_, fmt::format("{}[{}]", field_, i)));
  }
  return out;
}

std::vector<std::pair<std::string, JsonView>> JsonView::members() const {
  if (!value_->is_object()) fail("must be an object");
  std::vector<std::pair<std::string, JsonView>> out;
  for (auto it = value_->begin(); it != value_->end(); ++it)
    out.emplace_back(it.key(), at(it.key()));
  return out;
}

std::string JsonView::integer_or_expression() const {
  if (value_->is_number_integer()) return std::to_string(value_->get<int64_t>());
  if (!value_->is_string()) fail("must be an integer or an expression");
  return value_->get<std::string>();
}

void JsonView::allow_only(std::initializer_list<const char*> keys) const {
  for (const auto& [key, member] : members()) {
    const bool known =
        std::any_of(keys.begin(), keys.end(), [&](const char* k) { return key == k; });
    if (!known)
      throw Error(Exit::kUsage, fmt::format("{}: field '{}' is unknown", file_, member.field_));
  }
}

void JsonView::fail(const std::string& problem) const {
  constexpr size_t kLongest = 60;
  std::string value = value_->dump();
  if (value.size() > kLongest) value = value.substr(0, kLongest) + "...";
  const std::string field = field_.empty() ? "the document" : fmt::format("field '{}'", field_);
  throw Error(Exit::kUsage, fmt::format("{}: {} {}, is {}", file_, field, problem, value));
}

}  // namespace wavefuzz
