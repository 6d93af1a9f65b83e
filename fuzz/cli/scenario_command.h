#ifndef WAVEFUZZ_FUZZ_CLI_SCENARIO_COMMAND_H_
#define WAVEFUZZ_FUZZ_CLI_SCENARIO_COMMAND_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "fuzz/search/harness.h"
#include "gpu/error.h"

namespace wavefuzz {

struct ScenarioOptions {
  std::string file;              ///< a path, or the name of one in the tree
  std::string tree;              ///< the folder that those are looked for in
  std::optional<uint64_t> only;  ///< the one case to run
  bool json = false;
  bool markdown = false;
  bool explain = false;  ///< with `only`: as `run --explain`
  int threads = 1;
  std::string command;     ///< what stands in front of arguments of a command to copy
  std::string shown_file;  ///< the file as the user wrote it
  std::string arguments;   ///< what has to follow, such as --hsa
};

/// `wavefuzz scenario`: runs every case of a scenario and prints the table. Clean when each verdict
/// is the expected one, kNothingRan when all were skipped.
Exit scenario_command(const Harness& harness, const ScenarioOptions& options,
                      const std::atomic<bool>& interrupted);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_SCENARIO_COMMAND_H_
