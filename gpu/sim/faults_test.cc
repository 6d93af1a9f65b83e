// Damaged code objects of this tree.
#include "gpu/sim/faults.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace wavefuzz::sim {
namespace {

namespace fs = std::filesystem;

TEST(Faults, InTree) {
  std::vector<std::string> paths;
  for (const auto& entry :
       fs::recursive_directory_iterator("gpu", fs::directory_options::follow_directory_symlink))
    if (entry.path().extension() == ".co") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  ASSERT_GE(paths.size(), 12u);
  const FaultCounts counts = inject_faults(paths, 2000, 1);
  // Every outcome has been seen, so that the faults reach all layers.
  EXPECT_GT(counts.refused, 100u);
  EXPECT_GT(counts.unsupported, 10u);
  EXPECT_GT(counts.faulted, 10u);
}

}  // namespace
}  // namespace wavefuzz::sim
