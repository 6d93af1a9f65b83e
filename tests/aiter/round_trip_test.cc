// Every instruction of AITER's attention kernels: our disassembly and the micro-ops printed back,
// against llvm-objdump.
//
// Skips without AITER_HSA, the folder "hsa" of an AITER checkout.
#include "gpu/sim/round_trip.h"

#include <gtest/gtest.h>

#include "tests/aiter/pa_problem.h"

namespace wavefuzz::aiter {
namespace {

TEST(RoundTrip, EveryInstruction) {
  if (hsa_folder().empty())
    GTEST_SKIP() << "AITER_HSA is not set: it names the folder \"hsa\" of an AITER checkout";
  const std::vector<std::string> paths = attention_objects();
  size_t instructions = 0;
  for (const std::string& path : paths) {
    const sim::RoundTrip r = sim::round_trip(path);
    instructions += r.instructions;
    EXPECT_EQ(r.without_row, 0u) << path;
    EXPECT_EQ(r.differences, 0u) << path;
    for (const std::string& description : r.descriptions) ADD_FAILURE() << description;
  }
  // ROCm/aiter at e4048607a5.
  EXPECT_EQ(paths.size(), 213u);
  EXPECT_EQ(instructions, 1'849'107u);
}

}  // namespace
}  // namespace wavefuzz::aiter
