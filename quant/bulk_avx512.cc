// Compiled with AVX-512 F, CD, DQ and BW; called only where the CPU has them.
#include "quant/bulk_kernels-inl.h"

namespace wavefuzz::quant::internal {
namespace {

struct Avx512 {
  using Arch = xsimd::avx512bw;
  using Int = xsimd::batch<int32_t, Arch>;
  using Short = xsimd::batch<uint16_t, Arch>;

  static void store_codes(uint8_t* out, Int codes) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtepi32_epi8(codes));
  }
  static void store_pairs(uint8_t* out, uint64_t stride, Int pairs) {
    const __m256i bytes = _mm512_cvtepi32_epi16(pairs);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(bytes));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + stride), _mm256_extracti128_si256(bytes, 1));
  }
  static uint16_t largest(Short x) {
    const __m512i wide = x;
    const __m256i half =
        _mm256_max_epu16(_mm512_castsi512_si256(wide), _mm512_extracti64x4_epi64(wide, 1));
    const __m128i most =
        _mm_max_epu16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    // The instruction set has a horizontal minimum only.
    return ~_mm_extract_epi16(_mm_minpos_epu16(~most), 0);
  }
};

}  // namespace

const Kernels kAvx512Kernels = {encode<Avx512>, amax<Avx512>, store<Avx512>};

}  // namespace wavefuzz::quant::internal
