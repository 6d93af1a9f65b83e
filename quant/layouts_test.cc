// Every layout against a tensor reshaped and permuted as its framework does it, and as a bijection.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <vector>

#include "quant/indexer_page.h"
#include "quant/mla_page.h"
#include "quant/paged_k.h"
#include "quant/paged_v.h"
#include "quant/weight_preshuffle.h"

namespace wavefuzz::quant {
namespace {

using Shape = std::vector<uint64_t>;

uint64_t product(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), uint64_t{1}, std::multiplies<>());
}

// torch.arange(product(shape)).view(shape).permute(axes).contiguous().flatten(): at each place in
// memory the row-major index, in `shape`, of the element that lies there.
std::vector<uint64_t> view_permute(const Shape& shape, const std::vector<int>& axes) {
  Shape stride(shape.size(), 1);
  for (size_t a = shape.size() - 1; a > 0; --a) stride[a - 1] = stride[a] * shape[a];
  std::vector<uint64_t> memory(product(shape));
  Shape at(axes.size(), 0);  // odometer over the permuted axes, last fastest
  for (uint64_t& element : memory) {
    for (size_t a = 0; a < axes.size(); ++a) element += at[a] * stride[axes[a]];
    for (size_t a = axes.size(); a-- > 0 && ++at[a] == shape[axes[a]];) at[a] = 0;
  }
  return memory;
}

// Fails unless `index` maps [0, size) of the logical index onto itself, one to one.
void expect_bijection(uint64_t size, const std::function<uint64_t(uint64_t)>& index) {
  std::vector<bool> hit(size);
  for (uint64_t logical = 0; logical < size; ++logical) {
    const uint64_t at = index(logical);
    ASSERT_LT(at, size);
    ASSERT_FALSE(hit[at]) << "two elements at " << at;
    hit[at] = true;
  }
}

// Fails unless the element that lies at each place of memory is the one `index` puts there.
void expect_order(const std::vector<uint64_t>& memory,
                  const std::function<uint64_t(uint64_t)>& index) {
  for (uint64_t at = 0; at < memory.size(); ++at) ASSERT_EQ(index(memory[at]), at);
}

TEST(ViewPermute, IsTheTranspose) {
  EXPECT_EQ(view_permute({2, 3}, {1, 0}), (std::vector<uint64_t>{0, 3, 1, 4, 2, 5}));
}

// --- Indexer page -------------------------------------------------------------------------------

TEST(IndexerPage, NormalIsRowMajorThenScales) {
  const IndexerPage page = {64, 128, PageLayout::kNormal};
  EXPECT_EQ(page.value_offset(0, 0), 0u);
  EXPECT_EQ(page.value_offset(63, 127), 8191u);
  EXPECT_EQ(page.value_offset(5, 7), 5u * 128 + 7);
  EXPECT_EQ(page.scale_offset(0), 8192u);
  EXPECT_EQ(page.scale_offset(63), 8192u + 252);
  EXPECT_EQ(page.bytes(), 8448u);
}

TEST(IndexerPage, ShuffleIsTilesOfSixteenTokensBySixteenBytes) {
  const IndexerPage page = {64, 128, PageLayout::kShuffle};
  EXPECT_EQ(page.value_offset(0, 15), 15u);
  EXPECT_EQ(page.value_offset(1, 0), 16u);    // the next token follows 16 bytes on
  EXPECT_EQ(page.value_offset(0, 16), 256u);  // the next 16 dims follow all 16 tokens
  EXPECT_EQ(page.value_offset(16, 0), 2048u);
  EXPECT_EQ(page.value_offset(17, 35), 2048u + 2 * 256 + 16 + 3);
  EXPECT_EQ(page.scale_offset(17), 8192u + 68);  // as in a normal page
}

TEST(IndexerPage, ShuffleIsAReshapeAndPermute) {
  for (uint32_t page_size : {16, 32, 64, 128, 256}) {
    for (uint32_t head_dim : {16, 32, 64, 112, 128, 512}) {
      const IndexerPage page = {page_size, head_dim, PageLayout::kShuffle};
      const std::vector<uint64_t> memory =
          view_permute({page_size / 16, 16, head_dim / 16, 16}, {0, 2, 1, 3});
      expect_order(memory,
                   [&](uint64_t i) { return page.value_offset(i / head_dim, i % head_dim); });
    }
  }
}

