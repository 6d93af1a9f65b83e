// The indexer K writer of DeepSeek-V3.2 sparse attention: quantises each row of K to FP8 with one
// scale and stores it into a paged cache. Semantics: vLLM indexer_k_quant_and_cache, with the
// layouts of both its writers (NORMAL and SHUFFLE) and either encoding on either arch.
//
//   k             [rows, head_dim] bf16 or f16, unit column stride, row stride k_stride elements
//   slot_mapping  [gridDim.x] i64: page * page_size + offset in the page; negative leaves the token
//   out kv_cache      pages of `page_size * head_dim` values, then `page_size` f32 scales; page p
//   starts at
//                 p * page_stride bytes
//
// One workgroup of 128 lanes (two waves) writes one token.
//
// PLANT names a planted bug: one small change of the right kernel, which the fuzzer must find.
#include <hip/hip_runtime.h>
#include <stdint.h>

#include "quant/float16.h"
#include "quant/fp8.h"
#include "quant/indexer_page.h"
#include "quant/ue8m0.h"

#ifndef PLANT
#define PLANT none
#endif

namespace {

using wavefuzz::quant::Fp8;
using wavefuzz::quant::IndexerPage;
using wavefuzz::quant::PageLayout;

enum class Plant {
  none,
  uint8_cast,         // the quotient converted to an integer, not to FP8
  fn_bytes_in_fnuz,   // an fnuz cache filled with the bytes of the fn encoding
  sign_kept_on_zero,  // a negative quotient that rounds to zero keeps its sign: 0x80, NaN in fnuz
  negative_slot_written,  // no early return for slot -1
  page_stride_32bit,      // page * page_stride in 32 bits
  scales_shuffled,        // the scale tail permuted like the values of a SHUFFLE page
  amax_over_one_wave,     // each wave uses the amax of its own 64 lanes
  divisor_240,            // 240, the largest fnuz value, where the convention is 224
};
constexpr Plant kPlant = Plant::PLANT;

constexpr int kWaveSize = 64;
constexpr int kWavesPerGroup = 2;
constexpr int kGroupSize = kWaveSize * kWavesPerGroup;

struct Bf16 {
  uint16_t bits;
};
__device__ float to_float(Bf16 x) { return wavefuzz::quant::decode_bf16(x.bits); }
__device__ float to_float(_Float16 x) { return static_cast<float>(x); }

// Rounds to FP8 with the arch's own instruction where it has one for the format: v_cvt_pk_fp8_f32
// means e4m3fnuz on gfx942 and e4m3fn on gfx950.
template <Fp8 kFormat>
__device__ uint8_t to_fp8(float x) {
#if defined(__gfx942__)
  constexpr bool kNative = kFormat == Fp8::kE4m3fnuz;
#else
  constexpr bool kNative = kFormat == Fp8::kE4m3fn;
#endif
  if constexpr (kNative) {
    return static_cast<uint8_t>(__builtin_amdgcn_cvt_pk_fp8_f32(x, x, 0, false));
  } else {
    constexpr wavefuzz::quant::CastPolicy kCast = wavefuzz::quant::kCastAmdOvfl0;  // as native
    return wavefuzz::quant::encode(kFormat, x, kCast);
  }
}

template <Fp8 kFormat>
__device__ uint8_t store_code(float quotient) {
  if constexpr (kPlant == Plant::uint8_cast) {
    return static_cast<uint8_t>(static_cast<int>(quotient));
  } else if constexpr (kPlant == Plant::fn_bytes_in_fnuz && kFormat == Fp8::kE4m3fnuz) {
    return to_fp8<Fp8::kE4m3fn>(quotient);
  } else if constexpr (kPlant == Plant::sign_kept_on_zero) {
    const uint8_t code = to_fp8<kFormat>(quotient);
    return code == 0 && __builtin_signbitf(quotient) ? 0x80 : code;
  } else {
    return to_fp8<kFormat>(quotient);
  }
}

// The largest |k| of the row, from each lane's own; NaN takes no part.
__device__ float row_amax(float amax, float* per_wave) {
  for (int mask = kWaveSize / 2; mask > 0; mask /= 2) amax = fmaxf(amax, __shfl_xor(amax, mask));
  if constexpr (kPlant == Plant::amax_over_one_wave) return amax;
  if (threadIdx.x % kWaveSize == 0) per_wave[threadIdx.x / kWaveSize] = amax;
  __syncthreads();
  return fmaxf(per_wave[0], per_wave[1]);
}

template <Fp8 kFormat>
__device__ float row_scale(float amax, bool ue8m0) {
  constexpr float kFnuzDivisor = kPlant == Plant::divisor_240 ? 240.0f : 224.0f;
  constexpr float kDivisor = kFormat == Fp8::kE4m3fnuz ? kFnuzDivisor : 448.0f;
  const float scale = fmaxf(amax, 1e-4f) / kDivisor;
  return ue8m0 ? wavefuzz::quant::round_up_to_power_of_two(scale) : scale;
}

__device__ int64_t page_start(int64_t page, int64_t page_stride) {
  if constexpr (kPlant == Plant::page_stride_32bit) {
    return static_cast<int32_t>(static_cast<uint32_t>(page) * static_cast<uint32_t>(page_stride));
  }
  return page * page_stride;
}

__device__ uint64_t scale_offset(const IndexerPage& page, uint32_t token) {
  if constexpr (kPlant == Plant::scales_shuffled) {
    if (page.layout == PageLayout::kShuffle)
      token = token % 16 * (page.page_size / 16) + token / 16;
  }
  return page.scale_offset(token);
}

template <typename T, Fp8 kFormat>
__device__ void write_token(const T* k, const int64_t* slot_mapping, uint8_t* kv_cache,
                            int64_t k_stride, int64_t page_stride, int head_dim, int page_size,
                            bool shuffle, bool ue8m0) {
  __shared__ float amax_per_wave[kWavesPerGroup];
  const int64_t slot = slot_mapping[blockIdx.x];
  if (kPlant != Plant::negative_slot_written && slot < 0) return;

  const T* row = k + blockIdx.x * k_stride;
  float amax = 0.0f;
  for (int d = threadIdx.x; d < head_dim; d += kGroupSize)
    amax = fmaxf(amax, fabsf(to_float(row[d])));
  const float scale = row_scale<kFormat>(row_amax(amax, amax_per_wave), ue8m0);

  const IndexerPage page = {static_cast<uint32_t>(page_size), static_cast<uint32_t>(head_dim),
                            shuffle ? PageLayout::kShuffle : PageLayout::kNormal};
  uint8_t* page_base = kv_cache + page_start(slot / page_size, page_stride);
  const uint32_t token = static_cast<uint32_t>(slot % page_size);
  for (int d = threadIdx.x; d < head_dim; d += kGroupSize) {
    page_base[page.value_offset(token, d)] = store_code<kFormat>(to_float(row[d]) / scale);
  }
  if (threadIdx.x == 0) *reinterpret_cast<float*>(page_base + scale_offset(page, token)) = scale;
}

}  // namespace

#define INDEXER_K_WRITER(symbol, type, format)                                            \
  extern "C" __global__ __launch_bounds__(kGroupSize) void symbol(                        \
      const type* k, const int64_t* slot_mapping, uint8_t* kv_cache, int64_t k_stride,    \
      int64_t page_stride, int head_dim, int page_size, int shuffle, int ue8m0) {         \
    write_token<type, format>(k, slot_mapping, kv_cache, k_stride, page_stride, head_dim, \
                              page_size, shuffle != 0, ue8m0 != 0);                       \
  }

INDEXER_K_WRITER(indexer_k_quant_and_cache_bf16_e4m3fn, Bf16, Fp8::kE4m3fn)
INDEXER_K_WRITER(indexer_k_quant_and_cache_bf16_e4m3fnuz, Bf16, Fp8::kE4m3fnuz)
INDEXER_K_WRITER(indexer_k_quant_and_cache_f16_e4m3fn, _Float16, Fp8::kE4m3fn)
INDEXER_K_WRITER(indexer_k_quant_and_cache_f16_e4m3fnuz, _Float16, Fp8::kE4m3fnuz)
