// The operators' pages are what the operators say of themselves, and name every parameter of the
// cases that their domains draw.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "fuzz/search/harness.h"

namespace wavefuzz {
namespace {

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(OperatorPages, AreInTheTreeAsTheOperatorsSayThem) {
  for (const Operator* op : operators()) {
    const std::string path = "docs/operators/" + op->name() + ".md";
    EXPECT_EQ(read(path), markdown(op->page()))
        << "./bazelw run //fuzz:wavefuzz -- describe " << op->name() << " > " << path;
  }
}

TEST(OperatorPages, NameTheParametersOfTheirCases) {
  std::vector<std::string> manifests;
  for (const auto& entry : std::filesystem::directory_iterator("gpu/manifests")) {
    if (entry.path().extension() == ".json") manifests.push_back(entry.path());
  }
  const Harness harness(manifests, Roots("."));
  std::set<std::string> seen;
  for (const auto& [kernel, manifest] : harness.manifests()) {
    const OperatorPage page = find_operator(manifest.op).page();
    seen.insert(manifest.op);
    std::set<std::string> documented;
    for (const auto& entry : page.parameters) documented.insert(entry.name);
    for (const auto& entry : page.derived) documented.insert(entry.name);
    for (uint64_t index = 0; index < 50; ++index) {
      const Case c = harness.draw({kernel, "", "sim:gfx942"}, 1, index).value();
      const Params params = find_operator(manifest.op).launch_params(c);
      for (const auto& [name, value] : params.values())
        EXPECT_TRUE(documented.contains(name)) << manifest.op << ": " << name;
    }
    std::set<std::string> buffers;
    for (const auto& entry : page.buffers) buffers.insert(entry.name);
    const Case c = harness.draw({kernel, "", "sim:gfx942"}, 1, 0).value();
    for (const Buffer& buffer : find_operator(manifest.op).buffers(c))
      EXPECT_TRUE(buffers.contains(buffer.name)) << manifest.op << ": " << buffer.name;
  }
  EXPECT_EQ(seen.size(), operators().size()) << "an operator without a kernel in the tree";
}

}  // namespace
}  // namespace wavefuzz
