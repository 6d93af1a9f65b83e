// What feedback says of branches and compares, on kernels of a few instructions.
#include "gpu/sim/feedback.h"

#include <gtest/gtest.h>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

// Runs assembly text as a kernel of one wave, v0 = lane.
struct Kernel {
  Program program;
  Memory memory;
  Feedback feedback;

  explicit Kernel(const std::string& text, HostIsa isa = best_host_isa())
      : program(make(text), "k", isa) {}
  static CodeObject make(const std::string& text) {
    KernelInfo kernel;
    kernel.symbol = "k";
    kernel.descriptor.vgprs = 64;
    kernel.descriptor.denorm_f32 = 3;
    return CodeObject::from_code(Arch::kGfx942, kernel,
                                 assemble(Arch::kGfx942, text + "\ns_endpgm\n"));
  }
  RunResult run(LaunchConfig config = {}) {
    config.feedback = &feedback;
    return sim::run(program, memory, config);
  }
  size_t index(const std::string& start) const {
    for (size_t i = 0; i < program.size(); ++i)
      if (program.text(i).starts_with(start)) return i;
    ADD_FAILURE() << "no " << start;
    return 0;
  }
  const CompareSeen& compare(const std::string& start) const {
    return feedback.compares.at(index(start));
  }
};

// Counts down from 5.
constexpr char kLoop[] = R"(
  s_mov_b32 s0, 5
loop:
  s_sub_u32 s0, s0, 1
  s_cmp_lg_u32 s0, 2
  s_cbranch_scc0 two
back:
  s_cmp_lg_u32 s0, 0
  s_cbranch_scc1 loop
  s_branch end
two:
  s_branch back
  s_nop 7
end:
)";

TEST(Feedback, WaysOfBranches) {
  Kernel k(kLoop);
  k.run();
  const Feedback::Ways loop = k.feedback.branches[k.index("s_cbranch_scc1")];
  EXPECT_EQ(loop.taken, 4u);
  EXPECT_EQ(loop.not_taken, 1u);
  const Feedback::Ways two = k.feedback.branches[k.index("s_cbranch_scc0")];
  EXPECT_EQ(two.taken, 1u);
  EXPECT_EQ(two.not_taken, 4u);
  EXPECT_EQ(k.feedback.edges(), 4u);
  k.run();  // adds up
  EXPECT_EQ(k.feedback.branches[k.index("s_cbranch_scc1")].taken, 8u);
  EXPECT_EQ(k.feedback.edges(), 4u);
}

TEST(Feedback, WhatRan) {
  Kernel k(kLoop);
  EXPECT_EQ(std::ranges::count(k.program.executed(k.feedback), true), 4);  // up to the first branch
  k.run();
  const std::vector<bool> executed = k.program.executed(k.feedback);
  for (size_t i = 0; i + 1 < executed.size(); ++i)  // the last is the end mark
    EXPECT_EQ(executed[i], k.program.text(i) != "s_nop 7") << k.program.text(i);
}

TEST(Feedback, ScalarCompares) {
  Kernel k(kLoop);
  k.run();
  const CompareSeen& c = k.compare("s_cmp_lg_u32 s0, 0");
  EXPECT_EQ(c.executed, 5u);
  EXPECT_EQ(c.bits, 32);
  EXPECT_EQ(c.distance, 1u);
  EXPECT_EQ(c.a, 1u);
  EXPECT_EQ(c.b, 0u);
  EXPECT_TRUE(c.equal && c.went_true && c.went_false);
}

