// Global, flat and scratch memory.
#include "gpu/sim/atomics.h"
#include "gpu/sim/lane_memory.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// Operands: src[0], src[1] address VGPRs (src[1] absent: a 32-bit offset), src[2] SGPR base, src[3]
// data, imm byte offset. dst: destination of loads and returning atomics.

constexpr char kGlobalStore[] = "a value stored to global memory";

// One lane's undefined address bits, and its origin.
struct Address {
  u64 byte[kLanes];
  u64 poison;
  u32 origin;
};
SIM_INLINE void compute_address(const Wave& w, const Op* op, Address& a) {
  u64 base = u64(i64(op->imm));
  a.poison = 0;
  a.origin = kNeverWritten;
  if (op->src[2].kind == Kind::kSgpr) {
    const unsigned s = op->src[2].index;
    base += w.s64(s);
    if (w.s64_poison(s) != 0) {
      a.poison = ~0ull;
      a.origin = w.s_poison[s] ? w.s_origin[s] : w.s_origin[s + 1];
    }
  }
  const unsigned low = op->src[0].index;
  if (const u64 p = w.v_poison[low].any()) {
    a.poison |= p;
    a.origin = w.v_origin[low];
  }
  if (op->src[1].kind == Kind::kVgpr) {
    const unsigned high = op->src[1].index;
    for (unsigned i = 0; i < kLanes; ++i)
      a.byte[i] = base + (w.v[low][i] | u64(w.v[high][i]) << 32);
    if (const u64 p = w.v_poison[high].any()) {
      a.poison |= p;
      a.origin = w.v_origin[high];
    }
  } else {
    for (unsigned i = 0; i < kLanes; ++i) a.byte[i] = base + w.v[low][i];
  }
}

SIM_INLINE u64 load_global(Wave& w, const Op* op, u64 lanes, const u64* address, unsigned bytes,
                           Loaded& l) {
  u64 served = 0;
  with_size(bytes, [&](auto size) {
    constexpr unsigned kSize = decltype(size)::value;
    served = for_spans(w, op, lanes, address, kSize, nullptr, &l,
                       [&](const Span& s, u64 which) { load_lanes<kSize>(s, which, address, l); });
  });
  return served;
}
SIM_INLINE void store_global(Wave& w, const Op* op, u64 lanes, const u64* address, unsigned bytes,
                             const Stored& data) {
  if (data.any_undefined) [[unlikely]]
    if (const u64 undefined = undefined_lanes(data, bytes) & lanes)
      w.machine->report_poison(w, op, kGlobalStore, undefined, data.origin);
  with_size(bytes, [&](auto size) {
    constexpr unsigned kSize = decltype(size)::value;
    for_spans(w, op, lanes, address, kSize, &data, nullptr, [&](const Span& s, u64 which) {
      store_lanes<kSize>(*w.machine, s, which, address, data);
    });
  });
}
u32 data_origin(const Wave& w, unsigned reg, unsigned dwords, u64 lanes) {
  for (unsigned d = 0; d < dwords; ++d)
    if (w.v_poison[reg + d].any() & lanes) return w.v_origin[reg + d];
  return kNeverWritten;
}
void atomic_global(Wave& w, const Op* op, u64 lanes, const u64* address, Loaded& l, u64* served) {
  const unsigned bytes = op->row->param & kBytes;
  u64 crooked = 0;
  for_lanes(lanes, [&](unsigned i) { crooked |= u64(address[i] % bytes != 0) << i; });
  if (crooked) {
    bad_lanes(w, op, FindingKind::kMisaligned, crooked, address, bytes);
    lanes &= ~crooked;
  }
  // Data registers: the operand, then for compare-and-swap the compare value.
  const unsigned data = op->src[3].index;
  const unsigned dwords = bytes / 4;
  const bool compares = op->flags != 0;
  AtomicData a{};
  for (unsigned d = 0; d < dwords; ++d) {
    a.data[d] = w.v[data + d];
    if (compares) a.compare[d] = w.v[data + dwords + d];
  }
  for (unsigned d = 0; d < dwords * (compares ? 2 : 1); ++d)
    a.undefined |= w.v_poison[data + d].any();
  if (const u64 undefined = a.undefined & lanes) {
    const u32 origin = data_origin(w, data, dwords * (compares ? 2 : 1), lanes);
    w.machine->report_poison(w, op, kGlobalStore, undefined, origin);
    if (Machine::taken_for_defined(origin)) a.undefined = 0;
  }
  *served =
      for_spans(w, op, lanes, address, bytes, nullptr, nullptr, [&](const Span& s, u64 which) {
        for_lanes(which,
                  [&](unsigned i) { atomic_lane(*w.machine, s, op, i, address[i], bytes, a, l); });
      });
}

