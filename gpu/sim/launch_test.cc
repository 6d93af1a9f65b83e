#include "gpu/sim/launch.h"

#include <cmath>

#include <gtest/gtest.h>

namespace wavefuzz::sim {
namespace {

TEST(Launch, Saxpy) {
  for (const char* arch : {"gfx942", "gfx950"}) {
    const CodeObject object = CodeObject::load(std::string("gpu/sim/testdata/saxpy.") + arch + ".co");
    const Program program(object, "saxpy");
    for (const std::string& missing : program.unsupported()) ADD_FAILURE() << missing;
    Memory memory;
    constexpr int kN = 1000;
    std::vector<float> x(kN), y(kN);
    for (int i = 0; i < kN; ++i) {
      x[i] = float(i) * 0.5f;
      y[i] = 100.0f - float(i);
    }
    Island& xi = memory.add({"x", kN * 4});
    Island& yi = memory.add({"y", kN * 4});
    Island& out = memory.add({"out", kN * 4});
    xi.write_values<float>(0, x);
    yi.write_values<float>(0, y);
    LaunchConfig config;
    config.groups = {4, 1, 1};
    config.group_size = {256, 1, 1};
    config.set_arg(0, xi.address());
    config.set_arg(8, yi.address());
    config.set_arg(16, out.address());
    config.set_arg(24, 3.0f);
    config.set_arg(28, kN);
    const RunResult result = run(program, memory, config);
    EXPECT_EQ(result.status, RunResult::Status::kCompleted) << result.unsupported_what;
    for (const Finding& f : result.findings) ADD_FAILURE() << f.message;
    std::vector<float> got(kN);
    std::memcpy(got.data(), out.bytes().data(), kN * 4);
    for (int i = 0; i < kN; ++i) ASSERT_EQ(got[i], std::fma(3.0f, x[i], y[i])) << i;
    EXPECT_EQ(out.written_ranges(), (std::vector<ByteRange>{{0, kN * 4}}));
  }
}

}  // namespace
}  // namespace wavefuzz::sim
