#ifndef WAVEFUZZ_GPU_MANIFEST_H_
#define WAVEFUZZ_GPU_MANIFEST_H_

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "gpu/finding.h"
#include "gpu/params.h"
#include "gpu/planners/planner.h"
#include "gpu/problem.h"
#include "gpu/roots.h"

namespace wavefuzz {

/// What a kernel claims of one parameter: integers, or a list of choices.
struct Claim {
  int64_t min = 0;
  int64_t max = 0;
  int64_t multiple_of = 1;
  std::vector<int64_t> values;       ///< not empty: these integers alone, in ascending order
  std::vector<std::string> choices;  ///< not empty: a text parameter

  bool has(int64_t value) const;
  std::string words() const;  ///< "1..64", "8..64 in steps of 8", "16, 64"
};

/// One field of the kernarg block.
struct KernargSpec {
  std::string name;
  uint32_t offset = 0;
  std::string type;    ///< ptr, bytes, or a KernargType's name
  std::string buffer;  ///< type ptr: the buffer whose address it is
  std::string when;  ///< an expression: where it is 0 the address is `otherwise`'s; empty = always
  std::string otherwise;
  std::string plus;   ///< and an expression: bytes from there
  std::string value;  ///< of one number: an expression over the parameters
  std::vector<std::string> values;  ///< type bytes: an expression for each

  uint32_t bytes() const;
  bool real() const;  ///< a floating-point number
};

/// One launch of a kernel: most kernels are one, split-KV kernels are followed by a reduction.
struct LaunchSpec {
  std::string name;
  std::string when;  ///< an expression: the launch is left out where it is 0; empty = always
  /// Path; {arch} stands for gfx942 or gfx950, {parameter} for that text parameter's choice.
  std::string code_object;
  std::string root;    ///< the ExternalRoot that the path starts from; empty = the tree
  std::string symbol;  ///< with the same stand-ins; a C++ name (a::b) stands for its mangled form
  std::array<std::string, 3> groups;      ///< expressions: workgroups
  std::array<std::string, 3> group_size;  ///< expressions: work-items in a workgroup
  std::string dynamic_lds_bytes;          ///< expression
  std::vector<KernargSpec> kernarg;
  bool kernarg_of_host = false;  ///< see Launch
};

/// A buffer that launches hand results to each other in. It starts as poison.
struct ScratchSpec {
  std::string name;
  std::string bytes;  ///< expression
};

/// The host code that divides the work of a persistent kernel.
struct PlannerSpec {
  std::string name;                            ///< empty: none
  std::map<std::string, std::string> options;  ///< expressions
};

/// A planted bug: a build of the same kernel with one small fault, which the fuzzer must find.
struct Plant {
  std::string name;
  std::string summary;
  std::string history;  ///< where the like of it happened
  std::string where;  ///< an expression: only cases that satisfy it can show the fault; empty = any
  std::string note;   ///< what `where` means to a reader, such as "fnuz caches only"
  std::string launch;       ///< the launch that runs the planted object; empty = all
  std::string code_object;  ///< the planted object, where it is not the manifest's pattern
  int rank = 0;  ///< place among the 25 historical bugs that a harness should find; 0 = none
};

/// A fault of the kernel as shipped that is known: what the target sees of it is noted on a verdict
/// and does not fail it, so that a campaign goes on to what is not known. Never of a wrong value.
struct KnownFault {
  /// What a case is run with, so that the rest of the kernel can be judged in spite of the fault.
  enum class Suppose {
    kNothing,
    kZeroRegisters,           ///< registers that nothing wrote hold 0
    kMinusInfinityRegisters,  ///< or -inf, where a maximum should start
    kEarlyLoads,              ///< a load that nobody waits for has come in when it is used
  };
  FindingKind kind = FindingKind::kInternalError;
  std::string instruction;  ///< a part of its text; empty: any
  std::string message;      ///< a part of it; empty: any
  std::string where;        ///< an expression: of such cases; empty: of all
  std::string note;         ///< what a verdict says
  Suppose suppose = Suppose::kNothing;
};

/// What a manifest is wrong about on purpose, such as a launch that a scenario shows to be wrong.
struct Disagreement {
  std::string field;  ///< as `manifest check` names it
  std::string why;
};

/// The description of a kernel that lets it be fuzzed (design section 4): one JSON file and no C++.
/// gpu/manifests/README.md documents every field.
struct Manifest {
  std::string file;
  std::string kernel;
  std::string op;  ///< the operator it implements
  std::string summary;
  std::string planted_code_object;  ///< path; {plant} stands for the planted bug's name
  std::vector<std::string> arches;
  std::vector<LaunchSpec> launches;  ///< in the order they run
  std::vector<ScratchSpec> scratch;
  PlannerSpec planner;
  Schedule schedule;
  /// How code object paths and symbols spell a parameter's choice, where not as the operator does:
  /// parameter -> choice -> spelling.
  std::map<std::string, std::map<std::string, std::string>> spelling;
  std::map<std::string, Claim> claims;
  std::vector<std::string> requirements;  ///< expressions that must hold of a claimed shape
  /// Why the code objects' list of arguments is not to be believed; empty: it is.
  std::string metadata_unreliable;
  nlohmann::json numerics;  ///< the numerics contract, read by the operator
  std::vector<Plant> plants;
  std::vector<KnownFault> known;
  bool campaign = true;  ///< false: known to be wrong as it is, for scenarios; no default campaign
  std::vector<Disagreement> disagrees;  ///< those of a manifest that is wrong on purpose

  /// Throws Error(kUsage) naming file, field and value.
  static Manifest load(const std::string& path);
  /// Those of a file that describes several kernels, one for each of its "variants".
  static std::vector<Manifest> load_all(const std::string& path);

  const Plant* find_plant(const std::string& name) const;  ///< null when there is none

  /// The first root that a launch needs and `roots` lacks; null when there is none.
  const ExternalRoot* missing_root(const Roots& roots) const;

  // `params` are those of a case, with the target's arch beside them as `arch`.

  /// Why a case with these parameters is outside the kernel's claims; nothing when it is inside.
  std::optional<std::string> refusal(const Params& params) const;

  /// The known faults that a case with these parameters may show.
  std::vector<const KnownFault*> known_faults(const Params& params) const;

  /// Every choice of the text parameters that a launch's path and symbol name, beside `params`.
  std::vector<Params> named_choices(const LaunchSpec& spec, const Params& params) const;

  /// A path or symbol with its stand-ins filled in, those that `params` has, as the manifest spells
  /// them.
  std::string spelled(std::string text, const Params& params) const;

  /// The kernel that a launch runs: paths are looked for beside the manifest and then below the
  /// launch's root.
  KernelId kernel_of(const LaunchSpec& spec, const Params& params, const Roots& roots,
                     const Plant* plant = nullptr) const;

  /// Completes a problem whose inputs and outputs are filled in: the plan, scratch buffers and
  /// launches. `plant` may be empty; `requests` are only looked at when there is a planner;
  /// one without sequences has no plan, and zeros for its parameters.
  void bind(const Params& params, const std::string& plant, const Roots& roots,
            const std::vector<PlanRequest>& requests, Problem& problem) const;

 private:
  Launch bind_launch(const LaunchSpec& spec, const Params& params, const Plant* plant,
                     const Roots& roots) const;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_MANIFEST_H_