SIM_INLINE void access(Wave& w, const Op* op, u64 lanes, const u64* address) {
  const u32 param = op->row->param;
  const unsigned bytes = param & kBytes;
  if (param & kStore) {
    Stored data;
    alignas(64) u32 shifted[kLanes];
    const unsigned reg = op->src[3].index;
    prepare_store(w, op, reg, param, w.exec, data, shifted);
    if (data.any_undefined) [[unlikely]]
      if (settle_stored(w, op, kGlobalStore, undefined_lanes(data, bytes), data.origin))
        prepare_store(w, op, reg, param, w.exec, data, shifted);
    store_global(w, op, lanes, address, bytes, data);
    return;
  }
  Loaded& l = load_buffer(w);
  u64 served = 0;
  if (param & kAtomic) {
    atomic_global(w, op, lanes, address, l, &served);
    if (op->dwords != 0) defer_vm(w, op, op->dst, param, lanes, lanes & ~served);
    return;
  }
  served = load_global(w, op, lanes, address, bytes, l);
  if (param & kToLds) {
    defer_to_lds(w, op, lanes, bytes, lanes & ~served);
  } else {
    defer_vm(w, op, op->dst, param, lanes, lanes & ~served);
  }
}

// A lane whose address is poison loads poison.
SIM_INLINE void poison_result(Wave& w, const Op* op, u64 lanes) {
  for (unsigned d = 0; d < op->dwords; ++d) {
    for (unsigned b = 0; b < 4; ++b) w.v_poison[op->dst + d].add(b, lanes);
    w.v_origin[op->dst + d] = op->index;
  }
}

const Op* global(Wave& w, const Op* op) {
  count_vm(w);
  if (w.exec == 0) return op + 1;
  Address a;
  compute_address(w, op, a);
  const u64 lanes = drop_poisoned(w, op, w.exec, a.poison, a.origin);
  if (lanes != w.exec) poison_result(w, op, w.exec & ~lanes);
  if (lanes != 0) access(w, op, lanes, a.byte);
  return op + 1;
}

// --- Scratch -------------------------------------------------------------------------------------

// Memory knows only whether a byte is undefined, where registers know it of a bit. Spilled
// registers must come back with their defined bits, so that a byte counts as undefined in scratch
// when all of its bits are.
void keep_partial_bytes(const Wave& w, unsigned reg, u32 param, Stored& data) {
  const unsigned shift = param & kHighHalf ? 2 : 0;
  for (unsigned b = 0; b < (param & kBytes); ++b) {
    const unsigned from = b + shift;
    for_lanes(data.undefined[b] & w.v_poison[reg + from / 4].partial, [&](unsigned i) {
      const u32 bits = w.lane_poison(reg + from / 4, i) >> 8 * (from % 4) & 0xff;
      if (bits != 0xff) data.undefined[b] &= ~(u64{1} << i);
    });
  }
}

