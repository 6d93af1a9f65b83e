#include "fuzz/search/regress.h"

#include <fmt/format.h>
#include <rapidcheck/shrinkable/Transform.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <set>

#include "fuzz/judge/corpus.h"
#include "fuzz/search/campaign.h"
#include "fuzz/search/clock.h"
#include "fuzz/search/parallel.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

constexpr uint64_t kBatch = 32;  // cases side by side, whatever the threads

/// A case on both builds.
struct Pair {
  std::string origin;
  std::optional<rc::Shrinkable<Case>> c;
  Verdict before, now;
  bool other_bits = false;
  bool of_corpus = false;
};

/// Cases that come out alike: the first of them, and how many.
struct Seen {
  Pair first;
  uint64_t cases = 0;
};

std::string failure(const Verdict& v) { return v.status == Status::kFail ? signature(v) : ""; }

bool passes(const Verdict& v) {
  return v.status == Status::kPass || v.status == Status::kWeak || v.status == Status::kSuspect;
}

/// Of what is specified and judged value by value; a NaN is a NaN.
uint64_t digest(const Verdict& verdict) {
  uint64_t h = 14695981039346656037u;  // FNV-1a, of words
  const auto add = [&](uint64_t word) { h = (h ^ word) * 1099511628211u; };
  for (const ComparedTensor& t : verdict.tensors) {
    add(t.got.size());
    for (size_t i = 0; i < t.got.size(); ++i) {
      if (std::isnan(t.expected[i])) continue;
      add(std::isnan(t.got[i]) ? 1 : std::bit_cast<uint64_t>(t.got[i]));
    }
  }
  return h;
}

class Comparer {
 public:
  Comparer(const Build& before, const Build& now, const RegressOptions& options,
           const std::atomic<bool>& interrupted)
      : before_(before), now_(now), options_(options), interrupted_(interrupted) {}

  Comparison run() {
    replay();
    draw();
    if (out_.unsupported.empty()) {
      conclude();
      out_.before = covered(before_, coverage_before_);
      out_.now = covered(now_, coverage_now_);
    }
    return std::move(out_);
  }

 private:
  Job job(const Build& b) const { return {b.kernel, b.plant, options_.target}; }

  void replay() {
    const std::string& op = now_.harness->manifest(now_.kernel).op;
    std::vector<Pair> pairs;
    for (const std::string& file : options_.corpus) {
      CorpusEntry entry;
      try {
        entry = read_corpus_file(file);
      } catch (const Error&) {
        continue;  // `fuzz --corpus` says what is wrong with it
      }
      if (entry.c.op != op) continue;
      Case c = now_.on(entry.c);
      c.target = options_.target;
      pairs.push_back({"corpus file " + file, shrink_tree(*now_.harness, c), {}, {}, false, true});
    }
    for (size_t begin = 0; begin < pairs.size() && !interrupted_; begin += kBatch) {
      const size_t end = std::min<size_t>(begin + kBatch, pairs.size());
      std::vector<Pair> batch(
          std::make_move_iterator(pairs.begin() + static_cast<ptrdiff_t>(begin)),
          std::make_move_iterator(pairs.begin() + static_cast<ptrdiff_t>(end)));
      out_.replayed += run_all(batch);
    }
  }

  void draw() {
    // Cases of a planted bug are those that can show it.
    const Build& of = now_.plant.empty() ? before_ : now_;
    const double start = now();
    for (uint64_t index = 0; !interrupted_ && out_.unsupported.empty();) {
      if (options_.seconds > 0 && now() - start >= options_.seconds) break;
      const uint64_t left = options_.cases == 0 ? kBatch : options_.cases - index;
      if (left == 0) break;
      std::vector<Pair> batch;
      for (uint64_t i = 0; i < std::min(left, kBatch); ++i, ++index) {
        batch.push_back({fmt::format("case {}", index),
                         of.harness->draw(job(of), options_.seed, index),
                         {},
                         {}});
      }
      out_.drawn += run_all(batch);
    }
  }

