// Race detection: see race.h. Called before an access takes place.
#include <immintrin.h>

#include "gpu/sim/lane_memory.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// Notes an access to the granules [begin, end); what the tags of others among them have in common
// with it. Plain loops over arrays: the compiler makes vectors of them.
SIM_INLINE u32 touch_granules(LdsAccesses& own, const LdsAccesses* const* others, unsigned count,
                              u64 begin, u64 end, u32 epoch_tag, u32 me, u32 op) {
  u32 found = 0;
  for (unsigned k = 0; k < count; ++k) {
    const u32* tag = others[k]->tag.data();
    for (u64 c = begin; c < end; ++c) {
      const u32 waves = tag[c] ^ epoch_tag;
      found |= waves >> 16 == 0 ? waves & ~me : 0;
    }
  }
  u32* tag = own.tag.data();
  u32* ops = own.op.data();
  for (u64 c = begin; c < end; ++c) {
    tag[c] = ((tag[c] ^ epoch_tag) >> 16 == 0 ? tag[c] : epoch_tag) | me;
    ops[c] = op;
  }
  return found;
}

// The same of a few granules, for lanes that stand alone.
SIM_INLINE u32 touch_few(LdsAccesses& own, const LdsAccesses* const* others, unsigned count,
                         u64 begin, u64 end, u32 epoch_tag, u32 me, u32 op) {
  u32 found = 0;
  for (u64 c = begin; c < end; ++c) {
    for (unsigned k = 0; k < count; ++k) {
      const u32 waves = others[k]->tag[c] ^ epoch_tag;
      found |= waves >> 16 == 0 ? waves & ~me : 0;
    }
    u32& tag = own.tag[c];
    tag = ((tag ^ epoch_tag) >> 16 == 0 ? tag : epoch_tag) | me;
    own.op[c] = op;
  }
  return found;
}

// Bit i: lane i + 1's access lies right behind lane i's. Bit 63 is clear.
SIM_INLINE u64 following(const u64* address, unsigned bytes) {
  u64 mask = 0;
#if defined(__AVX512F__)
  const __m512i step = _mm512_set1_epi64(bytes);
  for (unsigned i = 0; i < 7; ++i) {
    const __m512i here = _mm512_add_epi64(_mm512_loadu_si512(address + 8 * i), step);
    mask |= u64(_mm512_cmpeq_epi64_mask(here, _mm512_loadu_si512(address + 8 * i + 1))) << 8 * i;
  }
  for (unsigned i = 56; i + 1 < kLanes; ++i)
#else
  for (unsigned i = 0; i + 1 < kLanes; ++i)
#endif
    mask |= u64(address[i + 1] == address[i] + bytes) << i;
  return mask;
}

// Whether lane i's store leaves the bytes as they are.
bool same_bytes(const std::byte* at, const Stored& data, unsigned i, unsigned bytes) {
  u32 tmp[4];
  for (unsigned d = 0; d < (bytes + 3) / 4; ++d) tmp[d] = data.dword[d][i];
  return __builtin_memcmp(at, tmp, bytes) == 0;
}

SIM_INLINE bool conflicts(const GlobalAccess& a, const Machine& m, const Wave& w, u8 bytes) {
  if ((a.bytes & bytes) == 0 || a.group < m.first_group) return false;
  if (a.group != m.group_number) return true;
  return a.epoch == m.lds_shadow.epoch && a.wave != w.id;
}

// Bytes [first, end) of a load's lane are undefined: they race.
SIM_INLINE void mark_raced(const Op* op, Loaded& l, unsigned i, unsigned first, unsigned end) {
  for (unsigned b = first; b < end; ++b) l.undefined[b] |= u64{1} << i;
  l.any_undefined = true;
  l.origin = kRaced | op->index;
}

