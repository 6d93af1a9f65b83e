// Paged attention decode, plain: every wave computes whole rows, in f32.
//
//   split   workgroup (kv head, sequence, split) of four waves. A wave takes every fourth row and
//           goes over its keys in tiles of 64. For the scores a lane is a key; for the weighted sum
//           of V a lane is every 64th dim, and the keys follow one another.
//   reduce  workgroup (query head, query token); only when there is more than one split.
//
// Arguments and layouts: paged_attention.h. FP8 caches are read in either encoding on either arch.
#include "gpu/kernels/paged_attention.h"

namespace {

constexpr int kWaves = 4;
constexpr int kGroupSize = kWaves * kWaveSize;
constexpr int kTile = kWaveSize;  // keys
constexpr int kMostHeadDim = 256;
constexpr int kDimsPerLane = kMostHeadDim / kWaveSize;

// How cache elements are read. `table` is the group's, for codes that the arch has no instruction
// for: v_cvt_f32_fp8 means e4m3fnuz on gfx942 and e4m3fn on gfx950.
struct Bf16Cache {
  static constexpr int kBytes = 2;
  static __device__ void make_table(float*) {}
  static __device__ void decode16(const uint8_t* from, const float*, float* to) {
    const uint4 words = *reinterpret_cast<const uint4*>(from);
    decode_pair(words.x, to);
    decode_pair(words.y, to + 2);
    decode_pair(words.z, to + 4);
    decode_pair(words.w, to + 6);
  }
  static __device__ float decode1(const uint8_t* from, const float*) {
    return wavefuzz::quant::decode_bf16(*reinterpret_cast<const uint16_t*>(from));
  }

 private:
  static __device__ void decode_pair(uint32_t word, float* to) {
    to[0] = __builtin_bit_cast(float, word << 16);
    to[1] = __builtin_bit_cast(float, word & 0xFFFF0000u);
  }
};

template <Fp8 kCodes>
struct Fp8Cache {
  static constexpr int kBytes = 1;
  static constexpr Fp8 kFormat =
      kPlant == Plant::fn_read_as_fnuz && kCodes == Fp8::kE4m3fn ? Fp8::kE4m3fnuz : kCodes;
#if defined(__gfx942__)
  static constexpr bool kNative = kFormat == Fp8::kE4m3fnuz;
#else
  static constexpr bool kNative = kFormat == Fp8::kE4m3fn;
#endif

  static __device__ void make_table(float* table) {
    if constexpr (!kNative) {
      for (int code = threadIdx.x; code < 256; code += kGroupSize)
        table[code] = wavefuzz::quant::decode(kFormat, static_cast<uint8_t>(code));
      __syncthreads();
    }
  }
  static __device__ void decode16(const uint8_t* from, const float* table, float* to) {
    const uint4 words = *reinterpret_cast<const uint4*>(from);
    decode4(words.x, table, to);
    decode4(words.y, table, to + 4);
    decode4(words.z, table, to + 8);
    decode4(words.w, table, to + 12);
  }
  static __device__ float decode1(const uint8_t* from, const float* table) {
    if constexpr (kNative) return __builtin_amdgcn_cvt_f32_fp8(*from, 0);
    return table[*from];
  }

