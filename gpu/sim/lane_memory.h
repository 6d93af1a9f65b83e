// Loads and stores of the lanes of a wave, shared by the LDS, global, flat, scratch and buffer
// families. Included by op files only.
//
// A Span (wave.h) is any stretch of bytes with its "is defined" bits: an island, the LDS, one
// lane's scratch. Every function takes the lanes it works for, and per lane an address in the
// span's space.
#ifndef WAVEFUZZ_GPU_SIM_LANE_MEMORY_H_
#define WAVEFUZZ_GPU_SIM_LANE_MEMORY_H_

#include "gpu/sim/loads.h"
#include "gpu/sim/vocabulary.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {

SIM_INLINE void clear(Loaded& l) {
  for (u64& u : l.undefined) u = 0;
  l.any_undefined = false;
  l.origin = kOwnOrigin;
}

// Bits [offset, offset + count) of a bitmap, count <= 16. Words are read aligned: neighbouring
// lanes then hit the same word, which the host forwards from store to load.
SIM_INLINE u64 bits_at(const u64* bitmap, u64 offset, unsigned count) {
  const unsigned shift = offset & 63;
  u64 bits = bitmap[offset >> 6] >> shift;
  if (shift + count > 64) [[unlikely]]
    bits |= bitmap[(offset >> 6) + 1] << (64 - shift);
  return bits & ((u64{1} << count) - 1);
}
SIM_INLINE void set_bits_at(u64* bitmap, u64 offset, unsigned count, u64 value) {
  const u64 mask = (u64{1} << count) - 1;
  const unsigned shift = offset & 63;
  u64& word = bitmap[offset >> 6];
  word = (word & ~(mask << shift)) | value << shift;
  if (shift + count > 64) [[unlikely]] {
    u64& next = bitmap[(offset >> 6) + 1];
    next = (next & ~(mask >> (64 - shift))) | value >> (64 - shift);
  }
}
// The same while other threads may write bits of the same words.
inline void set_bits_shared(u64* bitmap, u64 offset, u64 count, u64 value) {
  for (u64 i = 0; i < count;) {
    const u64 at = offset + i, shift = at & 63;
    const u64 n = count - i < 64 - shift ? count - i : 64 - shift;
    const u64 mask = (n == 64 ? ~0ull : (u64{1} << n) - 1) << shift;
    const u64 bits = count > 64 ? mask : value >> i << shift & mask;
    if (bits != 0) __atomic_fetch_or(&bitmap[at >> 6], bits, __ATOMIC_RELAXED);
    if (bits != mask) __atomic_fetch_and(&bitmap[at >> 6], bits | ~mask, __ATOMIC_RELAXED);
    i += n;
  }
}
SIM_INLINE void set_bits_at(const Machine& m, u64* bitmap, u64 offset, unsigned count, u64 value) {
  if (m.shared != nullptr) [[unlikely]]
    set_bits_shared(bitmap, offset, count, value);
  else
    set_bits_at(bitmap, offset, count, value);
}
// Whether bits [offset, offset + 256) are all set, and setting them.
SIM_INLINE bool all_bits256(const u64* bitmap, u64 offset) {
  const u64* word = bitmap + (offset >> 6);
  const unsigned shift = offset & 63;
  u64 all = word[1] & word[2] & word[3];
  all &= word[0] | ((u64{1} << shift) - 1);
  if (shift != 0) all &= word[4] | ~u64{0} << shift;
  return all == ~u64{0};
}
// Whether bits [offset, offset + count) are all set; count is at least 64.
SIM_INLINE bool all_bits(const u64* bitmap, u64 offset, unsigned count) {
  const u64 first = offset >> 6, last = (offset + count - 1) >> 6;
  u64 all = bitmap[first] | ((u64{1} << (offset & 63)) - 1);
  for (u64 word = first + 1; word <= last; ++word)
    all &= bitmap[word] | (word == last ? ~u64{0} << ((offset + count - 1) & 63) << 1 : 0);
  return all == ~u64{0};
}
SIM_INLINE void set_bits256(const Machine& m, u64* bitmap, u64 offset) {
  if (m.shared != nullptr) [[unlikely]] {
    set_bits_shared(bitmap, offset, 256, ~0ull);
    return;
  }
  u64* word = bitmap + (offset >> 6);
  const unsigned shift = offset & 63;
  word[0] |= ~u64{0} << shift;
  word[1] = word[2] = word[3] = ~u64{0};
  if (shift != 0) word[4] |= (u64{1} << shift) - 1;
}

