// Metamorphic relations of paged attention: what two cases must agree on whatever the reference
// says. Bit for bit wherever a row is computed by the same operations in the same order, which
// every kernel does that treats rows alike; within both bounds where splits change the order.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "fuzz/image.h"
#include "fuzz/operators/paged_attention.h"
#include "fuzz/operators/paged_attention_inputs.h"
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
  const std::string& relation = c.params.text("relation");
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

/// What a launch wrote into an output.
class Output {
 public:
  Output(const Run& run, const TensorView& view) : view_(view) {
    written_.contents = run.outcome.written_to(view.buffer);
  }

  /// NaN where it was not written.
  double at(uint64_t element) const {
    const uint8_t* bytes =
        ImageReader(written_).at(view_.offset_of(element), bytes_of(view_.dtype));
    if (bytes == nullptr) return std::numeric_limits<double>::quiet_NaN();
    return decode(view_.dtype, load_bits(view_.dtype, bytes));
  }

 private:
  const TensorView& view_;
  Buffer written_;
};

/// The two values of each row's elements that the relation ties, and how far apart they may be.
template <typename Bound>
void compare_rows(const std::string& relation, const TensorView& view, const Output& here,
                  const Output& there, const std::vector<int64_t>& rows, uint64_t columns,
                  Bound bound, Judge& judge) {
  uint64_t count = 0;
  std::string first;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (rows[row] < 0) continue;
    for (uint64_t d = 0; d < columns; ++d) {
      const uint64_t element = row * columns + d;
      const uint64_t other = static_cast<uint64_t>(rows[row]) * columns + d;
      const double a = here.at(element);
      const double b = there.at(other);
      if (a == b || std::isnan(a)) continue;  // NaN is judged by itself
      if (std::abs(a - b) <= bound(element, other)) continue;
      if (count++ == 0)
        first = fmt::format("{} is {}, and {} in the case related by '{}'", view.name_of(element),
                            a, b, relation);
    }
  }
  if (count == 0) return;
  if (count > 1) first += fmt::format("; {} elements in all", count);
  judge.finding({"relation_broken", view.field, first, ""});
}

