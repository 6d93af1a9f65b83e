#ifndef WAVEFUZZ_FUZZ_CLI_AUDIT_COMMAND_H_
#define WAVEFUZZ_FUZZ_CLI_AUDIT_COMMAND_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "fuzz/search/harness.h"
#include "gpu/error.h"

namespace wavefuzz {

struct AuditOptions {
  std::string hsa;           ///< AITER's folder "hsa"
  std::string arch = "all";  ///< gfx942, gfx950 or all
  std::string op = "all";    ///< pa, mla or all
  bool json = false;
  double seconds = 0;        ///< to run doubtful shapes in the simulator; 0: none are
  uint64_t seed = 1;         ///< of their cases
  std::string folder;        ///< for cases that fail, and widened manifests
  std::string shown_folder;  ///< the same, as the user wrote it
  std::string command;       ///< what stands in front of arguments of a command to copy
  std::string arguments;     ///< what has to follow them, such as --hsa
};

/// `wavefuzz audit`: what AITER's choice of a kernel does with every request. Clean when there is
/// nothing to say.
Exit audit_command(const Harness& harness, const Roots& roots, const AuditOptions& options,
                   const std::atomic<bool>& interrupted);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_AUDIT_COMMAND_H_