// A wave's or group's own memory.
SIM_INLINE Span own_span(u64 address, u64 size, std::byte* data, u64* defined, u32* origins,
                         const char* name) {
  return {.address = address,
          .size = size,
          .data = data,
          .initialised = defined,
          .origins = origins,
          .written = nullptr,
          .dirty = nullptr,
          .shadow = nullptr,
          .island = nullptr,
          .access = Access::kReadWrite,
          .name = name};
}

template <typename F>
SIM_INLINE void for_lanes(u64 lanes, F f) {
  if (lanes == ~0ull) {
    for (unsigned i = 0; i < kLanes; ++i) f(i);
  } else {
    for (; lanes != 0; lanes &= lanes - 1) f(unsigned(__builtin_ctzll(lanes)));
  }
}

template <unsigned kSize>
SIM_INLINE void load_lane(const Span& s, unsigned i, u64 address, Loaded& out) {
  const u64 offset = address - s.address;
  u32 tmp[4] = {};
  __builtin_memcpy(tmp, s.data + offset, kSize);
  for (unsigned d = 0; d < (kSize + 3) / 4; ++d) out.dword[d][i] = tmp[d];
  if (s.initialised != nullptr) {
    const u64 undefined = ~bits_at(s.initialised, offset, kSize) & ((u64{1} << kSize) - 1);
    if (undefined != 0) [[unlikely]] {
      out.any_undefined = true;
      for (unsigned b = 0; b < kSize; ++b) out.undefined[b] |= (undefined >> b & 1) << i;
      if (s.origins != nullptr && out.origin == kOwnOrigin)
        out.origin = s.origins[(offset + unsigned(__builtin_ctzll(undefined))) / 4];
    }
  }
}
// An access whose size is known when it runs.
template <typename F>
SIM_INLINE void with_size(unsigned bytes, F f) {
  switch (bytes) {
    case 1:
      f(std::integral_constant<unsigned, 1>{});
      break;
    case 2:
      f(std::integral_constant<unsigned, 2>{});
      break;
    case 4:
      f(std::integral_constant<unsigned, 4>{});
      break;
    case 8:
      f(std::integral_constant<unsigned, 8>{});
      break;
    case 12:
      f(std::integral_constant<unsigned, 12>{});
      break;
    default:
      f(std::integral_constant<unsigned, 16>{});
      break;
  }
}

// Data to store, and per byte the lanes where it is undefined.
struct Stored {
  const u32* dword[4];
  u64 undefined[16];
  bool any_undefined;
  u32 origin;  // of what is undefined
};

SIM_INLINE void touch(Machine& m, const Span& s, u64 offset, unsigned bytes) {
  if (s.dirty == nullptr) return;
  const u64 first = offset >> 12, last = (offset + bytes - 1) >> 12;
  if (!s.dirty[first] || !s.dirty[last]) [[unlikely]]
    m.mark_dirty(s, first, last);
}

template <unsigned kSize>
SIM_INLINE void store_lane(Machine& m, const Span& s, unsigned i, u64 address, const Stored& data) {
  const u64 offset = address - s.address;
  u32 tmp[4];
  for (unsigned d = 0; d < (kSize + 3) / 4; ++d) tmp[d] = data.dword[d][i];
  __builtin_memcpy(s.data + offset, tmp, kSize);
  constexpr u64 kAll = (u64{1} << kSize) - 1;
  u64 defined = kAll;
  if (data.any_undefined) [[unlikely]] {
    for (unsigned b = 0; b < kSize; ++b) defined &= ~((data.undefined[b] >> i & 1) << b);
    if (s.origins != nullptr && defined != kAll) {
      for (u64 d = offset / 4; d <= (offset + kSize - 1) / 4; ++d) s.origins[d] = data.origin;
      m.origins_stored = true;
    }
  }
  if (s.initialised != nullptr) set_bits_at(m, s.initialised, offset, kSize, defined);
  if (s.written != nullptr) set_bits_at(m, s.written, offset, kSize, kAll);
  touch(m, s, offset, kSize);
}

