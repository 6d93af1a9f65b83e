#include "reference/attention_error.h"

#include <algorithm>
#include <cmath>

namespace wavefuzz::reference {
namespace {

// What a sum of n products by matrix instructions over `block` of them loses, in units of u times
// the sum of magnitudes. gfx942 (MMA-Sim's CDNA3 model) sums groups of 8 or 16 in fixed point of 24
// fractional bits below the group's largest product: each product, the two halves and their sum
// lose at most u times that largest one, in all at most block + 3 times the sum of magnitudes. Then
// each group is added to an accumulator cut to 24 bits, and rounded: little more than twice u times
// magnitudes. The larger of all groups that gfx950 may have, and the more joins of the smallest.
double block_roundings(double n, uint32_t block) {
  return block + 3.0 + 2.25 * std::ceil(n / std::min(block, kSmallestGroup));
}

}  // namespace

const char* name(Cause cause) {
  constexpr const char* kNames[] = {
      "score dot product",
      "score scaling",
      "exp",
      "P cast",
      "PV sum",
      "denominator sum",
      "merge of splits",
      "stored partial",
      "division",
      "flushed denormals",
      "output rounding",
  };
  return kNames[static_cast<uint32_t>(cause)];
}

ErrorModel::ErrorModel(const AttentionProblem& problem, const AttentionNumerics& numerics,
                       uint32_t causes)
    : problem_(problem),
      numerics_(numerics),
      causes_(causes),
      splits_(std::max<uint32_t>(1, problem.split_starts.empty()
                                        ? numerics.splits
                                        : static_cast<uint32_t>(problem.split_starts.size()))) {}

double ErrorModel::gamma(double n, bool likely) const {
  const double hard = n * kUnit / (1 - std::min(0.5, n * kUnit));
  return likely ? std::min(hard, numerics_.lambda * std::sqrt(n) * kUnit) : hard;
}

double ErrorModel::dot_error(bool likely) const {
  if (numerics_.score_block <= 1) return gamma(problem_.qk_dim, likely);
  // Truncation has a sign: its losses add up, also in the likely bound.
  return gamma(block_roundings(problem_.qk_dim, numerics_.score_block));
}

RowError ErrorModel::row(uint32_t r, bool likely) const {
  const AttentionProblem& p = problem_;
  const AttentionNumerics& n = numerics_;
  const double first = p.first ? p.first[r] : 0, last = p.last ? p.last[r] : p.keys;
  const double keys = std::max(0.0, last - first);
  const double tiles = std::ceil(keys / n.tile) + splits_ + 1;  // the first and last may be cut
  const double scale = std::abs(p.score_scale * (p.q_scale ? p.q_scale[r] : 1.0));
  RowError e;
  const double scaling = n.scale_roundings + (p.q_scale ? 1 : 0) + (p.k_scale ? 1 : 0);
  if (has(Cause::kDot)) {
    e.dot = dot_error(likely) * (1 + gamma(scaling)) * scale;
  }
  if (has(Cause::kScale)) e.scaled = gamma(scaling);
  if (has(Cause::kExp)) {
    e.argument += gamma(3);
    e.largest += gamma(3);
    e.constant += exp_error() * (1 + tiles) + kUnit;
  }
  if (has(Cause::kPv)) {
    // The product itself, v_scale, and a rescale and an addition per tile.
    const double extra = 3 * tiles + 3;
    e.pv += n.pv_block <= 1 ? gamma(keys + extra, likely)
                            : gamma(block_roundings(keys + tiles * n.pv_block, n.pv_block)) +
                                  gamma(extra, likely);
  }
  if (has(Cause::kDenominator)) {
    const double lanes = std::max<uint32_t>(1, n.sum_lanes);
    e.sum += gamma(std::ceil(keys / lanes) + lanes - 1 + 2 * tiles + 2, likely);
  }
  if (splits_ > 1 && has(Cause::kMerge)) {
    const double log_keys = std::log(std::max(1.0, keys));
    // The LSE of a split, stored and read: log, its change of base, the sum with m.
    e.constant += n.log_ulps * 2 * kUnit * (log_keys + 1) + gamma(8) * log_keys;
    e.largest += gamma(5);
    // Its weight: LSE_j - max LSE lies between -(largest t - t_i) - log(keys) and 0.
    e.argument += gamma(4);
    e.constant += exp_error() + kUnit;
    // The partial's division and store; products and sums of the merge.
    e.pv += gamma(2 * n.rcp_ulps + 3) + gamma(splits_ + 3.0, likely);
    e.sum += gamma(splits_ + 3.0, likely);
  }
  return e;
}

double ErrorModel::divide() const {
  return has(Cause::kDivide) ? gamma(2 * numerics_.rcp_ulps + 4) : 0;
}

double ErrorModel::lse_roundings(double m, double largest, double log_sum) const {
  const double log_error = numerics_.log_ulps * 2 * kUnit * (std::abs(log_sum) + 1);
  const double roundings = gamma(4) * (std::abs(m) + std::abs(log_sum));
  return log_error + roundings + gamma(3) * largest + 4 * kFlushed;
}

double half_ulp(FloatFormat format, double x) {
  // Significand bits and the exponent of the smallest normal number.
  const int bits = format == FloatFormat::kF32 ? 24 : format == FloatFormat::kBf16 ? 8 : 11;
  const int smallest = format == FloatFormat::kF16 ? -14 : -126;
  const int exponent = x > 0 ? std::max(std::ilogb(x), smallest) : smallest;
  return std::ldexp(1.0, exponent - bits);
}

}  // namespace wavefuzz::reference
