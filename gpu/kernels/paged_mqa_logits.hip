// Scores of the sparse-attention indexer: paged multi-query attention logits over FP8 keys.
//
//   logits[b * next_n + j][key] = scale[key] * sum over heads h of weights[b * next_n + j][h] *
//                                 max(q[b][j][h] . k[key], 0)
//
// One lane has one key. A group of 256 lanes takes a request, an atom of at most two of its query
// tokens (next_n = 3 is an atom of two and a tail of one) and, one after the other, segments of 256
// keys: the keys are decoded into registers once and serve both tokens.
//
// paged_mqa_logits_mfma does the same by matrix instructions.
//
// Two ways to share the segments out: a static grid of (splits, atoms, requests), or a persistent
// one, whose groups walk the ranges that the plan kernel computed (DeepGEMM's scheduler metadata).
// PLANT builds the kernel with one of the planted bugs that the fuzzer must find.
#include <hip/hip_runtime.h>
#include <stdint.h>

#include "quant/fp8.h"
#include "quant/indexer_page.h"

#ifndef PLANT
#define PLANT none
#endif

namespace {

using wavefuzz::quant::Fp8;
using wavefuzz::quant::IndexerPage;
using wavefuzz::quant::PageLayout;

enum class Plant {
  none,
  tail_mask_missing,      // columns beyond a row's keys get the logit of whatever is there
  scales_interleaved,     // the scale is looked for behind its token's values
  next_n_tail_lost,       // next_n / 2 atoms: the odd token is never computed
  next_n_tail_row,        // the tail of an odd next_n writes the row of a full atom's first token
  relu_after_weight,      // relu of the weighted dot product: negative weights vanish
  last_segment_lost,      // the plan ends each request one segment early
  remainder_misassigned,  // the plan gives its remainder to no group
  long_request_segment,   // a request of more than 9 segments loses its last
};
constexpr Plant kPlant = Plant::PLANT;

constexpr int kSegment = 256;  // keys a group takes at a time, one for each lane
constexpr int kTokensOfAtom = 2;
constexpr int kMostHeads = 64;
constexpr int kMostHeadDim = 128;

// reference/mqa_mask.h says what they mean; the manifest passes them in this order.
enum Mask : int {
  kTorch,
  kVllmTriton,
  kAiter,
  kAiterRaggedK,
  kDeepGemm,
  kRagged,
  kRaggedCompressed,
};

struct Args {
  const uint8_t* q;             // [batch, next_n, heads, head_dim]
  const uint8_t* kv_cache;      // pages, quant/indexer_page.h
  const float* weights;         // [batch * next_n, heads]
  const int32_t* block_table;   // [batch, table_stride]
  const int32_t* context_lens;  // [batch], or [batch, next_n] with 2-D lengths; ragged: ke of each
                                // row
  const int32_t* row_starts;    // ragged: ks of each row
  float* logits;                // [batch * next_n, logits_stride]
  const int32_t* schedule;      // persistent: [groups + 1][2]
  int64_t page_stride;          // bytes
  int64_t logits_stride;        // elements, as the next two
  int64_t q_stride;             // from token to token
  int64_t table_stride;
  int batch, next_n, heads, head_dim, page_size, shuffle, width, mask, two_d, splits, groups;
};

struct Row {
  int begin, end;  // its keys
  int column;      // of key 0
  int fill_end;    // columns from `end` on that get -inf
};

__device__ int atoms_of(int next_n) {
  if (kPlant == Plant::next_n_tail_lost && next_n > 1) return next_n / kTokensOfAtom;
  return (next_n + kTokensOfAtom - 1) / kTokensOfAtom;
}

// Whether each row of a request has its own length.
__device__ bool per_row(const Args& a) {
  return a.two_d || a.mask == kRagged || a.mask == kRaggedCompressed;
}

__device__ int row_length(const Args& a, int b, int j) {
  if (per_row(a)) return max(a.context_lens[b * a.next_n + j], 0);
  return max(a.context_lens[b] - a.next_n + j + 1, 0);
}

// Keys that any row of the request has.
__device__ int keys_of_request(const Args& a, int b) {
  int keys = 0;
  for (int j = 0; j < a.next_n; ++j) keys = max(keys, row_length(a, b, j));
  if (a.mask == kAiterRaggedK) keys = max(a.context_lens[b], 0);
  return keys;
}

__device__ int round_up_to_segment(int keys) { return (keys + kSegment - 1) / kSegment * kSegment; }

// Segments that a request's groups walk: those of its keys, and, where the rule wants -inf to the
// end of the row, those of the row.
__device__ int segments_of_request(const Args& a, int b) {
  int columns = keys_of_request(a, b);
  if (a.mask == kTorch || a.mask == kRagged) columns = max(columns, a.width);
  int segments = (columns + kSegment - 1) / kSegment;
  if constexpr (kPlant == Plant::long_request_segment) {
    if (segments > 9) --segments;
  }
  return segments;
}

__device__ Row row_of(const Args& a, int b, int j, int keys) {
  Row row = {0, row_length(a, b, j), 0, 0};
  switch (a.mask) {
    case kTorch:
      row.fill_end = a.width;
      break;
    case kAiter:
      row.fill_end = round_up_to_segment(keys);
      break;
    case kAiterRaggedK:
      row.end = max(a.context_lens[b] - j + 1, 0);  // row 0: one key too many
      row.fill_end = round_up_to_segment(keys);
      break;
    case kRagged:
      row.begin = max(a.row_starts[b * a.next_n + j], 0);
      row.fill_end = a.width;
      break;
    case kRaggedCompressed:
      row.begin = max(a.row_starts[b * a.next_n + j], 0);
      row.column = -row.begin;
      break;
    default:
      break;
  }
  if (kPlant == Plant::tail_mask_missing && a.mask != kRagged && a.mask != kRaggedCompressed)
    row.end = min(round_up_to_segment(keys), (keys + a.page_size - 1) / a.page_size * a.page_size);
  return row;
}

// Whether the request has the key, so that its bytes may be read.
__device__ bool is_read(const Args& a, int keys, int key) {
  if constexpr (kPlant == Plant::tail_mask_missing)
    return key < (keys + a.page_size - 1) / a.page_size * a.page_size;
  return key < keys;
}

// Where a request's key lies.
struct KeyPlace {
  const uint8_t* page;
  uint32_t token;
};

__device__ KeyPlace place_of(const Args& a, int b, int key) {
  const int64_t id = a.block_table[b * a.table_stride + key / a.page_size];
  return {a.kv_cache + id * a.page_stride, static_cast<uint32_t>(key % a.page_size)};
}

__device__ uint64_t scale_offset(const IndexerPage& page, uint32_t token) {
  if constexpr (kPlant == Plant::scales_interleaved)
    return static_cast<uint64_t>(token) * (page.head_dim + 4) + page.head_dim;
  return page.scale_offset(token);
}

// Stores what the column of `key` holds: its logit, or -inf where the mask rule says so.
__device__ void store_logit(const Args& a, int b, int j, int count, const Row& row, int key,
                            float logit) {
  const bool is_key = key >= row.begin && key < row.end;
  const bool is_filled =
      (key < row.begin && a.mask == kRagged) || (key >= row.end && key < row.fill_end);
  if (!is_key && !is_filled) return;
  const int column = key + row.column;
  int64_t out_row = static_cast<int64_t>(b) * a.next_n + j;
  if constexpr (kPlant == Plant::next_n_tail_row)
    if (count == 1 && a.next_n > 1) out_row = static_cast<int64_t>(b) * a.next_n;
  if (column >= 0 && column < a.width)
    a.logits[out_row * a.logits_stride + column] = is_key ? logit : -__builtin_inff();
}

// The logits of one segment for the tokens [first, first + count) of request b. `q` is LDS for
// one token's heads * head_dim values.
template <int kHeadDim>
__device__ void segment(const Args& a, int b, int first, int count, int segment_index, int keys,
                        const float* table, float* q) {
  const int key = segment_index * kSegment + threadIdx.x;
  const IndexerPage page = {static_cast<uint32_t>(a.page_size), static_cast<uint32_t>(kHeadDim),
                            a.shuffle ? PageLayout::kShuffle : PageLayout::kNormal};
  float k[kHeadDim];
  float scale = 0.0f;
  if (is_read(a, keys, key)) {
    const KeyPlace place = place_of(a, b, key);
    scale = *reinterpret_cast<const float*>(place.page + scale_offset(page, place.token));
    for (int d = 0; d < kHeadDim; d += 16) {  // 16 values lie together in either layout
      const uint32_t* words =
          reinterpret_cast<const uint32_t*>(place.page + page.value_offset(place.token, d));
      for (int w = 0; w < 4; ++w) {
        const uint32_t codes = words[w];
        for (int i = 0; i < 4; ++i) k[d + 4 * w + i] = table[codes >> (8 * i) & 0xFF];
      }
    }
  } else {
    for (int d = 0; d < kHeadDim; ++d) k[d] = 0.0f;
  }
  for (int j = first; j < first + count; ++j) {
    const int64_t token = static_cast<int64_t>(b) * a.next_n + j;
    __syncthreads();  // q's last readers are done
    const uint8_t* codes = a.q + token * a.q_stride;
    for (int i = threadIdx.x; i < a.heads * kHeadDim; i += kSegment) q[i] = table[codes[i]];
    __syncthreads();
    const Row row = row_of(a, b, j, keys);
    float logit = 0.0f;
    if (key >= row.begin && key < row.end) {
      float sum = 0.0f;
      for (int h = 0; h < a.heads; ++h) {
        float dot = 0.0f;
        for (int d = 0; d < kHeadDim; ++d) dot = fmaf(q[h * kHeadDim + d], k[d], dot);
        const float weight = a.weights[token * a.heads + h];
        if constexpr (kPlant == Plant::relu_after_weight) {
          sum += fmaxf(dot * weight, 0.0f);
        } else {
          sum = fmaf(fmaxf(dot, 0.0f), weight, sum);
        }
      }
      logit = sum * scale;
    }
    store_logit(a, b, j, count, row, key, logit);
  }
}

struct Lds {
  float table[256];  // values of the codes
  float q[kMostHeads * kMostHeadDim];
};

__device__ void any_segment(const Args& a, int b, int atom, int segment_index, int keys, Lds& lds) {
  const int first = atom * kTokensOfAtom;
  const int count = min(kTokensOfAtom, a.next_n - first);
  switch (a.head_dim) {
    case 32:
      return segment<32>(a, b, first, count, segment_index, keys, lds.table, lds.q);
    case 64:
      return segment<64>(a, b, first, count, segment_index, keys, lds.table, lds.q);
    default:
      return segment<128>(a, b, first, count, segment_index, keys, lds.table, lds.q);
  }
}

// --- The same with matrix instructions ----------------------------------------------------------
// v_mfma_f32_16x16x32_fp8_fp8 in the arch's own format: A is 16 heads, B is 16 keys. Lane i has 8
// values of head (key) i % 16, those from 32 * step + i / 16 * 8 on, and of the product heads
// i / 16 * 4 .. + 3 of key i % 16. A wave takes 64 keys of a segment, 16 at a time.

typedef float Float4 __attribute__((ext_vector_type(4)));

__device__ long load_8(const uint8_t* codes) {
  const uint32_t* words = reinterpret_cast<const uint32_t*>(codes);
  return static_cast<long>(static_cast<uint64_t>(words[1]) << 32 | words[0]);
}

template <int kHeadDim>
__device__ void mfma_segment(const Args& a, int b, int first, int count, int segment_index,
                             int keys) {
  constexpr int kSteps = kHeadDim / 32;
  const int lane = threadIdx.x % 64;
  const int quarter = lane / 16;
  const IndexerPage page = {static_cast<uint32_t>(a.page_size), static_cast<uint32_t>(kHeadDim),
                            a.shuffle ? PageLayout::kShuffle : PageLayout::kNormal};
  for (int block = 0; block < 4; ++block) {
    const int key = segment_index * kSegment + threadIdx.x / 64 * 64 + block * 16 + lane % 16;
    long k[kSteps] = {};
    float scale = 0.0f;
    if (is_read(a, keys, key)) {
      const KeyPlace place = place_of(a, b, key);
      scale = *reinterpret_cast<const float*>(place.page + scale_offset(page, place.token));
      for (int step = 0; step < kSteps; ++step)
        k[step] = load_8(place.page + page.value_offset(place.token, 32 * step + quarter * 8));
    }
    for (int j = first; j < first + count; ++j) {
      const int64_t token = static_cast<int64_t>(b) * a.next_n + j;
      float sum = 0.0f;
      for (int h = 0; h < a.heads; h += 16) {
        Float4 dot = {0.0f, 0.0f, 0.0f, 0.0f};
        const int head = h + lane % 16;
        const uint8_t* q = a.q + token * a.q_stride + head * kHeadDim + quarter * 8;
        for (int step = 0; step < kSteps; ++step) {
          const long of_head = head < a.heads ? load_8(q + 32 * step) : 0;
          dot = __builtin_amdgcn_mfma_f32_16x16x32_fp8_fp8(of_head, k[step], dot, 0, 0, 0);
        }
        for (int i = 0; i < 4; ++i) {
          const int of_dot = h + quarter * 4 + i;
          const float weight = of_dot < a.heads ? a.weights[token * a.heads + of_dot] : 0.0f;
          sum = fmaf(fmaxf(dot[i], 0.0f), weight, sum);
        }
      }
      sum += __shfl_xor(sum, 16);
      sum += __shfl_xor(sum, 32);
      if (quarter == 0) store_logit(a, b, j, count, row_of(a, b, j, keys), key, sum * scale);
    }
  }
}

template <Fp8 kFormat>
__device__ void prepare(Lds& lds) {
  lds.table[threadIdx.x] = wavefuzz::quant::decode(kFormat, threadIdx.x);
  __syncthreads();
}

// Grid: (splits, atoms, batch).
template <Fp8 kFormat>
__device__ void static_grid(const Args& a) {
  __shared__ Lds lds;
  prepare<kFormat>(lds);
  const int b = blockIdx.z;
  const int atom = blockIdx.y;
  if (atom >= atoms_of(a.next_n)) return;
  const int keys = keys_of_request(a, b);
  const int segments = segments_of_request(a, b);
  const int of_split = (segments + a.splits - 1) / a.splits;
  const int begin = blockIdx.x * of_split;
  const int end = min(segments, begin + of_split);
  for (int s = begin; s < end; ++s) any_segment(a, b, atom, s, keys, lds);
}

__device__ void mfma_grid(const Args& a) {
  const int b = blockIdx.z;
  const int first = blockIdx.y * kTokensOfAtom;
  const int count = min(kTokensOfAtom, a.next_n - first);
  const int keys = keys_of_request(a, b);
  const int segments = segments_of_request(a, b);
  const int of_split = (segments + a.splits - 1) / a.splits;
  const int end = min(segments, static_cast<int>(blockIdx.x + 1) * of_split);
  for (int s = blockIdx.x * of_split; s < end; ++s) {
    if (a.head_dim == 32) {
      mfma_segment<32>(a, b, first, count, s, keys);
    } else if (a.head_dim == 64) {
      mfma_segment<64>(a, b, first, count, s, keys);
    } else {
      mfma_segment<128>(a, b, first, count, s, keys);
    }
  }
}

// Grid: (groups). Group i works from record i of the schedule to record i + 1, through the
// segments of an atom, the atoms of a request, the requests of the batch.
template <Fp8 kFormat>
__device__ void persistent(const Args& a) {
  __shared__ Lds lds;
  prepare<kFormat>(lds);
  const int atoms = atoms_of(a.next_n);
  int atom_index = a.schedule[2 * blockIdx.x];
  int s = a.schedule[2 * blockIdx.x + 1];
  const int end_atom = a.schedule[2 * blockIdx.x + 2];
  const int end_segment = a.schedule[2 * blockIdx.x + 3];
  while (atom_index < end_atom || (atom_index == end_atom && s < end_segment)) {
    const int b = atom_index / atoms;
    const int segments = segments_of_request(a, b);
    const int keys = keys_of_request(a, b);
    const int stop = atom_index == end_atom ? end_segment : segments;
    for (; s < stop; ++s) any_segment(a, b, atom_index % atoms, s, keys, lds);
    ++atom_index;
    s = 0;
  }
}

}  // namespace

