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
  const std::string& order = c.params.text("page_order");
  if (order == "reversed") {
    std::reverse(ids.begin(), ids.end());
  } else if (order == "shuffled") {
    const r123::Philox2x32::key_type key = {{static_cast<uint32_t>(c.seed)}};
    const auto rank = [&](int64_t id) {
      return r123::Philox2x32()({{static_cast<uint32_t>(id), 0x70616765}}, key)[0];
    };
    std::stable_sort(ids.begin(), ids.end(),
                     [&](int64_t a, int64_t b) { return rank(a) < rank(b); });
  } else if (order != "sequential") {
    throw Error(Exit::kUsage, fmt::format("page_order '{}' is unknown", order));
  }
  const int64_t first = c.params.integer("first_page");
  const int64_t step = c.params.integer("page_step");
  if (first < 0 || step < 1 || first > int64_t{1} << 40 || step > int64_t{1} << 40)
    throw Error(Exit::kUsage,
                fmt::format("first_page {}, page_step {} are no page ids", first, step));
  for (int64_t& id : ids) id = first + id * step;
  return ids;
}

int64_t pages_needed(const Case& c, uint64_t count) {
  if (count == 0) return 1;
  return c.params.integer("first_page") +
         (static_cast<int64_t>(count) - 1) * c.params.integer("page_step") + 1;
}

void plainer_pages(std::vector<Step>& steps, const Case& c, const Repair& repair) {
  choose(steps, "page_order", "sequential", repair);
  lower(steps, c, "first_page", 0, 1, repair);
  lower(steps, c, "page_step", 1, 1, repair);
}

std::vector<OperatorPage::Entry> paging_parameters() {
  return {{"page_order", "sequential, reversed, shuffled: how logical pages take page ids"},
          {"first_page", "the lowest page id in use"},
          {"page_step", "page ids from one in use to the next"}};
}

}  // namespace wavefuzz
