// The types of generated programs, and how a value of each is made of others.
#ifndef WAVEFUZZ_GPU_SIM_PROGRAMS_VALUE_RULES_H_
#define WAVEFUZZ_GPU_SIM_PROGRAMS_VALUE_RULES_H_

#include <cstdint>
#include <string>
#include <vector>

namespace wavefuzz::programs {

using Text = std::string;

enum Type : uint8_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kU64,
  kI64,
  kBool,
  kF16,
  kBf16,
  kF32,
  kF64,
  kU16x2,
  kI16x2,
  kF16x2,
  kF32x2,
  kU32x4,
  kTypes
};
// clang-format off
constexpr const char* kNames[] = {"u8",  "i8",   "u16", "i16", "u32",   "i32",   "u64",   "i64",   "bool",
                                  "f16", "bf16", "f32", "f64", "u16x2", "i16x2", "f16x2", "f32x2", "u32x4"};
// clang-format on
constexpr unsigned kBits[] = {8, 8, 16, 16, 32, 32, 64, 64, 1};
inline bool is_integer(Type t) { return t < kBool; }
inline bool is_signed(Type t) { return is_integer(t) && t % 2 == 1; }

/// How to make a value of a type from others: $0, $1, ... are the arguments.
struct Rule {
  Type result;
  Text format;
  std::vector<Type> arguments;
};

/// Those that are meant to be met more often stand there more than once.
std::vector<Rule> all_rules();

}  // namespace wavefuzz::programs

#endif  // WAVEFUZZ_GPU_SIM_PROGRAMS_VALUE_RULES_H_