// Every lane has its own stretch of private memory; addresses are offsets in it.
void scratch_access(Wave& w, const Op* op, u64 lanes, const u64* offset) {
  Machine& m = *w.machine;
  const u32 param = op->row->param;
  const unsigned bytes = param & kBytes;
  const u64 size = m.scratch_size;
  u64 outside = 0;
  for_lanes(lanes, [&](unsigned i) {
    outside |= u64(offset[i] >= size || offset[i] + bytes > size) << i;
  });
  if (outside) {
    Machine::Where where{outside, true, offset[__builtin_ctzll(outside)], bytes, "scratch", size};
    m.report(w, op, param & kStore ? FindingKind::kOutOfBoundsWrite : FindingKind::kOutOfBoundsRead,
             where);
  }
  const u64 good = lanes & ~outside;
  // Address 0 of lane i is at i * size in one span.
  const Span s =
      own_span(0, size * kLanes, w.scratch, w.scratch_defined, w.scratch_origins, "scratch");
  if (param & kStore) {
    Stored data;
    alignas(64) u32 shifted[kLanes];
    prepare_store(w, op, op->src[3].index, param, w.exec, data, shifted);
    if (data.any_undefined) [[unlikely]]
      keep_partial_bytes(w, op->src[3].index, param, data);
    with_size(bytes, [&](auto n) {
      for_lanes(good, [&](unsigned i) {
        store_lane<decltype(n)::value>(m, s, i, i * size + offset[i], data);
      });
    });
    return;
  }
  Loaded& l = load_buffer(w);
  with_size(bytes, [&](auto n) {
    for_lanes(good,
              [&](unsigned i) { load_lane<decltype(n)::value>(s, i, i * size + offset[i], l); });
  });
  if (param & kToLds)
    defer_to_lds(w, op, lanes, bytes, outside);
  else
    defer_vm(w, op, op->dst, param, lanes, outside);
}

const Op* scratch(Wave& w, const Op* op) {
  count_vm(w);
  if (w.exec == 0) return op + 1;
  u64 offset[kLanes];
  u64 poison = 0;
  u32 origin = kNeverWritten;
  u32 base = u32(op->imm);
  if (op->src[2].kind == Kind::kSgpr) {
    base += w.s[op->src[2].index];
    if (w.s_poison[op->src[2].index]) {
      poison = ~0ull;
      origin = w.s_origin[op->src[2].index];
    }
  }
  const bool vector_offset = op->src[0].kind == Kind::kVgpr;
  for (unsigned i = 0; i < kLanes; ++i)
    offset[i] = vector_offset ? base + w.v[op->src[0].index][i] : base;
  if (vector_offset && w.v_poison[op->src[0].index].any()) {
    poison |= w.v_poison[op->src[0].index].any();
    origin = w.v_origin[op->src[0].index];
  }
  const u64 lanes = drop_poisoned(w, op, w.exec, poison, origin);
  if (lanes != w.exec) poison_result(w, op, w.exec & ~lanes);
  if (lanes != 0) scratch_access(w, op, lanes, offset);
  return op + 1;
}

// --- Flat: the high dword tells LDS and scratch apart from global memory
// ---------------------------

