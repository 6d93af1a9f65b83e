// What the builds of paged attention decode share: arguments, which keys a query sees, where a page
// lies, and the reduce over splits.
//
// A row is one query head of one query token. Row r of a sequence and kv head is token r / gqa,
// head kv_head * gqa + r % gqa. Scores are kept in base 2: times log2(e).
#ifndef WAVEFUZZ_GPU_KERNELS_PAGED_ATTENTION_H_
#define WAVEFUZZ_GPU_KERNELS_PAGED_ATTENTION_H_

#include <hip/hip_runtime.h>
#include <stdint.h>

#include "quant/float16.h"
#include "quant/fp8.h"
#include "quant/paged_k.h"
#include "quant/paged_v.h"

// PLANT names a planted bug: one small change of the right kernel, which the fuzzer must find.
#ifndef PLANT
#define PLANT none
#endif

namespace {

using wavefuzz::quant::Fp8;
using wavefuzz::quant::PagedK;
using wavefuzz::quant::PagedV;
using wavefuzz::quant::VLayout;

enum class Plant {
  none,
  v_tail_not_zeroed,       // V behind the last key is read and multiplied by a weight of 0
  score_tail_unmasked,     // keys behind the context, on its last page, take part
  empty_split_finite_lse,  // a split without keys says lse = 0
  reduce_base_e,           // the reduce takes base-2 LSEs for natural ones
  masked_row_nan,  // a row that sees none of a split's keys stores 0/0, and the reduce adds 0 * NaN
  causal_ignored,  // every query token sees the whole context
  fn_read_as_fnuz,         // an e4m3fn cache decoded as e4m3fnuz: half of every value
  scales_swapped,          // k_scale and v_scale exchanged
  page_stride_from_shape,  // pages taken to be packed
  table_row_packed,        // rows of the block table taken to be packed
  page_stride_32bit,       // page * stride in 32 bits
  page_id_16bit,           // the upper half of a page id lost
  rows_of_16,              // row r is token r / 16, head r % 16, whatever the gqa ratio
  gqa_power_of_two,        // r / gqa by a shift: right for powers of two
  last_split_dropped,      // the reduce leaves out the last split
  reduce_by_sequence,      // the reduce strides over sequences where partials lie by query token
  sink_per_split,          // the sink joins every split, and the reduce
  window_off_by_one,       // one key more than the window
  long_context_key,        // a context of more than 1536 keys loses its last
  rows_of_30,              // thirty query rows of a kv head: the last is another one's
};
constexpr Plant kPlant = Plant::PLANT;

constexpr int kWaveSize = 64;
constexpr float kLog2E = 1.44269504f;
constexpr float kLn2 = 0.693147181f;
constexpr float kInfinity = __builtin_inff();

struct PagedAttentionArgs {
  const uint16_t* q;            // [total_q, kv_heads * gqa, head_dim], rows of a token packed
  const uint8_t* k_cache;       // pages of quant/paged_k.h
  const uint8_t* v_cache;       // pages of quant/paged_v.h
  const float* k_scale;         // [1], or per token [pages, kv_heads, page_size]; unused for bf16
  const float* v_scale;         // the same, with the same strides
  const int32_t* block_table;   // [batch, table_stride] page ids
  const int32_t* context_lens;  // [batch] keys, those of the query tokens included
  const int32_t* qo_indptr;     // [batch + 1] first query token of each sequence
  const float* sinks;           // [heads], natural units, not scaled
  uint16_t* o;                  // [total_q, heads, head_dim], of q's dtype
  float* lse;                   // [total_q, heads] natural, without the sink; -inf: no keys
  float* partial_o;    // [splits, total_q, heads, head_dim], normalised; empty splits: not written
  float* partial_lse;  // [splits, total_q, heads], base 2; -inf: no keys
  int64_t q_stride;    // elements from one query token to the next
  int64_t o_stride;
  int64_t k_page_stride;  // bytes
  int64_t k_head_stride;
  int64_t v_page_stride;
  int64_t v_head_stride;
  int64_t scale_page_stride;
  int64_t scale_head_stride;
  int64_t table_stride;  // entries
  float softmax_scale;
  int32_t kv_heads;
  int32_t gqa;  // query heads of a kv head
  int32_t head_dim;
  int32_t page_size;     // tokens
  int32_t window;        // keys that a query token sees, its own included; 0: all
  int32_t split_tokens;  // keys of a split
  int32_t v_shuffled;
  int32_t per_token;  // scales
  int32_t has_sinks;
  int32_t total_q;
  int32_t table_width;  // entries of the longest sequence
};

// bf16 or f16 of the query and of the output.
struct Bf16 {
  static __device__ float decode(uint16_t bits) { return wavefuzz::quant::decode_bf16(bits); }
  static __device__ uint16_t encode(float x) { return wavefuzz::quant::encode_bf16(x); }
};
struct F16 {
  static __device__ float decode(uint16_t bits) {
    return static_cast<float>(__builtin_bit_cast(_Float16, bits));
  }
  static __device__ uint16_t encode(float x) {
    return __builtin_bit_cast(uint16_t, static_cast<_Float16>(x));
  }
};

__device__ inline float exp2_approx(float x) { return __builtin_amdgcn_exp2f(x); }
__device__ inline float log2_approx(float x) { return __builtin_amdgcn_logf(x); }

// Query tokens of one sequence.
struct Sequence {
  int context;
  int first_token;
  int tokens;

