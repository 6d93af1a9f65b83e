// LaunchConfig::follow_inexact: what results reach whose bits hardware may give otherwise.
#include <gtest/gtest.h>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

// v0 is the lane's offset, v1 1.0, s[0:1] a buffer.
std::vector<InexactUse> uses(const std::string& text, Arch arch = Arch::kGfx942) {
  AsmOptions options;
  options.arch = arch;
  options.follow_inexact = true;
  options.lds_bytes = 1024;
  AsmWave wave(text, options);
  Island& out = wave.memory().add({"out", 1 << 16});
  out.fill(0, 1 << 16, std::byte{0});
  LaneValues offset;
  for (unsigned i = 0; i < kLanes; ++i) offset[i] = 4 * i;
  wave.set_s64(0, out.address()).set_v(0, offset).set_v(1, 0x3f80'0000);
  for (unsigned r = 2; r < 24; ++r) wave.set_v(r, 0);
  wave.run();
  EXPECT_EQ(wave.findings(), "") << text;
  EXPECT_TRUE(out.initialised(0, 1 << 16)) << text;
  return wave.result().inexact_uses;
}

TEST(Inexact, AnOutput) {
  const auto found =
      uses("v_exp_f32 v2, v1\nv_mul_f32 v3, 2.0, v2\nglobal_store_dword v0, v3, s[0:1]");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].from.text, "v_exp_f32_e32 v2, v1");
  EXPECT_EQ(found[0].fidelity, "within 1 ulp");
  EXPECT_EQ(found[0].what, "a value stored to global memory");
  EXPECT_EQ(found[0].at.text, "global_store_dword v0, v3, s[0:1]");
  EXPECT_EQ(text(found[0]),
            "a value stored to global memory depends on the result of pc 0x0 `v_exp_f32_e32 v2, "
            "v1`, which is within 1 ulp, at pc 0x8 `global_store_dword v0, v3, s[0:1]`");
}

TEST(Inexact, ABranchAnAddressAndLanes) {
  const auto branch = uses("v_log_f32 v2, v1\nv_cmp_lt_f32 vcc, v2, v1\ns_cbranch_vccz end\nend:");
  ASSERT_EQ(branch.size(), 1u);
  EXPECT_EQ(branch[0].what, "a branch");
  const auto exec =
      uses("v_rcp_f32 v2, v1\nv_cmp_lt_f32 vcc, v2, v1\ns_and_saveexec_b64 s[2:3], vcc");
  ASSERT_EQ(exec.size(), 1u);
  EXPECT_EQ(exec[0].what, "a branch");
  // Rounded to an integer all the same, it is an address. It goes on being used.
  const auto address = uses(
      "v_rcp_f32 v2, v1\nv_cvt_u32_f32 v2, v2\nglobal_load_dword v3, v2, s[0:1]\n"
      "s_waitcnt vmcnt(0)\nglobal_store_dword v0, v3, s[0:1]");
  ASSERT_EQ(address.size(), 1u);
  EXPECT_EQ(address[0].what, "an address");
}

TEST(Inexact, ByWayOfTheLds) {
  const auto found = uses(
      "v_exp_f32 v2, v1\nds_write_b32 v0, v2\nds_read_b32 v3, v0\ns_waitcnt lgkmcnt(0)\n"
      "global_store_dword v0, v3, s[0:1]");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].from.text, "v_exp_f32_e32 v2, v1");
}

TEST(Inexact, OfMatrixCoresWhereTheirOrderIsAHypothesis) {
  const std::string text =
      "v_mfma_f32_16x16x16_f16 v[4:7], v[8:9], v[10:11], v[12:15]\n"
      "global_store_dwordx4 v0, v[4:7], s[0:1]";
  EXPECT_EQ(uses(text, Arch::kGfx942).size(), 0u);
  const auto found = uses(text, Arch::kGfx950);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].fidelity, "hypothesis");
}

TEST(Inexact, NothingWhereItIsDroppedOrExact) {
  EXPECT_EQ(uses("v_exp_f32 v2, v1\nv_mov_b32 v2, 0\nglobal_store_dword v0, v2, s[0:1]").size(),
            0u);
  EXPECT_EQ(uses("v_add_f32 v2, v1, v1\nglobal_store_dword v0, v2, s[0:1]").size(), 0u);
  EXPECT_EQ(uses("s_mov_b64 vcc, 0\nv_exp_f32 v2, v1\nv_cndmask_b32 v2, v1, v2, vcc\n"
                 "global_store_dword v0, v2, s[0:1]")
                .size(),
            0u);
}

}  // namespace
}  // namespace wavefuzz::sim