 private:
  static __device__ void decode4(uint32_t word, const float* table, float* to) {
    if constexpr (kNative) {
      to[0] = __builtin_amdgcn_cvt_f32_fp8(word, 0);
      to[1] = __builtin_amdgcn_cvt_f32_fp8(word, 1);
      to[2] = __builtin_amdgcn_cvt_f32_fp8(word, 2);
      to[3] = __builtin_amdgcn_cvt_f32_fp8(word, 3);
    } else {
      for (int i = 0; i < 4; ++i) to[i] = table[word >> (8 * i) & 0xFF];
    }
  }
};

// LDS of one wave; other waves do not touch it, so that no barrier is needed.
struct WaveScratch {
  float q[kMostHeadDim];
  float weight[kTile];          // of V, its scale included
  const uint8_t* value[kTile];  // dim 0 of each key's V
};

__device__ float wave_max(float x) {
  for (int mask = kWaveSize / 2; mask > 0; mask /= 2) x = fmaxf(x, __shfl_xor(x, mask));
  return x;
}
__device__ float wave_sum(float x) {
  for (int mask = kWaveSize / 2; mask > 0; mask /= 2) x += __shfl_xor(x, mask);
  return x;
}

// Lanes of a wave see what the others have stored to LDS.
__device__ void wave_fence() {
  __builtin_amdgcn_fence(__ATOMIC_ACQ_REL, "wavefront");
  __builtin_amdgcn_wave_barrier();
}

template <typename Cache>
__device__ float dot(const float* q, const uint8_t* k, int64_t chunk_stride, int head_dim,
                     const float* table) {
  constexpr int kX = 16 / Cache::kBytes;  // dims of a key that lie together
  float sum = 0;
  for (int d = 0; d < head_dim; d += kX) {
    float values[kX];
    Cache::decode16(k + d / kX * chunk_stride, table, values);
    for (int i = 0; i < kX; ++i) sum = fmaf(q[d + i], values[i], sum);
  }
  return sum;
}

template <typename Q, typename Cache>
__device__ void attend(const PagedAttentionArgs& a) {
  __shared__ WaveScratch scratch_of[kWaves];
  __shared__ float table[256];
  Cache::make_table(table);

  const int kv_head = blockIdx.x;
  const int split = blockIdx.z;
  const int lane = threadIdx.x % kWaveSize;
  WaveScratch& scratch = scratch_of[threadIdx.x / kWaveSize];
  const Sequence sequence(a, blockIdx.y);
  const int32_t* pages = table_row(a, blockIdx.y);
  const PagedK k_page = {static_cast<uint32_t>(a.kv_heads), static_cast<uint32_t>(a.head_dim),
                         static_cast<uint32_t>(a.page_size), Cache::kBytes};
  const PagedV v_page = {static_cast<uint32_t>(a.kv_heads), static_cast<uint32_t>(a.head_dim),
                         static_cast<uint32_t>(a.page_size), Cache::kBytes,
                         a.v_shuffled ? VLayout::kShuffled : VLayout::kPlain};
  const int64_t k_chunk_stride = k_page.index_in_head(0, k_page.x()) * Cache::kBytes;
  const int64_t v_dim_stride = v_page.index_in_head(0, 1) * Cache::kBytes;
  const int64_t k_page_stride = packed_or(a, a.k_page_stride, Cache::kBytes);
  const int64_t v_page_stride = packed_or(a, a.v_page_stride, Cache::kBytes);
  const float score_scale = a.softmax_scale * kLog2E;

  const int split_begin = split * a.split_tokens;
  const int split_end = split_begin + a.split_tokens;
  for (int r = threadIdx.x / kWaveSize; r < sequence.tokens * a.gqa; r += kWaves) {
    const Row row(a, kv_head, r);
    const KeyRange visible = visible_keys(a, sequence, row.token);
    const int begin = max(visible.begin, split_begin);
    const int end = min(visible.end, split_end);
    const uint16_t* q =
        a.q + (sequence.first_token + row.token) * a.q_stride + int64_t{row.head} * a.head_dim;
    wave_fence();
    for (int d = lane; d < a.head_dim; d += kWaveSize) scratch.q[d] = Q::decode(q[d]);
    wave_fence();

    SoftmaxState state;
    float acc[kDimsPerLane] = {};
    for (int tile = begin; tile < end; tile += kTile) {
      const int key = tile + lane;
      float score = -kInfinity;
      float scale = 0;
      const uint8_t* value = nullptr;
      if (key < end) {
        const PageOf page(a, pages, key);
        const uint8_t* k = a.k_cache + page.offset(k_page_stride, a.k_head_stride, kv_head) +
                           k_page.index_in_head(page.row, 0) * Cache::kBytes;
        score = dot<Cache>(scratch.q, k, k_chunk_stride, a.head_dim, table);
        if constexpr (Cache::kBytes == 1) {
          score *= k_scale(a, page, kv_head);
          scale = v_scale(a, page, kv_head);
        } else {
          scale = 1;
        }
        score *= score_scale;
        value = a.v_cache + page.offset(v_page_stride, a.v_head_stride, kv_head) +
                v_page.index_in_head(page.row, 0) * Cache::kBytes;
      }
      int keys = min(kTile, end - tile);
      if constexpr (kPlant == Plant::v_tail_not_zeroed) {
        // Up to the end of the last page.
        keys = min(kTile, (end + a.page_size - 1) / a.page_size * a.page_size - tile);
        if (key >= end && lane < keys) {
          const PageOf page(a, pages, key);
          value = a.v_cache + page.offset(v_page_stride, a.v_head_stride, kv_head) +
                  v_page.index_in_head(page.row, 0) * Cache::kBytes;
        }
      }

      const float factor = state.rescale(wave_max(score));
      const float weight = exp2_approx(score - state.max);
      state.sum += wave_sum(weight);
      scratch.weight[lane] = weight * scale;
      scratch.value[lane] = value;
      wave_fence();
      for (float& sum : acc) sum *= factor;
      for (int t = 0; t < keys; ++t) {
        const float w = scratch.weight[t];
        const uint8_t* v = scratch.value[t] + lane * v_dim_stride;
        for (int i = 0; i < kDimsPerLane; ++i) {
          if (lane + i * kWaveSize < a.head_dim)
            acc[i] = fmaf(w, Cache::decode1(v + i * kWaveSize * v_dim_stride, table), acc[i]);
        }
      }
      wave_fence();
    }

    const RowOutput<Q> output(a, sequence, row, split);
    const float divisor = output.divisor(state);
    for (int i = 0; i < kDimsPerLane; ++i) {
      if (lane + i * kWaveSize < a.head_dim)
        output.store(state, lane + i * kWaveSize, acc[i] / divisor);
    }
    if (lane == 0) output.store_lse(state);
  }
}

}  // namespace

#define PAGED_ATTENTION_SPLIT(symbol, Q, Cache)                                              \
  extern "C" __global__ __launch_bounds__(kGroupSize) void symbol(PagedAttentionArgs args) { \
    attend<Q, Cache>(args);                                                                  \
  }

PAGED_ATTENTION_SPLIT(paged_attention_split_bf16_bf16, Bf16, Bf16Cache)
PAGED_ATTENTION_SPLIT(paged_attention_split_bf16_e4m3fn, Bf16, Fp8Cache<Fp8::kE4m3fn>)
PAGED_ATTENTION_SPLIT(paged_attention_split_bf16_e4m3fnuz, Bf16, Fp8Cache<Fp8::kE4m3fnuz>)
PAGED_ATTENTION_SPLIT(paged_attention_split_f16_bf16, F16, Bf16Cache)
PAGED_ATTENTION_SPLIT(paged_attention_split_f16_e4m3fn, F16, Fp8Cache<Fp8::kE4m3fn>)
PAGED_ATTENTION_SPLIT(paged_attention_split_f16_e4m3fnuz, F16, Fp8Cache<Fp8::kE4m3fnuz>)
PAGED_ATTENTION_REDUCE(paged_attention_reduce_bf16, Bf16)
PAGED_ATTENTION_REDUCE(paged_attention_reduce_f16, F16)
