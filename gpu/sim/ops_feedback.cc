// Feedback around compares: how close they came (feedback.h).
#include "gpu/sim/feedback.h"
#include "gpu/sim/vocabulary.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// Values in an order where steps count: floats by their bit pattern, signs folded.
SIM_INLINE u64 ordered(CompareType type, u64 raw) {
  switch (type) {
    case CompareType::kI16:
      return u64(i64(i16(raw))) ^ u64 { 1 } << 63;
    case CompareType::kI32:
      return u64(i64(i32(raw))) ^ u64 { 1 } << 63;
    case CompareType::kI64:
      return raw ^ u64 { 1 } << 63;
    case CompareType::kU16:
      return raw & 0xffff;
    case CompareType::kF16:
      return raw & 0x8000 ? 0x8000 - (raw & 0x7fff) : 0x8000 + (raw & 0x7fff);
    case CompareType::kF32:
      return raw >> 31 & 1 ? 0x8000'0000 - (raw & 0x7fff'ffff) : 0x8000'0000 + (raw & 0x7fff'ffff);
    case CompareType::kF64:
      return raw >> 63 ? (u64{1} << 63) - (raw & ~(u64{1} << 63)) : raw + (u64{1} << 63);
    default:
      return raw;
  }
}
SIM_INLINE unsigned bits_of(CompareType type) {
  switch (type) {
    case CompareType::kI16:
    case CompareType::kU16:
    case CompareType::kF16:
      return 16;
    case CompareType::kI64:
    case CompareType::kU64:
    case CompareType::kF64:
      return 64;
    default:
      return 32;
  }
}
SIM_INLINE bool is_real(CompareType type) {
  return type == CompareType::kF16 || type == CompareType::kF32 || type == CompareType::kF64;
}
SIM_INLINE u64 extended(CompareType type, u64 raw) {
  if (type == CompareType::kI16) return u64(i64(i16(raw)));
  if (type == CompareType::kI32) return u64(i64(i32(raw)));
  if (bits_of(type) == 16) return raw & 0xffff;
  return raw;
}
SIM_INLINE void note(CompareSeen& seen, CompareType type, u64 a, u64 b) {
  const u64 x = ordered(type, a), y = ordered(type, b);
  const u64 distance = x > y ? x - y : y - x;
  if (distance == 0) {
    seen.equal = true;
  } else if (distance < seen.distance) {
    seen.distance = distance;
    seen.a = extended(type, a);
    seen.b = extended(type, b);
  }
}
SIM_INLINE bool saturated(const CompareSeen& seen) {
  return seen.equal && seen.distance == 1 && seen.went_true && seen.went_false;
}
SIM_INLINE u32 scalar(const Wave& w, Slot slot) {
  return slot.kind == Kind::kSgpr ? w.s[slot.index]
                                  : w.machine->code->constants[slot.index].lane[0];
}

}  // namespace

const Op* compare_scalar(Wave& w, const Op* op) {
  Feedback* f = w.machine->feedback;
  if (f == nullptr) return op->inner(w, op);
  CompareSeen& seen = f->compares[op->index];
  ++seen.executed;
  if (saturated(seen)) return op->inner(w, op);
  seen.bits = u8(bits_of(op->compare));
  seen.real = is_real(op->compare);
  const bool wide = seen.bits == 64;
  u64 a = scalar(w, op->src[0]), b = scalar(w, op->src[wide ? 2 : 1]);
  if (wide) {
    a |= u64(scalar(w, op->src[1])) << 32;
    b |= u64(scalar(w, op->src[3])) << 32;
  }
  note(seen, op->compare, a, b);
  const Op* next = op->inner(w, op);
  (w.s[kScc] != 0 ? seen.went_true : seen.went_false) = true;
  return next;
}

// Modifiers and selections of operands are not followed: such a compare tells its outcomes only.
const Op* compare_vector(Wave& w, const Op* op) {
  Feedback* f = w.machine->feedback;
  if (f == nullptr || w.exec == 0) return op->inner(w, op);
  CompareSeen& seen = f->compares[op->index];
  ++seen.executed;
  if (saturated(seen)) return op->inner(w, op);
  seen.bits = u8(bits_of(op->compare));
  seen.real = is_real(op->compare);
  const unsigned dwords = seen.bits == 64 ? 2 : 1;
  bool plain = op->extras == nullptr;
  for (unsigned k = 0; k < 2 * dwords; ++k) plain &= op->src[k].modifiers == 0;
  if (plain) {
    const u32* source[4];
    u32 same[4];
    bool vector[4];
    for (unsigned k = 0; k < 2 * dwords; ++k) {
      const Slot slot = op->src[k];
      vector[k] = slot.kind == Kind::kVgpr;
      if (vector[k])
        source[k] = w.v[slot.index];
      else
        same[k] = scalar(w, slot);
    }
    const auto dword = [&](unsigned k, unsigned i) { return vector[k] ? source[k][i] : same[k]; };
    for (u64 lanes = w.exec; lanes != 0; lanes &= lanes - 1) {
      const unsigned i = unsigned(__builtin_ctzll(lanes));
      u64 a = dword(0, i), b = dword(dwords, i);
      if (dwords == 2) {
        a |= u64(dword(1, i)) << 32;
        b |= u64(dword(3, i)) << 32;
      }
      note(seen, op->compare, a, b);
    }
  }
  const u64 exec = w.exec;
  const Op* next = op->inner(w, op);
  const u64 mask = op->row->format == Format::kVectorCompareExec ? w.exec : w.s64(op->mask);
  seen.went_true |= (mask & exec) != 0;
  seen.went_false |= (~mask & exec) != 0;
  return next;
}

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
