#ifndef WAVEFUZZ_FUZZ_AUDIT_AUDIT_H_
#define WAVEFUZZ_FUZZ_AUDIT_AUDIT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/audit/box.h"
#include "fuzz/audit/claim.h"
#include "fuzz/audit/request.h"
#include "fuzz/audit/tables.h"

namespace wavefuzz::audit {

enum class Kind {
  kMisrouted,     ///< the kernel does not claim what it is given
  kAmbiguous,     ///< the order of a hash map decides which kernel runs
  kNoKernel,      ///< aborts, and the same request with one thing changed does not
  kLseUnwritten,  ///< the caller gets an LSE that no kernel of the call writes
  kDeadRow,       ///< a row that no request leads to
  kBadRow,        ///< a row whose code object is missing or not what it says
  kUnnamedFile,   ///< a file beside the table that no row names
};
const char* kind_name(Kind kind);

/// Requests that can be run: by a manifest, widened to them.
struct Runnable {
  const Manifest* manifest;
  std::string arch;
  Box box;  ///< requests to which nothing but the one objection is made
};

/// What running the shapes of a finding on one of its kernels showed.
struct Trial {
  std::string kernel;  ///< of the manifest
  std::string target;
  uint64_t cases = 0;
  uint64_t wrong = 0;
  std::string values;  ///< of the doubtful argument that were run: "gqa 9, 10, 12"
  /// The same with the values that the kernel does claim, for comparison: what is wrong there too
  /// has another cause.
  uint64_t claimed_cases = 0;
  uint64_t claimed_wrong = 0;
  std::string message;        ///< of the first wrong case, or why nothing could be run
  std::string case_file;      ///< that case, and
  std::string manifest_file;  ///< the manifest, widened to it
  std::string replay;         ///< the command that runs it again

  /// Whether the shape is what is wrong: much more often than with what is claimed.
  bool confirmed() const;
};

/// One thing to know of a tree, however many requests or rows show it.
struct Finding {
  Kind kind;
  Entry entry = Entry::kPaFwd;       ///< of findings about requests
  std::string text;                  ///< what it is, in a sentence
  uint64_t count = 0;                ///< of requests, rows or files
  std::optional<Request> first;      ///< the exact request, of findings about requests
  std::string first_kernel;          ///< what it gets
  std::vector<Box> boxes;            ///< all the requests
  std::vector<std::string> kernels;  ///< the kernels or files it is about: ARCH/OP/NAME
  // kMisrouted:
  std::optional<Objection> objection;
  uint64_t with_manifest = 0;  ///< kernels that have one
  std::vector<Runnable> runnable;
  std::vector<Trial> trials;  ///< where they were run
};

struct Report {
  uint64_t requests = 0;
  uint64_t served = 0;
  uint64_t rows = 0;
  uint64_t rows_with_manifest = 0;
  std::vector<Finding> findings;
};

/// Audits the tables of an operator ("pa" or "mla") under `folder` for the arches given: every
/// request of every entry against the rule of selection, and every row against its code object.
Report audit(const std::string& folder, const Tables& tables,
             const std::vector<std::string>& of_arches, const ManifestIndex& manifests);

}  // namespace wavefuzz::audit

#endif  // WAVEFUZZ_FUZZ_AUDIT_AUDIT_H_
