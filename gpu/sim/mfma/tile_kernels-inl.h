// Tile kernels over vectors of kWidth dwords. Included once for each host ISA.
//
// A vector holds kWidth columns of one row of D. What a kernel does not hold for, such as Inf and
// NaN, it leaves to the definition, lane by lane.
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "gpu/sim/mfma/tile_kernels.h"
#include "gpu/sim/mfma/tile_vectors-inl.h"

namespace wavefuzz::sim::mfma::internal {
namespace {

// Rows of A for a vector of lanes: four consecutive ones of one block, the same for all lanes, ...
struct FourRows {
  static constexpr int kCount = 4;
  int first;
};
// ... or each lane's own.
struct OwnRows {
  static constexpr int kCount = 1;
  const int32_t* row;
};

MFMA_INLINE U element_codes(const uint32_t* lanes, int local, int bits, int dropped) {
  const int offset = local * bits;
  const uint32_t* const at = lanes + offset / 32 * kLanes;
  const int shift = offset % 32;
  U code = load<U>(at) >> shift;
  if (shift + bits > 32) code |= load<U>(at + kLanes) << (32 - shift);
  if (bits < 32) code &= (1u << bits) - 1;
  return code >> dropped;
}

// Lanes left to the definition: `bad` of row i of a vector of columns that starts at `column`.
template <typename Unpacked>
[[gnu::noinline]] I defined(const Job& job, const Unpacked& a, const Unpacked& b, uint32_t offset,
                            int column, int i, I acc, I bad) {
  const Shape& shape = job.tile->shape;
  for (int lane = 0; lane < kWidth; ++lane) {
    if (bad[lane] == 0) continue;
    const int block = (column + lane) / shape.n;
    const int j = (column + lane) % shape.n;
    const uint32_t c = job.c[offset + lane];
    // Data poisoned with NaN is common, and this its only outcome.
    const bool nan =
        a.is_nan(block * shape.m + i) || b.is_nan(column + lane) || (c & 0x7FFFFFFFu) > 0x7F800000u;
    acc[lane] = nan ? 0x7FC00000 : int32_t(element(job, block, i, j, c));
  }
  return acc;
}

// All of D, a vector of columns of FourRows or OwnRows at a time (several rows: each waits long for
// its own last step): calls body(rows, column, i, offsets), rows from row i of their block.
template <typename Body>
MFMA_INLINE void for_rows(const Job& job, const Body& body) {
  const Shape& shape = job.tile->shape;
  const OutputPlan& out = *job.tile->output_plan;
  if (shape.n < kWidth) {  // more than one block to a vector
    for (int i = 0; i < shape.m; ++i) {
      for (int column = 0; column < job.b.plan->columns; column += kWidth) {
        int32_t row[kWidth];
        for (int lane = 0; lane < kWidth; ++lane)
          row[lane] = (column + lane) / shape.n * shape.m + i;
        const uint32_t offset[1] = {out.offset[i] + uint32_t(column)};
        body(OwnRows{row}, column, i, offset);
      }
    }
    return;
  }
  for (int block = 0; block < shape.blocks; ++block) {
    for (int i = 0; i < shape.m; i += 4) {
      const int first = block * shape.m + i;
      for (int j = 0; j < shape.n; j += kWidth) {
        uint32_t offset[4];
        for (int r = 0; r < 4; ++r) offset[r] = out.offset[first + r] + uint32_t(j);
        body(FourRows{first}, block * shape.n + j, i, offset);
      }
    }
  }
}

// --- Products in f32 ----------------------------------------------------------------------------
//
// Every product is exact in f32 (at most 22 significant bits), so that scaled by 2^(24 - E0), the
// conversion to integers cuts it as the rule does. E0 comes from packed exponents beforehand: bytes
// or words, "distances" that are small where exponents are large, four or two k to a dword as the
// registers have them.
//
// A lane whose E0 lies where 2^(24 - E0) or products would leave f32's range is left to the
// definition. Runs with subnormal results flushed: a flushed product is far below the cut.

enum class Pack { kBytes, kWords };

// E0's field: 151 - E0, the exponent field of the f32 2^(24 - E0). Of bytes each element's distance
// is 15 - e (e is at most 15), of words 75 - e and 76 - e; zeros are far away.
constexpr int kZeroByte = 64, kZeroWord = 8192;
constexpr int kByteBias = 15, kWordBiasA = 75, kWordBiasB = 76;
constexpr int kFirstField = 25, kLastField = 211;
constexpr int kLastByteField = 151 - 30 + kZeroByte - 1;
// Of a sum that has products other than zeros.
template <Pack kPack>
constexpr int32_t kLastNonZero = kPack == Pack::kBytes ? kLastByteField : kZeroWord / 2;

// An operand's elements, 16 columns at a time: what belongs to one of those columns is kPitch apart
// from k to k, or from dword of k to dword.
constexpr int kPitch = 16;

struct alignas(64) Floats {
  float value[kMaxK * 16];
  int32_t distance[kMaxK / 2 * 16];
  bool any_special;         // without them the arrays below hold nothing
  int32_t special[kLanes];  // -1: the column holds Inf or NaN
  int32_t nan[kLanes];

