// Runs a vector instruction: brings its sources into lane arrays, calls its body, writes the result
// under EXEC, and carries poison along.
#include <immintrin.h>

#include "gpu/sim/table.h"
#include "gpu/sim/vocabulary.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// One bit per lane from dwords that are 0 or ~0.
SIM_INLINE u64 lane_mask(const u32* lanes) {
  u64 mask = 0;
#if defined(__AVX512F__)
  for (unsigned i = 0; i < 4; ++i) {
    const __m512i x = _mm512_loadu_si512(lanes + 16 * i);
    mask |= u64(_mm512_test_epi32_mask(x, x)) << 16 * i;
  }
#elif defined(__AVX2__)
  for (unsigned i = 0; i < 8; ++i)
    mask |=
        u64(u32(_mm256_movemask_ps(_mm256_loadu_ps(reinterpret_cast<const float*>(lanes + 8 * i)))))
        << 8 * i;
#else
  for (unsigned i = 0; i < 16; ++i)
    mask |= u64(u32(_mm_movemask_ps(_mm_loadu_ps(reinterpret_cast<const float*>(lanes + 4 * i)))))
            << 4 * i;
#endif
  return mask;
}

// Sign modifiers as masks: (x & keep) ^ flip.
struct Signs {
  u32 keep, flip;
};
SIM_INLINE Signs signs(unsigned modifiers) {
  return {((modifiers & kAbs31) ? 0x7fff'ffffu : ~0u) & ((modifiers & kAbs15) ? ~0x8000u : ~0u),
          ((modifiers & kNeg31) ? 0x8000'0000u : 0u) | ((modifiers & kNeg15) ? 0x8000u : 0u)};
}
SIM_INLINE void modify_lanes(const u32* from, unsigned modifiers, u32* to) {
  const Signs s = signs(modifiers);
#pragma GCC ivdep
  for (unsigned i = 0; i < kLanes; ++i) to[i] = (from[i] & s.keep) ^ s.flip;
}

// Lane array of one source dword. `poison` collects the lanes that have some.
SIM_INLINE const u32* fetch(Wave& w, const Op* op, unsigned k, bool with_modifiers, u64& poison) {
  const Slot slot = op->src[k];
  switch (slot.kind) {
    case Kind::kVgpr: {
      poison |= w.v_poison[slot.index].any();
      const u32* lanes = w.v[slot.index];
      if (!with_modifiers || slot.modifiers == 0) return lanes;
      modify_lanes(lanes, slot.modifiers, w.source_lanes[k]);
      return w.source_lanes[k];
    }
    case Kind::kConst:
      return w.machine->code->constants[slot.index].lane;
    case Kind::kSgpr: {
      if (w.s_poison[slot.index] != 0) poison = ~0ull;
      const Signs s = signs(with_modifiers ? slot.modifiers : 0);
      const u32 value = (w.s[slot.index] & s.keep) ^ s.flip;
      u32* lanes = w.source_lanes[k];
      for (unsigned i = 0; i < kLanes; ++i) lanes[i] = value;
      return lanes;
    }
    case Kind::kMask: {
      poison |= w.s64_poison(slot.index);
      u32* lanes = w.source_lanes[k];
      for (unsigned half = 0; half < 2; ++half) {
        const u32 bits = w.s[slot.index + half];
        for (unsigned i = 0; i < 32; ++i) lanes[32 * half + i] = 0u - (bits >> i & 1);
      }
      return lanes;
    }
    case Kind::kNone:
      break;
  }
  return w.source_lanes[k];
}

SIM_INLINE void set_mask(Wave& w, const Op* op, const u32* lanes, u64 poison, u32 origin) {
  const u64 mask = lane_mask(lanes) & w.exec;
  w.set_s64(op->mask, mask, poison & w.exec);
  if (poison & w.exec) w.s_origin[op->mask] = w.s_origin[op->mask + 1] = origin;
  if (op->row->format == Format::kVectorCompareExec) w.set_s64(kExec, mask, poison & w.exec);
}

// EXEC was the destination: an undefined bit there decides which lanes run.
[[gnu::noinline]] void finish_exec(Wave& w, const Op* op) {
  if (const u64 poison = w.s64_poison(kExec)) {
    const u32 origin = w.s_origin[op->mask];
    w.s_poison[kExec] = w.s_poison[kExec + 1] = 0;
    w.machine->report_poison(w, op, "a branch", poison, origin);
  }
  w.exec_changed();
}

// Blends results into the destination registers of the lanes in `write`.
SIM_INLINE void blend(Wave& w, const Op* op, u64 write) {
  for (unsigned d = 0; d < op->dwords; ++d) {
    u32* to = w.v[op->dst + d];
    const u32* from = w.result_lanes[d];
    if (write == w.exec) {
      const u32* m = w.exec_lanes;
      for (unsigned i = 0; i < kLanes; ++i) to[i] = (from[i] & m[i]) | (to[i] & ~m[i]);
    } else {
      for (unsigned i = 0; i < kLanes; ++i) {
        const u32 m = 0u - u32(write >> i & 1);
        to[i] = (from[i] & m) | (to[i] & ~m);
      }
    }
  }
}

SIM_INLINE void clear_poison(Wave& w, const Op* op, u64 write) {
  for (unsigned d = 0; d < op->dwords; ++d) {
    VgprPoison& p = w.v_poison[op->dst + d];
    for (unsigned b = 0; b < 4; ++b) p.byte[b] &= ~write;
  }
}

void set_poison(Wave& w, const Op* op, unsigned d, const u32* lanes, u64 write, u32 origin) {
  w.set_lane_poison(op->dst + d, lanes, write);
  if (w.v_poison[op->dst + d].any() & write) w.v_origin[op->dst + d] = origin;
}

// A source has poison in an active lane: works out the result's, before the body overwrites
// sources.
struct PoisonedResult {
  u32 lanes[kMaxResults][kLanes];
  u32 origin;
};
[[gnu::noinline]] void find_poison(Wave& w, const Op* op, const LaneArgs& args,
                                   PoisonedResult& out) {
  alignas(64) u32 masks[kMaxSlots][kLanes];
  for (unsigned k = 0; k < op->slots; ++k) poison_lanes(w, op->src[k], masks[k]);
  vector_poison(*op, args, masks, out.lanes);
  out.origin = poison_origin(w, *op, w.exec);
}

const Op* plain_poisoned(Wave& w, const Op* op, LaneArgs& args) {
  PoisonedResult poison;
  find_poison(w, op, args, poison);
  if (w.machine->repeat) return w.machine->again(op);
  for (unsigned d = 0; d < kMaxResults; ++d) args.dst[d] = w.result_lanes[d];
  op->lanes(args);
  blend(w, op, w.exec);
  for (unsigned d = 0; d < op->dwords; ++d)
    set_poison(w, op, d, poison.lanes[d], w.exec, poison.origin);
  if (op->has_mask) {
    const u64 mask_poison = lane_mask(poison.lanes[op->dwords]);
    set_mask(w, op, w.result_lanes[op->dwords], mask_poison, poison.origin);
    if (op->writes_exec) finish_exec(w, op);
  }
  return op + 1;
}

// --- Extras: SDWA, op_sel, DPP, clamp, omod ------------------------------------------------------

// First bit and width of a register's part.
struct Field {
  unsigned shift, width;
};
SIM_INLINE Field field(Part part) {
  switch (part) {
    case Part::kDword:
      break;
    case Part::kByte0:
    case Part::kByte1:
    case Part::kByte2:
    case Part::kByte3:
      return {8 * (unsigned(part) - unsigned(Part::kByte0)), 8};
    case Part::kWord0:
      return {0, 16};
    case Part::kWord1:
      return {16, 16};
  }
  return {0, 32};
}
SIM_INLINE void select_lanes(const u32* from, Part part, bool sext, u32* to) {
  const Field f = field(part);
  const unsigned up = 32 - f.shift - f.width, down = 32 - f.width;
  if (sext) {
#pragma GCC ivdep
    for (unsigned i = 0; i < kLanes; ++i) to[i] = u32(i32(from[i] << up) >> down);
  } else {
#pragma GCC ivdep
    for (unsigned i = 0; i < kLanes; ++i) to[i] = from[i] << up >> down;
  }
}

// Lanes whose DPP source lane exists and is active.
SIM_INLINE u64 dpp_readable(const Extras& e, u64 exec) {
  if (exec == ~0ull) return e.dpp_valid;
  u64 active = 0;
  for (unsigned i = 0; i < kLanes; ++i) active |= (exec >> e.dpp_source[i] & 1) << i;
  return active & e.dpp_valid;
}

// Values and poison masks take the same way to the body; masks without sign modifiers.
// `readable`: see dpp_readable().
void rearrange(const Extras& e, OperandType type, unsigned operand, bool dpp, unsigned modifiers,
               bool values, u64 readable, const u32* from, u32* to) {
  if (dpp) {
    for (unsigned i = 0; i < kLanes; ++i) to[i] = from[e.dpp_source[i]];
    if (readable != ~0ull)
      for (unsigned i = 0; i < kLanes; ++i) to[i] &= 0u - u32(readable >> i & 1);
    from = to;
  }
  if (type == OperandType::kPackedB16 || type == OperandType::kPackedF16 ||
      type == OperandType::kOldPackedF16) {
    const unsigned low = e.halves[operand] & 1 ? 16 : 0, high = e.halves[operand] & 2 ? 16 : 0;
#pragma GCC ivdep
    for (unsigned i = 0; i < kLanes; ++i) to[i] = (from[i] >> low & 0xffff) | from[i] >> high << 16;
  } else if (from != to || e.part[operand] != Part::kDword) {
    select_lanes(from, e.part[operand], e.sext[operand], to);
    if (type == OperandType::kMixF32 && e.mix_half[operand]) {
      for (unsigned i = 0; i < kLanes; ++i)
        to[i] = values ? f32_from_f16(to[i]) : mask32(to[i] != 0);
    }
  }
  if (modifiers != 0) modify_lanes(to, modifiers, to);
}

SIM_INLINE float clamp01(float x, bool dx10) {
  if (x != x) return dx10 ? 0.0f : x;
  return x < 0 ? 0.0f : x > 1 ? 1.0f : x == 0 ? 0.0f : x;
}

void scale_and_clamp(const Extras& e, const Mode& mode, u32* r0, u32* r1) {
  const float factor = e.omod == 1 ? 2.0f : e.omod == 2 ? 4.0f : 0.5f;
  const bool other_round = e.result == ResultType::kF64 && mode.round_f16_f64 != mode.round_f32;
  if (other_round) set_host_rounding(mode.round_f16_f64);
  for (unsigned i = 0; i < kLanes; ++i) {
    switch (e.result) {
      case ResultType::kF32:
      case ResultType::kPackedF32:
        for (u32* r : {r0, r1}) {
          if (r == r1 && e.result == ResultType::kF32) break;
          float x = as_float(r[i]);
          // Output modifiers act only when the mode flushes denormals and IEEE is off.
          if (e.omod != 0 && mode.flush_out_f32 && !mode.ieee && x == x)
            x = as_float(flush32(as_bits(x * factor)));
          if (e.clamp) x = clamp01(x, mode.dx10_clamp);
          r[i] = as_bits(x);
        }
        break;
      case ResultType::kF16:
      case ResultType::kPackedF16:
        for (unsigned shift : {0u, 16u}) {
          if (shift != 0 && e.result == ResultType::kF16) break;
          if (is_nan16(r0[i] >> shift) && !(e.clamp && mode.dx10_clamp)) continue;
          float x = as_float(f32_from_f16(r0[i] >> shift & 0xffff));
          const bool scales = e.omod != 0 && mode.flush_out_f16_f64 && !mode.ieee && x == x;
          if (scales) x *= factor;
          if (e.clamp) x = clamp01(x, mode.dx10_clamp);
          const u32 bits = flush16(f16_from_f32(as_bits(x), mode.round_f16_f64, mode.fp16_overflow),
                                   mask32(scales));
          r0[i] = (r0[i] & ~(0xffffu << shift)) | bits << shift;
        }
        break;
      case ResultType::kF64: {
        double x = as_double(r0[i] | u64(r1[i]) << 32);
        if (e.omod != 0 && mode.flush_out_f16_f64 && !mode.ieee && x == x)
          x = as_double(flush64(as_bits(x * factor)));
        if (e.clamp) {
          if (x != x)
            x = mode.dx10_clamp ? 0 : x;
          else
            x = x <= 0 ? 0 : x > 1 ? 1 : x;
        }
        r0[i] = u32(as_bits(x));
        r1[i] = u32(as_bits(x) >> 32);
        break;
      }
      case ResultType::kBits:
        break;
    }
  }
  if (other_round) set_host_rounding(mode.round_f32);
}

// Puts a narrow result into its part of the old register content.
void place(const Extras& e, const u32* old, u32* result) {
  if (e.dst_part == Part::kDword) return;
  const Field f = field(e.dst_part);
  const u32 mask = ((1u << f.width) - 1) << f.shift;
  switch (e.dst_unused) {
    case Unused::kPreserve:
#pragma GCC ivdep
      for (unsigned i = 0; i < kLanes; ++i)
        result[i] = (result[i] << f.shift & mask) | (old[i] & ~mask);
      break;
    case Unused::kPad:
#pragma GCC ivdep
      for (unsigned i = 0; i < kLanes; ++i) result[i] = result[i] << f.shift & mask;
      break;
    case Unused::kSext: {
      const unsigned up = 32 - f.width, down = up - f.shift;
#pragma GCC ivdep
      for (unsigned i = 0; i < kLanes; ++i)
        result[i] = u32(i32(result[i] << up) >> down) & ~((1u << f.shift) - 1);
      break;
    }
  }
}

}  // namespace

const Op* exec_vector(Wave& w, const Op* op) {
  LaneArgs args;
  u64 poison = 0;
  for (unsigned k = 0; k < op->slots; ++k) args.src[k] = fetch(w, op, k, true, poison);
  args.mode = &w.mode;
  args.transcendentals = w.machine->config->transcendentals;
  args.ulp_seed = w.machine->config->ulp_seed;
  if (poison & w.exec) [[unlikely]]
    return plain_poisoned(w, op, args);
  if (w.exec_full) {
    for (unsigned d = 0; d < op->dwords; ++d) args.dst[d] = w.v[op->dst + d];
    args.dst[op->dwords] = w.result_lanes[op->dwords];
    op->lanes(args);
    clear_poison(w, op, ~0ull);
  } else {
    for (unsigned d = 0; d < kMaxResults; ++d) args.dst[d] = w.result_lanes[d];
    op->lanes(args);
    blend(w, op, w.exec);
    clear_poison(w, op, w.exec);
  }
  if (op->has_mask) {
    set_mask(w, op, w.result_lanes[op->dwords], 0, 0);
    if (op->writes_exec) finish_exec(w, op);
  }
  return op + 1;
}

const Op* exec_vector_extras(Wave& w, const Op* op) {
  const Extras& e = *op->extras;
  const Row& row = *op->row;
  LaneArgs args;
  u64 poison = 0;
  alignas(64) u32 moved[kMaxSlots][kLanes];
  unsigned slot = 0;
  const u64 readable = e.dpp ? dpp_readable(e, w.exec) : ~0ull;
  for (unsigned k = 0; k < row.operand_count; ++k) {
    for (unsigned d = 0; d < sim::dwords(row.operands[k]); ++d, ++slot) {
      const bool dpp = e.dpp && k == 0;
      const bool moves = dpp || e.rearranges;
      args.src[slot] = fetch(w, op, slot, !moves, poison);
      if (moves) {
        rearrange(e, row.operands[k], k, dpp, op->src[slot].modifiers, true, readable,
                  args.src[slot], moved[slot]);
        args.src[slot] = moved[slot];
      }
    }
  }
  args.mode = &w.mode;
  args.transcendentals = w.machine->config->transcendentals;
  args.ulp_seed = w.machine->config->ulp_seed;
  for (unsigned d = 0; d < kMaxResults; ++d) args.dst[d] = w.result_lanes[d];

  u64 write = w.exec;
  if (e.dpp) {
    write &= e.dpp_write;
    if (!e.bound_ctrl) write &= readable;
  }

  PoisonedResult poisoned;
  const bool has_poison = (poison & w.exec) != 0;
  if (has_poison) [[unlikely]] {
    alignas(64) u32 masks[kMaxSlots][kLanes];
    slot = 0;
    for (unsigned k = 0; k < row.operand_count; ++k)
      for (unsigned d = 0; d < sim::dwords(row.operands[k]); ++d, ++slot) {
        alignas(64) u32 raw[kLanes];
        poison_lanes(w, op->src[slot], raw);
        rearrange(e, row.operands[k], k, e.dpp && k == 0, 0, false, readable, raw, masks[slot]);
      }
    vector_poison(*op, args, masks, poisoned.lanes);
    poisoned.origin = poison_origin(w, *op, w.exec);
    if (w.machine->repeat) return w.machine->again(op);
  }
  op->lanes(args);
  if (e.clamp || e.omod) scale_and_clamp(e, w.mode, w.result_lanes[0], w.result_lanes[1]);
  if (op->dwords != 0 && e.dst_part != Part::kDword) {
    alignas(64) u32 old[kLanes];
    if (e.dst_unused == Unused::kPreserve &&
        ((w.v_poison[op->dst].any() & w.exec) != 0 || has_poison)) {
      poison_lanes(w, Slot{Kind::kVgpr, 0, op->dst}, old);
      if (!has_poison) {
        for (unsigned i = 0; i < kLanes; ++i) poisoned.lanes[0][i] = 0;
        poisoned.origin =
            w.machine->waited(w, op, w.v_origin[op->dst], w.v_poison[op->dst].any() & w.exec);
      }
      place(e, old, poisoned.lanes[0]);
      place(e, w.v[op->dst], w.result_lanes[0]);
      blend(w, op, write);
      set_poison(w, op, 0, poisoned.lanes[0], write, poisoned.origin);
      return op + 1;
    }
    if (has_poison) place(e, w.v[op->dst], poisoned.lanes[0]);
    place(e, w.v[op->dst], w.result_lanes[0]);
  }
  blend(w, op, write);
  if (has_poison) {
    for (unsigned d = 0; d < op->dwords; ++d)
      set_poison(w, op, d, poisoned.lanes[d], write, poisoned.origin);
  } else {
    clear_poison(w, op, write);
  }
  if (op->has_mask) {
    set_mask(w, op, w.result_lanes[op->dwords],
             has_poison ? lane_mask(poisoned.lanes[op->dwords]) : 0, poisoned.origin);
    if (op->writes_exec) finish_exec(w, op);
  }
  return op + 1;
}

// While s_set_gpr_idx_on is in force, M0[7:0] is added to the VGPR numbers of the operand classes
// in M0[15:12]: src0, src1, src2, destination.
const Op* exec_vector_indexed(Wave& w, const Op* op) {
  if (op->row->fidelity != Fidelity::kExact) w.machine->note_inexact(op);
  const ExecFn exec = op->extras != nullptr ? &exec_vector_extras : &exec_vector;
  if (!w.gpr_index) return exec(w, op);
  if (w.s_poison[kM0] & 0xf0ff)
    w.machine->report_poison(w, op, "a VGPR index", 0, w.s_origin[kM0]);
  const u32 index = w.s[kM0] & 0xff, classes = w.s[kM0] >> 12;
  const u32 limit = w.machine->code->vgprs;
  Op moved = *op;
  bool outside = false;
  unsigned slot = 0, printed = 0;
  for (unsigned k = 0; k < op->row->operand_count; ++k) {
    const OperandType type = op->row->operands[k];
    const bool old = type == OperandType::kOldB32 || type == OperandType::kOldF32 ||
                     type == OperandType::kOldF64 || type == OperandType::kOldPackedF16;
    const unsigned which = old ? 3 : printed++;
    for (unsigned d = 0; d < sim::dwords(type); ++d, ++slot) {
      Slot& s = moved.src[slot];
      if (s.kind != Kind::kVgpr || !(classes >> which & 1)) continue;
      if (s.index + index >= limit)
        outside = true;
      else
        s.index = u16(s.index + index);
    }
  }
  if (classes & 8 && op->dwords != 0) {
    if (op->dst + op->dwords + index > limit)
      outside = true;
    else
      moved.dst = u16(op->dst + index);
  }
  if (outside) {
    Machine::Where where{0, true, index, 4, "the VGPRs, from the one named at", limit};
    w.machine->report(w, op, FindingKind::kOutOfBoundsRead, where);
    return op + 1;
  }
  exec(w, &moved);
  return op + 1;
}

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
