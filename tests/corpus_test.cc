// Every known failure of corpus/ still fails in the way that is recorded, and no longer on the
// right kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

nlohmann::json load(const std::string& file) { return nlohmann::json::parse(std::ifstream(file)); }

TEST(Corpus, HoldsAFailureOfEveryPlantedBugWithItsHistory) {
  for (const auto& entry : std::filesystem::directory_iterator("gpu/manifests")) {
    if (entry.path().extension() != ".json") continue;
    const nlohmann::json manifest = load(entry.path());
    if (!manifest.contains("planted")) continue;
    for (const nlohmann::json& plant : manifest["planted"]) {
      const std::string kernel = manifest["kernel"], name = plant["name"];
      const std::string file = "corpus/" + kernel + "/" + name + ".json";
      ASSERT_TRUE(std::filesystem::exists(file)) << file;
      EXPECT_EQ(load(file)["case"]["kernel"], kernel + "+" + name) << file;
      EXPECT_EQ(load(file).value("history", ""), plant["history"]) << file;
    }
  }
}

TEST(Corpus, StillFailsAsRecorded) {
  for (const std::string& file : corpus_of_planted_bugs()) {
    const CommandResult r = wavefuzz("replay " + file);
    EXPECT_EQ(r.exit, 1) << r.out << r.err;
    EXPECT_THAT(r.out, testing::HasSubstr("\nreproduced: ")) << file;
  }
}

TEST(Corpus, PassesOnTheRightKernel) {
  for (const std::string& file : corpus_of_planted_bugs()) {
    const std::string planted = load(file)["case"]["kernel"];
    const std::string right = planted.substr(0, planted.find('+'));
    ASSERT_NE(planted, right) << file << " is a failure of a kernel that should be right";
    for (const char* target : {"sim:gfx942", "sim:gfx950"}) {
      const CommandResult r =
          wavefuzz("run " + file + " --kernel=" + right + " --target=" + target);
      EXPECT_EQ(r.exit, 0) << r.out << r.err;
    }
  }
}

}  // namespace
}  // namespace wavefuzz
