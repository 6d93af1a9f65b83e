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

int64_t within(Draw& draw, const Claim& claim, std::vector<int64_t> values) {
  std::erase_if(values, [&](int64_t v) { return v < claim.min || v > claim.max; });
  return values.empty() ? draw.in(claim.min, claim.max) : draw.one_of(values);
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
  Params& p = c.params;
  const auto claim = [&](const char* name) -> const Claim& { return m.claims.at(name); };
  for (const char* name : {"mode", "entry", "q_dtype", "cache_dtype", "causal", "lse_out"})
    p.set(name, draw.one_of(claim(name).choices));
  // Choices that these kernels do not have.
  p.set("extra_entry", p.text("entry"));
  p.set("lse", "aiter_reduce");
  p.set("dequant", "f32");
  p.set("out_dtype", "bf16");
  p.set("sink", "off");
  no_scope("extra_", c);
  p.set("extra_splits", int64_t{1});
  p.set("topk", int64_t{0});
  p.set("topk_lengths", "off");
  p.set("index_pad", int64_t{0});
  for (const char* pad : kPads) p.set(pad, int64_t{0});

  p.set("nope", claim("nope").max);
  p.set("rope", claim("rope").max);
  p.set("heads", within(draw, claim("heads"), {}));
  p.set("qlen", within(draw, claim("qlen"), {}));
  p.set("page_size", within(draw, claim("page_size"), {}));
  p.set("splits", within(draw, claim("splits"), {1, 1, 2, 3, 4, 7, 32}));
  p.set("batch", draw.weighted<int64_t>({{4, 1}, {3, 2}, {2, 3}, {1, 5}}));
  p.set("first_sequence", int64_t{0});
  p.set("first_head", int64_t{0});
  const int64_t tile = parse_attention_numerics(m).tile;
  const int64_t least =
      std::max<int64_t>(p.text("causal") == "on" && p.integer("qlen") > 1 ? p.integer("qlen") : 0,
                        m.claims.contains("least_keys") ? claim("least_keys").min : 0);
  const auto contexts = [&](const char* name) {
    for (int64_t b = 0; b < p.integer("batch"); ++b)
      c.integers[name].push_back(draw_keys(draw, tile, least));
  };
  contexts("context_lens");
  const bool merged = p.text("mode") == "aiter_scopes";
  const bool extra = merged && !draw.once_in(3);
  if (merged) p.set("sink", draw.one_of(claim("sink").choices));
  if (extra) {
    contexts("extra_context_lens");
    p.set("extra_cache_dtype", p.text("cache_dtype"));
    for (const char* name : {"page_size", "splits"})
      p.set(std::string("extra_") + name, p.integer(name));
  }

  p.set("page_order",
        draw.weighted<const char*>({{1, "sequential"}, {1, "reversed"}, {4, "shuffled"}}));
  p.set("first_page", draw.weighted<int64_t>({{3, 0}, {2, draw.in(1, 5)}}));
  p.set("page_step", draw.weighted<int64_t>({{3, 1}, {1, 3}}));
  p.set("page_pad", draw.weighted<int64_t>({{5, 0}, {1, draw.in(1, 4)}}));
  p.set("spare_pages", draw.in(0, 2));
  if (draw.once_in(8)) {  // ids about 16 and 24 bits; the latter lie past 2^31 and 2^32 bytes
    p.set("first_page",
          (int64_t{1} << draw.one_of<int64_t>({16, 22, 23, 24, 25})) + draw.in(-9, 2));
  } else if (draw.once_in(10)) {  // a large stride: page * stride passes 2^31 or 2^32 bytes
    p.set("page_pad", (int64_t{1} << draw.in(22, 26)) + draw.in(-3, 3));
    p.set("first_page", draw.in(1, 4));
  }
  p.set("unowned", draw.weighted<const char*>({{3, "poison"}, {1, "nan"}, {1, "huge"}}));
  p.set("softmax_scale",
        static_cast<double>(static_cast<float>(draw.weighted<double>(
            {{6, 1 / std::sqrt(static_cast<double>(p.integer("nope") + p.integer("rope")))},
             {1, 0.1337}}))));
  p.set("q_scale", scale(draw));
  p.set("kv_scale", scale(draw));
  p.set("relation", draw.weighted<const char*>({{8, "none"}, {1, "garbage"}, {1, "unsplit"}}));
  // The bounds of a merge hold of what it is given.
  if (merged && p.text("relation") == "unsplit") p.set("relation", "garbage");
  if (claim("splits").max == 1 && draw.once_in(10)) p.set("relation", "sequence_alone");

  const bool q8 = p.text("q_dtype") != "bf16", k8 = p.text("entry") == "fp8";
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
    p.set("extra_kv_scale", scale(draw));
    rows(k8, "extra_k", -3, 2);
    c.rows["extra_rope"].push_back(recipe(draw, {{4, "normal"}, {1, "zero"}}, -3, 2));
  }
  if (merged) {
    RowRecipe sink = recipe(draw, {{4, "normal"}, {1, "zero"}}, 0, 3);
    if (draw.once_in(2))
      sink.set[static_cast<uint32_t>(draw.in(0, p.integer("heads") - 1))] =
          draw.once_in(2) ? 0x7F800000 : 0xFF800000;
    c.rows["sink"].push_back(sink);
  }
  return c;
}

}  // namespace wavefuzz::mla
