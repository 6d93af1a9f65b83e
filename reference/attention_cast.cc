#include "reference/attention_cast.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wavefuzz::reference::internal {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// One row's tile under one kind of bound.
struct Lane {
  const ErrorModel& model;
  const Grid& grid;
  const Weights& s;
  uint32_t lane;
  bool likely;

  double score(uint32_t i) const { return s.t[i * kLanes + lane]; }
  double dot(uint32_t i) const {
    const double per = likely ? s.error.dot_likely[lane] : s.error.dot[lane];
    return per * s.magnitude[i * kLanes + lane] * s.k_scale[i] +
           s.error.scaled[lane] * std::abs(score(i));
  }
  // Of exp(score - maximum), relative, but for what the maximum itself is off by.
  double exponential(uint32_t i) const {
    double r = dot(i);
    if (model.has(Cause::kExp)) {
      const double m = s.maximum[lane];
      r += model.gamma(3) * (m - score(i) + std::abs(m)) + model.exp_error() + kUnit;
    }
    return std::expm1(std::min(r, 600.0));
  }
};

}  // namespace

Grid::Grid(const AttentionNumerics& n) : truncate_(n.p_truncate) {
  switch (n.p) {
    case PFormat::kF32:
      bits_ = 24, smallest_ = -126, largest_ = std::numeric_limits<float>::max();
      break;
    case PFormat::kBf16:
      bits_ = 8, smallest_ = -126, largest_ = 0x1.FEp127;
      break;
    case PFormat::kF16:
      bits_ = 11, smallest_ = -14, largest_ = 65504;
      break;
    case PFormat::kFp8: {
      const quant::Fp8Format f = quant::format(n.p_fp8);
      bits_ = f.mantissa_bits + 1, smallest_ = 1 - f.bias, largest_ = quant::max_finite(n.p_fp8);
      break;
    }
  }
}

double Grid::round(double x) const {
  if (!(x > 0)) return 0;
  if (x >= largest_) return largest_;
  // Adding and taking away 2^(53 - bits) steps would do; this also truncates.
  const int exponent = std::max(std::ilogb(x), smallest_) - (bits_ - 1);
  const double steps = std::ldexp(x, -exponent);
  return std::min(largest_,
                  std::ldexp(truncate_ ? std::trunc(steps) : std::nearbyint(steps), exponent));
}

CastState::CastState() {
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    highest[lane] = lowest[lane] = -kInfinity;
    highest_likely[lane] = lowest_likely[lane] = -kInfinity;
  }
}

void cast_weights(const ErrorModel& model, const Grid& grid, Weights& s, float* w_likely,
                  CastState& state) {
  const AttentionNumerics& n = model.numerics();
  const bool by_amax = n.p_divisor > 0;
  const bool scaled_v = model.problem().v_scale != nullptr;
  const bool bound = s.bounds, flips = model.has(Cause::kPCast);
  const double unit = flips ? kUnit : 0, rcp_error = flips ? model.rcp_error() : 0;
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    double amax = 0;
    bool seen = false;
    for (uint32_t i = 0; i < s.keys; ++i) {
      amax = std::max(amax, std::abs(s.p[i * kLanes + lane]));
      seen = seen || s.t[i * kLanes + lane] != -kInfinity;
    }
    if (!seen) {
      if (bound)
        for (uint32_t i = 0; i < s.keys; ++i) w_likely[i * kLanes + lane] = 0;
      continue;
    }
    const double floored = std::max(amax, n.p_amax_floor);
    const double scale = by_amax ? n.p_divisor / floored : n.p_scale;
    for (int kind = 0; bound && kind < 2; ++kind) {
      const Lane l = {model, grid, s, lane, kind == 1};
      double& highest = kind ? state.highest_likely[lane] : state.highest[lane];
      double& lowest = kind ? state.lowest_likely[lane] : state.lowest[lane];
      double amax_high = 0, amax_low = 0;
      for (uint32_t i = 0; i < s.keys; ++i) {
        if (l.score(i) == -kInfinity) continue;
        highest = std::max(highest, l.score(i) + l.dot(i));
        lowest = std::max(lowest, l.score(i) - l.dot(i));
        if (!by_amax) continue;
        const double w = std::abs(s.p[i * kLanes + lane]), r = l.exponential(i) + 2 * unit;
        amax_high = std::max(amax_high, w * (1 + r));
        amax_low = std::max(amax_low, w * (1 - r));
      }
      // The largest score's own error moves every p alike. An amax moves with them.
      const double m = s.maximum[lane];
      const double of_maximum = std::expm1(std::min(600.0, std::max(highest - m, m - lowest)));
      double of_code = of_maximum + (scaled_v ? 3 : 2) * unit;
      double of_tile = of_maximum + rcp_error + 2 * unit;
      if (by_amax) {
        const double of_amax = amax > 0 ? std::max(amax_high - amax, amax - amax_low) / amax : 0;
        const double casts = 2 * rcp_error + 6 * unit;
        const bool above = amax * (1 - of_amax) * (1 - of_maximum) > n.p_amax_floor;
        const bool below = amax * (1 + of_amax) * (1 + of_maximum) < n.p_amax_floor;
        if (above) {
          of_code = of_tile = of_amax + casts;
        } else {
          of_code += casts + (below ? 0 : of_amax);
          of_tile += casts + (below ? 0 : of_amax);
        }
      }
      const double tile = std::expm1(std::min(of_tile + s.error.constant[lane], 600.0));
      const double pv = kind ? s.error.pv_likely[lane] : s.error.pv[lane];
      for (uint32_t i = 0; i < s.keys; ++i) {
        const uint32_t at = i * kLanes + lane;
        double w = 0;
        if (l.score(i) != -kInfinity) {
          const double y = std::abs(s.p[at]) * scale;
          const double r = l.exponential(i) + of_code;
          // From 1/2 on 1 / (1 - r) is no longer below (1 + r)^2: any code then.
          const double high = r < 0.5 ? (1 + r) * (1 + r) : kInfinity, low = r < 0.5 ? 1 - r : 0;
          const double code = grid.round(y);
          const double flip =
              std::max(grid.round(y > 0 ? y * high : kFlushed) - code, code - grid.round(y * low));
          w = (code * (tile + pv * (1 + tile)) + flip * (1 + tile) * (1 + pv)) / scale;
        }
        (kind ? w_likely : s.w)[at] = static_cast<float>(w);
      }
    }
    for (uint32_t i = 0; i < s.keys; ++i) {
      double& p = s.p[i * kLanes + lane];
      p = std::copysign(grid.round(std::abs(p) * scale) / scale, p);
    }
  }
}

}  // namespace wavefuzz::reference::internal
