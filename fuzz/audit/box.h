#ifndef WAVEFUZZ_FUZZ_AUDIT_BOX_H_
#define WAVEFUZZ_FUZZ_AUDIT_BOX_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/audit/request.h"

namespace wavefuzz::audit {

/// Requests that are a set of values in each dimension: what makes many requests one line.
struct Box {
  std::array<uint64_t, kDims> masks = {};  ///< bit i: value i of the dimension

  explicit Box(const Request& request);
  void add(const Request& request);
  bool has(Dim dim, size_t index) const {
    return (masks[static_cast<size_t>(dim)] >> index & 1) != 0;
  }
  bool operator==(const Box&) const = default;
};

/// Boxes of just these requests, which differ from each other: as few as merging one dimension
/// after another makes, the largest first.
std::vector<Box> boxes_of(const std::vector<Request>& requests);

/// "gfx942; bf16 x fp8, fp16 x fp8; gqa 9..15; qlen 1": the dimensions of the entry, without those
/// that have every value.
std::string text(const Box& box, Entry entry);

/// "9..15, 17" of a dimension's values.
std::string values_text(Dim dim, uint64_t mask);

}  // namespace wavefuzz::audit

#endif  // WAVEFUZZ_FUZZ_AUDIT_BOX_H_
