// Mask rules by example: each row of logits as a string, one letter a column.
//   d  the logit of the next key    0  zero    -  -inf    ?  anything or nothing    .  untouched
#include "reference/mqa_mask.h"

#include <gtest/gtest.h>

#include <vector>

namespace wavefuzz::reference {
namespace {

std::string row_text(const RowColumns& c, int64_t width) {
  std::string text(width, '.');
  const auto fill = [&](int64_t begin, int64_t end, char letter) {
    for (int64_t i = begin; i < end; ++i) text[i] = letter;
  };
  fill(0, c.first, '-');
  fill(c.first, c.last, 'd');
  fill(c.last, c.zeros, '0');
  fill(c.zeros, c.minus_inf, '-');
  fill(c.minus_inf, c.anything, '?');
  return text;
}

std::vector<std::string> rows(MaskRule rule, const RequestLengths& lengths, int64_t width) {
  std::vector<std::string> out;
  for (int64_t row = 0; row < lengths.next_n; ++row)
    out.push_back(row_text(columns_of(rule, lengths, row, width), width));
  return out;
}

using Rows = std::vector<std::string>;

TEST(MqaMask, TheLastQueryTokenSeesTheWholeContext) {
  EXPECT_EQ(rows(MaskRule::kTorch, {3, 5}, 6), (Rows{"ddd---", "dddd--", "ddddd-"}));
  EXPECT_EQ(rows(MaskRule::kVllmTriton, {3, 5}, 6), (Rows{"ddd...", "dddd..", "ddddd."}));
}

TEST(MqaMask, AContextShorterThanTheQueryLeavesRowsEmpty) {
  EXPECT_EQ(rows(MaskRule::kTorch, {4, 2}, 3), (Rows{"---", "---", "d--", "dd-"}));
  EXPECT_EQ(rows(MaskRule::kVllmTriton, {4, 2}, 3), (Rows{"...", "...", "d..", "dd."}));
  EXPECT_EQ(rows(MaskRule::kTorch, {2, 0}, 2), (Rows{"--", "--"}));
}

TEST(MqaMask, LengthsOfEachRow) {
  const std::vector<int64_t> per_row = {2, 0, 4};
  EXPECT_EQ(rows(MaskRule::kTorch, {3, 0, per_row}, 5), (Rows{"dd---", "-----", "dddd-"}));
}

TEST(MqaMask, IsCappedAtTheWidth) {
  EXPECT_EQ(rows(MaskRule::kVllmTriton, {1, 9}, 4), (Rows{"dddd"}));
  EXPECT_EQ(rows(MaskRule::kAiter, {1, 9}, 4), (Rows{"dddd"}));
}

// AITER's Gluon kernels store what their chunks cover of [0, ctx), and of whole pages.
TEST(MqaMask, AitersGluonKernelsFillToTheContextOrToItsLastPage) {
  EXPECT_EQ(rows(MaskRule::kAiterGluon, {3, 5}, 8), (Rows{"ddd--...", "dddd-...", "ddddd..."}));
  RequestLengths lengths = {3, 5};
  lengths.page_size = 4;
  EXPECT_EQ(rows(MaskRule::kAiterPreshuffle, lengths, 9),
            (Rows{"ddd-----.", "dddd----.", "ddddd---."}));
  EXPECT_EQ(rows(MaskRule::kAiterPreshuffle, lengths, 7), (Rows{"ddd----", "dddd---", "ddddd--"}));
}

TEST(MqaMask, AiterFillsChunksOf256) {
  const RowColumns c = columns_of(MaskRule::kAiter, {2, 257}, 0, 1000);
  EXPECT_EQ(c.last, 256);
  EXPECT_EQ(c.minus_inf, 512);
  EXPECT_EQ(c.anything, 512);
  EXPECT_EQ(columns_of(MaskRule::kAiter, {2, 0}, 0, 1000).anything, 0);
}

TEST(MqaMask, AiterRaggedKIsReversedAndOneTooMany) {
  // ctx 3: row 0 keeps t <= 3, which is one more than there are keys; row 1 t <= 2; row 2 t <= 1.
  EXPECT_EQ(rows(MaskRule::kAiterRaggedK, {3, 3}, 5), (Rows{"ddd0-", "ddd--", "dd---"}));
  EXPECT_EQ(columns_of(MaskRule::kAiterRaggedK, {1, 256}, 0, 1000).zeros, 256);  // no chunk there
}

TEST(MqaMask, DeepGemmComputesEveryRowForTheKeysOfTheLast) {
  const std::vector<int64_t> per_row = {1, 3};
  const RowColumns c = columns_of(MaskRule::kDeepGemm, {2, 0, per_row}, 0, 300);
  EXPECT_EQ(c.last, 1);
  EXPECT_EQ(c.minus_inf, 1);
  EXPECT_EQ(c.anything, 256);
  EXPECT_EQ(keys_of(MaskRule::kDeepGemm, {2, 0, per_row}), 3);
}

TEST(MqaMask, RaggedRowsAreAtTheirOwnColumnsOrAtColumn0) {
  const std::vector<int64_t> ks = {0, 1, 2}, ke = {1, 4, 2};
  const RequestLengths lengths = {.next_n = 3, .ctx = 0, .per_row = {}, .ks = ks, .ke = ke};
  EXPECT_EQ(rows(MaskRule::kRagged, lengths, 5), (Rows{"d----", "-ddd-", "-----"}));
  EXPECT_EQ(rows(MaskRule::kRaggedCompressed, lengths, 5), (Rows{"d????", "ddd??", "?????"}));
  EXPECT_EQ(columns_of(MaskRule::kRaggedCompressed, lengths, 1, 5).key, 1);
  EXPECT_EQ(keys_of(MaskRule::kRagged, lengths), 4);
}

TEST(MqaMask, NamesAreTheirOwn) {
  for (const MaskRule rule : kAllMaskRules) EXPECT_EQ(parse_mask_rule(name(rule)), rule);
  EXPECT_EQ(parse_mask_rule("none"), std::nullopt);
}

}  // namespace
}  // namespace wavefuzz::reference
