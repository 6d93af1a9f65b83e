#include "fuzz/manifest/launch_doubt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <set>

#include "fuzz/search/clock.h"
#include "gpu/error.h"
#include "gpu/expression.h"

namespace wavefuzz {
namespace {

// More cases, where some fail and others pass, to see what the failing ones have in common.
constexpr uint64_t kRegionCases = 96;
// A grid that a parameter in the wrong place makes larger than this is no plausible one.
constexpr int64_t kMostGroups = 4096;

// Cases for each arch that run whatever time they take.
constexpr uint64_t kLeastCases = 3;

// A campaign's cases grow with their index: from the smallest to some of middling size.
constexpr uint64_t kIndexStep = 7;

constexpr double kLargeCount = 1024;
constexpr double kLikeFactor = 64;

class ChangeList {
 public:
  ChangeList(const Manifest& m, const Params& params, const std::vector<Buffer>& buffers)
      : m_(m), params_(params), buffers_(buffers) {}

  std::vector<Change> make() {
    for (size_t l = 0; l < m_.launches.size(); ++l) {
      const LaunchSpec& launch = m_.launches[l];
      for (size_t k = 0; k < launch.kernarg.size(); ++k) kernarg(l, k);
      grid(l);
    }
    // Units and counts first: they are the likelier mistakes, and fewer.
    std::move(others_.begin(), others_.end(), std::back_inserter(changes_));
    std::move(last_.begin(), last_.end(), std::back_inserter(changes_));
    return std::move(changes_);
  }

 private:
  using Place = std::pair<size_t, size_t>;  // launch, kernarg

  /// Launches take the same arguments as a rule: a mistake may stand in each of them.
  std::vector<Place> alike(size_t l, size_t k) const {
    const KernargSpec& spec = m_.launches[l].kernarg[k];
    std::vector<Place> places;
    for (size_t i = 0; i < m_.launches.size(); ++i)
      for (size_t j = 0; j < m_.launches[i].kernarg.size(); ++j) {
        const KernargSpec& other = m_.launches[i].kernarg[j];
        if (other.name == spec.name && other.type == spec.type && other.value == spec.value &&
            other.buffer == spec.buffer)
          places.push_back({i, j});
      }
    return places;
  }

  void change_kernarg(std::vector<Change>& list, size_t l, size_t k, const std::string& says,
                      const std::function<void(KernargSpec&)>& edit) {
    const LaunchSpec& launch = m_.launches[l];
    const std::string part = fmt::format("kernarg '{}'", launch.kernarg[k].name);
    const std::vector<Place> places = alike(l, k);
    if (places.size() > 1 && places.front() == Place(l, k)) {
      list.push_back({part, says, [=](Manifest& m) {
                        for (const auto& [i, j] : places) edit(m.launches[i].kernarg[j]);
                      }});
    }
    // One launch of several that take the same: the least likely.
    std::vector<Change>& of_one = places.size() > 1 ? last_ : list;
    of_one.push_back(
        {field_of(launch, part), says, [=](Manifest& m) { edit(m.launches[l].kernarg[k]); }});
  }

  void change_value(std::vector<Change>& list, size_t l, size_t k, const std::string& says,
                    const std::string& value) {
    change_kernarg(list, l, k, says, [value](KernargSpec& spec) { spec.value = value; });
  }

  void kernarg(size_t l, size_t k) {
    const KernargSpec& spec = m_.launches[l].kernarg[k];
    if (spec.type == "ptr") return pointer(l, k);
    if (spec.type == "bytes") return;
    const std::string& v = spec.value;
    if (spec.real()) {
      change_value(changes_, l, k, "it is multiplied by log2(e)",
                   fmt::format("({}) * 1.4426950408889634", v));
      change_value(changes_, l, k, "it is divided by log2(e)",
                   fmt::format("({}) / 1.4426950408889634", v));
      change_value(changes_, l, k, "it is its reciprocal", fmt::format("1 / ({})", v));
    } else {
      for (const int unit : {2, 4, 8})
        change_value(changes_, l, k, fmt::format("it is in bytes (value * {})", unit),
                     fmt::format("({}) * {}", v, unit));
      for (const int unit : {2, 4, 8})
        change_value(changes_, l, k, fmt::format("it is in elements (value / {})", unit),
                     fmt::format("({}) / {}", v, unit));
      change_value(changes_, l, k, "it is one more (value + 1)", fmt::format("({}) + 1", v));
      change_value(changes_, l, k, "it is one less (value - 1)", fmt::format("({}) - 1", v));
    }
    for (const auto& [name, value] : params_.values()) {
      if (std::holds_alternative<std::string>(value) || name == v) continue;
      if (!spec.real() && !std::holds_alternative<int64_t>(value)) continue;
      if (!is_like(v, params_.real(name))) continue;
      change_value(others_, l, k, fmt::format("it is '{}', not '{}'", name, v), name);
    }
  }

