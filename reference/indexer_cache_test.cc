// The indexer's writer and gather, by hand-worked cases. Expected codes are written as the values
// they decode to, from the formula of vLLM's indexer_k_quant_and_cache: scale = max(amax, 1e-4) /
// M, code = fp8(k / scale).
#include "reference/indexer_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

namespace wavefuzz::reference {
namespace {

using quant::Fp8;
using quant::IndexerPage;
using quant::PageLayout;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

IndexerPage page(uint32_t page_size, uint32_t head_dim, PageLayout layout = PageLayout::kNormal) {
  return {page_size, head_dim, layout};
}

std::vector<float> values(const IndexerRow& row, Fp8 format) {
  std::vector<float> out;
  for (const uint8_t code : row.codes) out.push_back(quant::decode(format, code));
  return out;
}

TEST(IndexerKQuant, DividesByAScaleThatPutsTheLargestValueAt448) {
  const std::vector<float> k = {448, -224, 1, 0};
  const std::vector<int64_t> slots = {5};
  const auto rows = indexer_k_quant(k, 4, 1, slots, page(16, 4), quant::kVllmIndexerTritonFn);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].token, 0);
  EXPECT_EQ(rows[0].slot, 5);
  EXPECT_EQ(rows[0].scales, std::vector<float>{1.0f});
  EXPECT_EQ(values(rows[0], Fp8::kE4m3fn), (std::vector<float>{448, -224, 1, 0}));
}

TEST(IndexerKQuant, UsesDivisor224ForFnuz) {
  const std::vector<float> k = {448, 2, -1, 0};
  const std::vector<int64_t> slots = {0};
  const auto rows = indexer_k_quant(k, 4, 1, slots, page(16, 4), quant::kVllmIndexerTritonFnuz);
  EXPECT_EQ(rows[0].scales, std::vector<float>{2.0f});
  EXPECT_EQ(values(rows[0], Fp8::kE4m3fnuz), (std::vector<float>{224, 1, -0.5, 0}));
}

TEST(IndexerKQuant, RoundsAUe8m0ScaleUpToAPowerOfTwo) {
  const std::vector<float> k = {449, 0};  // 449 / 448 is just above 1
  const std::vector<int64_t> slots = {0};
  const auto rows =
      indexer_k_quant(k, 2, 1, slots, page(1, 2), quant::with_ue8m0(quant::kVllmIndexerTritonFn));
  EXPECT_EQ(rows[0].scales, std::vector<float>{2.0f});
  EXPECT_EQ(values(rows[0], Fp8::kE4m3fn), (std::vector<float>{224, 0}));  // 224.5 rounds to 224
}

TEST(IndexerKQuant, StoresAnAllZeroRowWithTheSmallestScale) {
  const std::vector<float> k = {0, -0.0f};
  const std::vector<int64_t> slots = {0, 1};
  auto rows = indexer_k_quant(k, 2, 1, slots, page(1, 2), quant::kVllmIndexerTritonFn);
  EXPECT_EQ(rows[0].scales, std::vector<float>{1e-4f / 448.0f});
  EXPECT_EQ(rows[0].codes, (std::vector<uint8_t>{0x00, 0x80}));
  rows = indexer_k_quant(k, 2, 1, slots, page(1, 2), quant::kVllmIndexerTritonFnuz);
  EXPECT_EQ(rows[0].codes, (std::vector<uint8_t>{0x00, 0x00}));  // 0x80 would be NaN
  rows =
      indexer_k_quant(k, 2, 1, slots, page(1, 2), quant::with_ue8m0(quant::kVllmIndexerTritonFn));
  EXPECT_EQ(rows[0].scales, std::vector<float>{0x1p-22f});
}

TEST(IndexerKQuant, LeavesOutNegativeSlotsAndRowsBeyondTheSlotMapping) {
  const std::vector<float> k = {1, 2, 3, 4, 5};
  const std::vector<int64_t> slots = {7, -1, -1000, 2};
  const auto rows = indexer_k_quant(k, 1, 5, slots, page(4, 1), quant::kVllmIndexerTritonFn);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].slot, 7);
  EXPECT_EQ(rows[1].token, 3);
  EXPECT_EQ(rows[1].slot, 2);
}

