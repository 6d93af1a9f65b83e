// Launches that spend their budget: loops that cannot end, and their twins that merely take long.
#include <gtest/gtest.h>

#include <string>

#include "gpu/sim/launch.h"
#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

struct Launch {
  uint32_t groups = 1, waves = 1;
  uint32_t lds_bytes = 0, scratch_bytes = 0;
  uint64_t budget = 100'000;
  uint32_t turn = 16;
  uint64_t schedule_seed = 0;
  Access flag = Access::kReadWrite;
};

class Endless : public testing::TestWithParam<Arch> {
 protected:
  // s[0:1] points to kernarg: a flag that is 0 (its address), and a number; s2 is the group.
  RunResult run_text(const std::string& text, const Launch& launch = {}) {
    KernelInfo kernel;
    kernel.symbol = "test";
    kernel.kernarg_bytes = 16;
    kernel.group_segment_bytes = launch.lds_bytes;
    kernel.private_segment_bytes = launch.scratch_bytes;
    kernel.args = {{"flag", 0, 8, "global_buffer"}, {"number", 8, 4, "by_value"}};
    KernelDescriptor& d = kernel.descriptor;
    d.vgprs = 64;
    d.accum_offset = 32;
    d.kernarg_ptr = true;
    d.user_sgprs = 2;
    d.group_id[0] = true;
    d.denorm_f32 = 3;
    const std::string head =
        "s_load_dwordx2 s[4:5], s[0:1], 0x0\ns_load_dword s6, s[0:1], 0x8\n"
        "s_waitcnt lgkmcnt(0)\nv_mov_b32 v1, 0\n";
    const Program program(CodeObject::from_code(GetParam(), kernel,
                                                assemble(GetParam(), head + text + "\ns_endpgm\n")),
                          "test");
    for (const std::string& missing : program.unsupported()) ADD_FAILURE() << missing;
    memory_.reset();
    Island& flag = memory_.add({"flag", 64, launch.flag});
    flag.fill(0, 64, std::byte{0});
    LaunchConfig config;
    config.groups = {launch.groups, 1, 1};
    config.group_size = {64 * launch.waves, 1, 1};
    config.instruction_budget = launch.budget;
    config.turn = launch.turn;
    config.schedule_seed = launch.schedule_seed;
    config.set_arg(0, flag.address());
    config.set_arg(8, 3);
    return run(program, memory_, config);
  }
  void expect_endless(const RunResult& r, const std::string& says = "never ends") {
    EXPECT_EQ(r.status, RunResult::Status::kFaulted) << r.too_large;
    ASSERT_EQ(r.findings.size(), 1u);
    EXPECT_EQ(r.findings[0].kind, FindingKind::kWatchdog);
    EXPECT_NE(r.findings[0].message.find(says), std::string::npos) << r.findings[0].message;
    EXPECT_EQ(r.too_large, "");
  }
  void expect_too_large(const RunResult& r, const std::string& says = "instructions executed") {
    EXPECT_EQ(r.status, RunResult::Status::kTooLarge);
    for (const Finding& f : r.findings) ADD_FAILURE() << f.message;
    EXPECT_NE(r.too_large.find(says), std::string::npos) << r.too_large;
  }
  void expect_completed(const RunResult& r) {
    EXPECT_EQ(r.status, RunResult::Status::kCompleted) << r.too_large;
    for (const Finding& f : r.findings) ADD_FAILURE() << f.message;
  }

  Memory memory_;
};

TEST_P(Endless, NothingChanges) {
  expect_endless(run_text("loop: s_cmp_lg_u32 s6, 0\ns_cbranch_scc1 loop"), "pc 0x18 to 0x1c");
  expect_endless(run_text("loop: s_cmp_lg_u32 s6, 0\ns_cbranch_scc1 loop", {.groups = 5}));
}

