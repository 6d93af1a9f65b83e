// Loads are late: what s_waitcnt lets come in, and what a missing one does. Counter rules: ISA
// manual, s_waitcnt: VMCNT comes down in order; LGKMCNT in order for the LDS, in any order for
// scalar loads.
#include <gtest/gtest.h>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

LaneValues times(uint32_t factor) {
  LaneValues values;
  for (unsigned i = 0; i < kLanes; ++i) values[i] = factor * i;
  return values;
}

// `in` holds dword i at 4 * i, `out` nothing. s[0:1] and s[2:3] point to them, v0 is 4 * lane.
struct Bench {
  AsmWave wave;
  explicit Bench(const std::string& text, LateLoads late = LateLoads::kOldContent,
                 Arch arch = Arch::kGfx950)
      : wave(text, [&] {
          AsmOptions options;
          options.arch = arch;
          options.lds_bytes = 4096;
          options.scratch_bytes = 64;
          options.late_loads = late;
          return options;
        }()) {
    Island& in = wave.memory().add({"in", 4096});
    Island& out = wave.memory().add({"out", 4096});
    std::vector<uint32_t> values(1024);
    for (uint32_t i = 0; i < 1024; ++i) values[i] = i;
    in.write_values<uint32_t>(0, values);
    wave.set_s64(0, in.address()).set_s64(2, out.address()).set_v(0, times(4));
    // A descriptor of `in`.
    wave.set_s64(4, in.address()).set_s(6, 4096).set_s(7, 0x27000);
    for (unsigned r = 1; r < 12; ++r) wave.set_v(r, 7000 + r);
    wave.run();
  }
  // The finding's instruction, and that there is no other.
  void expect_missing_wait(const std::string& instruction, const std::string& load) {
    ASSERT_EQ(wave.result().findings.size(), 1u) << wave.findings();
    const Finding& f = wave.result().findings[0];
    EXPECT_EQ(f.kind, FindingKind::kMissingWait);
    EXPECT_EQ(f.instruction, instruction);
    EXPECT_NE(f.message.find("`" + load), std::string::npos) << f.message;
  }
};

TEST(Waitcnt, TheOldContentIsUsedWithoutOne) {
  Bench b("global_load_dword v1, v0, s[0:1]\nv_mov_b32 v2, v1");
  b.expect_missing_wait("v_mov_b32_e32 v2, v1", "global_load_dword v1, v0, s[0:1]");
  EXPECT_EQ(b.wave.result().findings[0].lane_count(), 64);
  EXPECT_EQ(b.wave.v(2, 5), 7001u);
  EXPECT_EQ(b.wave.v(1, 5), 5u);  // it comes in at the end
}
TEST(Waitcnt, TheNewContentIsUsedWithOne) {
  Bench b("global_load_dword v1, v0, s[0:1]\ns_waitcnt vmcnt(0)\nv_mov_b32 v2, v1");
  EXPECT_EQ(b.wave.findings(), "");
  EXPECT_EQ(b.wave.v(2, 5), 5u);
}
TEST(Waitcnt, NewContentOnRequest) {
  Bench b("global_load_dword v1, v0, s[0:1]\nv_add_u32 v1, v1, v1", LateLoads::kNewContent);
  b.expect_missing_wait("v_add_u32_e32 v1, v1, v1", "global_load_dword v1, v0, s[0:1]");
  EXPECT_EQ(b.wave.v(1, 5), 10u);
  EXPECT_EQ(b.wave.v_poison(1, 5), 0u);
}

