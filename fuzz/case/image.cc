#include "fuzz/case/image.h"

#include <algorithm>
#include <cstring>

namespace wavefuzz {

void ImageBuilder::put(uint64_t offset, std::span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  const uint64_t begin = bytes_.size();
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  if (!pieces_.empty() && pieces_.back().offset + pieces_.back().size == offset) {
    pieces_.back().size += bytes.size();  // pieces_.back() is what bytes_ ends with
  } else {
    pieces_.push_back({offset, begin, bytes.size()});
  }
}

std::vector<Extent> ImageBuilder::take() {
  std::stable_sort(pieces_.begin(), pieces_.end(),
                   [](const Piece& a, const Piece& b) { return a.offset < b.offset; });
  std::vector<Extent> extents;
  // Where pieces overlap, the one put later must win, and sorting by offset has lost that order:
  // lay out the joined ranges first, then copy in the order of bytes_.
  for (const Piece& piece : pieces_) {
    const uint64_t end = piece.offset + piece.size;
    if (extents.empty() || extents.back().offset + extents.back().bytes.size() < piece.offset) {
      extents.push_back({piece.offset, std::vector<uint8_t>(piece.size)});
    } else if (extents.back().offset + extents.back().bytes.size() < end) {
      extents.back().bytes.resize(end - extents.back().offset);
    }
  }
  std::sort(pieces_.begin(), pieces_.end(),
            [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
  for (const Piece& piece : pieces_) {
    const auto it = std::prev(
        std::upper_bound(extents.begin(), extents.end(), piece.offset,
                         [](uint64_t offset, const Extent& e) { return offset < e.offset; }));
    std::memcpy(&it->bytes[piece.offset - it->offset], &bytes_[piece.begin], piece.size);
  }
  pieces_.clear();
  bytes_.clear();
  return extents;
}

const uint8_t* ImageReader::at(uint64_t offset, uint64_t bytes) const {
  const auto holds = [&](size_t i) {
    return i < extents_.size() && offset >= extents_[i].offset &&
           offset + bytes <= extents_[i].offset + extents_[i].bytes.size();
  };
  if (!holds(last_)) {
    const auto it =
        std::upper_bound(extents_.begin(), extents_.end(), offset,
                         [](uint64_t value, const Extent& e) { return value < e.offset; });
    if (it == extents_.begin()) return nullptr;
    last_ = static_cast<size_t>(it - extents_.begin() - 1);
    if (!holds(last_)) return nullptr;
  }
  return &extents_[last_].bytes[offset - extents_[last_].offset];
}

}  // namespace wavefuzz
