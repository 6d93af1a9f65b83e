#include "fuzz/case/data.h"

#include <Random123/philox.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

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
enum class Fill {
  kZero,
  kOne,
  kNormal,
  kPowers,
  kSpike,
  kHalfway,
  kEdge,
  kBits,
  kAny,
  kPositive,
  kSpread,
  kRamp,
  kAlternate,
  kClose,
};

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

struct DtypeRow {
  const char* name;
  uint32_t bytes;
  uint32_t exponent_mask;  // all ones: not finite. FP8 formats differ too much for one mask
  std::optional<quant::Fp8> fp8;
};

/// In the order of Dtype.
constexpr DtypeRow kDtypes[] = {
    {"bf16", 2, 0x7F80, {}},
    {"f16", 2, 0x7C00, {}},
    {"f32", 4, 0x7F800000, {}},
    {"e4m3fn", 1, 0, quant::Fp8::kE4m3fn},
    {"e4m3fnuz", 1, 0, quant::Fp8::kE4m3fnuz},
    {"e5m2", 1, 0, quant::Fp8::kE5m2},
    {"e5m2fnuz", 1, 0, quant::Fp8::kE5m2fnuz},
    {"i8", 1, 0, {}},
    {"i32", 4, 0, {}},
};

const DtypeRow& row_of(Dtype dtype) { return kDtypes[static_cast<size_t>(dtype)]; }

/// To nearest, ties to even, from -127 to 127 as symmetric quantisation has it.
uint32_t encode_i8(float value) {
  if (std::isnan(value)) return 0x80;  // what nothing is quantised to
  const float rounded = std::nearbyint(std::fmin(std::fmax(value, -127.0f), 127.0f));
  return static_cast<uint8_t>(static_cast<int8_t>(rounded));
}

uint32_t any_bits(Dtype dtype, uint32_t word, bool finite) {
  const DtypeRow& row = row_of(dtype);
  uint32_t bits = row.bytes == 4 ? word : word & ((1u << 8 * row.bytes) - 1);
  if (!finite) return bits;
  if (row.fp8) return std::isfinite(quant::decode(*row.fp8, static_cast<uint8_t>(bits))) ? bits : 1;
  if ((bits & row.exponent_mask) == row.exponent_mask) bits ^= row.exponent_mask;
  return bits;
}

}  // namespace

Dtype parse_dtype(const std::string& name) {
  std::string names;
  for (size_t i = 0; i < std::size(kDtypes); ++i) {
    if (name == kDtypes[i].name) return static_cast<Dtype>(i);
    names += (i == 0 ? "" : ", ") + std::string(kDtypes[i].name);
  }
  throw Error(Exit::kUsage, fmt::format("'{}' is not a dtype ({})", name, names));
}

Dtype parse_dtype16(const std::string& name) {
  if (name == "bf16" || name == "f16") return parse_dtype(name);
  throw Error(Exit::kUsage, fmt::format("'{}' is not a 16-bit dtype (bf16, f16)", name));
}

const char* name(Dtype dtype) { return row_of(dtype).name; }
uint32_t bytes_of(Dtype dtype) { return row_of(dtype).bytes; }
std::optional<quant::Fp8> fp8_of(Dtype dtype) { return row_of(dtype).fp8; }

Dtype dtype_of(quant::Fp8 format) {
  for (size_t i = 0; i < std::size(kDtypes); ++i) {
    if (kDtypes[i].fp8 == format) return static_cast<Dtype>(i);
  }
  throw Error(Exit::kInternal, "an FP8 format without a dtype");
}

float decode(Dtype dtype, uint32_t bits) {
  switch (dtype) {
    case Dtype::kBf16:
      return quant::decode_bf16(static_cast<uint16_t>(bits));
    case Dtype::kF16:
      return quant::decode_f16(static_cast<uint16_t>(bits));
    case Dtype::kF32:
      return std::bit_cast<float>(bits);
    case Dtype::kI8:
      return static_cast<float>(static_cast<int8_t>(bits));
    case Dtype::kI32:
      return static_cast<float>(static_cast<int32_t>(bits));
    default:
      return quant::decode(*row_of(dtype).fp8, static_cast<uint8_t>(bits));
  }
}