// for (i = 0; i < n; i += 0) { count++; sum += 1.5f; }
TEST_P(Endless, WhatChangesDecidesNothing) {
  const std::string loop = R"(
    s_mov_b32 s7, 0
    s_mov_b32 s8, 0
    v_mov_b32 v2, 1.0
    loop:
    s_add_u32 s8, s8, 1
    v_add_f32 v2, 0.5, v2
    s_add_u32 s7, s7, {}
    s_cmp_lt_u32 s7, 0x100000
    s_cbranch_scc1 loop
  )";
  const auto step = [&](const char* by) {
    std::string text = loop;
    return text.replace(text.find("{}"), 2, by);
  };
  expect_endless(run_text(step("0")));
  expect_endless(run_text(step("0"), {.waves = 3}));
  expect_too_large(run_text(step("1")));
  expect_completed(run_text(step("1"), {.budget = 10'000'000}));
}

// The sum of a lane decides in the end, by way of EXEC.
TEST_P(Endless, ALaneThatCountsToItsEndIsProgress) {
  expect_too_large(run_text(R"(
    v_mov_b32 v2, 0
    s_mov_b32 s12, 0x100000
    loop:
    v_add_u32 v2, 1, v2
    v_cmp_gt_u32 vcc, s12, v2
    s_and_b64 exec, exec, vcc
    s_cbranch_execnz loop
  )"));
}

// A loop in a loop: the inner one ends each time, the outer one never does.
TEST_P(Endless, LoopsInLoops) {
  const std::string loops = R"(
    s_mov_b32 s9, 0
    outer:
    s_add_u32 s9, s9, {}
    s_mov_b32 s7, 0
    inner:
    s_add_u32 s7, s7, 1
    s_cmp_lt_u32 s7, 50
    s_cbranch_scc1 inner
    s_cmp_lt_u32 s9, 0x10000
    s_cbranch_scc1 outer
  )";
  std::string text = loops;
  expect_endless(run_text(text.replace(text.find("{}"), 2, "0")));
  text = loops;
  expect_too_large(run_text(text.replace(text.find("{}"), 2, "1")));
}

const char* const kWaitForFlag = R"(
    loop:
    global_load_dword v2, v1, s[4:5] sc1
    s_waitcnt vmcnt(0)
    v_readfirstlane_b32 s7, v2
    s_cmp_eq_u32 s7, 0
    s_cbranch_scc1 loop
)";

TEST_P(Endless, WaitingForMemoryThatNobodyIsLeftToWrite) {
  expect_endless(run_text(kWaitForFlag));
  expect_endless(run_text(kWaitForFlag, {.groups = 3, .flag = Access::kRead}));
}

TEST_P(Endless, WaitingForAnotherGroupIsNone) {
  // The first group waits for the second, which on hardware runs at the same time.
  const std::string text = std::string("s_cmp_eq_u32 s2, 1\ns_cbranch_scc1 set\n") + kWaitForFlag +
                           "s_endpgm\nset: v_mov_b32 v2, 1\n"
                           "global_store_dword v1, v2, s[4:5]\n";
  expect_too_large(run_text(text, {.groups = 2}), "memory that another group may still write");
}

TEST_P(Endless, CountingWhileWaitingForAnotherGroupIsNone) {
  std::string text = kWaitForFlag;
  text.replace(text.find("s_cmp_eq"), 0, "s_add_u32 s8, s8, 1\n");
  expect_too_large(run_text("s_mov_b32 s8, 0\n" + text, {.groups = 2}),
                   "memory that another group may still write");
  expect_endless(run_text("s_mov_b32 s8, 0\n" + text));
}

