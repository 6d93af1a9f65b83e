#include "gpu/manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <limits>
#include <set>

#include "gpu/error.h"
#include "gpu/expression.h"
#include "gpu/json_view.h"
#include "gpu/kernarg_type.h"
#include "gpu/planners/planner.h"

namespace wavefuzz {
namespace {

// Of a field of type bytes, which stands for a struct.
constexpr size_t kMostBytes = 4096;

std::array<std::string, 3> three_expressions(const JsonView& view) {
  const auto items = view.items();
  if (items.size() != 3) view.fail("must have three entries: x, y, z");
  return {items[0].integer_or_expression(), items[1].integer_or_expression(),
          items[2].integer_or_expression()};
}

KernargSpec parse_kernarg(const JsonView& view) {
  view.allow_only(
      {"name", "offset", "type", "buffer", "plus", "value", "unit", "when", "otherwise"});
  KernargSpec spec;
  spec.name = view.at("name").text();
  const JsonView offset = view.at("offset");
  if (offset.integer() < 0 || offset.integer() > 4096) offset.fail("must be 0..4096 bytes");
  spec.offset = static_cast<uint32_t>(offset.integer());
  const JsonView type = view.at("type");
  spec.type = type.text();
  if (spec.type == "ptr") {
    spec.buffer = view.has("buffer") ? view.at("buffer").text() : spec.name;
    spec.plus = view.has("plus") ? view.at("plus").integer_or_expression() : "0";
    if (view.has("when")) {
      spec.when = view.at("when").text();
      spec.otherwise = view.at("otherwise").text();
    }
  } else if (spec.type == "bytes") {
    const JsonView value = view.at("value");
    for (const JsonView& byte : value.items()) spec.values.push_back(byte.integer_or_expression());
    if (spec.values.empty() || spec.values.size() > kMostBytes)
      value.fail(fmt::format("must have 1..{} bytes", kMostBytes));
  } else if (!view.has("value") && (spec.real() || find_kernarg_type(spec.type) != nullptr)) {
    spec.value = spec.name;
  } else if (spec.real()) {
    const JsonView value = view.at("value");
    spec.value = value.json().is_number() ? value.json().dump() : value.text();
  } else if (find_kernarg_type(spec.type) != nullptr) {
    spec.value = view.at("value").integer_or_expression();
  } else {
    type.fail("must be " + kernarg_type_names());
  }
  return spec;
}

std::vector<KernargSpec> parse_kernargs(const JsonView& view) {
  std::vector<KernargSpec> kernarg;
  for (const JsonView& item : view.items()) {
    const KernargSpec spec = parse_kernarg(item);
    for (const KernargSpec& other : kernarg) {
      if (spec.offset < other.offset + other.bytes() && other.offset < spec.offset + spec.bytes()) {
        item.at("offset").fail(fmt::format("overlaps '{}'", other.name));
      }
    }
    kernarg.push_back(spec);
  }
  return kernarg;
}

void parse_grid(const JsonView& view, LaunchSpec& launch) {
  launch.groups = three_expressions(view.at("groups"));
  launch.group_size = three_expressions(view.at("group_size"));
  launch.dynamic_lds_bytes =
      view.has("dynamic_lds_bytes") ? view.at("dynamic_lds_bytes").integer_or_expression() : "0";
}

std::string parse_root(const JsonView& view) {
  if (!view.has("root")) return "";
  const std::string name = view.at("root").text();
  std::string names;
  for (const ExternalRoot& root : kExternalRoots) {
    if (name == root.name) return name;
    names += std::string(names.empty() ? "" : " or ") + root.name;
  }
  view.at("root").fail("must be " + names);
}

/// An entry of "launches".
LaunchSpec parse_launch(const JsonView& view, const JsonView& manifest) {
  view.allow_only({"name", "when", "code_object", "root", "symbol", "groups", "group_size",
                   "dynamic_lds_bytes", "kernarg", "kernarg_size"});
  LaunchSpec launch;
  launch.name = view.at("name").text();
  if (view.has("when")) launch.when = view.at("when").text();
  const JsonView& home = view.has("code_object") ? view : manifest;
  launch.code_object = home.at("code_object").text();
  launch.root = parse_root(home);
  launch.symbol = view.at("symbol").text();
  parse_grid(view, launch);
  launch.kernarg = parse_kernargs(view.at("kernarg"));
  if (view.has("kernarg_size")) {
    if (view.at("kernarg_size").text() != "host") view.at("kernarg_size").fail("must be 'host'");
    launch.kernarg_of_host = true;
  }
  return launch;
}

/// The one launch of a manifest without "launches".
LaunchSpec parse_only_launch(const JsonView& manifest) {
  LaunchSpec launch;
  launch.code_object = manifest.at("code_object").text();
  launch.root = parse_root(manifest);
  launch.symbol = manifest.at("symbol").text();
  manifest.at("launch").allow_only({"groups", "group_size", "dynamic_lds_bytes"});
  parse_grid(manifest.at("launch"), launch);
  launch.kernarg = parse_kernargs(manifest.at("kernarg"));
  return launch;
}

PlannerSpec parse_planner(const JsonView& view) {
  PlannerSpec spec;
  spec.name = view.at("name").text();
  const Planner* planner = nullptr;
  try {
    planner = &find_planner(spec.name);
  } catch (const Error& e) {
    view.at("name").fail(e.what());
  }
  for (const std::string& option : planner->options())
    spec.options[option] = view.at(option).integer_or_expression();
  for (const auto& [name, value] : view.members()) {
    if (name != "name" && !spec.options.contains(name))
      value.fail(fmt::format("is no option of planner '{}'", spec.name));
  }
  return spec;
}

Schedule parse_schedule(const JsonView& view) {
  view.allow_only({"turn", "why"});
  Schedule schedule;
  const JsonView turn = view.at("turn");
  if (turn.integer() < 1 || turn.integer() > 1 << 20) turn.fail("must be 1..2^20");
  schedule.turn = static_cast<uint32_t>(turn.integer());
  if (view.at("why").text().empty()) view.at("why").fail("must say what the kernel lacks");
  return schedule;
}

std::map<std::string, std::string> parse_spelling(const JsonView& view) {
  std::map<std::string, std::string> spelling;
  for (const auto& [choice, text] : view.members()) spelling[choice] = text.text();
  return spelling;
}

/// The reason in "unreliable: REASON".
std::string parse_metadata(const JsonView& view) {
  const std::string prefix = "unreliable: ";
  const std::string text = view.text();
  if (!text.starts_with(prefix) || text.size() == prefix.size())
    view.fail("must be 'unreliable: ' and the reason");
  return text.substr(prefix.size());
}

ScratchSpec parse_scratch(const JsonView& view) {
  view.allow_only({"name", "bytes"});
  return {view.at("name").text(), view.at("bytes").integer_or_expression()};
}

Claim parse_claim(const JsonView& view) {
  Claim claim;
  if (view.json().is_array() && !view.json().empty() && view.json().front().is_number()) {
    for (const JsonView& item : view.items()) claim.values.push_back(item.integer());
    std::sort(claim.values.begin(), claim.values.end());
    claim.min = claim.values.front();
    claim.max = claim.values.back();
    return claim;
  }
  if (view.json().is_array()) {
    claim.choices = view.texts();
    if (claim.choices.empty()) view.fail("must name at least one choice");
    return claim;
  }
  view.allow_only({"min", "max", "multiple_of"});
  claim.min = view.at("min").integer();
  claim.max = view.at("max").integer();
  if (claim.min > claim.max) view.fail("must have min <= max");
  if (view.has("multiple_of")) {
    claim.multiple_of = view.at("multiple_of").integer();
    if (claim.multiple_of < 1) view.at("multiple_of").fail("must be positive");
    if (claim.min % claim.multiple_of != 0) view.at("min").fail("must be a multiple of it too");
  }
  return claim;
}

Plant parse_plant(const JsonView& view, const std::vector<LaunchSpec>& launches) {
  view.allow_only({"name", "summary", "history", "where", "note", "launch", "code_object", "rank"});
  Plant plant;
  plant.name = view.at("name").text();
  plant.summary = view.at("summary").text();
  plant.history = view.at("history").text();
  if (view.has("where")) {
    plant.where = view.at("where").text();
    plant.note = view.at("note").text();
  }
  if (view.has("launch")) {
    plant.launch = view.at("launch").text();
    if (std::none_of(launches.begin(), launches.end(),
                     [&](const LaunchSpec& l) { return l.name == plant.launch; }))
      view.at("launch").fail("names no launch");
  }
  if (view.has("code_object")) plant.code_object = view.at("code_object").text();
  if (view.has("rank")) plant.rank = static_cast<int>(view.at("rank").integer());
  return plant;
}

KnownFault parse_known(const JsonView& view) {
  view.allow_only({"kind", "instruction", "message", "where", "note", "suppose"});
  KnownFault known;
  const std::optional<FindingKind> kind = find_kind(view.at("kind").text());
  if (!kind) view.at("kind").fail("must be a kind of finding");
  known.kind = *kind;
  known.note = view.at("note").text();
  if (view.has("instruction")) known.instruction = view.at("instruction").text();
  if (view.has("message")) known.message = view.at("message").text();
  if (view.has("where")) known.where = view.at("where").text();
  if (view.has("suppose")) {
    const std::string suppose = view.at("suppose").text();
    if (suppose == "zero_registers")
      known.suppose = KnownFault::Suppose::kZeroRegisters;
    else if (suppose == "minus_infinity_registers")
      known.suppose = KnownFault::Suppose::kMinusInfinityRegisters;
    else if (suppose == "early_loads")
      known.suppose = KnownFault::Suppose::kEarlyLoads;
    else
      view.at("suppose").fail("must be zero_registers, minus_infinity_registers or early_loads");
  }
  return known;
}

/// `value` with what `words` holds in the place of "{name}": in a text that is nothing else the
/// value itself, else its words. `used` gathers the names.
nlohmann::json filled_in(const nlohmann::json& value, const nlohmann::json& words,
                         std::set<std::string>& used) {
  nlohmann::json out = value;
  if (value.is_structured()) {
    for (auto& item : out) item = filled_in(item, words, used);
    return out;
  }
  if (!value.is_string()) return out;
  std::string text = value;
  for (const auto& [name, word] : words.items()) {
    const std::string key = "{" + name + "}";
    if (text.find(key) == std::string::npos) continue;
    used.insert(name);
    if (text == key) return word;
    text =
        substitute(std::move(text), name, word.is_string() ? word.get<std::string>() : word.dump());
  }
  return text;
}

/// The documents of a file's kernels: each of its "variants" says what stands for {names} of the
/// rest.
std::vector<nlohmann::json> kernels_of(nlohmann::json document, const std::string& path) {
  const JsonView view(document, path);
  if (!view.has("variants")) return {std::move(document)};
  const std::vector<JsonView> variants = view.at("variants").items();
  if (variants.empty()) view.at("variants").fail("must have at least one entry");
  nlohmann::json rest = document;
  rest.erase("variants");
  std::vector<nlohmann::json> kernels;
  for (const JsonView& variant : variants) {
    std::set<std::string> used;
    kernels.push_back(filled_in(rest, variant.json(), used));
    for (const auto& [name, word] : variant.members()) {
      if (!used.contains(name)) word.fail("is named nowhere as {" + name + "}");
      if (!variants.front().has(name)) word.fail("has no counterpart in the first variant");
    }
    if (variant.json().size() != variants.front().json().size())
      variant.fail("must say what the first variant does");
  }
  return kernels;
}

/// A C++ name without arguments, such as aiter::f, as the Itanium ABI spells it; others as they
/// are.
std::string mangled(const std::string& symbol) {
  if (symbol.find("::") == std::string::npos) return symbol;
  std::string out = "_ZN";
  for (size_t at = 0; at < symbol.size();) {
    const size_t end = std::min(symbol.find("::", at), symbol.size());
    out += fmt::format("{}{}", end - at, symbol.substr(at, end - at));
    at = end + 2;
  }
  return out + "E";
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

/// An integer of a kernarg field, which the type must hold.
uint64_t evaluate_integer(const KernargSpec& spec, const std::string& expression,
                          const KernargType& type, const Params& params) {
  const int64_t value = evaluate(expression, params);
  if (value < type.min || value > type.max) {
    throw Error(Exit::kUsage, fmt::format("kernarg '{}': '{}' gives {}, which does not fit {}",
                                          spec.name, expression, value, type.name));
  }
  return static_cast<uint64_t>(value);
}

void bind_kernarg(const KernargSpec& spec, const Params& params, std::vector<KernargField>& to) {
  if (spec.type == "bytes") {
    const KernargType& byte = *find_kernarg_type("u8");
    for (uint32_t i = 0; i < spec.values.size(); ++i)
      to.push_back({spec.offset + i, 1, evaluate_integer(spec, spec.values[i], byte, params), ""});
    return;
  }
  KernargField& field = to.emplace_back();
  field.offset = spec.offset;
  field.size = spec.bytes();
  if (spec.type == "ptr") {
    field.buffer =
        spec.when.empty() || evaluate(spec.when, params) != 0 ? spec.buffer : spec.otherwise;
    field.value = static_cast<uint64_t>(evaluate(spec.plus, params));
    return;
  }
  const KernargType& type = *find_kernarg_type(spec.type);
  field.value = type.real() ? kernarg_bits(type, evaluate_real(spec.value, params))
                            : evaluate_integer(spec, spec.value, type, params);
}

Manifest parse_manifest(const nlohmann::json& document, const std::string& path) {
  const JsonView view(document, path);
  view.allow_only({"kernel",   "operator", "summary",  "code_object", "planted_code_object",
                   "symbol",   "root",     "spelling", "planner",     "schedule",
                   "arches",   "launch",   "launches", "scratch",     "kernarg",
                   "metadata", "claims",   "require",  "numerics",    "planted",
                   "known",    "campaign", "disagrees"});
  Manifest m;
  m.file = path;
  m.kernel = view.at("kernel").text();
  m.op = view.at("operator").text();
  m.summary = view.at("summary").text();
  m.arches = view.at("arches").texts();
  if (view.has("launches")) {
    for (const char* field : {"symbol", "launch", "kernarg"}) {
      if (view.has(field)) view.at(field).fail("belongs into each of 'launches'");
    }
    for (const JsonView& item : view.at("launches").items())
      m.launches.push_back(parse_launch(item, view));
    if (m.launches.empty()) view.at("launches").fail("must have at least one entry");
  } else {
    m.launches.push_back(parse_only_launch(view));
  }
  if (view.has("scratch")) {
    for (const JsonView& item : view.at("scratch").items())
      m.scratch.push_back(parse_scratch(item));
  }
  if (view.has("planner")) m.planner = parse_planner(view.at("planner"));
  if (view.has("schedule")) m.schedule = parse_schedule(view.at("schedule"));
  if (view.has("spelling")) {
    for (const auto& [name, choices] : view.at("spelling").members())
      m.spelling[name] = parse_spelling(choices);
  }
  if (view.has("metadata")) m.metadata_unreliable = parse_metadata(view.at("metadata"));
  for (const auto& [name, claim] : view.at("claims").members()) m.claims[name] = parse_claim(claim);
  if (view.has("require")) m.requirements = view.at("require").texts();
  m.numerics = view.at("numerics").json();
  if (view.has("planted")) {
    m.planted_code_object = view.at("planted_code_object").text();
    for (const JsonView& item : view.at("planted").items())
      m.plants.push_back(parse_plant(item, m.launches));
  }
  if (view.has("campaign")) m.campaign = view.at("campaign").boolean();
  if (view.has("disagrees")) {
    for (const JsonView& item : view.at("disagrees").items()) {
      item.allow_only({"field", "why"});
      m.disagrees.push_back({item.at("field").text(), item.at("why").text()});
    }
  }
  if (view.has("known")) {
    for (const JsonView& item : view.at("known").items()) m.known.push_back(parse_known(item));
  }
  return m;
}

}  // namespace

uint32_t KernargSpec::bytes() const {
  if (type == "bytes") return static_cast<uint32_t>(values.size());
  const KernargType* number = find_kernarg_type(type);
  return number == nullptr ? sizeof(uint64_t) : number->bytes;
}

bool KernargSpec::real() const {
  const KernargType* number = find_kernarg_type(type);
  return number != nullptr && number->real();
}

bool Claim::has(int64_t value) const {
  if (!values.empty()) return std::binary_search(values.begin(), values.end(), value);
  return value >= min && value <= max && value % multiple_of == 0;
}

std::string Claim::words() const {
  if (!values.empty()) return fmt::format("{}", fmt::join(values, ", "));
  std::string text = fmt::format("{}..{}", min, max);
  if (multiple_of != 1) text += fmt::format(" in steps of {}", multiple_of);
  return text;
}

Manifest Manifest::load(const std::string& path) {
  std::vector<Manifest> all = load_all(path);
  if (all.size() != 1)
    throw Error(Exit::kUsage, fmt::format("{}: describes {} kernels", path, all.size()));
  return std::move(all.front());
}

std::vector<Manifest> Manifest::load_all(const std::string& path) {
  std::vector<Manifest> all;
  for (const nlohmann::json& document : kernels_of(load_json(path), path))
    all.push_back(parse_manifest(document, path));
  return all;
}

std::vector<const KnownFault*> Manifest::known_faults(const Params& params) const {
  std::vector<const KnownFault*> faults;
  for (const KnownFault& fault : known) {
    if (fault.where.empty() || evaluate(fault.where, params) != 0) faults.push_back(&fault);
  }
  return faults;
}

const Plant* Manifest::find_plant(const std::string& name) const {
  const auto it =
      std::find_if(plants.begin(), plants.end(), [&](const Plant& p) { return p.name == name; });
  return it == plants.end() ? nullptr : &*it;
}

const ExternalRoot* Manifest::missing_root(const Roots& roots) const {
  for (const LaunchSpec& launch : launches) {
    for (const ExternalRoot& root : kExternalRoots) {
      if (launch.root == root.name && !roots.external.contains(root.name)) return &root;
    }
  }
  return nullptr;
}

std::optional<std::string> Manifest::refusal(const Params& params) const {
  for (const auto& [name, claim] : claims) {
    if (claim.choices.empty()) {
      const int64_t value = params.integer(name);
      if (!claim.has(value))
        return fmt::format("{} = {} is outside the claimed {}", name, value, claim.words());
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

std::string Manifest::spelled(std::string text, const Params& params) const {
  if (text.find('{') == std::string::npos) return text;
  for (const auto& [name, value] : params.values()) {
    std::string word;
    if (const auto* choice = std::get_if<std::string>(&value)) {
      word = *choice;
    } else if (const auto* integer = std::get_if<int64_t>(&value)) {
      word = std::to_string(*integer);
    } else {
      continue;
    }
    if (const auto it = spelling.find(name); it != spelling.end() && it->second.contains(word))
      word = it->second.at(word);
    text = substitute(std::move(text), name, word);
  }
  return text;
}

std::vector<Params> Manifest::named_choices(const LaunchSpec& spec, const Params& params) const {
  std::vector<Params> all = {params};
  for (const auto& [name, claim] : claims) {
    const std::string key = "{" + name + "}";
    const bool named = spec.symbol.find(key) != std::string::npos ||
                       spec.code_object.find(key) != std::string::npos;
    if (!named || claim.choices.empty()) continue;
    std::vector<Params> more;
    for (const Params& from : all) {
      for (const std::string& choice : claim.choices) {
        more.push_back(from);
        more.back().set(name, choice);
      }
    }
    all = std::move(more);
  }
  return all;
}

KernelId Manifest::kernel_of(const LaunchSpec& spec, const Params& params, const Roots& roots,
                             const Plant* plant) const {
  std::string object = spec.code_object;
  if (plant != nullptr && (plant->launch.empty() || plant->launch == spec.name))
    object = plant->code_object.empty() ? planted_code_object : plant->code_object;
  object = substitute(object, "plant", plant == nullptr ? "" : plant->name);
  object = spelled(std::move(object), params);
  const std::string& root = spec.root.empty() ? roots.tree : roots.external.at(spec.root);
  const auto beside = std::filesystem::path(file).parent_path() / object;
  const auto path = std::filesystem::exists(beside) ? beside : std::filesystem::path(root) / object;
  return {path.string(), mangled(spelled(spec.symbol, params))};
}

Launch Manifest::bind_launch(const LaunchSpec& spec, const Params& params, const Plant* plant,
                             const Roots& roots) const {
  Launch launch;
  launch.name = spec.name;
  launch.kernel = kernel_of(spec, params, roots, plant);
  for (int axis = 0; axis < 3; ++axis) {
    launch.groups[axis] = evaluate_u32("launch.groups", spec.groups[axis], params);
    launch.group_size[axis] = evaluate_u32("launch.group_size", spec.group_size[axis], params);
  }
  launch.dynamic_lds_bytes =
      evaluate_u32("launch.dynamic_lds_bytes", spec.dynamic_lds_bytes, params);
  for (const KernargSpec& arg : spec.kernarg) bind_kernarg(arg, params, launch.kernarg);
  launch.kernarg_of_host = spec.kernarg_of_host;
  return launch;
}

namespace {

void add_plan(const Planner& planner, const PlanRequest& request, const Params& options,
              Params& params, std::vector<Buffer>& buffers) {
  Plan plan;
  if (request.qlens.empty()) {
    for (const std::string& name : planner.params()) plan.params.set(name, int64_t{0});
  } else {
    plan = planner.plan(request, options);
  }
  for (const std::string& name : planner.params())
    params.set(request.prefix + name, plan.params.integer(name));
  for (Buffer& buffer : plan.buffers) {
    buffer.name = request.prefix + buffer.name;
    for (auto& pointer : buffer.pointers) pointer.buffer = request.prefix + pointer.buffer;
    buffers.push_back(std::move(buffer));
  }
}

}  // namespace

void Manifest::bind(const Params& of_case, const std::string& plant, const Roots& roots,
                    const std::vector<PlanRequest>& requests, Problem& problem) const {
  if (const ExternalRoot* missing = missing_root(roots)) {
    throw Error(Exit::kTargetUnavailable, fmt::format("kernel '{}' {}", kernel, missing->demand()));
  }
  Params params = of_case;
  if (!planner.name.empty()) {
    Params options;
    for (const auto& [name, expression] : planner.options)
      options.set(name, evaluate(expression, params));
    for (const PlanRequest& request : requests)
      add_plan(find_planner(planner.name), request, options, params, problem.buffers);
  }
  for (const ScratchSpec& spec : scratch) {
    const int64_t bytes = evaluate(spec.bytes, params);
    if (bytes < 0) {
      throw Error(Exit::kUsage,
                  fmt::format("{}: scratch '{}' has {} bytes", file, spec.name, bytes));
    }
    problem.buffers.push_back({.name = spec.name,
                               .bytes = static_cast<uint64_t>(bytes),
                               .access = Access::kReadWrite,
                               .scratch = true});
  }
  problem.schedule = schedule;
  for (const KnownFault* fault : known_faults(of_case)) {
    problem.all_findings = true;
    if (fault->suppose == KnownFault::Suppose::kZeroRegisters) problem.unwritten_registers = 0;
    if (fault->suppose == KnownFault::Suppose::kMinusInfinityRegisters)
      problem.unwritten_registers =
          std::bit_cast<uint32_t>(-std::numeric_limits<float>::infinity());
    problem.early_loads |= fault->suppose == KnownFault::Suppose::kEarlyLoads;
  }
  problem.launches.clear();
  for (const LaunchSpec& spec : launches) {
    if (spec.when.empty() || evaluate(spec.when, params) != 0)
      problem.launches.push_back(bind_launch(spec, params, find_plant(plant), roots));
  }
}

}  // namespace wavefuzz
