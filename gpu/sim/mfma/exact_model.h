// The rule of rules.h over exact numbers, for tests: each step is written as the text states it, in
// terms of floor and truncation of a real number. Shares no code with dot.cc, decoding included.
#ifndef GPU_SIM_MFMA_EXACT_MODEL_H_
#define GPU_SIM_MFMA_EXACT_MODEL_H_

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "gpu/sim/mfma/element.h"
#include "gpu/sim/mfma/rules.h"
#include "quant/float16.h"
#include "quant/fp8.h"

namespace wavefuzz::sim::mfma {

// A multiple of 2^-1024 below 2^1023 in magnitude, in two's complement. Aborts rather than lose a
// bit.
class Exact {
 public:
  Exact() = default;
  explicit Exact(double x) {
    int exponent;
    const double fraction = std::frexp(x, &exponent);
    const int64_t whole = static_cast<int64_t>(std::ldexp(fraction, 53));
    for (int i = 0; i < kLimbs; ++i) limb_[i] = whole < 0 ? ~uint64_t{0} : 0;
    limb_[0] = static_cast<uint64_t>(whole);
    *this = moved(exponent - 53 + kFraction);
  }

  bool negative() const { return limb_[kLimbs - 1] >> 63; }
  bool zero() const { return *this == Exact(); }
  bool operator==(const Exact&) const = default;

