#ifndef WAVEFUZZ_FUZZ_JUDGE_WRITTEN_BYTES_H_
#define WAVEFUZZ_FUZZ_JUDGE_WRITTEN_BYTES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "gpu/problem.h"

namespace wavefuzz {

/// The bytes that a launch wrote of one buffer, looked up by offset; those that nobody claims are
/// strays. The extents must outlive it.
class WrittenBytes {
 public:
  explicit WrittenBytes(const std::vector<Extent>& extents)
      : extents_(extents), claimed_(extents.size()) {
    for (size_t i = 0; i < extents.size(); ++i) claimed_[i].resize(extents[i].bytes.size());
  }

  /// The bytes of a range if all were written; they then are no strays. Null otherwise.
  const uint8_t* claim(uint64_t offset, uint64_t bytes) {
    const size_t i = find(offset);
    if (i == extents_.size()) return nullptr;
    const uint64_t at = offset - extents_[i].offset;
    if (at + bytes > extents_[i].bytes.size()) return nullptr;
    std::fill_n(claimed_[i].begin() + static_cast<ptrdiff_t>(at), bytes, 1);
    return &extents_[i].bytes[at];
  }

  /// Whatever was written of [begin, end) is no stray.
  void allow(uint64_t begin, uint64_t end) {
    for (size_t i = 0; i < extents_.size(); ++i) {
      const uint64_t first = std::max(begin, extents_[i].offset);
      const uint64_t last = std::min(end, extents_[i].offset + extents_[i].bytes.size());
      for (uint64_t at = first; at < last; ++at) claimed_[i][at - extents_[i].offset] = 1;
    }
  }

  /// Runs of written bytes that nobody claimed: their offset and length.
  std::vector<std::pair<uint64_t, uint64_t>> strays() const {
    std::vector<std::pair<uint64_t, uint64_t>> out;
    for (size_t i = 0; i < extents_.size(); ++i) {
      for (size_t at = 0; at < extents_[i].bytes.size(); ++at) {
        if (claimed_[i][at]) continue;
        const uint64_t offset = extents_[i].offset + at;
        if (out.empty() || out.back().first + out.back().second != offset)
          out.emplace_back(offset, 0);
        ++out.back().second;
      }
    }
    return out;
  }

 private:
  /// The extent that holds `offset`, or the number of extents. Neighbours are asked for in order.
  size_t find(uint64_t offset) {
    const auto holds = [&](size_t i) {
      return i < extents_.size() && offset >= extents_[i].offset &&
             offset - extents_[i].offset < extents_[i].bytes.size();
    };
    if (holds(last_)) return last_;
    const auto it = std::upper_bound(
        extents_.begin(), extents_.end(), offset,
        [](uint64_t value, const Extent& extent) { return value < extent.offset; });
    if (it == extents_.begin()) return extents_.size();
    const auto i = static_cast<size_t>(it - extents_.begin() - 1);
    if (!holds(i)) return extents_.size();
    return last_ = i;
  }

  const std::vector<Extent>& extents_;
  std::vector<std::vector<char>> claimed_;
  size_t last_ = 0;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_JUDGE_WRITTEN_BYTES_H_
