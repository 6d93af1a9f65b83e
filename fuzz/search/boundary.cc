#include "fuzz/search/boundary.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <set>
#include <tuple>

#include "fuzz/search/clock.h"
#include "fuzz/search/parallel.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

constexpr int64_t kNear = 16;   // values on either side of the case's that are tried
constexpr int kMostPower = 34;  // powers of two: beyond what 32 bits address
constexpr size_t kBatch = 8;    // cases side by side, whatever the threads
constexpr uint64_t kMostListed =
    64;  // values of an axis that are all tried, where there are as few
// An error inside of an edge of at most so many times its bound is about to sink into it.
constexpr double kSunkAtMost = 2;
constexpr int64_t kPeriods[] = {2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048};

/// An output that is wrong, not finite or missing: the same fault looks like each of these.
bool is_output_kind(const std::string& kind) {
  switch (find_kind(kind).value_or(FindingKind::kInternalError)) {
    case FindingKind::kWrongValue:
    case FindingKind::kNanValue:
    case FindingKind::kInfiniteValue:
    case FindingKind::kWrongMask:
    case FindingKind::kMissingWrite:
      return true;
    default:
      return false;
  }
}

/// The search along one axis.
class Search {
 public:
  Search(const Harness& harness, const Case& base, const Axis& axis, const Claim* claim,
         const std::string& wanted, const BoundaryLimits& limits, int threads,
         const std::atomic<bool>& interrupted)
      : harness_(harness),
        base_(base),
        axis_(axis),
        claim_(claim),
        wanted_(wanted),
        limits_(limits),
        threads_(threads),
        interrupted_(interrupted) {
    result_.axis = axis.name;
    result_.value = axis.value;
  }

  AxisBoundary run() {
    std::vector<int64_t> values = candidates();
    if (values.size() > limits_.cases) values.resize(limits_.cases);
    try_all(values);
    conclude();
    return std::move(result_);
  }

  uint64_t cases() const { return cases_; }
  bool complete() const { return complete_; }

 private:
  int64_t least() const {
    return claim_ == nullptr ? axis_.least : std::max(axis_.least, claim_->min);
  }
  int64_t most() const {
    return claim_ == nullptr ? std::numeric_limits<int64_t>::max() : claim_->max;
  }

  /// The nearest to the case's own value first.
  std::vector<int64_t> candidates() const {
    std::set<int64_t> values;
    const int64_t v = axis_.value;
    const int64_t step = claim_ == nullptr ? 1 : claim_->multiple_of;
    for (int64_t i = -kNear; i <= kNear; ++i) values.insert(v + i * step);
    for (int power = 0; power <= kMostPower; ++power) {
      for (const int64_t i : {-1, 0, 1}) values.insert((int64_t{1} << power) + i);
      // A unit that is counted in steps has its powers there.
      if (step != 1) values.insert((int64_t{1} << power) * step);
    }
    if (claim_ != nullptr) {
      values.insert({claim_->min, claim_->max});
      values.insert(claim_->values.begin(), claim_->values.end());
      const auto room = static_cast<uint64_t>(claim_->max - claim_->min) + 1;
      if (room <= kMostListed) {
        for (int64_t i = claim_->min; i <= claim_->max; ++i) values.insert(i);
      }
    }
    std::vector<int64_t> list;
    for (const int64_t value : values) {
      if (value < least() || value > most() || value == v) continue;
      if (claim_ != nullptr && !claim_->has(value)) continue;
      list.push_back(value);
    }
    std::stable_sort(list.begin(), list.end(),
                     [v](int64_t a, int64_t b) { return std::abs(a - v) < std::abs(b - v); });
    list.insert(list.begin(), v);
    return list;
  }

  bool spent() const {
    return interrupted_ || instructions_ >= limits_.instructions ||
           now() - start_ >= limits_.seconds;
  }

  void try_all(const std::vector<int64_t>& values) {
    for (size_t begin = 0; begin < values.size(); begin += kBatch) {
      if (spent()) {
        complete_ = false;
        return;
      }
      const size_t count = std::min(kBatch, values.size() - begin);
      std::vector<Verdict> verdicts(count);
      std::vector<char> ran(count), late(count);
      parallel_for(count, threads_, [&](size_t i) {
        if (now() - start_ >= limits_.seconds) {
          late[i] = true;
          return;
        }
        try {
          Case c = base_;
          axis_.set(c, values[begin + i]);
          verdicts[i] = harness_.evaluate(c, {.instruction_budget = limits_.instructions});
          late[i] = verdicts[i].status == Status::kTooLarge;  // longer than there is time for
          ran[i] = true;
        } catch (const std::exception&) {
          // No case: a buffer that would not fit, parameters that do not hold together.
        }
      });
      for (size_t at = 0; at < count; ++at) {
        instructions_ += verdicts[at].instructions;
        if (late[at]) {
          complete_ = false;
          continue;
        }
        ++cases_;
        result_.tried[values[begin + at]] =
            ran[at] ? effect_of(verdicts[at], wanted_) : Effect::kNone;
        if (verdicts[at].status == Status::kFail)
          shares_[values[begin + at]] = verdicts[at].bound_use.worst;
        if (verdicts[at].status == Status::kSuspect) suspects_.insert(values[begin + at]);
      }
    }
  }

