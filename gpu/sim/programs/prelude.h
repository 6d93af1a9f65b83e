// The language of generated programs: types and operations that mean the same in a HIP kernel and
// in host C++. On the device they are the compiler's builtins; on the host they are written out
// from their definitions (C++, IEEE 754, the ISA manual), for any C++20 compiler.
#ifndef WAVEFUZZ_GPU_SIM_PROGRAMS_PRELUDE_H_
#define WAVEFUZZ_GPU_SIM_PROGRAMS_PRELUDE_H_

#ifdef __AMDGCN__
// Everything below, and the programs themselves, is for both sides without saying so.
#pragma clang force_cuda_host_device begin
#else
#include <cmath>
#include <cstring>
#endif

#define NOINLINE __attribute__((noinline))

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef signed char i8;
typedef short i16;
typedef int i32;
typedef long i64;
typedef unsigned __int128 u128;
typedef float f32;
typedef double f64;

// --- Types that host compilers lack -------------------------------------------------------------

#ifdef __AMDGCN__
typedef _Float16 f16;
typedef __bf16 bf16;
typedef u16 u16x2 __attribute__((ext_vector_type(2)));
typedef i16 i16x2 __attribute__((ext_vector_type(2)));
typedef f16 f16x2 __attribute__((ext_vector_type(2)));
typedef f32 f32x2 __attribute__((ext_vector_type(2)));
typedef u32 u32x4 __attribute__((ext_vector_type(4)));
#else
// Every operation rounds. f32 has more than twice the bits, so rounding twice does no harm.
struct f16 {
  _Float16 value;
  f16() = default;
  explicit f16(f32 x) : value(_Float16(x)) {}
  explicit f16(f64 x) : value(_Float16(x)) {}
  explicit f16(u16 x) : value(_Float16(f32(x))) {}
  explicit f16(i16 x) : value(_Float16(f32(x))) {}
  explicit f16(i32 x) : value(_Float16(f32(x))) {}
  explicit operator f32() const { return f32(value); }
  explicit operator f64() const { return f64(value); }
};
inline f16 operator+(f16 a, f16 b) { return f16(f32(a) + f32(b)); }
inline f16 operator-(f16 a, f16 b) { return f16(f32(a) - f32(b)); }
inline f16 operator*(f16 a, f16 b) { return f16(f32(a) * f32(b)); }
inline f16 operator/(f16 a, f16 b) { return f16(f32(a) / f32(b)); }
inline f16 operator-(f16 a) { return f16(-f32(a)); }
inline bool operator<(f16 a, f16 b) { return f32(a) < f32(b); }
inline bool operator<=(f16 a, f16 b) { return f32(a) <= f32(b); }
inline bool operator==(f16 a, f16 b) { return f32(a) == f32(b); }

struct bf16 {
  u16 bits;
  bf16() = default;
  explicit bf16(f32 x) {
    const u32 wide = __builtin_bit_cast(u32, x);
    bits = x != x ? u16(0x7fc0) : u16((wide + 0x7fff + (wide >> 16 & 1)) >> 16);
  }
  explicit operator f32() const { return __builtin_bit_cast(f32, u32(bits) << 16); }
};

template <typename T, unsigned kCount>
struct alignas(sizeof(T) * kCount) Vector {
  T element[kCount];
  T& operator[](unsigned i) { return element[i]; }
  const T& operator[](unsigned i) const { return element[i]; }
};
typedef Vector<u16, 2> u16x2;
typedef Vector<i16, 2> i16x2;
typedef Vector<f16, 2> f16x2;
typedef Vector<f32, 2> f32x2;
typedef Vector<u32, 4> u32x4;
#endif

template <typename T>
struct Signed;
template <>
struct Signed<u32> {
  typedef i32 type;
};
template <>
struct Signed<u64> {
  typedef i64 type;
};
template <typename T>
inline constexpr bool kIsSigned = T(-1) < T(0);

// --- Bits ----------------------------------------------------------------------------------------

// The bits of a float, every NaN being the same one: payloads are nobody's promise.
inline u32 bits(f32 x) { return x == x ? __builtin_bit_cast(u32, x) : 0x7fc00000u; }
inline u64 bits(f64 x) { return x == x ? __builtin_bit_cast(u64, x) : 0x7ff8000000000000ul; }
inline u16 bits(f16 x) { return x == x ? __builtin_bit_cast(u16, x) : u16(0x7e00); }
inline u16 bits(bf16 x) {
  const u16 raw = __builtin_bit_cast(u16, x);
  return (raw & 0x7fff) > 0x7f80 ? u16(0x7fc0) : raw;
}
inline f32 as_f32(u32 x) { return __builtin_bit_cast(f32, x); }
inline f64 as_f64(u64 x) { return __builtin_bit_cast(f64, x); }
inline f16 as_f16(u16 x) { return __builtin_bit_cast(f16, x); }
inline bf16 as_bf16(u16 x) { return __builtin_bit_cast(bf16, x); }
inline f32 canonical(f32 x) { return as_f32(bits(x)); }
inline f64 canonical(f64 x) { return as_f64(bits(x)); }
inline f16 canonical(f16 x) { return as_f16(bits(x)); }
inline bf16 canonical(bf16 x) { return as_bf16(bits(x)); }
inline f16x2 canonical(f16x2 x) {
  x[0] = canonical(x[0]);
  x[1] = canonical(x[1]);
  return x;
}
inline f32x2 canonical(f32x2 x) {
  x[0] = canonical(x[0]);
  x[1] = canonical(x[1]);
  return x;
}
template <typename T>
inline T canonical(T x) {
  return x;
}
// Numbers near 1, where arithmetic rounds rather than overflows.
inline f32 near_one(u32 x) { return as_f32((x & 0x83ffffffu) + 0x3e000000u); }
inline f64 near_one(u64 x) { return as_f64((x & 0x807ffffffffffffful) + 0x3fc0000000000000ul); }
inline f16 near_one(u16 x) { return as_f16(u16((x & 0x8fff) + 0x3400)); }

