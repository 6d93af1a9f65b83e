// Which merges are worth running: strides that differ between prefix and suffixes, rows without any
// keys, partials that say so in every way in use, and LSEs so unequal that a wrong base shows (bugs
// 3, 5, 6 and 18 of the historical ranking).
#include <algorithm>
#include <limits>

#include "fuzz/operators/merge_attn_states.h"

namespace wavefuzz {
namespace {

using namespace merge;

void draw_empty(Draw& draw, Case& c) {
  const int64_t partials = kSuffixes.of(c) + 1;
  const int64_t tokens = kTokens.of(c);
  const int64_t heads = kHeads.of(c);
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
  for (const Choice* choice :
       {&kODtype, &kOutDtype, &kProducer, &kConsumer, &merge::kEmptyLse, &merge::kEmptyO})
    choice->draw(draw, manifest, c);
  const int64_t suffixes = kSuffixes.set_inside(
      manifest, c,
      draw.weighted<int64_t>({{8, 1}, {3, 2}, {2, draw.in(3, 8)}, {1, 0}, {1, draw.in(9, 70)}}));
  const int64_t many = suffixes > 8 ? 1 : 4;
  kTokens.set_inside(manifest, c, draw.weighted<int64_t>({{6, draw.in(1, many)}, {1, many + 1}}));
  kFirstToken.set(c, 0);
  kSuffixOrder.set(c, kSuffixOrder.plain);
  for (const Integer* row : {&kHeads, &kHeadDim})
    row->set_inside(manifest, c, draw.one_of(row->usual));
  for (const Integer* pad : kPads) {
    pad->set_inside(manifest, c, draw.weighted<int64_t>({{4, 0}, {2, draw.in(1, 8)}, {1, 64}}));
  }
  if (draw.once_in(8)) {  // a stride on either side of 2^31 elements
    const Integer* const which[] = {&kPrefixTokenPad, &kSuffixPartialPad, &kSuffixTokenPad,
                                    &kOutTokenPad};
    const Integer& pad = *which[draw.in(0, 3)];
    pad.set_inside(manifest, c, (int64_t{1} << draw.in(30, 32)) + draw.in(-200, 200));
  }
  kRelation.draw(draw, manifest, c, {{6, "none"}, {1, "suffixes_reversed"}, {1, "token_alone"}});
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

Case MergeAttnStates::draw(Draw draw, const Manifest& manifest) const {
  return draw_case(std::move(draw), manifest);
}

std::vector<Step> MergeAttnStates::simpler(const Case& c) const {
  std::vector<Step> steps;
  choose(steps, kRelation.name, kRelation.plain);
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
    const int64_t columns = kHeads.of(c);
    const int64_t first = kFirstToken.of(c);
    for (size_t i = 0; i < empty.size(); ++i) {
      const int64_t head = empty[i] % columns;
      const int64_t token = empty[i] / columns % kMostTokens;
      const int64_t partial = empty[i] / columns / kMostTokens;
      const auto at = [&](int64_t pp, int64_t t, int64_t h) {
        return (pp * kMostTokens + t) * columns + h;
      };
      for (const int64_t to :
           {at(0, first, 0), at(1, first, 0), at(partial, first, 0), at(partial, first, head),
            at(partial, token, 0), at(0, token, head), at(1, token, head)}) {
        if (to < empty[i]) steps.push_back([i, to](Case& d) { d.integers.at("empty")[i] = to; });
      }
    }
  }
  // Rows are known by number, and the number of heads is in it: keep the empty ones where they are.
  const int64_t heads = kHeads.of(c);
  for (const int64_t to : toward(heads, 1)) {
    if (to == heads) continue;
    steps.push_back([heads, to](Case& d) {
      kHeads.set(d, to);
      const auto it = d.integers.find("empty");
      if (it == d.integers.end()) return;
      std::vector<int64_t> kept;
      for (const int64_t row : it->second) {
        if (row % heads < to) kept.push_back(row / heads * to + row % heads);
      }
      it->second = kept;
    });
  }
  table().simpler(steps, c, {});
  steps.push_back([](Case& d) { d.seed = 0; });
  const auto dims = static_cast<uint32_t>(kHeadDim.of(c));
  const Dtype dtype = parse_dtype(kODtype.of(c));
  plainer_rows(steps, c, "prefix_o", dtype, dims);
  plainer_rows(steps, c, "suffix_o", dtype, dims);
  plainer_rows(steps, c, "lse", Dtype::kF32, static_cast<uint32_t>(heads));
  return steps;
}

std::vector<Axis> MergeAttnStates::axes(const Case& c) const {
  std::vector<Axis> axes;
  table().axes(axes, c, {});
  return axes;
}

}  // namespace wavefuzz
