// The transcendental unit. The manual promises 1 ulp and flushed f32 denormals whatever MODE says;
// which neighbour comes out is not public. The value here is the correctly rounded one, or, under
// the perturbing models, the float above or below wherever the result is inexact.
#include "gpu/sim/math_unit.h"
#include "gpu/sim/vocabulary.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// The functions are defined once, for the baseline, in math_unit.cc: libm's code does not get
// faster by recompiling its callers.
template <float (*kFunction)(float, Transcendentals)>
constexpr Row unit32(std::string_view name) {
  return vector(name,
                [](F32 a, const Unit& u) {
                  const u32 x = flush32(a.bits);
                  if (is_nan32(x)) return F32{quiet32(x)};
                  return F32{flush32(as_bits(kFunction(as_float(x), u.model)))};
                })
      .with(Fidelity::kOneUlp);
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
    unit32<math::exp2>("v_exp_f32"),
    unit32<math::exp2>("v_exp_legacy_f32"),
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