const Op* flat(Wave& w, const Op* op) {
  count_vm(w);
  count_lgkm(w);
  if (w.exec == 0) return op + 1;
  Address a;
  compute_address(w, op, a);
  const u64 lanes = drop_poisoned(w, op, w.exec, a.poison, a.origin);
  if (lanes != w.exec) poison_result(w, op, w.exec & ~lanes);
  u64 shared = 0, private_ = 0;
  for_lanes(lanes, [&](unsigned i) {
    const u32 high = u32(a.byte[i] >> 32);
    shared |= u64(high == kSharedAperture) << i;
    private_ |= u64(high == kPrivateAperture) << i;
  });
  const u64 rest = lanes & ~shared & ~private_;
  if (rest != 0) access(w, op, rest, a.byte);
  if (private_ != 0) {
    u64 offset[kLanes];
    for (unsigned i = 0; i < kLanes; ++i) offset[i] = u32(a.byte[i]);
    if (op->row->param & kAtomic) return exec_unsupported(w, op);
    scratch_access(w, op, private_, offset);
  }
  if (shared != 0) {
    Machine& m = *w.machine;
    const u32 param = op->row->param;
    const unsigned bytes = param & kBytes;
    const Span s = own_span(u64{kSharedAperture} << 32, m.lds_bytes, m.lds.data(),
                            m.lds_defined.data(), m.lds_origins.data(), "LDS");
    u64 outside = 0;
    for_lanes(shared,
              [&](unsigned i) { outside |= u64(u32(a.byte[i]) + u64(bytes) > m.lds_bytes) << i; });
    if (outside) {
      Machine::Where where{outside, true,  u32(a.byte[__builtin_ctzll(outside)]),
                           bytes,   "LDS", m.lds_bytes};
      m.report(w, op,
               param & kLoad ? FindingKind::kOutOfBoundsRead : FindingKind::kOutOfBoundsWrite,
               where);
    }
    const u64 good = shared & ~outside;
    const auto watch = [&](LdsAccessKind kind, const Stored* stored, Loaded* loaded) {
      if (!m.watch_lds) return;
      u64 offset[kLanes];
      for (unsigned i = 0; i < kLanes; ++i) offset[i] = u32(a.byte[i]);
      watch_lds(w, op, good, offset, bytes, kind, stored, loaded);
    };
    if (param & kStore) {
      Stored data;
      alignas(64) u32 shifted[kLanes];
      prepare_store(w, op, op->src[3].index, param, w.exec, data, shifted);
      watch(LdsAccessKind::kWrite, &data, nullptr);
      with_size(bytes, [&](auto n) {
        for_lanes(good,
                  [&](unsigned i) { store_lane<decltype(n)::value>(m, s, i, a.byte[i], data); });
      });
      return op + 1;
    }
    Loaded& l = load_buffer(w);
    if (param & kAtomic) {
      const unsigned data = op->src[3].index, dwords = bytes / 4;
      watch(LdsAccessKind::kAtomic, nullptr, nullptr);
      AtomicData d{};
      for (unsigned k = 0; k < dwords; ++k) {
        d.data[k] = w.v[data + k];
        d.undefined |= w.v_poison[data + k].any();
        if (op->flags != 0) {
          d.compare[k] = w.v[data + dwords + k];
          d.undefined |= w.v_poison[data + dwords + k].any();
        }
      }
      for_lanes(good, [&](unsigned i) { atomic_lane(m, s, op, i, a.byte[i], bytes, d, l); });
      if (op->dwords == 0) return op + 1;
    } else {
      watch(LdsAccessKind::kRead, nullptr, &l);
      with_size(bytes, [&](auto n) {
        for_lanes(good, [&](unsigned i) { load_lane<decltype(n)::value>(s, i, a.byte[i], l); });
      });
    }
    defer(w, enqueue_unordered(w), op, op->dst, param, shared, outside);
  }
  return op + 1;
}

constexpr Row memory(std::string_view name, Format format, ExecFn exec, u32 param) {
  Row row;
  row.mnemonic = name;
  row.format = format;
  row.exec = exec;
  row.param = param;
  return row;
}
constexpr Row atomic(std::string_view name, Format format, ExecFn exec, AtomicFn function,
                     u32 bytes, bool compares = false) {
  Row row = memory(name, format, exec, bytes | kAtomic);
  row.atomic = function;
  row.operand_count = compares ? 1 : 0;  // a compare value follows the operand
  return row;
}

