// Vector floating-point arithmetic, minimum and maximum, the division sequence, exponent handling.
#include "gpu/sim/vocabulary.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

SIM_INLINE float fma32(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
SIM_INLINE double fma64(double a, double b, double c) { return __builtin_fma(a, b, c); }
// Exact products and sums in f64, then one rounding: f16 values are small enough.
SIM_INLINE Half fma16(Half a, Half b, Half c) {
  return {round_to_odd(double(a.value) * double(b.value) + double(c.value))};
}

// v_fma_mixlo, v_fma_mixhi: an f32 result, flushed as such, is rounded again.
SIM_INLINE Half mix16(Mix a, Mix b, Mix c, const Mode& m) {
  const u32 sum = as_bits(fma32(a.value, b.value, c.value));
  return {as_float(flush32(sum, mask32(m.flush_out_f32)))};
}
// The product is rounded by itself.
SIM_INLINE Half mad16(Half a, Half b, Half c, const Mode& m) {
  const float product = as_float(
      f32_from_f16(f16_from_f32(as_bits(a.value * b.value), m.round_f16_f64, m.fp16_overflow)));
  return {product + c.value};
}

// v_min/v_max (ISA manual). T: F32, F64 or F16. With IEEE clear a NaN operand
// loses, and of two the second one is returned; with IEEE set a signalling one is quieted and
// returned. -0 is less than +0. Denormals obey MODE.
//
// Written without branches, MODE as masks: these loops must vectorise.
template <typename T>
struct Bits;
template <>
struct Bits<F32> {
  using Word = u32;
  static constexpr u32 kSign = 0x8000'0000;
  static bool nan(u32 x) { return is_nan32(x); }
  static bool signalling(u32 x) { return is_signalling32(x); }
  static u32 quiet(u32 x) { return quiet32(x); }
  static u32 in(u32 x, const Mode& m) { return flush32(x, mask32(m.flush_in_f32)); }
  static u32 out(u32 x, const Mode& m) { return flush32(x, mask32(m.flush_out_f32)); }
  // Two's complement keys in the order of the numbers, -0 below +0.
  static i32 key(u32 x) { return i32(x ^ (u32(i32(x) >> 31) >> 1)); }
};
template <>
struct Bits<F16> {
  using Word = u32;
  static constexpr u32 kSign = 0x8000;
  static bool nan(u32 x) { return is_nan16(x); }
  static bool signalling(u32 x) { return is_signalling16(x); }
  static u32 quiet(u32 x) { return x | 0x200; }
  static u32 in(u32 x, const Mode& m) { return flush16(x, mask32(m.flush_in_f16_f64)); }
  static u32 out(u32 x, const Mode& m) { return flush16(x, mask32(m.flush_out_f16_f64)); }
  static i32 key(u32 x) {
    const i32 s = i16(x);
    return s ^ (s >> 15 & 0x7fff);
  }
};
template <>
struct Bits<F64> {
  using Word = u64;
  static constexpr u64 kSign = 0x8000'0000'0000'0000;
  static bool nan(u64 x) { return is_nan64(x); }
  static bool signalling(u64 x) { return is_signalling64(x); }
  static u64 quiet(u64 x) { return quiet64(x); }
  static u64 in(u64 x, const Mode& m) { return flush64(x, mask64(m.flush_in_f16_f64)); }
  static u64 out(u64 x, const Mode& m) { return flush64(x, mask64(m.flush_out_f16_f64)); }
  static i64 key(u64 x) { return i64(x ^ (u64(i64(x) >> 63) >> 1)); }
};
template <bool kMax, typename T>
SIM_INLINE T extreme(T first, T second, const Mode& m) {
  using B = Bits<T>;
  using Word = typename B::Word;
  const Word a = B::in(first.bits, m), b = B::in(second.bits, m);
  const bool take_a = kMax ? B::key(a) >= B::key(b) : B::key(a) < B::key(b);
  Word r = pick(take_a, a, b);
  r = pick(B::nan(b), a, r);
  r = pick(B::nan(a), b, r);
  r = pick(B::signalling(b) & m.ieee, B::quiet(b), r);
  r = pick(B::signalling(a) & m.ieee, B::quiet(a), r);
  return {B::out(r, m)};
}
template <typename T>
SIM_INLINE T min_of(T a, T b, const Mode& m) {
  return extreme<false>(a, b, m);
}
template <typename T>
SIM_INLINE T max_of(T a, T b, const Mode& m) {
  return extreme<true>(a, b, m);
}
template <typename T>
SIM_INLINE T med3(T a, T b, T c, const Mode& m) {
  using B = Bits<T>;
  const bool nan = B::nan(a.bits) | B::nan(b.bits) | B::nan(c.bits);
  const auto least = min_of(min_of(a, b, m), c, m).bits;
  // The manual leaves out the operand that equals the largest, the first such: with zeros of both
  // signs that is not always the median.
  const auto top = max_of(max_of(a, b, m), c, m).bits;
  const auto same = [&](auto x, auto y) { return (x == y) | (((x | y) & ~B::kSign) == 0); };
  const bool drop_a = same(B::in(a.bits, m), top), drop_b = same(B::in(b.bits, m), top);
  const auto rest =
      pick(drop_a, max_of(b, c, m).bits, pick(drop_b, max_of(a, c, m).bits, max_of(a, b, m).bits));
  return {pick(nan, least, rest)};
}
// gfx950 v_minimum3/v_maximum3: a NaN operand wins.
template <bool kMax, typename T>
SIM_INLINE T ieee2019_extreme(T a, T b, const Mode& m) {
  if (Bits<T>::nan(a.bits)) return {Bits<T>::quiet(a.bits)};
  if (Bits<T>::nan(b.bits)) return {Bits<T>::quiet(b.bits)};
  return extreme<kMax>(a, b, m);
}

// --- Division (ISA manual, V_DIV_SCALE, V_DIV_FMAS, V_DIV_FIXUP) ---------------------------------
//
// The manual's pseudo-code does not divide correctly as printed; where it cannot be meant, the rule
// here is the one under which the sequence that compilers emit rounds correctly, as the hardware
// does under the OpenCL conformance tests: see each place.

SIM_INLINE u32 exponent32(u32 b) { return b >> 23 & 0xff; }
SIM_INLINE u32 exponent64(u64 b) { return u32(b >> 52) & 0x7ff; }
SIM_INLINE float scale32(float x, int n) { return x * as_float(u32(127 + n) << 23); }
SIM_INLINE double scale64(double x, int n) { return x * as_double(u64(1023 + n) << 52); }

// Operands: value to scale, denominator, numerator.
SIM_INLINE WithBit<F32> div_scale32(F32 value, F32 denominator, F32 numerator) {
  const u32 s0 = value.bits, s1 = denominator.bits, s2 = numerator.bits;
  const float d = as_float(s1), n = as_float(s2);
  const i32 e1 = i32(exponent32(s1)), e2 = i32(exponent32(s2));
  const bool is_denominator = s0 == s1;
  const float x = as_float(s0);
  const bool d_denormal = e1 == 0, q_denormal = exponent32(as_bits(n / d)) == 0;
  const u32 r = as_bits(1.0f / d);
  const bool r_denormal = (exponent32(r) == 0) & ((r << 1) != 0);
  const u32 up = as_bits(scale32(x, 64)), down = as_bits(scale32(x, -64));
  // The cases in reverse: what is tested last here goes first in the manual.
  u32 result = pick(e2 <= 23, up, s0);  // a tiny numerator: both are scaled
  result = pick(q_denormal, pick(is_denominator, s0, up), result);
  result = pick(r_denormal, down, result);
  // Printed as +64, which would overflow: the denominator is above 2^126.
  result = pick(r_denormal & q_denormal, pick(is_denominator, down, s0), result);
  result = pick(d_denormal, up, result);
  const bool large = e2 - e1 >= 96;
  result = pick(large, pick(is_denominator, up, s0), result);
  const bool zero = ((s2 << 1) == 0) | ((s1 << 1) == 0);
  result = pick(zero, kNanF32, result);
  const bool flag = (large | (q_denormal & !d_denormal)) & !zero;
  return {{result}, flag};
}
SIM_INLINE WithBit<F64> div_scale64(F64 value, F64 denominator, F64 numerator) {
  const u64 s0 = value.bits, s1 = denominator.bits, s2 = numerator.bits;
  const double d = as_double(s1), n = as_double(s2);
  const i32 e1 = i32(exponent64(s1)), e2 = i32(exponent64(s2));
  const bool is_denominator = s0 == s1;
  const double x = as_double(s0);
  const bool d_denormal = e1 == 0, q_denormal = exponent64(as_bits(n / d)) == 0;
  if ((s2 << 1) == 0 || (s1 << 1) == 0) return {{kNanF64}, false};
  if (e2 - e1 >= 768) return {{is_denominator ? as_bits(scale64(x, 128)) : s0}, true};
  if (d_denormal) return {{as_bits(scale64(x, 128))}, false};
  const bool r_denormal = exponent64(as_bits(1.0 / d)) == 0 && (as_bits(1.0 / d) << 1) != 0;
  if (r_denormal && q_denormal) return {{is_denominator ? as_bits(scale64(x, -128)) : s0}, true};
  if (r_denormal) return {{as_bits(scale64(x, -128))}, false};
  if (q_denormal) return {{is_denominator ? s0 : as_bits(scale64(x, 128))}, true};
  if (e2 <= 53) return {{as_bits(scale64(x, 128))}, false};
  return {{s0}, false};
}

// a * b + c, scaled back: up when the quotient is large (the denominator was scaled up), down when
// it is small. The printed pseudo-code knows one direction only. Fused: the result is rounded once,
// also when it is denormal.
SIM_INLINE float div_fmas32(float a, float b, float c, bool scaled) {
  const double product = double(a) * double(b);  // exact
  const double sum = product + double(c);
  const double part = sum - product;
  const double error = (product - (sum - part)) + (double(c) - part);
  // Round to odd, so that the conversion below sees on which side of a tie the exact sum lies.
  u64 bits = as_bits(sum);
  const bool inexact = error == error && error != 0;  // NaN: an infinity is among the operands
  const bool away = inexact && (error < 0) != (sum < 0);
  if (inexact) bits = (bits - u64(away)) | 1;
  const double factor = exponent32(as_bits(c)) > 127 ? 0x1p64 : 0x1p-64;
  return scaled ? float(as_double(bits) * factor) : fma32(a, b, c);
}
SIM_INLINE double div_fmas64(double a, double b, double c, bool scaled, Round round) {
  const double fused = fma64(a, b, c);
  if (!scaled) return fused;
  if (exponent64(as_bits(c)) > 1023) return fused * 0x1p128;
  const double down = fused * 0x1p-128;
  if (exponent64(as_bits(down)) != 0 || fused != fused) return down;
  // Denormal: what the fused operation rounded away, then one rounding at the right place.
  const double product = a * b, low = fma64(a, b, -product);
  const double sum = product + c, part = sum - product;
  const double error = ((product - (sum - part)) + (c - part) + low) - (fused - sum);
  const u64 truncated = as_bits(fused) - u64(error != 0 && (error < 0) != (fused < 0));
  if (round != Round::kNearest) return as_double(truncated | u64(error != 0)) * 0x1p-128;
  const u64 significand = (truncated & 0xf'ffff'ffff'ffff) | u64(1) << 52;
  const i32 lost = 1 - (i32(exponent64(truncated)) - 128);  // bits below 2^-1074
  const u32 shift = lost > 54 ? 54 : u32(lost);
  const u64 kept = significand >> shift, rest = significand & ((u64(1) << shift) - 1);
  const u64 half = u64(1) << (shift - 1);
  const bool up = rest > half || (rest == half && (error != 0 || (kept & 1)));
  return as_double((truncated & 0x8000'0000'0000'0000) | (kept + up));
}

// Operands: quotient, denominator, numerator. A quotient that overflowed arrives as inf - inf: the
// manual's pseudo-code passes that NaN on, the hardware gives infinity (found on RDNA3, see
// tinygrad's emulator; the sequence would not divide correctly otherwise).
SIM_INLINE F32 div_fixup32(F32 quotient, F32 denominator, F32 numerator) {
  const u32 q = quotient.bits, d = denominator.bits, n = numerator.bits;
  const u32 sign = (d ^ n) & 0x8000'0000;
  const bool d_zero = (d << 1) == 0, n_zero = (n << 1) == 0;
  const bool d_inf = (d << 1) == 0xff00'0000, n_inf = (n << 1) == 0xff00'0000;
  // In reverse order of precedence.
  u32 r = sign | pick(is_nan32(q), 0x7f80'0000, q & 0x7fff'ffff);
  r = pick(i32(exponent32(n)) - i32(exponent32(d)) < -150, sign, r);
  r = pick(d_inf | n_zero, sign, r);
  r = pick(d_zero | n_inf, sign | 0x7f80'0000, r);
  r = pick((d_zero & n_zero) | (d_inf & n_inf), 0xffc0'0000, r);
  r = pick(is_nan32(d), quiet32(d), r);
  r = pick(is_nan32(n), quiet32(n), r);
  return {r};
}
SIM_INLINE F64 div_fixup64(F64 quotient, F64 denominator, F64 numerator) {
  const u64 q = quotient.bits, d = denominator.bits, n = numerator.bits;
  const u64 sign = (d ^ n) & 0x8000'0000'0000'0000;
  const bool d_zero = (d << 1) == 0, n_zero = (n << 1) == 0;
  const u64 inf2 = 0xffe0'0000'0000'0000;
  const bool d_inf = (d << 1) == inf2, n_inf = (n << 1) == inf2;
  if (is_nan64(n)) return {quiet64(n)};
  if (is_nan64(d)) return {quiet64(d)};
  if ((d_zero && n_zero) || (d_inf && n_inf)) return {0xfff8'0000'0000'0000};
  if (d_zero || n_inf) return {sign | 0x7ff0'0000'0000'0000};
  if (d_inf || n_zero) return {sign};
  if (i32(exponent64(n)) - i32(exponent64(d)) < -1075) return {sign};
  return {sign | (is_nan64(q) ? 0x7ff0'0000'0000'0000 : q & 0x7fff'ffff'ffff'ffff)};
}
SIM_INLINE F16 div_fixup16(F16 quotient, F16 denominator, F16 numerator) {
  const u32 q = quotient.bits, d = denominator.bits, n = numerator.bits;
  const u32 sign = (d ^ n) & 0x8000;
  const bool d_zero = (d & 0x7fff) == 0, n_zero = (n & 0x7fff) == 0;
  const bool d_inf = (d & 0x7fff) == 0x7c00, n_inf = (n & 0x7fff) == 0x7c00;
  if (is_nan16(n)) return {n | 0x200};
  if (is_nan16(d)) return {d | 0x200};
  if ((d_zero && n_zero) || (d_inf && n_inf)) return {0xfe00};
  if (d_zero || n_inf) return {sign | 0x7c00};
  if (d_inf || n_zero) return {sign};
  return {sign | (is_nan16(q) ? 0x7c00 : q & 0x7fff)};
}

// --- Exponents -----------------------------------------------------------------------------------

// x * 2^n, rounded once.
SIM_INLINE float ldexp32(float x, i32 n) {
  const i32 c = n < -300 ? -300 : n > 300 ? 300 : n;
  // In f64 every f32 times 2^-300 .. 2^300 is exact; the conversion rounds once.
  return float(double(x) * as_double(u64(1023 + c) << 52));
}
SIM_INLINE double ldexp64(double x, i32 n) {
  i32 c = n < -2200 ? -2200 : n > 2200 ? 2200 : n;
  // Going up cannot round before it overflows; going down, only the last step may.
  while (c > 1000) {
    x *= 0x1p1000;
    c -= 1000;
  }
  if (c < -1000) {
    const i32 e = i32(exponent64(as_bits(x)));
    if (e != 0 && e != 0x7ff) {
      const i32 target = e + c < -60 ? -60 : e + c;  // all the same below: 0 or the least denormal
      // Set the exponent to 1 (2^-1022) exactly, then scale by what is left in one rounding step.
      if (target < 1) {
        const double low = as_double((as_bits(x) & 0x800f'ffff'ffff'ffff) | u64(1) << 52);
        return low * as_double(u64(1023 + target - 1) << 52);
      }
      return as_double((as_bits(x) & 0x800f'ffff'ffff'ffff) | u64(target) << 52);
    }
    return x * 0x1p-1000;
  }
  return x * as_double(u64(1023 + c) << 52);
}
SIM_INLINE u32 leading_zeros(u32 x) { return u32(__builtin_clz(x | 1)); }
SIM_INLINE bool special32(u32 b) { return exponent32(b) == 255; }
SIM_INLINE bool special64(u64 b) { return exponent64(b) == 0x7ff; }

// frexp: value = mantissa * 2^exponent with mantissa in [0.5, 1).
SIM_INLINE u32 frexp_exp32(u32 b) {
  const u32 m = b & 0x7f'ffff;
  if (special32(b) || (b << 1) == 0) return 0;
  if (exponent32(b) == 0) return u32(-126 - i32(leading_zeros(m) - 9));
  return exponent32(b) - 126;
}
SIM_INLINE u32 frexp_mant32(u32 b) {
  if (is_nan32(b)) return quiet32(b);
  if (special32(b) || (b << 1) == 0) return b;
  u32 m = b & 0x7f'ffff;
  if (exponent32(b) == 0) m = m << (leading_zeros(m) - 8) & 0x7f'ffff;
  return (b & 0x8000'0000) | 126u << 23 | m;
}
SIM_INLINE u32 frexp_exp64(u64 b) {
  if (special64(b) || (b << 1) == 0) return 0;
  if (exponent64(b) == 0)
    return u32(-1022 - i32(__builtin_clzll((b & 0xf'ffff'ffff'ffff) | 1) - 12));
  return exponent64(b) - 1022;
}
SIM_INLINE u64 frexp_mant64(u64 b) {
  if (is_nan64(b)) return quiet64(b);
  if (special64(b) || (b << 1) == 0) return b;
  u64 m = b & 0xf'ffff'ffff'ffff;
  if (exponent64(b) == 0) m = m << (__builtin_clzll(m | 1) - 11) & 0xf'ffff'ffff'ffff;
  return (b & 0x8000'0000'0000'0000) | u64(1022) << 52 | m;
}

SIM_INLINE float rndne(float x) { return __builtin_roundevenf(x); }
// fract = x - floor(x), kept below 1.
SIM_INLINE float fract(float x) {
  const float r = x - __builtin_floorf(x);
  return r < 0x1.fffffep-1f ? r : (x == x && x - x == 0) ? 0x1.fffffep-1f : r;
}
SIM_INLINE double fract(double x) {
  const double r = x - __builtin_floor(x);
  return r < 0x1.fffffffffffffp-1 ? r : (x == x && x - x == 0) ? 0x1.fffffffffffffp-1 : r;
}

// DX9 rule: zero times anything is zero.
SIM_INLINE float mul_legacy(float a, float b) { return a == 0 || b == 0 ? 0.0f : a * b; }

// Two products, exact in f32, added one after the other, the low one first: the manual's
// pseudo-code. What the hardware rounds in between is not documented.
template <bool kBf16>
SIM_INLINE float dot2(u32 a, u32 b, float c) {
  for (unsigned s = 0; s < 32; s += 16) {
    const u32 x = a >> s & 0xffff, y = b >> s & 0xffff;
    c = fma32(as_float(kBf16 ? x << 16 : f32_from_f16(x)),
              as_float(kBf16 ? y << 16 : f32_from_f16(y)), c);
  }
  return c;
}

// Cube maps. The major axis: z before y before x where they are equal.
SIM_INLINE float magnitude(float x) { return __builtin_fabsf(x); }
SIM_INLINE bool z_major(float x, float y, float z) {
  return (magnitude(z) >= magnitude(x)) & (magnitude(z) >= magnitude(y));
}
SIM_INLINE bool y_major(float x, float y) { return magnitude(y) >= magnitude(x); }
SIM_INLINE float cube_id(float x, float y, float z) {
  return z_major(x, y, z) ? (z < 0 ? 5.0f : 4.0f)
         : y_major(x, y)  ? (y < 0 ? 3.0f : 2.0f)
                          : (x < 0 ? 1.0f : 0.0f);
}
SIM_INLINE float cube_sc(float x, float y, float z) {
  return z_major(x, y, z) ? (z < 0 ? -x : x) : y_major(x, y) ? x : (x < 0 ? z : -z);
}
SIM_INLINE float cube_tc(float x, float y, float z) {
  return z_major(x, y, z) ? -y : y_major(x, y) ? (y < 0 ? -z : z) : -y;
}
SIM_INLINE float cube_ma(float x, float y, float z) {
  return 2 * (z_major(x, y, z) ? z : y_major(x, y) ? y : x);
}

// 53 bits of 2/pi below the first 53 * segment (more for large arguments), for argument reduction.
constexpr u64 kTwoOverPi[] = {
    0xa2f9'836e'4e44'1529, 0xfc27'57d1'f534'ddc0, 0xdb62'9599'3c43'9041, 0xfe51'63ab'debb'c561,
    0xb724'6e3a'424d'd2e0, 0x0649'2eea'09d1'921c, 0xfe1d'eb1c'b129'a73e, 0xe882'35f5'2ebb'4484,
    0xe99c'7026'b45f'7e41, 0x3991'd639'8353'39f4, 0x9c84'5f8b'bdf9'283b, 0x1ff8'97ff'de05'980f,
    0xef2f'118b'5a0a'6d1f, 0x6d36'7ecf'27cb'09b7, 0x4f46'3f66'9e5f'ea2d, 0x7527'bac7'ebe5'f17b,
    0x3d07'39f7'8a52'92ea, 0x6bfb'5fb1'1f8d'5d08, 0x5603'3046'fc7b'0000};
SIM_INLINE F64 trig_preop(F64 a, u32 segment) {
  const u32 e = exponent64(a.bits);
  u32 shift = (segment & 31) * 53;
  if (e > 1077) shift += e - 1077;
  // The first bit of the table weighs 1/2; past its 1201 bits there are zeros.
  u64 bits = 0;
  for (u32 i = shift; i < shift + 53; ++i)
    bits = bits << 1 | (i < 1201 ? kTwoOverPi[i / 64] >> (63 - i % 64) & 1 : 0);
  const i32 scale = -53 - i32(shift) + (e >= 1968 ? 128 : 0);
  return {as_bits(ldexp64(double(i64(bits)), scale))};
}

constexpr Row high(Row row) {
  row.param = kHighDestination;
  return row;
}

constexpr Row kRows[] = {
    vector("v_add_f32", [](float a, float b) { return a + b; }),
    vector("v_sub_f32", [](float a, float b) { return a - b; }),
    vector("v_subrev_f32", [](float a, float b) { return b - a; }),
    vector("v_mul_f32", [](float a, float b) { return a * b; }),
    vector("v_mul_legacy_f32", [](float a, float b) { return mul_legacy(a, b); }),
    vector("v_fma_f32", [](float a, float b, float c) { return fma32(a, b, c); }),
    vector("v_fmac_f32", [](float a, float b, Old<float> d) { return fma32(a, b, d.value); }),
    vector("v_fmamk_f32", [](float a, float k, float b) { return fma32(a, k, b); }),
    vector("v_fmaak_f32", [](float a, float b, float k) { return fma32(a, b, k); }),
    packed32("v_pk_add_f32", [](float a, float b) { return a + b; }),
    packed32("v_pk_mul_f32", [](float a, float b) { return a * b; }),
    packed32("v_pk_fma_f32", [](float a, float b, float c) { return fma32(a, b, c); }),
    vector("v_fma_mix_f32", [](Mix a, Mix b, Mix c) { return fma32(a.value, b.value, c.value); }),

    vector("v_add_f64", [](double a, double b) { return a + b; }),
    vector("v_mul_f64", [](double a, double b) { return a * b; }),
    vector("v_fma_f64", [](double a, double b, double c) { return fma64(a, b, c); }),
    vector("v_fmac_f64", [](double a, double b, Old<double> d) { return fma64(a, b, d.value); }),

    vector("v_add_f16", [](Half a, Half b) { return Half{a.value + b.value}; }),
    vector("v_sub_f16", [](Half a, Half b) { return Half{a.value - b.value}; }),
    vector("v_subrev_f16", [](Half a, Half b) { return Half{b.value - a.value}; }),
    vector("v_mul_f16", [](Half a, Half b) { return Half{a.value * b.value}; }),
    vector_half("v_fma_f16", [](Half a, Half b, Half c) { return fma16(a, b, c); }),
    vector("v_fma_legacy_f16", [](Half a, Half b, Half c) { return fma16(a, b, c); }),
    packed16("v_pk_add_f16", [](Half a, Half b) { return Half{a.value + b.value}; }),
    packed16("v_pk_mul_f16", [](Half a, Half b) { return Half{a.value * b.value}; }),
    packed16("v_pk_fma_f16", [](Half a, Half b, Half c) { return fma16(a, b, c); }),
    packed16("v_pk_fmac_f16", [](Half a, Half b, Old<Half> d) { return fma16(a, b, d.value); }),
    // Unfused.
    vector_half("v_mad_f16",
                [](Half a, Half b, Half c, const Mode& m) { return mad16(a, b, c, m); }),
    vector("v_mad_legacy_f16",
           [](Half a, Half b, Half c, const Mode& m) { return mad16(a, b, c, m); }),
    vector("v_mac_f16",
           [](Half a, Half b, Old<Half> d, const Mode& m) { return mad16(a, b, d.value, m); }),
    vector("v_madmk_f16", [](Half a, Half k, Half b, const Mode& m) { return mad16(a, k, b, m); }),
    vector("v_madak_f16", [](Half a, Half b, Half k, const Mode& m) { return mad16(a, b, k, m); }),
    // One rounding to f32, a second to f16 (the mix instructions compute in f32).
    vector_half("v_fma_mixlo_f16",
                [](Mix a, Mix b, Mix c, const Mode& m) { return mix16(a, b, c, m); }),
    high(vector_half("v_fma_mixhi_f16",
                     [](Mix a, Mix b, Mix c, const Mode& m) { return mix16(a, b, c, m); })),

    vector("v_min_f32", [](F32 a, F32 b, const Mode& m) { return min_of(a, b, m); }),
    vector("v_max_f32", [](F32 a, F32 b, const Mode& m) { return max_of(a, b, m); }),
    vector("v_min3_f32",
           [](F32 a, F32 b, F32 c, const Mode& m) { return min_of(min_of(a, b, m), c, m); }),
    vector("v_max3_f32",
           [](F32 a, F32 b, F32 c, const Mode& m) { return max_of(max_of(a, b, m), c, m); }),
    vector("v_med3_f32", [](F32 a, F32 b, F32 c, const Mode& m) { return med3(a, b, c, m); }),
    vector("v_minimum3_f32",
           [](F32 a, F32 b, F32 c, const Mode& m) {
             return ieee2019_extreme<false>(ieee2019_extreme<false>(a, b, m), c, m);
           })
        .on(kGfx950Only),
    vector("v_maximum3_f32",
           [](F32 a, F32 b, F32 c, const Mode& m) {
             return ieee2019_extreme<true>(ieee2019_extreme<true>(a, b, m), c, m);
           })
        .on(kGfx950Only),
    packed16("v_pk_minimum3_f16",
             [](F16 a, F16 b, F16 c, const Mode& m) {
               return ieee2019_extreme<false>(ieee2019_extreme<false>(a, b, m), c, m);
             })
        .on(kGfx950Only),
    packed16("v_pk_maximum3_f16",
             [](F16 a, F16 b, F16 c, const Mode& m) {
               return ieee2019_extreme<true>(ieee2019_extreme<true>(a, b, m), c, m);
             })
        .on(kGfx950Only),
    vector("v_min_f64", [](F64 a, F64 b, const Mode& m) { return min_of(a, b, m); }),
    vector("v_max_f64", [](F64 a, F64 b, const Mode& m) { return max_of(a, b, m); }),
    vector("v_min_f16", [](F16 a, F16 b, const Mode& m) { return min_of(a, b, m); }),
    vector("v_max_f16", [](F16 a, F16 b, const Mode& m) { return max_of(a, b, m); }),
    vector_half("v_min3_f16",
                [](F16 a, F16 b, F16 c, const Mode& m) { return min_of(min_of(a, b, m), c, m); }),
    vector_half("v_max3_f16",
                [](F16 a, F16 b, F16 c, const Mode& m) { return max_of(max_of(a, b, m), c, m); }),
    vector_half("v_med3_f16", [](F16 a, F16 b, F16 c, const Mode& m) { return med3(a, b, c, m); }),
    packed16("v_pk_min_f16", [](F16 a, F16 b, const Mode& m) { return min_of(a, b, m); }),
    packed16("v_pk_max_f16", [](F16 a, F16 b, const Mode& m) { return max_of(a, b, m); }),

    vector("v_div_scale_f32", [](F32 a, F32 b, F32 c) { return div_scale32(a, b, c); }),
    vector("v_div_scale_f64", [](F64 a, F64 b, F64 c) { return div_scale64(a, b, c); }),
    vector("v_div_fmas_f32",
           [](float a, float b, float c, VccBit v) { return div_fmas32(a, b, c, bool(v)); }),
    vector("v_div_fmas_f64",
           [](double a, double b, double c, VccBit v, const Mode& m) {
             return div_fmas64(a, b, c, bool(v), m.round_f16_f64);
           }),
    vector("v_div_fixup_f32", [](F32 a, F32 b, F32 c) { return div_fixup32(a, b, c); }),
    vector("v_div_fixup_f64", [](F64 a, F64 b, F64 c) { return div_fixup64(a, b, c); }),
    vector("v_div_fixup_legacy_f16", [](F16 a, F16 b, F16 c) { return div_fixup16(a, b, c); }),
    vector_half("v_div_fixup_f16", [](F16 a, F16 b, F16 c) { return div_fixup16(a, b, c); }),

    vector("v_ldexp_f32", [](float a, i32 n) { return ldexp32(a, n); }),
    vector("v_ldexp_f64", [](double a, i32 n) { return ldexp64(a, n); }),
    vector("v_ldexp_f16",
           [](Half a, i16 n) {
             // Within what f32 holds, so that overflow stays apart from infinity.
             return Half{ldexp32(a.value, n < -100 ? -100 : n > 100 ? 100 : n)};
           }),
    vector("v_trig_preop_f64", [](F64 a, u32 segment) { return trig_preop(a, segment); }),
    vector("v_cubeid_f32", [](float x, float y, float z) { return cube_id(x, y, z); }),
    vector("v_cubesc_f32", [](float x, float y, float z) { return cube_sc(x, y, z); }),
    vector("v_cubetc_f32", [](float x, float y, float z) { return cube_tc(x, y, z); }),
    vector("v_cubema_f32", [](float x, float y, float z) { return cube_ma(x, y, z); }),
    vector("v_dot2_f32_f16",
           [](Pair16 a, Pair16 b, float c) { return dot2<false>(a.bits, b.bits, c); })
        .with(Fidelity::kHypothesis),
    vector("v_dot2_f32_bf16",
           [](Pair16 a, Pair16 b, float c) { return dot2<true>(a.bits, b.bits, c); })
        .on(kGfx950Only)
        .with(Fidelity::kHypothesis),
    vector("v_dot2c_f32_f16", [](u32 a, u32 b, Old<float> c) { return dot2<false>(a, b, c.value); })
        .with(Fidelity::kHypothesis),
    vector("v_dot2c_f32_bf16", [](u32 a, u32 b, Old<float> c) { return dot2<true>(a, b, c.value); })
        .on(kGfx950Only)
        .with(Fidelity::kHypothesis),
    vector("v_frexp_exp_i32_f32", [](F32 a) { return frexp_exp32(a.bits); }),
    vector("v_frexp_mant_f32", [](F32 a) { return F32{frexp_mant32(a.bits)}; }),
    vector("v_frexp_exp_i32_f64", [](F64 a) { return frexp_exp64(a.bits); }),
    vector("v_frexp_mant_f64", [](F64 a) { return F64{frexp_mant64(a.bits)}; }),
    vector("v_frexp_exp_i16_f16", [](F16 a) { return u16(frexp_exp32(f32_from_f16(a.bits))); }),
    vector("v_frexp_mant_f16",
           [](F16 a) {
             return F16{f16_from_f32(frexp_mant32(f32_from_f16(a.bits)), Round::kNearest, false)};
           }),

    vector("v_floor_f32", [](float a) { return __builtin_floorf(a); }),
    vector("v_ceil_f32", [](float a) { return __builtin_ceilf(a); }),
    vector("v_trunc_f32", [](float a) { return __builtin_truncf(a); }),
    vector("v_rndne_f32", [](float a) { return rndne(a); }),
    vector("v_fract_f32", [](float a) { return fract(a); }),
    vector("v_floor_f64", [](double a) { return __builtin_floor(a); }),
    vector("v_ceil_f64", [](double a) { return __builtin_ceil(a); }),
    vector("v_trunc_f64", [](double a) { return __builtin_trunc(a); }),
    vector("v_rndne_f64", [](double a) { return __builtin_roundeven(a); }),
    vector("v_fract_f64", [](double a) { return fract(a); }),
    vector("v_floor_f16", [](Half a) { return Half{__builtin_floorf(a.value)}; }),
    vector("v_ceil_f16", [](Half a) { return Half{__builtin_ceilf(a.value)}; }),
    vector("v_trunc_f16", [](Half a) { return Half{__builtin_truncf(a.value)}; }),
    vector("v_rndne_f16", [](Half a) { return Half{rndne(a.value)}; }),
    vector("v_fract_f16",
           [](Half a) {
             // The largest f16 below 1 bounds it.
             const float r = a.value - __builtin_floorf(a.value);
             return Half{r < 0x1.ffcp-1f ? r : r != r ? r : 0x1.ffcp-1f};
           }),
};

}  // namespace

std::span<const Row> vop_float_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
