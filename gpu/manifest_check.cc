#include "gpu/manifest_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <optional>

#include "gpu/error.h"
#include "gpu/expression.h"
#include "gpu/planners/planner.h"
#include "gpu/sim/code_object.h"
#include "gpu/sim/kernarg_loads.h"
#include "gpu/sim/program.h"

namespace wavefuzz {
namespace {

using sim::KernelArg;
using sim::KernelInfo;

// --- Names ---------------------------------------------------------------------------------------

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = row[0]++;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, corner + (a[i - 1] != b[j - 1])});
      corner = above;
    }
  }
  return row.back();
}

/// The names in braces of a path or symbol.
std::vector<std::string> stand_ins(const std::string& text) {
  std::vector<std::string> names;
  for (size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
    const size_t end = text.find('}', at);
    if (end == std::string::npos) break;
    names.push_back(text.substr(at + 1, end - at - 1));
  }
  return names;
}

class NameCheck {
 public:
  NameCheck(const Manifest& manifest, const Vocabulary& known)
      : m_(manifest), known_(known), buffers_(known.buffers), parameters_(known.parameters) {
    parameters_.insert("arch");
    for (const ScratchSpec& s : m_.scratch) buffers_.insert(s.name);
    if (!m_.planner.name.empty()) {
      const Planner& planner = find_planner(m_.planner.name);
      for (const std::string& prefix : known.plans) {
        for (const std::string& name : planner.buffers()) buffers_.insert(prefix + name);
        for (const std::string& name : planner.params()) parameters_.insert(prefix + name);
      }
    }
  }

  std::vector<Remark> run() {
    for (const LaunchSpec& launch : m_.launches) check_launch(launch);
    for (const ScratchSpec& s : m_.scratch)
      expression(fmt::format("scratch '{}'", s.name), s.bytes);
    for (const auto& [option, text] : m_.planner.options) expression("planner." + option, text);
    for (const std::string& text : m_.requirements) expression("require", text);
    for (const Plant& plant : m_.plants)
      expression(fmt::format("planted '{}' where", plant.name), plant.where);
    for (const auto& [name, claim] : m_.claims)
      member("claims", name, known_.parameters, "parameter");
    for (const auto& [name, choices] : m_.spelling) {
      member("spelling", name, known_.parameters, "parameter");
      const auto claim = m_.claims.find(name);
      for (const auto& [choice, text] : choices) {
        if (claim != m_.claims.end() && !contains(claim->second.choices, choice))
          add("spelling." + name,
              fmt::format("'{}' is no choice that the manifest claims", choice));
      }
    }
    if (m_.numerics.is_object() && !known_.numerics.empty()) {
      for (const auto& [name, value] : m_.numerics.items())
        member("numerics", name, known_.numerics, "field of the numerics contract");
    }
    return std::move(remarks_);
  }

 private:
  static bool contains(const std::vector<std::string>& list, const std::string& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
  }

  void check_launch(const LaunchSpec& launch) {
    expression(field_of(launch, "when"), launch.when);
    for (size_t i = 0; i < 3; ++i) {
      expression(field_of(launch, fmt::format("groups[{}]", i)), launch.groups[i]);
      expression(field_of(launch, fmt::format("group_size[{}]", i)), launch.group_size[i]);
    }
    expression(field_of(launch, "dynamic_lds_bytes"), launch.dynamic_lds_bytes);
    for (const KernargSpec& arg : launch.kernarg) {
      const std::string field = field_of(launch, fmt::format("kernarg '{}'", arg.name));
      if (arg.type == "ptr") {
        for (const std::string& buffer : {arg.buffer, arg.otherwise}) {
          if (!buffer.empty() && !buffers_.contains(buffer)) {
            add(field,
                fmt::format("there is no buffer '{}'{}", buffer, did_you_mean(buffer, buffers_)));
          }
        }
        expression(field, arg.when);
        expression(field, arg.plus);
      } else {
        expression(field, arg.value);
        for (const std::string& byte : arg.values) expression(field, byte);
      }
    }
    for (const auto& [part, text] :
         {std::pair("code_object", launch.code_object), std::pair("symbol", launch.symbol)}) {
      for (const std::string& name : stand_ins(text)) {
        if (!parameters_.contains(name)) {
          add(field_of(launch, part), fmt::format("'{{{}}}' stands for no parameter{}", name,
                                                  did_you_mean(name, parameters_)));
        }
      }
    }
  }

