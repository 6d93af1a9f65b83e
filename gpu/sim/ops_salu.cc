// Scalar ALU: SOP1, SOP2, SOPC, SOPK. SCC rules: ISA manual, "Scalar ALU operations".
#include "gpu/sim/vocabulary.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// A lambda's operands in the order of the text, as in vector(); Scc& is SCC as an output and Scc as
// an input. Old<T> is the destination's former content.
struct Scc {
  bool value;
};

template <typename T>
struct ScalarIn;
template <>
struct ScalarIn<u32> {
  static constexpr OperandType kOperand = OperandType::kB32;
};
template <>
struct ScalarIn<i32> {
  static constexpr OperandType kOperand = OperandType::kB32;
};
template <>
struct ScalarIn<u64> {
  static constexpr OperandType kOperand = OperandType::kB64;
};
template <>
struct ScalarIn<i64> {
  static constexpr OperandType kOperand = OperandType::kB64;
};
template <>
struct ScalarIn<Scc> {
  static constexpr OperandType kOperand = OperandType::kScc;
};
template <>
struct ScalarIn<Old<u32>> {
  static constexpr OperandType kOperand = OperandType::kOldB32;
};

template <>
struct ScalarIn<Old<u64>> {
  static constexpr OperandType kOperand = OperandType::kOldF64;
};

SIM_INLINE u32 read_dword(const Wave& w, Slot slot) {
  return slot.kind == Kind::kSgpr ? w.s[slot.index]
                                  : w.machine->code->constants[slot.index].lane[0];
}
template <typename T>
SIM_INLINE T from_raw(u64 raw) {
  if constexpr (std::is_same_v<T, Scc>)
    return Scc{raw != 0};
  else if constexpr (std::is_same_v<T, Old<u32>>)
    return Old<u32>{u32(raw)};
  else if constexpr (std::is_same_v<T, Old<u64>>)
    return Old<u64>{raw};
  else
    return T(raw);
}

// What an instruction does to SCC.
enum class SccRule { kKept, kSetByBody, kResultNonzero };

template <typename F, typename R, SccRule kRule, typename Operands>
struct Scalar;
template <typename F, typename R, SccRule kRule, typename... A>
struct Scalar<F, R, kRule, Types<A...>> {
  static constexpr bool kWritesScc = kRule != SccRule::kKept;

  static const Op* run(Wave& w, const Op* op) {
    constexpr size_t kCount = sizeof...(A);
    u64 raw[kCount + 1] = {};
    u32 poison = 0;
    unsigned slot = 0;
    const unsigned widths[] = {sim::dwords(ScalarIn<A>::kOperand)..., 0};
    for (size_t k = 0; k < kCount; ++k)
      for (unsigned d = 0; d < widths[k]; ++d, ++slot) {
        raw[k] |= u64(read_dword(w, op->src[slot])) << 32 * d;
        if (op->src[slot].kind == Kind::kSgpr) poison |= w.s_poison[op->src[slot].index];
      }
    if (poison == 0) {
      for (unsigned d = 0; d < op->dwords; ++d) w.s_poison[op->dst + d] = 0;
      if (kWritesScc) w.s_poison[kScc] = 0;
    } else {
      scalar_poison(w, *op, raw, kWritesScc);
      if (w.machine->repeat) return w.machine->again(op);
    }
    bool scc = w.s[kScc];
    const auto call = [&]<size_t... I>(std::index_sequence<I...>) {
      if constexpr (kRule == SccRule::kSetByBody)
        return F{}(from_raw<A>(raw[I])..., scc);
      else
        return F{}(from_raw<A>(raw[I])...);
    };
    if constexpr (std::is_void_v<R>) {
      call(std::index_sequence_for<A...>{});
    } else {
      const u64 result = u64(call(std::index_sequence_for<A...>{}));
      w.s[op->dst] = u32(result);
      if constexpr (sizeof(R) == 8) w.s[op->dst + 1] = u32(result >> 32);
      if constexpr (kRule == SccRule::kResultNonzero) {
        scc = R(result) != 0;
        // A defined one in the result decides.
        if (poison != 0 && op->row->poison_of_bit == nullptr) [[unlikely]] {
          const u64 undefined =
              w.s_poison[op->dst] | (sizeof(R) == 8 ? u64(w.s_poison[op->dst + 1]) << 32 : 0);
          if ((u64(R(result)) & ~undefined) != 0) w.s_poison[kScc] = 0;
        }
      }
    }
    if constexpr (kWritesScc) w.s[kScc] = scc;
    if (op->writes_exec) exec_written(w, op);
    return op + 1;
  }
  static void exec_written(Wave& w, const Op* op) {
    if (const u64 poison = w.s64_poison(kExec)) {
      const u32 origin = w.s_poison[kExec] ? w.s_origin[kExec] : w.s_origin[kExec + 1];
      w.s_poison[kExec] = w.s_poison[kExec + 1] = 0;
      w.machine->report_poison(w, op, "a branch", poison, origin);
    }
    w.exec_changed();
  }
  static constexpr Row row(std::string_view mnemonic) {
    Row row;
    row.mnemonic = mnemonic;
    row.format = Format::kScalar;
    row.exec = &run;
    unsigned n = 0;
    ((row.operands[n++] = ScalarIn<A>::kOperand), ...);
    row.operand_count = uint8_t(n);
    if constexpr (!std::is_void_v<R>) row.result_dwords = sizeof(R) / 4;
    return row;
  }
};

