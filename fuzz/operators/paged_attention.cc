#include "fuzz/operators/paged_attention.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>

#include "fuzz/case/image.h"
#include "fuzz/case/plural.h"
#include "fuzz/operators/attention_contract.h"
#include "fuzz/operators/claims.h"
#include "fuzz/operators/paged_attention_inputs.h"
#include "fuzz/operators/paging.h"
#include "gpu/error.h"

namespace wavefuzz {

using namespace paged_attention;

const ParameterTable& PagedAttention::table() const {
  static const ParameterTable kTable = {
      kGqa,          kHeadDim,  kVHeadDim, kKvHeads,     kPageSize,  kWindow,    kExtraSplits,
      kSplitTokens,  kCus,      kKHeadGap, kKPageGap,    kVHeadGap,  kVPageGap,  kScaleHeadGap,
      kScalePageGap, kQGap,     kOGap,     kTableGap,    kPageOrder, kFirstPage, kPageStep,
      kRelation,     kUnowned,  kSinks,    kVLayout,     kKvScale,   kQDtype,    kKvDtype,
      kMask,         kVStrides, kLse,      kSoftmaxScale};
  return kTable;
}

void PagedAttention::check_manifest(const Manifest& manifest) const {
  Operator::check_manifest(manifest);
  const Claims claims(manifest);  // of what follows from a case
  for (const char* name : {"max_qlen", "splits"}) claims.range(name);
  parse_attention_numerics(manifest);
  parse_query_cast(manifest);
  parse_qlen_paths(manifest);
}

Params PagedAttention::launch_params(const Case& c) const {
  const Shape s(c);
  Params params = c.params;
  params.set("batch", s.batch);
  params.set("heads", s.heads);
  params.set("total_q", s.total_q);
  params.set("max_qlen", s.max_qlen);
  params.set("max_context", s.max_context);
  params.set("min_qlen", s.min_qlen);
  params.set("min_context", s.min_context);
  params.set("min_keys", s.min_keys);
  params.set("splits", s.splits);
  params.set("split_keys", s.split_keys);
  params.set("pages", s.pages_used);
  params.set("q_stride", s.q_stride);
  params.set("o_stride", s.o_stride);
  params.set("k_page_stride", s.k_page_stride);
  params.set("k_head_stride", s.k_head_stride);
  params.set("v_page_stride", s.v_page_stride);
  params.set("v_head_stride", s.v_head_stride);
  params.set("scale_page_stride", s.scale_page_stride);
  params.set("scale_head_stride", s.scale_head_stride);
  params.set("table_stride", s.table_stride);
  params.set("table_width", s.table_width);
  return params;
}

namespace paged_attention {
namespace {

const Buffer& buffer(const std::vector<Buffer>& buffers, const char* name) {
  for (const Buffer& b : buffers) {
    if (b.name == name) return b;
  }
  throw Error(Exit::kInternal, fmt::format("there is no buffer '{}'", name));
}

/// Elements of a buffer that the kernel may read.
class Elements {
 public:
  Elements(const std::vector<Buffer>& buffers, const char* name, Dtype dtype)
      : name_(name),
        dtype_(dtype),
        size_(wavefuzz::bytes_of(dtype)),
        image_(buffer(buffers, name)) {
    if (size_ != 1) return;
    for (uint32_t code = 0; code < 256; ++code) table_[code] = decode(dtype, code);
  }

  float at(uint64_t offset) const {
    const uint32_t code = bits(offset);
    return size_ == 1 ? table_[code] : decode(dtype_, code);
  }
  int32_t integer(uint64_t index) const { return static_cast<int32_t>(bits(index * 4)); }

 private:
  uint32_t bits(uint64_t offset) const {
    const uint8_t* bytes = image_.at(offset, size_);
    if (bytes == nullptr)
      throw Error(Exit::kInternal, fmt::format("the reference reads poison of '{}'", name_));
    return load_bits(dtype_, bytes);
  }