  void expression(const std::string& field, const std::string& text) {
    if (text.empty()) return;
    try {
      for (const std::string& name : names_in(text)) {
        if (!parameters_.contains(name)) {
          add(field, fmt::format("'{}' in '{}' is no parameter of operator '{}'{}", name, text,
                                 known_.op, did_you_mean(name, parameters_)));
        }
      }
    } catch (const Error& e) {
      add(field, e.what());
    }
  }

  void member(const std::string& object, const std::string& name,
              const std::set<std::string>& names, const char* what) {
    if (names.contains(name)) return;
    add(object + "." + name, fmt::format("operator '{}' has no {} '{}'{}", known_.op, what, name,
                                         did_you_mean(name, names)));
  }

  void add(std::string field, std::string message) {
    remarks_.push_back({false, std::move(field), std::move(message)});
  }

  const Manifest& m_;
  const Vocabulary& known_;
  std::set<std::string> buffers_;
  std::set<std::string> parameters_;
  std::vector<Remark> remarks_;
};

void walk_todos(const nlohmann::json& value, const std::string& field,
                std::vector<Remark>& remarks) {
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    if (text.find("TODO") != std::string::npos) remarks.push_back({false, field, text});
  } else if (value.is_object()) {
    for (const auto& [key, item] : value.items())
      walk_todos(item, field.empty() ? key : field + "." + key, remarks);
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) {
      // An argument is known by its name.
      const bool named =
          value[i].is_object() && value[i].contains("name") && value[i]["name"].is_string();
      const std::string label =
          named ? fmt::format("{} '{}'", field, value[i]["name"].get<std::string>())
                : fmt::format("{}[{}]", field, i);
      walk_todos(value[i], label, remarks);
    }
  }
}

// --- Code objects --------------------------------------------------------------------------------

std::string describe(const KernelArg& arg, size_t index) {
  const std::string name = arg.name.empty() ? fmt::format("{}", index) : "'" + arg.name + "'";
  return fmt::format("argument {} (offset {}, {} bytes, {})", name, arg.offset, arg.size,
                     arg.value_kind);
}

/// A struct that was passed by value: only its members have offsets that the caller knows of. One
/// of a number's size is one where the manifest has several fields in it.
bool is_struct(const LaunchSpec& launch, const KernelArg& arg) {
  if (arg.value_kind != "by_value") return false;
  const bool number = arg.size == 1 || arg.size == 2 || arg.size == 4 || arg.size == 8;
  if (!number) return true;
  const auto inside = [&](const KernargSpec& spec) {
    return spec.offset >= arg.offset && spec.offset - arg.offset < arg.size;
  };
  return std::count_if(launch.kernarg.begin(), launch.kernarg.end(), inside) > 1;
}

bool is_pointer(const KernelArg& arg) {
  return arg.value_kind == "global_buffer" || arg.value_kind == "dynamic_shared_pointer";
}

/// Why the list of arguments cannot be what the host passes; empty when it may.
std::string doubt(const Manifest& manifest, const KernelInfo& kernel) {
  if (!manifest.metadata_unreliable.empty()) return manifest.metadata_unreliable;
  if (kernel.args.empty()) return "the object lists no arguments";
  for (const KernelArg& arg : kernel.args)
    if (arg.name == "pad") return "the object lists padding as arguments, as hand-written ones do";
  return "";
}

class UseCheck {
 public:
  UseCheck(const Manifest& manifest, const KernelUse& use)
      : m_(manifest), use_(use), launch_(manifest.launches.at(use.launch)) {}

  std::vector<Remark> run() {
    const std::string& path = use_.kernel.code_object;
    if (!std::filesystem::exists(path)) {
      add("code_object", fmt::format("there is no file {}", path));
      return std::move(remarks_);
    }
    try {
      const sim::CodeObject object = sim::CodeObject::load(path);
      if (sim::name(object.arch()) != use_.arch) {
        add("arches", fmt::format("claims {}, and the code object is built for {}", use_.arch,
                                  sim::name(object.arch())));
        return std::move(remarks_);
      }
      std::set<std::string> symbols;
      for (const KernelInfo& kernel : object.kernels()) symbols.insert(kernel.symbol);
      if (!symbols.contains(use_.kernel.symbol)) {
        add("symbol",
            fmt::format("there is no kernel '{}'{}; there are {}", use_.kernel.symbol,
                        did_you_mean(use_.kernel.symbol, symbols), fmt::join(symbols, ", ")));
        return std::move(remarks_);
      }
      const KernelInfo& kernel = object.kernel(use_.kernel.symbol);
      for (const std::string& contradiction : kernel.notes) note("code_object", contradiction);
      check_shape(kernel, object.arch());
      check_triton(kernel);
      const std::string reason = doubt(m_, kernel);
      if (reason.empty()) {
        check_arguments(kernel);
        check_missing(object, kernel);
      } else {
        note("kernarg", fmt::format("compared with what the code loads: {}", reason));
        check_loads(object, kernel);
      }
    } catch (const sim::Error& e) {
      add("code_object", e.what());
    }
    return std::move(remarks_);
  }

