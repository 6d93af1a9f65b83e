#include "fuzz/audit/box.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace wavefuzz::audit {
namespace {

/// Shapes last: they are what a reader wants to see as ranges.
constexpr Dim kMergeOrder[] = {Dim::kPage,  Dim::kHighPrecision, Dim::kQoIndptr, Dim::kQuantType,
                               Dim::kMask,  Dim::kSplits,        Dim::kLse,      Dim::kCausal,
                               Dim::kCp,    Dim::kPersistent,    Dim::kQlen,     Dim::kGqa,
                               Dim::kTypes, Dim::kArch};

/// Merges boxes that differ in this dimension alone.
void merge(std::vector<Box>& boxes, Dim dim) {
  const auto at = static_cast<size_t>(dim);
  const auto others = [at](const Box& box) {
    std::array<uint64_t, kDims> masks = box.masks;
    masks[at] = 0;
    return masks;
  };
  std::sort(boxes.begin(), boxes.end(),
            [&](const Box& a, const Box& b) { return others(a) < others(b); });
  size_t last = 0;
  for (size_t i = 1; i < boxes.size(); ++i) {
    if (others(boxes[last]) == others(boxes[i])) {
      boxes[last].masks[at] |= boxes[i].masks[at];
    } else {
      boxes[++last] = boxes[i];
    }
  }
  if (!boxes.empty())
    boxes.erase(boxes.begin() + static_cast<std::ptrdiff_t>(last) + 1, boxes.end());
}

}  // namespace

Box::Box(const Request& request) { add(request); }

void Box::add(const Request& request) {
  for (size_t i = 0; i < kDims; ++i) masks[i] |= uint64_t{1} << request.at[i];
}

std::vector<Box> boxes_of(const std::vector<Request>& requests) {
  std::vector<Box> boxes(requests.begin(), requests.end());
  for (size_t before = boxes.size() + 1; boxes.size() < before;) {
    before = boxes.size();
    for (const Dim dim : kMergeOrder) merge(boxes, dim);
  }
  const auto size = [](const Box& box) {
    double product = 1;
    for (const uint64_t mask : box.masks) product *= std::popcount(mask);
    return product;
  };
  std::stable_sort(boxes.begin(), boxes.end(),
                   [&](const Box& a, const Box& b) { return size(a) > size(b); });
  return boxes;
}

std::string values_text(Dim dim, uint64_t mask) {
  const DimValues& values = values_of(dim);
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) {
    if ((mask >> i & 1) == 0) continue;
    size_t end = i;
    // Runs of sizes are ranges; choices are listed.
    const bool sizes = dim == Dim::kGqa || dim == Dim::kQlen;
    while (sizes && end + 1 < values.size() && (mask >> (end + 1) & 1) != 0) ++end;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", values.text(i));
    if (end > i) text += fmt::format("{}{}", end == i + 1 ? ", " : "..", values.text(end));
    i = end;
  }
  return text;
}

std::string text(const Box& box, Entry entry) {
  std::string text;
  for (const Dim dim : dims_of(entry)) {
    const DimValues& values = values_of(dim);
    const uint64_t mask = box.masks[static_cast<size_t>(dim)];
    const uint64_t all = values.size() == 64 ? ~uint64_t{0} : (uint64_t{1} << values.size()) - 1;
    const bool plain = dim == Dim::kArch || dim == Dim::kTypes;
    if (mask == all && dim != Dim::kArch) continue;
    text += fmt::format("{}{}{}", text.empty() ? "" : "; ",
                        plain ? "" : fmt::format("{} ", values.name), values_text(dim, mask));
  }
  return text;
}

}  // namespace wavefuzz::audit