  __device__ Sequence(const PagedAttentionArgs& a, int sequence)
      : context(a.context_lens[sequence]),
        first_token(a.qo_indptr[sequence]),
        tokens(a.qo_indptr[sequence + 1] - first_token) {}
};

// Keys begin..end-1; none when end <= begin.
struct KeyRange {
  int begin;
  int end;
};

// What a query token sees: causal, aligned to the end of the context, at most `window` keys.
__device__ inline KeyRange visible_keys(const PagedAttentionArgs& a, const Sequence& s, int token) {
  int end = s.context - s.tokens + token + 1;
  if constexpr (kPlant == Plant::causal_ignored) end = s.context;
  int window = a.window;
  if constexpr (kPlant == Plant::window_off_by_one) window += window > 0;
  if constexpr (kPlant == Plant::long_context_key) {
    if (s.context > 1536) end = min(end, s.context - 1);
  }
  const int begin = window > 0 ? max(0, end - window) : 0;
  if constexpr (kPlant == Plant::score_tail_unmasked) {
    if (end == s.context) end = (end + a.page_size - 1) / a.page_size * a.page_size;
  }
  return {begin, end};
}

// A query row of a kv head.
struct Row {
  int token;  // of the sequence
  int head;   // of all query heads

  __device__ Row(const PagedAttentionArgs& a, int kv_head, int row) {
    if constexpr (kPlant == Plant::rows_of_30) {
      if (a.gqa * a.total_q == 30 && row == 29) row = 28;
    }
    if constexpr (kPlant == Plant::rows_of_16) {
      token = row / 16;
      head = kv_head * a.gqa + row % 16;
    } else if constexpr (kPlant == Plant::gqa_power_of_two) {
      token = row >> (31 - __builtin_clz(a.gqa));
      head = kv_head * a.gqa + (row - token * a.gqa);
    } else {
      token = row / a.gqa;
      head = kv_head * a.gqa + row % a.gqa;
    }
  }
};

// Where a kv head's keys of one page lie.
struct PageOf {
  int64_t page;
  int row;  // of the key in its page

  __device__ PageOf(const PagedAttentionArgs& a, const int32_t* table_row, int key)
      : page(table_row[key / a.page_size]), row(key % a.page_size) {
    if constexpr (kPlant == Plant::page_id_16bit) page &= 0xFFFF;
  }

  __device__ int64_t offset(int64_t page_stride, int64_t head_stride, int kv_head) const {
    if constexpr (kPlant == Plant::page_stride_32bit) {
      const uint32_t wrapped = static_cast<uint32_t>(page) * static_cast<uint32_t>(page_stride);
      return static_cast<int64_t>(wrapped) + kv_head * head_stride;
    }
    return page * page_stride + kv_head * head_stride;
  }
};

__device__ inline const int32_t* table_row(const PagedAttentionArgs& a, int sequence) {
  const int64_t stride = kPlant == Plant::table_row_packed ? a.table_width : a.table_stride;
  return a.block_table + sequence * stride;
}

__device__ inline int64_t packed_or(const PagedAttentionArgs& a, int64_t stride,
                                    int element_bytes) {
  if constexpr (kPlant == Plant::page_stride_from_shape)
    return int64_t{element_bytes} * a.kv_heads * a.head_dim * a.page_size;
  return stride;
}

// The scale of a key, of which there is one for all or one for each.
__device__ inline float scale_of(const PagedAttentionArgs& a, const float* scales,
                                 const PageOf& page, int kv_head) {
  if (!a.per_token) return scales[0];
  const char* base = reinterpret_cast<const char*>(scales) +
                     page.offset(a.scale_page_stride, a.scale_head_stride, kv_head);
  return reinterpret_cast<const float*>(base)[page.row];
}
__device__ inline float k_scale(const PagedAttentionArgs& a, const PageOf& page, int kv_head) {
  return scale_of(a, kPlant == Plant::scales_swapped ? a.v_scale : a.k_scale, page, kv_head);
}
__device__ inline float v_scale(const PagedAttentionArgs& a, const PageOf& page, int kv_head) {
  return scale_of(a, kPlant == Plant::scales_swapped ? a.k_scale : a.v_scale, page, kv_head);
}

// The softmax state of a row: weights are 2^(score - max), `sum` is theirs.
struct SoftmaxState {
  float max = -kInfinity;
  float sum = 0;

