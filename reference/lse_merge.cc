#include "reference/lse_merge.h"

#include <algorithm>

namespace wavefuzz::reference {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kLn2 = 0.693147180559945309417;
constexpr double kSigmas = 6;

// What the row's elements share: the weights and how wrong each may be.
struct Weights {
  std::vector<double> p;      // w_i / sum w; 0 for empty partials, whose rows must not be touched
  std::vector<double> error;  // relative, of w_i
  double max = -kInf, log_sum = 0, sink_factor = 1;
  double sum_error = 0, sum_error_squared = 0;  // of sum w, relative
  double sink_error = 0;                        // relative, of the sink's factor
  bool empty = true;
};

Weights weigh(std::span<const PartialState> partials, const MergeNumerics& n, double sink) {
  Weights w;
  w.p.assign(partials.size(), 0.0);
  w.error.assign(partials.size(), 0.0);
  for (const PartialState& partial : partials) {
    if (std::isfinite(partial.lse)) w.max = std::max(w.max, partial.lse);
  }
  if (w.max == -kInf) return w;
  w.empty = false;
  double sum = 0;
  for (size_t i = 0; i < partials.size(); ++i) {
    if (!std::isfinite(partials[i].lse)) continue;
    const double x = partials[i].lse - w.max;
    w.p[i] = std::exp(x);
    w.error[i] = 3 * n.u * std::abs(x) + 2 * n.u * n.exp_ulps;
    sum += w.p[i];
  }
  for (size_t i = 0; i < partials.size(); ++i) {
    if (w.p[i] == 0) continue;
    w.p[i] /= sum;
    w.sum_error += w.p[i] * w.error[i];
    w.sum_error_squared += w.p[i] * w.error[i] * w.p[i] * w.error[i];
  }
  w.log_sum = std::log(sum);
  if (sink > -kInf || std::isnan(sink)) {
    const double x = sink - (w.max + w.log_sum);
    w.sink_factor = sink == kInf ? 0 : 1 / (1 + std::exp(x));
  }
  return w;
}

double lse_error(const Weights& w, const MergeNumerics& n, double sum_error, size_t partials) {
  const double lse = w.max + w.log_sum;
  // Base conversion at either end: a product with a rounded constant.
  const double converted = n.converts_base ? 4 : 2;
  return sum_error + static_cast<double>(partials) * n.u +
         (2 * n.log_ulps + 2) * n.u * std::abs(w.log_sum) + converted * n.u * std::abs(lse) +
         static_cast<double>(partials) * n.smallest;
}

struct Terms {
  double weights = 0, weights_squared = 0, sum = 0, sink = 0, output = 0, underflow = 0;
};

Terms terms_of(const Weights& w, std::span<const PartialState> partials, size_t d, double o,
               double sink, const MergeNumerics& n) {
  Terms t;
  const double before_sink = w.sink_factor == 0 ? 0 : o / w.sink_factor;
  double magnitude = 0, largest = 0;
  for (size_t i = 0; i < partials.size(); ++i) {
    if (!std::isfinite(partials[i].lse)) continue;
    const double value = partials[i].o[d];
    largest = std::max(largest, std::abs(value));
    if (w.p[i] == 0) continue;
    const double term = w.p[i] * std::abs(value - before_sink) * w.error[i];
    t.weights += term;
    t.weights_squared += term * term;
    magnitude += w.p[i] * std::abs(value);
  }
  const double k = static_cast<double>(partials.size());
  t.weights *= w.sink_factor * (1 + 4 * w.sum_error);  // the second order of the quotient
  t.weights_squared *= w.sink_factor * w.sink_factor;
  t.sum = (k + 3 + 2 * n.rcp_ulps) * n.u * magnitude * w.sink_factor;
  // f = 1 / (1 + e^x): |df| = f (1 - f) |dx|, x = a - lse, then a sum, a reciprocal, a product.
  if (w.sink_factor != 1 && w.sink_factor != 0) {
    const double x = sink - (w.max + w.log_sum);
    const double dx = lse_error(w, n, w.sum_error, partials.size()) + 3 * n.u * std::abs(x) +
                      2 * n.u * n.exp_ulps;
    t.sink = magnitude * w.sink_factor * ((1 - w.sink_factor) * dx + (3 + 2 * n.rcp_ulps) * n.u);
  }
  // Weights and products below the smallest normal number may be lost, each.
  t.underflow = n.smallest * (k * (largest + std::abs(before_sink)) + k + 1);
  const double computed = t.weights + t.sum + t.sink + t.underflow;
  t.output = half_ulp(std::abs(o) + computed, n.output_bits, n.output_min_exponent);
  return t;
}

}  // namespace

const LseConvention* find_lse_convention(std::string_view name) {
  for (const LseConvention& c : kLseConventions) {
    if (c.name == name) return &c;
  }
  return nullptr;
}

double stored_lse(double natural, const LseConvention& convention) {
  if (natural == -kInf) return convention.empty_lse == EmptyLse::kPlusInf ? kInf : -kInf;
  return convention.base == LogBase::kTwo ? natural / kLn2 : natural;
}

double natural_lse(double stored, const LseConvention& convention) {
  if (!std::isfinite(stored)) return -kInf;
  return convention.base == LogBase::kTwo ? stored * kLn2 : stored;
}

double half_ulp(double x, int bits, int min_exponent) {
  int exponent = min_exponent;
  if (x != 0) std::frexp(x, &exponent);  // x = 0.5.. * 2^exponent
  return std::ldexp(1.0, std::max(exponent - 1, min_exponent) - bits);
}

MergedRow merge_attn_states(std::span<const PartialState> partials, size_t dims,
                            const MergeNumerics& n, double sink) {
  MergedRow row;
  row.o.assign(dims, 0.0);
  row.o_hard.assign(dims, 0.0);
  row.o_likely.assign(dims, 0.0);
  const Weights w = weigh(partials, n, sink);
  if (w.empty) {
    row.lse = -kInf;
    return row;
  }
  row.empty = false;
  row.lse = w.max + w.log_sum;
  row.lse_hard = lse_error(w, n, w.sum_error, partials.size());
  const auto likely = [](double sum, double squares) {
    return std::min(sum, kSigmas * std::sqrt(squares / 3));  // each error at most uniform
  };
  row.lse_likely = lse_error(w, n, likely(w.sum_error, w.sum_error_squared), partials.size());
  for (size_t d = 0; d < dims; ++d) {
    double o = 0;
    for (size_t i = 0; i < partials.size(); ++i) {
      if (w.p[i] != 0) o += w.p[i] * partials[i].o[d];
    }
    row.o[d] = o * w.sink_factor;
    const Terms t = terms_of(w, partials, d, row.o[d], sink, n);
    const double rest = t.sum + t.sink + t.output + t.underflow;
    row.o_hard[d] = t.weights + rest;
    row.o_likely[d] = likely(t.weights, t.weights_squared) + rest;
  }
  return row;
}

std::vector<std::pair<std::string, double>> merge_bound_terms(
    std::span<const PartialState> partials, size_t d, const MergeNumerics& n, double sink) {
  const Weights w = weigh(partials, n, sink);
  if (w.empty) return {};
  double o = 0;
  for (size_t i = 0; i < partials.size(); ++i) {
    if (w.p[i] != 0) o += w.p[i] * partials[i].o[d];
  }
  const Terms t = terms_of(w, partials, d, o * w.sink_factor, sink, n);
  return {{"weights", t.weights},
          {"weighted sum", t.sum},
          {"sink", t.sink},
          {"underflow", t.underflow},
          {"output rounding", t.output}};
}

}  // namespace wavefuzz::reference
