// Attention by its definition in __float128, for tests: no maximum is subtracted cleverly, nothing
// is blocked, exp and log are series of their own.
#ifndef WAVEFUZZ_REFERENCE_ATTENTION_QUAD_H_
#define WAVEFUZZ_REFERENCE_ATTENTION_QUAD_H_

#include <cmath>
#include <limits>
#include <vector>

#include "reference/attention.h"

namespace wavefuzz::reference {

using Quad = __float128;

// Taylor's series of x / 2^k, squared k times.
inline Quad quad_exp(Quad x) {
  if (x < -5000) return 0;
  int halvings = 0;
  while (x > Quad(0.01) || x < Quad(-0.01)) x /= 2, ++halvings;
  Quad sum = 1, term = 1;
  for (int i = 1; i < 20; ++i) sum += term *= x / i;
  while (halvings-- > 0) sum *= sum;
  return sum;
}

// Newton's iteration on exp.
inline Quad quad_log(Quad x) {
  Quad y = std::log(static_cast<double>(x));
  for (int i = 0; i < 3; ++i) y += x * quad_exp(-y) - 1;
  return y;
}

struct QuadResult {
  std::vector<double> o, lse, magnitude;  // magnitude: sum p |v|, what o's f64 error is relative to
};

inline QuadResult quad_attention(const AttentionProblem& p, double denominator_bias = 0) {
  QuadResult out;
  for (uint32_t r = 0; r < p.rows; ++r) {
    const uint32_t first = p.first ? p.first[r] : 0, last = p.last ? p.last[r] : p.keys;
    std::vector<Quad> t;
    for (uint32_t i = first; i < last; ++i) {
      Quad x = 0;
      for (uint32_t d = 0; d < p.qk_dim; ++d)
        x += Quad(p.q[r * (p.q_stride ? p.q_stride : p.qk_dim) + d]) *
             p.k[i * (p.k_stride ? p.k_stride : p.qk_dim) + d];
      t.push_back(x * p.score_scale * (p.q_scale ? p.q_scale[r] : 1.0) *
                  (p.k_scale ? p.k_scale[i] : 1.0f));
    }
    if (t.empty()) {
      out.lse.push_back(-std::numeric_limits<double>::infinity());
      out.o.insert(out.o.end(), p.v_dim, 0.0);
      out.magnitude.insert(out.magnitude.end(), p.v_dim, 0.0);
      continue;
    }
    Quad m = t[0];
    for (Quad x : t) m = x > m ? x : m;
    Quad sum = 0;
    for (Quad x : t) sum += quad_exp(x - m);
    out.lse.push_back(static_cast<double>(m + quad_log(sum)));
    Quad total = sum + denominator_bias;
    const float sink = p.sink ? p.sink[r] : -std::numeric_limits<float>::infinity();
    const bool all_sink = sink == std::numeric_limits<float>::infinity();
    if (std::isfinite(sink)) total += quad_exp(Quad(sink) - m);
    for (uint32_t d = 0; d < p.v_dim; ++d) {
      Quad o = 0, magnitude = 0;
      for (uint32_t i = first; i < last && !all_sink; ++i) {
        const Quad w = quad_exp(t[i - first] - m) * (p.v_scale ? p.v_scale[i] : 1.0f) *
                       p.v[i * (p.v_stride ? p.v_stride : p.v_dim) + d] * p.v_common_scale / total;
        o += w;
        magnitude += w < 0 ? -w : w;
      }
      out.o.push_back(static_cast<double>(o));
      out.magnitude.push_back(static_cast<double>(magnitude));
    }
  }
  return out;
}

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_ATTENTION_QUAD_H_
