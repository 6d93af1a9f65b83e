#include "fuzz/operators/merge_attn_states.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <set>

#include "fuzz/case/image.h"
#include "fuzz/case/plural.h"
#include "fuzz/operators/claims.h"
#include "fuzz/operators/relation.h"
#include "gpu/error.h"
#include "gpu/json_view.h"

namespace wavefuzz {
namespace merge {

int64_t data_row(const Case& c, int64_t partial, int64_t token, int64_t head) {
  const int64_t suffixes = merge::kSuffixes.of(c);
  const bool reversed = merge::kSuffixOrder.is(c, "reversed");
  const int64_t of_data = partial == 0 || !reversed ? partial : suffixes + 1 - partial;
  return (of_data * kMostTokens + merge::kFirstToken.of(c) + token) * merge::kHeads.of(c) + head;
}

}  // namespace merge

namespace {

using reference::LseConvention;
using reference::LseLayout;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr uint32_t kF32Nan = 0x7FC00000;

const LseConvention& convention(const Case& c, const Choice& row) {
  return *reference::find_lse_convention(row.of(c));
}

/// The sizes and strides of a case, in elements. Throws Error(kUsage) when they make no sense.
struct Shape {
  int64_t suffixes, tokens, heads, head_dim;
  Dtype o_dtype, out_dtype;
  const LseConvention* producer;
  const LseConvention* consumer;
  int64_t prefix_head, prefix_token, suffix_head, suffix_token, suffix_partial, out_head, out_token;
  int64_t prefix_lse_token, prefix_lse_head, suffix_lse_token, suffix_lse_head, suffix_lse_partial;
  int64_t out_lse_token, out_lse_head;

  explicit Shape(const Case& c) {
    suffixes = merge::kSuffixes.of(c);
    tokens = merge::kTokens.of(c);
    if (merge::kFirstToken.of(c) > merge::kMostTokens - tokens)
      throw Error(Exit::kUsage, fmt::format("parameter '{}' must leave room for {} of {} tokens",
                                            merge::kFirstToken.name, tokens, merge::kMostTokens));
    heads = merge::kHeads.of(c);
    head_dim = merge::kHeadDim.of(c);
    o_dtype = parse_dtype(merge::kODtype.of(c));
    out_dtype = parse_dtype(merge::kOutDtype.of(c));
    producer = &convention(c, merge::kProducer);
    consumer = &convention(c, merge::kConsumer);

    prefix_head = head_dim + merge::kPrefixHeadPad.of(c);
    prefix_token = heads * prefix_head + merge::kPrefixTokenPad.of(c);
    suffix_head = head_dim + merge::kSuffixHeadPad.of(c);
    suffix_token = heads * suffix_head + merge::kSuffixTokenPad.of(c);
    suffix_partial = tokens * suffix_token + merge::kSuffixPartialPad.of(c);
    out_head = head_dim + merge::kOutHeadPad.of(c);
    out_token = heads * out_head + merge::kOutTokenPad.of(c);
    lse_strides(*producer, merge::kPrefixLsePad.of(c), prefix_lse_token, prefix_lse_head);
    lse_strides(*producer, merge::kSuffixLsePad.of(c), suffix_lse_token, suffix_lse_head);
    suffix_lse_partial = std::max(tokens * suffix_lse_token, heads * suffix_lse_head) +
                         merge::kSuffixLsePartialPad.of(c);
    lse_strides(*consumer, merge::kOutLsePad.of(c), out_lse_token, out_lse_head);
  }

  /// Bytes from the first to behind the last element.
  static uint64_t span(std::initializer_list<std::pair<int64_t, int64_t>> counts_and_strides,
                       uint64_t element_bytes) {
    int64_t last = 0;
    for (const auto& [count, stride] : counts_and_strides) {
      if (count == 0) return 0;
      last += (count - 1) * stride;
    }
    return static_cast<uint64_t>(last + 1) * element_bytes;
  }