  Effect effect(int64_t value) {
    if (const auto it = result_.tried.find(value); it != result_.tried.end()) return it->second;
    if (claim_ != nullptr && !claim_->has(value)) return Effect::kNone;
    try_all({value});
    const auto it = result_.tried.find(value);
    return it == result_.tried.end() ? Effect::kNone : it->second;
  }

  /// The nearest to `inside` that passes, given that `outside` does and `inside` fails; and the
  /// value beside it that fails.
  std::pair<int64_t, int64_t> bisect(int64_t inside, int64_t outside) {
    while (std::abs(outside - inside) > 1) {
      const int64_t middle = inside + (outside - inside) / 2;
      // Values that say nothing are stepped over, a few of them.
      Effect e = Effect::kNone;
      int64_t at = middle;
      for (const int64_t by : {0, 1, -1, 2, -2, 4, -4, 8, -8}) {
        at = middle + by;
        if (at <= std::min(inside, outside) || at >= std::max(inside, outside)) continue;
        e = effect(at);
        if (e != Effect::kNone) break;
      }
      if (e == Effect::kNone) break;
      // Where one fault shows in several ways, the others lie between what fails alike and what
      // passes.
      (e == Effect::kPasses ? outside : inside) = at;
    }
    return {inside, outside};
  }

  std::vector<int64_t> failing() const {
    std::vector<int64_t> values;
    for (const auto& [value, e] : result_.tried) {
      if (e == Effect::kFails) values.push_back(value);
    }
    return values;
  }

  void conclude() {
    using Form = AxisBoundary::Form;
    result_.values = result_.tried.size();
    const auto& tried = result_.tried;
    const bool any_passes = std::any_of(tried.begin(), tried.end(),
                                        [](const auto& t) { return t.second == Effect::kPasses; });
    if (!any_passes) {
      result_.form = Form::kAlways;
      return;
    }
    find_interval();
    result_.values = result_.tried.size();
    if (!fails_outside()) {
      result_.form = Form::kInterval;
      result_.sinks_below = sinks(result_.first, result_.passes_below);
      result_.sinks_above = sinks(result_.last, result_.passes_above);
      return;
    }
    const auto room = static_cast<uint64_t>(most()) - static_cast<uint64_t>(least());
    if (claim_ != nullptr && room < kMostListed) {
      result_.form = Form::kListed;
    } else {
      result_.form = is_periodic() ? Form::kPeriodic : Form::kScattered;
    }
    result_.values = result_.tried.size();
    if (result_.form != Form::kPeriodic) result_.fails = failing();
  }

  /// At a place in the kernel the error jumps to what rounding makes of it. Where it is about its
  /// bound inside and suspect outside, it is there beyond the edge as well, and the bound decides.
  bool sinks(int64_t fails, const std::optional<int64_t>& passes) const {
    if (!passes || !suspects_.contains(*passes)) return false;
    const auto inside = shares_.find(fails);
    return inside != shares_.end() && inside->second <= kSunkAtMost;
  }

  void find_interval() {
    const auto at = result_.tried.find(axis_.value);
    result_.first = result_.last = axis_.value;
    for (auto it = at; it != result_.tried.begin();) {
      --it;
      if (it->second == Effect::kFails) result_.first = it->first;
      if (it->second == Effect::kPasses) {
        std::tie(result_.first, result_.passes_below) = bisect(result_.first, it->first);
        break;
      }
    }
    for (auto it = result_.tried.find(axis_.value); it != result_.tried.end(); ++it) {
      if (it->second == Effect::kFails) result_.last = it->first;
      if (it->second == Effect::kPasses) {
        std::tie(result_.last, result_.passes_above) = bisect(result_.last, it->first);
        break;
      }
    }
  }

  bool fails_outside() const {
    const std::vector<int64_t> fails = failing();
    return std::any_of(fails.begin(), fails.end(), [&](int64_t value) {
      return value < result_.first || value > result_.last;
    });
  }

