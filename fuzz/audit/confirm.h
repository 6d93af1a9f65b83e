#ifndef WAVEFUZZ_FUZZ_AUDIT_CONFIRM_H_
#define WAVEFUZZ_FUZZ_AUDIT_CONFIRM_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/audit/audit.h"
#include "gpu/roots.h"

namespace wavefuzz::audit {

struct ConfirmOptions {
  Roots roots;
  std::string folder;  ///< for widened manifests and wrong cases
  uint64_t seed = 1;
  double seconds = 10;   ///< for the finding
  uint64_t cases = 100;  ///< at most, on each kernel and target
};

/// Runs cases of the shapes of a misrouted finding in the simulator, on those of its kernels that
/// have a manifest: with the claim in question widened to what the host dispatches. As many cases
/// are run of what the kernel does claim.
std::vector<Trial> confirm(const Finding& finding, const ConfirmOptions& options,
                           const std::atomic<bool>& interrupted);

}  // namespace wavefuzz::audit

#endif  // WAVEFUZZ_FUZZ_AUDIT_CONFIRM_H_
