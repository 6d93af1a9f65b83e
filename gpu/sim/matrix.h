// Matrix instructions (v_mfma_*): rows of the table, and their execution on a wave's registers.
// What they compute is gpu/sim/mfma's.
#ifndef WAVEFUZZ_GPU_SIM_MATRIX_H_
#define WAVEFUZZ_GPU_SIM_MATRIX_H_

#include <string_view>

#include "gpu/sim/mfma/table.h"
#include "gpu/sim/micro_op.h"

namespace wavefuzz::sim {

// The instruction of a row of Format::kMatrix on that arch.
const mfma::Op& matrix_op(Arch arch, std::string_view mnemonic);

// Micro-op of a matrix instruction: src[0], src[1] the first registers of A and B; src[2] C's, or a
// constant with its high dword in src[3]; src[4], src[5] the scale registers of A and B; flags, imm
// and imm2 as below.
struct MatrixFields {
  uint8_t cbsz = 0, abid = 0, blgp = 0;
  uint8_t a_scale_byte = 0, b_scale_byte = 0;

  void store(Op& op) const;
  static MatrixFields load(const Op& op);
};

const Op* exec_matrix(Wave& wave, const Op* op);

// Lanes where any byte of the registers is undefined, and what the first of them comes from (as
// Machine::waited: the instruction may have to start anew).
uint64_t poisoned_lanes(const Wave& wave, unsigned first, unsigned count);
uint32_t first_origin(Wave& wave, const Op* op, unsigned first, unsigned count);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_MATRIX_H_
