// The indices of the k largest logits of each row, in any order: the last step of the
// sparse-attention indexer (vLLM top_k_per_row_decode and top_k_per_row_prefill).
//
// A group of 256 lanes takes a row. A row of at most k columns is taken whole, in order, and padded
// with -1. Otherwise a histogram over the 8 leading bits of the logits rounded to f16 finds the bin
// in which the k-th largest lies. Logits in larger bins are out at once; those of that bin are
// ranked exactly, by comparing all with all where they are few, by a radix select over the f32 bits
// where they are many.
//
// Order: of the bits, so that +0 is above -0 and +NaN above +inf. Which of equal logits are taken
// at the end of the k is unspecified.
// PLANT builds the kernel with one of the planted bugs that the fuzzer must find.
#include <hip/hip_runtime.h>
#include <stdint.h>

#ifndef PLANT
#define PLANT none
#endif

namespace {

enum class Plant {
  none,
  row_end_negative,  // ctx - next_n + j + 1 is not kept from being negative
  bin_truncated,     // the bin is ranked by its first 256 logits, also where it has more
  ties_share_slot,   // equal logits of the bin get the same rank, and leave others unwritten
  ties_capped,       // at most 256 of equal logits are taken; -1 for the rest
  absolute_index,    // prefill: columns, not distances from the row's start
  long_row_tail,     // a row of more than 4096 columns loses what is behind its last whole 256
};
constexpr Plant kPlant = Plant::PLANT;

constexpr int kGroupSize = 256;
constexpr int kBins = 256;  // one for each lane
constexpr int kCandidates = 256;

enum Form : int { kDecode1d, kDecode2d, kPrefill };

struct Args {
  const float* logits;     // [rows, stride]
  const int32_t* lengths;  // decode: [rows / next_n], or [rows] when 2-D; prefill: row ends
  const int32_t* starts;   // prefill: row starts
  int32_t* indices;        // [rows, indices_stride]
  int64_t logits_stride;   // elements
  int64_t indices_stride;
  int k, next_n, form;
};

// Larger logits have larger keys.
__device__ uint32_t key_of(float logit) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, logit);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ uint32_t coarse_bin(float logit) {
  const uint16_t bits = __builtin_bit_cast(uint16_t, static_cast<_Float16>(logit));
  const uint16_t key = bits & 0x8000 ? ~bits : bits | 0x8000;
  return key >> 8;
}

struct Lds {
  uint32_t histogram[kBins];
  uint32_t above[kBins];  // logits in the bin's and all larger bins
  uint32_t bin;           // that has the wanted one
  uint32_t larger;        // logits in larger bins
  uint32_t written;       // slots of the output taken
  uint32_t candidates;
  uint32_t key[kCandidates];
  int32_t index[kCandidates];
};

__device__ void clear_histogram(Lds& lds) {
  lds.histogram[threadIdx.x] = 0;
  __syncthreads();
}

// Finds the bin in which the `wanted` largest logit lies (the first is 1).
__device__ void find_bin(Lds& lds, uint32_t wanted) {
  __syncthreads();
  lds.above[threadIdx.x] = lds.histogram[threadIdx.x];
  __syncthreads();
  for (int step = 1; step < kBins; step *= 2) {
    const uint32_t add = threadIdx.x + step < kBins ? lds.above[threadIdx.x + step] : 0;
    __syncthreads();
    lds.above[threadIdx.x] += add;
    __syncthreads();
  }
  const uint32_t larger = threadIdx.x + 1 < kBins ? lds.above[threadIdx.x + 1] : 0;
  if (larger < wanted && wanted <= lds.above[threadIdx.x]) {
    lds.bin = threadIdx.x;
    lds.larger = larger;
  }
  __syncthreads();
}

// Ranks the candidates by comparing each with all; those ranked below `wanted` go to out[base..].
__device__ void rank_candidates(Lds& lds, int32_t* out, uint32_t base, uint32_t wanted) {
  const uint32_t count = min(lds.candidates, static_cast<uint32_t>(kCandidates));
  if (threadIdx.x >= count) return;
  const uint32_t key = lds.key[threadIdx.x];
  uint32_t rank = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t other = lds.key[i];
    rank += other > key;
    if constexpr (kPlant != Plant::ties_share_slot) rank += other == key && i < threadIdx.x;
  }
  if (rank < wanted) out[base + rank] = lds.index[threadIdx.x];
}

