// How poison (undefined content) passes through instructions.
//
// A rule gets the source operands' values and, for each, a mask of its undefined bits; it returns
// the undefined bits of the result. Rows without a rule take the default: one undefined bit in any
// source makes the whole result undefined. Registers keep the outcome per bit.
//
// Results of one bit (a compare's, a carry, SCC) have a rule of their own, Row::poison_of_bit: not
// 0 where the defined bits of the sources leave the bit open.
#ifndef WAVEFUZZ_GPU_SIM_POISON_H_
#define WAVEFUZZ_GPU_SIM_POISON_H_

#include <cstdint>

#include "gpu/sim/micro_op.h"
#include "gpu/sim/wave.h"

namespace wavefuzz::sim {

// Operands are named in the order of the instruction's text.
uint64_t poison_copy(const uint64_t* v, const uint64_t* p);    // a
uint64_t poison_and(const uint64_t* v, const uint64_t* p);     // a & b
uint64_t poison_andn2(const uint64_t* v, const uint64_t* p);   // a & ~b
uint64_t poison_or(const uint64_t* v, const uint64_t* p);      // a | b
uint64_t poison_orn2(const uint64_t* v, const uint64_t* p);    // a | ~b
uint64_t poison_xor(const uint64_t* v, const uint64_t* p);     // a ^ b
uint64_t poison_or3(const uint64_t* v, const uint64_t* p);     // a | b | c
uint64_t poison_and_or(const uint64_t* v, const uint64_t* p);  // (a & b) | c
uint64_t poison_lshl32(const uint64_t* v, const uint64_t* p);  // a << b
uint64_t poison_lshr32(const uint64_t* v, const uint64_t* p);  // a >> b
uint64_t poison_ashr32(const uint64_t* v, const uint64_t* p);  // a >> b, signed
uint64_t poison_lshl64(const uint64_t* v, const uint64_t* p);
uint64_t poison_lshr64(const uint64_t* v, const uint64_t* p);
uint64_t poison_ashr64(const uint64_t* v, const uint64_t* p);
uint64_t poison_lshlrev32(const uint64_t* v, const uint64_t* p);  // b << a
uint64_t poison_lshrrev32(const uint64_t* v, const uint64_t* p);
uint64_t poison_ashrrev32(const uint64_t* v, const uint64_t* p);
uint64_t poison_lshlrev16(const uint64_t* v, const uint64_t* p);
uint64_t poison_lshrrev16(const uint64_t* v, const uint64_t* p);
uint64_t poison_ashrrev16(const uint64_t* v, const uint64_t* p);
uint64_t poison_lshlrev64(const uint64_t* v, const uint64_t* p);
uint64_t poison_lshrrev64(const uint64_t* v, const uint64_t* p);
uint64_t poison_ashrrev64(const uint64_t* v, const uint64_t* p);
// Sums: an undefined bit reaches those above it. Not with clamp.
uint64_t poison_carry(const uint64_t* v, const uint64_t* p);
// Products: as sums, but a defined 0 decides.
uint64_t poison_multiply(const uint64_t* v, const uint64_t* p);
uint64_t poison_lshl_add64(const uint64_t* v, const uint64_t* p);  // (a << b) + c
uint64_t poison_lshl_add32(const uint64_t* v, const uint64_t* p);  // (a << b) + c
uint64_t poison_add_lshl(const uint64_t* v, const uint64_t* p);    // (a + b) << c
uint64_t poison_lshl_or(const uint64_t* v, const uint64_t* p);     // (a << b) | c
uint64_t poison_select(const uint64_t* v, const uint64_t* p);      // c ? b : a
uint64_t poison_select_scc(const uint64_t* v, const uint64_t* p);  // c ? a : b
uint64_t poison_bfe_u32(const uint64_t* v, const uint64_t* p);     // a[b +: c]
uint64_t poison_bfe_i32(const uint64_t* v, const uint64_t* p);
uint64_t poison_bfi(const uint64_t* v, const uint64_t* p);        // (a & b) | (~a & c)
uint64_t poison_bitop3(const uint64_t* v, const uint64_t* p);     // truth table d of {a, b, c}
uint64_t poison_alignbit(const uint64_t* v, const uint64_t* p);   // {a, b} >> c
uint64_t poison_alignbyte(const uint64_t* v, const uint64_t* p);  // {a, b} >> 8c
uint64_t poison_perm(const uint64_t* v, const uint64_t* p);       // bytes of {a, b} picked by c
uint64_t poison_pack(const uint64_t* v, const uint64_t* p);       // a | b << 16
uint64_t poison_packed16(const uint64_t* v, const uint64_t* p);   // halves apart
uint64_t poison_packed32(const uint64_t* v, const uint64_t* p);   // dwords apart
uint64_t poison_pk_mov(const uint64_t* v,
                       const uint64_t* p);  // the low dword of a, the high one of b
uint64_t poison_byte0(const uint64_t* v, const uint64_t* p);  // a function of a's byte 0
uint64_t poison_byte1(const uint64_t* v, const uint64_t* p);
uint64_t poison_byte2(const uint64_t* v, const uint64_t* p);
uint64_t poison_byte3(const uint64_t* v, const uint64_t* p);

// Scalar instructions.
uint64_t poison_lshl1_add32(const uint64_t* v, const uint64_t* p);  // (a << 1) + b
uint64_t poison_lshl2_add32(const uint64_t* v, const uint64_t* p);
uint64_t poison_lshl3_add32(const uint64_t* v, const uint64_t* p);
uint64_t poison_lshl4_add32(const uint64_t* v, const uint64_t* p);
uint64_t poison_abs32(const uint64_t* v, const uint64_t* p);          // |a|
uint64_t poison_multiply_high(const uint64_t* v, const uint64_t* p);  // (a * b) >> 32
uint64_t poison_sext8(const uint64_t* v, const uint64_t* p);
uint64_t poison_sext16(const uint64_t* v, const uint64_t* p);
uint64_t poison_field_mask32(const uint64_t* v, const uint64_t* p);  // a ones from bit b on
uint64_t poison_field_mask64(const uint64_t* v, const uint64_t* p);
uint64_t poison_sbfe_u32(const uint64_t* v, const uint64_t* p);  // s_bfe: a[b[4:0] +: b[22:16]]
uint64_t poison_sbfe_i32(const uint64_t* v, const uint64_t* p);
uint64_t poison_sbfe_u64(const uint64_t* v, const uint64_t* p);
uint64_t poison_sbfe_i64(const uint64_t* v, const uint64_t* p);
uint64_t poison_brev32(const uint64_t* v, const uint64_t* p);
uint64_t poison_brev64(const uint64_t* v, const uint64_t* p);
uint64_t poison_bitset32(const uint64_t* v, const uint64_t* p);  // bit a of b is written
uint64_t poison_bitset64(const uint64_t* v, const uint64_t* p);
uint64_t poison_bitreplicate(const uint64_t* v, const uint64_t* p);
uint64_t poison_bcnt0_32(const uint64_t* v, const uint64_t* p);  // number of zeros
uint64_t poison_bcnt0_64(const uint64_t* v, const uint64_t* p);
uint64_t poison_bcnt1(const uint64_t* v, const uint64_t* p);   // number of ones
uint64_t poison_ff0_32(const uint64_t* v, const uint64_t* p);  // the lowest zero
uint64_t poison_ff0_64(const uint64_t* v, const uint64_t* p);
uint64_t poison_ff1(const uint64_t* v, const uint64_t* p);        // the lowest one
uint64_t poison_flbit(const uint64_t* v, const uint64_t* p);      // the highest one
uint64_t poison_flbit_i32(const uint64_t* v, const uint64_t* p);  // the highest unlike the sign
uint64_t poison_flbit_i64(const uint64_t* v, const uint64_t* p);
uint64_t poison_quadmask(const uint64_t* v, const uint64_t* p);  // a bit for each nibble
uint64_t poison_wqm(const uint64_t* v, const uint64_t* p);       // whole nibbles
uint64_t poison_pack_lh(const uint64_t* v, const uint64_t* p);   // low half of a, high half of b
uint64_t poison_pack_hh(const uint64_t* v, const uint64_t* p);   // high halves
uint64_t poison_min_i32(const uint64_t* v, const uint64_t* p);
uint64_t poison_min_u32(const uint64_t* v, const uint64_t* p);
uint64_t poison_max_i32(const uint64_t* v, const uint64_t* p);
uint64_t poison_max_u32(const uint64_t* v, const uint64_t* p);

// Of one bit.
uint64_t poison_always(const uint64_t* v, const uint64_t* p);  // a constant
uint64_t poison_equal(const uint64_t* v, const uint64_t* p);   // a == b, a != b
#define SIM_ORDER(TYPE)                                              \
  uint64_t poison_less_##TYPE(const uint64_t* v, const uint64_t* p); \
  uint64_t poison_greater_##TYPE(const uint64_t* v, const uint64_t* p);
SIM_ORDER(i16)  // less: a < b, a >= b; greater: a > b, a <= b
SIM_ORDER(u16)
SIM_ORDER(i32)
SIM_ORDER(u32)
SIM_ORDER(i64)
SIM_ORDER(u64)
SIM_ORDER(i16k)  // of 32 bits with a constant of 16, sign- or zero-extended
SIM_ORDER(u16k)
#undef SIM_ORDER
uint64_t poison_equal_i16k(const uint64_t* v, const uint64_t* p);
uint64_t poison_equal_u16k(const uint64_t* v, const uint64_t* p);
uint64_t poison_bit32(const uint64_t* v, const uint64_t* p);  // a[b]
uint64_t poison_bit64(const uint64_t* v, const uint64_t* p);
uint64_t poison_any_one(const uint64_t* v, const uint64_t* p);     // a != 0
uint64_t poison_any_zero32(const uint64_t* v, const uint64_t* p);  // ~a != 0
uint64_t poison_any_zero64(const uint64_t* v, const uint64_t* p);
uint64_t poison_carry_out_add(const uint64_t* v, const uint64_t* p);  // of a + b + c
uint64_t poison_carry_out_sub(const uint64_t* v, const uint64_t* p);  // a - b - c
uint64_t poison_carry_out_lshl1_add32(const uint64_t* v, const uint64_t* p);
uint64_t poison_carry_out_lshl2_add32(const uint64_t* v, const uint64_t* p);
uint64_t poison_carry_out_lshl3_add32(const uint64_t* v, const uint64_t* p);
uint64_t poison_carry_out_lshl4_add32(const uint64_t* v, const uint64_t* p);

// Per-dword lane masks of a register's or scalar's undefined bits.
void poison_lanes(const Wave& wave, Slot slot, uint32_t* lanes);

// The poison a vector instruction's result has, lane by lane, when a source has some. `args` holds
// the values of the sources as the body sees them, `poison` the masks likewise. Bits of results[d]
// are those of destination dword d, after them of the mask result.
void vector_poison(const Op& op, const LaneArgs& args, const uint32_t (*poison)[kLanes],
                   uint32_t (*results)[kLanes]);

// Where the poison among the sources came from. Sources whose load has not come in are findings.
uint32_t poison_origin(Wave& wave, const Op& op, uint64_t lanes);

// Sets the poison of a scalar instruction's result and of SCC when a source has some.
void scalar_poison(Wave& wave, const Op& op, const uint64_t* values, bool writes_scc);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_POISON_H_
