// Vectors of kWidth dwords, in GNU's vector types, and what those do not say. Included once for
// each host ISA; intrinsics are part of the compiler and leave no copy behind.
#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace wavefuzz::sim::mfma::internal {
namespace {

template <typename T, int kCount>
struct VectorOf {
  typedef T type __attribute__((vector_size(sizeof(T) * kCount)));
};

using I = VectorOf<int32_t, kWidth>::type;
using U = VectorOf<uint32_t, kWidth>::type;
using F = VectorOf<float, kWidth>::type;
using HalfI = VectorOf<int32_t, kWidth / 2>::type;
using Wide = VectorOf<int64_t, kWidth / 2>::type;
using WideU = VectorOf<uint64_t, kWidth / 2>::type;
using Double = VectorOf<double, kWidth / 2>::type;

#define MFMA_INLINE [[gnu::always_inline]] inline

template <typename V>
MFMA_INLINE V load(const void* from) {
  V v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}
template <typename V>
MFMA_INLINE void store(void* to, V v) {
  std::memcpy(to, &v, sizeof(v));
}
MFMA_INLINE I smaller(I x, I y) { return x < y ? x : y; }
MFMA_INLINE I larger(I x, I y) { return x > y ? x : y; }
MFMA_INLINE I all(int32_t x) { return x - I{}; }
// Modulo 2^32.
MFMA_INLINE I plus(I x, I y) { return I(U(x) + U(y)); }
MFMA_INLINE I minus(I x, I y) { return I(U(x) - U(y)); }

template <typename To, typename From>
MFMA_INLINE To as(From v) {
  static_assert(sizeof(To) == sizeof(From));
  To out;
  std::memcpy(&out, &v, sizeof(out));
  return out;
}

// As signed dwords, for bytes and words that GNU's types would make compilers guess at.
#if defined(__AVX512F__)
using Native = __m512i;
MFMA_INLINE bool any(I mask) { return _mm512_test_epi32_mask(Native(mask), Native(mask)) != 0; }
MFMA_INLINE I add_bytes(I x, I y) { return I(_mm512_add_epi8(Native(x), Native(y))); }
MFMA_INLINE I add_words(I x, I y) { return I(_mm512_add_epi16(Native(x), Native(y))); }
MFMA_INLINE I minimum_bytes(I x, I y) { return I(_mm512_min_epu8(Native(x), Native(y))); }
MFMA_INLINE I minimum_words(I x, I y) { return I(_mm512_min_epi16(Native(x), Native(y))); }
MFMA_INLINE U maximum_bytes(U x, U y) { return U(_mm512_max_epu8(Native(x), Native(y))); }
MFMA_INLINE U maximum_words(U x, U y) { return U(_mm512_max_epi16(Native(x), Native(y))); }
MFMA_INLINE F minimum(F x, F y) { return F(_mm512_min_ps(__m512(x), __m512(y))); }
MFMA_INLINE F twice_minus(F x, F y) {
  return F(_mm512_fmsub_ps(__m512(x), _mm512_set1_ps(2), __m512(y)));
}
MFMA_INLINE F fused(F x, F y, F z) { return F(_mm512_fmadd_ps(__m512(x), __m512(y), __m512(z))); }
// Both words' products, added.
MFMA_INLINE I multiplied_words(I x, I y) { return I(_mm512_madd_epi16(Native(x), Native(y))); }
// By 32 or more, nothing else than copies of the sign, or zeros, is left.
MFMA_INLINE I shift_right(I x, I by) { return I(_mm512_srav_epi32(Native(x), Native(by))); }
MFMA_INLINE I shift_left(I x, I by) { return I(_mm512_sllv_epi32(Native(x), Native(by))); }
// Toward minus infinity and toward zero; what does not fit gives anything.
MFMA_INLINE I floor_to_int(F x) {
  return I(_mm512_cvt_roundps_epi32(__m512(x), _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC));
}
MFMA_INLINE I cut(F x) { return I(_mm512_cvttps_epi32(__m512(x))); }
#else
using Native = __m256i;
MFMA_INLINE bool any(I mask) { return !_mm256_testz_si256(Native(mask), Native(mask)); }
MFMA_INLINE I add_bytes(I x, I y) { return I(_mm256_add_epi8(Native(x), Native(y))); }
MFMA_INLINE I add_words(I x, I y) { return I(_mm256_add_epi16(Native(x), Native(y))); }
MFMA_INLINE I minimum_bytes(I x, I y) { return I(_mm256_min_epu8(Native(x), Native(y))); }
MFMA_INLINE I minimum_words(I x, I y) { return I(_mm256_min_epi16(Native(x), Native(y))); }
MFMA_INLINE U maximum_bytes(U x, U y) { return U(_mm256_max_epu8(Native(x), Native(y))); }
MFMA_INLINE U maximum_words(U x, U y) { return U(_mm256_max_epi16(Native(x), Native(y))); }
MFMA_INLINE F minimum(F x, F y) { return F(_mm256_min_ps(__m256(x), __m256(y))); }
MFMA_INLINE F twice_minus(F x, F y) {
  return F(_mm256_fmsub_ps(__m256(x), _mm256_set1_ps(2), __m256(y)));
}
MFMA_INLINE F fused(F x, F y, F z) { return F(_mm256_fmadd_ps(__m256(x), __m256(y), __m256(z))); }
MFMA_INLINE I multiplied_words(I x, I y) { return I(_mm256_madd_epi16(Native(x), Native(y))); }
MFMA_INLINE I shift_right(I x, I by) { return I(_mm256_srav_epi32(Native(x), Native(by))); }
MFMA_INLINE I shift_left(I x, I by) { return I(_mm256_sllv_epi32(Native(x), Native(by))); }
MFMA_INLINE I floor_to_int(F x) { return I(_mm256_cvttps_epi32(_mm256_floor_ps(__m256(x)))); }
MFMA_INLINE I cut(F x) { return I(_mm256_cvttps_epi32(__m256(x))); }
#endif

MFMA_INLINE void halves(I x, HalfI& low, HalfI& high) {
  std::memcpy(&low, &x, sizeof(low));
  std::memcpy(&high, reinterpret_cast<const char*>(&x) + sizeof(low), sizeof(high));
}
MFMA_INLINE I joined(HalfI low, HalfI high) {
  I x;
  std::memcpy(&x, &low, sizeof(low));
  std::memcpy(reinterpret_cast<char*>(&x) + sizeof(low), &high, sizeof(high));
  return x;
}

}  // namespace
}  // namespace wavefuzz::sim::mfma::internal
