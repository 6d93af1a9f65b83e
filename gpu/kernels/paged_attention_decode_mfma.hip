// Paged attention decode on matrix cores.
//
//   split   workgroup (kv head, sequence, split) of four waves. A wave takes every fourth block of
//           16 rows, the last one padded, and goes over their keys in tiles of 64.
//   reduce  as in paged_attention.h.
//
// Q K^T is v_mfma_f32_16x16x16_bf16; FP8 caches become bf16, exactly, as they are loaded. P V is
// the same, or, in the builds named fp8, v_mfma_f32_16x16x32_fp8_fp8 on the codes of the cache and
// on P quantised with one scale for each row and tile, as AITER's pa_fwd does it.
//
// Lane l holds column l % 16 of an instruction's result and its rows 4q to 4q + 3, q = l / 16; of
// an operand, row or column l % 16 and those four (fp8: twice four) of the summed axis. Scores are
// computed as S^T = K Q^T: a lane's scores are of one query row, and as weights they are the
// operand of O^T = V^T P^T where they stand.
#include "gpu/kernels/paged_attention.h"

namespace {

typedef short Short4 __attribute__((ext_vector_type(4)));
typedef float Float4 __attribute__((ext_vector_type(4)));

constexpr int kWaves = 4;
constexpr int kGroupSize = kWaves * kWaveSize;
constexpr int kBlock = 16;               // rows, keys and dims of an instruction
constexpr int kTile = 64;                // keys of a softmax step
constexpr int kBlocks = kTile / kBlock;  // of keys in a tile
constexpr int kMostHeadDim = 256;
constexpr int kDimBlocks = kMostHeadDim / kBlock;

// Where a lane's four keys of each block of a tile lie in V, at the lane's first dim, and how many
// of them are wanted.
struct ValueTile {
  const uint8_t* v[kBlocks];
  int count[kBlocks];
};

__device__ Float4 mfma(Short4 a, Short4 b, Float4 c) {
  return __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(a, b, c, 0, 0, 0);
}

// Four neighbours of a cache as bf16, of which the first `count` are wanted and the others become
// 0: whatever lies there, times a weight of 0 it must be 0.
struct Bf16Cache {
  static constexpr int kBytes = 2;
  static __device__ void make_table(uint16_t*) {}
  static __device__ Short4 load4(const uint8_t* from, int count, const uint16_t*) {
    uint64_t bits = *reinterpret_cast<const uint64_t*>(from);
    if (count < 4) bits &= (uint64_t{1} << (16 * count)) - 1;
    return __builtin_bit_cast(Short4, bits);
  }
};

template <Fp8 kFormat>
struct Fp8Cache {
  static constexpr int kBytes = 1;
#if defined(__gfx942__)
  static constexpr bool kNative = kFormat == Fp8::kE4m3fnuz;
#else
  static constexpr bool kNative = kFormat == Fp8::kE4m3fn;
#endif

