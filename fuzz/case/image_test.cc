#include "fuzz/case/image.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

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

}  // namespace
}  // namespace wavefuzz
