#ifndef WAVEFUZZ_REFERENCE_QUANTISE_RULE_H_
#define WAVEFUZZ_REFERENCE_QUANTISE_RULE_H_

#include <bit>
#include <cmath>
#include <cstdint>

#include "quant/scale.h"

namespace wavefuzz::reference {

/// What a NaN among the quotients becomes.
enum class NanTo : uint8_t {
  kAsCast,        ///< what the cast makes of it
  kMinusMax,      ///< -max: a clamp that starts with fmaxf(-max, x) drops the NaN operand
  kDivisor,       ///< the cast of the divisor: fminf(x, M), where M is not the format's maximum
  kMinusDivisor,  ///< the cast of -divisor
};

/// A scale rule with what only some kernels do.
struct QuantiseRule {
  quant::ScaleRule scale = {};
  NanTo nan = NanTo::kAsCast;

  QuantiseRule() = default;
  QuantiseRule(const quant::ScaleRule& rule) : scale(rule) {}  // NOLINT: most have no more
};

/// The FP8 code of x under `scale`.
///
/// A NaN that the arithmetic itself makes has the sign that AMD's instructions give it, whatever
/// the host's does: + for a product (inf * 0 in v_mul_f32), - for a quotient (0 / 0 and inf / inf
/// in v_div_fixup_f32, "CDNA3 ISA", 2024).
inline uint8_t quantise(float x, float scale, const QuantiseRule& rule) {
  const quant::ScaleRule& r = rule.scale;
  const bool divides = r.quantise_by == quant::Divide::kDivide;
  const float quotient = divides ? x / scale : x * (1.0f / scale);
  if (!std::isnan(quotient)) return quant::quantise(x, scale, r);
  switch (rule.nan) {
    case NanTo::kAsCast:
      break;
    case NanTo::kMinusMax:
      return static_cast<uint8_t>(quant::format(r.format).max_finite | 0x80);
    case NanTo::kDivisor:
      return quant::encode(r.format, r.divisor, r.cast);
    case NanTo::kMinusDivisor:
      return quant::encode(r.format, -r.divisor, r.cast);
  }
  if (std::isnan(x) || std::isnan(scale)) return quant::quantise(x, scale, r);
  return quant::encode(r.format, std::bit_cast<float>(divides ? 0xFFC00000u : 0x7FC00000u), r.cast);
}

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_QUANTISE_RULE_H_
