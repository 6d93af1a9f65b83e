// kernel_fuzz_test, run as Bazel runs it, on a kernel with a planted bug: it must fail and leave a
// repro.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/command.h"

namespace wavefuzz {
namespace {

using testing::HasSubstr;

TEST(KernelFuzzTest, FailsOnAPlantedBugAndLeavesTheReproInTheUndeclaredOutputs) {
  const std::string outputs = fresh_folder("outputs");
  const std::string status_file = fresh_folder("status") + "/file";
  const CommandResult r = kernel_fuzz_test(
      "TEST_UNDECLARED_OUTPUTS_DIR=" + outputs +
          " TEST_TOTAL_SHARDS=2 TEST_SHARD_INDEX=1 TEST_SHARD_STATUS_FILE=" + status_file,
      50, 1, "--target=sim:gfx942 --kernel=indexer_k_quant_and_cache+uint8_cast");
  EXPECT_EQ(r.exit, 1) << r.err;
  EXPECT_EQ(findings_in(outputs).size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(status_file))
      << "Bazel would think that the test ignores sharding";
}

TEST(KernelFuzzTest, PassesOnTheRightKernel) {
  EXPECT_EQ(kernel_fuzz_test("TEST_UNDECLARED_OUTPUTS_DIR=" + fresh_folder("none"), 50, 1,
                             "--target=sim:gfx942 --kernel=right")
                .exit,
            0);
}

TEST(KernelFuzzTest, GivesEveryRunASeedOfItsOwn) {
  const auto first_line = [](const std::string& run) {
    return kernel_fuzz_test(
               "TEST_RANDOM_SEED=" + run + " TEST_UNDECLARED_OUTPUTS_DIR=" + fresh_folder("seed"),
               1, 1, "--target=sim:gfx942 --kernel=right")
        .out_lines()[0];
  };
  EXPECT_THAT(first_line("1"), HasSubstr("seed 1,"));
  EXPECT_THAT(first_line("2"), HasSubstr("seed 1000004,"));
}

}  // namespace
}  // namespace wavefuzz
