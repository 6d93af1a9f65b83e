#include "fuzz/search/guide.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

constexpr size_t kMostKept = 48;
constexpr size_t kMostAims = 4096;    // over a campaign
constexpr size_t kMostWaiting = 512;  // of either list
constexpr size_t kMostConstants = 64;
constexpr int kMostAimedAlike = 2;  // at one value of an axis
constexpr size_t kMostTurns = 64;
constexpr size_t kMostRecent = 24;
constexpr int64_t kMostFollowed = 4;  // secant steps for one compare and axis
constexpr int64_t kMostValue = int64_t{1} << 24;
constexpr uint64_t kAlwaysAffordable = 1'000'000;  // instructions
constexpr int64_t kDoubtful = 2;                   // so small a number equals many by chance
constexpr int64_t kMoreDoubtful = 8;

uint64_t distance_of(const Compared& c) {
  return c.a > c.b ? static_cast<uint64_t>(c.a) - static_cast<uint64_t>(c.b)
                   : static_cast<uint64_t>(c.b) - static_cast<uint64_t>(c.a);
}

/// The origin whose case is `from`'s with the axis at `value`.
Origin moved(Origin from, const std::string& axis, int64_t value) {
  std::erase_if(from.moves, [&](const auto& move) { return move.first == axis; });
  from.moves.emplace_back(axis, value);
  return from;
}

const Claim* claim_of(const Harness& harness, const Job& job, const std::string& axis) {
  const Manifest& m = harness.manifest(job.kernel);
  const auto it = m.claims.find(axis);
  return it == m.claims.end() ? nullptr : &it->second;
}

/// Values to move an axis to that are far enough to tell what follows it.
std::vector<int64_t> probe_values(int64_t v, const Claim* claim) {
  std::vector<int64_t> values = {v + std::max<int64_t>(1, v / 2), 2 * v, v + 1, v - 1, v / 2};
  if (claim == nullptr) return values;
  const int64_t step = claim->multiple_of;
  values.insert(values.end(), {v + step, v - step});
  for (const int64_t value : claim->values) values.push_back(value);
  std::erase_if(values, [&](int64_t value) { return !claim->has(value); });
  return values;
}

}  // namespace

std::optional<Case> make_case(const Harness& harness, const Job& job, uint64_t seed,
                              const Origin& origin) {
  Case c = harness.draw(job, seed, origin.drawn).value();
  try {
    for (const auto& [name, value] : origin.moves) {
      const std::vector<Axis> axes = harness.op(c).axes(c);
      const auto axis =
          std::find_if(axes.begin(), axes.end(), [&](const Axis& a) { return a.name == name; });
      if (axis == axes.end() || value < axis->least) return std::nullopt;
      // Before it is set: what a case is repaired by may divide by it.
      const Claim* claim = claim_of(harness, job, name);
      if (claim != nullptr && !claim->has(value)) return std::nullopt;
      axis->set(c, value);
    }
    if (harness.refusal(c)) return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // parameters that do not hold together
  }
  return c;
}

Guide::Key Guide::key_of(const KernelId& program, uint32_t instruction) {
  const auto it = std::find(programs_.begin(), programs_.end(), program);
  const auto index = static_cast<uint64_t>(it - programs_.begin());
  if (it == programs_.end()) programs_.push_back(program);
  return index << 32 | instruction;
}

Guide::Kept* Guide::find(uint64_t id) {
  const auto it =
      std::find_if(kept_.begin(), kept_.end(), [id](const Kept& k) { return k.id == id; });
  return it == kept_.end() ? nullptr : &*it;
}

std::set<uint64_t> Guide::best() const {
  std::set<uint64_t> ids;
  for (const auto& [key, known] : known_) {
    if (known.one_way()) ids.insert(known.best);
  }
  return ids;
}

Guide::Kept Guide::kept_of(const Harness& harness, const Case& c, const Origin& origin,
                           const Verdict& verdict) {
  Kept kept = {0, origin, verdict.instructions, {}, {}, {}};
  for (const Axis& axis : harness.op(c).axes(c)) kept.axes[axis.name] = axis.value;
  for (const auto& [program, compares] : verdict.compares) {
    for (const auto& [instruction, compared] : compares) {
      if (compared.pair && compared.one_way())
        kept.compares[key_of(program, instruction)] = compared;
    }
  }
  return kept;
}