// --- Integers ------------------------------------------------------------------------------------

// Total division: what is undefined in C++ gives the dividend.
template <typename T>
inline T quotient(T a, T b) {
  if (b == 0) return a;
  if (kIsSigned<T> && b == T(-1)) return T(u64(0) - u64(a));
  return T(a / b);
}
template <typename T>
inline T remainder_of(T a, T b) {
  if (b == 0) return a;
  if (kIsSigned<T> && b == T(-1)) return 0;
  return T(a % b);
}
template <typename T>
inline T smaller(T a, T b) {
  return b < a ? b : a;
}
template <typename T>
inline T larger(T a, T b) {
  return a < b ? b : a;
}
inline u32 leading_zeros(u32 x) { return x == 0 ? 32 : u32(__builtin_clz(x)); }
inline u32 leading_zeros(u64 x) { return x == 0 ? 64 : u32(__builtin_clzl(x)); }
inline u32 trailing_zeros(u32 x) { return x == 0 ? 32 : u32(__builtin_ctz(x)); }
inline u32 trailing_zeros(u64 x) { return x == 0 ? 64 : u32(__builtin_ctzl(x)); }
inline u32 ones(u32 x) { return u32(__builtin_popcount(x)); }
inline u32 ones(u64 x) { return u32(__builtin_popcountl(x)); }
inline u32 high_product(u32 a, u32 b) { return u32(u64(a) * b >> 32); }
inline i32 high_product(i32 a, i32 b) { return i32(u64(i64(a) * b) >> 32); }
inline u64 high_product(u64 a, u64 b) { return u64(u128(a) * b >> 64); }
inline u32 rotated(u32 x, u32 n) { return x << (n & 31) | x >> (-n & 31); }
inline u64 rotated(u64 x, u32 n) { return x << (n & 63) | x >> (-n & 63); }
inline u32 product24(u32 a, u32 b) { return (a & 0xffffffu) * (b & 0xffffffu); }
inline i32 product24(i32 a, i32 b) {
  const i64 x = i32(u32(a) << 8) >> 8, y = i32(u32(b) << 8) >> 8;
  return i32(u64(x * y));
}

