#include "gpu/sim/math_unit.h"

#include <cmath>
#include <limits>

#include "gpu/sim/float_bits.h"

namespace wavefuzz::sim::math {
namespace {

using Wide = long double (*)(long double);

// Rounds `near`, a double within 1 ulp (of f64) of the exact value, to f32. Where that error could
// decide the rounding, the 64-bit significand of long double settles it.
float round32(double near, Wide exact, float x, Transcendentals model) {
  const uint64_t bits = as_bits(near);
  const uint32_t tail = uint32_t(bits & 0x1fff'ffff);  // below f32's last place
  float result = float(near);
  if (tail - 0x0fff'fffcu <= 8 && std::isfinite(near)) result = float(exact(x));
  if (model == Transcendentals::kCorrectlyRounded || !std::isfinite(result) || result == 0)
    return result;
  // An exact result is a float in any model.
  if (tail == 0) return result;
  return std::nextafter(result, model == Transcendentals::kUlpAbove
                                    ? std::numeric_limits<float>::infinity()
                                    : -std::numeric_limits<float>::infinity());
}

long double reduced(long double x) { return x - std::floor(x); }
constexpr long double kTwoPi = 6.283185307179586476925286766559L;

// sin(2 pi x), exact at multiples of a quarter turn.
template <typename T>
T sine(T x) {
  T r = T(reduced(x));
  const bool negative = r >= T(0.5);
  if (negative) r -= T(0.5);
  if (r > T(0.25)) r = T(0.5) - r;
  const T y = T(std::sin(static_cast<long double>(r) * kTwoPi));
  return negative ? -y : y;
}
template <typename T>
T cosine(T x) {
  T r = T(reduced(x));
  if (r > T(0.5)) r = T(1) - r;
  const bool negative = r > T(0.25);
  if (negative) r = T(0.5) - r;
  if (r == T(0.25)) return T(0);
  const T y = T(std::cos(static_cast<long double>(r) * kTwoPi));
  return negative ? -y : y;
}

}  // namespace

float exp2(float x, Transcendentals model) {
  return round32(
      std::exp2(double(x)), [](long double y) { return std::exp2(y); }, x, model);
}
float log2(float x, Transcendentals model) {
  if (x < 0) return as_float(kNanF32);
  return round32(
      std::log2(double(x)), [](long double y) { return std::log2(y); }, x, model);
}
float rcp(float x, Transcendentals model) {
  return round32(
      1.0 / double(x), [](long double y) { return 1.0L / y; }, x, model);
}
float rsq(float x, Transcendentals model) {
  if (x < 0) return as_float(kNanF32);
  return round32(
      1.0 / std::sqrt(double(x)), [](long double y) { return 1.0L / std::sqrt(y); }, x, model);
}
float sqrt(float x, Transcendentals model) {
  if (x < 0) return as_float(kNanF32);
  return round32(
      std::sqrt(double(x)), [](long double y) { return std::sqrt(y); }, x, model);
}
float sin_turns(float x, Transcendentals model) {
  if (std::isinf(x)) return as_float(kNanF32);
  if (std::fabs(x) > 256.0f) return 0.0f;
  return round32(
      sine(double(x)), [](long double y) { return sine(y); }, x, model);
}
float cos_turns(float x, Transcendentals model) {
  if (std::isinf(x)) return as_float(kNanF32);
  if (std::fabs(x) > 256.0f) return 1.0f;
  return round32(
      cosine(double(x)), [](long double y) { return cosine(y); }, x, model);
}

double exp2_wide(double x) { return std::exp2(x); }
double log2_wide(double x) { return std::log2(x); }
double rcp_wide(double x) { return 1.0 / x; }
double rsq_wide(double x) { return 1.0 / std::sqrt(x); }
double sqrt_wide(double x) { return std::sqrt(x); }
double sin_turns_wide(double x) { return std::isinf(x) ? as_double(kNanF64) : sine(x); }
double cos_turns_wide(double x) { return std::isinf(x) ? as_double(kNanF64) : cosine(x); }

// The first 1201 bits of 2/pi behind the point, all the hardware has.
constexpr uint64_t kTwoOverPi[] = {
    0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
    0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484,
    0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b0000};

double two_over_pi_part(uint64_t x, uint32_t segment) {
  const int exponent = int(x >> 52 & 0x7ff);
  const int shift = int(segment & 31) * 53 + (exponent > 1077 ? exponent - 1077 : 0);
  uint64_t part = 0;  // 53 bits from bit `shift` on
  for (int bit = shift; bit < shift + 53; ++bit)
    part = part << 1 | (bit < 64 * 19 ? kTwoOverPi[bit / 64] >> (63 - bit % 64) & 1 : 0);
  return std::ldexp(double(part), -53 - shift + (exponent >= 1968 ? 128 : 0));
}

}  // namespace wavefuzz::sim::math