// Lane i's address is the first lane's plus 4 * i.
SIM_INLINE bool adjacent_dwords(const u64* address) {
  const u64 first = address[0];
  u64 different = 0;
  for (unsigned i = 0; i < kLanes; ++i) different |= address[i] ^ (first + 4 * i);
  return different == 0;
}
template <unsigned kSize>
SIM_INLINE void load_lanes(const Span& s, u64 lanes, const u64* address, Loaded& out) {
  if constexpr (kSize == 4) {
    if (lanes == ~0ull && adjacent_dwords(address)) {
      const u64 offset = address[0] - s.address;
      if (s.initialised == nullptr || all_bits256(s.initialised, offset)) {
        __builtin_memcpy(out.dword[0], s.data + offset, 4 * kLanes);
        return;
      }
    }
  }
  if constexpr (kSize == 8 || kSize == 16) {
    // Rows of 16 lanes that lie one behind the other, all of it defined: how matrix operands lie.
    u64 done = 0;
    for (unsigned row = 0; row < 4 && lanes == ~0ull; ++row) {
      const u64* at = address + 16 * row;
      u64 different = 0;
      for (unsigned i = 0; i < 16; ++i) different |= at[i] ^ (at[0] + kSize * i);
      const u64 offset = at[0] - s.address;
      if (different != 0 ||
          (s.initialised != nullptr && !all_bits(s.initialised, offset, 16 * kSize)))
        continue;
      u32 data[4 * kSize];
      __builtin_memcpy(data, s.data + offset, 16 * kSize);
      for (unsigned d = 0; d < kSize / 4; ++d)
        for (unsigned i = 0; i < 16; ++i) out.dword[d][16 * row + i] = data[kSize / 4 * i + d];
      done |= u64{0xffff} << 16 * row;
    }
    lanes &= ~done;
    if (lanes == 0) return;
  }
  for_lanes(lanes, [&](unsigned i) { load_lane<kSize>(s, i, address[i], out); });
}
template <unsigned kSize>
SIM_INLINE void store_lanes(Machine& m, const Span& s, u64 lanes, const u64* address,
                            const Stored& data) {
  if constexpr (kSize == 4) {
    if (lanes == ~0ull && !data.any_undefined && adjacent_dwords(address)) {
      const u64 offset = address[0] - s.address;
      __builtin_memcpy(s.data + offset, data.dword[0], 4 * kLanes);
      if (s.initialised != nullptr) set_bits256(m, s.initialised, offset);
      if (s.written != nullptr) set_bits256(m, s.written, offset);
      touch(m, s, offset, 4 * kLanes);
      return;
    }
  }
  for_lanes(lanes, [&](unsigned i) { store_lane<kSize>(m, s, i, address[i], data); });
}

// Address operands may be undefined: those lanes are reported and dropped from the access.
SIM_INLINE u64 drop_poisoned(Wave& w, const Op* op, u64 lanes, u64 poison, u32 origin) {
  poison &= lanes;
  if (poison != 0) [[unlikely]] {
    w.machine->report_poison(w, op, "an address", poison, origin);
    if (Machine::taken_for_defined(origin)) {
      w.machine->settle(w, origin);
      return lanes;
    }
  }
  return lanes & ~poison;
}

// Reports lanes that fall outside every span, or where access is denied. Out of line.
[[gnu::noinline]] inline void bad_lanes(Wave& w, const Op* op, FindingKind kind, u64 lanes,
                                        const u64* address, unsigned bytes) {
  Machine::Where where;
  where.lanes = lanes;
  where.has_address = true;
  where.address = address[__builtin_ctzll(lanes)];
  where.bytes = bytes;
  w.machine->report(w, op, kind, where);
}

SIM_INLINE const Span* span_of(Machine& m, u64 address, u64 bytes) {
  const Span* s = m.last_span;
  if (s != nullptr && address - s->address < s->size && bytes <= s->size - (address - s->address))
    return s;
  return m.find_span(address, bytes);
}

