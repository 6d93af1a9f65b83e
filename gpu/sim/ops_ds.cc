// LDS: reads, writes, atomics. Out-of-range addresses are findings here (the hardware reads 0 and
// drops the write): no kernel means to do it.
#include "gpu/sim/atomics.h"
#include "gpu/sim/lane_memory.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// Operands: src[0] address, src[1] and src[2] data, imm and imm2 byte offsets.

SIM_INLINE Span lds_span(const Machine& m) {
  return own_span(0, m.lds_bytes, const_cast<std::byte*>(m.lds.data()),
                  const_cast<u64*>(m.lds_defined.data()), const_cast<u32*>(m.lds_origins.data()),
                  "LDS");
}

void out_of_range(Wave& w, const Op* op, bool write, u64 lanes, const u64* address,
                  unsigned bytes) {
  Machine::Where where;
  where.lanes = lanes;
  where.has_address = true;
  where.address = address[__builtin_ctzll(lanes)];
  where.bytes = bytes;
  where.space = "LDS";
  where.limit = w.machine->lds_bytes;
  w.machine->report(w, op, write ? FindingKind::kOutOfBoundsWrite : FindingKind::kOutOfBoundsRead,
                    where);
}

// Lanes with a defined address inside the LDS.
SIM_INLINE u64 usable(Wave& w, const Op* op, i32 offset, unsigned bytes, bool write, u64* address) {
  const unsigned reg = op->src[0].index;
  u64 lanes = drop_poisoned(w, op, w.exec, w.v_poison[reg].any(), w.v_origin[reg]);
  u64 outside = 0;
  const u32 limit = w.machine->lds_bytes;
  u64 most = 0;
  for (unsigned i = 0; i < kLanes; ++i) {
    address[i] = w.v[reg][i] + u32(offset);  // wraps: the register may hold a negative base
    most = w.exec_lanes[i] != 0 && address[i] > most ? address[i] : most;
  }
  if (most + bytes > limit) [[unlikely]] {
    for_lanes(lanes, [&](unsigned i) { outside |= u64(address[i] + bytes > limit) << i; });
    if (outside) {
      out_of_range(w, op, write, outside, address, bytes);
      lanes &= ~outside;
    }
  }
  return lanes;
}

// Returns the lanes of EXEC that got nothing.
SIM_INLINE u64 read(Wave& w, const Op* op, i32 offset, u32 param, Loaded& l) {
  u64 address[kLanes];
  clear(l);
  const unsigned bytes = param & kBytes;
  const u64 lanes = usable(w, op, offset, bytes, false, address);
  if (w.machine->watch_lds)
    watch_lds(w, op, lanes, address, bytes, LdsAccessKind::kRead, nullptr, &l);
  const Span s = lds_span(*w.machine);
  with_size(bytes, [&](auto size) { load_lanes<decltype(size)::value>(s, lanes, address, l); });
  return w.exec & ~lanes;
}
SIM_INLINE void write(Wave& w, const Op* op, unsigned data, i32 offset, u32 param) {
  u64 address[kLanes];
  alignas(64) u32 shifted[kLanes];
  Stored stored;
  const unsigned bytes = param & kBytes;
  const u64 lanes = usable(w, op, offset, bytes, true, address);
  prepare_store(w, op, data, param, lanes, stored, shifted);
  if (w.machine->watch_lds)
    watch_lds(w, op, lanes, address, bytes, LdsAccessKind::kWrite, &stored, nullptr);
  const Span s = lds_span(*w.machine);
  with_size(bytes, [&](auto size) {
    store_lanes<decltype(size)::value>(*w.machine, s, lanes, address, stored);
  });
}

