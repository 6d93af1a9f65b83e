// DPP, SDWA, op_sel, and the instructions that move data between lanes.
#include <gtest/gtest.h>

#include <functional>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

LaneValues ramp() {
  LaneValues lanes;
  for (unsigned i = 0; i < kLanes; ++i) lanes[i] = 1000 + i;
  return lanes;
}
constexpr int kNone = -1;

struct DppCase {
  const char* control;
  std::function<int(int)> source;  // lane, or kNone
};

TEST(Dpp, SourceLanes) {
  const DppCase cases[] = {
      {"quad_perm:[1,0,3,2]", [](int i) { return i ^ 1; }},
      {"quad_perm:[3,3,3,3]", [](int i) { return i | 3; }},
      {"row_shl:1", [](int i) { return i % 16 < 15 ? i + 1 : kNone; }},
      {"row_shl:8", [](int i) { return i % 16 < 8 ? i + 8 : kNone; }},
      {"row_shr:1", [](int i) { return i % 16 >= 1 ? i - 1 : kNone; }},
      {"row_shr:15", [](int i) { return i % 16 == 15 ? i - 15 : kNone; }},
      {"row_ror:4", [](int i) { return i / 16 * 16 + (i + 12) % 16; }},
      {"wave_shl:1", [](int i) { return i < 63 ? i + 1 : kNone; }},
      {"wave_rol:1", [](int i) { return (i + 1) % 64; }},
      {"wave_shr:1", [](int i) { return i > 0 ? i - 1 : kNone; }},
      {"wave_ror:1", [](int i) { return (i + 63) % 64; }},
      {"row_mirror", [](int i) { return i ^ 15; }},
      {"row_half_mirror", [](int i) { return i ^ 7; }},
      {"row_bcast:15", [](int i) { return i >= 16 ? i / 16 * 16 - 1 : kNone; }},
      {"row_bcast:31", [](int i) { return i >= 32 ? 31 : kNone; }},
      {"row_newbcast:5", [](int i) { return i / 16 * 16 + 5; }},
  };
  for (const DppCase& c : cases) {
    for (const bool bound : {false, true}) {
      AsmWave wave(std::string("v_mov_b32_dpp v1, v0 ") + c.control +
                   " row_mask:0xf bank_mask:0xf" + (bound ? " bound_ctrl:1" : ""));
      wave.set_v(0, ramp()).set_v(1, 7).run();
      for (int i = 0; i < int(kLanes); ++i) {
        const int from = c.source(i);
        // No source: written as 0 with bound_ctrl, not written without.
        const uint32_t want = from >= 0 ? 1000 + unsigned(from) : bound ? 0 : 7;
        ASSERT_EQ(wave.v(1, unsigned(i)), want)
            << c.control << " lane " << i << " bound_ctrl " << bound;
      }
    }
  }
}

TEST(Dpp, MasksInactiveSourcesAndArithmetic) {
  AsmOptions options;
  options.exec = ~uint64_t{2};  // lane 1 is off
  AsmWave wave(R"(
    v_mov_b32_dpp v1, v0 quad_perm:[1,1,1,1] row_mask:0x5 bank_mask:0x3
    v_add_u32_dpp v2, v0, v3 row_shr:1 row_mask:0xf bank_mask:0xf bound_ctrl:1
    v_add_f32_dpp v4, -v5, v5 row_shr:1 row_mask:0xf bank_mask:0xf
  )",
               options);
  wave.set_v(0, ramp()).set_v(1, 7).set_v(2, 7).set_v(3, 5).set_v(4, 9).set_v(5, 0x3f80'0000).run();
  EXPECT_EQ(wave.v(1, 0), 7u);     // its source is off
  EXPECT_EQ(wave.v(1, 4), 1005u);  // row 0, bank 1
  EXPECT_EQ(wave.v(1, 8), 7u);     // bank 2 is masked
  EXPECT_EQ(wave.v(1, 20), 7u);    // row 1 is masked
  EXPECT_EQ(wave.v(1, 32), 1033u);
  EXPECT_EQ(wave.v(2, 0), 5u);
  EXPECT_EQ(wave.v(2, 2), 5u);  // inactive source counts as 0
  EXPECT_EQ(wave.v(2, 3), 1007u);
  EXPECT_EQ(wave.v(2, 1), 7u);
  EXPECT_EQ(wave.v(4, 0), 9u);
  EXPECT_EQ(wave.v(4, 3), 0u);  // -1 + 1
}