  /// From the first value that fails on, does the remainder alone decide? The first interval that
  /// fails is the one to repeat.
  bool is_periodic() {
    if (result_.first < 0) return false;
    for (const int64_t period : kPeriods) {
      const int64_t width = result_.last - result_.first;
      if (width + 1 >= period) continue;
      const int64_t first = result_.first % period;
      if (first + width >= period) continue;
      const auto fails = [&](int64_t value) {
        return value % period >= first && value % period <= first + width;
      };
      const int64_t start = failing().front();
      const auto holds = [&] {
        return std::all_of(result_.tried.begin(), result_.tried.end(), [&](const auto& t) {
          if (t.second == Effect::kNone || t.second == Effect::kOther || t.first < start)
            return true;
          return (t.second == Effect::kFails) == fails(t.first);
        });
      };
      if (!holds()) continue;
      std::vector<int64_t> more;  // the edges of other periods
      for (const int64_t k : {-2, -1, 1, 2, 3}) {
        for (const int64_t value :
             {result_.first - 1, result_.first, result_.last, result_.last + 1}) {
          const int64_t at = value + k * period;
          if (at >= least() && at <= most() && !result_.tried.contains(at)) more.push_back(at);
        }
      }
      try_all(more);
      if (!holds()) continue;
      result_.period = period;
      result_.last = first + width;
      result_.first = first;
      return true;
    }
    return false;
  }

  const Harness& harness_;
  const Case& base_;
  const Axis& axis_;
  const Claim* claim_;  // of the kernel for this axis; null: none
  const std::string& wanted_;
  const BoundaryLimits& limits_;
  const int threads_;
  const std::atomic<bool>& interrupted_;
  const double start_ = now();
  uint64_t cases_ = 0;
  uint64_t instructions_ = 0;
  bool complete_ = true;
  std::map<int64_t, double> shares_;  // the largest error where a value fails, in its bound
  std::set<int64_t> suspects_;        // values that pass with an error that rounding hardly makes
  AxisBoundary result_;
};

/// The same case with every row of every tensor filled with random values; scales stay positive.
Case with_plain_data(Case c) {
  for (auto& [tensor, rows] : c.rows) {
    const bool scale = tensor.find("scale") != std::string::npos;
    rows = {{scale ? "one" : "normal", 0, {}}};
  }
  c.special.clear();
  return c;
}

std::vector<Axis> chosen(std::vector<Axis> axes, const std::vector<std::string>& names) {
  if (names.empty()) return axes;
  std::vector<Axis> out;
  for (const std::string& name : names) out.push_back(find_axis(axes, name));
  return out;
}

}  // namespace

bool alike(const std::string& a, const std::string& b) {
  const std::string kind_a = kind_of(a), kind_b = kind_of(b);
  return a.substr(kind_a.size()) == b.substr(kind_b.size()) &&
         (kind_a == kind_b || (is_output_kind(kind_a) && is_output_kind(kind_b)));
}

Effect effect_of(const Verdict& verdict, const std::string& wanted) {
  switch (verdict.status) {
    case Status::kPass:
    case Status::kWeak:
    case Status::kSuspect:
      return Effect::kPasses;
    case Status::kFail:
      return alike(signature(verdict), wanted) ? Effect::kFails : Effect::kOther;
    default:
      return Effect::kNone;
  }
}

Case boundary_base(const Harness& harness, const Case& failing, const std::string& wanted) {
  const Case plain = with_plain_data(failing);
  try {
    if (effect_of(harness.evaluate(plain), wanted) == Effect::kFails) return plain;
  } catch (const Error&) {
    // Data that the operator does not take for this case.
  }
  return failing;
}

Boundary find_boundary(const Harness& harness, const Case& failing, const Verdict& verdict,
                       const BoundaryLimits& limits, int threads,
                       const std::atomic<bool>& interrupted) {
  Boundary boundary;
  const std::string wanted = signature(verdict);
  const Case base = boundary_base(harness, failing, wanted);
  const Manifest& manifest = harness.manifest(failing.kernel);
  for (const Axis& axis : chosen(harness.op(failing).axes(base), limits.axes)) {
    if (interrupted) {
      boundary.complete = false;
      break;
    }
    const auto claim = manifest.claims.find(axis.name);
    Search search(harness, base, axis, claim == manifest.claims.end() ? nullptr : &claim->second,
                  wanted, limits, threads, interrupted);
    AxisBoundary found = search.run();
    boundary.cases += search.cases();
    boundary.complete &= search.complete();
    const auto says = std::count_if(found.tried.begin(), found.tried.end(), [](const auto& t) {
      return t.second == Effect::kFails || t.second == Effect::kPasses;
    });
    if (says >= 2 && found.tried[axis.value] == Effect::kFails)
      boundary.axes.push_back(std::move(found));
  }
  return boundary;
}

}  // namespace wavefuzz
