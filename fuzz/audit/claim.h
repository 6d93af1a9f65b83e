#ifndef WAVEFUZZ_FUZZ_AUDIT_CLAIM_H_
#define WAVEFUZZ_FUZZ_AUDIT_CLAIM_H_

#include <map>
#include <string>
#include <vector>

#include "fuzz/audit/request.h"
#include "fuzz/audit/tables.h"
#include "gpu/manifest.h"

namespace wavefuzz::audit {

/// A manifest and the choices with which it runs one code object.
struct ManifestUse {
  const Manifest* manifest = nullptr;
  std::map<std::string, std::string> choices;
};

/// The manifests at hand, by the code object and symbol that they launch from AITER's folder.
class ManifestIndex {
 public:
  ManifestIndex() = default;
  explicit ManifestIndex(const std::map<std::string, Manifest>& manifests);

  /// Those that launch the row's kernel.
  const std::vector<ManifestUse>& of(const KernelRow& row) const;

 private:
  std::map<std::string, std::vector<ManifestUse>> uses_;
};

/// Something in which a request is not what its kernel says it is for.
struct Objection {
  Dim dim;
  std::string claimed;  ///< "gqa 16", or a requirement of the manifest
  auto operator<=>(const Objection&) const = default;
};

/// What a kernel has to say about a request that the host sends to it.
struct Judgement {
  bool by_manifest = false;  ///< else by the row of the table and the name of the kernel
  std::vector<Objection> objections;
};

/// `heads`: query heads on each KV head, as the kernel is told.
Judgement judge(const KernelRow& row, const Request& request, int64_t heads,
                const ManifestIndex& manifests);

}  // namespace wavefuzz::audit

#endif  // WAVEFUZZ_FUZZ_AUDIT_CLAIM_H_
