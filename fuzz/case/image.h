#ifndef WAVEFUZZ_FUZZ_CASE_IMAGE_H_
#define WAVEFUZZ_FUZZ_CASE_IMAGE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/problem.h"

namespace wavefuzz {

/// Builds the contents of a sparse buffer, such as a paged cache, piece by piece in any order. What
/// is not put stays poison.
class ImageBuilder {
 public:
  /// A later piece wins over an earlier one that it overlaps.
  void put(uint64_t offset, std::span<const uint8_t> bytes);

  /// The pieces in ascending order, neighbours joined. Leaves the builder empty.
  std::vector<Extent> take();

 private:
  struct Piece {
    uint64_t offset;
    uint64_t begin;  // in bytes_
    uint64_t size;
  };
  std::vector<Piece> pieces_;
  std::vector<uint8_t> bytes_;
};

/// Reads the contents of a buffer, as a reference does.
class ImageReader {
 public:
  explicit ImageReader(const Buffer& buffer) : extents_(buffer.contents) {}
  /// Extents in ascending order, which must outlive the reader.
  explicit ImageReader(const std::vector<Extent>& extents) : extents_(extents) {}

  /// The bytes at an offset; null where one of them is poison. Fast when offsets are near the last.
  const uint8_t* at(uint64_t offset, uint64_t bytes) const;

 private:
  const std::vector<Extent>& extents_;
  mutable size_t last_ = 0;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CASE_IMAGE_H_