  static __device__ uint16_t bf16_of(float x) {
    return static_cast<uint16_t>(__builtin_bit_cast(uint32_t, x) >> 16);  // exact for FP8
  }
  static __device__ void make_table(uint16_t* table) {
    if constexpr (!kNative) {
      for (int code = threadIdx.x; code < 256; code += kGroupSize)
        table[code] = bf16_of(wavefuzz::quant::decode(kFormat, static_cast<uint8_t>(code)));
      __syncthreads();
    }
  }
  static __device__ Short4 load4(const uint8_t* from, int count, const uint16_t* table) {
    uint32_t word = *reinterpret_cast<const uint32_t*>(from);
    if (count < 4) word &= (1u << (8 * count)) - 1;
    Short4 out;
    if constexpr (kNative) {
      out[0] = bf16_of(__builtin_amdgcn_cvt_f32_fp8(word, 0));
      out[1] = bf16_of(__builtin_amdgcn_cvt_f32_fp8(word, 1));
      out[2] = bf16_of(__builtin_amdgcn_cvt_f32_fp8(word, 2));
      out[3] = bf16_of(__builtin_amdgcn_cvt_f32_fp8(word, 3));
    } else {
      for (int i = 0; i < 4; ++i) out[i] = table[word >> (8 * i) & 0xFF];
    }
    return out;
  }
};

// The lanes that hold the same query row: l, l ^ 16, l ^ 32, l ^ 48.
__device__ float row_max(float x) {
  x = fmaxf(x, __shfl_xor(x, 16));
  return fmaxf(x, __shfl_xor(x, 32));
}
__device__ float row_sum(float x) {
  x += __shfl_xor(x, 16);
  return x + __shfl_xor(x, 32);
}
__device__ int block_min(int x) {
  for (int mask = kBlock / 2; mask > 0; mask /= 2) x = min(x, __shfl_xor(x, mask));
  return x;
}
__device__ int block_max(int x) {
  for (int mask = kBlock / 2; mask > 0; mask /= 2) x = max(x, __shfl_xor(x, mask));
  return x;
}

// O += P V of a tile, in bf16. `w` are the weights with the scales of V, `acc` is already rescaled.
template <typename Cache>
struct Bf16Product {
  static __device__ void add(const ValueTile& tile, const Float4 (&w)[kBlocks], int dim_blocks,
                             int64_t dim_stride, Float4 (&acc)[kDimBlocks], const uint16_t* table) {
    for (int b = 0; b < kBlocks; ++b) {
      Short4 weights;
      for (int i = 0; i < 4; ++i) weights[i] = wavefuzz::quant::encode_bf16(w[b][i]);
#pragma unroll
      for (int d = 0; d < kDimBlocks; ++d) {
        if (d >= dim_blocks) continue;
        Short4 values = {};
        if (tile.count[b] > 0)
          values = Cache::load4(tile.v[b] + d * dim_stride, tile.count[b], table);
        acc[d] = mfma(values, weights, acc[d]);
      }
    }
  }
};

// The same in the arch's own FP8, P as code = fp8(w * kLargest / largest w of the row in the tile).
struct Fp8Product {
#if defined(__gfx942__)
  static constexpr float kLargest = 240.0f;
#else
  static constexpr float kLargest = 448.0f;
#endif
  static constexpr float kLeast = 1e-6f;  // stands in for the largest weight of a row below it

  static __device__ uint32_t codes(Float4 w, float scale) {
    const int low = __builtin_amdgcn_cvt_pk_fp8_f32(w[0] * scale, w[1] * scale, 0, false);
    return __builtin_amdgcn_cvt_pk_fp8_f32(w[2] * scale, w[3] * scale, low, true);
  }
  static __device__ uint32_t load4(const uint8_t* from, int count) {
    const uint32_t word = *reinterpret_cast<const uint32_t*>(from);
    return count < 4 ? word & ((1u << (8 * count)) - 1) : word;
  }