  Exact operator+(const Exact& other) const {
    Exact sum;
    unsigned __int128 carry = 0;
    for (int i = 0; i < kLimbs; ++i) {
      carry += static_cast<unsigned __int128>(limb_[i]) + other.limb_[i];
      sum.limb_[i] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    return sum;
  }
  Exact operator-() const {
    Exact inverse;
    for (int i = 0; i < kLimbs; ++i) inverse.limb_[i] = ~limb_[i];
    Exact one;
    one.limb_[0] = 1;
    return inverse + one;
  }
  Exact abs() const { return negative() ? -*this : *this; }

  // x * 2^n.
  Exact times_two_to(int n) const { return moved(n); }
  // The largest multiple of 2^-n not above x.
  Exact floor(int n) const {
    Exact out = *this;
    const int cleared = kFraction - n;
    for (int i = 0; i < kLimbs; ++i) {
      const int bits = cleared - 64 * i;
      if (bits >= 64) {
        out.limb_[i] = 0;
      } else if (bits > 0) {
        out.limb_[i] = out.limb_[i] >> bits << bits;
      }
    }
    return out;
  }
  // x cut toward zero to a multiple of 2^-n.
  Exact trunc(int n) const { return negative() ? -(-*this).floor(n) : floor(n); }
  // The largest n with 2^n <= |x|; x is not zero.
  int log2() const {
    const Exact x = abs();
    for (int i = kLimbs - 1;; --i)
      if (x.limb_[i] != 0) return 64 * i + std::bit_width(x.limb_[i]) - 1 - kFraction;
  }
  // Of a whole number that fits.
  int64_t whole() const { return static_cast<int64_t>(limb_[kFraction / 64]); }

 private:
  static constexpr int kLimbs = 32, kFraction = 1024;

  Exact moved(int n) const {
    const Exact out = shifted(n);
    if (out.shifted(-n) != *this) std::abort();
    return out;
  }
  Exact shifted(int n) const {
    const auto limb = [&](int i) {
      return i < 0 ? 0 : i < kLimbs ? limb_[i] : negative() ? ~uint64_t{0} : 0;
    };
    const int up = n & 63, limbs = (n - up) / 64;
    Exact out;
    for (int i = 0; i < kLimbs; ++i) {
      out.limb_[i] = limb(i - limbs) << up;
      if (up != 0) out.limb_[i] |= limb(i - limbs - 1) >> (64 - up);
    }
    return out;
  }

  std::array<uint64_t, kLimbs> limb_ = {};
};

// s * 2^e, as rules.h takes finite factors apart; or Inf, or NaN.
struct Factor {
  double s;
  int e;
};

// The value and the least exponent of a format.
inline Factor factor(double x, int least) {
  if (!std::isfinite(x)) return {x, 0};
  if (x == 0) return {0, least};
  const int e = std::max(std::ilogb(x), least);
  return {std::ldexp(x, -e), e};
}

// Sign and magnitude over a table of magnitudes, the OCP MX formats' own definition.
inline double small_float(uint32_t code, int exponent_bits, int mantissa_bits, int bias) {
  const uint32_t mantissa = code & ((1u << mantissa_bits) - 1);
  const uint32_t field = code >> mantissa_bits & ((1u << exponent_bits) - 1);
  const double magnitude =
      field == 0 ? std::ldexp(mantissa, 1 - bias - mantissa_bits)
                 : std::ldexp(1.0 + mantissa / double(1u << mantissa_bits), int(field) - bias);
  return code >> (exponent_bits + mantissa_bits) & 1 ? -magnitude : magnitude;
}

inline Factor factor(Element element, uint32_t code) {
  using quant::Fp8;
  switch (element) {
    case Element::kE4m3fn:
      return factor(quant::decode(Fp8::kE4m3fn, uint8_t(code)), -6);
    case Element::kE4m3fnuz:
      return factor(quant::decode(Fp8::kE4m3fnuz, uint8_t(code)), -7);
    case Element::kE5m2:
      return factor(quant::decode(Fp8::kE5m2, uint8_t(code)), -14);
    case Element::kE5m2fnuz:
      return factor(quant::decode(Fp8::kE5m2fnuz, uint8_t(code)), -15);
    case Element::kE2m3:
      return factor(small_float(code, 2, 3, 1), 0);
    case Element::kE3m2:
      return factor(small_float(code, 3, 2, 3), -2);
    case Element::kE2m1:
      return factor(small_float(code, 2, 1, 1), 0);
    case Element::kF16:
      return factor(quant::decode_f16(uint16_t(code)), -14);
    case Element::kBf16:
      return factor(quant::decode_bf16(uint16_t(code)), -126);
    case Element::kF32:
      return factor(std::bit_cast<float>(code), -126);
    default:
      std::abort();
  }
}

// To nearest, ties to even.
inline float rounded(const Exact& x) {
  if (x.zero()) return 0.0f;
  const int ulp = std::max(x.log2(), -126) - 23;
  const Exact scaled = x.times_two_to(-ulp);
  int64_t n = scaled.floor(0).whole();
  const Exact rest = scaled + -scaled.floor(0);
  const Exact to_half = rest + Exact(-0.5);
  if (to_half.zero() ? n % 2 != 0 : !to_half.negative()) ++n;
  if (n == 0) return x.negative() ? -0.0f : 0.0f;
  return static_cast<float>(std::ldexp(double(n), ulp));
}

struct ExactSum {
  Exact s;
  int e;
  bool empty = true;
};

// S and E0 of the products with the given k.
inline ExactSum aligned_sum(const SumRule& rule, const std::vector<Factor>& products, int first,
                            int step) {
  ExactSum out;
  for (size_t i = first; i < products.size(); i += step) {
    if (products[i].s == 0) continue;
    out.e = out.empty ? products[i].e : std::max(out.e, products[i].e);
    out.empty = false;
  }
  for (size_t i = first; i < products.size(); i += step) {
    if (products[i].s == 0) continue;
    const Exact term = Exact(products[i].s).times_two_to(products[i].e - out.e);
    out.s = out.s + term.trunc(rule.product_bits);
  }
  return out;
}

inline float exact_group(const SumRule& rule, const std::vector<Factor>& products, float c) {
  double specials = std::isfinite(c) ? 0.0 : c;
  for (const Factor& p : products)
    if (!std::isfinite(p.s)) specials += p.s;
  if (specials != 0) return static_cast<float>(specials);

  ExactSum sum;
  if (rule.even_odd) {
    const ExactSum even = aligned_sum(rule, products, 0, 2);
    const ExactSum odd = aligned_sum(rule, products, 1, 2);
    sum.empty = even.empty && odd.empty;
    sum.e = even.empty ? odd.e : odd.empty ? even.e : std::max(even.e, odd.e);
    for (const ExactSum* half : {&even, &odd})
      if (!half->empty)
        sum.s = sum.s + half->s.times_two_to(half->e - sum.e).floor(rule.product_bits);
  } else {
    sum = aligned_sum(rule, products, 0, 1);
  }

  const Factor acc = factor(c, -126);
  const int e = sum.empty ? acc.e : std::max(sum.e, acc.e);
  Exact x;
  if (!sum.empty) x = sum.s.times_two_to(sum.e - e).floor(rule.sum_bits + 1);
  if (!(acc.e < e - rule.c_dropped_below))
    x = x + Exact(acc.s).times_two_to(acc.e - e).floor(rule.product_bits);
  x = x.times_two_to(e);
  if (x.zero()) return 0.0f;
  return rounded(x.floor(rule.sum_bits - std::max(x.log2(), -126)));
}

// D = C + A . B by a kAligned rule. Scales: E8M0 codes for every 32 k, or empty.
inline float exact_dot(const SumRule& rule, Element a_element, const std::vector<uint32_t>& a,
                       Element b_element, const std::vector<uint32_t>& b, float c,
                       const std::vector<uint8_t>& a_scales = {},
                       const std::vector<uint8_t>& b_scales = {}) {
  const int k = int(a.size()), group = std::min(k, rule.group);
  const uint32_t kept = ~((1u << rule.truncated_bits) - 1);
  for (int first = 0; first < k; first += group) {
    std::vector<Factor> products;
    for (int i = first; i < first + group; ++i) {
      const Factor x = factor(a_element, a[i] & kept), y = factor(b_element, b[i] & kept);
      Factor p = {x.s * y.s, x.e + y.e};
      if (!a_scales.empty()) {
        p.e += a_scales[i / 32] - 127 + b_scales[i / 32] - 127;
        if (a_scales[i / 32] == 0xFF || b_scales[i / 32] == 0xFF) p.s = NAN;
      }
      if (rule.product_overflow && std::isfinite(p.s) && p.s != 0 &&
          p.e + (std::fabs(p.s) >= 2) >= 128)
        p.s *= INFINITY;
      products.push_back(p);
    }
    c = exact_group(rule, products, c);
  }
  return c;
}

}  // namespace wavefuzz::sim::mfma

#endif  // GPU_SIM_MFMA_EXACT_MODEL_H_