  const char* name_;
  Dtype dtype_;
  uint32_t size_;
  ImageReader image_;
  float table_[256] = {};
};

}  // namespace

struct Inputs::Readers {
  Elements q, k, v, k_scale, v_scale, table, context, indptr, sinks;
};

Inputs::Inputs(const Case& c, const Manifest& manifest, const std::vector<Buffer>& buffers)
    : shape(c),
      numerics(parse_attention_numerics(manifest)),
      query_cast(parse_query_cast(manifest)) {
  const Shape& s = shape;
  numerics.splits = static_cast<uint32_t>(s.splits);
  numerics.output =
      s.q_dtype == Dtype::kBf16 ? reference::FloatFormat::kBf16 : reference::FloatFormat::kF16;
  if (const auto fp8 = fp8_of(s.kv_dtype)) numerics.p_fp8 = *fp8;  // of P too, where it is FP8
  numerics.output_truncate &= numerics.output == reference::FloatFormat::kF16;
  if (numerics.p_divisor == kDivisorOfFormat)
    numerics.p_divisor = largest(numerics.p == reference::PFormat::kInt8);
  if (query_cast.to != QueryCast::To::kNone) {
    // The scale that a row's sums are multiplied by: of the product and two reciprocals.
    numerics.scale_roundings += static_cast<uint32_t>(std::ceil(4 * numerics.rcp_ulps)) + 1;
  }
  // As the kernel gets it.
  softmax_scale = static_cast<float>(kSoftmaxScale.of(c));
  for (int64_t split = 0; split < s.splits; ++split) {
    const int64_t start = split * s.split_keys;
    if (split == 0 || start < s.max_context) split_starts.push_back(static_cast<uint32_t>(start));
  }
  const Readers read = {{buffers, "q", s.q_dtype},
                        {buffers, "k_cache", s.kv_dtype},
                        {buffers, "v_cache", s.kv_dtype},
                        {buffers, "k_scale", Dtype::kF32},
                        {buffers, "v_scale", Dtype::kF32},
                        {buffers, "block_table", Dtype::kF32},
                        {buffers, "context_lens", Dtype::kF32},
                        {buffers, "qo_indptr", Dtype::kF32},
                        {buffers, "sinks", Dtype::kF32}};
  for (int64_t b = 0; b < s.batch; ++b) {
    for (int64_t h = 0; h < s.kv_heads; ++h) {
      groups.push_back(group(read, b, h));
      groups.back().split_starts = planned_starts(s, buffers, b, h);
    }
  }
}

Inputs::Group Inputs::group(const Readers& read, int64_t b, int64_t h) const {
  const Shape& s = shape;
  Group g;
  g.kv_head = h;
  g.first_token = read.indptr.integer(b);
  g.tokens = read.indptr.integer(b + 1) - g.first_token;
  const int64_t keys = read.context.integer(b);
  g.keys = static_cast<uint32_t>(keys);
  for (int64_t r = 0; r < g.tokens * s.gqa; ++r) {
    const int64_t token = r / s.gqa;
    const int64_t head = h * s.gqa + r % s.gqa;
    const int64_t at = (g.first_token + token) * s.q_stride + head * s.head_dim;
    for (int64_t d = 0; d < s.head_dim; ++d)
      g.q.push_back(read.q.at((at + d) * wavefuzz::bytes_of(s.q_dtype)));
    const int64_t last = s.causal ? std::max<int64_t>(0, keys - g.tokens + token + 1) : keys;
    g.last.push_back(static_cast<uint32_t>(last));
    g.first.push_back(
        static_cast<uint32_t>(s.window == 0 ? 0 : std::max<int64_t>(0, last - s.window)));
    if (s.sinks) g.sink.push_back(read.sinks.at(head * 4));
  }

  if (query_cast.to != QueryCast::To::kNone) quantise_queries(g);

  g.k.resize(keys * s.head_dim);
  g.v.resize(keys * s.v_head_dim);
  const uint32_t bytes = wavefuzz::bytes_of(s.kv_dtype);
  for (int64_t first = 0; first < keys; first += s.page_size) {
    const int64_t page = read.table.integer(b * s.table_stride + first / s.page_size);
    const int64_t count = std::min(s.page_size, keys - first);
    const int64_t k_page = page * s.k_page_stride + h * s.k_head_stride;
    const int64_t v_page = page * s.v_page_stride + h * s.v_head_stride;
    // Tokens lie closest together in either cache.
    for (int64_t d = 0; d < s.head_dim; ++d) {
      for (int64_t t = 0; t < count; ++t)
        g.k[(first + t) * s.head_dim + d] = read.k.at(k_page + s.k.index_in_head(t, d) * bytes);
    }
    for (int64_t d = 0; d < s.v_head_dim; ++d) {
      for (int64_t t = 0; t < count; ++t)
        g.v[(first + t) * s.v_head_dim + d] = read.v.at(v_page + s.v.index_in_head(t, d) * bytes);
    }
    if (!s.quantised) continue;
    const int64_t scales = page * s.scale_page_stride + h * s.scale_head_stride;
    for (int64_t t = 0; t < count; ++t) {
      const int64_t at = s.per_token ? scales + t * 4 : s.per_block ? scales : 0;
      g.k_scale.push_back(read.k_scale.at(at));
      g.v_scale.push_back(read.v_scale.at(at));
    }
  }
  return g;
}

double Inputs::largest(bool int8) const {
  return int8 ? 127 : quant::max_finite(fp8_of(shape.kv_dtype).value_or(quant::Fp8::kE4m3fn));
}

/// What a row of q is cast to, and by how much a code may be another where the kernel's own
/// roundings carry q * scale over a border between two: a reciprocal, its product with the
/// divisor, and that with q.
void Inputs::quantise_queries(Group& g) const {
  const bool int8 = query_cast.to == QueryCast::To::kInt8;
  const double most = largest(int8);
  const double divisor = query_cast.divisor == kDivisorOfFormat ? most : query_cast.divisor;
  const double relative = (2 * numerics.rcp_ulps + 2) * 0x1p-24 * (1 + 0x1p-10);
  const auto cast = [&](double y) -> double {
    const double magnitude = std::min(std::abs(y), most);
    double code = 0;
    if (!int8) {
      const quant::Fp8 fp8 = *fp8_of(shape.kv_dtype);
      // To f32 first, towards zero but for the last bit (round to odd), so that the second rounding
      // sees which side of a midpoint the value is on.
      float x = static_cast<float>(magnitude);
      if (x > magnitude) x = std::nextafterf(x, 0);
      if (x != magnitude) x = std::bit_cast<float>(std::bit_cast<uint32_t>(x) | 1);
      code = quant::decode(fp8, quant::encode(fp8, x, quant::kCastHipSaturating));
    } else {
      code = query_cast.truncate ? std::trunc(magnitude) : std::nearbyint(magnitude);
    }
    return std::copysign(code, y);
  };
  const auto dims = static_cast<size_t>(shape.head_dim);
  for (size_t row = 0; row < g.last.size(); ++row) {
    float* const q = &g.q[row * dims];
    double amax = query_cast.amax_floor;
    for (size_t d = 0; d < dims; ++d) amax = std::max(amax, std::abs(double{q[d]}));
    g.q_scale.push_back(amax / divisor);
    for (size_t d = 0; d < dims; ++d) {
      const double y = q[d] * (divisor / amax);
      const double code = cast(y);
      g.q_error.push_back(static_cast<float>(std::max(std::abs(cast(y * (1 + relative)) - code),
                                                      std::abs(cast(y * (1 - relative)) - code))));
      q[d] = static_cast<float>(code);
    }
  }
}

reference::AttentionProblem Inputs::problem(const Group& g) const {
  reference::AttentionProblem p;
  p.rows = static_cast<uint32_t>(g.last.size());
  p.qk_dim = static_cast<uint32_t>(shape.head_dim);
  p.v_dim = static_cast<uint32_t>(shape.v_head_dim);
  p.keys = g.keys;
  p.q = g.q.data();
  p.k = g.k.data();
  p.v = g.v.data();
  if (shape.quantised) {
    p.k_scale = g.k_scale.data();
    p.v_scale = g.v_scale.data();
  }
  if (!g.q_scale.empty()) {
    p.q_scale = g.q_scale.data();
    p.q_error = g.q_error.data();
  }
  p.score_scale = softmax_scale;
  p.first = g.first.data();
  p.last = g.last.data();
  if (shape.sinks) p.sink = g.sink.data();
  const std::vector<uint32_t>& starts = g.split_starts.empty() ? split_starts : g.split_starts;
  p.split_starts = std::span(starts).first(
      std::upper_bound(starts.begin() + 1, starts.end(), g.keys) - starts.begin());
  return p;
}

TensorView o_view(const Shape& s) {
  const uint64_t bytes = wavefuzz::bytes_of(s.q_dtype);
  const auto dims = static_cast<uint64_t>(s.v_head_dim);
  return {.buffer = "o",
          .field = "o",
          .dtype = s.q_dtype,
          .axes = {"token", "head", "d"},
          .shape = {static_cast<uint64_t>(s.total_q), static_cast<uint64_t>(s.heads), dims},
          .strides = {s.o_stride * bytes, dims * bytes, bytes}};
}

TensorView lse_view(const Shape& s) {
  const auto heads = static_cast<uint64_t>(s.heads);
  return {.buffer = "lse",
          .field = "lse",
          .dtype = Dtype::kF32,
          .axes = {"token", "head"},
          .shape = {static_cast<uint64_t>(s.total_q), heads},
          .strides = {heads * 4, 4}};
}

Expected expected(const std::shared_ptr<const Inputs>& inputs) {
  const Shape& s = inputs->shape;
  const auto tokens = static_cast<uint64_t>(s.total_q);
  const auto heads = static_cast<uint64_t>(s.heads);
  const auto dims = static_cast<uint64_t>(s.v_head_dim);
  Expected e;
  e.o.view = o_view(s);
  e.lse.view = lse_view(s);
  e.lse.primary = false;
  e.o.trivial = {{"mean(V)", {}}};
  for (auto* list : {&e.o.value, &e.o.hard, &e.o.likely, &e.o.trivial[0].second})
    list->resize(tokens * heads * dims);
  for (auto* list : {&e.lse.value, &e.lse.hard, &e.lse.likely}) list->resize(tokens * heads);

  for (const Inputs::Group& g : inputs->groups) {
    if (g.last.empty()) continue;
    const reference::AttentionResult r = reference::attention(inputs->problem(g), inputs->numerics);
    for (size_t row = 0; row < g.last.size(); ++row) {
      const uint64_t out = inputs->output_row(g, row);
      e.lse.value[out] = r.lse[row];
      e.lse.hard[out] = r.lse_hard[row];
      e.lse.likely[out] = r.lse_likely[row];
      for (uint64_t d = 0; d < dims; ++d) {
        e.o.value[out * dims + d] = r.o[row * dims + d];
        e.o.hard[out * dims + d] = r.o_hard[row * dims + d];
        e.o.likely[out * dims + d] = r.o_likely[row * dims + d];
        e.o.trivial[0].second[out * dims + d] = r.mean_v[row * dims + d];
      }
    }
  }
  e.o.terms = [inputs, dims](uint64_t element) {
    const uint64_t out = element / dims;
    for (const Inputs::Group& g : inputs->groups) {
      for (size_t row = 0; row < g.last.size(); ++row) {
        if (inputs->output_row(g, row) != out) continue;
        return reference::attention_bound_terms(inputs->problem(g), inputs->numerics,
                                                static_cast<uint32_t>(row),
                                                static_cast<uint32_t>(element % dims));
      }
    }
    return std::vector<std::pair<std::string, double>>();
  };
  return e;
}

uint64_t Inputs::output_row(const Group& g, size_t row) const {
  const auto r = static_cast<int64_t>(row);
  return static_cast<uint64_t>((g.first_token + r / shape.gqa) * shape.heads +
                               g.kv_head * shape.gqa + r % shape.gqa);
}

}  // namespace paged_attention

void PagedAttention::judge(const Run& run, Judge& judge) const {
  const Expected e = expected(std::make_shared<const Inputs>(run.c, run.manifest, run.buffers));
  judge.numeric(e.o);
  if (Shape(run.c).lse) judge.numeric(e.lse);
}

OperatorPage PagedAttention::page() const {
  return {
      .name = name(),
      .summary =
          "Decode attention over a paged KV cache: several query tokens of each sequence attend to "
          "its keys, bottom-right causal.",
      .semantics =
          {"s[i] = softmax_scale * k_scale[i] * sum_d q[t, h, d] k[i, d], for the keys i that "
           "query "
           "token t of its sequence's qlen sees: i < end, i >= end - window where window > 0, with "
           "end = context_len - qlen + t + 1",
           "o[t, h, d] = sum_i e^s[i] v_scale[i] v[i, d] / (sum_i e^s[i] + e^sinks[h])",
           "lse[t, h] = log sum_i e^s[i], natural, without the sink",
           "query head h reads kv head h / gqa",
           "a token that sees no key (context 0, or shorter than qlen) has o = 0 and lse = -inf"},
      .buffers = {{"q", "bf16 or f16",
                   "[total_q, heads, head_dim], q_stride elements from token to token", "in"},
                  {"k_cache", "kv_dtype",
                   "[pages, kv_heads, head_dim/x, page_size, x], x = 16 bytes; k_page_stride, "
                   "k_head_stride",
                   "in"},
                  {"v_cache", "kv_dtype",
                   "plain [pages, kv_heads, v_head_dim, page_size] or shuffled [pages, kv_heads, "
                   "page_size/x, v_head_dim, x]; v_page_stride, v_head_stride",
                   "in"},
                  {"k_scale", "f32",
                   "[1], [pages, kv_heads, page_size] or [pages, kv_heads]; scale_page_stride, "
                   "scale_head_stride",
                   "in"},
                  {"v_scale", "f32", "as k_scale", "in"},
                  {"block_table", "i32",
                   "[batch, table_stride] page ids, table_width of a row in use", "in"},
                  {"kv_indices", "i32",
                   "page ids of all sequences, one after the other; [1], not to be read, where "
                   "there are none",
                   "in"},
                  {"kv_indptr", "i32", "[batch + 1] first entry of each sequence in kv_indices",
                   "in"},
                  {"context_lens", "i32", "[batch] keys, those of the query tokens included", "in"},
                  {"qo_indptr", "i32", "[batch + 1] first query token of each sequence", "in"},
                  {"sinks", "f32", "[heads], natural units, not scaled; +-inf allowed", "in"},
                  {"o", "q_dtype",
                   "[total_q, heads, v_head_dim], o_stride elements from token to token", "out"},
                  {"lse", "f32", "[total_q, heads]", "out"}},
      .parameters = table().entries(),
      .derived = {{"batch", "sequences"},
                  {"heads", "query heads"},
                  {"total_q", "query tokens of all sequences"},
                  {"max_qlen", "query tokens of the longest"},
                  {"max_context", "keys of the longest"},
                  {"min_qlen", "query tokens of the shortest"},
                  {"min_context", "keys of the shortest"},
                  {"min_keys", "the fewest up to a query token's own, window and mask apart"},
                  {"splits", "of the launch"},
                  {"split_keys", "keys of a split"},
                  {"q_stride", "elements"},
                  {"o_stride", "elements"},
                  {"k_page_stride", "bytes"},
                  {"k_head_stride", "bytes"},
                  {"v_page_stride", "bytes"},
                  {"v_head_stride", "bytes"},
                  {"scale_page_stride", "bytes"},
                  {"scale_head_stride", "bytes"},
                  {"table_stride", "entries"},
                  {"table_width", "entries of the longest row in use"},
                  {"pages", "in use"}},
      .numerics = attention_numerics_fields(
          {"qlen_paths",
           "true: code of its own for each number of query tokens, which sums in another order"}),
      .relations = relation_entries(),
      .presets = {"AITER pa_fwd: 128 dims, pages of 16, shuffled V, fp8 per token, qlen 1..4",
                  "vLLM paged_attention_rocm: plain V, k_scale and v_scale f32[1], splits of 256",
                  "FlashMLA, FA3: lse without the sink; -inf for an empty row as in FA3"},
  };
}

std::string PagedAttention::summary(const Case& c) const {
  const Shape s(c);
  std::string text = fmt::format(
      "context {}, qlen {}; {} x gqa {}, head_dim {}, page_size {}, {} x {} ({} scale), "
      "{} V",
      fmt::join(s.context, "+"), fmt::join(s.qlen, "+"), plural(s.kv_heads, "kv head"), s.gqa,
      s.head_dim, s.page_size, kQDtype.of(c), kKvDtype.of(c), kKvScale.of(c), kVLayout.of(c));
  if (s.splits > 1) text += fmt::format(", {} splits of {} keys", s.splits, s.split_keys);
  if (kCus.of(c) != 0) text += fmt::format(", planned for {} CUs", kCus.of(c));
  if (s.window != 0) text += fmt::format(", window {}", s.window);
  if (s.sinks) text += ", sinks";
  if (!s.causal) text += ", no mask";
  const bool as_k = kVStrides.is(c, "as_k");
  for (const Integer* row : {&kQGap, &kOGap, &kKHeadGap, &kKPageGap, &kVHeadGap, &kVPageGap,
                             &kScaleHeadGap, &kScalePageGap, &kTableGap, &kFirstPage}) {
    if (as_k && (row == &kVHeadGap || row == &kVPageGap)) continue;
    if (row->of(c) != 0) text += fmt::format(", {} {}", row->name, row->of(c));
  }
  if (kPageStep.of(c) != 1) text += fmt::format(", page_step {}", kPageStep.of(c));
  if (kUnowned.of(c) != "poison") text += ", unowned " + kUnowned.of(c);
  if (kRelation.of(c) != "none") text += ", relation " + kRelation.of(c);
  return text;
}

}  // namespace wavefuzz