 private:
  void lse_strides(const LseConvention& of, int64_t pad, int64_t& token, int64_t& head) const {
    const bool token_major = of.layout == LseLayout::kTokenHead;
    token = token_major ? heads + pad : 1;
    head = token_major ? 1 : tokens + pad;
  }
};

/// The LSE that partial row `row` says "no keys" by.
uint32_t empty_lse_bits(const Case& c, const Shape& s, int64_t row) {
  const std::string& how = merge::kEmptyLse.of(c);
  const uint32_t kMinus = 0xFF800000, kPlus = 0x7F800000;
  if (how == "minus_inf") return kMinus;
  if (how == "plus_inf") return kPlus;
  if (how == "nan") return kF32Nan;
  if (how == "mixed") return std::array<uint32_t, 3>{kMinus, kPlus, kF32Nan}[row % 3];
  return s.producer->empty_lse == reference::EmptyLse::kPlusInf ? kPlus : kMinus;
}

std::vector<uint32_t> o_bits(const Case& c, const Shape& s, int64_t partial, int64_t row) {
  return tensor_row(c, partial == 0 ? "prefix_o" : "suffix_o", static_cast<uint64_t>(row),
                    s.o_dtype, static_cast<uint32_t>(s.head_dim));
}

/// What O holds where there are no keys; nothing: it is not written.
std::vector<uint32_t> empty_o_bits(const Case& c, const Shape& s, int64_t partial) {
  const std::string& how = merge::kEmptyO.of(c);
  const auto filled = [&](float value) {
    return std::vector<uint32_t>(static_cast<size_t>(s.head_dim), encode(s.o_dtype, value));
  };
  // A merge that copies an empty prefix leans on it being there.
  const bool needed = partial == 0 && s.consumer->empty_o == reference::EmptyO::kPrefix;
  if (how == "zero" || (how == "unwritten" && needed)) return filled(0);
  if (how == "nan") return filled(std::numeric_limits<float>::quiet_NaN());
  if (how == "huge") return filled(s.o_dtype == Dtype::kF16 ? 60000.0f : 0x1p100f);
  return {};
}

std::set<int64_t> empty_rows(const Case& c) {
  const auto it = c.integers.find("empty");
  if (it == c.integers.end()) return {};
  return {it->second.begin(), it->second.end()};
}

TensorView o_view(const Shape& s) {
  const uint64_t bytes = bytes_of(s.out_dtype);
  return {.buffer = "out",
          .field = "o",
          .dtype = s.out_dtype,
          .axes = {"token", "head", "d"},
          .shape = {static_cast<uint64_t>(s.tokens), static_cast<uint64_t>(s.heads),
                    static_cast<uint64_t>(s.head_dim)},
          .strides = {s.out_token * bytes, s.out_head * bytes, bytes}};
}

TensorView lse_view(const Shape& s) {
  return {.buffer = "out_lse",
          .field = "lse",
          .dtype = Dtype::kF32,
          .axes = {"token", "head"},
          .shape = {static_cast<uint64_t>(s.tokens), static_cast<uint64_t>(s.heads)},
          .strides = {s.out_lse_token * uint64_t{4}, s.out_lse_head * uint64_t{4}}};
}

struct Numerics {
  reference::MergeNumerics merge;
  bool specials_empty = true;  // +inf and NaN mean "no keys" whatever the consumer's convention
};

Numerics numerics_of(const Manifest& manifest) {
  const JsonView view(manifest.numerics, manifest.file + " numerics");
  Numerics n;
  n.merge.exp_ulps = view.at("exp_ulps").number();
  n.merge.log_ulps = view.at("log_ulps").number();
  n.merge.rcp_ulps = view.at("rcp_ulps").number();
  const std::string specials = view.at("specials").text();
  if (specials != "empty" && specials != "consumer")
    throw Error(Exit::kUsage, fmt::format("{}: field 'numerics.specials' must be empty or consumer",
                                          manifest.file));
  n.specials_empty = specials == "empty";
  return n;
}

/// The partials of a case as the kernel reads them, and what their merge is.
struct Expected {
  std::vector<double> o, o_hard, o_likely, lse, lse_hard, lse_likely, prefix;
};

struct Row {
  std::vector<std::vector<double>> o;
  std::vector<reference::PartialState> partials;
  bool unspecified = false;
};

class Inputs {
 public:
  Inputs(const Run& run, const Shape& s)
      : s_(s),
        prefix_o_(buffer(run, "prefix_o")),
        prefix_lse_(buffer(run, "prefix_lse")),
        suffix_o_(buffer(run, "suffix_o")),
        suffix_lse_(buffer(run, "suffix_lse")) {}

