// Metamorphic relations of paged attention: what two cases must agree on whatever the reference
// says. Bit for bit wherever a row is computed by the same operations in the same order, which
// every kernel does that treats rows alike; within both bounds where splits change the order.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "fuzz/case/image.h"
#include "fuzz/operators/attention_contract.h"
#include "fuzz/operators/paged_attention.h"
#include "fuzz/operators/paged_attention_inputs.h"
#include "fuzz/operators/relation.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace paged_attention {
namespace {

/// Doubles a tensor; false where its recipes do not allow that exactly.
bool doubled(Case& c, const char* tensor) {
  const auto twice = [](RowRecipe& row) {
    ++row.exponent;
    return row.fill != "bits" && row.fill != "any" && row.set.empty();
  };
  bool exact = true;
  for (RowRecipe& row : c.rows.at(tensor)) exact &= twice(row);
  if (const auto special = c.special.find(tensor); special != c.special.end()) {
    for (auto& [at, row] : special->second) exact &= twice(row);
  }
  return exact;
}

template <typename T>
T picked(const Case& c, const std::vector<T>& from) {
  return from[c.seed % from.size()];
}

/// Where the rows of the outputs (token * heads + head) of one case are in the other's; -1:
/// nowhere.
std::vector<int64_t> rows_in_related(const Case& c, const Shape& from, const Shape& to) {
  const std::string& relation = kRelation.of(c);
  std::vector<int64_t> rows;
  for (int64_t b = 0; b < from.batch; ++b) {
    for (int64_t t = 0; t < from.qlen[b]; ++t) {
      for (int64_t h = 0; h < from.heads; ++h) {
        int64_t token = from.first_token[b] + t;
        int64_t head = h;
        if (relation == "batch_order") {
          token = to.first_token[to.batch - 1 - b] + t;
        } else if (relation == "alone") {
          token = b == static_cast<int64_t>(c.seed) % from.batch ? t : -1;
        } else if (relation == "single_head") {
          head = from.q_heads[h % from.gqa] == to.q_heads[0] ? h / from.gqa : -1;
        }
        rows.push_back(token < 0 || head < 0 ? -1 : token * to.heads + head);
      }
    }
  }
  return rows;
}

/// The elements of the rows that the relation ties.
std::vector<ElementPair> pairs_of(const std::vector<int64_t>& rows, uint64_t columns) {
  std::vector<ElementPair> pairs;
  for (size_t row = 0; row < rows.size(); ++row) {
    for (uint64_t d = 0; d < columns && rows[row] >= 0; ++d)
      pairs.push_back({row * columns + d, static_cast<uint64_t>(rows[row]) * columns + d});
  }
  return pairs;
}

/// How far apart two cases may be that compute the same in another order.
std::vector<double> tolerance(const ExpectedTensor& here, const ExpectedTensor& there,
                              const std::vector<ElementPair>& pairs) {
  std::vector<double> out;
  for (const auto& [i, j] : pairs) {
    // A cast of P is a step of the reference, and rounds otherwise where splits start elsewhere.
    const double reference =
        here.value[i] == there.value[j] ? 0 : std::abs(here.value[i] - there.value[j]);
    out.push_back(here.hard[i] + there.hard[j] + reference);
  }
  return out;
}

/// With Q = 0 every score is 0: o is the mean of the keys' V, the sink a further key.
void compare_uniform(const Run& related, Judge& judge) {
  const Inputs inputs(related.c, related.manifest, related.buffers);
  const TensorView view = o_view(inputs.shape);
  const ImageReader o(related.outcome.written_to(view.buffer));
  const auto dims = static_cast<uint64_t>(inputs.shape.v_head_dim);
  // What the cast of P adds: a share of each weight and, below FP8's normal numbers, of the
  // largest.
  const reference::PFormat p = inputs.numerics.p;
  const double p_unit = p == reference::PFormat::kF32    ? 0
                        : p == reference::PFormat::kFp8  ? 0x1p-4
                        : p == reference::PFormat::kInt8 ? 0
                        : inputs.numerics.p_truncate     ? 0x1p-7
                                                         : 0x1p-8;
  const double p_floor = p == reference::PFormat::kFp8    ? 0x1p-17
                         : p == reference::PFormat::kInt8 ? 1.0 / 127
                                                          : 0;
  for (const Inputs::Group& g : inputs.groups) {
    for (size_t row = 0; row < g.last.size(); ++row) {
      const double keys = g.last[row] - std::min(g.first[row], g.last[row]);
      const double sink = g.sink.empty() ? 0 : std::exp(double{g.sink[row]});
      const double unit = (keys + 16) * 0x1p-23 +
                          p_unit +  // sums of f32; an output of 8 or 11 bits
                          (view.dtype == Dtype::kBf16        ? 0x1p-8
                           : inputs.numerics.output_truncate ? 0x1p-10
                                                             : 0x1p-11);
      double largest = 1;
      for (const float scale : g.v_scale) largest = std::max(largest, double{scale});
      for (uint64_t d = 0; d < dims; ++d) {
        double sum = 0, magnitude = 0;
        for (uint32_t i = g.first[row]; i < g.last[row]; ++i) {
          const double v = double{g.v[i * dims + d]} * (g.v_scale.empty() ? 1 : g.v_scale[i]);
          sum += v;
          magnitude += std::abs(v) + p_floor / unit * largest * std::abs(double{g.v[i * dims + d]});
        }
        const double want = keys == 0 ? 0 : sum / (keys + sink);
        const uint64_t element = inputs.output_row(g, row) * dims + d;
        const uint8_t* bits = o.at(view.offset_of(element), bytes_of(view.dtype));
        if (bits == nullptr) continue;
        const double got = decode(view.dtype, load_bits(view.dtype, bits));
        const double bound = keys == 0 ? 0 : unit * magnitude / (keys + sink) + 0x1p-24;
        if (std::abs(got - want) <= bound) continue;
        judge.finding({FindingKind::kRelation, "o.uniform",
                       fmt::format("with q = 0, {} is {}, and the mean of V is {}",
                                   view.name_of(element), got, want)});
        return;
      }
    }
  }
}

}  // namespace

