// A launch that does not fit its kernel fails like a wrong kernel does. What tells them apart: one
// changed field of the manifest, and every case passes.
#ifndef WAVEFUZZ_FUZZ_MANIFEST_LAUNCH_DOUBT_H_
#define WAVEFUZZ_FUZZ_MANIFEST_LAUNCH_DOUBT_H_

#include <functional>
#include <string>
#include <vector>

#include "fuzz/search/harness.h"
#include "gpu/manifest_check.h"

namespace wavefuzz {

/// Another value of one field of a manifest, as a mistaken author might have meant it.
struct Change {
  std::string field;  ///< "kernarg 'x_stride'"
  std::string says;   ///< "it is in bytes (value * 2)"
  std::function<void(Manifest&)> apply;
};

/// Units of each kernarg value (bytes or elements), one more or less, another parameter or buffer
/// in its place, two exchanged; axes of the grid likewise. `params` and `buffers` are a case's.
std::vector<Change> plausible_changes(const Manifest& manifest, const Params& params,
                                      const std::vector<Buffer>& buffers);

/// Whether a finding may come from how the kernel was launched. A missing wait never does.
bool may_be_launch(const Finding& finding);

/// The field of a remark about failures that no single field explains.
constexpr char kSmokeRun[] = "smoke run";

struct SmokeOptions {
  uint64_t cases = 12;  ///< for each arch at most; none: nothing runs
  uint64_t seed = 1;
  double seconds =
      30;  ///< a third each for cases and for the search of a changed field, of a claim
};

struct SmokeRun {
  uint64_t cases = 0, failed = 0;
  std::vector<Remark> remarks;
};

/// Runs small cases of the kernel on each target it claims and the harness has. Where cases fail,
/// looks for the one field whose change makes them all pass, then for the claim that failing cases
/// have in common.
SmokeRun smoke_run(const Harness& harness, const Manifest& manifest, const SmokeOptions& options);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_MANIFEST_LAUNCH_DOUBT_H_
