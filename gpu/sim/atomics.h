// Atomics of the lanes of a wave, shared by the LDS, global, flat and buffer families. Included by
// op files only.
#ifndef WAVEFUZZ_GPU_SIM_ATOMICS_H_
#define WAVEFUZZ_GPU_SIM_ATOMICS_H_

#include "gpu/sim/lane_memory.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {

// One lane's read-modify-write. Returns the old content; undefined content or data stays undefined.
struct AtomicData {
  const u32* data[2];     // dwords of the operand
  const u32* compare[2];  // of the compare value
  u64 undefined;          // lanes whose operand has poison
};
SIM_INLINE void atomic_lane(Machine& m, const Span& s, const Op* op, unsigned i, u64 address,
                            unsigned bytes, const AtomicData& a, Loaded& out) {
  const u64 offset = address - s.address;
  const u64 all = (u64{1} << bytes) - 1;
  if (m.shared != nullptr)
    while (m.shared->atomics.test_and_set(std::memory_order_acquire)) {
    }
  u64 old = 0;
  __builtin_memcpy(&old, s.data + offset, bytes);
  u64 data = a.data[0][i], compare = 0;
  if (bytes == 8) data |= u64(a.data[1][i]) << 32;
  if (a.compare[0] != nullptr) {
    compare = a.compare[0][i];
    if (bytes == 8) compare |= u64(a.compare[1][i]) << 32;
  }
  const u64 result = op->row->atomic(old, data, compare);
  __builtin_memcpy(s.data + offset, &result, bytes);
  out.dword[0][i] = u32(old);
  out.dword[1][i] = u32(old >> 32);
  if (s.initialised != nullptr) {
    const u64 undefined = ~bits_at(s.initialised, offset, bytes) & all;
    if (undefined != 0) {
      out.any_undefined = true;
      for (unsigned b = 0; b < bytes; ++b) out.undefined[b] |= u64{1} << i;
    }
    set_bits_at(m, s.initialised, offset, bytes,
                undefined != 0 || (a.undefined >> i & 1) ? 0 : all);
  }
  if (s.written != nullptr) set_bits_at(m, s.written, offset, bytes, all);
  if (m.shared != nullptr) m.shared->atomics.clear(std::memory_order_release);
  touch(m, s, offset, bytes);
}

// The operations of global, flat, buffer and LDS atomics.
namespace atomics {
template <typename T>
SIM_INLINE T as(u64 x) {
  return T(x);
}
template <>
SIM_INLINE float as<float>(u64 x) {
  return as_float(u32(x));
}
template <>
SIM_INLINE double as<double>(u64 x) {
  return as_double(x);
}
template <typename T>
SIM_INLINE u64 raw(T x) {
  return u64(std::make_unsigned_t<T>(x));
}
template <>
SIM_INLINE u64 raw<float>(float x) {
  return is_nan32(as_bits(x)) ? kNanF32 : as_bits(x);
}
template <>
SIM_INLINE u64 raw<double>(double x) {
  return is_nan64(as_bits(x)) ? kNanF64 : as_bits(x);
}

template <typename T>
u64 add(u64 m, u64 d, u64) {
  return raw<T>(T(as<T>(m) + as<T>(d)));
}
template <typename T>
u64 sub(u64 m, u64 d, u64) {
  return raw<T>(T(as<T>(m) - as<T>(d)));
}
template <typename T>
u64 rsub(u64 m, u64 d, u64) {
  return raw<T>(T(as<T>(d) - as<T>(m)));
}
template <typename T>
u64 min(u64 m, u64 d, u64) {
  return raw<T>(as<T>(d) < as<T>(m) ? as<T>(d) : as<T>(m));
}
template <typename T>
u64 max(u64 m, u64 d, u64) {
  return raw<T>(as<T>(d) > as<T>(m) ? as<T>(d) : as<T>(m));
}
template <typename T>
u64 and_(u64 m, u64 d, u64) {
  return T(m & d);
}
template <typename T>
u64 or_(u64 m, u64 d, u64) {
  return T(m | d);
}
template <typename T>
u64 xor_(u64 m, u64 d, u64) {
  return T(m ^ d);
}
template <typename T>
u64 inc(u64 m, u64 d, u64) {
  return T(m) >= T(d) ? 0 : T(m + 1);
}
template <typename T>
u64 dec(u64 m, u64 d, u64) {
  return T(m) == 0 || T(m) > T(d) ? T(d) : T(m - 1);
}
template <typename T>
u64 swap(u64, u64 d, u64) {
  return T(d);
}
template <typename T>
u64 cmpswap(u64 m, u64 d, u64 c) {
  return as<T>(m) == as<T>(c) ? d : m;
}
template <typename T>
u64 mskor(u64 m, u64 d, u64 mask) {
  return T((m & ~mask) | d);
}
inline u64 wrap(u64 m, u64 d, u64 first) {
  return u32(m) >= u32(first) ? u32(m - first) : u32(m + d);
}
// A half is exchanged where its data's top bit is set, for the other 31 bits.
inline u64 condxchg32(u64 m, u64 d, u64) {
  const u64 low = d >> 31 & 1 ? d & 0x7fff'ffff : m & 0xffff'ffff;
  const u64 high = d >> 63 ? d >> 32 & 0x7fff'ffff : m >> 32;
  return low | high << 32;
}
// A sum whose NaN, where no operand is one, is the default.
SIM_INLINE u32 plus(u32 a, u32 b) {
  const u32 sum = as_bits(as_float(a) + as_float(b));
  return is_nan32(sum) && !is_nan32(a) && !is_nan32(b) ? kNanF32 : sum;
}
inline u64 pk_add_f16(u64 m, u64 d, u64) {
  u64 r = 0;
  for (unsigned s = 0; s < 32; s += 16) {
    const u32 sum = plus(f32_from_f16(m >> s & 0xffff), f32_from_f16(d >> s & 0xffff));
    r |= u64(f16_from_f32(sum, Round::kNearest, false)) << s;
  }
  return r;
}
inline u64 pk_add_bf16(u64 m, u64 d, u64) {
  u64 r = 0;
  for (unsigned s = 0; s < 32; s += 16) {
    const u32 b = plus(u32(m >> s & 0xffff) << 16, u32(d >> s & 0xffff) << 16);
    r |= u64(is_nan32(b) ? quiet32(b) >> 16 : (b + 0x7fff + (b >> 16 & 1)) >> 16) << s;
  }
  return r;
}
}  // namespace atomics

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA

#endif  // WAVEFUZZ_GPU_SIM_ATOMICS_H_
