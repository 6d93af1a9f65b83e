#ifndef WAVEFUZZ_FUZZ_REPORT_RULES_H_
#define WAVEFUZZ_FUZZ_REPORT_RULES_H_

#include <string>

namespace wavefuzz {

/// What a kind of finding means, in a sentence; the kind in words where there is none.
std::string meaning_of(const std::string& kind);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_REPORT_RULES_H_