  MFMA_INLINE bool is_nan(int column) const { return any_special && nan[column] != 0; }
};

// Where a column's first element is in an array of `depth` k or dwords.
MFMA_INLINE int place(int column, int depth) {
  return column / kPitch * kPitch * depth + column % kPitch;
}

// A format's numbers in the form the functions below use.
struct Decoding {
  int exponent_bits, mantissa_bits, bias, bits;
  uint32_t special_from, infinity;
  bool sign_only_is_nan;
};
MFMA_INLINE Decoding decoding(const Operand& operand) {
  const FloatFormat& f = operand.format;
  return {f.exponent_bits,
          f.mantissa_bits,
          f.bias,
          1 + f.exponent_bits + f.mantissa_bits,
          f.special_from,
          f.infinity,
          f.sign_only_is_nan};
}

// The value of codes in the highest bits of each dword; lower bits may hold anything. Inf and NaN
// come out as some number.
MFMA_INLINE F value_of(U code, const Decoding& d) {
  const uint32_t kept = ~uint32_t{0} << (32 - d.bits);
  if (d.exponent_bits == 8) return as<F>(code & kept);
  const int down = 8 - d.exponent_bits;
  const U magnitude = (code >> down) & ((kept & 0x7FFFFFFFu) >> down);
  // 1.f * 2^(field - bias), right where the field is not 0. There, 0.f * 2^(1 - bias) is less,
  // elsewhere more.
  const F normal = as<F>(magnitude + (uint32_t(127 - d.bias) << 23));
  const F least = as<F>(U{} + (uint32_t(128 - d.bias) << 23));
  const F value = minimum(normal, twice_minus(normal, least));
  return as<F>(as<U>(value) | (code & 0x80000000u));
}

// Distances of 4 or 2 elements in each dword.
template <Pack kPack>
MFMA_INLINE I distance_of(U x, const Decoding& d, int bias, I& special) {
  constexpr bool kIsBytes = kPack == Pack::kBytes;
  constexpr uint32_t kOne = kIsBytes ? 0x01010101u : 0x00010001u;
  const uint32_t sign = kIsBytes ? 0x80u : 0x8000u;
  const U magnitude = x & (kOne * (sign - 1));
  const U field = (x >> d.mantissa_bits) & (kOne * ((1u << d.exponent_bits) - 1));
  if constexpr (kIsBytes) {
    using Bytes = VectorOf<uint8_t, 4 * kWidth>::type;
    const Bytes biased = as<Bytes>(maximum_bytes(field, U{} + kOne));
    const Bytes zero = as<Bytes>(as<Bytes>(magnitude) == 0);
    if (d.sign_only_is_nan) special |= as<I>(as<Bytes>(x) == uint8_t(0x80));
    if (d.special_from <= 0x7F) special |= as<I>(as<Bytes>(magnitude) >= uint8_t(d.special_from));
    const Bytes distance = uint8_t(bias + d.bias) - biased;
    return as<I>((distance & ~zero) | (zero & uint8_t(kZeroByte)));
  } else {
    using Words = VectorOf<int16_t, 2 * kWidth>::type;
    const Words biased = as<Words>(maximum_words(field, U{} + kOne));
    const Words zero = as<Words>(magnitude) == 0;
    special |= as<I>(as<Words>(magnitude) >= int16_t(d.special_from));
    const Words distance = int16_t(bias + d.bias) - biased;
    return as<I>((distance & ~zero) | (zero & int16_t(kZeroWord)));
  }
}

// The same for one element in each dword, in the lowest bits; a number of 16 bits.
MFMA_INLINE I distance_of_one(U code, const Decoding& d, int bias, I& special) {
  const uint32_t sign = 1u << (d.bits - 1);
  const I magnitude = I(code & (sign - 1));
  const I biased = larger(magnitude >> d.mantissa_bits, all(1));
  const I zero = magnitude == 0;
  if (d.sign_only_is_nan) special |= code == sign;
  if (d.special_from <= 0x7FFFFFFFu) special |= magnitude >= int32_t(d.special_from);
  return zero ? all(kZeroWord) : (bias + d.bias) - biased;
}

// Which columns hold Inf and NaN.
[[gnu::noinline]] void find_specials(const Operand& operand, Floats& out) {
  const InputPlan& plan = *operand.plan;
  const Decoding d = decoding(operand);
  const uint32_t sign = 1u << (d.bits - 1);
  for (int column = 0; column < plan.columns; column += kWidth) {
    I special = {}, nan = {};
    for (int group = 0; group < plan.groups; ++group) {
      for (int local = 0; local < plan.per_lane; ++local) {
        const U code = element_codes(operand.registers + group * plan.columns + column, local,
                                     operand.element_bits, operand.truncated_bits);
        const U magnitude = code & (sign - 1);
        I here = magnitude >= d.special_from;
        if (d.sign_only_is_nan) here |= code == sign;
        special |= here;
        nan |= here & (magnitude != d.infinity);
      }
    }
    store(out.special + column, special);
    store(out.nan + column, nan);
  }
}

template <Pack kPack>
MFMA_INLINE I unpack_natural(const Operand& operand, const Decoding& d, int bias, Floats& out) {
  constexpr int kCount = kPack == Pack::kBytes ? 4 : 2, kBits = 32 / kCount;
  const InputPlan& plan = *operand.plan;
  const int columns = plan.columns, depth = plan.groups * plan.per_lane;
  I special = {};
  for (int column = 0; column < columns; column += kWidth) {
    float* const value = out.value + place(column, depth);
    int32_t* const distance = out.distance + place(column, depth / kCount);
    for (int group = 0; group < plan.groups; ++group) {
      const uint32_t* lanes = operand.registers + group * columns + column;
      const uint8_t* const ks = plan.k + group * plan.per_lane;
      for (int local = 0; local < plan.per_lane; local += kCount) {
        const U x = load<U>(lanes);
        const int k = ks[local];
        store(distance + k / kCount * kPitch, distance_of<kPack>(x, d, bias, special));
#pragma GCC unroll 4
        for (int i = 0; i < kCount; ++i)
          store(value + (k + i) * kPitch, value_of(x << (32 - kBits * (i + 1)), d));
        lanes += kLanes;
      }
    }
  }
  return special;
}

I unpack_any(const Operand& operand, const Decoding& d, int bias, Floats& out) {
  const InputPlan& plan = *operand.plan;
  const int columns = plan.columns, depth = plan.groups * plan.per_lane;
  I special = {};
  for (int column = 0; column < columns; column += kWidth) {
    float* const value = out.value + place(column, depth);
    int32_t* const distances = out.distance + place(column, depth / 2);
    for (int group = 0; group < plan.groups; ++group) {
      const uint32_t* const lanes = operand.registers + group * columns + column;
      for (int local = 0; local < plan.per_lane; local += 2) {
        const int k = plan.k[group * plan.per_lane + local];
        I distance[2];
        for (int i = 0; i < 2; ++i) {
          const U code =
              element_codes(lanes, local + i, operand.element_bits, operand.truncated_bits);
          distance[i] = distance_of_one(code, d, bias, special);
          store(value + (k + i) * kPitch, value_of(code << (32 - d.bits), d));
        }
        store(distances + k / 2 * kPitch, (distance[0] & 0xFFFF) | distance[1] << 16);
      }
    }
  }
  return special;
}

template <Pack kPack>
void unpack(const Operand& operand, int bias, Floats& out) {
  const Decoding d = decoding(operand);
  // Constant numbers make far shorter loops.
  const auto with = [&](int exponent_bits, int mantissa_bits, bool sign_only_is_nan) {
    Decoding fixed = d;
    fixed.exponent_bits = exponent_bits;
    fixed.mantissa_bits = mantissa_bits;
    fixed.bits = 1 + exponent_bits + mantissa_bits;
    fixed.sign_only_is_nan = sign_only_is_nan;
    if (sign_only_is_nan) fixed.special_from = ~0u;
    return unpack_natural<kPack>(operand, fixed, bias, out);
  };
  const bool short_exponent = d.exponent_bits < (kPack == Pack::kBytes ? 5 : 8);
  I special;
  if constexpr (kPack == Pack::kBytes) {
    if (d.sign_only_is_nan)
      special = short_exponent ? with(4, 3, true) : with(5, 2, true);
    else
      special = short_exponent ? with(4, 3, false) : with(5, 2, false);
  } else if (operand.element_bits == 16) {
    special = short_exponent ? with(5, 10, false) : with(8, 7, false);
  } else {
    special = unpack_any(operand, d, bias, out);
  }
  out.any_special = any(special);
  if (out.any_special) [[unlikely]]
    find_specials(operand, out);
}

// C in units of S, not yet cut: no number too small to tell is left, neither where the rule drops C
// nor where it cuts a negative one down to -1.
template <bool kEvenOdd>
MFMA_INLINE F scaled_c(I acc, F unit_inverse, int c_dropped_below) {
  const F c = as<F>(acc) * unit_inverse;
  if constexpr (kEvenOdd) {
    // Dropped means below 2^(24 - c_dropped_below) units.
    const int32_t least = c_dropped_below > 150 ? 0 : (151 - c_dropped_below) << 23;
    return as<F>(as<I>(c) & ((as<I>(c) & 0x7FFFFFFF) >= least));
  } else {
    const F tiny = F{} - 0x1p-30f;
    return as<F>(acc) < 0 ? minimum(c, tiny) : c;
  }
}

// The rule's steps after alignment, for any C: acc[r] += sum[r], where field[r] is E0's. `bad`:
// lanes left to the definition; whether there are any.
//
// |S| is at most 56.25 * 2^E0 (16 products of two e4m3 numbers; 8 of other types less than 32).
// From where C's exponent is 6 above E0 the unit grows with C, 2^(Ec - 29), so that |X| stays
// between 2^25 and 2^31 units: at least 2 bits go in rounding, and for what lies below the unit an
// odd last bit will do.
template <bool kEvenOdd, Pack kPack>
[[gnu::noinline]] bool add_any(int rows, I* acc, const I* sum, const I* fields, int c_dropped_below,
                               I* bad) {
  I any_bad = {};
  for (int r = 0; r < rows; ++r) {
    const I field = fields[r];
    const I zero = field > kLastNonZero<kPack>;
    const I c_field = (acc[r] >> 23) & 0xFF;
    bad[r] |= c_field == 0xFF;
    if constexpr (kPack == Pack::kWords)  // bytes' exponents are all within
      bad[r] |= ~zero & ((field < kFirstField) | (field > kLastField));
    any_bad |= bad[r];
    const I up = larger(c_field + field - (127 + 151 + 5), all(0));
    const I inverse = (field - up) << 23;
    const I c = floor_to_int(scaled_c<kEvenOdd>(acc[r], as<F>(inverse), c_dropped_below));
    const I x = plus(shift_right(sum[r], up), c);
    // The 3 bits below the unit, 2^(Ec - 32), are all that S' has; of them those that L_31 keeps,
    // seen from X's leading bit.
    const I below = shift_right(shift_left(sum[r], larger(3 - up, all(0))), larger(up - 3, all(0)));
    const I kept = shift_left(all(7), (x ^ (x >> 31)) >> 29) & 7;
    const I odd = x | (((below & kept) != 0) & 1);
    const F result = __builtin_convertvector(odd, F) * as<F>(minus(all(254 << 23), inverse));
    const I unchanged = acc[r] & (acc[r] != int32_t(0x80000000));
    acc[r] = zero ? unchanged : as<I>(result);
  }
  return any(any_bad);
}

// A's elements in an array from which column 0's, of 16 columns, is at `from`: row r's for all
// lanes, or each lane's at its own distance.
struct Same {
  static constexpr int kCount = 4;
  MFMA_INLINE F operator()(const float* from, int r) const { return from[r] - F{}; }
  MFMA_INLINE I operator()(const int32_t* from, int r) const { return all(from[r]); }
};
struct Scattered {
  static constexpr int kCount = 1;
  const int32_t* at;
  template <typename V, typename T>
  MFMA_INLINE V gather(const T* from) const {
    V out = {};
    for (int i = 0; i < kWidth; ++i) out[i] = from[at[i]];
    return out;
  }
  MFMA_INLINE F operator()(const float* from, int) const { return gather<F>(from); }
  MFMA_INLINE I operator()(const int32_t* from, int) const { return gather<I>(from); }
};

// Where a group's elements start.
struct Group {
  const float *a_value, *b_value;
  const int32_t *a_distance, *b_distance;
};

// acc[r] += row r . column over one group of products. `bad`: lanes left to the definition, if true
// is returned.
template <int kGroup, bool kEvenOdd, Pack kPack, typename Rows, int kRows = Rows::kCount>
MFMA_INLINE bool sum_group(const Group& group, const Rows& values, const Rows& distances,
                           int c_dropped_below, I (&acc)[kRows], I* bad) {
  constexpr int kPacked = kPack == Pack::kBytes ? 4 : 2;
  constexpr int kHalves = kEvenOdd ? 2 : 1;
  constexpr int kLast = kPack == Pack::kBytes ? kLastByteField : kLastField;
  I field[kHalves][kRows];
  F factor[kHalves][kRows];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
    I least = {};
#pragma GCC unroll 8
    for (int n = 0; n < kGroup / kPacked; ++n) {
      const I x = distances(group.a_distance + n * kPitch, r);
      const I y = load<I>(group.b_distance + n * kPitch);
      const I sum = kPack == Pack::kBytes ? add_bytes(x, y) : add_words(x, y);
      least = n == 0                  ? sum
              : kPack == Pack::kBytes ? minimum_bytes(least, sum)
                                      : minimum_words(least, sum);
    }
    if constexpr (kPack == Pack::kBytes) {
      least = minimum_bytes(least, I(U(least) >> 16));
      field[0][r] = (least & 0xFF) + (151 - 2 * kByteBias);
      field[kHalves - 1][r] = (I(U(least) >> 8) & 0xFF) + (151 - 2 * kByteBias);
    } else {
      const I even = (least << 16) >> 16, odd = least >> 16;
      field[0][r] = kEvenOdd ? even : smaller(even, odd);
      if constexpr (kEvenOdd) field[1][r] = odd;
    }
    for (int h = 0; h < kHalves; ++h) {
      const I within = kPack == Pack::kBytes ? field[h][r] : smaller(field[h][r], all(kLastField));
      factor[h][r] = as<F>(within << 23);
    }
  }