  /// How many ran on both.
  uint64_t run_all(std::vector<Pair>& pairs) {
    parallel_for(pairs.size(), options_.threads, [&](size_t i) {
      Pair& p = pairs[i];
      try {
        const JudgeOptions judge = {.coverage = true, .tensors = true};
        p.before = before_.harness->evaluate(before_.on(p.c->value()), judge);
        p.now = now_.harness->evaluate(now_.on(p.c->value()), judge);
        p.other_bits = passes(p.before) && passes(p.now) && digest(p.before) != digest(p.now);
        p.before.tensors.clear();
        p.now.tensors.clear();
      } catch (const Error&) {
        // Another kernel's case may be none of this one, such as one without its LSE.
        p.before = p.now = {.status = Status::kRefused};
        if (!p.of_corpus) throw;
      }
    });
    uint64_t ran = 0;
    for (Pair& p : pairs) ran += add(p);
    return ran;
  }

  bool add(Pair& p) {
    for (const auto& [build, verdict] : {std::pair(&before_, &p.before), {&now_, &p.now}}) {
      if (verdict->status != Status::kUnsupported || !out_.unsupported.empty()) continue;
      out_.unsupported = fmt::format("{}: {}", build->shown, verdict->reason);
    }
    out_.too_large += p.before.status == Status::kTooLarge || p.now.status == Status::kTooLarge;
    if (!(passes(p.before) || p.before.status == Status::kFail) ||
        !(passes(p.now) || p.now.status == Status::kFail))
      return false;  // outside the claims
    wavefuzz::add(coverage_before_, p.before.coverage);
    wavefuzz::add(coverage_now_, p.now.coverage);
    if (p.other_bits && out_.other_bits++ == 0) out_.first_other = p.origin;
    const std::string was = failure(p.before), is = failure(p.now);
    if (was.empty() && is.empty()) return true;
    Seen& seen = seen_[{was, is}];
    if (seen.cases++ == 0) {
      order_.push_back({was, is});
      seen.first = std::move(p);
    }
    return true;
  }

  void conclude() {
    look_at_all();
    // What shows in several ways is told once.
    std::vector<Difference> told;
    for (Difference& d : out_.differences) {
      const auto same = std::find_if(told.begin(), told.end(), [&](const Difference& other) {
        const auto &a = other.is ? other.is : other.was, &b = d.is ? d.is : d.was;
        return other.kind == d.kind && a && b && share_an_edge(*a, *b);
      });
      (same == told.end() ? told : same->also).push_back(std::move(d));
    }
    out_.differences = std::move(told);
  }

  void look_at_all() {
    std::set<std::string> before, now;
    for (const auto& [key, seen] : seen_) {
      before.insert(key.first);
      now.insert(key.second);
    }
    const auto any_alike = [](const std::set<std::string>& list, const std::string& s) {
      return std::any_of(list.begin(), list.end(), [&](const std::string& other) {
        return !other.empty() && alike(other, s);
      });
    };
    using Kind = Difference::Kind;
    for (const auto& key : order_) {
      if (interrupted_) return;
      const auto& [was, is] = key;
      const Seen& seen = seen_.at(key);
      if (was.empty()) {
        const Kind kind = any_alike(before, is) ? Kind::kWider : Kind::kNew;
        if (!told(kind, is, seen.cases)) out_.differences.push_back(difference(kind, seen));
      } else if (is.empty()) {
        const Kind kind = any_alike(now, was) ? Kind::kNarrower : Kind::kGone;
        if (!told(kind, was, seen.cases)) out_.differences.push_back(difference(kind, seen));
      } else if (was != is) {
        out_.differences.push_back(difference(Kind::kOther, seen));
      } else if (!seen_.contains({"", is}) && !seen_.contains({was, ""})) {
        Difference d = difference(Kind::kMoved, seen);
        if (d.was && d.is && d.was->bounds() != d.is->bounds())
          out_.differences.push_back(std::move(d));
      }
    }
  }