TEST(IndexerKQuant, WritesNoMoreTokensThanThereAreRows) {
  const std::vector<float> k = {1};
  const std::vector<int64_t> slots = {0, 1, 2};
  EXPECT_EQ(indexer_k_quant(k, 1, 1, slots, page(4, 1), quant::kVllmIndexerTritonFn).size(), 1u);
}

TEST(IndexerKQuant, StepsOverTheGapsOfAStridedInput) {
  const std::vector<float> k = {448, 448, kNan, kNan, kNan, 1, 2};
  const std::vector<int64_t> slots = {0, 1};
  const auto rows = indexer_k_quant(k, 5, 2, slots, page(4, 2), quant::kVllmIndexerTritonFn);
  EXPECT_EQ(rows[1].scales, std::vector<float>{2.0f / 448.0f});
}

TEST(IndexerKQuant, DropsNanFromTheAmaxAndKeepsItInTheValues) {
  const std::vector<float> k = {kNan, -kNan, 448, kNan};
  const std::vector<int64_t> slots = {0};
  const auto rows = indexer_k_quant(k, 4, 1, slots, page(1, 4), quant::kVllmIndexerTritonFn);
  EXPECT_EQ(rows[0].scales, std::vector<float>{1.0f});
  EXPECT_EQ(rows[0].codes, (std::vector<uint8_t>{0x7F, 0xFF, 0x7E, 0x7F}));
}

TEST(IndexerKQuant, AnInfinityMakesTheScaleInfiniteAndEverythingElseZero) {
  const std::vector<float> k = {kInf, 1, -1};
  const std::vector<int64_t> slots = {0};
  const auto rows = indexer_k_quant(k, 3, 1, slots, page(1, 3), quant::kVllmIndexerTritonFn);
  EXPECT_EQ(rows[0].scales, std::vector<float>{kInf});
  EXPECT_TRUE(quant::is_nan(Fp8::kE4m3fn, rows[0].codes[0]));
  EXPECT_EQ(rows[0].codes[1], 0x00);
  EXPECT_EQ(rows[0].codes[2], 0x80);
}

TEST(IndexerKQuant, GivesEachGroupItsOwnScale) {
  IndexerPage two_groups = page(1, 4);
  two_groups.groups = 2;
  const std::vector<float> k = {448, 1, 896, 2};
  const std::vector<int64_t> slots = {0};
  const auto rows = indexer_k_quant(k, 4, 1, slots, two_groups, quant::kVllmIndexerTritonFn);
  EXPECT_EQ(rows[0].scales, (std::vector<float>{1.0f, 2.0f}));
  EXPECT_EQ(values(rows[0], Fp8::kE4m3fn), (std::vector<float>{448, 1, 448, 1}));
}

/// A cache whose page stride is larger than the page, every byte 0xEE at first.
struct FilledCache {
  IndexerCache cache;
  std::vector<uint8_t> bytes;
};

FilledCache filled(const IndexerPage& page, uint64_t gap, int64_t pages) {
  FilledCache f = {{page, page.bytes() + gap}, {}};
  f.bytes.assign(f.cache.page_stride * pages, 0xEE);
  return f;
}

TEST(IndexerCache, PutsValuesAndScaleWhereThePageLayoutSays) {
  // head_dim 32, page_size 32, SHUFFLE: value (t=17, d=20) is in tile row 1, tile column 1, at (1,
  // 4) of its tile.
  FilledCache f = filled(page(32, 32, PageLayout::kShuffle), 100, 3);
  IndexerRow row = {0, 2 * 32 + 17, std::vector<uint8_t>(32), {0.5f}};
  std::iota(row.codes.begin(), row.codes.end(), uint8_t{1});
  store(std::vector{row}, f.cache, f.bytes);
  const uint64_t page_start = 2 * (32 * 36 + 100);
  EXPECT_EQ(f.bytes[page_start + 16 * 32 + 256 + 1 * 16 + 4], 21);
  float scale = 0;
  std::memcpy(&scale, &f.bytes[page_start + 32 * 32 + 17 * 4], 4);  // not shuffled
  EXPECT_EQ(scale, 0.5f);
  EXPECT_EQ(std::count_if(f.bytes.begin(), f.bytes.end(), [](uint8_t b) { return b != 0xEE; }),
            32 + 4);
}

