#include "fuzz/audit/objects.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "gpu/sim/code_object.h"
#include "gpu/sim/disassembler.h"

namespace wavefuzz::audit {
namespace {

/// The faults of the file that a row names; it exists.
void check_object(const std::string& path, const KernelRow& row, std::vector<ObjectFault>& faults) {
  try {
    const sim::CodeObject object = sim::CodeObject::load(path);
    if (sim::name(object.arch()) != row.arch)
      faults.push_back(
          {ObjectFault::Kind::kOtherArch, &row, std::string(sim::name(object.arch()))});
    std::vector<std::string> symbols;
    for (const sim::KernelInfo& kernel : object.kernels()) symbols.push_back(kernel.symbol);
    if (std::find(symbols.begin(), symbols.end(), row.symbol) == symbols.end()) {
      faults.push_back({ObjectFault::Kind::kOtherSymbol, &row,
                        fmt::format("the object holds {}", fmt::join(symbols, ", "))});
    }
  } catch (const std::exception& e) {
    faults.push_back({ObjectFault::Kind::kUnreadable, &row, e.what()});
  }
}

/// Whether an instruction is "s_load_dwordxN ..., OFFSET" over the four bytes at `offset`.
bool loads(const std::string& text, uint32_t offset) {
  constexpr std::string_view kLoad = "s_load_dword";
  const size_t at = text.find(kLoad);
  const size_t comma = text.rfind(", ");
  if (at == std::string::npos || comma == std::string::npos) return false;
  const std::string width = text.substr(at + kLoad.size());
  const uint32_t dwords = width.starts_with("x") ? std::strtoul(width.c_str() + 1, nullptr, 10) : 1;
  const uint32_t from = std::strtoul(text.c_str() + comma + 2, nullptr, 0);
  return from <= offset && offset < from + 4 * dwords;
}

}  // namespace

std::vector<ObjectFault> object_faults(const std::string& folder, const Tables& tables) {
  std::vector<ObjectFault> faults;
  std::map<std::string, const KernelRow*> keys;
  for (const KernelRow& row : tables.rows) {
    if (const auto [it, is_new] = keys.emplace(row.arch + row.symbol, &row); !is_new) {
      faults.push_back({ObjectFault::Kind::kKeyTaken, &row,
                        fmt::format("line {} has the same symbol", it->second->line)});
    }
    const std::string path = fmt::format("{}/{}/{}/{}", folder, row.arch, row.op, row.object);
    if (!std::filesystem::exists(path)) {
      faults.push_back({ObjectFault::Kind::kMissingFile, &row, path});
    } else {
      check_object(path, row, faults);
    }
  }
  return faults;
}

std::vector<std::string> unnamed_files(const std::string& folder, const Tables& tables) {
  std::set<std::string> named(tables.files.begin(), tables.files.end());
  for (const KernelRow& row : tables.rows)
    named.insert(fmt::format("{}/{}/{}/{}", folder, row.arch, row.op, row.object));
  std::vector<std::string> unnamed;
  for (const std::string& arch : arches()) {
    const std::string below = fmt::format("{}/{}/{}", folder, arch, tables.op);
    if (!std::filesystem::is_directory(below)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(below)) {
      const std::string path = fmt::format("{}/{}", below, entry.path().filename().string());
      if (entry.is_regular_file() && !named.contains(path))
        unnamed.push_back(path.substr(folder.size() + 1));
    }
  }
  std::sort(unnamed.begin(), unnamed.end());
  return unnamed;
}

bool loads_offset(const std::string& folder, const KernelRow& row, uint32_t offset) {
  try {
    const sim::CodeObject object =
        sim::CodeObject::load(fmt::format("{}/{}/{}/{}", folder, row.arch, row.op, row.object));
    const sim::KernelInfo& kernel = object.kernel(row.symbol);
    const std::span<const std::byte> code = object.bytes_at(kernel.code_address, kernel.code_bytes);
    sim::Disassembler disassembler(object.arch());
    for (size_t at = 0; at < code.size();) {
      const auto instruction = disassembler.decode(code.subspan(at), kernel.code_address + at);
      if (loads(instruction.text, offset)) return true;
      at += std::max(instruction.bytes, 4u);
    }
  } catch (const std::exception&) {
    // object_faults tells.
  }
  return false;
}

}  // namespace wavefuzz::audit