#ifdef __AMDGCN__
inline u32 reversed(u32 x) { return __builtin_bitreverse32(x); }
inline u64 reversed(u64 x) { return __builtin_bitreverse64(x); }
template <typename T>
inline T saturating_sum(T a, T b) {
  return __builtin_elementwise_add_sat(a, b);
}
template <typename T>
inline T saturating_difference(T a, T b) {
  return __builtin_elementwise_sub_sat(a, b);
}
inline u32 bit_field(u32 x, u32 first, u32 width) { return __builtin_amdgcn_ubfe(x, first, width); }
inline i32 bit_field(i32 x, u32 first, u32 width) { return __builtin_amdgcn_sbfe(x, first, width); }
inline u32 align_bit(u32 high, u32 low, u32 by) { return __builtin_amdgcn_alignbit(high, low, by); }
inline u32 align_byte(u32 high, u32 low, u32 by) {
  return __builtin_amdgcn_alignbyte(high, low, by);
}
inline u32 permuted(u32 high, u32 low, u32 selectors) {
  return __builtin_amdgcn_perm(high, low, selectors);
}
inline u32 sad_u8(u32 a, u32 b, u32 c) { return __builtin_amdgcn_sad_u8(a, b, c); }
inline u32 msad_u8(u32 a, u32 b, u32 c) { return __builtin_amdgcn_msad_u8(a, b, c); }
inline u32 sad_u16(u32 a, u32 b, u32 c) { return __builtin_amdgcn_sad_u16(a, b, c); }
inline u32 sad_hi_u8(u32 a, u32 b, u32 c) { return __builtin_amdgcn_sad_hi_u8(a, b, c); }
inline u32 lerp(u32 a, u32 b, u32 round) { return __builtin_amdgcn_lerp(a, b, round); }
inline i32 dot4(i32 a, i32 b, i32 c) { return __builtin_amdgcn_sdot4(a, b, c, false); }
inline u32 dot4(u32 a, u32 b, u32 c) { return __builtin_amdgcn_udot4(a, b, c, false); }
inline i32 dot8(i32 a, i32 b, i32 c) { return __builtin_amdgcn_sdot8(a, b, c, false); }
inline u32 dot8(u32 a, u32 b, u32 c) { return __builtin_amdgcn_udot8(a, b, c, false); }
inline i32 dot2(i16x2 a, i16x2 b, i32 c) { return __builtin_amdgcn_sdot2(a, b, c, false); }
inline u32 dot2(u16x2 a, u16x2 b, u32 c) { return __builtin_amdgcn_udot2(a, b, c, false); }
inline u16x2 packed_saturated(u32 a, u32 b) {
  return __builtin_bit_cast(u16x2, __builtin_amdgcn_cvt_pk_u16(a, b));
}
inline i16x2 packed_saturated(i32 a, i32 b) {
  return __builtin_bit_cast(i16x2, __builtin_amdgcn_cvt_pk_i16(a, b));
}
#else
template <typename T>
inline T reversed(T x) {
  T r = 0;
  for (unsigned i = 0; i < 8 * sizeof(T); ++i) r |= (x >> i & 1) << (8 * sizeof(T) - 1 - i);
  return r;
}
template <typename T>
inline T saturated(__int128 x) {
  const __int128 span = __int128(1) << (8 * sizeof(T) - (kIsSigned<T> ? 1 : 0));
  const __int128 low = kIsSigned<T> ? -span : 0;
  return T(x < low ? low : x >= span ? span - 1 : x);
}
template <typename T>
inline T saturating_sum(T a, T b) {
  return saturated<T>(__int128(a) + b);
}
template <typename T>
inline T saturating_difference(T a, T b) {
  return saturated<T>(__int128(a) - b);
}
inline u32 bit_field(u32 x, u32 first, u32 width) {
  return x >> (first & 31) & ((1u << (width & 31)) - 1);
}
inline i32 bit_field(i32 x, u32 first, u32 width) {
  if ((width & 31) == 0) return 0;
  const u64 field = u64(i64(x)) >> (first & 31) << (64 - (width & 31));
  return i32(i64(field) >> (64 - (width & 31)));
}
inline u32 align_bit(u32 high, u32 low, u32 by) {
  return u32((u64(high) << 32 | low) >> (by & 31));
}
inline u32 align_byte(u32 high, u32 low, u32 by) {
  return u32((u64(high) << 32 | low) >> 8 * (by & 3));
}
inline u32 permuted(u32 high, u32 low, u32 selectors) {
  const u64 all = u64(high) << 32 | low;
  u32 r = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const u32 s = selectors >> 8 * i & 0xff;
    u32 byte = 0xff;
    if (s < 8)
      byte = u32(all >> 8 * s) & 0xff;
    else if (s < 12)
      byte = all >> (16 * (s - 8) + 15) & 1 ? 0xff : 0;
    else if (s == 12)
      byte = 0;
    r |= byte << 8 * i;
  }
  return r;
}
inline u32 byte_of(u32 x, unsigned i) { return x >> 8 * i & 0xff; }
inline u32 distance(u32 a, u32 b) { return a > b ? a - b : b - a; }
inline u32 sad_u8(u32 a, u32 b, u32 c) {
  for (unsigned i = 0; i < 4; ++i) c += distance(byte_of(a, i), byte_of(b, i));
  return c;
}
inline u32 msad_u8(u32 a, u32 b, u32 c) {
  for (unsigned i = 0; i < 4; ++i)
    if (byte_of(b, i) != 0) c += distance(byte_of(a, i), byte_of(b, i));
  return c;
}
inline u32 sad_u16(u32 a, u32 b, u32 c) {
  return c + distance(a & 0xffff, b & 0xffff) + distance(a >> 16, b >> 16);
}
inline u32 sad_hi_u8(u32 a, u32 b, u32 c) { return (sad_u8(a, b, 0) << 16) + c; }
inline u32 lerp(u32 a, u32 b, u32 round) {
  u32 r = 0;
  for (unsigned i = 0; i < 4; ++i)
    r |= (byte_of(a, i) + byte_of(b, i) + (round >> 8 * i & 1)) >> 1 << 8 * i;
  return r;
}
inline i32 dot4(i32 a, i32 b, i32 c) {
  u32 r = u32(c);
  for (unsigned i = 0; i < 4; ++i)
    r += u32(i32(i8(byte_of(u32(a), i))) * i32(i8(byte_of(u32(b), i))));
  return i32(r);
}
inline u32 dot4(u32 a, u32 b, u32 c) {
  for (unsigned i = 0; i < 4; ++i) c += byte_of(a, i) * byte_of(b, i);
  return c;
}
inline i32 dot8(i32 a, i32 b, i32 c) {
  u32 r = u32(c);
  for (unsigned i = 0; i < 8; ++i) {
    const i32 x = i32(u32(a) >> 4 * i << 28) >> 28, y = i32(u32(b) >> 4 * i << 28) >> 28;
    r += u32(x * y);
  }
  return i32(r);
}
inline u32 dot8(u32 a, u32 b, u32 c) {
  for (unsigned i = 0; i < 8; ++i) c += (a >> 4 * i & 15) * (b >> 4 * i & 15);
  return c;
}
inline i32 dot2(i16x2 a, i16x2 b, i32 c) {
  return i32(u32(c) + u32(a[0] * b[0]) + u32(a[1] * b[1]));
}
inline u32 dot2(u16x2 a, u16x2 b, u32 c) {
  return c + u32(a[0]) * u32(b[0]) + u32(a[1]) * u32(b[1]);
}
inline u16x2 packed_saturated(u32 a, u32 b) { return {{saturated<u16>(a), saturated<u16>(b)}}; }
inline i16x2 packed_saturated(i32 a, i32 b) { return {{saturated<i16>(a), saturated<i16>(b)}}; }
#endif

// --- Vectors -------------------------------------------------------------------------------------

// Elementwise, each result converted to the element type.
#ifdef __AMDGCN__
#define ELEMENTWISE(name, expression) \
  template <typename V>               \
  inline V name(V a, V b) {           \
    return expression;                \
  }
