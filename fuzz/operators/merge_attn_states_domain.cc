// Which merges are worth running: strides that differ between prefix and suffixes, rows without any
// keys, partials that say so in every way in use, and LSEs so unequal that a wrong base shows (bugs
// 3, 5, 6 and 18 of the historical ranking).
#include <algorithm>
#include <limits>

#include "fuzz/operators/merge_attn_states.h"

namespace wavefuzz {
namespace {

int64_t within(const Claim& claim, int64_t value) {
  return std::clamp(value, claim.min, claim.max);
}

void draw_empty(Draw& draw, Case& c) {
  const int64_t partials = c.params.integer("suffixes") + 1;
  const int64_t tokens = c.params.integer("tokens");
  const int64_t heads = c.params.integer("heads");
  std::vector<int64_t>& empty = c.integers["empty"];
  const int64_t how = draw.weighted<int64_t>({{3, 0}, {4, 1}, {2, 2}, {2, 3}});
  const int64_t whole = draw.in(0, partials - 1);
  for (int64_t token = 0; token < tokens; ++token) {
    for (int64_t head = 0; head < heads; ++head) {
      const bool all = how != 0 && draw.once_in(5);  // no keys anywhere
      for (int64_t p = 0; p < partials; ++p) {
        const bool is_empty = all || (how == 1 && draw.once_in(3)) || (how == 2 && p == whole) ||
                              (how == 3 && p != whole);
        if (is_empty) empty.push_back(merge::data_row(c, p, token, head));
      }
    }
  }
}

Case draw_case(Draw draw, const Manifest& manifest) {
  Case c;
  c.seed = static_cast<uint64_t>(draw.in(0, std::numeric_limits<uint32_t>::max()));
  for (const char* name : {"o_dtype", "out_dtype", "producer", "consumer", "empty_lse", "empty_o"})
    c.params.set(name, draw.one_of(manifest.claims.at(name).choices));
  const auto claim = [&](const char* name) -> const Claim& { return manifest.claims.at(name); };
  const int64_t suffixes = within(
      claim("suffixes"),
      draw.weighted<int64_t>({{8, 1}, {3, 2}, {2, draw.in(3, 8)}, {1, 0}, {1, draw.in(9, 70)}}));
  c.params.set("suffixes", suffixes);
  const int64_t many = suffixes > 8 ? 1 : 4;
  c.params.set("tokens", draw.weighted<int64_t>({{6, draw.in(1, many)}, {1, many + 1}}));
  c.params.set("first_token", int64_t{0});
  c.params.set("suffix_order", "ascending");
  c.params.set("heads", within(claim("heads"), draw.one_of<int64_t>({1, 2, 3, 4, 5, 8})));
  c.params.set("head_dim", within(claim("head_dim"), draw.one_of<int64_t>({1, 2, 8, 32, 63, 64, 65,
                                                                           96, 128, 130, 192})));
  for (const char* pad : merge::kPads) {
    c.params.set(pad, draw.weighted<int64_t>({{4, 0}, {2, draw.in(1, 8)}, {1, 64}}));
  }
  if (draw.once_in(8)) {  // a stride on either side of 2^31 elements
    const char* const which[] = {"prefix_token_pad", "suffix_partial_pad", "suffix_token_pad",
                                 "out_token_pad"};
    c.params.set(which[draw.in(0, 3)], (int64_t{1} << draw.in(30, 32)) + draw.in(-200, 200));
  }
  c.params.set("relation", draw.weighted<const char*>(
                               {{6, "none"}, {1, "suffixes_reversed"}, {1, "token_alone"}}));
  for (const char* tensor : {"prefix_o", "suffix_o"}) {
    const int64_t recipes = draw.in(1, 3);
    for (int64_t i = 0; i < recipes; ++i) {
      RowRecipe row;
      row.fill = draw.weighted<const char*>(
          {{6, "normal"}, {1, "ramp"}, {1, "alternate"}, {1, "spread"}, {1, "one"}});
      row.exponent = draw.weighted<int64_t>({{4, 0}, {2, draw.in(-8, 8)}});
      c.rows[tensor].push_back(row);
    }
  }
  const int64_t recipes = draw.in(1, 3);
  for (int64_t i = 0; i < recipes; ++i) {
    RowRecipe row;
    row.fill = draw.weighted<const char*>({{6, "normal"}, {1, "zero"}, {1, "alternate"}});
    // From nearly equal partials to such as leave the smaller one nothing.
    row.exponent = draw.weighted<int64_t>({{4, draw.in(-2, 3)}, {1, draw.in(4, 9)}, {1, -20}});
    c.rows["lse"].push_back(row);
  }
  draw_empty(draw, c);
  return c;
}

}  // namespace

rc::Gen<Case> MergeAttnStates::domain(const Manifest& manifest) const {
  return domain_of(*this, [manifest](Draw draw) { return draw_case(std::move(draw), manifest); });
}

std::vector<Step> MergeAttnStates::simpler(const Case& c) const {
  std::vector<Step> steps;
  const Params& p = c.params;
  choose(steps, "relation", "none");
  if (c.integers.contains("empty")) {
    for (const auto& [begin, end] : chunks(c.integers.at("empty").size())) {
      steps.push_back([begin = begin, end = end](Case& d) {
        d.integers.at("empty") = without(d.integers.at("empty"), begin, end);
      });
    }
  }
  // An empty row elsewhere: the first token, the first head, an earlier partial.
  if (c.integers.contains("empty")) {
    const std::vector<int64_t>& empty = c.integers.at("empty");
    const int64_t columns = p.integer("heads");
    const int64_t first = p.integer("first_token");
    for (size_t i = 0; i < empty.size(); ++i) {
      const int64_t head = empty[i] % columns;
      const int64_t token = empty[i] / columns % merge::kMostTokens;
      const int64_t partial = empty[i] / columns / merge::kMostTokens;
      const auto at = [&](int64_t pp, int64_t t, int64_t h) {
        return (pp * merge::kMostTokens + t) * columns + h;
      };
      for (const int64_t to :
           {at(0, first, 0), at(1, first, 0), at(partial, first, 0), at(partial, first, head),
            at(partial, token, 0), at(0, token, head), at(1, token, head)}) {
        if (to < empty[i]) steps.push_back([i, to](Case& d) { d.integers.at("empty")[i] = to; });
      }
    }
  }
  // Rows are known by number, and the number of heads is in it: keep the empty ones where they are.
  const int64_t heads = p.integer("heads");
  for (const int64_t to : toward(heads, 1)) {
    if (to == heads) continue;
    steps.push_back([heads, to](Case& d) {
      d.params.set("heads", to);
      const auto it = d.integers.find("empty");
      if (it == d.integers.end()) return;
      std::vector<int64_t> kept;
      for (const int64_t row : it->second) {
        if (row % heads < to) kept.push_back(row / heads * to + row % heads);
      }
      it->second = kept;
    });
  }
  lower(steps, c, "suffixes", 0);
  lower(steps, c, "tokens", 1);
  lower(steps, c, "head_dim", 1);
  lower(steps, c, "first_token", 0);
  choose(steps, "suffix_order", "ascending");
  for (const char* pad : merge::kPads) lower(steps, c, pad, 0);
  choose(steps, "o_dtype", "f32");
  choose(steps, "out_dtype", "f32");
  choose(steps, "producer", "fa3");
  choose(steps, "consumer", "fa3");
  choose(steps, "empty_lse", "producer");
  choose(steps, "empty_o", "zero");
  steps.push_back([](Case& d) { d.seed = 0; });
  const auto dims = static_cast<uint32_t>(p.integer("head_dim"));
  const Dtype dtype = parse_dtype(p.text("o_dtype"));
  plainer_rows(steps, c, "prefix_o", dtype, dims);
  plainer_rows(steps, c, "suffix_o", dtype, dims);
  plainer_rows(steps, c, "lse", Dtype::kF32, static_cast<uint32_t>(heads));
  return steps;
}

std::vector<Axis> MergeAttnStates::axes(const Case& c) const {
  std::vector<Axis> axes;
  parameter_axes(axes, c, {"tokens", "suffixes", "head_dim"});
  return axes;
}

}  // namespace wavefuzz