// What the run before could not decide about, now that the reads come again.
[[gnu::noinline]] void mark_unsettled(Wave& w, const Op* op, u64 lanes, const u64* address,
                                      unsigned bytes, const char* space, Loaded& l) {
  Machine& m = *w.machine;
  for_lanes(lanes, [&](unsigned i) {
    const UnsettledRead* r = m.unsettled(w, space != nullptr, address[i], address[i] + bytes);
    if (r == nullptr) return;
    const u64 begin = r->begin > address[i] ? r->begin - address[i] : 0;
    const u64 end = r->end - address[i] < bytes ? r->end - address[i] : bytes;
    mark_raced(op, l, i, unsigned(begin), unsigned(end));
    m.note_race({op->index, u64{1} << i, address[i], bytes, space, r->write_op, r->write_wave,
                 m.first_group + r->write_group, "writes"});
  });
}

}  // namespace

void watch_lds(Wave& w, const Op* op, u64 lanes, const u64* address, unsigned bytes,
               LdsAccessKind kind, const Stored* stored, Loaded* loaded) {
  if (lanes == 0) return;
  Machine& m = *w.machine;
  LdsShadow& shadow = m.lds_shadow;
  const u32 epoch_tag = u32(shadow.epoch) << 16, me = 1u << w.id;
  const unsigned shift = shadow.granule_shift;
  LdsAccesses& own = kind == LdsAccessKind::kRead    ? shadow.reads
                     : kind == LdsAccessKind::kWrite ? shadow.writes
                                                     : shadow.atomics;
  // With whom an access may conflict, the kind to be named first in front.
  const LdsAccesses* others[3];
  const char* does[3];
  unsigned count = 0;
  const auto conflicts_with = [&](const LdsAccesses& list, const char* what) {
    others[count] = &list;
    does[count++] = what;
  };
  conflicts_with(shadow.writes, "writes");
  if (kind != LdsAccessKind::kAtomic && m.code->lds_atomics)
    conflicts_with(shadow.atomics, "changes");
  const unsigned writing = count;
  if (kind != LdsAccessKind::kRead) conflicts_with(shadow.reads, "reads");

  // Lanes that lie one behind the other are one stretch.
  u32 found = 0;
  u64 follows = following(address, bytes);
  follows &= lanes & lanes >> 1;
  for (u64 rest = lanes; rest != 0;) {
    const unsigned first = unsigned(__builtin_ctzll(rest));
    const unsigned run = unsigned(__builtin_ctzll(~(follows >> first)));  // bit 63 is clear
    const u64 begin = address[first] >> shift;
    const u64 end = ((address[first + run] + bytes - 1) >> shift) + 1;
    found |= end - begin <= 4
                 ? touch_few(own, others, count, begin, end, epoch_tag, me, op->index)
                 : touch_granules(own, others, count, begin, end, epoch_tag, me, op->index);
    rest &= first + run == 63 ? 0 : ~u64{0} << (first + run + 1);
  }
  if (loaded != nullptr && !m.reads_now.empty()) [[unlikely]]
    mark_unsettled(w, op, lanes, address, bytes, "LDS", *loaded);
  if (found == 0) [[likely]]
    return;

  // Which lanes: of a store, those that change something.
  Machine::Race race{.load = op->index,
                     .lanes = 0,
                     .address = 0,
                     .bytes = bytes,
                     .space = "LDS",
                     .other_op = 0,
                     .other_wave = 0,
                     .other_group = 0,
                     .other_does = nullptr};
  for_lanes(lanes, [&](unsigned i) {
    if (stored != nullptr && same_bytes(m.lds.data() + address[i], *stored, i, bytes)) return;
    for (u64 c = address[i] >> shift; c <= (address[i] + bytes - 1) >> shift; ++c) {
      const u64 begin = c << shift > address[i] ? c << shift : address[i];
      const u64 granule_end = (c + 1) << shift, access_end = address[i] + bytes;
      const u64 end = granule_end < access_end ? granule_end : access_end;
      for (unsigned k = 0; k < count; ++k) {
        if (!others[k]->by_others(c, epoch_tag, me)) continue;
        if (k >= writing) {
          m.keep_unsettled(w, op,
                           {.group = m.group_number - m.first_group,
                            .stretch = m.stretch,
                            .lds = true,
                            .begin = begin,
                            .end = end},
                           others[k]->op[c]);
          continue;
        }
        if (race.lanes == 0) {
          race.address = address[i];
          race.other_op = others[k]->op[c];
          race.other_wave = unsigned(__builtin_ctz(others[k]->tag[c] & 0xffff & ~me));
          race.other_does = does[k];
        }
        race.lanes |= u64{1} << i;
        if (loaded != nullptr)
          mark_raced(op, *loaded, i, unsigned(begin - address[i]), unsigned(end - address[i]));
        break;
      }
    }
  });
  if (race.lanes == 0) return;
  if (loaded != nullptr)
    m.note_race(race);
  else
    m.report_race(w, op, race);
}

