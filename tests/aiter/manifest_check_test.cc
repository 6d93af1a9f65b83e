// Every manifest of an AITER or a Triton kernel agrees with the code objects, and with how they run
// in a few small cases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/command.h"

namespace wavefuzz {
namespace {

using nlohmann::json;

std::set<std::string> manifests_in(const std::string& folder) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".json") files.insert(entry.path().string());
  return files;
}

/// Fewer cases than by default, which take a quarter of an hour for all files. A test of its own
/// for each file.
class ManifestsOf : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const bool triton = GetParam().find("/triton/") != std::string::npos;
    const char* variable = triton ? "WAVEFUZZ_TRITON" : "AITER_HSA";
    if (std::getenv(variable) == nullptr) GTEST_SKIP() << "set " << variable;
  }
};

TEST_P(ManifestsOf, AgreeWithTheirCodeObjects) {
  const CommandResult r = wavefuzz("manifest check --json --cases=4 --seconds=3 " + GetParam());
  EXPECT_EQ(r.exit, 0) << r.err;
  for (const json& m : json::parse(r.out)["manifests"]) {
    EXPECT_TRUE(m["agrees"]) << m.dump(1);
    EXPECT_GT(m["kernels"], 0) << m["kernel"];
    EXPECT_GT(m["cases"], 0) << m["kernel"];
  }
}

std::vector<std::string> external_manifests() {
  std::vector<std::string> files;
  for (const char* folder : {"gpu/manifests/aiter", "gpu/manifests/triton"})
    for (const std::string& file : manifests_in(folder)) files.push_back(file);
  return files;
}

std::string stem(const testing::TestParamInfo<std::string>& info) {
  return std::filesystem::path(info.param).stem().string();
}
INSTANTIATE_TEST_SUITE_P(Each, ManifestsOf, testing::ValuesIn(external_manifests()), stem);

/// A mistake in a file of several kernels is named for each.
TEST(AiterVariants, AMistakeIsNamed) {
  if (std::getenv("AITER_HSA") == nullptr) GTEST_SKIP() << "set AITER_HSA";
  std::ifstream in("gpu/manifests/aiter/aiter_mla_stage1.json");
  json document = json::parse(in);
  json some = json::array();
  for (const json& variant : document["variants"])
    if (!variant["name"].get<std::string>().ends_with("_as_shipped")) some.push_back(variant);
  ASSERT_GT(some.size(), 10u);
  some.erase(some.begin() + 2, some.end());
  document["variants"] = some;
  for (json& argument : document["launches"][0]["kernarg"])
    if (argument["name"] == "s_Q_Bs") argument["value"] = "q_row_stride * qlen";
  const std::string path = testing::TempDir() + "/bytes_as_elements.json";
  std::ofstream(path) << document;
  const CommandResult r = wavefuzz("manifest check --json --seconds=90 " + path);
  EXPECT_EQ(r.exit, 1);
  for (const json& m : json::parse(r.out)["manifests"]) {
    EXPECT_FALSE(m["agrees"]) << m["kernel"];
    EXPECT_THAT(m.dump(), testing::HasSubstr("kernarg 's_Q_Bs'")) << m["kernel"];
  }
}

}  // namespace
}  // namespace wavefuzz
