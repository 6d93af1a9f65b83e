// gfx950's conversions with a scale, those of one or two elements. op_sel picks the byte or half of
// a small source, or of the destination.
#include "gpu/sim/scalef32.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

using scalef32::Small;
using scalef32::Wide;

constexpr Row gfx950(Row row, u32 param = 0) {
  row.param |= param;
  return row.on(kGfx950Only).with(Fidelity::kHypothesis);
}

// --- From small formats --------------------------------------------------------------------------

template <Small kSmall>
constexpr Row to_f32(std::string_view name) {
  return gfx950(vector(name,
                       [](u32 a, u32 scale) {
                         return F32{scalef32::decode_scaled<kSmall, Wide::kF32>(a & 0xff, scale)};
                       }),
                kByteSource);
}
template <Small kSmall>
constexpr Row to_f16(std::string_view name) {
  return gfx950(
      vector_half(name,
                  [](u32 a, u32 scale) {
                    return F16{scalef32::decode_scaled<kSmall, Wide::kF16>(a & 0xff, scale)};
                  }),
      kByteSource);
}
template <Small kSmall, Wide kWide>
constexpr Row to_pair(std::string_view name) {
  constexpr u32 kParam = kSmall == Small::kFp4 ? kByteSource : kWordSource;
  constexpr u32 kBits = scalef32::bits(kSmall);
  if constexpr (kWide == Wide::kF32)
    return gfx950(vector(name,
                         [](u32 a, u32 scale) {
                           return u64(scalef32::decode_scaled<kSmall, kWide>(a, scale)) |
                                  u64(scalef32::decode_scaled<kSmall, kWide>(a >> kBits, scale))
                                      << 32;
                         }),
                  kParam);
  else
    return gfx950(vector(name,
                         [](u32 a, u32 scale) {
                           return scalef32::decode_scaled<kSmall, kWide>(a, scale) |
                                  scalef32::decode_scaled<kSmall, kWide>(a >> kBits, scale) << 16;
                         }),
                  kParam);
}

// --- To small formats ----------------------------------------------------------------------------

template <Small kSmall, bool kStochastic = false>
SIM_INLINE u16 pair(float low, float high, u32 scale, u32 random, const Mode& m) {
  return u16(scalef32::encode<kSmall, kStochastic>(low, scale, random, m) |
             scalef32::encode<kSmall, kStochastic>(high, scale, random, m)
                 << scalef32::bits(kSmall));
}
// FP8 pairs go to a half of the destination, FP4 pairs to a byte.
template <Small kSmall>
constexpr Row placed(Row row) {
  return kSmall == Small::kFp4 ? gfx950(row, kByteDestination) : gfx950(row.half());
}
template <Small kSmall>
constexpr Row from_f32_pair(std::string_view name) {
  return placed<kSmall>(vector(name, [](F32 a, F32 b, u32 scale, const Mode& m) {
    return pair<kSmall>(as_float(a.bits), as_float(b.bits), scale, 0, m);
  }));
}
template <Small kSmall, Wide kWide>
constexpr Row from_pair(std::string_view name) {
  return placed<kSmall>(vector(name, [](u32 a, u32 scale, const Mode& m) {
    return pair<kSmall>(scalef32::widen<kWide>(a & 0xffff), scalef32::widen<kWide>(a >> 16), scale,
                        0, m);
  }));
}
template <Small kSmall>
constexpr Row stochastic_f32(std::string_view name) {
  return gfx950(
      vector(name,
             [](F32 a, u32 random, u32 scale, const Mode& m) {
               return u16(scalef32::encode<kSmall, true>(as_float(a.bits), scale, random, m));
             }),
      kByteDestination);
}
template <Small kSmall, Wide kWide>
constexpr Row stochastic16(std::string_view name) {
  return gfx950(vector(name,
                       [](u32 a, u32 random, u32 scale, const Mode& m) {
                         return u16(scalef32::encode<kSmall, true>(
                             scalef32::widen<kWide>(a & 0xffff), scale, random, m));
                       }),
                kByteDestination);
}

