#include "reference/attention_cast.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wavefuzz::reference::internal {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double excess(double r) { return std::expm1(std::min(r, 600.0)); }

// How far a tile's casts are off, beside each p's own error.
struct CastError {
  double code;  // of what is cast
  double tile;  // of what codes are multiplied by in the end
};

// By amax the largest score's error moves p and the scale alike, and codes stand for multiples of
// the computed amax; otherwise for multiples of exp of the largest score as computed.
CastError cast_error(const ErrorModel& model, const AttentionNumerics& n, const CastTile& tile,
                     uint32_t lane, double amax, double highest, double lowest, double constant) {
  const bool own = model.has(Cause::kPCast);
  const double unit = own ? kUnit : 0, rcp = own ? model.rcp_error() : 0;
  const double m = tile.maximum[lane];
  const double of_maximum = excess(std::max(highest - m, m - lowest));
  // v_scale, and p_scale or its reciprocal.
  CastError error = {of_maximum + 3 * unit, of_maximum + rcp + 2 * unit};
  if (!(n.p_divisor > 0) || !(amax > 0)) return error;
  const double casts = 2 * rcp + 6 * unit;
  const double of_amax =
      std::max(tile.amax_high[lane] - amax, amax - tile.amax_low[lane]) / amax + 2 * unit;
  // What all p of the tile have in common moves the scale otherwise.
  if (n.p_amax_bias > 0)
    return {of_amax + of_maximum + casts + unit + excess(constant), of_amax + casts + unit};
  if (amax * (1 - of_amax) * (1 - of_maximum) > n.p_amax_floor)
    return {of_amax + casts, of_amax + casts};
  // The floor holds, or may.
  const bool may = amax * (1 + of_amax) * (1 + of_maximum) >= n.p_amax_floor;
  error.code += casts + (may ? of_amax : 0);
  error.tile += casts + (may ? of_amax : 0);
  return error;
}

/// What P is multiplied by before its cast.
double scale_of(const AttentionNumerics& n, double amax) {
  if (!(n.p_divisor > 0)) return n.p_scale;
  return n.p_divisor / (n.p_amax_bias > 0 ? amax + n.p_amax_bias : std::max(amax, n.p_amax_floor));
}

}  // namespace

Grid grid_of(const AttentionNumerics& n) {
  int bits = 24, smallest = -126;  // significand bits, exponent of the smallest normal number
  double largest = std::numeric_limits<float>::max();
  if (n.p == PFormat::kBf16) bits = 8, largest = 0x1.FEp127;
  if (n.p == PFormat::kF16) bits = 11, smallest = -14, largest = 65504;
  if (n.p == PFormat::kInt8) bits = 8, smallest = 7, largest = 127;  // all subnormal: steps of 1
  if (n.p == PFormat::kFp8) {
    const quant::Fp8Format f = quant::format(n.p_fp8);
    bits = f.mantissa_bits + 1, smallest = 1 - f.bias, largest = quant::max_finite(n.p_fp8);
  }
  return {std::ldexp(1.0, smallest), std::ldexp(1.0, 1 - bits), largest, n.p_truncate};
}

CastState::CastState() {
  std::fill(&highest[0][0], &highest[0][0] + 2 * kLanes, -kInfinity);
  std::fill(&lowest[0][0], &lowest[0][0] + 2 * kLanes, -kInfinity);
}

void cast_weights(const ErrorModel& model, const AttentionNumerics& n, const Kernels& kernels,
                  Weights& s, float* w_likely, CastState& state) {
  CastValues values = {};
  values.keys = s.keys;
  values.grid = grid_of(n);
  values.p = s.p;
  double amax[kLanes] = {};
  for (uint32_t i = 0; i < s.keys; ++i)
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      amax[lane] = std::max(amax[lane], std::abs(s.p[i * kLanes + lane]));
  for (uint32_t lane = 0; lane < kLanes; ++lane) values.scale[lane] = scale_of(n, amax[lane]);

  for (int likely = 0; s.bounds && likely < 2; ++likely) {
    CastTile tile = {};
    tile.keys = s.keys;
    tile.t = s.t;
    tile.magnitude = s.magnitude;
    tile.k_scale = s.k_scale;
    tile.p = s.p;
    tile.grid = values.grid;
    tile.flips = model.has(Cause::kPCast);
    tile.w = likely ? w_likely : s.w;
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      tile.maximum[lane] = s.maximum[lane];
      tile.dot[lane] = likely ? s.error.dot_likely[lane] : s.error.dot[lane];
      tile.scaled[lane] = s.error.scaled[lane];
      tile.scale[lane] = values.scale[lane];
      tile.pv[lane] = likely ? s.error.pv_likely[lane] : s.error.pv[lane];
      if (!model.has(Cause::kExp)) continue;
      tile.argument[lane] = model.gamma(3);
      tile.constant[lane] = model.gamma(3) * std::abs(s.maximum[lane]) + model.exp_error() + kUnit;
    }
    kernels.cast_range(tile);
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      double& highest = state.highest[likely][lane];
      double& lowest = state.lowest[likely][lane];
      highest = std::max(highest, tile.highest[lane]);
      lowest = std::max(lowest, tile.lowest[lane]);
      if (highest == -kInfinity) continue;  // nothing seen so far
      const CastError error =
          cast_error(model, n, tile, lane, amax[lane], highest, lowest, s.error.constant[lane]);
      tile.of_code[lane] = error.code;
      tile.of_tile[lane] = excess(error.tile + s.error.constant[lane]);
    }
    kernels.cast_weights(tile);
  }
  kernels.cast_values(values);
}

}  // namespace wavefuzz::reference::internal
