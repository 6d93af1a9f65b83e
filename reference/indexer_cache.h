#ifndef WAVEFUZZ_REFERENCE_INDEXER_CACHE_H_
#define WAVEFUZZ_REFERENCE_INDEXER_CACHE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "quant/indexer_page.h"
#include "reference/quantise_rule.h"

/// The K cache of the sparse-attention indexer (DeepSeek-V3.2): what its writer stores and its
/// gather reads. Semantics: vLLM indexer_k_quant_and_cache and cp_gather_indexer_k_quant_cache
/// (csrc/cache_kernels.cu and their Triton twins), AITER's operators of the same names.
namespace wavefuzz::reference {

/// Where a slot lies. slot = page * page_size + token in the page.
struct IndexerCache {
  quant::IndexerPage page;
  uint64_t page_stride = 0;  ///< bytes from one page to the next; at least page.bytes()

  /// Byte offsets from the first page; slot >= 0.
  uint64_t value_offset(int64_t slot, uint32_t d) const;
  uint64_t scale_offset(int64_t slot, uint32_t group = 0) const;
};

/// One token's entry in the cache.
struct IndexerRow {
  int64_t token = 0;
  int64_t slot = 0;
  std::vector<uint8_t> codes;  ///< [head_dim] FP8
  std::vector<float> scales;   ///< [groups] f32, one for each head_dim / groups values
};

/// What the writer stores, in token order.
///
///   k             [rows, head_dim] values of the bf16 or f16 input, row t at t * k_stride elements
///   slot_mapping  [slots]; a negative slot leaves the token out: its values and its scale stay as
///   they are
///
/// Token t < min(rows, slots) is written; rows beyond the slot mapping (graph padding) are not.
/// Each scale is that of the largest |k| of its group; NaN takes no part in it (v_max_f32 and fmaxf
/// drop it). Where two tokens share a slot, either may be the one that stays.
std::vector<IndexerRow> indexer_k_quant(std::span<const float> k, uint64_t k_stride, int64_t rows,
                                        std::span<const int64_t> slot_mapping,
                                        const quant::IndexerPage& page, const QuantiseRule& rule);

/// Stores rows into the bytes of a cache, later ones over earlier ones. The cache must hold every
/// row's slot.
void store(std::span<const IndexerRow> rows, const IndexerCache& cache, std::span<uint8_t> bytes);

/// Which tokens a gather takes: sequence r has the tokens cu_seq_lens[r] .. cu_seq_lens[r+1] of the
/// output, its position p on page block_table[r * table_stride + p / page_size].
struct GatherPlan {
  std::span<const int32_t> block_table;  ///< [sequences, table_width], page ids
  uint64_t table_stride = 0;             ///< elements from one sequence's row to the next
  uint64_t table_width = 0;
  std::span<const int32_t> cu_seq_lens;  ///< [sequences + 1], ascending, first 0
  int64_t pages = 0;                     ///< pages in the cache
};

/// One gathered token; `row` is empty where the table names no page (id outside 0..pages-1, or a
/// position past the table's width): such a token's scale is 0 and its codes stay as they were
/// (vLLM's guarded Triton form).
struct GatheredRow {
  std::vector<uint8_t> codes;
  std::vector<float> scales;
  bool valid = false;
};

std::vector<GatheredRow> indexer_gather(std::span<const uint8_t> bytes, const IndexerCache& cache,
                                        const GatherPlan& plan);

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_INDEXER_CACHE_H_
