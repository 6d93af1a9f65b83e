// Narrow integers in wide host types, for expectations.
#ifndef WAVEFUZZ_GPU_SIM_OPCODE_TEST_INT_MATH_H_
#define WAVEFUZZ_GPU_SIM_OPCODE_TEST_INT_MATH_H_

#include <algorithm>

#include "gpu/sim/opcode_test/case.h"

namespace wavefuzz::sim::opcode {

using i128 = __int128;
using u128 = unsigned __int128;

inline i64 s8(u64 x) { return int8_t(x); }
inline i64 s16(u64 x) { return int16_t(x); }
inline i64 s24(u64 x) { return i64(x << 40) >> 40; }
inline i64 s32(u64 x) { return int32_t(x); }
inline u64 u8(u64 x) { return x & 0xff; }
inline u64 u16(u64 x) { return x & 0xffff; }
inline u64 u24(u64 x) { return x & 0xff'ffff; }
inline u64 u32(u64 x) { return x & 0xffff'ffff; }
inline u64 within(i128 x, i128 low, i128 high) { return u64(std::clamp(x, low, high)); }
// The exact value as an N-bit result: saturated where clamp is asked for, else its low bits.
inline u64 signed_result(const Lane& x, i128 exact, unsigned bits) {
  const i128 limit = i128{1} << (bits - 1);
  return x.clamp ? within(exact, -limit, limit - 1) : u64(exact);
}
inline u64 unsigned_result(const Lane& x, i128 exact, unsigned bits) {
  return x.clamp ? within(exact, 0, (i128{1} << bits) - 1) : u64(exact);
}
// What f gives for the low and the high halves.
template <typename F>
u64 halves(F f, u64 a, u64 b = 0, u64 c = 0) {
  return u16(f(u16(a), u16(b), u16(c))) | u16(f(u16(a >> 16), u16(b >> 16), u16(c >> 16))) << 16;
}
inline unsigned leading_zeros(u64 x, unsigned bits) {
  unsigned n = 0;
  while (n < bits && !(x >> (bits - 1 - n) & 1)) ++n;
  return n;
}
inline unsigned trailing_zeros(u64 x, unsigned bits) {
  unsigned n = 0;
  while (n < bits && !(x >> n & 1)) ++n;
  return n;
}
inline unsigned ones(u64 x) {
  unsigned n = 0;
  for (; x != 0; x &= x - 1) ++n;
  return n;
}
inline u64 reversed(u64 x, unsigned bits) {
  u64 r = 0;
  for (unsigned i = 0; i < bits; ++i) r |= (x >> i & 1) << (bits - 1 - i);
  return r;
}

}  // namespace wavefuzz::sim::opcode

#endif  // WAVEFUZZ_GPU_SIM_OPCODE_TEST_INT_MATH_H_