TEST(Feedback, ScalarTypes) {
  Kernel k(R"(
    s_mov_b32 s0, -7
    s_cmp_lt_i32 s0, 3
    s_mov_b64 s[2:3], 0x100
    s_brev_b64 s[4:5], 1
    s_cmp_eq_u64 s[2:3], s[4:5]
    s_cmpk_gt_u32 s0, 0x10
  )");
  k.run();
  const CompareSeen& i32 = k.compare("s_cmp_lt_i32");
  EXPECT_EQ(i32.distance, 10u);
  EXPECT_EQ(int64_t(i32.a), -7);
  EXPECT_TRUE(i32.went_true && !i32.went_false && !i32.equal);
  const CompareSeen& u64 = k.compare("s_cmp_eq_u64");
  EXPECT_EQ(u64.bits, 64);
  EXPECT_EQ(u64.distance, (uint64_t{1} << 63) - 0x100);
  EXPECT_EQ(k.compare("s_cmpk_gt_u32").distance, 0xffff'fff9u - 0x10u);
}

// The lane that came closest, in steps of the type; inactive lanes do not count.
TEST(Feedback, VectorCompares) {
  for (const HostIsa isa : supported_host_isas()) {
    Kernel k(R"(
      v_cmp_gt_u32 vcc, 0x64, v0
      s_mov_b64 exec, 0xff
      v_cmp_gt_u32 s[2:3], 10, v0
      s_mov_b64 exec, -1
      v_sub_u32 v1, 0, v0
      v_cmp_lt_i32 s[2:3], 3, v1
      v_mov_b32 v2, 0x3f800001
      v_cmp_lt_f32 s[2:3], 1.0, v2
      v_mov_b32 v3, 0x80000001
      v_mov_b32 v4, 2
      v_cmp_eq_f32 s[2:3], v3, v4
      v_mov_b32 v5, 1
      v_cmp_eq_u64 s[2:3], v[4:5], v[2:3]
    )",
             isa);
    k.run();
    EXPECT_EQ(k.compare("v_cmp_gt_u32_e32").distance, 37u);
    EXPECT_EQ(k.compare("v_cmp_gt_u32_e32").b, 63u);
    EXPECT_TRUE(k.compare("v_cmp_gt_u32_e32").went_true);
    EXPECT_FALSE(k.compare("v_cmp_gt_u32_e32").went_false);
    EXPECT_EQ(k.compare("v_cmp_gt_u32_e64").distance, 3u);  // lane 7
    EXPECT_EQ(k.compare("v_cmp_lt_i32_e64").distance, 3u);  // lane 0
    EXPECT_EQ(k.compare("v_cmp_lt_f32_e64").distance, 1u);  // the next float
    // Across zero: the least denormals are a step from either zero, and the zeros are one.
    EXPECT_EQ(k.compare("v_cmp_eq_f32_e64").distance, 3u);
    EXPECT_EQ(k.compare("v_cmp_eq_u64_e64").bits, 64);
    EXPECT_EQ(k.compare("v_cmp_eq_u64_e64").distance,
              0x8000'0001'3f80'0001u - 0x0000'0001'0000'0002u);
  }
}

TEST(Feedback, OutcomesOfComparesWithModifiers) {
  Kernel k("v_cvt_f32_u32 v1, v0\nv_cmp_gt_f32 s[2:3], |v1|, -v1");
  k.run();
  const CompareSeen& c = k.compare("v_cmp_gt_f32");
  EXPECT_TRUE(c.went_true && c.went_false);
  EXPECT_EQ(c.distance, ~0ull);
}

TEST(Feedback, SumOverThreads) {
  Kernel one(kLoop), two(kLoop);
  LaunchConfig config;
  config.groups = {64, 1, 1};
  one.run(config);
  config.threads = 2;
  two.run(config);
  for (size_t i = 0; i < one.program.size(); ++i) {
    EXPECT_EQ(one.feedback.branches[i].taken, two.feedback.branches[i].taken);
    EXPECT_EQ(one.feedback.branches[i].not_taken, two.feedback.branches[i].not_taken);
    EXPECT_EQ(one.feedback.compares[i].executed, two.feedback.compares[i].executed);
    EXPECT_EQ(one.feedback.compares[i].distance, two.feedback.compares[i].distance);
  }
}

// --- explain
// ---------------------------------------------------------------------------------------

RunResult explained(const std::string& text) {
  Kernel k(text);
  LaunchConfig config;
  config.explain = true;
  return k.run(config);
}
const NonFinite* find(const RunResult& result, NonFinite::Value value) {
  const auto it = std::ranges::find(result.non_finite, value, &NonFinite::value);
  return it == result.non_finite.end() ? nullptr : &*it;
}

TEST(Explain, NamesTheInstructionAndItsOperands) {
  const RunResult result = explained(R"(
    v_cvt_f32_u32 v1, v0
    v_mov_b32 v2, 0x7f7fffff
    v_add_f32 v3, 1.0, v1
    v_mul_f32 v4, v2, v3
    v_sub_f32 v5, v4, v4
    v_log_f32 v6, v1
    v_add_f32 v7, v5, v6
  )");
  ASSERT_EQ(result.non_finite.size(), 3u);
  const NonFinite* plus = find(result, NonFinite::Value::kPlusInfinity);
  ASSERT_NE(plus, nullptr);
  EXPECT_EQ(plus->instruction, "v_mul_f32_e32 v4, v2, v3");
  EXPECT_TRUE(plus->made);
  EXPECT_NE(plus->message.find("lane 1; operands 3.40282347e+38, 2"), std::string::npos)
      << plus->message;
  const NonFinite* nan = find(result, NonFinite::Value::kNan);
  ASSERT_NE(nan, nullptr);
  EXPECT_EQ(nan->instruction, "v_sub_f32_e32 v5, v4, v4");
  EXPECT_NE(nan->message.find("operands inf, inf"), std::string::npos) << nan->message;
  const NonFinite* minus = find(result, NonFinite::Value::kMinusInfinity);
  ASSERT_NE(minus, nullptr);
  EXPECT_EQ(minus->instruction, "v_log_f32_e32 v6, v1");
  EXPECT_NE(minus->message.find("lane 0; operands 0"), std::string::npos) << minus->message;
}