 private:
  void check_shape(const KernelInfo& kernel, sim::Arch arch) {
    const auto& size = use_.group_size;
    if (size[0] != 0 && size[1] != 0 && size[2] != 0) {
      const uint64_t items = uint64_t{size[0]} * size[1] * size[2];
      const auto& required = kernel.required_group_size;
      if (required[0] != 0 && size != required) {
        add("group_size", fmt::format("is {}, and the kernel requires {}", fmt::join(size, " x "),
                                      fmt::join(required, " x ")));
      } else if (items > kernel.max_workgroup_size) {
        add("group_size", fmt::format("is {}, {} work-items, and the kernel takes at most {}",
                                      fmt::join(size, " x "), items, kernel.max_workgroup_size));
      }
    }
    const uint64_t lds = uint64_t{kernel.group_segment_bytes} + use_.dynamic_lds_bytes;
    if (lds > sim::lds_limit(arch)) {
      add("dynamic_lds_bytes",
          fmt::format("{} of the kernel and {} dynamic bytes of LDS are more than the {} of {}",
                      kernel.group_segment_bytes, use_.dynamic_lds_bytes, sim::lds_limit(arch),
                      sim::name(arch)));
    }
  }

  /// Triton's objects say 0 bytes of LDS, and leave the size of a workgroup open.
  void check_triton(const KernelInfo& kernel) {
    const nlohmann::json said = triton_metadata(use_.kernel.code_object);
    if (!said.is_object() || said.value("name", "") != kernel.symbol) return;
    const auto number = [&](const char* key) -> std::optional<uint64_t> {
      if (!said.contains(key) || !said[key].is_number_unsigned()) return std::nullopt;
      return said[key].get<uint64_t>();
    };
    if (const auto shared = number("shared"); shared && use_.dynamic_lds_bytes < *shared) {
      add("dynamic_lds_bytes", fmt::format("is {}, and Triton's metadata beside the object has "
                                           "shared = {}",
                                           use_.dynamic_lds_bytes, *shared));
    }
    const auto& size = use_.group_size;
    if (const auto warps = number("num_warps");
        warps && size[0] != 0 && size != std::array<uint32_t, 3>{uint32_t(*warps * 64), 1, 1}) {
      add("group_size", fmt::format("is {}, and Triton's metadata beside the object has num_warps "
                                    "= {}: {} x 1 x 1",
                                    fmt::join(size, " x "), *warps, *warps * 64));
    }
  }

  const KernelArg* argument_at(const KernelInfo& kernel, uint32_t offset, size_t& index) const {
    for (index = 0; index < kernel.args.size(); ++index) {
      const KernelArg& arg = kernel.args[index];
      if (offset >= arg.offset && offset - arg.offset < arg.size) return &arg;
    }
    return nullptr;
  }

  /// The first argument that begins in [begin, end).
  static const KernelArg* argument_in(const KernelInfo& kernel, uint32_t begin, uint32_t end) {
    for (const KernelArg& arg : kernel.args)
      if (arg.offset >= begin && arg.offset < end) return &arg;
    return nullptr;
  }

  /// " (the kernel's 'n' is at offset 48)", where it has one of that name elsewhere.
  static std::string elsewhere(const KernelInfo& kernel, const KernargSpec& spec) {
    for (const KernelArg& arg : kernel.args) {
      if (arg.name == spec.name && arg.offset != spec.offset)
        return fmt::format("; the kernel's '{}' is at offset {}", arg.name, arg.offset);
    }
    return "";
  }

