// Cases of AITER's MLA decode: lists of page ids, contexts about tiles and splits, ids and offsets
// beyond 2^24, 2^31 and 2^32, a few query tokens with causal masks (facts of ROCm/aiter#2128,
// #2106, and of the commits that widened addresses).
#include <algorithm>
#include <cmath>
#include <limits>

#include "fuzz/operators/attention_contract.h"
#include "fuzz/operators/mla_decode.h"

namespace wavefuzz::mla {
namespace {

/// One of the values that the manifest claims, or of all that it does.
void pick(Draw& draw, const Manifest& m, Case& c, const Integer& row,
          std::vector<int64_t> values = {}) {
  const Claim& claim = *row.claim(m);
  std::erase_if(values, [&](int64_t v) { return !claim.has(v); });
  if (values.empty()) values = claim.values;
  row.set_inside(m, c, values.empty() ? draw.in(claim.min, claim.max) : draw.one_of(values));
}

double scale(Draw& draw) {
  return static_cast<float>(std::ldexp(1 + static_cast<double>(draw.in(1, 999)) / 1000,
                                       static_cast<int>(draw.in(-3, 0))));
}

int64_t draw_keys(Draw& draw, int64_t tile, int64_t least) {
  const auto about = [&](int64_t n) { return n + draw.in(-1, 1); };
  return std::max(least, draw.weighted<int64_t>({{1, draw.in(0, 5)},
                                                 {2, draw.in(1, 40)},
                                                 {3, about(draw.in(1, 3) * tile)},
                                                 {2, about(draw.in(1, 12) * 16)},
                                                 {1, about(draw.in(1, 3) * 16) + tile},
                                                 {1, draw.in(1, 3 * tile)}}));
}

}  // namespace

Case draw_aiter_case(Draw draw, const Manifest& m) {
  Case c;
  c.seed = static_cast<uint64_t>(draw.in(0, std::numeric_limits<uint32_t>::max()));
  for (const Choice* row : {&kMode, &kMain.entry, &kQDtype, &kMain.cache_dtype, &kCausal, &kLseOut})
    row->draw(draw, m, c);
  // Choices that these kernels do not have.
  kExtra.entry.set(c, kMain.entry.of(c));
  mla::kLse.set(c, "aiter_reduce");
  kDequant.set(c, "f32");
  kOutDtype.set(c, "bf16");
  kSink.set(c, "off");
  no_scope(kExtra, c);
  kExtra.splits.set(c, 1);
  kMain.topk.set(c, 0);
  kMain.topk_lengths.set(c, "off");
  kMain.index_pad.set(c, 0);
  for (const Integer* pad : kPads) pad->set(c, 0);

  kNope.set(c, kNope.claim(m)->max);
  kRope.set(c, kRope.claim(m)->max);
  pick(draw, m, c, kHeads);
  pick(draw, m, c, kQlen);
  pick(draw, m, c, kMain.page_size);
  pick(draw, m, c, kMain.splits, {1, 1, 2, 3, 4, 7, 32});
  kBatch.set_inside(m, c, draw.weighted<int64_t>({{4, 1}, {3, 2}, {2, 3}, {1, 5}}));
  kFirstSequence.set(c, 0);
  kFirstHead.set(c, 0);
  const int64_t tile = parse_attention_numerics(m).tile;
  const int64_t least =
      std::max<int64_t>(kCausal.is(c, "on") && kQlen.of(c) > 1 ? kQlen.of(c) : 0,
                        m.claims.contains("least_keys") ? m.claims.at("least_keys").min : 0);
  const auto contexts = [&](const char* name) {
    for (int64_t b = 0; b < kBatch.of(c); ++b)
      c.integers[name].push_back(draw_keys(draw, tile, least));
  };
  contexts("context_lens");
  const bool merged = kMode.is(c, "aiter_scopes");
  const bool extra = merged && !draw.once_in(3);
  if (merged) kSink.draw(draw, m, c);
  if (extra) {
    contexts("extra_context_lens");
    kExtra.cache_dtype.set(c, kMain.cache_dtype.of(c));
    kExtra.page_size.set(c, kMain.page_size.of(c));
    kExtra.splits.set(c, kMain.splits.of(c));
  }

  kPageOrder.draw(draw, m, c, {{1, "sequential"}, {1, "reversed"}, {4, "shuffled"}});
  kFirstPage.set_inside(m, c, draw.weighted<int64_t>({{3, 0}, {2, draw.in(1, 5)}}));
  kPageStep.set_inside(m, c, draw.weighted<int64_t>({{3, 1}, {1, 3}}));
  kMain.page_pad.set_inside(m, c, draw.weighted<int64_t>({{5, 0}, {1, draw.in(1, 4)}}));
  kSparePages.set_inside(m, c, draw.in(0, 2));
  if (draw.once_in(8)) {  // ids about 16 and 24 bits; the latter lie past 2^31 and 2^32 bytes
    kFirstPage.set_inside(
        m, c, (int64_t{1} << draw.one_of<int64_t>({16, 22, 23, 24, 25})) + draw.in(-9, 2));
  } else if (draw.once_in(10)) {  // a large stride: page * stride passes 2^31 or 2^32 bytes
    kMain.page_pad.set_inside(m, c, (int64_t{1} << draw.in(22, 26)) + draw.in(-3, 3));
    kFirstPage.set_inside(m, c, draw.in(1, 4));
  }
  kUnowned.draw(draw, m, c, {{3, "poison"}, {1, "nan"}, {1, "huge"}});
  kSoftmaxScale.set(
      c, static_cast<double>(static_cast<float>(draw.weighted<double>(
             {{6, 1 / std::sqrt(static_cast<double>(kNope.of(c) + kRope.of(c)))}, {1, 0.1337}}))));
  kQScale.set(c, scale(draw));
  kMain.kv_scale.set(c, scale(draw));
  kRelation.draw(draw, m, c, {{8, "none"}, {1, "garbage"}, {1, "unsplit"}});
  // The bounds of a merge hold of what it is given.
  if (merged && kRelation.is(c, "unsplit")) kRelation.set(c, "garbage");
  if (kMain.splits.claim(m)->max == 1 && draw.once_in(10)) kRelation.set(c, "sequence_alone");

  const bool q8 = !kQDtype.is(c, "bf16"), k8 = kMain.entry.is(c, "fp8");
  const auto rows = [&](bool fp8, const char* name, int64_t low, int64_t high) {
    const int64_t recipes = draw.in(1, 3);
    for (int64_t i = 0; i < recipes; ++i)
      c.rows[name].push_back(
          fp8 ? recipe(draw, {{8, "normal"}, {1, "bits"}, {1, "powers"}, {1, "zero"}}, low, high)
              : recipe(draw, {{8, "normal"}, {1, "powers"}, {1, "zero"}, {1, "spike"}}, low, high));
  };
  rows(q8, "q", -3, 1);
  rows(k8, "k", -3, 2);
  c.rows["rope"].push_back(recipe(draw, {{4, "normal"}, {1, "zero"}}, -3, 2));
  if (extra) {
    kExtra.kv_scale.set(c, scale(draw));
    rows(k8, "extra_k", -3, 2);
    c.rows["extra_rope"].push_back(recipe(draw, {{4, "normal"}, {1, "zero"}}, -3, 2));
  }
  if (merged) {
    RowRecipe sink = recipe(draw, {{4, "normal"}, {1, "zero"}}, 0, 3);
    if (draw.once_in(2))
      sink.set[static_cast<uint32_t>(draw.in(0, kHeads.of(c) - 1))] =
          draw.once_in(2) ? 0x7F800000 : 0xFF800000;
    c.rows["sink"].push_back(sink);
  }
  return c;
}

}  // namespace wavefuzz::mla
