#ifndef WAVEFUZZ_FUZZ_SEARCH_REGRESS_H_
#define WAVEFUZZ_FUZZ_SEARCH_REGRESS_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/search/boundary.h"
#include "fuzz/search/harness.h"
#include "fuzz/search/shrink.h"

namespace wavefuzz {

/// One build of a kernel. All builds of a comparison have the kernel's name, manifest and claims in
/// common, and so the cases.
struct Build {
  std::string shown;                 ///< as the user named it
  const Harness* harness = nullptr;  ///< with the build's code object in place
  std::string kernel, plant;

  Case on(Case c) const;  ///< the case as one of this build
};

struct RegressOptions {
  std::string target;
  std::vector<std::string> corpus;  ///< files; those of other operators are left out
  uint64_t seed = 1;
  uint64_t cases = 0;  ///< to draw; 0: no limit
  double seconds = 0;  ///< for them; 0: no limit
  int threads = 1;
  ShrinkLimits shrink = {.instructions = 50'000'000};
  BoundaryLimits boundary = {.axes = {}, .cases = 80, .instructions = 5'000'000, .seconds = 20};
};

/// How a case or many come out otherwise than before.
struct Difference {
  enum class Kind {
    kNew,       ///< fails, and nothing failed so before
    kWider,     ///< fails where it passed before, in a way that other cases failed in before
    kGone,      ///< no longer fails so
    kNarrower,  ///< passes where it failed before; other cases still fail so
    kOther,     ///< fails in another way
    kMoved,     ///< the same failure from elsewhere to elsewhere: another boundary
  };
  Kind kind = Kind::kNew;
  std::string before, after;  ///< signatures; empty: passes
  uint64_t cases = 0;
  std::string origin;  ///< of the first: "case 19", "corpus file F"
  Case drawn;
  Shrunk shrunk;  ///< on the build that fails: the new one where both do
  int confirmations = 0;
  std::optional<Boundary> was, is;  ///< of the failure before and now
  /// Differences of the same kind that share an edge with it: likely the same fault, seen
  /// otherwise.
  std::vector<Difference> also = {};

  /// The new build fails where the old one does not.
  bool breaks() const { return kind == Kind::kNew || kind == Kind::kWider; }
};

/// How much of a build ran.
struct BuildCoverage {
  size_t executed = 0, instructions = 0, unreached = 0;  ///< the last: blocks

  bool operator==(const BuildCoverage&) const = default;
};

struct Comparison {
  uint64_t drawn = 0, replayed = 0;  ///< cases that ran on both
  std::vector<Difference> differences;
  uint64_t other_bits = 0;  ///< cases that pass on both, with other values
  std::string first_other;  ///< the first of them
  uint64_t too_large = 0;   ///< cases that ran into a limit on either; they are not compared
  BuildCoverage before, now;
  std::string
      unsupported;  ///< what the target lacks for a build, and which; then nothing else holds

  bool breaks() const;
};

/// The first thing that both builds do with the same cases differently: replays the corpus, draws
/// cases, and looks at each kind of difference: shrunk, run again, with its boundary.
Comparison compare_builds(const Build& before, const Build& now, const RegressOptions& options,
                          const std::atomic<bool>& interrupted);

/// Of builds in order, the good one first, the last of which fails the case with that signature:
/// the first that does. Fails from some build on is taken for granted.
size_t first_failing(const std::vector<Build>& builds, const Case& c, const std::string& signature);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_REGRESS_H_
