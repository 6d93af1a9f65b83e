// Scalar memory: s_load reads global memory, s_buffer_load through a descriptor.
#include "gpu/sim/lane_memory.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// Operands: src[0] SGPR base, src[1] SGPR offset or none, imm byte offset, dwords how many.

// Dword d of what the load brought.
SIM_INLINE void take(Loaded& l, unsigned d, u32 value, u32 poison) {
  l.dword[0][d] = value;
  l.dword[1][d] = poison;
}

void defer_scalar(Wave& w, const Op* op) {
  PendingLoad& p = enqueue_unordered(w);
  p.op = op;
  p.target = LoadTarget::kSgprs;
  p.dst = op->dst;
  u32 before = 0;
  for (unsigned d = 0; d < op->dwords; ++d)
    before |= w.s_poison[op->dst + d] != 0 ? w.s_origin[op->dst + d] & kInFlight : 0;
  if (before != 0) [[unlikely]]
    note_overlap(w, p);
  for (unsigned d = 0; d < op->dwords; ++d) {
    w.s_poison[op->dst + d] = ~0u;
    w.s_origin[op->dst + d] = kInFlight | op->index;
  }
}

SIM_INLINE u32 spread(u64 defined) {  // four "is defined" bits to a mask of undefined bits
  u32 mask = 0;
  for (unsigned b = 0; b < 4; ++b) mask |= defined >> b & 1 ? 0 : 0xffu << 8 * b;
  return mask;
}

// False when an operand of the address is poison; the result then is, too.
SIM_INLINE bool operands_defined(Wave& w, const Op* op, unsigned base_dwords, Loaded& l) {
  const auto check = [&](unsigned index) {
    if (w.s_poison[index] == 0) return true;
    const u32 origin = w.s_origin[index];
    w.machine->report_poison(w, op, "the address", 0, origin);
    if (!Machine::taken_for_defined(origin)) return false;
    w.machine->settle(w, origin);
    return true;
  };
  bool good = true;
  for (unsigned d = 0; d < base_dwords && good; ++d) good = check(op->src[0].index + d);
  if (good && op->src[1].kind == Kind::kSgpr) good = check(op->src[1].index);
  if (!good) {
    for (unsigned d = 0; d < op->dwords; ++d) take(l, d, 0, ~0u);
    defer_scalar(w, op);
  }
  return good;
}

const Op* s_load(Wave& w, const Op* op) {
  Loaded& l = w.loads.buffer();
  if (!operands_defined(w, op, 2, l)) return op + 1;
  Machine& m = *w.machine;
  u64 address = w.s64(op->src[0].index) + u64(i64(op->imm));
  if (op->src[1].kind == Kind::kSgpr) address += w.s[op->src[1].index];
  const unsigned bytes = 4 * op->dwords;
  if (address & 3) {
    // The hardware drops the low bits.
    Machine::Where where{0, true, address, bytes, nullptr, 0};
    m.report(w, op, FindingKind::kMisaligned, where);
    address &= ~u64{3};
  }
  // A wide load may run past a buffer's end by design (the compiler merges loads of one kernarg or
  // table): each dword stands for itself.
  const Span* s = span_of(m, address, bytes);
  u32 outside = 0;
  for (unsigned d = 0; d < op->dwords; ++d) {
    const Span* at = s != nullptr ? s : span_of(m, address + 4 * d, 4);
    if (at == nullptr || at->access == Access::kWrite) {
      if (outside++ == 0) {
        Machine::Where where{0, true, address + 4 * d, 4, nullptr, 0};
        m.report(w, op,
                 at == nullptr ? FindingKind::kOutOfBoundsRead : FindingKind::kReadFromWriteOnly,
                 where);
      }
      take(l, d, 0, ~0u);
      continue;
    }
    const u64 offset = address + 4 * d - at->address;
    u32 value;
    __builtin_memcpy(&value, at->data + offset, 4);
    take(l, d, value, at->initialised == nullptr ? 0 : spread(bits_at(at->initialised, offset, 4)));
  }
  defer_scalar(w, op);
  return op + 1;
}

// Past num_records a scalar buffer load gives 0.
const Op* s_buffer_load(Wave& w, const Op* op) {
  Loaded& l = w.loads.buffer();
  if (!operands_defined(w, op, 4, l)) return op + 1;
  Machine& m = *w.machine;
  const unsigned v = op->src[0].index;
  const u64 base = w.s64(v) & 0xffff'ffff'ffff;
  const u32 stride = w.s[v + 1] >> 16 & 0x3fff;
  const u64 size = stride == 0 ? w.s[v + 2] : u64(stride) * w.s[v + 2];
  u64 offset = u64(i64(op->imm));
  if (op->src[1].kind == Kind::kSgpr) offset += w.s[op->src[1].index];
  offset &= ~u64{3};
  for (unsigned d = 0; d < op->dwords; ++d) {
    const u64 at = offset + 4 * d;
    if (at >= size || at + 4 > size) {
      take(l, d, 0, 0);
      continue;
    }
    const Span* s = span_of(m, base + at, 4);
    if (s == nullptr) {
      Machine::Where where{0, true, base + at, 4, nullptr, 0};
      m.report(w, op, FindingKind::kOutOfBoundsRead, where);
      take(l, d, 0, ~0u);
      continue;
    }
    const u64 from = base + at - s->address;
    u32 value;
    __builtin_memcpy(&value, s->data + from, 4);
    take(l, d, value, s->initialised == nullptr ? 0 : spread(bits_at(s->initialised, from, 4)));
  }
  defer_scalar(w, op);
  return op + 1;
}

constexpr Row smem(std::string_view name, ExecFn exec, unsigned dwords) {
  Row row;
  row.mnemonic = name;
  row.format = Format::kScalarLoad;
  row.exec = exec;
  row.result_dwords = uint8_t(dwords);
  return row;
}

constexpr Row kRows[] = {
    smem("s_load_dword", &s_load, 1),
    smem("s_load_dwordx2", &s_load, 2),
    smem("s_load_dwordx4", &s_load, 4),
    smem("s_load_dwordx8", &s_load, 8),
    smem("s_load_dwordx16", &s_load, 16),
    smem("s_buffer_load_dword", &s_buffer_load, 1),
    smem("s_buffer_load_dwordx2", &s_buffer_load, 2),
    smem("s_buffer_load_dwordx4", &s_buffer_load, 4),
    smem("s_buffer_load_dwordx8", &s_buffer_load, 8),
    smem("s_buffer_load_dwordx16", &s_buffer_load, 16),
};

}  // namespace

std::span<const Row> smem_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
