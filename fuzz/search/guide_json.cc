// A guide as it is kept between processes, so that a campaign goes on as if it had not stopped.
#include "fuzz/search/guide.h"

namespace wavefuzz {
namespace {

using nlohmann::json;

json origin_json(const Origin& origin) { return {origin.drawn, origin.moves}; }

Origin origin_of(const json& j) { return {j.at(0), j.at(1)}; }

}  // namespace

json Guide::to_json() const {
  json programs = json::array(), known = json::array();
  for (const KernelId& p : programs_) programs.push_back({p.code_object, p.symbol});
  for (const auto& [key, k] : known_)
    known.push_back({key, k.went_true, k.went_false, k.distance, k.best});
  const auto cases = [](const auto& list) {
    json out = json::array();
    for (const Kept& k : list) {
      json compares = json::array();
      for (const auto& [key, c] : k.compares) compares.push_back({key, c.a, c.b, c.went_true});
      out.push_back({k.id, origin_json(k.origin), k.instructions, k.axes, compares, k.probed});
    }
    return out;
  };
  const auto tries = [](const auto& list) {
    json out = json::array();
    for (const Try& t : list) {
      out.push_back(
          {t.bisects, t.from, origin_json(t.origin), t.axis, t.value, t.compare, t.near, t.far});
    }
    return out;
  };
  return {{"programs", programs},
          {"known", known},
          {"kept", cases(kept_)},
          {"recent", cases(recent_)},
          {"aims", tries(aims_)},
          {"follows", tries(follows_)},
          {"beside", tries(beside_)},
          {"turns", turns_},
          {"running", tries(running_)},
          {"aimed", aimed_},
          {"followed", followed_},
          {"constants", constants_},
          {"dear", dear_},
          {"next_id", next_id_},
          {"dearest", dearest_}};
}

Guide Guide::from_json(const json& j) {
  Guide g;
  for (const json& p : j.at("programs")) g.programs_.push_back({p.at(0), p.at(1)});
  for (const json& k : j.at("known")) {
    g.known_[k.at(0).get<Key>()] = {
        .went_true = k.at(1), .went_false = k.at(2), .distance = k.at(3), .best = k.at(4)};
  }
  const auto cases = [](const json& list, std::deque<Kept>& out) {
    for (const json& k : list) {
      Kept kept = {k.at(0), origin_of(k.at(1)), k.at(2), k.at(3), {}, k.at(5)};
      for (const json& c : k.at(4)) {
        const bool went_true = c.at(3);
        kept.compares[c.at(0).get<Key>()] = {.a = c.at(1),
                                             .b = c.at(2),
                                             .pair = true,
                                             .went_true = went_true,
                                             .went_false = !went_true};
      }
      out.push_back(std::move(kept));
    }
  };
  cases(j.at("kept"), g.kept_);
  cases(j.at("recent"), g.recent_);
  const auto tries = [](const json& list, auto& out) {
    for (const json& t : list) {
      out.push_back(
          {t.at(0), t.at(1), origin_of(t.at(2)), t.at(3), t.at(4), t.at(5), t.at(6), t.at(7)});
    }
  };
  tries(j.at("aims"), g.aims_);
  tries(j.at("follows"), g.follows_);
  tries(j.at("beside"), g.beside_);
  g.turns_ = j.at("turns").get<decltype(g.turns_)>();
  tries(j.at("running"), g.running_);
  g.aimed_ = j.at("aimed").get<std::map<uint64_t, int>>();
  g.followed_ = j.at("followed");
  g.constants_ = j.at("constants").get<std::set<int64_t>>();
  g.dear_ = j.at("dear");
  g.next_id_ = j.at("next_id");
  g.dearest_ = j.at("dearest");
  return g;
}

}  // namespace wavefuzz
