// Float arithmetic, minimum and maximum, against APFloat in every rounding and denormal mode.
#include <fmt/format.h>

#include "gpu/sim/opcode_test/fp.h"

namespace wavefuzz::sim::opcode {
namespace {

constexpr Exact kAdd = [](APFloat& a, const APFloat& b, const APFloat&, auto r) { a.add(b, r); };
constexpr Exact kSub = [](APFloat& a, const APFloat& b, const APFloat&, auto r) {
  a.subtract(b, r);
};
constexpr Exact kMul = [](APFloat& a, const APFloat& b, const APFloat&, auto r) {
  a.multiply(b, r);
};
constexpr Exact kFma = [](APFloat& a, const APFloat& b, const APFloat& c, auto r) {
  a.fusedMultiplyAdd(b, c, r);
};
constexpr Exact kSubReversed = [](APFloat& a, const APFloat& b, const APFloat&, auto r) {
  APFloat x = b;
  x.subtract(a, r);
  a = x;
};
template <RoundingMode kTo>
constexpr Exact kIntegral =
    [](APFloat& a, const APFloat&, const APFloat&, auto) { a.roundToIntegral(kTo); };

// The lane's sources in the order asked for, as one arithmetic operation.
Want op(const Fp& f, Exact exact, const char* order) {
  return [&f, exact, order](Lane& x) {
    u64 s[3] = {};
    size_t n = 0;
    for (const char* o = order; *o != '\0'; ++o)
      s[n++] = *o == 'a' ? x.a : *o == 'b' ? x.b : *o == 'c' ? x.c : x.old;
    if (n == 1) return arithmetic(f, x.mode, {s[0]}, exact);
    if (n == 2) return arithmetic(f, x.mode, {s[0], s[1]}, exact);
    return arithmetic(f, x.mode, {s[0], s[1], s[2]}, exact);
  };
}
// Two of them, in the halves of a register or in two registers.
Want twice(const Fp& f, Exact exact, const char* order) {
  const Want single = op(f, exact, order);
  return [&f, single](Lane& x) {
    Lane low = x, high = x;
    for (u64 Lane::*m : {&Lane::a, &Lane::b, &Lane::c, &Lane::old}) {
      low.*m = x.*m & f.all();
      high.*m = x.*m >> f.bits & f.all();
    }
    return single.lane(low) | single.lane(high) << f.bits;
  };
}
// A product rounded by itself before the sum is (v_mad_f16).
Want unfused(const char* order) {
  return [order](Lane& x) {
    u64 s[3] = {};
    for (size_t n = 0; n < 3; ++n)
      s[n] = order[n] == 'a' ? x.a : order[n] == 'b' ? x.b : order[n] == 'c' ? x.c : x.old;
    const Fp& f = kHalf;
    for (u64& o : s) o = f.in(o, x.mode);
    for (const u64 o : s)
      if (f.nan(o)) return o | f.quiet_bit();
    APFloat product = f.value(s[0]);
    product.multiply(f.value(s[1]), f.round(x.mode));
    bool finite = !f.infinite(s[0]) && !f.infinite(s[1]);
    product = f.value(bound_f16(x.mode, f.code(product), finite));
    product.add(f.value(s[2]), f.round(x.mode));
    finite &= !f.infinite(s[2]);
    return f.out(bound_f16(x.mode, f.code(product), finite), x.mode);
  };
}

// v_min and v_max as the manual's pseudo-code has them.
u64 extreme(const Fp& f, const Mode& m, bool max, u64 s0, u64 s1) {
  const u64 a = f.in(s0, m), b = f.in(s1, m);
  u64 r;
  if (m.ieee && f.signalling(a)) {
    r = a | f.quiet_bit();
  } else if (m.ieee && f.signalling(b)) {
    r = b | f.quiet_bit();
  } else if (f.nan(a)) {
    r = b;
  } else if (f.nan(b)) {
    r = a;
  } else if (f.zero(a) && f.zero(b)) {
    const u64 zero = max ? a & b : a | b;  // +0 is above -0
    r = zero;
  } else {
    const bool less = f.value(a).compare(f.value(b)) == APFloat::cmpLessThan;
    r = less != max ? a : b;
  }
  return f.out(r, m);
}
u64 extreme3(const Fp& f, const Mode& m, bool max, u64 a, u64 b, u64 c) {
  return extreme(f, m, max, extreme(f, m, max, a, b), c);
}
u64 median(const Fp& f, const Mode& m, u64 a, u64 b, u64 c) {
  if (f.nan(a) || f.nan(b) || f.nan(c)) return extreme3(f, m, false, a, b, c);
  const u64 top = extreme3(f, m, true, a, b, c);
  const auto same = [&](u64 x) {
    return f.value(top).compare(f.value(f.in(x, m))) == APFloat::cmpEqual;
  };
  if (same(a)) return extreme(f, m, true, b, c);
  if (same(b)) return extreme(f, m, true, a, c);
  return extreme(f, m, true, a, b);
}
// gfx950: IEEE 754-2019, NaN wins.
u64 propagating3(const Fp& f, const Mode& m, bool max, u64 a, u64 b, u64 c) {
  for (const u64 x : {a, b, c})
    if (f.nan(x)) return x | f.quiet_bit();
  return extreme3(f, m, max, a, b, c);
}
Want halves_of(std::function<u64(const Mode&, u64, u64, u64)> f) {
  return [f](Lane& x) {
    return f(x.mode, x.a & 0xffff, x.b & 0xffff, x.c & 0xffff) |
           f(x.mode, x.a >> 16, x.b >> 16, x.c >> 16) << 16;
  };
}

u64 fract(const Fp& f, const Mode& m, u64 a) {
  // x - floor(x), at most the largest number below 1.
  const u64 x = f.in(a, m);
  if (f.nan(x)) return x | f.quiet_bit();
  if (f.infinite(x)) return f.default_nan();
  APFloat floor = f.value(x);
  floor.roundToIntegral(RoundingMode::TowardNegative);
  APFloat r = f.value(x);
  r.subtract(floor, f.round(m));
  u64 bits = f.code(r);
  if (bits == f.one()) bits = f.one() - 1;
  return f.out(bits, m);
}

}  // namespace

void add_float_cases(Cases& cases) {
  const auto v = [&](const char* name, Type result, std::vector<Type> sources, Want want) {
    return VectorCase{name, result, std::move(sources), std::move(want)}.in_modes();
  };
  struct Size {
    const char* suffix;
    Type type;
    const Fp& f;
  };
  std::vector<VectorCase> list;
  for (const Size& s :
       {Size{"f32", kF32, kSingle}, Size{"f64", kF64, kDouble}, Size{"f16", kF16, kHalf}}) {
    const Fp& f = s.f;
    const std::vector<Type> one = {s.type}, two = {s.type, s.type};
    const auto add = [&](const char* base, const std::vector<Type>& sources, Want want,
                         bool keeps_half = false) {
      VectorCase c = v("", s.type, sources, std::move(want));
      c.mnemonic = std::string("v_") + base + "_" + s.suffix;
      c.keeps_half = keeps_half;
      list.push_back(c);
    };
    const bool half = s.type == kF16, wide = s.type == kF64;
    const std::vector<Type> three = {s.type, s.type, s.type};
    add("add", two, op(f, kAdd, "ab"));
    add("mul", two, op(f, kMul, "ab"));
    add("fma", three, op(f, kFma, "abc"), half);
    add("floor", one, op(f, kIntegral<RoundingMode::TowardNegative>, "a"));
    add("ceil", one, op(f, kIntegral<RoundingMode::TowardPositive>, "a"));
    add("trunc", one, op(f, kIntegral<RoundingMode::TowardZero>, "a"));
    add("rndne", one, op(f, kIntegral<RoundingMode::NearestTiesToEven>, "a"));
    add("fract", one, [&f](Lane& x) { return fract(f, x.mode, x.a); });
    add("min", two, [&f](Lane& x) { return extreme(f, x.mode, false, x.a, x.b); });
    add("max", two, [&f](Lane& x) { return extreme(f, x.mode, true, x.a, x.b); });
    if (!half) add("fmac", two, op(f, kFma, "abd"));
    if (wide) continue;
    add("sub", two, op(f, kSub, "ab"));
    add("subrev", two, op(f, kSubReversed, "ab"));
    add(
        "min3", three, [&f](Lane& x) { return extreme3(f, x.mode, false, x.a, x.b, x.c); }, half);
    add(
        "max3", three, [&f](Lane& x) { return extreme3(f, x.mode, true, x.a, x.b, x.c); }, half);
    add(
        "med3", three, [&f](Lane& x) { return median(f, x.mode, x.a, x.b, x.c); }, half);
  }
  // 0 times anything is 0, a DX9 rule.
  list.push_back(v("v_mul_legacy_f32", kF32, {kF32, kF32}, [](Lane& x) {
    if (kSingle.zero(kSingle.in(x.a, x.mode)) || kSingle.zero(kSingle.in(x.b, x.mode)))
      return u64{0};
    return arithmetic(kSingle, x.mode, {x.a, x.b}, kMul);
  }));
  list.push_back(v("v_fma_legacy_f16", kF16, {kF16, kF16, kF16}, op(kHalf, kFma, "abc")));
  list.push_back(v("v_mad_legacy_f16", kF16, {kF16, kF16, kF16}, unfused("abc")));
  list.push_back(v("v_mad_f16", kF16, {kF16, kF16, kF16}, unfused("abc")).half());
  list.push_back(v("v_mac_f16", kF16, {kF16, kF16}, unfused("abd")));
  for (const bool max : {false, true}) {
    list.push_back(
        v(max ? "v_maximum3_f32" : "v_minimum3_f32", kF32, {kF32, kF32, kF32}, [=](Lane& x) {
          return propagating3(kSingle, x.mode, max, x.a, x.b, x.c);
        }).on950());
    list.push_back(v(max ? "v_pk_maximum3_f16" : "v_pk_minimum3_f16", kPkF16,
                     {kPkF16, kPkF16, kPkF16}, halves_of([=](const Mode& m, u64 a, u64 b, u64 c) {
                       return propagating3(kHalf, m, max, a, b, c);
                     }))
                       .on950());
    list.push_back(v(
        max ? "v_pk_max_f16" : "v_pk_min_f16", kPkF16, {kPkF16, kPkF16},
        halves_of([=](const Mode& m, u64 a, u64 b, u64) { return extreme(kHalf, m, max, a, b); })));
  }
  list.push_back(v("v_pk_add_f16", kPkF16, {kPkF16, kPkF16}, twice(kHalf, kAdd, "ab")));
  list.push_back(v("v_pk_mul_f16", kPkF16, {kPkF16, kPkF16}, twice(kHalf, kMul, "ab")));
  list.push_back(v("v_pk_fma_f16", kPkF16, {kPkF16, kPkF16, kPkF16}, twice(kHalf, kFma, "abc")));
  list.push_back(v("v_pk_fmac_f16", kPkF16, {kPkF16, kPkF16}, twice(kHalf, kFma, "abd")).bare());
  list.push_back(v("v_pk_add_f32", kPkF32, {kPkF32, kPkF32}, twice(kSingle, kAdd, "ab")));
  list.push_back(v("v_pk_mul_f32", kPkF32, {kPkF32, kPkF32}, twice(kSingle, kMul, "ab")));
  list.push_back(v("v_pk_fma_f32", kPkF32, {kPkF32, kPkF32, kPkF32}, twice(kSingle, kFma, "abc")));
  for (const VectorCase& c : list) cases.push_back(vector_case(c));

  // A constant inside the instruction: second operand of fmamk and madmk, last of fmaak and madak.
  struct Inline {
    const char* name;
    const Fp& f;
    bool middle, fused;
    u64 k;
  };
  for (const Inline& n : {Inline{"v_fmamk_f32", kSingle, true, true, 0x4049'0fdb},
                          Inline{"v_fmaak_f32", kSingle, false, true, 0xc049'0fdb},
                          Inline{"v_madmk_f16", kHalf, true, false, 0x4248},
                          Inline{"v_madak_f16", kHalf, false, false, 0xc248}}) {
    cases.push_back(custom(n.name, [n](Probe& p) {
      const auto wave =
          p.wave(fmt::format("s_setreg_b32 hwreg(HW_REG_MODE), s50\n{} v10, v0, {}, {}", n.name,
                             n.middle ? fmt::format("{:#x}", n.k) : "v2",
                             n.middle ? "v2" : fmt::format("{:#x}", n.k)));
      for (unsigned mode = 0; mode < 16; ++mode) {
        const uint32_t bits = (mode & 3) * 5 | (mode >> 2) * 0x50;
        LaneValues a, b;
        for (unsigned i = 0; i < kLanes; ++i) {
          a[i] = uint32_t(random_value(p.random(), n.f.bits == 16 ? kF16 : kF32));
          b[i] = uint32_t(random_value(p.random(), n.f.bits == 16 ? kF16 : kF32));
        }
        wave->set_v(0, a).set_v(2, b).set_v(10, 77).set_s(50, bits);
        p.run(*wave);
        for (unsigned i = 0; i < kLanes; ++i) {
          Lane x;
          x.a = a[i];
          x.b = n.middle ? n.k : b[i];
          x.c = n.middle ? b[i] : n.k;
          x.mode = Mode::from_bits(bits);
          const u64 want = (n.fused ? op(n.f, kFma, "abc") : unfused("abc")).lane(x);
          p.equal(wave->v(10, i), want, 77, [&] {
            return fmt::format("{} of {:#x} {:#x} mode {:#x}", n.name, a[i], b[i], bits);
          });
        }
      }
    }));
  }

  // v_fma_mix: each source an f32, or a half that op_sel picks, widened. Modifiers come after.
  for (const char* name : {"v_fma_mix_f32", "v_fma_mixlo_f16", "v_fma_mixhi_f16"}) {
    cases.push_back(custom(name, [=](Probe& p) {
      const std::string mnemonic = name;
      for (unsigned trial = 0; trial < 24; ++trial) {
        unsigned half[3], high[3], neg[3], abs[3];
        std::string operands, op_sel, op_sel_hi;
        for (unsigned k = 0; k < 3; ++k) {
          half[k] = unsigned(p.pick(2));
          high[k] = half[k] & unsigned(p.pick(2));
          neg[k] = unsigned(p.pick(2));
          abs[k] = unsigned(p.pick(2));
          operands += fmt::format(", {}{}v{}{}", neg[k] ? "-" : "", abs[k] ? "|" : "", 2 * k,
                                  abs[k] ? "|" : "");
          op_sel += fmt::format("{}{}", k ? "," : "", high[k]);
          op_sel_hi += fmt::format("{}{}", k ? "," : "", half[k]);
        }
        const bool clamp = trial % 3 == 2;
        const std::string line = fmt::format("{} v10{} op_sel:[{}] op_sel_hi:[{}]{}", name,
                                             operands, op_sel, op_sel_hi, clamp ? " clamp" : "");
        const auto wave = p.wave("s_setreg_b32 hwreg(HW_REG_MODE), s50\n" + line);
        const uint32_t round = trial & 3;
        const uint32_t bits = round * 5 | (trial & 4 ? 0xf0 : 0xc0);
        const Mode mode = Mode::from_bits(bits);
        LaneValues in[3], old;
        for (auto& lanes : in)
          for (uint32_t& x : lanes) {
            x = uint32_t(random_value(p.random(), p.pick(2) ? kF32 : kPkF16));
            if (p.pick(3) == 0) x = uint32_t(random_value(p.random(), kPkF16));
          }
        for (uint32_t& x : old) x = uint32_t(p.random()());
        for (unsigned k = 0; k < 3; ++k) wave->set_v(2 * k, in[k]);
        wave->set_v(10, old).set_s(50, bits);
        p.run(*wave);
        for (unsigned i = 0; i < kLanes; ++i) {
          u64 s[3];
          for (unsigned k = 0; k < 3; ++k) {
            s[k] = in[k][i];
            if (half[k]) {
              const u64 h = (high[k] ? in[k][i] >> 16 : in[k][i]) & 0xffff;
              // Signalling NaNs stay so when APFloat would quiet them: the payload moves up.
              s[k] = kHalf.nan(h) ? (h & 0x8000) << 16 | 0x7f80'0000 | (h & 0x3ff) << 13
                                  : convert(kHalf, h, kSingle, RoundingMode::NearestTiesToEven);
            }
            if (abs[k]) s[k] &= 0x7fff'ffff;
            if (neg[k]) s[k] ^= 0x8000'0000;
          }
          u64 r = arithmetic(kSingle, mode, {s[0], s[1], s[2]}, kFma);
          u64 want;
          if (mnemonic == "v_fma_mix_f32") {
            if (clamp && !kSingle.nan(r)) r = r >> 31 ? 0 : std::min(r, kSingle.one());
            want = r;
          } else {
            u64 h = kSingle.nan(r) ? (r >> 16 & 0x8000) | 0x7e00 | (r >> 13 & 0x3ff)
                                   : convert(kSingle, r, kHalf, rounding(mode.round_f16_f64));
            h = kHalf.out(h, mode);
            if (clamp && !kHalf.nan(h)) h = h >> 15 ? 0 : std::min(h, kHalf.one());
            want = mnemonic == "v_fma_mixlo_f16" ? (old[i] & 0xffff'0000) | h
                                                 : (old[i] & 0xffff) | h << 16;
          }
          p.equal(wave->v(10, i), want, old[i], [&] {
            return fmt::format("{} of {:#x} {:#x} {:#x} mode {:#x}", line, in[0][i], in[1][i],
                               in[2][i], bits);
          });
        }
      }
    }));
  }
}

}  // namespace wavefuzz::sim::opcode
