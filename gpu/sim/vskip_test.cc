// s_setvskip (ISA manual): while VSKIP is set, no vector ALU, LDS, flat, global, scratch or buffer
// instruction is issued, and the wait counters do not see those that are skipped; the scalar unit
// goes on. What is skipped is as if it were not there: results, waits and poison.
#include <gtest/gtest.h>

#include <algorithm>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

// `in` holds dword i at 4 * i, `out` nothing. s[0:1] and s[2:3] point to them, s[4:7] describes
// `out`; v0 is 4 * lane, v1 to v15 are 7000 on, v16 to v31 undefined, LDS dword i holds 100 + i.
class Vskip : public testing::TestWithParam<Arch> {
 protected:
  AsmWave& run(const std::string& text, LateLoads late = LateLoads::kOldContent) {
    AsmOptions options;
    options.arch = GetParam();
    options.lds_bytes = 256;
    options.scratch_bytes = 64;
    options.late_loads = late;
    wave_ = std::make_unique<AsmWave>(text, options);
    Island& in = wave_->memory().add({"in", 256});
    out_ = &wave_->memory().add({"out", 256});
    std::vector<uint32_t> values(64), lds(64);
    for (uint32_t i = 0; i < 64; ++i) values[i] = i, lds[i] = 100 + i;
    in.write_values<uint32_t>(0, values);
    wave_->write_lds(0, std::as_bytes(std::span(lds)));
    wave_->set_s64(0, in.address()).set_s64(2, out_->address());
    wave_->set_s64(4, out_->address()).set_s(6, 256).set_s(7, 0x27000);
    LaneValues offsets;
    for (unsigned i = 0; i < kLanes; ++i) offsets[i] = 4 * i;
    wave_->set_v(0, offsets);
    for (unsigned r = 1; r < 16; ++r) wave_->set_v(r, 7000 + r);
    for (unsigned r = 10; r < 20; ++r) wave_->set_s(r, 50 + r);
    return wave_->run();
  }
  std::unique_ptr<AsmWave> wave_;
  Island* out_ = nullptr;
};

std::string skipped(const std::string& text) {
  return "s_setvskip 1, 0\n" + text + "\ns_setvskip 0, 0\n";
}