  /// Whether a value may stand for an expression's: not the same, and no stride where a count is,
  /// which would only be a long loop.
  bool is_like(const std::string& expression, double value) const {
    try {
      const double is = evaluate_real(expression, params_);
      return value != is && (value <= kLargeCount || value <= kLikeFactor * is);
    } catch (const Error&) {
      return true;
    }
  }

  void pointer(size_t l, size_t k) {
    const LaunchSpec& launch = m_.launches[l];
    const KernargSpec& spec = launch.kernarg[k];
    for (size_t other = k + 1; other < launch.kernarg.size(); ++other) {
      if (launch.kernarg[other].type != "ptr") continue;
      changes_.push_back({field_of(launch, fmt::format("kernarg '{}' and '{}'", spec.name,
                                                       launch.kernarg[other].name)),
                          "their buffers are exchanged", [=](Manifest& m) {
                            auto& fields = m.launches[l].kernarg;
                            std::swap(fields[k].buffer, fields[other].buffer);
                          }});
    }
    for (const Buffer& buffer : buffers_) {
      if (buffer.name == spec.buffer) continue;
      change_kernarg(others_, l, k,
                     fmt::format("it is buffer '{}', not '{}'", buffer.name, spec.buffer),
                     [name = buffer.name](KernargSpec& s) { s.buffer = name; });
    }
  }

  void grid(size_t l) {
    const LaunchSpec& launch = m_.launches[l];
    const char* const axes = "xyz";
    for (const auto& [a, b] : {std::pair(0, 1), std::pair(1, 2), std::pair(0, 2)}) {
      if (launch.groups[a] == launch.groups[b]) continue;
      changes_.push_back({field_of(launch, "groups"),
                          fmt::format("{} and {} are exchanged", axes[a], axes[b]),
                          [l, a = a, b = b](Manifest& m) {
                            std::swap(m.launches[l].groups[a], m.launches[l].groups[b]);
                          }});
    }
    for (size_t axis = 0; axis < 3; ++axis) {
      const std::string& v = launch.groups[axis];
      const std::string field = field_of(launch, fmt::format("groups[{}]", axis));
      const auto change = [&](const std::string& says, const std::string& value) {
        changes_.push_back({field, says, [=](Manifest& m) { m.launches[l].groups[axis] = value; }});
      };
      change("it is one more (value + 1)", fmt::format("({}) + 1", v));
      change("it is one less (value - 1)", fmt::format("({}) - 1", v));
      for (const auto& [name, value] : params_.values()) {
        const auto* number = std::get_if<int64_t>(&value);
        if (number == nullptr || name == v || *number < 1 || *number > kMostGroups) continue;
        others_.push_back({field, fmt::format("it is '{}', not '{}'", name, v),
                           [=, name = name](Manifest& m) { m.launches[l].groups[axis] = name; }});
      }
      for (const int by : {2, 4, 8, 16, 32, 64, 128, 256}) {
        change(fmt::format("it is ceildiv(value, {})", by), fmt::format("ceildiv({}, {})", v, by));
        if (by <= 16) change(fmt::format("it is value * {}", by), fmt::format("({}) * {}", v, by));
      }
    }
    for (const char* size : {"64", "128", "256", "512", "1024"}) {
      if (launch.group_size[0] == size) continue;
      changes_.push_back(
          {field_of(launch, "group_size[0]"), fmt::format("it is {}", size),
           [=, text = std::string(size)](Manifest& m) { m.launches[l].group_size[0] = text; }});
    }
  }

  const Manifest& m_;
  const Params& params_;
  const std::vector<Buffer>& buffers_;
  std::vector<Change> changes_;
  std::vector<Change> others_;  ///< another parameter or buffer in a place
  std::vector<Change> last_;
};

/// A case and what came of it.
struct Tried {
  Case c;
  Params params;  ///< that expressions see
  bool passed = false;
  bool weak = false;   ///< passed, as outputs of no meaning would have
  bool launch = true;  ///< a failure that a launch may be to blame for
  double seconds = 0;
  uint64_t instructions = 0;
  std::string why;
};

bool is_pass(Status status) {
  return status == Status::kPass || status == Status::kWeak || status == Status::kSuspect;
}

class Smoke {
 public:
  Smoke(const Harness& harness, const Manifest& m, const SmokeOptions& options)
      : harness_(harness), m_(m), options_(options) {}

