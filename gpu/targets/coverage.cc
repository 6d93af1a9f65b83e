#include "gpu/targets/coverage.h"

namespace wavefuzz {

size_t Edges::add(const Edges& other) {
  size_t fresh = 0;
  for (const auto& [instruction, ways] : other.seen) {
    uint8_t& here = seen[instruction];
    const uint8_t both = here & ways & kAll;
    fresh += static_cast<size_t>(__builtin_popcount(ways & kAll & ~here));
    here |= ways | static_cast<uint8_t>(both << kTwice);
  }
  return fresh;
}

size_t Edges::count() const {
  size_t n = 0;
  for (const auto& [instruction, ways] : seen)
    n += static_cast<size_t>(__builtin_popcount(ways & kAll));
  return n;
}

size_t Edges::once() const {
  size_t n = 0;
  for (const auto& [instruction, ways] : seen)
    n += static_cast<size_t>(__builtin_popcount(ways & kAll & ~(ways >> kTwice)));
  return n;
}

size_t add(Coverage& sum, const Coverage& other) {
  size_t fresh = 0;
  for (const auto& [kernel, edges] : other) fresh += sum[kernel].add(edges);
  return fresh;
}

}  // namespace wavefuzz
