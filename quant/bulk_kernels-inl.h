// The bulk kernels, written once over xsimd and compiled once per instruction set. The including
// file defines a struct Isa in an unnamed namespace, which keeps every instance private to it:
//   Arch, Int, Short                      xsimd's name of the instruction set, its batches of
//   int32_t
//                                         and uint16_t
//   store_codes(p, codes)                 low bytes of a batch's 32-bit lanes, in order
//   store_pairs(p, stride, pairs)         low halves of the 32-bit lanes, in order, each 16 bytes
//                                         `stride` apart
//   largest(x)                            largest 16-bit lane, unsigned
#include <xsimd/xsimd.hpp>

#include "quant/bulk_kernels.h"

namespace wavefuzz::quant::internal {
namespace {

// Casts a batch of floats. To round to m mantissa bits, a magnitude in [2^e, 2^(e+1)) is added to
// 2^(e + 23 - m), whose last bit counts 2^(e - m): the FPU rounds the sum to nearest even there,
// and the sum's low bits are the rounded significand. Giving the addend the code's exponent part as
// low bits (a multiple of 2^m, so that ties stay even) makes the sum's low byte the code itself.
// Below the smallest normal number e stays that number's, which makes subnormal results.
// kUnsignedZero: a zero result is 0x00 (CastConstants::drop_zero_sign).
template <typename Isa, bool kUnsignedZero>
struct Cast {
  using Arch = typename Isa::Arch;
  using Int = xsimd::batch<int32_t, Arch>;
  using Float = xsimd::batch<float, Arch>;

  // By value: stores to bytes may alias any reference, and would make every use a load.
  explicit Cast(CastConstants constants) : c(constants) {}

  // The code, without sign, in bits 6:0; bits 31:7 are arbitrary. For magnitudes up to c.limit, for
  // which bit 7 is 0.
  Int finite_code(Int magnitude) const {
    const Int exponent = xsimd::max(magnitude & Int(0x7F800000), Int(c.min_normal));
    const Int unit = exponent + (exponent >> c.dropped) + Int(c.unit_offset);
    return xsimd::bitwise_cast<Int>(xsimd::bitwise_cast<Float>(magnitude) +
                                    xsimd::bitwise_cast<Float>(unit));
  }

  // Bits 6:0 of `code` with bit 7 of `sign`; bits 31:8 are arbitrary.
  Int with_sign(Int code, Int sign) const {
    const Int low = Int(0x7F);
    if (kUnsignedZero) sign = xsimd::select((code & low) == Int(0), Int(0), sign);
    return (code & low) | (sign & ~low);
  }

  // Any value, any policy.
  Int all(Int bits) const {
    const Int magnitude = bits & Int(0x7FFFFFFF);
    const Int sign = (bits >> 24) & Int(0x80);
    const Int code = finite_code(xsimd::min(magnitude, Int(c.limit))) & Int(0xFF);
    Int result = with_sign(code, sign);
    result = xsimd::select(code > Int(c.max_code), Int(c.overflow_code) | sign, result);
    result = xsimd::select(magnitude == Int(0x7F800000), Int(c.inf_code) | sign, result);
    return xsimd::select(magnitude > Int(0x7F800000), Int(c.nan_code) | (sign & Int(c.nan_sign)),
                         result);
  }