// The one span that holds all accesses of the lanes, or null.
SIM_INLINE const Span* common_span(Machine& m, u64 lanes, const u64* address, unsigned bytes) {
  u64 low = ~0ull, high = 0;
  if (lanes == ~0ull) {
    for (unsigned i = 0; i < kLanes; ++i) {
      low = address[i] < low ? address[i] : low;
      high = address[i] > high ? address[i] : high;
    }
  } else {
    for_lanes(lanes, [&](unsigned i) {
      low = address[i] < low ? address[i] : low;
      high = address[i] > high ? address[i] : high;
    });
  }
  if (high - low >= u64{1} << 40) return nullptr;
  return span_of(m, low, high - low + bytes);
}

// In ops_race.cc: notes who accesses what, and reports what no barrier orders. `stored`: the data
// of a store. `loaded`: of a load; what it reads in no order with a write is undefined.
void watch_lds(Wave& w, const Op* op, u64 lanes, const u64* address, unsigned bytes,
               LdsAccessKind kind, const Stored* stored, Loaded* loaded);
void watch_global(Wave& w, const Op* op, const Span& s, u64 lanes, const u64* address,
                  unsigned bytes, const Stored* stored, Loaded* loaded);

// Calls access(span, lanes) for the lanes that hit a span with the right access; reports the
// others. Returns the lanes served. `stored` or `loaded` as for watch_global(); neither: an atomic.
template <typename F>
SIM_INLINE u64 for_spans(Wave& w, const Op* op, u64 lanes, const u64* address, unsigned bytes,
                         const Stored* stored, Loaded* loaded, F access) {
  const bool read = stored == nullptr, write = loaded == nullptr;
  if (lanes == 0) return 0;
  Machine& m = *w.machine;
  const auto watch = [&](const Span& s, u64 which) {
    if (s.shadow == nullptr) return;
    if (write && read)
      m.synchronised = true;  // an atomic operation
    else
      watch_global(w, op, s, which, address, bytes, stored, loaded);
  };
  const auto denied = [&](const Span& s) {
    return (write && s.access == Access::kRead) || (read && s.access == Access::kWrite);
  };
  const Span* common = common_span(m, lanes, address, bytes);
  if (common != nullptr && !denied(*common)) [[likely]] {
    watch(*common, lanes);
    access(*common, lanes);
    return lanes;
  }
  u64 outside = 0, read_only = 0, write_only = 0, served = 0;
  for_lanes(lanes, [&](unsigned i) {
    const u64 bit = u64{1} << i;
    const Span* s = span_of(m, address[i], bytes);
    if (s == nullptr) {
      outside |= bit;
    } else if (write && s->access == Access::kRead) {
      read_only |= bit;
    } else if (read && s->access == Access::kWrite) {
      write_only |= bit;
    } else {
      watch(*s, bit);
      access(*s, bit);
      served |= bit;
    }
  });
  if (outside)
    bad_lanes(w, op, write ? FindingKind::kOutOfBoundsWrite : FindingKind::kOutOfBoundsRead,
              outside, address, bytes);
  if (read_only) bad_lanes(w, op, FindingKind::kWriteToReadOnly, read_only, address, bytes);
  if (write_only) bad_lanes(w, op, FindingKind::kReadFromWriteOnly, write_only, address, bytes);
  return served;
}

// --- Loads under way (loads.h) -------------------------------------------------------------------

// In ops_wait.cc: the oldest loads come in, up to instruction `number` of their counter.
void come_in(Wave& w, LoadQueue& queue, u32 number);
// All that no order binds.
void come_in_unordered(Wave& w);
// Under a schedule seed, some loads come in before anything waits for them.
void come_in_early(Wave& w);
// `load` goes to registers that an earlier one still has to fill.
void note_overlap(Wave& w, const PendingLoad& load);

