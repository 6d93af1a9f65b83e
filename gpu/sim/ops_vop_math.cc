// The transcendental unit. The manual promises 1 ulp and flushed f32 denormals whatever MODE says;
// which neighbour comes out is not public. The value here is the correctly rounded one, or, under
// the perturbing models, the float above or below wherever the result is inexact.
#include "gpu/sim/math_unit.h"
#include "gpu/sim/vocabulary.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// The functions are defined once, for the baseline, in math_unit.cc: libm's code does not get
// faster by recompiling its callers.
// The model for one operand.
SIM_INLINE Transcendentals chosen(const Unit& u, u32 operand) {
  if (u.model != Transcendentals::kSeeded) return u.model;
  constexpr Transcendentals kModels[] = {Transcendentals::kCorrectlyRounded,
                                         Transcendentals::kUlpAbove, Transcendentals::kUlpBelow};
  // Two rounds of multiply and shift mix well enough.
  u32 h = (operand ^ u.seed * 0x9e37'79b9) * 0x85eb'ca6b;
  h = (h ^ h >> 15) * 0xc2b2'ae35;
  return kModels[(h >> 16) % 3];
}
template <float (*kFunction)(float, Transcendentals)>
constexpr Row unit32(std::string_view name) {
  return vector(name,
                [](F32 a, const Unit& u) {
                  const u32 x = flush32(a.bits);
                  if (is_nan32(x)) return F32{quiet32(x)};
                  return F32{flush32(as_bits(kFunction(as_float(x), chosen(u, x))))};
                })
      .with(Fidelity::kOneUlp);
}
// 2^x in double for |x| < 1000, within 16 ulp: a Taylor series in (x - rint(x)) ln 2 to the 13th
// power, whose next term is below 2^-57. Plain arithmetic, for vectors.
SIM_INLINE double near_exp2(double x) {
  constexpr double kMagic = 0x1.8p52;  // rounds to whole numbers in the nearest mode
  const double shifted = x + kMagic, n = shifted - kMagic;
  const double f = (x - n) * 0.693147180559945309417232121458;
  double p = 1.0 / 6227020800;
  constexpr double kInverseFactorials[] = {1.0 / 479001600,
                                           1.0 / 39916800,
                                           1.0 / 3628800,
                                           1.0 / 362880,
                                           1.0 / 40320,
                                           1.0 / 5040,
                                           1.0 / 720,
                                           1.0 / 120,
                                           1.0 / 24,
                                           1.0 / 6,
                                           1.0 / 2,
                                           1.0,
                                           1.0};
  for (const double c : kInverseFactorials) p = p * f + c;
  return as_double(as_bits(p) + (as_bits(shifted) << 52));
}
// v_exp_f32: all lanes by near_exp2(); where its error could decide the rounding, and for what is
// not finite or has a denormal result, math::exp2.
void exp2_lanes(const LaneArgs& a) {
  const u32* x = a.src[0];
  u32* to = a.dst[0];
  const Unit unit{a.transcendentals, a.ulp_seed};
  alignas(64) float in[kLanes];
  alignas(64) double near[kLanes];
  alignas(64) u32 result[kLanes], unsure[kLanes];
  const bool plain = a.transcendentals == Transcendentals::kCorrectlyRounded &&
                     a.mode->round_f32 == Round::kNearest;
  if (plain) {  // a pass for each width, for the vectoriser
    for (unsigned i = 0; i < kLanes; ++i) {
      const float v = as_float(flush32(x[i]));
      const bool usual = v >= -125.0f && v < 127.0f;
      const bool tiny = v < -127.0f;  // below 2^-126: flushed
      in[i] = usual ? v : 0.0f;
      unsure[i] = mask32(!usual) & ~mask32(tiny);
      result[i] = ~mask32(tiny);
    }
    for (unsigned i = 0; i < kLanes; ++i) near[i] = near_exp2(double(in[i]));
    for (unsigned i = 0; i < kLanes; ++i) {
      const u32 tail = u32(as_bits(near[i])) & 0x1fff'ffff;  // below f32's last place
      unsure[i] |= mask32(tail - (0x1000'0000 - 64) <= 128);
    }
    for (unsigned i = 0; i < kLanes; ++i) result[i] &= as_bits(float(near[i]));
  }
  for (unsigned i = 0; i < kLanes; ++i) {
    if (plain && unsure[i] == 0) {
      to[i] = result[i];
      continue;
    }
    const u32 in = flush32(x[i]);
    to[i] =
        is_nan32(in) ? quiet32(in) : flush32(as_bits(math::exp2(as_float(in), chosen(unit, in))));
  }
}
constexpr Row with_lanes(Row row, LaneFn lanes) {
  row.lanes = lanes;
  return row;
}

template <double (*kFunction)(double)>
constexpr Row unit16(std::string_view name) {
  // f16 keeps its denormals as MODE says; the f64 result is rounded once. FP16_OVFL tells what is
  // too large from infinity.
  return vector(name,
                [](Half a) {
                  const double r = kFunction(double(a.value));
                  const bool finite = a.value != 0 && a.value - a.value == 0;
                  return Half{r > 0x1p100 && finite ? 0x1p100f : round_to_odd(r)};
                })
      .with(Fidelity::kOneUlp);
}
template <double (*kFunction)(double)>
constexpr Row unit64(std::string_view name) {
  // Only a first approximation in hardware (the manual gives 2^29 ulp); code refines it.
  return vector(name, [](double a) { return kFunction(a); }).with(Fidelity::kHypothesis);
}

constexpr Row kRows[] = {
    with_lanes(unit32<math::exp2>("v_exp_f32"), &exp2_lanes),
    with_lanes(unit32<math::exp2>("v_exp_legacy_f32"), &exp2_lanes),
    unit32<math::log2>("v_log_f32"),
    unit32<math::log2>("v_log_legacy_f32"),
    unit32<math::rcp>("v_rcp_f32"),
    unit32<math::rcp>("v_rcp_iflag_f32"),
    unit32<math::rsq>("v_rsq_f32"),
    unit32<math::sqrt>("v_sqrt_f32"),
    unit32<math::sin_turns>("v_sin_f32"),
    unit32<math::cos_turns>("v_cos_f32"),
    unit16<math::exp2_wide>("v_exp_f16"),
    unit16<math::log2_wide>("v_log_f16"),
    unit16<math::rcp_wide>("v_rcp_f16"),
    unit16<math::rsq_wide>("v_rsq_f16"),
    unit16<math::sqrt_wide>("v_sqrt_f16"),
    unit16<math::sin_turns_wide>("v_sin_f16"),
    unit16<math::cos_turns_wide>("v_cos_f16"),
    unit64<math::rcp_wide>("v_rcp_f64"),
    unit64<math::rsq_wide>("v_rsq_f64"),
    unit64<math::sqrt_wide>("v_sqrt_f64"),
    // For sin and cos of large arguments.
    vector("v_trig_preop_f64",
           [](F64 a, u32 n) { return F64{as_bits(math::two_over_pi_part(a.bits, n))}; }),
};

}  // namespace

std::span<const Row> vop_math_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