  static __device__ void add(const ValueTile& tile, const Float4 (&w)[kBlocks], int dim_blocks,
                             int64_t dim_stride, Float4 (&acc)[kDimBlocks], const uint16_t*) {
    float largest = kLeast;
    for (int b = 0; b < kBlocks; ++b) {
      for (int i = 0; i < 4; ++i) largest = fmaxf(largest, w[b][i]);
    }
    largest = row_max(largest);
    const float scale = kLargest / largest;
    int64_t weights[kBlocks / 2];  // of two blocks: keys 4q to 4q + 3 of each
    for (int b = 0; b < kBlocks; b += 2) {
      weights[b / 2] =
          static_cast<int64_t>(codes(w[b], scale) | uint64_t{codes(w[b + 1], scale)} << 32);
    }
#pragma unroll
    for (int d = 0; d < kDimBlocks; ++d) {
      if (d >= dim_blocks) continue;
      Float4 sum = {};
      for (int b = 0; b < kBlocks; b += 2) {
        uint64_t values = 0;
        if (tile.count[b] > 0) values = load4(tile.v[b] + d * dim_stride, tile.count[b]);
        if (tile.count[b + 1] > 0)
          values |= uint64_t{load4(tile.v[b + 1] + d * dim_stride, tile.count[b + 1])} << 32;
        sum = __builtin_amdgcn_mfma_f32_16x16x32_fp8_fp8(static_cast<int64_t>(values),
                                                         weights[b / 2], sum, 0, 0, 0);
      }
      acc[d] += sum * (1 / scale);
    }
  }
};

template <typename Cache, typename Product>
__device__ void attend(const PagedAttentionArgs& a) {
  __shared__ uint16_t table[256];
  Cache::make_table(table);

  const int kv_head = blockIdx.x;
  const int split = blockIdx.z;
  const int lane = threadIdx.x % kWaveSize;
  const int column = lane % kBlock;       // a query row, or what is loaded: a key of K, a dim of V
  const int quarter = lane / kBlock * 4;  // the first of the lane's four elements
  const Sequence sequence(a, blockIdx.y);
  const int32_t* pages = table_row(a, blockIdx.y);
  const PagedK k_page = {static_cast<uint32_t>(a.kv_heads), static_cast<uint32_t>(a.head_dim),
                         static_cast<uint32_t>(a.page_size), Cache::kBytes};
  const PagedV v_page = {static_cast<uint32_t>(a.kv_heads), static_cast<uint32_t>(a.head_dim),
                         static_cast<uint32_t>(a.page_size), Cache::kBytes,
                         a.v_shuffled ? VLayout::kShuffled : VLayout::kPlain};
  const int64_t v_dim_stride = v_page.index_in_head(0, kBlock) * Cache::kBytes;
  const float score_scale = a.softmax_scale * kLog2E;
  const int dim_blocks = a.head_dim / kBlock;
  const int rows = sequence.tokens * a.gqa;
  const int split_begin = split * a.split_tokens;
  const int split_end = split_begin + a.split_tokens;

  for (int block = threadIdx.x / kWaveSize * kBlock; block < rows; block += kWaves * kBlock) {
    const bool is_row = block + column < rows;
    const Row row(a, kv_head, is_row ? block + column : 0);
    KeyRange keys = visible_keys(a, sequence, row.token);
    keys.begin = max(keys.begin, split_begin);
    keys.end = min(keys.end, split_end);
    // All that some row of the block sees, from a whole tile on.
    const bool sees_any = is_row && keys.begin < keys.end;
    const int begin = block_min(sees_any ? keys.begin : split_end) / kTile * kTile;
    const int end = block_max(sees_any ? keys.end : 0);

    Short4 q[kDimBlocks] = {};
    const uint16_t* q_row =
        a.q + (sequence.first_token + row.token) * a.q_stride + int64_t{row.head} * a.head_dim;
#pragma unroll
    for (int d = 0; d < kDimBlocks; ++d) {
      if (d < dim_blocks && is_row)
        q[d] = *reinterpret_cast<const Short4*>(q_row + d * kBlock + quarter);
    }

    SoftmaxState state;  // `sum` of this lane's keys only, until the end
    Float4 acc[kDimBlocks] = {};
    for (int tile = begin; tile < end; tile += kTile) {
      Float4 scores[kBlocks];
      Float4 v_scales[kBlocks];
      float tile_max = -kInfinity;
      for (int b = 0; b < kBlocks; ++b) {
        const int first = tile + b * kBlock;
        Float4 sum = {};
        const int key = first + column;
        const uint8_t* k = nullptr;
        if (key < end) {
          const PageOf page(a, pages, key);
          k = a.k_cache + page.offset(a.k_page_stride, a.k_head_stride, kv_head) +
              k_page.index_in_head(page.row, quarter) * Cache::kBytes;
        }
#pragma unroll
        for (int d = 0; d < kDimBlocks; ++d) {
          if (d >= dim_blocks) continue;
          Short4 values = {};
          if (key < end)
            values =
                Cache::load4(k + k_page.index_in_head(0, d * kBlock) * Cache::kBytes, 4, table);
          sum = mfma(values, q[d], sum);
        }
        for (int i = 0; i < 4; ++i) {
          const int key = first + quarter + i;
          float scale = score_scale;
          v_scales[b][i] = 1;
          if (Cache::kBytes == 1 && key < end) {
            const PageOf page(a, pages, key);
            sum[i] *= k_scale(a, page, kv_head);
            v_scales[b][i] = v_scale(a, page, kv_head);
          }
          const bool is_visible = is_row && key >= keys.begin && key < keys.end;
          scores[b][i] = is_visible ? sum[i] * scale : -kInfinity;
          tile_max = fmaxf(tile_max, scores[b][i]);
        }
      }

      const float old_max = state.max;
      state.max = fmaxf(state.max, row_max(tile_max));
      // A row that has seen no key yet: 0 stands in for -inf, so that weights are 0 and not NaN.
      const float max = state.empty() ? 0.0f : state.max;
      const float factor = exp2_approx(old_max - max);
      state.sum *= factor;
      for (int d = 0; d < kDimBlocks; ++d) acc[d] *= factor;
      ValueTile values;
      Float4 weights[kBlocks];
      for (int b = 0; b < kBlocks; ++b) {
        for (int i = 0; i < 4; ++i) {
          const float weight = exp2_approx(scores[b][i] - max);
          state.sum += weight;
          weights[b][i] = weight * v_scales[b][i];
        }
        const int first = tile + b * kBlock + quarter;
        values.count[b] = min(4, end - first);
        values.v[b] = nullptr;
        if (values.count[b] <= 0) continue;
        if (kPlant == Plant::v_tail_not_zeroed) values.count[b] = 4;
        const PageOf page(a, pages, first);
        values.v[b] = a.v_cache + page.offset(a.v_page_stride, a.v_head_stride, kv_head) +
                      v_page.index_in_head(page.row, column) * Cache::kBytes;
      }
      Product::add(values, weights, dim_blocks, v_dim_stride, acc, table);
    }

    state.sum = row_sum(state.sum);
    if (!is_row) continue;
    const RowOutput<Bf16> output(a, sequence, row, split);
    const float divisor = output.divisor(state);
#pragma unroll
    for (int d = 0; d < kDimBlocks; ++d) {
      if (d >= dim_blocks) continue;
      for (int i = 0; i < 4; ++i)
        output.store(state, d * kBlock + quarter + i, acc[d][i] / divisor);
    }
    if (quarter == 0) output.store_lse(state);
  }
}

}  // namespace

