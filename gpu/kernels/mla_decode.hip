// Decode attention over a latent KV cache (MLA): one query token of each sequence and head against
// entries that all heads share; V is a part of K. Keys come from up to two scopes, each a cache of
// its own with its own page size and encoding: dense scopes by page table, sparse ones by rows of
// token slots in which -1 may stand anywhere. Semantics: FlashMLA's dense and sparse decode and
// vLLM's two-scope form of it.
//
//   mla_partial_ENTRY_DTYPE   one wave for each head, sequence and split: a normalised f32 O and
//                             a base-2 LSE of that split, or only LSE = -inf where it has no key
//   mla_combine_OUT           one wave for each head and sequence: merges the splits of all scopes,
//                             then applies the sink
//
//   q          [batch, heads, nope + rope] bf16
//   kv         pages of quant/mla_page.h, page p at p * page_stride bytes
//   index      [batch, width] i32, row stride index_stride: page ids (dense), or page * page_size +
//              offset (sparse)
//   lengths    [batch] i32: keys of each sequence, or entries of its index row; sparse: optional
//   sink       [heads] f32, natural units: O is multiplied by 1 / (1 + exp(sink - lse))
//   out        [batch, heads, v_dim], out_lse [batch, heads] f32 without the sink's share
//
// Keys are taken 16 at a time. All arithmetic is f32; FP8 values are multiplied by their scale
// first and rounded to f32.
//
// PLANT names a planted bug: one small change of the right kernel, which the fuzzer must find.
#include <hip/hip_runtime.h>
#include <stdint.h>

#include "gpu/kernels/mla_cache.h"

#ifndef PLANT
#define PLANT none
#endif

