// Vector integer and bit operations.
#include "gpu/sim/vocabulary.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

SIM_INLINE u32 sext24(u32 x) { return u32(i32(x << 8) >> 8); }
SIM_INLINE u32 bfe_u32(u32 a, u32 offset, u32 width) {
  return (a >> (offset & 31)) & ((1u << (width & 31)) - 1);
}
// The field may reach past bit 31: the shift is arithmetic.
SIM_INLINE u32 bfe_i32(u32 a, u32 offset, u32 width) {
  const u32 w = width & 31;
  const u32 field = u32(i32(a) >> (offset & 31)) & ((1u << w) - 1);
  const u32 sign = w == 0 ? 0 : 1u << ((w - 1) & 31);
  return (field ^ sign) - sign;
}
SIM_INLINE u32 min_u32(u32 a, u32 b) { return a < b ? a : b; }
SIM_INLINE u32 max_u32(u32 a, u32 b) { return a > b ? a : b; }
SIM_INLINE i32 min_i32(i32 a, i32 b) { return a < b ? a : b; }
SIM_INLINE i32 max_i32(i32 a, i32 b) { return a > b ? a : b; }
template <typename T>
SIM_INLINE T min_of(T a, T b) {
  return a < b ? a : b;
}
template <typename T>
SIM_INLINE T max_of(T a, T b) {
  return a > b ? a : b;
}
SIM_INLINE u32 saturate_i32(i64 x) {
  return x > INT32_MAX ? u32(INT32_MAX) : x < INT32_MIN ? u32(INT32_MIN) : u32(x);
}
SIM_INLINE i16 saturate_i16(i32 x) { return i16(x > 32767 ? 32767 : x < -32768 ? -32768 : x); }
SIM_INLINE u16 saturate_u16(i32 x) { return u16(x > 65535 ? 65535 : x < 0 ? 0 : x); }
SIM_INLINE u16 saturate_mad_u16(u16 a, u16 b, u16 c) {
  const u32 r = u32(a) * b;
  return r > 0xffffu - c ? u16(0xffff) : u16(r + c);
}
SIM_INLINE u32 count_leading(u32 x) { return x == 0 ? ~0u : u32(__builtin_clz(x)); }
SIM_INLINE u32 sad_u8(u32 a, u32 b) {
  u32 sum = 0;
  for (unsigned s = 0; s < 32; s += 8) {
    const i32 d = i32(a >> s & 0xff) - i32(b >> s & 0xff);
    sum += u32(d < 0 ? -d : d);
  }
  return sum;
}
SIM_INLINE u32 difference(u32 a, u32 b) { return a > b ? a - b : b - a; }
// Bytes that are 0 in the reference do not count.
SIM_INLINE u32 msad_u8(u32 a, u32 reference) {
  u32 sum = 0;
  for (unsigned s = 0; s < 32; s += 8) {
    const u32 r = reference >> s & 0xff;
    sum += r != 0 ? difference(a >> s & 0xff, r) : 0;
  }
  return sum;
}
SIM_INLINE u32 saturate_u32(u64 x) { return x >> 32 ? ~0u : u32(x); }
// Four windows of `a`, a byte apart, each with its own 16-bit sum.
template <u32 (*kSad)(u32, u32)>
SIM_INLINE u64 four_sads(u64 a, u32 reference, u64 sums) {
  u64 r = 0;
  for (unsigned k = 0; k < 4; ++k)
    r |= u64(u16(kSad(u32(a >> 8 * k), reference) + u32(sums >> 16 * k))) << 16 * k;
  return r;
}
// The exact sum of products of N-bit elements and c.
template <unsigned kBits>
SIM_INLINE i64 dot_signed(u32 a, u32 b, i32 c) {
  i64 sum = c;
  for (unsigned i = 0; i < 32; i += kBits)
    sum += i64(i32(a << (32 - kBits - i)) >> (32 - kBits)) *
           (i32(b << (32 - kBits - i)) >> (32 - kBits));
  return sum;
}
template <unsigned kBits>
SIM_INLINE u64 dot_unsigned(u32 a, u32 b, u32 c) {
  u64 sum = c;
  for (unsigned i = 0; i < 32; i += kBits)
    sum += u64(a << (32 - kBits - i) >> (32 - kBits)) * (b << (32 - kBits - i) >> (32 - kBits));
  return sum;
}
template <unsigned kBits>
constexpr Row dot_i32(std::string_view name) {
  return vector(
      name, [](u32 a, u32 b, i32 c) { return u32(dot_signed<kBits>(a, b, c)); },
      [](u32 a, u32 b, i32 c) { return saturate_i32(dot_signed<kBits>(a, b, c)); });
}
template <unsigned kBits>
constexpr Row dot_u32(std::string_view name) {
  return vector(
      name, [](u32 a, u32 b, u32 c) { return u32(dot_unsigned<kBits>(a, b, c)); },
      [](u32 a, u32 b, u32 c) { return saturate_u32(dot_unsigned<kBits>(a, b, c)); });
}
template <unsigned kBits>
constexpr Row dotc_i32(std::string_view name) {
  return vector(
      name, [](u32 a, u32 b, Old<u32> c) { return u32(dot_signed<kBits>(a, b, i32(c.value))); });
}

