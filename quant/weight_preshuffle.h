// AITER's shuffle_weight(layout=(16, 16)): a [N, K] matrix in tiles that one wave loads in 16
// bytes.
#ifndef WAVEFUZZ_QUANT_WEIGHT_PRESHUFFLE_H_
#define WAVEFUZZ_QUANT_WEIGHT_PRESHUFFLE_H_

#include <cstdint>

namespace wavefuzz::quant {

// Index map of one matrix; leading dimensions, if any, are outermost and packed. Tiles are 16 rows
// by 16 bytes, [n/16][k/x][n%16][k%x] with x = 16/element_bytes elements (aiter/ops/shuffle.py).
struct WeightPreshuffle {
  uint32_t rows;           // N
  uint32_t cols;           // K, elements
  uint32_t element_bytes;  // 1 or 2

  constexpr uint32_t x() const { return 16 / element_bytes; }

  // K must be a multiple of 32 elements for every dtype: shuffle_weight asserts it.
  constexpr bool valid() const {
    return (element_bytes == 1 || element_bytes == 2) && rows != 0 && cols != 0 && rows % 16 == 0 &&
           cols % 32 == 0;
  }

  // Element index of (n, k); times element_bytes is its byte.
  constexpr uint64_t index(uint32_t n, uint32_t k) const {
    return uint64_t(n / 16) * 16 * cols + uint64_t(k / x()) * 16 * x() + n % 16 * x() + k % x();
  }

  constexpr uint64_t bytes() const { return uint64_t(rows) * cols * element_bytes; }
};

}  // namespace wavefuzz::quant

#endif  // WAVEFUZZ_QUANT_WEIGHT_PRESHUFFLE_H_
