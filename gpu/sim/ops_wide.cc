// Vector instructions whose operands span more than two registers: conversions of 32 elements, and
// v_mqsad_u32_u8. Lane by lane, without modifiers.
#include "gpu/sim/lane_memory.h"
#include "gpu/sim/scalef32.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

using scalef32::Small;
using scalef32::Wide;

constexpr unsigned kMostDwords = 32;
struct Sources {
  u32 dword[3][kMostDwords];
};

// Row::param holds the sources' widths in dwords, a byte each; F is what one lane does.
template <typename F>
const Op* wide(Wave& w, const Op* op) {
  const u32 widths = op->row->param;
  u64 poison = 0;
  u32 origin = kNeverWritten;
  for (unsigned k = 0; k < 3; ++k)
    for (unsigned d = 0; d < (widths >> 8 * k & 0xff); ++d) {
      const Slot s = op->src[k];
      if (s.kind == Kind::kVgpr && (w.v_poison[s.index + d].any() & w.exec) != 0) {
        poison |= w.v_poison[s.index + d].any();
        origin = w.machine->waited(w, op, w.v_origin[s.index + d],
                                   w.v_poison[s.index + d].any() & w.exec);
      } else if (s.kind == Kind::kSgpr && w.s_poison[s.index + d] != 0) {
        poison = ~u64{0};
        origin = w.machine->waited(w, op, w.s_origin[s.index + d], 0);
      }
    }
  if (w.machine->repeat) return w.machine->again(op);
  for_lanes(w.exec, [&](unsigned i) {
    Sources s;
    u32 result[kMostDwords];
    for (unsigned k = 0; k < 3; ++k)
      for (unsigned d = 0; d < (widths >> 8 * k & 0xff); ++d) {
        const Slot slot = op->src[k];
        s.dword[k][d] = slot.kind == Kind::kVgpr   ? w.v[slot.index + d][i]
                        : slot.kind == Kind::kSgpr ? w.s[slot.index + d]
                                                   : w.machine->code->constants[slot.index].lane[0];
      }
    for (unsigned d = 0; d < op->dwords; ++d) result[d] = 0;
    F::run(s, result, w.mode);
    for (unsigned d = 0; d < op->dwords; ++d) w.v[op->dst + d][i] = result[d];
  });
  for (unsigned d = 0; d < op->dwords; ++d) {
    for (unsigned b = 0; b < 4; ++b) w.v_poison[op->dst + d].set(b, w.exec, poison);
    if (poison & w.exec) w.v_origin[op->dst + d] = origin;
  }
  return op + 1;
}
template <typename F>
constexpr Row wide_row(std::string_view name, unsigned result, u32 widths) {
  Row row;
  row.mnemonic = name;
  row.format = Format::kWide;
  row.exec = &wide<F>;
  row.result_dwords = uint8_t(result);
  row.param = widths;
  for (unsigned k = 0; k < 3; ++k) row.operand_count += (widths >> 8 * k & 0xff) != 0;
  return row;
}

// Element k of `bits` each, packed without gaps.
SIM_INLINE u32 element(const u32* dwords, u32 bits, u32 k) {
  const u32 at = k * bits, shift = at % 32;
  u64 x = dwords[at / 32];
  if (shift + bits > 32) x |= u64(dwords[at / 32 + 1]) << 32;
  return u32(x >> shift & ((u64{1} << bits) - 1));
}
SIM_INLINE void put_element(u32* dwords, u32 bits, u32 k, u32 value) {
  const u32 at = k * bits, shift = at % 32;
  dwords[at / 32] |= value << shift;
  if (shift + bits > 32) dwords[at / 32 + 1] |= value >> (32 - shift);
}

