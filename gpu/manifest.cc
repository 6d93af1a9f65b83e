#include "gpu/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "gpu/error.h"
#include "gpu/expression.h"
#include "gpu/json_view.h"

namespace wavefuzz {
namespace {

uint32_t kernarg_size(const std::string& type) { return type == "i32" || type == "u32" ? 4 : 8; }

std::array<std::string, 3> three_expressions(const JsonView& view) {
  const auto items = view.items();
  if (items.size() != 3) view.fail("must have three entries: x, y, z");
  return {items[0].integer_or_expression(), items[1].integer_or_expression(),
          items[2].integer_or_expression()};
}

KernargSpec parse_kernarg(const JsonView& view) {
  view.allow_only({"name", "offset", "type", "buffer", "value", "unit"});
  KernargSpec spec;
  spec.name = view.at("name").text();
  const JsonView offset = view.at("offset");
  if (offset.integer() < 0 || offset.integer() > 4096) offset.fail("must be 0..4096 bytes");
  spec.offset = static_cast<uint32_t>(offset.integer());
  const JsonView type = view.at("type");
  spec.type = type.text();
  if (spec.type == "ptr") {
    spec.buffer = view.at("buffer").text();
  } else if (spec.type == "i32" || spec.type == "u32" || spec.type == "i64" || spec.type == "u64") {
    spec.value = view.at("value").integer_or_expression();
  } else {
    type.fail("must be ptr, i32, u32, i64 or u64");
  }
  return spec;
}

Claim parse_claim(const JsonView& view) {
  Claim claim;
  if (view.json().is_array()) {
    claim.choices = view.texts();
    if (claim.choices.empty()) view.fail("must name at least one choice");
    return claim;
  }
  view.allow_only({"min", "max"});
  claim.min = view.at("min").integer();
  claim.max = view.at("max").integer();
  if (claim.min > claim.max) view.fail("must have min <= max");
  return claim;
}

Plant parse_plant(const JsonView& view) {
  view.allow_only({"name", "summary", "history", "where", "note"});
  Plant plant;
  plant.name = view.at("name").text();
  plant.summary = view.at("summary").text();
  plant.history = view.at("history").text();
  if (view.has("where")) {
    plant.where = view.at("where").text();
    plant.note = view.at("note").text();
  }
  return plant;
}

std::string substitute(std::string text, const std::string& name, const std::string& value) {
  const std::string key = "{" + name + "}";
  for (size_t at = text.find(key); at != std::string::npos;
       at = text.find(key, at + value.size())) {
    text.replace(at, key.size(), value);
  }
  return text;
}

/// A launch dimension or size, which the hardware takes as 32 bits.
uint32_t evaluate_u32(const std::string& field, const std::string& expression,
                      const Params& params) {
  const int64_t value = evaluate(expression, params);
  if (value < 0 || value > std::numeric_limits<uint32_t>::max()) {
    throw Error(Exit::kUsage,
                fmt::format("{}: '{}' gives {}, not a 32-bit size", field, expression, value));
  }
  return static_cast<uint32_t>(value);
}

void check_range(const KernargSpec& spec, int64_t value) {
  const bool fits = spec.type == "i32"   ? value == static_cast<int32_t>(value)
                    : spec.type == "u32" ? value == static_cast<uint32_t>(value)
                    : spec.type == "u64" ? value >= 0
                                         : true;
  if (!fits) {
    throw Error(Exit::kUsage, fmt::format("kernarg '{}': '{}' gives {}, which does not fit {}",
                                          spec.name, spec.value, value, spec.type));
  }
}

}  // namespace

Manifest Manifest::load(const std::string& path) {
  const nlohmann::json document = load_json(path);
  const JsonView view(document, path);
  view.allow_only({"kernel", "operator", "summary", "code_object", "planted_code_object", "symbol",
                   "arches", "launch", "kernarg", "claims", "require", "numerics", "planted"});
  Manifest m;
  m.file = path;
  m.kernel = view.at("kernel").text();
  m.op = view.at("operator").text();
  m.summary = view.at("summary").text();
  m.code_object = view.at("code_object").text();
  m.symbol = view.at("symbol").text();
  m.arches = view.at("arches").texts();
  const JsonView launch = view.at("launch");
  launch.allow_only({"groups", "group_size", "dynamic_lds_bytes"});
  m.groups = three_expressions(launch.at("groups"));
  m.group_size = three_expressions(launch.at("group_size"));
  m.dynamic_lds_bytes = launch.has("dynamic_lds_bytes")
                            ? launch.at("dynamic_lds_bytes").integer_or_expression()
                            : "0";
  for (const JsonView& item : view.at("kernarg").items()) {
    const KernargSpec spec = parse_kernarg(item);
    for (const KernargSpec& other : m.kernarg) {
      if (spec.offset < other.offset + kernarg_size(other.type) &&
          other.offset < spec.offset + kernarg_size(spec.type)) {
        item.at("offset").fail(fmt::format("overlaps '{}'", other.name));
      }
    }
    m.kernarg.push_back(spec);
  }
  for (const auto& [name, claim] : view.at("claims").members()) m.claims[name] = parse_claim(claim);
  if (view.has("require")) m.requirements = view.at("require").texts();
  m.numerics = view.at("numerics").json();
  if (view.has("planted")) {
    m.planted_code_object = view.at("planted_code_object").text();
    for (const JsonView& item : view.at("planted").items()) m.plants.push_back(parse_plant(item));
  }
  return m;
}

const Plant* Manifest::find_plant(const std::string& name) const {
  const auto it =
      std::find_if(plants.begin(), plants.end(), [&](const Plant& p) { return p.name == name; });
  return it == plants.end() ? nullptr : &*it;
}

std::optional<std::string> Manifest::refusal(const Params& params) const {
  for (const auto& [name, claim] : claims) {
    if (claim.choices.empty()) {
      const int64_t value = params.integer(name);
      if (value < claim.min || value > claim.max) {
        return fmt::format("{} = {} is outside the claimed {}..{}", name, value, claim.min,
                           claim.max);
      }
    } else if (std::find(claim.choices.begin(), claim.choices.end(), params.text(name)) ==
               claim.choices.end()) {
      return fmt::format("{} = {} is not claimed", name, params.text(name));
    }
  }
  for (const std::string& requirement : requirements) {
    if (evaluate(requirement, params) == 0)
      return fmt::format("the kernel requires {}", requirement);
  }
  return std::nullopt;
}

void Manifest::bind(const Params& params, const std::string& arch, const std::string& plant,
                    const std::string& root, Problem& problem) const {
  std::string object = substitute(plant.empty() ? code_object : planted_code_object, "arch", arch);
  object = substitute(object, "plant", plant);
  const auto beside = std::filesystem::path(file).parent_path() / object;
  problem.kernel.code_object = std::filesystem::exists(beside)
                                   ? beside.string()
                                   : (std::filesystem::path(root) / object).string();

  problem.kernel.symbol = symbol;
  for (const auto& [name, value] : params.values()) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      problem.kernel.symbol = substitute(problem.kernel.symbol, name, *text);
    }
  }
  for (int axis = 0; axis < 3; ++axis) {
    problem.groups[axis] = evaluate_u32("launch.groups", groups[axis], params);
    problem.group_size[axis] = evaluate_u32("launch.group_size", group_size[axis], params);
  }
  problem.dynamic_lds_bytes = evaluate_u32("launch.dynamic_lds_bytes", dynamic_lds_bytes, params);

  problem.kernarg.clear();
  for (const KernargSpec& spec : kernarg) {
    KernargField field;
    field.offset = spec.offset;
    field.size = kernarg_size(spec.type);
    field.buffer = spec.buffer;
    if (spec.buffer.empty()) {
      const int64_t value = evaluate(spec.value, params);
      check_range(spec, value);
      field.value = static_cast<uint64_t>(value);
    }
    problem.kernarg.push_back(field);
  }
}

}  // namespace wavefuzz