ELEMENTWISE(each_sum, a + b)
ELEMENTWISE(each_difference, a - b)
ELEMENTWISE(each_product, a* b)
ELEMENTWISE(each_smaller, __builtin_elementwise_min(a, b))
ELEMENTWISE(each_larger, __builtin_elementwise_max(a, b))
ELEMENTWISE(each_saturating_sum, __builtin_elementwise_add_sat(a, b))
ELEMENTWISE(each_saturating_difference, __builtin_elementwise_sub_sat(a, b))
ELEMENTWISE(each_shifted_left, a << (b & V(15)))
ELEMENTWISE(each_shifted_right, a >> (b & V(15)))
template <typename V>
inline V each_fma(V a, V b, V c) {
  return __builtin_elementwise_fma(a, b, c);
}
#else
inline f32 fused(f32 a, f32 b, f32 c);
inline f16 fused(f16 a, f16 b, f16 c);
template <typename T>
inline T wrapped(T x) {
  return x;
}
#define ELEMENTWISE(name, expression)                                       \
  template <typename T, unsigned kCount>                                    \
  inline Vector<T, kCount> name(Vector<T, kCount> v, Vector<T, kCount> w) { \
    for (unsigned i = 0; i < kCount; ++i) {                                 \
      const T a = v[i], b = w[i];                                           \
      v[i] = T(expression);                                                 \
    }                                                                       \
    return v;                                                               \
  }
ELEMENTWISE(each_sum, a + b)
ELEMENTWISE(each_difference, a - b)
ELEMENTWISE(each_smaller, smaller(a, b))
ELEMENTWISE(each_larger, larger(a, b))
ELEMENTWISE(each_saturating_sum, saturated<T>(__int128(a) + b))
ELEMENTWISE(each_saturating_difference, saturated<T>(__int128(a) - b))
ELEMENTWISE(each_shifted_left, u32(a) << (b & 15))
ELEMENTWISE(each_shifted_right, a >> (b & 15))
template <typename T>
inline T product_of(T a, T b) {
  return a * b;
}
inline u16 product_of(u16 a, u16 b) { return u16(u32(a) * b); }
ELEMENTWISE(each_product, product_of(a, b))
template <typename T, unsigned kCount>
inline Vector<T, kCount> each_fma(Vector<T, kCount> a, const Vector<T, kCount>& b,
                                  const Vector<T, kCount>& c) {
  for (unsigned i = 0; i < kCount; ++i) a[i] = fused(a[i], b[i], c[i]);
  return a;
}
#endif
#undef ELEMENTWISE
template <typename V, typename T>
inline V made(T a, T b) {
  V v;
  v[0] = a;
  v[1] = b;
  return v;
}
inline u32x4 made4(u32 a, u32 b, u32 c, u32 d) {
  u32x4 v;
  v[0] = a;
  v[1] = b;
  v[2] = c;
  v[3] = d;
  return v;
}

inline u32x4 with_element(u32x4 v, u32 index, u32 value) {
  v[index & 3] = value;
  return v;
}

// --- Floats --------------------------------------------------------------------------------------

// Conversions to integers are only defined within range.
template <typename T, typename F>
inline T to_integer(F x, F low, F high) {
  if (!(x == x)) return T(7);
  if (x < low) x = low;
  if (high < x) x = high;
  return T(x);
}
// A zero's sign after min and max is open: adding +0 makes it positive.
inline f32 float_min(f32 a, f32 b) { return __builtin_fminf(canonical(a), canonical(b)) + 0.0f; }
inline f32 float_max(f32 a, f32 b) { return __builtin_fmaxf(canonical(a), canonical(b)) + 0.0f; }
inline f64 float_min(f64 a, f64 b) { return __builtin_fmin(canonical(a), canonical(b)) + 0.0; }
inline f64 float_max(f64 a, f64 b) { return __builtin_fmax(canonical(a), canonical(b)) + 0.0; }
inline bool is_finite(f32 x) { return (__builtin_bit_cast(u32, x) & 0x7f800000u) != 0x7f800000u; }
inline f32 finite(f32 x) { return is_finite(x) ? x : 1.5f; }

