#include "fuzz/manifest/new.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "fuzz/manifest/check.h"
#include "gpu/error.h"
#include "gpu/sim/code_object.h"

namespace wavefuzz {
namespace {

using Json = nlohmann::ordered_json;

/// A name as operators spell it: without the marks that kernels give pointers.
std::string plain(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name.starts_with("p_")) name.erase(0, 2);
  for (const char* end : {"_ptr", "_pointer"}) {
    const std::string suffix = end;
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  }
  return name;
}

/// Values of a member in other manifests, as a hint.
std::string such_as(const std::set<std::string>& values) {
  return values.empty() ? "" : fmt::format(", such as {}", fmt::join(values, " or "));
}

/// What an argument is taken for, by its size, and what else it may be.
struct Number {
  uint32_t bytes;
  const char* type;
  const char* others;
};
constexpr Number kNumbers[] = {
    {1, "u8", "bool or i8 where it is one"},
    {2, "i16", "u16, f16 or bf16 where it is one"},
    {4, "i32", "f32 where it is a float"},
    {8, "i64", "f64 where it is a double"},
};

class Skeleton {
 public:
  Skeleton(const SkeletonOptions& options, const std::vector<const Manifest*>& examples)
      : options_(options),
        examples_(examples),
        object_(sim::CodeObject::load(options.object)),
        kernel_(pick()),
        triton_(triton_metadata(options.object)) {
    // A hand-written object may carry the names of another kernel's arguments.
    if (options.op != nullptr && !hand_written()) known_ = vocabulary_of(*options.op);
  }

  const std::vector<std::string>& notes() const { return kernel_.notes; }

  std::string text() {
    Json top;
    top["kernel"] = kernel_.symbol;
    top["operator"] = options_.op != nullptr
                          ? options_.op->name()
                          : fmt::format("TODO: one of {}", fmt::join(operator_names(), ", "));
    top["summary"] = "TODO: one line for a reader";
    code_object(top);
    top["symbol"] = kernel_.symbol;
    top["launch"] = launch();
    top["kernarg"] = kernarg();
    if (hand_written())
      top["metadata"] =
          "unreliable: TODO: why the object's list of arguments is not to be believed";
    top["claims"] = claims();
    top["numerics"] = numerics();
    return print(top);
  }

 private:
  const sim::KernelInfo& pick() const {
    if (!options_.symbol.empty()) return object_.kernel(options_.symbol);
    if (object_.kernels().size() == 1) return object_.kernels().front();
    std::vector<std::string> symbols;
    for (const auto& kernel : object_.kernels()) symbols.push_back(kernel.symbol);
    throw Error(Exit::kUsage, fmt::format("{}: has {} kernels, give --symbol: {}", options_.object,
                                          symbols.size(), fmt::join(symbols, ", ")));
  }

  static std::vector<std::string> operator_names() {
    std::vector<std::string> names;
    for (const Operator* op : operators()) names.push_back(op->name());
    return names;
  }

  bool hand_written() const {
    return std::any_of(kernel_.args.begin(), kernel_.args.end(),
                       [](const sim::KernelArg& a) { return a.name == "pad"; });
  }

  /// The file beside the manifest; one with the arch in its name stands for those of every arch.
  void code_object(Json& top) const {
    const std::filesystem::path path = options_.object;
    std::string name = path.filename().string();
    const std::string arch(sim::name(object_.arch()));
    std::vector<std::string> arches = {arch};
    if (const size_t at = name.find(arch); at != std::string::npos) {
      for (const char* other : {"gfx942", "gfx950"}) {
        std::string file = name;
        file.replace(at, arch.size(), other);
        if (other != arch && std::filesystem::exists(path.parent_path() / file))
          arches.push_back(other);
      }
      std::sort(arches.begin(), arches.end());
      name.replace(at, arch.size(), "{arch}");
    }
    top["code_object"] = name;
    top["arches"] = arches;
  }

  Json launch() const {
    Json groups = Json::array();
    const bool* ids = kernel_.descriptor.group_id;
    for (int axis = 0; axis < 3; ++axis) {
      if (ids[axis]) {
        groups.push_back(fmt::format("TODO: workgroups in {}", "xyz"[axis]));
      } else {
        groups.push_back(1);
      }
    }
    Json size;
    uint64_t shared = 0;
    const auto& required = kernel_.required_group_size;
    if (required[0] != 0) {
      size = required;
    } else if (triton_.is_object()) {
      size = {triton_["num_warps"].get<uint64_t>() * 64, 1, 1};
      shared = triton_.value("shared", uint64_t{0});
    } else {
      size = {fmt::format("TODO: work-items in x, at most {} in all", kernel_.max_workgroup_size),
              1, 1};
    }
    return {{"groups", groups}, {"group_size", size}, {"dynamic_lds_bytes", shared}};
  }

