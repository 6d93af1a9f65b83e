// The paged K cache of the sparse-attention indexer: FP8 values of a page, then its f32 scales.
#ifndef WAVEFUZZ_QUANT_INDEXER_PAGE_H_
#define WAVEFUZZ_QUANT_INDEXER_PAGE_H_

#include <cstdint>

namespace wavefuzz::quant {

enum class PageLayout : uint8_t {
  kNormal,  // value (t, d) at byte t*D + d: vLLM's C++ writer, page size 1, V4 "C4A" caches
  // Tiles of 16 tokens x 16 bytes, [t/16][d/16][t%16][d%16]: vLLM's Triton writer on ROCm, AITER's
  // preshuffle. Byte-equal to shuffle_weight(layout=(16, 16)) of the page's [page_size, D] values.
  kShuffle,
};

// Index map of one page. The tensor's shape, uint8 [pages, page_size, D + 4*groups], hides that the
// page is block-flat: all values first, then all scales (vLLM indexer_k_quant_and_cache, DeepGEMM
// fp8_paged_mqa_logits, AITER indexer_k_quant_and_cache).
//
//   [0, page_size*D)                     FP8 values
//   [page_size*D, + 4*page_size*groups)  f32 scales, little endian, token-major, never shuffled
struct IndexerPage {
  uint32_t page_size;   // tokens
  uint32_t head_dim;    // D: values per token
  PageLayout layout;    //
  uint32_t groups = 1;  // scales per token, one for each head_dim/groups values

  // Whether the layout exists for these sizes. Calling the maps of an invalid page is an error.
  constexpr bool valid() const {
    if (page_size == 0 || head_dim == 0 || groups == 0 || head_dim % groups != 0) return false;
    return layout == PageLayout::kNormal || (page_size % 16 == 0 && head_dim % 16 == 0);
  }

  // Byte of value d of token t (t < page_size, d < head_dim) from the start of the page.
  constexpr uint64_t value_offset(uint32_t t, uint32_t d) const {
    if (layout == PageLayout::kNormal) return uint64_t(t) * head_dim + d;
    return uint64_t(t / 16) * 16 * head_dim + uint64_t(d / 16) * 256 + t % 16 * 16 + d % 16;
  }

  // First byte of the scale of token t and group g (g < groups).
  constexpr uint64_t scale_offset(uint32_t t, uint32_t g = 0) const {
    return uint64_t(page_size) * head_dim + (uint64_t(t) * groups + g) * 4;
  }

  // Bytes of a page: its stride in a packed cache. A cache may pad pages beyond this.
  constexpr uint64_t bytes() const {
    return uint64_t(page_size) * (uint64_t(head_dim) + 4 * uint64_t(groups));
  }
};

}  // namespace wavefuzz::quant

#endif  // WAVEFUZZ_QUANT_INDEXER_PAGE_H_
