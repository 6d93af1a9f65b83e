// Which cases of paged attention decode are worth running. Every axis is biased to its boundaries:
// contexts about pages, tiles, splits and powers of two, empty ones and ones shorter than qlen; gqa
// ratios that are no power of two; strides with poisoned gaps, far apart pages and page ids beyond
// 16 bits; scales that are never 1; V, and now and then K, large on the keys at a border, so that
// one key more or less is a large error; sinks about the LSE (facts: the historical ranking of
// bugs).
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "fuzz/case/draw.h"
#include "fuzz/operators/paged_attention.h"

namespace wavefuzz {
namespace {

using namespace paged_attention;

/// One of the values that the manifest claims and that are multiples of `step`.
void draw_size(Draw& draw, const Manifest& m, Case& c, const Integer& row,
               std::vector<int64_t> values, int64_t step = 1) {
  const Claim& claim = *row.claim(m);
  std::erase_if(values, [&](int64_t v) { return !claim.has(v) || v % step != 0; });
  row.set(c, values.empty() ? (claim.min + step - 1) / step * step : draw.one_of(values));
}

void draw_formats(Draw& draw, const Manifest& m, Case& c) {
  for (const Choice* row : {&kQDtype, &kKvDtype, &kVLayout}) row->draw(draw, m, c);
  kSinks.set(c, draw.once_in(3) && kSinks.claimed(m, "on") ? "on" : "off");
  std::vector<std::string> scales = m.claims.at(kKvScale.name).choices;
  const bool quantised = bytes_of(parse_dtype(kKvDtype.of(c))) == 1;
  std::erase_if(scales, [&](const std::string& s) { return (s == "none") == quantised; });
  kKvScale.set(c, scales.empty() ? "none" : draw.one_of(scales));
  for (const Choice* row : {&kMask, &kVStrides, &kLse}) {
    const auto claim = m.claims.find(row->name);
    const bool free = claim != m.claims.end() && claim->second.choices.size() > 1;
    if (claim == m.claims.end()) {
      row->set(c, row->plain);
    } else {
      row->set(c, free ? draw.one_of(claim->second.choices) : claim->second.choices.front());
    }
  }
}

void draw_shape(Draw& draw, const Manifest& m, Case& c) {
  draw_size(draw, m, c, kKvHeads, kKvHeads.usual);
  draw_size(draw, m, c, kGqa, kGqa.usual);
  draw_size(draw, m, c, kHeadDim, kHeadDim.usual, 16);
  if (kVHeadDim.claim(m) != nullptr) {
    draw_size(draw, m, c, kVHeadDim, kVHeadDim.usual);
  } else {
    kVHeadDim.set(c, kVHeadDim.plain.of(c));
  }
  const bool shuffled = kVLayout.is(c, "shuffled");
  std::vector<int64_t> sizes = kPageSize.usual;
  if (draw.once_in(20)) sizes = {512, 1024};
  if (!shuffled && draw.once_in(6)) sizes = {17, 53, 61, 33, 100};
  draw_size(draw, m, c, kPageSize, sizes, shuffled ? 16 : 1);
}

/// A length about a boundary.
int64_t draw_context(Draw& draw, int64_t page_size, int64_t tile, int64_t split, int64_t qlen,
                     int64_t most) {
  const auto about = [&](int64_t n) { return n + draw.in(-1, 1); };
  const auto times = draw.in(1, 4);
  const int64_t drawn = draw.weighted<int64_t>({
      {2, draw.in(0, 2)},
      {3, draw.in(0, qlen + 1)},  // shorter than the query, about it
      {3, about(times * page_size)},
      {3, about(times * tile)},
      {3, about(times * std::max<int64_t>(split, 1))},
      {2, about(int64_t{1} << draw.in(2, 12))},
      {2, draw.in(1, 100)},
      {2, draw.in(1, 3) * std::max<int64_t>(split, 16) + draw.in(1, qlen + 2)},
  });
  return std::clamp<int64_t>(drawn, 0, most);
}

/// The least value that a manifest claims, of a claim it may leave out.
int64_t least(const Manifest& m, const char* name) {
  const auto claim = m.claims.find(name);
  return claim == m.claims.end() ? 0 : claim->second.min;
}

/// Keys of a step of the kernel's softmax.
int64_t tile_of(const Manifest& m) { return m.numerics.at("tile").get<int64_t>(); }

void draw_sequences(Draw& draw, const Manifest& m, Case& c) {
  const int64_t tile = tile_of(m);
  const int64_t most_qlen = std::max<int64_t>(m.claims.at("max_qlen").max, 1);
  const auto draw_qlen = [&] {
    const int64_t drawn =
        draw.weighted<int64_t>({{3, 1}, {2, 2}, {1, 3}, {2, 4}, {1, 5}, {1, 7}, {2, 8}});
    return std::clamp(drawn, std::min(most_qlen, least(m, "min_qlen")), most_qlen);
  };
  const int64_t batch = draw.weighted<int64_t>({{3, 1}, {3, 2}, {2, 3}, {1, 4}});
  // A persistent kernel's plan is for so many query tokens of each sequence.
  const Claim* cus = kCus.claim(m);
  const bool planned = cus != nullptr && cus->max > 0;
  const bool ragged = draw.once_in(3) && !planned;
  const int64_t qlen = draw_qlen();

  kSplitTokens.set(c, draw.weighted<int64_t>({{3, 0}, {3, 64}, {2, 128}, {1, 192}, {1, 256}}));
  kExtraSplits.set(c, draw.weighted<int64_t>({{4, 0}, {1, 1}, {1, draw.in(2, 5)}}));
  const int64_t split = kSplitTokens.of(c);

  // Work of a case: products of Q and K.
  const int64_t row = kKvHeads.of(c) * kGqa.of(c) * kHeadDim.of(c);
  const int64_t budget = int64_t{1} << (draw.once_in(60) ? 22 : draw.once_in(6) ? 20 : 18);
  for (int64_t b = 0; b < batch; ++b) {
    const int64_t none = least(m, "min_qlen");
    const int64_t tokens = ragged ? (draw.once_in(12) ? none : draw_qlen()) : qlen;
    int64_t most =
        std::clamp<int64_t>(budget / (row * std::max<int64_t>(tokens, 1) * batch), 20, 4100);
    if (tile > 64) most = std::clamp<int64_t>(8 * most, 2 * tile + 40, 4100);  // several tiles
    if (planned) most = std::clamp<int64_t>(most, 3 * kPageSize.of(c) + 40, 4100);
    const int64_t keys = least(m, "min_keys") + std::max<int64_t>(tokens, 1) - 1;
    c.integers["qlens"].push_back(tokens);
    c.integers["context_lens"].push_back(
        std::max(least(m, "min_keys") == 0 ? 0 : keys,
                 draw_context(draw, kPageSize.of(c), tile, split, tokens, most)));
    c.integers["sequence"].push_back(b);
    c.integers["first_query"].push_back(0);
  }
  for (int64_t h = 0; h < kGqa.of(c); ++h) c.integers["q_heads"].push_back(h);
  kCus.set(c, 0);
  if (planned) {
    kCus.set_inside(m, c,
                    kKvHeads.of(c) * draw.weighted<int64_t>(
                                         {{2, 1}, {3, 2}, {2, 3}, {2, draw.in(4, 12)}, {1, 38}}));
  }

  const int64_t window = draw.once_in(3) ? draw.weighted<int64_t>({{6, draw.in(1, 8)},
                                                                   {1, kPageSize.of(c)},
                                                                   {2, tile + draw.in(-1, 1)},
                                                                   {1, draw.in(9, 200)}})
                                         : 0;
  kWindow.set_inside(m, c, window);
}

/// One split where the kernel has no others.
void narrow(const Manifest& m, Case& c) {
  if (m.claims.at("splits").max != 1) return;
  kSplitTokens.set(c, 0);
  kExtraSplits.set(c, 0);
}

void draw_strides(Draw& draw, const Manifest& m, Case& c) {
  for (const Integer* gap : kGaps)
    gap->set_inside(m, c, draw.once_in(2) ? 0 : draw.one_of(gap->usual));
  const std::string order =
      draw.one_of<std::string>({"sequential", "reversed", "shuffled", "shuffled"});
  kPageOrder.set(c, order);
  kFirstPage.set_inside(m, c, draw.weighted<int64_t>({{3, 0}, {2, draw.in(1, 5)}}));
  kPageStep.set_inside(m, c, draw.weighted<int64_t>({{3, 1}, {1, draw.in(2, 4)}}));
  switch (draw.weighted<int>({{10, 0}, {2, 1}, {2, 2}})) {
    case 1: {  // few pages far apart: page * stride crosses 2^31 or 2^32
      const int64_t stride = int64_t{1} << draw.in(28, 31);
      (draw.once_in(2) ? kKPageGap : kVPageGap).set_inside(m, c, stride);
      kFirstPage.set_inside(m, c, draw.in(0, 3) + (int64_t{1} << 32) / stride);
      break;
    }
    case 2:  // page ids beyond 16 bits
      kFirstPage.set_inside(m, c, (int64_t{1} << 16) * draw.in(1, 3) + draw.in(-3, 3));
      kPageStep.set_inside(m, c, draw.weighted<int64_t>({{3, 1}, {1, 4099}}));
      break;
    default:
      break;
  }
  if (m.claims.contains(kUnowned.name)) {
    kUnowned.draw(draw, m, c);
  } else {
    kUnowned.draw(draw, m, c, {{3, "poison"}, {2, "nan"}, {1, "huge"}});
  }
}

RowRecipe recipe(std::string fill, int64_t exponent) { return {std::move(fill), exponent, {}}; }

/// Keys that are the first or last of something: each a place to be off by one.
std::vector<int64_t> border_keys(const Case& c, int64_t b) {
  const int64_t context = c.integers.at("context_lens")[b];
  const int64_t qlen = c.integers.at("qlens")[b];
  const int64_t window = kWindow.of(c);
  const int64_t split = kSplitTokens.of(c);
  std::vector<int64_t> keys = {0, context - 1, context - 2, context - qlen, context - qlen + 1};
  for (const int64_t end : {context, context - qlen + 1}) {
    if (window != 0) keys.insert(keys.end(), {end - window - 1, end - window});
  }
  if (split != 0) keys.insert(keys.end(), {split - 1, split, (context - 1) / split * split});
  std::erase_if(keys, [&](int64_t key) { return key < 0 || key >= context; });
  return keys;
}

void draw_data(Draw& draw, Case& c) {
  // Integers have few values about 1.
  const int64_t integers = kKvDtype.is(c, "i8") ? 5 : 0;
  const auto rows = [&](const char* tensor, int64_t count, auto one) {
    for (int64_t i = 0; i < count; ++i) c.rows[tensor].push_back(one());
  };
  rows("q", draw.in(1, 3), [&] {
    return recipe(draw.weighted<const char*>(
                      {{8, "normal"}, {2, "powers"}, {1, "one"}, {1, "alternate"}, {1, "zero"}}),
                  draw.in(-2, 1));
  });
  rows("k", draw.in(1, 4), [&] {
    return recipe(
        draw.weighted<const char*>({{8, "normal"}, {2, "powers"}, {1, "one"}, {1, "spike"}}),
        draw.in(-2, 2) + integers);
  });
  rows("v", draw.in(1, 3), [&] {
    return recipe(draw.weighted<const char*>({{8, "normal"}, {2, "powers"}, {1, "ramp"}}),
                  draw.in(-3, 3) + (integers == 0 ? 0 : 3));
  });
  if (draw.once_in(4) && !kKvScale.is(c, "none")) {
    c.rows["v"] = {recipe("bits", 0)};  // every code
    if (draw.once_in(2)) c.rows["k"] = {recipe("bits", 0)};
  }
  const bool codes = c.rows["k"][0].fill == "bits";
  // Scores of every code at once would be too far apart.
  rows("k_scale", draw.in(1, 3), [&] {
    return recipe(draw.once_in(6) && !codes ? "spread" : "positive",
                  draw.in(-2, 1) - (codes ? 6 : integers));
  });
  const bool f16 = kQDtype.is(c, "f16");  // and so is the output, up to 65504
  rows("v_scale", draw.in(1, 3), [&] {
    return draw.once_in(3) && !f16 ? recipe("spread", draw.in(-4, 4))
                                   : recipe("positive", draw.in(-4, f16 ? 1 : 4));
  });
  rows("sinks", draw.in(1, 3), [&] { return recipe("normal", draw.in(-1, 3)); });
  kSoftmaxScale.set(
      c, draw.weighted<double>(
             {{8, 1 / std::sqrt(static_cast<double>(kHeadDim.of(c)))}, {1, 0.1337}, {1, 0.5}}));

  const auto batch = static_cast<int64_t>(c.integers.at("context_lens").size());
  for (int64_t b = 0; b < batch; ++b) {
    if (draw.once_in(3)) continue;
    const bool large_k = draw.once_in(3);
    for (const int64_t key : border_keys(c, b)) {
      if (draw.once_in(3)) continue;
      for (int64_t h = 0; h < kKvHeads.of(c); ++h) {
        c.special["v"][kv_row(b, h, key)] = recipe("normal", draw.in(2, 6));
        if (large_k) {
          c.special["k"][kv_row(b, h, key)] =
              recipe("normal", codes || integers != 0 ? 5 + integers / 5 : 3);
        }
      }
    }
  }
  if (kSinks.is(c, "on")) {
    const auto context = static_cast<double>(c.integers.at("context_lens")[0]);
    for (int64_t kv = 0; kv < kKvHeads.of(c); ++kv) {
      for (int64_t h = 0; h < kGqa.of(c); ++h) {
        if (draw.once_in(2)) continue;
        const double near = std::log(context + 1) + static_cast<double>(draw.in(-200, 200)) / 100;
        const double infinity = std::numeric_limits<double>::infinity();
        const double sink = draw.weighted<double>(
            {{6, near}, {1, infinity}, {1, -infinity}, {1, 40.0}, {1, -40.0}});
        c.special["sinks"][q_row(0, 0, kv, h)].set[0] =
            std::bit_cast<uint32_t>(static_cast<float>(sink));
      }
    }
  }
}

Case draw_case(Draw draw, const Manifest& manifest) {
  Case c;
  c.seed = static_cast<uint64_t>(draw.in(0, std::numeric_limits<uint32_t>::max()));
  draw_formats(draw, manifest, c);
  draw_shape(draw, manifest, c);
  draw_sequences(draw, manifest, c);
  draw_strides(draw, manifest, c);
  narrow(manifest, c);
  draw_data(draw, c);
  kRelation.set(c, draw.once_in(4) ? draw.one_of(kRelation.choices) : kRelation.plain);
  return c;
}

}  // namespace

Case PagedAttention::draw(Draw draw, const Manifest& manifest) const {
  return draw_case(std::move(draw), manifest);
}

}  // namespace wavefuzz
