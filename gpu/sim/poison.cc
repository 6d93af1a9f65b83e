#include "gpu/sim/poison.h"

#include <algorithm>

namespace wavefuzz::sim {
namespace {

constexpr uint64_t kAll = ~0ull;
uint64_t all_if(uint64_t bits) { return bits != 0 ? kAll : 0; }

uint64_t and_rule(uint64_t a, uint64_t pa, uint64_t b, uint64_t pb) {
  return (pa & (b | pb)) | (pb & (a | pa));  // a defined 0 on either side decides
}
uint64_t or_rule(uint64_t a, uint64_t pa, uint64_t b, uint64_t pb) {
  return (pa & (~b | pb)) | (pb & (~a | pa));  // a defined 1 does
}
uint64_t sign_extend(uint64_t bits, unsigned width) {
  if (width == 0) return 0;
  return uint64_t(int64_t(bits << (64 - width)) >> (64 - width));
}

}  // namespace

uint64_t poison_copy(const uint64_t*, const uint64_t* p) { return p[0]; }
uint64_t poison_and(const uint64_t* v, const uint64_t* p) {
  return and_rule(v[0], p[0], v[1], p[1]);
}
uint64_t poison_andn2(const uint64_t* v, const uint64_t* p) {
  return and_rule(v[0], p[0], ~v[1], p[1]);
}
uint64_t poison_or(const uint64_t* v, const uint64_t* p) { return or_rule(v[0], p[0], v[1], p[1]); }
uint64_t poison_orn2(const uint64_t* v, const uint64_t* p) {
  return or_rule(v[0], p[0], ~v[1], p[1]);
}
uint64_t poison_xor(const uint64_t*, const uint64_t* p) { return p[0] | p[1]; }
uint64_t poison_or3(const uint64_t* v, const uint64_t* p) {
  return or_rule(v[0] | v[1], or_rule(v[0], p[0], v[1], p[1]), v[2], p[2]);
}
uint64_t poison_and_or(const uint64_t* v, const uint64_t* p) {
  return or_rule(v[0] & v[1], and_rule(v[0], p[0], v[1], p[1]), v[2], p[2]);
}
uint64_t poison_lshl32(const uint64_t* v, const uint64_t* p) {
  return all_if(p[1]) | uint32_t(p[0]) << (v[1] & 31);
}
uint64_t poison_lshr32(const uint64_t* v, const uint64_t* p) {
  return all_if(p[1]) | uint32_t(p[0]) >> (v[1] & 31);
}
uint64_t poison_ashr32(const uint64_t* v, const uint64_t* p) {
  return all_if(p[1]) | uint32_t(int32_t(p[0]) >> (v[1] & 31));
}
uint64_t poison_lshl64(const uint64_t* v, const uint64_t* p) {
  return all_if(p[1]) | p[0] << (v[1] & 63);
}
uint64_t poison_lshr64(const uint64_t* v, const uint64_t* p) {
  return all_if(p[1]) | p[0] >> (v[1] & 63);
}
uint64_t poison_ashr64(const uint64_t* v, const uint64_t* p) {
  return all_if(p[1]) | uint64_t(int64_t(p[0]) >> (v[1] & 63));
}
#define REVERSED(NAME)                                                  \
  uint64_t poison_##NAME##rev32(const uint64_t* v, const uint64_t* p) { \
    const uint64_t rv[] = {v[1], v[0]}, rp[] = {p[1], p[0]};            \
    return poison_##NAME##32(rv, rp);                                   \
  }                                                                     \
  uint64_t poison_##NAME##rev64(const uint64_t* v, const uint64_t* p) { \
    const uint64_t rv[] = {v[1], v[0]}, rp[] = {p[1], p[0]};            \
    return poison_##NAME##64(rv, rp);                                   \
  }