TEST_P(Vskip, SkipsEveryKindOfVectorInstruction) {
  AsmWave& w = run(skipped(R"(
    v_mov_b32 v1, 1
    v_add_f64 v[2:3], v[4:5], v[4:5]
    v_cmp_eq_u32 vcc, v0, v0
    v_cmpx_eq_u32 vcc, 0, v0
    v_add_co_u32 v1, vcc, v2, v2
    v_readfirstlane_b32 s10, v1
    v_readlane_b32 s11, v1, 3
    v_writelane_b32 v1, s12, 3
    v_swap_b32 v1, v2
    v_mfma_f32_16x16x16_f16 v[4:7], v[8:9], v[10:11], v[4:7]
    v_smfmac_f32_16x16x32_f16 v[4:7], v[8:9], v[8:11], v1
    v_pk_add_f16 v1, v2, v3
    v_mov_b32_dpp v1, v2 row_shl:1 row_mask:0xf bank_mask:0xf
    ds_write_b32 v0, v1
    ds_add_u32 v0, v1
    ds_bpermute_b32 v1, v0, v2
    ds_read_b32 v1, v0
    global_store_dword v0, v1, s[2:3]
    global_load_dword v1, v0, s[0:1]
    global_atomic_add v0, v1, s[2:3]
    flat_store_dword v[8:9], v1
    scratch_store_dword off, v1, off
    buffer_store_dword v1, v0, s[4:7], 0 offen
    buffer_load_dword v1, v0, s[4:7], 0 offen
    buffer_atomic_add v1, v0, s[4:7], 0 offen
    s_mov_b32 s13, 1
    s_waitcnt vmcnt(0) lgkmcnt(0)
    s_load_dword s14, s[0:1], 0x8
    s_waitcnt lgkmcnt(0)
    s_add_u32 s15, s14, s13
  )"));
  EXPECT_EQ(w.findings(), "");
  for (unsigned r = 1; r < 16; ++r)
    for (unsigned i = 0; i < kLanes; ++i) ASSERT_EQ(w.v(r, i), 7000 + r) << "v" << r;
  EXPECT_EQ(w.s(10), 60u);
  EXPECT_EQ(w.s(11), 61u);
  EXPECT_EQ(w.s(15), 3u);  // the scalar unit goes on
  EXPECT_EQ(w.exec(), ~uint64_t{0});
  EXPECT_NE(w.s_poison(kVcc), 0u);  // still never written
  EXPECT_TRUE(out_->written_ranges().empty());
  uint32_t word;
  std::memcpy(&word, w.lds() + 40, 4);
  EXPECT_EQ(word, 110u);
}
TEST_P(Vskip, AndNothingWhenItIsClear) {
  AsmWave& w = run(R"(
    s_setvskip s10, 0
    v_mov_b32 v1, 1
    v_readfirstlane_b32 s11, v1
    ds_write_b32 v0, v1
    global_store_dword v0, v1, s[2:3]
  )");  // s10 is 60
  EXPECT_EQ(w.findings(), "");
  EXPECT_EQ(w.v(1, 9), 1u);
  EXPECT_EQ(w.s(11), 1u);
  EXPECT_EQ(w.lds()[4], std::byte{1});
  EXPECT_EQ(out_->written_ranges(), (std::vector<ByteRange>{{0, 256}}));
}
TEST_P(Vskip, IsBit28OfMode) {
  AsmWave& w = run(R"(
    s_setreg_imm32_b32 hwreg(HW_REG_MODE, 28, 1), 1
    v_mov_b32 v1, 1
    s_getreg_b32 s10, hwreg(HW_REG_MODE, 28, 1)
    s_setreg_imm32_b32 hwreg(HW_REG_MODE, 27, 2), 0
    v_mov_b32 v2, 2
    s_getreg_b32 s11, hwreg(HW_REG_MODE, 28, 1)
  )");
  EXPECT_EQ(w.findings(), "");
  EXPECT_EQ(w.v(1), 7001u);
  EXPECT_EQ(w.v(2), 2u);
  EXPECT_EQ(w.s(10), 1u);
  EXPECT_EQ(w.s(11), 0u);
}

// --- Waits ---------------------------------------------------------------------------------------

TEST_P(Vskip, ASkippedLoadIsNotCounted) {
  // vmcnt(1) leaves the one load that was issued under way.
  const std::string text = "global_load_dword v1, v0, s[0:1]\n" +
                           skipped("global_load_dword v2, v0, s[0:1]") +
                           "s_waitcnt vmcnt(1)\nv_mov_b32 v3, v1";
  AsmWave& w = run(text);
  ASSERT_EQ(w.result().findings.size(), 1u) << w.findings();
  EXPECT_EQ(w.result().findings[0].kind, FindingKind::kMissingWait);
  EXPECT_EQ(w.v(3, 5), 7001u);
  EXPECT_EQ(w.v(2, 5), 7002u);
}
TEST_P(Vskip, OneThatIsNotSkippedIs) {
  AsmWave& w = run(
      "global_load_dword v1, v0, s[0:1]\ns_setvskip 0, 0\nglobal_load_dword v2, v0, s[0:1]\n"
      "s_waitcnt vmcnt(1)\nv_mov_b32 v3, v1");
  EXPECT_EQ(w.findings(), "");
  EXPECT_EQ(w.v(3, 5), 5u);
}
TEST_P(Vskip, ASkippedLdsReadIsNotCounted) {
  AsmWave& w = run("ds_read_b32 v1, v0\n" + skipped("ds_read_b32 v2, v0") +
                   "s_waitcnt lgkmcnt(1)\nv_mov_b32 v3, v1");
  ASSERT_EQ(w.result().findings.size(), 1u) << w.findings();
  EXPECT_EQ(w.result().findings[0].kind, FindingKind::kMissingWait);
}
TEST_P(Vskip, ASkippedUseNeedsNoWait) {
  AsmWave& w = run("global_load_dword v1, v0, s[0:1]\n" +
                   skipped("v_mov_b32 v3, v1\nglobal_store_dword v0, v1, s[2:3]") +
                   "s_waitcnt vmcnt(0)\nv_mov_b32 v4, v1");
  EXPECT_EQ(w.findings(), "");
  EXPECT_EQ(w.v(3, 5), 7003u);
  EXPECT_EQ(w.v(4, 5), 5u);
}
TEST_P(Vskip, WaitsGoOn) {
  AsmWave& w = run("global_load_dword v1, v0, s[0:1]\n" + skipped("s_waitcnt vmcnt(0)") +
                   "v_mov_b32 v3, v1");
  EXPECT_EQ(w.findings(), "");
  EXPECT_EQ(w.v(3, 5), 5u);
}

// --- Poison --------------------------------------------------------------------------------------

TEST_P(Vskip, WhatIsSkippedMovesNoPoison) {
  // v16 is undefined: neither what takes it nor what would end it runs.
  AsmWave& w = run(skipped("v_mov_b32 v1, v16\nv_mov_b32 v17, 0\n"
                           "global_store_dword v0, v16, s[2:3]\n"
                           "global_load_dword v2, v16, s[0:1]\nv_readfirstlane_b32 s10, v16") +
                   "v_mov_b32 v3, s10");
  EXPECT_EQ(w.findings(), "");
  EXPECT_EQ(w.v_poison(1), 0u);
  EXPECT_EQ(w.v_poison(17), ~0u);
  EXPECT_EQ(w.v_poison(3), 0u);
}
TEST_P(Vskip, TheSameRunIsFound) {
  AsmWave& w = run("s_setvskip 0, 0\nglobal_store_dword v0, v16, s[2:3]");
  ASSERT_EQ(w.result().findings.size(), 1u) << w.findings();
  EXPECT_EQ(w.result().findings[0].kind, FindingKind::kUninitialised);
}
TEST_P(Vskip, AnUndefinedOperandIsFound) {
  for (const char* text : {"s_setvskip s30, 0", "s_setvskip s10, s30"}) {
    SCOPED_TRACE(text);
    AsmWave& w = run(text);
    ASSERT_EQ(w.result().findings.size(), 1u) << w.findings();
    EXPECT_EQ(w.result().findings[0].kind, FindingKind::kUninitialised);
    EXPECT_NE(w.findings().find("MODE"), std::string::npos) << w.findings();
  }
}
TEST_P(Vskip, UndefinedBitsThatItDoesNotTakeAreNone) {
  // s20 has one defined bit, 3; of s21 the low five are.
  AsmWave& w = run("s_and_b32 s20, s30, 0xfffffff7\ns_setvskip s20, 3\ns_and_b32 s21, s30, 0xffe0\n"
                   "s_setvskip s10, s21\nv_mov_b32 v1, 1");
  EXPECT_EQ(w.findings(), "");
  EXPECT_EQ(w.v(1), 1u);
}
TEST_P(Vskip, AnOperandThatIsUnderWayIsFound) {
  AsmWave& w = run("s_load_dword s20, s[0:1], 0x4\ns_setvskip s20, 0");
  ASSERT_EQ(w.result().findings.size(), 1u) << w.findings();
  EXPECT_EQ(w.result().findings[0].kind, FindingKind::kMissingWait);
}

// --- Programs ------------------------------------------------------------------------------------

TEST_P(Vskip, AWaveStartsWithoutIt) {
  AsmWave& w = run("s_nop 0\n" + std::string("v_mov_b32 v1, 1\ns_setvskip 1, 0"));
  EXPECT_EQ(w.v(1), 1u);
}
TEST_P(Vskip, ProgramsWithoutItHaveNoSecondOps) {
  const auto program = [&](const char* text) {
    KernelInfo kernel;
    kernel.symbol = "k";
    return Program(CodeObject::from_code(GetParam(), kernel,
                                         assemble(GetParam(), std::string(text) + "\ns_endpgm")),
                   "k");
  };
  EXPECT_TRUE(program("v_mov_b32 v1, 1\ns_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 8), 0")
                  .code()
                  .unskipped.empty());
  EXPECT_FALSE(program("v_mov_b32 v1, 1\ns_setvskip 0, 0").code().unskipped.empty());
}

INSTANTIATE_TEST_SUITE_P(Arches, Vskip, testing::Values(Arch::kGfx942, Arch::kGfx950),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace wavefuzz::sim
