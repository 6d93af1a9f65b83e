// Registers that a kernel's descriptor does not give it: a finding where an instruction that names
// them is executed.
#include <gtest/gtest.h>

#include "gpu/sim/launch.h"
#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

class Allocation : public testing::TestWithParam<Arch> {
 protected:
  // Of 24 registers the first 16 are v0 to v15, the others a0 to a7; and s0 to s31.
  RunResult run_text(const std::string& text) {
    KernelInfo kernel;
    kernel.symbol = "test";
    kernel.descriptor.vgprs = 24;
    kernel.descriptor.accum_offset = 16;
    kernel.descriptor.sgprs = 32;
    const Program program(
        CodeObject::from_code(GetParam(), kernel, assemble(GetParam(), text + "\ns_endpgm\n")),
        "test");
    Memory memory;
    return run(program, memory, {});
  }
  void expect_silence(const std::string& text) {
    const RunResult r = run_text(text);
    EXPECT_EQ(r.status, RunResult::Status::kCompleted) << text;
    for (const Finding& f : r.findings) ADD_FAILURE() << f.message;
  }
  void expect_found(const std::string& text, const std::string& says) {
    const RunResult r = run_text(text);
    ASSERT_EQ(r.findings.size(), 1u) << text;
    EXPECT_EQ(r.findings[0].kind, FindingKind::kUnallocated) << r.findings[0].message;
    EXPECT_NE(r.findings[0].message.find(says), std::string::npos) << r.findings[0].message;
  }
};

TEST_P(Allocation, VectorRegisters) {
  expect_silence("v_mov_b32 v15, 0");
  expect_found("v_mov_b32 v16, 0",
               "v16, and the kernel's descriptor allocates v0 to v15; pc 0x0 `v_mov_b32_e32");
  expect_found("v_mov_b32 v0, v255", "v255");
  expect_silence("v_mov_b64 v[14:15], 0");
  expect_found("v_mov_b64 v[16:17], 0", "v17");
  expect_found("v_add_u32_sdwa v0, v0, v20 dst_sel:DWORD src0_sel:DWORD src1_sel:BYTE_0", "v20");
}

TEST_P(Allocation, AccumulationRegisters) {
  expect_silence("v_accvgpr_write_b32 a7, 0");
  expect_found("v_accvgpr_write_b32 a8, 0", "a8, and the kernel's descriptor allocates a0 to a7");
  expect_silence("v_mfma_f32_4x4x1_16b_f32 a[0:3], v0, v1, a[0:3]");
  expect_silence("v_mfma_f32_4x4x1_16b_f32 a[4:7], v0, v15, a[4:7]");
  expect_found("v_mfma_f32_4x4x1_16b_f32 a[8:11], v0, v1, 0", "a11");
}

TEST_P(Allocation, ScalarRegisters) {
  expect_silence("s_mov_b32 s31, 0");
  expect_silence("s_mov_b64 vcc, 0\ns_mov_b32 m0, 0\ns_mov_b64 flat_scratch, 0");
  expect_found("s_mov_b32 s32, 0", "s32, and the kernel's descriptor allocates s0 to s31");
  expect_found("s_mov_b64 s[30:31], s[100:101]", "s101");
}

TEST_P(Allocation, OnlyWhatIsExecuted) {
  expect_silence("s_branch over\nv_mov_b32 v16, 0\nover: s_nop 0");
}

TEST_P(Allocation, OnceForEachInstruction) {
  expect_found("s_mov_b32 s0, 3\nloop: v_mov_b32 v16, 0\ns_sub_u32 s0, s0, 1\n"
               "s_cmp_lg_u32 s0, 0\ns_cbranch_scc1 loop",
               "v16");
}

// What other ways of executing it there are: feedback around a compare, a row that is not exact.
TEST_P(Allocation, ComparesAndInexactInstructions) {
  expect_found("v_mov_b32 v0, 0\nv_cmp_eq_u32 vcc, v0, v16", "v16");
  expect_found("v_mov_b32 v0, 1.0\nv_exp_f32 v16, v0", "v16");
}

INSTANTIATE_TEST_SUITE_P(All, Allocation, testing::Values(Arch::kGfx942, Arch::kGfx950),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace wavefuzz::sim