  // Nothing but zeros to add: masked keys, rows without a query.
  I nearest = field[0][0];
  for (int h = 0; h < kHalves; ++h)
    for (int r = 0; r < kRows; ++r) nearest = smaller(nearest, field[h][r]);
  if (!any(nearest <= kLastNonZero<kPack>)) {
    for (int r = 0; r < kRows; ++r) {
      const I c = acc[r] & (acc[r] != int32_t(0x80000000));
      acc[r] = (c & 0x7FFFFFFF) > 0x7F800000 ? all(0x7FC00000) : c;
    }
    return false;
  }

  I sum[kHalves][kRows] = {};
#pragma GCC unroll 2
  for (int h = 0; h < kHalves; ++h) {
#pragma GCC unroll 8
    for (int n = 0; n < kGroup / kHalves; ++n) {
      const int k = (n * kHalves + h) * kPitch;
      const F y = load<F>(group.b_value + k);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r)
        sum[h][r] = plus(sum[h][r], cut(values(group.a_value + k, r) * y * factor[h][r]));
    }
  }

  // Where |C| < 2^30 units of 2^(E0 - 24), and so |X| < 2^31 of them, neither S' nor X loses a bit.
  I all_sum[kRows], all_field[kRows], result[kRows];
  I least = all(kLast), most = all(kFirstField), largest_c = {};
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
    all_field[r] = field[0][r];
    all_sum[r] = sum[0][r];
    F unit_inverse = factor[0][r];
    if constexpr (kEvenOdd) {
      all_field[r] = smaller(field[0][r], field[1][r]);
      all_sum[r] = plus(shift_right(sum[0][r], field[0][r] - all_field[r]),
                        shift_right(sum[1][r], field[1][r] - all_field[r]));
      unit_inverse = minimum(factor[0][r], factor[1][r]);
    }
    const F c = scaled_c<kEvenOdd>(acc[r], unit_inverse, c_dropped_below);
    const I x = plus(all_sum[r], floor_to_int(c));
    const F unit = as<F>(minus(all(254 << 23), as<I>(unit_inverse)));
    result[r] = as<I>(__builtin_convertvector(x, F) * unit);
    largest_c = larger(largest_c, as<I>(c) & 0x7FFFFFFF);
    most = larger(most, all_field[r]);
    if constexpr (kPack == Pack::kWords) least = smaller(least, all_field[r]);
  }
  constexpr int32_t kLimit = (30 + 127) << 23;
  if (!any((largest_c >= kLimit) | (most > kLast) | (least < kFirstField))) [[likely]] {
    for (int r = 0; r < kRows; ++r) acc[r] = result[r];
    return false;
  }
  return add_any<kEvenOdd, kPack>(kRows, acc, all_sum, all_field, c_dropped_below, bad);
}

