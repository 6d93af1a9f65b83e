// Sparse instructions: which of B each element of A multiplies, by the layouts written down a second
// time, and the sums' bits by the exact model.
#include "gpu/sim/mfma/sparse.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "gpu/sim/mfma/exact_model.h"
#include "gpu/sim/mfma/random_codes.h"

namespace wavefuzz::sim::mfma {
namespace {

using Registers = std::vector<uint32_t>;  // [register][64 lanes]

uint32_t field(const Registers& r, int lane, int bit, int size) {
  return r[size_t(bit / 32 * kLanes + lane)] >> bit % 32 & ((1u << size) - 1);
}

// The whole of an instruction on random codes.
struct Product {
  const SparseOp& op;
  int first_bit;
  Registers a, b, index, c, d;
  int rows, k, size;  // k: of the dense product

  Product(const SparseOp& o, int first, RandomCodes& random, int kind)
      : op(o), first_bit(first), rows(o.tile.shape.m), k(2 * o.tile.shape.k),
        size(bits(o.tile.a)) {
    const auto fill = [&](Registers& r, int count, Element element) {
      r.resize(size_t(count) * kLanes);
      for (uint32_t& word : r)
        for (int bit = 0; bit < 32; bit += size) {
          const uint32_t code =
              kind == 0 ? random.raw(element)
                        : random.near(element, (1 << float_format(element).exponent_bits) / 2,
                                      kind == 1 ? 1 : 6);
          word |= code << bit;
        }
    };
    fill(a, a_registers(op), op.tile.a);
    fill(b, b_registers(op), op.tile.b);
    index.resize(kLanes);
    for (uint32_t& word : index)
      for (int bit = 0; bit < 32; bit += 4) {
        const uint32_t low = random.below(3), high = low + 1 + random.below(3 - low);
        word |= (low | high << 2) << bit;
      }
    c.resize(size_t(d_registers(op)) * kLanes);
    for (uint32_t& word : c)
      word = kind == 0 ? random.word() : std::bit_cast<uint32_t>(float(random.below(200)) - 100);
  }

  void run(Isa isa) {
    d = c;
    execute(op, first_bit, a.data(), b.data(), index.data(), d.data(), isa);
  }

  // Row i's kept elements and what they meet in column j of B. A lane has the two of a quad of k one
  // behind the other, and consecutive quads; B's lanes have 16 bytes of consecutive k at a time.
  void operands(int i, int j, std::vector<uint32_t>& x, std::vector<uint32_t>& y) const {
    const int lanes = kLanes / rows, quads = k / 4 / lanes;
    const int run = std::min(k / lanes, 16 * 8 / size);
    for (int quad = 0; quad < k / 4; ++quad)
      for (int s = 0; s < 2; ++s) {
        const int lane = quad / quads * rows + i, element = quad % quads * 2 + s;
        x.push_back(field(a, lane, element * size, size));
        const int dense = 4 * quad + int(field(index, lane, first_bit + 2 * element, 2));
        const int chunk = dense / run;
        y.push_back(field(b, chunk % lanes * rows + j,
                          (chunk / lanes * run + dense % run) * size, size));
      }
  }
  uint32_t& at(Registers& r, int i, int j) const {
    const Place place = output_place({rows, rows, k}, 32, 0, i, j);
    return r[size_t(place.reg * kLanes + place.lane)];
  }
};

class Sparse : public testing::TestWithParam<Arch> {};

TEST_P(Sparse, SumsTheKeptProductsAsTheDenseInstructionDoes) {
  RandomCodes random(17);
  for (const SparseOp& op : sparse_ops(GetParam())) {
    if (op.tile.a == Element::kI8) continue;
    SCOPED_TRACE(std::string(op.mnemonic));
    int finite = 0;
    for (int trial = 0; trial < 6; ++trial) {
      const int sets = 32 / index_bits(op);
      Product p(op, first_index_bit(op, 0, trial % sets), random, trial % 3);
      p.run(best_isa());
      const Registers d = p.d;
      for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
        if (!supported(isa) || (isa == Isa::kScalar && trial != 0)) continue;
        p.run(isa);
        ASSERT_EQ(p.d, d) << name(isa);
      }
      for (int n = 0; n < 24; ++n) {
        const int i = int(random.below(uint32_t(p.rows))), j = int(random.below(uint32_t(p.rows)));
        std::vector<uint32_t> x, y;
        p.operands(i, j, x, y);
        const float want = exact_dot(op.tile.rule, op.tile.a, x, op.tile.b, y,
                                     std::bit_cast<float>(p.at(p.c, i, j)));
        const float got = std::bit_cast<float>(p.at(p.d, i, j));
        if (std::isnan(want)) {
          ASSERT_TRUE(std::isnan(got)) << i << " " << j;
          continue;
        }
        ++finite;
        ASSERT_EQ(std::bit_cast<uint32_t>(got), std::bit_cast<uint32_t>(want)) << i << " " << j;
      }
    }
    EXPECT_GT(finite, 80);
  }
}

TEST_P(Sparse, IntegersAreSummedExactly) {
  RandomCodes random(18);
  int instructions = 0;
  for (const SparseOp& op : sparse_ops(GetParam())) {
    if (op.tile.a != Element::kI8) continue;
    SCOPED_TRACE(std::string(op.mnemonic));
    ++instructions;
    Product p(op, 0, random, 0);
    for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
      if (!supported(isa)) continue;
      p.run(isa);
      for (int i = 0; i < p.rows; ++i)
        for (int j = 0; j < p.rows; ++j) {
          std::vector<uint32_t> x, y;
          p.operands(i, j, x, y);
          int64_t want = int32_t(p.at(p.c, i, j));
          for (size_t n = 0; n < x.size(); ++n) want += int8_t(x[n]) * int8_t(y[n]);
          ASSERT_EQ(p.at(p.d, i, j), uint32_t(want)) << i << " " << j;
        }
    }
  }
  EXPECT_EQ(instructions, GetParam() == Arch::kGfx942 ? 2 : 4);
}