class Gather : public testing::TestWithParam<std::tuple<PageLayout, uint32_t, uint32_t>> {};

TEST_P(Gather, ReadsBackWhatWasWritten) {
  const auto [layout, page_size, head_dim] = GetParam();
  FilledCache f = filled(page(page_size, head_dim, layout), 12, 7);
  // Two sequences of ragged lengths on scattered pages.
  const std::vector<int32_t> table = {6, 0, 3, -1, 2, 5, 1, -1};
  const std::vector<int32_t> cu_seq_lens = {0, static_cast<int32_t>(2 * page_size + 1),
                                            static_cast<int32_t>(4 * page_size)};
  std::vector<int64_t> slots;
  for (int sequence = 0; sequence < 2; ++sequence) {
    for (int32_t p = 0; p < cu_seq_lens[sequence + 1] - cu_seq_lens[sequence]; ++p) {
      slots.push_back(table[sequence * 4 + p / page_size] * int64_t{page_size} + p % page_size);
    }
  }
  std::vector<float> k;
  for (size_t i = 0; i < slots.size() * head_dim; ++i)
    k.push_back(static_cast<float>((i * 7919) % 1001) - 500);
  const auto written = indexer_k_quant(k, head_dim, static_cast<int64_t>(slots.size()), slots,
                                       f.cache.page, quant::kVllmIndexerTritonFn);
  store(written, f.cache, f.bytes);

  const auto gathered = indexer_gather(f.bytes, f.cache, {table, 4, 4, cu_seq_lens, 7});
  ASSERT_EQ(gathered.size(), written.size());
  for (size_t i = 0; i < gathered.size(); ++i) {
    ASSERT_TRUE(gathered[i].valid);
    ASSERT_EQ(gathered[i].codes, written[i].codes) << i;
    ASSERT_EQ(gathered[i].scales, written[i].scales) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, Gather,
                         testing::Values(std::tuple(PageLayout::kNormal, 1u, 128u),
                                         std::tuple(PageLayout::kNormal, 64u, 128u),
                                         std::tuple(PageLayout::kNormal, 7u, 68u),
                                         std::tuple(PageLayout::kShuffle, 16u, 128u),
                                         std::tuple(PageLayout::kShuffle, 64u, 48u)));

// A second reference, written from the formulas alone: arrays and loops, codes by search.
namespace naive {

uint8_t nearest(float quotient) {  // of e4m3fn, ties to even, saturated
  int best = 0;
  double best_distance = std::numeric_limits<double>::infinity();
  for (int code = 0; code < 256; ++code) {
    const int exponent = code >> 3 & 15, mantissa = code & 7;
    if ((code & 0x7F) == 0x7F) continue;  // NaN
    const double magnitude =
        exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(8 + mantissa, exponent - 10);
    if ((code & 0x80) != 0 && !std::signbit(quotient)) continue;
    if ((code & 0x80) == 0 && std::signbit(quotient)) continue;
    const double distance = std::abs(std::abs(double{quotient}) - magnitude);
    if (distance > best_distance || (distance == best_distance && code % 2 != 0)) continue;
    best = code;
    best_distance = distance;
  }
  return static_cast<uint8_t>(best);
}

/// The bytes of a packed cache of `pages` pages after the tokens of k, 0xEE where nobody wrote.
std::vector<uint8_t> cache(const std::vector<std::vector<float>>& k,
                           const std::vector<int64_t>& slots, int64_t page_size, int64_t head_dim,
                           bool shuffle, int64_t pages) {
  const int64_t page_bytes = page_size * (head_dim + 4);
  std::vector<uint8_t> bytes(static_cast<size_t>(pages * page_bytes), 0xEE);
  for (size_t token = 0; token < k.size(); ++token) {
    const int64_t base = slots[token] / page_size * page_bytes, row = slots[token] % page_size;
    float amax = 1e-4f;
    for (const float x : k[token]) amax = std::max(amax, std::abs(x));
    const float scale = amax / 448.0f;
    for (int64_t d = 0; d < head_dim; ++d) {
      const int64_t tile = row / 16 * (head_dim / 16) + d / 16;  // of 16 tokens x 16 bytes
      const int64_t at = shuffle ? tile * 256 + row % 16 * 16 + d % 16 : row * head_dim + d;
      bytes[static_cast<size_t>(base + at)] = nearest(k[token][static_cast<size_t>(d)] / scale);
    }
    std::memcpy(&bytes[static_cast<size_t>(base + page_size * head_dim + row * 4)], &scale, 4);
  }
  return bytes;
}

}  // namespace naive

TEST(IndexerCache, AgreesWithASecondReference) {
  EXPECT_TRUE(rc::check("a written cache is that of the naive reference", [] {
    const bool shuffle = *rc::gen::arbitrary<bool>();
    const int64_t unit = shuffle ? 16 : 1;
    const int64_t page_size = unit * *rc::gen::inRange<int64_t>(1, 4);
    const int64_t head_dim = unit * *rc::gen::inRange<int64_t>(1, 5);
    const int64_t pages = *rc::gen::inRange<int64_t>(1, 4);
    const auto slots =
        *rc::gen::unique<std::vector<int64_t>>(static_cast<size_t>(*rc::gen::inRange<int64_t>(
                                                   0, std::min<int64_t>(4, page_size * pages) + 1)),
                                               rc::gen::inRange<int64_t>(0, page_size * pages));
    std::vector<std::vector<float>> k;
    std::vector<float> flat;
    for (size_t token = 0; token < slots.size(); ++token) {
      k.emplace_back();
      for (int64_t d = 0; d < head_dim; ++d) {
        k.back().push_back(std::ldexp(static_cast<float>(*rc::gen::inRange(-255, 256)),
                                      *rc::gen::inRange(-12, 4)));
        flat.push_back(k.back().back());
      }
    }
    const IndexerCache cache = {
        page(static_cast<uint32_t>(page_size), static_cast<uint32_t>(head_dim),
             shuffle ? PageLayout::kShuffle : PageLayout::kNormal),
        static_cast<uint64_t>(page_size * (head_dim + 4))};
    std::vector<uint8_t> bytes(static_cast<size_t>(pages * page_size * (head_dim + 4)), 0xEE);
    store(indexer_k_quant(flat, static_cast<uint64_t>(head_dim), static_cast<int64_t>(slots.size()),
                          slots, cache.page, quant::kVllmIndexerTritonFn),
          cache, bytes);
    RC_ASSERT(bytes == naive::cache(k, slots, page_size, head_dim, shuffle, pages));
  }));
}

TEST(GatherGuards, GiveScaleZeroWhereTheTableNamesNoPage) {
  FilledCache f = filled(page(2, 4), 0, 2);
  const std::vector<float> k(8, 448.0f);
  const std::vector<int64_t> slots = {2, 3};
  store(indexer_k_quant(k, 4, 2, slots, f.cache.page, quant::kVllmIndexerTritonFn), f.cache,
        f.bytes);
  const std::vector<int32_t> table = {-1, 1, 2};    // below, inside, beyond the cache's two pages
  const std::vector<int32_t> cu_seq_lens = {0, 8};  // a fourth page would be past the table
  const auto rows = indexer_gather(f.bytes, f.cache, {table, 3, 3, cu_seq_lens, 2});
  ASSERT_EQ(rows.size(), 8u);
  const std::vector<bool> valid = {false, false, true, true, false, false, false, false};
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].valid, valid[i]) << i;
    EXPECT_EQ(rows[i].scales[0], valid[i] ? 1.0f : 0.0f) << i;
  }
}

}  // namespace
}  // namespace wavefuzz::reference
