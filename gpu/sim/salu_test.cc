// Scalar instructions: results and SCC as the ISA manual defines them; EXEC and control flow.
#include <gtest/gtest.h>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

struct Row {
  const char* text;  // reads s[0:1], s[2:3], SCC; writes s[4:5]
  uint64_t a, b;
  bool scc_in;
  uint64_t want;
  bool scc;
};

TEST(Scalar, ResultsAndScc) {
  constexpr uint64_t kTop = 0x8000'0000'0000'0000;
  for (const Row& r : {
           // Carry and borrow for u32, signed overflow for i32.
           Row{"s_add_u32 s4, s0, s2", 0xffff'ffff, 1, false, 0, true},
           Row{"s_add_u32 s4, s0, s2", 5, 6, true, 11, false},
           Row{"s_addc_u32 s4, s0, s2", 0xffff'ffff, 0, true, 0, true},
           Row{"s_addc_u32 s4, s0, s2", 0xffff'fffe, 0, true, 0xffff'ffff, false},
           Row{"s_sub_u32 s4, s0, s2", 3, 5, false, 0xffff'fffe, true},
           Row{"s_subb_u32 s4, s0, s2", 5, 5, true, 0xffff'ffff, true},
           Row{"s_subb_u32 s4, s0, s2", 6, 5, true, 0, false},
           Row{"s_add_i32 s4, s0, s2", 0x7fff'ffff, 1, false, 0x8000'0000, true},
           Row{"s_add_i32 s4, s0, s2", 0xffff'ffff, 1, true, 0, false},
           Row{"s_sub_i32 s4, s0, s2", 0x8000'0000, 1, false, 0x7fff'ffff, true},
           Row{"s_mov_b32 s4, s0\ns_addk_i32 s4, 0xff00", 0x100, 0, true, 0, false},
           Row{"s_mov_b32 s4, s0\ns_addk_i32 s4, 0x1", 0x7fff'ffff, 0, false, 0x8000'0000, true},
           // No SCC.
           Row{"s_mul_i32 s4, s0, s2", 0xffff'ffff, 7, true, 0xffff'fff9, true},
           Row{"s_mul_hi_u32 s4, s0, s2", 0xffff'ffff, 7, true, 6, true},
           Row{"s_mul_hi_i32 s4, s0, s2", 0xffff'ffff, 7, false, 0xffff'ffff, false},
           Row{"s_movk_i32 s4, 0x8000", 0, 0, true, 0xffff'8000, true},
           Row{"s_bfm_b32 s4, s0, s2", 4, 8, true, 0xf00, true},
           Row{"s_bfm_b64 s[4:5], s0, s2", 4, 40, true, 0xf00'0000'0000, true},
           Row{"s_brev_b32 s4, s0", 0x1, 0, true, 0x8000'0000, true},
           Row{"s_ff1_i32_b32 s4, s0", 0x50, 0, true, 4, true},
           Row{"s_ff1_i32_b64 s4, s[0:1]", uint64_t{1} << 45, 0, true, 45, true},
           Row{"s_ff1_i32_b32 s4, s0", 0, 0, true, 0xffff'ffff, true},
           Row{"s_flbit_i32_b32 s4, s0", 0x00ff'0000, 0, false, 8, false},
           Row{"s_flbit_i32_b64 s4, s[0:1]", 0x50, 0, false, 57, false},
           Row{"s_flbit_i32 s4, s0", 0xffff'0000, 0, false, 16, false},
           Row{"s_sext_i32_i8 s4, s0", 0x80, 0, true, 0xffff'ff80, true},
           Row{"s_pack_ll_b32_b16 s4, s0, s2", 0x1111'2222, 0x3333'4444, true, 0x4444'2222, true},
           Row{"s_pack_hh_b32_b16 s4, s0, s2", 0x1111'2222, 0x3333'4444, true, 0x3333'1111, true},
           Row{"s_bitset1_b32 s4, s0", 0, 0, true, 0x5555'5555 | 1, true},
           // Result != 0.
           Row{"s_and_b32 s4, s0, s2", 0xf0, 0x0f, true, 0, false},
           Row{"s_or_b64 s[4:5], s[0:1], s[2:3]", kTop, 0, false, kTop, true},
           Row{"s_andn2_b64 s[4:5], s[0:1], s[2:3]", ~0ull, kTop, false, ~kTop, true},
           Row{"s_nor_b32 s4, s0, s2", 0xffff'ffff, 0, true, 0, false},
           Row{"s_not_b32 s4, s0", 0xffff'ffff, 0, true, 0, false},
           Row{"s_lshl_b32 s4, s0, s2", 0x8000'0000, 33, true, 0, false},
           Row{"s_lshr_b64 s[4:5], s[0:1], s2", kTop, 63, false, 1, true},
           Row{"s_ashr_i64 s[4:5], s[0:1], s2", kTop, 63, false, ~0ull, true},
           Row{"s_ashr_i32 s4, s0, s2", 0x8000'0000, 4, false, 0xf800'0000, true},
           Row{"s_bfe_u32 s4, s0, s2", 0x1234'5678, 8 | 12 << 16, false, 0x456, true},
           Row{"s_bfe_i32 s4, s0, s2", 0x0000'0f00, 8 | 4 << 16, false, 0xffff'ffff, true},
           Row{"s_bfe_u64 s[4:5], s[0:1], s2", 0x1234'5678'9abc'def0, 32 | 16 << 16, false, 0x5678,
               true},
           Row{"s_bfe_i64 s[4:5], s[0:1], s2", 0x0000'8000'0000'0000, 32 | 16 << 16, false,
               0xffff'ffff'ffff'8000, true},
           Row{"s_bcnt1_i32_b64 s4, s[0:1]", 0xff00'0000'0000'00ff, 0, false, 16, true},
           Row{"s_bcnt0_i32_b32 s4, s0", 0xffff'ffff, 0, true, 0, false},
           Row{"s_abs_i32 s4, s0", 0xffff'fffb, 0, false, 5, true},
           Row{"s_absdiff_i32 s4, s0, s2", 3, 10, false, 7, true},
           Row{"s_wqm_b64 s[4:5], s[0:1]", 0x1000'0000'0000'0004, 0, false, 0xf000'0000'0000'000f,
               true},
           // One of the operands was taken: S0.
           Row{"s_min_i32 s4, s0, s2", 0xffff'ffff, 1, false, 0xffff'ffff, true},
           Row{"s_min_u32 s4, s0, s2", 0xffff'ffff, 1, true, 1, false},
           Row{"s_max_i32 s4, s0, s2", 4, 4, false, 4, true},
           Row{"s_max_u32 s4, s0, s2", 4, 5, true, 5, false},
           // Shift and add: carry.
           Row{"s_lshl3_add_u32 s4, s0, s2", 0x2000'0000, 7, false, 7, true},
           Row{"s_lshl1_add_u32 s4, s0, s2", 3, 1, true, 7, false},
           // Compares and selects.
           Row{"s_cmp_lt_i32 s0, s2\ns_cselect_b32 s4, 1, 2", 0xffff'ffff, 0, false, 1, true},
           Row{"s_cmp_lt_u32 s0, s2\ns_cselect_b32 s4, 1, 2", 0xffff'ffff, 0, true, 2, false},
           Row{"s_cmp_eq_u64 s[0:1], s[2:3]\ns_cselect_b64 s[4:5], -1, 0", kTop, kTop, false, ~0ull,
               true},
           Row{"s_bitcmp1_b32 s0, 4\ns_cselect_b32 s4, 1, 2", 0x10, 0, false, 1, true},
           Row{"s_cmpk_gt_i32 s0, 0xfff0\ns_cselect_b32 s4, 1, 2", 0, 0, false, 1, true},
           Row{"s_cmpk_gt_u32 s0, 0xfff0\ns_cselect_b32 s4, 1, 2", 0, 0, true, 2, false},
           Row{"s_cmov_b32 s4, s0", 9, 0, true, 9, true},
           Row{"s_cmov_b32 s4, s0", 9, 0, false, 0x5555'5555, false},
           // 64-bit literals: zero-extended, sign-extended for i64 instructions.
           Row{"s_and_b64 s[4:5], s[0:1], 0xffffff00", ~0ull, 0, false, 0xffff'ff00, true},
           Row{"s_mov_b64 s[4:5], 1.0", 0, 0, true, 0x3ff0'0000'0000'0000, true},
           Row{"s_mov_b32 s4, 0.15915494", 0, 0, true, 0x3e22'f983, true},
           Row{"s_mov_b64 s[4:5], -3", 0, 0, true, 0xffff'ffff'ffff'fffd, true},
       }) {
    const bool wide = std::string(r.text).find("s[4:5]") != std::string::npos;
    AsmWave wave(r.text);
    wave.set_s64(0, r.a).set_s64(2, r.b).set_s64(4, 0x5555'5555).set_s(kScc, r.scc_in).run();
    EXPECT_EQ(wide ? wave.s64(4) : wave.s(4), r.want) << r.text;
    EXPECT_EQ(wave.s(kScc), uint32_t(r.scc)) << r.text;
    EXPECT_EQ(wave.findings(), "") << r.text;
  }
}

TEST(Exec, SaveexecFamily) {
  struct Case {
    const char* name;
    uint64_t want;
  };
  constexpr uint64_t kSource = 0x00ff, kExecIn = 0x0f0f;
  for (const Case& c : {Case{"and", kSource & kExecIn}, Case{"or", kSource | kExecIn},
                        Case{"xor", kSource ^ kExecIn}, Case{"andn2", kSource & ~kExecIn},
                        Case{"orn2", kSource | ~kExecIn}, Case{"nand", ~(kSource & kExecIn)},
                        Case{"nor", ~(kSource | kExecIn)}, Case{"xnor", ~(kSource ^ kExecIn)},
                        Case{"andn1", ~kSource & kExecIn}, Case{"orn1", ~kSource | kExecIn}}) {
    AsmOptions options;
    options.exec = kExecIn;
    AsmWave wave(std::string("s_") + c.name + "_saveexec_b64 s[2:3], s[0:1]\nv_mov_b32 v1, 7",
                 options);
    wave.set_s64(0, kSource).set_v(1, 0).run();
    EXPECT_EQ(wave.s64(2), kExecIn) << c.name;
    EXPECT_EQ(wave.exec(), c.want) << c.name;
    EXPECT_EQ(wave.s(kScc), uint32_t(c.want != 0)) << c.name;
    for (unsigned i = 0; i < kLanes; ++i) EXPECT_EQ(wave.v(1, i), c.want >> i & 1 ? 7u : 0u);
  }
}

TEST(Branches, LoopsCallsAndJumps) {
  AsmWave wave(R"(
      s_mov_b32 s0, 0
      s_mov_b32 s1, 10
    loop:
      s_add_u32 s0, s0, s1
      s_sub_u32 s1, s1, 1
      s_cmp_lg_u32 s1, 0
      s_cbranch_scc1 loop
      s_mov_b64 exec, 0
      s_cbranch_execz skip
      s_mov_b32 s0, 0
    skip:
      s_getpc_b64 s[4:5]
    base:
      s_add_u32 s4, s4, function-base
      s_addc_u32 s5, s5, 0
      s_swappc_b64 s[6:7], s[4:5]
      s_add_u32 s2, s2, 1
      s_branch end
    function:
      s_mov_b32 s2, 100
      s_setpc_b64 s[6:7]
    end:
  )");
  wave.run();
  EXPECT_EQ(wave.findings(), "");
  EXPECT_EQ(wave.s(0), 55u);
  EXPECT_EQ(wave.s(2), 101u);
}

TEST(GprIndexing, AddsM0ToTheChosenOperands) {
  AsmWave wave(R"(
    s_set_gpr_idx_on s0, gpr_idx(SRC0)
    v_mov_b32 v10, v1
    s_set_gpr_idx_off
    s_set_gpr_idx_on s0, gpr_idx(DST)
    v_mov_b32 v11, v1
    s_set_gpr_idx_off
    v_mov_b32 v20, v1
  )");
  for (unsigned r = 1; r < 5; ++r) wave.set_v(r, 100 + r);
  wave.set_s(0, 3).run();
  EXPECT_EQ(wave.v(10), 104u);
  EXPECT_EQ(wave.v(14), 101u);
  EXPECT_EQ(wave.v(20), 101u);
}

}  // namespace
}  // namespace wavefuzz::sim
