// IEEE formats through APFloat, with the vector unit's rules around the exact operation.
#ifndef WAVEFUZZ_GPU_SIM_OPCODE_TEST_FP_H_
#define WAVEFUZZ_GPU_SIM_OPCODE_TEST_FP_H_

#include <llvm/ADT/APFloat.h>
#include <llvm/ADT/APInt.h>

#include "gpu/sim/opcode_test/case.h"

namespace wavefuzz::sim::opcode {

using llvm::APFloat;
using llvm::APInt;
using llvm::RoundingMode;

inline RoundingMode rounding(Round r) {
  constexpr RoundingMode kModes[] = {RoundingMode::NearestTiesToEven, RoundingMode::TowardPositive,
                                     RoundingMode::TowardNegative, RoundingMode::TowardZero};
  return kModes[unsigned(r)];
}

struct Fp {
  const llvm::fltSemantics& semantics;
  unsigned bits;
  unsigned mantissa;
  bool wide;  // takes MODE's f16/f64 fields

  u64 sign() const { return u64{1} << (bits - 1); }
  u64 all() const { return sign() | (sign() - 1); }
  u64 infinity() const { return (sign() - 1) >> mantissa << mantissa; }
  u64 quiet_bit() const { return u64{1} << (mantissa - 1); }
  u64 default_nan() const { return infinity() | quiet_bit(); }
  u64 one() const { return (infinity() >> 1) & infinity(); }
  u64 least_normal() const { return u64{1} << mantissa; }
  bool nan(u64 x) const { return (x & (sign() - 1)) > infinity(); }
  bool signalling(u64 x) const { return nan(x) && !(x & quiet_bit()); }
  bool denormal(u64 x) const { return (x & infinity()) == 0 && (x & (sign() - 1)) != 0; }
  bool zero(u64 x) const { return (x & (sign() - 1)) == 0; }
  bool infinite(u64 x) const { return (x & (sign() - 1)) == infinity(); }
  u64 flush(u64 x) const { return denormal(x) ? x & sign() : x; }
  RoundingMode round(const Mode& m) const { return rounding(wide ? m.round_f16_f64 : m.round_f32); }
  // Denormals of inputs and results as MODE says; its field's bit 0 keeps the ones, bit 1 the
  // others.
  u64 in(u64 x, const Mode& m) const {
    return m.bits >> (wide ? 6 : 4) & 1 ? x & all() : flush(x & all());
  }
  u64 out(u64 x, const Mode& m) const { return m.bits >> (wide ? 7 : 5) & 1 ? x : flush(x); }

  APFloat value(u64 x) const { return APFloat(semantics, APInt(bits, x & all())); }
  u64 code(const APFloat& x) const {
    return x.isNaN() ? default_nan() : x.bitcastToAPInt().getZExtValue();
  }
  double real(u64 x) const { return value(x).convertToDouble(); }
};
inline const Fp kHalf{APFloat::IEEEhalf(), 16, 10, true};
inline const Fp kBf16{APFloat::BFloat(), 16, 7, true};
inline const Fp kSingle{APFloat::IEEEsingle(), 32, 23, false};
inline const Fp kDouble{APFloat::IEEEdouble(), 64, 52, true};
inline const Fp& fp(Type t) {
  return t == kF16 || t == kPkF16 ? kHalf : t == kF64 ? kDouble : kSingle;
}

// The value in another format.
inline u64 convert(const Fp& from, u64 x, const Fp& to, RoundingMode round) {
  APFloat v = from.value(x);
  bool loses = false;
  v.convert(to.semantics, round, &loses);
  return to.code(v);
}

// FP16_OVFL: a finite value that overflows f16 gives the largest finite number.
inline u64 bound_f16(const Mode& m, u64 r, bool finite_inputs) {
  return (m.bits >> 23 & 1) && finite_inputs && kHalf.infinite(r) ? (r & 0x8000) | 0x7bff : r;
}

// Inputs flushed, the first NaN quieted and returned, one rounding, result flushed.
using Exact = void (*)(APFloat& a, const APFloat& b, const APFloat& c, RoundingMode round);
inline u64 arithmetic(const Fp& f, const Mode& m, std::initializer_list<u64> operands,
                      Exact exact) {
  u64 x[3] = {};
  size_t n = 0;
  bool finite = true;
  for (const u64 o : operands) {
    x[n] = f.in(o, m);
    finite &= !f.infinite(x[n]);
    ++n;
  }
  for (size_t k = 0; k < n; ++k)
    if (f.nan(x[k])) return x[k] | f.quiet_bit();
  APFloat a = f.value(x[0]);
  exact(a, f.value(x[1]), f.value(x[2]), f.round(m));
  u64 r = f.code(a);
  if (f.bits == 16) r = bound_f16(m, r, finite);
  return f.out(r, m);
}

}  // namespace wavefuzz::sim::opcode

#endif  // WAVEFUZZ_GPU_SIM_OPCODE_TEST_FP_H_