  /// Triton appends two pointers to scratch memory, which it sets to null where none is needed.
  bool is_triton_scratch(const std::vector<sim::KernelArg>& args, size_t i) const {
    return triton_.is_object() && args.size() >= 2 && i + 2 >= args.size() &&
           args[args.size() - 1].value_kind == "global_buffer" &&
           args[args.size() - 2].value_kind == "global_buffer";
  }

  Json kernarg() const {
    std::vector<sim::KernelArg> args;
    for (const sim::KernelArg& arg : kernel_.args)
      if (!arg.hidden() && arg.name != "pad") args.push_back(arg);
    const size_t named = args.size() - (is_triton_scratch(args, args.size() - 1) ? 2 : 0);
    if (!options_.names.empty() && options_.names.size() != named) {
      throw Error(Exit::kUsage,
                  fmt::format("--names has {} names, and {} of {} has {} arguments",
                              options_.names.size(), kernel_.symbol, options_.object, named));
    }
    Json fields = Json::array();
    for (size_t i = 0; i < args.size(); ++i) {
      if (is_triton_scratch(args, i)) {
        fields.push_back({{"name", i + 1 == args.size() ? "profile_scratch" : "global_scratch"},
                          {"offset", args[i].offset},
                          {"type", "u64"},
                          {"value", 0}});
        continue;
      }
      const std::string name = !options_.names.empty() ? options_.names[i]
                               : args[i].name.empty()  ? fmt::format("argument_{}", i)
                                                       : args[i].name;
      fields.push_back(field(args[i], name));
    }
    return fields;
  }

  Json field(const sim::KernelArg& arg, const std::string& name) const {
    Json field = {{"name", name}, {"offset", arg.offset}};
    const std::string meaning = plain(name);
    if (arg.value_kind == "global_buffer") {
      field["type"] = "ptr";
      field["buffer"] =
          known_.buffers.contains(meaning) ? meaning : "TODO: the buffer it points to";
      return field;
    }
    const auto number = std::find_if(std::begin(kNumbers), std::end(kNumbers),
                                     [&](const Number& n) { return n.bytes == arg.size; });
    if (number == std::end(kNumbers)) {
      field["type"] = "bytes";
      field["value"] = Json::array(
          {fmt::format("TODO: {} bytes; or in the place of this one a field for each member of the "
                       "struct",
                       arg.size)});
      return field;
    }
    field["type"] = number->type;
    field["value"] = known_.parameters.contains(meaning)
                         ? meaning
                         : fmt::format("TODO: an expression; type {}", number->others);
    return field;
  }

  Json claims() const {
    std::map<std::string, std::set<std::string>> seen;
    for (const Manifest* m : examples_) {
      for (const auto& [name, claim] : m->claims) {
        seen[name].insert(claim.choices.empty() ? claim.words()
                                                : nlohmann::json(claim.choices).dump());
      }
    }
    Json claims = Json::object();
    for (const auto& [name, values] : seen)
      claims[name] = {fmt::format("TODO: what the kernel takes{}", such_as(values))};
    if (claims.empty())
      claims["TODO"] = {"TODO: for each parameter a range {\"min\", \"max\"} or a list of choices"};
    return claims;
  }

  Json numerics() const {
    std::map<std::string, std::set<std::string>> seen;
    for (const Manifest* m : examples_) {
      if (!m->numerics.is_object()) continue;
      for (const auto& [name, value] : m->numerics.items()) seen[name].insert(value.dump());
    }
    Json numerics = Json::object();
    for (const auto& [name, values] : seen)
      numerics[name] = fmt::format("TODO: as the kernel rounds{}", such_as(values));
    if (numerics.empty()) numerics["TODO"] = "TODO: as the operator's page says";
    return numerics;
  }

  /// An argument or a claim a line.
  static std::string print(const Json& top) {
    std::string text = "{";
    const char* separator = "\n";
    for (const auto& [key, value] : top.items()) {
      text += fmt::format("{}  {}: ", separator, Json(key).dump());
      separator = ",\n";
      if (!value.is_structured() || key == "arches") {
        text += value.dump();
        continue;
      }
      const bool array = value.is_array();
      text += array ? "[" : "{";
      const char* inner = "\n";
      for (const auto& [name, item] : value.items()) {
        text += array ? fmt::format("{}    {}", inner, item.dump())
                      : fmt::format("{}    {}: {}", inner, Json(name).dump(), item.dump());
        inner = ",\n";
      }
      text += array ? "\n  ]" : "\n  }";
    }
    return text + "\n}\n";
  }

  const SkeletonOptions& options_;
  const std::vector<const Manifest*>& examples_;
  const sim::CodeObject object_;
  const sim::KernelInfo& kernel_;
  const nlohmann::json triton_;
  Vocabulary known_;
};

}  // namespace

std::string manifest_skeleton(const SkeletonOptions& options,
                              const std::vector<const Manifest*>& examples,
                              std::vector<std::string>& notes) try {
  Skeleton skeleton(options, examples);
  notes = skeleton.notes();
  return skeleton.text();
} catch (const sim::Error& e) {
  throw Error(Exit::kUsage, e.what());
}

}  // namespace wavefuzz
