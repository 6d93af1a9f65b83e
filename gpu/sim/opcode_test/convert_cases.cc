// Conversions between integers, f64, f32, f16 and bf16.
#include <llvm/ADT/APSInt.h>

#include <cmath>

#include "gpu/sim/opcode_test/fp.h"
#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

// The integer nearest in the direction asked for, saturated; 0 for NaN.
u64 to_integer(const Fp& f, u64 x, unsigned bits, bool is_signed,
               RoundingMode round = RoundingMode::TowardZero) {
  if (f.nan(x)) return 0;
  llvm::APSInt r(bits, !is_signed);
  bool exact = false;
  f.value(x).convertToInteger(r, round, &exact);  // saturates
  return r.getZExtValue();
}
u64 from_integer(const Fp& f, const Mode& m, u64 x, unsigned bits, bool is_signed) {
  APFloat r(f.semantics);
  r.convertFromAPInt(APInt(bits, x), is_signed, f.round(m));
  return f.code(r);
}
u64 with_nan(const Fp& from, u64 x, const Fp& to, RoundingMode round) {
  if (!from.nan(x)) return convert(from, x, to, round);
  const u64 sign = x >> (from.bits - 1) << (to.bits - 1);
  const u64 payload = x & (from.quiet_bit() - 1);
  return sign | to.default_nan() |
         (from.mantissa > to.mantissa ? payload >> (from.mantissa - to.mantissa)
                                      : payload << (to.mantissa - from.mantissa));
}
u64 f16_from_f32(const Mode& m, u64 a, RoundingMode round) {
  const u64 x = kSingle.in(a, m);
  return bound_f16(m, with_nan(kSingle, x, kHalf, round), !kSingle.infinite(x));
}
// round(clamp(x, low, 1) * scale), to nearest even; 0 for NaN.
u64 normalised(double x, double low, double scale) {
  if (std::isnan(x)) return 0;
  return u16(u64(i64(std::nearbyint(std::clamp(x, low, 1.0) * scale))));
}
u64 byte_of(const Mode& m, u64 a) { return to_integer(kSingle, kSingle.in(a, m), 8, false); }

// Stochastic rounding to a half of a register: the random bits are added below the kept ones, the
// sum is cut.
u64 stochastic(u64 x, unsigned dropped, u64 random) { return (x + random) >> dropped; }

}  // namespace

