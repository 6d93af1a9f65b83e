#ifndef WAVEFUZZ_FUZZ_CLI_PATHS_H_
#define WAVEFUZZ_FUZZ_CLI_PATHS_H_

#include <string>

namespace wavefuzz {

/// The folder that in-tree manifests and code objects lie under: Bazel's runfiles of this command,
/// however it was started (bazel run, bazel test, or bazel-bin/fuzz/wavefuzz by hand). Throws
/// Error(kInternal).
std::string runfiles_root();

/// A path from the command line, relative to where the user stands: bazel run changes the working
/// directory.
std::string user_path(const std::string& path);

/// How the user started this command, to print in front of the arguments of a command to copy. A
/// script that starts wavefuzz for a user says it in WAVEFUZZ_COMMAND.
std::string command_prefix(const char* argv0);

/// `text` as one word of a shell command.
std::string shell_word(const std::string& text);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_PATHS_H_
