#include "fuzz/operators/indexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "fuzz/case/image.h"
#include "fuzz/operators/claims.h"
#include "fuzz/operators/indexer_k_writer.h"
#include "fuzz/operators/paged_mqa_logits.h"
#include "fuzz/operators/paging.h"
#include "fuzz/operators/scale_contract.h"
#include "fuzz/operators/top_k_per_row.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

// Keys of a request: the writer takes about 300 wave instructions for each.
constexpr int64_t kMostKeys = 150;

const Integer kK = {
    .name = "k", .meaning = "indices of a row", .min = 1, .max = 1 << 20, .plain = 1, .axis = true};
const Integer kIndicesStride = {.name = "indices_stride",
                                .meaning = "elements from a row of indices to the next",
                                .max = int64_t{1} << 32,
                                .plain = [](const Case& c) { return kK.of(c); },
                                .unclaimed = Unclaimed::kAny,
                                .least = [](const Case& c) { return kK.of(c); }};

int64_t token_count(const Case& c) {
  const std::vector<int64_t> counts = mqa::key_counts(c);
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

/// The first stage as a case of its own operator.
Case writer_case(const Case& c) {
  Case w;
  w.op = "indexer_k_quant_and_cache";
  w.seed = c.seed;
  w.params = c.params;
  indexer::kCacheDtype.set(w, mqa::kDtype.of(c));
  const int64_t page_size = mqa::kPageSize.of(c);
  const auto pages = mqa::pages(c);
  const std::vector<int64_t> counts = mqa::key_counts(c);
  std::vector<int64_t>& slots = w.integers["slot_mapping"];
  int64_t last_page = 0;
  for (size_t b = 0; b < counts.size(); ++b) {
    for (int64_t key = 0; key < counts[b]; ++key) {
      slots.push_back(pages[b][key / page_size] * page_size + key % page_size);
      last_page = std::max(last_page, pages[b][key / page_size]);
    }
  }
  indexer::kPages.set(w, last_page + 1);
  std::vector<RowRecipe>& rows = w.rows["k"];
  for (size_t row = 0; row < slots.size(); ++row) rows.push_back(recipe_of(c, "k", row));
  find_operator(w.op).table().complete(w);
  return w;
}

Manifest with_numerics_of(const Manifest& manifest, const char* stage) {
  Manifest m = manifest;
  m.numerics = JsonView(manifest.numerics, manifest.file + " numerics").at(stage).json();
  return m;
}

/// What a parity test of the whole indexer would see: the share of the right top-k of the right
/// logits of rightly written keys.
void show_overlap(const Run& run, const MqaRows& rows, Judge& judge) {
  const Case& c = run.c;
  const reference::IndexerCache cache = mqa::cache(c);
  const Dtype dtype = indexer::k_dtype(c);
  const reference::QuantiseRule rule =
      indexer::scale_rule(with_numerics_of(run.manifest, "writer"), c, rows.format);
  std::vector<float> k;
  for (const Extent& row : run.buffers.front().contents) {  // an extent for each token
    for (size_t at = 0; at < row.bytes.size(); at += bytes_of(dtype))
      k.push_back(decode(dtype, load_bits(dtype, &row.bytes[at])));
  }
  std::vector<int64_t> slots(k.size() / rows.head_dim);
  std::iota(slots.begin(), slots.end(), int64_t{0});
  const auto written = reference::indexer_k_quant(
      k, rows.head_dim, static_cast<int64_t>(slots.size()), slots, cache.page, rule);
  MqaRows right = rows;
  auto token = written.begin();
  for (MqaRequest& r : right.requests) {
    r.k.clear();
    for (float& scale : r.scales) {
      r.k.insert(r.k.end(), token->codes.begin(), token->codes.end());
      scale = (token++)->scales.front();
    }
  }
  const int64_t next_n = mqa::kNextN.of(c);
  const auto k_bytes = static_cast<uint64_t>(kK.of(c)) * sizeof(int32_t);
  double overlap = 0;
  for (size_t b = 0; b < right.requests.size(); ++b) {
    for (int64_t j = 0; j < next_n; ++j) {
      const auto row = static_cast<uint64_t>(static_cast<int64_t>(b) * next_n + j);
      const auto bytes =
          judge.read("indices", row * static_cast<uint64_t>(kIndicesStride.of(c)) * 4, k_bytes);
      if (!bytes) continue;
      std::vector<int32_t> indices(bytes->size() / sizeof(int32_t));
      std::memcpy(indices.data(), bytes->data(), bytes->size());
      overlap += reference::top_k_overlap(logits_of(right, b, j), indices);
    }
  }
  judge.gate_overlap(overlap / static_cast<double>(right.requests.size()) /
                     static_cast<double>(next_n));
}

}  // namespace

const ParameterTable& Indexer::table() const {
  static const ParameterTable kTable = [] {
    ParameterTable table = mqa::table();
    return table.add({kK, indexer::kKDtype, indexer::kScaleFmt, indexer::kKStride, indexer::kInputs,
                      kIndicesStride});
  }();
  return kTable;
}

