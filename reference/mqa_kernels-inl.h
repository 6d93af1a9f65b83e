// A tile of logits, written once over xsimd and compiled once per instruction set. The including
// file defines a struct Isa in an unnamed namespace: Arch, and kVectors, the key vectors that a
// step of kTileHeads heads keeps in registers.
#include <xsimd/xsimd.hpp>

#include "reference/mqa_kernels.h"

namespace wavefuzz::reference::internal {
namespace {

template <typename Isa>
void mqa_tile(const MqaTile& t) {
  using Vector = xsimd::batch<double, typename Isa::Arch>;
  constexpr uint32_t kLanes = Vector::size;
  constexpr uint32_t kVectors = Isa::kVectors;
  constexpr uint32_t kKeys = kVectors * kLanes;
  static_assert(kTileKeys % kKeys == 0);
  const uint32_t head_dim = t.head_dim;
  const Vector zero(0.0);
  for (uint32_t key = 0; key < kTileKeys; key += kKeys) {
    Vector sum[kVectors], magnitudes[kVectors], products[kVectors];
    for (uint32_t v = 0; v < kVectors; ++v) sum[v] = magnitudes[v] = products[v] = zero;
    for (uint32_t d = 0; d < head_dim; ++d) {
      const Vector magnitude(t.magnitude[d]);
      for (uint32_t v = 0; v < kVectors; ++v) {
        const Vector k = Vector::load_unaligned(t.k + d * kTileKeys + key + v * kLanes);
        products[v] = xsimd::fma(xsimd::abs(k), magnitude, products[v]);
      }
    }
    for (uint32_t h = 0; h < t.heads; h += kTileHeads) {
      Vector dot[kTileHeads][kVectors];
      for (auto& row : dot) {
        for (Vector& x : row) x = zero;
      }
      const double* q = t.q + h * head_dim;
      for (uint32_t d = 0; d < head_dim; ++d) {
        Vector k[kVectors];
        for (uint32_t v = 0; v < kVectors; ++v)
          k[v] = Vector::load_unaligned(t.k + d * kTileKeys + key + v * kLanes);
        for (uint32_t i = 0; i < kTileHeads; ++i) {
          const Vector of_head(q[i * head_dim + d]);
          for (uint32_t v = 0; v < kVectors; ++v) dot[i][v] = xsimd::fma(of_head, k[v], dot[i][v]);
        }
      }
      for (uint32_t i = 0; i < kTileHeads; ++i) {
        const Vector weight(t.weights[h + i]);
        for (uint32_t v = 0; v < kVectors; ++v) {
          // A comparison with NaN is false.
          const auto kept = t.keeps_nan ? !(dot[i][v] <= zero) : dot[i][v] > zero;
          const Vector relu = xsimd::select(kept, dot[i][v], zero);
          sum[v] = sum[v] + weight * relu;  // not fused: the same bits in every build
          magnitudes[v] = magnitudes[v] + xsimd::abs(weight) * relu;
        }
      }
    }
    for (uint32_t v = 0; v < kVectors; ++v) {
      sum[v].store_unaligned(t.sum + key + v * kLanes);
      magnitudes[v].store_unaligned(t.sum_of_magnitudes + key + v * kLanes);
      products[v].store_unaligned(t.products + key + v * kLanes);
    }
  }
}

}  // namespace
}  // namespace wavefuzz::reference::internal
