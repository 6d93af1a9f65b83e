#include "fuzz/audit/claim.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "gpu/error.h"
#include "gpu/expression.h"

namespace wavefuzz::audit {
namespace {

std::string key_of(const std::string& path, const std::string& symbol) {
  return path + " " + symbol;
}

/// The operators' names of what a request asks for.
const std::vector<std::pair<const char*, Dim>> kParameters = {
    {"gqa", Dim::kGqa},   {"heads", Dim::kGqa},      {"max_qlen", Dim::kQlen},
    {"qlen", Dim::kQlen}, {"page_size", Dim::kPage},
};

int64_t asked(Dim dim, const Request& request, int64_t heads) {
  return dim == Dim::kGqa ? heads : request.number(dim);
}

std::vector<Objection> manifest_objections(const ManifestUse& use, const Request& request,
                                           int64_t heads) {
  std::vector<Objection> objections;
  Params params = use.params;
  for (const auto& [name, dim] : kParameters) {
    const auto it = use.manifest->claims.find(name);
    if (it == use.manifest->claims.end() || !it->second.choices.empty()) continue;
    const std::vector<Dim>& dims = dims_of(request.entry);
    if (std::find(dims.begin(), dims.end(), dim) == dims.end()) continue;
    const int64_t value = asked(dim, request, heads);
    params.set(name, value);
    const Claim& claim = it->second;
    if (value >= claim.min && value <= claim.max) continue;
    const std::string range =
        claim.min == claim.max
            ? fmt::format("{} {}", values_of(dim).name, claim.min)
            : fmt::format("{} {}..{}", values_of(dim).name, claim.min, claim.max);
    objections.push_back({true, dim, range, claim.min, claim.max});
  }
  if (!objections.empty()) return objections;
  for (const std::string& requirement : use.manifest->requirements) {
    try {
      if (evaluate(requirement, params) == 0)
        objections.push_back({true, Dim::kGqa, requirement, 0, -1});
    } catch (const Error&) {
      // About something that a request does not say.
    }
  }
  return objections;
}

/// What the row's key and the kernel's name say.
std::vector<Objection> row_objections(const KernelRow& row, const Request& request, int64_t heads) {
  std::vector<Objection> objections;
  // The bytes of an FP8 cache held as uint8 are integers to the kernel.
  if (row.kv_type == "int8" && request.kv_type() == "uint8")
    objections.push_back({false, Dim::kTypes, "an int8 cache", 0, -1});
  if (request.entry == Entry::kPaPs) return objections;  // a query tile, which the rule looks at
  if (row.gqa != heads)
    objections.push_back({false, Dim::kGqa, fmt::format("gqa {}", row.gqa), row.gqa, row.gqa});
  if (row.op == "pa") {
    if (row.mtp == 0 && request.qlen() > 1)
      objections.push_back({false, Dim::kQlen, "qlen 1", 1, 1});
  } else if (row.qlen != 0 && row.qlen != request.qlen()) {
    objections.push_back({false, Dim::kQlen, fmt::format("qlen {}", row.qlen), row.qlen, row.qlen});
  }
  return objections;
}

}  // namespace

ManifestIndex::ManifestIndex(const std::map<std::string, Manifest>& manifests) {
  for (const auto& [kernel, manifest] : manifests) {
    for (const LaunchSpec& launch : manifest.launches) {
      if (launch.root != "hsa") continue;
      for (const std::string& arch : manifest.arches) {
        Params of_arch;
        of_arch.set("arch", arch);
        for (const Params& params : manifest.named_choices(launch, of_arch)) {
          uses_[key_of(manifest.spelled(launch.code_object, params),
                       manifest.spelled(launch.symbol, params))]
              .push_back({&manifest, params});
        }
      }
    }
  }
}

const std::vector<ManifestUse>& ManifestIndex::of(const KernelRow& row) const {
  static const std::vector<ManifestUse> none;
  const auto it =
      uses_.find(key_of(fmt::format("{}/{}/{}", row.arch, row.op, row.object), row.symbol));
  return it == uses_.end() ? none : it->second;
}

const Manifest* ManifestIndex::main_of(const KernelRow& row) const {
  const auto claims_ratio = [&](const Manifest& manifest) {
    for (const char* name : {"gqa", "heads"}) {
      const auto it = manifest.claims.find(name);
      if (it != manifest.claims.end() && row.gqa != 0)
        return it->second.min <= row.gqa && row.gqa <= it->second.max;
    }
    return true;
  };
  const Manifest* main = nullptr;
  for (const ManifestUse& use : of(row)) {
    if (!claims_ratio(*use.manifest)) continue;
    if (main == nullptr || use.manifest->kernel.size() < main->kernel.size()) main = use.manifest;
  }
  return main;
}

std::vector<Objection> objections(const KernelRow& row, const Request& request, int64_t heads,
                                  const ManifestIndex& manifests) {
  std::vector<Objection> all = row_objections(row, request, heads);
  std::optional<std::vector<Objection>> fewest;
  for (const ManifestUse& use : manifests.of(row)) {
    std::vector<Objection> of_manifest = manifest_objections(use, request, heads);
    if (!fewest || of_manifest.size() < fewest->size()) fewest = std::move(of_manifest);
  }
  if (!fewest) return all;
  const size_t of_row = all.size();
  for (const Objection& objection : *fewest) {
    const auto same = [&](const Objection& other) { return other.dim == objection.dim; };
    if (std::none_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(of_row), same))
      all.push_back(objection);
  }
  return all;
}

}  // namespace wavefuzz::audit
