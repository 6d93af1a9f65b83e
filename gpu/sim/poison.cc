#include "gpu/sim/poison.h"

#include <algorithm>
#include <bit>
#include <type_traits>

namespace wavefuzz::sim {
namespace {

constexpr uint64_t kAll = ~0ull;
uint64_t all_if(uint64_t bits) { return bits != 0 ? kAll : 0; }

// Bits at and above the lowest one, at and below the highest one.
uint64_t upwards(uint64_t bits) { return 0 - (bits & (0 - bits)); }
uint64_t downwards(uint64_t bits) { return bits == 0 ? 0 : kAll >> std::countl_zero(bits); }
// Of a result that lies anywhere between two values.
uint64_t between(uint64_t least, uint64_t most) { return downwards(least ^ most); }

// The least and the most that an operand may be, as the compare's type orders values: shifted so
// that unsigned order is right.
struct Range {
  uint64_t least, most;
};
template <typename T>
Range range(uint64_t value, uint64_t poison) {
  using U = std::make_unsigned_t<T>;
  const U v = U(value), p = U(poison);
  if constexpr (std::is_signed_v<T>) {
    constexpr U kSign = U(U{1} << (sizeof(T) * 8 - 1));  // turned over, it orders as unsigned
    return {U((v ^ kSign) & U(~p)), U((v ^ kSign) | p)};
  } else {
    return {U(v & U(~p)), U(v | p)};
  }
}

uint64_t and_rule(uint64_t a, uint64_t pa, uint64_t b, uint64_t pb) {
  return (pa & (b | pb)) | (pb & (a | pa));  // a defined 0 on either side decides
}
uint64_t or_rule(uint64_t a, uint64_t pa, uint64_t b, uint64_t pb) {
  return (pa & (~b | pb)) | (pb & (~a | pa));  // a defined 1 does
}
uint64_t sign_extend(uint64_t bits, unsigned width) {
  if (width == 0) return 0;
  return uint64_t(int64_t(bits << (64 - width)) >> (64 - width));
}

}  // namespace

uint64_t poison_copy(const uint64_t*, const uint64_t* p) { return p[0]; }
uint64_t poison_and(const uint64_t* v, const uint64_t* p) {
  return and_rule(v[0], p[0], v[1], p[1]);
}
uint64_t poison_andn2(const uint64_t* v, const uint64_t* p) {
  return and_rule(v[0], p[0], ~v[1], p[1]);
}
uint64_t poison_or(const uint64_t* v, const uint64_t* p) { return or_rule(v[0], p[0], v[1], p[1]); }
uint64_t poison_orn2(const uint64_t* v, const uint64_t* p) {
  return or_rule(v[0], p[0], ~v[1], p[1]);
}
uint64_t poison_xor(const uint64_t*, const uint64_t* p) { return p[0] | p[1]; }
uint64_t poison_or3(const uint64_t* v, const uint64_t* p) {
  return or_rule(v[0] | v[1], or_rule(v[0], p[0], v[1], p[1]), v[2], p[2]);
}
uint64_t poison_and_or(const uint64_t* v, const uint64_t* p) {
  return or_rule(v[0] & v[1], and_rule(v[0], p[0], v[1], p[1]), v[2], p[2]);
}
uint64_t poison_lshl32(const uint64_t* v, const uint64_t* p) {
  return all_if(p[1] & 31) | uint32_t(p[0]) << (v[1] & 31);
}
uint64_t poison_lshr32(const uint64_t* v, const uint64_t* p) {
  return all_if(p[1] & 31) | uint32_t(p[0]) >> (v[1] & 31);
}
uint64_t poison_ashr32(const uint64_t* v, const uint64_t* p) {
  return all_if(p[1] & 31) | uint32_t(int32_t(p[0]) >> (v[1] & 31));
}
uint64_t poison_lshl64(const uint64_t* v, const uint64_t* p) {
  return all_if(p[1] & 63) | p[0] << (v[1] & 63);
}
uint64_t poison_lshr64(const uint64_t* v, const uint64_t* p) {
  return all_if(p[1] & 63) | p[0] >> (v[1] & 63);
}
uint64_t poison_ashr64(const uint64_t* v, const uint64_t* p) {
  return all_if(p[1] & 63) | uint64_t(int64_t(p[0]) >> (v[1] & 63));
}
#define REVERSED(NAME)                                                  \
  uint64_t poison_##NAME##rev32(const uint64_t* v, const uint64_t* p) { \
    const uint64_t rv[] = {v[1], v[0]}, rp[] = {p[1], p[0]};            \
    return poison_##NAME##32(rv, rp);                                   \
  }                                                                     \
  uint64_t poison_##NAME##rev64(const uint64_t* v, const uint64_t* p) { \
    const uint64_t rv[] = {v[1], v[0]}, rp[] = {p[1], p[0]};            \
    return poison_##NAME##64(rv, rp);                                   \
  }
