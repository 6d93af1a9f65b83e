// The transcendental unit. f32: 1 ulp is promised, f32 denormals are flushed whatever MODE says,
// here the correctly rounded value comes out. f16: the value rounded once, denormals as MODE says.
#include <algorithm>
#include <cmath>

#include "gpu/sim/opcode_test/fp.h"

namespace wavefuzz::sim::opcode {
namespace {

constexpr long double kPi = 3.14159265358979323846264338327950288L;
// Sine and cosine of x turns, by a sine within a quarter turn. Zeros are positive, but for sin(-0).
long double turns(long double x, bool cosine) {
  if (x == 0 && !cosine) return x;
  long double r = std::remainder(x, 1.0L);
  if (cosine) r = 0.25L - std::fabs(r);
  if (std::fabs(r) > 0.25L) r = std::copysign(0.5L, r) - r;
  if (r == 0) return 0;
  return std::fabs(r) == 0.25L ? 4 * r : std::sin(2 * kPi * r);
}
struct Function {
  const char* name;
  long double (*value)(long double);
};
const Function kFunctions[] = {
    // Finite arguments within what long double holds, which is more than the formats do.
    {"exp",
     [](long double x) {
       return std::exp2(std::isinf(x) ? x : std::clamp<long double>(x, -1000, 1000));
     }},
    {"log", [](long double x) { return x == 0 ? -INFINITY : std::log2(x); }},
    {"rcp", [](long double x) { return 1 / x; }},
    {"rsq", [](long double x) { return 1 / std::sqrt(x); }},
    {"sqrt", [](long double x) { return std::sqrt(x); }},
    {"sin", [](long double x) { return std::isinf(x) ? NAN : turns(x, false); }},
    {"cos", [](long double x) { return std::isinf(x) ? NAN : turns(x, true); }},
};

// The argument's exact value, to a format. x87's 64 bits are 11 more than f64's, 40 more than
// f32's; a tie in those would have to be exact.
u64 rounded(const Fp& f, long double x, RoundingMode round) {
  if (std::isnan(x)) return f.default_nan();
  u64 significand;
  unsigned short exponent;
  std::memcpy(&significand, &x, 8);
  std::memcpy(&exponent, reinterpret_cast<const char*>(&x) + 8, 2);
  const u64 words[2] = {significand, exponent};
  APFloat v(APFloat::x87DoubleExtended(), APInt(80, words));
  bool loses = false;
  v.convert(f.semantics, round, &loses);
  return f.code(v);
}

u64 single(const Function& fn, u64 a, bool trigonometric) {
  const u64 x = kSingle.flush(a);
  if (kSingle.nan(x)) return x | kSingle.quiet_bit();
  const float value = __builtin_bit_cast(float, uint32_t(x));
  // Outside the documented domain of 256 turns: 0 and 1.
  if (trigonometric && std::fabs(value) > 256 && !std::isinf(value))
    return fn.name[0] == 's' ? 0 : kSingle.one();
  return kSingle.flush(rounded(kSingle, fn.value(value), RoundingMode::NearestTiesToEven));
}
u64 half(const Function& fn, const Mode& m, u64 a) {
  const u64 x = kHalf.in(a, m);
  if (kHalf.nan(x)) return x | kHalf.quiet_bit();
  u64 r = rounded(kHalf, fn.value(kHalf.real(x)), kHalf.round(m));
  r = bound_f16(m, r, !kHalf.infinite(x) && !(kHalf.zero(x) && fn.name[0] != 'e'));
  return kHalf.out(r, m);
}

}  // namespace

void add_math_cases(Cases& cases) {
  for (const Function& fn : kFunctions) {
    const std::string name = fn.name;
    const bool trigonometric = name == "sin" || name == "cos";
    const auto f32 = [&](const std::string& mnemonic) {
      VectorCase c{mnemonic, kF32, {kF32}, [&fn, trigonometric](u64 a) {
                     return single(fn, a, trigonometric);
                   }};
      c.modes = true;
      cases.push_back(vector_case(c));
    };
    f32("v_" + name + "_f32");
    if (name == "exp" || name == "log") f32("v_" + name + "_legacy_f32");
    if (name == "rcp") f32("v_rcp_iflag_f32");
    VectorCase h{
        "v_" + name + "_f16", kF16, {kF16}, [&fn](Lane& x) { return half(fn, x.mode, x.a); }};
    h.modes = true;
    cases.push_back(vector_case(h));
    if (name == "rcp" || name == "rsq" || name == "sqrt") {
      // An approximation in hardware; here within one place of the exact value.
      cases.push_back(custom("v_" + name + "_f64", [&fn, name](Probe& p) {
        const auto wave = p.wave("v_" + name + "_f64 v[10:11], v[0:1]");
        for (int batch = 0; batch < 10; ++batch) {
          LaneValues low, high;
          for (unsigned i = 0; i < kLanes; ++i) {
            const u64 x = random_value(p.random(), kF64);
            low[i] = uint32_t(x);
            high[i] = uint32_t(x >> 32);
          }
          wave->set_v(0, low).set_v(1, high).set_v(10, 3).set_v(11, 3);
          p.run(*wave);
          for (unsigned i = 0; i < kLanes; ++i) {
            const u64 x = low[i] | u64(high[i]) << 32, got = wave->v64(10, i);
            u64 want = kDouble.nan(x) ? x | kDouble.quiet_bit()
                                      : rounded(kDouble, fn.value(kDouble.real(x)),
                                                RoundingMode::NearestTiesToEven);
            if (!kDouble.nan(want) && got - want + 1 <= 2) want = got;
            p.equal(got, want, 0x3'0000'0003, [&] { return name + "_f64"; });
          }
        }
      }));
    }
  }
}

}  // namespace wavefuzz::sim::opcode