std::vector<OperatorPage::Entry> relation_entries() {
  return {
      {"garbage", "what belongs to no key holds other garbage: the same bits"},
      {"page_order", "the same keys in other pages: the same bits"},
      {"batch_order", "sequences in reverse order: the same bits"},
      {"alone", "one sequence of the batch by itself: the same bits"},
      {"unsplit", "one split instead of several, or several instead of one: within both bounds"},
      {"one_by_one",
       "each query token as a sequence of its own: the same bits; with `qlen_paths` within both "
       "bounds"},
      {"scale_moved", "2 k_scale (or 2 K) and softmax_scale / 2: the same bits"},
      {"uniform", "q = 0 gives the mean of V"},
      {"single_head", "one query head of each kv head by itself: the same bits"},
  };
}

}  // namespace paged_attention

using namespace paged_attention;

std::optional<Case> PagedAttention::related(const Case& c) const {
  const std::string& relation = kRelation.of(c);
  if (relation == "none") return std::nullopt;
  const Shape s(c);
  Case d = c;
  kRelation.set(d, "none");
  if (relation == "garbage") {
    const std::string& unowned = kUnowned.of(c);
    kUnowned.set(d, unowned == "huge"     ? "nan"
                    : unowned == "zero"   ? "finite"
                    : unowned == "finite" ? "zero"
                                          : "huge");
  } else if (relation == "page_order") {
    kPageOrder.set(d, kPageOrder.is(c, "sequential") ? "shuffled" : "sequential");
  } else if (relation == "batch_order") {
    for (const char* list : {"context_lens", "qlens", "sequence", "first_query"})
      std::reverse(d.integers.at(list).begin(), d.integers.at(list).end());
  } else if (relation == "alone") {
    for (const char* list : {"context_lens", "qlens", "sequence", "first_query"})
      d.integers.at(list) = {picked(c, c.integers.at(list))};
  } else if (relation == "unsplit" && kCus.of(c) != 0) {
    const bool one = kCus.of(c) == s.kv_heads;  // of each head: nothing is cut
    kCus.set(d, s.kv_heads * (one ? 4 : 1));
  } else if (relation == "unsplit") {
    if (s.splits == 1 && s.max_context <= 64) return std::nullopt;
    kSplitTokens.set(d, s.splits == 1 ? 64 : 0);
    kExtraSplits.set(d, 0);
  } else if (relation == "one_by_one") {
    for (const char* list : {"context_lens", "qlens", "sequence", "first_query"})
      d.integers.at(list).clear();
    for (int64_t b = 0; b < s.batch; ++b) {
      for (int64_t t = 0; t < s.qlen[b]; ++t) {
        d.integers["context_lens"].push_back(s.last_key(b, t));
        d.integers["qlens"].push_back(1);
        d.integers["sequence"].push_back(s.sequence[b]);
        d.integers["first_query"].push_back(s.first_query[b] + t);
      }
    }
    if (s.total_q == 0) return std::nullopt;
  } else if (relation == "scale_moved") {
    if (!doubled(d, s.quantised ? "k_scale" : "k")) return std::nullopt;
    kSoftmaxScale.set(d, kSoftmaxScale.of(c) / 2);
  } else if (relation == "uniform") {
    d.rows["q"] = {{}};
    d.special.erase("q");
  } else {  // single_head
    d.integers["q_heads"] = {picked(c, s.q_heads)};
    kGqa.set(d, 1);
  }
  return d;
}

void PagedAttention::compare(const Run& run, const Run& related, Judge& judge) const {
  const std::string& relation = kRelation.of(run.c);
  if (relation == "uniform") return compare_uniform(related, judge);
  const Shape here(run.c);
  const Shape there(related.c);
  const std::vector<int64_t> rows = rows_in_related(run.c, here, there);
  const auto o = pairs_of(rows, static_cast<uint64_t>(here.v_head_dim));
  const auto lse = pairs_of(rows, 1);
  std::vector<double> o_tolerance, lse_tolerance;  // empty: none
  // A reduce rounds once more, so that with one and without one results may differ. A plan may cut
  // a sequence elsewhere when the others change.
  const bool cut = kCus.of(run.c) != 0 && relation != "garbage" && relation != "page_order" &&
                   relation != "single_head";
  const bool other_path = relation == "one_by_one" && parse_qlen_paths(run.manifest);
  if (relation == "unsplit" || cut || other_path || (here.splits > 1) != (there.splits > 1)) {
    const Expected a = expected(std::make_shared<const Inputs>(run.c, run.manifest, run.buffers));
    const Expected b =
        expected(std::make_shared<const Inputs>(related.c, related.manifest, related.buffers));
    o_tolerance = tolerance(a.o, b.o, o);
    lse_tolerance = tolerance(a.lse, b.lse, lse);
  }
  compare_elements(relation, run, o_view(here), related, o_view(there), o, o_tolerance, judge);
  if (!here.lse || !there.lse) return;
  compare_elements(relation, run, lse_view(here), related, lse_view(there), lse, lse_tolerance,
                   judge);
}

}  // namespace wavefuzz
