#include "reference/attention_stand_in.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quant/float16.h"
#include "quant/fp8.h"

namespace wavefuzz::reference {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kLog2e = 1.44269504f, kLn2 = 0.693147181f;

float towards_zero(FloatFormat format, float x);

float store(FloatFormat format, float x, bool half_away, bool truncate = false) {
  if (truncate) return towards_zero(format, x);
  switch (format) {
    case FloatFormat::kF32:
      return x;
    case FloatFormat::kBf16:
      return quant::decode_bf16(half_away ? quant::encode_bf16_half_away(x)
                                          : quant::encode_bf16(x));
    case FloatFormat::kF16:
      return quant::decode_f16(quant::encode_f16(x));
  }
  return x;
}

float towards_zero(FloatFormat format, float x) {
  if (format == FloatFormat::kBf16)
    return __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, x) & 0xFFFF0000u);
  const float nearest = store(format, x, false);
  if (format == FloatFormat::kF32 || !(std::abs(nearest) > std::abs(x))) return nearest;
  return quant::decode_f16(static_cast<uint16_t>(quant::encode_f16(x) - 1));
}

struct Partial {
  float m = -kInf, l = 0, lse = -kInf;
  std::vector<float> o;  // unnormalised, or divided by l when splits are merged
};

class StandIn {
 public:
  StandIn(const AttentionProblem& p, const AttentionNumerics& n, const StandInStyle& s)
      : p_(p), n_(n), s_(s), noise_(s.seed) {}

  StandInOutput run() {
    StandInOutput out;
    for (uint32_t r = 0; r < p_.rows; ++r) row(r, out);
    return out;
  }

 private:
  float flushed(float x) const {
    return s_.flush && std::abs(x) < std::numeric_limits<float>::min() ? 0.0f : x;
  }
  float off(float x) {
    if (!s_.noisy || !std::isfinite(x) || x == 0) return x;
    const uint32_t draw = noise_() % 3;
    return draw == 0 ? x : std::nextafter(x, draw == 1 ? kInf : -kInf);
  }
  float exp_of(float x) { return x == 0 ? 1.0f : flushed(off(std::exp(x))); }
  float exp2_of(float x) { return x == 0 ? 1.0f : flushed(off(std::exp2(x))); }
  float rcp(float x) { return off(1.0f / x); }

  float sum(std::vector<float> terms, SumOrder order) const {
    if (order == SumOrder::kBackward) std::reverse(terms.begin(), terms.end());
    if (order == SumOrder::kPairwise) {
      while (terms.size() > 1) {
        for (size_t i = 0; i < terms.size() / 2; ++i)
          terms[i] = flushed(terms[2 * i] + terms[2 * i + 1]);
        if (terms.size() % 2) terms[terms.size() / 2] = terms.back();
        terms.resize((terms.size() + 1) / 2);
      }
      return terms.empty() ? 0.0f : terms[0];
    }
    float total = 0;
    for (float t : terms) total = flushed(total + t);
    return total;
  }

  // The largest multiple of 2^exponent that is not above x.
  static double cut(double x, int exponent) {
    return std::ldexp(std::floor(std::ldexp(x, -exponent)), exponent);
  }

  // A matrix instruction on CDNA3 as MMA-Sim describes it, the unfavourable way wherever shapes
  // differ: products of a group cut to 24 bits below the largest, the accumulator cut downwards to
  // 24 bits below whatever is larger.
  static float add_group(float accumulator, const double* products, uint32_t count) {
    int e = -126, ec = accumulator == 0 ? -126 : std::max(-126, std::ilogb(accumulator));
    bool any = false;
    for (uint32_t i = 0; i < count; ++i) {
      if (products[i] == 0) continue;
      e = any ? std::max(e, std::ilogb(products[i])) : std::ilogb(products[i]);
      any = true;
    }
    if (!any) return accumulator;
    double sum = 0;
    for (uint32_t i = 0; i < count; ++i)
      sum += std::copysign(cut(std::abs(products[i]), e - 24), products[i]);
    const int joined = std::max(e, ec);
    const double kept = ec < joined - 25 ? 0 : cut(accumulator, joined - 24);
    return static_cast<float>(cut(sum, joined - 32) + kept);
  }

  float by_blocks(const std::vector<double>& products, uint32_t block) const {
    float total = 0;
    const size_t group = std::min(block, s_.group);
    for (size_t i = 0; i < products.size(); i += group)
      total = add_group(total, products.data() + i,
                        static_cast<uint32_t>(std::min(group, products.size() - i)));
    return total;
  }

