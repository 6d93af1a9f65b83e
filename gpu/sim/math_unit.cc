#include "gpu/sim/math_unit.h"

#include <xmmintrin.h>

#include <cmath>
#include <limits>

#include "gpu/sim/float_bits.h"

namespace wavefuzz::sim::math {
namespace {

// libm is only accurate in the default rounding mode; MODE's is the host's while a wave runs.
class ToNearest {
 public:
  ToNearest() : state_(_mm_getcsr()) {
    if (state_ & _MM_ROUND_MASK) _mm_setcsr(state_ & ~unsigned(_MM_ROUND_MASK));
  }
  ~ToNearest() {
    if (state_ & _MM_ROUND_MASK) _mm_setcsr(state_);
  }

 private:
  unsigned state_;
};

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

constexpr long double kTwoPi = 6.283185307179586476925286766559L;

// The turns beyond whole ones, in [-1/2, 1/2]; exact.
template <typename T>
T reduced(T x) {
  return std::remainder(x, T(1));
}
// sin(2 pi x), exact at multiples of a quarter turn; zeros there are positive, but for -0 itself.
template <typename T>
T sine(T x) {
  if (x == 0) return x;
  T r = reduced(x);
  if (std::fabs(r) > T(0.25)) r = std::copysign(T(0.5), r) - r;
  if (r == 0) return 0;
  if (std::fabs(r) == T(0.25)) return r * 4;
  return T(std::sin(static_cast<long double>(r) * kTwoPi));
}
template <typename T>
T cosine(T x) {
  const T r = T(0.25) - std::fabs(reduced(x));
  if (r == 0) return 0;
  if (std::fabs(r) == T(0.25)) return r * 4;
  return T(std::sin(static_cast<long double>(r) * kTwoPi));
}

}  // namespace

float exp2(float x, Transcendentals model) {
  const ToNearest scope;
  return round32(
      std::exp2(double(x)), [](long double y) { return std::exp2(y); }, x, model);
}
float log2(float x, Transcendentals model) {
  const ToNearest scope;
  if (x < 0) return as_float(kNanF32);
  return round32(
      std::log2(double(x)), [](long double y) { return std::log2(y); }, x, model);
}
float rcp(float x, Transcendentals model) {
  const ToNearest scope;
  return round32(
      1.0 / double(x), [](long double y) { return 1.0L / y; }, x, model);
}
float rsq(float x, Transcendentals model) {
  const ToNearest scope;
  if (x < 0) return as_float(kNanF32);
  return round32(
      1.0 / std::sqrt(double(x)), [](long double y) { return 1.0L / std::sqrt(y); }, x, model);
}
float sqrt(float x, Transcendentals model) {
  const ToNearest scope;
  if (x < 0) return as_float(kNanF32);
  return round32(
      std::sqrt(double(x)), [](long double y) { return std::sqrt(y); }, x, model);
}
float sin_turns(float x, Transcendentals model) {
  const ToNearest scope;
  if (std::isinf(x)) return as_float(kNanF32);
  if (std::fabs(x) > 256.0f) return 0.0f;
  return round32(
      sine(double(x)), [](long double y) { return sine(y); }, x, model);
}
float cos_turns(float x, Transcendentals model) {
  const ToNearest scope;
  if (std::isinf(x)) return as_float(kNanF32);
  if (std::fabs(x) > 256.0f) return 1.0f;
  return round32(
      cosine(double(x)), [](long double y) { return cosine(y); }, x, model);
}

double exp2_wide(double x) {
  const ToNearest scope;
  // Finite results stay apart from 0 and infinity; both are far outside f16.
  return std::exp2(std::isfinite(x) ? std::fmin(std::fmax(x, -1000.0), 1000.0) : x);
}
double log2_wide(double x) {
  const ToNearest scope;
  return std::log2(x);
}
double rcp_wide(double x) {
  const ToNearest scope;
  return 1.0 / x;
}
double rsq_wide(double x) {
  const ToNearest scope;
  return 1.0 / std::sqrt(x);
}
double sqrt_wide(double x) {
  const ToNearest scope;
  return std::sqrt(x);
}
double sin_turns_wide(double x) {
  const ToNearest scope;
  return std::isinf(x) ? as_double(kNanF64) : sine(x);
}
double cos_turns_wide(double x) {
  const ToNearest scope;
  return std::isinf(x) ? as_double(kNanF64) : cosine(x);
}

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
