// Scalar memory: s_load reads global memory, s_buffer_load through a descriptor; stores and atomics
// alike. Memory is coherent here, scalar stores included: on hardware they lie in the scalar cache
// until an s_dcache_wb.
#include "gpu/sim/atomics.h"
#include "gpu/sim/lane_memory.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// Operands: src[0] SGPR base, src[1] SGPR offset or none, imm byte offset, dwords how many are
// loaded. Stores and atomics: src[2] data.

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

// False when an operand of the address is poison.
SIM_INLINE bool address_defined(Wave& w, const Op* op, unsigned base_dwords) {
  const auto check = [&](unsigned index) {
    if (w.s_poison[index] == 0) return true;
    const u32 origin = w.s_origin[index];
    w.machine->report_poison(w, op, "an address", 0, origin);
    if (!Machine::taken_for_defined(origin)) return false;
    w.machine->settle(w, origin);
    return true;
  };
  bool good = true;
  for (unsigned d = 0; d < base_dwords && good; ++d) good = check(op->src[0].index + d);
  if (good && op->src[1].kind == Kind::kSgpr) good = check(op->src[1].index);
  return good;
}
// The result is poison where there was no access.
SIM_INLINE void fail(Wave& w, const Op* op, Loaded& l) {
  for (unsigned d = 0; d < op->dwords; ++d) take(l, d, 0, ~0u);
  if (op->dwords != 0) defer_scalar(w, op);
}
SIM_INLINE bool operands_defined(Wave& w, const Op* op, unsigned base_dwords, Loaded& l) {
  const bool good = address_defined(w, op, base_dwords);
  if (!good) fail(w, op, l);
  return good;
}

SIM_INLINE u64 offset_of(const Wave& w, const Op* op) {
  return u64(i64(op->imm)) + (op->src[1].kind == Kind::kSgpr ? w.s[op->src[1].index] : 0);
}