void add_convert_cases(Cases& cases) {
  const auto v = [&](const char* name, Type result, std::vector<Type> sources, Want want) {
    return VectorCase{name, result, std::move(sources), std::move(want)};
  };
  const std::vector<VectorCase> list = {
      v("v_cvt_f32_i32", kF32, {kB32},
        [](Lane& x) {
          return from_integer(kSingle, x.mode, x.a, 32, true);
        }).in_modes(),
      v("v_cvt_f32_u32", kF32, {kB32},
        [](Lane& x) {
          return from_integer(kSingle, x.mode, x.a, 32, false);
        }).in_modes(),
      v("v_cvt_f64_i32", kF64, {kB32},
        [](Lane& x) { return from_integer(kDouble, x.mode, x.a, 32, true); }),
      v("v_cvt_f64_u32", kF64, {kB32},
        [](Lane& x) { return from_integer(kDouble, x.mode, x.a, 32, false); }),
      v("v_cvt_f16_i16", kF16, {kB16},
        [](Lane& x) {
          return from_integer(kHalf, x.mode, x.a, 16, true);
        }).in_modes(),
      v("v_cvt_f16_u16", kF16, {kB16},
        [](Lane& x) {
          return bound_f16(x.mode, from_integer(kHalf, x.mode, x.a, 16, false), true);
        }).in_modes(),
      v("v_cvt_i32_f32", kB32, {kF32},
        [](u64 a) {
          return to_integer(kSingle, a, 32, true);
        }).in_modes(),
      v("v_cvt_u32_f32", kB32, {kF32},
        [](u64 a) {
          return to_integer(kSingle, a, 32, false);
        }).in_modes(),
      v("v_cvt_i32_f64", kB32, {kF64},
        [](u64 a) {
          return to_integer(kDouble, a, 32, true);
        }).in_modes(),
      v("v_cvt_u32_f64", kB32, {kF64},
        [](u64 a) {
          return to_integer(kDouble, a, 32, false);
        }).in_modes(),
      v("v_cvt_i16_f16", kB16, {kF16},
        [](u64 a) {
          return to_integer(kHalf, a, 16, true);
        }).in_modes(),
      v("v_cvt_u16_f16", kB16, {kF16},
        [](u64 a) {
          return to_integer(kHalf, a, 16, false);
        }).in_modes(),
      v("v_cvt_flr_i32_f32", kB32, {kF32},
        [](Lane& x) {
          return to_integer(kSingle, kSingle.in(x.a, x.mode), 32, true,
                            RoundingMode::TowardNegative);
        }).in_modes(),
      // floor(x + 0.5), the sum an f32.
      v("v_cvt_rpi_i32_f32", kB32, {kF32},
        [](Lane& x) {
          if (kSingle.nan(x.a)) return u64{0};
          APFloat sum = kSingle.value(x.a);
          sum.add(APFloat(0.5f), RoundingMode::NearestTiesToEven);
          return to_integer(kSingle, kSingle.code(sum), 32, true, RoundingMode::TowardNegative);
        }),
      v("v_cvt_f32_ubyte0", kF32, {kB32},
        [](Lane& x) { return from_integer(kSingle, x.mode, x.a & 255, 32, false); }),
      v("v_cvt_f32_ubyte1", kF32, {kB32},
        [](Lane& x) { return from_integer(kSingle, x.mode, x.a >> 8 & 255, 32, false); }),
      v("v_cvt_f32_ubyte2", kF32, {kB32},
        [](Lane& x) { return from_integer(kSingle, x.mode, x.a >> 16 & 255, 32, false); }),
      v("v_cvt_f32_ubyte3", kF32, {kB32},
        [](Lane& x) { return from_integer(kSingle, x.mode, x.a >> 24, 32, false); }),
      v("v_cvt_pk_u8_f32", kB32, {kF32, kB32, kB32},
        [](Lane& x) {
          const unsigned shift = 8 * (x.b & 3);
          return (x.c & ~(u64{0xff} << shift)) | byte_of(x.mode, x.a) << shift;
        })
          .in_modes()
          .shaped([](auto& random, u64* s) {
            if (random() % 2) s[0] = kSingle.code(APFloat(float(random() % 3000) / 10 - 20));
          }),
      v("v_cvt_pkaccum_u8_f32", kB32, {kF32, kB32},
        [](Lane& x) {
          const unsigned shift = 8 * (x.b & 3);
          return (x.old & ~(u64{0xff} << shift)) | byte_of(x.mode, x.a) << shift;
        }).shaped([](auto& random, u64* s) {
        if (random() % 2) s[0] = kSingle.code(APFloat(float(random() % 3000) / 10 - 20));
      }),
      v("v_cvt_off_f32_i4", kF32, {kB32},
        [](u64 a) {
          const i64 nibble = i64((a & 15) ^ 8) - 8;
          return kSingle.code(APFloat(float(nibble) / 16));
        }),

      v("v_cvt_f64_f32", kF64, {kF32},
        [](Lane& x) {
          return with_nan(kSingle, kSingle.in(x.a, x.mode), kDouble,
                          RoundingMode::NearestTiesToEven);
        }).in_modes(),
      v("v_cvt_f32_f64", kF32, {kF64},
        [](Lane& x) {
          return kSingle.out(
              with_nan(kDouble, kDouble.in(x.a, x.mode), kSingle, kSingle.round(x.mode)), x.mode);
        })
          .in_modes()
          .shaped([](auto& random, u64* s) {  // into f32's range, ties and denormals among them
            if (random() % 2) s[0] = (s[0] & 0x800f'ffff'f000'0000) | (860 + random() % 320) << 52;
          }),
      v("v_cvt_f16_f32", kF16, {kF32},
        [](Lane& x) { return kHalf.out(f16_from_f32(x.mode, x.a, kHalf.round(x.mode)), x.mode); })
          .in_modes()
          .shaped([](auto& random, u64* s) {
            if (random() % 2) s[0] = (s[0] & 0x807f'f000) | (100 + random() % 46) << 23;
          }),
      v("v_cvt_f32_f16", kF32, {kF16},
        [](Lane& x) {
          return with_nan(kHalf, kHalf.in(x.a, x.mode), kSingle, RoundingMode::NearestTiesToEven);
        }).in_modes(),
      v("v_cvt_pkrtz_f16_f32", kPkF16, {kF32, kF32},
        [](Lane& x) {
          return with_nan(kSingle, x.a, kHalf, RoundingMode::TowardZero) |
                 with_nan(kSingle, x.b, kHalf, RoundingMode::TowardZero) << 16;
        })
          .no_output()
          .shaped([](auto& random, u64* s) {
            if (random() % 2) s[0] = (s[0] & 0x807f'f000) | (100 + random() % 46) << 23;
          }),
      v("v_cvt_pk_f16_f32", kPkF16, {kF32, kF32},
        [](Lane& x) {
          return kHalf.out(f16_from_f32(x.mode, x.a, kHalf.round(x.mode)), x.mode) |
                 kHalf.out(f16_from_f32(x.mode, x.b, kHalf.round(x.mode)), x.mode) << 16;
        })
          .on950()
          .in_modes()
          .no_output(),
      v("v_cvt_pk_bf16_f32", kPk16, {kF32, kF32},
        [](Lane& x) {
          const auto one = [&](u64 a) {
            const u64 r =
                with_nan(kSingle, kSingle.in(a, x.mode), kBf16, RoundingMode::NearestTiesToEven);
            return x.mode.bits >> 5 & 1 ? r : kBf16.flush(r);
          };
          return one(x.a) | one(x.b) << 16;
        })
          .on950()
          .in_modes()
          .no_output(),
      v("v_cvt_f32_bf16", kF32, {kB16}, [](u64 a) { return a << 16; }).on950().no_output(),
      // 16 random bits for bf16; 13 for f16.
      v("v_cvt_sr_bf16_f32", kB16, {kF32, kB32},
        [](u64 a, u64 b) {
          if (kSingle.nan(a)) return a >> 16 | 0x40;
          if (kSingle.infinite(a)) return a >> 16;
          return stochastic(a, 16, b >> 16);
        })
          .on950()
          .half(),
      v("v_cvt_sr_f16_f32", kB16, {kF32, kB32},
        [](u64 a, u64 b) {
          if (kSingle.nan(a)) return with_nan(kSingle, a, kHalf, RoundingMode::TowardZero);
          const u64 sign = a >> 16 & 0x8000;
          if (kSingle.infinite(a)) return sign | 0x7c00;
          // In units of f16's last place, 13 bits below it kept.
          const double size = std::fabs(kSingle.real(a));
          const int e = std::max(size == 0 ? -14 : std::ilogb(size), -14);
          const double unit = std::ldexp(1.0, e - 10);
          const double kept = std::floor(size / unit * 8192) / 8192;
          const double r = std::floor(kept + double(b >> 19) / 8192) * unit;
          return r >= 65536 ? sign | 0x7c00 : sign | kHalf.code([&] {
            APFloat h(r);
            bool loses = false;
            h.convert(APFloat::IEEEhalf(), RoundingMode::TowardZero, &loses);
            return h;
          }());
        })
          .on950()
          .half()
          .shaped([](auto& random, u64* s) {
            if (random() % 2) s[0] = (s[0] & 0x807f'ffff) | (100 + random() % 46) << 23;
          }),

      v("v_pack_b32_f16", kB32, {kF16, kF16}, [](u64 a, u64 b) { return a | b << 16; }),
      v("v_cvt_pk_u16_u32", kB32, {kB32, kB32},
        [](u64 a, u64 b) { return within(a, 0, 0xffff) | within(b, 0, 0xffff) << 16; }),
      v("v_cvt_pk_i16_i32", kB32, {kB32, kB32},
        [](u64 a, u64 b) {
          return u16(within(s32(a), -32768, 32767)) | u16(within(s32(b), -32768, 32767)) << 16;
        }),
      v("v_cvt_pknorm_i16_f32", kB32, {kF32, kF32},
        [](u64 a, u64 b) {
          return normalised(kSingle.real(a), -1, 32767) | normalised(kSingle.real(b), -1, 32767)
                                                              << 16;
        }),
      v("v_cvt_pknorm_u16_f32", kB32, {kF32, kF32},
        [](u64 a, u64 b) {
          return normalised(kSingle.real(a), 0, 65535) | normalised(kSingle.real(b), 0, 65535)
                                                             << 16;
        }),
      v("v_cvt_pknorm_i16_f16", kB32, {kF16, kF16},
        [](u64 a, u64 b) {
          return normalised(kHalf.real(a), -1, 32767) | normalised(kHalf.real(b), -1, 32767) << 16;
        }),
      v("v_cvt_pknorm_u16_f16", kB32, {kF16, kF16},
        [](u64 a, u64 b) {
          return normalised(kHalf.real(a), 0, 65535) | normalised(kHalf.real(b), 0, 65535) << 16;
        }),
      v("v_cvt_norm_i16_f16", kB16, {kF16},
        [](u64 a) { return normalised(kHalf.real(a), -1, 32767); }),
      v("v_cvt_norm_u16_f16", kB16, {kF16},
        [](u64 a) { return normalised(kHalf.real(a), 0, 65535); }),
  };
  for (const VectorCase& c : list) cases.push_back(vector_case(c));
}

}  // namespace wavefuzz::sim::opcode
