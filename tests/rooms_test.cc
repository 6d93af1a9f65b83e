// The rooms of fuzz/ stand on floors: a file includes those of its own room and of lower floors,
// and never in circles.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace wavefuzz {
namespace {

namespace fs = std::filesystem;

/// Each room with its floor; fuzz/README.md says what it holds.
const std::map<std::string, int> kFloors = {{"case", 1},   {"judge", 2},  {"operators", 3},
                                            {"search", 4}, {"store", 5},  {"manifest", 5},
                                            {"audit", 5},  {"report", 6}, {"cli", 7}};

/// Of each file below fuzz/ the files of fuzz/ that it includes. Paths as an include spells them.
std::map<std::string, std::set<std::string>> includes_of_the_tree() {
  std::map<std::string, std::set<std::string>> includes;
  for (const auto& entry : fs::recursive_directory_iterator("fuzz")) {
    const fs::path& path = entry.path();
    if (path.extension() != ".h" && path.extension() != ".cc") continue;
    std::set<std::string>& of = includes[path.string()];
    std::ifstream file(path);
    const std::string begin = "#include \"fuzz/";
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with(begin)) of.insert(line.substr(10, line.rfind('"') - 10));
    }
  }
  return includes;
}

/// "case" of "fuzz/case/data.h".
std::string room_of(const std::string& path) {
  const size_t begin = path.find('/') + 1;
  return path.substr(begin, path.find('/', begin) - begin);
}

/// The includes that run from a room to one that is not below it, a line each.
std::vector<std::string> upward(const std::map<std::string, std::set<std::string>>& includes) {
  std::vector<std::string> lines;
  for (const auto& [file, of] : includes) {
    for (const std::string& included : of) {
      const std::string from = room_of(file), to = room_of(included);
      if (from != to && kFloors.at(from) <= kFloors.at(to))
        lines.push_back(fmt::format("{} includes {}", file, included));
    }
  }
  return lines;
}

/// A circle of includes, as its files in order; empty where there is none.
std::vector<std::string> circle(const std::map<std::string, std::set<std::string>>& includes) {
  std::set<std::string> done;
  std::vector<std::string> way;
  const std::function<bool(const std::string&)> visit = [&](const std::string& file) {
    if (done.contains(file)) return false;
    if (const auto seen = std::find(way.begin(), way.end(), file); seen != way.end()) {
      way.erase(way.begin(), seen);
      return true;
    }
    way.push_back(file);
    if (const auto of = includes.find(file); of != includes.end()) {
      for (const std::string& included : of->second) {
        if (visit(included)) return true;
      }
    }
    way.pop_back();
    done.insert(file);
    return false;
  };
  for (const auto& [file, of] : includes) {
    if (visit(file)) return way;
  }
  return {};
}

TEST(Rooms, IncludeDownwardsOnly) {
  const auto includes = includes_of_the_tree();
  EXPECT_GT(includes.size(), 100u);
  for (const std::string& line : upward(includes)) ADD_FAILURE() << line;
}

TEST(Rooms, HaveNoCircles) {
  EXPECT_EQ(circle(includes_of_the_tree()), std::vector<std::string>());
}

TEST(Rooms, AWrongArrowIsSeen) {
  auto includes = includes_of_the_tree();
  includes["fuzz/judge/judge.h"].insert("fuzz/search/harness.h");
  EXPECT_EQ(upward(includes),
            std::vector<std::string>{"fuzz/judge/judge.h includes fuzz/search/harness.h"});
  EXPECT_FALSE(circle(includes).empty());
}

}  // namespace
}  // namespace wavefuzz