  Row row(int64_t token, int64_t head, bool specials_empty) const {
    Row row;
    for (int64_t p = 0; p <= s_.suffixes; ++p) {
      const int64_t lse_at = p == 0 ? token * s_.prefix_lse_token + head * s_.prefix_lse_head
                                    : (p - 1) * s_.suffix_lse_partial +
                                          token * s_.suffix_lse_token + head * s_.suffix_lse_head;
      const float stored = value(p == 0 ? prefix_lse_ : suffix_lse_, Dtype::kF32, lse_at);
      if (!specials_empty) {
        using reference::SpecialLse;
        row.unspecified |=
            (std::isnan(stored) && s_.consumer->nan == SpecialLse::kUnspecified) ||
            (stored == INFINITY && s_.consumer->plus_inf == SpecialLse::kUnspecified);
      }
      row.o.emplace_back();
      const double lse = reference::natural_lse(stored, *s_.producer);
      const bool needed =
          std::isfinite(lse) || (p == 0 && s_.consumer->empty_o == reference::EmptyO::kPrefix);
      if (needed) row.o.back() = o_row(p, token, head);
      row.partials.push_back({nullptr, lse});
    }
    for (size_t p = 0; p < row.o.size(); ++p) row.partials[p].o = row.o[p].data();
    return row;
  }

 private:
  static ImageReader buffer(const Run& run, const std::string& name) {
    for (const Buffer& b : run.buffers) {
      if (b.name == name) return ImageReader(b);
    }
    throw Error(Exit::kInternal, fmt::format("there is no buffer '{}'", name));
  }

  static float value(const ImageReader& reader, Dtype dtype, int64_t element) {
    const uint8_t* at =
        reader.at(static_cast<uint64_t>(element) * bytes_of(dtype), bytes_of(dtype));
    if (at == nullptr) throw Error(Exit::kInternal, "a partial that has keys is not there");
    return decode(dtype, load_bits(dtype, at));
  }

  std::vector<double> o_row(int64_t p, int64_t token, int64_t head) const {
    const int64_t first =
        p == 0 ? token * s_.prefix_token + head * s_.prefix_head
               : (p - 1) * s_.suffix_partial + token * s_.suffix_token + head * s_.suffix_head;
    std::vector<double> out;
    for (int64_t d = 0; d < s_.head_dim; ++d)
      out.push_back(value(p == 0 ? prefix_o_ : suffix_o_, s_.o_dtype, first + d));
    return out;
  }