  CastConstants c;
};

template <typename Isa, bool kUnsignedZero>
void encode_all(const CastConstants& constants, const float* values, uint64_t count, uint8_t* out) {
  using Int = typename Isa::Int;
  constexpr uint64_t kLanes = Int::size;
  const Cast<Isa, kUnsignedZero> cast(constants);
  const int32_t* bits = reinterpret_cast<const int32_t*>(values);
  uint64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    Isa::store_codes(out + i, cast.all(Int::load_unaligned(bits + i)));
  if (i == count) return;
  int32_t rest[kLanes] = {};
  uint8_t codes[kLanes];
  __builtin_memcpy(rest, bits + i, (count - i) * sizeof(int32_t));
  Isa::store_codes(codes, cast.all(Int::load_unaligned(rest)));
  __builtin_memcpy(out + i, codes, count - i);
}

template <typename Isa>
void encode(const CastConstants& cast, const float* values, uint64_t count, uint8_t* out) {
  if (cast.drop_zero_sign) return encode_all<Isa, true>(cast, values, count, out);
  encode_all<Isa, false>(cast, values, count, out);
}

template <typename Isa, uint32_t kLength>
void amax_rows(const RowBlock& block, uint16_t* largest) {
  using Short = typename Isa::Short;
  constexpr uint32_t kLanes = Short::size;
  const uint32_t length = kLength != 0 ? kLength : block.length;
  const Short magnitude(uint16_t(0x7FFF));
  for (uint32_t r = 0; r < block.count; ++r) {
    const uint16_t* row = block.rows[r];
    Short most(uint16_t(0));
    uint32_t i = 0;
    for (; i + kLanes <= length; i += kLanes)
      most = xsimd::max(most, Short::load_unaligned(row + i) & magnitude);
    if (i < length) {
      uint16_t rest[kLanes] = {};
      __builtin_memcpy(rest, row + i, (length - i) * sizeof(uint16_t));
      most = xsimd::max(most, Short::load_unaligned(rest) & magnitude);
    }
    largest[r] = Isa::largest(most);
  }
}

template <typename Isa>
void amax(const RowBlock& block, uint16_t* largest) {
  if (block.length == 128) return amax_rows<Isa, 128>(block, largest);
  amax_rows<Isa, 0>(block, largest);
}

// Codes of the two bf16 in each 32-bit lane, in the lane's low half; the high half is arbitrary.
template <bool kDivide, typename Cast>
[[gnu::always_inline]] inline typename Cast::Int quantised_pairs(const Cast& cast,
                                                                 typename Cast::Int pairs,
                                                                 typename Cast::Float factor) {
  using Int = typename Cast::Int;
  using Float = typename Cast::Float;
  const auto code = [&](Int bits, Int sign) {
    const Float value = xsimd::bitwise_cast<Float>(bits);
    const Int quotient = xsimd::bitwise_cast<Int>(kDivide ? value / factor : value * factor);
    return cast.with_sign(cast.finite_code(quotient & Int(0x7FFFFFFF)), sign);
  };
  // The scale is positive: a quotient's sign is its value's, bits 15 and 31 of the pair.
  const Int first = code(pairs << 16, pairs >> 8);
  const Int second = code(pairs & Int(int32_t(0xFFFF0000)), pairs >> 24);
  return (first & Int(0xFF)) | (second << 8);
}

// kLength: the row's length where it is known, else 0.
template <typename Isa, bool kDivide, uint32_t kLength, typename Cast>
[[gnu::always_inline]] inline void store_row(const Cast& cast, const RowStore& store, uint32_t r,
                                             float factor) {
  using Int = typename Cast::Int;
  using Float = typename Cast::Float;
  constexpr uint32_t kValues = 2 * Int::size;
  const uint16_t* row = store.block.rows[r];
  const uint32_t length = kLength != 0 ? kLength : store.block.length;
  const uint64_t stride = store.chunk_stride;
  uint8_t* out = store.out[r];
  const Float factors(factor);
  uint32_t i = 0;
  for (; i + kValues <= length; i += kValues) {
    const Int pairs = Int::load_unaligned(reinterpret_cast<const int32_t*>(row + i));
    Isa::store_pairs(out + i / 16 * stride, stride, quantised_pairs<kDivide>(cast, pairs, factors));
  }
  if (i == length) return;
  int32_t rest[Int::size] = {};
  uint8_t codes[kValues];
  __builtin_memcpy(rest, row + i, (length - i) * sizeof(uint16_t));
  Isa::store_pairs(codes, 16, quantised_pairs<kDivide>(cast, Int::load_unaligned(rest), factors));
  for (uint32_t done = i; done < length; done += 16) {
    const uint32_t left = length - done;
    __builtin_memcpy(out + done / 16 * stride, codes + (done - i), left < 16 ? left : 16);
  }
}

template <typename Isa, bool kUnsignedZero, uint32_t kLength>
void store_rows(const CastConstants& constants, const RowStore& store) {
  const Cast<Isa, kUnsignedZero> cast(constants);
  for (uint32_t r = 0; r < store.block.count; ++r) {
    const float scale = store.scales[r];
    if (scale == 0.0f) continue;
    // The reciprocal of a power of two is exact, and multiplying by it the same as dividing.
    const bool power_of_two = (__builtin_bit_cast(uint32_t, scale) & 0x7FFFFFu) == 0;
    if (store.divide && !power_of_two) {
      store_row<Isa, true, kLength>(cast, store, r, scale);
    } else {
      store_row<Isa, false, kLength>(cast, store, r, 1.0f / scale);
    }
  }
}

template <typename Isa, bool kUnsignedZero>
void store_any_length(const CastConstants& cast, const RowStore& store) {
  // The head_dim of every shipped indexer, unrolled.
  if (store.block.length == 128) return store_rows<Isa, kUnsignedZero, 128>(cast, store);
  store_rows<Isa, kUnsignedZero, 0>(cast, store);
}

template <typename Isa>
void store(const CastConstants& cast, const RowStore& store) {
  if (cast.drop_zero_sign) return store_any_length<Isa, true>(cast, store);
  store_any_length<Isa, false>(cast, store);
}

}  // namespace
}  // namespace wavefuzz::quant::internal
