#ifndef WAVEFUZZ_FUZZ_DATA_H_
#define WAVEFUZZ_FUZZ_DATA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/case.h"
#include "quant/fp8.h"

namespace wavefuzz {

/// The 16-bit input dtypes of the kernels.
enum class Dtype16 { kBf16, kF16 };

/// "bf16" or "f16"; throws Error(kUsage).
Dtype16 parse_dtype16(const std::string& name);
float decode16(Dtype16 dtype, uint16_t bits);   ///< exact
uint16_t encode16(Dtype16 dtype, float value);  ///< round to nearest even

/// What a random element is a function of: never the order in which elements are asked for.
struct DataKey {
  uint64_t case_seed = 0;
  std::string tensor;
  uint64_t row = 0;
};

/// A pattern of a row. Random ones draw from Philox4x32 keyed by (case seed, tensor, row) and
/// counted by column.
struct FillPattern {
  const char* name;
  const char* meaning;
};

/// The patterns that a RowRecipe may name. Every value is multiplied by 2^exponent of the recipe,
/// then rounded to the dtype; bit patterns stand as they are.
inline constexpr FillPattern kFillPatterns[] = {
    {"zero", "0"},
    {"one", "1"},
    {"normal", "nearly N(0, 1)"},
    {"powers", "+-2^e, e in -12..3"},
    {"spike",
     "N(0, 1) * 2^-12 but for one element of about 1: most quotients round to zero, either sign"},
    {"halfway",
     "values and midpoints of the FP8 format, with an element that makes the scale a power of two"},
    {"edge", "about the largest FP8 value: 224, 240, 248, 448, 464, 480 and their neighbours"},
    {"bits", "any finite bit pattern"},
    {"any", "any bit pattern: also NaN and Inf"},
};

/// The bits of one row of `columns` elements. `format` is the FP8 format that halfway values are
/// halfway in. Throws Error(kUsage) for an unknown pattern, or a set column beyond the row.
std::vector<uint16_t> fill_row(const RowRecipe& recipe, Dtype16 dtype, quant::Fp8 format,
                               uint32_t columns, const DataKey& key);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_DATA_H_
