// Reading latent KV entries (quant/mla_page.h) on the device.
#ifndef WAVEFUZZ_GPU_KERNELS_MLA_CACHE_H_
#define WAVEFUZZ_GPU_KERNELS_MLA_CACHE_H_

#include <hip/hip_runtime.h>
#include <stdint.h>

#include "quant/float16.h"
#include "quant/fp8.h"
#include "quant/mla_page.h"
#include "quant/ue8m0.h"

namespace wavefuzz::mla {

using quant::Fp8;
using quant::MlaEntry;
using quant::MlaPage;

// The arch's own conversion knows one encoding: e4m3fnuz on gfx942, e4m3fn on gfx950. The other one
// has the same digits, worth half or twice as much, but for zero with a sign and NaN.
template <Fp8 kFormat>
__device__ inline float from_fp8(uint8_t code) {
  const float native = __builtin_amdgcn_cvt_f32_fp8(code, 0);
#if defined(__gfx942__)
  if constexpr (kFormat == Fp8::kE4m3fnuz) return native;
  const float value = code == 0x80 ? -0.0f : 2 * native;
  return (code & 0x7F) == 0x7F ? NAN : value;
#else
  if constexpr (kFormat == Fp8::kE4m3fn) return native;
  const float value = (code & 0x7F) == 0x7F ? (code & 0x80 ? -240.0f : 240.0f) : native / 2;
  return code == 0x80 ? NAN : value;
#endif
}

// Value d < qk_dim of token t of the page at `base`, times its group's scale, which lies at
// `scale_offset`, where it has one; rounded to f32.
template <MlaEntry kEntry, Fp8 kFormat>
__device__ inline float value_at(const uint8_t* base, const MlaPage& page, uint32_t t, uint32_t d,
                                 uint64_t scale_offset) {
  const auto bf16_at = [&](uint64_t offset) {
    return quant::decode_bf16(*reinterpret_cast<const uint16_t*>(base + offset));
  };
  if (d >= page.nope) {
    const uint64_t offset = page.rope_offset(t, d - page.nope);
    if constexpr (kEntry == MlaEntry::kFp8) return from_fp8<kFormat>(base[offset]);
    return bf16_at(offset);
  }
  const uint64_t offset = page.nope_offset(t, d);
  if constexpr (kEntry == MlaEntry::kBf16) return bf16_at(offset);
  const float code = from_fp8<kFormat>(base[offset]);
  if constexpr (kEntry == MlaEntry::kV32) {
    return code * *reinterpret_cast<const float*>(base + scale_offset);
  } else if constexpr (kEntry == MlaEntry::kV4) {
    return code * quant::decode_ue8m0(base[scale_offset]);
  }
  return code;
}

}  // namespace wavefuzz::mla

#endif  // WAVEFUZZ_GPU_KERNELS_MLA_CACHE_H_