// Two loads; a wait that leaves one under way covers the first only. Stores count as well.
TEST(Waitcnt, VmcntComesInInOrder) {
  const std::string loads =
      "global_load_dword v1, v0, s[0:1]\nglobal_load_dword v2, v0, s[0:1] offset:4\n";
  EXPECT_EQ(Bench(loads + "s_waitcnt vmcnt(1)\nv_mov_b32 v3, v1").wave.findings(), "");
  Bench(loads + "s_waitcnt vmcnt(1)\nv_mov_b32 v3, v2")
      .expect_missing_wait("v_mov_b32_e32 v3, v2", "global_load_dword v2");
  EXPECT_EQ(Bench(loads + "global_store_dword v0, v0, s[2:3]\ns_waitcnt vmcnt(1)\nv_mov_b32 v3, v2")
                .wave.findings(),
            "");
  Bench(loads + "s_waitcnt lgkmcnt(0)\nv_mov_b32 v3, v1")
      .expect_missing_wait("v_mov_b32_e32 v3, v1", "global_load_dword v1");
}
// A load with EXEC 0 counts all the same.
TEST(Waitcnt, CountsWhateverExecIs) {
  const std::string text = R"(
    global_load_dword v1, v0, s[0:1]
    s_mov_b64 exec, 0
    global_load_dword v2, v0, s[0:1]
    s_mov_b64 exec, -1
    s_waitcnt vmcnt(1)
    v_mov_b32 v3, v1
  )";
  EXPECT_EQ(Bench(text).wave.findings(), "");
}
TEST(Waitcnt, TheCounterHolds63) {
  std::string text = "global_load_dword v1, v0, s[0:1]\n";
  for (int i = 0; i < 63; ++i) text += "global_load_dword v2, v0, s[0:1]\n";
  // The 64th load was issued, so the first has come in.
  EXPECT_EQ(Bench(text + "v_mov_b32 v3, v1").wave.findings(), "");
}

TEST(Waitcnt, LgkmcntForTheLds) {
  const std::string loads = "ds_write_b32 v0, v0\nds_read_b32 v1, v0\nds_read_b32 v2, v0\n";
  EXPECT_EQ(Bench(loads + "s_waitcnt lgkmcnt(1)\nv_mov_b32 v3, v1").wave.findings(), "");
  Bench(loads + "s_waitcnt lgkmcnt(1)\nv_mov_b32 v3, v2")
      .expect_missing_wait("v_mov_b32_e32 v3, v2", "ds_read_b32 v2");
  Bench(loads + "s_waitcnt vmcnt(0)\nv_mov_b32 v3, v1")
      .expect_missing_wait("v_mov_b32_e32 v3, v1", "ds_read_b32 v1");
}
TEST(Waitcnt, ScalarLoadsComeInInAnyOrder) {
  const std::string loads = "s_load_dword s10, s[0:1], 0x4\ns_load_dword s11, s[0:1], 0x8\n";
  Bench(loads + "s_waitcnt lgkmcnt(1)\ns_mov_b32 s12, s10")
      .expect_missing_wait("s_mov_b32 s12, s10", "s_load_dword s10");
  Bench good(loads + "s_waitcnt lgkmcnt(0)\ns_add_u32 s12, s10, s11");
  EXPECT_EQ(good.wave.findings(), "");
  EXPECT_EQ(good.wave.s(12), 3u);
}
TEST(Waitcnt, FlatNeedsTheCounterOfItsMemory) {
  const std::string load = R"(
    v_mov_b32 v2, s0
    v_mov_b32 v3, s1
    flat_load_dword v1, v[2:3]
  )";
  EXPECT_EQ(Bench(load + "s_waitcnt vmcnt(0)\nv_mov_b32 v4, v1").wave.findings(), "");
  const std::string shared = R"(
    ds_write_b32 v0, v0
    s_mov_b64 s[8:9], src_shared_base
    v_mov_b32 v2, v0
    v_mov_b32 v3, s9
    flat_load_dword v1, v[2:3]
  )";
  Bench(shared + "s_waitcnt vmcnt(0)\nv_mov_b32 v4, v1")
      .expect_missing_wait("v_mov_b32_e32 v4, v1", "flat_load_dword v1");
  EXPECT_EQ(Bench(shared + "s_waitcnt lgkmcnt(0)\nv_mov_b32 v4, v1").wave.findings(), "");
}

