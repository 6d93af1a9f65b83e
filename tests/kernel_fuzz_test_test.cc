// kernel_fuzz_test, run as Bazel runs it, on a kernel with a planted bug: it must fail and leave a
// repro.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/command.h"

namespace wavefuzz {
namespace {

using testing::HasSubstr;

CommandResult kernel_fuzz_test(const std::string& environment, const std::string& kernel,
                               int cases) {
  // Kernels of the tree alone, whatever folders the machine has.
  return shell("env -u AITER_HSA -u WAVEFUZZ_TRITON TEST_TIMEOUT=60 TEST_RANDOM_SEED= " +
               environment + " bazel/kernel_fuzz_test.sh fuzz/wavefuzz " + std::to_string(cases) +
               " 1 --target=sim:gfx942 --kernel=" + kernel);
}

TEST(KernelFuzzTest, FailsOnAPlantedBugAndLeavesTheReproInTheUndeclaredOutputs) {
  const std::string outputs = fresh_folder("outputs");
  const std::string status_file = fresh_folder("status") + "/file";
  const CommandResult r = kernel_fuzz_test("TEST_UNDECLARED_OUTPUTS_DIR=" + outputs +
                                               " TEST_TOTAL_SHARDS=2 TEST_SHARD_INDEX=1 " +
                                               "TEST_SHARD_STATUS_FILE=" + status_file,
                                           "indexer_k_quant_and_cache+uint8_cast", 50);
  EXPECT_EQ(r.exit, 1) << r.err;
  EXPECT_EQ(findings_in(outputs).size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(status_file))
      << "Bazel would think that the test ignores sharding";
}

TEST(KernelFuzzTest, PassesOnTheRightKernel) {
  EXPECT_EQ(
      kernel_fuzz_test("TEST_UNDECLARED_OUTPUTS_DIR=" + fresh_folder("none"), "right", 50).exit, 0);
}

TEST(KernelFuzzTest, GivesEveryRunASeedOfItsOwn) {
  const auto first_line = [](const std::string& run) {
    return kernel_fuzz_test(
               "TEST_RANDOM_SEED=" + run + " TEST_UNDECLARED_OUTPUTS_DIR=" + fresh_folder("seed"),
               "right", 1)
        .out_lines()[0];
  };
  EXPECT_THAT(first_line("1"), HasSubstr("seed 1,"));
  EXPECT_THAT(first_line("2"), HasSubstr("seed 1000004,"));
}

}  // namespace
}  // namespace wavefuzz
