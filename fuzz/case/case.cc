#include "fuzz/case/case.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <tuple>

#include "gpu/error.h"

namespace wavefuzz {

using nlohmann::ordered_json;

namespace {

constexpr int64_t kMostExponent = 126;  // 2^+-126 is a normal f32

template <typename T>
T parse_number(const JsonView& view, std::string_view text, int base) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    view.fail("must be a number");
  return value;
}

uint32_t parse_bits(const JsonView& view) {
  const std::string text = view.text();
  if (!text.starts_with("0x")) view.fail("must be bits such as \"0x3f80\"");
  return parse_number<uint32_t>(view, std::string_view(text).substr(2), 16);
}

ordered_json to_json(const RowRecipe& row) {
  ordered_json json = {{"fill", row.fill}};
  if (row.exponent != 0) json["exponent"] = row.exponent;
  if (!row.set.empty()) {
    ordered_json set = ordered_json::object();
    for (const auto& [column, bits] : row.set)
      set[std::to_string(column)] = fmt::format("{:#06x}", bits);
    json["set"] = set;
  }
  return json;
}

RowRecipe parse_row(const JsonView& view) {
  view.allow_only({"fill", "exponent", "set"});
  RowRecipe row;
  row.fill = view.at("fill").text();
  if (view.has("exponent")) {
    const JsonView exponent = view.at("exponent");
    row.exponent = exponent.integer();
    if (std::abs(row.exponent) > kMostExponent)
      exponent.fail(fmt::format("must be -{0}..{0}", kMostExponent));
  }
  if (view.has("set")) {
    for (const auto& [column, bits] : view.at("set").members()) {
      row.set[parse_number<uint32_t>(view.at("set"), column, 10)] = parse_bits(bits);
    }
  }
  return row;
}

}  // namespace

PlainParameters plain_parameters;

const RowRecipe& recipe_of(const Case& c, const std::string& tensor, uint64_t row) {
  if (const auto special = c.special.find(tensor); special != c.special.end()) {
    const auto it = special->second.find(static_cast<int64_t>(row));
    if (it != special->second.end()) return it->second;
  }
  const auto it = c.rows.find(tensor);
  if (it == c.rows.end() || it->second.empty())
    throw Error(Exit::kUsage, fmt::format("tensor '{}' is missing", tensor));
  return it->second[row % it->second.size()];
}

std::string kernel_name(const std::string& kernel, const std::string& plant) {
  return plant.empty() ? kernel : kernel + "+" + plant;
}

std::string kernel_name(const Case& c) { return kernel_name(c.kernel, c.plant); }

std::pair<std::string, std::string> split_kernel_name(const std::string& name) {
  const auto plus = name.find('+');
  return {name.substr(0, plus), plus == std::string::npos ? "" : name.substr(plus + 1)};
}

ordered_json to_json(const Case& c) {
  ordered_json params = ordered_json::object();
  const std::vector<std::string> plain =
      plain_parameters.names ? plain_parameters.names(c) : std::vector<std::string>();
  for (const auto& [name, value] : c.params.values()) {
    if (std::find(plain.begin(), plain.end(), name) != plain.end()) continue;
    std::visit([&, &key = name](const auto& v) { params[key] = v; }, value);
  }
  ordered_json tensors = ordered_json::object();
  for (const auto& [name, values] : c.integers) tensors[name] = values;
  for (const auto& [name, rows] : c.rows) {
    ordered_json list = ordered_json::array();
    for (const RowRecipe& row : rows) list.push_back(to_json(row));
    tensors[name] = {{"rows", list}};
    const auto special = c.special.find(name);
    if (special == c.special.end() || special->second.empty()) continue;
    for (const auto& [row, recipe] : special->second)
      tensors[name]["special"][std::to_string(row)] = to_json(recipe);
  }
  return {{"operator", c.op}, {"kernel", kernel_name(c)}, {"target", c.target},
          {"seed", c.seed},   {"params", params},         {"tensors", tensors}};
}

Case parse_case(const JsonView& view) {
  view.allow_only({"operator", "kernel", "target", "seed", "params", "tensors"});
  Case c;
  c.op = view.at("operator").text();
  std::tie(c.kernel, c.plant) = split_kernel_name(view.at("kernel").text());
  c.target = view.at("target").text();
  const JsonView seed = view.at("seed");
  if (!seed.json().is_number_unsigned()) seed.fail("must be an integer from 0");
  c.seed = seed.json().get<uint64_t>();
  for (const auto& [name, value] : view.at("params").members()) {
    if (value.json().is_string()) {
      c.params.set(name, value.text());
    } else if (value.json().is_number_float()) {
      c.params.set(name, value.number());
    } else {
      c.params.set(name, value.integer());
    }
  }
  for (const auto& [name, tensor] : view.at("tensors").members()) {
    if (tensor.json().is_array()) {
      for (const JsonView& item : tensor.items()) c.integers[name].push_back(item.integer());
      if (tensor.json().empty()) c.integers[name] = {};
    } else {
      tensor.allow_only({"rows", "special"});
      std::vector<RowRecipe>& rows = c.rows[name];
      for (const JsonView& item : tensor.at("rows").items()) rows.push_back(parse_row(item));
      if (!tensor.has("special")) continue;
      for (const auto& [row, recipe] : tensor.at("special").members())
        c.special[name][parse_number<int64_t>(tensor.at("special"), row, 10)] = parse_row(recipe);
    }
  }
  if (plain_parameters.complete) plain_parameters.complete(c);
  return c;
}

std::string case_id(const Case& c) {
  return fmt::format("{:012x}", stable_hash(to_json(c).dump()) >> 16);
}

uint64_t stable_hash(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace wavefuzz
