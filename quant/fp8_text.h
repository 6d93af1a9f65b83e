// FP8 format names as text; quant/fp8.h has the way back.
#ifndef WAVEFUZZ_QUANT_FP8_TEXT_H_
#define WAVEFUZZ_QUANT_FP8_TEXT_H_

#include <optional>
#include <string_view>

#include "quant/fp8.h"

namespace wavefuzz::quant {

// The format of that name() ("e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz"), PyTorch's "float8_" before
// it or not; nothing for any other text. Names that mean one format here and another there ("fp8",
// "fp8_e4m3", "bf8") are not accepted.
std::optional<Fp8> parse_fp8(std::string_view text);

}  // namespace wavefuzz::quant

#endif  // WAVEFUZZ_QUANT_FP8_TEXT_H_
