// Race detection: see race.h. Called before an access takes place.
#include "gpu/sim/lane_memory.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

SIM_INLINE bool by_others(const LdsAccess& a, u16 epoch, u16 me) {
  return a.epoch == epoch && (a.waves & ~me) != 0;
}
SIM_INLINE void note(LdsAccess& a, u16 epoch, u16 me, u32 op) {
  a.waves = a.epoch == epoch ? u16(a.waves | me) : me;
  a.epoch = epoch;
  a.op = op;
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

}  // namespace

void watch_lds(Wave& w, const Op* op, u64 lanes, const u64* address, unsigned bytes,
               LdsAccessKind kind, const Stored* stored) {
  Machine& m = *w.machine;
  LdsShadow& shadow = m.lds_shadow;
  const u16 epoch = shadow.epoch, me = u16(1u << w.id);
  const unsigned shift = shadow.granule_shift;
  LdsAccess* own = (kind == LdsAccessKind::kRead    ? shadow.reads
                    : kind == LdsAccessKind::kWrite ? shadow.writes
                                                    : shadow.atomics)
                       .data();
  const LdsAccess* writes = shadow.writes.data();
  const LdsAccess* reads = kind == LdsAccessKind::kRead ? nullptr : shadow.reads.data();
  const LdsAccess* atomics =
      kind == LdsAccessKind::kAtomic || !m.code->lds_atomics ? nullptr : shadow.atomics.data();
  u64 bad = 0;
  for_lanes(lanes, [&](unsigned i) {
    const u64 last = (address[i] + bytes - 1) >> shift;
    bool other = false;
    for (u64 c = address[i] >> shift; c <= last; ++c) {
      other |= by_others(writes[c], epoch, me);
      if (reads != nullptr) other |= by_others(reads[c], epoch, me);
      if (atomics != nullptr) other |= by_others(atomics[c], epoch, me);
      note(own[c], epoch, me, op->index);
    }
    bad |= u64(other) << i;
  });
  if (bad == 0) [[likely]]
    return;
  if (stored != nullptr)
    for_lanes(bad, [&](unsigned i) {
      if (same_bytes(m.lds.data() + address[i], *stored, i, bytes)) bad &= ~(u64{1} << i);
    });
  if (bad == 0) return;
  // Say with whom: a write first.
  const u64 at = address[__builtin_ctzll(bad)];
  for (u64 c = at >> shift; c <= (at + bytes - 1) >> shift; ++c) {
    const struct {
      const LdsAccess* list;
      const char* what;
    } kOthers[] = {{writes, "writes"}, {atomics, "changes"}, {reads, "reads"}};
    for (const auto& other : kOthers)
      if (other.list != nullptr && by_others(other.list[c], epoch, me)) {
        m.report_race(w, op, bad, at, bytes, "LDS", other.list[c].op,
                      unsigned(__builtin_ctz(other.list[c].waves & ~me & 0xffff)), 0, other.what);
        return;
      }
  }
}

void watch_global(Wave& w, const Op* op, const Span& s, u64 lanes, const u64* address,
                  unsigned bytes, bool write, const Stored* stored) {
  Machine& m = *w.machine;
  const u16 epoch = m.lds_shadow.epoch;
  u64 bad = 0;
  GlobalAccess other{};
  bool other_wrote = false;
  for_lanes(lanes, [&](unsigned i) {
    const u64 begin = address[i] - s.address, end = begin + bytes;
    GlobalAccess with{};
    bool with_write = false;
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
        with = cell.write;
        with_write = true;
      } else if (write && races(cell.read, true)) {
        with = cell.read;
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
    if (with.group == 0) return;
    if (stored != nullptr && same_bytes(s.data + begin, *stored, i, bytes)) return;
    if (bad == 0) {
      other = with;
      other_wrote = with_write;
    }
    bad |= u64{1} << i;
  });
  if (bad == 0) [[likely]]
    return;
  m.report_race(w, op, bad, address[__builtin_ctzll(bad)], bytes, nullptr, other.op, other.wave,
                other.group, other_wrote ? "writes" : "reads");
}

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
