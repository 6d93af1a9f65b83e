// The paged V caches of paged attention on ROCm: plain [pages, H, D, page_size] and shuffled 5-D.
#ifndef WAVEFUZZ_QUANT_PAGED_V_H_
#define WAVEFUZZ_QUANT_PAGED_V_H_

#include <cstdint>

namespace wavefuzz::quant {

enum class VLayout : uint8_t {
  kPlain,     // [pages, H, D, page_size]: tokens innermost (vLLM paged_attention_rocm, AITER HIP)
  kShuffled,  // [pages, H, page_size/x, D, x]: AITER pa_fwd in assembly, its HIP kernel when 5-D
};

// Index map of the packed cache; x = 16/element_bytes elements. With fp8 and page_size 16 the two
// layouts are the same bytes.
struct PagedV {
  uint32_t kv_heads;       // H
  uint32_t head_dim;       // D
  uint32_t page_size;      // tokens; a multiple of x when shuffled
  uint32_t element_bytes;  // 1 or 2
  VLayout layout;

  constexpr uint32_t x() const { return 16 / element_bytes; }

  constexpr bool valid() const {
    return (element_bytes == 1 || element_bytes == 2) && kv_heads != 0 && page_size != 0 &&
           head_dim != 0 && (layout == VLayout::kPlain || page_size % x() == 0);
  }

  // Elements from one head, or one page, to the next in a packed cache.
  constexpr uint64_t head_stride() const { return uint64_t(head_dim) * page_size; }
  constexpr uint64_t page_stride() const { return head_stride() * kv_heads; }

  // Element index of dim d of token t within its page and head; see PagedK on strided caches.
  constexpr uint64_t index_in_head(uint32_t t, uint32_t d) const {
    if (layout == VLayout::kPlain) return uint64_t(d) * page_size + t;
    return (uint64_t(t / x()) * head_dim + d) * x() + t % x();
  }

  // Element index of (page, head h, token t of the page, dim d).
  constexpr uint64_t index(uint64_t page, uint32_t h, uint32_t t, uint32_t d) const {
    return page * page_stride() + h * head_stride() + index_in_head(t, d);
  }
};

}  // namespace wavefuzz::quant

#endif  // WAVEFUZZ_QUANT_PAGED_V_H_
