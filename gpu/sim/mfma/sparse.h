// The sparse matrix instructions of gfx942 and gfx950, v_smfmac_*: D += A B, where A keeps two of
// every four consecutive k (4:2 structural sparsity), so that A's registers hold K/2 elements of a
// row, and a further register says which k they are.
//
// Layouts and the index are AMD's matrix instruction calculator's (gfx942). gfx950's wider forms,
// whose B has eight registers: B comes in runs of 16 bytes of a lane, as dense operands of that
// width do; so do rocjitsu, and AITER's fmha_v4_fwd kernels, which sum columns of P that way.
#ifndef WAVEFUZZ_GPU_SIM_MFMA_SPARSE_H_
#define WAVEFUZZ_GPU_SIM_MFMA_SPARSE_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "gpu/sim/arch.h"
#include "gpu/sim/mfma/tile.h"

namespace wavefuzz::sim::mfma {

struct SparseOp {
  std::string_view mnemonic;  // as LLVM prints it
  Tile tile;                  // the dense product of the kept elements: its k is K/2

  Fidelity fidelity() const { return tile.rule.fidelity; }
};

// By mnemonic; every v_smfmac_* that LLVM 22 knows for the arch.
std::span<const SparseOp> sparse_ops(Arch arch);

// Null: the arch has no such instruction.
const SparseOp* find_sparse(Arch arch, std::string_view mnemonic);

// Registers (dwords a lane) of each operand. The index has one.
int a_registers(const SparseOp& op);
int b_registers(const SparseOp& op);
int d_registers(const SparseOp& op);

// Bits of the index register that one instruction uses: two for each element of A in the lane.
int index_bits(const SparseOp& op);
// The first of them: with CBSZ 0, ABID names one of the sets that the register holds; otherwise it
// is the first set. Negative: there is no such set.
int first_index_bit(const SparseOp& op, int cbsz, int abid);

// Which of B's k the `kept`th element of row i of A multiplies, 0 <= kept < K/2. `index` is the
// index register, [64 lanes].
int kept_k(const SparseOp& op, int first_bit, const uint32_t* index, int i, int kept);
// Where B[k][j] lies.
Place sparse_b_place(const SparseOp& op, int k, int j);

// D += A B in the registers of one wave, whatever EXEC is. Pointers as in table.h's execute(); d
// may overlap a, b and index.
void execute(const SparseOp& op, int first_bit, const uint32_t* a, const uint32_t* b,
             const uint32_t* index, uint32_t* d, Isa isa = best_isa());

}  // namespace wavefuzz::sim::mfma

#endif  // WAVEFUZZ_GPU_SIM_MFMA_SPARSE_H_
