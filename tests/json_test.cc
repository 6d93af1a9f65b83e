// Every command takes --json and prints one JSON document on standard output.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "tests/command.h"

namespace wavefuzz {
namespace {

const std::string kFolder = testing::TempDir() + "json";
const std::string kPlanted = "rms_norm_fp8+mean_of_padded";
const std::string kCase = "corpus/rms_norm_fp8/mean_of_padded.json";

/// Arguments of each command, in an order in which one can use what another made.
const std::vector<std::pair<std::string, std::string>> kCommands = {
    {"fuzz",
     "--kernel=" + kPlanted + " --target=sim:gfx942 --cases=20 --ledger=none --out=" + kFolder},
    {"zoo", "--kernel=" + kPlanted + " --target=sim:gfx942 --no-shrink --out=" + kFolder + "/zoo"},
    {"run", kCase},
    {"replay", kCase},
    {"shrink", kCase + " --out=" + kFolder + "/shrink"},
    {"boundary", kCase + " --axis=rows"},
    {"map", kCase + " --axes=rows:1..3"},
    {"history", "--out=" + kFolder},
    {"coverage", "--kernel=" + kPlanted + " --out=" + kFolder},
    {"merge", kFolder + "/merged.sqlite " + kFolder + "/campaigns.sqlite"},
    {"report", "--out=" + kFolder + " --seconds=0 --markdown=" + kFolder + "/report.md"},
    {"regress", "rms_norm_fp8 " + kPlanted +
                    " --target=sim:gfx942 --cases=10 --no-shrink --corpus=none --out=" + kFolder +
                    "/regress"},
    {"scenario", "indexer_uint8 --only=0"},
    {"ledger", ""},
    {"ledger check", ""},
    {"describe", "rms_norm_fp8"},
    {"manifest check", "gpu/manifests/rms_norm_fp8.json --cases=2"},
    {"manifest new", "gpu/kernels/rms_norm_fp8.gfx942.co --symbol=rms_norm_fp8_e4m3fn"},
    {"list", ""},
};

/// Of those that need what a test has not.
const std::set<std::string> kUntried = {"audit"};  // AITER's tables: tests/aiter holds it

class Json : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(Json, IsOneDocument) {
  const auto& [command, arguments] = GetParam();
  const CommandResult r = wavefuzz(command + " " + arguments + " --json");
  EXPECT_NE(r.exit, 2) << r.err;
  EXPECT_NE(r.exit, 3) << r.err;
  const auto document = nlohmann::json::parse(r.out, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(document.is_discarded()) << command << ": " << r.out << r.err;
  EXPECT_FALSE(document.is_null()) << command;
}

INSTANTIATE_TEST_SUITE_P(Commands, Json, testing::ValuesIn(kCommands), [](const auto& info) {
  std::string name = info.param.first;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

/// The commands that a help text lists.
std::set<std::string> listed(const std::string& help) {
  std::set<std::string> names;
  std::istringstream lines(help.substr(help.find("Subcommands:")));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    if (line.size() > 2 && line[2] != ' ') names.insert(line.substr(2, line.find(' ', 2) - 2));
  }
  return names;
}

TEST(JsonCommands, AreAllThere) {
  std::set<std::string> tried = kUntried;
  for (const auto& [command, arguments] : kCommands)
    tried.insert(command.substr(0, command.find(' ')));
  EXPECT_EQ(listed(wavefuzz("--help").out), tried);
}

}  // namespace
}  // namespace wavefuzz