__device__ void select(const Args& a, const float* row, int begin, int end, int32_t* out,
                       Lds& lds) {
  const int origin = kPlant == Plant::absolute_index ? 0 : begin;
  const uint32_t k = a.k;
  if constexpr (kPlant == Plant::long_row_tail) {
    if (end - begin > 4096) end -= (end - begin) % kGroupSize;
  }
  if (threadIdx.x == 0) lds.written = lds.candidates = 0;
  clear_histogram(lds);
  for (int i = begin + threadIdx.x; i < end; i += kGroupSize)
    atomicAdd(&lds.histogram[coarse_bin(row[i])], 1u);
  find_bin(lds, k);
  const uint32_t bin = lds.bin;
  const uint32_t larger = lds.larger;
  const uint32_t in_bin = lds.histogram[bin];
  const uint32_t wanted = k - larger;  // of the bin
  const bool few = in_bin <= kCandidates || kPlant == Plant::bin_truncated;
  for (int i = begin + threadIdx.x; i < end; i += kGroupSize) {
    const uint32_t of = coarse_bin(row[i]);
    if (of > bin) {
      out[atomicAdd(&lds.written, 1u)] = i - origin;
    } else if (few && of == bin) {
      const uint32_t slot = atomicAdd(&lds.candidates, 1u);
      if (slot >= kCandidates) continue;
      lds.key[slot] = key_of(row[i]);
      lds.index[slot] = i - origin;
    }
  }
  __syncthreads();
  if (few) return rank_candidates(lds, out, larger, wanted);

  // Radix select among the bin's logits: `known` leading bits of the key of the wanted one.
  uint32_t known = 0, mask = 0, left = wanted;
  for (int shift = 24; shift >= 0; shift -= 8) {
    __syncthreads();
    clear_histogram(lds);
    for (int i = begin + threadIdx.x; i < end; i += kGroupSize) {
      const uint32_t key = key_of(row[i]);
      if (coarse_bin(row[i]) == bin && (key & mask) == known)
        atomicAdd(&lds.histogram[key >> shift & 0xFF], 1u);
    }
    find_bin(lds, left);
    known |= lds.bin << shift;
    mask |= 0xFFu << shift;
    left -= lds.larger;
  }
  // `known` is now the key of the last one taken, of which `left` are taken.
  if (kPlant == Plant::ties_capped && left > kCandidates) {
    for (uint32_t i = threadIdx.x; i < left - kCandidates; i += kGroupSize) out[k - 1 - i] = -1;
    left = kCandidates;
  }
  for (int i = begin + threadIdx.x; i < end; i += kGroupSize) {
    if (coarse_bin(row[i]) != bin) continue;
    const uint32_t key = key_of(row[i]);
    if (key > known || (key == known && atomicAdd(&lds.candidates, 1u) < left))
      out[atomicAdd(&lds.written, 1u)] = i - origin;
  }
}

}  // namespace

// Grid: (rows).
extern "C" __global__ __launch_bounds__(kGroupSize) void top_k_per_row(Args a) {
  __shared__ Lds lds;
  const int64_t row = blockIdx.x;
  int begin = 0;
  int end = 0;
  if (a.form == kPrefill) {
    begin = a.starts[row];
    end = max(a.lengths[row], begin);  // a row may end before it begins: it is empty
  } else if (a.form == kDecode2d) {
    end = max(a.lengths[row], 0);
  } else {
    end = a.lengths[row / a.next_n] - a.next_n + static_cast<int>(row % a.next_n) + 1;
    if constexpr (kPlant != Plant::row_end_negative) end = max(end, 0);
  }
  const int length = end - begin;
  int32_t* out = a.indices + row * a.indices_stride;
  if (length > a.k) return select(a, a.logits + row * a.logits_stride, begin, end, out, lds);
  const int origin = kPlant == Plant::absolute_index ? begin : 0;
  for (int i = threadIdx.x; i < length; i += kGroupSize) out[i] = i + origin;
  for (int i = length + static_cast<int>(threadIdx.x); i < a.k; i += kGroupSize) out[i] = -1;
}
