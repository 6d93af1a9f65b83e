// Tile kernels over vectors of kWidth dwords, in GNU's vector types. Included once for each host
// ISA.
//
// A vector holds kWidth columns of one row of D. Lanes in which all is finite and no group's result
// is subnormal or overflows follow the rule in fixed point; for all others the definition is
// called.
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "gpu/sim/mfma/tile_kernels.h"

namespace wavefuzz::sim::mfma::internal {
namespace {

template <typename T, int kCount>
struct VectorOf {
  typedef T type __attribute__((vector_size(sizeof(T) * kCount)));
};

using I = VectorOf<int32_t, kWidth>::type;
using U = VectorOf<uint32_t, kWidth>::type;
using F = VectorOf<float, kWidth>::type;
using HalfI = VectorOf<int32_t, kWidth / 2>::type;
using Wide = VectorOf<int64_t, kWidth / 2>::type;
using WideU = VectorOf<uint64_t, kWidth / 2>::type;
using Double = VectorOf<double, kWidth / 2>::type;

#define MFMA_INLINE [[gnu::always_inline]] inline

template <typename V>
MFMA_INLINE V load(const void* from) {
  V v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}
template <typename V>
MFMA_INLINE void store(void* to, V v) {
  std::memcpy(to, &v, sizeof(v));
}
MFMA_INLINE I smaller(I x, I y) { return x < y ? x : y; }
MFMA_INLINE I larger(I x, I y) { return x > y ? x : y; }
MFMA_INLINE I all(int32_t x) { return x - I{}; }

MFMA_INLINE bool any(I mask) {
  uint64_t words[sizeof(I) / 8];
  std::memcpy(words, &mask, sizeof(mask));
  uint64_t found = 0;
  for (uint64_t word : words) found |= word;
  return found != 0;
}

MFMA_INLINE void halves(I x, HalfI& low, HalfI& high) {
  std::memcpy(&low, &x, sizeof(low));
  std::memcpy(&high, reinterpret_cast<const char*>(&x) + sizeof(low), sizeof(high));
}
MFMA_INLINE I joined(HalfI low, HalfI high) {
  I x;
  std::memcpy(&x, &low, sizeof(low));
  std::memcpy(reinterpret_cast<char*>(&x) + sizeof(low), &high, sizeof(high));
  return x;
}

// Below every product's exponent even when added to another operand's largest.
constexpr int kZeroExponent = -4096;

// An operand taken apart, [k][column].
struct alignas(64) Unpacked {
  // Signed: times 2^prescale; or, of formats with small exponents, the value as an f32 pattern.
  int32_t significand[kMaxK * 16];
  int32_t exponent[kMaxK * 16];
  int32_t special[kLanes];  // -1: the column holds Inf, NaN or a NaN scale
  int32_t nan[kLanes];      // -1: NaN or a NaN scale
};
// Every shape has at most 2048 elements in A.
static_assert(sizeof(Unpacked::significand) == 2048 * sizeof(int32_t));

MFMA_INLINE U element_codes(const uint32_t* lanes, int local, int bits, int dropped) {
  const int offset = local * bits;
  const uint32_t* const at = lanes + offset / 32 * kLanes;
  const int shift = offset % 32;
  U code = load<U>(at) >> shift;
  if (shift + bits > 32) code |= load<U>(at + kLanes) << (32 - shift);
  if (bits < 32) code &= (1u << bits) - 1;
  return code >> dropped;
}

template <bool kAsF32>
void unpack(const Operand& operand, int prescale, Unpacked& out) {
  const InputPlan& plan = *operand.plan;
  const FloatFormat format = operand.format;
  const int columns = plan.columns;
  const uint32_t sign_bit = 1u << (format.exponent_bits + format.mantissa_bits);
  const int32_t hidden = 1 << format.mantissa_bits;
  // As signed numbers, magnitudes compare like unsigned ones.
  const int32_t special_from =
      format.special_from > 0x7FFFFFFFu ? 0x7FFFFFFF : int32_t(format.special_from);
  const int32_t infinity = int32_t(format.infinity);
  const int32_t zero_is_nan = format.sign_only_is_nan ? -1 : 0;
  for (int column = 0; column < columns; column += kWidth) {
    I special = {}, nan = {};
    for (int group = 0; group < plan.groups; ++group) {
      const uint32_t* const lanes = operand.registers + group * columns + column;
      for (int local = 0; local < plan.per_lane; ++local) {
        const int k = plan.k[group * plan.per_lane + local];
        const U code = element_codes(lanes, local, operand.element_bits, operand.truncated_bits);
        const I magnitude = I(code & (sign_bit - 1));
        const I negative = I(code & sign_bit) != 0;
        const I biased = magnitude >> format.mantissa_bits;
        const I zero = magnitude == 0;
        const I here = (magnitude >= special_from) | (zero & negative & zero_is_nan);
        I significand = (magnitude & (hidden - 1)) | ((biased != 0) & hidden);
        significand = (significand << prescale) & ~here;
        I exponent = larger(biased, all(1)) - format.bias;
        significand = (significand ^ negative) - negative;
        if constexpr (kAsF32) {
          F scale;
          const I pattern = (exponent + (127 - format.mantissa_bits)) << 23;
          std::memcpy(&scale, &pattern, sizeof(scale));
          const F value = __builtin_convertvector(significand, F) * scale;
          std::memcpy(&significand, &value, sizeof(value));
        }
        special |= here;
        nan |= here & (magnitude != infinity);
        if (operand.scales != nullptr) {
          const uint8_t* const scales = operand.scales + k / 32 * columns + column;
          I scale = {};
          for (int i = 0; i < kWidth; ++i) scale[i] = scales[i];
          special |= scale == 0xFF;
          nan |= scale == 0xFF;
          exponent += scale - 127;
        }
        exponent = (zero | here) ? all(kZeroExponent) : exponent;
        store(out.significand + k * columns + column, significand);
        store(out.exponent + k * columns + column, exponent);
      }
    }
    store(out.special + column, special);
    store(out.nan + column, nan);
  }
}

// Where A's values for a vector of lanes come from: one row of one block for all lanes, or, where a
// block has fewer columns than a vector, each lane's own block.
struct RowBroadcast {
  const Unpacked& a;
  int columns;
  int row;
  MFMA_INLINE int32_t significand(int k) const { return a.significand[k * columns + row]; }
  MFMA_INLINE float value(int k) const { return __builtin_bit_cast(float, significand(k)); }
  MFMA_INLINE int32_t exponent(int k) const { return a.exponent[k * columns + row]; }
  MFMA_INLINE I special() const { return all(a.special[row]); }
};
struct RowPerLane {
  const Unpacked& a;
  int columns;
  const int32_t* index;  // of each lane's row among the columns
  MFMA_INLINE I gather(const int32_t* from) const {
    I out = {};
    for (int i = 0; i < kWidth; ++i) out[i] = from[index[i]];
    return out;
  }
  MFMA_INLINE I significand(int k) const { return gather(a.significand + k * columns); }
  MFMA_INLINE F value(int k) const {
    const I patterns = significand(k);
    return load<F>(&patterns);
  }
  MFMA_INLINE I exponent(int k) const { return gather(a.exponent + k * columns); }
  MFMA_INLINE I special() const { return gather(a.special); }
};

struct FixedSum {
  I sum;  // times 2^24
  I exponent;
};

// kCount products from `first` on, every kStride-th k. kAsF32: products are exact in f32, and its
// conversion to integers cuts as the rule does.
template <int kCount, int kStride, bool kAsF32, typename Row>
MFMA_INLINE FixedSum align(const Row& row, const Unpacked& b, int columns, int column, int first) {
  using Product = std::conditional_t<kAsF32, F, I>;
  Product product[kCount];
  I exponent[kCount];
  I most = all(2 * kZeroExponent);
#pragma GCC unroll 16
  for (int n = 0; n < kCount; ++n) {
    const int k = first + n * kStride;
    if constexpr (kAsF32)
      product[n] = row.value(k) * load<F>(b.significand + k * columns + column);
    else
      product[n] = row.significand(k) * load<I>(b.significand + k * columns + column);
    exponent[n] = row.exponent(k) + load<I>(b.exponent + k * columns + column);
    most = larger(most, exponent[n]);
  }
  I sum = {};
  if constexpr (kAsF32) {
    // Where all products are zero, any factor will do.
    const I pattern = (24 + 127 - larger(most, all(-64))) << 23;
    F factor;
    std::memcpy(&factor, &pattern, sizeof(factor));
#pragma GCC unroll 16
    for (int n = 0; n < kCount; ++n) sum += __builtin_convertvector(product[n] * factor, I);
  } else {
#pragma GCC unroll 16
    for (int n = 0; n < kCount; ++n) {
      const I sign = product[n] >> 31;
      const I magnitude = (product[n] ^ sign) - sign;
      const I cut = magnitude >> smaller(most - exponent[n], all(31));
      sum += (cut ^ sign) - sign;
    }
  }
  return {sum, most};
}

// high * 256 + low, cut by L_31 relative to its leading bit and rounded to 24 bits: the lower 23 of
// them, and above them the leading bit's power of two.
MFMA_INLINE HalfI rounded(HalfI high, HalfI low) {
  // Exact: both and the sum have at most 39 bits.
  const Double x =
      __builtin_convertvector(high, Double) * 256.0 + __builtin_convertvector(low, Double);
  WideU bits;
  std::memcpy(&bits, &x, sizeof(x));
  const WideU negative = WideU(Wide(bits) < 0);
  constexpr uint64_t kBelow = (uint64_t{1} << 21) - 1;
  bits &= ~uint64_t{0} >> 1;
  bits = (bits + (negative & kBelow)) & ~kBelow;
  bits = (bits + ((bits >> 29) & 1) + ((uint64_t{1} << 28) - 1)) >> 29;
  return __builtin_convertvector(bits - (uint64_t{1023} << 23), HalfI);
}

// The rule's steps after alignment: acc + sum, as f32 patterns. `bad`: lanes left to the
// definition.
template <bool kDropC>
MFMA_INLINE I add(I acc, FixedSum sum, int c_dropped_below, I& bad) {
  const I field = (acc >> 23) & 0xFF;
  bad |= field == 0xFF;
  const I sign = acc >> 31;
  I c = (acc & 0x7FFFFF) | ((field != 0) & 0x800000);
  c = (c ^ sign) - sign;
  const I c_exponent = larger(field, all(1)) - 127;

  const I exponent = larger(sum.exponent, c_exponent);
  const I down = exponent - sum.exponent;
  const I c_down = exponent - c_exponent;
  I late = (c << 1) >> smaller(c_down, all(31));
  if (kDropC) late &= c_down <= c_dropped_below;
  // X * 2^32 in two parts: what S' has below 2^-24 goes to `low`.
  const I high = (sum.sum >> smaller(down, all(31))) + late;
  const I deeper = larger(smaller(down - 8, all(31)), all(0));
  const I low = ((sum.sum >> deeper) << larger(8 - down, all(0))) & 0xFF;

  HalfI high_a, high_b, low_a, low_b;
  halves(high, high_a, high_b);
  halves(low, low_a, low_b);
  const I x = joined(rounded(high_a, low_a), rounded(high_b, low_b));
  const I result_field = (x >> 23) + exponent + (127 - 32);
  const I zero = (high | low) == 0;
  bad |= ~zero & ((result_field < 1) | (result_field > 254));
  const I result = (x & 0x7FFFFF) | I(U(result_field) << 23) | (high & int32_t(0x80000000));
  return result & ~zero;
}

// The products of the group that starts at k `first`.
template <int kGroup, bool kEvenOdd, bool kAsF32, typename Row>
MFMA_INLINE FixedSum group_sum(const Row& row, const Unpacked& b, int columns, int column,
                               int first) {
  if constexpr (!kEvenOdd) {
    return align<kGroup, 1, kAsF32>(row, b, columns, column, first);
  } else {
    const FixedSum even = align<kGroup / 2, 2, kAsF32>(row, b, columns, column, first);
    const FixedSum odd = align<kGroup / 2, 2, kAsF32>(row, b, columns, column, first + 1);
    const I exponent = larger(even.exponent, odd.exponent);
    return {(even.sum >> smaller(exponent - even.exponent, all(31))) +
                (odd.sum >> smaller(exponent - odd.exponent, all(31))),
            exponent};
  }
}

// acc[r] += row r . column, for kRows rows at a time: each waits long for its own last step.
template <int kGroup, bool kEvenOdd, bool kAsF32, int kRows, typename Row>
MFMA_INLINE void sum_groups(const Job& job, const Row (&row)[kRows], const Unpacked& b, int columns,
                            int column, I (&acc)[kRows], I (&bad)[kRows]) {
  const SumRule& rule = job.tile->rule;
  const int k = job.tile->shape.k;
  for (int first = 0; first < k; first += kGroup) {
    FixedSum sum[kRows];
    for (int r = 0; r < kRows; ++r) {
      sum[r] = group_sum<kGroup, kEvenOdd, kAsF32>(row[r], b, columns, column, first);
      if (rule.product_overflow) bad[r] |= sum[r].exponent >= 127;
    }
    for (int r = 0; r < kRows; ++r)
      acc[r] = add<kEvenOdd>(acc[r], sum[r], rule.c_dropped_below, bad[r]);
  }
}

template <int kGroup, bool kEvenOdd, bool kAsF32>
void aligned_groups(const Job& job) {
  const Shape& shape = job.tile->shape;
  const OutputPlan& out = *job.tile->output_plan;
  const int columns = job.b.plan->columns;
  Unpacked a, b;
  const int product_bits = job.a.format.mantissa_bits + job.b.format.mantissa_bits;
  unpack<kAsF32>(job.a, kAsF32 ? 0 : 24 - product_bits, a);
  unpack<kAsF32>(job.b, 0, b);
  const auto finish = [&](uint32_t offset, int column, int i, I acc, I bad) {
    if (any(bad)) [[unlikely]] {
      for (int lane = 0; lane < kWidth; ++lane) {
        if (bad[lane] == 0) continue;
        const int block = (column + lane) / shape.n;
        const int j = (column + lane) % shape.n;
        const uint32_t c = job.c[offset + lane];
        // Data poisoned with NaN is common, and this its only outcome.
        const bool nan = a.nan[block * shape.m + i] != 0 || b.nan[column + lane] != 0 ||
                         (c & 0x7FFFFFFFu) > 0x7F800000u;
        acc[lane] = nan ? 0x7FC00000 : int32_t(element(job, block, i, j, c));
      }
    }
    store(job.d + offset, acc);
  };
  if (shape.n < kWidth) {
    for (int i = 0; i < shape.m; ++i) {
      for (int column = 0; column < columns; column += kWidth) {
        int32_t index[kWidth];
        for (int lane = 0; lane < kWidth; ++lane)
          index[lane] = (column + lane) / shape.n * shape.m + i;
        const RowPerLane row[1] = {{a, columns, index}};
        const uint32_t offset = out.offset[i] + column;
        I bad[1] = {load<I>(b.special + column) | row[0].special()};
        I acc[1] = {load<I>(job.c + offset)};
        sum_groups<kGroup, kEvenOdd, kAsF32>(job, row, b, columns, column, acc, bad);
        finish(offset, column, i, acc[0], bad[0]);
      }
    }
    return;
  }
  for (int block = 0; block < shape.blocks; ++block) {
    for (int i = 0; i < shape.m; i += 4) {
      const int first = block * shape.m + i;
      const RowBroadcast row[4] = {{a, columns, first},
                                   {a, columns, first + 1},
                                   {a, columns, first + 2},
                                   {a, columns, first + 3}};
      for (int j = 0; j < shape.n; j += kWidth) {
        const int column = block * shape.n + j;
        I acc[4], bad[4];
        for (int r = 0; r < 4; ++r) {
          acc[r] = load<I>(job.c + out.offset[first + r] + j);
          bad[r] = load<I>(b.special + column) | row[r].special();
        }
        sum_groups<kGroup, kEvenOdd, kAsF32>(job, row, b, columns, column, acc, bad);
        for (int r = 0; r < 4; ++r)
          finish(out.offset[first + r] + j, column, i + r, acc[r], bad[r]);
      }
    }
  }
}

void aligned(const Job& job) {
  const SumRule& rule = job.tile->rule;
  const int group = job.tile->shape.k < rule.group ? job.tile->shape.k : rule.group;
  // Elements of at most 8 bits lie between 2^-17 and 2^16; block scales take them anywhere.
  if (rule.even_odd && job.a.scales == nullptr) return aligned_groups<16, true, true>(job);
  if (rule.even_odd) return aligned_groups<16, true, false>(job);
  if (group == 8) return aligned_groups<8, false, false>(job);
  aligned_groups<4, false, false>(job);
}

// Of the f32 shapes, where each lane holds one k: row k of an operand is `columns` lanes of its
// register.
void fma32(const Job& job) {
  const Shape& shape = job.tile->shape;
  const int columns = job.b.plan->columns;
  for (int block = 0; block < shape.blocks; ++block) {
    for (int i = 0; i < shape.m; ++i) {
      const uint32_t offset = job.tile->output_plan->offset[block * shape.m + i];
      float acc[32];
      std::memcpy(acc, job.c + offset, shape.n * sizeof(float));
      for (int k = 0; k < shape.k; ++k) {
        float a;
        std::memcpy(&a, job.a.registers + k * columns + block * shape.m + i, sizeof(a));
        const uint32_t* const row = job.b.registers + k * columns + block * shape.n;
        for (int j = 0; j < shape.n; ++j) {
          float b;
          std::memcpy(&b, row + j, sizeof(b));
          acc[j] = __builtin_fmaf(a, b, acc[j]);
        }
      }
      for (int j = 0; j < shape.n; ++j) {
        uint32_t bits;
        std::memcpy(&bits, &acc[j], sizeof(bits));
        job.d[offset + j] = (bits & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FC00000u : bits;
      }
    }
  }
}

// Of the f64 shapes, where each lane holds one k in two registers.
void fma64(const Job& job) {
  const Shape& shape = job.tile->shape;
  const int columns = job.b.plan->columns;
  const auto number = [](const uint32_t* low) {
    const uint64_t bits = low[0] | uint64_t(low[kLanes]) << 32;
    double x;
    std::memcpy(&x, &bits, sizeof(x));
    return x;
  };
  for (int block = 0; block < shape.blocks; ++block) {
    for (int i = 0; i < shape.m; ++i) {
      const uint32_t offset = job.tile->output_plan->offset[block * shape.m + i];
      for (int j = 0; j < shape.n; ++j) {
        double acc = number(job.c + offset + j);
        for (int k = 0; k < shape.k; ++k) {
          acc = __builtin_fma(number(job.a.registers + k * columns + block * shape.m + i),
                              number(job.b.registers + k * columns + block * shape.n + j), acc);
        }
        uint64_t bits;
        std::memcpy(&bits, &acc, sizeof(bits));
        if ((bits & ~uint64_t{0} >> 1) > 0x7FF0000000000000u) bits = 0x7FF8000000000000u;
        job.d[offset + j] = uint32_t(bits);
        job.d[offset + j + kLanes] = uint32_t(bits >> 32);
      }
    }
  }
}

void integer(const Job& job) {
  const Shape& shape = job.tile->shape;
  const InputPlan& plan = *job.b.plan;
  const int columns = plan.columns;
  alignas(64) int32_t a[kMaxK * 16], b[kMaxK * 16];
  const auto widen = [&](const uint32_t* registers, int32_t* out) {
    for (int group = 0; group < plan.groups; ++group) {
      for (int local = 0; local < plan.per_lane; ++local) {
        int32_t* const row = out + plan.k[group * plan.per_lane + local] * columns;
        for (int column = 0; column < columns; column += kWidth) {
          const U code = element_codes(registers + group * columns + column, local, 8, 0);
          store(row + column, I(code << 24) >> 24);
        }
      }
    }
  };
  widen(job.a.registers, a);
  widen(job.b.registers, b);
  for (int block = 0; block < shape.blocks; ++block) {
    for (int i = 0; i < shape.m; ++i) {
      const uint32_t offset = job.tile->output_plan->offset[block * shape.m + i];
      uint32_t acc[32];
      std::memcpy(acc, job.c + offset, shape.n * sizeof(uint32_t));
      for (int k = 0; k < shape.k; ++k) {
        const uint32_t x = uint32_t(a[k * columns + block * shape.m + i]);
        const int32_t* const row = b + k * columns + block * shape.n;
        for (int j = 0; j < shape.n; ++j) acc[j] += x * uint32_t(row[j]);
      }
      std::memcpy(job.d + offset, acc, shape.n * sizeof(uint32_t));
    }
  }
}

#undef MFMA_INLINE

}  // namespace
}  // namespace wavefuzz::sim::mfma::internal
