// Which cases of the indexer's logits are worth running: contexts at the boundaries of pages and of
// splits of 256, below next_n and empty; page ids and strides on both sides of 2^31 and 2^32;
// scales that differ from key to key by powers of two; strided rows with poisoned gaps; every mask
// rule (bugs 2, 10, 16, 18, 19 and 24 of the historical ranking).
#include <algorithm>
#include <limits>
#include <numeric>

#include "fuzz/operators/claims.h"
#include "fuzz/operators/indexer_draws.h"
#include "fuzz/operators/paged_mqa_logits.h"
#include "fuzz/operators/paging.h"
#include "fuzz/operators/simpler.h"

namespace wavefuzz {
namespace {

// What a case may cost: multiply-adds of waves of 64 keys, about as many wave instructions.
constexpr int64_t kMostWork = 40000;

int64_t draw_page_size(Draw& draw, const Manifest& manifest, Case& c) {
  const Claim& claim = *mqa::kPageSize.claim(manifest);
  std::vector<int64_t> sizes = claimed(claim, mqa::kPageSize.usual);
  if (mqa::kLayout.is(c, "shuffle")) {
    std::erase_if(sizes, [](int64_t size) { return size % 16 != 0; });
    if (sizes.empty()) sizes.push_back((claim.min + 15) / 16 * 16);
  }
  const int64_t size = draw.one_of(sizes);
  mqa::kPageSize.set(c, size);
  return size;
}

/// Waves that compute, over requests and atoms, and the multiply-adds of each.
int64_t work_of(const Case& c) {
  int64_t waves = 0;
  for (const int64_t keys : mqa::key_counts(c)) waves += (keys + 63) / 64;
  return waves * mqa::kNextN.of(c) * mqa::kHeads.of(c) * mqa::kHeadDim.of(c);
}

/// Pages far apart, so that id * stride crosses 2^31 or 2^32, by a large stride or by large ids.
void draw_pages(Draw& draw, const Manifest& manifest, Case& c) {
  const reference::IndexerCache cache = mqa::cache(c);
  const auto packed = static_cast<int64_t>((cache.page.bytes() + 3) / 4 * 4);
  int64_t stride = packed, first = 0, step = 1;
  uint64_t count = 0;
  for (const auto& of_request : mqa::pages(c)) count += of_request.size();
  const auto last = std::max<int64_t>(static_cast<int64_t>(count) - 1, 1);
  switch (draw.weighted<int>({{4, 0}, {3, 1}, {2, 2}, {2, 3}})) {
    case 0:
      break;
    case 1:
      stride += 4 * draw.one_of<int64_t>({1, 3, 4, 32, 1024});
      first = draw.in(0, 3);
      step = draw.in(1, 3);
      break;
    case 2: {
      const int64_t limit = int64_t{1} << draw.one_of<int64_t>({31, 32, 33});
      stride = std::max(packed, limit / last / 4 * 4 + 4 * draw.in(-1, 1));
      break;
    }
    default: {
      const int64_t limit = int64_t{1} << draw.one_of<int64_t>({31, 32});
      first = std::min<int64_t>(limit / packed + draw.in(-1, 1), (int64_t{1} << 30));
      step = draw.one_of<int64_t>({1, 1, 65536});
      break;
    }
  }
  mqa::kPageStride.set_inside(manifest, c, stride);
  kFirstPage.set_inside(manifest, c, first);
  kPageStep.set_inside(manifest, c, step);
}

RowRecipe draw_codes(Draw& draw) {
  RowRecipe row;
  row.fill = draw.weighted<const char*>({{8, "normal"},
                                         {3, "powers"},
                                         {2, "bits"},
                                         {1, "any"},
                                         {1, "one"},
                                         {1, "alternate"},
                                         {1, "spike"},
                                         {1, "zero"}});
  row.exponent = draw.in(-3, 5);
  return row;
}

std::vector<RowRecipe> draw_rows(Draw& draw, int64_t most, RowRecipe (*draw_row)(Draw&)) {
  std::vector<RowRecipe> rows;
  const int64_t count = draw.in(1, most);
  for (int64_t i = 0; i < count; ++i) rows.push_back(draw_row(draw));
  return rows;
}

RowRecipe draw_scale(Draw& draw) {
  RowRecipe row;
  row.fill = draw.weighted<const char*>({{6, "positive"}, {3, "spread"}, {1, "one"}});
  row.exponent = draw.in(-10, 10);
  return row;
}

RowRecipe draw_weights(Draw& draw) {
  RowRecipe row;
  row.fill = draw.weighted<const char*>(
      {{6, "normal"}, {2, "positive"}, {2, "alternate"}, {1, "powers"}, {1, "zero"}});
  row.exponent = draw.in(-6, 3);
  return row;
}

void draw_lengths(Draw& draw, Case& c, int64_t most) {
  const int64_t batch = mqa::kBatch.of(c), next_n = mqa::kNextN.of(c);
  const int64_t page_size = mqa::kPageSize.of(c);
  const reference::MaskRule rule = mqa::mask_rule(c);
  std::vector<int64_t>& lens = c.integers["context_lens"];
  const bool all_zero = draw.once_in(40);
  const auto draw_one = [&] { return all_zero ? 0 : draw_context(draw, page_size, next_n, most); };
  for (int64_t b = 0; b < batch; ++b) {
    const size_t begin = lens.size();
    const int64_t ctx = draw_one();
    for (int64_t j = 0; j < (mqa::has_row_lengths(c) ? next_n : 1); ++j) {
      int64_t len = ctx;
      if (mqa::has_row_lengths(c))
        len = draw.once_in(3) ? draw_one() : std::max<int64_t>(0, ctx - next_n + j + 1);
      lens.push_back(len);
    }
    // DeepGEMM takes the last row's length for the request's.
    if (rule == reference::MaskRule::kDeepGemm)
      lens.back() = *std::max_element(lens.begin() + static_cast<ptrdiff_t>(begin), lens.end());
  }
  if (!reference::is_ragged(rule)) return;
  for (const int64_t ke : lens) {
    c.integers["row_starts"].push_back(draw.weighted<int64_t>(
        {{3, draw.in(0, ke)}, {1, 0}, {1, ke}, {1, std::max<int64_t>(0, ke - 1)}}));
  }
}

}  // namespace

Case mqa::draw_case(Draw& draw, const Manifest& manifest, int64_t most) {
  Case c;
  c.seed = static_cast<uint64_t>(draw.in(0, std::numeric_limits<uint32_t>::max()));
  for (const Choice* choice : {&kDtype, &kLayout, &kMaskRule, &kCtxDims})
    choice->draw(draw, manifest, c);
  const reference::MaskRule rule = mqa::mask_rule(c);
  if (rule == reference::MaskRule::kDeepGemm) kCtxDims.set(c, "2d");
  if (rule == reference::MaskRule::kAiterRaggedK || reference::is_ragged(rule))
    kCtxDims.set(c, "1d");
  draw_page_size(draw, manifest, c);
  for (const Integer* row : {&kHeadDim, &kHeads, &kBatch, &kNextN}) row->draw(draw, manifest, c);
  kFirstRequest.set(c, 0);
  kKDoubled.set(c, 0);
  if (const Claim* width = kWidth.claim(manifest); width != nullptr)
    most = std::min(most, width->max);
  draw_lengths(draw, c, most);
  for (const Integer* row : {&kHeads, &kHeadDim}) {
    const int64_t least = row->claim(manifest)->min;
    while (work_of(c) > kMostWork && row->of(c) > least)
      row->set(c, std::max(least, row->of(c) / 2));
  }

  const std::vector<int64_t> counts = mqa::key_counts(c);
  const int64_t longest = *std::max_element(counts.begin(), counts.end());
  const int64_t width = draw.weighted<int64_t>({{3, longest},
                                                {3, longest + draw.in(0, 40)},
                                                {2, (longest + 255) / 256 * 256},
                                                {1, (longest + 256) / 256 * 256 + draw.in(-1, 1)},
                                                {1, longest - draw.in(0, 3)}});
  kWidth.set_inside(manifest, c, std::max<int64_t>(width, 1));
  kLogitsStride.set_inside(manifest, c,
                           kWidth.of(c) + draw.weighted<int64_t>({{2, 0}, {1, 1}, {2, 64}}));
  const int64_t token = kHeads.of(c) * kHeadDim.of(c);
  kQStride.set_inside(manifest, c, token + draw.weighted<int64_t>({{2, 0}, {1, 16}, {1, 4096}}));
  kSplits.set_inside(manifest, c,
                     draw.weighted<int64_t>({{3, 1}, {3, draw.in(2, 4)}, {2, draw.in(5, 12)}}));
  kPageOrder.draw(draw, manifest, c, {{2, "sequential"}, {2, "shuffled"}, {1, "reversed"}});
  kUnowned.draw(draw, manifest, c, {{3, "poison"}, {2, "nan"}, {2, "huge"}});
  kPageStride.set(c, int64_t{1} << 30);
  kFirstPage.set(c, 0);
  kPageStep.set(c, 1);
  draw_pages(draw, manifest, c);
  kTableStride.set_inside(manifest, c,
                          table_columns(c) + draw.weighted<int64_t>({{2, 0}, {2, 1}, {1, 7}}));
  const bool relates = draw.once_in(4);
  kRelation.set(c, relates ? draw.one_of(std::vector<std::string>(kRelation.choices.begin() + 1,
                                                                  kRelation.choices.end()))
                           : kRelation.plain);
  c.rows["q"] = draw_rows(draw, 5, draw_codes);
  c.rows["k"] = draw_rows(draw, 7, draw_codes);
  c.rows["k_scale"] = draw_rows(draw, 5, draw_scale);
  c.rows["weights"] = draw_rows(draw, 3, draw_weights);
  return c;
}

Case PagedMqaLogits::draw(Draw draw, const Manifest& manifest) const {
  return mqa::draw_case(draw, manifest, draw.size() < 30 ? 130 : 700);
}

namespace mqa {

void repair(Case& c) {
  std::vector<int64_t>& lens = c.integers.at("context_lens");
  const auto batch = static_cast<size_t>(kBatch.of(c));
  const auto next_n = static_cast<size_t>(kNextN.of(c));
  lens.resize(mqa::has_row_lengths(c) ? batch * next_n : batch, 0);
  if (reference::is_ragged(mask_rule(c))) {
    c.integers["row_starts"].resize(batch * next_n, 0);
  } else {
    c.integers.erase("row_starts");
  }
  if (mask_rule(c) == reference::MaskRule::kDeepGemm) {
    for (size_t b = 0; b < batch; ++b) {
      const auto begin = lens.begin() + static_cast<ptrdiff_t>(b * next_n);
      const auto end = begin + static_cast<ptrdiff_t>(next_n);
      *(end - 1) = *std::max_element(begin, end);
    }
  }
  kWidth.set(c, std::max<int64_t>(kWidth.of(c), 1));
  table().repair(c);
  kPageStride.set(c, std::max(kPageStride.of(c), packed_stride(c)));
  const auto columns_of = [&](const char* tensor, int64_t columns) {
    if (!c.rows.contains(tensor)) return;
    for (RowRecipe& row : c.rows.at(tensor))
      std::erase_if(row.set, [&](const auto& e) { return e.first >= columns; });
    if (const auto special = c.special.find(tensor); special != c.special.end()) {
      for (auto& [row, recipe] : special->second)
        std::erase_if(recipe.set, [&](const auto& e) { return e.first >= columns; });
    }
  };
  columns_of("q", kHeadDim.of(c));
  columns_of("k", kHeadDim.of(c));
  columns_of("weights", kHeads.of(c));
}

}  // namespace mqa

namespace {

/// Drops request b, or row j of every request.
void drop_request(Case& c, int64_t b) {
  const int64_t next_n = mqa::kNextN.of(c);
  const int64_t batch = mqa::kBatch.of(c);
  for (auto& [name, values] : c.integers) {
    const int64_t each = static_cast<int64_t>(values.size()) == batch * next_n ? next_n : 1;
    if (static_cast<int64_t>(values.size()) < batch * each) continue;
    values = without(values, static_cast<size_t>(b * each), static_cast<size_t>((b + 1) * each));
  }
  mqa::kBatch.set(c, batch - 1);
}

void fewer_rows(Case& c, int64_t to) {
  const int64_t next_n = mqa::kNextN.of(c);
  const int64_t batch = mqa::kBatch.of(c);
  for (auto& [name, values] : c.integers) {
    if (name == "context_lens" && !mqa::has_row_lengths(c)) continue;
    std::vector<int64_t> kept;
    for (int64_t b = 0; b < batch; ++b)
      kept.insert(kept.end(), values.begin() + b * next_n, values.begin() + b * next_n + to);
    values = kept;
  }
  mqa::kNextN.set(c, to);
}

}  // namespace

void mqa::plainer_shape(std::vector<Step>& steps, const Case& c, const Repair& fix) {
  choose(steps, kRelation.name, kRelation.plain, fix);
  const int64_t batch = kBatch.of(c), next_n = kNextN.of(c);
  for (int64_t b = 0; batch > 1 && b < batch; ++b) {
    steps.push_back([b, fix](Case& d) {
      drop_request(d, b);
      fix(d);
    });
  }
  for (int64_t to = 1; to < next_n; ++to) {
    steps.push_back([to, fix](Case& d) {
      fewer_rows(d, to);
      fix(d);
    });
  }
  const std::vector<int64_t>& lens = c.integers.at("context_lens");
  for (size_t i = 0; i < lens.size(); ++i) {
    for (const int64_t to : toward(lens[i], 0)) {
      steps.push_back([i, to, fix](Case& d) {
        d.integers.at("context_lens")[i] = to;
        fix(d);
      });
      // With the width, whose distance to the length may be what matters.
      steps.push_back([i, to, fix](Case& d) {
        int64_t& len = d.integers.at("context_lens")[i];
        const int64_t less = len - to;
        len = to;
        const int64_t width = kWidth.of(d), stride = kLogitsStride.of(d);
        kWidth.set(d, std::max<int64_t>(1, width - less));
        kLogitsStride.set(d, std::max<int64_t>(1, stride - less));
        fix(d);
      });
    }
  }
  if (const auto starts = c.integers.find("row_starts"); starts != c.integers.end()) {
    for (size_t i = 0; i < starts->second.size(); ++i) {
      for (const int64_t to : toward(starts->second[i], 0))
        steps.push_back([i, to](Case& d) { d.integers.at("row_starts")[i] = to; });
    }
  }
  const bool packed = kPageStride.of(c) == packed_stride(c);
  const Repair shape = [packed, fix](Case& d) {
    fix(d);
    if (!packed) return;
    kPageStride.set(d, packed_stride(d));
    fix(d);
  };
  for (const int64_t to : {32, 64}) {
    if (to < kHeadDim.of(c)) choose(steps, kHeadDim.name, int64_t{to}, shape);
  }
  for (const int64_t to : {1, 2, 4, 16, 32, 64}) {
    if (to < kPageSize.of(c)) choose(steps, kPageSize.name, int64_t{to}, shape);
  }
  lower(steps, c, kPageStride.name, packed_stride(c), 4, fix);
  table().simpler(steps, c, fix);
  steps.push_back([](Case& d) { d.seed = 0; });
}

std::vector<Step> PagedMqaLogits::simpler(const Case& c) const {
  std::vector<Step> steps;
  mqa::plainer_shape(steps, c, mqa::repair);
  const Dtype dtype = dtype_of(mqa::format(c));
  const auto head_dim = static_cast<uint32_t>(mqa::kHeadDim.of(c));
  plainer_rows(steps, c, "q", dtype, head_dim);
  plainer_rows(steps, c, "k", dtype, head_dim);
  plainer_rows(steps, c, "k_scale", Dtype::kF32, 1);
  plainer_rows(steps, c, "weights", Dtype::kF32, static_cast<uint32_t>(mqa::kHeads.of(c)));
  return steps;
}

std::vector<Axis> mqa::shape_axes(const Case& c, const Repair& fix) {
  std::vector<Axis> axes;
  // A longer context has a wider row of logits.
  const Repair widen = [fix](Case& d) {
    int64_t width = kWidth.of(d);
    for (const int64_t keys : key_counts(d)) width = std::max(width, keys);
    kWidth.set(d, width);
    fix(d);
  };
  list_axes(axes, c, "ctx", "context_lens", widen);
  table().axes(axes, c, widen);
  return axes;
}

std::vector<Axis> PagedMqaLogits::axes(const Case& c) const {
  return mqa::shape_axes(c, mqa::repair);
}

}  // namespace wavefuzz