// Every instruction that a counter counts starts with one of these, whatever EXEC is.
SIM_INLINE void count(Wave& w, LoadQueue& queue, unsigned most) {
  if (w.machine->random_schedule) [[unlikely]]
    come_in_early(w);
  const u32 number = ++queue.issued;
  if (!queue.empty() && i32(queue.front().number - (number - most)) <= 0) [[unlikely]]
    come_in(w, queue, number - most);
}
SIM_INLINE void count_vm(Wave& w) { count(w, w.loads.vm, kMaxVmcnt); }
SIM_INLINE void count_lgkm(Wave& w) { count(w, w.loads.lds, kMaxLgkmcnt); }

SIM_INLINE Loaded& load_buffer(Wave& w) {
  Loaded& l = w.loads.buffer();
  clear(l);
  return l;
}
SIM_INLINE PendingLoad& enqueue(Wave& w, LoadQueue& queue) {
  PendingLoad& p = queue.ring[queue.tail++ % LoadQueue::kSize];
  p.number = queue.issued;
  p.data = w.loads.free[--w.loads.free_count];
  p.overlapped = p.done = false;
  return p;
}
SIM_INLINE PendingLoad& enqueue_unordered(Wave& w) {
  if (w.loads.unordered_count == Loads::kMaxUnordered) [[unlikely]] {
    Loaded* data = w.loads.free[--w.loads.free_count];  // not to be freed on top of it
    come_in_unordered(w);
    w.loads.free[w.loads.free_count++] = data;
  }
  PendingLoad& p = w.loads.unordered[w.loads.unordered_count++];
  p.data = w.loads.free[--w.loads.free_count];
  p.overlapped = p.done = false;
  return p;
}

// Bytes of its first register that a vector load writes.
struct ByteSpan {
  unsigned first, end;
};
SIM_INLINE ByteSpan written_bytes(u32 param) {
  if ((param & kBytes) >= 4) return {0, 4};
  return {param & kHighHalf ? 2u : 0u, param & kHalf ? 2u : 4u};
}

// The registers are poison until the load comes in.
SIM_INLINE void mark_in_flight(Wave& w, const Op* op, unsigned dst, u32 param, u64 lanes) {
  const unsigned dwords = ((param & kBytes) + 3) / 4;
  const ByteSpan bytes = written_bytes(param);
  for (unsigned d = 0; d < dwords; ++d) {
    VgprPoison& p = w.v_poison[dst + d];
    for (unsigned b = bytes.first; b < bytes.end; ++b) p.add(b, lanes);
    w.v_origin[dst + d] = kInFlight | op->index;
  }
}
// The buffer of the wave's next load holds what it brought; `failed` lanes of `lanes` get poison.
SIM_INLINE void defer(Wave& w, PendingLoad& p, const Op* op, unsigned dst, u32 param, u64 lanes,
                      u64 failed) {
  p.op = op;
  p.lanes = lanes;
  p.failed = failed;
  p.param = param;
  p.dst = u16(dst);
  p.target = LoadTarget::kVgprs;
  const unsigned dwords = ((param & kBytes) + 3) / 4;
  u32 before = 0;  // ~0, never written, has the mark's bit as well
  for (unsigned d = 0; d < dwords; ++d)
    before |= w.v_poison[dst + d].any() != 0 ? w.v_origin[dst + d] & kInFlight : 0;
  if (before != 0) [[unlikely]]
    note_overlap(w, p);
  mark_in_flight(w, op, dst, param, lanes);
}
SIM_INLINE void defer_vm(Wave& w, const Op* op, unsigned dst, u32 param, u64 lanes, u64 failed) {
  PendingLoad& p = enqueue(w, w.loads.vm);
  defer(w, p, op, dst, param, lanes, failed);
}
SIM_INLINE void defer_lds(Wave& w, const Op* op, unsigned dst, u32 param, u64 lanes, u64 failed) {
  PendingLoad& p = enqueue(w, w.loads.lds);
  defer(w, p, op, dst, param, lanes, failed);
}

