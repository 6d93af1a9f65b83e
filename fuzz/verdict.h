#ifndef WAVEFUZZ_FUZZ_VERDICT_H_
#define WAVEFUZZ_FUZZ_VERDICT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace wavefuzz {

/// What is known of a case after it has run (design section 4).
enum class Status {
  kPass,
  kWeak,     ///< passed, and so would a kernel that does nothing: the case proves nothing
  kSuspect,  ///< within the hard bound, beyond what rounding errors are likely to add up to
  kFail,
  kRefused,      ///< outside the kernel's claims; nothing ran
  kUnsupported,  ///< the target lacks something that the kernel needs
};
const char* name(Status status);

/// One fault of a failed case.
struct Finding {
  /// Stable name of the fault, e.g. out_of_bounds_write, stray_write, missing_write, wrong_value.
  std::string kind;
  /// The part of the output or the buffer that it concerns, e.g. kv_cache.scale; may be empty.
  std::string where;
  /// One line for a reader, with the values.
  std::string message;
  /// The instruction that did it, where the target knows; may be empty.
  std::string instruction;
};

struct Verdict {
  Status status = Status::kPass;
  std::string reason = {};  ///< of weak, refused and unsupported
  std::vector<Finding> findings = {};
  std::vector<Finding> suspects = {};      ///< values between the likely and the hard bound
  uint64_t instructions = 0;               ///< wave instructions executed
  std::vector<std::string> notes = {};     ///< where non-finite values came from, when asked for
  std::string fidelity = {};               ///< the weakest fidelity of any instruction executed
  double worst_of_bound = 0;               ///< the largest error as a share of its hard bound
  std::map<std::string, bool> gates = {};  ///< by Gate::name, whether the peer's gate passes it
};

/// What makes two failures the same to the shrinker: kind and place of the first finding.
std::string signature(const Verdict& verdict);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_VERDICT_H_