template <typename Done, typename... A>
struct SplitScc {};
template <typename... D>
struct SplitScc<Types<D...>> {
  using Operands = Types<D...>;
  static constexpr bool kWrites = false;
};
template <typename... D>
struct SplitScc<Types<D...>, bool&> {
  using Operands = Types<D...>;
  static constexpr bool kWrites = true;
};
template <typename... D, typename T, typename... Rest>
requires(!std::is_reference_v<T>) struct SplitScc<Types<D...>, T, Rest...>
    : SplitScc<Types<D..., T>, Rest...> {
};
template <typename T>
struct SplitSccAll;
template <typename... A>
struct SplitSccAll<Types<A...>> : SplitScc<Types<>, A...> {};

// A scalar instruction. A last parameter bool& is SCC, to be set.
template <typename F>
constexpr Row scalar(std::string_view mnemonic, F) {
  using S = Signature<F>;
  using P = SplitSccAll<typename S::All>;
  constexpr SccRule kRule = P::kWrites ? SccRule::kSetByBody : SccRule::kKept;
  return Scalar<F, typename S::Result, kRule, typename P::Operands>::row(mnemonic);
}

// The same, where SCC is set when the result is not 0.
template <typename F>
constexpr Row nonzero(std::string_view mnemonic, F) {
  using S = Signature<F>;
  using P = SplitSccAll<typename S::All>;
  return Scalar<F, typename S::Result, SccRule::kResultNonzero, typename P::Operands>::row(
      mnemonic);
}

// s_OP_saveexec_b64 sdst, ssrc: sdst = EXEC, EXEC = OP(ssrc, EXEC), SCC = EXEC != 0.
template <typename F>
const Op* saveexec(Wave& w, const Op* op) {
  const u64 source = read_dword(w, op->src[0]) | u64(read_dword(w, op->src[1])) << 32;
  u64 source_poison = 0;
  for (unsigned d = 0; d < 2; ++d)
    if (op->src[d].kind == Kind::kSgpr)
      source_poison |= u64(w.s_poison[op->src[d].index]) << 32 * d;
  const u64 old = w.exec;
  const u64 result = F{}(source, old);
  // Undefined source bits matter where flipping them changes the result.
  const u64 poison =
      source_poison & (F{}(source | source_poison, old) ^ F{}(source & ~source_poison, old));
  const u32 origin =
      source_poison ? w.machine->waited(w, op, w.s_origin[op->src[0].index], 0) : kNeverWritten;
  w.set_s64(op->dst, old, 0);
  w.set_s64(kExec, result, 0);
  w.s[kScc] = result != 0;
  w.s_poison[kScc] = 0;
  w.exec_changed();
  if (poison) w.machine->report_poison(w, op, "a branch", poison, origin);
  return op + 1;
}
template <typename F>
constexpr Row saveexec_row(std::string_view mnemonic, F) {
  Row row;
  row.mnemonic = mnemonic;
  row.format = Format::kScalar;
  row.exec = &saveexec<F>;
  row.operands[0] = OperandType::kB64;
  row.operand_count = 1;
  row.result_dwords = 2;
  return row;
}

// s_OP_wrexec_b64 sdst, ssrc: EXEC = sdst = OP(ssrc, EXEC), SCC = EXEC != 0.
template <typename F>
const Op* wrexec(Wave& w, const Op* op) {
  const Op* next = saveexec<F>(w, op);
  w.set_s64(op->dst, w.exec, 0);
  return next;
}
template <typename F>
constexpr Row wrexec_row(std::string_view mnemonic, F f) {
  Row row = saveexec_row(mnemonic, f);
  row.exec = &wrexec<F>;
  return row;
}

