#include "fuzz/image.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "fuzz/paging.h"

namespace wavefuzz {
namespace {

TEST(ImageBuilder, HoldsWhatWasPutLastAndNothingElse) {
  EXPECT_TRUE(rc::check("an image is a map from offset to the byte put last", [] {
    ImageBuilder builder;
    std::map<uint64_t, uint8_t> expected;
    const auto pieces = *rc::gen::inRange(0, 20);
    for (int i = 0; i < pieces; ++i) {
      const auto offset = *rc::gen::inRange<uint64_t>(0, 64);
      const auto bytes = *rc::gen::container<std::vector<uint8_t>>(rc::gen::arbitrary<uint8_t>());
      builder.put(offset, bytes);
      for (size_t at = 0; at < bytes.size(); ++at) expected[offset + at] = bytes[at];
    }
    Buffer buffer;
    buffer.contents = builder.take();
    std::map<uint64_t, uint8_t> got;
    uint64_t end = 0;
    for (const Extent& extent : buffer.contents) {
      RC_ASSERT(got.empty() || extent.offset > end);  // ascending, a gap between each two
      end = extent.offset + extent.bytes.size();
      for (size_t at = 0; at < extent.bytes.size(); ++at)
        got[extent.offset + at] = extent.bytes[at];
    }
    RC_ASSERT(got == expected);
    const ImageReader reader(buffer);
    for (uint64_t offset = 0; offset < 256; ++offset) {
      const uint8_t* byte = reader.at(offset, 1);
      RC_ASSERT((byte != nullptr) == expected.contains(offset));
      if (byte != nullptr) {
        RC_ASSERT(*byte == expected[offset]);
      }
    }
  }));
}

TEST(PageIds, AreDistinctAndInRangeInEveryOrder) {
  Case c;
  c.seed = 5;
  c.params.set("first_page", 7);
  c.params.set("page_step", 3);
  for (const char* order : kPageOrders) {
    c.params.set("page_order", order);
    std::vector<int64_t> ids = page_ids(c, 100);
    if (order == std::string("sequential")) {
      EXPECT_EQ(ids[2], 13);
    }
    if (order == std::string("reversed")) {
      EXPECT_EQ(ids[99], 7);
    }
    if (order == std::string("shuffled")) {
      EXPECT_FALSE(std::is_sorted(ids.begin(), ids.end()));
    }
    std::sort(ids.begin(), ids.end());
    for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(ids[static_cast<size_t>(i)], 7 + 3 * i);
    EXPECT_EQ(pages_needed(c, 100), 7 + 3 * 99 + 1);
  }
}

}  // namespace
}  // namespace wavefuzz