void Indexer::check_manifest(const Manifest& manifest) const {
  Operator::check_manifest(manifest);
  const Claims claims(manifest);
  // Top-k takes every column of a row's keys for a logit.
  claims.choices(mqa::kMaskRule.name,
                 {"torch", "vllm_triton", "aiter", "aiter_gluon", "aiter_preshuffle"});
  claims.choices(mqa::kCtxDims.name, {"1d"});
  Manifest writer = with_numerics_of(manifest, "writer");
  writer.claims[indexer::kCacheDtype.name] = manifest.claims.at(mqa::kDtype.name);
  find_operator("indexer_k_quant_and_cache").check_manifest(writer);
  find_operator("paged_mqa_logits").check_manifest(with_numerics_of(manifest, "logits"));
}

Params Indexer::launch_params(const Case& c) const {
  Params params = find_operator("paged_mqa_logits").launch_params(c);
  params.set("tokens", token_count(c));
  return params;
}

std::vector<Buffer> Indexer::buffers(const Case& c) const {
  // The writer's k comes first, as its judge wants it.
  std::vector<Buffer> buffers = find_operator("indexer_k_quant_and_cache").buffers(writer_case(c));
  for (Buffer& buffer : mqa::query_buffers(c)) {
    if (buffer.name == "logits") buffer.access = Access::kReadWrite;
    buffers.push_back(std::move(buffer));
  }
  const int64_t rows = mqa::kBatch.of(c) * mqa::kNextN.of(c);
  const int64_t k = kK.of(c);
  const int64_t stride = kIndicesStride.of(c);
  buffers.push_back({.name = "indices",
                     .bytes = static_cast<uint64_t>((rows - 1) * stride + k) * sizeof(int32_t),
                     .access = Access::kWrite});
  return buffers;
}

void Indexer::judge(const Run& run, Judge& judge) const {
  const Case& c = run.c;
  judge.stage("writer");
  const Case writer = writer_case(c);
  const Manifest writer_manifest = with_numerics_of(run.manifest, "writer");
  find_operator("indexer_k_quant_and_cache")
      .judge({writer, writer_manifest, run.buffers, run.outcome}, judge);

  judge.stage("logits");
  std::vector<Buffer> buffers = run.buffers;
  for (Buffer& buffer : buffers) {
    if (buffer.name == "kv_cache") buffer.contents = run.outcome.written_to("kv_cache");
  }
  const MqaRows rows =
      mqa::rows(c, buffers, parse_mqa_contract(with_numerics_of(run.manifest, "logits")));
  judge_mqa_rows(rows, judge, false);

  judge.stage("top_k");
  const Buffer written = {.name = "logits", .contents = run.outcome.written_to("logits")};
  const ImageReader logits(written);
  const int64_t next_n = mqa::kNextN.of(c), k = kK.of(c);
  std::vector<TopKRow> top_k;
  for (size_t b = 0; b < rows.requests.size(); ++b) {
    for (int64_t j = 0; j < next_n; ++j) {
      const int64_t row = static_cast<int64_t>(b) * next_n + j;
      TopKRow r;
      r.offset = static_cast<uint64_t>(row * kIndicesStride.of(c)) * sizeof(int32_t);
      const reference::RowColumns columns = columns_of(rows, b, j);
      bool known = true;
      for (int64_t column = 0; column < columns.last; ++column) {
        const uint8_t* at = logits.at(
            static_cast<uint64_t>(row * rows.stride + column) * sizeof(float), sizeof(float));
        known &= at != nullptr;
        if (at != nullptr) r.logits.push_back(decode(Dtype::kF32, load_bits(Dtype::kF32, at)));
      }
      if (known) {
        top_k.push_back(std::move(r));
      } else {  // the stage before has a finding for it
        judge.unspecified("indices", r.offset, r.offset + static_cast<uint64_t>(k) * 4);
      }
    }
  }
  judge_top_k(top_k, k, judge, false);
  if (judge.wants_gates()) show_overlap(run, rows, judge);
}

OperatorPage Indexer::page() const {
  // The logits' page has most of it.
  OperatorPage page = find_operator("paged_mqa_logits").page();
  page.name = name();
  page.summary =
      "The sparse-attention indexer as a pipeline: K writer, logits, top-k, in one problem.";
  page.semantics = {
      "indexer_k_quant_and_cache of all keys, paged_mqa_logits over the cache, top_k_per_row "
      "(decode_1d) of the logits",
      "each stage is judged on what the stages before it really wrote; a finding's place starts "
      "with "
      "its stage"};
  page.buffers.insert(page.buffers.begin(),
                      {{"k", "bf16 or f16", "[tokens, head_dim], row stride k_stride", "in"},
                       {"slot_mapping", "i64", "[tokens]", "in"}});
  for (OperatorPage::BufferEntry& buffer : page.buffers) {
    if (buffer.name == "kv_cache" || buffer.name == "logits") buffer.direction = "out, then in";
  }
  page.buffers.push_back(
      {"indices", "i32", "[batch * next_n, k], row stride indices_stride", "out"});
  page.parameters = table().entries();
  page.derived.push_back({"tokens", "keys of all requests"});
  page.numerics = {{"writer", "the contract of indexer_k_quant_and_cache"},
                   {"logits", "the contract of paged_mqa_logits"}};
  page.relations.clear();
  page.unspecified = {"as the stages'"};
  page.presets.clear();
  return page;
}