  const Shape& s_;
  ImageReader prefix_o_, prefix_lse_, suffix_o_, suffix_lse_;
};

reference::MergeNumerics row_numerics(reference::MergeNumerics n, const Shape& s) {
  n.output_bits = s.out_dtype == Dtype::kF32 ? 24 : s.out_dtype == Dtype::kBf16 ? 8 : 11;
  n.output_min_exponent = s.out_dtype == Dtype::kF16 ? -14 : -126;
  n.converts_base = s.producer->base != s.consumer->base;
  return n;
}

Expected expect(const Run& run, const Shape& s, const Numerics& numerics) {
  const Inputs inputs(run, s);
  const reference::MergeNumerics n = row_numerics(numerics.merge, s);
  const double to_stored = s.consumer->base == reference::LogBase::kTwo ? 1 / std::log(2.0) : 1;
  const auto dims = static_cast<size_t>(s.head_dim);
  Expected e;
  for (int64_t token = 0; token < s.tokens; ++token) {
    for (int64_t head = 0; head < s.heads; ++head) {
      const Row row = inputs.row(token, head, numerics.specials_empty);
      reference::MergedRow merged = reference::merge_attn_states(row.partials, dims, n);
      const bool copies = merged.empty && s.consumer->empty_o == reference::EmptyO::kPrefix;
      for (size_t d = 0; d < dims; ++d) {
        const double prefix = row.o[0].empty() ? 0 : row.o[0][d];
        if (copies) {
          merged.o[d] = prefix;
          merged.o_hard[d] = merged.o_likely[d] =
              std::isnan(prefix)
                  ? 0
                  : reference::half_ulp(prefix, n.output_bits, n.output_min_exponent);
        }
        const bool unspecified =
            row.unspecified ||
            (merged.empty && s.consumer->empty_o == reference::EmptyO::kUnspecified);
        e.o.push_back(unspecified ? kNan : merged.o[d]);
        e.prefix.push_back(prefix);
      }
      e.o_hard.insert(e.o_hard.end(), merged.o_hard.begin(), merged.o_hard.end());
      e.o_likely.insert(e.o_likely.end(), merged.o_likely.begin(), merged.o_likely.end());
      e.lse.push_back(row.unspecified ? kNan : reference::stored_lse(merged.lse, *s.consumer));
      e.lse_hard.push_back(merged.lse_hard * to_stored);
      e.lse_likely.push_back(merged.lse_likely * to_stored);
    }
  }
  return e;
}

}  // namespace

const ParameterTable& MergeAttnStates::table() const {
  using namespace merge;
  static const ParameterTable kTable = {kTokens,
                                        kSuffixes,
                                        kHeads,
                                        kHeadDim,
                                        kFirstToken,
                                        kSuffixOrder,
                                        kPrefixHeadPad,
                                        kPrefixTokenPad,
                                        kSuffixHeadPad,
                                        kSuffixTokenPad,
                                        kSuffixPartialPad,
                                        kPrefixLsePad,
                                        kSuffixLsePad,
                                        kSuffixLsePartialPad,
                                        kOutHeadPad,
                                        kOutTokenPad,
                                        kOutLsePad,
                                        kODtype,
                                        kOutDtype,
                                        kProducer,
                                        kConsumer,
                                        merge::kEmptyLse,
                                        merge::kEmptyO,
                                        kRelation};
  return kTable;
}

void MergeAttnStates::check_manifest(const Manifest& manifest) const {
  Operator::check_manifest(manifest);
  numerics_of(manifest);
}

Params MergeAttnStates::launch_params(const Case& c) const {
  const Shape s(c);
  Params p = c.params;
  p.set("prefix_token_stride", s.prefix_token);
  p.set("prefix_head_stride", s.prefix_head);
  p.set("suffix_partial_stride", s.suffix_partial);
  p.set("suffix_token_stride", s.suffix_token);
  p.set("suffix_head_stride", s.suffix_head);
  p.set("out_token_stride", s.out_token);
  p.set("out_head_stride", s.out_head);
  p.set("prefix_lse_token_stride", s.prefix_lse_token);
  p.set("prefix_lse_head_stride", s.prefix_lse_head);
  p.set("suffix_lse_partial_stride", s.suffix_lse_partial);
  p.set("suffix_lse_token_stride", s.suffix_lse_token);
  p.set("suffix_lse_head_stride", s.suffix_lse_head);
  p.set("out_lse_token_stride", s.out_lse_token);
  p.set("out_lse_head_stride", s.out_lse_head);
  using namespace reference;
  p.set("producer_base2", int64_t{s.producer->base == LogBase::kTwo});
  p.set("consumer_base2", int64_t{s.consumer->base == LogBase::kTwo});
  p.set("consumer_plus_inf", int64_t{s.consumer->empty_lse == EmptyLse::kPlusInf});
  p.set("consumer_copies_prefix", int64_t{s.consumer->empty_o == EmptyO::kPrefix});
  return p;
}

std::vector<Buffer> MergeAttnStates::buffers(const Case& c) const {
  const Shape s(c);
  const std::set<int64_t> empty = empty_rows(c);
  ImageBuilder prefix_o, prefix_lse, suffix_o, suffix_lse;
  const uint64_t bytes = bytes_of(s.o_dtype);
  for (int64_t p = 0; p <= s.suffixes; ++p) {
    for (int64_t token = 0; token < s.tokens; ++token) {
      // A token's LSEs are one row of data, its heads the columns.
      const std::vector<uint32_t> lses =
          tensor_row(c, "lse", static_cast<uint64_t>(merge::data_row(c, p, token, 0) / s.heads),
                     Dtype::kF32, static_cast<uint32_t>(s.heads));
      for (int64_t head = 0; head < s.heads; ++head) {
        const int64_t row = merge::data_row(c, p, token, head);
        const bool is_empty = empty.contains(row);
        const std::vector<uint32_t> bits = is_empty ? empty_o_bits(c, s, p) : o_bits(c, s, p, row);
        const uint32_t lse = is_empty ? empty_lse_bits(c, s, row) : lses[static_cast<size_t>(head)];
        const int64_t o_at =
            p == 0 ? token * s.prefix_token + head * s.prefix_head
                   : (p - 1) * s.suffix_partial + token * s.suffix_token + head * s.suffix_head;
        const int64_t lse_at = p == 0 ? token * s.prefix_lse_token + head * s.prefix_lse_head
                                      : (p - 1) * s.suffix_lse_partial +
                                            token * s.suffix_lse_token + head * s.suffix_lse_head;
        if (!bits.empty()) {
          (p == 0 ? prefix_o : suffix_o)
              .put(static_cast<uint64_t>(o_at) * bytes, pack(s.o_dtype, bits));
        }
        (p == 0 ? prefix_lse : suffix_lse)
            .put(static_cast<uint64_t>(lse_at) * 4, pack(Dtype::kF32, std::vector<uint32_t>{lse}));
      }
    }
  }
  const uint64_t out_bytes = bytes_of(s.out_dtype);
  return {
      {.name = "prefix_o",
       .bytes = Shape::span({{s.tokens, s.prefix_token}, {s.heads, s.prefix_head}, {s.head_dim, 1}},
                            bytes),
       .contents = prefix_o.take()},
      {.name = "prefix_lse",
       .bytes = Shape::span({{s.tokens, s.prefix_lse_token}, {s.heads, s.prefix_lse_head}}, 4),
       .contents = prefix_lse.take()},
      {.name = "suffix_o",
       .bytes = Shape::span({{s.suffixes, s.suffix_partial},
                             {s.tokens, s.suffix_token},
                             {s.heads, s.suffix_head},
                             {s.head_dim, 1}},
                            bytes),
       .contents = suffix_o.take()},
      {.name = "suffix_lse",
       .bytes = Shape::span({{s.suffixes, s.suffix_lse_partial},
                             {s.tokens, s.suffix_lse_token},
                             {s.heads, s.suffix_lse_head}},
                            4),
       .contents = suffix_lse.take()},
      {.name = "out",
       .bytes = Shape::span({{s.tokens, s.out_token}, {s.heads, s.out_head}, {s.head_dim, 1}},
                            out_bytes),
       .access = Access::kWrite},
      {.name = "out_lse",
       .bytes = Shape::span({{s.tokens, s.out_lse_token}, {s.heads, s.out_lse_head}}, 4),
       .access = Access::kWrite},
  };
}

void MergeAttnStates::judge(const Run& run, Judge& judge) const {
  const auto s = std::make_shared<Shape>(run.c);
  const Numerics numerics = numerics_of(run.manifest);
  Expected e = expect(run, *s, numerics);
  ExpectedTensor o;
  o.view = o_view(*s);
  o.value = std::move(e.o);
  o.hard = std::move(e.o_hard);
  o.likely = std::move(e.o_likely);
  if (s->suffixes > 0) o.trivial = {{"the prefix", std::move(e.prefix)}};
  o.terms = [&run, s, numerics](uint64_t element) {
    const auto d = element % static_cast<uint64_t>(s->head_dim);
    const auto row = static_cast<int64_t>(element / static_cast<uint64_t>(s->head_dim));
    const Row r = Inputs(run, *s).row(row / s->heads, row % s->heads, numerics.specials_empty);
    return reference::merge_bound_terms(r.partials, d, row_numerics(numerics.merge, *s));
  };
  judge.numeric(o);
  ExpectedTensor lse;
  lse.view = lse_view(*s);
  lse.value = std::move(e.lse);
  lse.hard = std::move(e.lse_hard);
  lse.likely = std::move(e.lse_likely);
  lse.primary = false;
  judge.numeric(lse);
}

std::optional<Case> MergeAttnStates::related(const Case& c) const {
  const std::string& relation = merge::kRelation.of(c);
  Case other = c;
  merge::kRelation.set(other, "none");
  if (relation == "suffixes_reversed") {
    const bool reversed = merge::kSuffixOrder.is(c, "reversed");
    merge::kSuffixOrder.set(other, reversed ? "ascending" : "reversed");
    return other;
  }
  if (relation == "token_alone") {
    const int64_t tokens = merge::kTokens.of(c);
    if (tokens == 0) return std::nullopt;
    merge::kTokens.set(other, int64_t{1});
    merge::kFirstToken.set(other, merge::kFirstToken.of(c) + tokens - 1);
    return other;
  }
  return std::nullopt;
}

void MergeAttnStates::compare(const Run& run, const Run& related, Judge& judge) const {
  const Shape s(run.c), t(related.c);
  const std::string& relation = merge::kRelation.of(run.c);
  if (relation == "token_alone") {
    // The last token of the case is the only one of the other.
    const auto last_token = [&](const TensorView& view, const TensorView& other) {
      std::vector<ElementPair> pairs = each_with_itself(other);
      for (ElementPair& pair : pairs) pair.element += view.size() - other.size();
      compare_elements(relation, run, view, related, other, pairs, {}, judge);
    };
    last_token(o_view(s), o_view(t));
    last_token(lse_view(s), lse_view(t));
    return;
  }
  // Another order of the sums: both are within the bound of one value.
  const Expected e = expect(run, s, numerics_of(run.manifest));
  const auto within_bounds = [&](const TensorView& view, const TensorView& other,
                                 const std::vector<double>& value,
                                 const std::vector<double>& hard) {
    std::vector<ElementPair> pairs;
    std::vector<double> tolerance;
    for (uint64_t i = 0; i < value.size(); ++i) {
      if (std::isnan(value[i])) continue;
      pairs.push_back({i, i});
      tolerance.push_back(2 * hard[i]);
    }
    compare_elements(relation, run, view, related, other, pairs, tolerance, judge);
  };
  within_bounds(o_view(s), o_view(t), e.o, e.o_hard);
  within_bounds(lse_view(s), lse_view(t), e.lse, e.lse_hard);
}

std::string MergeAttnStates::summary(const Case& c) const {
  using namespace merge;
  const size_t empty = c.integers.contains("empty") ? c.integers.at("empty").size() : 0;
  return fmt::format(
      "a prefix and {} of {}, {}, head_dim {}, {} -> {}; LSEs of {} for {}; {} empty (lse {}, o "
      "{})",
      plural(kSuffixes.of(c), "suffix", "suffixes"), plural(kTokens.of(c), "token"),
      plural(kHeads.of(c), "head"), kHeadDim.of(c), kODtype.of(c), kOutDtype.of(c), kProducer.of(c),
      kConsumer.of(c), plural(empty, "partial row"), merge::kEmptyLse.of(c), merge::kEmptyO.of(c));
}

OperatorPage MergeAttnStates::page() const {
  OperatorPage page = {
      .name = name(),
      .summary =
          "Merges partial attention states (O, LSE) of disjoint sets of keys: a prefix and "
          "any number of suffixes.",
      .semantics =
          {"m = max_i lse_i;  w_i = exp(lse_i - m);  O = sum_i w_i O_i / sum_i w_i;  lse = "
           "m + log sum_i w_i",
           "a partial whose lse is -inf has no keys: O_i is not looked at, not even "
           "multiplied by 0",
           "+inf and NaN likewise where the manifest says so (numerics.specials), or where "
           "the consumer's convention does",
           "a row without any keys: O and lse as the consumer's convention has them"},
      .buffers = {{"prefix_o", "o_dtype", "[tokens, heads, head_dim], strided", "in"},
                  {"prefix_lse", "f32", "[tokens, heads] or [heads, tokens], as the producer",
                   "in"},
                  {"suffix_o", "o_dtype", "[suffixes, tokens, heads, head_dim], its own strides",
                   "in"},
                  {"suffix_lse", "f32", "[suffixes, ...] as prefix_lse, its own strides", "in"},
                  {"out", "out_dtype", "[tokens, heads, head_dim], strided", "out"},
                  {"out_lse", "f32", "as the consumer", "out"}},
      .parameters = table().entries(),
      .derived = one_each(
          {{"prefix_token_stride, prefix_head_stride, suffix_partial_stride, suffix_token_stride, "
            "suffix_head_stride, out_token_stride, out_head_stride",
            "strides of O, in elements"},
           {"prefix_lse_token_stride, prefix_lse_head_stride, suffix_lse_partial_stride, "
            "suffix_lse_token_stride, suffix_lse_head_stride, out_lse_token_stride, "
            "out_lse_head_stride",
            "strides of LSEs, in elements"},
           {"producer_base2, consumer_base2", "1 where LSEs are base-2 logarithms"},
           {"consumer_plus_inf", "1 where +inf is written for a row without keys"},
           {"consumer_copies_prefix", "1 where such a row takes the prefix's O"}}),
      .numerics = {{"exp_ulps, log_ulps, rcp_ulps", "of the machine's f32 functions"},
                   {"specials",
                    "empty: +inf and NaN LSEs mean no keys; consumer: as its "
                    "convention has it"}},
      .relations = {{"suffixes_reversed", "another order: equal within twice the bound"},
                    {"token_alone", "the last token by itself: bit for bit the same"}},
      .unspecified = {"rows that the convention leaves open (O of empty rows, special LSEs)"},
  };
  for (const LseConvention& c : reference::kLseConventions) {
    page.presets.push_back(
        fmt::format("{}: {}; base {}, no keys: lse {}, O {}; {}", c.name, c.where,
                    c.base == reference::LogBase::kTwo ? "2" : "e",
                    c.empty_lse == reference::EmptyLse::kPlusInf ? "+inf" : "-inf",
                    c.empty_o == reference::EmptyO::kZero     ? "0"
                    : c.empty_o == reference::EmptyO::kPrefix ? "of the prefix"
                                                              : "unspecified",
                    c.layout == LseLayout::kTokenHead ? "[tokens, heads]" : "[heads, tokens]"));
  }
  return page;
}

}  // namespace wavefuzz
