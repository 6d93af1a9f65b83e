#include "gpu/targets/coverage.h"

namespace wavefuzz {

void Edges::add(const Edges& other) {
  for (const auto& [instruction, ways] : other.seen) seen[instruction] |= ways;
}

size_t Edges::count() const {
  size_t n = 0;
  for (const auto& [instruction, ways] : seen) n += static_cast<size_t>(__builtin_popcount(ways));
  return n;
}

}  // namespace wavefuzz
