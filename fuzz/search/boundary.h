#ifndef WAVEFUZZ_FUZZ_SEARCH_BOUNDARY_H_
#define WAVEFUZZ_FUZZ_SEARCH_BOUNDARY_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/operators/axis.h"
#include "fuzz/search/harness.h"

namespace wavefuzz {

/// What a value of an axis does to a failing case.
enum class Effect {
  kFails,   ///< in the same way: the same place, wrong, not finite or missing
  kPasses,  ///< or at least does not fail
  kOther,   ///< fails in another way: perhaps the same fault, perhaps not
  kNone,    ///< outside the claims, or no case
};

/// Where a failure begins and ends along one axis, the rest of the case staying as it is.
struct AxisBoundary {
  enum class Form {
    kAlways,     ///< every value that was tried fails
    kInterval,   ///< first..last fail, their neighbours pass
    kPeriodic,   ///< from `first` on, values whose remainder by `period` is that of first..last
    kListed,     ///< every value there is was tried; no interval
    kScattered,  ///< as kListed, of those tried
  };
  std::string axis;
  int64_t value = 0;  ///< of the case
  Form form = Form::kAlways;
  int64_t first = 0, last = 0;
  int64_t period = 0;
  std::optional<int64_t> passes_below, passes_above;  ///< of an interval: the nearest; none: open
  /// There the error has only sunk into its bound: no place in the kernel.
  bool sinks_below = false, sinks_above = false;
  std::vector<int64_t> fails;       ///< of kListed and kScattered: the values, ascending
  uint64_t values = 0;              ///< that were tried
  std::map<int64_t, Effect> tried;  ///< of a search, not of a stored one

  /// The failure depends on the axis, and not only where its error sinks into the bound.
  bool bounded() const;
  /// "ctx from 2049 (passes at 2048)"; for kAlways only the name.
  std::string words() const;
};

struct Boundary {
  std::vector<AxisBoundary> axes;  ///< those with at least two values that say something
  uint64_t cases = 0;              ///< run
  bool complete = true;            ///< false: a limit or an interruption cut it short

  /// "fails for ctx from 2049 (passes at 2048), gqa up to 15 (passes at 16); independent of qlen,
  /// batch".
  std::string sentence() const;
  /// The same without what the failure is independent of.
  std::string bounds() const;
  /// Takes over what a search along some axes found.
  void update(const Boundary& other);
};

nlohmann::ordered_json to_json(const Boundary& boundary);
/// The inverse. Throws nlohmann::json::exception.
Boundary boundary_of(const nlohmann::json& json);

/// How much of an axis is tried. Cases and instructions are what normally ends it, so that the
/// result is a function of the case.
struct BoundaryLimits {
  std::vector<std::string> axes;       ///< these alone; empty: all that the case has
  uint64_t cases = 120;                ///< of an axis, before edges are sought
  uint64_t instructions = 20'000'000;  ///< wave instructions, of an axis
  double seconds = 3;                  ///< of an axis; the values farthest off are left out
};

/// Do two failures end at the same place along some axis?
bool share_an_edge(const Boundary& a, const Boundary& b);

/// Are two signatures likely of one fault: the same place, wrong, not finite or missing?
bool alike(const std::string& a, const std::string& b);

/// The effect of a case beside a failing one of signature `wanted`.
Effect effect_of(const Verdict& verdict, const std::string& wanted);

/// Moves a failing case along each of its axes: near its value, at powers of two and their
/// neighbours, at the ends of the claims; then bisects. A shrunk case's single elements would tie
/// it to its numbers, so that rows are filled anew where the case still fails with that.
Boundary find_boundary(const Harness& harness, const Case& failing, const Verdict& verdict,
                       const BoundaryLimits& limits, int threads,
                       const std::atomic<bool>& interrupted);

/// The case from which a boundary is sought: with plain random data where that fails alike.
Case boundary_base(const Harness& harness, const Case& failing, const std::string& wanted);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_BOUNDARY_H_