std::string Indexer::summary(const Case& c) const {
  return fmt::format("{} -> {} ({} scale), k {}; {}", indexer::kKDtype.of(c), mqa::kDtype.of(c),
                     indexer::kScaleFmt.of(c), kK.of(c),
                     find_operator("paged_mqa_logits").summary(c));
}

namespace {

RowRecipe draw_k(Draw& draw) {
  RowRecipe row;
  row.fill = draw.weighted<const char*>(
      {{8, "normal"}, {2, "halfway"}, {2, "spike"}, {2, "powers"}, {1, "edge"}, {1, "zero"}});
  row.exponent = draw.in(-8, 8);
  return row;
}

Case draw_case(Draw draw, const Manifest& manifest) {
  Case c = mqa::draw_case(draw, manifest, kMostKeys);
  mqa::kRelation.set(c, mqa::kRelation.plain);
  mqa::kUnowned.set(c, mqa::kUnowned.plain);
  // Every key has a column, so that top-k reads what the logits wrote.
  const std::vector<int64_t> counts = mqa::key_counts(c);
  mqa::kWidth.set(c, std::max<int64_t>(
                         {mqa::kWidth.of(c), 1, *std::max_element(counts.begin(), counts.end())}));
  mqa::table().repair(c);
  indexer::kKDtype.draw(draw, manifest, c);
  indexer::kScaleFmt.draw(draw, manifest, c);
  indexer::kKStride.set_inside(
      manifest, c, mqa::kHeadDim.of(c) + draw.weighted<int64_t>({{3, 0}, {1, 1}, {1, 64}}));
  const int64_t ctx = draw.one_of(counts);
  const int64_t k = draw.weighted<int64_t>(
      {{3, ctx / 2}, {2, ctx - 1}, {1, ctx}, {1, ctx + 1}, {3, draw.in(1, 16)}});
  kK.set_inside(manifest, c, k);
  kIndicesStride.set_inside(manifest, c, kK.of(c) + draw.weighted<int64_t>({{3, 0}, {1, 5}}));
  c.rows.erase("k_scale");
  c.rows["k"].clear();
  const int64_t recipes = draw.in(1, 5);
  for (int64_t i = 0; i < recipes; ++i) c.rows["k"].push_back(draw_k(draw));
  indexer::kInputs.draw(draw, manifest, c);
  return c;
}

void repair(Case& c) {
  mqa::repair(c);
  const std::vector<int64_t> counts = mqa::key_counts(c);
  mqa::kWidth.set(c, std::max(mqa::kWidth.of(c), *std::max_element(counts.begin(), counts.end())));
  find_operator("indexer").table().repair(c);
}

}  // namespace

Case Indexer::draw(Draw draw, const Manifest& manifest) const {
  return draw_case(std::move(draw), manifest);
}

std::vector<Step> Indexer::simpler(const Case& c) const {
  std::vector<Step> steps;
  mqa::plainer_shape(steps, c, repair);
  for (const Integer* row : {&kK, &kIndicesStride, &indexer::kKStride})
    lower(steps, c, row->name, row->plain.of(c), 1, repair);
  choose(steps, indexer::kScaleFmt.name, indexer::kScaleFmt.plain, repair);
  if (indexer::k_dtype(c) != Dtype::kBf16) {
    steps.push_back([](Case& d) {
      indexer::kKDtype.set(d, indexer::kKDtype.plain);
      for (RowRecipe& row : d.rows.at("k")) {
        for (auto& [column, bits] : row.set) bits = encode(Dtype::kBf16, decode(Dtype::kF16, bits));
      }
    });
  }
  const auto head_dim = static_cast<uint32_t>(mqa::kHeadDim.of(c));
  const Dtype dtype = dtype_of(mqa::format(c));
  plainer_rows(steps, c, "k", indexer::k_dtype(c), head_dim);
  plainer_rows(steps, c, "q", dtype, head_dim);
  plainer_rows(steps, c, "weights", Dtype::kF32, static_cast<uint32_t>(mqa::kHeads.of(c)));
  return steps;
}

std::vector<Axis> Indexer::axes(const Case& c) const {
  std::vector<Axis> axes = mqa::shape_axes(c, repair);
  parameter_axes(axes, c, {kK.name.c_str()}, repair);
  return axes;
}

}  // namespace wavefuzz