  void check_arguments(const KernelInfo& kernel) {
    for (const KernargSpec& spec : launch_.kernarg) {
      const std::string field = fmt::format("kernarg '{}'", spec.name);
      const uint32_t end = spec.offset + spec.bytes();
      if (end > kernel.kernarg_bytes && launch_.kernarg_of_host) continue;  // cut off
      if (end > kernel.kernarg_bytes) {
        add(field,
            fmt::format("offset {} and {} bytes lie outside of the kernarg segment of {} "
                        "bytes{}",
                        spec.offset, spec.bytes(), kernel.kernarg_bytes, elsewhere(kernel, spec)));
        continue;
      }
      size_t index = 0;
      const KernelArg* arg = argument_at(kernel, spec.offset, index);
      if (arg == nullptr) {
        // Padding, in which some of a manifest's objects may have an argument that others lack. An
        // argument that was meant is missed by check_missing().
        note(field, fmt::format("no argument of the kernel lies at offset {}{}", spec.offset,
                                elsewhere(kernel, spec)));
      } else if (arg->hidden()) {
        add(field, fmt::format("offset {} is {}, which the target fills in{}", spec.offset,
                               arg->value_kind, elsewhere(kernel, spec)));
      } else if (is_struct(launch_, *arg)) {
        if (end > arg->offset + arg->size)
          add(field, fmt::format("reaches beyond {}", describe(*arg, index)));
      } else if (arg->offset != spec.offset) {
        add(field, fmt::format("offset {} is inside of {}{}", spec.offset, describe(*arg, index),
                               elsewhere(kernel, spec)));
      } else {
        check_kind(field, kernel, spec, *arg, index);
      }
    }
  }

  void check_kind(const std::string& field, const KernelInfo& kernel, const KernargSpec& spec,
                  const KernelArg& arg, size_t index) {
    const bool null = spec.type.ends_with("64") && spec.value == "0";
    // A dword may stand for a smaller number where only padding follows it.
    const bool widened = arg.size < 4 && spec.bytes() == 4 && !is_pointer(arg);
    const KernelArg* next = widened ? argument_in(kernel, arg.offset + arg.size, arg.offset + 4)
                                    : nullptr;
    if (next != nullptr) {
      add(field, fmt::format("type {} has 4 bytes, and reaches beyond {} into {}", spec.type,
                             describe(arg, index), describe(*next, next - kernel.args.data())));
    } else if (arg.size != spec.bytes() && !widened) {
      add(field, fmt::format("type {} has {} bytes, and it is {}{}", spec.type, spec.bytes(),
                             describe(arg, index), elsewhere(kernel, spec)));
    } else if (is_pointer(arg) && spec.type != "ptr" && !null) {
      add(field, fmt::format("type {} is a value, and {} is a pointer{}", spec.type,
                             describe(arg, index), elsewhere(kernel, spec)));
    } else if (!is_pointer(arg) && spec.type == "ptr") {
      add(field, fmt::format("type ptr is a pointer, and {} is a value{}", describe(arg, index),
                             elsewhere(kernel, spec)));
    } else if (!arg.name.empty() && arg.name != spec.name && !elsewhere(kernel, spec).empty()) {
      add(field, fmt::format("offset {} is {}{}", spec.offset, describe(arg, index),
                             elsewhere(kernel, spec)));
    }
  }

  std::vector<bool> filled(uint32_t bytes) const {
    std::vector<bool> filled(bytes);
    for (const KernargSpec& spec : launch_.kernarg)
      for (uint32_t i = spec.offset; i < std::min(spec.offset + spec.bytes(), bytes); ++i)
        filled[i] = true;
    return filled;
  }

  /// Whether something fills a byte of the dword: its others may be padding.
  static bool any(const std::vector<bool>& filled, uint32_t dword) {
    const uint32_t end = std::min(dword + 4, static_cast<uint32_t>(filled.size()));
    return std::find(filled.begin() + std::min(dword, end), filled.begin() + end, true) !=
           filled.begin() + end;
  }