const Op* ds_read(Wave& w, const Op* op) {
  count_lgkm(w);
  if (w.exec == 0) return op + 1;
  const u64 failed = read(w, op, op->imm, op->row->param, load_buffer(w));
  defer_lds(w, op, op->dst, op->row->param, w.exec, failed);
  return op + 1;
}
// Both halves are read before either is queued: the address may be among the destinations.
const Op* ds_read2(Wave& w, const Op* op) {
  count_lgkm(w);
  if (w.exec == 0) return op + 1;
  const u32 param = op->row->param;
  Loads& loads = w.loads;
  const u64 failed = read(w, op, op->imm, param, *loads.free[loads.free_count - 1]);
  const u64 failed2 = read(w, op, op->imm2, param, *loads.free[loads.free_count - 2]);
  defer_lds(w, op, op->dst, param, w.exec, failed);
  defer_lds(w, op, op->dst + (param & kBytes) / 4, param, w.exec, failed2);
  return op + 1;
}
const Op* ds_write(Wave& w, const Op* op) {
  count_lgkm(w);
  if (w.exec != 0) write(w, op, op->src[1].index, op->imm, op->row->param);
  return op + 1;
}
const Op* ds_write2(Wave& w, const Op* op) {
  count_lgkm(w);
  if (w.exec == 0) return op + 1;
  write(w, op, op->src[1].index, op->imm, op->row->param);
  write(w, op, op->src[2].index, op->imm2, op->row->param);
  return op + 1;
}

// Text order of compare-and-swap: address, compare value, new value.
const Op* ds_atomic(Wave& w, const Op* op) {
  count_lgkm(w);
  if (w.exec == 0) return op + 1;
  u64 address[kLanes];
  const u32 param = op->row->param;
  const unsigned bytes = param & kBytes;
  u64 lanes = usable(w, op, op->imm, bytes, true, address);
  u64 crooked = 0;
  for_lanes(lanes, [&](unsigned i) { crooked |= u64(address[i] % bytes != 0) << i; });
  if (crooked) {
    Machine::Where where{crooked, true,  address[__builtin_ctzll(crooked)],
                         bytes,   "LDS", w.machine->lds_bytes};
    w.machine->report(w, op, FindingKind::kMisaligned, where);
    lanes &= ~crooked;
  }
  const bool compares = op->src[2].kind == Kind::kVgpr;
  const unsigned data = op->src[compares ? 2 : 1].index;
  AtomicData a{};
  a.undefined = w.v_poison[data].any();
  for (unsigned d = 0; d < bytes / 4; ++d) {
    a.data[d] = w.v[data + d];
    if (compares) {
      a.compare[d] = w.v[op->src[1].index + d];
      a.undefined |= w.v_poison[op->src[1].index + d].any();
    }
  }
  if (a.undefined & lanes) [[unlikely]] {
    u32 origin = kNeverWritten;
    for (unsigned k = 1; k < 3; ++k)
      for (unsigned d = 0; op->src[k].kind == Kind::kVgpr && d < bytes / 4; ++d)
        if (const u64 which = w.v_poison[op->src[k].index + d].any() & lanes)
          origin = w.machine->waited(w, op, w.v_origin[op->src[k].index + d], which);
    if (settle_stored(w, op, "an atomic operation on LDS", a.undefined & lanes, origin))
      a.undefined = 0;
  }
  if (w.machine->watch_lds)
    watch_lds(w, op, lanes, address, bytes, LdsAccessKind::kAtomic, nullptr, nullptr);
  Loaded& l = load_buffer(w);
  const Span s = lds_span(*w.machine);
  for_lanes(lanes, [&](unsigned i) { atomic_lane(*w.machine, s, op, i, address[i], bytes, a, l); });
  if (param & kReturns) defer_lds(w, op, op->dst, param, w.exec, w.exec & ~lanes);
  return op + 1;
}

