// Failures found in other projects' kernels still fail in the way that is recorded. Those whose
// code objects are not there (AITER_HSA, WAVEFUZZ_TRITON) are skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/command.h"

namespace wavefuzz {
namespace {

TEST(Found, StillFailsAsRecorded) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("corpus/found")) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  ASSERT_FALSE(files.empty());
  std::sort(files.begin(), files.end());
  constexpr int kTargetUnavailable = 5;
  size_t skipped = 0;
  for (const std::string& file : files) {
    const CommandResult r = wavefuzz("replay " + file);
    if (r.exit == kTargetUnavailable) {
      ++skipped;
      continue;
    }
    EXPECT_EQ(r.exit, 1) << file << "\n" << r.out << r.err;
    EXPECT_THAT(r.out, testing::HasSubstr("\nreproduced: ")) << file;
  }
  if (skipped != 0) {
    GTEST_SKIP() << skipped << " of " << files.size()
                 << " failures need code objects that are not here: set AITER_HSA, WAVEFUZZ_TRITON";
  }
}

}  // namespace
}  // namespace wavefuzz