template <int kGroup, bool kEvenOdd, Pack kPack>
void aligned_f32(const Job& job) {
  constexpr int kPacked = kPack == Pack::kBytes ? 4 : 2;
  const int c_dropped_below = job.tile->rule.c_dropped_below, depth = job.tile->shape.k;
  Floats a, b;
  unpack<kPack>(job.a, kPack == Pack::kBytes ? kByteBias : kWordBiasA, a);
  unpack<kPack>(job.b, kPack == Pack::kBytes ? kByteBias : kWordBiasB, b);
  const bool any_special = a.any_special || b.any_special;
  for_rows(
      job, [&]<typename Rows, int kRows = Rows::kCount>(const Rows& rows, int column, int i,
                                                        const uint32_t(&offset)[kRows]) {
        Group group = {a.value, b.value + place(column, depth), a.distance,
                       b.distance + place(column, depth / kPacked)};
        I acc[kRows] = {}, bad[kRows];
        for (int r = 0; r < kRows; ++r) {
          acc[r] = load<I>(job.c + offset[r]);
          bad[r] = I{};
          if (any_special) [[unlikely]] {
            if (b.any_special) bad[r] = load<I>(b.special + column);
            if (!a.any_special) continue;
            if constexpr (kRows == 1)
              bad[r] |= Scattered{rows.row}(a.special, r);
            else
              bad[r] |= all(a.special[rows.first + r]);
          }
        }
        const auto sum = [&](const auto& values, const auto& distances) {
          bool any_bad = any_special;
          for (int first = 0; first < depth; first += kGroup) {
            any_bad |= sum_group<kGroup, kEvenOdd, kPack>(group, values, distances, c_dropped_below,
                                                          acc, bad);
            group.a_value += kGroup * kPitch;
            group.b_value += kGroup * kPitch;
            group.a_distance += kGroup / kPacked * kPitch;
            group.b_distance += kGroup / kPacked * kPitch;
          }
          return any_bad;
        };
        bool any_bad;
        if constexpr (kRows == 1) {
          int32_t value[kWidth], distance[kWidth];
          for (int lane = 0; lane < kWidth; ++lane) {
            value[lane] = place(rows.row[lane], depth);
            distance[lane] = place(rows.row[lane], depth / kPacked);
          }
          any_bad = sum(Scattered{value}, Scattered{distance});
        } else {
          group.a_value += place(rows.first, depth);
          group.a_distance += place(rows.first, depth / kPacked);
          any_bad = sum(Same(), Same());
        }
        for (int r = 0; r < kRows; ++r) {
          if (any_bad && any(bad[r])) [[unlikely]]
            acc[r] = defined(job, a, b, offset[r], column, i + r, acc[r], bad[r]);
          store(job.d + offset[r], acc[r]);
        }
      });
}

