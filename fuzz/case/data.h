#ifndef WAVEFUZZ_FUZZ_CASE_DATA_H_
#define WAVEFUZZ_FUZZ_CASE_DATA_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fuzz/case/case.h"
#include "quant/fp8.h"

namespace wavefuzz {

/// The element types of the kernels' tensors.
enum class Dtype { kBf16, kF16, kF32, kE4m3fn, kE4m3fnuz, kE5m2, kE5m2fnuz, kI8, kI32 };

/// "bf16", "f16", "f32", "e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz", "i8", "i32"; throws
/// Error(kUsage).
Dtype parse_dtype(const std::string& name);
/// The same, of bf16 and f16 only.
Dtype parse_dtype16(const std::string& name);
const char* name(Dtype dtype);
uint32_t bytes_of(Dtype dtype);
std::optional<quant::Fp8> fp8_of(Dtype dtype);  ///< nothing when it is none
Dtype dtype_of(quant::Fp8 format);

float decode(Dtype dtype, uint32_t bits);  ///< exact
/// Rounds to nearest even; finite values too large for an FP8 format saturate.
uint32_t encode(Dtype dtype, float value);

/// Elements as they lie in memory, little endian, and back.
std::vector<uint8_t> pack(Dtype dtype, std::span<const uint32_t> bits);
uint32_t load_bits(Dtype dtype, const uint8_t* bytes);

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
    {"positive", "[1, 2): scales"},
    {"spread",
     "[1, 2) * 2^e, e in -8..8: scales that differ from row to row and element to element"},
    {"ramp", "1 + column"},
    {"alternate", "+1, -1, +1, ..."},
    {"close", "[1, 1 + 2^-11): all round to the same half"},
};

/// The bits of one row of `columns` elements. `format` is the FP8 format that halfway values are
/// halfway in. Throws Error(kUsage) for an unknown pattern, or a set column beyond the row.
std::vector<uint32_t> fill_row(const RowRecipe& recipe, Dtype dtype, quant::Fp8 format,
                               uint32_t columns, const DataKey& key);

/// Row `row` of a tensor of the case: its recipe (recipe_of), keyed by the case's seed.
std::vector<uint32_t> tensor_row(const Case& c, const std::string& tensor, uint64_t row,
                                 Dtype dtype, uint32_t columns);

/// Makes infinities and NaN zeros, for kernels that promise nothing of them.
void keep_finite(std::vector<uint32_t>& bits, Dtype dtype);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CASE_DATA_H_
