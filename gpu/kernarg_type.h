#ifndef WAVEFUZZ_GPU_KERNARG_TYPE_H_
#define WAVEFUZZ_GPU_KERNARG_TYPE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wavefuzz {

/// The values of a kernarg field's type that is one number.
struct KernargType {
  enum class Kind : uint8_t { kInteger, kReal };
  std::string_view name;
  uint32_t bytes;
  Kind kind;
  int64_t min = 0;  ///< of an integer
  int64_t max = 0;

  bool real() const { return kind == Kind::kReal; }
};

/// bool, u8, ..., f64; null for ptr, bytes and whatever is no type.
const KernargType* find_kernarg_type(std::string_view name);

/// "ptr, bool, i8, ...", for messages.
std::string kernarg_type_names();

/// The bits of a real value, rounded to the nearest; to 16 bits by way of f32, as hosts have it.
uint64_t kernarg_bits(const KernargType& type, double value);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_KERNARG_TYPE_H_
