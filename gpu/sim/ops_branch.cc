// Program control: branches and calls. Branch targets are resolved when decoding.
#include "gpu/sim/feedback.h"
#include "gpu/sim/vocabulary.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

constexpr Row bare(std::string_view mnemonic, ExecFn exec) {
  Row row;
  row.mnemonic = mnemonic;
  row.exec = exec;
  return row;
}
constexpr Row branch(std::string_view mnemonic, ExecFn exec) {
  Row row = bare(mnemonic, exec);
  row.format = Format::kBranch;
  return row;
}
// s_getpc_b64 sdst; s_setpc_b64 ssrc; s_swappc_b64 sdst, ssrc.
constexpr Row jump(std::string_view mnemonic, ExecFn exec, bool result, bool source) {
  Row row = bare(mnemonic, exec);
  row.format = Format::kScalar;
  row.result_dwords = result ? 2 : 0;
  row.operands[0] = OperandType::kB64;
  row.operand_count = source ? 1 : 0;
  return row;
}

// A conditional branch's way.
SIM_INLINE const Op* go(Wave& w, const Op* op, bool taken) {
  if (Feedback* f = w.machine->feedback) {
    u32& count = taken ? f->branches[op->index].taken : f->branches[op->index].not_taken;
    count += count != ~0u;
  }
  return taken ? op->target : op + 1;
}
SIM_INLINE const Op* enter(Wave& w, const Op* target) {
  if (target != nullptr && w.machine->feedback != nullptr)
    w.machine->feedback->entered[target->index] = 1;
  return target;
}

const Op* nothing(Wave&, const Op* op) { return op + 1; }
const Op* s_branch(Wave&, const Op* op) { return op->target; }

template <bool kTaken>
const Op* cbranch_scc(Wave& w, const Op* op) {
  if (w.s_poison[kScc]) [[unlikely]] {
    w.s_poison[kScc] = 0;
    if (!w.machine->report_poison(w, op, "a branch", 0, w.s_origin[kScc])) return nullptr;
  }
  return go(w, op, (w.s[kScc] != 0) == kTaken);
}
template <bool kTaken>
const Op* cbranch_vccz(Wave& w, const Op* op) {
  // A defined one decides, whatever the undefined bits are.
  const u64 poison = w.s64_poison(kVcc);
  if (poison && (w.s64(kVcc) & ~poison) == 0) [[unlikely]] {
    w.s_poison[kVcc] = w.s_poison[kVcc + 1] = 0;
    if (!w.machine->report_poison(w, op, "a branch", poison, w.s_origin[kVcc])) return nullptr;
  }
  return go(w, op, (w.s64(kVcc) == 0) == kTaken);
}
template <bool kTaken>
const Op* cbranch_execz(Wave& w, const Op* op) {
  return go(w, op, (w.exec == 0) == kTaken);
}

SIM_INLINE u64 address_of(const Wave& w, const Op* op) {
  return kCodeBase + w.machine->code->addresses[op->index];
}
const Op* s_getpc(Wave& w, const Op* op) {
  w.set_s64(op->dst, address_of(w, op + 1), 0);
  return op + 1;
}
const Op* jump_to(Wave& w, const Op* op) {
  const unsigned source = op->src[0].index;
  if (w.s64_poison(source) != 0) {
    const u32 origin = w.s_origin[source];
    w.machine->report_poison(w, op, "the address of a jump", 0, origin);
    if (!Machine::taken_for_defined(origin)) {
      w.state = WaveState::kStopped;
      return nullptr;
    }
    w.machine->settle(w, origin);
  }
  return enter(w, find_jump(w, op, w.s64(source)));
}
const Op* s_setpc(Wave& w, const Op* op) { return jump_to(w, op); }
const Op* s_swappc(Wave& w, const Op* op) {
  const Op* target = jump_to(w, op);
  w.set_s64(op->dst, address_of(w, op + 1), 0);
  return target;
}

const Op* s_call(Wave& w, const Op* op) {
  w.set_s64(op->dst, address_of(w, op + 1), 0);
  return enter(w, op->target);
}

