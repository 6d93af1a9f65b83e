#include "tests/aiter/pa_reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "gpu/sim/mfma/dot.h"
#include "quant/float16.h"

namespace wavefuzz::aiter {
namespace {

constexpr uint32_t kTile = 256;  // tokens
constexpr float kInf = std::numeric_limits<float>::infinity();
// What stands in for the largest magnitude of a row that is smaller.
constexpr float kLeastMagnitude = 1e-6f;

float flush(float x) { return std::fabs(x) < std::numeric_limits<float>::min() ? 0.0f * x : x; }
float multiply(float a, float b) { return flush(a * b); }
float add(float a, float b) { return flush(a + b); }
float reciprocal(float x) { return flush(1.0f / x); }
float exp2(float x) { return flush(float(std::exp2(static_cast<long double>(x)))); }

// The scale that brings magnitudes up to `amax` into the range of fp8.
float quantisation_scale(quant::Fp8 fp8, float amax) {
  const float max = quant::decode(fp8, quant::format(fp8).max_finite);
  return multiply(max, reciprocal(std::max(kLeastMagnitude, amax)));
}
uint8_t quantise(quant::Fp8 fp8, float x) { return quant::encode(fp8, x, quant::kCastAmdOvfl0); }

// Sums products 32 at a time, in the matrix unit's order, from 0.
class Dot {
 public:
  explicit Dot(quant::Fp8 fp8)
      : element_(fp8 == quant::Fp8::kE4m3fnuz ? sim::mfma::Element::kE4m3fnuz
                                              : sim::mfma::Element::kE4m3fn) {}

  // Element i of the operands is a(i) and b(i), 0 <= i < count, a multiple of 64. Registers hold 16
  // neighbours a lane, of which an instruction takes 8: elements 16 g + e of 64, g < 4, e < 8, then
  // 16 g + 8 + e.
  template <typename A, typename B>
  float operator()(uint32_t count, A a, B b) const {
    uint32_t sum = 0;
    for (uint32_t base = 0; base < count; base += 64) {
      for (uint32_t half = 0; half < 16; half += 8) {
        uint32_t x[32], y[32];
        for (uint32_t k = 0; k < 32; ++k) {
          const uint32_t i = base + k / 8 * 16 + half + k % 8;
          x[k] = a(i);
          y[k] = b(i);
        }
        sum = sim::mfma::dot(sim::mfma::kGfx942Fp8, {element_, x}, {element_, y}, 32, sum);
      }
    }
    return __builtin_bit_cast(float, sum);
  }

 private:
  sim::mfma::Element element_;
};

// One query token's head.
void attend(const PaProblem& problem, const Dot& dot, uint32_t query, const uint16_t* q,
            uint16_t* out) {
  float amax = 0;
  for (uint32_t d = 0; d < kHeadDim; ++d)
    amax = std::max(amax, std::fabs(quant::decode_bf16(q[d])));
  const float q_scale = quantisation_scale(problem.fp8, amax);
  const float q_descale = reciprocal(q_scale);
  uint8_t q8[kHeadDim];
  for (uint32_t d = 0; d < kHeadDim; ++d)
    q8[d] = quantise(problem.fp8, multiply(quant::decode_bf16(q[d]), q_scale));

  // The denominator is kept in 16 parts: tokens 4 n to 4 n + 3 of each 64 make up part n.
  constexpr uint32_t kParts = 16;
  std::array<float, kParts> denominator{};
  std::array<float, kHeadDim> o{};
  float max = -kInf;
  const uint32_t visible = problem.context - problem.query_tokens + query + 1;
  for (uint32_t first = 0; first < problem.context; first += kTile) {
    const uint32_t tokens = std::min(kTile, problem.context - first);
    float score[kTile];
    float new_max = max;
    for (uint32_t t = 0; t < kTile; ++t) {
      score[t] = -kInf;
      if (first + t >= visible) continue;
      const float sum = dot(
          kHeadDim, [&](uint32_t d) { return problem.k[problem.key_index(first + t, d)]; },
          [&](uint32_t d) { return q8[d]; });
      score[t] =
          multiply(multiply(sum, q_descale), problem.k_scale[problem.scale_index(first + t)]);
      new_max = std::max(new_max, score[t]);
    }
    const float scaled_max = multiply(new_max, kSoftmaxScale);
    float p[kTile];
    for (uint32_t t = 0; t < kTile; ++t)
      p[t] = exp2(flush(std::fma(score[t], kSoftmaxScale, -scaled_max)));
    const float rescale = max == -kInf ? 1.0f : exp2(multiply(add(max, -new_max), kSoftmaxScale));
    max = new_max;

    for (uint32_t part = 0; part < kParts; ++part) {
      float sum = 0;
      for (uint32_t t = 4 * part; t < kTile; t += 64)
        for (uint32_t i = 0; i < 4; ++i) sum = add(sum, p[t + i]);
      denominator[part] = add(multiply(denominator[part], rescale), sum);
    }

    float w[kTile] = {}, w_max = 0;
    for (uint32_t t = 0; t < tokens; ++t) {
      w[t] = multiply(p[t], problem.v_scale[problem.scale_index(first + t)]);
      w_max = std::max(w_max, std::fabs(w[t]));
    }
    const float w_scale = quantisation_scale(problem.fp8, w_max);
    const float w_descale = reciprocal(w_scale);
    uint8_t w8[kTile] = {};
    for (uint32_t t = 0; t < tokens; ++t) w8[t] = quantise(problem.fp8, multiply(w[t], w_scale));
    for (uint32_t d = 0; d < kHeadDim; ++d) {
      const float sum = dot(
          kTile, [&](uint32_t t) { return w8[t]; },
          [&](uint32_t t) -> uint8_t {
            return t < tokens ? problem.v[problem.value_index(first + t, d)] : 0;
          });
      o[d] = add(multiply(o[d], rescale), multiply(sum, w_descale));
    }
  }
  float total = 0;
  for (const float part : denominator) total = add(total, part);
  const float factor = reciprocal(total);
  for (uint32_t d = 0; d < kHeadDim; ++d)
    out[d] = quant::encode_bf16_half_away(multiply(o[d], factor));
}

}  // namespace

std::vector<uint16_t> reference(const PaProblem& problem) {
  const Dot dot(problem.fp8);
  std::vector<uint16_t> out(problem.output_elements());
  for (uint32_t query = 0; query < problem.query_tokens; ++query) {
    for (uint32_t head = 0; head < kHeads; ++head) {
      const uint32_t row = (query * kHeads + head) * kHeadDim;
      attend(problem, dot, query, &problem.q[row], &out[row]);
    }
  }
  return out;
}

}  // namespace wavefuzz::aiter
