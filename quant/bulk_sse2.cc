// SSE2 is x86-64's baseline: no flags, every CPU.
#include "quant/bulk_kernels-inl.h"

namespace wavefuzz::quant::internal {
namespace {

struct Sse2 {
  using Arch = xsimd::sse2;
  using Int = xsimd::batch<int32_t, Arch>;
  using Short = xsimd::batch<uint16_t, Arch>;

  // Low halves of the four lanes in the low 8 bytes. The instruction set narrows with signed
  // saturation only, which sign-extended halves pass unchanged.
  static __m128i low_halves(Int lanes) {
    const __m128i extended = (lanes << 16) >> 16;
    return _mm_packs_epi32(extended, extended);
  }
  static void store_codes(uint8_t* out, Int codes) {
    const __m128i halves = low_halves(codes & Int(0xFF));
    const int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(halves, halves));
    __builtin_memcpy(out, &bytes, sizeof(bytes));
  }
  static void store_pairs(uint8_t* out, uint64_t, Int pairs) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), low_halves(pairs));
  }
  static uint16_t largest(Short x) {
    uint16_t lanes[Short::size];
    x.store_unaligned(lanes);
    uint16_t most = 0;
    for (uint16_t lane : lanes) most = lane > most ? lane : most;
    return most;
  }
};

}  // namespace

const Kernels kSse2Kernels = {encode<Sse2>, amax<Sse2>, store<Sse2>};

}  // namespace wavefuzz::quant::internal
