// `wavefuzz manifest check`: everything that can be said against one manifest.
#ifndef WAVEFUZZ_FUZZ_MANIFEST_CHECK_H_
#define WAVEFUZZ_FUZZ_MANIFEST_CHECK_H_

#include <functional>
#include <string>
#include <vector>

#include "fuzz/manifest/launch_doubt.h"
#include "gpu/manifest_check.h"
#include "gpu/roots.h"

namespace wavefuzz {

struct ManifestReport {
  std::string file;
  std::string kernel;    ///< empty: the file does not get as far as to say
  bool variant = false;  ///< one of several of the file
  std::vector<Remark> remarks;
  std::string unavailable;  ///< the folder of code objects that was not given; empty: none
  uint64_t kernels = 0;     ///< (arch, code object, symbol) compared with their metadata
  uint64_t cases = 0;       ///< of the smoke run
  uint64_t failed = 0;
  double seconds = 0;
  double budget = 0;  ///< seconds for the smoke run

  bool disagrees() const;
};

/// What each kernel of a file has of its smoke run's seconds.
double smoke_seconds(const SmokeOptions& smoke, size_t kernels);

/// Reads the manifest and compares it with its operator, its code objects and, in a smoke run, its
/// kernel: a report for each kernel of the file, in their order. Never throws for what is wrong
/// with the manifest.
void check_manifest(const std::string& file, const Roots& roots, const SmokeOptions& smoke,
                    int threads, const std::function<void(const ManifestReport&)>& each);

/// What the operator's page lets a manifest name.
Vocabulary vocabulary_of(const Operator& op);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_MANIFEST_CHECK_H_