  float dot(uint32_t r, uint32_t i) const {
    const float* q = p_.q + r * (p_.q_stride ? p_.q_stride : p_.qk_dim);
    const float* k = p_.k + i * (p_.k_stride ? p_.k_stride : p_.qk_dim);
    if (n_.score_block > 1) {
      std::vector<double> products(p_.qk_dim);
      for (uint32_t d = 0; d < p_.qk_dim; ++d) products[d] = double{q[d]} * k[d];
      return by_blocks(products, n_.score_block);
    }
    if (s_.dot == SumOrder::kForward) {
      float x = 0;
      for (uint32_t d = 0; d < p_.qk_dim; ++d) x = flushed(std::fma(q[d], k[d], x));
      return x;
    }
    std::vector<float> products(p_.qk_dim);
    for (uint32_t d = 0; d < p_.qk_dim; ++d) products[d] = flushed(q[d] * k[d]);
    return sum(products, s_.dot);
  }

  // Scores in the unit of the exponential; for kBase2Fma x is left raw and c_ holds the factor.
  float score(uint32_t r, uint32_t i) {
    float x = dot(r, i);
    float scale = static_cast<float>(p_.score_scale);
    const float qs = p_.q_scale ? static_cast<float>(p_.q_scale[r]) : 1.0f;
    const float ks = p_.k_scale ? p_.k_scale[i] : 1.0f;
    if (s_.exp != ExpForm::kNatural) scale *= kLog2e;
    c_ = scale;
    if (s_.exp == ExpForm::kBase2Fma) return flushed(flushed(x * qs) * ks);
    if (s_.scales_first) return flushed(x * (qs * ks * scale));
    return flushed(flushed(flushed(x * qs) * ks) * scale);
  }

  // exp(x - m) for scores in that unit.
  float weight(float x, float m) {
    if (x == -kInf) return 0;
    switch (s_.exp) {
      case ExpForm::kNatural:
        return exp_of(x - m);
      case ExpForm::kBase2:
        return exp2_of(x - m);
      case ExpForm::kBase2Fma:
        return exp2_of(std::fma(x, c_, -(m * c_)));
    }
    return 0;
  }
  float rescale(float before, float after) {
    if (before == -kInf) return 0;
    switch (s_.exp) {
      case ExpForm::kNatural:
        return exp_of(before - after);
      case ExpForm::kBase2:
        return exp2_of(before - after);
      case ExpForm::kBase2Fma:
        return exp2_of((before - after) * c_);
    }
    return 0;
  }
  float natural(float m) const {
    switch (s_.exp) {
      case ExpForm::kNatural:
        return m;
      case ExpForm::kBase2:
        return m * kLn2;
      case ExpForm::kBase2Fma:
        return m * (c_ * kLn2);
    }
    return 0;
  }

  float cast(float w, float scale, bool tail) const {
    const float y = w * scale;
    if (tail) return towards_zero(FloatFormat::kBf16, w);
    switch (n_.p) {
      case PFormat::kF32:
        return y;
      case PFormat::kBf16:
        return store(FloatFormat::kBf16, y, n_.half_away, n_.p_truncate);
      case PFormat::kF16:
        return store(FloatFormat::kF16, y, false, n_.p_truncate);
      case PFormat::kInt8:
        return std::clamp(n_.p_truncate ? std::trunc(y) : std::nearbyint(y), -127.0f, 127.0f);
      case PFormat::kFp8:
        return quant::decode(n_.p_fp8, quant::encode(n_.p_fp8, y, quant::kCastHipSaturating));
    }
    return y;
  }

