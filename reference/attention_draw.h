// Random attention problems for tests and benchmarks, with the memory that they point into.
#ifndef WAVEFUZZ_REFERENCE_ATTENTION_DRAW_H_
#define WAVEFUZZ_REFERENCE_ATTENTION_DRAW_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "quant/fp8.h"
#include "reference/attention.h"

namespace wavefuzz::reference {

struct DrawnProblem {
  std::vector<float> q, k, v, k_scale, v_scale, sink;
  std::vector<double> q_scale;
  std::vector<uint32_t> first, last, split_starts;
  AttentionProblem problem;  // points into the above: do not copy
  DrawnProblem() = default;
  DrawnProblem(const DrawnProblem&) = delete;
};

// A unit normal value, stored as e4m3fn.
inline float normal_fp8(std::mt19937& random) {
  std::normal_distribution<float> normal;
  return quant::decode(quant::Fp8::kE4m3fn, quant::encode(quant::Fp8::kE4m3fn, normal(random),
                                                          quant::kCastHipSaturating));
}

// Unit normal FP8 data with the usual softmax scale, every row seeing all keys.
inline void draw_normal(DrawnProblem& out, uint32_t rows, uint32_t dim, uint32_t v_dim,
                        uint32_t keys, uint32_t seed) {
  std::mt19937 random(seed);
  out.q.resize(size_t{rows} * dim);
  out.k.resize(size_t{keys} * dim);
  out.v.resize(size_t{keys} * v_dim);
  for (auto* values : {&out.q, &out.k, &out.v})
    for (float& x : *values) x = normal_fp8(random);
  AttentionProblem& p = out.problem;
  p.rows = rows, p.qk_dim = dim, p.v_dim = v_dim, p.keys = keys;
  p.q = out.q.data(), p.k = out.k.data(), p.v = out.v.data();
  p.score_scale = static_cast<float>(1 / std::sqrt(static_cast<double>(dim)));
}

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_ATTENTION_DRAW_H_
