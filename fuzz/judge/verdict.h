#ifndef WAVEFUZZ_FUZZ_JUDGE_VERDICT_H_
#define WAVEFUZZ_FUZZ_JUDGE_VERDICT_H_

#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gpu/finding.h"
#include "gpu/targets/coverage.h"

namespace wavefuzz {

/// What is known of a case after it has run (docs/design.md section 4).
enum class Status {
  kPass,
  kWeak,     ///< passed, and so would a kernel that does nothing: the case proves nothing
  kSuspect,  ///< within the hard bound, beyond what rounding errors are likely to add up to
  kFail,
  kRefused,      ///< outside the kernel's claims; nothing ran
  kUnsupported,  ///< the target lacks something that the kernel needs
  kTooLarge,     ///< a limit of instructions or memory ended it: nothing is known of the kernel
};
inline constexpr Status kStatuses[] = {Status::kPass,    Status::kWeak,    Status::kSuspect,
                                       Status::kFail,    Status::kRefused, Status::kUnsupported,
                                       Status::kTooLarge};
const char* name(Status status);   ///< a stable word: too_large
const char* words(Status status);  ///< for a reader: too large

/// Where errors of output elements lie as shares of their hard bounds: how much of the bound is
/// room.
struct BoundUse {
  static constexpr double kEdges[] = {0, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 1};
  /// counts[i]: elements whose share is at most kEdges[i] and above the edge before; the last:
  /// beyond the bound.
  std::array<uint64_t, std::size(kEdges) + 1> counts = {};
  double worst = 0;  ///< the largest share

  void add(double share);
  void add(const BoundUse& other);
};

/// What the gates of peers measure, the worst of all outputs that they look at.
struct GateFigures {
  /// Cosine between a row as it should be and as it is; NaN where a row has NaN.
  struct Cosine {
    double min = 1, mean = 1, max = 1;
  };
  std::optional<Cosine> cosine;
  std::optional<double> overlap;  ///< share of the right top-k indices
};

/// An output beside what it should be. Lists are row-major over the shape.
struct ComparedTensor {
  std::string place;              ///< as a finding's `where`
  std::vector<std::string> axes;  ///< names, outermost first
  std::vector<uint64_t> shape;
  std::vector<double> expected;  ///< NaN: unspecified, or no output
  std::vector<double> got;       ///< NaN too where nothing was written
  std::vector<double> bound;     ///< of |got - expected|; empty: there is no tolerance
};

struct Verdict {
  Status status = Status::kPass;
  std::string reason = {};  ///< of weak, refused, unsupported and too large
  std::vector<Finding> findings = {};
  std::vector<Finding> suspects = {};   ///< values between the likely and the hard bound
  uint64_t instructions = 0;            ///< wave instructions executed
  std::vector<std::string> notes = {};  ///< where non-finite values came from, when asked for
  std::vector<std::string> known = {};  ///< known faults of the kernel that it showed
  std::string fidelity = {};            ///< the weakest fidelity of any instruction executed
  /// When asked for: what the results reach that are not exact.
  std::vector<InexactUse> inexact_uses = {};
  /// When asked for; code objects go by Harness::object_name().
  Coverage coverage = {};
  Compares compares = {};                  ///< with coverage
  BoundUse bound_use = {};                 ///< of elements judged within a bound
  std::map<std::string, bool> gates = {};  ///< by Gate::name, whether the peer's gate passes it
  GateFigures figures = {};                ///< with gates
  /// The first instruction that the target complains of, or else, when asked to explain, what made
  /// the first NaN.
  std::optional<CodePlace> instruction = {};
  std::vector<ComparedTensor> tensors = {};  ///< when asked for
};

/// What makes two failures the same to the shrinker: that of the first finding.
std::string signature(const Verdict& verdict);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_JUDGE_VERDICT_H_