#ifdef __AMDGCN__
inline f32 fused(f32 a, f32 b, f32 c) { return __builtin_fmaf(a, b, c); }
inline f64 fused(f64 a, f64 b, f64 c) { return __builtin_fma(a, b, c); }
inline f16 fused(f16 a, f16 b, f16 c) { return __builtin_fmaf16(a, b, c); }
inline f32 root(f32 x) { return __builtin_sqrtf(x); }
inline f64 root(f64 x) { return __builtin_sqrt(x); }
inline f16 root(f16 x) { return __builtin_sqrtf16(x); }
inline f16 magnitude(f16 x) { return __builtin_fabsf16(x); }
inline f16 floor_of(f16 x) { return __builtin_floorf16(x); }
inline f16 rint_of(f16 x) { return __builtin_rintf16(x); }
inline u32 fp_class(f32 x, u32 mask) { return __builtin_amdgcn_classf(x, mask); }
inline f32 median(f32 a, f32 b, f32 c) { return __builtin_amdgcn_fmed3f(a, b, c); }
inline f32 fraction(f32 x) { return __builtin_amdgcn_fractf(x); }
inline f32 mantissa(f32 x) { return __builtin_amdgcn_frexp_mantf(x); }
inline f64 mantissa(f64 x) { return __builtin_amdgcn_frexp_mant(x); }
inline i32 exponent(f32 x) { return __builtin_amdgcn_frexp_expf(x); }
inline i32 exponent(f64 x) { return __builtin_amdgcn_frexp_exp(x); }
inline u32 packed_toward_zero(f32 a, f32 b) {
  return __builtin_bit_cast(u32, __builtin_amdgcn_cvt_pkrtz(a, b));
}
inline u32 byte_from_float(f32 x, u32 byte, u32 old) {
  return __builtin_amdgcn_cvt_pk_u8_f32(x, byte, old);
}
#else
inline f32 fused(f32 a, f32 b, f32 c) { return __builtin_fmaf(a, b, c); }
inline f64 fused(f64 a, f64 b, f64 c) { return __builtin_fma(a, b, c); }
// The product is exact in f64; rounding the sum to odd makes the second rounding the only one.
inline f16 fused(f16 a, f16 b, f16 c) {
  const f64 p = f64(a) * f64(b), q = f64(c), sum = p + q;
  if (!(sum - sum == 0)) return f16(sum);
  const f64 r = sum - p, error = (p - (sum - r)) + (q - r);
  u64 odd = __builtin_bit_cast(u64, sum);
  if (error != 0 && (odd & 1) == 0) odd += (error > 0) == (sum > 0) ? 1 : u64(-1);
  return f16(__builtin_bit_cast(f64, odd));
}
inline f32 root(f32 x) { return __builtin_sqrtf(x); }
inline f64 root(f64 x) { return __builtin_sqrt(x); }
inline f16 root(f16 x) { return f16(__builtin_sqrtf(f32(x))); }
inline f16 magnitude(f16 x) { return f16(__builtin_fabsf(f32(x))); }
inline f16 floor_of(f16 x) { return f16(__builtin_floorf(f32(x))); }
inline f16 rint_of(f16 x) { return f16(__builtin_rintf(f32(x))); }
// Bits of the mask: signalling NaN, quiet NaN, -inf, -normal, -denormal, -0, and so on up to +inf.
inline u32 fp_class(f32 x, u32 mask) {
  const u32 b = __builtin_bit_cast(u32, x), magnitude = b & 0x7fffffffu;
  u32 kind;
  if (magnitude > 0x7f800000u)
    kind = magnitude & 0x400000u ? 1 : 0;
  else {
    const u32 size = magnitude == 0            ? 0
                     : magnitude < 0x800000u   ? 1
                     : magnitude < 0x7f800000u ? 2
                                               : 3;
    kind = b >> 31 ? 5 - size : 6 + size;
  }
  return mask >> kind & 1;
}
inline f32 median(f32 a, f32 b, f32 c) { return larger(smaller(a, b), smaller(larger(a, b), c)); }
inline f32 fraction(f32 x) {
  const f32 r = f32(f64(x) - __builtin_floor(f64(x)));
  return r < 1.0f ? r : 0x1.fffffep-1f;
}
template <typename F>
inline F mantissa(F x) {
  int e;
  return std::frexp(x, &e);
}
template <typename F>
inline i32 exponent(F x) {
  int e = 0;
  if (x != 0) std::frexp(x, &e);
  return e;
}
inline u32 half_toward_zero(f32 x) {
  const f16 nearest(x);
  u32 b = __builtin_bit_cast(u16, nearest);
  // One step back when rounding went away from zero; never to infinity from a finite number.
  if (is_finite(x) && __builtin_fabsf(f32(nearest)) > __builtin_fabsf(x)) --b;
  return b;
}
inline u32 packed_toward_zero(f32 a, f32 b) {
  return half_toward_zero(a) | half_toward_zero(b) << 16;
}
inline u32 byte_from_float(f32 x, u32 byte, u32 old) {
  const unsigned shift = 8 * (byte & 3);
  return (old & ~(0xffu << shift)) | u32(u8(x)) << shift;
}
#endif
inline f32 scaled(f32 x, i32 n) { return __builtin_ldexpf(x, n); }
inline f64 scaled(f64 x, i32 n) { return __builtin_ldexp(x, n); }

// --- Memory --------------------------------------------------------------------------------------

inline constexpr u32 kInputBytes = 4096;
inline constexpr u32 kOwnBytes = 64;     // of global memory, for every work-item
inline constexpr u32 kSharedWords = 64;  // of global memory, for all: atomics only

struct Args {
  const u8* in;  // kInputBytes
  u8* out;
  u8* own;      // kOwnBytes for every work-item
  u64* common;  // kSharedWords
  u64 b;
  u32 a;
  f32 c;
};
struct Item {
  u32 id;  // in the group
  u32 lane;
  u32 group;
};

// Element `index` of the input, seen as an array of T.
template <typename T>
inline T input(const Args& g, u32 index) {
  return reinterpret_cast<const T*>(g.in)[index & (kInputBytes / sizeof(T) - 1)];
}
// At any byte.
template <typename T>
inline T input_at(const Args& g, u32 byte) {
  T x;
  __builtin_memcpy(&x, g.in + (byte & (kInputBytes / 2 - 1)), sizeof(T));
  return x;
}
template <typename T>
inline T* own(const Args& g, const Item& it, u32 group_size, u32 index) {
  u8* mine = g.own + u64(it.group * group_size + it.id) * kOwnBytes;
  return reinterpret_cast<T*>(mine) + (index & (kOwnBytes / sizeof(T) - 1));
}

