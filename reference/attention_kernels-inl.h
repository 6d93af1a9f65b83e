// The loops of attention_kernels.h, written once over xsimd and compiled once per instruction set.
// The including file defines a struct Isa in an unnamed namespace:
//   Arch               xsimd's name of the instruction set
//   kRows64, kRows32   columns of a product kept in registers at a time; divide kBlock64, kBlock32
//   fma(a, b, c)       a * b + c for batches of double and of float, rounded once or twice
//   widen(p)           a batch of double from floats at p
//   narrow(p, x)       the other way
#include <xsimd/xsimd.hpp>

#include "reference/attention_kernels.h"

namespace wavefuzz::reference::internal {
namespace {

// One block of kBlock columns, kColumns of them at a time.
template <typename Isa, typename T, uint32_t kColumns, uint32_t kBlock, bool kByRows>
void product_block(const T* a, uint32_t depth, const T* b, T* c) {
  using Batch = xsimd::batch<T, typename Isa::Arch>;
  constexpr uint32_t kVectors = kLanes / Batch::size;
  for (uint32_t first = 0; first < kBlock; first += kColumns) {
    Batch sum[kColumns][kVectors];
    for (uint32_t j = 0; j < kColumns; ++j)
      for (uint32_t v = 0; v < kVectors; ++v) sum[j][v] = Batch(T(0));
    for (uint32_t k = 0; k < depth; ++k) {
      Batch lanes[kVectors];
      for (uint32_t v = 0; v < kVectors; ++v)
        lanes[v] = Batch::load_unaligned(b + k * kLanes + v * Batch::size);
      for (uint32_t j = 0; j < kColumns; ++j) {
        const uint64_t at =
            kByRows ? uint64_t{first + j} * depth + k : uint64_t{k} * kBlock + first + j;
        const Batch x(a[at]);
        for (uint32_t v = 0; v < kVectors; ++v) sum[j][v] = Isa::fma(x, lanes[v], sum[j][v]);
      }
    }
    for (uint32_t j = 0; j < kColumns; ++j) {
      for (uint32_t v = 0; v < kVectors; ++v) {
        T* const to = c + (first + j) * kLanes + v * Batch::size;
        (Batch::load_unaligned(to) + sum[j][v]).store_unaligned(to);
      }
    }
  }
}

template <typename Isa, typename T, uint32_t kColumns, uint32_t kBlock, typename Product>
void product(const Product& p) {
  for (uint32_t i = 0; i < p.blocks; ++i) {
    const T* const a = p.a + uint64_t{i} * p.depth * kBlock;
    T* const c = p.c + uint64_t{i} * kBlock * kLanes;
    if (p.by_rows)
      product_block<Isa, T, kColumns, kBlock, true>(a, p.depth, p.b, c);
    else
      product_block<Isa, T, kColumns, kBlock, false>(a, p.depth, p.b, c);
  }
}

template <typename Isa>
void product64(const Product64& p) {
  product<Isa, double, Isa::kRows64, kBlock64>(p);
}

template <typename Isa>
void product32(const Product32& p) {
  product<Isa, float, Isa::kRows32, kBlock32>(p);
}

// Where column d of a row goes, kBlock columns to a block.
template <bool kByRows, uint32_t kBlock>
uint64_t place(const Copy& c, uint32_t row, uint32_t d) {
  if (kByRows) return uint64_t{row} * c.columns + d;
  return (uint64_t{d / kBlock} * c.rows + row) * kBlock + d % kBlock;
}

// Columns d .. d + kBlock32 - 1 of a row.
template <typename Isa, bool kByRows>
void copy_columns(const Copy& c, uint32_t row, uint32_t d) {
  using Double = xsimd::batch<double, typename Isa::Arch>;
  using Float = xsimd::batch<float, typename Isa::Arch>;
  const float* const from = c.from + row * c.stride + d;
  for (uint32_t j = 0; j < kBlock32; j += kBlock64) {
    double* const wide = c.wide + place<kByRows, kBlock64>(c, row, d + j);
    for (uint32_t i = 0; i < kBlock64; i += Double::size)
      Isa::widen(from + j + i).store_unaligned(wide + i);
  }
  if (c.magnitude == nullptr) return;
  float* const magnitude = c.magnitude + place<kByRows, kBlock32>(c, row, d);
  for (uint32_t j = 0; j < kBlock32; j += Float::size)
    xsimd::abs(Float::load_unaligned(from + j)).store_unaligned(magnitude + j);
}

// The columns from d on, fewer than kBlock32.
template <bool kByRows>
void copy_rest(const Copy& c, uint32_t row, uint32_t d) {
  const uint32_t first = d;
  for (; d < c.columns; ++d) {
    const float x = c.from[row * c.stride + d];
    c.wide[place<kByRows, kBlock64>(c, row, d)] = x;
    if (c.magnitude == nullptr) continue;
    c.magnitude[place<kByRows, kBlock32>(c, row, d)] = __builtin_fabsf(x);
  }
  if (kByRows || d == first) return;
  for (uint32_t z = d; z % kBlock64 != 0; ++z) c.wide[place<kByRows, kBlock64>(c, row, z)] = 0;
  if (c.magnitude == nullptr) return;
  for (uint32_t z = d; z % kBlock32 != 0; ++z) c.magnitude[place<kByRows, kBlock32>(c, row, z)] = 0;
}

template <typename Isa>
void sum_row(const Copy& c, uint32_t row) {
  using Double = xsimd::batch<double, typename Isa::Arch>;
  const float* const from = c.from + row * c.stride;
  const double by = c.scale == nullptr ? 1 : c.scale[row];
  const Double scale(by);
  Double most(0.0);
  uint32_t d = 0;
  for (; d + Double::size <= c.columns; d += Double::size) {
    const Double v = Isa::widen(from + d) * scale;
    if (c.sum != nullptr) (Double::load_unaligned(c.sum + d) + v).store_unaligned(c.sum + d);
    most = xsimd::max(most, xsimd::abs(v));
  }
  double largest[Double::size];
  most.store_unaligned(largest);
  for (double x : largest) *c.most = x > *c.most ? x : *c.most;
  for (; d < c.columns; ++d) {
    const double v = from[d] * by;
    if (c.sum != nullptr) c.sum[d] += v;
    *c.most = __builtin_fabs(v) > *c.most ? __builtin_fabs(v) : *c.most;
  }
}

template <typename Isa, bool kByRows>
void copy_as(const Copy& c) {
  // Some rows at a time: a block's rows lie behind each other, blocks far apart.
  constexpr uint32_t kRows = 16;
  for (uint32_t first = 0; first < c.rows; first += kRows) {
    const uint32_t last = c.rows - first < kRows ? c.rows : first + kRows;
    for (uint32_t row = last; row < last + kRows && row < c.rows; ++row)
      for (uint32_t d = 0; d < c.columns; d += 16) __builtin_prefetch(c.from + row * c.stride + d);
    uint32_t d = 0;
    for (; d + kBlock32 <= c.columns; d += kBlock32)
      for (uint32_t row = first; row < last; ++row) copy_columns<Isa, kByRows>(c, row, d);
    for (uint32_t row = first; row < last; ++row) copy_rest<kByRows>(c, row, d);
    if (c.most == nullptr) continue;
    for (uint32_t row = first; row < last; ++row) sum_row<Isa>(c, row);
  }
}

template <typename Isa>
void copy(const Copy& c) {
  if (c.by_rows) return copy_as<Isa, true>(c);
  copy_as<Isa, false>(c);
}

template <typename Isa>
void scores(Scores& s) {
  using Batch = xsimd::batch<double, typename Isa::Arch>;
  const Batch nothing(-__builtin_inf());
  for (uint32_t lane = 0; lane < kLanes; lane += Batch::size) {
    const Batch scale = Batch::load_unaligned(s.scale + lane);
    const Batch first = Batch::load_unaligned(s.first + lane);
    const Batch last = Batch::load_unaligned(s.last + lane);
    Batch maximum = nothing, largest(0.0);
    for (uint32_t i = 0; i < s.keys; ++i) {
      double* const at = s.t + i * kLanes + lane;
      const Batch key(static_cast<double>(s.first_key) + i);
      const Batch t = Batch::load_unaligned(at) * (scale * Batch(s.k_scale[i]));
      const auto seen = (key >= first) & (key < last);
      largest = xsimd::max(largest, xsimd::select(seen, xsimd::abs(t), Batch(0.0)));
      const Batch masked = xsimd::select(seen, t, nothing);
      maximum = xsimd::max(maximum, masked);
      masked.store_unaligned(at);
    }
    maximum.store_unaligned(s.maximum + lane);
    largest.store_unaligned(s.largest + lane);
  }
}

// exp(r) - 1 from above, for r >= 0.
template <typename Batch>
Batch excess(Batch r) {
  const Batch small = r + r * r;
  if (!xsimd::any(r > Batch(1.0))) return small;
  return xsimd::select(r > Batch(1.0), xsimd::exp(xsimd::min(r, Batch(600.0))), small);
}

// exp(x) (exp(r) - 1) from above, where p = exp(x) may have underflowed and r be anything.
template <typename Batch>
Batch excess_of(Batch p, Batch x, Batch r) {
  const Batch small = p * (r + r * r);
  if (!xsimd::any(r > Batch(1.0))) return small;
  return xsimd::select(r > Batch(1.0), xsimd::exp(xsimd::min(x + r, Batch(600.0))), small);
}

// Weights of f32 that stay finite, also times 2^60: beyond, nothing is left of the bound anyhow.
template <typename Isa, typename Batch>
void store_weight(float* to, Batch w) {
  Isa::narrow(to, xsimd::min(w, Batch(0x1p60)));
}

template <typename Isa, bool kBounds>
void weights_of(Weights& s) {
  using Batch = xsimd::batch<double, typename Isa::Arch>;
  const PanelError& e = s.error;
  for (uint32_t lane = 0; lane < kLanes; lane += Batch::size) {
    const Batch maximum = Batch::load_unaligned(s.maximum + lane);
    const Batch dot = Batch::load_unaligned(e.dot + lane);
    const Batch dot_likely = Batch::load_unaligned(e.dot_likely + lane);
    const Batch scaled = Batch::load_unaligned(e.scaled + lane);
    const Batch argument = Batch::load_unaligned(e.argument + lane);
    const Batch constant = Batch::load_unaligned(e.constant + lane);
    const Batch pv = Batch::load_unaligned(e.pv + lane);
    const Batch pv_likely = Batch::load_unaligned(e.pv_likely + lane);
    Batch sum(0.0), off(0.0), off_likely(0.0), share(0.0);
    double before[Batch::size];
    if constexpr (kBounds) {
      for (uint32_t j = 0; j < Batch::size; ++j) before[j] = s.share[lane + j];
      share = Batch::load_unaligned(before);
    }
    for (uint32_t i = 0; i < s.keys; ++i) {
      const Batch t = Batch::load_unaligned(s.t + i * kLanes + lane);
      const Batch x = t - maximum;
      const Batch p = xsimd::exp(x);
      sum += p;
      const Batch weight = p * Batch(s.v_scale[i]);
      weight.store_unaligned(s.p + i * kLanes + lane);
      if constexpr (!kBounds) continue;
      const Batch magnitude = Isa::widen(s.magnitude + i * kLanes + lane) * Batch(s.k_scale[i]);
      const auto unseen = t == Batch(-__builtin_inf());
      const Batch rest = Isa::fma(scaled, xsimd::abs(t), constant) - argument * x;
      const Batch some = xsimd::select(unseen, Batch(0.0), rest);
      const Batch hard = excess_of(p, x, Isa::fma(dot, magnitude, some));
      const Batch likely = excess_of(p, x, Isa::fma(dot_likely, magnitude, some));
      off += hard;
      off_likely += likely;
      const Batch w = Isa::fma(pv, p + hard, hard);
      const Batch w_likely = Isa::fma(pv_likely, p + likely, likely);
      const auto more = w_likely > share * w;
      if (xsimd::any(more)) share = xsimd::select(more, w_likely / w, share);
      store_weight<Isa>(s.w + i * kLanes + lane, w * xsimd::abs(Batch(s.v_scale[i])));
    }
    sum.store_unaligned(s.sum + lane);
    if constexpr (!kBounds) continue;
    off.store_unaligned(s.off + lane);
    off_likely.store_unaligned(s.off_likely + lane);
    share.store_unaligned(before);
    for (uint32_t j = 0; j < Batch::size; ++j) s.share[lane + j] = static_cast<float>(before[j]);
  }
}

template <typename Isa>
void weights(Weights& s) {
  if (s.bounds) return weights_of<Isa, true>(s);
  weights_of<Isa, false>(s);
}

// x >= 0 on the grid. Adding 1.5 * 2^52 steps leaves no bit below a step, rounded to nearest even.
template <typename Batch>
Batch on_grid(const Grid& grid, Batch x) {
  const Batch exponent = xsimd::bitwise_cast<Batch>(
      xsimd::bitwise_cast<xsimd::batch<int64_t, typename Batch::arch_type>>(x) &
      xsimd::batch<int64_t, typename Batch::arch_type>(0x7FF0000000000000));
  const Batch step = xsimd::max(exponent, Batch(grid.smallest)) * Batch(grid.step);
  const Batch steps = step * Batch(0x1.8p52);
  Batch rounded = (x + steps) - steps;
  if (grid.truncate) rounded = xsimd::select(rounded > x, rounded - step, rounded);
  return xsimd::select(x < Batch(grid.largest), xsimd::min(rounded, Batch(grid.largest)),
                       Batch(grid.largest));
}

// One vector of rows of a CastTile.
template <typename Isa>
struct CastLanes {
  using Batch = xsimd::batch<double, typename Isa::Arch>;