// Wave 1 waits in LDS for what wave 0 sets in the end.
TEST_P(Endless, WaitingForAWaveThatGoesOn) {
  const std::string text = R"(
    v_mov_b32 v2, 0
    v_cmp_gt_u32 vcc, 64, v0
    s_mov_b64 s[8:9], vcc
    ds_write_b32 v1, v2
    s_waitcnt lgkmcnt(0)
    s_barrier
    s_and_b64 s[8:9], s[8:9], exec
    s_cbranch_scc1 work
    wait:
    ds_read_b32 v3, v1
    s_waitcnt lgkmcnt(0)
    v_readfirstlane_b32 s7, v3
    s_cmp_eq_u32 s7, 0
    s_cbranch_scc1 wait
    s_endpgm
    work:
    s_mov_b32 s7, 0
    more:
    s_add_u32 s7, s7, {}
    s_cmp_lt_u32 s7, 0x10000
    s_cbranch_scc1 more
    v_mov_b32 v2, 1
    ds_write_b32 v1, v2
  )";
  const auto with = [&](const char* step) {
    std::string t = text;
    return t.replace(t.find("{}"), 2, step);
  };
  const auto only_races = [](const RunResult& r) {  // the flag is one, in hardware's terms
    for (const Finding& f : r.findings)
      if (f.kind == FindingKind::kWatchdog) return false;
    return true;
  };
  const RunResult goes_on = run_text(with("1"), {.waves = 2, .lds_bytes = 64});
  EXPECT_TRUE(only_races(goes_on));
  EXPECT_NE(goes_on.too_large, "");
  const RunResult stuck = run_text(with("0"), {.waves = 2, .lds_bytes = 64});
  EXPECT_FALSE(only_races(stuck));
}

TEST_P(Endless, AWaveAtABarrierThatNoOneReachesIsNamed) {
  const std::string text = R"(
    v_cmp_gt_u32 vcc, 64, v0
    s_cbranch_vccz wait
    loop: s_cmp_lg_u32 s6, 0
    s_cbranch_scc1 loop
    wait: s_barrier
  )";
  expect_endless(run_text(text, {.waves = 3}),
                 "at a barrier that it never reached: wave 1,2");
}

// What comes back only in scratch memory or LDS.
TEST_P(Endless, ACounterInMemoryIsProgress) {
  expect_too_large(run_text(R"(
    v_mov_b32 v2, 0
    ds_write_b32 v1, v2
    s_waitcnt lgkmcnt(0)
    loop:
    ds_read_b32 v3, v1
    s_waitcnt lgkmcnt(0)
    v_add_u32 v3, 1, v3
    ds_write_b32 v1, v3
    s_waitcnt lgkmcnt(0)
    v_readfirstlane_b32 s7, v3
    s_cmp_lt_u32 s7, 0x100000
    s_cbranch_scc1 loop
  )",
                            {.lds_bytes = 64}));
  expect_too_large(run_text(R"(
    v_mov_b32 v2, 0
    global_store_dword v1, v2, s[4:5]
    loop:
    global_load_dword v3, v1, s[4:5]
    s_waitcnt vmcnt(0)
    v_add_u32 v3, 1, v3
    global_store_dword v1, v3, s[4:5]
    s_waitcnt vmcnt(0)
    v_readfirstlane_b32 s7, v3
    s_cmp_lt_u32 s7, 0x100000
    s_cbranch_scc1 loop
  )"));
}

TEST_P(Endless, WaitingForTimeToPassIsNone) {
  expect_too_large(run_text(R"(
    loop:
    s_memtime s[8:9]
    s_waitcnt lgkmcnt(0)
    s_cmp_eq_u32 s8, 0
    s_cbranch_scc1 loop
  )"));
}

TEST_P(Endless, WhateverTheSchedule) {
  const char* loop = "loop: s_cmp_lg_u32 s6, 0\ns_cbranch_scc1 loop";
  expect_endless(run_text(loop, {.waves = 2, .turn = 0}));
  expect_endless(run_text(loop, {.waves = 2, .schedule_seed = 7}));
}

INSTANTIATE_TEST_SUITE_P(All, Endless, testing::Values(Arch::kGfx942, Arch::kGfx950),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace wavefuzz::sim