// --- Products in integers: block scales take exponents anywhere ---------------------------------

// Below every product's exponent even when added to another operand's largest.
constexpr int kZeroExponent = -4096;

struct FixedSum {
  I sum;  // times 2^24
  I exponent;
};

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

struct alignas(64) Integers {
  int32_t significand[kMaxK * 16];  // [k][column], signed, times 2^prescale
  int32_t exponent[kMaxK * 16];
  int32_t special[kLanes];  // -1: the column holds Inf, NaN or a NaN scale
  int32_t nan[kLanes];      // -1: NaN or a NaN scale

  MFMA_INLINE bool is_nan(int column) const { return nan[column] != 0; }
};

void unpack(const Operand& operand, int prescale, Integers& out) {
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
        store(out.significand + k * columns + column, (significand ^ negative) - negative);
        store(out.exponent + k * columns + column, exponent);
      }
    }
    store(out.special + column, special);
    store(out.nan + column, nan);
  }
}

// kCount products from `first` on, every other k.
template <int kCount>
MFMA_INLINE FixedSum align(int row, const Integers& a, const Integers& b, int columns, int column,
                           int first) {
  I product[kCount];
  I exponent[kCount];
  I most = all(2 * kZeroExponent);
#pragma GCC unroll 16
  for (int n = 0; n < kCount; ++n) {
    const int at = (first + 2 * n) * columns;
    product[n] = a.significand[at + row] * load<I>(b.significand + at + column);
    exponent[n] = a.exponent[at + row] + load<I>(b.exponent + at + column);
    most = larger(most, exponent[n]);
  }
  I sum = {};
#pragma GCC unroll 16
  for (int n = 0; n < kCount; ++n) {
    const I sign = product[n] >> 31;
    const I magnitude = (product[n] ^ sign) - sign;
    const I cut = magnitude >> smaller(most - exponent[n], all(31));
    sum += (cut ^ sign) - sign;
  }
  return {sum, most};
}

