#ifndef WAVEFUZZ_REFERENCE_QUANTISE_FP8_H_
#define WAVEFUZZ_REFERENCE_QUANTISE_FP8_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reference/quantise_rule.h"

/// Quantisation of activations and weights to FP8. Semantics: vLLM static_scaled_fp8_quant,
/// dynamic_scaled_fp8_quant, dynamic_per_token_scaled_fp8_quant and per_token_group_quant_fp8.
namespace wavefuzz::reference {

/// What one scale is for.
enum class Granularity : uint8_t {
  kToken,   ///< a row
  kGroup,   ///< `group_columns` values of a row, the last group of a row may be shorter
  kTensor,  ///< all rows
  kStatic,  ///< all rows, and the caller gives it
};

/// "token", "group", "tensor", "static".
std::optional<Granularity> parse_granularity(const std::string& text);

/// Scales of a row; 0 where there is one for the tensor.
int64_t scales_of_row(Granularity granularity, int64_t columns, int64_t group_columns);

struct QuantisedRows {
  std::vector<uint8_t> codes;  ///< [rows, columns]
  std::vector<float> scales;   ///< [rows, scales of a row], or one; none when static
};

/// x: [rows, columns], the bf16 or f16 input widened. A scale is that of the largest |x|, in which
/// NaN takes no part.
QuantisedRows quantise_rows(std::span<const float> x, int64_t columns, int64_t group_columns,
                            Granularity granularity, const QuantiseRule& rule,
                            float static_scale = 1.0f);

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_QUANTISE_FP8_H_
