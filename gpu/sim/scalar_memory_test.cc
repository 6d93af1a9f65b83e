// Scalar stores and atomics: bounds, access, alignment, poison, waits and races. What they do to
// memory is opcode_test's.
#include <gtest/gtest.h>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

// s[0:1] points to `out` (64 bytes), s[2:3] to `in`, which is read-only, s[4:7] describes `out`,
// s[16:17] points to `log`, which is write-only; s[8:11] are 1000 on.
struct Bench {
  AsmWave wave;
  Island* out;
  explicit Bench(const std::string& text, LateLoads late = LateLoads::kOldContent)
      : wave(text, [&] {
          AsmOptions options;
          options.late_loads = late;
          return options;
        }()) {
    out = &wave.memory().add({"out", 64});
    Island& in = wave.memory().add({.name = "in", .bytes = 64, .access = Access::kRead});
    Island& log = wave.memory().add({.name = "log", .bytes = 64, .access = Access::kWrite});
    in.fill(0, 64, std::byte{7});
    wave.set_s64(0, out->address()).set_s64(2, in.address()).set_s64(16, log.address());
    wave.set_s64(4, out->address()).set_s(6, 64).set_s(7, 0x27000);
    for (unsigned r = 8; r < 12; ++r) wave.set_s(r, 1000 + r);
    wave.set_s(12, 4);
  }
  void expect(FindingKind kind, const std::string& says) {
    wave.run();
    ASSERT_EQ(wave.result().findings.size(), 1u) << wave.findings();
    const Finding& f = wave.result().findings[0];
    EXPECT_EQ(f.kind, kind) << f.message;
    EXPECT_EQ(f.lanes, 0u) << f.message;
    EXPECT_NE(f.message.find(says), std::string::npos) << f.message;
  }
  void expect_silent() {
    wave.run();
    EXPECT_EQ(wave.findings(), "");
  }
};

TEST(ScalarStore, OutOfBounds) {
  Bench("s_store_dword s8, s[0:1], 0x40").expect(FindingKind::kOutOfBoundsWrite, "out");
  Bench("s_store_dwordx4 s[8:11], s[0:1], 0x34").expect(FindingKind::kOutOfBoundsWrite, "16 bytes");
  Bench("s_store_dword s8, s[0:1], -0x4").expect(FindingKind::kOutOfBoundsWrite, "-0x4");
  Bench("s_store_dword s8, s[0:1], s12 offset:0x3c").expect(FindingKind::kOutOfBoundsWrite, "out");
  Bench("s_store_dwordx4 s[8:11], s[0:1], 0x30").expect_silent();
}
TEST(ScalarStore, ABadOneIsDropped) {
  Bench b("s_store_dwordx4 s[8:11], s[0:1], 0x34");
  b.wave.run();
  EXPECT_TRUE(b.out->written_ranges().empty());
}
TEST(ScalarStore, MarksWhatItWrites) {
  Bench b("s_store_dwordx2 s[8:9], s[0:1], 0x10\ns_buffer_store_dword s10, s[4:7], 0x20");
  b.expect_silent();
  EXPECT_EQ(b.out->written_ranges(), (std::vector<ByteRange>{{16, 24}, {32, 36}}));
  EXPECT_TRUE(b.out->initialised(16, 8));
  EXPECT_TRUE(b.out->initialised(32, 4));
  EXPECT_FALSE(b.out->initialised(24, 4));
}
TEST(ScalarStore, ReadOnlyMemory) {
  Bench("s_store_dword s8, s[2:3], 0x0").expect(FindingKind::kWriteToReadOnly, "in");
}
TEST(ScalarStore, Misaligned) {
  Bench b("s_store_dword s8, s[0:1], 0x6");
  b.expect(FindingKind::kMisaligned, "out");
  EXPECT_EQ(b.out->written_ranges(), (std::vector<ByteRange>{{4, 8}}));
}
TEST(ScalarStore, UndefinedData) {
  Bench b("s_store_dwordx2 s[30:31], s[0:1], 0x0");
  b.expect(FindingKind::kUninitialised, "a value stored to global memory depends on");
  EXPECT_FALSE(b.out->initialised(0, 8));
}
TEST(ScalarStore, OnlyTheUndefinedBytesStayUndefined) {
  Bench b("s_and_b32 s20, s30, 0xffff\ns_store_dword s20, s[0:1], 0x0");
  b.expect(FindingKind::kUninitialised, "a value stored to global memory depends on");
  EXPECT_FALSE(b.out->initialised(0, 1));
  EXPECT_TRUE(b.out->initialised(2, 2));
}
TEST(ScalarStore, UndefinedAddress) {
  Bench("s_store_dword s8, s[30:31], 0x0").expect(FindingKind::kUninitialised, "an address depends on");
  Bench("s_store_dword s8, s[0:1], s30").expect(FindingKind::kUninitialised, "an address depends on");
  Bench("s_buffer_store_dword s8, s[32:35], 0x0").expect(FindingKind::kUninitialised, "address");
}
TEST(ScalarStore, WhatADescriptorDropsIsNeverWritten) {
  Bench b("s_buffer_store_dwordx4 s[8:11], s[4:7], 0x38\ns_buffer_store_dword s30, s[4:7], 0x40");
  b.expect_silent();
  EXPECT_EQ(b.out->written_ranges(), (std::vector<ByteRange>{{56, 64}}));
}
TEST(ScalarStore, ADescriptorThatSaysTooMuch) {
  Bench b("s_movk_i32 s6, 0x100\ns_buffer_store_dword s8, s[4:7], 0x80");
  b.expect(FindingKind::kOutOfBoundsWrite, "out");
}
TEST(ScalarStore, DataThatIsUnderWay) {
  Bench("s_load_dword s8, s[2:3], 0x0\ns_store_dword s8, s[0:1], 0x0")
      .expect(FindingKind::kMissingWait, "s_load_dword");
  Bench("s_load_dword s8, s[2:3], 0x0\ns_waitcnt lgkmcnt(0)\ns_store_dword s8, s[0:1], 0x0")
      .expect_silent();
  Bench late("s_load_dword s8, s[2:3], 0x0\ns_store_dword s8, s[0:1], 0x0",
             LateLoads::kNewContent);
  late.expect(FindingKind::kMissingWait, "s_load_dword");
  EXPECT_EQ(late.out->bytes()[0], std::byte{7});
}
TEST(ScalarStore, IsSeenByALoad) {
  Bench b("s_store_dword s8, s[0:1], 0x4\ns_waitcnt lgkmcnt(0)\ns_dcache_wb\n"
          "s_load_dword s20, s[0:1], 0x4\ns_waitcnt lgkmcnt(0)");
  b.expect_silent();
  EXPECT_EQ(b.wave.s(20), 1008u);
}