// Atomics. The first of each pair returns the old content.
#ifdef __AMDGCN__
#define ATOMIC(name, builtin)                                         \
  template <typename P, typename T>                                   \
  inline T name(P* p, T x) {                                          \
    return builtin(p, x, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT); \
  }
ATOMIC(atomic_add, __hip_atomic_fetch_add)
ATOMIC(atomic_and, __hip_atomic_fetch_and)
ATOMIC(atomic_or, __hip_atomic_fetch_or)
ATOMIC(atomic_xor, __hip_atomic_fetch_xor)
ATOMIC(atomic_min, __hip_atomic_fetch_min)
ATOMIC(atomic_max, __hip_atomic_fetch_max)
ATOMIC(atomic_swap, __hip_atomic_exchange)
#undef ATOMIC
template <typename T>
inline bool swap_if_equal(T* p, T* expected, T desired) {
  return __hip_atomic_compare_exchange_strong(p, expected, desired, __ATOMIC_RELAXED,
                                              __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
}
#else
#define ATOMIC(name, expression) \
  template <typename T>          \
  inline T name(T* p, T x) {     \
    const T old = *p;            \
    *p = T(expression);          \
    return old;                  \
  }
template <typename T>
inline T sum_of(T a, T b) {
  return a + b;
}
inline i32 sum_of(i32 a, i32 b) { return i32(u32(a) + u32(b)); }
inline i64 sum_of(i64 a, i64 b) { return i64(u64(a) + u64(b)); }
ATOMIC(atomic_add, sum_of(old, x))
ATOMIC(atomic_and, old& x)
ATOMIC(atomic_or, old | x)
ATOMIC(atomic_xor, old ^ x)
ATOMIC(atomic_min, smaller(old, x))
ATOMIC(atomic_max, larger(old, x))
ATOMIC(atomic_swap, x)
#undef ATOMIC
template <typename T>
inline bool swap_if_equal(T* p, T* expected, T desired) {
  if (*p == *expected) {
    *p = desired;
    return true;
  }
  *expected = *p;
  return false;
}
#endif
// The same as a compare-and-swap loop.
template <typename T>
inline T loop_add(T* p, T x) {
  T old = *p;
  while (!swap_if_equal(p, &old, T(old + x))) {
  }
  return old;
}

// --- A group of work-items -----------------------------------------------------------------------

// A program is a sequence of steps over a group: each() and every_wave() run code on every
// work-item and once per wave; the others exchange state between the lanes of a wave. The device
// executes them as they come, the host one step at a time for all lanes.
#ifdef __AMDGCN__

template <typename T, typename F>
inline T by_dwords(T x, F move) {
  if constexpr (sizeof(T) == 8) {
    const u64 b = __builtin_bit_cast(u64, x);
    return __builtin_bit_cast(T, u64(u32(move(u32(b)))) | u64(u32(move(u32(b >> 32)))) << 32);
  } else {
    return __builtin_bit_cast(T, u32(move(__builtin_bit_cast(u32, x))));
  }
}

template <typename State, typename Uniform, typename Shared, u32 kSize>
struct Group {
  Args args;
  Item item;
  Shared* lds;
  State s;
  Uniform u;

  template <typename F>
  void each(F f) {
    f(s, u, *lds, item, args);
  }
  template <typename F>
  void every_wave(F f) {
    f(u, item.group, args);
  }
  void barrier() {
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    __builtin_amdgcn_s_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
  }
  template <typename T, typename I>
  void shuffle(T State::*to, T State::*from, I State::*index) {
    const u32 lane = u32(s.*index) & 63;
    s.*to = by_dwords(s.*from, [=](u32 x) { return __builtin_amdgcn_ds_bpermute(lane * 4, x); });
  }
  template <typename T>
  void shuffle_xor(T State::*to, T State::*from, u32 mask) {
    const u32 lane = item.lane ^ mask;
    s.*to = by_dwords(s.*from, [=](u32 x) { return __builtin_amdgcn_ds_bpermute(lane * 4, x); });
  }
  template <typename T>
  void push_xor(T State::*to, T State::*from, u32 mask) {
    const u32 lane = item.lane ^ mask;
    s.*to = by_dwords(s.*from, [=](u32 x) { return __builtin_amdgcn_ds_permute(lane * 4, x); });
  }
  template <u32 kPattern, typename T>
  void swizzle(T State::*to, T State::*from) {
    s.*to = by_dwords(s.*from, [](u32 x) { return __builtin_amdgcn_ds_swizzle(x, kPattern); });
  }
  // Lanes without a source keep `to`.
  template <u32 kControl, u32 kRows, u32 kBanks, bool kZero>
  void dpp(u32 State::*to, u32 State::*from) {
    s.*to = __builtin_amdgcn_update_dpp(s.*to, s.*from, kControl, kRows, kBanks, kZero);
  }
  template <typename T>
  void first_lane(T Uniform::*to, T State::*from) {
    u.*to = by_dwords(s.*from, [](u32 x) { return __builtin_amdgcn_readfirstlane(x); });
  }
  template <typename T>
  void one_lane(T Uniform::*to, T State::*from, u32 lane) {
    u.*to = by_dwords(s.*from, [=](u32 x) { return __builtin_amdgcn_readlane(x, lane); });
  }
  void ballot(u64 Uniform::*to, bool State::*from) { u.*to = __builtin_amdgcn_ballot_w64(s.*from); }
  void count_below(u32 State::*to, bool State::*from) {
    const u64 all = __builtin_amdgcn_ballot_w64(s.*from);
    s.*to = __builtin_amdgcn_mbcnt_hi(u32(all >> 32), __builtin_amdgcn_mbcnt_lo(u32(all), 0));
  }
  // In those lanes only where `where` holds.
  template <typename T>
  void first_lane_where(T State::*to, T State::*from, bool State::*where) {
    if (s.*where)
      s.*to = by_dwords(s.*from, [](u32 x) { return __builtin_amdgcn_readfirstlane(x); });
  }
  void ballot_where(u64 State::*to, bool State::*from, bool State::*where) {
    if (s.*where) s.*to = __builtin_amdgcn_ballot_w64(s.*from);
  }
  // The upper half of `a` and the lower half of `b` change places.
  void swap_halves(u32 State::*a, u32 State::*b) {
#if __gfx950__
    const auto both = __builtin_amdgcn_permlane32_swap(s.*a, s.*b, false, false);
    s.*a = both[0];
    s.*b = both[1];
#else
    const u32 low = __builtin_amdgcn_ds_bpermute((item.lane & 31) * 4, s.*b);
    const u32 high = __builtin_amdgcn_ds_bpermute((item.lane | 32) * 4, s.*a);
    if (item.lane < 32)
      s.*b = high;
    else
      s.*a = low;
#endif
  }
  void swap_rows(u32 State::*a, u32 State::*b) {
#if __gfx950__
    const auto both = __builtin_amdgcn_permlane16_swap(s.*a, s.*b, false, false);
    s.*a = both[0];
    s.*b = both[1];
#else
    const u32 even = __builtin_amdgcn_ds_bpermute((item.lane & ~16u) * 4, s.*b);
    const u32 odd = __builtin_amdgcn_ds_bpermute((item.lane | 16) * 4, s.*a);
    if (item.lane & 16)
      s.*a = even;
    else
      s.*b = odd;
#endif
  }
};

#pragma clang force_cuda_host_device end
#define BOTH_SIDES _Pragma("clang force_cuda_host_device begin")
#define BOTH_SIDES_END _Pragma("clang force_cuda_host_device end")

#define PROGRAM_KERNEL(NAME, SIZE, ...)                                       \
  extern "C" __attribute__((global))                                          \
  __attribute__((amdgpu_flat_work_group_size(1, SIZE))) void program_##NAME(  \
      const u8* in, u8* out, u8* own, u64* common, u64 b, u32 a, f32 c) {     \
    using namespace NAME;                                                     \
    __attribute__((shared)) Shared lds;                                       \
    const u32 id = __builtin_amdgcn_workitem_id_x();                          \
    const u32 group = __builtin_amdgcn_workgroup_id_x();                      \
    Group<State, Uniform, Shared, SIZE> g{                                    \
        {in, out, own, common, b, a, c}, {id, id & 63, group}, &lds, {}, {}}; \
    __VA_ARGS__                                                               \
    Result r{};                                                               \
    finish(g.s, g.u, r);                                                      \
    reinterpret_cast<Result*>(out)[group * SIZE + id] = r;                    \
  }

