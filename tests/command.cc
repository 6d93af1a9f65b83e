#include "tests/command.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace wavefuzz {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

std::vector<std::string> CommandResult::out_lines() const {
  std::vector<std::string> lines;
  std::istringstream in(out);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

CommandResult shell(const std::string& command) {
  const std::string base = testing::TempDir() + "/command";
  const int status =
      std::system(("{ " + command + "\n} >" + base + ".out 2>" + base + ".err").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(base + ".out"),
          contents(base + ".err")};
}

CommandResult wavefuzz(const std::string& arguments) { return shell("fuzz/wavefuzz " + arguments); }

CommandResult kernel_fuzz_test(const std::string& environment, int cases, uint64_t seed,
                               const std::string& options) {
  return shell(
      "env -u AITER_HSA -u WAVEFUZZ_TRITON -u WAVEFUZZ_SEED -u WAVEFUZZ_CASES_FACTOR "
      "TEST_TIMEOUT=600 TEST_RANDOM_SEED= " +
      environment + " bazel/kernel_fuzz_test.sh fuzz/wavefuzz " + std::to_string(cases) + " " +
      std::to_string(seed) + " " + options);
}

std::string fresh_folder(const std::string& name) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder.string();
}

std::map<std::string, std::string> findings_in(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json")
      files[entry.path().filename().string()] = contents(entry.path());
  }
  return files;
}

std::vector<std::string> corpus_of_planted_bugs() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           "corpus", std::filesystem::directory_options::follow_directory_symlink)) {
    const std::string path = entry.path();
    if (path.starts_with("corpus/scenarios/") || path.starts_with("corpus/found/") ||
        path == "corpus/ledger.json")
      continue;
    if (entry.path().extension() == ".json") files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace wavefuzz
