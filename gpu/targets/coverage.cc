#include "gpu/targets/coverage.h"

namespace wavefuzz {

bool Edges::add(const Edges& other) {
  bool any = false;
  for (const auto& [instruction, ways] : other.seen) {
    uint8_t& mine = seen[instruction];
    any |= (ways & ~mine) != 0;
    mine |= ways;
  }
  return any;
}

size_t Edges::count() const {
  size_t n = 0;
  for (const auto& [instruction, ways] : seen) n += static_cast<size_t>(__builtin_popcount(ways));
  return n;
}

}  // namespace wavefuzz