// The scaled instructions have one block and groups of 16 split by parity.
void aligned_scaled(const Job& job) {
  constexpr int kGroup = 16;
  const SumRule& rule = job.tile->rule;
  const int columns = job.b.plan->columns;
  Integers a, b;
  unpack(job.a, 24 - job.a.format.mantissa_bits - job.b.format.mantissa_bits, a);
  unpack(job.b, 0, b);
  for_rows(
      job, [&]<typename Rows, int kRows = Rows::kCount>(const Rows& rows, int column, int i,
                                                        const uint32_t(&offset)[kRows]) {
        if constexpr (kRows == 4) {
          for (int r = 0; r < kRows; ++r) {
            const int row = rows.first + r;
            I acc = load<I>(job.c + offset[r]);
            I bad = load<I>(b.special + column) | all(a.special[row]);
            for (int first = 0; first < job.tile->shape.k; first += kGroup) {
              const FixedSum even = align<kGroup / 2>(row, a, b, columns, column, first);
              const FixedSum odd = align<kGroup / 2>(row, a, b, columns, column, first + 1);
              const I exponent = larger(even.exponent, odd.exponent);
              const I sum = shift_right(even.sum, exponent - even.exponent) +
                            shift_right(odd.sum, exponent - odd.exponent);
              acc = add<true>(acc, {sum, exponent}, rule.c_dropped_below, bad);
            }
            if (any(bad)) [[unlikely]]
              acc = defined(job, a, b, offset[r], column, i + r, acc, bad);
            store(job.d + offset[r], acc);
          }
        }
      });
}

