// A code object's own variables live as long as a runtime keeps the object loaded: here, until the
// memory is reset.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "gpu/sim/launch.h"

namespace wavefuzz::sim {
namespace {

class Globals : public testing::TestWithParam<Arch> {
 protected:
  static CodeObject load() {
    return CodeObject::load("gpu/sim/testdata/globals." + std::string(name(GetParam())) + ".co");
  }
  // out[0..3] after the launch.
  std::vector<int> launch(const CodeObject& object, const char* kernel, Memory& memory,
                          unsigned groups = 1, unsigned threads = 1) {
    Island* out = memory.find("out");
    if (out == nullptr) out = &memory.add({"out", 4096});
    out->fill(0, 4096, std::byte{0});
    LaunchConfig config;
    config.groups = {groups, 1, 1};
    config.group_size = {1, 1, 1};
    config.threads = threads;
    config.set_arg(0, out->address());
    result_ = run(Program(object, kernel), memory, config);
    std::vector<int> values(1024);
    std::memcpy(values.data(), out->bytes().data(), 4096);
    return values;
  }
  std::vector<int> silent(const CodeObject& object, const char* kernel, Memory& memory) {
    std::vector<int> values = launch(object, kernel, memory);
    EXPECT_EQ(result_.status, RunResult::Status::kCompleted)
        << (result_.findings.empty() ? result_.unsupported_what : result_.findings[0].message);
    values.resize(4);
    return values;
  }
  RunResult result_;
};

TEST_P(Globals, KeepTheirValuesFromLaunchToLaunch) {
  const CodeObject object = load();
  Memory memory;
  EXPECT_EQ(silent(object, "bump", memory), (std::vector{6, 2, 0, 30}));
  EXPECT_EQ(silent(object, "bump", memory), (std::vector{7, 4, 0, 30}));
  // Other kernels of the object see them.
  EXPECT_EQ(silent(object, "look", memory), (std::vector{7, 4, 0, 0}));
}
TEST_P(Globals, StartAnewWithAReset) {
  const CodeObject object = load();
  Memory memory;
  silent(object, "bump", memory);
  memory.reset();
  EXPECT_EQ(silent(object, "look", memory), (std::vector{5, 0, 0, 0}));
  EXPECT_EQ(silent(object, "bump", memory), (std::vector{6, 2, 0, 30}));
}
TEST_P(Globals, AreAnObjectsAndAMemorysOwn) {
  const CodeObject object = load(), again = load(), copy = object;
  Memory memory, other;
  silent(object, "bump", memory);
  EXPECT_EQ(silent(again, "look", memory), (std::vector{5, 0, 0, 0}));
  EXPECT_EQ(silent(object, "look", other), (std::vector{5, 0, 0, 0}));
  EXPECT_EQ(silent(copy, "look", memory), (std::vector{6, 2, 0, 0}));
}
TEST_P(Globals, AnAtomicCountsEveryGroup) {
  const CodeObject object = load();
  for (const unsigned threads : {1u, 4u}) {
    Memory memory;
    std::vector<int> seen = launch(object, "count", memory, 1000, threads);
    EXPECT_EQ(result_.status, RunResult::Status::kCompleted);
    seen.resize(1000);
    std::sort(seen.begin(), seen.end());
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(seen[size_t(i)], 5 + i);
    EXPECT_EQ(silent(object, "look", memory)[0], 1005);
  }
}
TEST_P(Globals, ConstantsStayReadOnly) {
  const CodeObject object = load();
  Memory memory;
  launch(object, "write_constant", memory);
  ASSERT_EQ(result_.findings.size(), 1u);
  EXPECT_EQ(result_.findings[0].kind, FindingKind::kWriteToReadOnly);
  EXPECT_NE(result_.findings[0].message.find("code object"), std::string::npos);
  EXPECT_EQ(silent(object, "bump", memory)[3], 30);
}
TEST_P(Globals, HaveAnEnd) {
  const CodeObject object = load();
  Memory memory;
  launch(object, "write_past_end", memory);
  ASSERT_EQ(result_.findings.size(), 1u);
  EXPECT_EQ(result_.findings[0].kind, FindingKind::kOutOfBoundsWrite);
}
// The dynamic section's segment is writable only while it is relocated.
TEST_P(Globals, OnlyTheVariablesSegmentIsWritable) {
  unsigned writable = 0;
  for (const Segment& segment : load().segments()) writable += segment.writable;
  EXPECT_EQ(writable, 1u);
}

INSTANTIATE_TEST_SUITE_P(Arches, Globals, testing::Values(Arch::kGfx942, Arch::kGfx950),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace wavefuzz::sim