TEST(Sdwa, SelectionsExtensionAndDestinations) {
  AsmWave wave(R"(
    v_add_u32_sdwa v2, v0, v1 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:BYTE_3 src1_sel:WORD_1
    v_add_u32_sdwa v3, sext(v0), v1 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:BYTE_3 src1_sel:BYTE_0
    v_add_u32_sdwa v4, v0, v1 dst_sel:WORD_1 dst_unused:UNUSED_PRESERVE src0_sel:BYTE_0 src1_sel:BYTE_0
    v_add_u32_sdwa v5, v0, v1 dst_sel:BYTE_1 dst_unused:UNUSED_PAD src0_sel:BYTE_0 src1_sel:BYTE_0
    v_add_u32_sdwa v6, v0, v1 dst_sel:BYTE_1 dst_unused:UNUSED_SEXT src0_sel:BYTE_2 src1_sel:BYTE_0
    v_cmp_eq_u32_sdwa s[0:1], v0, v1 src0_sel:BYTE_0 src1_sel:BYTE_3
    v_mov_b32_sdwa v7, v0 dst_sel:WORD_0 dst_unused:UNUSED_PRESERVE src0_sel:WORD_1
  )");
  wave.set_v(0, 0xfe82'3311)
      .set_v(1, 0x1144'5502)
      .set_v(4, 0xaaaa'bbbb)
      .set_v(7, 0xaaaa'bbbb)
      .run();
  EXPECT_EQ(wave.v(2), 0xfeu + 0x1144u);
  EXPECT_EQ(wave.v(3), 0u);  // -2 + 2
  EXPECT_EQ(wave.v(4), 0x0013'bbbbu);
  EXPECT_EQ(wave.v(5), 0x0000'1300u);
  EXPECT_EQ(wave.v(6), 0xffff'8400u);
  EXPECT_EQ(wave.s64(0), ~uint64_t{0});
  EXPECT_EQ(wave.v(7), 0xaaaa'fe82u);
  EXPECT_EQ(wave.findings(), "");
}

TEST(Lanes, ReadWriteAndCount) {
  AsmOptions options;
  options.exec = 0xf0;
  AsmWave wave(R"(
    v_readfirstlane_b32 s0, v0
    v_readlane_b32 s1, v0, 63
    v_readlane_b32 s2, v0, s4
    v_writelane_b32 v1, s5, 2
    v_mbcnt_lo_u32_b32 v2, -1, 0
    v_mbcnt_hi_u32_b32 v2, -1, v2
    v_swap_b32 v3, v4
    s_mov_b64 exec, 0
    v_readfirstlane_b32 s6, v0
  )",
               options);
  wave.set_v(0, ramp())
      .set_v(1, 0)
      .set_v(2, 0)
      .set_v(3, 3)
      .set_v(4, 4)
      .set_s(4, 66)
      .set_s(5, 77)
      .run();
  EXPECT_EQ(wave.s(0), 1004u);
  EXPECT_EQ(wave.s(1), 1063u);
  EXPECT_EQ(wave.s(2), 1002u);  // lane number modulo 64
  EXPECT_EQ(wave.v(1, 2), 77u);
  EXPECT_EQ(wave.v(1, 4), 0u);
  for (unsigned i = 4; i < 8; ++i) EXPECT_EQ(wave.v(2, i), i);
  EXPECT_EQ(wave.v(3, 4), 4u);
  EXPECT_EQ(wave.v(4, 4), 3u);
  EXPECT_EQ(wave.v(3, 0), 3u);
  EXPECT_EQ(wave.s(6), 1000u);  // no active lane: lane 0
}

TEST(Lanes, MbcntCountsUpToSixtyThree) {
  AsmWave wave("v_mbcnt_lo_u32_b32 v0, -1, 0\nv_mbcnt_hi_u32_b32 v0, -1, v0");
  wave.run();
  for (unsigned i = 0; i < kLanes; ++i) EXPECT_EQ(wave.v(0, i), i);
}

TEST(LdsCrossbar, PermutesAndSwizzles) {
  AsmOptions options;
  options.exec = ~uint64_t{1};
  AsmWave wave(R"(
    ds_bpermute_b32 v2, v1, v0
    ds_bpermute_b32 v3, v1, v0 offset:4
    ds_permute_b32 v4, v5, v0
    ds_swizzle_b32 v6, v0 offset:swizzle(SWAP,16)
    ds_swizzle_b32 v7, v0 offset:swizzle(QUAD_PERM,3,2,1,0)
    ds_swizzle_b32 v8, v0 offset:swizzle(BROADCAST,8,5)
    ds_swizzle_b32 v9, v0 offset:swizzle(REVERSE,4)
  )",
               options);
  LaneValues address, pairs;
  for (unsigned i = 0; i < kLanes; ++i) {
    address[i] = 4 * ((i * 7) % 64) + 256;  // wraps modulo 64 lanes
    pairs[i] = i / 2 * 4;                   // two lanes write each of 0..31
  }
  wave.set_v(0, ramp()).set_v(1, address).set_v(5, pairs);
  for (unsigned r : {2, 3, 4, 6, 7, 8, 9}) wave.set_v(r, 0);
  wave.run();
  for (unsigned i = 1; i < kLanes; ++i) {
    const unsigned from = i * 7 % 64;
    EXPECT_EQ(wave.v(2, i), from == 0 ? 0 : 1000 + from);  // lane 0 is off: 0
    EXPECT_EQ(wave.v(3, i), (from + 1) % 64 == 0 ? 0 : 1000 + (from + 1) % 64);
    EXPECT_EQ(wave.v(4, i), i < 32 ? 1000 + 2 * i + 1 : 0);  // the higher writer wins
    EXPECT_EQ(wave.v(6, i), (i ^ 16) == 0 ? 0 : 1000 + (i ^ 16));
    EXPECT_EQ(wave.v(7, i), (i ^ 3) == 0 ? 0 : 1000 + (i ^ 3));
    EXPECT_EQ(wave.v(8, i), 1000 + i / 8 * 8 + 5);
    EXPECT_EQ(wave.v(9, i), (i ^ 3) == 0 ? 0 : 1000 + (i ^ 3));
  }
  EXPECT_EQ(wave.v(2, 0), 0u);
  EXPECT_EQ(wave.findings(), "");
}

TEST(PermlaneSwap, LowHalfOfTheSourceWithHighHalfOfTheDestination) {  // gfx950
  AsmOptions options;
  options.arch = Arch::kGfx950;
  AsmWave wave("v_permlane32_swap_b32 v0, v1\nv_permlane16_swap_b32 v2, v3", options);
  LaneValues low = ramp(), high = ramp();
  for (uint32_t& x : high) x += 1000;
  wave.set_v(0, low).set_v(1, high).set_v(2, low).set_v(3, high).run();
  for (unsigned i = 0; i < 32; ++i) {
    EXPECT_EQ(wave.v(0, i), low[i]);
    EXPECT_EQ(wave.v(0, i + 32), high[i]);
    EXPECT_EQ(wave.v(1, i), low[i + 32]);
    EXPECT_EQ(wave.v(1, i + 32), high[i + 32]);
    const unsigned row = i / 16 * 32, l = i % 16;
    EXPECT_EQ(wave.v(2, row + 16 + l), high[row + l]);
    EXPECT_EQ(wave.v(3, row + l), low[row + 16 + l]);
    EXPECT_EQ(wave.v(2, row + l), low[row + l]);
  }
}

TEST(Agprs, MoveBothWays) {
  AsmWave wave(R"(
    v_accvgpr_write_b32 a3, v0
    v_accvgpr_mov_b32 a4, a3
    v_accvgpr_read_b32 v1, a4
  )");
  wave.set_v(0, ramp()).run();
  EXPECT_EQ(wave.lanes(1), ramp());
}

}  // namespace
}  // namespace wavefuzz::sim