TEST(Explain, WhatCameInAsBitsIsNotMade) {
  const RunResult result =
      explained("v_mov_b32 v1, 0x7fc00000\nv_mov_b32 v2, v1\nv_add_f32 v3, 1.0, v2");
  const NonFinite* nan = find(result, NonFinite::Value::kNan);
  ASSERT_NE(nan, nullptr);
  EXPECT_FALSE(nan->made);
  EXPECT_EQ(nan->instruction, "v_add_f32_e32 v3, 1.0, v2");
}

// A NaN byte of fp8 (0x80 in fnuz) becomes a NaN in the conversion.
TEST(Explain, ConversionsMakeThem) {
  const RunResult result = explained("v_mov_b32 v1, 0x80\nv_cvt_f32_fp8 v2, v1");
  const NonFinite* nan = find(result, NonFinite::Value::kNan);
  ASSERT_NE(nan, nullptr);
  EXPECT_TRUE(nan->made);
  EXPECT_EQ(nan->instruction, "v_cvt_f32_fp8_e32 v2, v1");
}

// 0 / 3 and 1 / 0 as compilers write them: what goes on inside is not the program's.
TEST(Explain, DivisionsCountAsAWhole) {
  const auto divide = [](const std::string& numerator, const std::string& denominator) {
    return explained("v_mov_b32 v1, " + numerator + "\nv_mov_b32 v2, " + denominator + R"(
      v_div_scale_f32 v3, s[0:1], v2, v2, v1
      v_rcp_f32 v4, v3
      v_fma_f32 v5, -v3, v4, 1.0
      v_fmac_f32 v4, v5, v4
      v_div_scale_f32 v6, vcc, v1, v2, v1
      v_mul_f32 v7, v6, v4
      v_fma_f32 v8, -v3, v7, v6
      v_fmac_f32 v7, v8, v4
      v_fma_f32 v3, -v3, v7, v6
      v_div_fmas_f32 v3, v3, v4, v7
      v_div_fixup_f32 v9, v3, v2, v1
    )");
  };
  EXPECT_TRUE(divide("0", "0x40400000").non_finite.empty());
  const RunResult by_zero = divide("1.0", "0");
  ASSERT_EQ(by_zero.non_finite.size(), 1u);
  EXPECT_EQ(by_zero.non_finite[0].value, NonFinite::Value::kPlusInfinity);
  EXPECT_EQ(by_zero.non_finite[0].instruction, "v_div_fixup_f32 v9, v3, v2, v1");
  EXPECT_NE(by_zero.non_finite[0].message.find("operands 0, 1"), std::string::npos)
      << by_zero.non_finite[0].message;
}

TEST(Explain, HalvesAndDoubles) {
  const RunResult packed =
      explained("v_mov_b32 v1, 0x7bff3c00\nv_mov_b32 v2, v1\nv_pk_add_f16 v3, v1, v2");
  ASSERT_EQ(packed.non_finite.size(), 1u);
  EXPECT_EQ(packed.non_finite[0].value, NonFinite::Value::kPlusInfinity);
  const RunResult wide =
      explained("v_mov_b32 v2, -1\nv_mov_b32 v3, 0x7fefffff\nv_add_f64 v[4:5], v[2:3], v[2:3]");
  ASSERT_EQ(wide.non_finite.size(), 1u);
  EXPECT_TRUE(wide.non_finite[0].made);
}

TEST(Explain, MatrixInstructions) {
  const std::string a = "v_mov_b32 v1, 0x7f7fffff\nv_mov_b32 v2, 2.0\n";
  const RunResult made = explained(a + "v_mfma_f32_4x4x1_16b_f32 v[4:7], v1, v2, 0");
  ASSERT_EQ(made.non_finite.size(), 1u);
  EXPECT_TRUE(made.non_finite[0].made);
  EXPECT_TRUE(made.non_finite[0].instruction.starts_with("v_mfma_f32_4x4x1"));
  const RunResult came = explained(
      "v_mov_b32 v1, 0x7f800000\nv_mov_b32 v2, 2.0\n"
      "v_mfma_f32_4x4x1_16b_f32 v[4:7], v1, v2, 0");
  ASSERT_FALSE(came.non_finite.empty());
  EXPECT_FALSE(came.non_finite[0].made);
}

TEST(Explain, SilentWithout) {
  EXPECT_TRUE(explained("v_cvt_f32_u32 v1, v0\nv_add_f32 v2, v1, v1").non_finite.empty());
}

}  // namespace
}  // namespace wavefuzz::sim