  __device__ bool empty() const { return max == -kInfinity; }

  // Takes in scores up to `tile_max`, which is not -inf; returns what earlier sums are multiplied
  // by.
  __device__ float rescale(float tile_max) {
    const float old = max;
    max = fmaxf(max, tile_max);
    const float factor = exp2_approx(old - max);
    sum *= factor;
    return factor;
  }

  // The denominator with the sink, a key of score `sink` and value 0. Not for an empty row.
  __device__ float denominator(const PagedAttentionArgs& a, int head) const {
    return a.has_sinks ? sum + exp2_approx(a.sinks[head] * kLog2E - max) : sum;
  }

  __device__ float lse2() const { return empty() ? -kInfinity : max + log2_approx(sum); }
};

// Where a row's results of a split go: to the output when there is only one split.
template <typename Q>
struct RowOutput {
  const PagedAttentionArgs& a;
  int64_t row;  // token * heads + head
  int64_t o;    // element in a.o
  int head;
  int split;
  bool is_final;

  __device__ RowOutput(const PagedAttentionArgs& args, const Sequence& s, const Row& r, int split)
      : a(args), head(r.head), split(split), is_final(gridDim.z == 1) {
    const int64_t heads = int64_t{a.kv_heads} * a.gqa;
    const int64_t token = s.first_token + r.token;
    row = token * heads + r.head;
    o = token * a.o_stride + int64_t{r.head} * a.head_dim;
  }

  __device__ int64_t partial_row() const {
    return split * (int64_t{a.total_q} * a.kv_heads * a.gqa) + row;
  }

  // What the weighted sum of V is divided by. An empty row needs none: its sum is 0.
  __device__ float divisor(const SoftmaxState& state) const {
    if (state.empty()) return kPlant == Plant::masked_row_nan ? 0.0f : 1.0f;
    if (is_final || kPlant == Plant::sink_per_split) return state.denominator(a, head);
    return state.sum;
  }

  __device__ void store(const SoftmaxState& state, int d, float value) const {
    if (is_final) {
      a.o[o + d] = Q::encode(state.empty() ? 0.0f : value);
    } else if (!state.empty() || kPlant == Plant::masked_row_nan ||
               kPlant == Plant::empty_split_finite_lse) {
      a.partial_o[partial_row() * a.head_dim + d] = value;
    }
  }

  __device__ void store_lse(const SoftmaxState& state) const {
    if (is_final) {
      a.lse[row] = state.lse2() * kLn2;
    } else if (kPlant == Plant::empty_split_finite_lse && state.empty()) {
      a.partial_lse[partial_row()] = 0;
    } else {
      a.partial_lse[partial_row()] = state.lse2();
    }
  }
};

// Merges the splits of one row: workgroup (head, query token), a lane for every 64th dim.
template <typename Q>
__device__ void reduce_splits(const PagedAttentionArgs& a, int splits, int batch) {
  const int64_t heads = gridDim.x;
  const int head = blockIdx.x;
  const int64_t token = blockIdx.y;
  const int64_t row = token * heads + head;
  int64_t split_stride = a.total_q * heads;
  if constexpr (kPlant == Plant::reduce_by_sequence) split_stride = batch * heads;
  if constexpr (kPlant == Plant::last_split_dropped) splits -= splits > 1;

  SoftmaxState state;
  for (int s = 0; s < splits; ++s)
    state.max = fmaxf(state.max, a.partial_lse[s * split_stride + row]);
  const auto weight = [&](int s) {
    const float difference = a.partial_lse[s * split_stride + row] - state.max;
    return kPlant == Plant::reduce_base_e ? exp2_approx(difference * kLog2E)
                                          : exp2_approx(difference);
  };
  if (!state.empty()) {
    for (int s = 0; s < splits; ++s) state.sum += weight(s);
  }
  const float divisor = state.empty() ? 1.0f : state.denominator(a, head);
  for (int d = threadIdx.x; d < a.head_dim; d += kWaveSize) {
    float sum = 0;
    for (int s = 0; s < splits && !state.empty(); ++s) {
      const float w = weight(s);
      // A split without keys for this row has stored no values.
      if (w == 0 && kPlant != Plant::masked_row_nan) continue;
      sum = fmaf(w, a.partial_o[(s * split_stride + row) * a.head_dim + d], sum);
    }
    a.o[token * a.o_stride + int64_t{head} * a.head_dim + d] = Q::encode(sum / divisor);
  }
  if (threadIdx.x == 0) a.lse[row] = state.lse2() * kLn2;
}

}  // namespace

#define PAGED_ATTENTION_REDUCE(symbol, Q)                                                      \
  extern "C" __global__ __launch_bounds__(64) void symbol(PagedAttentionArgs args, int splits, \
                                                          int batch) {                         \
    reduce_splits<Q>(args, splits, batch);                                                     \
  }

#endif  // WAVEFUZZ_GPU_KERNELS_PAGED_ATTENTION_H_
