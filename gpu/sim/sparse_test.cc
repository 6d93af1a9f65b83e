// v_smfmac_* in a wave: what undefined data does, and waits. What they compute: mfma/sparse_test and
// opcode_test.
#include <gtest/gtest.h>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

// v[2:3] A, v[4:7] B, v8 the index, v[12:15] D. Of 16x16x32 B's register r holds k = 8 g + 2 r and
// one more in the lanes 16 g to 16 g + 15.
constexpr const char* kText = "v_smfmac_f32_16x16x32_f16 v[12:15], v[2:3], v[4:7], v8";
constexpr uint32_t kFirstTwo = 0x4444'4444, kLastTwo = 0xeeee'eeee;  // of each four k

struct Bench {
  AsmWave wave;
  explicit Bench(const std::string& text = kText, std::vector<unsigned> undefined = {},
                 uint32_t index = kFirstTwo)
      : wave(text) {
    const auto is_undefined = [&](unsigned r) {
      return std::find(undefined.begin(), undefined.end(), r) != undefined.end();
    };
    for (unsigned r = 2; r < 16; ++r)
      if (!is_undefined(r)) wave.set_v(r, r == 8 ? index : 0x3c00'3c00);
  }
  // D's undefined elements, as "row,column" tests.
  template <typename F>
  void expect_undefined(F want) {
    for (unsigned reg = 12; reg < 16; ++reg)
      for (unsigned lane = 0; lane < kLanes; ++lane) {
        const unsigned row = lane / 16 * 4 + reg - 12, column = lane % 16;
        ASSERT_EQ(wave.v_poison(reg, lane) != 0, want(row, column)) << row << " " << column;
      }
  }
};
constexpr auto kNone = [](unsigned, unsigned) { return false; };
constexpr auto kAll = [](unsigned, unsigned) { return true; };

TEST(SparsePoison, DefinedOperandsGiveADefinedResult) {
  Bench b;
  b.wave.run();
  EXPECT_EQ(b.wave.findings(), "");
  b.expect_undefined(kNone);
}
TEST(SparsePoison, WhatARowDoesNotKeepOfBIsNotRead) {
  Bench b(kText, {5, 7});  // k = 2, 3, 6 and 7 of each eight
  b.wave.run();
  EXPECT_EQ(b.wave.findings(), "");
  b.expect_undefined(kNone);
}
TEST(SparsePoison, WhatItKeepsIs) {
  Bench b(kText, {5, 7}, kLastTwo);
  b.wave.run();
  b.expect_undefined(kAll);
}
TEST(SparsePoison, AnUndefinedElementOfBReachesItsColumn) {
  // v9 is v4 but for lane 21, column 5.
  Bench b("s_mov_b64 exec, s[0:1]\nv_mov_b32 v4, v20\ns_mov_b64 exec, -1\n" + std::string(kText));
  b.wave.set_s64(0, uint64_t{1} << 21).run();
  b.expect_undefined([](unsigned, unsigned column) { return column == 5; });
}
TEST(SparsePoison, AnUndefinedElementOfAReachesItsRow) {
  Bench b("s_mov_b64 exec, s[0:1]\nv_mov_b32 v3, v20\ns_mov_b64 exec, -1\n" + std::string(kText));
  b.wave.set_s64(0, uint64_t{1} << 21).run();
  b.expect_undefined([](unsigned row, unsigned) { return row == 5; });
}
TEST(SparsePoison, AnUndefinedIndexReachesItsRow) {
  Bench b("s_mov_b64 exec, s[0:1]\nv_mov_b32 v8, v20\ns_mov_b64 exec, -1\n" + std::string(kText));
  b.wave.set_s64(0, uint64_t{1} << 21).run();
  b.expect_undefined([](unsigned row, unsigned) { return row == 5; });
}
TEST(SparsePoison, OnlyTheSetThatAbidNamesMatters) {
  const std::string text = "v_perm_b32 v8, v20, v8, v9\n" + std::string(kText);
  for (const bool taken : {true, false}) {
    // Byte 2 of v8 gets a byte that nothing has written, the others stay.
    Bench b(text + (taken ? " abid:2" : " abid:1"));
    b.wave.set_v(9, 0x0304'0100).run();
    EXPECT_EQ(b.wave.v_poison(8), 0x00ff'0000u);
    if (taken)
      b.expect_undefined(kAll);
    else
      b.expect_undefined(kNone);
  }
}
TEST(SparsePoison, DsFormerContentCounts) {
  Bench b("s_mov_b64 exec, s[0:1]\nv_mov_b32 v13, v20\ns_mov_b64 exec, -1\n" + std::string(kText));
  b.wave.set_s64(0, uint64_t{1} << 21).run();
  b.expect_undefined([](unsigned row, unsigned column) { return row == 5 && column == 5; });
}

TEST(SparseWait, EveryOperandNeedsItsWait) {
  for (const char* operand : {"v3", "v6", "v8", "v14"}) {
    for (const bool waits : {false, true}) {
      SCOPED_TRACE(testing::Message() << operand << (waits ? " with a wait" : ""));
      AsmWave wave(std::string("global_load_dword ") + operand + ", v0, s[0:1]\n" +
                   (waits ? "s_waitcnt vmcnt(0)\n" : "") + kText);
      Island& in = wave.memory().add({"in", 256});
      in.fill(0, 256, std::byte{0x44});
      LaneValues offsets;
      for (unsigned i = 0; i < kLanes; ++i) offsets[i] = 4 * i;
      wave.set_s64(0, in.address()).set_v(0, offsets);
      for (unsigned r = 2; r < 16; ++r) wave.set_v(r, 0x4444'4444);
      wave.run();
      ASSERT_EQ(wave.result().findings.size(), waits ? 0u : 1u) << wave.findings();
      if (!waits) {
        EXPECT_EQ(wave.result().findings[0].kind, FindingKind::kMissingWait);
      }
    }
  }
}

TEST(SparseBind, AnIndexSetThatIsNotThereIsUnsupported) {
  AsmWave wave("v_smfmac_f32_16x16x64_fp8_fp8 v[12:15], v[2:3], v[4:7], v8 abid:2");
  EXPECT_EQ(wave.mnemonics()[0], "");
}
TEST(SparseFidelity, IsAHypothesisButForIntegers) {
  Bench floats;
  floats.wave.run();
  EXPECT_EQ(floats.wave.result().weakest, Fidelity::kHypothesis);
  Bench integers("v_smfmac_i32_16x16x64_i8 v[12:15], v[2:3], v[4:7], v8");
  integers.wave.run();
  EXPECT_EQ(integers.wave.result().weakest, Fidelity::kExact);
}

}  // namespace
}  // namespace wavefuzz::sim
