// The paged K cache of paged attention on ROCm, [pages, H, D/x, page_size, x].
#ifndef WAVEFUZZ_QUANT_PAGED_K_H_
#define WAVEFUZZ_QUANT_PAGED_K_H_

#include <cstdint>

namespace wavefuzz::quant {

// Index map of the packed cache; x = 16/element_bytes elements, so that 16 bytes hold neighbouring
// dims of one token (vLLM paged_attention_rocm, AITER pa_fwd in assembly and HIP).
struct PagedK {
  uint32_t kv_heads;       // H
  uint32_t head_dim;       // D, a multiple of x
  uint32_t page_size;      // tokens
  uint32_t element_bytes;  // 1 or 2

  constexpr uint32_t x() const { return 16 / element_bytes; }

  constexpr bool valid() const {
    return (element_bytes == 1 || element_bytes == 2) && kv_heads != 0 && page_size != 0 &&
           head_dim != 0 && head_dim % x() == 0;
  }

  // Elements from one head, or one page, to the next in a packed cache.
  constexpr uint64_t head_stride() const { return uint64_t(head_dim) * page_size; }
  constexpr uint64_t page_stride() const { return head_stride() * kv_heads; }

  // Element index of dim d of token t within its page and head. Kernels take the page and head
  // strides as arguments: a strided cache adds its own instead of those above.
  constexpr uint64_t index_in_head(uint32_t t, uint32_t d) const {
    return (uint64_t(d / x()) * page_size + t) * x() + d % x();
  }

  // Element index of (page, head h, token t of the page, dim d).
  constexpr uint64_t index(uint64_t page, uint32_t h, uint32_t t, uint32_t d) const {
    return page * page_stride() + h * head_stride() + index_in_head(t, d);
  }
};

}  // namespace wavefuzz::quant

#endif  // WAVEFUZZ_QUANT_PAGED_K_H_