  SmokeRun run() {
    const double start = now();
    for (uint64_t i = 0; i < options_.cases; ++i) {
      if (i >= kLeastCases && now() - start > part()) break;
      for (const std::string& target : targets_of(m_)) try_case(target, i * kIndexStep);
    }
    if (!too_large_.empty())
      result_.remarks.push_back({true, kSmokeRun, "a case is too large: " + too_large_});
    for (const std::string& what : unsupported_)
      result_.remarks.push_back({true, kSmokeRun, "the target lacks " + what});
    if (result_.failed != 0) explain();
    return std::move(result_);
  }

 private:
  double part() const { return options_.seconds / 3; }

  void try_case(const std::string& target, uint64_t index) {
    Tried tried;
    tried.c = harness_.draw({m_.kernel, "", target}, options_.seed, index).value();
    tried.params = harness_.op(tried.c).launch_params(tried.c);
    const double start = now();
    try {
      const Verdict verdict = harness_.evaluate(tried.c);
      if (verdict.status == Status::kRefused) return;
      if (verdict.status == Status::kTooLarge) {
        too_large_ = verdict.reason;
        return;
      }
      if (verdict.status == Status::kUnsupported) {
        unsupported_.insert(verdict.reason);
        return;
      }
      tried.passed = is_pass(verdict.status);
      tried.instructions = verdict.instructions;
      tried.weak = verdict.status == Status::kWeak;
      if (!tried.passed) {
        tried.launch = std::any_of(verdict.findings.begin(), verdict.findings.end(), may_be_launch);
        tried.why = fmt::format("{}: {}", name(verdict.findings.front().kind),
                                verdict.findings.front().message);
      }
    } catch (const Error& e) {
      tried.why = e.what();
    }
    tried.seconds = now() - start;
    ++result_.cases;
    result_.failed += !tried.passed;
    (tried.passed ? passed_ : failed_).push_back(std::move(tried));
  }

  void explain() {
    // Nearly every change is ruled out by the first case that it is tried on.
    for (std::vector<Tried>* cases : {&failed_, &passed_}) {
      std::stable_sort(cases->begin(), cases->end(),
                       [](const Tried& a, const Tried& b) { return a.seconds < b.seconds; });
    }
    const Tried first = failed_.front();
    const std::string share =
        fmt::format("{} of {} small cases fail", result_.failed, result_.cases);
    if (std::none_of(failed_.begin(), failed_.end(), [](const Tried& t) { return t.launch; })) {
      add(true, kSmokeRun,
          fmt::format("{}, for nothing that a launch could be to blame for: {}", share, first.why));
      return;
    }
    if (explained_by_change(share)) return;
    if (explained_by_claim(share)) return;
    const bool some_pass =
        std::any_of(passed_.begin(), passed_.end(), [](const Tried& t) { return !t.weak; });
    add(some_pass, kSmokeRun,
        fmt::format("{}, and no change of a single field makes them pass: {}; first {}", share,
                    some_pass
                        ? "the numerics contract or the kernel may be wrong"
                        : "several fields may be wrong, or the numerics contract, or the kernel",
                    first.why));
  }

  bool passes(const Manifest& m, const Tried& t) const {
    try {
      // A launch with a wrong argument may loop for long.
      const uint64_t budget = budget_beside(t.instructions);
      return is_pass(harness_.evaluate(t.c, m, {.instruction_budget = budget}).status);
    } catch (const Error&) {
      return false;
    }
  }

  bool explained_by_change(const std::string& share) {
    const double start = now();
    std::vector<Buffer> buffers;
    try {
      buffers = harness_.problem(failed_.front().c).buffers;
    } catch (const Error&) {
      buffers = harness_.op(failed_.front().c).buffers(failed_.front().c);
    }
    std::map<std::string, std::string> found;  // by field; the first change that does it
    std::vector<std::string> order;
    std::vector<Change> changes = plausible_changes(m_, failed_.front().params, buffers);
    // What is said to be wrong is found whatever time there is.
    std::stable_partition(changes.begin(), changes.end(), [&](const Change& change) {
      return std::any_of(m_.disagrees.begin(), m_.disagrees.end(),
                         [&](const Disagreement& d) { return d.field == change.field; });
    });
    for (const Change& change : changes) {
      if (now() - start > part()) break;
      // A field of all launches explains those of each.
      const size_t at = change.field.rfind("kernarg ");
      if (found.contains(change.field)) continue;
      if (at != std::string::npos && found.contains(change.field.substr(at))) continue;
      Manifest changed = m_;
      change.apply(changed);
      const auto all_pass = [&](const std::vector<Tried>& cases) {
        return std::all_of(cases.begin(), cases.end(),
                           [&](const Tried& t) { return passes(changed, t); });
      };
      if (!all_pass(failed_) || !all_pass(passed_)) continue;
      found.emplace(change.field, change.says);
      order.push_back(change.field);
    }
    if (found.empty()) return false;
    for (const std::string& field : order) {
      add(false, field,
          fmt::format("{}; all pass when {}{}", share, found.at(field),
                      order.size() == 1 ? "" : " (one of several such changes)"));
    }
    return true;
  }

