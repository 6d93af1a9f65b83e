// MLA decode over a page table on matrix cores: v_mfma_f32_16x16x16_bf16 for both products. Entries
// become bf16 as they are loaded, values times their scales rounded to it, P is rounded to it, and
// everything else is f32. Arguments and results are those of mla_partial_* in mla_decode.hip, whose
// combine follows.
//
// One wave takes 16 heads of a sequence, the last ones perhaps padding, and a split of its keys, 16
// at a time. Operands of an instruction are 16x16. Lane l holds column l % 16 of the result and its
// rows 4q to 4q + 3, q = l / 16; of an operand, row or column l % 16 and those four of the summed
// axis. Scores are computed as S^T = K Q^T: a lane's scores are of one head, and as weights they
// are the operand of O^T = V^T P^T where they stand.
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
  tail_unmasked,      // keys behind the split's last one take part in the softmax
  v_tail_not_zeroed,  // entries behind the last key are read and multiplied by a weight of 0
  heads_unmasked,     // heads of padding are stored over those of the next sequence
  rope_dropped,       // the values with positions are left out of the score
};
constexpr Plant kPlant = Plant::PLANT;

typedef short Short4 __attribute__((ext_vector_type(4)));
typedef float Float4 __attribute__((ext_vector_type(4)));

constexpr int kWaveSize = 64;
constexpr int kBlock = 16;  // heads, keys and values of an instruction
constexpr int kMostV = 512;
constexpr float kLog2e = 1.44269504f;

struct Args {
  const uint16_t* q;
  const uint8_t* kv;
  const int* index;
  const int* lengths;
  float* partial_o;
  float* partial_lse;
  int64_t q_row, q_head, page_stride, index_stride;
  int heads, nope, rope, page_size, partials;
  float score_scale, v_scale;
};

// The lanes of one head: l, l ^ 16, l ^ 32, l ^ 48.
__device__ float head_max(float x) {
  x = fmaxf(x, __shfl_xor(x, 16));
  return fmaxf(x, __shfl_xor(x, 32));
}
__device__ float head_sum(float x) {
  x += __shfl_xor(x, 16);
  return x + __shfl_xor(x, 32);
}

__device__ Float4 mfma(Short4 a, Short4 b, Float4 c) {
  return __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(a, b, c, 0, 0, 0);
}

template <MlaEntry kEntry, Fp8 kFormat>
struct Key {
  const uint8_t* base;
  uint32_t t;
  bool there;

  __device__ Key(const Args& a, const int* pages, int position, int end) {
    there = position < end;
    const int at = there ? position : end - 1;
    base = a.kv + int64_t(pages[at / a.page_size]) * a.page_stride;
    t = static_cast<uint32_t>(at % a.page_size);
    if (kPlant == Plant::v_tail_not_zeroed) {
      t = static_cast<uint32_t>(position % a.page_size);
      there = position / a.page_size == at / a.page_size;
    }
  }

  __device__ short value(const MlaPage& page, uint32_t d) const {
    const uint64_t scale =
        page.group() != 0 && d < page.nope ? page.scale_offset(t, d / page.group()) : 0;
    return static_cast<short>(wavefuzz::quant::encode_bf16(
        wavefuzz::mla::value_at<kEntry, kFormat>(base, page, t, d, scale)));
  }
};

