// Instructions that move data between lanes, or between lanes and scalars.
#include "gpu/sim/lane_memory.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// Operands as the row lists them; destinations in dst (VGPR or scalar).

SIM_INLINE void set_scalar(Wave& w, const Op* op, u32 value, u32 poison, u32 origin) {
  w.s[op->dst] = value;
  w.s_poison[op->dst] = poison;
  if (poison) w.s_origin[op->dst] = origin;
}
SIM_INLINE void set_from_lane(Wave& w, const Op* op, unsigned reg, unsigned lane) {
  const u32 poison = w.lane_poison(reg, lane);
  set_scalar(w, op, w.v[reg][lane], poison,
             poison ? w.machine->waited(w, op, w.v_origin[reg], u64{1} << lane) : 0);
}
SIM_INLINE u32 scalar_source(Wave& w, const Op* op, unsigned k, u32& poison) {
  const Slot s = op->src[k];
  if (s.kind == Kind::kSgpr) {
    poison = w.s_poison[s.index];
    return w.s[s.index];
  }
  poison = 0;
  return w.machine->code->constants[s.index].lane[0];
}

// The lowest active lane; lane 0 when there is none.
const Op* v_readfirstlane(Wave& w, const Op* op) {
  const unsigned lane = w.exec == 0 ? 0 : unsigned(__builtin_ctzll(w.exec));
  if (op->src[0].kind != Kind::kVgpr) {
    u32 poison;
    const u32 value = scalar_source(w, op, 0, poison);
    set_scalar(w, op, value, poison,
               poison ? w.machine->waited(w, op, w.s_origin[op->src[0].index], 0) : 0);
    return op + 1;
  }
  const unsigned reg = op->src[0].index;
  set_from_lane(w, op, reg, lane);
  return op + 1;
}
const Op* v_readlane(Wave& w, const Op* op) {
  u32 poison;
  const unsigned lane = scalar_source(w, op, 1, poison) & 63;
  const unsigned reg = op->src[0].index;
  if (poison) w.machine->report_poison(w, op, "a lane number", 0, w.s_origin[op->src[1].index]);
  set_from_lane(w, op, reg, lane);
  return op + 1;
}
const Op* v_writelane(Wave& w, const Op* op) {
  u32 poison, lane_poison;
  const u32 value = scalar_source(w, op, 0, poison);
  const unsigned lane = scalar_source(w, op, 1, lane_poison) & 63;
  if (lane_poison)
    w.machine->report_poison(w, op, "a lane number", 0, w.s_origin[op->src[1].index]);
  w.v[op->dst][lane] = value;
  // Lane masks spilled this way keep undefined bits for inactive lanes.
  u32 bits[kLanes];
  bits[lane] = poison;
  w.set_lane_poison(op->dst, bits, u64{1} << lane);
  if (poison) w.v_origin[op->dst] = w.machine->waited(w, op, w.s_origin[op->src[0].index], 0);
  return op + 1;
}

// Moves whole registers between lanes: result lane i comes from lane from[i], or is 0.
struct Moved {
  alignas(64) u32 value[kLanes];
  VgprPoison poison;
  u32 origin;
};
template <typename F>
SIM_INLINE void move_lanes(Wave& w, const Op* op, unsigned reg, F from, Moved& out) {
  const VgprPoison& p = w.v_poison[reg];
  out.poison = {};
  const bool poisoned = p.any() != 0;
  out.origin = poisoned ? w.machine->waited(w, op, w.v_origin[reg], p.any() & w.exec) : 0;
  for (unsigned i = 0; i < kLanes; ++i) {
    const int lane = from(i);
    out.value[i] = lane < 0 ? 0 : w.v[reg][lane];
    if (poisoned && lane >= 0)
      for (unsigned b = 0; b < 4; ++b) out.poison.byte[b] |= (p.byte[b] >> lane & 1) << i;
  }
}
SIM_INLINE void write_lanes(Wave& w, unsigned reg, u64 lanes, const Moved& m) {
  for_lanes(lanes, [&](unsigned i) { w.v[reg][i] = m.value[i]; });
  for (unsigned b = 0; b < 4; ++b) w.v_poison[reg].set(b, lanes, m.poison.byte[b]);
  if (m.poison.any() & lanes) w.v_origin[reg] = m.origin;
}

const Op* v_swap(Wave& w, const Op* op) {
  const unsigned a = op->dst, b = op->src[0].index;
  Moved ma, mb;
  move_lanes(
      w, op, a, [](unsigned i) { return int(i); }, ma);
  move_lanes(
      w, op, b, [](unsigned i) { return int(i); }, mb);
  write_lanes(w, a, w.exec, mb);
  write_lanes(w, b, w.exec, ma);
  return op + 1;
}
// v_permlane32_swap: low half of the source with the high half of the destination;
// v_permlane16_swap: the same in each half of the wave with rows of 16.
template <unsigned kRow>
const Op* v_permlane_swap(Wave& w, const Op* op) {
  const unsigned d = op->dst, s = op->src[0].index;
  Moved ms;
  move_lanes(
      w, op, s, [](unsigned i) { return i & kRow ? int(i - kRow) : int(i); }, ms);
  u64 high = 0;
  for (unsigned i = 0; i < kLanes; ++i) high |= u64((i & kRow) != 0) << i;
  // Old high lanes of the destination, brought down.
  Moved down;
  move_lanes(
      w, op, d, [](unsigned i) { return i & kRow ? int(i) : int(i + kRow); }, down);
  write_lanes(w, d, w.exec & high, ms);
  write_lanes(w, s, w.exec & ~high, down);
  return op + 1;
}

