#include "gpu/kernarg_type.h"

#include <bit>
#include <limits>

#include "quant/float16.h"

namespace wavefuzz {
namespace {

template <typename T>
constexpr KernargType integer(std::string_view name) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  return {name, sizeof(T), KernargType::Kind::kInteger,
          static_cast<int64_t>(std::numeric_limits<T>::min()),
          uint64_t{std::numeric_limits<T>::max()} > uint64_t{kMost}
              ? kMost
              : static_cast<int64_t>(std::numeric_limits<T>::max())};
}

constexpr KernargType real(std::string_view name, uint32_t bytes) {
  return {name, bytes, KernargType::Kind::kReal};
}

constexpr KernargType kTypes[] = {
    {"bool", 1, KernargType::Kind::kInteger, 0, 1},
    integer<int8_t>("i8"),
    integer<uint8_t>("u8"),
    integer<int16_t>("i16"),
    integer<uint16_t>("u16"),
    integer<int32_t>("i32"),
    integer<uint32_t>("u32"),
    integer<int64_t>("i64"),
    integer<uint64_t>("u64"),
    real("f16", 2),
    real("bf16", 2),
    real("f32", 4),
    real("f64", 8),
};

}  // namespace

const KernargType* find_kernarg_type(std::string_view name) {
  for (const KernargType& type : kTypes)
    if (type.name == name) return &type;
  return nullptr;
}

std::string kernarg_type_names() {
  std::string names = "ptr";
  for (const KernargType& type : kTypes) names += ", " + std::string(type.name);
  return names + " or bytes";
}

uint64_t kernarg_bits(const KernargType& type, double value) {
  if (type.name == "f64") return std::bit_cast<uint64_t>(value);
  const float f = static_cast<float>(value);
  if (type.name == "f16") return quant::encode_f16(f);
  if (type.name == "bf16") return quant::encode_bf16(f);
  return std::bit_cast<uint32_t>(f);
}

}  // namespace wavefuzz
