#ifndef WAVEFUZZ_TESTS_COMMAND_H_
#define WAVEFUZZ_TESTS_COMMAND_H_

#include <map>
#include <string>
#include <vector>

namespace wavefuzz {

struct CommandResult {
  int exit = -1;  ///< exit code; 128 + signal when a signal ended it
  std::string out;
  std::string err;
  std::vector<std::string> out_lines() const;
};

/// Runs a shell command from the runfiles root.
CommandResult shell(const std::string& command);

/// Runs `wavefuzz ARGUMENTS`.
CommandResult wavefuzz(const std::string& arguments);

/// Runs bazel/kernel_fuzz_test.sh with what Bazel sets (`environment`), for so many cases from a
/// seed: on kernels of the tree alone, whatever folders the machine has, and as on any night.
CommandResult kernel_fuzz_test(const std::string& environment, int cases, uint64_t seed,
                               const std::string& options);

/// A new empty folder of the test.
std::string fresh_folder(const std::string& name);

/// The findings of a campaign that writes to the folder: contents by file name.
std::map<std::string, std::string> findings_in(const std::string& folder);

/// The corpus files of planted bugs, by path: not the cases of other projects' kernels, nor what is
/// no single case.
std::vector<std::string> corpus_of_planted_bugs();

}  // namespace wavefuzz

#endif  // WAVEFUZZ_TESTS_COMMAND_H_