SIM_INLINE u32 permute(u32 a, u32 b, u32 selector) {
  const u64 data = u64(a) << 32 | b;
  u32 r = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const u32 s = selector >> 8 * i & 0xff;
    const u32 picked = u32(data >> 8 * (s & 7)) & 0xff;
    const u32 sign = 0u - (u32(data >> (16 * (s & 3) + 15)) & 1);
    const u32 byte = s >= 13 ? 0xff : s == 12 ? 0 : s >= 8 ? sign & 0xff : picked;
    r |= byte << 8 * i;
  }
  return r;
}

// v_bitop3: bit {a, b, c} of an 8-entry truth table.
SIM_INLINE u32 bitop3(u32 a, u32 b, u32 c, u32 table) {
  u32 r = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const u32 on = 0u - (table >> i & 1);
    r |= on & (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
  }
  return r;
}
constexpr Row table(Row row) {
  row.param = kTableModifier;
  return row;
}
template <typename T>
SIM_INLINE u32 clamp_to(i32 x, i32 low, i32 high) {
  return u32(T(x < low ? low : x > high ? high : x));
}

constexpr Row kRows[] = {
    vector("v_mov_b32", [](u32 a) { return a; }).with(poison_copy),
    vector("v_mov_b64", [](u64 a) { return a; }).with(poison_copy),
    vector("v_accvgpr_read_b32", [](u32 a) { return a; }).with(poison_copy),
    vector("v_accvgpr_write_b32", [](u32 a) { return a; }).with(poison_copy),
    vector("v_accvgpr_mov_b32", [](u32 a) { return a; }).with(poison_copy),
    // The dwords that op_sel picks lie in a's low and b's high one.
    vector("v_pk_mov_b32", [](u64 a, u64 b) { return u64(u32(a)) | u64(u32(b >> 32)) << 32; })
        .with(poison_pk_mov),
    vector("v_cndmask_b32", [](u32 a, u32 b, LaneBit c) { return c ? b : a; }).with(poison_select),

    // Addition and subtraction.
    vector(
        "v_add_u32", [](u32 a, u32 b) { return a + b; },
        [](u32 a, u32 b) { return a + b < a ? ~0u : a + b; })
        .with(poison_carry),
    vector(
        "v_sub_u32", [](u32 a, u32 b) { return a - b; },
        [](u32 a, u32 b) { return a < b ? 0u : a - b; })
        .with(poison_carry),
    vector(
        "v_subrev_u32", [](u32 a, u32 b) { return b - a; },
        [](u32 a, u32 b) { return b < a ? 0u : b - a; })
        .with(poison_carry),
    vector(
        "v_add_i32", [](u32 a, u32 b) { return a + b; },
        [](i32 a, i32 b) { return saturate_i32(i64(a) + b); }),
    vector(
        "v_sub_i32", [](u32 a, u32 b) { return a - b; },
        [](i32 a, i32 b) { return saturate_i32(i64(a) - b); }),
    vector("v_add_co_u32",
           [](u32 a, u32 b) {
             return WithBit<u32>{a + b, a + b < a};
           }),
    vector("v_sub_co_u32",
           [](u32 a, u32 b) {
             return WithBit<u32>{a - b, a < b};
           }),
    vector("v_subrev_co_u32",
           [](u32 a, u32 b) {
             return WithBit<u32>{b - a, b < a};
           }),
    vector("v_addc_co_u32",
           [](u32 a, u32 b, LaneBit c) {
             const u32 in = c.mask & 1, s = a + b;
             return WithBit<u32>{s + in, s < a || s + in < s};
           }),
    vector("v_subb_co_u32",
           [](u32 a, u32 b, LaneBit c) {
             const u32 in = c.mask & 1, d = a - b;
             return WithBit<u32>{d - in, a < b || d < in};
           }),
    vector("v_subbrev_co_u32",
           [](u32 a, u32 b, LaneBit c) {
             const u32 in = c.mask & 1, d = b - a;
             return WithBit<u32>{d - in, b < a || d < in};
           }),
    vector("v_add3_u32", [](u32 a, u32 b, u32 c) { return a + b + c; }).with(poison_carry),
    vector("v_lshl_add_u32", [](u32 a, u32 b, u32 c) { return (a << (b & 31)) + c; })
        .with(poison_lshl_add32),
    vector("v_add_lshl_u32", [](u32 a, u32 b, u32 c) { return (a + b) << (c & 31); })
        .with(poison_add_lshl),
    vector("v_lshl_add_u64", [](u64 a, u32 b, u64 c) { return (a << (b & 7)) + c; })
        .with(poison_lshl_add64),
    vector(
        "v_sad_u8", [](u32 a, u32 b, u32 c) { return c + sad_u8(a, b); },
        [](u32 a, u32 b, u32 c) { return saturate_u32(u64(c) + sad_u8(a, b)); }),
    vector(
        "v_sad_hi_u8", [](u32 a, u32 b, u32 c) { return c + (sad_u8(a, b) << 16); },
        [](u32 a, u32 b, u32 c) { return saturate_u32(u64(c) + (sad_u8(a, b) << 16)); }),
    vector(
        "v_sad_u16",
        [](u32 a, u32 b, u32 c) {
          return c + difference(a & 0xffff, b & 0xffff) + difference(a >> 16, b >> 16);
        },
        [](u32 a, u32 b, u32 c) {
          return saturate_u32(u64(c) + difference(a & 0xffff, b & 0xffff) +
                              difference(a >> 16, b >> 16));
        }),
    vector(
        "v_sad_u32", [](u32 a, u32 b, u32 c) { return c + difference(a, b); },
        [](u32 a, u32 b, u32 c) { return saturate_u32(u64(c) + difference(a, b)); }),
    vector(
        "v_msad_u8", [](u32 a, u32 b, u32 c) { return c + msad_u8(a, b); },
        [](u32 a, u32 b, u32 c) { return saturate_u32(u64(c) + msad_u8(a, b)); }),
    vector("v_qsad_pk_u16_u8", [](u64 a, u32 b, u64 c) { return four_sads<sad_u8>(a, b, c); }),
    vector("v_mqsad_pk_u16_u8", [](u64 a, u32 b, u64 c) { return four_sads<msad_u8>(a, b, c); }),
    // The average of bytes; bit 0 of the third source's byte rounds up.
    vector("v_lerp_u8",
           [](u32 a, u32 b, u32 c) {
             u32 r = 0;
             for (unsigned s = 0; s < 32; s += 8)
               r |= ((a >> s & 0xff) + (b >> s & 0xff) + (c >> s & 1)) >> 1 << s;
             return r;
           }),

    // Multiplication.
    vector("v_mul_lo_u32", [](u32 a, u32 b) { return a * b; }).with(poison_multiply),
    vector("v_mul_hi_u32", [](u32 a, u32 b) { return u32(u64(a) * b >> 32); }),
    vector("v_mul_hi_i32", [](i32 a, i32 b) { return u32(u64(i64(a) * b) >> 32); }),
    vector("v_mul_u32_u24", [](u32 a, u32 b) { return (a & 0xff'ffff) * (b & 0xff'ffff); }),
    vector("v_mul_i32_i24", [](u32 a, u32 b) { return sext24(a) * sext24(b); }),
    vector("v_mul_hi_u32_u24",
           [](u32 a, u32 b) { return u32(u64(a & 0xff'ffff) * (b & 0xff'ffff) >> 32); }),
    vector("v_mul_hi_i32_i24",
           [](u32 a, u32 b) { return u32(u64(i64(i32(sext24(a))) * i32(sext24(b))) >> 32); }),
    vector(
        "v_mad_u32_u24", [](u32 a, u32 b, u32 c) { return (a & 0xff'ffff) * (b & 0xff'ffff) + c; },
        [](u32 a, u32 b, u32 c) {
          const u64 r = u64(a & 0xff'ffff) * (b & 0xff'ffff) + c;
          return r >> 32 ? ~0u : u32(r);
        }),
    vector(
        "v_mad_i32_i24", [](u32 a, u32 b, u32 c) { return sext24(a) * sext24(b) + c; },
        [](u32 a, u32 b, i32 c) { return saturate_i32(i64(i32(sext24(a))) * i32(sext24(b)) + c); }),
    vector("v_mad_u64_u32",
           [](u32 a, u32 b, u64 c) {
             const u64 p = u64(a) * b;
             return WithBit<u64>{p + c, p + c < p};
           })
        .with(poison_carry),
    vector("v_mad_i64_i32",
           [](i32 a, i32 b, u64 c) {
             const i64 p = i64(a) * b;
             i64 r;
             const bool over = __builtin_add_overflow(p, i64(c), &r);
             return WithBit<u64>{u64(r), over};
           })
        .with(poison_carry),
    vector_half(
        "v_mad_u16", [](u16 a, u16 b, u16 c) { return u16(u32(a) * b + c); },
        [](u16 a, u16 b, u16 c) { return saturate_mad_u16(a, b, c); }),
    vector_half(
        "v_mad_i16", [](i16 a, i16 b, i16 c) { return u16(u32(i32(a) * b + c)); },
        [](i16 a, i16 b, i16 c) { return saturate_i16(i32(a) * b + c); }),
    vector(
        "v_mad_legacy_u16", [](u16 a, u16 b, u16 c) { return u16(u32(a) * b + c); },
        [](u16 a, u16 b, u16 c) { return saturate_mad_u16(a, b, c); }),
    vector(
        "v_mad_legacy_i16", [](i16 a, i16 b, i16 c) { return u16(u32(i32(a) * b + c)); },
        [](i16 a, i16 b, i16 c) { return saturate_i16(i32(a) * b + c); }),
    vector(
        "v_mad_u32_u16", [](u16 a, u16 b, u32 c) { return u32(a) * b + c; },
        [](u16 a, u16 b, u32 c) { return saturate_u32(u64(u32(a) * b) + c); }),
    vector(
        "v_mad_i32_i16", [](i16 a, i16 b, i32 c) { return u32(i32(a) * b) + u32(c); },
        [](i16 a, i16 b, i32 c) { return saturate_i32(i64(i32(a) * b) + c); }),

    // Logic.
    vector("v_and_b32", [](u32 a, u32 b) { return a & b; }).with(poison_and),
    vector("v_or_b32", [](u32 a, u32 b) { return a | b; }).with(poison_or),
    vector("v_xor_b32", [](u32 a, u32 b) { return a ^ b; }).with(poison_xor),
    vector("v_xnor_b32", [](u32 a, u32 b) { return ~(a ^ b); }).with(poison_xor),
    vector("v_not_b32", [](u32 a) { return ~a; }).with(poison_copy),
    vector("v_and_or_b32", [](u32 a, u32 b, u32 c) { return (a & b) | c; }).with(poison_and_or),
    vector("v_or3_b32", [](u32 a, u32 b, u32 c) { return a | b | c; }).with(poison_or3),
    vector("v_xad_u32", [](u32 a, u32 b, u32 c) { return (a ^ b) + c; }).with(poison_carry),
    vector("v_lshl_or_b32", [](u32 a, u32 b, u32 c) { return a << (b & 31) | c; })
        .with(poison_lshl_or),
    vector("v_bfi_b32", [](u32 a, u32 b, u32 c) { return (a & b) | (~a & c); }).with(poison_bfi),
    vector("v_perm_b32", [](u32 a, u32 b, u32 c) { return permute(a, b, c); }).with(poison_perm),
    vector("v_alignbit_b32",
           [](u32 a, u32 b, u32 c) { return u32((u64(a) << 32 | b) >> (c & 31)); })
        .with(poison_alignbit),
    vector("v_alignbyte_b32",
           [](u32 a, u32 b, u32 c) { return u32((u64(a) << 32 | b) >> 8 * (c & 3)); })
        .with(poison_alignbyte),

    // Shifts and fields.
    vector("v_lshlrev_b32", [](u32 a, u32 b) { return b << (a & 31); }).with(poison_lshlrev32),
    vector("v_lshrrev_b32", [](u32 a, u32 b) { return b >> (a & 31); }).with(poison_lshrrev32),
    vector("v_ashrrev_i32", [](u32 a, i32 b) { return u32(b >> (a & 31)); }).with(poison_ashrrev32),
    vector("v_lshlrev_b64", [](u32 a, u64 b) { return b << (a & 63); }).with(poison_lshlrev64),
    vector("v_lshrrev_b64", [](u32 a, u64 b) { return b >> (a & 63); }).with(poison_lshrrev64),
    vector("v_ashrrev_i64", [](u32 a, i64 b) { return u64(b >> (a & 63)); }).with(poison_ashrrev64),
    vector("v_lshlrev_b16", [](u16 a, u16 b) { return u16(b << (a & 15)); }).with(poison_lshlrev16),
    vector("v_lshrrev_b16", [](u16 a, u16 b) { return u16(b >> (a & 15)); }).with(poison_lshrrev16),
    vector("v_ashrrev_i16", [](u16 a, i16 b) { return u16(b >> (a & 15)); }).with(poison_ashrrev16),
    vector("v_bfe_u32", [](u32 a, u32 b, u32 c) { return bfe_u32(a, b, c); }).with(poison_bfe_u32),
    vector("v_bfe_i32", [](u32 a, u32 b, u32 c) { return bfe_i32(a, b, c); }).with(poison_bfe_i32),
    vector("v_bfm_b32", [](u32 a, u32 b) { return ((1u << (a & 31)) - 1) << (b & 31); }),
    vector("v_bfrev_b32",
           [](u32 a) {
             a = (a >> 1 & 0x5555'5555) | (a & 0x5555'5555) << 1;
             a = (a >> 2 & 0x3333'3333) | (a & 0x3333'3333) << 2;
             a = (a >> 4 & 0x0f0f'0f0f) | (a & 0x0f0f'0f0f) << 4;
             return __builtin_bswap32(a);
           }),
    vector("v_bcnt_u32_b32", [](u32 a, u32 b) { return u32(__builtin_popcount(a)) + b; }),
    vector("v_ffbh_u32", [](u32 a) { return count_leading(a); }),
    vector("v_ffbl_b32", [](u32 a) { return a == 0 ? ~0u : u32(__builtin_ctz(a)); }),
    vector("v_ffbh_i32", [](u32 a) { return count_leading(i32(a) < 0 ? ~a : a); }),

    // Minimum, maximum, median.
    vector("v_min_u32", [](u32 a, u32 b) { return min_u32(a, b); }),
    vector("v_max_u32", [](u32 a, u32 b) { return max_u32(a, b); }),
    vector("v_min_i32", [](i32 a, i32 b) { return min_i32(a, b); }),
    vector("v_max_i32", [](i32 a, i32 b) { return max_i32(a, b); }),
    vector("v_min3_u32", [](u32 a, u32 b, u32 c) { return min_u32(min_u32(a, b), c); }),
    vector("v_max3_u32", [](u32 a, u32 b, u32 c) { return max_u32(max_u32(a, b), c); }),
    vector("v_min3_i32", [](i32 a, i32 b, i32 c) { return min_i32(min_i32(a, b), c); }),
    vector("v_max3_i32", [](i32 a, i32 b, i32 c) { return max_i32(max_i32(a, b), c); }),
    vector("v_med3_u32",
           [](u32 a, u32 b, u32 c) { return max_u32(min_u32(a, b), min_u32(max_u32(a, b), c)); }),
    vector("v_med3_i32",
           [](i32 a, i32 b, i32 c) { return max_i32(min_i32(a, b), min_i32(max_i32(a, b), c)); }),

    // 16 bits.
    vector(
        "v_add_u16", [](u16 a, u16 b) { return u16(a + b); },
        [](u16 a, u16 b) { return saturate_u16(a + b); }),
    vector(
        "v_sub_u16", [](u16 a, u16 b) { return u16(a - b); },
        [](u16 a, u16 b) { return saturate_u16(a - b); }),
    vector(
        "v_subrev_u16", [](u16 a, u16 b) { return u16(b - a); },
        [](u16 a, u16 b) { return saturate_u16(b - a); }),
    vector_half(
        "v_add_i16", [](i16 a, i16 b) { return i16(a + b); },
        [](i16 a, i16 b) { return saturate_i16(a + b); }),
    vector_half(
        "v_sub_i16", [](i16 a, i16 b) { return i16(a - b); },
        [](i16 a, i16 b) { return saturate_i16(a - b); }),
    vector("v_mul_lo_u16", [](u16 a, u16 b) { return u16(u32(a) * b); }),
    vector("v_min_u16", [](u16 a, u16 b) { return min_of(a, b); }),
    vector("v_max_u16", [](u16 a, u16 b) { return max_of(a, b); }),
    vector("v_min_i16", [](i16 a, i16 b) { return min_of(a, b); }),
    vector("v_max_i16", [](i16 a, i16 b) { return max_of(a, b); }),
    vector_half("v_min3_u16", [](u16 a, u16 b, u16 c) { return min_of(min_of(a, b), c); }),
    vector_half("v_max3_u16", [](u16 a, u16 b, u16 c) { return max_of(max_of(a, b), c); }),
    vector_half("v_min3_i16", [](i16 a, i16 b, i16 c) { return min_of(min_of(a, b), c); }),
    vector_half("v_max3_i16", [](i16 a, i16 b, i16 c) { return max_of(max_of(a, b), c); }),
    vector_half("v_med3_u16",
                [](u16 a, u16 b, u16 c) { return max_of(min_of(a, b), min_of(max_of(a, b), c)); }),
    vector_half("v_med3_i16",
                [](i16 a, i16 b, i16 c) { return max_of(min_of(a, b), min_of(max_of(a, b), c)); }),
    vector("v_sat_pk_u8_i16",
           [](u32 a) {
             const i32 l = i16(a), h = i16(a >> 16);
             return u32(l < 0 ? 0 : l > 255 ? 255 : l) | u32(h < 0 ? 0 : h > 255 ? 255 : h) << 8;
           }),

    // Packed 16 bits.
    packed16(
        "v_pk_add_u16", [](u16 a, u16 b) { return u16(a + b); },
        [](u16 a, u16 b) { return saturate_u16(a + b); }),
    packed16(
        "v_pk_sub_u16", [](u16 a, u16 b) { return u16(a - b); },
        [](u16 a, u16 b) { return saturate_u16(a - b); }),
    packed16(
        "v_pk_add_i16", [](i16 a, i16 b) { return i16(a + b); },
        [](i16 a, i16 b) { return saturate_i16(a + b); }),
    packed16(
        "v_pk_sub_i16", [](i16 a, i16 b) { return i16(a - b); },
        [](i16 a, i16 b) { return saturate_i16(a - b); }),
    packed16("v_pk_mul_lo_u16", [](u16 a, u16 b) { return u16(u32(a) * b); }),
    packed16(
        "v_pk_mad_u16", [](u16 a, u16 b, u16 c) { return u16(u32(a) * b + c); },
        [](u16 a, u16 b, u16 c) { return saturate_mad_u16(a, b, c); }),
    packed16(
        "v_pk_mad_i16", [](u16 a, u16 b, u16 c) { return u16(u32(a) * b + c); },
        [](i16 a, i16 b, i16 c) { return saturate_i16(i32(a) * b + c); }),
    packed16("v_pk_lshlrev_b16", [](u16 a, u16 b) { return u16(b << (a & 15)); }),
    packed16("v_pk_lshrrev_b16", [](u16 a, u16 b) { return u16(b >> (a & 15)); }),
    packed16("v_pk_ashrrev_i16", [](u16 a, i16 b) { return u16(b >> (a & 15)); }),
    packed16("v_pk_min_u16", [](u16 a, u16 b) { return min_of(a, b); }),
    packed16("v_pk_max_u16", [](u16 a, u16 b) { return max_of(a, b); }),
    packed16("v_pk_min_i16", [](i16 a, i16 b) { return min_of(a, b); }),
    packed16("v_pk_max_i16", [](i16 a, i16 b) { return max_of(a, b); }),

    // gfx950.
    table(vector("v_bitop3_b32", [](u32 a, u32 b, u32 c, u32 t) { return bitop3(a, b, c, t); }))
        .on(kGfx950Only)
        .with(poison_bitop3),
    table(vector_half("v_bitop3_b16",
                      [](u16 a, u16 b, u16 c, u32 t) { return u16(bitop3(a, b, c, t)); }))
        .on(kGfx950Only)
        .with(poison_bitop3),
    vector_half("v_ashr_pk_i8_i32",
                [](i32 a, i32 b, u32 n) {
                  return u16((clamp_to<i8>(a >> (n & 31), -128, 127) & 0xff) |
                             (clamp_to<i8>(b >> (n & 31), -128, 127) & 0xff) << 8);
                })
        .on(kGfx950Only),
    vector_half("v_ashr_pk_u8_i32",
                [](i32 a, i32 b, u32 n) {
                  return u16(clamp_to<u8>(a >> (n & 31), 0, 255) |
                             clamp_to<u8>(b >> (n & 31), 0, 255) << 8);
                })
        .on(kGfx950Only),
    vector("v_prng_b32", [](u32 a) { return a << 1 ^ (a >> 31 ? 197u : 0u); })
        .on(kGfx950Only)
        .with(Fidelity::kHypothesis),

    // Dot products of small integers.
    dot_i32<16>("v_dot2_i32_i16"),
    dot_u32<16>("v_dot2_u32_u16"),
    dot_i32<8>("v_dot4_i32_i8"),
    dot_u32<8>("v_dot4_u32_u8"),
    dot_i32<4>("v_dot8_i32_i4"),
    dot_u32<4>("v_dot8_u32_u4"),
    dotc_i32<16>("v_dot2c_i32_i16"),
    dotc_i32<8>("v_dot4c_i32_i8"),
    dotc_i32<4>("v_dot8c_i32_i4"),
};

}  // namespace

std::span<const Row> vop_int_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
