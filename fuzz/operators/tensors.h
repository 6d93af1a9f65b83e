#ifndef WAVEFUZZ_FUZZ_OPERATORS_TENSORS_H_
#define WAVEFUZZ_FUZZ_OPERATORS_TENSORS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/case/case.h"
#include "fuzz/case/data.h"
#include "gpu/problem.h"

namespace wavefuzz {

/// The bytes of integers as an i32 tensor has them; wider ones lose their upper half.
template <typename Integers>
std::vector<uint8_t> pack_i32(const Integers& values) {
  std::vector<uint32_t> bits;
  for (const auto value : values) bits.push_back(static_cast<uint32_t>(value));
  return pack(Dtype::kI32, bits);
}

/// An index tensor of the case as a read-only buffer of its name; empty where the case has none.
inline Buffer int32_buffer(const Case& c, const std::string& name) {
  Buffer buffer = {.name = name, .access = Access::kRead};
  const auto it = c.integers.find(name);
  if (it == c.integers.end()) return buffer;
  buffer.contents.push_back({0, pack_i32(it->second)});
  buffer.bytes = it->second.size() * sizeof(int32_t);
  return buffer;
}

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_TENSORS_H_
