// The kernarg segment: what of it a kernel may load, and what of that is defined. Arguments of
// every size, by clang (testdata/arguments.hip) and by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "gpu/sim/launch.h"
#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

class Arguments : public testing::TestWithParam<Arch> {
 protected:
  // Runs a kernel of 64 work-items whose first argument is the output.
  std::vector<uint32_t> run_kernel(const char* kernel) {
    const Program program(
        CodeObject::load("gpu/sim/testdata/arguments." + std::string(name(GetParam())) + ".co"),
        kernel);
    config_.set_arg(0, out_.address());
    config_.kernarg.resize(program.kernel().explicit_bytes());
    result_ = run(program, memory_, config_);
    for (const std::string& missing : program.unsupported()) ADD_FAILURE() << missing;
    std::vector<uint32_t> values(64);
    std::memcpy(values.data(), out_.bytes().data(), 256);
    return values;
  }
  void expect_all(const std::vector<uint32_t>& got, uint32_t want) {
    EXPECT_EQ(result_.status, RunResult::Status::kCompleted);
    for (const Finding& f : result_.findings) ADD_FAILURE() << f.message;
    EXPECT_EQ(std::count(got.begin(), got.end(), want), 64) << got[0] << ", not " << want;
  }

  Memory memory_;
  Island& out_ = memory_.add({"out", 256});
  LaunchConfig config_;
  RunResult result_;
};

TEST_P(Arguments, ALoadOfTheLastIntegersReachesThePaddingBehindTheSegment) {
  Island& ints = memory_.add({"ints", 8, Access::kRead});
  ints.write_values<int>(0, std::array<int, 2>{7000, 2000});
  config_.set_arg(8, ints.address());
  config_.set_arg(16, ints.address() + 4);
  config_.set_arg(24, 1);
  config_.set_arg(28, 2);
  config_.set_arg(32, 3);
  expect_all(run_kernel("three_ints"), 5321);
}

// Only the low byte of a bool's dword is defined; the compiler tests a bit of it.
TEST_P(Arguments, Flags) {
  config_.set_arg(8, 3);
  config_.set_arg(12, 4);
  struct Row {
    std::array<bool, 3> flags;
    int want;
  };
  const Row rows[] = {
      {{true, false, false}, 66}, {{false, true, false}, 1012}, {{false, false, true}, -12}};
  for (const Row& row : rows) {
    config_.set_arg(16, row.flags);
    expect_all(run_kernel("flags"), uint32_t(row.want));
  }
}

TEST_P(Arguments, StructsOfOddSizes) {
  config_.set_arg(8, std::array<uint8_t, 3>{250, 251, 252});
  config_.set_arg(12, int8_t{-1});
  config_.set_arg(14, uint16_t{60000});
  config_.set_arg(16, 7);
  config_.set_arg(20, uint8_t{9});
  config_.set_arg(21, uint32_t{1'000'000});
  expect_all(run_kernel("structs"), 250 + 251 + 252 - 10 + 6'000'000 + 7000 + 9 + 1'000'000);
}

TEST_P(Arguments, FloatsOfEverySize) {
  config_.set_arg(8, uint16_t{0x3e00});  // 1.5
  config_.set_arg(16, 0.25);
  config_.set_arg(24, 8.0f);
  expect_all(run_kernel("halves"), 0x411c0000);  // 9.75
}

TEST_P(Arguments, AByteBetweenTwoArgumentsIsUndefined) {
  config_.set_arg(8, uint8_t{1});
  config_.set_arg(12, 2);
  run_kernel("uses_a_gap");
  ASSERT_EQ(result_.findings.size(), 1u);
  EXPECT_EQ(result_.findings[0].kind, FindingKind::kUninitialised);
}

// A kernel by hand whose segment has 36 bytes: its padding ends at 64.
RunResult run_text(Arch arch, const std::string& text, uint8_t preload_dwords = 0) {
  KernelInfo kernel;
  kernel.symbol = "test";
  kernel.kernarg_bytes = 36;
  kernel.args = {{"out", 0, 8, "global_buffer"}, {"last", 32, 4, "by_value"}};
  KernelDescriptor& d = kernel.descriptor;
  d.vgprs = 8;
  d.accum_offset = 8;
  d.kernarg_ptr = true;
  d.user_sgprs = uint8_t(2 + preload_dwords);
  d.preload_dwords = preload_dwords;
  std::string code = text + "\ns_endpgm\n";
  if (preload_dwords != 0) code = ".fill 64, 4, 0xbf800000\n" + code;  // entry is 256 bytes in
  const Program program(CodeObject::from_code(arch, kernel, assemble(arch, code)), "test");
  Memory memory;
  const Island& out = memory.add({"out", 256});
  LaunchConfig config;
  config.set_arg(0, out.address());
  config.set_arg(32, 5);
  return run(program, memory, config);
}

TEST_P(Arguments, ThePaddingIsUndefinedAndEndsAt64Bytes) {
  const std::string store = R"(
    s_load_dwordx2 s[4:5], s[0:1], 0x0
    s_load_dwordx2 s[6:7], s[0:1], {}
    s_waitcnt lgkmcnt(0)
    v_lshlrev_b32 v0, 2, v0
    v_mov_b32 v1, {}
    global_store_dword v0, v1, s[4:5]
  )";
  const auto with = [&](const char* offset, const char* value) {
    std::string text = store;
    text.replace(text.find("{}"), 2, offset);
    text.replace(text.find("{}"), 2, value);
    return run_text(GetParam(), text);
  };
  EXPECT_EQ(with("0x20", "s6").findings.size(), 0u);  // the last argument, and padding
  EXPECT_EQ(with("0x38", "0").findings.size(), 0u);   // padding that nothing uses

  const RunResult used = with("0x20", "s7");
  ASSERT_EQ(used.findings.size(), 1u);
  EXPECT_EQ(used.findings[0].kind, FindingKind::kUninitialised);

  const RunResult beyond = with("0x3c", "0");
  ASSERT_EQ(beyond.findings.size(), 1u);
  EXPECT_EQ(beyond.findings[0].kind, FindingKind::kOutOfBoundsRead);
  ASSERT_TRUE(beyond.findings[0].memory);
  EXPECT_EQ(beyond.findings[0].memory->offset, 64);
}

TEST_P(Arguments, PreloadedRegistersMayHoldThePadding) {
  // s[2:3] is the output, s10 the last argument, s11 padding.
  const std::string store =
      "v_lshlrev_b32 v0, 2, v0\nv_mov_b32 v1, {}\n"
      "global_store_dword v0, v1, s[2:3]\n";
  const auto with = [&](const char* value) {
    std::string text = store;
    return run_text(GetParam(), text.replace(text.find("{}"), 2, value), 10);
  };
  EXPECT_EQ(with("s10").findings.size(), 0u);
  ASSERT_EQ(with("s11").findings.size(), 1u);
  EXPECT_EQ(with("s11").findings[0].kind, FindingKind::kUninitialised);
}

INSTANTIATE_TEST_SUITE_P(All, Arguments, testing::Values(Arch::kGfx942, Arch::kGfx950),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace wavefuzz::sim
