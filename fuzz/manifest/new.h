// `wavefuzz manifest new`: a manifest as far as a code object and an operator's page can fill it.
#ifndef WAVEFUZZ_FUZZ_MANIFEST_NEW_H_
#define WAVEFUZZ_FUZZ_MANIFEST_NEW_H_

#include <string>
#include <vector>

#include "fuzz/operators/operator.h"
#include "gpu/manifest.h"

namespace wavefuzz {

struct SkeletonOptions {
  std::string object;              ///< path of the code object
  std::string symbol;              ///< empty: the object's only kernel
  const Operator* op = nullptr;    ///< null: not known yet
  std::vector<std::string> names;  ///< of the arguments in order, where the object has none
};

/// The text of a manifest. What only its author can know says "TODO", and `manifest check` names
/// each. `examples` are manifests of the same operator, whose claims and numerics show which there
/// are. `notes`: what the object says of the kernel that cannot all be true. Throws Error(kUsage).
std::string manifest_skeleton(const SkeletonOptions& options,
                              const std::vector<const Manifest*>& examples,
                              std::vector<std::string>& notes);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_MANIFEST_NEW_H_
