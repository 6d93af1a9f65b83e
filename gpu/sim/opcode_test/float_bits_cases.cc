// Exponents and mantissas, the division sequence's instructions, cube maps, 2/pi.
#include <fmt/format.h>

#include "gpu/sim/opcode_test/fp.h"
#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

u64 scaled(const Fp& f, const Mode& m, u64 a, i64 n) {
  const u64 x = f.in(a, m);
  if (f.nan(x)) return x | f.quiet_bit();
  u64 r = f.code(llvm::scalbn(f.value(x), int(std::clamp<i64>(n, -5000, 5000)), f.round(m)));
  if (f.bits == 16) r = bound_f16(m, r, !f.infinite(x));
  return f.out(r, m);
}
// value = mantissa * 2^exponent, mantissa in [0.5, 1).
i64 frexp_exponent(const Fp& f, u64 a) {
  if (f.nan(a) || f.infinite(a) || f.zero(a)) return 0;
  return llvm::ilogb(f.value(a)) + 1;
}
u64 frexp_mantissa(const Fp& f, u64 a) {
  if (f.nan(a)) return a | f.quiet_bit();
  if (f.infinite(a) || f.zero(a)) return a;
  int e = 0;
  return f.code(llvm::frexp(f.value(a), e, RoundingMode::NearestTiesToEven));
}

u64 exponent(const Fp& f, u64 a) { return (a & f.infinity()) >> f.mantissa; }
APFloat quotient(const Fp& f, u64 n, u64 d) {
  APFloat r = f.value(n);
  r.divide(f.value(d), RoundingMode::NearestTiesToEven);
  return r;
}
bool small(const APFloat& x) { return x.isDenormal() || x.isZero(); }

// v_div_scale, manual's order of cases. S0 is S1 (denominator) or S2 (numerator). Printed as
// ldexp(S0, +64) for a denominator whose reciprocal is denormal, which cannot be meant: down.
u64 div_scale(const Fp& f, Lane& x) {
  const int step = f.bits == 32 ? 64 : 128;
  const i64 far = f.bits == 32 ? 96 : 768, tiny = f.bits == 32 ? 23 : 53;
  const bool denominator = x.a == x.b;
  const auto ldexp = [&](int n) {
    return f.code(llvm::scalbn(f.value(x.a), n, RoundingMode::NearestTiesToEven));
  };
  x.out = false;
  if (f.zero(x.c) || f.zero(x.b)) return f.default_nan();
  const i64 en = i64(exponent(f, x.c)), ed = i64(exponent(f, x.b));
  const bool reciprocal = quotient(f, f.one(), x.b).isDenormal();
  const bool result = small(quotient(f, x.c, x.b));
  if (en - ed >= far) {
    x.out = true;
    return denominator ? ldexp(step) : x.a;
  }
  if (ed == 0) return ldexp(step);
  if (reciprocal && result) {
    x.out = true;
    return denominator ? ldexp(-step) : x.a;
  }
  if (reciprocal) return ldexp(-step);
  if (result) {
    x.out = true;
    return denominator ? x.a : ldexp(step);
  }
  if (en <= tiny) return ldexp(step);
  return x.a;
}

// fma, times 2^64 (2^128) where VCC says that a scaled operand has to be scaled back; rounded once.
// The sum is formed in quad precision, its last bit sticky.
u64 div_fmas(const Fp& f, Lane& x) {
  const u64 s[3] = {f.in(x.a, x.mode), f.in(x.b, x.mode), f.in(x.c, x.mode)};
  for (const u64 o : s)
    if (f.nan(o)) return o | f.quiet_bit();
  bool loses = false;
  const auto quad = [&](u64 o) {
    APFloat v = f.value(o);
    v.convert(APFloat::IEEEquad(), RoundingMode::NearestTiesToEven, &loses);
    return v;
  };
  APFloat r = quad(s[0]);
  const auto status = r.fusedMultiplyAdd(quad(s[1]), quad(s[2]), RoundingMode::TowardZero);
  if ((status & APFloat::opInexact) && !(r.bitcastToAPInt()[0])) {
    APInt bits = r.bitcastToAPInt();
    bits.setBit(0);
    r = APFloat(APFloat::IEEEquad(), bits);
  }
  if (r.isZero() && !x.in) {  // the sign of an exact zero depends on the direction
    APFloat direct = f.value(s[0]);
    direct.fusedMultiplyAdd(f.value(s[1]), f.value(s[2]), f.round(x.mode));
    return f.out(f.code(direct), x.mode);
  }
  if (x.in) {
    const int step = f.bits == 32 ? 64 : 128;
    const u64 bias = f.one() >> f.mantissa;
    r = llvm::scalbn(r, exponent(f, s[2]) > bias ? step : -step, RoundingMode::NearestTiesToEven);
  }
  r.convert(f.semantics, f.round(x.mode), &loses);
  return f.out(f.code(r), x.mode);
}

