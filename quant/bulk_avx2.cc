// Compiled with AVX2; called only where the CPU has it.
#include "quant/bulk_kernels-inl.h"

namespace wavefuzz::quant::internal {
namespace {

struct Avx2 {
  using Arch = xsimd::avx2;
  using Int = xsimd::batch<int32_t, Arch>;
  using Short = xsimd::batch<uint16_t, Arch>;

  // Lanes must be below 2^16: the instruction saturates.
  static __m128i narrowed(Int lanes) {
    const __m256i wide = lanes;
    return _mm_packus_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
  }
  static void store_codes(uint8_t* out, Int codes) {
    const __m128i halves = narrowed(codes & Int(0xFF));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(halves, halves));
  }
  static void store_pairs(uint8_t* out, uint64_t, Int pairs) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), narrowed(pairs & Int(0xFFFF)));
  }
  static uint16_t largest(Short x) {
    const __m256i wide = x;
    const __m128i most =
        _mm_max_epu16(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    // The instruction set has a horizontal minimum only.
    return ~_mm_extract_epi16(_mm_minpos_epu16(~most), 0);
  }
};

}  // namespace

const Kernels kAvx2Kernels = {encode<Avx2>, amax<Avx2>, store<Avx2>};

}  // namespace wavefuzz::quant::internal
