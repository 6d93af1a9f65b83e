#include "quant/fp8_text.h"

namespace wavefuzz::quant {

std::optional<Fp8> parse_fp8(std::string_view text) {
  constexpr std::string_view kPrefix = "float8_";
  if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
  for (Fp8 fp8 : kAllFp8) {
    if (text == name(fp8)) return fp8;
  }
  return std::nullopt;
}

}  // namespace wavefuzz::quant
