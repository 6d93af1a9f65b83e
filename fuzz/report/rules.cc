#include "fuzz/report/rules.h"

#include <algorithm>

#include "gpu/finding.h"

namespace wavefuzz {

std::string meaning_of(const std::string& kind) {
  if (const std::optional<FindingKind> known = find_kind(kind)) return std::string(meaning(*known));
  std::string words = kind;
  std::replace(words.begin(), words.end(), '_', ' ');
  return words + ".";
}

}  // namespace wavefuzz
