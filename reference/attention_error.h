#ifndef WAVEFUZZ_REFERENCE_ATTENTION_ERROR_H_
#define WAVEFUZZ_REFERENCE_ATTENTION_ERROR_H_

#include <cstdint>

#include "reference/attention.h"

/// Where the bounds of attention.h come from.
///
/// u = 2^-24, gamma_n = n u / (1 - n u) (Higham, Accuracy and Stability of Numerical Algorithms,
/// ch. 3). Say a kernel's weight of key i is p_i (1 + e_i) in numerator and denominator alike, that
/// roundings of the numerator alone add a factor 1 + a_i and those of the denominator 1 + b_i. With
/// p normalised, sum p_i (v_i - o) = 0, so that the computed o~ obeys exactly
///
///   o~ - o = sum p_i [e_i (v_i - o) + (1 + e_i)(a_i v_i - b_i o)] / sum p_i (1 + e_i)(1 + b_i)
///
/// and with |e_i| <= E_i, |a_i| <= A, |b_i| <= B, R = sum p_i (E_i + B (1 + E_i)) < 1
///
///   |o~ - o| <= ( sum p_i (E_i + A (1 + E_i)) |v_i|  +  |o| R ) / (1 - R).
///
/// E_i = exp(r_i) - 1, r_i the sum of
///   dot         score * sum_d |q_d k_id|: gamma of the sum in any order, or of truncating matrix
///               instructions (Blanchard, Higham, Lopez, Mary and Pranesh, SISC 42(3), 2020; the
///               order of CDNA3 as modelled by MMA-Sim, arXiv 2511.10909)
///   scaled      per |t_i|: the product with the scales
///   argument    per largest t - t_i: subtraction, change of base, and the rescales, whose
///               arguments add up to this difference
///   largest     per max |t|: fma(x, c, -m c) subtracts a rounded m c that rescales do not repeat
///   constant    exp itself, once and once a rescale
/// A merge of partials multiplies all keys of a split by one factor exp(error of its LSE), which
/// therefore belongs to e_i; the stored partial and the weighted sum belong to a_i.
/// log sum p_i is off by at most -log(1 - R), and by the roundings of log and sum.
namespace wavefuzz::reference {

/// Causes of error, in the order of attention_bound_terms.
enum class Cause : uint32_t {
  kDot,
  kScale,
  kExp,
  kPCast,
  kPv,
  kDenominator,
  kMerge,
  kPartial,
  kDivide,
  kFlush,
  kOutput,
};
inline constexpr uint32_t kCauses = 11;
inline constexpr uint32_t kAllCauses = (1u << kCauses) - 1;
const char* name(Cause cause);

/// Coefficients of one row's bound, named above.
struct RowError {
  double dot = 0;  ///< per sum_d |q_d k_id| |k_scale_i|; the row's scales are in it
  double scaled = 0;
  double argument = 0;
  double largest = 0;
  double constant = 0;
  double pv = 0;   ///< A
  double sum = 0;  ///< B
};

/// f32's unit roundoff, enlarged by what f64 and the bound's own arithmetic lose.
inline constexpr double kUnit = 0x1p-24 * (1 + 0x1p-12);

/// Products that a matrix instruction sums at a time, at least (gfx942, f16 and bf16).
inline constexpr uint32_t kSmallestGroup = 8;

/// A product with a subnormal element of f16 or e5m2 is aligned as if the element were 2^-14.
inline constexpr double kSubnormalExponent = 0x1p-14;

/// Largest magnitude that flushing a denormal f32 loses.
inline constexpr double kFlushed = 0x1p-126;

class ErrorModel {
 public:
  /// `causes`: bits 1 << Cause; others count as exact.
  ErrorModel(const AttentionProblem& problem, const AttentionNumerics& numerics, uint32_t causes);

  bool has(Cause cause) const { return causes_ & (1u << static_cast<uint32_t>(cause)); }
  RowError row(uint32_t row, bool likely) const;

  /// n roundings: gamma_n, or the likely form where that is smaller.
  double gamma(double n, bool likely = false) const;

  /// Of sum_d q_d k_id, relative to the sum of magnitudes.
  double dot_error(bool likely) const;

  uint32_t splits() const { return splits_; }
  double exp_error() const { return numerics_.exp_ulps * 2 * kUnit; }
  double rcp_error() const { return numerics_.rcp_ulps * 2 * kUnit; }

  /// On a result, once: o's division, product with v_common_scale and the like, relative.
  double divide() const;
  /// On lse = m + log l, absolute, beside what the weights' errors do.
  double lse_roundings(double m, double largest, double log_sum) const;

  const AttentionProblem& problem() const { return problem_; }
  const AttentionNumerics& numerics() const { return numerics_; }

 private:
  const AttentionProblem& problem_;
  const AttentionNumerics& numerics_;
  uint32_t causes_;
  uint32_t splits_;
};

/// Half the step between values of `format` just below and at |x|: the most that rounding |x| or
/// anything smaller loses.
double half_ulp(FloatFormat format, double x);

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_ATTENTION_ERROR_H_