// Two exchanges at two offsets, the first before the second.
const Op* ds_exchange2(Wave& w, const Op* op) {
  count_lgkm(w);
  if (w.exec == 0) return op + 1;
  const u32 param = op->row->param;
  const unsigned bytes = param & kBytes;
  Loads& loads = w.loads;
  u64 failed[2];
  for (unsigned part = 0; part < 2; ++part) {
    u64 address[kLanes];
    const u64 lanes = usable(w, op, part == 0 ? op->imm : op->imm2, bytes, true, address);
    const unsigned data = op->src[1 + part].index;
    AtomicData a{};
    for (unsigned d = 0; d < bytes / 4; ++d) {
      a.data[d] = w.v[data + d];
      if (const u64 which = w.v_poison[data + d].any() & lanes) {
        a.undefined |= which;
        w.machine->waited(w, op, w.v_origin[data + d], which);
      }
    }
    if (w.machine->watch_lds)
      watch_lds(w, op, lanes, address, bytes, LdsAccessKind::kAtomic, nullptr, nullptr);
    Loaded& l = *loads.free[loads.free_count - 1 - part];
    clear(l);
    const Span s = lds_span(*w.machine);
    for_lanes(lanes,
              [&](unsigned i) { atomic_lane(*w.machine, s, op, i, address[i], bytes, a, l); });
    failed[part] = w.exec & ~lanes;
  }
  for (unsigned part = 0; part < 2; ++part)
    defer_lds(w, op, op->dst + part * bytes / 4, param, w.exec, failed[part]);
  return op + 1;
}

// Addresses that need no register: M0 + offset, the same for all lanes or a dword per lane.
SIM_INLINE u64 m0_addresses(Wave& w, const Op* op, unsigned per_lane, bool write, u64* address) {
  const u64 base = u64(w.s[kM0]) + u32(op->imm);
  if (w.s_poison[kM0]) w.machine->report_poison(w, op, "an LDS address", 0, w.s_origin[kM0]);
  u64 outside = 0;
  for (unsigned i = 0; i < kLanes; ++i) {
    address[i] = base + per_lane * i;
    outside |= u64(address[i] + 4 > w.machine->lds_bytes) << i;
  }
  outside &= w.exec;
  if (outside) out_of_range(w, op, write, outside, address, 4);
  return w.exec & ~outside;
}
// The address is the lane's own dword.
const Op* ds_read_addtid(Wave& w, const Op* op) {
  count_lgkm(w);
  if (w.exec == 0) return op + 1;
  u64 address[kLanes];
  const u64 lanes = m0_addresses(w, op, 4, false, address);
  Loaded& l = load_buffer(w);
  if (w.machine->watch_lds) watch_lds(w, op, lanes, address, 4, LdsAccessKind::kRead, nullptr, &l);
  const Span s = lds_span(*w.machine);
  for_lanes(lanes, [&](unsigned i) { load_lane<4>(s, i, address[i], l); });
  defer_lds(w, op, op->dst, 4 | kLoad, w.exec, w.exec & ~lanes);
  return op + 1;
}
// The only operand, printed first, is the data.
const Op* ds_write_addtid(Wave& w, const Op* op) {
  count_lgkm(w);
  if (w.exec == 0) return op + 1;
  u64 address[kLanes];
  const u64 lanes = m0_addresses(w, op, 4, true, address);
  Stored data{};
  alignas(64) u32 shifted[kLanes];
  prepare_store(w, op, op->dst, 4 | kStore, lanes, data, shifted);
  if (w.machine->watch_lds)
    watch_lds(w, op, lanes, address, 4, LdsAccessKind::kWrite, &data, nullptr);
  const Span s = lds_span(*w.machine);
  for_lanes(lanes, [&](unsigned i) { store_lane<4>(*w.machine, s, i, address[i], data); });
  return op + 1;
}
// A counter moves by the number of active lanes; all of them get what it was.
template <bool kConsume>
const Op* ds_count(Wave& w, const Op* op) {
  count_lgkm(w);
  if (w.exec == 0) return op + 1;
  u64 address[kLanes];
  const u64 lanes = m0_addresses(w, op, 0, true, address);
  if (w.machine->watch_lds)
    watch_lds(w, op, lanes, address, 4, LdsAccessKind::kAtomic, nullptr, nullptr);
  Loaded& l = load_buffer(w);
  if (lanes != 0) {
    const u32 n = u32(__builtin_popcountll(w.exec));
    const Span s = lds_span(*w.machine);
    for_lanes(lanes, [&](unsigned i) { load_lane<4>(s, i, address[i], l); });
    const unsigned first = unsigned(__builtin_ctzll(lanes));
    u32 next[kLanes];
    next[first] = kConsume ? l.dword[0][first] - n : l.dword[0][first] + n;
    Stored data{};
    data.dword[0] = next;
    for (unsigned b = 0; b < 4; ++b) data.undefined[b] = l.undefined[b];
    data.any_undefined = l.any_undefined;
    data.origin = l.origin;
    store_lane<4>(*w.machine, s, first, address[first], data);
  }
  defer_lds(w, op, op->dst, 4 | kLoad, w.exec, w.exec & ~lanes);
  return op + 1;
}