/// With Q = 0 every score is 0: o is the mean of the keys' V, the sink a further key.
void compare_uniform(const Run& related, Judge& judge) {
  const Inputs inputs(related.c, related.manifest, related.buffers);
  const TensorView view = o_view(inputs.shape);
  const Output o(related, view);
  const auto dims = static_cast<uint64_t>(inputs.shape.head_dim);
  const bool f32 = inputs.numerics.p == reference::PFormat::kF32;
  for (const Inputs::Group& g : inputs.groups) {
    for (size_t row = 0; row < g.last.size(); ++row) {
      const double keys = g.last[row] - std::min(g.first[row], g.last[row]);
      const double sink = g.sink.empty() ? 0 : std::exp(double{g.sink[row]});
      // Sums of f32, weights of 16 bits at least, an output of 8 or 11.
      const double unit = (keys + 16) * 0x1p-23 + (f32 ? 0 : 0x1p-8) +
                          (view.dtype == Dtype::kBf16 ? 0x1p-8 : 0x1p-11);
      for (uint64_t d = 0; d < dims; ++d) {
        double sum = 0, magnitude = 0;
        for (uint32_t i = g.first[row]; i < g.last[row]; ++i) {
          const double v = double{g.v[i * dims + d]} * (g.v_scale.empty() ? 1 : g.v_scale[i]);
          sum += v;
          magnitude += std::abs(v);
        }
        const double want = keys == 0 ? 0 : sum / (keys + sink);
        const double got = o.at(inputs.output_row(g, row) * dims + d);
        const double bound = keys == 0 ? 0 : unit * magnitude / (keys + sink) + 0x1p-24;
        if (std::abs(got - want) <= bound) continue;
        judge.finding({"relation_broken", "o",
                       fmt::format("with q = 0, {} is {}, and the mean of V is {}",
                                   view.name_of(inputs.output_row(g, row) * dims + d), got, want),
                       ""});
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
      {"one_by_one", "each query token as a sequence of its own: the same bits"},
      {"scale_moved", "2 k_scale (or 2 K) and softmax_scale / 2: the same bits"},
      {"uniform", "q = 0 gives the mean of V"},
      {"single_head", "one query head of each kv head by itself: the same bits"},
  };
}

}  // namespace paged_attention

using namespace paged_attention;

std::optional<Case> PagedAttention::related(const Case& c) const {
  const std::string& relation = c.params.text("relation");
  if (relation == "none") return std::nullopt;
  const Shape s(c);
  Case d = c;
  if (relation == "garbage") {
    d.params.set("unowned", c.params.text("unowned") == "huge" ? "nan" : "huge");
  } else if (relation == "page_order") {
    d.params.set("page_order",
                 c.params.text("page_order") == "sequential" ? "shuffled" : "sequential");
  } else if (relation == "batch_order") {
    for (const char* list : {"context_lens", "qlens", "sequence", "first_query"})
      std::reverse(d.integers.at(list).begin(), d.integers.at(list).end());
  } else if (relation == "alone") {
    for (const char* list : {"context_lens", "qlens", "sequence", "first_query"})
      d.integers.at(list) = {picked(c, c.integers.at(list))};
  } else if (relation == "unsplit") {
    if (s.splits == 1 && s.max_context <= 64) return std::nullopt;
    d.params.set("split_tokens", s.splits == 1 ? 64 : 0);
    d.params.set("extra_splits", 0);
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
    d.params.set("softmax_scale", c.params.real("softmax_scale") / 2);
  } else if (relation == "uniform") {
    d.rows["q"] = {{}};
    d.special.erase("q");
  } else if (relation == "single_head") {
    d.integers["q_heads"] = {picked(c, s.q_heads)};
    d.params.set("gqa", 1);
  } else {
    throw Error(Exit::kUsage, fmt::format("relation '{}' is unknown", relation));
  }
  return d;
}

void PagedAttention::compare(const Run& run, const Run& related, Judge& judge) const {
  const std::string& relation = run.c.params.text("relation");
  if (relation == "uniform") return compare_uniform(related, judge);
  const Shape here(run.c);
  const Shape there(related.c);
  const std::vector<int64_t> rows = rows_in_related(run.c, here, there);
  const auto dims = static_cast<uint64_t>(here.head_dim);
  const TensorView o = o_view(here);
  const TensorView lse = lse_view(here);
  const TensorView other_o = o_view(there);
  const TensorView other_lse = lse_view(there);
  // A reduce rounds once more, so that with one and without one results may differ.
  if (relation != "unsplit" && (here.splits > 1) == (there.splits > 1)) {
    const auto none = [](uint64_t, uint64_t) { return 0.0; };
    compare_rows(relation, o, Output(run, o), Output(related, other_o), rows, dims, none, judge);
    compare_rows(relation, lse, Output(run, lse), Output(related, other_lse), rows, 1, none, judge);
    return;
  }
  const Expected a = expected(std::make_shared<const Inputs>(run.c, run.manifest, run.buffers));
  const Expected b =
      expected(std::make_shared<const Inputs>(related.c, related.manifest, related.buffers));
  // A cast of P is a step of the reference, and rounds otherwise where splits start elsewhere.
  const auto sum = [](const ExpectedTensor& x, const ExpectedTensor& y) {
    return [&](uint64_t i, uint64_t j) {
      return x.hard[i] + y.hard[j] + std::abs(x.value[i] - y.value[j]);
    };
  };
  compare_rows(relation, o, Output(run, o), Output(related, other_o), rows, dims, sum(a.o, b.o),
               judge);
  compare_rows(relation, lse, Output(run, lse), Output(related, other_lse), rows, 1,
               sum(a.lse, b.lse), judge);
}

}  // namespace wavefuzz