// The permutes of the LDS unit are loads: LGKMCNT counts them.
SIM_INLINE void defer_moved(Wave& w, const Op* op, const Moved& m) {
  if (w.exec == 0) return;
  Loaded& l = load_buffer(w);
  __builtin_memcpy(l.dword[0], m.value, sizeof m.value);
  for (unsigned b = 0; b < 4; ++b) l.undefined[b] = m.poison.byte[b];
  l.any_undefined = m.poison.any() != 0;
  if (l.any_undefined) l.origin = m.origin;
  defer_lds(w, op, op->dst, 4 | kLoad, w.exec, 0);
}

// ds_bpermute: every lane reads another; an inactive source gives 0. Address in bytes, mod 256.
const Op* ds_bpermute(Wave& w, const Op* op) {
  count_lgkm(w);
  const unsigned address = op->src[0].index, data = op->src[1].index;
  const u64 lanes = drop_poisoned(w, op, w.exec, w.v_poison[address].any(), w.v_origin[address]);
  Moved m;
  move_lanes(
      w, op, data,
      [&](unsigned i) {
        const unsigned lane = (w.v[address][i] + u32(op->imm)) >> 2 & 63;
        return w.exec >> lane & 1 ? int(lane) : -1;
      },
      m);
  if (lanes != w.exec && m.poison.any() == 0) m.origin = op->index;
  for (unsigned b = 0; b < 4; ++b) m.poison.byte[b] |= w.exec & ~lanes;
  defer_moved(w, op, m);
  return op + 1;
}
// ds_permute: every lane writes another; of several writers the highest wins, without one: 0.
const Op* ds_permute(Wave& w, const Op* op) {
  count_lgkm(w);
  const unsigned address = op->src[0].index, data = op->src[1].index;
  const u64 lanes = drop_poisoned(w, op, w.exec, w.v_poison[address].any(), w.v_origin[address]);
  int from[kLanes];
  for (int& f : from) f = -1;
  for_lanes(lanes, [&](unsigned i) { from[(w.v[address][i] + u32(op->imm)) >> 2 & 63] = int(i); });
  Moved m;
  move_lanes(
      w, op, data, [&](unsigned i) { return from[i]; }, m);
  defer_moved(w, op, m);
  return op + 1;
}
// ds_swizzle: bit 15 of the offset clear: within 32 lanes, ((i & and) | or) ^ xor; set: quad_perm.
const Op* ds_swizzle(Wave& w, const Op* op) {
  count_lgkm(w);
  const unsigned data = op->src[0].index, offset = unsigned(op->imm);
  Moved m;
  move_lanes(
      w, op, data,
      [&](unsigned i) {
        const unsigned lane = offset & 0x8000
                                  ? (i & ~3u) | (offset >> 2 * (i & 3) & 3)
                                  : (i & 32) | ((((i & 31) & (offset & 31)) | (offset >> 5 & 31)) ^
                                                (offset >> 10 & 31));
        return w.exec >> lane & 1 ? int(lane) : -1;
      },
      m);
  defer_moved(w, op, m);
  return op + 1;
}

constexpr Row cross(std::string_view name, ExecFn exec, Format format, unsigned operands) {
  Row row;
  row.mnemonic = name;
  row.format = format;
  row.exec = exec;
  row.operand_count = uint8_t(operands);
  return row;
}

constexpr Row kRows[] = {
    cross("v_readfirstlane_b32", &v_readfirstlane, Format::kLaneMove, 1),
    cross("v_readlane_b32", &v_readlane, Format::kLaneMove, 2),
    cross("v_writelane_b32", &v_writelane, Format::kLaneMove, 2),
    cross("v_swap_b32", &v_swap, Format::kLaneMove, 1),
    cross("v_permlane32_swap_b32", &v_permlane_swap<32>, Format::kLaneMove, 1).on(kGfx950Only),
    cross("v_permlane16_swap_b32", &v_permlane_swap<16>, Format::kLaneMove, 1).on(kGfx950Only),
    cross("ds_bpermute_b32", &ds_bpermute, Format::kLds, 2),
    cross("ds_permute_b32", &ds_permute, Format::kLds, 2),
    cross("ds_swizzle_b32", &ds_swizzle, Format::kLds, 1),
    // Bits of the mask below the lane.
    vector("v_mbcnt_lo_u32_b32",
           [](u32 mask, u32 add, LaneNumber n) {
             return add +
                    u32(__builtin_popcount(mask & (n.value >= 32 ? ~0u : (1u << n.value) - 1)));
           }),
    vector("v_mbcnt_hi_u32_b32",
           [](u32 mask, u32 add, LaneNumber n) {
             return add + u32(__builtin_popcount(mask &
                                                 (n.value <= 32 ? 0 : (1u << (n.value - 32)) - 1)));
           }),
};

}  // namespace

std::span<const Row> cross_lane_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
