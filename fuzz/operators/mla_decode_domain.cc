// Which cases of MLA decode are worth running: index rows with -1 in front, anywhere or everywhere,
// contexts about pages and splits, scopes of different encodings, scales that differ from group to
// group, sinks about the LSE and infinite ones, few pages far apart (bugs 4, 5, 7, 11, 16, 17, 19
// and 22 of the historical ranking).
#include <algorithm>
#include <cmath>
#include <limits>

#include "fuzz/operators/mla_decode.h"

namespace wavefuzz {
namespace {

using namespace mla;

constexpr int64_t kTile = 16;

/// One of the values that the manifest claims, or the least.
int64_t pick(Draw& draw, const Manifest& m, Case& c, const Integer& row,
             std::vector<int64_t> values) {
  const Claim& claim = *row.claim(m);
  std::erase_if(values, [&](int64_t v) { return !claim.has(v); });
  const int64_t value = values.empty() ? claim.min : draw.one_of(values);
  row.set(c, value);
  return value;
}

int64_t draw_length(Draw& draw, int64_t page_size, int64_t splits, int64_t most) {
  const auto about = [&](int64_t n) { return n + draw.in(-1, 1); };
  return std::clamp<int64_t>(draw.weighted<int64_t>({{2, draw.in(0, 2)},
                                                     {3, about(draw.in(1, 3) * kTile)},
                                                     {2, about(draw.in(1, 2) * page_size)},
                                                     {2, about(splits)},
                                                     {3, draw.in(1, 40)}}),
                             0, most);
}

/// One sequence's index row: where -1 stands is what it is about.
void draw_index_row(Draw& draw, int64_t topk, std::vector<int64_t>& out) {
  const int64_t most = std::max<int64_t>(topk, 2) * 2;
  const int64_t how = draw.weighted<int64_t>({{3, 0}, {3, 1}, {3, 2}, {1, 3}, {1, 4}, {1, 5}});
  // Whole leading tiles, and a little more or less.
  const int64_t lead = std::clamp<int64_t>(draw.in(1, 2) * kTile + draw.in(-1, 1), 0, topk);
  const int64_t base = draw.in(0, most);
  for (int64_t i = 0; i < topk; ++i) {
    const bool masked = (how == 1 && draw.once_in(3)) || (how == 2 && i < lead) || how == 3 ||
                        (how == 4 && i >= topk - lead) || (how == 5 && i / kTile % 2 == 0);
    const bool runs = base % 2 == 0;  // neighbours, or anything
    out.push_back(masked ? -1 : runs ? (base + i) % most : draw.in(0, most - 1));
  }
}

void draw_scope(Draw& draw, const Manifest& m, const std::string& prefix, bool dense, Case& c) {
  const ScopeRows& rows = rows_of(prefix);
  rows.cache_dtype.draw(draw, m, c);
  const int64_t page_size = pick(draw, m, c, rows.page_size, rows.page_size.usual);
  rows.page_pad.set_inside(m, c, draw.weighted<int64_t>({{4, 0}, {2, draw.in(1, 4)}, {1, 64}}));
  rows.index_pad.set_inside(m, c, draw.weighted<int64_t>({{3, 0}, {1, draw.in(1, 5)}}));
  rows.kv_scale.set(
      c, static_cast<double>(static_cast<float>(std::ldexp(
             1 + static_cast<double>(draw.in(1, 999)) / 1000, static_cast<int>(draw.in(-4, 2))))));
  rows.topk_lengths.set(c, "off");
  rows.topk.set(c, 0);
  const int64_t batch = kBatch.of(c);
  const int64_t splits = rows.splits.of(c);
  if (dense) {
    kSparePages.set_inside(m, c, draw.in(0, 2));
    for (int64_t b = 0; b < batch; ++b)
      c.integers["context_lens"].push_back(draw_length(draw, page_size, splits, 130));
  } else {
    const int64_t topk = draw_length(draw, page_size, splits, 80);
    rows.topk.set(c, topk);
    std::vector<int64_t>& indices = c.integers[prefix + "indices"];
    for (int64_t b = 0; b < batch; ++b) draw_index_row(draw, topk, indices);
    rows.topk_lengths.set(c, draw.one_of(m.claims.at(kMain.topk_lengths.name).choices));
    if (rows.topk_lengths.is(c, "on")) {
      for (int64_t b = 0; b < batch; ++b)
        c.integers[prefix + "topk_length"].push_back(
            draw.weighted<int64_t>({{3, draw.in(0, topk)}, {1, topk}, {1, 0}}));
    }
  }
  const int64_t recipes = draw.in(1, 3);
  for (int64_t i = 0; i < recipes; ++i) {
    const bool bf16 = rows.entry.is(c, "bf16");
    c.rows[prefix + "k"].push_back(
        bf16 ? recipe(draw, {{6, "normal"}, {1, "powers"}, {1, "alternate"}, {1, "spike"}}, -4, 3)
             : recipe(draw,
                      {{4, "normal"}, {3, "bits"}, {1, "powers"}, {1, "edge"}, {1, "alternate"}},
                      -3, 3));
  }
  c.rows[prefix + "rope"].push_back(recipe(draw, {{4, "normal"}, {1, "zero"}}, -4, 3));
  for (int64_t i = 0; i < recipes; ++i) {
    // Scores stay where the softmax has more than one key: spread reaches 2^8 by itself.
    RowRecipe scale = recipe(draw, {{2, "positive"}, {3, "spread"}}, -2, 2);
    scale.exponent -= scale.fill == "spread" ? 12 : 6;
    c.rows[prefix + "k_scale"].push_back(scale);
  }
}

Case draw_case(Draw draw, const Manifest& m) {
  Case c;
  c.seed = static_cast<uint64_t>(draw.in(0, std::numeric_limits<uint32_t>::max()));
  for (const Choice* row : {&kMode, &kMain.entry, &kSink, &mla::kLse, &kDequant, &kOutDtype})
    row->draw(draw, m, c);
  const std::string mode = kMode.of(c);
  const std::string entry = kMain.entry.of(c);
  const bool v4 = entry == "v4";
  std::vector<std::string> extra = m.claims.at(kExtra.entry.name).choices;
  std::erase_if(extra, [&](const std::string& e) { return (e == "v4") != v4; });
  if (mode == "dual" && extra.empty()) kMode.set(c, "sparse");
  kExtra.entry.set(c, extra.empty() ? entry : draw.one_of(extra));
  const bool any_v32 = entry == "v32" || (mode == "dual" && kExtra.entry.is(c, "v32"));

  kBatch.set_inside(m, c, draw.weighted<int64_t>({{4, 1}, {3, 2}, {1, 3}}));
  kFirstSequence.set(c, 0);
  kFirstHead.set(c, 0);
  pick(draw, m, c, kHeads, kHeads.usual);
  if (draw.once_in(25)) pick(draw, m, c, kHeads, {16, 64, 128});
  std::vector<int64_t> nope = {16, 32, 64, 128, 100, 512};
  if (any_v32) nope = {128, 128, 256, 512};
  if (v4) nope = {64, 64, 128, 448};
  pick(draw, m, c, kNope, nope);
  pick(draw, m, c, kRope, kRope.usual);
  pick(draw, m, c, kMain.splits, {1, 1, 2, 3, 4, 7});
  pick(draw, m, c, kExtra.splits, {1, 1, 2, 3});
  kPageOrder.draw(draw, m, c, {{2, "sequential"}, {1, "reversed"}, {2, "shuffled"}});
  kFirstPage.set_inside(m, c, draw.weighted<int64_t>({{3, 0}, {2, draw.in(1, 5)}}));
  kPageStep.set_inside(m, c, draw.weighted<int64_t>({{3, 1}, {1, 3}}));
  kSparePages.set(c, 0);
  draw_scope(draw, m, "", mode == "dense", c);
  if (kMode.is(c, "dual")) {
    draw_scope(draw, m, "extra_", false, c);
  } else {
    no_scope(kExtra, c);
  }
  if (draw.once_in(8)) {  // pages so far apart that page * stride passes 2^31 or 2^32 bytes
    kMain.page_pad.set_inside(m, c, (int64_t{1} << draw.in(26, 28)) + draw.in(-3, 3));
    kFirstPage.set_inside(m, c, draw.in(1, 4));
  } else if (draw.once_in(10)) {  // page ids beyond 16 bits
    kFirstPage.set_inside(m, c, int64_t{65536} + draw.in(-2, 2));
  }
  for (const Integer* pad : kPads)
    pad->set_inside(m, c, draw.weighted<int64_t>({{4, 0}, {1, draw.in(1, 9)}, {1, 64}}));
  kUnowned.draw(draw, m, c, {{3, "poison"}, {1, "nan"}, {1, "huge"}});
  kSoftmaxScale.set(c, static_cast<double>(static_cast<float>(draw.weighted<double>(
                           {{6, 1 / std::sqrt(static_cast<double>(kNope.of(c) + kRope.of(c)))},
                            {1, 0.1337},
                            {1, 0.5}}))));
  kRelation.draw(draw, m, c,
                 {{10, "none"},
                  {1, "half_of_heads"},
                  {1, "sequence_alone"},
                  {1, "garbage"},
                  {1, "unsplit"},
                  {1, "indices_reversed"}});
  const int64_t recipes = draw.in(1, 2);
  for (int64_t i = 0; i < recipes; ++i)
    c.rows["q"].push_back(recipe(draw, {{8, "normal"}, {1, "zero"}, {1, "powers"}}, -5, 0));
  RowRecipe sink = recipe(draw, {{4, "normal"}, {1, "zero"}}, 0, 3);
  if (draw.once_in(2))
    sink.set[static_cast<uint32_t>(draw.in(0, kHeads.of(c) - 1))] =
        draw.once_in(2) ? 0x7F800000 : 0xFF800000;
  c.rows["sink"].push_back(sink);
  return c;
}

/// Keeps sequences, columns and lists in step.
void remove_sequence(Case& d, int64_t b) {
  const int64_t batch = kBatch.of(d);
  if (batch < 2 || b >= batch) return;
  for (const char* prefix : {"", "extra_"}) {
    const std::string at = prefix;
    const auto topk = static_cast<size_t>(rows_of(at).topk.of(d));
    for (const auto& [name, width] :
         {std::pair(at + "indices", topk), std::pair(at + "topk_length", size_t{1})}) {
      const auto it = d.integers.find(name);
      if (it == d.integers.end() || it->second.empty()) continue;
      const size_t first = static_cast<size_t>(b) * width;
      it->second = without(it->second, first, first + width);
    }
  }
  for (const char* name : {"context_lens", "extra_context_lens"}) {
    if (const auto it = d.integers.find(name); it != d.integers.end())
      it->second = without(it->second, static_cast<size_t>(b), static_cast<size_t>(b) + 1);
  }
  kBatch.set(d, batch - 1);
}

void remove_columns(Case& d, const std::string& prefix, size_t begin, size_t end) {
  const ScopeRows& rows = rows_of(prefix);
  const auto topk = static_cast<size_t>(rows.topk.of(d));
  std::vector<int64_t>& indices = d.integers.at(prefix + "indices");
  std::vector<int64_t> kept;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (i % topk < begin || i % topk >= end) kept.push_back(indices[i]);
  }
  indices = kept;
  rows.topk.set(d, static_cast<int64_t>(topk - (end - begin)));
  if (const auto it = d.integers.find(prefix + "topk_length"); it != d.integers.end()) {
    for (int64_t& length : it->second) {
      const auto before = static_cast<size_t>(length);
      length -= static_cast<int64_t>(std::min(before, end) - std::min(before, begin));
    }
  }
}

void to_one_scope(Case& d) {
  if (kMode.is(d, "dual")) kMode.set(d, "sparse");
  for (const char* name : {"extra_indices", "extra_topk_length", "extra_context_lens"})
    d.integers.erase(name);
  for (const char* name : {"extra_k", "extra_rope", "extra_k_scale"}) d.rows.erase(name);
  kExtra.entry.set(d, kMain.entry.of(d));
  no_scope(kExtra, d);
  kExtra.splits.set(d, 1);
}

void simpler_scope(std::vector<Step>& steps, const Case& c, const std::string& prefix) {
  const ScopeRows& rows = rows_of(prefix);
  if (const auto it = c.integers.find(prefix + "indices"); it != c.integers.end()) {
    const auto topk = static_cast<size_t>(rows.topk.of(c));
    for (const auto& [begin, end] : chunks(topk)) {
      steps.push_back(
          [prefix, begin = begin, end = end](Case& d) { remove_columns(d, prefix, begin, end); });
    }
    steps.push_back([prefix](Case& d) {
      rows_of(prefix).topk_lengths.set(d, "off");
      d.integers.erase(prefix + "topk_length");
    });
    steps.push_back([prefix](Case& d) {
      for (int64_t& token : d.integers.at(prefix + "indices")) token = std::min<int64_t>(token, 0);
    });
    for (size_t i = 0; i < it->second.size(); ++i) {
      const int64_t token = it->second[i];
      for (const int64_t to : {int64_t{0}, token / 2, token - 1}) {
        if (token > 0 && to < token)
          steps.push_back([prefix, i, to](Case& d) { d.integers.at(prefix + "indices")[i] = to; });
      }
      if (token == -1)
        steps.push_back([prefix, i](Case& d) { d.integers.at(prefix + "indices")[i] = 0; });
    }
    if (const auto lengths = c.integers.find(prefix + "topk_length"); lengths != c.integers.end()) {
      for (size_t b = 0; b < lengths->second.size(); ++b) {
        for (const int64_t to : toward(lengths->second[b], 0))
          steps.push_back(
              [prefix, b, to](Case& d) { d.integers.at(prefix + "topk_length")[b] = to; });
      }
    }
  }
  const std::vector<std::string>& entries = rows.entry.choices;  // in the order of MlaEntry
  const auto entry = static_cast<quant::MlaEntry>(
      std::find(entries.begin(), entries.end(), rows.entry.of(c)) - entries.begin());
  const Dtype fp8 = parse_dtype(rows.cache_dtype.of(c));
  const auto nope = static_cast<uint32_t>(kNope.of(c));
  const auto rope = static_cast<uint32_t>(kRope.of(c));
  const quant::MlaPage page = {entry, 1, nope, rope};
  plainer_rows(steps, c, prefix + "k", entry == quant::MlaEntry::kBf16 ? Dtype::kBf16 : fp8, nope);
  plainer_rows(steps, c, prefix + "rope", entry == quant::MlaEntry::kFp8 ? fp8 : Dtype::kBf16,
               rope);
  if (page.groups() != 0) plainer_rows(steps, c, prefix + "k_scale", Dtype::kF32, page.groups());
}

}  // namespace