// Relative SGPR addressing: M0 is added to the number of the source or the destination. 64-bit
// registers stay aligned.
template <unsigned kDwords, bool kSource>
const Op* movrel(Wave& w, const Op* op) {
  const u32 index = kDwords == 2 ? w.s[kM0] & ~1u : w.s[kM0];
  if (w.s_poison[kM0]) w.machine->report_poison(w, op, "an SGPR index", 0, w.s_origin[kM0]);
  const u64 moved = u64(kSource ? op->src[0].index : op->dst) + index;
  if (moved + kDwords > kFlatScratch) {
    Machine::Where where{0, true, moved, 4, "the SGPRs, from number", kFlatScratch};
    w.machine->report(
        w, op, kSource ? FindingKind::kOutOfBoundsRead : FindingKind::kOutOfBoundsWrite, where);
    return op + 1;
  }
  for (unsigned d = 0; d < kDwords; ++d) {
    const unsigned to = (kSource ? op->dst : unsigned(moved)) + d;
    const Slot from = kSource ? Slot{Kind::kSgpr, 0, u16(moved + d)} : op->src[d];
    const bool scalar = from.kind == Kind::kSgpr;
    w.s[to] = read_dword(w, from);
    w.s_poison[to] = scalar ? w.s_poison[from.index] : 0;
    if (scalar) w.s_origin[to] = w.s_origin[from.index];
  }
  return op + 1;
}
template <unsigned kDwords, bool kSource>
constexpr Row movrel_row(std::string_view mnemonic) {
  Row row;
  row.mnemonic = mnemonic;
  row.format = Format::kScalar;
  row.exec = &movrel<kDwords, kSource>;
  row.operands[0] = kDwords == 2 ? OperandType::kB64 : OperandType::kB32;
  row.operand_count = 1;
  row.result_dwords = kDwords;
  return row;
}

// hwreg operands arrive decoded: imm is the register, imm2 its bit offset | size << 8.
SIM_INLINE u32 field_mask(const Op* op) {
  const unsigned size = unsigned(op->imm2) >> 8;
  return (size >= 32 ? ~0u : (1u << size) - 1) << (op->imm2 & 31);
}
const Op* s_setreg(Wave& w, const Op* op) {
  if (op->imm != kHwregMode) return exec_unsupported(w, op);
  const u32 mask = field_mask(op);
  const u32 value = read_dword(w, op->src[0]) << (op->imm2 & 31);
  if (op->src[0].kind == Kind::kSgpr && w.s_poison[op->src[0].index] != 0)
    w.machine->report_poison(w, op, "the floating-point mode", 0, w.s_origin[op->src[0].index]);
  const Round before = w.mode.round_f32;
  w.mode = Mode::from_bits((w.mode.bits & ~mask) | (value & mask));
  if (w.mode.round_f32 != before) set_host_rounding(w.mode.round_f32);
  return op + 1;
}
const Op* s_getreg(Wave& w, const Op* op) {
  if (op->imm != kHwregMode) return exec_unsupported(w, op);
  w.s[op->dst] = (w.mode.bits & field_mask(op)) >> (op->imm2 & 31);
  w.s_poison[op->dst] = 0;
  return op + 1;
}
// VSKIP = S0[S1[4:0]]. What it then skips is decode.cc's.
const Op* s_setvskip(Wave& w, const Op* op) {
  const auto undefined = [&](const Slot& slot, u32 bits) {
    const bool any = slot.kind == Kind::kSgpr && (w.s_poison[slot.index] & bits) != 0;
    if (any) w.machine->report_poison(w, op, "MODE", 0, w.s_origin[slot.index]);
    return any;
  };
  if (undefined(op->src[1], 31)) return op + 1;
  const u32 bit = read_dword(w, op->src[1]) & 31;
  if (undefined(op->src[0], 1u << bit)) return op + 1;
  constexpr u32 kVskip = 1u << Mode::kVskipBit;
  const bool skips = read_dword(w, op->src[0]) >> bit & 1;
  w.mode.bits = skips ? w.mode.bits | kVskip : w.mode.bits & ~kVskip;
  return op + 1;
}
constexpr Row setvskip() {
  Row row;
  row.mnemonic = "s_setvskip";
  row.format = Format::kScalar;
  row.exec = &s_setvskip;
  row.operands[0] = row.operands[1] = OperandType::kB32;
  row.operand_count = 2;
  return row;
}
constexpr Row hwreg(std::string_view mnemonic, ExecFn exec) {
  Row row;
  row.mnemonic = mnemonic;
  row.exec = exec;
  return row;
}