namespace {

using wavefuzz::quant::Fp8;
using wavefuzz::quant::MlaEntry;
using wavefuzz::quant::MlaPage;

enum class Plant {
  none,
  leading_block_nan,       // no guard for a block whose keys are all masked while max is still -inf
  empty_scope_plus_inf,    // a scope without keys says lse = +inf, and the merge takes it for a
                           // number
  sink_in_every_partial,   // each partial's denominator has the sink already
  sink_twice,              // the factor of the sink is applied to the output twice
  wrong_encoding,          // FP8 bytes read in the other encoding
  last_page_whole,         // the last page is read to its end
  topk_length_ignored,     // all entries of an index row are taken for keys
  page_stride_32bit,       // page * page_stride in 32 bits
  scales_in_token,         // V4 scales looked for behind each token's values, as in V3.2
  scale_of_first_group,    // every value of a V3.2 or V4 entry takes the first scale
  empty_split_finite_lse,  // a split without keys says lse = 0
  lse_base2,               // the LSE is returned in the base that it was computed in
  v_scale_dropped,         // the scale of an FP8 cache is applied to scores, not to V
  sink_in_lse,             // the returned LSE includes the sink
  long_context_tile,       // of more than 448 keys the last tile is left out
};
constexpr Plant kPlant = Plant::PLANT;

constexpr int kWaveSize = 64;
constexpr int kTile = 16;
constexpr int kMostDim = 576;
constexpr int kPerLane = kMostDim / kWaveSize;
constexpr float kLog2e = 1.44269504f;
constexpr float kLn2 = 0.693147182f;

__device__ float wave_max(float x) {
  for (int mask = kWaveSize / 2; mask > 0; mask /= 2) x = fmaxf(x, __shfl_xor(x, mask));
  return x;
}

__device__ float wave_sum(float x) {
  for (int mask = kWaveSize / 2; mask > 0; mask /= 2) x += __shfl_xor(x, mask);
  return x;
}

// The value of one lane in all lanes, whichever of them are active.
__device__ float lane_value(float x, int lane) {
  return __int_as_float(__builtin_amdgcn_readlane(__float_as_int(x), lane));
}

constexpr Fp8 read_as(Fp8 format) {
  if constexpr (kPlant == Plant::wrong_encoding) {
    return format == Fp8::kE4m3fn ? Fp8::kE4m3fnuz : Fp8::kE4m3fn;
  }
  return format;
}

// Value d of a token's K.
template <MlaEntry kEntry, Fp8 kFormat>
__device__ float value_of(const uint8_t* base, const MlaPage& page, uint32_t t, uint32_t d) {
  uint64_t scale = 0;
  if (page.group() != 0 && d < page.nope) {
    const uint32_t group = kPlant == Plant::scale_of_first_group ? 0 : d / page.group();
    scale = page.scale_offset(t, group);
    if constexpr (kPlant == Plant::scales_in_token && kEntry == MlaEntry::kV4) {
      scale = t * (page.token_bytes() + 8) + page.token_bytes() + group;
    }
  }
  return wavefuzz::mla::value_at<kEntry, read_as(kFormat)>(base, page, t, d, scale);
}

struct Scope {
  const uint16_t* q;
  const uint8_t* kv;
  const int* index;
  const int* lengths;
  const float* sink;
  float* partial_o;    // [batch, heads, partials, v_dim]
  float* partial_lse;  // [batch, heads, partials]
  int64_t q_row, q_head, page_stride, index_stride;
  int nope, rope, page_size, width;
  int partials, first_partial;
  bool dense, has_lengths, has_sink;
  float score_scale, v_scale;
};

// Where key `position` lies; a negative slot is no key.
__device__ int64_t slot_of(const Scope& s, const int* row, int position) {
  if (!s.dense) return row[position];
  return int64_t(row[position / s.page_size]) * s.page_size + position % s.page_size;
}

__device__ const uint8_t* page_of(const Scope& s, int64_t page) {
  if constexpr (kPlant == Plant::page_stride_32bit) {
    return s.kv +
           static_cast<int32_t>(static_cast<uint32_t>(page) * static_cast<uint32_t>(s.page_stride));
  }
  return s.kv + page * s.page_stride;
}

template <MlaEntry kEntry, Fp8 kFormat>
__device__ void attend(const Scope& s) {
  const int lane = threadIdx.x;
  const int64_t head = blockIdx.x;
  const int64_t sequence = blockIdx.y;
  const int split = blockIdx.z;
  const int splits = gridDim.z;
  const MlaPage page = {kEntry, static_cast<uint32_t>(s.page_size), static_cast<uint32_t>(s.nope),
                        static_cast<uint32_t>(s.rope)};
  const int qk_dim = s.nope + s.rope;
  const int v_dim = static_cast<int>(page.v_dim());

  int keys = s.width;
  if (s.has_lengths && !(kPlant == Plant::topk_length_ignored && !s.dense)) {
    keys = s.lengths[sequence];
  }
  if (kPlant == Plant::last_page_whole && s.dense) {
    keys = (keys + s.page_size - 1) / s.page_size * s.page_size;
  }
  if constexpr (kPlant == Plant::long_context_tile) {
    if (keys > 448) keys = (keys - 1) / kTile * kTile;
  }
  const int chunk = (keys + splits - 1) / splits;
  const int begin = split * chunk;
  const int end = min(keys, begin + chunk);
  const int* row = s.index + sequence * s.index_stride;

  float q[kPerLane], o[kPerLane];
  const uint16_t* q_row = s.q + sequence * s.q_row + head * s.q_head;
#pragma unroll
  for (int j = 0; j < kPerLane; ++j) {
    const int d = lane + j * kWaveSize;
    q[j] = d < qk_dim ? wavefuzz::quant::decode_bf16(q_row[d]) : 0.0f;
    o[j] = 0.0f;
  }

  const float scale = s.score_scale * kLog2e;
  float max = -INFINITY, sum = 0.0f;
  for (int tile = begin; tile < end; tile += kTile) {
    const int in_tile = min(kTile, end - tile);
    float score = -INFINITY;  // of key tile + lane
    for (int i = 0; i < in_tile; ++i) {
      const int64_t slot = slot_of(s, row, tile + i);
      if (slot < 0) continue;
      const uint8_t* base = page_of(s, slot / s.page_size);
      const uint32_t t = static_cast<uint32_t>(slot % s.page_size);
      float dot = 0.0f;
#pragma unroll
      for (int j = 0; j < kPerLane; ++j) {
        const int d = lane + j * kWaveSize;
        if (d < qk_dim) {
          dot = __builtin_fmaf(q[j], value_of<kEntry, kFormat>(base, page, t, d), dot);
        }
      }
      dot = wave_sum(dot) * scale;
      if (lane == i) score = dot;
    }
    const float new_max = fmaxf(max, wave_max(score));
    // No key so far: -inf - -inf is NaN.
    if (kPlant != Plant::leading_block_nan && new_max == -INFINITY) continue;
    const float correction = __builtin_amdgcn_exp2f(max - new_max);
    const float p = __builtin_amdgcn_exp2f(score - new_max);
    sum = sum * correction + wave_sum(p);
    max = new_max;
#pragma unroll
    for (int j = 0; j < kPerLane; ++j) o[j] *= correction;
    for (int i = 0; i < in_tile; ++i) {
      const int64_t slot = slot_of(s, row, tile + i);
      if (slot < 0) continue;
      const float weight = lane_value(p, i);
      const uint8_t* base = page_of(s, slot / s.page_size);
      const uint32_t t = static_cast<uint32_t>(slot % s.page_size);
#pragma unroll
      for (int j = 0; j < kPerLane; ++j) {
        const int d = lane + j * kWaveSize;
        if (d < v_dim) {
          o[j] = __builtin_fmaf(weight, value_of<kEntry, kFormat>(base, page, t, d), o[j]);
        }
      }
    }
  }

  const int64_t partial = (sequence * gridDim.x + head) * s.partials + s.first_partial + split;
  const bool empty = sum == 0.0f;
  if (lane == 0) {
    float lse = max + __builtin_amdgcn_logf(sum);
    if (empty)
      lse = kPlant == Plant::empty_scope_plus_inf     ? INFINITY
            : kPlant == Plant::empty_split_finite_lse ? 0.0f
                                                      : -INFINITY;
    s.partial_lse[partial] = lse;
  }
  if (empty && kPlant != Plant::empty_split_finite_lse) return;
  if (kPlant == Plant::sink_in_every_partial && s.has_sink) {
    sum += __builtin_amdgcn_exp2f(s.sink[head] * kLog2e - max);
  }
  if (kPlant == Plant::empty_split_finite_lse && empty) sum = 1.0f;
  const float v_scale = kPlant == Plant::v_scale_dropped ? 1.0f : s.v_scale;
#pragma unroll
  for (int j = 0; j < kPerLane; ++j) {
    const int d = lane + j * kWaveSize;
    if (d < v_dim) s.partial_o[partial * v_dim + d] = o[j] / sum * v_scale;
  }
}

struct Bf16 {
  uint16_t bits;
};
__device__ void store(Bf16* to, float x) { to->bits = wavefuzz::quant::encode_bf16(x); }
__device__ void store(float* to, float x) { *to = x; }

struct Combine {
  const float *partial_o, *partial_lse, *sink;
  int64_t out_row, out_head, lse_row, lse_head;
  int partials, v_dim;
  bool has_sink, base2, empty_plus_inf;
};

// Lane i weighs partial i.
template <typename Out>
__device__ void combine(const Combine& c, Out* out, float* out_lse) {
  const int lane = threadIdx.x;
  const int64_t head = blockIdx.x;
  const int64_t sequence = blockIdx.y;
  const int64_t first = (sequence * gridDim.x + head) * c.partials;
  const float lse = lane < c.partials ? c.partial_lse[first + lane] : -INFINITY;
  const float max = wave_max(lse);
  const bool empty = max == -INFINITY;
  const float weight = empty ? 0.0f : __builtin_amdgcn_exp2f(lse - max);
  const float sum = wave_sum(weight);
  const float merged = max + __builtin_amdgcn_logf(sum);

  float factor = 1.0f;
  const bool sink_left = c.has_sink && kPlant != Plant::sink_in_every_partial;
  if (sink_left && !empty) {
    factor = 1.0f / (1.0f + __builtin_amdgcn_exp2f(c.sink[head] * kLog2e - merged));
  }
  if (kPlant == Plant::sink_twice) factor *= factor;

  Out* out_row = out + sequence * c.out_row + head * c.out_head;
  for (int d = lane; d < c.v_dim; d += kWaveSize) {
    float o = 0.0f;
    for (int i = 0; i < c.partials; ++i) {
      const float w = lane_value(weight, i);
      if (w == 0.0f) continue;  // nothing was stored for a partial without keys
      o = __builtin_fmaf(w, c.partial_o[(first + i) * c.v_dim + d], o);
    }
    store(out_row + d, empty ? 0.0f : o / sum * factor);
  }
  if (lane == 0) {
    float stored = c.base2 || kPlant == Plant::lse_base2 ? merged : merged * kLn2;
    if (kPlant == Plant::sink_in_lse && c.has_sink) {
      const float a = c.sink[head] * kLog2e;
      const float total = merged + __builtin_amdgcn_logf(1.0f + __builtin_amdgcn_exp2f(a - merged));
      stored = c.base2 ? total : total * kLn2;
    }
    if (empty) stored = c.empty_plus_inf ? INFINITY : -INFINITY;
    out_lse[sequence * c.lse_row + head * c.lse_head] = stored;
  }
}

}  // namespace

