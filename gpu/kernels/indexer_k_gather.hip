// Gathers the indexer's keys and scales from their pages into rows, for prefill (vLLM and AITER
// cp_gather_indexer_k_quant_cache). Token i of the output belongs to the sequence r with
// cu_seq_lens[r] <= i < cu_seq_lens[r + 1], its position there is p = i - cu_seq_lens[r], and it
// lies on page block_table[r][p / page_size].
//
// A position past the table's width, or a page that does not exist, gives scale 0 and leaves the
// values as they were (vLLM's guarded Triton form).
// PLANT builds the kernel with one of the planted bugs that the fuzzer must find.
#include <hip/hip_runtime.h>
#include <stdint.h>

#include "quant/indexer_page.h"

#ifndef PLANT
#define PLANT none
#endif

namespace {

using wavefuzz::quant::IndexerPage;
using wavefuzz::quant::PageLayout;

enum class Plant {
  none,
  page_stride_32bit,    // page * page_stride in 32 bits
  table_stride_width,   // the table's width taken for the stride of its rows
  bad_page_read,        // a page id of -1 is followed
  shuffle_ignored,      // a SHUFFLE page read as a NORMAL one
  empty_sequence_kept,  // a token at the start of a sequence behind an empty one goes to that one
  long_sequence_page,   // tokens from the 700th of a sequence on are looked for on its first page
};
constexpr Plant kPlant = Plant::PLANT;

constexpr int kGroupSize = 64;

struct Args {
  const uint8_t* kv_cache;
  const int32_t* block_table;  // [sequences, table_stride]
  const int32_t* cu_seq_lens;  // [sequences + 1]
  uint8_t* k;                  // [tokens, k_stride]
  float* scales;               // [tokens, groups]
  int64_t page_stride;         // bytes
  int64_t k_stride;            // bytes
  int64_t table_stride;        // elements
  int64_t pages;
  int sequences, table_width, head_dim, page_size, groups, shuffle;
};

__device__ int sequence_of(const Args& a, int token) {
  for (int r = 0; r < a.sequences; ++r) {
    const int end = a.cu_seq_lens[r + 1];
    if (token < end) return r;
    if (kPlant == Plant::empty_sequence_kept && token == end && a.cu_seq_lens[r] == end) return r;
  }
  return a.sequences - 1;
}

}  // namespace

// Grid: (tokens).
extern "C" __global__ __launch_bounds__(kGroupSize) void indexer_k_gather(Args a) {
  const int token = blockIdx.x;
  const int r = sequence_of(a, token);
  const int position = token - a.cu_seq_lens[r];
  int column = position / a.page_size;
  if constexpr (kPlant == Plant::long_sequence_page) {
    if (position >= 700) column = 0;
  }
  const int64_t stride = kPlant == Plant::table_stride_width ? a.table_width : a.table_stride;
  const int64_t id = column < a.table_width ? a.block_table[r * stride + column] : -1;
  const bool exists =
      (id >= 0 || (kPlant == Plant::bad_page_read && column < a.table_width)) && id < a.pages;
  if (!exists) {
    for (int g = threadIdx.x; g < a.groups; g += kGroupSize)
      a.scales[static_cast<int64_t>(token) * a.groups + g] = 0.0f;
    return;
  }
  const bool shuffle = a.shuffle && kPlant != Plant::shuffle_ignored;
  const IndexerPage page = {static_cast<uint32_t>(a.page_size), static_cast<uint32_t>(a.head_dim),
                            shuffle ? PageLayout::kShuffle : PageLayout::kNormal,
                            static_cast<uint32_t>(a.groups)};
  int64_t start = id * a.page_stride;
  if constexpr (kPlant == Plant::page_stride_32bit)
    start = static_cast<int32_t>(static_cast<uint32_t>(id) * static_cast<uint32_t>(a.page_stride));
  const uint8_t* base = a.kv_cache + start;
  const uint32_t row = static_cast<uint32_t>(position % a.page_size);
  for (int d = threadIdx.x; d < a.head_dim; d += kGroupSize)
    a.k[token * a.k_stride + d] = base[page.value_offset(row, d)];
  for (int g = threadIdx.x; g < a.groups; g += kGroupSize) {
    a.scales[static_cast<int64_t>(token) * a.groups + g] =
        *reinterpret_cast<const float*>(base + page.scale_offset(row, g));
  }
}
