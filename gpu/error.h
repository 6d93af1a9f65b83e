#ifndef WAVEFUZZ_GPU_ERROR_H_
#define WAVEFUZZ_GPU_ERROR_H_

#include <stdexcept>
#include <string>

namespace wavefuzz {

/// Exit codes of the wavefuzz command (design section 7).
enum class Exit {
  kClean = 0,
  kFindings = 1,
  kUsage = 2,     ///< bad command line, or an input file that cannot be read as what it should be
  kInternal = 3,  ///< a self-check failed
  kNothingRan = 4,
  kTargetUnavailable = 5,
};

/// What stops a command: one line that names the file, field and value at fault, and the exit code
/// it means.
class Error : public std::runtime_error {
 public:
  Error(Exit exit, const std::string& line) : std::runtime_error(line), exit_(exit) {}
  Exit exit() const { return exit_; }

 private:
  Exit exit_;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_ERROR_H_
