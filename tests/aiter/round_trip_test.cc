// Every instruction of AITER's attention kernels: our disassembly and the micro-ops printed back,
// against llvm-objdump.
//
// Skips without AITER_HSA, the folder "hsa" of an AITER checkout.
#include "gpu/sim/round_trip.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/aiter/pa_problem.h"

namespace wavefuzz::aiter {
namespace {

namespace fs = std::filesystem;

TEST(RoundTrip, EveryInstruction) {
  if (hsa_folder().empty())
    GTEST_SKIP() << "AITER_HSA is not set: it names the folder \"hsa\" of an AITER checkout";
  std::vector<std::string> paths;
  for (const char* folder : {"gfx942/pa", "gfx942/mla", "gfx950/pa", "gfx950/mla"})
    for (const auto& entry : fs::directory_iterator(fs::path(hsa_folder()) / folder))
      if (entry.path().extension() == ".co") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
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
