#ifndef WAVEFUZZ_GPU_TARGETS_TARGET_H_
#define WAVEFUZZ_GPU_TARGETS_TARGET_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gpu/error.h"
#include "gpu/finding.h"
#include "gpu/problem.h"
#include "gpu/targets/coverage.h"

namespace wavefuzz {

/// An instruction in its disassembly.
struct ListingLine {
  int64_t pc = 0;
  std::string text;
};

/// The bytes of one buffer that a launch wrote, in ascending order, neighbours joined.
struct WrittenBuffer {
  std::string name;
  std::vector<Extent> extents;
};

/// Outcome::fidelity where every instruction's bits are fixed by a document.
inline constexpr char kExactFidelity[] = "exact";

struct Outcome {
  enum class Status {
    kCompleted,    ///< ran to the end; findings may still say that it did so wrongly
    kUnsupported,  ///< the target lacks something the kernel needs; `unsupported` says what
    kTooLarge,     ///< a limit ended it, which `too_large` names; findings are from before that
  };
  Status status = Status::kCompleted;
  std::string unsupported;
  std::string too_large;
  std::vector<Finding> findings;  ///< faults that it saw while the kernels ran
  std::vector<WrittenBuffer> written;
  uint64_t instructions = 0;           ///< wave instructions executed, where the target counts them
  std::vector<std::string> notes;      ///< with Problem::explain: a line for each thing found out
  std::optional<CodePlace> first_nan;  ///< with Problem::explain: what made it
  Coverage coverage;                   ///< with Problem::coverage
  Compares compares;                   ///< the same
  std::vector<InexactUse> inexact_uses;  ///< with Problem::follow_inexact
  std::string fidelity;                ///< the weakest fidelity of any instruction executed

  /// The extents written of a buffer; empty when nothing was.
  const std::vector<Extent>& written_to(const std::string& buffer) const;
};

/// A way to run a kernel. Launches are independent and may be made from several threads at once.
class Target {
 public:
  virtual ~Target() = default;
  virtual const std::string& name() const = 0;  ///< as on the command line: sim:gfx942
  virtual const std::string& arch() const = 0;  ///< as in a code object's name: gfx942
  /// Throws Error for a code object that cannot be loaded.
  virtual Outcome launch(const Problem& problem) = 0;
  /// What of a program ran. Throws Error for a code object that cannot be loaded.
  virtual ProgramCoverage coverage(const KernelId& kernel, const Edges& edges) = 0;
  /// The instruction and up to `around` before and behind it; nothing where none begins there.
  /// Throws Error for a code object that cannot be loaded.
  virtual std::vector<ListingLine> listing(const CodePlace& place, size_t around) = 0;
};

/// The targets that exist, in the order a campaign takes them.
std::vector<std::string> target_names();

/// The arch of a target's name: gfx942 of sim:gfx942.
inline std::string arch_of(const std::string& target) {
  return target.substr(target.find(':') + 1);
}

/// Throws Error(kUsage) for a name that target_names() does not have.
std::unique_ptr<Target> make_target(const std::string& name);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_TARGETS_TARGET_H_