void Guide::learn(const Harness& harness, const Case& c, const Origin& origin,
                  const Verdict& verdict, size_t fresh) {
  const auto running = std::find_if(running_.begin(), running_.end(),
                                    [&](const Try& t) { return t.origin == origin; });
  std::optional<Try> t;
  if (running != running_.end()) {
    t = *running;
    running_.erase(running);
  }
  if (verdict.compares.empty()) return;  // nothing ran
  Kept kept = kept_of(harness, c, origin, verdict);
  if (!t) {
    dearest_ = std::max(dearest_, verdict.instructions);
    recent_.push_back(kept);
    if (recent_.size() > kMostRecent) recent_.pop_front();
  }
  std::vector<Key> turned, closer;
  for (const auto& [program, compares] : verdict.compares) {
    for (const auto& [instruction, compared] : compares) {
      const Key key = key_of(program, instruction);
      Known& known = known_[key];
      const bool was_one_way = known.one_way();
      known.went_true |= compared.went_true;
      known.went_false |= compared.went_false;
      if (was_one_way && !known.one_way()) turned.push_back(key);
      if (!known.one_way() || !compared.pair || distance_of(compared) >= known.distance) continue;
      known.distance = distance_of(compared);
      known.best = next_id_;
      closer.push_back(key);
    }
  }
  const Kept* from = t ? find(t->from) : nullptr;
  if (fresh != 0 || !turned.empty() || !closer.empty()) {
    kept.id = next_id_++;
    for (const Key key : closer) match(kept, key);
  }
  if (from != nullptr && !t->axis.empty()) {
    const int64_t before = from->axes.contains(t->axis) ? from->axes.at(t->axis) : t->value;
    if (t->value >= before + std::max<int64_t>(1, before / 2))
      dear_[t->axis] |= verdict.instructions > from->instructions + from->instructions / 8;
    if (kept.axes.contains(t->axis) && before != t->value) {
      follow(*from, kept, t->axis);
      go_on(*t, *from, kept, turned);
    }
  }
  if (kept.id != 0) keep(std::move(kept));
}

void Guide::keep(Kept kept) {
  kept_.push_back(std::move(kept));
  if (kept_.size() <= kMostKept) return;
  const std::set<uint64_t> best = this->best();
  auto drop =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return !best.contains(k.id); });
  if (drop == kept_.end()) drop = kept_.begin();
  kept_.erase(drop);
}

void Guide::match(const Kept& kept, Key key) {
  const auto it = kept.compares.find(key);
  if (it == kept.compares.end()) return;
  const auto [a, b] = std::pair(it->second.a, it->second.b);
  for (const int64_t operand : {a, b}) {
    if (operand > kDoubtful && operand < kMostValue && constants_.size() < kMostConstants)
      constants_.insert(operand);
  }
  for (const auto& [axis, v] : kept.axes) {
    for (const auto& [follows, turns] : {std::pair(a, b), std::pair(b, a)}) {
      // An index is one less than a length, an end one more.
      if (follows < v - 1 || follows > v + 1 || turns < 0 || turns > kMostValue) continue;
      const int64_t at = turns + (v - follows);
      const int64_t across = at + (v < at ? 1 : -1);
      const int64_t sign = across - at;
      std::deque<Try>& list = v > (v == follows ? kDoubtful : kMoreDoubtful) ? aims_ : beside_;
      aim(list, kept, axis, across, key);
      aim(list, kept, axis, at, key);
      // Where one key more shows in few outputs, many do.
      aim(list, kept, axis, at + sign * std::max<int64_t>(8, at / 7), key);
      aim(beside_, kept, axis, at - sign, key);
    }
  }
}