TEST(IndexerPage, EveryByteIsAValueOrOneOfAScalesFour) {
  for (PageLayout layout : {PageLayout::kNormal, PageLayout::kShuffle}) {
    for (uint32_t page_size : {1, 2, 3, 16, 48, 64}) {
      for (uint32_t head_dim : {1, 16, 37, 80, 128}) {
        for (uint32_t groups : {1, 2, 4}) {
          const IndexerPage page = {page_size, head_dim, layout, groups};
          if (!page.valid()) continue;
          const uint64_t values = uint64_t(page_size) * head_dim;
          expect_bijection(page.bytes(), [&](uint64_t i) {
            if (i < values) return page.value_offset(i / head_dim, i % head_dim);
            const uint64_t scale = (i - values) / 4;
            return page.scale_offset(scale / groups, scale % groups) + (i - values) % 4;
          });
        }
      }
    }
  }
}

TEST(IndexerPage, ShuffleNeedsMultiplesOfSixteen) {
  EXPECT_TRUE((IndexerPage{16, 16, PageLayout::kShuffle}.valid()));
  EXPECT_FALSE((IndexerPage{1, 128, PageLayout::kShuffle}.valid()));
  EXPECT_FALSE((IndexerPage{24, 128, PageLayout::kShuffle}.valid()));
  EXPECT_FALSE((IndexerPage{16, 100, PageLayout::kShuffle}.valid()));
  EXPECT_TRUE((IndexerPage{1, 100, PageLayout::kNormal}.valid()));
  EXPECT_FALSE((IndexerPage{0, 128, PageLayout::kNormal}.valid()));
  EXPECT_FALSE((IndexerPage{16, 0, PageLayout::kNormal}.valid()));
  EXPECT_FALSE((IndexerPage{16, 128, PageLayout::kNormal, 0}.valid()));
  EXPECT_FALSE((IndexerPage{16, 128, PageLayout::kNormal, 3}.valid()));
}

TEST(IndexerPage, OffsetsDoNotWrapAt32Bits) {
  const IndexerPage page = {1u << 20, 1u << 13, PageLayout::kShuffle};
  EXPECT_EQ(page.value_offset((1u << 20) - 1, (1u << 13) - 1), (uint64_t{1} << 33) - 1);
  EXPECT_EQ(page.scale_offset(1), (uint64_t{1} << 33) + 4);
}

// --- Weight preshuffle --------------------------------------------------------------------------

// aiter shuffle_weight: view(N/16, 16, K/32, 32/x, x).permute(0, 2, 3, 1, 4), here with its block
// width of 2x elements: BK = 32 for one byte and 16 for two.
TEST(WeightPreshuffle, IsAReshapeAndPermute) {
  for (uint64_t element_bytes : {1, 2}) {
    for (uint32_t rows : {16, 32, 112, 256}) {
      for (uint32_t cols : {32, 64, 96, 512}) {
        const WeightPreshuffle w = {rows, cols, uint32_t(element_bytes)};
        ASSERT_TRUE(w.valid());
        const uint64_t x = 16 / element_bytes, block = 2 * x;
        const std::vector<uint64_t> memory =
            view_permute({rows / 16, 16, cols / block, block / x, x}, {0, 2, 3, 1, 4});
        expect_order(memory, [&](uint64_t i) { return w.index(i / cols, i % cols); });
        expect_bijection(memory.size(), [&](uint64_t i) { return w.index(i / cols, i % cols); });
        EXPECT_EQ(w.bytes(), memory.size() * element_bytes);
      }
    }
  }
}

TEST(WeightPreshuffle, OfBytesIsTheShuffledIndexerPage) {
  const WeightPreshuffle w = {64, 128, 1};
  const IndexerPage page = {64, 128, PageLayout::kShuffle};
  for (uint32_t n = 0; n < 64; ++n)
    for (uint32_t k = 0; k < 128; ++k) ASSERT_EQ(w.index(n, k), page.value_offset(n, k));
}

TEST(WeightPreshuffle, NeedsSixteenRowsAndThirtyTwoColumns) {
  EXPECT_FALSE((WeightPreshuffle{8, 32, 1}.valid()));
  EXPECT_FALSE((WeightPreshuffle{16, 16, 1}.valid()));
  EXPECT_FALSE((WeightPreshuffle{16, 48, 2}.valid()));
  EXPECT_FALSE((WeightPreshuffle{16, 32, 4}.valid()));
  EXPECT_FALSE((WeightPreshuffle{0, 32, 1}.valid()));
}

// --- MLA page -----------------------------------------------------------------------------------

constexpr MlaEntry kAllEntries[] = {MlaEntry::kBf16, MlaEntry::kFp8, MlaEntry::kV32, MlaEntry::kV4};

