#include "reference/mqa_logits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "reference/mqa_kernels.h"

namespace wavefuzz::reference {
namespace {

using internal::kTileHeads;
using internal::kTileKeys;
using internal::MqaTile;
using quant::Fp8;
using quant::Simd;

constexpr double kUnit = 0x1p-24;           // half an ulp of 1 in f32
constexpr double kSmallest = 0x1p-149;      // of f32
constexpr double kLambda = 6;               // of the probabilistic bound
constexpr double kReferenceUnit = 0x1p-52;  // the reference's own roundings: weights and sum in f64

std::array<double, 256> decoded(Fp8 format) {
  std::array<double, 256> values = {};
  for (int code = 0; code < 256; ++code)
    values[code] = quant::decode(format, static_cast<uint8_t>(code));
  return values;
}

void scalar_tile(const MqaTile& t) {
  for (uint32_t key = 0; key < kTileKeys; ++key) {
    double sum = 0, magnitudes = 0, products = 0;
    for (uint32_t d = 0; d < t.head_dim; ++d)
      products += t.magnitude[d] * std::abs(t.k[d * kTileKeys + key]);
    for (uint32_t h = 0; h < t.heads; ++h) {
      double dot = 0;
      for (uint32_t d = 0; d < t.head_dim; ++d)
        dot += t.q[h * t.head_dim + d] * t.k[d * kTileKeys + key];
      const double relu = (t.keeps_nan ? !(dot <= 0) : dot > 0) ? dot : 0.0;
      sum += t.weights[h] * relu;
      magnitudes += std::abs(t.weights[h]) * relu;
    }
    t.sum[key] = sum;
    t.sum_of_magnitudes[key] = magnitudes;
    t.products[key] = products;
  }
}

internal::MqaTileFunction tile_function(Simd simd) {
  switch (simd) {
    case Simd::kScalar:
      return scalar_tile;
    case Simd::kSse2:
      return internal::kSse2MqaTile;
    case Simd::kAvx2:
      return __builtin_cpu_supports("fma") ? internal::kAvx2MqaTile : internal::kSse2MqaTile;
    case Simd::kAvx512:
      return internal::kAvx512MqaTile;
  }
  return scalar_tile;
}

/// The factors of u and of the sums that they multiply, for one query.
struct Roundings {
  double dot_hard, dot_likely;      // of A
  double heads_hard, heads_likely;  // of P + the error of the dots
  double underflow;
};

double gamma(double n) { return n * kUnit / (1 - n * kUnit); }
double likely(double n) { return std::min(n, kLambda * std::sqrt(n)); }

Roundings roundings(uint32_t heads, uint32_t head_dim, Accumulate accumulate) {
  Roundings r = {};
  if (accumulate == Accumulate::kMfmaFp8) {
    // Cuts are biased, so that their errors do not average out.
    const double groups = (head_dim + 15) / 16;
    r.dot_hard = r.dot_likely = gamma(20 + 3 * groups);
  } else {
    r.dot_hard = gamma(head_dim - 1.0);
    r.dot_likely = gamma(likely(head_dim - 1.0));
  }
  r.heads_hard = gamma(heads + 1.0);
  r.heads_likely = gamma(likely(heads + 1.0));
  r.underflow = (heads + 1.0) * kSmallest;
  return r;
}

/// A query ready for the tiles: decoded, heads padded.
struct Prepared {
  std::vector<double> q, weights, magnitude;
  uint32_t heads;
};

Prepared prepare(const MqaQuery& query) {
  const std::array<double, 256> value = decoded(query.format);
  Prepared p;
  p.heads = (query.heads + kTileHeads - 1) / kTileHeads * kTileHeads;
  p.q.assign(size_t{p.heads} * query.head_dim, 0.0);
  p.weights.assign(p.heads, 0.0);
  p.magnitude.assign(query.head_dim, 0.0);
  for (uint32_t h = 0; h < query.heads; ++h) {
    double* q = &p.q[size_t{h} * query.head_dim];
    bool has_nan = false;
    for (uint32_t d = 0; d < query.head_dim; ++d) {
      q[d] = value[query.codes[size_t{h} * query.head_dim + d]];
      has_nan |= std::isnan(q[d]);
    }
    p.weights[h] = query.weights[h];
    if (has_nan) continue;  // such a head is dropped, or makes the logit NaN: it has no error
    for (uint32_t d = 0; d < query.head_dim; ++d) p.magnitude[d] += std::abs(p.weights[h] * q[d]);
  }
  return p;
}

/// k[d][key] of the keys first..first + kTileKeys - 1; zero past the last.
void transpose(const MqaKeys& keys, uint32_t head_dim, const std::array<double, 256>& value,
               size_t first, double* k) {
  const size_t count = std::min<size_t>(kTileKeys, keys.scales.size() - first);
  for (size_t key = 0; key < count; ++key) {
    const uint8_t* codes = &keys.codes[(first + key) * head_dim];
    for (uint32_t d = 0; d < head_dim; ++d) k[d * kTileKeys + key] = value[codes[d]];
  }
  if (count == kTileKeys) return;
  for (uint32_t d = 0; d < head_dim; ++d)
    std::fill(k + d * kTileKeys + count, k + (d + 1) * kTileKeys, 0.0);
}

struct Parts {
  double dot, heads, underflow, own;
};

Parts bound_parts(double products, double magnitudes, double scale, const Roundings& r,
                  bool is_hard, uint32_t heads) {
  // A key with a NaN code: every head is dropped, exactly.
  if (std::isnan(products)) return {};
  const double dot = (is_hard ? r.dot_hard : r.dot_likely) * products;
  return {scale * dot, scale * (is_hard ? r.heads_hard : r.heads_likely) * (magnitudes + dot),
          r.underflow * std::max(1.0, scale), scale * kReferenceUnit * (heads + 2) * magnitudes};
}

double total(const Parts& p) { return p.dot + p.heads + p.underflow + p.own; }

}  // namespace

void mqa_logits(const MqaQuery& query, const MqaKeys& keys, const MqaContract& contract,
                MqaLogits& out, quant::BulkOptions options) {
  const size_t count = keys.scales.size();
  out.value.resize(count);
  out.hard.resize(count);
  out.likely.resize(count);
  const Prepared p = prepare(query);
  const std::array<double, 256> value = decoded(keys.format);
  const Roundings r = roundings(query.heads, query.head_dim, contract.accumulate);
  const internal::MqaTileFunction function = tile_function(options.simd);
#pragma omp parallel num_threads(options.threads)
  {
    std::vector<double> k(size_t{query.head_dim} * kTileKeys);
    double sum[kTileKeys], magnitudes[kTileKeys], products[kTileKeys];
    const MqaTile tile = {p.heads,
                          query.head_dim,
                          contract.relu == Relu::kKeepsNan,
                          p.q.data(),
                          p.weights.data(),
                          p.magnitude.data(),
                          k.data(),
                          sum,
                          magnitudes,
                          products};
#pragma omp for schedule(static)
    for (size_t first = 0; first < count; first += kTileKeys) {
      transpose(keys, query.head_dim, value, first, k.data());
      function(tile);
      for (size_t i = 0; i < std::min<size_t>(kTileKeys, count - first); ++i) {
        const double scale = keys.scales[first + i];
        out.value[first + i] = scale * sum[i];
        const auto bound = [&](bool is_hard) {
          return total(bound_parts(products[i], magnitudes[i], scale, r, is_hard, query.heads));
        };
        out.hard[first + i] = bound(true);
        out.likely[first + i] = bound(false);
      }
    }
  }
}

std::vector<std::pair<std::string, double>> mqa_bound_terms(const MqaQuery& query,
                                                            const MqaKeys& keys,
                                                            const MqaContract& contract,
                                                            size_t key) {
  const std::array<double, 256> k_value = decoded(keys.format);
  const Prepared p = prepare(query);
  const Roundings r = roundings(query.heads, query.head_dim, contract.accumulate);
  double products = 0, magnitudes = 0;
  for (uint32_t d = 0; d < query.head_dim; ++d)
    products += p.magnitude[d] * std::abs(k_value[keys.codes[key * query.head_dim + d]]);
  for (uint32_t h = 0; h < query.heads; ++h) {
    double dot = 0;
    for (uint32_t d = 0; d < query.head_dim; ++d)
      dot += p.q[size_t{h} * query.head_dim + d] * k_value[keys.codes[key * query.head_dim + d]];
    if (dot > 0) magnitudes += std::abs(p.weights[h]) * dot;
  }
  const double scale = keys.scales[key];
  const Parts hard = bound_parts(products, magnitudes, scale, r, true, query.heads);
  return {{"scale * sum |w q k|", scale * products},
          {"scale * sum |w| relu(q.k)", scale * magnitudes},
          {"dot products", hard.dot},
          {"weights, sum over heads, scale", hard.heads},
          {"underflow", hard.underflow},
          {"the reference's own rounding", hard.own}};
}

}  // namespace wavefuzz::reference
