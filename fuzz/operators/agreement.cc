#include "fuzz/operators/agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace wavefuzz {
namespace {

/// The bytes at an offset of what was written; null when one of them was not.
const uint8_t* written_at(const std::vector<Extent>& extents, uint64_t offset, uint64_t bytes) {
  const auto it =
      std::upper_bound(extents.begin(), extents.end(), offset,
                       [](uint64_t value, const Extent& extent) { return value < extent.offset; });
  if (it == extents.begin()) return nullptr;
  const Extent& extent = *std::prev(it);
  const uint64_t at = offset - extent.offset;
  return at + bytes > extent.bytes.size() ? nullptr : &extent.bytes[at];
}

}  // namespace

void expect_agreement(const Run& run, const TensorView& view, const Run& related,
                      const TensorView& other, const std::vector<double>& within,
                      const std::string& relation, Judge& judge) {
  const std::vector<Extent>& mine = run.outcome.written_to(view.buffer);
  const std::vector<Extent>& theirs = related.outcome.written_to(other.buffer);
  const uint32_t bytes = bytes_of(view.dtype);
  uint64_t count = 0;
  std::string first;
  for (uint64_t i = 0; i < view.size(); ++i) {
    const uint8_t* a = written_at(mine, view.offset_of(i), bytes);
    const uint8_t* b = written_at(theirs, other.offset_of(i), bytes);
    if (a == nullptr || b == nullptr || std::equal(a, a + bytes, b)) continue;
    const double x = decode(view.dtype, load_bits(view.dtype, a));
    const double y = decode(view.dtype, load_bits(view.dtype, b));
    if (!within.empty() && (std::isnan(within[i]) || x == y || std::abs(x - y) <= within[i]))
      continue;
    if (count++ != 0) continue;
    first = fmt::format("{}: {}, but {} with {}", view.name_of(i), x, y, relation);
    if (!within.empty()) first += fmt::format("; they may differ by {:.3g}", within[i]);
  }
  if (count == 0) return;
  if (count > 1) first += fmt::format("; {} elements in all", count);
  judge.finding({"relation", view.field + "." + relation, first, ""});
}

}  // namespace wavefuzz