void watch_global(Wave& w, const Op* op, const Span& s, u64 lanes, const u64* address,
                  unsigned bytes, const Stored* stored, Loaded* loaded) {
  Machine& m = *w.machine;
  const bool write = loaded == nullptr;
  const u16 epoch = m.lds_shadow.epoch;
  if (loaded != nullptr && !m.reads_now.empty()) [[unlikely]]
    mark_unsettled(w, op, lanes, address, bytes, nullptr, *loaded);
  Machine::Race race{.load = op->index,
                     .lanes = 0,
                     .address = 0,
                     .bytes = bytes,
                     .space = nullptr,
                     .other_op = 0,
                     .other_wave = 0,
                     .other_group = 0,
                     .other_does = "writes"};
  for_lanes(lanes, [&](unsigned i) {
    const u64 begin = address[i] - s.address, end = begin + bytes;
    GlobalAccess written{}, read{};  // by others; group 0: not
    unsigned written_first = 0, written_end = 0, read_first = 0, read_end = 0;
    const auto span = [&](u64 cell, u8 mask, unsigned& first_byte, unsigned& end_byte) {
      const i64 at = i64(4 * cell) - i64(begin);
      const unsigned first = unsigned(at + __builtin_ctz(mask));
      if (end_byte == 0) first_byte = first;
      end_byte = unsigned(at + 32 - __builtin_clz(mask));
    };
    for (u64 c = begin / 4; c <= (end - 1) / 4; ++c) {
      const unsigned first = begin > 4 * c ? unsigned(begin - 4 * c) : 0;
      const unsigned stop = end < 4 * c + 4 ? unsigned(end - 4 * c) : 4;
      const u8 mask = u8((1u << stop) - (1u << first));
      GlobalShadow& cell = s.shadow[c];
      // After an atomic operation a group may look at what others wrote before theirs.
      const auto races = [&](const GlobalAccess& a, bool ordered_by_atomics) {
        return conflicts(a, m, w, mask) &&
               (a.group == m.group_number || !(ordered_by_atomics && m.synchronised));
      };
      if (races(cell.write, !write)) {
        if (written.group == 0) written = cell.write;
        span(c, cell.write.bytes & mask, written_first, written_end);
      } else if (write && races(cell.read, true)) {
        if (read.group == 0) read = cell.read;
        span(c, cell.read.bytes & mask, read_first, read_end);
      }
      if (write) {
        cell.write = {m.group_number, epoch, u8(w.id), mask, op->index};
      } else {
        GlobalAccess& r = cell.read;
        const bool also =
            r.group == m.group_number && r.epoch == epoch && r.bytes == mask && r.wave != w.id;
        r = {m.group_number, epoch, also ? kSeveralWaves : u8(w.id), mask, op->index};
      }
    }
    if ((written.group | read.group) == 0) return;
    if (stored != nullptr && same_bytes(s.data + begin, *stored, i, bytes)) return;
    if (read.group != 0)
      m.keep_unsettled(w, op,
                       {.group = read.group - m.first_group,
                        .stretch = read.group == m.group_number ? m.stretch : kAnyStretch,
                        .lds = false,
                        .begin = address[i] + read_first,
                        .end = address[i] + read_end},
                       read.op);
    if (written.group == 0) return;
    if (race.lanes == 0) {
      race.address = address[i];
      race.other_op = written.op;
      race.other_wave = written.wave;
      race.other_group = written.group;
    }
    race.lanes |= u64{1} << i;
    if (loaded != nullptr) mark_raced(op, *loaded, i, written_first, written_end);
  });
  if (race.lanes == 0) [[likely]]
    return;
  if (loaded != nullptr)
    m.note_race(race);
  else
    m.report_race(w, op, race);
}

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