TEST(MlaPage, EntriesHaveTheBytesThatTheyAreKnownBy) {
  EXPECT_EQ((MlaPage{MlaEntry::kBf16, 1, 512, 64}.bytes()), 1152u);
  EXPECT_EQ((MlaPage{MlaEntry::kFp8, 1, 512, 64}.bytes()), 576u);
  EXPECT_EQ((MlaPage{MlaEntry::kV32, 1, 512, 64}.bytes()), 656u);
  const MlaPage v4 = {MlaEntry::kV4, 64, 448, 64};
  EXPECT_EQ(v4.token_bytes() + 8, 584u);
  EXPECT_EQ(v4.bytes() % 576, 0u);
  EXPECT_GE(v4.bytes(), 64 * 584u);
  EXPECT_LT(v4.bytes(), 64 * 584u + 576);
  EXPECT_EQ((MlaPage{MlaEntry::kV4, 576, 448, 64}.bytes()), 576 * 584u);  // nothing to pad
}

TEST(MlaPage, V32IsValuesScalesRope) {
  const MlaPage page = {MlaEntry::kV32, 64, 512, 64};
  EXPECT_EQ(page.nope_offset(2, 511), 2 * 656 + 511u);
  EXPECT_EQ(page.scale_offset(2, 3), 2 * 656 + 524u);
  EXPECT_EQ(page.rope_offset(2, 1), 2 * 656 + 530u);
  EXPECT_EQ(page.v_dim(), 512u);
}

TEST(MlaPage, V4HasItsScalesBehindTheTokens) {
  const MlaPage page = {MlaEntry::kV4, 64, 448, 64};
  EXPECT_EQ(page.nope_offset(3, 447), 3 * 576 + 447u);
  EXPECT_EQ(page.rope_offset(3, 63), 3 * 576 + 574u);
  EXPECT_EQ(page.scale_offset(0, 0), 64 * 576u);
  EXPECT_EQ(page.scale_offset(63, 6), 64 * 576 + 63 * 8 + 6u);
  EXPECT_EQ(page.v_dim(), 512u);
}

TEST(MlaPage, NoByteBelongsToTwoThings) {
  for (const MlaEntry entry : kAllEntries) {
    for (const uint32_t page_size : {1u, 16u, 64u}) {
      const MlaPage page = {entry, page_size, entry == MlaEntry::kV4 ? 448u : 512u, 64};
      std::vector<int> owners(page.bytes());
      for (uint32_t t = 0; t < page_size; ++t) {
        for (uint32_t d = 0; d < page.nope; ++d) {
          for (uint32_t i = 0; i < page.nope_bytes(); ++i) ++owners[page.nope_offset(t, d) + i];
        }
        for (uint32_t d = 0; d < page.rope; ++d) {
          for (uint32_t i = 0; i < page.rope_bytes(); ++i) ++owners[page.rope_offset(t, d) + i];
        }
        for (uint32_t g = 0; g < page.groups(); ++g) {
          const uint32_t bytes = entry == MlaEntry::kV32 ? 4 : 1;
          for (uint32_t i = 0; i < bytes; ++i) ++owners[page.scale_offset(t, g) + i];
        }
      }
      for (const int owner : owners) ASSERT_LE(owner, 1);
      const auto unowned = std::count(owners.begin(), owners.end(), 0);
      const uint64_t padding =
          entry == MlaEntry::kV4 ? page.bytes() - page_size * (576 + uint64_t{7}) : 0;
      EXPECT_EQ(static_cast<uint64_t>(unowned), padding);
    }
  }
}

TEST(MlaPage, GroupsDivideTheValues) {
  EXPECT_TRUE((MlaPage{MlaEntry::kV32, 1, 128, 0}.valid()));
  EXPECT_FALSE((MlaPage{MlaEntry::kV32, 1, 64, 64}.valid()));
  EXPECT_TRUE((MlaPage{MlaEntry::kV4, 1, 64, 64}.valid()));
  EXPECT_FALSE((MlaPage{MlaEntry::kV4, 1, 512, 64}.valid()));  // eight scales and no padding byte
  EXPECT_TRUE((MlaPage{MlaEntry::kFp8, 1, 1, 0}.valid()));
  EXPECT_FALSE((MlaPage{MlaEntry::kFp8, 0, 512, 64}.valid()));
}

TEST(MlaPage, OffsetsDoNotWrapAt32Bits) {
  const MlaPage page = {MlaEntry::kV32, 1u << 23, 512, 64};
  EXPECT_EQ(page.nope_offset((1u << 23) - 1, 0), ((uint64_t{1} << 23) - 1) * 656);
}

// --- Paged K and V ------------------------------------------------------------------------------

struct PagedShape {
  uint32_t kv_heads, head_dim, page_size, element_bytes;
};

std::vector<PagedShape> paged_shapes() {
  std::vector<PagedShape> shapes;
  for (uint32_t heads : {1, 3, 8})
    for (uint32_t dim : {16, 64, 112, 128})
      for (uint32_t page : {16, 32, 64})
        for (uint32_t bytes : {1, 2}) shapes.push_back({heads, dim, page, bytes});
  return shapes;
}

