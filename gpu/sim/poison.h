// How poison (undefined content) passes through instructions.
//
// A rule gets the source operands' values and, for each, a mask of its undefined bits; it returns
// the undefined bits of the result. Rows without a rule take the default: one undefined bit in any
// source makes the whole result undefined. Registers keep the outcome per byte, scalars per bit.
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
uint64_t poison_lshlrev64(const uint64_t* v, const uint64_t* p);
uint64_t poison_lshrrev64(const uint64_t* v, const uint64_t* p);
uint64_t poison_ashrrev64(const uint64_t* v, const uint64_t* p);
// Sums: an undefined bit reaches those above it. Not with clamp.
uint64_t poison_carry(const uint64_t* v, const uint64_t* p);
// Products: as sums, but a defined 0 decides.
uint64_t poison_multiply(const uint64_t* v, const uint64_t* p);
uint64_t poison_lshl_add64(const uint64_t* v, const uint64_t* p);  // (a << b) + c
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
