// The instruction table: mnemonic to semantics, one per host ISA.
#ifndef WAVEFUZZ_GPU_SIM_TABLE_H_
#define WAVEFUZZ_GPU_SIM_TABLE_H_

#include <span>
#include <string_view>

#include "gpu/sim/micro_op.h"

namespace wavefuzz::sim {

struct PendingLoad;

struct Table {
  std::span<const std::span<const Row>> families;
  ExecFn vector;          // for rows of Format::kVector
  ExecFn vector_extras;   // the same, for an op that has Extras
  ExecFn vector_indexed;  // either, in programs that use relative VGPR addressing
  void (*come_in_now)(Wave&, PendingLoad&);
  ExecFn compare_scalar;  // feedback around a compare
  ExecFn compare_vector;
};

// One per namespace that the op files are compiled into.
namespace baseline {
const Table& table();
}
namespace avx2 {
const Table& table();
}
namespace avx512 {
const Table& table();
}

const Table& table(HostIsa isa);
// Null when the arch has no such instruction in the table.
const Row* find_row(HostIsa isa, Arch arch, std::string_view mnemonic);

// The matrix instructions, whose library chooses among its own builds. In matrix.cc and sparse.cc.
std::span<const Row> matrix_rows();
std::span<const Row> sparse_rows();

// What an op without semantics, and one past the end of the code, execute. In machine.cc.
const Op* exec_unsupported(Wave& wave, const Op* op);
const Op* exec_outside(Wave& wave, const Op* op);
// The instruction at a run-time address, or the finding for a jump outside the code.
const Op* find_jump(Wave& wave, const Op* op, uint64_t address);
// Reports registers outside the kernel's allocation (Code::unallocated), then executes it as if
// they were there.
const Op* exec_unallocated(Wave& wave, const Op* op);
// Notes the instruction's fidelity, then executes it.
const Op* exec_inexact(Wave& wave, const Op* op);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_TABLE_H_