#else  // the host

#define BOTH_SIDES
#define BOTH_SIDES_END

#include "gpu/sim/programs/registry.h"

template <typename State, typename Uniform, typename Shared, u32 kSize>
struct Group {
  static constexpr u32 kWaves = (kSize + 63) / 64;
  Args args;
  u32 group;
  Shared lds;
  State s[kSize];
  Uniform u[kWaves];

  template <typename F>
  void each(F f) {
    for (u32 i = 0; i < kSize; ++i) f(s[i], u[i / 64], lds, Item{i, i % 64, group}, args);
  }
  template <typename F>
  void every_wave(F f) {
    for (Uniform& wave : u) f(wave, group, args);
  }
  void barrier() {}

  // to = what `from` holds in lane source(lane).
  template <typename T, typename F>
  void gather(T State::*to, T State::*from, F source) {
    T old[kSize];
    for (u32 i = 0; i < kSize; ++i) old[i] = s[i].*from;
    for (u32 i = 0; i < kSize; ++i) s[i].*to = old[(i & ~63u) + source(i)];
  }
  template <typename T, typename I>
  void shuffle(T State::*to, T State::*from, I State::*index) {
    u32 lane[kSize];
    for (u32 i = 0; i < kSize; ++i) lane[i] = u32(s[i].*index) & 63;
    gather(to, from, [&](u32 i) { return lane[i]; });
  }
  template <typename T>
  void shuffle_xor(T State::*to, T State::*from, u32 mask) {
    gather(to, from, [=](u32 i) { return i % 64 ^ mask; });
  }
  template <typename T>
  void push_xor(T State::*to, T State::*from, u32 mask) {
    gather(to, from, [=](u32 i) { return i % 64 ^ mask; });
  }
  template <u32 kPattern, typename T>
  void swizzle(T State::*to, T State::*from) {
    gather(to, from, [](u32 i) {
      const u32 lane = i % 64;
      if (kPattern & 0x8000) return (lane & ~3u) | (kPattern >> 2 * (lane & 3) & 3);
      const u32 within =
          (((lane & 31) & (kPattern & 31)) | (kPattern >> 5 & 31)) ^ (kPattern >> 10);
      return (lane & 32) | within;
    });
  }
  template <u32 kControl, u32 kRows, u32 kBanks, bool kZero>
  void dpp(u32 State::*to, u32 State::*from) {
    u32 old[kSize];
    for (u32 i = 0; i < kSize; ++i) old[i] = s[i].*from;
    for (u32 i = 0; i < kSize; ++i) {
      const u32 lane = i % 64, row = lane / 16, in_row = lane % 16;
      if (!(kRows >> row & 1) || !(kBanks >> in_row / 4 & 1)) continue;
      constexpr u32 kBy = kControl & 15;
      i32 source = -1;  // in the row
      if (kControl < 0x100)
        source = i32((in_row & ~3u) | (kControl >> 2 * (in_row & 3) & 3));
      else if (kControl < 0x110)
        source = in_row + kBy < 16 ? i32(in_row + kBy) : -1;
      else if (kControl < 0x120)
        source = i32(in_row) - i32(kBy);
      else if (kControl < 0x130)
        source = i32((in_row - kBy) & 15);
      else if (kControl == 0x140)
        source = i32(15 - in_row);
      else if (kControl == 0x141)
        source = i32(in_row ^ 7);
      else if (kControl == 0x142)
        source = row == 0 ? -100 : -1;  // the lane before this row
      else if (kControl >= 0x150)
        source = i32(kBy);
      const bool exists = kControl == 0x142 ? source == -1 : source >= 0;
      if (exists)
        s[i].*to = old[u32(i32(i - in_row) + source)];
      else if (kZero)
        s[i].*to = 0;
    }
  }
  template <typename T>
  void first_lane(T Uniform::*to, T State::*from) {
    for (u32 w = 0; w < kWaves; ++w) u[w].*to = s[w * 64].*from;
  }
  template <typename T>
  void one_lane(T Uniform::*to, T State::*from, u32 lane) {
    for (u32 w = 0; w < kWaves; ++w) u[w].*to = s[w * 64 + lane].*from;
  }
  u64 mask(u32 wave, bool State::*a, bool State::*b) const {
    u64 all = 0;
    for (u32 i = wave * 64; i < kSize && i < wave * 64 + 64; ++i)
      all |= u64(s[i].*a && s[i].*b) << i % 64;
    return all;
  }
  void ballot(u64 Uniform::*to, bool State::*from) {
    for (u32 w = 0; w < kWaves; ++w) u[w].*to = mask(w, from, from);
  }
  void count_below(u32 State::*to, bool State::*from) {
    for (u32 i = 0; i < kSize; ++i)
      s[i].*to = ones(mask(i / 64, from, from) & ((u64(1) << i % 64) - 1));
  }
  template <typename T>
  void first_lane_where(T State::*to, T State::*from, bool State::*where) {
    for (u32 w = 0; w < kWaves; ++w) {
      const u64 lanes = mask(w, where, where);
      if (lanes == 0) continue;
      const T value = s[w * 64 + trailing_zeros(lanes)].*from;
      for (u32 i = 0; i < 64; ++i)
        if (lanes >> i & 1) s[w * 64 + i].*to = value;
    }
  }
  void ballot_where(u64 State::*to, bool State::*from, bool State::*where) {
    for (u32 w = 0; w < kWaves; ++w) {
      const u64 lanes = mask(w, where, where), value = mask(w, from, where);
      for (u32 i = 0; i < 64; ++i)
        if (lanes >> i & 1) s[w * 64 + i].*to = value;
    }
  }
  void exchange(u32 State::*a, u32 State::*b, u32 bit) {
    for (u32 i = 0; i < kSize; ++i)
      if (!(i & bit)) {
        const u32 high = s[i + bit].*a;
        s[i + bit].*a = s[i].*b;
        s[i].*b = high;
      }
  }
  void swap_halves(u32 State::*a, u32 State::*b) { exchange(a, b, 32); }
  void swap_rows(u32 State::*a, u32 State::*b) { exchange(a, b, 16); }
};

