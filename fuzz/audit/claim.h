#ifndef WAVEFUZZ_FUZZ_AUDIT_CLAIM_H_
#define WAVEFUZZ_FUZZ_AUDIT_CLAIM_H_

#include <map>
#include <string>
#include <vector>

#include "fuzz/audit/request.h"
#include "fuzz/audit/tables.h"
#include "gpu/manifest.h"

namespace wavefuzz::audit {

/// A manifest, and the arch and the choices with which it runs one code object.
struct ManifestUse {
  const Manifest* manifest = nullptr;
  Params params;
};

/// The manifests at hand, by the code object and symbol that they launch from AITER's folder.
class ManifestIndex {
 public:
  ManifestIndex() = default;
  explicit ManifestIndex(const std::map<std::string, Manifest>& manifests);

  /// Those that launch the row's kernel.
  const std::vector<ManifestUse>& of(const KernelRow& row) const;
  /// The one to run it with: that claims the row's own ratio, with the shortest name. Null: none.
  const Manifest* main_of(const KernelRow& row) const;

 private:
  std::map<std::string, std::vector<ManifestUse>> uses_;
};

/// Something in which a request is not what its kernel is for.
struct Objection {
  bool by_manifest;  ///< else by the row of the table and the name of the kernel
  Dim dim;
  std::string claimed;  ///< "gqa 16", or a requirement of the manifest
  /// The values that are claimed, where they are a range: least <= most.
  int64_t least = 0, most = -1;
  auto operator<=>(const Objection&) const = default;
};

/// The objections of a kernel to a request that the host sends to it: those of its row, and those
/// of a manifest where it has one and to what the row does not object. A manifest of ours claims
/// what the host dispatches and AITER's own tests try, so that it can claim what the row does not;
/// both count. `heads`: query heads on each KV head, as the kernel is told.
std::vector<Objection> objections(const KernelRow& row, const Request& request, int64_t heads,
                                  const ManifestIndex& manifests);

}  // namespace wavefuzz::audit

#endif  // WAVEFUZZ_FUZZ_AUDIT_CLAIM_H_
