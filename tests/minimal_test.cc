// Every shrunk case of the corpus is 1-minimal: no single step of its operator's makes it smaller
// and keeps it failing alike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/command.h"

namespace wavefuzz {
namespace {

std::vector<std::string> shrunk_cases() {
  std::vector<std::string> files = corpus_of_planted_bugs();
  if (files.empty()) files.push_back("corpus: there is no case");  // fails
  return files;
}

class Minimal : public testing::TestWithParam<std::string> {};

TEST_P(Minimal, NoStepMakesItSmaller) {
  const CommandResult r = wavefuzz("shrink " + GetParam() + " --out=" + fresh_folder("minimal"));
  EXPECT_EQ(r.exit, 1) << r.err;
  EXPECT_THAT(r.out, testing::ContainsRegex(" 0 of [0-9]+ smaller cases fail alike; re-run 3/3"))
      << r.out;
}

INSTANTIATE_TEST_SUITE_P(Corpus, Minimal, testing::ValuesIn(shrunk_cases()),
                         [](const testing::TestParamInfo<std::string>& file) {
                           std::string name = file.param.substr(0, file.param.rfind('.'));
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); },
                               '_');
                           return name;
                         });

}  // namespace
}  // namespace wavefuzz
