// Random operands for tests, reaching what uniform values do not: raw bit patterns, exponents close
// together, cancellation, C near minus the sum, sparse rows.
#ifndef GPU_SIM_MFMA_RANDOM_CODES_H_
#define GPU_SIM_MFMA_RANDOM_CODES_H_

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "gpu/sim/mfma/exact_model.h"

namespace wavefuzz::sim::mfma {

struct Sample {
  std::vector<uint32_t> a, b;
  float c;
};

class RandomCodes {
 public:
  explicit RandomCodes(uint64_t seed) : random_(seed) {}

  uint32_t below(uint32_t n) { return uint32_t(random_() % n); }
  uint32_t word() { return uint32_t(random_()); }

  // Any code of an element.
  uint32_t raw(Element element) {
    return bits(element) == 32 ? word() : word() & ((1u << bits(element)) - 1);
  }
  // A code whose exponent field is within `spread` of `middle`.
  uint32_t near(Element element, int middle, int spread) {
    const FloatFormat f = float_format(element);
    const int last = (1 << f.exponent_bits) - 1;
    const int field = std::clamp(middle + int(below(2 * spread + 1)) - spread, 0, last);
    const uint32_t code = raw(element);
    return (code & ~(uint32_t(last) << f.mantissa_bits)) | uint32_t(field) << f.mantissa_bits;
  }

  // Kinds cycle with `n`.
  Sample sample(Element a, Element b, int k, int n) {
    Sample out;
    const FloatFormat fa = float_format(a), fb = float_format(b);
    const int middle_a = int(below(1u << fa.exponent_bits)),
              middle_b = int(below(1u << fb.exponent_bits));
    const int spread = int(below(8));
    for (int i = 0; i < k; ++i) {
      const bool any = n % 4 == 0;
      out.a.push_back(any ? raw(a) : near(a, middle_a, spread));
      out.b.push_back(any ? raw(b) : near(b, middle_b, spread));
      if (n % 8 == 3 && below(4) != 0) out.a.back() = 0;
    }
    if (n % 8 == 5) {  // each pair cancels but for one element
      for (int i = 1; i < k; i += 2) {
        out.a[i] = out.a[i - 1] ^ fa.sign_bit();
        out.b[i] = out.b[i - 1];
      }
      const int odd_one = int(below(uint32_t(k)));
      out.b[odd_one] = near(b, middle_b - int(below(20)), 1);
    }
    double sum = 0, most = 0;
    for (int i = 0; i < k; ++i) {
      const Factor x = factor(a, out.a[i]), y = factor(b, out.b[i]);
      const double product = std::ldexp(x.s, x.e) * std::ldexp(y.s, y.e);
      if (!std::isfinite(product)) continue;
      sum += product;
      most = std::max(most, std::fabs(product));
    }
    const double size = std::ldexp(1.0 + word() * 0x1p-32, int(below(70)) - 40);
    switch (below(5)) {
      case 0:
        out.c = std::bit_cast<float>(word());
        break;
      case 1:
        out.c = float(-sum);
        break;
      case 2:
        out.c = float(-sum * (1 + size));
        break;
      case 3:
        out.c = float((below(2) ? most : -most) * size);
        break;
      default:
        out.c = below(2) ? 0.0f : -0.0f;
    }
    return out;
  }

 private:
  std::mt19937_64 random_;
};

inline bool same(uint32_t x, uint32_t y) {
  const auto nan = [](uint32_t bits) { return (bits & 0x7FFFFFFFu) > 0x7F800000u; };
  return x == y || (nan(x) && nan(y));
}

}  // namespace wavefuzz::sim::mfma

#endif  // GPU_SIM_MFMA_RANDOM_CODES_H_
