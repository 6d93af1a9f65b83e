#ifndef WAVEFUZZ_FUZZ_JUDGE_CORPUS_H_
#define WAVEFUZZ_FUZZ_JUDGE_CORPUS_H_

#include <string>
#include <vector>

#include "fuzz/case/case.h"
#include "fuzz/judge/verdict.h"

namespace wavefuzz {

/// A known failure as it is kept: one JSON file, a function of the case alone.
struct CorpusEntry {
  Case c;
  std::string signature;
  std::string message;       ///< the first finding, for a reader
  std::string history = {};  ///< of a planted bug: the issues of the like; may be empty
};

/// The file's text, ending in a newline.
std::string corpus_text(const CorpusEntry& entry);

/// The name of the file that a campaign keeps a failure in, by the case as it was drawn.
std::string finding_file(const Case& drawn);

/// Throws Error(kUsage) naming file, field and value.
CorpusEntry read_corpus_file(const std::string& path);

/// The case of a corpus file, or of a file (or text) that holds only a case. Throws Error(kUsage).
Case read_case(const JsonView& view);

/// Replaces the file whole or not at all. Throws Error(kInternal) naming the file and the system's
/// reason, such as a full disk.
void write_file(const std::string& path, const std::string& text);

/// The corpus files below a folder, in order of their names; a file stands for itself. Throws
/// Error(kUsage) when there is none of that name.
std::vector<std::string> corpus_files(const std::string& folder_or_file);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_JUDGE_CORPUS_H_
