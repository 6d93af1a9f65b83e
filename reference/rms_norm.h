#ifndef WAVEFUZZ_REFERENCE_RMS_NORM_H_
#define WAVEFUZZ_REFERENCE_RMS_NORM_H_

#include <span>
#include <vector>

/// RMS norm with FP8 output and a scale for each row. Semantics: vLLM
/// rms_norm_dynamic_per_token_quant (csrc/quantization/fused_kernels), whose order of operations
/// the contract names.
namespace wavefuzz::reference {

struct RmsNormRule {
  double epsilon = 1e-6;
  double divisor = 448;  ///< M
  double floor = 0;      ///< of the scale
};

/// One row in f64.
struct RmsNormRow {
  std::vector<double> quotient;  ///< y / scale, before the cast
  double scale = 0;              ///< max(max |y| / M, floor), y = x * rsqrt(mean(x^2) + eps) * w
  /// How far f32 arithmetic may be off, relative to the value: the sum of squares in any order, a
  /// root and reciprocal within 2 ulp, a rounding for each product and quotient (Higham 2002,
  /// lemma 3.1).
  double scale_error = 0;
  double quotient_error = 0;
};

/// x and weight: [columns], finite.
RmsNormRow rms_norm(std::span<const float> x, std::span<const float> weight,
                    const RmsNormRule& rule);

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_RMS_NORM_H_