#define MLA_PARTIAL(symbol, entry, format)                                                     \
  extern "C" __global__ __launch_bounds__(kWaveSize) void symbol(                              \
      const uint16_t* q, const uint8_t* kv, const int* index, const int* lengths,              \
      const float* sink, float* partial_o, float* partial_lse, int64_t q_row, int64_t q_head,  \
      int64_t page_stride, int64_t index_stride, int nope, int rope, int page_size, int width, \
      int partials, int first_partial, int dense, int has_lengths, int has_sink,               \
      float score_scale, float v_scale) {                                                      \
    attend<entry, format>({q,                                                                  \
                           kv,                                                                 \
                           index,                                                              \
                           lengths,                                                            \
                           sink,                                                               \
                           partial_o,                                                          \
                           partial_lse,                                                        \
                           q_row,                                                              \
                           q_head,                                                             \
                           page_stride,                                                        \
                           index_stride,                                                       \
                           nope,                                                               \
                           rope,                                                               \
                           page_size,                                                          \
                           width,                                                              \
                           partials,                                                           \
                           first_partial,                                                      \
                           dense != 0,                                                         \
                           has_lengths != 0,                                                   \
                           has_sink != 0,                                                      \
                           score_scale,                                                        \
                           v_scale});                                                          \
  }

