#include "gpu/sim/table.h"

#include <unordered_map>

#include "gpu/sim/wave.h"

namespace wavefuzz::sim {

std::string_view name(HostIsa isa) {
  switch (isa) {
    case HostIsa::kBaseline:
      return "baseline";
    case HostIsa::kAvx2:
      return "avx2";
    case HostIsa::kAvx512:
      return "avx512";
  }
  return "";
}

std::vector<HostIsa> supported_host_isas() {
  std::vector<HostIsa> isas;
  isas.reserve(3);  // GCC 12 with -fsanitize=undefined warns of a reallocation that cannot be
  isas.push_back(HostIsa::kBaseline);
  if (__builtin_cpu_supports("x86-64-v3")) isas.push_back(HostIsa::kAvx2);
  if (__builtin_cpu_supports("x86-64-v4")) isas.push_back(HostIsa::kAvx512);
  return isas;
}

HostIsa best_host_isa() {
  static const HostIsa best = supported_host_isas().back();
  return best;
}

const Table& table(HostIsa isa) {
  switch (isa) {
    case HostIsa::kBaseline:
      return baseline::table();
    case HostIsa::kAvx2:
      return avx2::table();
    case HostIsa::kAvx512:
      return avx512::table();
  }
  return baseline::table();
}

const Row* find_row(HostIsa isa, Arch arch, std::string_view mnemonic) {
  using Index = std::unordered_map<std::string_view, const Row*>;
  struct Indexes {
    Index index[3][2];
    Indexes() {
      for (const HostIsa isa : supported_host_isas())
        for (const auto family : table(isa).families)
          for (const Row& row : family)
            for (unsigned a = 0; a < 2; ++a)
              if (row.arches >> a & 1) index[unsigned(isa)][a].emplace(row.mnemonic, &row);
    }
  };
  static const Indexes indexes;
  const Index& index = indexes.index[unsigned(isa)][unsigned(arch)];
  const auto it = index.find(mnemonic);
  return it == index.end() ? nullptr : it->second;
}

}  // namespace wavefuzz::sim
