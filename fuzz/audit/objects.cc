#include "fuzz/audit/objects.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "gpu/sim/code_object.h"
#include "gpu/sim/kernarg_loads.h"
#include "gpu/sim/program.h"

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
    const sim::KernargLoads all = sim::kernarg_loads(sim::Program(object, row.symbol));
    return std::any_of(all.loads.begin(), all.loads.end(), [&](const sim::KernargLoad& load) {
      return load.offset <= offset && offset < load.offset + load.bytes;
    });
  } catch (const std::exception&) {
    // object_faults tells.
  }
  return false;
}

}  // namespace wavefuzz::audit
