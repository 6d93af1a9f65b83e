#include "fuzz/operators/parameter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "fuzz/operators/claims.h"
#include "gpu/error.h"

namespace wavefuzz {

namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};

const std::string& name_of(const ParameterTable::Row& row) {
  return std::visit([](const auto& p) -> const std::string& { return p.name; }, row);
}

const Claim* find_claim(const Manifest& manifest, const std::string& name) {
  const auto it = manifest.claims.find(name);
  return it == manifest.claims.end() ? nullptr : &it->second;
}

/// Whether the manifest has the claim; throws where it must.
bool has_claim(const Manifest& manifest, const std::string& name, Unclaimed unclaimed) {
  if (find_claim(manifest, name) != nullptr) return true;
  if (unclaimed == Unclaimed::kRefused) {
    throw Error(Exit::kUsage, fmt::format("{}: field 'claims.{}' is missing", manifest.file, name));
  }
  return false;
}

/// Nothing where the case is damaged: whoever uses it says how.
std::optional<int64_t> plain_of(const Integer& p, const Case& c) {
  try {
    return p.plain.of(c);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

const Claim* Integer::claim(const Manifest& manifest) const { return find_claim(manifest, name); }

int64_t Integer::of(const Case& c) const {
  return param_in(c, name, least ? std::max(min, least(c)) : min, max);
}

int64_t Integer::draw(Draw& draw, const Manifest& manifest, Case& c) const {
  return this->draw(draw, manifest, c, usual);
}

int64_t Integer::draw(Draw& draw, const Manifest& manifest, Case& c,
                      const std::vector<int64_t>& values) const {
  const Claim* claim = this->claim(manifest);
  const int64_t value = draw.one_of(claim == nullptr ? values : claimed(*claim, values));
  set(c, value);
  return value;
}

int64_t Integer::set_inside(const Manifest& manifest, Case& c, int64_t value) const {
  if (const Claim* claim = this->claim(manifest); claim != nullptr) value = nearest(*claim, value);
  set(c, value);
  return value;
}

const std::string& Choice::of(const Case& c) const {
  const std::string& choice = c.params.text(name);
  if (std::find(choices.begin(), choices.end(), choice) == choices.end()) {
    throw Error(Exit::kUsage, fmt::format("{} '{}' is unknown; there are {}", name, choice,
                                          fmt::join(choices, ", ")));
  }
  return choice;
}

bool Choice::claimed(const Manifest& manifest, const std::string& choice) const {
  const Claim* claim = find_claim(manifest, name);
  if (claim == nullptr) return unclaimed == Unclaimed::kAny || choice == plain;
  return std::find(claim->choices.begin(), claim->choices.end(), choice) != claim->choices.end();
}

const std::string& Choice::draw(Draw& draw, const Manifest& manifest, Case& c) const {
  const Claim* claim = find_claim(manifest, name);
  if (claim != nullptr) {
    set(c, draw.one_of(claim->choices));
  } else {
    set(c, unclaimed == Unclaimed::kAny ? draw.one_of(choices) : plain);
  }
  return c.params.text(name);
}

const std::string& Choice::draw(
    Draw& draw, const Manifest& manifest, Case& c,
    std::initializer_list<std::pair<std::size_t, const char*>> weights) const {
  const std::string choice = draw.weighted<const char*>(weights);
  if (!claimed(manifest, choice)) return this->draw(draw, manifest, c);
  set(c, choice);
  return c.params.text(name);
}

ParameterTable& ParameterTable::add(const ParameterTable& other) {
  rows_.insert(rows_.end(), other.rows_.begin(), other.rows_.end());
  return *this;
}

void ParameterTable::check(const Manifest& manifest) const {
  const Claims claims(manifest);
  for (const Row& row : rows_) {
    std::visit(Overloaded{
                   [&](const Integer& p) {
                     if (has_claim(manifest, p.name, p.unclaimed)) claims.range(p.name);
                   },
                   [&](const Choice& p) {
                     if (has_claim(manifest, p.name, p.unclaimed))
                       claims.choices(p.name, p.choices);
                   },
                   [](const Real&) {},
               },
               row);
  }
}

void ParameterTable::complete_claims(Manifest& manifest) const {
  for (const Row& row : rows_) {
    if (manifest.claims.contains(name_of(row))) continue;
    std::visit(Overloaded{
                   [&](const Integer& p) {
                     if (p.unclaimed != Unclaimed::kPlain || p.plain.follows()) return;
                     const int64_t plain = p.plain.of({});
                     Claim& claim = manifest.claims[p.name];
                     claim.min = claim.max = plain;
                   },
                   [&](const Choice& p) {
                     if (p.unclaimed == Unclaimed::kPlain)
                       manifest.claims[p.name].choices = {p.plain};
                   },
                   [](const Real&) {},
               },
               row);
  }
}

std::optional<std::string> ParameterTable::refusal(const Manifest& manifest, const Case& c) const {
  for (const Row& row : rows_) {
    const auto* p = std::get_if<Integer>(&row);
    if (p == nullptr || p->unclaimed != Unclaimed::kPlain || p->claim(manifest) != nullptr)
      continue;
    const int64_t value = p->of(c), plain = p->plain.of(c);
    if (value != plain)
      return fmt::format("{} = {} is not claimed, and {} is what that means", p->name, value,
                         plain);
  }
  return std::nullopt;
}

void ParameterTable::complete(Case& c) const {
  for (const Row& row : rows_) {
    if (c.params.has(name_of(row))) continue;
    std::visit(Overloaded{
                   [&](const Integer& p) {
                     if (const auto plain = plain_of(p, c)) p.set(c, *plain);
                   },
                   [&](const auto& p) { p.set(c, p.plain); },
               },
               row);
  }
}

std::vector<std::string> ParameterTable::plain(const Case& c) const {
  std::vector<std::string> names;
  for (const Row& row : rows_) {
    const auto it = c.params.values().find(name_of(row));
    if (it == c.params.values().end()) continue;
    const bool plain =
        std::visit(Overloaded{
                       [&](const Integer& p) {
                         const auto plain = plain_of(p, c);
                         return plain && it->second == Params::Value(*plain);
                       },
                       [&](const auto& p) { return it->second == Params::Value(p.plain); },
                   },
                   row);
    if (plain) names.push_back(it->first);
  }
  return names;
}

void ParameterTable::repair(Case& c) const {
  for (const Row& row : rows_) {
    const auto* p = std::get_if<Integer>(&row);
    if (p == nullptr || !p->least) continue;
    if (const int64_t least = p->least(c); c.params.integer(p->name) < least) p->set(c, least);
  }
}

Repair ParameterTable::following(const Case& c, const Repair& repair) const {
  std::vector<const Integer*> rows;
  for (const Row& row : rows_) {
    const auto* p = std::get_if<Integer>(&row);
    if (p != nullptr && p->unclaimed == Unclaimed::kPlain && p->plain.follows() &&
        p->of(c) == p->plain.of(c))
      rows.push_back(p);
  }
  if (rows.empty()) return repair;
  return [rows, repair](Case& d) {
    for (const Integer* p : rows) p->set(d, p->plain.of(d));
    if (repair) repair(d);
  };
}

void ParameterTable::simpler(std::vector<Step>& steps, const Case& c, const Repair& then) const {
  const Repair repair = following(c, then);
  for (const Row& row : rows_) {
    std::visit(Overloaded{
                   [&](const Integer& p) {
                     if (p.shrinks) lower(steps, c, p.name, p.plain.of(c), p.unit, repair);
                   },
                   [&](const Choice& p) {
                     if (p.shrinks) choose(steps, p.name, p.plain, repair);
                   },
                   [&](const Real& p) { choose(steps, p.name, p.plain, repair); },
               },
               row);
  }
}

void ParameterTable::axes(std::vector<Axis>& axes, const Case& c, const Repair& then) const {
  const Repair repair = following(c, then);
  for (const Row& row : rows_) {
    const auto* p = std::get_if<Integer>(&row);
    if (p != nullptr && p->axis) parameter_axes(axes, c, {p->name.c_str()}, repair);
  }
}

std::vector<OperatorPage::Entry> ParameterTable::entries() const {
  const auto words = [](Unclaimed unclaimed) {
    switch (unclaimed) {
      case Unclaimed::kRefused:
        return "refused";
      case Unclaimed::kPlain:
        return "plain";
      case Unclaimed::kAny:
        break;
    }
    return "any";
  };
  std::vector<OperatorPage::Entry> entries;
  for (const Row& row : rows_) {
    std::visit(
        Overloaded{
            [&](const Integer& p) {
              entries.push_back({p.name, p.meaning,
                                 p.plain.follows() ? "the least" : std::to_string(p.plain.of({})),
                                 words(p.unclaimed)});
            },
            [&](const Choice& p) {
              entries.push_back({p.name,
                                 fmt::format("{}{}{}", fmt::join(p.choices, ", "),
                                             p.meaning.empty() ? "" : ": ", p.meaning),
                                 p.plain, words(p.unclaimed)});
            },
            [&](const Real& p) {
              entries.push_back({p.name, p.meaning, fmt::format("{}", p.plain), "any"});
            },
        },
        row);
  }
  return entries;
}

nlohmann::ordered_json ParameterTable::schema() const {
  nlohmann::ordered_json properties = nlohmann::ordered_json::object();
  for (const Row& row : rows_) {
    std::visit(Overloaded{
                   [&](const Integer& p) {
                     properties[p.name] = {{"type", "integer"},
                                           {"minimum", p.min},
                                           {"maximum", p.max},
                                           {"description", p.meaning}};
                     if (!p.usual.empty()) properties[p.name]["examples"] = p.usual;
                   },
                   [&](const Choice& p) {
                     properties[p.name] = {{"type", "string"},
                                           {"enum", p.choices},
                                           {"default", p.plain},
                                           {"description", p.meaning}};
                   },
                   [&](const Real& p) {
                     properties[p.name] = {
                         {"type", "number"}, {"default", p.plain}, {"description", p.meaning}};
                   },
               },
               row);
  }
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"type", "object"},
          {"properties", properties},
          {"additionalProperties", false}};
}

}  // namespace wavefuzz
