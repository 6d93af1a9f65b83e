// Instructions that were once decoded wrongly, and what must not be decoded at all.
#include <gtest/gtest.h>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

AsmOptions on(Arch arch) {
  AsmOptions options;
  options.arch = arch;
  return options;
}

// CDNA3 ISA, V_PK_MOV_B32: D.u[0] = S0.u[OPSEL[0]], D.u[1] = S1.u[OPSEL[1]].
TEST(Decode, PackedMoveTakesTheDwordsThatOpSelNames) {
  for (const uint32_t first : {0u, 1u})
    for (const uint32_t second : {0u, 1u}) {
      const std::string text = "v_pk_mov_b32 v[0:1], v[2:3], v[4:5] op_sel:[" +
                               std::to_string(first) + "," + std::to_string(second) + "]";
      AsmWave wave(text);
      for (uint32_t r = 2; r < 6; ++r) wave.set_v(r, r);
      wave.run();
      EXPECT_EQ(wave.v(0), 2 + first) << text;
      EXPECT_EQ(wave.v(1), 4 + second) << text;
    }
  AsmWave wave("v_pk_mov_b32 v[0:1], 1.0, 7");
  wave.run();
  EXPECT_EQ(wave.v(0), 0x3f80'0000u);
  EXPECT_EQ(wave.v(1), 7u);
}

// LLVM's AMDGPUBaseInfo on what the hardware does: a float encoding is an f16 for F16 instructions
// and an f32 for 16-bit integer ones. (Its disassembler prints the f16's bits for both.)
TEST(Decode, InlineFloatOfA16BitIntegerIsAnF32) {
  AsmWave wave(
      "v_add_u16_e32 v0, 0.5, v8\n"     // low half of 0x3f000000
      "v_add_u16_e32 v1, 0x3800, v8\n"  // a literal
      "v_mad_u16 v2, v8, v8, 0.15915494\n"
      "v_pk_add_u16 v3, 0.5, v8\n"
      "v_pk_add_f16 v4, 0.5, v9 op_sel_hi:[0,1]\n");
  wave.set_v(2, 0).set_v(8, 3).set_v(9, 0).run();
  EXPECT_EQ(wave.v(0), 3u);
  EXPECT_EQ(wave.v(1), 0x3803u);
  EXPECT_EQ(wave.v(2), (9 + 0x3e22'f983u) & 0xffff);
  EXPECT_EQ(wave.v(3), 0x3f00'0003u);
  EXPECT_EQ(wave.v(4), 0x3800'3800u);
}

TEST(Decode, Bf16InlineConstantsAreTheHighHalfOfAnF32) {
  AsmWave wave("v_cvt_f32_bf16_e32 v0, 0.5\nv_cvt_f32_bf16_e32 v1, -4.0", on(Arch::kGfx950));
  wave.run();
  EXPECT_EQ(wave.v(0), 0x3f00'0000u);
  EXPECT_EQ(wave.v(1), 0xc080'0000u);
}

// 128 products of 1 * 1, scaled by 2 (0x80 is 2^1 in e8m0) and 4.
TEST(Decode, ScaledMatrixInstruction) {
  AsmWave wave(
      "v_mfma_scale_f32_16x16x128_f8f6f4 v[0:3], v[4:11], v[12:19], 0, v20, v21 op_sel:[1,0,0]",
      on(Arch::kGfx950));
  for (unsigned r = 4; r < 20; ++r) wave.set_v(r, 0x3838'3838);
  wave.set_v(20, 0x7f7f'807f).set_v(21, 0x7f7f'7f81).run();
  EXPECT_EQ(wave.findings(), "");
  EXPECT_EQ(wave.v(0, 17), 0x4480'0000u);  // 1024.0
}

// Every one of these would do something else than what its text says.
TEST(Decode, RefusesWhatTheMicroOpCannotSay) {
  for (const char* line : {
           ".long 0xd3a67125, 0x6ad81123",  // v_dot2_i32_i16 with op_sel
           ".long 0xd3a84080, 0xc3f7ff8f",  // v_dot4_i32_i8 with neg_lo
           "v_cvt_pk_fp8_f32 v0, v1, v2 op_sel:[1,0,0]", "v_pack_b32_f16 v0, v1, v2 op_sel:[0,0,1]",
           "v_permlane32_swap_b32_e64 v0, v1 fi:1", "v_permlane32_swap_b32_e64 v0, v1 bound_ctrl:1",
           "v_mov_b32_e32 v0, src_shared_base", "v_pk_mul_f32 v[0:1], v[2:3], 1.0 op_sel:[0,1]",
           ".long 0x7e0834fa, 0xba0de35a",  // v_floor_f64_dpp with another control than
                                            // row_newbcast
           ".long 0xc0061f80, 0",           // s_load_dwordx2 exec, s[0:1], 0x0
           ".long 0xbefe1c00",              // s_getpc_b64 exec
       }) {
    AsmWave wave(line, on(Arch::kGfx950));
    for (unsigned r = 0; r < 8; ++r) wave.set_v(r, 0);
    wave.run();
    EXPECT_EQ(wave.result().status, RunResult::Status::kUnsupported) << line;
  }
}

// A negative offset leads below LDS address 0.
TEST(Decode, LoadToLdsBelowAddressZero) {
  AsmOptions options;
  options.lds_bytes = 256;
  AsmWave wave("global_load_lds_dword v[0:1], off offset:-4", options);
  Island& in = wave.memory().add({"in", 4096, Access::kRead});
  in.write(0, std::vector<std::byte>(4096));
  wave.set_v64(0, in.address() + 8).set_s(kM0, 0).run();
  EXPECT_NE(wave.findings().find("out-of-bounds write"), std::string::npos) << wave.findings();
}

}  // namespace
}  // namespace wavefuzz::sim