#define PLAIN(PREFIX, FORMAT, EXEC)                                                      \
  memory(PREFIX "load_ubyte", FORMAT, EXEC, 1 | kLoad),                                  \
      memory(PREFIX "load_sbyte", FORMAT, EXEC, 1 | kLoad | kSigned),                    \
      memory(PREFIX "load_ushort", FORMAT, EXEC, 2 | kLoad),                             \
      memory(PREFIX "load_sshort", FORMAT, EXEC, 2 | kLoad | kSigned),                   \
      memory(PREFIX "load_dword", FORMAT, EXEC, 4 | kLoad),                              \
      memory(PREFIX "load_dwordx2", FORMAT, EXEC, 8 | kLoad),                            \
      memory(PREFIX "load_dwordx3", FORMAT, EXEC, 12 | kLoad),                           \
      memory(PREFIX "load_dwordx4", FORMAT, EXEC, 16 | kLoad),                           \
      memory(PREFIX "load_ubyte_d16", FORMAT, EXEC, 1 | kLoad | kHalf),                  \
      memory(PREFIX "load_ubyte_d16_hi", FORMAT, EXEC, 1 | kLoad | kHighHalf),           \
      memory(PREFIX "load_sbyte_d16", FORMAT, EXEC, 1 | kLoad | kHalf | kSigned),        \
      memory(PREFIX "load_sbyte_d16_hi", FORMAT, EXEC, 1 | kLoad | kHighHalf | kSigned), \
      memory(PREFIX "load_short_d16", FORMAT, EXEC, 2 | kLoad | kHalf),                  \
      memory(PREFIX "load_short_d16_hi", FORMAT, EXEC, 2 | kLoad | kHighHalf),           \
      memory(PREFIX "store_byte", FORMAT, EXEC, 1 | kStore),                             \
      memory(PREFIX "store_byte_d16_hi", FORMAT, EXEC, 1 | kStore | kHighHalf),          \
      memory(PREFIX "store_short", FORMAT, EXEC, 2 | kStore),                            \
      memory(PREFIX "store_short_d16_hi", FORMAT, EXEC, 2 | kStore | kHighHalf),         \
      memory(PREFIX "store_dword", FORMAT, EXEC, 4 | kStore),                            \
      memory(PREFIX "store_dwordx2", FORMAT, EXEC, 8 | kStore),                          \
      memory(PREFIX "store_dwordx3", FORMAT, EXEC, 12 | kStore),                         \
      memory(PREFIX "store_dwordx4", FORMAT, EXEC, 16 | kStore)