template <MlaEntry kEntry, Fp8 kFormat>
__device__ void attend(const Args& a) {
  const int lane = threadIdx.x;
  const int column = lane % kBlock;       // a head, or what is loaded: a key of K, a value of V
  const int quarter = lane / kBlock * 4;  // the first of the lane's four elements
  const int head = blockIdx.x * kBlock + column;
  const int64_t sequence = blockIdx.y;
  const int split = blockIdx.z;
  const MlaPage page = {kEntry, static_cast<uint32_t>(a.page_size), static_cast<uint32_t>(a.nope),
                        static_cast<uint32_t>(a.rope)};
  const int qk_dim = kPlant == Plant::rope_dropped ? a.nope : a.nope + a.rope;
  const int v_dim = static_cast<int>(page.v_dim());
  const int keys = a.lengths[sequence];
  const int chunk = (keys + static_cast<int>(gridDim.z) - 1) / static_cast<int>(gridDim.z);
  const int begin = split * chunk;
  const int end = min(keys, begin + chunk);
  const int* pages = a.index + sequence * a.index_stride;

  const uint16_t* q_row = a.q + sequence * a.q_row + head * a.q_head;

  const float scale = a.score_scale * kLog2e;
  float max = -INFINITY, sum = 0.0f;
  __shared__ Float4 o[kMostV / kBlock][kWaveSize];  // each lane its own
  const int v_blocks = (v_dim + kBlock - 1) / kBlock;
  for (int block = 0; block < v_blocks; ++block) o[block][lane] = Float4{};
  for (int tile = begin; tile < end; tile += kBlock) {
    const Key<kEntry, kFormat> key(a, pages, tile + column, end);
    Float4 scores = {};
#pragma unroll 1
    for (int first = 0; first < qk_dim; first += kBlock) {
      Short4 k = {}, q = {};
      for (int i = 0; i < 4; ++i) {
        const int d = first + quarter + i;
        if (d < qk_dim && key.there) k[i] = key.value(page, d);
        if (d < qk_dim && head < a.heads) q[i] = static_cast<short>(q_row[d]);
      }
      scores = mfma(k, q, scores);
    }
    float largest = max;
    for (int i = 0; i < 4; ++i) {
      const bool there = kPlant == Plant::tail_unmasked || tile + quarter + i < end;
      scores[i] = there ? scores[i] * scale : -INFINITY;
      largest = fmaxf(largest, scores[i]);
    }
    largest = head_max(largest);
    const float correction = __builtin_amdgcn_exp2f(max - largest);
    max = largest;
    Short4 p;
    float tile_sum = 0.0f;
    for (int i = 0; i < 4; ++i) {
      const float weight = __builtin_amdgcn_exp2f(scores[i] - max);
      tile_sum += weight;
      p[i] = static_cast<short>(wavefuzz::quant::encode_bf16(weight));
    }
    sum = sum * correction + head_sum(tile_sum);

    const Key<kEntry, kFormat> of_v[4] = {{a, pages, tile + quarter, end},
                                          {a, pages, tile + quarter + 1, end},
                                          {a, pages, tile + quarter + 2, end},
                                          {a, pages, tile + quarter + 3, end}};
#pragma unroll 1
    for (int block = 0; block < v_blocks; ++block) {
      const int d = block * kBlock + column;
      Short4 v = {};
      for (int i = 0; i < 4; ++i) {
        if (d < v_dim && of_v[i].there) v[i] = of_v[i].value(page, d);
      }
      o[block][lane] = mfma(v, p, o[block][lane] * correction);
    }
  }

  if (kPlant != Plant::heads_unmasked && head >= a.heads) return;
  const int64_t partial = (sequence * a.heads + head) * a.partials + split;
  if (lane < kBlock) a.partial_lse[partial] = max + __builtin_amdgcn_logf(sum);  // -inf: no key
  if (sum == 0.0f) return;
  for (int block = 0; block < v_blocks; ++block) {
    for (int i = 0; i < 4; ++i) {
      const int d = block * kBlock + quarter + i;
      if (d < v_dim) a.partial_o[partial * v_dim + d] = o[block][lane][i] / sum * a.v_scale;
    }
  }
}

}  // namespace

#define MLA_PARTIAL(symbol, entry, format)                                                      \
  extern "C" __global__ __launch_bounds__(kWaveSize) void symbol(                               \
      const uint16_t* q, const uint8_t* kv, const int* index, const int* lengths,               \
      float* partial_o, float* partial_lse, int64_t q_row, int64_t q_head, int64_t page_stride, \
      int64_t index_stride, int heads, int nope, int rope, int page_size, int partials,         \
      float score_scale, float v_scale) {                                                       \
    attend<entry, format>({q, kv, index, lengths, partial_o, partial_lse, q_row, q_head,        \
                           page_stride, index_stride, heads, nope, rope, page_size, partials,   \
                           score_scale, v_scale});                                              \
  }

MLA_PARTIAL(mla_partial_mfma_bf16_e4m3fn, MlaEntry::kBf16, Fp8::kE4m3fn)
MLA_PARTIAL(mla_partial_mfma_bf16_e4m3fnuz, MlaEntry::kBf16, Fp8::kE4m3fnuz)
MLA_PARTIAL(mla_partial_mfma_fp8_e4m3fn, MlaEntry::kFp8, Fp8::kE4m3fn)
MLA_PARTIAL(mla_partial_mfma_fp8_e4m3fnuz, MlaEntry::kFp8, Fp8::kE4m3fnuz)
MLA_PARTIAL(mla_partial_mfma_v32_e4m3fn, MlaEntry::kV32, Fp8::kE4m3fn)
MLA_PARTIAL(mla_partial_mfma_v32_e4m3fnuz, MlaEntry::kV32, Fp8::kE4m3fnuz)
MLA_PARTIAL(mla_partial_mfma_v4_e4m3fn, MlaEntry::kV4, Fp8::kE4m3fn)
MLA_PARTIAL(mla_partial_mfma_v4_e4m3fnuz, MlaEntry::kV4, Fp8::kE4m3fnuz)