  Partial split(uint32_t r, uint32_t begin, uint32_t end) {
    const uint32_t first = p_.first ? p_.first[r] : 0, last = p_.last ? p_.last[r] : p_.keys;
    Partial part;
    part.o.assign(p_.v_dim, 0.0f);
    for (uint32_t tile = begin; tile < end; tile += std::min(n_.tile, end - tile)) {
      const uint32_t stop = tile + std::min(n_.tile, end - tile);
      std::vector<float> x, p, w;
      std::vector<uint32_t> keys;
      for (uint32_t i = std::max(tile, first); i < std::min(stop, last); ++i) {
        x.push_back(score(r, i));
        keys.push_back(i);
      }
      if (x.empty()) continue;
      const float m = std::max(part.m, *std::max_element(x.begin(), x.end()));
      const float corr = rescale(part.m, m);
      float amax = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        p.push_back(weight(x[i], m));
        w.push_back(p_.v_scale ? flushed(p[i] * p_.v_scale[keys[i]]) : p[i]);
        amax = std::max(amax, std::abs(w[i]));
      }
      part.l = flushed(part.l * corr);
      if (s_.pv == SumOrder::kForward)
        for (float f : p) part.l += f;
      else
        part.l += sum(p, s_.pv);
      float scale = static_cast<float>(n_.p_scale), back = rcp(scale);
      if (n_.p_divisor > 0) {
        const auto bias = static_cast<float>(n_.p_amax_bias);
        const float largest =
            bias > 0 ? amax + bias : std::max(amax, static_cast<float>(n_.p_amax_floor));
        scale = flushed(static_cast<float>(n_.p_divisor) * rcp(largest));
        back = rcp(scale);
      }
      const bool casts = n_.p != PFormat::kF32;
      const bool tail = n_.p_tail_bf16 && stop - tile < n_.tile;
      if (tail) scale = back = 1;
      for (float& f : w)
        if (casts) f = cast(f, scale, tail);
      const uint64_t stride = p_.v_stride ? p_.v_stride : p_.v_dim;
      for (uint32_t d = 0; d < p_.v_dim; ++d) {
        std::vector<float> products;
        std::vector<double> exact;
        for (size_t i = 0; i < w.size(); ++i) {
          exact.push_back(double{w[i]} * p_.v[keys[i] * stride + d]);
          products.push_back(flushed(static_cast<float>(exact.back())));
        }
        float& o = part.o[d];
        o = flushed(o * corr);
        if (n_.pv_block > 1) {
          const float of_tile = by_blocks(exact, n_.pv_block);
          o += casts ? of_tile * back : of_tile;
        } else if (s_.pv == SumOrder::kForward && !casts) {
          for (size_t i = 0; i < w.size(); ++i)
            o = flushed(std::fma(w[i], p_.v[keys[i] * stride + d], o));
        } else {
          const float of_tile = sum(products, s_.pv);
          o = flushed(o + (casts ? flushed(of_tile * back) : of_tile));
        }
      }
      part.m = m;
    }
    if (part.l > 0) part.lse = natural(part.m) + off(std::log(part.l));
    return part;
  }

  void row(uint32_t r, StandInOutput& out) {
    std::vector<uint32_t> starts(p_.split_starts.begin(), p_.split_starts.end());
    if (starts.empty()) starts.push_back(0);
    starts.push_back(p_.keys);
    Partial all;
    all.o.assign(p_.v_dim, 0.0f);
    if (starts.size() == 2) {
      all = split(r, 0, p_.keys);
    } else {
      std::vector<Partial> parts;
      for (size_t j = 0; j + 1 < starts.size(); ++j) {
        Partial part = split(r, starts[j], starts[j + 1]);
        if (!(part.l > 0)) continue;
        for (float& o : part.o) o = store(n_.partial, o * rcp(part.l), false);
        parts.push_back(part);
      }
      float most = -kInf, m = -kInf;
      for (const Partial& part : parts) {
        most = std::max(most, part.lse);
        m = std::max(m, part.m);
      }
      for (const Partial& part : parts) {
        const float w =
            s_.merge_by_lse ? exp_of(part.lse - most) : flushed(part.l * rescale(part.m, m));
        all.l += w;
        for (uint32_t d = 0; d < p_.v_dim; ++d) all.o[d] = flushed(all.o[d] + w * part.o[d]);
      }
      if (!parts.empty()) all.lse = (s_.merge_by_lse ? most : natural(m)) + off(std::log(all.l));
      all.m = s_.merge_by_lse ? most : m;
    }
    out.lse.push_back(all.lse);
    const float sink = p_.sink ? p_.sink[r] : -kInf;
    const bool merged_by_lse = starts.size() > 2 && s_.merge_by_lse;
    float l = all.l, factor = static_cast<float>(p_.v_common_scale);
    if (all.l > 0 && s_.sink_in_sum) {
      l += exp_of(sink - (merged_by_lse ? all.m : natural(all.m)));
    } else if (all.l > 0) {
      factor *= rcp(1.0f + exp_of(sink - all.lse));
    }
    for (uint32_t d = 0; d < p_.v_dim; ++d) {
      const float o = all.l > 0 ? flushed(flushed(all.o[d] * rcp(l)) * factor) : 0.0f;
      out.o.push_back(flushed(store(n_.output, o, n_.half_away, n_.output_truncate)));
    }
  }

  const AttentionProblem& p_;
  const AttentionNumerics& n_;
  const StandInStyle& s_;
  std::minstd_rand noise_;
  float c_ = 1;
};

}  // namespace

StandInOutput stand_in_attention(const AttentionProblem& problem, const AttentionNumerics& numerics,
                                 const StandInStyle& style) {
  return StandIn(problem, numerics, style).run();
}

}  // namespace wavefuzz::reference