// One lane computes the schedule: record i, for group i of `groups`, is the (atom of the batch,
// segment) where its work begins, record `groups` the end. total / groups segments for each, the
// remainder to the last ones, so that idle groups come first (DeepGEMM
// get_paged_mqa_logits_metadata).
extern "C" __global__ void paged_mqa_logits_plan(Args a, int32_t* schedule) {
  if (threadIdx.x != 0) return;
  const int atoms = atoms_of(a.next_n);
  const int lost = kPlant == Plant::last_segment_lost ? 1 : 0;
  int total = 0;
  for (int b = 0; b < a.batch; ++b) total += atoms * max(segments_of_request(a, b) - lost, 0);
  const int each = total / a.groups;
  const int remainder = total % a.groups;
  int b = 0, atom = 0;
  int before = 0;  // segments before (b, atom)
  for (int i = 0; i <= a.groups; ++i) {
    int start = i * each + max(0, i - (a.groups - remainder));
    if (kPlant == Plant::remainder_misassigned) start = i * each;
    while (b < a.batch) {
      const int segments = max(segments_of_request(a, b) - lost, 0);
      if (start < before + segments) break;
      before += segments;
      if (++atom == atoms) {
        atom = 0;
        ++b;
      }
    }
    schedule[2 * i] = b * atoms + atom;
    schedule[2 * i + 1] = start - before;
  }
}

#define PAGED_MQA_LOGITS(name, format)                                                       \
  extern "C" __global__ __launch_bounds__(kSegment) void paged_mqa_logits_##name(Args a) {   \
    static_grid<format>(a);                                                                  \
  }                                                                                          \
  extern "C" __global__ __launch_bounds__(kSegment) void paged_mqa_logits_persistent_##name( \
      Args a) {                                                                              \
    persistent<format>(a);                                                                   \
  }

PAGED_MQA_LOGITS(e4m3fn, Fp8::kE4m3fn)
PAGED_MQA_LOGITS(e4m3fnuz, Fp8::kE4m3fnuz)

extern "C" __global__ __launch_bounds__(kSegment) void paged_mqa_logits_mfma(Args a) {
  mfma_grid(a);
}