  void check_missing(const sim::CodeObject& object, const KernelInfo& kernel) {
    const std::vector<bool> is_filled = filled(kernel.kernarg_bytes);
    bool structs = false;
    for (size_t i = 0; i < kernel.args.size(); ++i) {
      const KernelArg& arg = kernel.args[i];
      if (arg.hidden()) continue;
      structs |= is_struct(launch_, arg);
      if (is_struct(launch_, arg)) continue;
      if (!is_filled[arg.offset]) add("kernarg", fmt::format("nothing fills {}", describe(arg, i)));
    }
    if (!structs) return;
    for (const sim::KernargLoad& load : loads(object).loads) {
      size_t index = 0;
      for (uint32_t at = load.offset; at < load.offset + load.bytes; at += 4) {
        const KernelArg* arg = argument_at(kernel, at, index);
        if (arg == nullptr || !is_struct(launch_, *arg) || any(is_filled, at)) continue;
        add("kernarg", fmt::format("nothing fills offset {} of {}, which the kernel loads", at,
                                   describe(*arg, index)));
      }
    }
  }

  sim::KernargLoads loads(const sim::CodeObject& object) const {
    return sim::kernarg_loads(sim::Program(object, use_.kernel.symbol));
  }

  void check_loads(const sim::CodeObject& object, const KernelInfo& kernel) {
    const sim::KernargLoads all = loads(object);
    uint32_t end = 0;
    for (const KernargSpec& spec : launch_.kernarg) end = std::max(end, spec.offset + spec.bytes());
    for (const sim::KernargLoad& load : all.loads) end = std::max(end, load.offset + load.bytes);
    const std::vector<bool> is_filled = filled(end);
    std::vector<bool> loaded(end);
    for (const sim::KernargLoad& load : all.loads) {
      for (uint32_t at = load.offset; at < load.offset + load.bytes; at += 4) {
        // A compiler may load more than it uses, the padding behind the segment too.
        const bool padding = at >= kernel.kernarg_bytes && at < kernel.kernarg_readable();
        if (!any(is_filled, at) && !loaded[at] && !padding) {
          add("kernarg", fmt::format("nothing fills offset {} ({:#x}), which the kernel loads: {}",
                                     at, at, load.instruction));
        }
        std::fill_n(loaded.begin() + at, std::min(4u, end - at), true);
      }
    }
    if (!all.escape.empty()) {
      note("kernarg",
           fmt::format("the kernel may load more than its code says at once: {}", all.escape));
      return;
    }
    for (const KernargSpec& spec : launch_.kernarg) {
      const std::string field = fmt::format("kernarg '{}'", spec.name);
      const bool lower = loaded[spec.offset];
      const bool upper = loaded[spec.offset + spec.bytes() - 1];
      if (!lower && !upper) {
        note(field,
             fmt::format("the kernel never loads offset {} ({:#x})", spec.offset, spec.offset));
      } else if (spec.type == "ptr" && lower != upper) {
        add(field, fmt::format("is a pointer, and the kernel loads only 4 bytes of offset {} "
                               "({:#x})",
                               spec.offset, spec.offset));
      }
    }
  }

  void add(const std::string& part, std::string message) {
    remarks_.push_back({false, field_of(launch_, part), std::move(message)});
  }
  void note(const std::string& part, std::string message) {
    remarks_.push_back({true, field_of(launch_, part), std::move(message)});
  }

  const Manifest& m_;
  const KernelUse& use_;
  const LaunchSpec& launch_;
  std::vector<Remark> remarks_;
};

}  // namespace

std::string did_you_mean(const std::string& name, const std::set<std::string>& names) {
  const std::string* best = nullptr;
  size_t distance = std::max<size_t>(name.size() / 3, 1) + 1;
  for (const std::string& other : names) {
    const size_t d = edit_distance(name, other);
    if (d < distance) {
      distance = d;
      best = &other;
    }
  }
  return best == nullptr ? "" : fmt::format(", did you mean '{}'?", *best);
}

std::string field_of(const LaunchSpec& launch, const std::string& part) {
  return launch.name.empty() ? part : fmt::format("launch '{}' {}", launch.name, part);
}

nlohmann::json triton_metadata(const std::string& code_object) {
  std::ifstream in(std::filesystem::path(code_object).replace_extension(".json"));
  if (!in) return nullptr;
  nlohmann::json said = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  return said.is_object() && said.contains("num_warps") ? said : nlohmann::json();
}

std::vector<Remark> find_todos(const nlohmann::json& document) {
  std::vector<Remark> remarks;
  walk_todos(document, "", remarks);
  return remarks;
}

std::vector<Remark> check_names(const Manifest& manifest, const Vocabulary& known) {
  return NameCheck(manifest, known).run();
}

std::vector<Remark> check_use(const Manifest& manifest, const KernelUse& use) {
  return UseCheck(manifest, use).run();
}

}  // namespace wavefuzz