u64 div_fixup(const Fp& f, u64 q, u64 d, u64 n) {
  const u64 sign = (d ^ n) & f.sign();
  if (f.nan(n)) return n | f.quiet_bit();
  if (f.nan(d)) return d | f.quiet_bit();
  if ((f.zero(d) && f.zero(n)) || (f.infinite(d) && f.infinite(n)))
    return f.sign() | f.default_nan();
  if (f.zero(d) || f.infinite(n)) return sign | f.infinity();
  if (f.infinite(d) || f.zero(n)) return sign;
  const i64 gap = i64(exponent(f, n)) - i64(exponent(f, d));
  if (f.bits != 16 && gap < (f.bits == 32 ? -150 : -1075)) return sign;
  if (f.nan(q)) return sign | f.infinity();  // an overflow on the way
  return sign | (q & (f.sign() - 1));
}

// --- Cube maps: x, y, z; z wins ties over y, y over x --------------------------------------------

int cube_axis(u64 x, u64 y, u64 z) {
  const auto size = [](u64 a) { return kSingle.real(a & 0x7fff'ffff); };
  if (size(z) >= size(x) && size(z) >= size(y)) return 2;
  return size(y) >= size(x) ? 1 : 0;
}
u64 negated(u64 x) { return x ^ 0x8000'0000; }
u64 cube_id(u64 x, u64 y, u64 z) {
  const int axis = cube_axis(x, y, z);
  const double major = kSingle.real(axis == 2 ? z : axis == 1 ? y : x);
  return APFloat(float(2 * axis + (major < 0))).bitcastToAPInt().getZExtValue();
}
u64 cube_sc(u64 x, u64 y, u64 z) {
  const int axis = cube_axis(x, y, z);
  if (axis == 2) return kSingle.real(z) < 0 ? negated(x) : x;
  if (axis == 1) return x;
  return kSingle.real(x) < 0 ? z : negated(z);
}
u64 cube_tc(u64 x, u64 y, u64 z) {
  if (cube_axis(x, y, z) != 1) return negated(y);
  return kSingle.real(y) < 0 ? negated(z) : z;
}
u64 cube_ma(u64 x, u64 y, u64 z) {
  const int axis = cube_axis(x, y, z);
  APFloat r = kSingle.value(axis == 2 ? z : axis == 1 ? y : x);
  r.add(r, RoundingMode::NearestTiesToEven);
  return kSingle.code(r);
}

// --- 2/pi by Machin's formula, as an integer scaled by 2^1201 ------------------------------------

constexpr unsigned kWide = 2800;
APInt arctan_of_inverse(unsigned n, const APInt& one) {
  APInt power = one.udiv(APInt(kWide, n)), sum = power;
  const APInt square(kWide, u64{n} * n);
  for (unsigned k = 3; !power.isZero(); k += 2) {
    power = power.udiv(square);
    const APInt term = power.udiv(APInt(kWide, k));
    if (k % 4 == 3)
      sum -= term;
    else
      sum += term;
  }
  return sum;
}
APInt two_over_pi() {
  const APInt one = APInt(kWide, 1).shl(1300);
  const APInt pi =
      arctan_of_inverse(5, one) * APInt(kWide, 16) - arctan_of_inverse(239, one) * APInt(kWide, 4);
  return APInt(kWide, 1).shl(1300 + 1201 + 1).udiv(pi);
}
u64 trig_preop(u64 a, u64 segment) {
  static const APInt digits = two_over_pi();
  u64 shift = segment % 32 * 53;
  const u64 e = exponent(kDouble, a);
  if (e > 1077) shift += e - 1077;
  // The 53 bits below the first `shift` ones.
  APInt rest = digits.trunc(1201);
  rest <<= unsigned(std::min<u64>(shift, 1201));
  const u64 bits = rest.lshr(1201 - 53).getZExtValue();
  const int scale = -53 - int(shift) + (e >= 1968 ? 128 : 0);
  APFloat r(APFloat::IEEEdouble());
  r.convertFromAPInt(APInt(64, bits), false, RoundingMode::NearestTiesToEven);
  return kDouble.code(llvm::scalbn(r, scale, RoundingMode::NearestTiesToEven));
}

}  // namespace

void add_float_bits_cases(Cases& cases) {
  const auto v = [&](const char* name, Type result, std::vector<Type> sources, Want want) {
    return VectorCase{name, result, std::move(sources), std::move(want)};
  };
  const auto small_exponent = [](auto& random, u64* s) {
    const int range = random() % 2 ? 60 : 2300;
    s[1] = u32(u64(i64(random() % (2 * range)) - range));
  };
  std::vector<VectorCase> list = {
      v("v_ldexp_f32", kF32, {kF32, kB32},
        [](Lane& x) { return scaled(kSingle, x.mode, x.a, s32(x.b)); })
          .in_modes()
          .shaped(small_exponent),
      v("v_ldexp_f64", kF64, {kF64, kB32},
        [](Lane& x) { return scaled(kDouble, x.mode, x.a, s32(x.b)); })
          .in_modes()
          .shaped(small_exponent),
      v("v_ldexp_f16", kF16, {kF16, kB16},
        [](Lane& x) { return scaled(kHalf, x.mode, x.a, s16(x.b)); })
          .in_modes()
          .shaped([](auto& random, u64* s) { s[1] = u16(u64(i64(random() % 60) - 30)); }),
      v("v_frexp_exp_i32_f32", kB32, {kF32}, [](u64 a) { return frexp_exponent(kSingle, a); }),
      v("v_frexp_exp_i32_f64", kB32, {kF64}, [](u64 a) { return frexp_exponent(kDouble, a); }),
      v("v_frexp_exp_i16_f16", kB16, {kF16}, [](u64 a) { return frexp_exponent(kHalf, a); }),
      v("v_frexp_mant_f32", kF32, {kF32}, [](u64 a) { return frexp_mantissa(kSingle, a); }),
      v("v_frexp_mant_f64", kF64, {kF64}, [](u64 a) { return frexp_mantissa(kDouble, a); }),
      v("v_frexp_mant_f16", kF16, {kF16}, [](u64 a) { return frexp_mantissa(kHalf, a); }),
      v("v_div_fixup_f32", kF32, {kF32, kF32, kF32},
        [](u64 a, u64 b, u64 c) { return div_fixup(kSingle, a, b, c); }),
      v("v_div_fixup_f64", kF64, {kF64, kF64, kF64},
        [](u64 a, u64 b, u64 c) { return div_fixup(kDouble, a, b, c); }),
      v("v_div_fixup_f16", kF16, {kF16, kF16, kF16},
        [](u64 a, u64 b, u64 c) {
          return div_fixup(kHalf, a, b, c);
        }).half(),
      v("v_div_fixup_legacy_f16", kF16, {kF16, kF16, kF16},
        [](u64 a, u64 b, u64 c) { return div_fixup(kHalf, a, b, c); }),
      v("v_div_fmas_f32", kF32, {kF32, kF32, kF32}, [](Lane& x) { return div_fmas(kSingle, x); })
          .from_vcc()
          .in_modes()
          .to_nearest(),
      v("v_div_fmas_f64", kF64, {kF64, kF64, kF64}, [](Lane& x) { return div_fmas(kDouble, x); })
          .from_vcc()
          .to_nearest()
          .shaped([](auto& random, u64* s) {  // without overflow before the scaling
            for (unsigned k = 0; k < 3; ++k)
              if (exponent(kDouble, s[k]) > 1400 && !kDouble.nan(s[k]))
                s[k] = (s[k] & ~kDouble.infinity()) | (700 + random() % 600) << 52;
          }),
      v("v_trig_preop_f64", kF64, {kF64, kB32}, trig_preop).shaped([](auto& random, u64* s) {
        s[1] = (s[1] & ~u64{31}) | random() % 23;  // beyond, the digits run out
      }),
  };
  // Cube maps of numbers: what a NaN coordinate gives is not defined.
  const auto numbers = [](auto& random, u64* s) {
    for (unsigned k = 0; k < 3; ++k)
      if (kSingle.nan(s[k])) s[k] = 0x3f80'0000;
    if (random() % 3 == 0) s[1] = s[0] ^ (random() & 0x8000'0000);
    if (random() % 3 == 0) s[2] = s[1] ^ (random() & 0x8000'0000);
  };
  struct Cube {
    const char* name;
    u64 (*f)(u64, u64, u64);
  };
  for (const Cube& c : {Cube{"v_cubeid_f32", cube_id}, Cube{"v_cubesc_f32", cube_sc},
                        Cube{"v_cubetc_f32", cube_tc}, Cube{"v_cubema_f32", cube_ma}})
    list.push_back(v(c.name, kF32, {kF32, kF32, kF32},
                     [c](Lane& x) {
                       const Mode& m = x.mode;
                       return kSingle.out(
                           c.f(kSingle.in(x.a, m), kSingle.in(x.b, m), kSingle.in(x.c, m)), m);
                     })
                       .shaped(numbers)
                       .without_nan());
  for (const VectorCase& c : list) cases.push_back(vector_case(c));

  for (const bool wide : {false, true}) {
    const Fp& f = wide ? kDouble : kSingle;
    const Type t = wide ? kF64 : kF32;
    const std::string name = wide ? "v_div_scale_f64" : "v_div_scale_f32";
    cases.push_back(custom(name, [=, &f](Probe& p) {
      for (const bool denominator : {false, true}) {
        const std::string d = wide ? "v[2:3]" : "v2", n = wide ? "v[4:5]" : "v4";
        const auto wave = p.wave(name + (wide ? " v[10:11]" : " v10") + ", s[20:21], " +
                                 (denominator ? d : n) + ", " + d + ", " + n);
        for (int batch = 0; batch < 12; ++batch) {
          u64 in[2][kLanes], mask = 0;
          for (unsigned k = 0; k < 2; ++k) {
            LaneValues low, high;
            for (unsigned i = 0; i < kLanes; ++i) {
              u64& x = in[k][i];
              x = random_value(p.random(), t);
              if (f.nan(x) || f.infinite(x)) x = f.one();
              if (p.pick(3) == 0)  // a denominator above 2^126, a tiny numerator, their like
                x = (x & ~f.infinity()) |
                    (p.pick(2) ? p.pick(60) : (f.infinity() >> f.mantissa) - 1 - p.pick(4))
                        << f.mantissa;
              low[i] = uint32_t(x);
              high[i] = uint32_t(x >> 32);
            }
            wave->set_v(2 + 2 * k, low).set_v(3 + 2 * k, high);
          }
          wave->set_v(10, 9).set_v(11, 9).set_s64(20, 12345);
          p.run(*wave);
          for (unsigned i = 0; i < kLanes; ++i) {
            Lane x;
            x.b = in[0][i];
            x.c = in[1][i];
            if (x.b == x.c) continue;
            x.a = denominator ? x.b : x.c;
            const u64 want = div_scale(f, x);
            mask |= u64(x.out) << i;
            p.equal(wide ? wave->v64(10, i) : wave->v(10, i), want, 9,
                    [&] { return fmt::format("{} {:#x} / {:#x}", name, x.c, x.b); });
            p.equal(wave->s64(20) >> i & 1, x.out, 2,
                    [&] { return fmt::format("{} {:#x} / {:#x}: VCC", name, x.c, x.b); });
          }
        }
      }
    }));
  }
}

}  // namespace wavefuzz::sim::opcode
