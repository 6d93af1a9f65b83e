#include "fuzz/cli/paths.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "gpu/error.h"

namespace wavefuzz {

namespace fs = std::filesystem;

namespace {

const char* const kLandmark = "gpu/manifests";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string runfiles_root() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  std::vector<fs::path> candidates;
  for (const char* name : {"RUNFILES_DIR", "TEST_SRCDIR"}) {
    if (const std::string dir = environment(name); !dir.empty())
      candidates.push_back(fs::path(dir) / "wavefuzz");
  }
  candidates.push_back(fs::path(self.string() + ".runfiles") / "wavefuzz");
  candidates.push_back(fs::current_path(error));
  for (const fs::path& candidate : candidates) {
    if (fs::exists(candidate / kLandmark, error)) return candidate.string();
  }
  throw Error(
      Exit::kInternal,
      self.string() + ".runfiles: the kernels and manifests built with this command are missing");
}

std::string user_path(const std::string& path) {
  const std::string base = environment("BUILD_WORKING_DIRECTORY");
  return base.empty() ? path : (fs::path(base) / path).lexically_normal().string();
}

std::string command_prefix(const char* argv0) {
  if (const std::string command = environment("WAVEFUZZ_COMMAND"); !command.empty()) return command;
  return environment("BUILD_WORKSPACE_DIRECTORY").empty() ? shell_word(argv0)
                                                          : "./bazelw run //fuzz:wavefuzz --";
}

std::string shell_word(const std::string& text) {
  if (!text.empty() &&
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "_-+=./:,@%") == std::string::npos) {
    return text;
  }
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace wavefuzz