// gfx950 transposing reads: every lane loads 8 (12) bytes, then 16 lanes exchange elements: lane
// l's element n is the one in column l of row n, rows of 16 elements lying in consecutive lanes.
template <unsigned kBits, unsigned kLaneBytes>
const Op* ds_read_tr(Wave& w, const Op* op) {
  count_lgkm(w);
  u64 address[kLanes];
  Loaded l;
  clear(l);
  Loaded& t = load_buffer(w);
  const u64 lanes = usable(w, op, op->imm, kLaneBytes, false, address);
  if (w.machine->watch_lds)
    watch_lds(w, op, lanes, address, kLaneBytes, LdsAccessKind::kRead, nullptr, &l);
  const Span s = lds_span(*w.machine);
  constexpr unsigned kDwords = kLaneBytes / 4;
  for (unsigned d = 0; d < kDwords; ++d)
    for (unsigned i = 0; i < kLanes; ++i) l.dword[d][i] = t.dword[d][i] = 0;
  for_lanes(lanes, [&](unsigned i) { load_lane<kLaneBytes>(s, i, address[i], l); });
  t.any_undefined = l.any_undefined || lanes != ~0ull;
  t.origin = l.origin;
  constexpr unsigned kHeld = kLaneBytes * 8 / kBits, kLanesPerRow = 16 / kHeld;
  for (unsigned i = 0; i < kLanes; ++i)
    for (unsigned n = 0; n < kHeld; ++n) {
      const unsigned from = i / 16 * 16 + n * kLanesPerRow + i % 16 / kHeld;
      const unsigned from_bit = i % 16 % kHeld * kBits, to_bit = n * kBits;
      const auto dword = [&](unsigned d) { return u64(d < kDwords ? l.dword[d][from] : 0); };
      const u64 pair = dword(from_bit / 32) | dword(from_bit / 32 + 1) << 32;
      const u64 element = (pair >> from_bit % 32 & ((u64{1} << kBits) - 1)) << to_bit % 32;
      t.dword[to_bit / 32][i] |= u32(element);
      if (to_bit % 32 + kBits > 32) t.dword[to_bit / 32 + 1][i] |= u32(element >> 32);
      u64 undefined = ~lanes;
      for (unsigned b = from_bit / 8; b <= (from_bit + kBits - 1) / 8; ++b)
        undefined |= l.undefined[b];
      if (undefined >> from & 1)
        for (unsigned b = to_bit / 8; b <= (to_bit + kBits - 1) / 8; ++b)
          t.undefined[b] |= u64{1} << i;
    }
  defer_lds(w, op, op->dst, kLaneBytes | kLoad, w.exec, 0);
  return op + 1;
}

constexpr Row lds(std::string_view name, ExecFn exec, u32 param) {
  Row row;
  row.mnemonic = name;
  row.format = Format::kLds;
  row.exec = exec;
  row.param = param;
  return row;
}
constexpr Row atomic(std::string_view name, AtomicFn function, u32 param) {
  Row row = lds(name, &ds_atomic, param | kAtomic);
  row.atomic = function;
  return row;
}
constexpr Row exchange2(std::string_view name, AtomicFn function, u32 param) {
  Row row = lds(name, &ds_exchange2, param | kAtomic | kReturns | kTwo);
  row.atomic = function;
  return row;
}
#define ATOMIC(NAME, FUNCTION, BYTES) atomic("ds_" NAME, &FUNCTION, BYTES)
#define ATOMIC_BOTH(BASE, SUFFIX, FUNCTION, BYTES) \
  atomic("ds_" BASE "_" SUFFIX, &FUNCTION, BYTES), \
      atomic("ds_" BASE "_rtn_" SUFFIX, &FUNCTION, BYTES | kReturns)

