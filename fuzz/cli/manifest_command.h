// `wavefuzz manifest check` and `wavefuzz manifest new`.
#ifndef WAVEFUZZ_FUZZ_CLI_MANIFEST_COMMAND_H_
#define WAVEFUZZ_FUZZ_CLI_MANIFEST_COMMAND_H_

#include <string>
#include <vector>

#include "fuzz/manifest/launch_doubt.h"
#include "gpu/error.h"
#include "gpu/roots.h"

namespace wavefuzz {

/// Checks manifests and prints their names as below `folder`, where that is not empty. kFindings
/// when one disagrees with its kernel, kTargetUnavailable when the code objects of one are not at
/// hand.
Exit manifest_check_command(const std::vector<std::string>& files, const std::string& folder,
                            const Roots& roots, const SmokeOptions& smoke, int threads, bool json);

struct NewManifestOptions {
  std::string object, symbol, op;
  std::vector<std::string> names;
  bool json = false;
};

/// Prints a skeleton; with json, it and the notes as one document.
Exit manifest_new_command(const NewManifestOptions& options,
                          const std::vector<std::string>& in_tree_manifests);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_MANIFEST_COMMAND_H_