// Writes what a load brought into registers.
SIM_INLINE void finish_load(Wave& w, const Op* op, unsigned dst, u32 param, u64 lanes, u64 failed,
                            Loaded& l) {
  const unsigned bytes = param & kBytes;
  if (failed != 0) [[unlikely]] {
    l.any_undefined = true;
    for (unsigned b = 0; b < bytes; ++b) l.undefined[b] |= failed;
    for (unsigned d = 0; d < (bytes + 3) / 4; ++d)
      for_lanes(failed, [&](unsigned i) { l.dword[d][i] = 0; });
  }
  if (bytes < 4) {
    // Sub-dword: widen, then perhaps merge into a half.
    for (unsigned i = 0; i < kLanes; ++i) {
      const u32 x = l.dword[0][i];
      l.dword[0][i] = bytes == 1 ? (param & kSigned ? u32(i32(i8(x))) : x & 0xff)
                                 : (param & kSigned ? u32(i32(i16(x))) : x & 0xffff);
    }
    u64 undefined[4];
    for (unsigned b = 0; b < 4; ++b)
      undefined[b] = b < bytes ? l.undefined[b] : param & kSigned ? l.undefined[bytes == 2] : 0;
    if (param & (kHalf | kHighHalf)) {
      const unsigned shift = param & kHighHalf ? 16 : 0;
      const u32 keep = param & kHighHalf ? 0xffff : 0xffff'0000;
      for (unsigned i = 0; i < kLanes; ++i)
        l.dword[0][i] = (w.v[dst][i] & keep) | (l.dword[0][i] & 0xffff) << shift;
      const VgprPoison old = w.v_poison[dst];
      const unsigned first = shift / 8;
      l.undefined[first] = undefined[0];
      l.undefined[first + 1] = undefined[1];
      l.undefined[2 - first] = old.byte[2 - first];
      l.undefined[3 - first] = old.byte[3 - first];
    } else {
      for (unsigned b = 0; b < 4; ++b) l.undefined[b] = undefined[b];
    }
  }
  const unsigned dwords = (bytes + 3) / 4;
  for (unsigned d = 0; d < dwords; ++d) {
    u32* to = w.v[dst + d];
    const u32* from = l.dword[d];
    if (lanes == ~0ull) {
      for (unsigned i = 0; i < kLanes; ++i) to[i] = from[i];
    } else {
      for_lanes(lanes, [&](unsigned i) { to[i] = from[i]; });
    }
    VgprPoison& p = w.v_poison[dst + d];
    for (unsigned b = 0; b < 4; ++b) p.set(b, lanes, l.undefined[4 * d + b]);
    w.v_origin[dst + d] = l.any_undefined && l.origin != kOwnOrigin ? l.origin : op->index;
  }
}

// Whether undefined data of a store is that of a race, which is reported then: to be collected
// again.
SIM_INLINE bool settle_stored(Wave& w, const Op* op, const char* what, u64 lanes, u32 origin) {
  if (!Machine::taken_for_defined(origin)) return false;
  w.machine->report_poison(w, op, what, lanes, origin);
  w.machine->settle(w, origin);
  return true;
}

// Collects the data registers of a store.
inline void prepare_store(Wave& w, const Op* op, unsigned reg, u32 param, u64 lanes, Stored& s,
                          u32* shifted) {
  const unsigned bytes = param & kBytes;
  s.any_undefined = false;
  s.origin = kNeverWritten;
  for (unsigned d = 0; d < (bytes + 3) / 4; ++d) {
    s.dword[d] = w.v[reg + d];
    for (unsigned b = 0; b < 4; ++b) {
      s.undefined[4 * d + b] = w.v_poison[reg + d].byte[b] & lanes;
      if (4 * d + b < bytes || (param & kHighHalf)) s.any_undefined |= s.undefined[4 * d + b] != 0;
    }
  }
  if (param & kHighHalf) {
    for (unsigned i = 0; i < kLanes; ++i) shifted[i] = w.v[reg][i] >> 16;
    s.dword[0] = shifted;
    s.undefined[0] = s.undefined[2];
    s.undefined[1] = s.undefined[3];
    s.any_undefined = (s.undefined[0] | (bytes > 1 ? s.undefined[1] : 0)) != 0;
  }
  if (s.any_undefined) [[unlikely]] {
    for (unsigned d = (bytes + 3) / 4; d-- > 0;)
      if (const u64 which = w.v_poison[reg + d].any() & lanes)
        s.origin = w.machine->waited(w, op, w.v_origin[reg + d], which);
    if (w.machine->repeat) {
      w.machine->repeat = false;
      prepare_store(w, op, reg, param, lanes, s, shifted);
    }
  }
}
SIM_INLINE u64 undefined_lanes(const Stored& s, unsigned bytes) {
  u64 any = 0;
  for (unsigned b = 0; b < bytes; ++b) any |= s.undefined[b];
  return any;
}

