#include "gpu/sim/mfma/sparse.h"

#include <algorithm>
#include <cstring>

namespace wavefuzz::sim::mfma {
namespace {

using enum Element;

// How the kept products of an element sum. Nobody has published probes of these instructions.
// Hypothesis, on both arches: they go through the multipliers as the products of the dense
// instruction of K/2 do, in the order in which A keeps them. Other candidate: the groups are those
// of the dense instruction of K, the products left out being zeros.
constexpr SumRule kSparseF16 = assumed(kGfx942F16);  // bf16 too
constexpr SumRule kSparseFp8 = assumed(kGfx942Fp8);
// Any order gives the same integers, so that only where B lies is assumed.
constexpr SumRule kSparseI8Wide = assumed(kInteger);

// kK as the mnemonic has it.
template <int kM, int kK>
constexpr SparseOp op(std::string_view mnemonic, Element a, Element b, const SumRule& rule) {
  return {mnemonic, make_tile<Shape{kM, kM, kK / 2}>(a, b, rule)};
}
template <int kM, int kK>
constexpr SparseOp op(std::string_view mnemonic, Element element, const SumRule& rule) {
  return op<kM, kK>(mnemonic, element, element, rule);
}

constexpr SparseOp kGfx942[] = {
    op<16, 32>("v_smfmac_f32_16x16x32_f16", kF16, kSparseF16),
    op<32, 16>("v_smfmac_f32_32x32x16_f16", kF16, kSparseF16),
    op<16, 32>("v_smfmac_f32_16x16x32_bf16", kBf16, kSparseF16),
    op<32, 16>("v_smfmac_f32_32x32x16_bf16", kBf16, kSparseF16),

    op<16, 64>("v_smfmac_f32_16x16x64_fp8_fp8", kE4m3fnuz, kE4m3fnuz, kSparseFp8),
    op<16, 64>("v_smfmac_f32_16x16x64_fp8_bf8", kE4m3fnuz, kE5m2fnuz, kSparseFp8),
    op<16, 64>("v_smfmac_f32_16x16x64_bf8_fp8", kE5m2fnuz, kE4m3fnuz, kSparseFp8),
    op<16, 64>("v_smfmac_f32_16x16x64_bf8_bf8", kE5m2fnuz, kE5m2fnuz, kSparseFp8),
    op<32, 32>("v_smfmac_f32_32x32x32_fp8_fp8", kE4m3fnuz, kE4m3fnuz, kSparseFp8),
    op<32, 32>("v_smfmac_f32_32x32x32_fp8_bf8", kE4m3fnuz, kE5m2fnuz, kSparseFp8),
    op<32, 32>("v_smfmac_f32_32x32x32_bf8_fp8", kE5m2fnuz, kE4m3fnuz, kSparseFp8),
    op<32, 32>("v_smfmac_f32_32x32x32_bf8_bf8", kE5m2fnuz, kE5m2fnuz, kSparseFp8),

    op<16, 64>("v_smfmac_i32_16x16x64_i8", kI8, kInteger),
    op<32, 32>("v_smfmac_i32_32x32x32_i8", kI8, kInteger),
};

constexpr SparseOp kGfx950[] = {
    op<16, 32>("v_smfmac_f32_16x16x32_f16", kF16, kSparseF16),
    op<16, 64>("v_smfmac_f32_16x16x64_f16", kF16, kSparseF16),
    op<32, 16>("v_smfmac_f32_32x32x16_f16", kF16, kSparseF16),
    op<32, 32>("v_smfmac_f32_32x32x32_f16", kF16, kSparseF16),
    op<16, 32>("v_smfmac_f32_16x16x32_bf16", kBf16, kSparseF16),
    op<16, 64>("v_smfmac_f32_16x16x64_bf16", kBf16, kSparseF16),
    op<32, 16>("v_smfmac_f32_32x32x16_bf16", kBf16, kSparseF16),
    op<32, 32>("v_smfmac_f32_32x32x32_bf16", kBf16, kSparseF16),

    op<16, 64>("v_smfmac_f32_16x16x64_fp8_fp8", kE4m3fn, kE4m3fn, kSparseFp8),
    op<16, 64>("v_smfmac_f32_16x16x64_fp8_bf8", kE4m3fn, kE5m2, kSparseFp8),
    op<16, 64>("v_smfmac_f32_16x16x64_bf8_fp8", kE5m2, kE4m3fn, kSparseFp8),
    op<16, 64>("v_smfmac_f32_16x16x64_bf8_bf8", kE5m2, kE5m2, kSparseFp8),
    op<32, 32>("v_smfmac_f32_32x32x32_fp8_fp8", kE4m3fn, kE4m3fn, kSparseFp8),
    op<32, 32>("v_smfmac_f32_32x32x32_fp8_bf8", kE4m3fn, kE5m2, kSparseFp8),
    op<32, 32>("v_smfmac_f32_32x32x32_bf8_fp8", kE5m2, kE4m3fn, kSparseFp8),
    op<32, 32>("v_smfmac_f32_32x32x32_bf8_bf8", kE5m2, kE5m2, kSparseFp8),
    op<16, 128>("v_smfmac_f32_16x16x128_fp8_fp8", kE4m3fn, kE4m3fn, kSparseFp8),
    op<16, 128>("v_smfmac_f32_16x16x128_fp8_bf8", kE4m3fn, kE5m2, kSparseFp8),
    op<16, 128>("v_smfmac_f32_16x16x128_bf8_fp8", kE5m2, kE4m3fn, kSparseFp8),
    op<16, 128>("v_smfmac_f32_16x16x128_bf8_bf8", kE5m2, kE5m2, kSparseFp8),
    op<32, 64>("v_smfmac_f32_32x32x64_fp8_fp8", kE4m3fn, kE4m3fn, kSparseFp8),
    op<32, 64>("v_smfmac_f32_32x32x64_fp8_bf8", kE4m3fn, kE5m2, kSparseFp8),
    op<32, 64>("v_smfmac_f32_32x32x64_bf8_fp8", kE5m2, kE4m3fn, kSparseFp8),
    op<32, 64>("v_smfmac_f32_32x32x64_bf8_bf8", kE5m2, kE5m2, kSparseFp8),

    op<16, 64>("v_smfmac_i32_16x16x64_i8", kI8, kInteger),
    op<16, 128>("v_smfmac_i32_16x16x128_i8", kI8, kSparseI8Wide),
    op<32, 32>("v_smfmac_i32_32x32x32_i8", kI8, kInteger),
    op<32, 64>("v_smfmac_i32_32x32x64_i8", kI8, kSparseI8Wide),
};

// A's elements in a lane; they lie one behind the other.
const InputPlan& a_plan(const SparseOp& op) { return op.tile.input_plan(op.tile.a); }

constexpr int kMaxGroups = 4;  // lanes that share a row
constexpr int kMaxRows = 32;

}  // namespace

std::span<const SparseOp> sparse_ops(Arch arch) {
  return arch == Arch::kGfx942 ? std::span<const SparseOp>(kGfx942)
                               : std::span<const SparseOp>(kGfx950);
}

const SparseOp* find_sparse(Arch arch, std::string_view mnemonic) {
  const std::span<const SparseOp> all = sparse_ops(arch);
  const auto it = std::ranges::find(all, mnemonic, &SparseOp::mnemonic);
  return it == all.end() ? nullptr : &*it;
}

int a_registers(const SparseOp& op) {
  return input_registers(op.tile.shape, op.tile.shape.m, bits(op.tile.a));
}
int b_registers(const SparseOp& op) {
  return 2 * input_registers(op.tile.shape, op.tile.shape.n, bits(op.tile.b));
}
int d_registers(const SparseOp& op) { return output_registers(op.tile.shape, 32); }

int index_bits(const SparseOp& op) { return 2 * a_plan(op).per_lane; }

int first_index_bit(const SparseOp& op, int cbsz, int abid) {
  if (cbsz != 0) return 0;
  const int first = abid * index_bits(op);
  return first < 32 ? first : -1;
}

int kept_k(const SparseOp& op, int first_bit, const uint32_t* index, int i, int kept) {
  const InputPlan& plan = a_plan(op);
  const uint32_t lane = index[kept / plan.per_lane * plan.columns + i];
  return kept / 2 * 4 + int(lane >> (first_bit + 2 * (kept % plan.per_lane)) & 3);
}

Place sparse_b_place(const SparseOp& op, int k, int j) {
  const int columns = op.tile.shape.n, size = bits(op.tile.b);
  const int groups = kLanes / columns, per_lane = 2 * op.tile.shape.k / groups;
  const int run = std::min(per_lane, 128 / size);  // 16 bytes
  const int offset = (k / run / groups * run + k % run) * size;
  return {offset / 32, k / run % groups * columns + j, offset % 32};
}

// Rows with the same index select the same of B: those elements, put where the dense instruction
// has them, are multiplied at once.
void execute(const SparseOp& op, int first_bit, const uint32_t* a, const uint32_t* b,
             const uint32_t* index, uint32_t* d, Isa isa) {
  const Shape& shape = op.tile.shape;
  const InputPlan& plan = op.tile.input_plan(op.tile.b);
  const int size = bits(op.tile.b), d_count = d_registers(op);
  const uint32_t index_mask = index_bits(op) == 32 ? ~0u : (1u << index_bits(op)) - 1;
  uint32_t used[kMaxRows][kMaxGroups] = {};
  for (int i = 0; i < shape.m; ++i)
    for (int g = 0; g < plan.groups; ++g)
      used[i][g] = index[g * shape.m + i] >> first_bit & index_mask;

  uint32_t result[kMaxOutputRegisters * kLanes], product[kMaxOutputRegisters * kLanes];
  uint32_t done = 0;
  for (int row = 0; row < shape.m; ++row) {
    if (done >> row & 1) continue;
    uint32_t selected[kMaxInputRegisters * kLanes] = {};
    for (int kept = 0; kept < shape.k; ++kept) {
      const Place from = sparse_b_place(op, kept_k(op, first_bit, index, row, kept), 0);
      const int offset = kept % plan.per_lane * size;
      const uint32_t* in = b + from.reg * kLanes + from.lane;
      uint32_t* out = selected + offset / 32 * kLanes + kept / plan.per_lane * plan.columns;
      for (int j = 0; j < shape.n; ++j)
        out[j] |= (in[j] >> from.bit & ((1u << size) - 1)) << offset % 32;
    }
    multiply(op.tile, {}, a, selected, d, product, isa);
    for (int i = row; i < shape.m; ++i) {
      if (done >> i & 1 || std::memcmp(used[i], used[row], sizeof(used[i])) != 0) continue;
      done |= 1u << i;
      const int at = op.tile.output_plan->offset[i];
      std::memcpy(result + at, product + at, size_t(shape.n) * sizeof(uint32_t));
    }
  }
  std::memcpy(d, result, size_t(d_count) * kLanes * sizeof(uint32_t));
}

}  // namespace wavefuzz::sim::mfma
