// Every float32 there is, cast to each FP8 format: the CRC-32 of the 2^32 result bytes equals that
// of PyTorch's, and every vector build gives the bytes of the scalar definition.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <string>
#include <vector>

#include "quant/bulk.h"
#include "quant/fp8.h"

namespace wavefuzz::quant {
namespace {

// CRC-32 (zlib) over the result bytes, inputs ascending by bit pattern from 0x00000000. Measured
// with PyTorch 2.11.0 `.to(dtype)`; CPU and an NVIDIA H200 gave the same bytes.
constexpr uint32_t digest(Fp8 fp8) {
  switch (fp8) {
    case Fp8::kE4m3fn:
      return 0xC410DF78;
    case Fp8::kE4m3fnuz:
      return 0xD190928E;
    case Fp8::kE5m2:
      return 0xD88914DB;
    case Fp8::kE5m2fnuz:
      return 0xC108EB96;
  }
  return 0;
}

constexpr uint64_t kInputs = uint64_t{1} << 32;
constexpr uint64_t kChunk = uint64_t{1} << 16;

template <Fp8 kFp8>
void prove() {
  std::vector<Simd> builds;
  for (Simd simd : {Simd::kAvx2, Simd::kAvx512})
    if (supported(simd)) builds.push_back(simd);
  std::vector<uint32_t> crcs(kInputs / kChunk);
  std::vector<int> wrong(std::size(kAllSimd));  // chunks in which a build differs
#pragma omp parallel
  {
    std::vector<float> inputs(kChunk);
    std::vector<uint8_t> defined(kChunk), bulk(kChunk);
#pragma omp for schedule(static)
    for (uint64_t chunk = 0; chunk < crcs.size(); ++chunk) {
      for (uint64_t i = 0; i < kChunk; ++i) {
        inputs[i] = __builtin_bit_cast(float, static_cast<uint32_t>(chunk * kChunk + i));
        defined[i] = encode(kFp8, inputs[i], kCastPyTorch);
      }
      crcs[chunk] = static_cast<uint32_t>(crc32_z(0, defined.data(), kChunk));
      for (Simd simd : builds) {
        bulk_encode(kFp8, kCastPyTorch, inputs, bulk.data(), {.threads = 1, .simd = simd});
        if (std::memcmp(bulk.data(), defined.data(), kChunk) != 0) {
#pragma omp atomic
          ++wrong[static_cast<int>(simd)];
        }
      }
    }
  }
  const uLong append_chunk = crc32_combine_gen(kChunk);
  uLong crc = crcs[0];
  for (uint64_t chunk = 1; chunk < crcs.size(); ++chunk)
    crc = crc32_combine_op(crc, crcs[chunk], append_chunk);
  EXPECT_EQ(crc, digest(kFp8)) << "the scalar definition differs from PyTorch";
  for (Simd simd : builds)
    EXPECT_EQ(wrong[static_cast<int>(simd)], 0) << name(simd) << " differs from the definition";
}

TEST(EveryFloat, E4m3fn) { prove<Fp8::kE4m3fn>(); }
TEST(EveryFloat, E4m3fnuz) { prove<Fp8::kE4m3fnuz>(); }
TEST(EveryFloat, E5m2) { prove<Fp8::kE5m2>(); }
TEST(EveryFloat, E5m2fnuz) { prove<Fp8::kE5m2fnuz>(); }

}  // namespace
}  // namespace wavefuzz::quant
