// The latent KV caches of multi-head latent attention: one entry a token, shared by all heads.
#ifndef WAVEFUZZ_QUANT_MLA_PAGE_H_
#define WAVEFUZZ_QUANT_MLA_PAGE_H_

#include <cstdint>

namespace wavefuzz::quant {

enum class MlaEntry : uint8_t {
  kBf16,  // nope, then rope, all bf16
  kFp8,   // nope, then rope, all FP8; one scale for the whole cache, which lies elsewhere
  // DeepSeek-V3.2 (vLLM fp8_ds_mla, FlashMLA V32): FP8 nope, an f32 scale for each 128 of them,
  // bf16 rope. 512 + 16 + 128 = 656 bytes, token after token.
  kV32,
  // DeepSeek-V4 (FlashMLA MODEL1): FP8 nope and bf16 rope of all tokens, 448 + 128 bytes each; then
  // for each token 8 bytes of scales: a ue8m0 for each 64 nope values, the last byte padding. The
  // page is padded to a multiple of a token's 576 bytes. A tensor of 584 bytes a token hides this.
  kV4,
};

// Index map of one page. All offsets are bytes from the start of the page; t < page_size.
struct MlaPage {
  MlaEntry entry;
  uint32_t page_size;  // tokens
  uint32_t nope;       // values without positions: 512, or 448 for V4
  uint32_t rope;       // values with positions: 64

  // nope values of one scale; 0 where no scale is in the page.
  constexpr uint32_t group() const {
    return entry == MlaEntry::kV32 ? 128 : entry == MlaEntry::kV4 ? 64 : 0;
  }
  constexpr uint32_t groups() const { return group() == 0 ? 0 : nope / group(); }

  // Whether the layout exists for these sizes. Calling the maps of an invalid page is an error.
  constexpr bool valid() const {
    if (page_size == 0 || nope == 0) return false;
    if (group() != 0 && nope % group() != 0) return false;
    return entry != MlaEntry::kV4 || groups() <= 7;
  }

  // K is nope and rope. V is nope, and for V4 rope too.
  constexpr uint32_t qk_dim() const { return nope + rope; }
  constexpr uint32_t v_dim() const { return entry == MlaEntry::kV4 ? nope + rope : nope; }

  constexpr uint32_t nope_bytes() const { return entry == MlaEntry::kBf16 ? 2 : 1; }
  constexpr uint32_t rope_bytes() const { return entry == MlaEntry::kFp8 ? 1 : 2; }

  // From one token to the next.
  constexpr uint64_t token_bytes() const {
    return uint64_t(nope) * nope_bytes() + uint64_t(rope) * rope_bytes() +
           (entry == MlaEntry::kV32 ? 4 * groups() : 0);
  }

  // First byte of nope value d < nope.
  constexpr uint64_t nope_offset(uint32_t t, uint32_t d) const {
    return t * token_bytes() + uint64_t(d) * nope_bytes();
  }

  // First byte of rope value d < rope.
  constexpr uint64_t rope_offset(uint32_t t, uint32_t d) const {
    return t * token_bytes() + uint64_t(nope) * nope_bytes() +
           (entry == MlaEntry::kV32 ? 4 * groups() : 0) + uint64_t(d) * rope_bytes();
  }

  // First byte of scale g < groups(): four for V32 (f32, little endian), one for V4 (ue8m0).
  constexpr uint64_t scale_offset(uint32_t t, uint32_t g) const {
    if (entry == MlaEntry::kV4) return page_size * token_bytes() + uint64_t(t) * 8 + g;
    return t * token_bytes() + nope + 4 * uint64_t(g);
  }

  // Bytes of a page: its stride in a packed cache. A cache may pad pages beyond this.
  constexpr uint64_t bytes() const {
    if (entry != MlaEntry::kV4) return page_size * token_bytes();
    const uint64_t used = page_size * (token_bytes() + 8);
    return (used + token_bytes() - 1) / token_bytes() * token_bytes();
  }
};

static_assert(MlaPage{MlaEntry::kV32, 64, 512, 64}.bytes() == 64 * 656);
static_assert(MlaPage{MlaEntry::kV4, 64, 448, 64}.bytes() == (64 * 584 + 575) / 576 * 576);

}  // namespace wavefuzz::quant

#endif  // WAVEFUZZ_QUANT_MLA_PAGE_H_