constexpr Row kRows[] = {
    lds("ds_read_u8", &ds_read, 1 | kLoad),
    lds("ds_read_i8", &ds_read, 1 | kLoad | kSigned),
    lds("ds_read_u16", &ds_read, 2 | kLoad),
    lds("ds_read_i16", &ds_read, 2 | kLoad | kSigned),
    lds("ds_read_b32", &ds_read, 4 | kLoad),
    lds("ds_read_b64", &ds_read, 8 | kLoad),
    lds("ds_read_b96", &ds_read, 12 | kLoad),
    lds("ds_read_b128", &ds_read, 16 | kLoad),
    lds("ds_read_u8_d16", &ds_read, 1 | kLoad | kHalf),
    lds("ds_read_u8_d16_hi", &ds_read, 1 | kLoad | kHighHalf),
    lds("ds_read_i8_d16", &ds_read, 1 | kLoad | kHalf | kSigned),
    lds("ds_read_i8_d16_hi", &ds_read, 1 | kLoad | kHighHalf | kSigned),
    lds("ds_read_u16_d16", &ds_read, 2 | kLoad | kHalf),
    lds("ds_read_u16_d16_hi", &ds_read, 2 | kLoad | kHighHalf),
    lds("ds_read2_b32", &ds_read2, 4 | kLoad | kTwo),
    lds("ds_read2_b64", &ds_read2, 8 | kLoad | kTwo),
    lds("ds_read2st64_b32", &ds_read2, 4 | kLoad | kTwo | kFar),
    lds("ds_read2st64_b64", &ds_read2, 8 | kLoad | kTwo | kFar),
    lds("ds_write_b8", &ds_write, 1 | kStore),
    lds("ds_write_b16", &ds_write, 2 | kStore),
    lds("ds_write_b32", &ds_write, 4 | kStore),
    lds("ds_write_b64", &ds_write, 8 | kStore),
    lds("ds_write_b96", &ds_write, 12 | kStore),
    lds("ds_write_b128", &ds_write, 16 | kStore),
    lds("ds_write_b8_d16_hi", &ds_write, 1 | kStore | kHighHalf),
    lds("ds_write_b16_d16_hi", &ds_write, 2 | kStore | kHighHalf),
    lds("ds_write2_b32", &ds_write2, 4 | kStore | kTwo),
    lds("ds_write2_b64", &ds_write2, 8 | kStore | kTwo),
    lds("ds_write2st64_b32", &ds_write2, 4 | kStore | kTwo | kFar),
    lds("ds_write2st64_b64", &ds_write2, 8 | kStore | kTwo | kFar),
    lds("ds_read_b64_tr_b16", &ds_read_tr<16, 8>, 8 | kLoad).on(kGfx950Only),
    lds("ds_read_b64_tr_b8", &ds_read_tr<8, 8>, 8 | kLoad)
        .on(kGfx950Only)
        .with(Fidelity::kHypothesis),
    lds("ds_read_b64_tr_b4", &ds_read_tr<4, 8>, 8 | kLoad)
        .on(kGfx950Only)
        .with(Fidelity::kHypothesis),
    lds("ds_read_b96_tr_b6", &ds_read_tr<6, 12>, 12 | kLoad)
        .on(kGfx950Only)
        .with(Fidelity::kHypothesis),
    lds("ds_read_addtid_b32", &ds_read_addtid, 0),
    lds("ds_write_addtid_b32", &ds_write_addtid, 0),
    lds("ds_append", &ds_count<false>, 0),
    lds("ds_consume", &ds_count<true>, 0),

    ATOMIC_BOTH("add", "u32", atomics::add<u32>, 4),
    ATOMIC_BOTH("sub", "u32", atomics::sub<u32>, 4),
    ATOMIC_BOTH("rsub", "u32", atomics::rsub<u32>, 4),
    ATOMIC_BOTH("inc", "u32", atomics::inc<u32>, 4),
    ATOMIC_BOTH("dec", "u32", atomics::dec<u32>, 4),
    ATOMIC_BOTH("min", "i32", atomics::min<i32>, 4),
    ATOMIC_BOTH("max", "i32", atomics::max<i32>, 4),
    ATOMIC_BOTH("min", "u32", atomics::min<u32>, 4),
    ATOMIC_BOTH("max", "u32", atomics::max<u32>, 4),
    ATOMIC_BOTH("and", "b32", atomics::and_<u32>, 4),
    ATOMIC_BOTH("or", "b32", atomics::or_<u32>, 4),
    ATOMIC_BOTH("xor", "b32", atomics::xor_<u32>, 4),
    ATOMIC_BOTH("cmpst", "b32", atomics::cmpswap<u32>, 4),
    ATOMIC_BOTH("cmpst", "f32", atomics::cmpswap<float>, 4),
    ATOMIC_BOTH("mskor", "b32", atomics::mskor<u32>, 4),
    ATOMIC_BOTH("add", "f32", atomics::add<float>, 4),
    ATOMIC_BOTH("min", "f32", atomics::min<float>, 4),
    ATOMIC_BOTH("max", "f32", atomics::max<float>, 4),
    ATOMIC_BOTH("add", "u64", atomics::add<u64>, 8),
    ATOMIC_BOTH("sub", "u64", atomics::sub<u64>, 8),
    ATOMIC_BOTH("rsub", "u64", atomics::rsub<u64>, 8),
    ATOMIC_BOTH("inc", "u64", atomics::inc<u64>, 8),
    ATOMIC_BOTH("dec", "u64", atomics::dec<u64>, 8),
    ATOMIC_BOTH("min", "i64", atomics::min<i64>, 8),
    ATOMIC_BOTH("max", "i64", atomics::max<i64>, 8),
    ATOMIC_BOTH("min", "u64", atomics::min<u64>, 8),
    ATOMIC_BOTH("max", "u64", atomics::max<u64>, 8),
    ATOMIC_BOTH("and", "b64", atomics::and_<u64>, 8),
    ATOMIC_BOTH("or", "b64", atomics::or_<u64>, 8),
    ATOMIC_BOTH("xor", "b64", atomics::xor_<u64>, 8),
    ATOMIC_BOTH("cmpst", "b64", atomics::cmpswap<u64>, 8),
    ATOMIC_BOTH("cmpst", "f64", atomics::cmpswap<double>, 8),
    ATOMIC_BOTH("mskor", "b64", atomics::mskor<u64>, 8),
    ATOMIC_BOTH("add", "f64", atomics::add<double>, 8),
    ATOMIC_BOTH("min", "f64", atomics::min<double>, 8),
    ATOMIC_BOTH("max", "f64", atomics::max<double>, 8),
    ATOMIC("wrxchg_rtn_b32", atomics::swap<u32>, 4 | kReturns),
    ATOMIC("wrxchg_rtn_b64", atomics::swap<u64>, 8 | kReturns),
    ATOMIC("wrap_rtn_b32", atomics::wrap, 4 | kReturns),
    ATOMIC("condxchg32_rtn_b64", atomics::condxchg32, 8 | kReturns),
    exchange2("ds_wrxchg2_rtn_b32", &atomics::swap<u32>, 4),
    exchange2("ds_wrxchg2_rtn_b64", &atomics::swap<u64>, 8),
    exchange2("ds_wrxchg2st64_rtn_b32", &atomics::swap<u32>, 4 | kFar),
    exchange2("ds_wrxchg2st64_rtn_b64", &atomics::swap<u64>, 8 | kFar),
    ATOMIC_BOTH("pk_add", "f16", atomics::pk_add_f16, 4),
    ATOMIC_BOTH("pk_add", "bf16", atomics::pk_add_bf16, 4),
};

}  // namespace

std::span<const Row> ds_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
