// The bulk kernels, written once over xsimd and compiled once per instruction set. The including
// file defines a struct Isa in an unnamed namespace, which keeps every instance private to it:
//   Arch                                  xsimd's name of the instruction set
//   store_codes(p, codes)                 low bytes of a batch's 32-bit lanes, in order
//   store_pairs(p, stride, pairs)         low halves of the 32-bit lanes, in order, 16 bytes each
//                                         `stride` apart
//   largest(x)                            largest 16-bit lane, unsigned
#include <xsimd/xsimd.hpp>

#include "quant/bulk_kernels.h"

namespace wavefuzz::quant::internal {
namespace {

// Casts a batch of floats. To round to m mantissa bits, a magnitude in [2^e, 2^(e+1)) is added to
// 2^(e + 23 - m), whose last bit counts 2^(e - m): the FPU rounds the sum to nearest even there,
// and the sum's own mantissa is the rounded significand. Below the smallest normal number e stays
// that number's, which makes subnormal results.
template <typename Isa>
struct Cast {
  using Arch = typename Isa::Arch;
  using Int = xsimd::batch<int32_t, Arch>;
  using Float = xsimd::batch<float, Arch>;

  // Codes without sign of magnitudes that do not overflow.
  static Int finite_code(const CastConstants& c, Int magnitude) {
    const Int exponent = xsimd::max(magnitude & Int(0x7F800000), Int(c.min_normal));
    const Float unit = xsimd::bitwise_cast<Float>(exponent + Int(c.ulp_shift));
    const Int sum = xsimd::bitwise_cast<Int>(xsimd::bitwise_cast<Float>(magnitude) + unit);
    return sum - exponent + (exponent >> c.dropped) - Int(c.code_offset);
  }

  static Int with_sign(const CastConstants& c, Int code, Int sign) {
    if (c.drop_zero_sign) sign = xsimd::select(code == Int(0), Int(0), sign);
    return code | sign;
  }

  // Any value, any policy.
  static Int all(const CastConstants& c, Int bits) {
    const Int magnitude = bits & Int(0x7FFFFFFF);
    const Int sign = (bits >> 24) & Int(0x80);
    const Int code = finite_code(c, xsimd::min(magnitude, Int(c.limit)));
    Int result = with_sign(c, code, sign);
    result = xsimd::select(code > Int(c.max_code), Int(c.overflow_code) | sign, result);
    result = xsimd::select(magnitude == Int(0x7F800000), Int(c.inf_code) | sign, result);
    return xsimd::select(magnitude > Int(0x7F800000), Int(c.nan_code) | (sign & Int(c.nan_sign)),
                         result);
  }
};

template <typename Isa>
void encode(const CastConstants& cast, const float* values, uint64_t count, uint8_t* out) {
  using Int = typename Cast<Isa>::Int;
  constexpr uint64_t kLanes = Int::size;
  const int32_t* bits = reinterpret_cast<const int32_t*>(values);
  uint64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    Isa::store_codes(out + i, Cast<Isa>::all(cast, Int::load_unaligned(bits + i)));
  if (i == count) return;
  int32_t rest[kLanes] = {};
  uint8_t codes[kLanes];
  __builtin_memcpy(rest, bits + i, (count - i) * sizeof(int32_t));
  Isa::store_codes(codes, Cast<Isa>::all(cast, Int::load_unaligned(rest)));
  __builtin_memcpy(out + i, codes, count - i);
}

template <typename Isa>
void amax(const RowBlock& block, uint16_t* largest) {
  using Short = xsimd::batch<uint16_t, typename Isa::Arch>;
  constexpr uint32_t kLanes = Short::size;
  for (uint32_t r = 0; r < block.count; ++r) {
    const uint16_t* row = block.rows[r];
    Short most(uint16_t(0));
    uint32_t i = 0;
    for (; i + kLanes <= block.length; i += kLanes)
      most = xsimd::max(most, Short::load_unaligned(row + i) & Short(uint16_t(0x7FFF)));
    if (i < block.length) {
      uint16_t rest[kLanes] = {};
      __builtin_memcpy(rest, row + i, (block.length - i) * sizeof(uint16_t));
      most = xsimd::max(most, Short::load_unaligned(rest) & Short(uint16_t(0x7FFF)));
    }
    largest[r] = Isa::largest(most);
  }
}

// Codes of two bf16 in each 32-bit lane, in the lane's low half.
template <typename Isa, bool kDivide>
typename Cast<Isa>::Int quantised_pairs(const CastConstants& cast, typename Cast<Isa>::Int pairs,
                                        typename Cast<Isa>::Float factor) {
  using Int = typename Cast<Isa>::Int;
  using Float = typename Cast<Isa>::Float;
  const auto code = [&](Int bits) {
    const Float value = xsimd::bitwise_cast<Float>(bits);
    const Int quotient = xsimd::bitwise_cast<Int>(kDivide ? value / factor : value * factor);
    return Cast<Isa>::with_sign(cast, Cast<Isa>::finite_code(cast, quotient & Int(0x7FFFFFFF)),
                                (quotient >> 24) & Int(0x80));
  };
  return code(pairs << 16) | (code(pairs & Int(int32_t(0xFFFF0000))) << 8);
}

template <typename Isa, bool kDivide>
void store_row(const CastConstants& cast, const RowStore& store, uint32_t r, float factor) {
  using Int = typename Cast<Isa>::Int;
  using Float = typename Cast<Isa>::Float;
  constexpr uint32_t kValues = 2 * Int::size;
  const uint16_t* row = store.block.rows[r];
  const uint32_t length = store.block.length;
  uint8_t* out = store.out[r];
  uint32_t i = 0;
  for (; i + kValues <= length; i += kValues) {
    const Int pairs = Int::load_unaligned(reinterpret_cast<const int32_t*>(row + i));
    Isa::store_pairs(out + i / 16 * store.chunk_stride, store.chunk_stride,
                     quantised_pairs<Isa, kDivide>(cast, pairs, Float(factor)));
  }
  if (i == length) return;
  int32_t rest[Int::size] = {};
  uint8_t codes[kValues];
  __builtin_memcpy(rest, row + i, (length - i) * sizeof(uint16_t));
  Isa::store_pairs(codes, 16,
                   quantised_pairs<Isa, kDivide>(cast, Int::load_unaligned(rest), Float(factor)));
  for (uint32_t done = i; done < length; done += 16) {
    const uint32_t left = length - done;
    __builtin_memcpy(out + done / 16 * store.chunk_stride, codes + (done - i),
                     left < 16 ? left : 16);
  }
}

template <typename Isa>
void store(const CastConstants& cast, const RowStore& store) {
  for (uint32_t r = 0; r < store.block.count; ++r) {
    const float scale = store.scales[r];
    if (scale == 0.0f) continue;
    // The reciprocal of a power of two is exact, and multiplying by it the same as dividing.
    const bool power_of_two = (__builtin_bit_cast(uint32_t, scale) & 0x7FFFFFu) == 0;
    if (store.divide && !power_of_two) {
      store_row<Isa, true>(cast, store, r, scale);
    } else {
      store_row<Isa, false>(cast, store, r, 1.0f / scale);
    }
  }
}

}  // namespace
}  // namespace wavefuzz::quant::internal