#define PROGRAM_KERNEL(NAME, SIZE, ...)                                                          \
  namespace NAME {                                                                               \
  static void run_group(const Args& args, u32 group) {                                           \
    static Group<State, Uniform, Shared, SIZE> g;                                                \
    std::memset(static_cast<void*>(&g), 0, sizeof(g));                                           \
    g.args = args;                                                                               \
    g.group = group;                                                                             \
    __VA_ARGS__                                                                                  \
    for (u32 i = 0; i < SIZE; ++i) {                                                             \
      Result r;                                                                                  \
      std::memset(static_cast<void*>(&r), 0, sizeof(r));                                         \
      finish(g.s[i], g.u[i / 64], r);                                                            \
      std::memcpy(args.out + (u64(group) * SIZE + i) * sizeof(Result), &r, sizeof(r));           \
    }                                                                                            \
  }                                                                                              \
  static const bool registered =                                                                 \
      wavefuzz::sim::add_program({PROGRAM_SET, #NAME, SIZE, sizeof(Result), kFields,             \
                                  [](const wavefuzz::sim::HostArguments& h, u32 i) {             \
                                    run_group({h.in, h.out, h.own, h.common, h.b, h.a, h.c}, i); \
                                  }});                                                           \
  }
#endif

// Steps of a program, in PROGRAM_KERNEL.
#define EACH(PHASE) g.each([](auto&&... all) { PHASE(all...); })
#define EVERY_WAVE(PHASE) g.every_wave([](auto&&... all) { PHASE(all...); })

#endif  // WAVEFUZZ_GPU_SIM_PROGRAMS_PRELUDE_H_