void aligned(const Job& job) {
  const SumRule& rule = job.tile->rule;
  const int group = job.tile->shape.k < rule.group ? job.tile->shape.k : rule.group;
  if (job.a.scales != nullptr) return aligned_scaled(job);
  if (!rule.even_odd)
    return group == 8 ? aligned_f32<8, false, Pack::kWords>(job)
                      : aligned_f32<4, false, Pack::kWords>(job);
  if (job.a.element_bits == 8 && job.b.element_bits == 8)
    return aligned_f32<16, true, Pack::kBytes>(job);
  aligned_f32<16, true, Pack::kWords>(job);
}

// --- FMA chains and integers --------------------------------------------------------------------

// The f32 shapes: each lane holds one k, so that row k of an operand is `columns` lanes of its
// register.
void fma32(const Job& job) {
  const int columns = job.b.plan->columns, depth = job.tile->shape.k;
  const float* const a = reinterpret_cast<const float*>(job.a.registers);
  for_rows(
      job, [&]<typename Rows, int kRows = Rows::kCount>(const Rows& rows, int column, int,
                                                        const uint32_t(&offset)[kRows]) {
        F acc[kRows] = {};
        for (int r = 0; r < kRows; ++r) acc[r] = load<F>(job.c + offset[r]);
        for (int k = 0; k < depth; ++k) {
          const F y = load<F>(job.b.registers + k * columns + column);
          for (int r = 0; r < kRows; ++r) {
            if constexpr (kRows == 1)
              acc[r] = fused(Scattered{rows.row}(a + k * columns, 0), y, acc[r]);
            else
              acc[r] = fused(a[k * columns + rows.first + r] - F{}, y, acc[r]);
          }
        }
        for (int r = 0; r < kRows; ++r) {
          const I bits = as<I>(acc[r]);
          store(job.d + offset[r], (bits & 0x7FFFFFFF) > 0x7F800000 ? all(0x7FC00000) : bits);
        }
      });
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

// Bytes as pairs of words, a dword of four k making two; which k are where matters only in that A
// and B agree.
void integer(const Job& job) {
  const InputPlan& plan = *job.b.plan;
  const int columns = plan.columns, dwords = plan.groups * plan.per_lane / 4;
  alignas(64) int32_t a[kMaxK / 2 * 16], b[kMaxK / 2 * 16];
  const auto widen = [&](const uint32_t* registers, int32_t* out) {
    for (int column = 0; column < columns; column += kWidth) {
      int32_t* to = out + place(column, 2 * dwords);
      for (int group = 0; group < plan.groups; ++group) {
        for (int local = 0; local < plan.per_lane; local += 4) {
          const I x = load<I>(registers + local / 4 * kLanes + group * columns + column);
          using Words = VectorOf<int16_t, 2 * kWidth>::type;
          store(to, (as<Words>(x) << 8) >> 8);
          store(to + kPitch, as<Words>(x) >> 8);
          to += 2 * kPitch;
        }
      }
    }
  };
  widen(job.a.registers, a);
  widen(job.b.registers, b);
  for_rows(
      job, [&]<typename Rows, int kRows = Rows::kCount>(const Rows& rows, int column, int,
                                                        const uint32_t(&offset)[kRows]) {
        I acc[kRows] = {};
        for (int r = 0; r < kRows; ++r) acc[r] = load<I>(job.c + offset[r]);
        const auto sum = [&](const auto& row, const int32_t* x) {
          const int32_t* y = b + place(column, 2 * dwords);
          for (int n = 0; n < 2 * dwords; ++n, x += kPitch, y += kPitch) {
            const I factor = load<I>(y);
            for (int r = 0; r < kRows; ++r)
              acc[r] = plus(acc[r], multiplied_words(row(x, r), factor));
          }
        };
        if constexpr (kRows == 1) {
          int32_t at[kWidth];
          for (int lane = 0; lane < kWidth; ++lane) at[lane] = place(rows.row[lane], 2 * dwords);
          sum(Scattered{at}, a);
        } else {
          sum(Same(), a + place(rows.first, 2 * dwords));
        }
        for (int r = 0; r < kRows; ++r) store(job.d + offset[r], acc[r]);
      });
}

}  // namespace
}  // namespace wavefuzz::sim::mfma::internal