void Guide::follow(const Kept& a, const Kept& b, const std::string& axis) {
  const int64_t from = a.axes.at(axis), to = b.axes.at(axis);
  if (from == to) return;
  for (const auto& [key, there] : b.compares) {
    if (!known_.at(key).one_way()) continue;
    const auto here = a.compares.find(key);
    if (here == a.compares.end()) continue;
    const auto apart = [](const Compared& c) {
      return static_cast<double>(c.a) - static_cast<double>(c.b);
    };
    const double d0 = apart(here->second), d1 = apart(there);
    if (d0 == d1) continue;
    const double zero = static_cast<double>(from) - d0 * static_cast<double>(to - from) / (d1 - d0);
    if (!(zero >= 0 && zero <= static_cast<double>(kMostValue))) continue;
    if (++followed_[fmt::format("{}/{}", key, axis)] > kMostFollowed) continue;
    const auto at = static_cast<int64_t>(std::llround(zero));
    aim(follows_, a, axis, at, key);
    aim(follows_, a, axis, at + (from < at ? 1 : -1), key);
  }
}

void Guide::aim(std::deque<Try>& list, const Kept& from, const std::string& axis, int64_t value,
                Key key) {
  if (value < 0 || value > kMostValue || value == from.axes.at(axis)) return;
  if (aimed_.size() >= kMostAims || list.size() >= kMostWaiting) return;
  if (!is_affordable(from, axis, value)) return;
  // An axis of one list entry is as good as that of another.
  const std::string list_name = axis.substr(0, axis.find('['));
  if (++aimed_[stable_hash(fmt::format("{}/{}", list_name, value))] > kMostAimedAlike) return;
  list.push_back({false, from.id, moved(from.origin, axis, value), axis, value, key, 0, 0});
}

bool Guide::is_affordable(const Kept& from, const std::string& axis, int64_t value) const {
  const auto dear = dear_.find(axis);
  const int64_t v = from.axes.at(axis);
  if (value <= v || (dear != dear_.end() && !dear->second)) return true;
  const double growth = static_cast<double>(value) / static_cast<double>(std::max<int64_t>(v, 1));
  return growth * static_cast<double>(from.instructions) <=
         static_cast<double>(std::max(2 * dearest_, kAlwaysAffordable));
}

void Guide::go_on(const Try& t, const Kept& from, const Kept& ran, const std::vector<Key>& turned) {
  const auto halve = [&](Key key, int64_t near, int64_t far) {
    if (std::abs(far - near) <= 1) {
      if (turns_.size() < kMostTurns) turns_.emplace_back(t.axis, far);
      return;
    }
    const int64_t middle = near + (far - near) / 2;
    aims_.push_front(
        {true, from.id, moved(from.origin, t.axis, middle), t.axis, middle, key, near, far});
  };
  for (const Key key : turned) {
    if (from.compares.contains(key)) halve(key, from.axes.at(t.axis), t.value);
  }
  if (!t.bisects) return;
  const auto before = from.compares.find(t.compare);
  const auto now = ran.compares.find(t.compare);
  const bool as_before = before != from.compares.end() && now != ran.compares.end() &&
                         before->second.went_true == now->second.went_true;
  halve(t.compare, as_before ? t.value : t.near, as_before ? t.far : t.value);
}

std::optional<Guide::Try> Guide::probe(const Harness& harness, const Job& job) {
  const std::set<uint64_t> best = this->best();
  for (Kept& kept : kept_) {
    if (!best.contains(kept.id)) continue;
    for (const auto& [axis, v] : kept.axes) {
      if (!kept.probed.insert(axis).second) continue;
      for (const int64_t value : probe_values(v, claim_of(harness, job, axis))) {
        if (value == v || value < 0 || !is_affordable(kept, axis, value)) continue;
        return Try{false, kept.id, moved(kept.origin, axis, value), axis, value, 0, 0, 0};
      }
    }
  }
  return std::nullopt;
}