SIM_INLINE u32 add_signed(u32 a, u32 b, bool& scc) {
  i32 r;
  scc = __builtin_add_overflow(i32(a), i32(b), &r);
  return u32(r);
}
// find first one / first bit unlike the sign; -1 when there is none
SIM_INLINE u32 flbit(u64 x, unsigned width) {
  return x == 0 ? ~0u : u32(__builtin_clzll(x)) - (64 - width);
}
SIM_INLINE u64 quad_or(u64 x) {
  u64 r = 0;
  for (unsigned i = 0; i < 16; ++i) r |= u64((x >> 4 * i & 15) != 0) << i;
  return r;
}
SIM_INLINE u64 whole_quads(u64 x) {
  u64 r = 0;
  for (unsigned i = 0; i < 16; ++i) r |= (x >> 4 * i & 15) != 0 ? u64{15} << 4 * i : 0;
  return r;
}
SIM_INLINE u64 low_mask(unsigned width) { return width >= 64 ? ~0ull : (u64{1} << width) - 1; }

constexpr Row kRows[] = {
    // Moves. The manual gives them no SCC.
    scalar("s_mov_b32", [](u32 a) { return a; }).with(poison_copy),
    scalar("s_mov_b64", [](u64 a) { return a; }).with(poison_copy),
    scalar("s_cmov_b32", [](u32 a, Old<u32> d, Scc s) { return s.value ? a : d.value; })
        .with(poison_select_scc),
    scalar("s_cmov_b64", [](u64 a, Old<u64> d, Scc s) { return s.value ? a : d.value; })
        .with(poison_select_scc),
    scalar("s_movk_i32", [](u32 k) { return u32(i32(i16(k))); }),
    scalar("s_cmovk_i32",
           [](u32 k, Old<u32> d, Scc s) { return s.value ? u32(i32(i16(k))) : d.value; })
        .with(poison_select_scc),
    scalar("s_cselect_b32", [](u32 a, u32 b, Scc s) { return s.value ? a : b; })
        .with(poison_select_scc),
    scalar("s_cselect_b64", [](u64 a, u64 b, Scc s) { return s.value ? a : b; })
        .with(poison_select_scc),

    // Arithmetic: SCC is carry or borrow (u), signed overflow (i).
    scalar("s_add_u32",
           [](u32 a, u32 b, bool& scc) {
             scc = a + b < a;
             return a + b;
           })
        .with(poison_carry)
        .with_bit(poison_carry_out_add),
    scalar("s_sub_u32",
           [](u32 a, u32 b, bool& scc) {
             scc = b > a;
             return a - b;
           })
        .with(poison_carry)
        .with_bit(poison_carry_out_sub),
    scalar("s_addc_u32",
           [](u32 a, u32 b, Scc c, bool& scc) {
             const u64 r = u64(a) + b + c.value;
             scc = r >> 32;
             return u32(r);
           })
        .with(poison_carry)
        .with_bit(poison_carry_out_add),
    scalar("s_subb_u32",
           [](u32 a, u32 b, Scc c, bool& scc) {
             scc = u64(b) + c.value > a;
             return a - b - c.value;
           })
        .with(poison_carry)
        .with_bit(poison_carry_out_sub),
    scalar("s_add_i32", [](u32 a, u32 b, bool& scc) { return add_signed(a, b, scc); })
        .with(poison_carry),
    scalar("s_sub_i32",
           [](i32 a, i32 b, bool& scc) {
             i32 r;
             scc = __builtin_sub_overflow(a, b, &r);
             return u32(r);
           })
        .with(poison_carry),
    scalar("s_addk_i32",
           [](u32 k, Old<u32> d, bool& scc) { return add_signed(d.value, u32(i32(i16(k))), scc); })
        .with(poison_carry),
    scalar("s_mul_i32", [](u32 a, u32 b) { return a * b; }).with(poison_multiply),
    scalar("s_mulk_i32", [](u32 k, Old<u32> d) { return d.value * u32(i32(i16(k))); })
        .with(poison_multiply),
    scalar("s_mul_hi_u32", [](u32 a, u32 b) { return u32(u64(a) * b >> 32); })
        .with(poison_multiply_high),
    scalar("s_mul_hi_i32", [](i32 a, i32 b) { return u32(u64(i64(a) * b) >> 32); })
        .with(poison_multiply_high),
    scalar("s_min_i32",
           [](i32 a, i32 b, bool& scc) {
             scc = a < b;
             return a < b ? a : b;
           })
        .with(poison_min_i32)
        .with_bit(poison_less_i32),
    scalar("s_min_u32",
           [](u32 a, u32 b, bool& scc) {
             scc = a < b;
             return a < b ? a : b;
           })
        .with(poison_min_u32)
        .with_bit(poison_less_u32),
    scalar("s_max_i32",
           [](i32 a, i32 b, bool& scc) {
             scc = a >= b;
             return a >= b ? a : b;
           })
        .with(poison_max_i32)
        .with_bit(poison_less_i32),
    scalar("s_max_u32",
           [](u32 a, u32 b, bool& scc) {
             scc = a >= b;
             return a >= b ? a : b;
           })
        .with(poison_max_u32)
        .with_bit(poison_less_u32),
    nonzero("s_abs_i32", [](u32 a) { return i32(a) < 0 ? 0 - a : a; }).with(poison_abs32),
    nonzero("s_absdiff_i32",
            [](i32 a, i32 b) {
              const u32 d = u32(a) - u32(b);
              const u32 r = i32(d) < 0 ? 0 - d : d;
              return r;
            }),
    scalar("s_lshl1_add_u32",
           [](u32 a, u32 b, bool& scc) {
             const u64 r = (u64(a) << 1) + b;
             scc = r >> 32 != 0;
             return u32(r);
           })
        .with(poison_lshl1_add32)
        .with_bit(poison_carry_out_lshl1_add32),
    scalar("s_lshl2_add_u32",
           [](u32 a, u32 b, bool& scc) {
             const u64 r = (u64(a) << 2) + b;
             scc = r >> 32 != 0;
             return u32(r);
           })
        .with(poison_lshl2_add32)
        .with_bit(poison_carry_out_lshl2_add32),
    scalar("s_lshl3_add_u32",
           [](u32 a, u32 b, bool& scc) {
             const u64 r = (u64(a) << 3) + b;
             scc = r >> 32 != 0;
             return u32(r);
           })
        .with(poison_lshl3_add32)
        .with_bit(poison_carry_out_lshl3_add32),
    scalar("s_lshl4_add_u32",
           [](u32 a, u32 b, bool& scc) {
             const u64 r = (u64(a) << 4) + b;
             scc = r >> 32 != 0;
             return u32(r);
           })
        .with(poison_lshl4_add32)
        .with_bit(poison_carry_out_lshl4_add32),
    scalar("s_sext_i32_i8", [](u32 a) { return u32(i32(i8(a))); }).with(poison_sext8),
    scalar("s_sext_i32_i16", [](u32 a) { return u32(i32(i16(a))); }).with(poison_sext16),

    // Logic: SCC is result != 0.
    nonzero("s_and_b32", [](u32 a, u32 b) { return a & b; }).with(poison_and),
    nonzero("s_and_b64", [](u64 a, u64 b) { return a & b; }).with(poison_and),
    nonzero("s_or_b32", [](u32 a, u32 b) { return a | b; }).with(poison_or),
    nonzero("s_or_b64", [](u64 a, u64 b) { return a | b; }).with(poison_or),
    nonzero("s_xor_b32", [](u32 a, u32 b) { return a ^ b; }).with(poison_xor),
    nonzero("s_xor_b64", [](u64 a, u64 b) { return a ^ b; }).with(poison_xor),
    nonzero("s_andn2_b32", [](u32 a, u32 b) { return a & ~b; }).with(poison_andn2),
    nonzero("s_andn2_b64", [](u64 a, u64 b) { return a & ~b; }).with(poison_andn2),
    nonzero("s_orn2_b32", [](u32 a, u32 b) { return a | ~b; }).with(poison_orn2),
    nonzero("s_orn2_b64", [](u64 a, u64 b) { return a | ~b; }).with(poison_orn2),
    nonzero("s_nand_b32", [](u32 a, u32 b) { return ~(a & b); }).with(poison_and),
    nonzero("s_nand_b64", [](u64 a, u64 b) { return ~(a & b); }).with(poison_and),
    nonzero("s_nor_b32", [](u32 a, u32 b) { return ~(a | b); }).with(poison_or),
    nonzero("s_nor_b64", [](u64 a, u64 b) { return ~(a | b); }).with(poison_or),
    nonzero("s_xnor_b32", [](u32 a, u32 b) { return ~(a ^ b); }).with(poison_xor),
    nonzero("s_xnor_b64", [](u64 a, u64 b) { return ~(a ^ b); }).with(poison_xor),
    nonzero("s_not_b32", [](u32 a) { return ~a; }).with(poison_copy),
    nonzero("s_not_b64", [](u64 a) { return ~a; }).with(poison_copy),

    // Shifts and fields: SCC is result != 0.
    nonzero("s_lshl_b32", [](u32 a, u32 n) { return a << (n & 31); }).with(poison_lshl32),
    nonzero("s_lshl_b64", [](u64 a, u32 n) { return a << (n & 63); }).with(poison_lshl64),
    nonzero("s_lshr_b32", [](u32 a, u32 n) { return a >> (n & 31); }).with(poison_lshr32),
    nonzero("s_lshr_b64", [](u64 a, u32 n) { return a >> (n & 63); }).with(poison_lshr64),
    nonzero("s_ashr_i32", [](i32 a, u32 n) { return u32(a >> (n & 31)); }).with(poison_ashr32),
    nonzero("s_ashr_i64", [](i64 a, u32 n) { return u64(a >> (n & 63)); }).with(poison_ashr64),
    scalar("s_bfm_b32", [](u32 a, u32 b) { return u32(low_mask(a & 31)) << (b & 31); })
        .with(poison_field_mask32),
    scalar("s_bfm_b64", [](u32 a, u32 b) { return low_mask(a & 63) << (b & 63); })
        .with(poison_field_mask64),
    // S1: offset in [4:0] ([5:0] for 64 bits), width in [22:16].
    nonzero("s_bfe_u32",
            [](u32 a, u32 b) { return u32((u64(a) >> (b & 31)) & low_mask(b >> 16 & 0x7f)); })
        .with(poison_sbfe_u32),
    nonzero("s_bfe_i32",
            [](u32 a, u32 b) {
              const unsigned width = b >> 16 & 0x7f;
              const u64 field = (u64(i64(i32(a))) >> (b & 31)) & low_mask(width);
              const u32 r = width == 0    ? 0
                            : width >= 32 ? u32(field)
                                          : u32(i32(u32(field) << (32 - width)) >> (32 - width));
              return r;
            })
        .with(poison_sbfe_i32),
    nonzero("s_bfe_u64", [](u64 a, u32 b) { return (a >> (b & 63)) & low_mask(b >> 16 & 0x7f); })
        .with(poison_sbfe_u64),
    nonzero("s_bfe_i64",
            [](u64 a, u32 b) {
              const unsigned width = b >> 16 & 0x7f;
              const u64 field = u64(i64(a) >> (b & 63)) & low_mask(width);
              const u64 r = width == 0    ? 0
                            : width >= 64 ? field
                                          : u64(i64(field << (64 - width)) >> (64 - width));
              return r;
            })
        .with(poison_sbfe_i64),
    scalar("s_brev_b32",
           [](u32 a) {
             u32 r = 0;
             for (unsigned i = 0; i < 32; ++i) r |= (a >> i & 1) << (31 - i);
             return r;
           })
        .with(poison_brev32),
    scalar("s_brev_b64",
           [](u64 a) {
             u64 r = 0;
             for (unsigned i = 0; i < 64; ++i) r |= (a >> i & 1) << (63 - i);
             return r;
           })
        .with(poison_brev64),
    scalar("s_bitset0_b32", [](u32 a, Old<u32> d) { return d.value & ~(1u << (a & 31)); })
        .with(poison_bitset32),
    scalar("s_bitset1_b32", [](u32 a, Old<u32> d) { return d.value | 1u << (a & 31); })
        .with(poison_bitset32),
    scalar("s_bitset0_b64", [](u32 a, Old<u64> d) { return d.value & ~(u64{1} << (a & 63)); })
        .with(poison_bitset64),
    scalar("s_bitset1_b64", [](u32 a, Old<u64> d) { return d.value | u64{1} << (a & 63); })
        .with(poison_bitset64),
    scalar("s_bitreplicate_b64_b32",
           [](u32 a) {
             u64 r = 0;
             for (unsigned i = 0; i < 32; ++i) r |= u64(a >> i & 1) * 3 << 2 * i;
             return r;
           })
        .with(poison_bitreplicate),
    nonzero("s_bcnt0_i32_b32", [](u32 a) { return u32(__builtin_popcount(~a)); })
        .with(poison_bcnt0_32)
        .with_bit(poison_any_zero32),
    nonzero("s_bcnt0_i32_b64", [](u64 a) { return u32(__builtin_popcountll(~a)); })
        .with(poison_bcnt0_64)
        .with_bit(poison_any_zero64),
    nonzero("s_bcnt1_i32_b32", [](u32 a) { return u32(__builtin_popcount(a)); })
        .with(poison_bcnt1)
        .with_bit(poison_any_one),
    nonzero("s_bcnt1_i32_b64", [](u64 a) { return u32(__builtin_popcountll(a)); })
        .with(poison_bcnt1)
        .with_bit(poison_any_one),
    scalar("s_ff0_i32_b32", [](u32 a) { return ~a == 0 ? ~0u : u32(__builtin_ctz(~a)); })
        .with(poison_ff0_32),
    scalar("s_ff0_i32_b64", [](u64 a) { return ~a == 0 ? ~0u : u32(__builtin_ctzll(~a)); })
        .with(poison_ff0_64),
    scalar("s_ff1_i32_b32", [](u32 a) { return a == 0 ? ~0u : u32(__builtin_ctz(a)); })
        .with(poison_ff1),
    scalar("s_ff1_i32_b64", [](u64 a) { return a == 0 ? ~0u : u32(__builtin_ctzll(a)); })
        .with(poison_ff1),
    scalar("s_flbit_i32_b32", [](u32 a) { return flbit(a, 32); }).with(poison_flbit),
    scalar("s_flbit_i32_b64", [](u64 a) { return flbit(a, 64); }).with(poison_flbit),
    scalar("s_flbit_i32", [](u32 a) { return flbit(i32(a) < 0 ? ~a : a, 32); })
        .with(poison_flbit_i32),
    scalar("s_flbit_i32_i64", [](u64 a) { return flbit(i64(a) < 0 ? ~a : a, 64); })
        .with(poison_flbit_i64),
    nonzero("s_quadmask_b32", [](u32 a) { return u32(quad_or(a)); }).with(poison_quadmask),
    nonzero("s_quadmask_b64", [](u64 a) { return quad_or(a); }).with(poison_quadmask),
    nonzero("s_wqm_b32", [](u32 a) { return u32(whole_quads(a)); }).with(poison_wqm),
    nonzero("s_wqm_b64", [](u64 a) { return whole_quads(a); }).with(poison_wqm),
    scalar("s_pack_ll_b32_b16", [](u32 a, u32 b) { return (a & 0xffff) | b << 16; })
        .with(poison_pack),
    scalar("s_pack_lh_b32_b16", [](u32 a, u32 b) { return (a & 0xffff) | (b & 0xffff'0000); })
        .with(poison_pack_lh),
    scalar("s_pack_hh_b32_b16", [](u32 a, u32 b) { return a >> 16 | (b & 0xffff'0000); })
        .with(poison_pack_hh),

    // Compares.
    scalar("s_cmp_eq_i32", [](u32 a, u32 b, bool& scc) { scc = a == b; }).with_bit(poison_equal),
    scalar("s_cmp_lg_i32", [](u32 a, u32 b, bool& scc) { scc = a != b; }).with_bit(poison_equal),
    scalar("s_cmp_gt_i32", [](i32 a, i32 b, bool& scc) { scc = a > b; })
        .with_bit(poison_greater_i32),
    scalar("s_cmp_ge_i32", [](i32 a, i32 b, bool& scc) { scc = a >= b; }).with_bit(poison_less_i32),
    scalar("s_cmp_lt_i32", [](i32 a, i32 b, bool& scc) { scc = a < b; }).with_bit(poison_less_i32),
    scalar("s_cmp_le_i32", [](i32 a, i32 b, bool& scc) { scc = a <= b; })
        .with_bit(poison_greater_i32),
    scalar("s_cmp_eq_u32", [](u32 a, u32 b, bool& scc) { scc = a == b; }).with_bit(poison_equal),
    scalar("s_cmp_lg_u32", [](u32 a, u32 b, bool& scc) { scc = a != b; }).with_bit(poison_equal),
    scalar("s_cmp_gt_u32", [](u32 a, u32 b, bool& scc) { scc = a > b; })
        .with_bit(poison_greater_u32),
    scalar("s_cmp_ge_u32", [](u32 a, u32 b, bool& scc) { scc = a >= b; }).with_bit(poison_less_u32),
    scalar("s_cmp_lt_u32", [](u32 a, u32 b, bool& scc) { scc = a < b; }).with_bit(poison_less_u32),
    scalar("s_cmp_le_u32", [](u32 a, u32 b, bool& scc) { scc = a <= b; })
        .with_bit(poison_greater_u32),
    scalar("s_cmp_eq_u64", [](u64 a, u64 b, bool& scc) { scc = a == b; }).with_bit(poison_equal),
    scalar("s_cmp_lg_u64", [](u64 a, u64 b, bool& scc) { scc = a != b; }).with_bit(poison_equal),
    scalar("s_bitcmp0_b32", [](u32 a, u32 b, bool& scc) { scc = !(a >> (b & 31) & 1); })
        .with_bit(poison_bit32),
    scalar("s_bitcmp1_b32", [](u32 a, u32 b, bool& scc) { scc = a >> (b & 31) & 1; })
        .with_bit(poison_bit32),
    scalar("s_bitcmp0_b64", [](u64 a, u32 b, bool& scc) { scc = !(a >> (b & 63) & 1); })
        .with_bit(poison_bit64),
    scalar("s_bitcmp1_b64", [](u64 a, u32 b, bool& scc) { scc = a >> (b & 63) & 1; })
        .with_bit(poison_bit64),
    scalar("s_cmpk_eq_i32", [](i32 a, u32 k, bool& scc) { scc = a == i16(k); })
        .with_bit(poison_equal_i16k),
    scalar("s_cmpk_lg_i32", [](i32 a, u32 k, bool& scc) { scc = a != i16(k); })
        .with_bit(poison_equal_i16k),
    scalar("s_cmpk_gt_i32", [](i32 a, u32 k, bool& scc) { scc = a > i16(k); })
        .with_bit(poison_greater_i16k),
    scalar("s_cmpk_ge_i32", [](i32 a, u32 k, bool& scc) { scc = a >= i16(k); })
        .with_bit(poison_less_i16k),
    scalar("s_cmpk_lt_i32", [](i32 a, u32 k, bool& scc) { scc = a < i16(k); })
        .with_bit(poison_less_i16k),
    scalar("s_cmpk_le_i32", [](i32 a, u32 k, bool& scc) { scc = a <= i16(k); })
        .with_bit(poison_greater_i16k),
    scalar("s_cmpk_eq_u32", [](u32 a, u32 k, bool& scc) { scc = a == u16(k); })
        .with_bit(poison_equal_u16k),
    scalar("s_cmpk_lg_u32", [](u32 a, u32 k, bool& scc) { scc = a != u16(k); })
        .with_bit(poison_equal_u16k),
    scalar("s_cmpk_gt_u32", [](u32 a, u32 k, bool& scc) { scc = a > u16(k); })
        .with_bit(poison_greater_u16k),
    scalar("s_cmpk_ge_u32", [](u32 a, u32 k, bool& scc) { scc = a >= u16(k); })
        .with_bit(poison_less_u16k),
    scalar("s_cmpk_lt_u32", [](u32 a, u32 k, bool& scc) { scc = a < u16(k); })
        .with_bit(poison_less_u16k),
    scalar("s_cmpk_le_u32", [](u32 a, u32 k, bool& scc) { scc = a <= u16(k); })
        .with_bit(poison_greater_u16k),

    // EXEC: structured control flow.
    saveexec_row("s_and_saveexec_b64", [](u64 s, u64 exec) { return s & exec; }),
    saveexec_row("s_or_saveexec_b64", [](u64 s, u64 exec) { return s | exec; }),
    saveexec_row("s_xor_saveexec_b64", [](u64 s, u64 exec) { return s ^ exec; }),
    saveexec_row("s_andn2_saveexec_b64", [](u64 s, u64 exec) { return s & ~exec; }),
    saveexec_row("s_orn2_saveexec_b64", [](u64 s, u64 exec) { return s | ~exec; }),
    saveexec_row("s_nand_saveexec_b64", [](u64 s, u64 exec) { return ~(s & exec); }),
    saveexec_row("s_nor_saveexec_b64", [](u64 s, u64 exec) { return ~(s | exec); }),
    saveexec_row("s_xnor_saveexec_b64", [](u64 s, u64 exec) { return ~(s ^ exec); }),
    saveexec_row("s_andn1_saveexec_b64", [](u64 s, u64 exec) { return ~s & exec; }),
    saveexec_row("s_orn1_saveexec_b64", [](u64 s, u64 exec) { return ~s | exec; }),

    wrexec_row("s_andn1_wrexec_b64", [](u64 s, u64 exec) { return ~s & exec; }),
    wrexec_row("s_andn2_wrexec_b64", [](u64 s, u64 exec) { return s & ~exec; }),
    movrel_row<1, true>("s_movrels_b32"),
    movrel_row<2, true>("s_movrels_b64"),
    movrel_row<1, false>("s_movreld_b32"),
    movrel_row<2, false>("s_movreld_b64"),

    hwreg("s_setreg_b32", &s_setreg),
    hwreg("s_setreg_imm32_b32", &s_setreg),
    hwreg("s_getreg_b32", &s_getreg),
    setvskip(),
};

}  // namespace

std::span<const Row> salu_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
