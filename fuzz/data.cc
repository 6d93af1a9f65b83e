#include "fuzz/data.h"

#include <Random123/philox.h>
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "gpu/error.h"
#include "quant/float16.h"

namespace wavefuzz {
namespace {

/// Four random words for each column.
class RowRandom {
 public:
  explicit RowRandom(const DataKey& key) {
    const uint64_t stream = key.case_seed ^ stable_hash(key.tensor);
    key_ = {{static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)}};
    row_ = key.row;
  }

  std::array<uint32_t, 4> operator()(uint32_t column) const {
    const r123::Philox4x32::ctr_type counter = {
        {column, static_cast<uint32_t>(row_), static_cast<uint32_t>(row_ >> 32), 0}};
    const r123::Philox4x32::ctr_type out = r123::Philox4x32()(counter, key_);
    return {out[0], out[1], out[2], out[3]};
  }

 private:
  r123::Philox4x32::key_type key_ = {};
  uint64_t row_ = 0;
};

/// In the order of kFillPatterns.
enum class Fill { kZero, kOne, kNormal, kPowers, kSpike, kHalfway, kEdge, kBits, kAny };

Fill parse_fill(const std::string& name) {
  for (size_t i = 0; i < std::size(kFillPatterns); ++i) {
    if (name == kFillPatterns[i].name) return static_cast<Fill>(i);
  }
  throw Error(Exit::kUsage, fmt::format("fill pattern '{}' is unknown", name));
}

constexpr uint32_t kRowColumn = 0xFFFFFFFF;  // the counter of what a row draws once

float uniform(uint32_t word) {
  return (static_cast<float>(word >> 8) + 0.5f) * 0x1p-24f;  // in (0, 1)
}

/// Nearly N(0, 1), within +-4.9: the sum of eight uniforms (Irwin-Hall), scaled to variance 1.
/// Integer arithmetic and one rounding, where Box-Muller would leave bits to the math library: the
/// same case must give the same bits on every machine.
float normal(const std::array<uint32_t, 4>& words) {
  int32_t sum = -4 * 0xFFFF;  // the mean of eight 16-bit numbers
  for (const uint32_t word : words) sum += static_cast<int32_t>((word & 0xFFFF) + (word >> 16));
  constexpr float kScale = 1.22474487f * 0x1p-16f;  // sqrt(12 / 8)
  return static_cast<float>(sum) * kScale;
}

float sign(uint32_t word) { return (word & 1) ? -1.0f : 1.0f; }

/// A value of the format, or the midpoint of two neighbours, either sign. Both are exact in bf16
/// and f16.
float halfway(quant::Fp8 format, const std::array<uint32_t, 4>& words) {
  const uint32_t below_max = quant::format(format).max_finite;
  const auto code = static_cast<uint8_t>(words[0] % below_max);
  const float low = quant::decode(format, code);
  const float high = quant::decode(format, static_cast<uint8_t>(code + 1));
  return sign(words[1]) * ((words[2] & 1) ? (low + high) / 2 : low);
}

/// The element that makes `amax / divisor` a power of two for the divisors in use with the format.
float power_of_two_amax(quant::Fp8 format) {
  return format == quant::Fp8::kE4m3fnuz ? 224.0f : 448.0f;
}

float edge(const std::array<uint32_t, 4>& words) {
  constexpr float kEdges[] = {223, 224, 225, 239, 240, 241, 247, 248,
                              249, 447, 448, 449, 463, 464, 465, 480};
  return sign(words[1]) * kEdges[words[0] % std::size(kEdges)];
}

uint16_t any_bits(Dtype16 dtype, uint32_t word, bool finite) {
  const uint16_t exponent_mask = dtype == Dtype16::kBf16 ? 0x7F80 : 0x7C00;
  auto bits = static_cast<uint16_t>(word);
  if (finite && (bits & exponent_mask) == exponent_mask) bits ^= exponent_mask;
  return bits;
}

}  // namespace

Dtype16 parse_dtype16(const std::string& name) {
  if (name == "bf16") return Dtype16::kBf16;
  if (name == "f16") return Dtype16::kF16;
  throw Error(Exit::kUsage, fmt::format("'{}' is not a 16-bit dtype (bf16, f16)", name));
}

float decode16(Dtype16 dtype, uint16_t bits) {
  return dtype == Dtype16::kBf16 ? quant::decode_bf16(bits) : quant::decode_f16(bits);
}

uint16_t encode16(Dtype16 dtype, float value) {
  return dtype == Dtype16::kBf16 ? quant::encode_bf16(value) : quant::encode_f16(value);
}

std::vector<uint16_t> fill_row(const RowRecipe& recipe, Dtype16 dtype, quant::Fp8 format,
                               uint32_t columns, const DataKey& key) {
  const RowRandom random(key);
  const uint32_t chosen =
      columns == 0 ? 0 : random(kRowColumn)[0] % columns;  // the spike, or the amax
  const Fill fill = parse_fill(recipe.fill);
  const auto value = [&](uint32_t column) -> float {
    const std::array<uint32_t, 4> words = random(column);
    switch (fill) {
      case Fill::kZero:
        return 0;
      case Fill::kOne:
        return 1;
      case Fill::kNormal:
        return normal(words);
      case Fill::kPowers:
        return sign(words[1]) * std::ldexp(1.0f, static_cast<int>(words[0] % 16) - 12);
      case Fill::kSpike:
        return column == chosen ? 1 + uniform(words[2]) : normal(words) * 0x1p-12f;
      case Fill::kHalfway:
        return column == chosen ? power_of_two_amax(format) : halfway(format, words);
      case Fill::kEdge:
        return edge(words);
      case Fill::kBits:
      case Fill::kAny:
        break;  // no values, but bits
    }
    return 0;
  };

  std::vector<uint16_t> row(columns);
  const bool bits = fill == Fill::kBits || fill == Fill::kAny;
  const float scale = std::ldexp(1.0f, static_cast<int>(recipe.exponent));
  for (uint32_t column = 0; column < columns && fill != Fill::kZero; ++column) {
    row[column] = bits ? any_bits(dtype, random(column)[0], fill == Fill::kBits)
                       : encode16(dtype, value(column) * scale);
  }
  for (const auto& [column, bits] : recipe.set) {
    if (column >= columns) {
      throw Error(Exit::kUsage, fmt::format("row {} of {}: set column {} is outside 0..{}", key.row,
                                            key.tensor, column, static_cast<int64_t>(columns) - 1));
    }
    row[column] = bits;
  }
  return row;
}

}  // namespace wavefuzz
