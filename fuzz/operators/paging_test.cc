#include "fuzz/operators/paging.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace wavefuzz {
namespace {

TEST(PageIds, AreDistinctAndInRangeInEveryOrder) {
  Case c;
  c.seed = 5;
  c.params.set("first_page", 7);
  c.params.set("page_step", 3);
  for (const std::string& order : kPageOrder.choices) {
    c.params.set("page_order", order);
    std::vector<int64_t> ids = page_ids(c, 100);
    if (order == "sequential") {
      EXPECT_EQ(ids[2], 13);
    }
    if (order == "reversed") {
      EXPECT_EQ(ids[99], 7);
    }
    if (order == "shuffled") {
      EXPECT_FALSE(std::is_sorted(ids.begin(), ids.end()));
    }
    std::sort(ids.begin(), ids.end());
    for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(ids[static_cast<size_t>(i)], 7 + 3 * i);
    EXPECT_EQ(pages_needed(c, 100), 7 + 3 * 99 + 1);
  }
}

}  // namespace
}  // namespace wavefuzz