const Op* s_load(Wave& w, const Op* op) {
  Loaded& l = w.loads.buffer();
  if (!operands_defined(w, op, 2, l)) return op + 1;
  Machine& m = *w.machine;
  u64 address = w.s64(op->src[0].index) + offset_of(w, op);
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

// What a descriptor covers.
struct Records {
  u64 base, bytes;
};
SIM_INLINE Records records(const Wave& w, unsigned v) {
  const u32 stride = w.s[v + 1] >> 16 & 0x3fff;
  return {w.s64(v) & 0xffff'ffff'ffff, stride == 0 ? w.s[v + 2] : u64(stride) * w.s[v + 2]};
}

// Past num_records a scalar buffer load gives 0.
const Op* s_buffer_load(Wave& w, const Op* op) {
  Loaded& l = w.loads.buffer();
  if (!operands_defined(w, op, 4, l)) return op + 1;
  Machine& m = *w.machine;
  const auto [base, size] = records(w, op->src[0].index);
  const u64 offset = offset_of(w, op) & ~u64{3};
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

// --- Stores and atomics -------------------------------------------------------------------------

// What is undefined of the data registers.
struct Undefined {
  bool any = false;
  bool reported = false;  // it is a load that nothing waits for
  u32 origin = kNeverWritten;
};
// After it Machine::repeat may be set.
Undefined undefined_data(Wave& w, const Op* op, unsigned count) {
  Undefined u;
  for (unsigned r = op->src[2].index + count; r-- > op->src[2].index;) {
    if (w.s_poison[r] == 0) continue;
    u.any = true;
    u.origin = w.machine->waited(w, op, w.s_origin[r], 0);
    u.reported |= u.origin != w.s_origin[r];
  }
  return u;
}
void report_data(Wave& w, const Op* op, Undefined& u) {
  if (!u.any || u.reported) return;
  w.machine->report_poison(w, op, "a value stored to global memory", 0, u.origin);
  if (!Machine::taken_for_defined(u.origin)) return;
  w.machine->settle(w, u.origin);
  u.any = false;
}
void report_access(Wave& w, const Op* op, FindingKind kind, u64 address, unsigned bytes) {
  w.machine->report(w, op, kind, {0, true, address, bytes, nullptr, 0});
}
// The span to write to, or the finding.
const Span* writable(Wave& w, const Op* op, u64 address, unsigned bytes, bool reads) {
  const Span* s = span_of(*w.machine, address, bytes);
  if (s == nullptr)
    report_access(w, op, FindingKind::kOutOfBoundsWrite, address, bytes);
  else if (s->access == Access::kRead)
    report_access(w, op, FindingKind::kWriteToReadOnly, address, bytes);
  else if (reads && s->access == Access::kWrite)
    report_access(w, op, FindingKind::kReadFromWriteOnly, address, bytes);
  else
    return s;
  return nullptr;
}

// The first `count` dwords of the data.
void store_dwords(Wave& w, const Op* op, u64 address, unsigned count) {
  Machine& m = *w.machine;
  const Span* s = writable(w, op, address, 4 * count, false);
  if (s == nullptr) return;
  const unsigned reg = op->src[2].index;
  if (s->shadow != nullptr) {
    Stored data{};
    for (unsigned d = 0; d < count; ++d) data.dword[d] = &w.s[reg + d];
    u64 addresses[kLanes];
    addresses[0] = address;  // as if it were lane 0's
    watch_global(w, op, *s, 1, addresses, 4 * count, &data, nullptr);
  }
  const u64 offset = address - s->address;
  __builtin_memcpy(s->data + offset, &w.s[reg], 4 * count);
  u64 defined = 0;
  for (unsigned b = 0; b < 4 * count; ++b)
    defined |= u64((w.s_poison[reg + b / 4] >> 8 * (b % 4) & 0xff) == 0) << b;
  const u64 all = (u64{1} << 4 * count) - 1;
  if (s->initialised != nullptr) set_bits_at(m, s->initialised, offset, 4 * count, defined);
  if (s->written != nullptr) set_bits_at(m, s->written, offset, 4 * count, all);
  touch(m, *s, offset, 4 * count);
}

SIM_INLINE unsigned access_bytes(const Op* op) { return op->row->param & kBytes; }

template <bool kBuffer>
const Op* s_store(Wave& w, const Op* op) {
  const unsigned dwords = access_bytes(op) / 4;
  Undefined undefined = undefined_data(w, op, dwords);
  if (w.machine->repeat) return w.machine->again(op);
  if (!address_defined(w, op, kBuffer ? 4 : 2)) return op + 1;
  if constexpr (kBuffer) {
    // Past num_records nothing is stored.
    const auto [base, size] = records(w, op->src[0].index);
    const u64 offset = offset_of(w, op) & ~u64{3};
    unsigned count = 0;
    while (count < dwords && offset < size && offset + 4 * count + 4 <= size) ++count;
    if (count == 0) return op + 1;
    report_data(w, op, undefined);
    store_dwords(w, op, base + offset, count);
  } else {
    u64 address = w.s64(op->src[0].index) + offset_of(w, op);
    if (address & 3) report_access(w, op, FindingKind::kMisaligned, address, 4 * dwords);
    report_data(w, op, undefined);
    store_dwords(w, op, address & ~u64{3}, dwords);
  }
  return op + 1;
}

// With glc the old content comes back like a load's.
template <bool kBuffer>
const Op* s_atomic(Wave& w, const Op* op) {
  Machine& m = *w.machine;
  const unsigned bytes = access_bytes(op), dwords = bytes / 4;
  const bool compares = op->row->operand_count != 0;
  Undefined undefined = undefined_data(w, op, dwords * (compares ? 2 : 1));
  if (m.repeat) return m.again(op);
  Loaded& l = w.loads.buffer();
  if (!operands_defined(w, op, kBuffer ? 4 : 2, l)) return op + 1;
  u64 address = offset_of(w, op);
  if constexpr (kBuffer) {
    const auto [base, size] = records(w, op->src[0].index);
    if (address >= size || address + bytes > size) {  // no access, and 0 comes back
      for (unsigned d = 0; d < op->dwords; ++d) take(l, d, 0, 0);
      if (op->dwords != 0) defer_scalar(w, op);
      return op + 1;
    }
    address += base;
  } else {
    address += w.s64(op->src[0].index);
  }
  const Span* s = nullptr;
  if (address % bytes != 0)
    report_access(w, op, FindingKind::kMisaligned, address, bytes);
  else
    s = writable(w, op, address, bytes, true);
  if (s == nullptr) {
    fail(w, op, l);
    return op + 1;
  }
  report_data(w, op, undefined);
  if (s->shadow != nullptr) m.synchronised = true;
  AtomicData a{};
  for (unsigned d = 0; d < dwords; ++d) {
    a.data[d] = &w.s[op->src[2].index + d];
    if (compares) a.compare[d] = &w.s[op->src[2].index + dwords + d];
  }
  a.undefined = undefined.any;
  Loaded old;
  clear(old);
  atomic_lane(m, *s, op, 0, address, bytes, a, old);
  for (unsigned d = 0; d < op->dwords; ++d)
    take(l, d, old.dword[d][0], old.any_undefined ? ~0u : 0);
  if (op->dwords != 0) defer_scalar(w, op);
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

constexpr Row store(std::string_view name, ExecFn exec, unsigned dwords) {
  Row row;
  row.mnemonic = name;
  row.format = Format::kScalarStore;
  row.exec = exec;
  row.param = 4 * dwords | kStore;
  return row;
}
constexpr Row atomic(std::string_view name, ExecFn exec, AtomicFn function, u32 bytes,
                     bool compares = false) {
  Row row;
  row.mnemonic = name;
  row.format = Format::kScalarStore;
  row.exec = exec;
  row.param = bytes | kAtomic;
  row.atomic = function;
  row.operand_count = compares ? 1 : 0;  // a compare value follows the operand
  return row;
}

#define ATOMICS(PREFIX, EXEC)                                             \
  atomic(PREFIX "swap", EXEC, &atomics::swap<u32>, 4),                    \
      atomic(PREFIX "cmpswap", EXEC, &atomics::cmpswap<u32>, 4, true),    \
      atomic(PREFIX "add", EXEC, &atomics::add<u32>, 4),                  \
      atomic(PREFIX "sub", EXEC, &atomics::sub<u32>, 4),                  \
      atomic(PREFIX "smin", EXEC, &atomics::min<i32>, 4),                 \
      atomic(PREFIX "umin", EXEC, &atomics::min<u32>, 4),                 \
      atomic(PREFIX "smax", EXEC, &atomics::max<i32>, 4),                 \
      atomic(PREFIX "umax", EXEC, &atomics::max<u32>, 4),                 \
      atomic(PREFIX "and", EXEC, &atomics::and_<u32>, 4),                 \
      atomic(PREFIX "or", EXEC, &atomics::or_<u32>, 4),                   \
      atomic(PREFIX "xor", EXEC, &atomics::xor_<u32>, 4),                 \
      atomic(PREFIX "inc", EXEC, &atomics::inc<u32>, 4),                  \
      atomic(PREFIX "dec", EXEC, &atomics::dec<u32>, 4),                  \
      atomic(PREFIX "swap_x2", EXEC, &atomics::swap<u64>, 8),             \
      atomic(PREFIX "cmpswap_x2", EXEC, &atomics::cmpswap<u64>, 8, true), \
      atomic(PREFIX "add_x2", EXEC, &atomics::add<u64>, 8),               \
      atomic(PREFIX "sub_x2", EXEC, &atomics::sub<u64>, 8),               \
      atomic(PREFIX "smin_x2", EXEC, &atomics::min<i64>, 8),              \
      atomic(PREFIX "umin_x2", EXEC, &atomics::min<u64>, 8),              \
      atomic(PREFIX "smax_x2", EXEC, &atomics::max<i64>, 8),              \
      atomic(PREFIX "umax_x2", EXEC, &atomics::max<u64>, 8),              \
      atomic(PREFIX "and_x2", EXEC, &atomics::and_<u64>, 8),              \
      atomic(PREFIX "or_x2", EXEC, &atomics::or_<u64>, 8),                \
      atomic(PREFIX "xor_x2", EXEC, &atomics::xor_<u64>, 8),              \
      atomic(PREFIX "inc_x2", EXEC, &atomics::inc<u64>, 8),               \
      atomic(PREFIX "dec_x2", EXEC, &atomics::dec<u64>, 8)

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
    store("s_store_dword", &s_store<false>, 1),
    store("s_store_dwordx2", &s_store<false>, 2),
    store("s_store_dwordx4", &s_store<false>, 4),
    store("s_buffer_store_dword", &s_store<true>, 1),
    store("s_buffer_store_dwordx2", &s_store<true>, 2),
    store("s_buffer_store_dwordx4", &s_store<true>, 4),
    ATOMICS("s_atomic_", &s_atomic<false>),
    ATOMICS("s_buffer_atomic_", &s_atomic<true>),
};

}  // namespace

std::span<const Row> smem_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