  CastLanes(const CastTile& t, uint32_t first)
      : tile(t),
        lane(first),
        maximum(Batch::load_unaligned(t.maximum + first)),
        dot(Batch::load_unaligned(t.dot + first)),
        scaled(Batch::load_unaligned(t.scaled + first)),
        argument(Batch::load_unaligned(t.argument + first)),
        constant(Batch::load_unaligned(t.constant + first)) {}

  Batch score(uint32_t i) const { return Batch::load_unaligned(tile.t + i * kLanes + lane); }
  // What the score may be off by.
  Batch of_score(uint32_t i, Batch t) const {
    const Batch magnitude = Isa::widen(tile.magnitude + i * kLanes + lane);
    return Isa::fma(dot, magnitude * Batch(tile.k_scale[i]), scaled * xsimd::abs(t));
  }
  // Of exp(score - maximum), but for what the maximum is off by; relative.
  Batch of_exp(Batch t, Batch of_score) const {
    return excess(of_score + Isa::fma(argument, maximum - t, constant));
  }

  const CastTile& tile;
  const uint32_t lane;
  const Batch maximum, dot, scaled, argument, constant;
};

template <typename Isa>
void cast_range(CastTile& tile) {
  using Batch = xsimd::batch<double, typename Isa::Arch>;
  const Batch nothing(-__builtin_inf());
  for (uint32_t lane = 0; lane < kLanes; lane += Batch::size) {
    const CastLanes<Isa> lanes(tile, lane);
    Batch highest = nothing, lowest = nothing, amax_high(0.0), amax_low(0.0);
    for (uint32_t i = 0; i < tile.keys; ++i) {
      const Batch t = lanes.score(i);
      const auto unseen = t == nothing;
      const Batch finite = xsimd::select(unseen, lanes.maximum, t);
      const Batch off = lanes.of_score(i, finite);
      highest = xsimd::max(highest, xsimd::select(unseen, nothing, finite + off));
      lowest = xsimd::max(lowest, xsimd::select(unseen, nothing, finite - off));
      const Batch p = xsimd::abs(Batch::load_unaligned(tile.p + i * kLanes + lane));
      const Batch r = lanes.of_exp(finite, off);  // p is 0 where unseen
      amax_high = xsimd::max(amax_high, Isa::fma(p, r, p));
      amax_low = xsimd::max(amax_low, p - p * r);
    }
    highest.store_unaligned(tile.highest + lane);
    lowest.store_unaligned(tile.lowest + lane);
    amax_high.store_unaligned(tile.amax_high + lane);
    amax_low.store_unaligned(tile.amax_low + lane);
  }
}

template <typename Isa>
void cast_weights(const CastTile& tile) {
  using Batch = xsimd::batch<double, typename Isa::Arch>;
  const Batch zero(0.0), one(1.0), nothing(-__builtin_inf());
  for (uint32_t lane = 0; lane < kLanes; lane += Batch::size) {
    const CastLanes<Isa> lanes(tile, lane);
    const Batch scale = Batch::load_unaligned(tile.scale + lane);
    const Batch back = one / scale;
    const Batch of_code = Batch::load_unaligned(tile.of_code + lane);
    const Batch pv = Batch::load_unaligned(tile.pv + lane);
    // Of a code that did not flip, and of one's flip.
    const Batch of_tile = Batch::load_unaligned(tile.of_tile + lane);
    const Batch per_code = of_tile + pv * (one + of_tile);
    const Batch per_flip = (one + of_tile) * (one + pv);
    for (uint32_t i = 0; i < tile.keys; ++i) {
      const Batch t = lanes.score(i);
      const auto unseen = t == nothing;
      const Batch finite = xsimd::select(unseen, lanes.maximum, t);
      const Batch y = xsimd::abs(Batch::load_unaligned(tile.p + i * kLanes + lane)) * scale;
      const Batch code = on_grid(tile.grid, y);
      Batch flip = zero;
      if (tile.flips) {
        const Batch r = lanes.of_exp(finite, lanes.of_score(i, finite)) + of_code;
        // From 1/2 on 1 / (1 - r) is no longer below (1 + r)^2: any code then.
        const auto small = r < Batch(0.5);
        const Batch high = xsimd::select(small, y * (one + r) * (one + r), Batch(1e300));
        const Batch low = xsimd::select(small, y - y * r, zero);
        const Batch up = on_grid(tile.grid, high + Batch(0x1p-126)) - code;
        flip = xsimd::max(up, code - on_grid(tile.grid, low));
      }
      const Batch w = Isa::fma(code, per_code, flip * per_flip) * back;
      store_weight<Isa>(tile.w + i * kLanes + lane, xsimd::select(unseen, zero, w));
    }
  }
}

template <typename Isa>
void cast_values(const CastValues& c) {
  using Batch = xsimd::batch<double, typename Isa::Arch>;
  for (uint32_t lane = 0; lane < kLanes; lane += Batch::size) {
    const Batch scale = Batch::load_unaligned(c.scale + lane);
    const Batch back = Batch(1.0) / scale;
    for (uint32_t i = 0; i < c.keys; ++i) {
      double* const at = c.p + i * kLanes + lane;
      const Batch p = Batch::load_unaligned(at);
      const Batch cast = on_grid(c.grid, xsimd::abs(p) * scale) * back;
      xsimd::select(p < Batch(0.0), -cast, cast).store_unaligned(at);
    }
  }
}

template <typename Isa>
inline constexpr Kernels kKernels = {copy<Isa>,         product64<Isa>,  product32<Isa>,
                                     scores<Isa>,       weights<Isa>,    cast_range<Isa>,
                                     cast_weights<Isa>, cast_values<Isa>};

}  // namespace
}  // namespace wavefuzz::reference::internal
