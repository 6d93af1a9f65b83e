// Conversions between integers, f64, f32, f16, bf16 and FP8.
#include "gpu/sim/vocabulary.h"
#include "quant/fp8.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

using quant::Fp8;

// To integer: truncated (or as `x` is already rounded), saturated, NaN to 0.
template <typename F>
SIM_INLINE u32 to_i32(F x) {
  return x != x                  ? 0u
         : x >= F(2147483648.0)  ? 0x7fff'ffffu
         : x <= F(-2147483648.0) ? 0x8000'0000u
                                 : u32(i32(x));
}
template <typename F>
SIM_INLINE u32 to_u32(F x) {
  return !(x > F(0)) ? 0u : x >= F(4294967296.0) ? ~0u : u32(i64(x));
}
SIM_INLINE u16 to_i16(float x) {
  return x != x ? 0 : u16(i16(x >= 32767.0f ? 32767 : x <= -32768.0f ? -32768 : i32(x)));
}
SIM_INLINE u16 to_u16(float x) { return u16(!(x > 0.0f) ? 0 : x >= 65535.0f ? 65535 : i32(x)); }

// The instruction's converters: round to nearest even whatever MODE says; beyond the range as
// FP16_OVFL says (confirmed by hardware counts in ROCm/rccl#9556).
template <Fp8 kFormat>
SIM_INLINE u32 encode(float x, const Mode& m) {
  return m.fp16_overflow ? quant::encode(kFormat, x, quant::kCastAmdOvfl1)
                         : quant::encode(kFormat, x, quant::kCastAmdOvfl0);
}
template <Fp8 kFormat>
SIM_INLINE u32 encode_stochastic(float x, u32 random, const Mode& m) {
  return m.fp16_overflow ? quant::encode_stochastic(kFormat, x, random, quant::kCastAmdOvfl1)
                         : quant::encode_stochastic(kFormat, x, random, quant::kCastAmdOvfl0);
}
template <Fp8 kFormat>
SIM_INLINE u32 decode(u32 code) {
  return as_bits(quant::decode(kFormat, u8(code)));
}

// The loop over lanes knows FP16_OVFL: a choice in it would keep it from being vectorised.
template <Fp8 kFormat, bool kOverflow>
constexpr Row pack_with(std::string_view name) {
  return vector_half(name, [](F32 a, F32 b) {
    constexpr quant::CastPolicy kPolicy = kOverflow ? quant::kCastAmdOvfl1 : quant::kCastAmdOvfl0;
    return u16(quant::encode(kFormat, as_float(a.bits), kPolicy) |
               quant::encode(kFormat, as_float(b.bits), kPolicy) << 8);
  });
}
template <LaneFn kOff, LaneFn kOn>
void by_overflow(const LaneArgs& a) {
  (a.mode->fp16_overflow ? kOn : kOff)(a);
}
template <Fp8 kFormat>
constexpr Row pack(std::string_view name, ArchSet arches) {
  constexpr LaneFn kOff = pack_with<kFormat, false>("").lanes;
  constexpr LaneFn kOn = pack_with<kFormat, true>("").lanes;
  Row row = pack_with<kFormat, false>(name).on(arches);
  row.lanes = &by_overflow<kOff, kOn>;
  return row;
}
template <Fp8 kFormat>
constexpr Row stochastic(std::string_view name, ArchSet arches) {
  Row row = vector(name, [](F32 a, u32 random, const Mode& m) {
              return u16(encode_stochastic<kFormat>(as_float(a.bits), random, m));
            }).on(arches);
  row.param = kByteDestination;
  return row.with(Fidelity::kHypothesis);  // the subnormal step: see quant/fp8.h
}
template <Fp8 kFormat>
constexpr Row unpack(std::string_view name, ArchSet arches) {
  return vector(name, [](u32 a) { return F32{decode<kFormat>(a & 0xff)}; })
      .with(poison_byte0)
      .on(arches);
}
template <Fp8 kFormat>
constexpr Row unpack_pair(std::string_view name, ArchSet arches) {
  return vector(name,
                [](u32 a) {
                  return u64(decode<kFormat>(a & 0xff)) | u64(decode<kFormat>(a >> 8 & 0xff)) << 32;
                })
      .on(arches);
}

// Nearest even; NaN quieted.
SIM_INLINE u32 bf16_from_f32(u32 b) {
  const u32 rounded = (b + 0x7fff + (b >> 16 & 1)) >> 16;
  return is_nan32(b) ? quiet32(b) >> 16 : rounded;
}