std::optional<Guide::Try> Guide::transplant(Draw& draw) {
  if (turns_.empty() || recent_.empty()) return std::nullopt;
  const Kept& kept =
      recent_[static_cast<size_t>(draw.in(0, static_cast<int64_t>(recent_.size()) - 1))];
  Try t = {false, 0, kept.origin, "", 0, 0, 0, 0};
  for (int64_t moves = draw.in(1, 2); moves > 0; --moves) {
    const auto& [axis, value] = draw.one_of(turns_);
    const auto has = kept.axes.find(axis);
    if (has == kept.axes.end() || !is_affordable(kept, axis, value)) continue;
    t.origin = moved(
        t.origin, axis,
        value + draw.weighted<int64_t>({{2, 0}, {1, draw.in(1, 8)}, {1, draw.in(0, value / 4)}}));
  }
  if (t.origin.moves.empty()) return std::nullopt;
  return t;
}

std::optional<Guide::Try> Guide::mutant(const Harness& harness, const Job& job, Draw& draw) {
  if (kept_.empty()) return std::nullopt;
  const Kept& kept = kept_[static_cast<size_t>(draw.in(0, static_cast<int64_t>(kept_.size()) - 1))];
  if (kept.axes.empty()) return std::nullopt;
  Try t = {false, kept.id, kept.origin, "", 0, 0, 0, 0};
  const std::vector<std::pair<std::string, int64_t>> axes(kept.axes.begin(), kept.axes.end());
  for (int64_t moves = draw.in(1, 3); moves > 0; --moves) {
    const auto& [axis, v] = draw.one_of(axes);
    std::vector<int64_t> values = {v - 1, v + 1, v / 2, 2 * v};
    if (const Claim* claim = claim_of(harness, job, axis); claim != nullptr)
      values.insert(values.end(), {claim->min, claim->max});
    if (!constants_.empty() && draw.once_in(2)) values.assign(constants_.begin(), constants_.end());
    const int64_t value = draw.one_of(values) + (draw.once_in(3) ? draw.in(-1, 1) : 0);
    if (value >= 0 && value <= kMostValue && is_affordable(kept, axis, value))
      t.origin = moved(t.origin, axis, value);
  }
  if (t.origin == kept.origin) return std::nullopt;
  return t;
}

std::vector<Origin> Guide::propose(const Harness& harness, const Job& job, uint64_t seed,
                                   size_t count, Draw draw) {
  running_.clear();
  std::vector<Origin> origins;
  const auto take = [&](Try t) {
    if ((t.from != 0 && find(t.from) == nullptr) || !make_case(harness, job, seed, t.origin))
      return false;
    for (const Try& other : running_) {
      if (other.origin == t.origin) return false;
    }
    origins.push_back(t.origin);
    running_.push_back(std::move(t));
    return true;
  };
  const auto next = [&](std::deque<Try>& list) {
    while (!list.empty()) {
      const Try t = std::move(list.front());
      list.pop_front();
      if (take(t)) return true;
    }
    return false;
  };
  const auto next_probe = [&] {
    while (const std::optional<Try> t = probe(harness, job)) {
      if (take(*t)) return true;
    }
    return false;
  };
  const auto next_mutant = [&] {
    for (int tries = 0; tries < 8; ++tries) {
      std::optional<Try> t;
      if (draw.once_in(2)) t = transplant(draw);
      if (!t) t = mutant(harness, job, draw);
      if (t && take(*t)) return true;
    }
    return false;
  };
  for (size_t i = 0; i < count; ++i) {
    // What equal values say goes first; no source waits for another to run dry.
    i % 4 == 0   ? next(aims_) || next(follows_) || next_probe() || next(beside_)
    : i % 4 == 1 ? next_probe() || next(aims_) || next(follows_) || next(beside_)
    : i % 4 == 2 ? next(aims_) || next(beside_) || next(follows_) || next_probe()
                 : next_mutant();
  }
  return origins;
}

std::vector<Origin> Guide::proposed() const {
  std::vector<Origin> origins;
  for (const Try& t : running_) origins.push_back(t.origin);
  return origins;
}

size_t Guide::one_way() const {
  return static_cast<size_t>(std::count_if(
      known_.begin(), known_.end(), [](const auto& known) { return known.second.one_way(); }));
}

size_t Guide::both_ways() const { return known_.size() - one_way(); }

}  // namespace wavefuzz
