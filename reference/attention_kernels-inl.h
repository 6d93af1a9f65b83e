// The loops of attention_kernels.h, written once over xsimd and compiled once per instruction set.
// The including file defines a struct Isa in an unnamed namespace:
//   Arch               xsimd's name of the instruction set
//   kRows64, kRows32   columns of a product kept in registers at a time; divide kBlock64, kBlock32
//   fma(a, b, c)       a * b + c for batches of double and of float, rounded once or twice
#include <xsimd/xsimd.hpp>

#include "reference/attention_kernels.h"

namespace wavefuzz::reference::internal {
namespace {

// One block of kBlock columns, kColumns of them at a time.
template <typename Isa, typename T, uint32_t kColumns, uint32_t kBlock>
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
      const T* const column = a + uint64_t{k} * kBlock + first;
      for (uint32_t j = 0; j < kColumns; ++j) {
        const Batch x(column[j]);
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

template <typename Isa>
void product64(const Product64& p) {
  for (uint32_t i = 0; i < p.blocks; ++i) {
    product_block<Isa, double, Isa::kRows64, kBlock64>(p.a + uint64_t{i} * p.depth * kBlock64,
                                                       p.depth, p.b, p.c + i * kBlock64 * kLanes);
  }
}

template <typename Isa>
void product32(const Product32& p) {
  for (uint32_t i = 0; i < p.blocks; ++i) {
    product_block<Isa, float, Isa::kRows32, kBlock32>(p.a + uint64_t{i} * p.depth * kBlock32,
                                                      p.depth, p.b, p.c + i * kBlock32 * kLanes);
  }
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
    for (uint32_t i = 0; i < s.keys; ++i) {
      const Batch t = Batch::load_unaligned(s.t + i * kLanes + lane);
      const Batch x = t - maximum;
      const Batch p = xsimd::exp(x);
      sum += p;
      const Batch weight = p * Batch(s.v_scale[i]);
      weight.store_unaligned(s.p + i * kLanes + lane);
      if constexpr (!kBounds) continue;
      double wide[Batch::size];
      for (uint32_t j = 0; j < Batch::size; ++j) wide[j] = s.magnitude[i * kLanes + lane + j];
      const Batch magnitude = Batch::load_unaligned(wide) * Batch(s.k_scale[i]);
      const auto unseen = t == Batch(-__builtin_inf());
      const Batch rest = Isa::fma(scaled, xsimd::abs(t), constant) - argument * x;
      const Batch some = xsimd::select(unseen, Batch(0.0), rest);
      const Batch hard = excess(Isa::fma(dot, magnitude, some));
      const Batch likely = excess(Isa::fma(dot_likely, magnitude, some));
      off = Isa::fma(p, hard, off);
      off_likely = Isa::fma(p, likely, off_likely);
      const Batch w = hard + Isa::fma(pv, hard, pv);
      const Batch w_likely = likely + Isa::fma(pv_likely, likely, pv_likely);
      share = xsimd::max(share, xsimd::select(unseen, Batch(0.0), w_likely / w));
      (xsimd::abs(weight) * w).store_unaligned(wide);
      for (uint32_t j = 0; j < Batch::size; ++j)
        s.w[i * kLanes + lane + j] = static_cast<float>(wide[j]);
    }
    sum.store_unaligned(s.sum + lane);
    if constexpr (!kBounds) continue;
    off.store_unaligned(s.off + lane);
    off_likely.store_unaligned(s.off_likely + lane);
    double wide[Batch::size];
    share.store_unaligned(wide);
    for (uint32_t j = 0; j < Batch::size; ++j) {
      const float f = static_cast<float>(wide[j]);
      if (f > s.share[lane + j]) s.share[lane + j] = f;
    }
  }
}

template <typename Isa>
void weights(Weights& s) {
  if (s.bounds) return weights_of<Isa, true>(s);
  weights_of<Isa, false>(s);
}

template <typename Isa>
inline constexpr Kernels kKernels = {product64<Isa>, product32<Isa>, scores<Isa>, weights<Isa>};

}  // namespace
}  // namespace wavefuzz::reference::internal