// Every way to use a register: operand, address, data of a store, lane moves, matrix operands.
TEST(Waitcnt, EveryUseIsSeen) {
  const std::string load = "global_load_dwordx2 v[2:3], v0, s[0:1]\n";
  const struct {
    const char* text;
    const char* instruction;
  } kUses[] = {
      {"v_fma_f32 v4, v5, v6, v3", "v_fma_f32 v4, v5, v6, v3"},
      {"v_fmac_f32 v3, v5, v6", "v_fmac_f32_e32 v3, v5, v6"},
      {"v_mov_b32_dpp v4, v2 row_shr:1",
       "v_mov_b32_dpp v4, v2 row_shr:1 row_mask:0xf bank_mask:0xf"},
      {"v_pk_add_f32 v[4:5], v[2:3], v[8:9]", "v_pk_add_f32 v[4:5], v[2:3], v[8:9]"},
      {"v_cmp_eq_u32 vcc, v2, v4", "v_cmp_eq_u32_e32 vcc, v2, v4"},
      {"v_readfirstlane_b32 s10, v2", "v_readfirstlane_b32 s10, v2"},
      {"v_readlane_b32 s10, v3, 9", "v_readlane_b32 s10, v3, 9"},
      {"ds_write_b32 v0, v3", "ds_write_b32 v0, v3"},
      {"ds_read_b32 v4, v2", "ds_read_b32 v4, v2"},
      {"ds_bpermute_b32 v4, v0, v3", "ds_bpermute_b32 v4, v0, v3"},
      {"ds_add_u32 v0, v3", "ds_add_u32 v0, v3"},
      {"global_store_dwordx2 v0, v[2:3], s[2:3]", "global_store_dwordx2 v0, v[2:3], s[2:3]"},
      {"global_load_dword v4, v2, s[0:1]", "global_load_dword v4, v2, s[0:1]"},
      {"global_atomic_add v0, v3, s[2:3]", "global_atomic_add v0, v3, s[2:3]"},
      {"buffer_load_dword v4, v2, s[4:7], 0 offen", "buffer_load_dword v4, v2, s[4:7], 0 offen"},
      {"buffer_store_dword v3, v0, s[4:7], 0 offen", "buffer_store_dword v3, v0, s[4:7], 0 offen"},
      {"scratch_store_dword off, v3, off", "scratch_store_dword off, v3, off"},
      {"v_mfma_f32_4x4x4_16b_f16 v[4:7], v[2:3], v[8:9], 0",
       "v_mfma_f32_4x4x4_16b_f16 v[4:7], v[2:3], v[8:9], 0"},
      {"v_permlane32_swap_b32 v4, v2", "v_permlane32_swap_b32_e32 v4, v2"},
  };
  for (const auto& use : kUses) {
    SCOPED_TRACE(use.text);
    Bench b(load + use.text);
    ASSERT_FALSE(b.wave.result().findings.empty());
    EXPECT_EQ(b.wave.result().findings[0].kind, FindingKind::kMissingWait) << b.wave.findings();
    EXPECT_EQ(b.wave.result().findings[0].instruction, use.instruction);
    Bench twin(load + "s_waitcnt vmcnt(0)\n" + use.text);
    for (const Finding& f : twin.wave.result().findings)
      EXPECT_NE(f.kind, FindingKind::kMissingWait) << f.message;
  }
}
TEST(Waitcnt, EveryScalarUseIsSeen) {
  const std::string load = "s_load_dwordx2 s[10:11], s[0:1], 0x0\n";
  const char* const kUses[] = {
      "s_add_u32 s12, s10, s11",
      "s_cmp_eq_u32 s10, 0",
      "v_add_u32_e32 v1, s10, v2",
      "s_and_saveexec_b64 s[12:13], s[10:11]",
      "v_cndmask_b32_e64 v1, v2, v3, s[10:11]",
      "s_load_dword s12, s[10:11], 0x0",
      "v_writelane_b32 v1, s10, 3",
      "s_setreg_b32 hwreg(HW_REG_MODE), s10",
      "s_bcnt1_i32_b64 s12, s[10:11]",
  };
  for (const char* use : kUses) {
    SCOPED_TRACE(use);
    Bench b(load + use);
    ASSERT_FALSE(b.wave.result().findings.empty());
    EXPECT_EQ(b.wave.result().findings[0].kind, FindingKind::kMissingWait) << b.wave.findings();
    EXPECT_EQ(b.wave.result().findings[0].instruction, use);
  }
}