TEST(ScalarAtomic, BoundsAndAccess) {
  Bench("s_atomic_add s8, s[0:1], 0x40").expect(FindingKind::kOutOfBoundsWrite, "out");
  Bench("s_atomic_add s8, s[2:3], 0x0").expect(FindingKind::kWriteToReadOnly, "in");
  Bench("s_atomic_add s8, s[16:17], 0x0").expect(FindingKind::kReadFromWriteOnly, "log");
  Bench("s_atomic_add_x2 s[8:9], s[0:1], 0x4").expect(FindingKind::kMisaligned, "8 bytes");
  Bench("s_atomic_add s8, s[0:1], 0x2").expect(FindingKind::kMisaligned, "4 bytes");
  Bench("s_atomic_add_x2 s[8:9], s[0:1], 0x8").expect_silent();
}
TEST(ScalarAtomic, ItsResultNeedsAWait) {
  for (const char* name : {"swap", "add_x2"}) {
    const bool wide = std::string(name) == "add_x2";
    const std::string atomic = "s_atomic_" + std::string(name) + (wide ? " s[8:9]" : " s8") +
                               ", s[0:1], 0x0 glc\n";
    Bench early(atomic + "s_add_u32 s20, s8, 1");
    early.out->fill(0, 64, std::byte{1});
    early.expect(FindingKind::kMissingWait, "s_atomic_");
    EXPECT_EQ(early.wave.s(20), 1009u);
    Bench b(atomic + "s_waitcnt lgkmcnt(0)\ns_add_u32 s20, s8, 1");
    b.out->fill(0, 64, std::byte{1});
    b.expect_silent();
    EXPECT_EQ(b.wave.s(20), 0x0101'0102u);
  }
}
TEST(ScalarAtomic, WithoutGlcNothingComesBack) {
  Bench b("s_atomic_add s8, s[0:1], 0x0\ns_add_u32 s20, s8, 1");
  b.out->fill(0, 64, std::byte{1});
  b.expect_silent();
  EXPECT_EQ(b.wave.s(20), 1009u);
  EXPECT_EQ(b.wave.s_poison(8), 0u);
}
TEST(ScalarAtomic, Poison) {
  // Undefined memory comes back undefined, and stays so.
  Bench memory("s_atomic_add s8, s[0:1], 0x0 glc\ns_waitcnt lgkmcnt(0)");
  memory.expect_silent();
  EXPECT_EQ(memory.wave.s_poison(8), ~0u);
  EXPECT_FALSE(memory.out->initialised(0, 4));
  Bench data("s_atomic_add s30, s[0:1], 0x0");
  data.out->fill(0, 64, std::byte{1});
  data.expect(FindingKind::kUninitialised, "a value stored to global memory depends on");
  EXPECT_FALSE(data.out->initialised(0, 4));
  Bench compare("s_atomic_cmpswap s[30:31], s[0:1], 0x0");
  compare.wave.set_s(30, 1);
  compare.out->fill(0, 64, std::byte{1});
  compare.expect(FindingKind::kUninitialised, "a value stored to global memory depends on");
  Bench address("s_atomic_add s8, s[30:31], 0x0 glc\ns_waitcnt lgkmcnt(0)");
  address.expect(FindingKind::kUninitialised, "an address depends on");
  EXPECT_EQ(address.wave.s_poison(8), ~0u);
}

// --- Races: two groups of one wave ----------------------------------------------------------------

// s[0:1] is the kernarg segment, s2 the group. `out` comes to s[4:5], filled with 5s.
RunResult launch(const std::string& text, Memory& memory) {
  KernelInfo kernel;
  kernel.symbol = "k";
  kernel.kernarg_bytes = 8;
  kernel.descriptor.kernarg_ptr = true;
  kernel.descriptor.user_sgprs = 2;
  kernel.descriptor.group_id[0] = true;
  kernel.descriptor.vgprs = 32;
  kernel.descriptor.accum_offset = 32;
  const Program program(
      CodeObject::from_code(
          Arch::kGfx942, kernel,
          assemble(Arch::kGfx942, "s_load_dwordx2 s[4:5], s[0:1], 0x0\ns_waitcnt lgkmcnt(0)\n" +
                                      text + "\ns_endpgm\n")),
      "k");
  Island& out = memory.add({"out", 64});
  out.fill(0, 64, std::byte{5});
  LaunchConfig config;
  config.groups = {2, 1, 1};
  config.set_arg(0, out.address());
  return run(program, memory, config);
}
void expect_race(const std::string& text, bool race) {
  SCOPED_TRACE(text);
  Memory memory;
  const RunResult result = launch(text, memory);
  ASSERT_EQ(result.findings.size(), race ? 1u : 0u)
      << (result.findings.empty() ? result.unsupported_what : result.findings[0].message);
  if (race) {
    EXPECT_EQ(result.findings[0].kind, FindingKind::kDataRace) << result.findings[0].message;
  }
}

TEST(ScalarRace, TwoStoresOfDifferentValues) {
  expect_race("s_store_dword s2, s[4:5], 0x0", true);
}
TEST(ScalarRace, TwoStoresOfTheSameValueAreNone) {
  expect_race("s_movk_i32 s6, 0x7\ns_store_dword s6, s[4:5], 0x0", false);
}
TEST(ScalarRace, StoresToDifferentPlacesAreNone) {
  expect_race("s_lshl_b32 s6, s2, 2\ns_store_dword s2, s[4:5], s6", false);
}
TEST(ScalarRace, AVectorLoadOfWhatAnotherGroupStores) {
  const std::string text =
      "v_mov_b32 v1, 0\ns_cmp_eq_u32 s2, 0\ns_cbranch_scc1 store\n"
      "global_load_dword v2, v1, s[4:5]\ns_waitcnt vmcnt(0)\nglobal_store_dword v1, v2, s[4:5] "
      "offset:32\ns_endpgm\nstore:\ns_store_dword s5, s[4:5], ";
  expect_race(text + "0x0", true);
  expect_race(text + "0x4", false);
}
TEST(ScalarRace, AtomicsTakeTurns) {
  Memory memory;
  const RunResult result =
      launch("s_movk_i32 s6, 0x1\ns_atomic_add s6, s[4:5], 0x0", memory);
  EXPECT_TRUE(result.findings.empty());
  uint32_t word;
  std::memcpy(&word, memory.find("out")->bytes().data(), 4);
  EXPECT_EQ(word, 0x0505'0507u);
}

}  // namespace
}  // namespace wavefuzz::sim