constexpr Row kRows[] = {
    to_f32<Small::kFp8>("v_cvt_scalef32_f32_fp8"),
    to_f32<Small::kBf8>("v_cvt_scalef32_f32_bf8"),
    to_f16<Small::kFp8>("v_cvt_scalef32_f16_fp8"),
    to_f16<Small::kBf8>("v_cvt_scalef32_f16_bf8"),
    to_pair<Small::kFp8, Wide::kF32>("v_cvt_scalef32_pk_f32_fp8"),
    to_pair<Small::kBf8, Wide::kF32>("v_cvt_scalef32_pk_f32_bf8"),
    to_pair<Small::kFp4, Wide::kF32>("v_cvt_scalef32_pk_f32_fp4"),
    to_pair<Small::kFp8, Wide::kF16>("v_cvt_scalef32_pk_f16_fp8"),
    to_pair<Small::kBf8, Wide::kF16>("v_cvt_scalef32_pk_f16_bf8"),
    to_pair<Small::kFp4, Wide::kF16>("v_cvt_scalef32_pk_f16_fp4"),
    to_pair<Small::kFp8, Wide::kBf16>("v_cvt_scalef32_pk_bf16_fp8"),
    to_pair<Small::kBf8, Wide::kBf16>("v_cvt_scalef32_pk_bf16_bf8"),
    to_pair<Small::kFp4, Wide::kBf16>("v_cvt_scalef32_pk_bf16_fp4"),

    from_f32_pair<Small::kFp8>("v_cvt_scalef32_pk_fp8_f32"),
    from_f32_pair<Small::kBf8>("v_cvt_scalef32_pk_bf8_f32"),
    from_f32_pair<Small::kFp4>("v_cvt_scalef32_pk_fp4_f32"),
    from_pair<Small::kFp8, Wide::kF16>("v_cvt_scalef32_pk_fp8_f16"),
    from_pair<Small::kBf8, Wide::kF16>("v_cvt_scalef32_pk_bf8_f16"),
    from_pair<Small::kFp4, Wide::kF16>("v_cvt_scalef32_pk_fp4_f16"),
    from_pair<Small::kFp8, Wide::kBf16>("v_cvt_scalef32_pk_fp8_bf16"),
    from_pair<Small::kBf8, Wide::kBf16>("v_cvt_scalef32_pk_bf8_bf16"),
    from_pair<Small::kFp4, Wide::kBf16>("v_cvt_scalef32_pk_fp4_bf16"),

    stochastic_f32<Small::kFp8>("v_cvt_scalef32_sr_fp8_f32"),
    stochastic_f32<Small::kBf8>("v_cvt_scalef32_sr_bf8_f32"),
    stochastic16<Small::kFp8, Wide::kF16>("v_cvt_scalef32_sr_fp8_f16"),
    stochastic16<Small::kBf8, Wide::kF16>("v_cvt_scalef32_sr_bf8_f16"),
    stochastic16<Small::kFp8, Wide::kBf16>("v_cvt_scalef32_sr_fp8_bf16"),
    stochastic16<Small::kBf8, Wide::kBf16>("v_cvt_scalef32_sr_bf8_bf16"),
    placed<Small::kFp4>(vector("v_cvt_scalef32_sr_pk_fp4_f32",
                               [](u64 a, u32 random, u32 scale, const Mode& m) {
                                 return pair<Small::kFp4, true>(
                                     as_float(u32(a)), as_float(u32(a >> 32)), scale, random, m);
                               })),
    placed<Small::kFp4>(vector("v_cvt_scalef32_sr_pk_fp4_f16",
                               [](u32 a, u32 random, u32 scale, const Mode& m) {
                                 return pair<Small::kFp4, true>(
                                     scalef32::widen<Wide::kF16>(a & 0xffff),
                                     scalef32::widen<Wide::kF16>(a >> 16), scale, random, m);
                               })),
    placed<Small::kFp4>(vector("v_cvt_scalef32_sr_pk_fp4_bf16",
                               [](u32 a, u32 random, u32 scale, const Mode& m) {
                                 return pair<Small::kFp4, true>(
                                     scalef32::widen<Wide::kBf16>(a & 0xffff),
                                     scalef32::widen<Wide::kBf16>(a >> 16), scale, random, m);
                               })),
};

}  // namespace

std::span<const Row> scalef32_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