#define ATOMICS(PREFIX, FORMAT, EXEC)                                             \
  atomic(PREFIX "swap", FORMAT, EXEC, &atomics::swap<u32>, 4),                    \
      atomic(PREFIX "cmpswap", FORMAT, EXEC, &atomics::cmpswap<u32>, 4, true),    \
      atomic(PREFIX "add", FORMAT, EXEC, &atomics::add<u32>, 4),                  \
      atomic(PREFIX "sub", FORMAT, EXEC, &atomics::sub<u32>, 4),                  \
      atomic(PREFIX "smin", FORMAT, EXEC, &atomics::min<i32>, 4),                 \
      atomic(PREFIX "umin", FORMAT, EXEC, &atomics::min<u32>, 4),                 \
      atomic(PREFIX "smax", FORMAT, EXEC, &atomics::max<i32>, 4),                 \
      atomic(PREFIX "umax", FORMAT, EXEC, &atomics::max<u32>, 4),                 \
      atomic(PREFIX "and", FORMAT, EXEC, &atomics::and_<u32>, 4),                 \
      atomic(PREFIX "or", FORMAT, EXEC, &atomics::or_<u32>, 4),                   \
      atomic(PREFIX "xor", FORMAT, EXEC, &atomics::xor_<u32>, 4),                 \
      atomic(PREFIX "inc", FORMAT, EXEC, &atomics::inc<u32>, 4),                  \
      atomic(PREFIX "dec", FORMAT, EXEC, &atomics::dec<u32>, 4),                  \
      atomic(PREFIX "swap_x2", FORMAT, EXEC, &atomics::swap<u64>, 8),             \
      atomic(PREFIX "cmpswap_x2", FORMAT, EXEC, &atomics::cmpswap<u64>, 8, true), \
      atomic(PREFIX "add_x2", FORMAT, EXEC, &atomics::add<u64>, 8),               \
      atomic(PREFIX "sub_x2", FORMAT, EXEC, &atomics::sub<u64>, 8),               \
      atomic(PREFIX "smin_x2", FORMAT, EXEC, &atomics::min<i64>, 8),              \
      atomic(PREFIX "umin_x2", FORMAT, EXEC, &atomics::min<u64>, 8),              \
      atomic(PREFIX "smax_x2", FORMAT, EXEC, &atomics::max<i64>, 8),              \
      atomic(PREFIX "umax_x2", FORMAT, EXEC, &atomics::max<u64>, 8),              \
      atomic(PREFIX "and_x2", FORMAT, EXEC, &atomics::and_<u64>, 8),              \
      atomic(PREFIX "or_x2", FORMAT, EXEC, &atomics::or_<u64>, 8),                \
      atomic(PREFIX "xor_x2", FORMAT, EXEC, &atomics::xor_<u64>, 8),              \
      atomic(PREFIX "inc_x2", FORMAT, EXEC, &atomics::inc<u64>, 8),               \
      atomic(PREFIX "dec_x2", FORMAT, EXEC, &atomics::dec<u64>, 8),               \
      atomic(PREFIX "add_f32", FORMAT, EXEC, &atomics::add<float>, 4),            \
      atomic(PREFIX "add_f64", FORMAT, EXEC, &atomics::add<double>, 8),           \
      atomic(PREFIX "min_f64", FORMAT, EXEC, &atomics::min<double>, 8),           \
      atomic(PREFIX "max_f64", FORMAT, EXEC, &atomics::max<double>, 8),           \
      atomic(PREFIX "pk_add_f16", FORMAT, EXEC, &atomics::pk_add_f16, 4),         \
      atomic(PREFIX "pk_add_bf16", FORMAT, EXEC, &atomics::pk_add_bf16, 4)

constexpr Row kRows[] = {
    PLAIN("global_", Format::kGlobal, &global),
    PLAIN("flat_", Format::kFlat, &flat),
    PLAIN("scratch_", Format::kScratch, &scratch),
    ATOMICS("global_atomic_", Format::kGlobal, &global),
    ATOMICS("flat_atomic_", Format::kFlat, &flat),
    memory("global_load_lds_ubyte", Format::kGlobal, &global, 1 | kLoad | kToLds),
    memory("global_load_lds_sbyte", Format::kGlobal, &global, 1 | kLoad | kToLds | kSigned),
    memory("global_load_lds_ushort", Format::kGlobal, &global, 2 | kLoad | kToLds),
    memory("global_load_lds_sshort", Format::kGlobal, &global, 2 | kLoad | kToLds | kSigned),
    memory("global_load_lds_dword", Format::kGlobal, &global, 4 | kLoad | kToLds),
    memory("global_load_lds_dwordx3", Format::kGlobal, &global, 12 | kLoad | kToLds)
        .on(kGfx950Only),
    memory("global_load_lds_dwordx4", Format::kGlobal, &global, 16 | kLoad | kToLds)
        .on(kGfx950Only),
    memory("scratch_load_lds_ubyte", Format::kScratch, &scratch, 1 | kLoad | kToLds),
    memory("scratch_load_lds_sbyte", Format::kScratch, &scratch, 1 | kLoad | kToLds | kSigned),
    memory("scratch_load_lds_ushort", Format::kScratch, &scratch, 2 | kLoad | kToLds),
    memory("scratch_load_lds_sshort", Format::kScratch, &scratch, 2 | kLoad | kToLds | kSigned),
    memory("scratch_load_lds_dword", Format::kScratch, &scratch, 4 | kLoad | kToLds),
};

}  // namespace

std::span<const Row> global_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