MLA_PARTIAL(mla_partial_bf16_e4m3fn, MlaEntry::kBf16, Fp8::kE4m3fn)
MLA_PARTIAL(mla_partial_bf16_e4m3fnuz, MlaEntry::kBf16, Fp8::kE4m3fnuz)
MLA_PARTIAL(mla_partial_fp8_e4m3fn, MlaEntry::kFp8, Fp8::kE4m3fn)
MLA_PARTIAL(mla_partial_fp8_e4m3fnuz, MlaEntry::kFp8, Fp8::kE4m3fnuz)
MLA_PARTIAL(mla_partial_v32_e4m3fn, MlaEntry::kV32, Fp8::kE4m3fn)
MLA_PARTIAL(mla_partial_v32_e4m3fnuz, MlaEntry::kV32, Fp8::kE4m3fnuz)
MLA_PARTIAL(mla_partial_v4_e4m3fn, MlaEntry::kV4, Fp8::kE4m3fn)
MLA_PARTIAL(mla_partial_v4_e4m3fnuz, MlaEntry::kV4, Fp8::kE4m3fnuz)

#define MLA_COMBINE(symbol, Out)                                                                \
  extern "C" __global__ __launch_bounds__(kWaveSize) void symbol(                               \
      const float* partial_o, const float* partial_lse, const float* sink, Out* out,            \
      float* out_lse, int64_t out_row, int64_t out_head, int64_t lse_row, int64_t lse_head,     \
      int partials, int v_dim, int has_sink, int base2, int empty_plus_inf) {                   \
    combine<Out>({partial_o, partial_lse, sink, out_row, out_head, lse_row, lse_head, partials, \
                  v_dim, has_sink != 0, base2 != 0, empty_plus_inf != 0},                       \
                 out, out_lse);                                                                 \
  }

MLA_COMBINE(mla_combine_bf16, Bf16)
MLA_COMBINE(mla_combine_f32, float)