RowRecipe mla::recipe(Draw& draw, std::initializer_list<std::pair<std::size_t, const char*>> fills,
                      int64_t low, int64_t high) {
  RowRecipe row;
  row.fill = draw.weighted<const char*>(fills);
  row.exponent = draw.once_in(2) ? 0 : draw.in(low, high);
  return row;
}

void mla::no_scope(const ScopeRows& rows, Case& c) {
  for (const Integer* row : {&rows.page_pad, &rows.index_pad, &rows.topk, &rows.page_size})
    row->set(c, row->plain.of(c));
  rows.kv_scale.set(c, rows.kv_scale.plain);
  for (const Choice* row : {&rows.topk_lengths, &rows.cache_dtype}) row->set(c, row->plain);
}

Case MlaDecode::draw(Draw draw, const Manifest& manifest) const {
  return is_aiter(manifest.claims.at(kMode.name).choices[0])
             ? draw_aiter_case(std::move(draw), manifest)
             : draw_case(std::move(draw), manifest);
}

std::vector<Step> MlaDecode::simpler(const Case& c) const {
  std::vector<Step> steps;
  choose(steps, kRelation.name, kRelation.plain);
  const bool dual = kMode.is(c, "dual") || c.integers.contains("extra_context_lens");
  if (dual) steps.push_back(to_one_scope);
  for (int64_t b = 0; b < kBatch.of(c); ++b)
    steps.push_back([b](Case& d) { remove_sequence(d, b); });
  // Sizes that the entries have groups of come first.
  for (const int64_t nope : {1, 64, 128, 256}) {
    if (nope < kNope.of(c)) choose(steps, kNope.name, nope);
  }
  for (const std::string name : {"context_lens", "extra_context_lens"}) {
    const auto it = c.integers.find(name);
    if (it == c.integers.end()) continue;
    for (size_t b = 0; b < it->second.size(); ++b) {
      for (const int64_t to : toward(it->second[b], 0))
        steps.push_back([name, b, to](Case& d) { d.integers.at(name)[b] = to; });
    }
  }
  table().simpler(steps, c, {});
  for (const char* entry : {"bf16", "fp8"}) {
    if (!kMain.entry.is(c, "bf16")) choose(steps, kMain.entry.name, entry);
    if (dual && !kExtra.entry.is(c, "bf16")) choose(steps, kExtra.entry.name, entry);
  }
  steps.push_back([](Case& d) { d.seed = 0; });
  simpler_scope(steps, c, "");
  if (dual) simpler_scope(steps, c, "extra_");
  plainer_rows(steps, c, "q", is_aiter(kMode.of(c)) ? parse_dtype(kQDtype.of(c)) : Dtype::kBf16,
               static_cast<uint32_t>(kNope.of(c) + kRope.of(c)));
  if (kSink.is(c, "on"))
    plainer_rows(steps, c, "sink", Dtype::kF32,
                 static_cast<uint32_t>(kHeads.of(c) + kFirstHead.of(c)));
  return steps;
}

std::vector<Axis> MlaDecode::axes(const Case& c) const {
  std::vector<Axis> axes;
  list_axes(axes, c, "ctx", "context_lens");
  list_axes(axes, c, "extra_ctx", "extra_context_lens");
  list_axes(axes, c, "topk_length", "topk_length");
  if (kMode.is(c, "aiter")) parameter_axes(axes, c, {kQlen.name.c_str()});
  table().axes(axes, c, {});
  return axes;
}

}  // namespace wavefuzz
