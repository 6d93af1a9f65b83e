// The matrix instructions of gfx942 and gfx950, by name.
//
//   const Op* op = find(Arch::kGfx942, "v_mfma_f32_16x16x32_fp8_fp8");
//   execute(*op, {}, v[a], v[b], v[c], v[d]);
#ifndef WAVEFUZZ_GPU_SIM_MFMA_TABLE_H_
#define WAVEFUZZ_GPU_SIM_MFMA_TABLE_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "gpu/sim/arch.h"
#include "gpu/sim/mfma/tile.h"

namespace wavefuzz::sim::mfma {

struct Op {
  std::string_view mnemonic;  // as LLVM prints it
  Tile tile;                  // its formats are those of cbsz:0 blgp:0 in f8f6f4
  bool f8f6f4 = false;        // cbsz and blgp choose the formats
  bool scaled = false;        // block scales; always f8f6f4

  Fidelity fidelity() const { return tile.rule.fidelity; }
};

// By mnemonic; every v_mfma_* that LLVM 22 knows for the arch. The sparse ones are sparse.h's.
std::span<const Op> ops(Arch arch);

// Null: the arch has no such instruction.
const Op* find(Arch arch, std::string_view mnemonic);

// Null when the modifiers may go with the instruction, otherwise why not. execute() takes legal
// ones only.
const char* illegal(const Op& op, const Modifiers& modifiers);

// Registers (dwords a lane) of each operand; C has as many as D.
int a_registers(const Op& op, const Modifiers& modifiers);
int b_registers(const Op& op, const Modifiers& modifiers);
int d_registers(const Op& op);

// D = C + A B in the registers of one wave, whatever EXEC is. Each pointer is to an operand's first
// register, [register][64 lanes]; inline constants are the caller's to spread over a register
// array. d may overlap a, b and c.
void execute(const Op& op, const Modifiers& modifiers, const uint32_t* a, const uint32_t* b,
             const uint32_t* c, uint32_t* d, Isa isa = best_isa());

}  // namespace wavefuzz::sim::mfma

#endif  // WAVEFUZZ_GPU_SIM_MFMA_TABLE_H_
