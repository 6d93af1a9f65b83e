#include "gpu/finding_json.h"

#include <fmt/format.h>

#include <charconv>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Numbers of 64 bits are texts: JSON's readers keep 53 of them.
std::string hex(uint64_t value) { return fmt::format("{:#x}", value); }

uint64_t from_hex(const std::string& text) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  if (!text.starts_with("0x") || std::from_chars(text.data() + 2, end, value, 16).ptr != end)
    throw Error(Exit::kUsage, fmt::format("'{}' is no hexadecimal number", text));
  return value;
}

void put_source(ordered_json& out, const std::vector<SourceLine>& source) {
  if (!source.empty()) out["source"] = to_json(source);
}

ordered_json to_json(const Instruction& at) {
  ordered_json out = {{"pc", at.pc}, {"instruction", at.text}};
  put_source(out, at.source);
  return out;
}

std::vector<SourceLine> parse_source(const json& of) {
  std::vector<SourceLine> source;
  if (!of.contains("source")) return source;
  for (const json& item : of.at("source")) {
    source.push_back(
        {item.at("file"), item.at("line"), item.value("column", 0u), item.value("function", "")});
  }
  return source;
}

Instruction parse_instruction(const json& of) {
  return {of.at("pc"), of.at("instruction"), parse_source(of)};
}

FindingKind parse_kind(const std::string& name) {
  if (const std::optional<FindingKind> kind = find_kind(name)) return *kind;
  throw Error(Exit::kUsage, fmt::format("'{}' is no kind of finding", name));
}

Finding parse(const json& of) {
  Finding f;
  if (of.is_array()) {
    f.kind = parse_kind(of.at(0));
    f.where = of.at(1);
    f.message = of.at(2);
    f.instruction = of.at(3);
    return f;
  }
  f.kind = parse_kind(of.at("kind"));
  f.where = of.at("where");
  f.message = of.at("message");
  if (!of.contains("instruction")) return f;
  f.instruction = of.at("instruction");
  f.pc = of.at("pc");
  f.source = parse_source(of);
  f.kernel = {of.at("kernel").at("code_object"), of.at("kernel").at("symbol")};
  f.launch = of.value("launch", "");
  f.group = of.at("group");
  f.wave = of.at("wave");
  if (of.contains("lanes")) f.lanes = from_hex(of.at("lanes").at("mask"));
  f.detail = of.value("detail", "");
  if (of.contains("memory")) {
    const json& m = of.at("memory");
    f.memory = MemoryPlace{m.at("buffer"), m.at("offset"), m.at("size"), m.at("bytes"),
                           from_hex(m.at("address"))};
  }
  if (of.contains("loaded_by")) f.loaded_by = parse_instruction(of.at("loaded_by"));
  if (of.contains("other")) {
    const json& o = of.at("other");
    f.other = OtherAccess{parse_instruction(o), o.at("does"), o.at("group"), {}};
    if (o.contains("wave")) f.other->wave = o.at("wave").get<uint32_t>();
  }
  return f;
}

}  // namespace

ordered_json to_json(const InexactUse& use) {
  return {{"from", to_json(use.from)},
          {"fidelity", use.fidelity},
          {"reaches", use.what},
          {"at", to_json(use.at)}};
}

ordered_json to_json(const std::vector<SourceLine>& source) {
  ordered_json out = ordered_json::array();
  for (const SourceLine& at : source) {
    ordered_json line = {{"file", at.file}, {"line", at.line}};
    if (at.column != 0) line["column"] = at.column;
    if (!at.function.empty()) line["function"] = at.function;
    out.push_back(line);
  }
  return out;
}

ordered_json to_json(const Finding& f) {
  ordered_json out = {{"kind", name(f.kind)}, {"where", f.where}, {"message", f.message}};
  if (f.instruction.empty()) return out;
  out["instruction"] = f.instruction;
  out["pc"] = f.pc;
  put_source(out, f.source);
  out["kernel"] = {{"code_object", f.kernel.code_object}, {"symbol", f.kernel.symbol}};
  if (!f.launch.empty()) out["launch"] = f.launch;
  out["group"] = f.group;
  out["wave"] = f.wave;
  if (f.lanes != 0) {
    out["lanes"] = {{"first", f.first_lane()}, {"count", f.lane_count()}, {"mask", hex(f.lanes)}};
  }
  if (!f.detail.empty()) out["detail"] = f.detail;
  if (f.memory) {
    out["memory"] = {{"buffer", f.memory->buffer},
                     {"offset", f.memory->offset},
                     {"size", f.memory->size},
                     {"bytes", f.memory->bytes},
                     {"address", hex(f.memory->address)}};
  }
  if (f.loaded_by) out["loaded_by"] = to_json(*f.loaded_by);
  if (f.other) {
    out["other"] = to_json(f.other->at);
    out["other"]["does"] = f.other->does;
    out["other"]["group"] = f.other->group;
    if (f.other->wave) out["other"]["wave"] = *f.other->wave;
  }
  return out;
}

Finding parse_finding(const json& of, const std::string& where) {
  try {
    return parse(of);
  } catch (const Error& e) {
    throw Error(e.exit(), fmt::format("{}: a finding: {}", where, e.what()));
  } catch (const json::exception& e) {
    throw Error(Exit::kUsage, fmt::format("{}: a finding: {}", where, e.what()));
  }
}

}  // namespace wavefuzz
