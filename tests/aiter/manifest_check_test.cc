// Every manifest of an AITER kernel agrees with the code objects that AITER ships.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

TEST(AiterManifests, AgreeWithTheirCodeObjects) {
  const char* hsa = std::getenv("AITER_HSA");
  if (hsa == nullptr) GTEST_SKIP() << "set AITER_HSA to the folder hsa of an AITER checkout";
  std::string files;
  if (std::filesystem::exists("gpu/manifests/aiter")) {
    for (const auto& entry : std::filesystem::directory_iterator("gpu/manifests/aiter")) {
      if (entry.path().extension() == ".json") files.append(" ").append(entry.path().string());
    }
  }
  if (files.empty()) GTEST_SKIP() << "gpu/manifests/aiter has no manifest";
  const CommandResult r =
      wavefuzz("manifest check --json --cases=2 --hsa=" + std::string(hsa) + files);
  EXPECT_EQ(r.exit, 0) << r.err;
  const nlohmann::json document = nlohmann::json::parse(r.out);
  for (const nlohmann::json& m : document["manifests"]) {
    EXPECT_TRUE(m["agrees"]) << m.dump(1);
    EXPECT_GT(m["kernels"], 0) << m["file"];
  }
}

}  // namespace
}  // namespace wavefuzz