REVERSED(lshl)
REVERSED(lshr)
REVERSED(ashr)
#undef REVERSED
uint64_t poison_lshlrev16(const uint64_t* v, const uint64_t* p) {
  return all_if(p[0] & 15) | p[1] << (v[0] & 15);
}
uint64_t poison_lshrrev16(const uint64_t* v, const uint64_t* p) {
  return all_if(p[0] & 15) | uint16_t(p[1]) >> (v[0] & 15);
}
uint64_t poison_ashrrev16(const uint64_t* v, const uint64_t* p) {
  return all_if(p[0] & 15) | uint16_t(int16_t(p[1]) >> (v[0] & 15));
}
uint64_t poison_carry(const uint64_t*, const uint64_t* p) { return upwards(p[0] | p[1] | p[2]); }
uint64_t poison_multiply(const uint64_t* v, const uint64_t* p) {
  if ((v[0] | p[0]) == 0 || (v[1] | p[1]) == 0) return 0;
  return poison_carry(v, p);
}
uint64_t poison_lshl_add64(const uint64_t* v, const uint64_t* p) {
  if ((p[1] & 7) != 0) return kAll;
  return upwards(p[0] << (v[1] & 7) | p[2]);
}
uint64_t poison_lshl_add32(const uint64_t* v, const uint64_t* p) {
  return upwards(poison_lshl32(v, p) | p[2]);
}
uint64_t poison_add_lshl(const uint64_t* v, const uint64_t* p) {
  return all_if(p[2] & 31) | uint32_t(upwards(p[0] | p[1])) << (v[2] & 31);
}
uint64_t poison_lshl_or(const uint64_t* v, const uint64_t* p) {
  return or_rule(uint32_t(v[0]) << (v[1] & 31), poison_lshl32(v, p), v[2], p[2]);
}
uint64_t poison_select(const uint64_t* v, const uint64_t* p) {
  // Where both agree, it does not matter which one it is.
  return p[2] != 0 ? p[0] | p[1] | (v[0] ^ v[1]) : v[2] != 0 ? p[1] : p[0];
}
uint64_t poison_select_scc(const uint64_t* v, const uint64_t* p) {
  return p[2] != 0 ? p[0] | p[1] | (v[0] ^ v[1]) : v[2] != 0 ? p[0] : p[1];
}
uint64_t poison_bfe_u32(const uint64_t* v, const uint64_t* p) {
  const unsigned width = v[2] & 31;
  return all_if((p[1] | p[2]) & 31) |
         ((uint32_t(p[0]) >> (v[1] & 31)) & ((uint64_t{1} << width) - 1));
}
uint64_t poison_bfe_i32(const uint64_t* v, const uint64_t* p) {
  const unsigned width = v[2] & 31;
  const uint64_t field = uint64_t(int64_t(int32_t(p[0])) >> (v[1] & 31));
  return sign_extend(field, width) | all_if((p[1] | p[2]) & 31);
}
uint64_t poison_bfi(const uint64_t* v, const uint64_t* p) {
  return p[0] | (v[0] & p[1]) | (~v[0] & p[2]);
}
uint64_t poison_bitop3(const uint64_t* v, const uint64_t* p) {
  uint64_t can_be[2] = {};  // over what the undefined bits of the operands may hold
  for (unsigned i = 0; i < 8; ++i) {
    uint64_t possible = kAll;
    for (unsigned k = 0; k < 3; ++k) possible &= p[k] | ((i >> (2 - k) & 1) ? v[k] : ~v[k]);
    can_be[v[3] >> i & 1] |= possible;
  }
  return can_be[0] & can_be[1];
}
uint64_t poison_alignbit(const uint64_t* v, const uint64_t* p) {
  return all_if(p[2] & 31) | uint32_t((p[0] << 32 | uint32_t(p[1])) >> (v[2] & 31));
}
uint64_t poison_alignbyte(const uint64_t* v, const uint64_t* p) {
  return all_if(p[2] & 3) | uint32_t((p[0] << 32 | uint32_t(p[1])) >> (8 * (v[2] & 3)));
}
uint64_t poison_perm(const uint64_t* v, const uint64_t* p) {
  // Selectors 0-7 pick a byte of {a, b}, 8-11 the sign of bytes 1, 3, 5 and 7, the others a
  // constant.
  const uint64_t data = p[0] << 32 | uint32_t(p[1]);
  uint64_t result = all_if(p[2]);
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned s = v[2] >> 8 * i & 0xff;
    const unsigned source = s < 8 ? s : 2 * (s - 8) + 1;
    if (s < 12 && (data >> 8 * source & 0xff) != 0) result |= uint64_t{0xff} << 8 * i;
  }
  return result;
}
uint64_t poison_pack(const uint64_t*, const uint64_t* p) {
  return (p[0] & 0xffff) | (p[1] & 0xffff) << 16;
}
uint64_t poison_packed16(const uint64_t*, const uint64_t* p) {
  const uint64_t any = p[0] | p[1] | p[2];
  return ((any & 0xffff) != 0 ? 0xffff : 0) | ((any >> 16 & 0xffff) != 0 ? 0xffff'0000 : 0);
}
uint64_t poison_packed32(const uint64_t*, const uint64_t* p) {
  const uint64_t any = p[0] | p[1] | p[2];
  return (uint32_t(any) != 0 ? 0xffff'ffff : 0) |
         (any >> 32 != 0 ? uint64_t{0xffff'ffff} << 32 : 0);
}

uint64_t poison_pk_mov(const uint64_t*, const uint64_t* p) {
  return uint32_t(p[0]) | p[1] >> 32 << 32;
}
uint64_t poison_byte0(const uint64_t*, const uint64_t* p) { return all_if(p[0] & 0xff); }
uint64_t poison_byte1(const uint64_t*, const uint64_t* p) { return all_if(p[0] >> 8 & 0xff); }
uint64_t poison_byte2(const uint64_t*, const uint64_t* p) { return all_if(p[0] >> 16 & 0xff); }
uint64_t poison_byte3(const uint64_t*, const uint64_t* p) { return all_if(p[0] >> 24 & 0xff); }

// --- Scalar instructions -------------------------------------------------------------------------

#define LSHL_ADD(N)                                                                             \
  uint64_t poison_lshl##N##_add32(const uint64_t*, const uint64_t* p) {                         \
    return upwards(p[0] << N | p[1]);                                                           \
  }                                                                                             \
  uint64_t poison_carry_out_lshl##N##_add32(const uint64_t* v, const uint64_t* p) {             \
    const Range a = range<uint32_t>(v[0], p[0]), b = range<uint32_t>(v[1], p[1]);               \
    return ((a.least << N) + b.least) >> 32 != 0 || ((a.most << N) + b.most) >> 32 == 0 ? 0     \
                                                                                        : kAll; \
  }
LSHL_ADD(1)
LSHL_ADD(2)
LSHL_ADD(3)
LSHL_ADD(4)
#undef LSHL_ADD
uint64_t poison_abs32(const uint64_t* v, const uint64_t* p) {
  if ((p[0] >> 31 & 1) != 0) return kAll;
  return (v[0] >> 31 & 1) != 0 ? upwards(p[0]) : p[0];
}
uint64_t poison_multiply_high(const uint64_t* v, const uint64_t* p) {
  return (v[0] | p[0]) == 0 || (v[1] | p[1]) == 0 ? 0 : kAll;
}
uint64_t poison_sext8(const uint64_t*, const uint64_t* p) { return sign_extend(p[0], 8); }
uint64_t poison_sext16(const uint64_t*, const uint64_t* p) { return sign_extend(p[0], 16); }
uint64_t poison_field_mask32(const uint64_t*, const uint64_t* p) {
  return all_if((p[0] | p[1]) & 31);
}
uint64_t poison_field_mask64(const uint64_t*, const uint64_t* p) {
  return all_if((p[0] | p[1]) & 63);
}

namespace {

// S1 of s_bfe: offset in its low bits, width in [22:16].
template <typename T>
uint64_t scalar_field(const uint64_t* v, const uint64_t* p) {
  constexpr unsigned kBits = sizeof(T) * 8;
  if ((p[1] & ((kBits - 1) | 0x7f'0000)) != 0) return kAll;
  const unsigned width = v[1] >> 16 & 0x7f;
  if (width == 0) return 0;
  const auto field = uint64_t(T(T(p[0]) >> (v[1] & (kBits - 1))));
  if (width >= kBits) return field;
  const uint64_t bits = field & ((uint64_t{1} << width) - 1);
  return std::is_signed_v<T> ? sign_extend(bits, width) : bits;
}
uint64_t reverse(uint64_t x, unsigned width) {
  uint64_t r = 0;
  for (unsigned i = 0; i < width; ++i) r |= (x >> i & 1) << (width - 1 - i);
  return r;
}
// The first operand is a bit's number, which then is defined; the second what it is set in.
uint64_t bit_set(const uint64_t* v, const uint64_t* p, unsigned width) {
  return (p[0] & (width - 1)) != 0 ? kAll : p[1] & ~(uint64_t{1} << (v[0] & (width - 1)));
}
// The number of the first one from below: nothing undefined may lie below it.
uint64_t first_one(uint64_t v, uint64_t p) {
  const uint64_t either = v | p;
  return p == 0 || ((either & (0 - either)) & ~p) != 0 ? 0 : kAll;
}
// And from above.
uint64_t last_one(uint64_t v, uint64_t p) {
  return p == 0 || (std::bit_floor(v | p) & ~p) != 0 ? 0 : kAll;
}
uint64_t ones(uint64_t v, uint64_t p) {
  return between(uint64_t(std::popcount(v & ~p)), uint64_t(std::popcount(v | p)));
}
// Of every nibble, whether a bit is set: undefined where no defined one decides.
uint64_t open_nibbles(uint64_t v, uint64_t p) {
  uint64_t r = 0;
  for (unsigned i = 0; i < 16; ++i) {
    const uint64_t value = v >> 4 * i & 15, poison = p >> 4 * i & 15;
    r |= uint64_t((value & ~poison) == 0 && poison != 0) << i;
  }
  return r;
}
// Either operand, as a compare decides that may be undefined itself.
uint64_t one_of(const uint64_t* v, const uint64_t* p, uint64_t open, bool first) {
  return open != 0 ? p[0] | p[1] | (v[0] ^ v[1]) : first ? p[0] : p[1];
}

}  // namespace

uint64_t poison_sbfe_u32(const uint64_t* v, const uint64_t* p) {
  return scalar_field<uint32_t>(v, p);
}
uint64_t poison_sbfe_i32(const uint64_t* v, const uint64_t* p) {
  return scalar_field<int32_t>(v, p);
}
uint64_t poison_sbfe_u64(const uint64_t* v, const uint64_t* p) {
  return scalar_field<uint64_t>(v, p);
}
uint64_t poison_sbfe_i64(const uint64_t* v, const uint64_t* p) {
  return scalar_field<int64_t>(v, p);
}
uint64_t poison_brev32(const uint64_t*, const uint64_t* p) { return reverse(p[0], 32); }
uint64_t poison_brev64(const uint64_t*, const uint64_t* p) { return reverse(p[0], 64); }
uint64_t poison_bitset32(const uint64_t* v, const uint64_t* p) { return bit_set(v, p, 32); }
uint64_t poison_bitset64(const uint64_t* v, const uint64_t* p) { return bit_set(v, p, 64); }
uint64_t poison_bitreplicate(const uint64_t*, const uint64_t* p) {
  uint64_t r = 0;
  for (unsigned i = 0; i < 32; ++i) r |= (p[0] >> i & 1) * 3 << 2 * i;
  return r;
}
uint64_t poison_bcnt0_32(const uint64_t* v, const uint64_t* p) {
  return ones(uint32_t(~v[0]), p[0]);
}
uint64_t poison_bcnt0_64(const uint64_t* v, const uint64_t* p) { return ones(~v[0], p[0]); }
uint64_t poison_bcnt1(const uint64_t* v, const uint64_t* p) { return ones(v[0], p[0]); }
uint64_t poison_ff0_32(const uint64_t* v, const uint64_t* p) {
  return first_one(uint32_t(~v[0]), p[0]);
}
uint64_t poison_ff0_64(const uint64_t* v, const uint64_t* p) { return first_one(~v[0], p[0]); }
uint64_t poison_ff1(const uint64_t* v, const uint64_t* p) { return first_one(v[0], p[0]); }
uint64_t poison_flbit(const uint64_t* v, const uint64_t* p) { return last_one(v[0], p[0]); }
uint64_t poison_flbit_i32(const uint64_t* v, const uint64_t* p) {
  if ((p[0] >> 31 & 1) != 0) return kAll;
  return last_one(uint32_t(int32_t(v[0]) < 0 ? ~v[0] : v[0]), p[0]);
}
uint64_t poison_flbit_i64(const uint64_t* v, const uint64_t* p) {
  if (p[0] >> 63 != 0) return kAll;
  return last_one(int64_t(v[0]) < 0 ? ~v[0] : v[0], p[0]);
}
uint64_t poison_quadmask(const uint64_t* v, const uint64_t* p) { return open_nibbles(v[0], p[0]); }
uint64_t poison_wqm(const uint64_t* v, const uint64_t* p) {
  const uint64_t open = open_nibbles(v[0], p[0]);
  uint64_t r = 0;
  for (unsigned i = 0; i < 16; ++i) r |= (open >> i & 1) * 15 << 4 * i;
  return r;
}
uint64_t poison_pack_lh(const uint64_t*, const uint64_t* p) {
  return (p[0] & 0xffff) | (p[1] & 0xffff'0000);
}
uint64_t poison_pack_hh(const uint64_t*, const uint64_t* p) {
  return (p[0] >> 16 & 0xffff) | (p[1] & 0xffff'0000);
}

// --- Compares: 0 where the defined bits decide
// -----------------------------------------------------

uint64_t poison_equal(const uint64_t* v, const uint64_t* p) {
  const uint64_t undefined = p[0] | p[1];
  return ((v[0] ^ v[1]) & ~undefined) != 0 ? 0 : all_if(undefined);
}
uint64_t poison_always(const uint64_t*, const uint64_t*) { return 0; }

namespace {

// a < b and a >= b, a > b and a <= b.
template <typename T>
uint64_t less(const uint64_t* v, const uint64_t* p) {
  const Range a = range<T>(v[0], p[0]), b = range<T>(v[1], p[1]);
  return a.most < b.least || a.least >= b.most ? 0 : all_if(p[0] | p[1]);
}
template <typename T>
uint64_t greater(const uint64_t* v, const uint64_t* p) {
  const Range a = range<T>(v[0], p[0]), b = range<T>(v[1], p[1]);
  return a.least > b.most || a.most <= b.least ? 0 : all_if(p[0] | p[1]);
}

}  // namespace

#define ORDER(NAME, TYPE)                                                                        \
  uint64_t poison_less_##NAME(const uint64_t* v, const uint64_t* p) { return less<TYPE>(v, p); } \
  uint64_t poison_greater_##NAME(const uint64_t* v, const uint64_t* p) {                         \
    return greater<TYPE>(v, p);                                                                  \
  }
ORDER(i16, int16_t)
ORDER(u16, uint16_t)
ORDER(i32, int32_t)
ORDER(u32, uint32_t)
ORDER(i64, int64_t)
ORDER(u64, uint64_t)
#undef ORDER

uint64_t poison_min_i32(const uint64_t* v, const uint64_t* p) {
  return one_of(v, p, less<int32_t>(v, p), int32_t(v[0]) < int32_t(v[1]));
}
uint64_t poison_min_u32(const uint64_t* v, const uint64_t* p) {
  return one_of(v, p, less<uint32_t>(v, p), uint32_t(v[0]) < uint32_t(v[1]));
}
uint64_t poison_max_i32(const uint64_t* v, const uint64_t* p) {
  return one_of(v, p, less<int32_t>(v, p), int32_t(v[0]) >= int32_t(v[1]));
}
uint64_t poison_max_u32(const uint64_t* v, const uint64_t* p) {
  return one_of(v, p, less<uint32_t>(v, p), uint32_t(v[0]) >= uint32_t(v[1]));
}

namespace {
// s_cmpk's constant as its text has it, widened as the compare reads it.
template <typename T>
struct Constant {
  uint64_t v[2];
  explicit Constant(const uint64_t* operands) : v{operands[0], uint64_t(T(operands[1]))} {}
};
}  // namespace

uint64_t poison_equal_i16k(const uint64_t* v, const uint64_t* p) {
  const uint64_t narrow[] = {v[0], uint32_t(int16_t(v[1]))};
  return poison_equal(narrow, p);
}
uint64_t poison_equal_u16k(const uint64_t* v, const uint64_t* p) {
  return poison_equal(Constant<uint16_t>(v).v, p);
}
uint64_t poison_less_i16k(const uint64_t* v, const uint64_t* p) {
  return less<int32_t>(Constant<int16_t>(v).v, p);
}
uint64_t poison_greater_i16k(const uint64_t* v, const uint64_t* p) {
  return greater<int32_t>(Constant<int16_t>(v).v, p);
}
uint64_t poison_less_u16k(const uint64_t* v, const uint64_t* p) {
  return less<uint32_t>(Constant<uint16_t>(v).v, p);
}
uint64_t poison_greater_u16k(const uint64_t* v, const uint64_t* p) {
  return greater<uint32_t>(Constant<uint16_t>(v).v, p);
}

uint64_t poison_bit32(const uint64_t* v, const uint64_t* p) {
  return (p[1] & 31) != 0 ? kAll : p[0] >> (v[1] & 31) & 1;
}
uint64_t poison_bit64(const uint64_t* v, const uint64_t* p) {
  return (p[1] & 63) != 0 ? kAll : p[0] >> (v[1] & 63) & 1;
}
uint64_t poison_any_one(const uint64_t* v, const uint64_t* p) {
  return (v[0] & ~p[0]) != 0 ? 0 : p[0];
}
uint64_t poison_any_zero32(const uint64_t* v, const uint64_t* p) {
  return uint32_t(~v[0] & ~p[0]) != 0 ? 0 : p[0];
}
uint64_t poison_any_zero64(const uint64_t* v, const uint64_t* p) {
  return (~v[0] & ~p[0]) != 0 ? 0 : p[0];
}
uint64_t poison_carry_out_add(const uint64_t* v, const uint64_t* p) {
  const Range a = range<uint32_t>(v[0], p[0]), b = range<uint32_t>(v[1], p[1]);
  const Range c = range<uint32_t>(v[2], p[2]);  // carry in; 0 where there is none
  return (a.least + b.least + c.least) >> 32 == (a.most + b.most + c.most) >> 32 ? 0 : kAll;
}
uint64_t poison_carry_out_sub(const uint64_t* v, const uint64_t* p) {
  const Range a = range<uint32_t>(v[0], p[0]), b = range<uint32_t>(v[1], p[1]);
  const Range c = range<uint32_t>(v[2], p[2]);
  return (b.least + c.least > a.most) == (b.most + c.most > a.least) ? 0 : kAll;
}

void poison_lanes(const Wave& wave, Slot slot, uint32_t* lanes) {
  switch (slot.kind) {
    case Kind::kVgpr: {
      for (unsigned i = 0; i < kLanes; ++i) lanes[i] = wave.lane_poison(slot.index, i);
      return;
    }
    case Kind::kSgpr:
      std::fill_n(lanes, kLanes, wave.s_poison[slot.index]);
      return;
    case Kind::kMask: {
      const uint64_t p = wave.s64_poison(slot.index);
      for (unsigned i = 0; i < kLanes; ++i) lanes[i] = (p >> i & 1) != 0 ? ~0u : 0;
      return;
    }
    case Kind::kConst:
    case Kind::kNone:
      std::fill_n(lanes, kLanes, 0u);
      return;
  }
}

void vector_poison(const Op& op, const LaneArgs& args, const uint32_t (*poison)[kLanes],
                   uint32_t (*results)[kLanes]) {
  const Row& row = *op.row;
  const unsigned dwords = row.result_dwords;
  // Saturation lets every bit decide about every other.
  const bool saturates = op.lanes == row.saturating && row.poison == poison_carry;
  const PoisonRule rule = saturates ? nullptr : row.poison;
  for (unsigned i = 0; i < kLanes; ++i) {
    uint64_t values[6] = {}, masks[6] = {};
    uint64_t any = 0;
    unsigned slot = 0;
    for (unsigned k = 0; k < row.operand_count; ++k) {
      const OperandType type = row.operands[k];
      values[k] = args.src[slot][i];
      masks[k] = poison[slot][i];
      if (sim::dwords(type) == 2) {
        values[k] |= uint64_t(args.src[slot + 1][i]) << 32;
        masks[k] |= uint64_t(poison[slot + 1][i]) << 32;
      } else if (type == OperandType::kB16 || type == OperandType::kF16) {
        values[k] &= 0xffff;
        masks[k] &= 0xffff;
      }
      slot += sim::dwords(type);
      any |= masks[k];
    }
    uint64_t result = any == 0 ? 0 : rule != nullptr ? rule(values, masks) : kAll;
    if (row.result_is_half) result &= 0xffff;
    for (unsigned d = 0; d < dwords; ++d) results[d][i] = uint32_t(result >> 32 * d);
    if (row.result_is_mask || row.second_is_mask) {
      const bool open =
          any != 0 && (row.poison_of_bit == nullptr || row.poison_of_bit(values, masks) != 0);
      results[dwords][i] = open ? ~0u : 0;
    }
  }
}

uint32_t poison_origin(Wave& wave, const Op& op, uint64_t lanes) {
  uint32_t first = kNeverWritten;
  bool found = false;
  const auto take = [&](uint32_t origin, uint64_t which) {
    origin = wave.machine->waited(wave, &op, origin, which);
    if (!found) first = origin;
    found = true;
  };
  for (unsigned k = 0; k < op.slots; ++k) {
    const Slot slot = op.src[k];
    if (slot.kind == Kind::kVgpr) {
      if (const uint64_t which = wave.v_poison[slot.index].any() & lanes)
        take(wave.v_origin[slot.index], which);
    } else if (slot.kind == Kind::kSgpr) {
      if (wave.s_poison[slot.index] != 0) take(wave.s_origin[slot.index], 0);
    } else if (slot.kind == Kind::kMask) {
      for (unsigned half = 0; half < 2; ++half)
        if ((wave.s_poison[slot.index + half] & uint32_t(lanes >> 32 * half)) != 0)
          take(wave.s_origin[slot.index + half], 0);
    }
  }
  return first;
}

void scalar_poison(Wave& wave, const Op& op, const uint64_t* values, bool writes_scc) {
  const Row& row = *op.row;
  uint64_t masks[6] = {};
  uint64_t any = 0;
  unsigned slot = 0;
  for (unsigned k = 0; k < row.operand_count; ++k) {
    for (unsigned d = 0; d < sim::dwords(row.operands[k]); ++d, ++slot)
      if (op.src[slot].kind == Kind::kSgpr)
        masks[k] |= uint64_t(wave.s_poison[op.src[slot].index]) << 32 * d;
    any |= masks[k];
  }
  uint64_t result = row.poison != nullptr ? row.poison(values, masks) : kAll;
  if (op.dwords == 1) result &= 0xffff'ffff;
  const uint32_t origin = poison_origin(wave, op, kAll);
  if (wave.machine->repeat) return;
  for (unsigned d = 0; d < op.dwords; ++d) {
    wave.s_poison[op.dst + d] = uint32_t(result >> 32 * d);
    wave.s_origin[op.dst + d] = origin;
  }
  // Without a rule of its own SCC is a function of the result where there is one.
  if (writes_scc) {
    wave.s_poison[kScc] = row.poison_of_bit != nullptr ? row.poison_of_bit(values, masks) != 0
                          : op.dwords != 0             ? result != 0
                                                       : any != 0;
    wave.s_origin[kScc] = origin;
  }
}

}  // namespace wavefuzz::sim
