#ifndef WAVEFUZZ_FUZZ_SEARCH_HARNESS_H_
#define WAVEFUZZ_FUZZ_SEARCH_HARNESS_H_

#include <rapidcheck/Shrinkable.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/case/case.h"
#include "fuzz/judge/verdict.h"
#include "fuzz/operators/operator.h"
#include "gpu/error.h"
#include "gpu/manifest.h"
#include "gpu/roots.h"
#include "gpu/targets/target.h"

namespace wavefuzz {

/// A kernel has no case inside its claims, or none that its planted bug can show in. The message
/// names the clause that refused most.
class NoCase : public Error {
 public:
  explicit NoCase(const std::string& line) : Error(Exit::kUsage, line) {}
};

/// A kernel on a target: what a campaign spends its time on.
struct Job {
  std::string kernel;
  std::string plant;  ///< empty: the kernel as it should be
  std::string target;
};

/// The manifests of the tree, by path.
std::vector<std::string> in_tree_manifests(const std::string& tree);

/// "kernel" or "kernel+plant".
std::string kernel_name(const Job& job);

/// "kernel+plant on sim:gfx942".
std::string job_name(const Job& job);

/// The targets that a kernel runs on, in the order a campaign takes them.
std::vector<std::string> targets_of(const Manifest& manifest);

/// A code object in the place of a manifest's.
struct ReplacedObject {
  std::string kernel;
  std::string launch;  ///< empty: all, which share one
  std::string file;    ///< absolute
};

/// The instruction budget of a launch for cases beside one that took so many: what needs far more
/// is no simpler, and likely hangs.
uint64_t budget_beside(uint64_t instructions);

/// The kernels at hand and the way from a case to its verdict. evaluate() and draw() may be called
/// from several threads.
class Harness {
 public:
  /// Reads the manifests. Throws Error(kUsage).
  Harness(const std::vector<std::string>& manifest_files, Roots roots,
          const std::vector<ReplacedObject>& objects = {});

  /// Manifests by kernel name.
  const std::map<std::string, Manifest>& manifests() const { return manifests_; }
  /// Throws Error(kUsage) naming the kernels there are.
  const Manifest& manifest(const std::string& kernel) const;

  /// The jobs of kernels named as on the command line ("kernel", "kernel+plant", a pattern such as
  /// "aiter_*" or "kernel+*", "right": each kernel as it should be, "planted": each planted bug of
  /// each, or "all" of them, planted bugs on one target only) on targets ("all" or names), each
  /// once. Kernels whose code
  /// objects lie in a folder that was not given are left out unless named. Throws Error(kUsage).
  std::vector<Job> jobs(const std::vector<std::string>& kernels,
                        const std::vector<std::string>& targets) const;

  /// Case `index` of a campaign: inside the kernel's claims and, for a planted bug, where that can
  /// show. The same for every plant and target of a kernel, as far as it has cases in common.
  /// Throws NoCase.
  rc::Shrinkable<Case> draw(const Job& job, uint64_t seed, uint64_t index) const;

  /// Runs and judges a case, and the case that it is related to. Throws Error when it cannot be run
  /// at all. A self-check that fails is a finding of kind internal_error: a campaign goes on, and
  /// the case is kept, shrunk and replayed as others are.
  Verdict evaluate(const Case& c, JudgeOptions options = {}) const;

  /// The same with another description of the case's kernel than the one read.
  Verdict evaluate(const Case& c, const Manifest& manifest, JudgeOptions options = {}) const;

  /// Why the claims of the case's kernel do not cover it. Throws Error for what is no case.
  std::optional<std::string> refusal(const Case& c) const;

  /// What evaluate() launches for a case.
  Problem problem(const Case& c) const;

  /// What expressions about a case see: its parameters, what they come to, and the target's arch.
  Params params(const Case& c) const;

  /// What of the programs of a job ran. The kernel is one of a verdict's coverage: its code object
  /// goes by object_name().
  ProgramCoverage coverage(const Job& job, const KernelId& kernel, const Edges& edges) const;

  /// What a code object of the kernel goes by wherever the folders lie: its path below the tree or
  /// the manifest's folder, or "hsa:PATH" below an external root.
  std::string object_name(const Manifest& manifest, const std::string& path) const;
  /// The file of that name. Throws Error(kTargetUnavailable) when its root was not given.
  std::string object_path(const Manifest& manifest, const std::string& name) const;
  /// SHA-256 of the file of that name.
  const std::string& object_digest(const std::string& kernel, const std::string& name) const;

  /// The instruction and up to `around` before and behind it, in a program of the job.
  std::vector<ListingLine> listing(const Job& job, const CodePlace& place, size_t around) const {
    return target(job.target).listing(place, around);
  }

  const Operator& op(const Case& c) const { return find_operator(manifest(c.kernel).op); }

 private:
  Verdict judged(const Case& c, const Manifest& manifest, const JudgeOptions& options) const;
  Target& target(const std::string& name) const;
  Problem problem(const Case& c, const Manifest& m, const Operator& op, const Params& params,
                  const JudgeOptions& options) const;

  Roots roots_;
  std::map<std::string, Manifest> manifests_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::unique_ptr<Target>> targets_;
  mutable std::map<std::string, std::string> digests_;  // by path
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_HARNESS_H_