SIM_INLINE u32 pkrtz(F32 a, F32 b) {
  return f16_from_f32(a.bits, Round::kZero, false) | f16_from_f32(b.bits, Round::kZero, false)
                                                         << 16;
}
// Rounded once: every product is exact in f64.
SIM_INLINE u32 norm(float x, double low, double scale) {
  const double c = x != x ? 0.0 : double(x) < low ? low : x > 1.0f ? 1.0 : double(x);
  return u32(i32(__builtin_roundeven(c * scale))) & 0xffff;
}
// f16 of an f32 as v_cvt_f16_f32 has it.
SIM_INLINE u32 to_f16(u32 x, const Mode& m) {
  const u32 in = flush32(x, mask32(m.flush_in_f32));
  return flush16(f16_from_f32(in, m.round_f16_f64, m.fp16_overflow), mask32(m.flush_out_f16_f64));
}
SIM_INLINE u32 insert_byte(u32 old, u32 index, float x) {
  const u32 shift = 8 * (index & 3);
  const u32 value = !(x > 0.0f) ? 0 : x >= 255.0f ? 255 : u32(i32(x));
  return (old & ~(0xffu << shift)) | value << shift;
}
// Stochastic rounding: random bits are added below the kept ones, and the sum is cut.
SIM_INLINE u32 bf16_stochastic(u32 b, u32 random) {
  if (is_nan32(b)) return quiet32(b) >> 16;
  if ((b << 1) == 0xff00'0000) return b >> 16;
  return (b + (random >> 16)) >> 16;
}
SIM_INLINE u32 f16_stochastic(u32 b, u32 random) {
  const u32 sign = b >> 16 & 0x8000, a = b & 0x7fff'ffff;
  if (a >= 0x7f80'0000) return f16_from_f32(b, Round::kZero, false);
  const u32 exponent = a >> 23;
  const u32 significand = (a & 0x7f'ffff) | (exponent != 0 ? 0x80'0000 : 0);
  // Below 2^-14 the last place stays 2^-24; 13 bits below it are kept.
  const u32 result = exponent > 113 ? exponent : 113;
  const u32 away = result - (exponent != 0 ? exponent : 1);
  const u32 kept = away < 32 ? significand >> away : 0;
  const u32 code = ((kept + (random >> 19)) >> 13) + ((result - 113) << 10);
  return sign | (code > 0x7c00 ? 0x7c00 : code);
}

constexpr Row kRows[] = {
    vector("v_cvt_f32_i32", [](i32 a) { return float(a); }),
    vector("v_cvt_f32_u32", [](u32 a) { return float(a); }),
    vector("v_cvt_i32_f32", [](float a) { return to_i32(a); }),
    vector("v_cvt_u32_f32", [](float a) { return to_u32(a); }),
    vector("v_cvt_rpi_i32_f32", [](float a) { return to_i32(__builtin_floorf(a + 0.5f)); }),
    vector("v_cvt_flr_i32_f32", [](float a) { return to_i32(__builtin_floorf(a)); }),
    vector("v_cvt_f32_ubyte0", [](u32 a) { return F32{as_bits(float(i32(a & 0xff)))}; })
        .with(poison_byte0),
    vector("v_cvt_f32_ubyte1", [](u32 a) { return F32{as_bits(float(i32(a >> 8 & 0xff)))}; })
        .with(poison_byte1),
    vector("v_cvt_f32_ubyte2", [](u32 a) { return F32{as_bits(float(i32(a >> 16 & 0xff)))}; })
        .with(poison_byte2),
    vector("v_cvt_f32_ubyte3", [](u32 a) { return F32{as_bits(float(i32(a >> 24)))}; })
        .with(poison_byte3),
    vector("v_cvt_pk_u8_f32", [](float a, u32 byte, u32 old) { return insert_byte(old, byte, a); }),
    vector("v_cvt_pkaccum_u8_f32",
           [](float a, u32 byte, Old<u32> old) { return insert_byte(old.value, byte, a); }),
    vector("v_cvt_off_f32_i4",
           [](u32 a) { return F32{as_bits(float(i32(a << 28) >> 28) * 0.0625f)}; }),

    vector("v_cvt_f64_i32", [](i32 a) { return double(a); }),
    vector("v_cvt_f64_u32", [](u32 a) { return double(a); }),
    vector("v_cvt_i32_f64", [](double a) { return to_i32(a); }),
    vector("v_cvt_u32_f64", [](double a) { return to_u32(a); }),
    vector("v_cvt_f64_f32",
           [](float a) {
             const u32 b = as_bits(a);
             const u64 nan =
                 u64(b & 0x8000'0000) << 32 | 0x7ff8'0000'0000'0000 | u64(b & 0x7f'ffff) << 29;
             return F64{is_nan32(b) ? nan : as_bits(double(a))};
           }),
    // A NaN's payload is cut to f32's. Rounding and flushing are those of the result's format.
    vector("v_cvt_f32_f64",
           [](F64 a, const Mode& m) {
             const u64 b = flush64(a.bits, mask64(m.flush_in_f16_f64));
             return F32{is_nan64(b)
                            ? u32(b >> 32 & 0x8000'0000) | 0x7fc0'0000 | u32(b >> 29 & 0x3f'ffff)
                            : flush32(as_bits(float(as_double(b))), mask32(m.flush_out_f32))};
           }),

    vector("v_cvt_f16_f32", [](float a) { return Half{a}; }),
    vector("v_cvt_f32_f16",
           [](Half a) {
             const u32 b = as_bits(a.value);
             return F32{is_nan32(b) ? quiet32(b) : b};
           }),
    vector("v_cvt_f16_i16", [](i16 a) { return Half{float(a)}; }),
    vector("v_cvt_f16_u16", [](u16 a) { return Half{float(a)}; }),
    vector("v_cvt_i16_f16", [](Half a) { return to_i16(a.value); }),
    vector("v_cvt_u16_f16", [](Half a) { return to_u16(a.value); }),
    vector("v_cvt_pkrtz_f16_f32", [](F32 a, F32 b) { return pkrtz(a, b); }),
    vector("v_cvt_pk_f16_f32",
           [](F32 a, F32 b, const Mode& m) { return to_f16(a.bits, m) | to_f16(b.bits, m) << 16; })
        .on(kGfx950Only),
    vector_half("v_cvt_sr_f16_f32",
                [](F32 a, u32 random) { return u16(f16_stochastic(a.bits, random)); })
        .on(kGfx950Only)
        .with(Fidelity::kHypothesis),
    vector_half("v_cvt_sr_bf16_f32",
                [](F32 a, u32 random) { return u16(bf16_stochastic(a.bits, random)); })
        .on(kGfx950Only)
        .with(Fidelity::kHypothesis),
    vector("v_pack_b32_f16", [](F16 a, F16 b) { return a.bits | b.bits << 16; }).with(poison_pack),
    vector(
        "v_cvt_pk_u16_u32",
        [](u32 a, u32 b) { return (a > 0xffff ? 0xffff : a) | (b > 0xffff ? 0xffff : b) << 16; }),
    vector("v_cvt_pk_i16_i32",
           [](i32 a, i32 b) {
             const i32 l = a > 32767    ? 32767
                           : a < -32768 ? -32768
                                        : a,
                       h = b > 32767    ? 32767
                           : b < -32768 ? -32768
                                        : b;
             return (u32(l) & 0xffff) | u32(h) << 16;
           }),
    vector("v_cvt_pknorm_i16_f32",
           [](float a, float b) { return norm(a, -1, 32767) | norm(b, -1, 32767) << 16; }),
    vector("v_cvt_pknorm_u16_f32",
           [](float a, float b) { return norm(a, 0, 65535) | norm(b, 0, 65535) << 16; }),
    vector(
        "v_cvt_pknorm_i16_f16",
        [](Half a, Half b) { return norm(a.value, -1, 32767) | norm(b.value, -1, 32767) << 16; }),
    vector("v_cvt_pknorm_u16_f16",
           [](Half a, Half b) { return norm(a.value, 0, 65535) | norm(b.value, 0, 65535) << 16; }),
    vector("v_cvt_norm_i16_f16", [](Half a) { return u16(norm(a.value, -1, 32767)); }),
    vector("v_cvt_norm_u16_f16", [](Half a) { return u16(norm(a.value, 0, 65535)); }),

    // bf16 (gfx950).
    vector("v_cvt_pk_bf16_f32",
           [](F32 a, F32 b, const Mode& m) {
             const auto one = [&](u32 x) {
               const u32 r = bf16_from_f32(flush32(x, mask32(m.flush_in_f32)));
               return flush32(r << 16, mask32(m.flush_out_f32)) >> 16;
             };
             return one(a.bits) | one(b.bits) << 16;
           })
        .on(kGfx950Only),
    vector("v_cvt_f32_bf16", [](u16 a) { return F32{u32(a) << 16}; }).on(kGfx950Only),

    // FP8: FNUZ on gfx942, OCP on gfx950.
    pack<Fp8::kE4m3fnuz>("v_cvt_pk_fp8_f32", kGfx942Only),
    pack<Fp8::kE4m3fn>("v_cvt_pk_fp8_f32", kGfx950Only),
    pack<Fp8::kE5m2fnuz>("v_cvt_pk_bf8_f32", kGfx942Only),
    pack<Fp8::kE5m2>("v_cvt_pk_bf8_f32", kGfx950Only),
    stochastic<Fp8::kE4m3fnuz>("v_cvt_sr_fp8_f32", kGfx942Only),
    stochastic<Fp8::kE4m3fn>("v_cvt_sr_fp8_f32", kGfx950Only),
    stochastic<Fp8::kE5m2fnuz>("v_cvt_sr_bf8_f32", kGfx942Only),
    stochastic<Fp8::kE5m2>("v_cvt_sr_bf8_f32", kGfx950Only),
    unpack<Fp8::kE4m3fnuz>("v_cvt_f32_fp8", kGfx942Only),
    unpack<Fp8::kE4m3fn>("v_cvt_f32_fp8", kGfx950Only),
    unpack<Fp8::kE5m2fnuz>("v_cvt_f32_bf8", kGfx942Only),
    unpack<Fp8::kE5m2>("v_cvt_f32_bf8", kGfx950Only),
    unpack_pair<Fp8::kE4m3fnuz>("v_cvt_pk_f32_fp8", kGfx942Only),
    unpack_pair<Fp8::kE4m3fn>("v_cvt_pk_f32_fp8", kGfx950Only),
    unpack_pair<Fp8::kE5m2fnuz>("v_cvt_pk_f32_bf8", kGfx942Only),
    unpack_pair<Fp8::kE5m2>("v_cvt_pk_f32_bf8", kGfx950Only),
};

}  // namespace

std::span<const Row> vop_convert_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
