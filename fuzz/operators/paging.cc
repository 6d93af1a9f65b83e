#include "fuzz/operators/paging.h"

#include <Random123/philox.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "gpu/error.h"

namespace wavefuzz {

std::vector<int64_t> page_ids(const Case& c, uint64_t count) {
  std::vector<int64_t> ids(count);
  std::iota(ids.begin(), ids.end(), int64_t{0});
  const std::string& order = kPageOrder.of(c);
  if (order == "reversed") {
    std::reverse(ids.begin(), ids.end());
  } else if (order == "shuffled") {
    const r123::Philox2x32::key_type key = {{static_cast<uint32_t>(c.seed)}};
    const auto rank = [&](int64_t id) {
      return r123::Philox2x32()({{static_cast<uint32_t>(id), 0x70616765}}, key)[0];
    };
    std::stable_sort(ids.begin(), ids.end(),
                     [&](int64_t a, int64_t b) { return rank(a) < rank(b); });
  }
  const int64_t first = kFirstPage.of(c), step = kPageStep.of(c);
  for (int64_t& id : ids) id = first + id * step;
  return ids;
}

int64_t pages_needed(const Case& c, uint64_t count) {
  if (count == 0) return 1;
  return kFirstPage.of(c) + (static_cast<int64_t>(count) - 1) * kPageStep.of(c) + 1;
}

void plainer_pages(std::vector<Step>& steps, const Case& c, const Repair& repair) {
  ParameterTable{kPageOrder, kFirstPage, kPageStep}.simpler(steps, c, repair);
}

}  // namespace wavefuzz