  bool explained_by_claim(const std::string& share) {
    const double start = now();
    // The targets by turns, so that the time is everyone's.
    for (uint64_t i = options_.cases; !passed_.empty() && i < kRegionCases; ++i) {
      for (const std::string& target : targets_of(m_)) {
        if (now() - start <= part()) try_case(target, i);
      }
    }
    bool explained = false;
    for (const auto& [name, claim] : m_.claims) {
      const std::string what = claim.choices.empty() ? range_apart(name) : choices_apart(name);
      if (what.empty()) continue;
      add(true, "claims." + name,
          fmt::format("{}; {}: the claim may be too wide, or the numerics contract or the kernel "
                      "wrong there: {}",
                      share, what, failed_.front().why));
      explained = true;
    }
    return explained;
  }

  /// "cases pass up to 64 and fail from 96", where nothing below fails and hardly anything above
  /// passes; or the other way round.
  std::string range_apart(const std::string& name) const {
    int64_t least = std::numeric_limits<int64_t>::max();
    int64_t most = std::numeric_limits<int64_t>::min();
    for (const Tried& t : failed_) {
      least = std::min(least, t.params.integer(name));
      most = std::max(most, t.params.integer(name));
    }
    uint64_t below = 0, above = 0, from = 0, to = 0;
    int64_t last = std::numeric_limits<int64_t>::min();
    int64_t first = std::numeric_limits<int64_t>::max();
    for (const Tried& t : passed_) {
      if (t.weak) continue;
      const int64_t value = t.params.integer(name);
      (value < least ? below : from) += 1;
      (value > most ? above : to) += 1;
      if (value < least) last = std::max(last, value);
      if (value > most) first = std::min(first, value);
    }
    if (below != 0 && from * 10 <= failed_.size())
      return fmt::format("cases pass up to {} and fail from {}", last, least);
    if (above != 0 && to * 10 <= failed_.size())
      return fmt::format("cases fail up to {} and pass from {}", most, first);
    return "";
  }

  /// "cases fail with f32 and pass with bf16", where no case of the one choice fails and at least
  /// half of the other's do.
  std::string choices_apart(const std::string& name) const {
    std::map<std::string, uint64_t> failed, passed;
    for (const Tried& t : failed_) ++failed[t.params.text(name)];
    for (const Tried& t : passed_)
      if (!t.weak) ++passed[t.params.text(name)];
    std::vector<std::string> bad, good;
    for (const auto& [choice, count] : failed) {
      if (passed[choice] > count) return "";
      bad.push_back(choice);
    }
    for (const auto& [choice, count] : passed)
      if (!failed.contains(choice)) good.push_back(choice);
    if (good.empty()) return "";
    return fmt::format("cases fail with {} and pass with {}", fmt::join(bad, ", "),
                       fmt::join(good, ", "));
  }

  void add(bool note, std::string field, std::string message) {
    result_.remarks.push_back({note, std::move(field), std::move(message)});
  }

  const Harness& harness_;
  const Manifest& m_;
  const SmokeOptions options_;
  std::vector<Tried> passed_, failed_;
  std::set<std::string> unsupported_;
  std::string too_large_;
  SmokeRun result_;
};

}  // namespace

std::vector<Change> plausible_changes(const Manifest& manifest, const Params& params,
                                      const std::vector<Buffer>& buffers) {
  return ChangeList(manifest, params, buffers).make();
}

bool may_be_launch(const Finding& finding) {
  return finding.kind != FindingKind::kMissingWait && finding.kind != FindingKind::kDataRace &&
         finding.kind != FindingKind::kUninitialised;
}

SmokeRun smoke_run(const Harness& harness, const Manifest& manifest, const SmokeOptions& options) {
  return Smoke(harness, manifest, options).run();
}

}  // namespace wavefuzz