#define PAGED_ATTENTION_SPLIT(symbol, Cache, Product)                                        \
  extern "C" __global__ __launch_bounds__(kGroupSize) void symbol(PagedAttentionArgs args) { \
    attend<Cache, Product>(args);                                                            \
  }

using CacheFn = Fp8Cache<Fp8::kE4m3fn>;
using CacheFnuz = Fp8Cache<Fp8::kE4m3fnuz>;

PAGED_ATTENTION_SPLIT(paged_attention_mfma_split_bf16, Bf16Cache, Bf16Product<Bf16Cache>)
PAGED_ATTENTION_SPLIT(paged_attention_mfma_split_e4m3fn, CacheFn, Bf16Product<CacheFn>)
PAGED_ATTENTION_SPLIT(paged_attention_mfma_split_e4m3fnuz, CacheFnuz, Bf16Product<CacheFnuz>)
#if defined(__gfx942__)
PAGED_ATTENTION_SPLIT(paged_attention_fp8_split_e4m3fnuz, CacheFnuz, Fp8Product)
#else
PAGED_ATTENTION_SPLIT(paged_attention_fp8_split_e4m3fn, CacheFn, Fp8Product)
#endif
PAGED_ATTENTION_REDUCE(paged_attention_reduce_bf16, Bf16)
