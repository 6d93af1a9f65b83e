// Sparse matrix instructions (v_smfmac_*): rows of the table, and their execution on a wave's
// registers. What they compute is gpu/sim/mfma's.
//
// Micro-op: src[0], src[1] the first registers of A and B, src[2] the index; D is C, too. imm as
// MatrixFields, imm2 the instruction in mfma::sparse_ops().
#include "gpu/sim/mfma/sparse.h"

#include <algorithm>
#include <vector>

#include "gpu/sim/matrix.h"
#include "gpu/sim/table.h"
#include "gpu/sim/wave.h"

namespace wavefuzz::sim {
namespace {

struct Registers {
  unsigned a, b, index, d;  // first
  unsigned a_count, b_count, d_count;
  unsigned index_bytes, index_byte;  // how many of the index register's, and the first
};

// Lanes where a byte of the index that takes part is undefined.
uint64_t poisoned_index(const Wave& wave, const Registers& r) {
  uint64_t lanes = 0;
  for (unsigned b = r.index_byte; b < r.index_byte + r.index_bytes; ++b)
    lanes |= wave.v_poison[r.index].byte[b];
  return lanes;
}

bool b_is_poisoned(const Wave& wave, const Registers& r, const mfma::Place& at, unsigned bytes) {
  const VgprPoison& poison = wave.v_poison[r.b + unsigned(at.reg)];
  uint64_t any = 0;
  for (unsigned b = 0; b < bytes; ++b) any |= poison.byte[unsigned(at.bit) / 8 + b];
  return any >> at.lane & 1;
}

// An element of D is undefined where its row of A or of the index, its own former content, or one
// of the elements of B that the row keeps is. (Those it does not keep are never read.)
void sparse_poison(const Wave& wave, const mfma::SparseOp& sparse, int first_bit,
                   const Registers& r, uint64_t row_lanes, bool b_any, uint64_t* d_poison) {
  const mfma::Shape& shape = sparse.tile.shape;
  uint64_t rows = 0;
  for (unsigned lane = 0; lane < kLanes; ++lane)
    rows |= (row_lanes >> lane & 1) << lane % unsigned(shape.m);
  const unsigned element_bytes = unsigned(mfma::bits(sparse.tile.b)) / 8;
  for (int i = 0; i < shape.m; ++i) {
    const unsigned place = sparse.tile.output_plan->offset[i];
    uint64_t columns = rows >> i & 1 ? ~uint64_t{0} : 0;
    for (int kept = 0; kept < shape.k && b_any && columns == 0; ++kept) {
      const int k = mfma::kept_k(sparse, first_bit, wave.v[r.index], i, kept);
      for (int j = 0; j < shape.n; ++j)
        columns |= uint64_t(b_is_poisoned(wave, r, mfma::sparse_b_place(sparse, k, j),
                                          element_bytes))
                   << j;
    }
    for (int j = 0; j < shape.n; ++j)
      d_poison[place / kLanes] |= (columns >> j & 1) << (place % kLanes + unsigned(j));
  }
}

// False when the instruction has to start anew.
bool propagate_poison(Wave& wave, const Op* op, const mfma::SparseOp& sparse, int first_bit,
                      const Registers& r) {
  const uint64_t a = poisoned_lanes(wave, r.a, r.a_count), b = poisoned_lanes(wave, r.b, r.b_count);
  const uint64_t index = poisoned_index(wave, r), c = poisoned_lanes(wave, r.d, r.d_count);
  if ((a | b | index | c) == 0) return true;
  const uint32_t a_origin = first_origin(wave, op, r.a, r.a_count);
  const uint32_t b_origin = first_origin(wave, op, r.b, r.b_count);
  const uint32_t index_origin =
      index == 0 ? kNeverWritten : wave.machine->waited(wave, op, wave.v_origin[r.index], index);
  const uint32_t c_origin = first_origin(wave, op, r.d, r.d_count);
  if (wave.machine->repeat) return false;
  const uint32_t origin = a ? a_origin : b ? b_origin : index ? index_origin : c_origin;

  uint64_t d_poison[mfma::kMaxOutputRegisters] = {};
  for (unsigned k = 0; k < r.d_count; ++k) d_poison[k] = wave.v_poison[r.d + k].any();
  sparse_poison(wave, sparse, first_bit, r, a | index, b != 0, d_poison);
  for (unsigned k = 0; k < r.d_count; ++k) {
    for (unsigned b = 0; b < 4; ++b) wave.v_poison[r.d + k].set(b, ~0ull, d_poison[k]);
    if (d_poison[k] != 0) wave.v_origin[r.d + k] = origin;
  }
  return true;
}

// EXEC takes no part, as in the dense instructions.
const Op* exec_sparse(Wave& wave, const Op* op) {
  const mfma::SparseOp& sparse =
      mfma::sparse_ops(wave.machine->code->arch)[size_t(op->imm2)];
  const MatrixFields fields = MatrixFields::load(*op);
  const int first_bit = mfma::first_index_bit(sparse, fields.cbsz, fields.abid);
  const Registers r = {op->src[0].index,
                       op->src[1].index,
                       op->src[2].index,
                       op->dst,
                       unsigned(mfma::a_registers(sparse)),
                       unsigned(mfma::b_registers(sparse)),
                       op->dwords,
                       unsigned(mfma::index_bits(sparse)) / 8,
                       unsigned(first_bit) / 8};
  // Poison first: D may overlap the sources.
  if (!propagate_poison(wave, op, sparse, first_bit, r)) return wave.machine->again(op);
  mfma::execute(sparse, first_bit, wave.v[r.a], wave.v[r.b], wave.v[r.index], wave.v[r.d]);
  return op + 1;
}

std::vector<Row> make_rows() {
  std::vector<Row> rows;
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    for (const mfma::SparseOp& op : mfma::sparse_ops(arch)) {
      Row row;
      row.mnemonic = op.mnemonic;
      row.format = Format::kSparse;
      row.exec = &exec_sparse;
      row.arches = arch == Arch::kGfx942 ? kGfx942Only : kGfx950Only;
      row.fidelity = op.fidelity();
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace

std::span<const Row> sparse_rows() {
  static const std::vector<Row> rows = make_rows();
  return rows;
}

}  // namespace wavefuzz::sim
