// Whole buffers at once: the scalar definitions of fp8.h and scale.h, bit for bit, with AVX2 or
// AVX-512 where the CPU has them. Host only.
//
// Assumes the default floating-point environment (round to nearest even, denormals kept).
#ifndef WAVEFUZZ_QUANT_BULK_H_
#define WAVEFUZZ_QUANT_BULK_H_

#include <cstdint>
#include <span>

#include "quant/fp8.h"
#include "quant/indexer_page.h"
#include "quant/scale.h"

namespace wavefuzz::quant {

// The builds of the bulk kernels. Each gives the same bytes.
enum class Simd : uint8_t { kScalar, kAvx2, kAvx512 };
inline constexpr Simd kAllSimd[] = {Simd::kScalar, Simd::kAvx2, Simd::kAvx512};

// "scalar", "avx2", "avx512".
const char* name(Simd simd);

// Whether this CPU runs that build (AVX-512: F, CD, DQ and BW).
bool supported(Simd simd);

// The widest supported build.
Simd best_simd();

struct BulkOptions {
  int threads = 1;  // OpenMP threads; at least 1
  Simd simd = best_simd();
};

// out[i] = decode(fp8, codes[i]). `out` holds codes.size() floats and overlaps nothing.
void bulk_decode(Fp8 fp8, std::span<const uint8_t> codes, float* out, BulkOptions options = {});

// out[i] = encode(fp8, values[i], policy). `out` holds values.size() bytes and overlaps nothing.
void bulk_encode(Fp8 fp8, CastPolicy policy, std::span<const float> values, uint8_t* out,
                 BulkOptions options = {});

// Writes bf16 rows into a paged indexer cache, as an indexer K writer does. For token i with
// slot = slots[i] >= 0, each group of head_dim/groups values gets
//   scale = scale_from_amax(amax_bf16(group), rule), code[d] = quantise(value[d], scale, rule)
// stored in page slot / page_size, token slot % page_size, at page.value_offset and scale_offset.
struct RowWriter {
  ScaleRule rule;
  IndexerPage page;      // must be valid()
  uint64_t page_stride;  // bytes from one page to the next, at least page.bytes()

  // rows: bf16, token i at rows + i*row_stride (elements, at least head_dim).
  // slots: one a token; negative ones are skipped, touching neither values nor scale. Null stands
  // for 0, 1, 2... Two equal slots are an error (their bytes are written concurrently).
  void write(const uint16_t* rows, uint64_t tokens, uint64_t row_stride, const int64_t* slots,
             uint8_t* cache, BulkOptions options = {}) const;
};

}  // namespace wavefuzz::quant

#endif  // WAVEFUZZ_QUANT_BULK_H_
