#include "gpu/sim/matrix.h"

#include <algorithm>
#include <vector>

#include "gpu/sim/table.h"
#include "gpu/sim/wave.h"

namespace wavefuzz::sim {
namespace {

std::vector<Row> make_rows() {
  std::vector<Row> rows;
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    for (const mfma::Op& op : mfma::ops(arch)) {
      Row row;
      row.mnemonic = op.mnemonic;
      row.format = Format::kMatrix;
      row.exec = &exec_matrix;
      row.arches = arch == Arch::kGfx942 ? kGfx942Only : kGfx950Only;
      row.fidelity = op.fidelity();
      rows.push_back(row);
    }
  }
  return rows;
}

// An element of D is undefined where its row of A, its column of B or its element of C is. (A zero
// does not save it: 0 * NaN is NaN, and undefined may be NaN.)
// False when the instruction has to start anew.
bool propagate_poison(Wave& wave, const Op* op, const mfma::Op& matrix, unsigned a_count,
                      unsigned b_count, unsigned d_count, bool moves_lanes) {
  uint64_t a_lanes = poisoned_lanes(wave, op->src[0].index, a_count);
  uint64_t b_lanes = poisoned_lanes(wave, op->src[1].index, b_count);
  uint64_t a_scales = 0, b_scales = 0;
  if (matrix.scaled) {  // they lie in the lanes as the rows and columns do
    const MatrixFields fields = MatrixFields::load(*op);
    a_scales = wave.v_poison[op->src[4].index].byte[fields.a_scale_byte];
    b_scales = wave.v_poison[op->src[5].index].byte[fields.b_scale_byte];
  }
  const bool c_is_register = op->src[2].kind == Kind::kVgpr;
  const uint64_t c_lanes = c_is_register ? poisoned_lanes(wave, op->src[2].index, d_count) : 0;
  if ((a_lanes | b_lanes | c_lanes | a_scales | b_scales) == 0) {
    for (unsigned r = op->dst; r < op->dst + d_count; ++r) wave.v_poison[r] = {};
    return true;
  }
  const uint32_t a_origin = first_origin(wave, op, op->src[0].index, a_count);
  const uint32_t b_origin = first_origin(wave, op, op->src[1].index, b_count);
  const uint32_t c_origin =
      c_is_register ? first_origin(wave, op, op->src[2].index, d_count) : kNeverWritten;
  const auto scale_origin = [&](unsigned k, uint64_t lanes) {
    return lanes == 0 ? kNeverWritten
                      : wave.machine->waited(wave, op, wave.v_origin[op->src[k].index], lanes);
  };
  const uint32_t a_scale_origin = scale_origin(4, a_scales);
  const uint32_t b_scale_origin = scale_origin(5, b_scales);
  if (wave.machine->repeat) return false;
  const uint32_t origin = a_lanes    ? a_origin
                          : b_lanes  ? b_origin
                          : c_lanes  ? c_origin
                          : a_scales ? a_scale_origin
                                     : b_scale_origin;
  a_lanes |= a_scales;
  b_lanes |= b_scales;

  const mfma::Shape& shape = matrix.tile.shape;
  uint64_t d_poison[mfma::kMaxOutputRegisters] = {};
  for (unsigned r = 0; r < d_count && c_is_register; ++r)
    d_poison[r] = wave.v_poison[op->src[2].index + r].any();
  if (moves_lanes && (a_lanes | b_lanes) != 0) {
    // Broadcasts carry a lane to several blocks; which ones is not followed.
    std::fill_n(d_poison, d_count, ~0ull);
  } else {
    // Lanes repeat the rows (columns) of all blocks, one repetition for each group of k.
    const unsigned period = unsigned(shape.m * shape.blocks);
    uint64_t a_rows = 0, b_columns = 0;
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      a_rows |= (a_lanes >> lane & 1) << lane % period;
      b_columns |= (b_lanes >> lane & 1) << lane % period;
    }
    const unsigned dwords = d_count * kLanes / unsigned(shape.m * shape.n * shape.blocks);
    for (int b = 0; b < shape.blocks; ++b) {
      for (int i = 0; i < shape.m; ++i) {
        const int row = b * shape.m + i;
        const unsigned place = matrix.tile.output_plan->offset[row];
        for (int j = 0; j < shape.n; ++j) {
          if (((a_rows >> row | b_columns >> (b * shape.n + j)) & 1) == 0) continue;
          const unsigned lane = place % kLanes + unsigned(j);
          for (unsigned d = 0; d < dwords; ++d) d_poison[place / kLanes + d] |= 1ull << lane;
        }
      }
    }
  }
  for (unsigned r = 0; r < d_count; ++r) {
    for (unsigned b = 0; b < 4; ++b) wave.v_poison[op->dst + r].set(b, ~0ull, d_poison[r]);
    if (d_poison[r] != 0) wave.v_origin[op->dst + r] = origin;
  }
  return true;
}

}  // namespace

