// Uninitialised data: how it spreads, where it is a finding, and that copying it is none. Each
// fault has a right twin beside it.
#include <gtest/gtest.h>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

LaneValues times(uint32_t factor) {
  LaneValues lanes;
  for (unsigned i = 0; i < kLanes; ++i) lanes[i] = factor * i;
  return lanes;
}

// v1 is never written; v0 and s0 are defined.
uint32_t poison_of(const std::string& text, uint32_t v0 = 0x1234'5678) {
  AsmWave wave(text);
  wave.set_v(0, v0).set_s(0, 8).run();
  EXPECT_EQ(wave.findings(), "") << text;
  return wave.v_poison(2);
}

TEST(Spread, BytesThroughMovesAndBitOperations) {
  EXPECT_EQ(poison_of("v_mov_b32 v2, v0"), 0u);
  EXPECT_EQ(poison_of("v_mov_b32 v2, v1"), 0xffff'ffffu);
  EXPECT_EQ(poison_of("v_and_b32 v2, 0xff, v1"), 0xffu);
  EXPECT_EQ(poison_of("v_or_b32 v2, 0xffff0000, v1"), 0xffffu);
  EXPECT_EQ(poison_of("v_xor_b32 v2, v0, v1"), 0xffff'ffffu);
  EXPECT_EQ(poison_of("v_lshlrev_b32 v2, 16, v1"), 0xffff'0000u);
  EXPECT_EQ(poison_of("v_lshrrev_b32 v2, 24, v1"), 0xffu);
  EXPECT_EQ(poison_of("v_bfe_u32 v2, v1, 8, 8"), 0xffu);
  EXPECT_EQ(poison_of("s_mov_b32 s2, 0x07060100\nv_perm_b32 v2, v0, v1, s2"), 0xffffu);
  EXPECT_EQ(poison_of("s_mov_b32 s2, 0x0c0c0c00\nv_perm_b32 v2, v0, v1, s2"), 0xffu);
  EXPECT_EQ(poison_of("v_alignbit_b32 v2, v0, v1, 16"), 0xffffu);
  EXPECT_EQ(poison_of("v_lshl_or_b32 v2, v1, 16, v0"), 0xedcb'0000u);
  EXPECT_EQ(poison_of("s_movk_i32 s2, 0x7f00\nv_and_or_b32 v2, v1, s2, v0"), 0x2900u);
  EXPECT_EQ(poison_of("v_cvt_f32_ubyte1 v2, v1"), 0xffff'ffffu);
  EXPECT_EQ(poison_of("v_and_b32 v2, 0xff00, v1\nv_cvt_f32_ubyte0 v2, v2"), 0u);
  EXPECT_EQ(poison_of("v_mov_b32_sdwa v2, v1 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:BYTE_2"),
            0xffu);
  EXPECT_EQ(poison_of("v_mov_b32 v2, 0\nv_mov_b32_sdwa v2, v1 dst_sel:BYTE_1 "
                      "dst_unused:UNUSED_PRESERVE src0_sel:BYTE_2"),
            0xff00u);
  EXPECT_EQ(
      poison_of("v_mov_b32_sdwa v2, v0 dst_sel:WORD_0 dst_unused:UNUSED_PRESERVE src0_sel:WORD_0"),
      0xffff'0000u);
}

// A bit is undefined where the truth table lets the undefined operand decide. Tables: 0x80 is
// a & b & c, 0xfe a | b | c, 0xf0 a alone.
TEST(Spread, TruthTables) {
  AsmOptions options;
  options.arch = Arch::kGfx950;
  const auto poison = [&](const std::string& table) {
    AsmWave wave("v_bitop3_b32 v2, v1, s0, v0 bitop3:" + table, options);
    wave.set_v(0, 0x0000'ffff).set_s(0, 0xff).run();
    return wave.v_poison(2);
  };
  EXPECT_EQ(poison("0x80"), 0xffu);
  EXPECT_EQ(poison("0xfe"), 0xffff'0000u);
  EXPECT_EQ(poison("0xf0"), 0xffff'ffffu);
  EXPECT_EQ(poison("0xcc"), 0u);
}

// A lane mask spilled to a VGPR lane: undefined bits of inactive lanes do not spread to others.
TEST(Spread, SpilledMasksKeepDefinedBits) {
  EXPECT_EQ(poison_of("s_and_b32 s3, s2, 0xfffffff0\nv_mov_b32 v2, 0\nv_writelane_b32 v2, s3, 0"),
            0xffff'fff0u);
}

// Compilers shift a bit field down and mask it, with a pad or another field's undefined bits beside
// it in the same byte.
TEST(Spread, ShiftsKeepTheBitsOfABytePart) {
  const std::string pad = "v_and_b32 v2, 0xff00, v1\n";  // byte 1 of v2 is undefined
  const auto poison = [&](const std::string& text) { return poison_of(pad + text); };
  EXPECT_EQ(poison("v_lshrrev_b32 v2, 1, v2"), 0x7f80u);
  EXPECT_EQ(poison("v_lshrrev_b32 v2, 1, v2\nv_and_b32 v2, 0x7f, v2"), 0u);
  EXPECT_EQ(poison("v_lshrrev_b32 v2, 1, v2\nv_and_b32 v2, 0xff, v2"), 0x80u);
  EXPECT_EQ(poison("v_lshrrev_b16 v2, 1, v2"), 0x7f80u);
  EXPECT_EQ(poison("v_lshlrev_b16 v2, 3, v2"), 0xf800u);
  EXPECT_EQ(poison("v_ashrrev_i16 v2, 3, v2"), 0xffe0u);
  EXPECT_EQ(poison("v_lshl_add_u32 v2, v2, 4, v0"), 0xffff'f000u);
  EXPECT_EQ(poison("v_lshl_add_u32 v2, v0, v2, v0"), 0u);  // the amount counts by its low 5 bits
  EXPECT_EQ(poison("v_add_lshl_u32 v2, v2, v0, 16"), 0xff00'0000u);
  EXPECT_EQ(poison("v_xad_u32 v2, v2, v0, v0"), 0xffff'ff00u);
  EXPECT_EQ(poison("v_lshrrev_b32 v2, 1, v2\nv_readfirstlane_b32 s2, v2\nv_mov_b32 v2, s2"),
            0x7f80u);
  EXPECT_EQ(poison("v_lshrrev_b32 v2, 1, v2\nv_mov_b32_dpp v2, v2 row_shl:1 row_mask:0xf "
                   "bank_mask:0xf"),
            0x7f80u);
}

// Through LDS and global memory whole bytes go: undefined where some bit is. In scratch one counts
// as undefined when all its bits are, as spilled registers must come back with what they had.
TEST(Spread, SpilledBytesKeepDefinedBits) {
  AsmOptions options;
  options.scratch_bytes = 16;
  AsmWave wave(
      "v_and_b32 v2, 0xf0ff00, v1\n"
      "scratch_store_dword off, v2, off\n"
      "scratch_load_dword v2, off, off\n"
      "s_waitcnt vmcnt(0)",
      options);
  wave.set_v(0, 0).run();
  EXPECT_EQ(wave.findings(), "");
  EXPECT_EQ(wave.v_poison(2), 0xff00u);
}

// Compilers leave the upper half of an addend undefined when only the lower half of the sum is
// used.
TEST(Spread, CarriesGoUpwards) {
  EXPECT_EQ(poison_of("v_mad_u64_u32 v[2:3], s[2:3], v0, v0, v[0:1]"), 0u);
  EXPECT_EQ(poison_of("v_mad_u64_u32 v[2:3], s[2:3], v0, v0, v[0:1]\nv_mov_b32 v2, v3"),
            0xffff'ffffu);
  EXPECT_EQ(poison_of("v_mad_i64_i32 v[2:3], s[2:3], v0, v0, v[0:1]"), 0u);
  EXPECT_EQ(poison_of("v_mad_u64_u32 v[2:3], s[2:3], v0, v1, 0"), 0xffff'ffffu);
  EXPECT_EQ(poison_of("v_lshl_add_u64 v[2:3], v[0:1], 3, v[0:1]"), 0u);
  EXPECT_EQ(poison_of("v_lshlrev_b32 v2, 16, v1\nv_add_u32 v2, v2, v0"), 0xffff'0000u);
  EXPECT_EQ(poison_of("v_lshlrev_b32 v2, 16, v1\nv_mul_lo_u32 v2, v2, v0"), 0xffff'0000u);
}

TEST(Spread, WholeResultsThroughArithmetic) {
  EXPECT_EQ(poison_of("v_and_b32 v2, 0xff, v1\nv_add_u32 v2, v2, v0"), 0xffff'ffffu);
  EXPECT_EQ(poison_of("v_mul_f32 v2, v0, v1"), 0xffff'ffffu);
  EXPECT_EQ(poison_of("v_add_u32 v2, v0, v1 clamp"), 0xffff'ffffu);
  EXPECT_EQ(poison_of("v_add_u16 v2, v0, v1"), 0xffffu);
  EXPECT_EQ(poison_of("v_add_u32 v2, v0, v0"), 0u);
  EXPECT_EQ(poison_of("v_and_b32 v2, 0xffff, v1\nv_pk_add_u16 v2, v2, v0"), 0xffffu);
  EXPECT_EQ(poison_of("v_cndmask_b32 v2, v0, v1, s[4:5]"),
            0xffff'ffffu);  // the condition is undefined
  EXPECT_EQ(poison_of("s_mov_b64 s[4:5], 0\nv_cndmask_b32 v2, v0, v1, s[4:5]"), 0u);
  EXPECT_EQ(poison_of("v_cvt_pk_fp8_f32 v2, v0, v0"), 0xffff'0000u);  // the half it leaves alone
}

TEST(Spread, OnlyActiveLanesCount) {
  AsmOptions options;
  options.exec = 0xff;
  AsmWave wave("v_mov_b32 v1, v0\ns_mov_b64 exec, -1\nv_add_u32 v2, v1, v0", options);
  wave.set_v(0, 1).run();
  EXPECT_EQ(wave.v_poison(2, 7), 0u);
  EXPECT_EQ(wave.v_poison(2, 8), 0xffff'ffffu);
}

TEST(Spread, ScalarsBitByBit) {
  AsmWave wave(R"(
    s_and_b32 s2, s1, 0xf0
    s_lshl_b32 s3, s2, 4
    s_add_u32 s4, s2, s0
    s_or_b32 s5, s1, -1
  )");
  wave.set_s(0, 1).run();
  EXPECT_EQ(wave.s_poison(2), 0xf0u);
  EXPECT_EQ(wave.s_poison(3), 0xf00u);
  EXPECT_EQ(wave.s_poison(4), 0xffff'fff0u);  // a carry goes upwards
  EXPECT_EQ(wave.s_poison(5), 0u);
  EXPECT_EQ(wave.findings(), "");
}

// An address term that a constant 0 takes out, whatever the register holds: defined.
TEST(Spread, ADefinedZeroDecidesAProduct) {
  AsmWave wave(R"(
    s_mul_i32 s2, 0, s1
    s_mul_i32 s3, s1, 0
    s_lshl_b32 s4, s1, 16
    s_mul_i32 s5, s4, s0
    s_mul_i32 s6, s1, s1
  )");
  wave.set_s(0, 3).run();
  EXPECT_EQ(wave.s_poison(2), 0u);
  EXPECT_EQ(wave.s_poison(3), 0u);
  EXPECT_EQ(wave.s_poison(5), 0xffff'0000u);
  EXPECT_EQ(wave.s_poison(6), 0xffff'ffffu);
  EXPECT_EQ(wave.findings(), "");
  EXPECT_EQ(poison_of("v_mul_lo_u32 v2, v1, 0"), 0u);
  EXPECT_EQ(poison_of("v_mul_lo_u32 v2, v1, v0"), 0xffff'ffffu);
}

// The defined bytes may leave no choice.
TEST(Spread, ComparesThatAreDecidedAlready) {
  const auto vcc_poison = [](const std::string& compare) {
    AsmWave wave("v_lshlrev_b32 v2, 16, v1\nv_or_b32 v2, 5, v2\n" + compare);  // ?? ?? 00 05
    wave.set_v(0, 0x0001'0000).run();
    return wave.s_poison(106);
  };
  EXPECT_EQ(vcc_poison("v_cmp_eq_u16 vcc, 5, v2"), 0u);
  EXPECT_EQ(vcc_poison("v_cmp_eq_u32 vcc, 5, v2"), ~0u);
  EXPECT_EQ(vcc_poison("v_cmp_eq_u32 vcc, 6, v2"), 0u);
  EXPECT_EQ(vcc_poison("v_cmp_lt_u32 vcc, v2, 5"), 0u);
  EXPECT_EQ(vcc_poison("v_cmp_lt_u32 vcc, v2, v0"), ~0u);
  EXPECT_EQ(vcc_poison("v_cmp_gt_i32 vcc, 0, v2"), ~0u);
  EXPECT_EQ(vcc_poison("v_cmp_gt_i16 vcc, 0, v2"), 0u);
  EXPECT_EQ(vcc_poison("v_cmp_t_u32 vcc, v1, v2"), 0u);
  EXPECT_EQ(vcc_poison("v_cmp_lt_f32 vcc, v1, v2"), ~0u);
}

// A compare of undefined lanes that a defined mask then removes is legal code, and common.
TEST(Decisions, MaskedComparesAreNone) {
  AsmWave wave(R"(
    v_cmp_gt_u32 vcc, v0, v1
    s_and_b64 vcc, vcc, s[0:1]
    s_and_saveexec_b64 s[2:3], vcc
    s_cbranch_vccz end
  end:
  )");
  wave.set_v(0, 5).set_s64(0, 0).run();
  EXPECT_EQ(wave.findings(), "");
}

void expect_uninitialised(const AsmWave& wave, const std::string& instruction,
                          const std::string& part) {
  ASSERT_EQ(wave.result().findings.size(), 1u) << wave.findings();
  const Finding& f = wave.result().findings[0];
  EXPECT_EQ(f.kind, FindingKind::kUninitialised);
  EXPECT_EQ(f.instruction.substr(0, instruction.size()), instruction);
  EXPECT_NE(f.message.find(part), std::string::npos) << f.message;
}

TEST(Decisions, ExecBranchAndScc) {
  AsmWave exec("v_cmp_gt_u32 vcc, v0, v1\ns_and_saveexec_b64 s[2:3], vcc");
  exec.set_v(0, 5).run();
  expect_uninitialised(exec, "s_and_saveexec_b64", "a branch depends on a register never written");
  EXPECT_EQ(exec.result().findings[0].lane_count(), 64);

  AsmWave scc("s_cmp_eq_u32 s0, s1\ns_cbranch_scc1 end\nend:");
  scc.set_s(0, 1).run();
  expect_uninitialised(scc, "s_cbranch_scc1", "a branch depends on a register never written");

  AsmWave defined("s_cmp_eq_u32 s0, s1\ns_cbranch_scc1 end\nend:");
  defined.set_s(0, 1).set_s(1, 2).run();
  EXPECT_EQ(defined.findings(), "");

  AsmWave vccz("v_cmp_gt_u32 vcc, v0, v1\ns_cbranch_vccz end\nend:");
  vccz.set_v(0, 5).run();
  expect_uninitialised(vccz, "s_cbranch_vccz", "a branch depends on a register never written");
}

TEST(Memory, LoadsBringItInAndStoresOrAddressesGiveItAway) {
  AsmWave wave(R"(
    global_load_dword v1, v0, s[0:1]
    s_waitcnt vmcnt(0)
    v_add_u32 v2, 1, v1
    v_mov_b32 v3, v2
    global_store_dword v0, v3, s[2:3]
  )");
  Island& in = wave.memory().add({"in", 256});
  Island& out = wave.memory().add({"out", 256});
  in.fill(0, 256, std::byte{1});
  in.set_uninitialised(4 * 10 + 2, 1);  // one byte of lane 10's dword
  wave.set_s64(0, in.address()).set_s64(2, out.address()).set_v(0, times(4)).run();
  EXPECT_EQ(wave.v_poison(1, 10), 0x00ff'0000u);
  EXPECT_EQ(wave.v_poison(2, 10), 0xffff'0000u);  // a carry goes upwards
  EXPECT_EQ(wave.v_poison(2, 9), 0u);
  expect_uninitialised(wave, "global_store_dword",
                       "a value stored to global memory depends on undefined data; loaded at pc "
                       "0x0 by `global_load_dword v1");
  EXPECT_EQ(wave.result().findings[0].first_lane(), 10);
  EXPECT_EQ(wave.result().findings[0].lane_count(), 1);
  EXPECT_FALSE(out.initialised(40, 4));
  EXPECT_TRUE(out.initialised(44, 4));
}

TEST(Memory, AddressLaneByLane) {
  AsmWave wave(R"(
    ds_read_b32 v1, v0
    s_waitcnt lgkmcnt(0)
    ds_read_b32 v2, v1
    global_load_dword v3, v1, s[0:1]
    v_mov_b32 v4, v1
  )",
               [] {
                 AsmOptions options;
                 options.lds_bytes = 256;
                 return options;
               }());
  Island& in = wave.memory().add({"in", 256});
  in.fill(0, 256, std::byte{0});
  wave.set_s64(0, in.address()).set_v(0, times(4)).run();
  ASSERT_EQ(wave.result().findings.size(),
            2u);  // the LDS address and the global one; the move is fine
  EXPECT_EQ(wave.result().findings[0].instruction, "ds_read_b32 v2, v1");
  EXPECT_NE(wave.result().findings[0].message.find(
                "an address depends on undefined data; loaded at pc 0x0"),
            std::string::npos);
  EXPECT_EQ(wave.result().findings[1].instruction, "global_load_dword v3, v1, s[0:1]");
}

TEST(Memory, LdsAndScratchKeepBytes) {
  AsmOptions options;
  options.lds_bytes = 512;
  options.scratch_bytes = 8;
  AsmWave wave(R"(
    ds_write_b8 v0, v2
    ds_read_b32 v3, v0
    scratch_store_short off, v2, off offset:2
    scratch_load_dword v4, off, off
    s_waitcnt lgkmcnt(0)
    v_and_b32 v5, 0xff, v3
  )",
               options);
  wave.set_v(0, times(4)).set_v(2, 5).run();
  EXPECT_EQ(wave.v_poison(3), 0xffff'ff00u);
  EXPECT_EQ(wave.v_poison(4), 0x0000'ffffu);
  EXPECT_EQ(wave.v_poison(5), 0u);
  EXPECT_EQ(wave.findings(), "");
}

TEST(Lanes, ReadlaneAndDppTakeTheLanesPoison) {
  AsmOptions options;
  options.exec = 0x1;
  AsmWave wave(R"(
    v_mov_b32 v1, v0
    v_readlane_b32 s2, v1, 0
    v_readlane_b32 s3, v1, 1
    s_mov_b64 exec, -1
    v_mov_b32_dpp v2, v1 quad_perm:[0,0,2,3] row_mask:0xf bank_mask:0xf
  )",
               options);
  wave.set_v(0, 9).run();
  EXPECT_EQ(wave.s_poison(2), 0u);
  EXPECT_EQ(wave.s_poison(3), 0xffff'ffffu);
  EXPECT_EQ(wave.v_poison(2, 1), 0u);
  EXPECT_EQ(wave.v_poison(2, 2), 0xffff'ffffu);
  EXPECT_EQ(wave.findings(), "");
}

}  // namespace
}  // namespace wavefuzz::sim