REVERSED(lshl)
REVERSED(lshr)
REVERSED(ashr)
#undef REVERSED
uint64_t poison_carry(const uint64_t*, const uint64_t* p) {
  const uint64_t any = p[0] | p[1] | p[2];
  return 0 - (any & (0 - any));
}
uint64_t poison_multiply(const uint64_t* v, const uint64_t* p) {
  if ((v[0] | p[0]) == 0 || (v[1] | p[1]) == 0) return 0;
  return poison_carry(v, p);
}
uint64_t poison_lshl_add64(const uint64_t* v, const uint64_t* p) {
  if (p[1] != 0) return kAll;
  const uint64_t any = p[0] << (v[1] & 7) | p[2];
  return 0 - (any & (0 - any));
}
uint64_t poison_lshl_or(const uint64_t* v, const uint64_t* p) {
  return or_rule(uint32_t(v[0]) << (v[1] & 31), poison_lshl32(v, p), v[2], p[2]);
}
uint64_t poison_select(const uint64_t* v, const uint64_t* p) {
  return p[2] != 0 ? kAll : v[2] != 0 ? p[1] : p[0];
}
uint64_t poison_select_scc(const uint64_t* v, const uint64_t* p) {
  return p[2] != 0 ? kAll : v[2] != 0 ? p[0] : p[1];
}
uint64_t poison_bfe_u32(const uint64_t* v, const uint64_t* p) {
  const unsigned width = v[2] & 31;
  return all_if(p[1] | p[2]) | ((uint32_t(p[0]) >> (v[1] & 31)) & ((uint64_t{1} << width) - 1));
}
uint64_t poison_bfe_i32(const uint64_t* v, const uint64_t* p) {
  const unsigned width = v[2] & 31;
  const uint64_t field = uint64_t(int64_t(int32_t(p[0])) >> (v[1] & 31));
  return sign_extend(field, width) | all_if(p[1] | p[2]);
}
uint64_t poison_bfi(const uint64_t* v, const uint64_t* p) {
  return p[0] | (v[0] & p[1]) | (~v[0] & p[2]);
}
uint64_t poison_bitop3(const uint64_t* v, const uint64_t* p) {
  uint64_t can_be[2] = {};  // over what the undefined bits of the operands may hold
  for (unsigned i = 0; i < 8; ++i) {
    uint64_t possible = kAll;
    for (unsigned k = 0; k < 3; ++k) possible &= p[k] | ((i >> (2 - k) & 1) ? v[k] : ~v[k]);
    can_be[v[3] >> i & 1] |= possible;
  }
  return can_be[0] & can_be[1];
}
uint64_t poison_alignbit(const uint64_t* v, const uint64_t* p) {
  return all_if(p[2]) | uint32_t((p[0] << 32 | uint32_t(p[1])) >> (v[2] & 31));
}
uint64_t poison_alignbyte(const uint64_t* v, const uint64_t* p) {
  return all_if(p[2]) | uint32_t((p[0] << 32 | uint32_t(p[1])) >> (8 * (v[2] & 3)));
}
uint64_t poison_perm(const uint64_t* v, const uint64_t* p) {
  // Selectors 0-7 pick a byte of {a, b}, 8-11 the sign of bytes 1, 3, 5 and 7, the others a
  // constant.
  const uint64_t data = p[0] << 32 | uint32_t(p[1]);
  uint64_t result = all_if(p[2]);
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned s = v[2] >> 8 * i & 0xff;
    const unsigned source = s < 8 ? s : 2 * (s - 8) + 1;
    if (s < 12 && (data >> 8 * source & 0xff) != 0) result |= uint64_t{0xff} << 8 * i;
  }
  return result;
}
uint64_t poison_pack(const uint64_t*, const uint64_t* p) {
  return (p[0] & 0xffff) | (p[1] & 0xffff) << 16;
}
uint64_t poison_packed16(const uint64_t*, const uint64_t* p) {
  const uint64_t any = p[0] | p[1] | p[2];
  return ((any & 0xffff) != 0 ? 0xffff : 0) | ((any >> 16 & 0xffff) != 0 ? 0xffff'0000 : 0);
}
uint64_t poison_packed32(const uint64_t*, const uint64_t* p) {
  const uint64_t any = p[0] | p[1] | p[2];
  return (uint32_t(any) != 0 ? 0xffff'ffff : 0) |
         (any >> 32 != 0 ? uint64_t{0xffff'ffff} << 32 : 0);
}

uint64_t poison_pk_mov(const uint64_t*, const uint64_t* p) {
  return uint32_t(p[0]) | p[1] >> 32 << 32;
}
uint64_t poison_byte0(const uint64_t*, const uint64_t* p) { return all_if(p[0] & 0xff); }
uint64_t poison_byte1(const uint64_t*, const uint64_t* p) { return all_if(p[0] >> 8 & 0xff); }
uint64_t poison_byte2(const uint64_t*, const uint64_t* p) { return all_if(p[0] >> 16 & 0xff); }
uint64_t poison_byte3(const uint64_t*, const uint64_t* p) { return all_if(p[0] >> 24 & 0xff); }

void poison_lanes(const Wave& wave, Slot slot, uint32_t* lanes) {
  switch (slot.kind) {
    case Kind::kVgpr: {
      const VgprPoison& p = wave.v_poison[slot.index];
      for (unsigned i = 0; i < kLanes; ++i) {
        uint32_t bits = 0;
        for (unsigned b = 0; b < 4; ++b) bits |= (p.byte[b] >> i & 1) != 0 ? 0xffu << 8 * b : 0;
        lanes[i] = bits;
      }
      return;
    }
    case Kind::kSgpr:
      std::fill_n(lanes, kLanes, wave.s_poison[slot.index]);
      return;
    case Kind::kMask: {
      const uint64_t p = wave.s64_poison(slot.index);
      for (unsigned i = 0; i < kLanes; ++i) lanes[i] = (p >> i & 1) != 0 ? ~0u : 0;
      return;
    }
    case Kind::kConst:
    case Kind::kNone:
      std::fill_n(lanes, kLanes, 0u);
      return;
  }
}

void vector_poison(const Op& op, const LaneArgs& args, const uint32_t (*poison)[kLanes],
                   uint32_t (*results)[kLanes]) {
  const Row& row = *op.row;
  const unsigned dwords = row.result_dwords;
  // Saturation lets every bit decide about every other.
  const bool saturates = op.lanes == row.saturating && row.poison == poison_carry;
  const PoisonRule rule = saturates ? nullptr : row.poison;
  for (unsigned i = 0; i < kLanes; ++i) {
    uint64_t values[6] = {}, masks[6] = {};
    uint64_t any = 0;
    unsigned slot = 0;
    for (unsigned k = 0; k < row.operand_count; ++k) {
      const OperandType type = row.operands[k];
      values[k] = args.src[slot][i];
      masks[k] = poison[slot][i];
      if (sim::dwords(type) == 2) {
        values[k] |= uint64_t(args.src[slot + 1][i]) << 32;
        masks[k] |= uint64_t(poison[slot + 1][i]) << 32;
      } else if (type == OperandType::kB16 || type == OperandType::kF16) {
        masks[k] &= 0xffff;
      }
      slot += sim::dwords(type);
      any |= masks[k];
    }
    uint64_t result = any == 0 ? 0 : rule != nullptr ? rule(values, masks) : kAll;
    if (row.result_is_half) result &= 0xffff;
    for (unsigned d = 0; d < dwords; ++d) results[d][i] = uint32_t(result >> 32 * d);
    if (row.result_is_mask || row.second_is_mask) results[dwords][i] = any != 0 ? ~0u : 0;
  }
}

uint32_t poison_origin(Wave& wave, const Op& op, uint64_t lanes) {
  uint32_t first = kNeverWritten;
  bool found = false;
  const auto take = [&](uint32_t origin, uint64_t which) {
    origin = wave.machine->waited(wave, &op, origin, which);
    if (!found) first = origin;
    found = true;
  };
  for (unsigned k = 0; k < op.slots; ++k) {
    const Slot slot = op.src[k];
    if (slot.kind == Kind::kVgpr) {
      if (const uint64_t which = wave.v_poison[slot.index].any() & lanes)
        take(wave.v_origin[slot.index], which);
    } else if (slot.kind == Kind::kSgpr) {
      if (wave.s_poison[slot.index] != 0) take(wave.s_origin[slot.index], 0);
    } else if (slot.kind == Kind::kMask) {
      for (unsigned half = 0; half < 2; ++half)
        if ((wave.s_poison[slot.index + half] & uint32_t(lanes >> 32 * half)) != 0)
          take(wave.s_origin[slot.index + half], 0);
    }
  }
  return first;
}

void scalar_poison(Wave& wave, const Op& op, const uint64_t* values, bool writes_scc) {
  const Row& row = *op.row;
  uint64_t masks[6] = {};
  uint64_t any = 0;
  unsigned slot = 0;
  for (unsigned k = 0; k < row.operand_count; ++k) {
    for (unsigned d = 0; d < sim::dwords(row.operands[k]); ++d, ++slot)
      if (op.src[slot].kind == Kind::kSgpr)
        masks[k] |= uint64_t(wave.s_poison[op.src[slot].index]) << 32 * d;
    any |= masks[k];
  }
  uint64_t result = row.poison != nullptr ? row.poison(values, masks) : kAll;
  if (op.dwords == 1) result &= 0xffff'ffff;
  const uint32_t origin = poison_origin(wave, op, kAll);
  if (wave.machine->repeat) return;
  for (unsigned d = 0; d < op.dwords; ++d) {
    wave.s_poison[op.dst + d] = uint32_t(result >> 32 * d);
    wave.s_origin[op.dst + d] = origin;
  }
  // SCC is a function of the result where there is one.
  if (writes_scc) {
    wave.s_poison[kScc] = op.dwords != 0 ? result != 0 : any != 0;
    wave.s_origin[kScc] = origin;
  }
}

}  // namespace wavefuzz::sim