  /// One fault makes values wrong, not finite, or leaves them out: one difference, of many cases.
  bool told(Difference::Kind kind, const std::string& signature, uint64_t cases) {
    for (Difference& d : out_.differences) {
      if (d.kind != kind || !alike(d.after.empty() ? d.before : d.after, signature)) continue;
      d.cases += cases;
      return true;
    }
    return false;
  }

  Difference difference(Difference::Kind kind, const Seen& seen) {
    const Pair& p = seen.first;
    Difference d;
    d.kind = kind;
    d.before = failure(p.before);
    d.after = failure(p.now);
    d.cases = seen.cases;
    d.origin = p.origin;
    const bool fails_now = !d.after.empty();
    const Build& failing = fails_now ? now_ : before_;
    const Build& other = fails_now ? before_ : now_;
    const Verdict& verdict = fails_now ? p.now : p.before;
    d.drawn = failing.on(p.c->value());
    const auto on = rc::shrinkable::map(*p.c, [&](Case c) { return failing.on(std::move(c)); });
    d.shrunk =
        shrink(*failing.harness, on, verdict, options_.shrink, options_.threads, interrupted_);
    // The smallest case must still tell the builds apart.
    const std::string there = failure(other.harness->evaluate(other.on(d.shrunk.smallest)));
    if (there != (fails_now ? d.before : d.after))
      d.shrunk = {.smallest = d.drawn, .verdict = verdict};
    d.confirmations = confirm(*failing.harness, d.shrunk);
    if (fails_now) d.is = boundary(now_, d.shrunk.smallest, d.shrunk.verdict);
    if (d.before.empty()) return d;
    if (!fails_now) {
      d.was = boundary(before_, d.shrunk.smallest, d.shrunk.verdict);
      return d;
    }
    const Case c = before_.on(d.shrunk.smallest);
    d.was = boundary(before_, c, before_.harness->evaluate(c));
    return d;
  }

  std::optional<Boundary> boundary(const Build& build, const Case& c, const Verdict& verdict) {
    if (interrupted_ || verdict.status != Status::kFail) return std::nullopt;
    return find_boundary(*build.harness, c, verdict, options_.boundary, options_.threads,
                         interrupted_);
  }

  BuildCoverage covered(const Build& build, const Coverage& coverage) const {
    BuildCoverage sum;
    for (const auto& [kernel, edges] : coverage) {
      const ProgramCoverage c = build.harness->coverage(job(build), kernel, edges);
      sum.executed += c.executed;
      sum.instructions += c.instructions;
      sum.unreached += c.unreached.size();
    }
    return sum;
  }

  using Key = std::pair<std::string, std::string>;

  const Build& before_;
  const Build& now_;
  const RegressOptions& options_;
  const std::atomic<bool>& interrupted_;
  std::map<Key, Seen> seen_;  // by signatures before and now; empty: passes
  std::vector<Key> order_;    // as they were first seen
  Coverage coverage_before_, coverage_now_;
  Comparison out_;
};

}  // namespace

Case Build::on(Case c) const {
  c.kernel = kernel;
  c.plant = plant;
  return c;
}

bool Comparison::breaks() const {
  return std::any_of(differences.begin(), differences.end(),
                     [](const Difference& d) { return d.breaks(); });
}

Comparison compare_builds(const Build& before, const Build& now, const RegressOptions& options,
                          const std::atomic<bool>& interrupted) {
  return Comparer(before, now, options, interrupted).run();
}

size_t first_failing(const std::vector<Build>& builds, const Case& c,
                     const std::string& signature) {
  size_t good = 0, bad = builds.size() - 1;
  while (bad - good > 1) {
    const size_t middle = good + (bad - good) / 2;
    const Build& build = builds[middle];
    const Verdict verdict = build.harness->evaluate(build.on(c));
    (effect_of(verdict, signature) == Effect::kPasses ? good : bad) = middle;
  }
  return bad;
}

}  // namespace wavefuzz
