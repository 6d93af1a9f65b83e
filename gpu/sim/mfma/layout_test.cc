// Register layouts: every element has its own place, and places are those of AMD's matrix
// instruction calculator.
#include "gpu/sim/mfma/layout.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "gpu/sim/mfma/table.h"

namespace wavefuzz::sim::mfma {
namespace {

// Every element of A (dim = m) or B in a place of its own, together filling the registers.
void expect_bijection(const Shape& shape, int dim, int bits) {
  std::set<std::tuple<int, int, int>> seen;
  const int registers = input_registers(shape, dim, bits);
  for (int b = 0; b < shape.blocks; ++b) {
    for (int i = 0; i < dim; ++i) {
      for (int k = 0; k < shape.k; ++k) {
        const Place p = input_place(shape, dim, bits, b, i, k);
        const int bit = 32 * p.reg + p.bit;
        ASSERT_TRUE(bit >= 0 && bit + bits <= 32 * registers && p.lane >= 0 && p.lane < kLanes);
        ASSERT_EQ(bit % bits, 0);
        ASSERT_TRUE(seen.insert({p.reg, p.lane, p.bit}).second) << i << " " << k;
      }
    }
  }
  ASSERT_EQ(int(seen.size()) * bits, 32 * registers * kLanes);
}

TEST(Layout, EveryElementHasItsOwnPlace) {
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    for (const Op& op : ops(arch)) {
      SCOPED_TRACE(op.mnemonic);
      const Shape& shape = op.tile.shape;
      const int size = bits(op.tile.a), out_size = size == 64 ? 64 : 32;
      expect_bijection(shape, shape.m, size);
      if (op.f8f6f4) {
        expect_bijection(shape, shape.m, 6);
        expect_bijection(shape, shape.m, 4);
      }
      std::set<std::tuple<int, int>> seen;
      for (int b = 0; b < shape.blocks; ++b) {
        for (int i = 0; i < shape.m; ++i) {
          for (int j = 0; j < shape.n; ++j) {
            const Place p = output_place(shape, out_size, b, i, j);
            ASSERT_EQ(p.reg * 32 % out_size, 0);
            ASSERT_TRUE(p.reg < output_registers(shape, out_size) && p.lane < kLanes);
            ASSERT_TRUE(seen.insert({p.reg, p.lane}).second) << b << " " << i << " " << j;
          }
        }
      }
      ASSERT_EQ(int(seen.size()) * out_size, 32 * output_registers(shape, out_size) * kLanes);
    }
  }
}

// The formulas the instructions are documented with, each shape's own, by (lane, element) -> k.
TEST(Layout, OfAandB) {
  for (int lane = 0; lane < kLanes; ++lane) {
    for (int e = 0; e < 4; ++e) {
      EXPECT_EQ(input_place({16, 16, 16}, 16, 16, 0, lane % 16, 4 * (lane / 16) + e),
                (Place{e / 2, lane, e % 2 * 16}));
      EXPECT_EQ(input_place({32, 32, 8}, 32, 16, 0, lane % 32, 4 * (lane / 32) + e),
                (Place{e / 2, lane, e % 2 * 16}));
      EXPECT_EQ(input_place({4, 4, 4, 16}, 4, 16, lane / 4, lane % 4, e),
                (Place{e / 2, lane, e % 2 * 16}));
    }
    for (int e = 0; e < 8; ++e) {
      EXPECT_EQ(input_place({16, 16, 32}, 16, 8, 0, lane % 16, 8 * (lane / 16) + e),
                (Place{e / 4, lane, e % 4 * 8}));
      EXPECT_EQ(input_place({16, 16, 32}, 16, 16, 0, lane % 16, 8 * (lane / 16) + e),
                (Place{e / 2, lane, e % 2 * 16}));
      EXPECT_EQ(input_place({32, 32, 16}, 32, 8, 0, lane % 32, 8 * (lane / 32) + e),
                (Place{e / 4, lane, e % 4 * 8}));
    }
    for (int e = 0; e < 32; ++e) {
      const int g16 = lane / 16, g32 = lane / 32;
      EXPECT_EQ(input_place({16, 16, 128}, 16, 8, 0, lane % 16,
                            e < 16 ? 16 * g16 + e : 64 + 16 * g16 + e - 16),
                (Place{e / 4, lane, e % 4 * 8}));
      EXPECT_EQ(input_place({32, 32, 64}, 32, 8, 0, lane % 32,
                            e < 16 ? 16 * g32 + e : 32 + 16 * g32 + e - 16),
                (Place{e / 4, lane, e % 4 * 8}));
      EXPECT_EQ(input_place({16, 16, 128}, 16, 6, 0, lane % 16, 32 * g16 + e),
                (Place{e * 6 / 32, lane, e * 6 % 32}));
      EXPECT_EQ(input_place({16, 16, 128}, 16, 4, 0, lane % 16, 32 * g16 + e),
                (Place{e / 8, lane, e % 8 * 4}));
    }
    EXPECT_EQ(input_place({16, 16, 4}, 16, 32, 0, lane % 16, lane / 16), (Place{0, lane, 0}));
    EXPECT_EQ(input_place({32, 32, 2}, 32, 32, 0, lane % 32, lane / 32), (Place{0, lane, 0}));
    EXPECT_EQ(input_place({32, 32, 1, 2}, 32, 32, lane / 32, lane % 32, 0), (Place{0, lane, 0}));
  }
}

TEST(Layout, OfD) {
  for (int lane = 0; lane < kLanes; ++lane) {
    for (int r = 0; r < 4; ++r) {
      EXPECT_EQ(output_place({16, 16, 16}, 32, 0, 4 * (lane / 16) + r, lane % 16),
                (Place{r, lane, 0}));
      EXPECT_EQ(output_place({4, 4, 4, 16}, 32, lane / 4, r, lane % 4), (Place{r, lane, 0}));
      EXPECT_EQ(output_place({16, 16, 4}, 64, 0, 4 * r + lane / 16, lane % 16),
                (Place{2 * r, lane, 0}));
      for (int b = 0; b < 4; ++b)
        EXPECT_EQ(output_place({16, 16, 4, 4}, 32, b, 4 * (lane / 16) + r, lane % 16),
                  (Place{4 * b + r, lane, 0}));
    }
    for (int r = 0; r < 16; ++r) {
      const int i = 8 * (r / 4) + 4 * (lane / 32) + r % 4;
      EXPECT_EQ(output_place({32, 32, 8}, 32, 0, i, lane % 32), (Place{r, lane, 0}));
      EXPECT_EQ(output_place({32, 32, 4, 2}, 32, 1, i, lane % 32), (Place{16 + r, lane, 0}));
    }
    EXPECT_EQ(output_place({4, 4, 4, 4}, 64, lane / 4 % 4, lane / 16, lane % 4),
              (Place{0, lane, 0}));
  }
}

// The examples in the calculator's README.
TEST(Layout, BroadcastAndPermutation) {
  for (int b = 0; b < 16; ++b) {
    EXPECT_EQ(broadcast_block(b, 0, 0), b);
    EXPECT_EQ(broadcast_block(b, 1, 1), b | 1);
    EXPECT_EQ(broadcast_block(b, 2, 1), b / 4 * 4 + 1);
    EXPECT_EQ(broadcast_block(b, 4, 13), 13);
  }
  const int first_of[8] = {0, 0, 32, 16, 0, 16, 32, 48},
            last_of[8] = {63, 31, 63, 15, 15, 31, 47, 63};
  for (int blgp = 0; blgp < 8; ++blgp) {
    EXPECT_EQ(permuted_lane(0, blgp), first_of[blgp]);
    EXPECT_EQ(permuted_lane(63, blgp), last_of[blgp]);
  }
}

}  // namespace
}  // namespace wavefuzz::sim::mfma