// Loads that bypass registers: lane i's data goes to LDS address M0 + offset + 4 * i, or 16 * i for
// the wide forms (gfx950). A sub-dword load fills a dword.
SIM_INLINE unsigned lds_slot(unsigned bytes) { return bytes > 4 ? 16 : 4; }
SIM_INLINE unsigned lds_stored(unsigned bytes) { return bytes < 4 ? 4 : bytes; }
inline void watch_to_lds(Wave& w, const Op* op, u64 lanes, u64 base, unsigned bytes) {
  u64 address[kLanes];
  for (unsigned i = 0; i < kLanes; ++i) address[i] = base + lds_slot(bytes) * i;
  watch_lds(w, op, lanes, address, lds_stored(bytes), LdsAccessKind::kWrite, nullptr, nullptr);
}
inline void defer_to_lds(Wave& w, const Op* op, u64 lanes, unsigned bytes, u64 failed) {
  Machine& m = *w.machine;
  const u64 base = (w.s[kM0] & 0x3'ffff) + u64(i64(op->imm));
  if (w.s_poison[kM0]) m.report_poison(w, op, "an LDS address", 0, w.s_origin[kM0]);
  const unsigned stored = lds_stored(bytes);
  u64 outside = 0;
  for_lanes(lanes, [&](unsigned i) {
    // A negative offset may lead below 0.
    const u64 at = base + lds_slot(bytes) * i;
    outside |= u64(at >= m.lds_bytes || at + stored > m.lds_bytes) << i;
  });
  if (outside) {
    Machine::Where where{
        outside, true,  base + lds_slot(bytes) * unsigned(__builtin_ctzll(outside)),
        stored,  "LDS", m.lds_bytes};
    m.report(w, op, FindingKind::kOutOfBoundsWrite, where);
    lanes &= ~outside;
  }
  if (m.watch_lds) watch_to_lds(w, op, lanes, base, bytes);
  // Until it comes in, nobody can say what the bytes hold.
  for_lanes(lanes, [&](unsigned i) {
    set_bits_at(m.lds_defined.data(), base + lds_slot(bytes) * i, stored, 0);
  });
  PendingLoad& p = enqueue(w, w.loads.vm);
  p.op = op;
  p.lanes = lanes;
  p.failed = failed;
  p.param = bytes;
  p.target = LoadTarget::kLds;
  p.lds_base = base;
}
inline void finish_to_lds(Wave& w, PendingLoad& p) {
  Machine& m = *w.machine;
  Loaded& l = *p.data;
  const unsigned bytes = p.param;
  const Span lds =
      own_span(0, m.lds_bytes, m.lds.data(), m.lds_defined.data(), m.lds_origins.data(), "LDS");
  if (p.op->row->param & kSigned)
    for (u32& x : l.dword[0]) x = bytes == 1 ? u32(i32(i8(x))) : u32(i32(i16(x)));
  l.any_undefined |= p.failed != 0;
  for (u64& undefined : l.undefined) undefined |= p.failed;
  Stored s{};
  for (unsigned d = 0; d < 4; ++d) s.dword[d] = l.dword[d];
  for (unsigned b = 0; b < 16; ++b) s.undefined[b] = l.undefined[b];
  s.any_undefined = l.any_undefined;
  s.origin = l.origin == kOwnOrigin ? p.op->index : l.origin;
  if (m.watch_lds) watch_to_lds(w, p.op, p.lanes, p.lds_base, bytes);
  with_size(lds_stored(bytes), [&](auto size) {
    for_lanes(p.lanes, [&](unsigned i) {
      store_lane<decltype(size)::value>(m, lds, i, p.lds_base + lds_slot(bytes) * i, s);
    });
  });
}

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA

#endif  // WAVEFUZZ_GPU_SIM_LANE_MEMORY_H_