TEST_P(Sparse, DMayOverlapEveryOperand) {
  RandomCodes random(19);
  int overlaps = 0;
  for (const SparseOp& op : sparse_ops(GetParam())) {
    SCOPED_TRACE(std::string(op.mnemonic));
    Product p(op, 0, random, 0);
    for (Registers* operand : {&p.a, &p.b, &p.index}) {
      if (operand->size() > p.c.size()) continue;
      std::copy(operand->begin(), operand->end(), p.c.begin());
      p.run(best_isa());
      Registers d = p.c;
      const auto from = [&](const Registers& r) { return &r == operand ? d.data() : r.data(); };
      execute(op, 0, from(p.a), from(p.b), from(p.index), d.data());
      ASSERT_EQ(d, p.d);
      ++overlaps;
    }
  }
  EXPECT_GT(overlaps, 30);
}

// AMD's calculator, README: K[2][31] of v_smfmac_f32_16x16x32_f16 is v0{50}.[7:4], and with ABID 3
// v0{50}.[31:28].
TEST(SparseIndex, LiesWhereTheCalculatorSays) {
  const SparseOp& op = *find_sparse(Arch::kGfx942, "v_smfmac_f32_16x16x32_f16");
  EXPECT_EQ(index_bits(op), 8);
  EXPECT_EQ(first_index_bit(op, 0, 0), 0);
  EXPECT_EQ(first_index_bit(op, 0, 3), 24);
  EXPECT_EQ(first_index_bit(op, 0, 4), -1);
  EXPECT_EQ(first_index_bit(op, 1, 3), 0);  // CBSZ other than 0: ABID is ignored
  uint32_t index[kLanes] = {};
  index[50] = 0xd0u << 24;  // elements 2 and 3 of the lane: k 1 and 3 of the quad
  EXPECT_EQ(kept_k(op, 24, index, 2, 14), 28 + 1);
  EXPECT_EQ(kept_k(op, 24, index, 2, 15), 28 + 3);
  EXPECT_EQ(kept_k(op, 0, index, 2, 15), 28);

  const SparseOp& fp8 = *find_sparse(Arch::kGfx942, "v_smfmac_f32_16x16x64_fp8_fp8");
  EXPECT_EQ(index_bits(fp8), 16);
  EXPECT_EQ(first_index_bit(fp8, 0, 1), 16);
  EXPECT_EQ(first_index_bit(fp8, 0, 2), -1);
}

// The same: B[31][2] is v3{50}.[31:16]; of v_smfmac_f32_16x16x64_fp8_fp8 B[63][2] v3{50}.[31:24] and
// B[33][2] v0{34}.[15:8]; of v_smfmac_f32_32x32x16_bf16 B[9][2] v0{34}.[31:16].
TEST(SparseB, LiesWhereTheCalculatorSays) {
  const auto place = [](const char* mnemonic, int k) {
    return sparse_b_place(*find_sparse(Arch::kGfx942, mnemonic), k, 2);
  };
  EXPECT_EQ(place("v_smfmac_f32_16x16x32_f16", 31), (Place{3, 50, 16}));
  EXPECT_EQ(place("v_smfmac_f32_16x16x64_fp8_fp8", 63), (Place{3, 50, 24}));
  EXPECT_EQ(place("v_smfmac_f32_16x16x64_fp8_fp8", 33), (Place{0, 34, 8}));
  EXPECT_EQ(place("v_smfmac_f32_32x32x16_bf16", 9), (Place{0, 34, 16}));
}

INSTANTIATE_TEST_SUITE_P(Arches, Sparse, testing::Values(Arch::kGfx942, Arch::kGfx950),
                         [](const auto& info) { return std::string(sim::name(info.param)); });

}  // namespace
}  // namespace wavefuzz::sim::mfma