// Operands: data, scale.
template <Small kSmall, Wide kWide>
struct Unpack {
  static void run(const Sources& s, u32* d, const Mode&) {
    for (u32 k = 0; k < 32; ++k)
      put_element(d, scalef32::bits(kWide), k,
                  scalef32::decode_scaled<kSmall, kWide>(
                      element(s.dword[0], scalef32::bits(kSmall), k), s.dword[1][0]));
  }
};
// Operands: data, random bits (stochastic), scale.
template <Small kSmall, Wide kWide, bool kStochastic>
struct Pack {
  static void run(const Sources& s, u32* d, const Mode& m) {
    const u32 scale = s.dword[kStochastic ? 2 : 1][0];
    for (u32 k = 0; k < 32; ++k) {
      const float x = scalef32::widen<kWide>(element(s.dword[0], scalef32::bits(kWide), k));
      put_element(d, scalef32::bits(kSmall), k,
                  scalef32::encode<kSmall, kStochastic>(x, scale, s.dword[1][0], m));
    }
  }
};
// Two groups of 16, whose elements alternate in the result.
template <Small kSmall>
struct PackTwo {
  static void run(const Sources& s, u32* d, const Mode& m) {
    for (u32 k = 0; k < 32; ++k)
      put_element(
          d, scalef32::bits(kSmall), k,
          scalef32::encode<kSmall, false>(as_float(s.dword[k % 2][k / 2]), s.dword[2][0], 0, m));
  }
};
struct MaskedSads {
  static void run(const Sources& s, u32* d, const Mode&) {
    const u64 a = s.dword[0][0] | u64(s.dword[0][1]) << 32;
    for (u32 k = 0; k < 4; ++k) {
      u32 sum = s.dword[2][k];
      for (u32 b = 0; b < 32; b += 8) {
        const u32 x = u32(a >> (8 * k + b)) & 0xff, r = s.dword[1][0] >> b & 0xff;
        if (r != 0) sum += x > r ? x - r : r - x;
      }
      d[k] = sum;
    }
  }
};

constexpr u32 widths(u32 a, u32 b, u32 c = 0) { return a | b << 8 | c << 16; }
constexpr Row gfx950(Row row) { return row.on(kGfx950Only).with(Fidelity::kHypothesis); }

#define PACK32(SMALL, NAME)                                                                        \
  gfx950(wide_row<Unpack<SMALL, Wide::kF32>>("v_cvt_scalef32_pk32_f32_" NAME, 32, widths(6, 1))),  \
      gfx950(                                                                                      \
          wide_row<Unpack<SMALL, Wide::kF16>>("v_cvt_scalef32_pk32_f16_" NAME, 16, widths(6, 1))), \
      gfx950(wide_row<Unpack<SMALL, Wide::kBf16>>("v_cvt_scalef32_pk32_bf16_" NAME, 16,            \
                                                  widths(6, 1))),                                  \
      gfx950(                                                                                      \
          wide_row<PackTwo<SMALL>>("v_cvt_scalef32_2xpk16_" NAME "_f32", 6, widths(16, 16, 1))),   \
      gfx950(wide_row<Pack<SMALL, Wide::kF16, false>>("v_cvt_scalef32_pk32_" NAME "_f16", 6,       \
                                                      widths(16, 1))),                             \
      gfx950(wide_row<Pack<SMALL, Wide::kBf16, false>>("v_cvt_scalef32_pk32_" NAME "_bf16", 6,     \
                                                       widths(16, 1))),                            \
      gfx950(wide_row<Pack<SMALL, Wide::kF32, true>>("v_cvt_scalef32_sr_pk32_" NAME "_f32", 6,     \
                                                     widths(32, 1, 1))),                           \
      gfx950(wide_row<Pack<SMALL, Wide::kF16, true>>("v_cvt_scalef32_sr_pk32_" NAME "_f16", 6,     \
                                                     widths(16, 1, 1))),                           \
      gfx950(wide_row<Pack<SMALL, Wide::kBf16, true>>("v_cvt_scalef32_sr_pk32_" NAME "_bf16", 6,   \
                                                      widths(16, 1, 1)))

constexpr Row kRows[] = {
    PACK32(Small::kFp6, "fp6"),
    PACK32(Small::kBf6, "bf6"),
    wide_row<MaskedSads>("v_mqsad_u32_u8", 4, widths(2, 1, 4)),
};

}  // namespace

std::span<const Row> wide_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