TEST(Waitcnt, WritingTheDestinationFirstIsAFinding) {
  Bench b("global_load_dword v1, v0, s[0:1]\nv_mov_b32 v1, 3\ns_waitcnt vmcnt(0)");
  b.expect_missing_wait("global_load_dword v1, v0, s[0:1]", "global_load_dword v1, v0, s[0:1]");
  EXPECT_EQ(b.wave.v(1, 5), 5u);  // the load destroys what was written
  Bench scalar("s_load_dword s10, s[0:1], 0x4\ns_mov_b32 s10, 3\ns_waitcnt lgkmcnt(0)");
  scalar.expect_missing_wait("s_load_dword s10, s[0:1], 0x4", "s_load_dword s10, s[0:1], 0x4");
  EXPECT_EQ(scalar.wave.s(10), 1u);
}
// With early loads the finding is the same, and what was written stays, lane by lane.
TEST(Waitcnt, AnEarlyLoadLeavesWhatIsWrittenOverIt) {
  Bench b(R"(
    global_load_dwordx2 v[2:3], v0, s[0:1]
    s_mov_b64 exec, 0xff
    v_mov_b32 v2, 3
    s_mov_b64 exec, -1
    s_waitcnt vmcnt(0)
    v_mov_b32 v4, v2
    v_mov_b32 v5, v3
  )",
          LateLoads::kNewContent);
  b.expect_missing_wait("global_load_dwordx2 v[2:3], v0, s[0:1]",
                        "global_load_dwordx2 v[2:3], v0, s[0:1]");
  EXPECT_EQ(b.wave.v(4, 5), 3u);
  EXPECT_EQ(b.wave.v(4, 8), 8u);  // not written over
  EXPECT_EQ(b.wave.v(5, 5), 6u);
  EXPECT_EQ(b.wave.v_poison(4, 5) | b.wave.v_poison(4, 8) | b.wave.v_poison(5, 5), 0u);
}
// Loads of one counter come in in order: the later one to a register wins, and waiting for the
// earlier one does not make it usable. Halves of a register are apart.
TEST(Waitcnt, TwoLoadsOfOneRegister) {
  const std::string loads =
      "global_load_dword v1, v0, s[0:1]\nglobal_load_dword v1, v0, s[0:1] offset:4\n";
  Bench good(loads + "s_waitcnt vmcnt(0)\nv_mov_b32 v2, v1");
  EXPECT_EQ(good.wave.findings(), "");
  EXPECT_EQ(good.wave.v(2, 5), 6u);
  Bench(loads + "s_waitcnt vmcnt(1)\nv_mov_b32 v2, v1")
      .expect_missing_wait("v_mov_b32_e32 v2, v1", "global_load_dword v1, v0, s[0:1] offset:4");
  Bench halves(
      "global_load_short_d16 v1, v0, s[0:1]\nglobal_load_short_d16_hi v1, v0, s[0:1] offset:4\n"
      "s_waitcnt vmcnt(0)\nv_mov_b32 v2, v1");
  EXPECT_EQ(halves.wave.findings(), "");
  EXPECT_EQ(halves.wave.v(2, 5), 0x0006'0005u);
}
// Lanes that the load does not write are the program's own.
TEST(Waitcnt, OtherLanesAreFree) {
  const std::string text = R"(
    s_mov_b64 exec, 0xff
    global_load_dword v1, v0, s[0:1]
    s_not_b64 exec, exec
    v_add_u32 v1, 1, v1
    s_mov_b64 exec, -1
    s_waitcnt vmcnt(0)
    v_mov_b32 v2, v1
  )";
  Bench b(text);
  EXPECT_EQ(b.wave.findings(), "");
  EXPECT_EQ(b.wave.v(2, 3), 3u);
  EXPECT_EQ(b.wave.v(2, 9), 7002u);
}

// Loads to LDS: until they come in, its bytes are undefined.
TEST(Waitcnt, LoadsToLds) {
  const std::string load = "s_mov_b32 m0, 0\nglobal_load_lds_dword v0, s[0:1]\n";
  Bench good(load +
             "s_waitcnt vmcnt(0)\nds_read_b32 v1, v0\ns_waitcnt lgkmcnt(0)\n"
             "global_store_dword v0, v1, s[2:3]");
  EXPECT_EQ(good.wave.findings(), "");
  EXPECT_EQ(good.wave.v(1, 9), 9u);
  Bench bad(load + "ds_read_b32 v1, v0\ns_waitcnt lgkmcnt(0)\nglobal_store_dword v0, v1, s[2:3]");
  ASSERT_EQ(bad.wave.result().findings.size(), 1u) << bad.wave.findings();
  EXPECT_EQ(bad.wave.result().findings[0].kind, FindingKind::kUninitialised);
  EXPECT_EQ(bad.wave.v(1, 9), 0u);
}

}  // namespace
}  // namespace wavefuzz::sim