uint64_t poisoned_lanes(const Wave& wave, unsigned first, unsigned count) {
  uint64_t lanes = 0;
  for (unsigned r = first; r < first + count; ++r) lanes |= wave.v_poison[r].any();
  return lanes;
}

uint32_t first_origin(Wave& wave, const Op* op, unsigned first, unsigned count) {
  uint32_t result = kNeverWritten;
  for (unsigned r = first + count; r-- > first;)
    if (const uint64_t lanes = wave.v_poison[r].any())
      result = wave.machine->waited(wave, op, wave.v_origin[r], lanes);
  return result;
}

std::span<const Row> matrix_rows() {
  static const std::vector<Row> rows = make_rows();
  return rows;
}

const mfma::Op& matrix_op(Arch arch, std::string_view mnemonic) {
  return *mfma::find(arch, mnemonic);
}

void MatrixFields::store(Op& op) const {
  op.imm = cbsz | abid << 8 | blgp << 16;
  op.flags = uint8_t(a_scale_byte | b_scale_byte << 4);
}

MatrixFields MatrixFields::load(const Op& op) {
  return {uint8_t(op.imm), uint8_t(op.imm >> 8), uint8_t(op.imm >> 16), uint8_t(op.flags & 15),
          uint8_t(op.flags >> 4)};
}

// EXEC takes no part: every lane multiplies (ISA manual, matrix instructions).
const Op* exec_matrix(Wave& wave, const Op* op) {
  const Code& code = *wave.machine->code;
  const auto ops = mfma::ops(code.arch);
  const mfma::Op& matrix = ops[size_t(op->imm2)];
  const MatrixFields fields = MatrixFields::load(*op);
  mfma::Modifiers modifiers;
  modifiers.cbsz = fields.cbsz;
  modifiers.abid = fields.abid;
  modifiers.blgp = fields.blgp;
  modifiers.flush_inputs = wave.mode.flush_in_f32;
  if (matrix.scaled) {
    modifiers.a_scale = {wave.v[op->src[4].index], fields.a_scale_byte};
    modifiers.b_scale = {wave.v[op->src[5].index], fields.b_scale_byte};
  }
  const unsigned d_count = unsigned(mfma::d_registers(matrix));

  alignas(64) uint32_t constant[mfma::kMaxOutputRegisters][kLanes];
  const uint32_t* c = nullptr;
  if (op->src[2].kind == Kind::kVgpr) {
    c = wave.v[op->src[2].index];
  } else {
    const bool wide = matrix.tile.a == mfma::Element::kF64;  // two registers an element
    for (unsigned r = 0; r < d_count; ++r) {
      const Slot slot = op->src[wide && r % 2 != 0 ? 3 : 2];
      std::fill_n(constant[r], kLanes, code.constants[slot.index].lane[0]);
    }
    c = constant[0];
  }
  // Poison first: D may overlap the sources.
  if (!propagate_poison(wave, op, matrix, unsigned(mfma::a_registers(matrix, modifiers)),
                        unsigned(mfma::b_registers(matrix, modifiers)), d_count,
                        !matrix.f8f6f4 && (fields.cbsz | fields.blgp) != 0))
    return wave.machine->again(op);
  mfma::execute(matrix, modifiers, wave.v[op->src[0].index], wave.v[op->src[1].index], c,
                wave.v[op->dst]);
  if (wave.machine->config->follow_inexact && op->row->fidelity != Fidelity::kExact) [[unlikely]]
    wave.machine->follow_inexact(wave, op, op->dst, d_count, ~uint64_t{0});
  return op + 1;
}

}  // namespace wavefuzz::sim