const Op* s_trap(Wave& w, const Op* op) {
  w.machine->report(w, op, FindingKind::kTrap, {});
  w.state = WaveState::kStopped;
  return nullptr;
}
// The counter has no functional meaning; a constant keeps runs repeatable.
const Op* s_memtime(Wave& w, const Op* op) {
  w.set_s64(op->dst, 0, 0);
  return op + 1;
}

// --- Relative VGPR addressing: M0[7:0] is the index, M0[15:12] the operands it is added to
// ------------

void set_index(Wave& w, const Op* op, bool index, bool operands) {
  const Slot source = op->src[0];
  u32 value = 0, poison = 0;
  if (index) {
    value = source.kind == Kind::kSgpr ? w.s[source.index]
                                       : w.machine->code->constants[source.index].lane[0];
    poison = source.kind == Kind::kSgpr ? w.s_poison[source.index] & 0xff : 0;
    w.s[kM0] = (w.s[kM0] & ~0xffu) | (value & 0xff);
    w.s_poison[kM0] = (w.s_poison[kM0] & ~0xffu) | poison;
    if (poison) w.s_origin[kM0] = w.machine->waited(w, op, w.s_origin[source.index], 0);
  }
  if (operands) {
    w.s[kM0] = (w.s[kM0] & ~0xf000u) | u32(op->imm & 15) << 12;
    w.s_poison[kM0] &= ~0xf000u;
  }
}
const Op* s_set_gpr_idx_on(Wave& w, const Op* op) {
  set_index(w, op, true, true);
  w.gpr_index = true;
  return op + 1;
}
const Op* s_set_gpr_idx_idx(Wave& w, const Op* op) {
  set_index(w, op, true, false);
  return op + 1;
}
const Op* s_set_gpr_idx_mode(Wave& w, const Op* op) {
  set_index(w, op, false, true);
  return op + 1;
}
const Op* s_set_gpr_idx_off(Wave& w, const Op* op) {
  w.gpr_index = false;
  return op + 1;
}

constexpr Row kRows[] = {
    branch("s_branch", &s_branch),
    branch("s_cbranch_scc0", &cbranch_scc<false>),
    branch("s_cbranch_scc1", &cbranch_scc<true>),
    branch("s_cbranch_vccz", &cbranch_vccz<true>),
    branch("s_cbranch_vccnz", &cbranch_vccz<false>),
    branch("s_cbranch_execz", &cbranch_execz<true>),
    branch("s_cbranch_execnz", &cbranch_execz<false>),
    branch("s_call_b64", &s_call),
    jump("s_getpc_b64", &s_getpc, true, false),
    jump("s_setpc_b64", &s_setpc, false, true),
    jump("s_swappc_b64", &s_swappc, true, true),
    jump("s_memtime", &s_memtime, true, false),
    jump("s_memrealtime", &s_memtime, true, false),
    bare("s_trap", &s_trap),
    bare("s_set_gpr_idx_on", &s_set_gpr_idx_on),
    bare("s_set_gpr_idx_idx", &s_set_gpr_idx_idx),
    bare("s_set_gpr_idx_mode", &s_set_gpr_idx_mode),
    bare("s_set_gpr_idx_off", &s_set_gpr_idx_off),
    // Timing and caches: memory is coherent.
    bare("s_nop", &nothing),
    bare("s_sleep", &nothing),
    bare("s_setprio", &nothing),
    bare("s_sethalt", &nothing),
    bare("s_sendmsg", &nothing),
    bare("s_sendmsghalt", &nothing),
    bare("s_wakeup", &nothing),
    bare("s_icache_inv", &nothing),
    bare("s_dcache_inv", &nothing),
    bare("s_dcache_wb", &nothing),
    bare("s_dcache_inv_vol", &nothing),
    bare("s_dcache_wb_vol", &nothing),
    bare("s_incperflevel", &nothing),
    bare("s_decperflevel", &nothing),
    bare("s_ttracedata", &nothing),
    bare("buffer_wbl2", &nothing),
    bare("buffer_inv", &nothing),
    bare("v_nop", &nothing),
    bare("v_clrexcp", &nothing),
    bare("ds_nop", &nothing),
};

}  // namespace

std::span<const Row> branch_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
