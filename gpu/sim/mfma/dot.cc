#include "gpu/sim/mfma/dot.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace wavefuzz::sim::mfma {
namespace {

constexpr int kNoExponent = -1'000'000;  // of a sum without terms

// x * 2^shift, cut toward minus infinity.
int64_t scaled(int64_t x, int shift) {
  return shift >= 0 ? x << std::min(shift, 63) : x >> std::min(-shift, 63);
}

// sum * 2^(exponent - F), the terms of one alignment.
struct FixedSum {
  int64_t sum = 0;
  int exponent = kNoExponent;
};

struct Product {
  bool negative;
  uint64_t significand;  // value significand * 2^(exponent - fraction_bits)
  int exponent;
};

constexpr int kMaxGroup = 128;

struct Products {
  int count = 0;
  int fraction_bits = 0;
  Product product[kMaxGroup];
  bool nan = false, positive_infinity = false, negative_infinity = false;
};

Number read(const SumRule& rule, const FloatFormat& format, const Vector& v, int k) {
  Number number = decode(format, v.codes[k] >> rule.truncated_bits << rule.truncated_bits);
  if (v.scales != nullptr) {
    const int scale = v.scales[k / kScaleBlock];
    if (scale == 0xFF) return {Number::kNan, false, 0, 0};
    number.exponent += scale - 127;
  }
  return number;
}

Products multiply(const SumRule& rule, const Vector& a, const Vector& b, int first, int count) {
  const FloatFormat a_format = float_format(a.element);
  const FloatFormat b_format = float_format(b.element);
  Products out;
  out.count = count;
  out.fraction_bits = a_format.mantissa_bits + b_format.mantissa_bits;
  for (int i = 0; i < count; ++i) {
    const Number x = read(rule, a_format, a, first + i);
    const Number y = read(rule, b_format, b, first + i);
    Product& p = out.product[i];
    p = {x.negative != y.negative, uint64_t(x.significand) * y.significand,
         x.exponent + y.exponent};
    if (x.kind == Number::kNan || y.kind == Number::kNan) {
      out.nan = true;
      continue;
    }
    bool infinite = x.kind == Number::kInfinite || y.kind == Number::kInfinite;
    if (infinite) {
      const bool zero = (x.kind == Number::kFinite && x.significand == 0) ||
                        (y.kind == Number::kFinite && y.significand == 0);
      if (zero) out.nan = true;
    } else if (rule.product_overflow && p.significand != 0) {
      const bool two_or_more = p.significand >> (out.fraction_bits + 1) != 0;
      infinite = p.exponent + two_or_more >= 128;
    }
    if (infinite) (p.negative ? out.negative_infinity : out.positive_infinity) = true;
  }
  return out;
}

FixedSum align(const SumRule& rule, const Products& products, int first, int stride) {
  FixedSum out;
  for (int i = first; i < products.count; i += stride) {
    const Product& p = products.product[i];
    if (p.significand != 0) out.exponent = std::max(out.exponent, p.exponent);
  }
  for (int i = first; i < products.count; i += stride) {
    const Product& p = products.product[i];
    if (p.significand == 0) continue;
    const int shift = rule.product_bits - products.fraction_bits - (out.exponent - p.exponent);
    const int64_t cut = scaled(int64_t(p.significand), shift);
    out.sum += p.negative ? -cut : cut;
  }
  return out;
}

// x * 2^unit to f32, by way of sum_bits fractional bits.
uint32_t round(const SumRule& rule, int64_t x, int unit) {
  if (x == 0) return 0;
  const bool negative = x < 0;
  uint64_t magnitude = negative ? -uint64_t(x) : uint64_t(x);
  const int exponent = std::max(int(std::bit_width(magnitude)) - 1 + unit, -126);
  if (const int cut = exponent - rule.sum_bits - unit; cut > 0) {
    const uint64_t below = (uint64_t{1} << cut) - 1;
    magnitude = (negative ? magnitude + below : magnitude) & ~below;
  }
  const int dropped = exponent - 23 - unit;
  if (dropped > 0) {
    const uint64_t odd = magnitude >> dropped & 1;
    magnitude = (magnitude + (uint64_t{1} << (dropped - 1)) - 1 + odd) >> dropped;
  } else {
    magnitude <<= -dropped;
  }
  // A normal number's hidden bit is one step of the exponent field; so is a carry out of rounding.
  const uint64_t code =
      std::min((uint64_t(exponent + 126) << 23) + magnitude, uint64_t{0x7F800000});
  return uint32_t(negative) << 31 | uint32_t(code);
}

uint32_t add_group(const SumRule& rule, const Products& products, uint32_t c) {
  const Number acc = decode(float_format(Element::kF32), c);
  const bool acc_infinite = acc.kind == Number::kInfinite;
  const bool up = products.positive_infinity || (acc_infinite && !acc.negative);
  const bool down = products.negative_infinity || (acc_infinite && acc.negative);
  if (products.nan || acc.kind == Number::kNan || (up && down)) return kNan32;
  if (up) return 0x7F800000;
  if (down) return 0xFF800000;

  FixedSum sum;
  if (rule.even_odd) {
    const FixedSum even = align(rule, products, 0, 2);
    const FixedSum odd = align(rule, products, 1, 2);
    sum.exponent = std::max(even.exponent, odd.exponent);
    sum.sum = scaled(even.sum, even.exponent - sum.exponent) +
              scaled(odd.sum, odd.exponent - sum.exponent);
  } else {
    sum = align(rule, products, 0, 1);
  }

  const int exponent = std::max(sum.exponent, acc.exponent);
  const int wide = rule.sum_bits + 1;
  const int64_t s = scaled(sum.sum, wide - rule.product_bits + sum.exponent - exponent);
  const int64_t signed_c = acc.negative ? -int64_t(acc.significand) : int64_t(acc.significand);
  int64_t late = scaled(signed_c, rule.product_bits - 23 + acc.exponent - exponent);
  if (acc.exponent < exponent - rule.c_dropped_below) late = 0;
  return round(rule, s + (late << (wide - rule.product_bits)), exponent - wide);
}

}  // namespace

uint32_t dot(const SumRule& rule, const Vector& a, const Vector& b, int k, uint32_t c) {
  const int group = std::min(k, rule.group);
  for (int first = 0; first < k; first += group)
    c = add_group(rule, multiply(rule, a, b, first, group), c);
  return c;
}

uint32_t dot_f32(const uint32_t* a, const uint32_t* b, int k, uint32_t c) {
  float d = std::bit_cast<float>(c);
  for (int i = 0; i < k; ++i)
    d = std::fma(std::bit_cast<float>(a[i]), std::bit_cast<float>(b[i]), d);
  return std::isnan(d) ? kNan32 : std::bit_cast<uint32_t>(d);
}

uint64_t dot_f64(const uint64_t* a, const uint64_t* b, int k, uint64_t c) {
  double d = std::bit_cast<double>(c);
  for (int i = 0; i < k; ++i)
    d = std::fma(std::bit_cast<double>(a[i]), std::bit_cast<double>(b[i]), d);
  return std::isnan(d) ? kNan64 : std::bit_cast<uint64_t>(d);
}

uint32_t dot_i8(const uint32_t* a, const uint32_t* b, int k, uint32_t c) {
  for (int i = 0; i < k; ++i) c += uint32_t(int32_t(int8_t(a[i])) * int32_t(int8_t(b[i])));
  return c;
}

}  // namespace wavefuzz::sim::mfma