uint32_t encode(Dtype dtype, float value) {
  switch (dtype) {
    case Dtype::kBf16:
      return quant::encode_bf16(value);
    case Dtype::kF16:
      return quant::encode_f16(value);
    case Dtype::kF32:
      return std::bit_cast<uint32_t>(value);
    case Dtype::kI8:
      return encode_i8(value);
    case Dtype::kI32:
      return static_cast<uint32_t>(std::llrint(std::clamp(
          static_cast<double>(value), static_cast<double>(std::numeric_limits<int32_t>::min()),
          static_cast<double>(std::numeric_limits<int32_t>::max()))));
    default:
      return quant::encode(*row_of(dtype).fp8, value, quant::kCastCudaSatfinite);
  }
}

std::vector<uint8_t> pack(Dtype dtype, std::span<const uint32_t> bits) {
  const uint32_t bytes = bytes_of(dtype);
  std::vector<uint8_t> out(bits.size() * bytes);
  for (size_t i = 0; i < bits.size(); ++i) std::memcpy(&out[i * bytes], &bits[i], bytes);
  return out;
}

uint32_t load_bits(Dtype dtype, const uint8_t* bytes) {
  uint32_t bits = 0;
  std::memcpy(&bits, bytes, bytes_of(dtype));
  return bits;
}

std::vector<uint32_t> tensor_row(const Case& c, const std::string& tensor, uint64_t row,
                                 Dtype dtype, uint32_t columns) {
  return fill_row(recipe_of(c, tensor, row), dtype, fp8_of(dtype).value_or(quant::Fp8::kE4m3fn),
                  columns, {c.seed, tensor, row});
}

std::vector<uint32_t> fill_row(const RowRecipe& recipe, Dtype dtype, quant::Fp8 format,
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
      case Fill::kPositive:
        return 1 + uniform(words[0]);
      case Fill::kSpread:
        return std::ldexp(1 + uniform(words[0]), static_cast<int>(words[1] % 17) - 8);
      case Fill::kRamp:
        return 1 + static_cast<float>(column);
      case Fill::kClose:
        return 1 + uniform(words[0]) * 0x1p-11f;
      case Fill::kAlternate:
        return column % 2 == 0 ? 1.0f : -1.0f;
      case Fill::kBits:
      case Fill::kAny:
        break;  // no values, but bits
    }
    return 0;
  };

  std::vector<uint32_t> row(columns);
  const bool bits = fill == Fill::kBits || fill == Fill::kAny;
  const float scale = std::ldexp(1.0f, static_cast<int>(recipe.exponent));
  for (uint32_t column = 0; column < columns && fill != Fill::kZero; ++column) {
    row[column] = bits ? any_bits(dtype, random(column)[0], fill == Fill::kBits)
                       : encode(dtype, value(column) * scale);
  }
  for (const auto& [column, bits] : recipe.set) {
    if (column >= columns) {
      throw Error(Exit::kUsage, fmt::format("row {} of {}: set column {} is outside 0..{}", key.row,
                                            key.tensor, column, static_cast<int64_t>(columns) - 1));
    }
    if (uint64_t{bits} >> 8 * bytes_of(dtype) != 0) {
      throw Error(Exit::kUsage, fmt::format("row {} of {}: set bits {:#x} do not fit {}", key.row,
                                            key.tensor, bits, name(dtype)));
    }
    row[column] = bits;
  }
  return row;
}

void keep_finite(std::vector<uint32_t>& bits, Dtype dtype) {
  for (uint32_t& b : bits) {
    if (!std::isfinite(decode(dtype, b))) b = 0;
  }
}

}  // namespace wavefuzz