constexpr uint64_t kPages = 3;

// Logical order for both: [page, head, token, dim].
template <typename Layout>
auto by_logical_index(const Layout& layout) {
  return [&layout](uint64_t i) {
    const uint64_t d = i % layout.head_dim, t = i / layout.head_dim % layout.page_size;
    const uint64_t rest = i / layout.head_dim / layout.page_size;
    return layout.index(rest / layout.kv_heads, rest % layout.kv_heads, t, d);
  };
}

TEST(PagedK, IsAReshapeAndPermute) {
  for (const PagedShape& s : paged_shapes()) {
    const PagedK k = {s.kv_heads, s.head_dim, s.page_size, s.element_bytes};
    ASSERT_TRUE(k.valid());
    const uint64_t x = 16 / s.element_bytes;
    const std::vector<uint64_t> memory =
        view_permute({kPages, s.kv_heads, s.page_size, s.head_dim / x, x}, {0, 1, 3, 2, 4});
    expect_order(memory, by_logical_index(k));
    expect_bijection(memory.size(), by_logical_index(k));
  }
}

TEST(PagedV, PlainIsAPermute) {
  for (const PagedShape& s : paged_shapes()) {
    const PagedV v = {s.kv_heads, s.head_dim, s.page_size, s.element_bytes, VLayout::kPlain};
    ASSERT_TRUE(v.valid());
    expect_order(view_permute({kPages, s.kv_heads, s.page_size, s.head_dim}, {0, 1, 3, 2}),
                 by_logical_index(v));
  }
}

TEST(PagedV, ShuffledIsAReshapeAndPermute) {
  for (const PagedShape& s : paged_shapes()) {
    const PagedV v = {s.kv_heads, s.head_dim, s.page_size, s.element_bytes, VLayout::kShuffled};
    ASSERT_TRUE(v.valid());
    const uint64_t x = 16 / s.element_bytes;
    const std::vector<uint64_t> memory =
        view_permute({kPages, s.kv_heads, s.page_size / x, x, s.head_dim}, {0, 1, 2, 4, 3});
    expect_order(memory, by_logical_index(v));
    expect_bijection(memory.size(), by_logical_index(v));
  }
}

TEST(PagedV, BothLayoutsAreTheSameForFp8PagesOfSixteen) {
  const PagedV plain = {2, 128, 16, 1, VLayout::kPlain};
  const PagedV shuffled = {2, 128, 16, 1, VLayout::kShuffled};
  for (uint32_t t = 0; t < 16; ++t)
    for (uint32_t d = 0; d < 128; ++d)
      ASSERT_EQ(plain.index(1, 1, t, d), shuffled.index(1, 1, t, d));
}

// head_dim 128, page 16: a bf16 head of K is 16 chunks of [16 tokens][8], of V 2 of [128][8].
TEST(Paged, ChunksOfShippedShapes) {
  const PagedK k = {1, 128, 16, 2};
  EXPECT_EQ(k.index(0, 0, 1, 0), 8u);
  EXPECT_EQ(k.index(0, 0, 0, 8), 128u);
  EXPECT_EQ(k.page_stride() * 2, 4096u);  // bytes
  const PagedV v = {1, 128, 16, 2, VLayout::kShuffled};
  EXPECT_EQ(v.index(0, 0, 0, 1), 8u);
  EXPECT_EQ(v.index(0, 0, 8, 0), 1024u);
}

TEST(Paged, SizesThatHaveNoLayout) {
  EXPECT_FALSE((PagedK{1, 120, 16, 1}.valid()));
  EXPECT_TRUE((PagedK{1, 120, 16, 2}.valid()));
  EXPECT_FALSE((PagedK{0, 128, 16, 1}.valid()));
  EXPECT_FALSE((PagedK{1, 128, 16, 4}.valid()));
  EXPECT_TRUE((PagedV{1, 120, 1, 1, VLayout::kPlain}.valid()));
  EXPECT_FALSE((PagedV{1, 128, 8, 1, VLayout::kShuffled}.valid()));
  EXPECT_TRUE((PagedV{1, 128, 8, 2, VLayout::kShuffled}.valid()));
}

// A 16 GiB cache: page ids times strides pass 2^31 and 2^32.
TEST(Paged, IndicesDoNotWrapAt32Bits) {
  const PagedK k = {8, 128, 16, 1};
  const uint64_t page = 1 << 20;
  EXPECT_EQ(k.index(page, 7, 15, 127), page * 16384 + 16383);
  const PagedV v = {8, 128, 16, 1, VLayout::kShuffled};
  EXPECT_EQ(v.index(page, 7, 15, 127), page * 16384 + 16383);
}

}  // namespace
}  // namespace wavefuzz::quant
