#include "gpu/planners/planner.h"

#include <gtest/gtest.h>

#include <cstring>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

std::vector<int32_t> values(const Buffer& buffer) {
  std::vector<int32_t> out(buffer.bytes / 4);
  std::memcpy(out.data(), buffer.contents.at(0).bytes.data(), buffer.bytes);
  return out;
}

TEST(AiterWorkPerSequence, OneWorkgroupWalksEachSequence) {
  const PlanRequest request = {.qlens = {1, 2},
                               .kv_lens = {5, 7},
                               .kv_pages = {3, 4},
                               .heads = 16,
                               .kv_heads = 1,
                               .page_size = 2};
  const Plan plan = find_planner("aiter_work_per_sequence").plan(request, {});
  EXPECT_EQ(plan.params.integer("plan_groups"), 2);
  ASSERT_EQ(plan.buffers.size(), 2u);
  EXPECT_EQ(values(plan.buffers[0]), (std::vector<int32_t>{0, 1, 2}));
  EXPECT_EQ(values(plan.buffers[1]), (std::vector<int32_t>{0, -1, 0, 1, 0, 3, 0, 0,  //
                                                           1, -1, 1, 3, 3, 7, 0, 0}));
}

Plan aiter_mla(const std::vector<int64_t>& qlens, const std::vector<int64_t>& keys, int64_t cus,
               int64_t heads = 16, int64_t fold_batch = 1) {
  Params options;
  for (const auto& [name, value] :
       {std::pair("cus", cus), std::pair("max_splits", int64_t{-1}),
        std::pair("granularity", int64_t{16}), std::pair("packed_rows", int64_t{128}),
        std::pair("causal", int64_t{1}), std::pair("qlen", qlens[0]),
        std::pair("fold_tokens", int64_t{1}), std::pair("fold_batch", fold_batch)})
    options.set(name, value);
  return find_planner("aiter_mla")
      .plan({.qlens = qlens, .kv_lens = keys, .kv_pages = keys, .heads = heads, .page_size = 1},
            options);
}

std::vector<int32_t> list(const Plan& plan, const std::string& name) {
  for (const Buffer& b : plan.buffers) {
    if (b.name == name) return values(b);
  }
  return {};
}

// Worked by hand from the rule: a work costs its blocks of 16 keys and 16 more; each of the compute
// units takes total / cus, rounded up, and 16 more.
TEST(AiterMla, SequencesThatFitAreNotCut) {
  const Plan plan = aiter_mla({1, 1}, {17, 40}, 4);  // 18 + 19 = 37: a share of 26
  EXPECT_EQ(plan.params.integer("plan_groups"), 4);
  EXPECT_EQ(list(plan, "work_indptr"), (std::vector<int32_t>{0, 1, 2, 2, 2}));
  EXPECT_EQ(list(plan, "work_info"), (std::vector<int32_t>{0, -1, 0, 1, 0, 17, 0, 0,  //
                                                           1, -1, 1, 2, 17, 57, 0, 0}));
  EXPECT_EQ(list(plan, "reduce_indptr"), (std::vector<int32_t>{0, 0, 0}));
}

TEST(AiterMla, ASequenceThatDoesNotFitIsCutAndMerged) {
  const Plan plan = aiter_mla({1}, {130}, 4);  // 9 + 16 = 25: a share of 23, which holds 7 blocks
  EXPECT_EQ(list(plan, "work_indptr"), (std::vector<int32_t>{0, 1, 2, 2, 2}));
  EXPECT_EQ(list(plan, "work_info"), (std::vector<int32_t>{0, 0, 0, 1, 0, 112, 18, 0,  //
                                                           0, 1, 0, 1, 112, 130, 0, 0}));
  EXPECT_EQ(list(plan, "reduce_indptr"), (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(list(plan, "reduce_final_map"), (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(list(plan, "reduce_partial_map"), (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(plan.params.integer("plan_partials"), 2);
}

TEST(AiterMla, FewerKeysThanQueryTokensAreNoPartOfTheirOwn) {
  // 7 + 16 = 23: a share of 22, which holds 6 blocks, and 2 keys would be left for 4 tokens.
  EXPECT_EQ(list(aiter_mla({4}, {98}, 4), "work_info"),
            (std::vector<int32_t>{0, -1, 0, 4, 0, 98, 0, 0}));
}

TEST(AiterMla, GroupsOfHeadsAreSequencesWithTheSameKeys) {
  EXPECT_EQ(list(aiter_mla({1, 1}, {5, 7}, 8, 32, 2), "work_info"),
            (std::vector<int32_t>{0, -1, 0, 1, 0, 5,  0, 0,  //
                                  1, -1, 1, 2, 0, 5,  0, 0,  //
                                  2, -1, 2, 3, 5, 12, 0, 0,  //
                                  3, -1, 3, 4, 5, 12, 0, 0}));
}

Plan aiter_pa(const std::vector<int64_t>& qlens, const std::vector<int64_t>& pages, int64_t cus,
              int64_t heads, int64_t kv_heads, int64_t max_splits = -1) {
  Params options;
  options.set("cus", cus);
  options.set("max_splits", max_splits);
  return find_planner("aiter_pa")
      .plan({.qlens = qlens,
             .kv_lens = pages,  // only the pages count
             .kv_pages = pages,
             .heads = heads,
             .kv_heads = kv_heads,
             .page_size = 256},
            options);
}

/// A query head range as the last dword of a work has it.
constexpr int32_t heads_of(int32_t first, int32_t last) { return last * 65536 + first; }

// Worked by hand from the rule: each compute unit takes pages / cus of the list of all pages, the
// first ones a page more where that leaves a remainder.
TEST(AiterPa, AShareEndsWithinASequence) {
  // 7 pages on 3 units: 3, 2, 2. Sequence 0 has 2, sequence 1 has 5 of them.
  const Plan plan = aiter_pa({2, 2}, {2, 5}, 3, 8, 1);
  const int32_t all = heads_of(0, 8);
  EXPECT_EQ(plan.params.integer("plan_groups"), 3);
  EXPECT_EQ(list(plan, "work_indptr"), (std::vector<int32_t>{0, 2, 3, 4}));
  EXPECT_EQ(list(plan, "work_info"), (std::vector<int32_t>{0, -1, 0, 2, 0, 2, 0, all,  //
                                                           1, 0,  2, 4, 2, 3, 0, all,  //
                                                           1, 2,  2, 4, 3, 5, 0, all,  //
                                                           1, 4,  2, 4, 5, 7, 0, all}));
  EXPECT_EQ(list(plan, "reduce_indptr"), (std::vector<int32_t>{0, 3, 3}));
  EXPECT_EQ(plan.params.integer("plan_tiles"), 2);
  EXPECT_EQ(list(plan, "reduce_partial_map"), (std::vector<int32_t>{0, 2, 4}));
  EXPECT_EQ(plan.params.integer("plan_partials"), 6);  // rows: 3 parts of 2 query tokens
}

TEST(AiterPa, KvHeadsAreCutAlikeAndShareRowsOfPartials) {
  // 2 pages a head on 2 units a head: one each.
  const Plan plan = aiter_pa({1}, {2}, 4, 6, 2);
  const int32_t low = heads_of(0, 3), high = heads_of(3, 6);
  EXPECT_EQ(list(plan, "work_indptr"), (std::vector<int32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(list(plan, "work_info"), (std::vector<int32_t>{0, 0, 0, 1, 0, 1, 0, low,   //
                                                           0, 1, 0, 1, 1, 2, 0, low,   //
                                                           0, 0, 0, 1, 0, 1, 0, high,  //
                                                           0, 1, 0, 1, 1, 2, 0, high}));
  EXPECT_EQ(list(plan, "reduce_indptr"), (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(list(plan, "reduce_partial_map"), (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(plan.params.integer("plan_partials"), 2);
}

TEST(AiterPa, UnitsWithoutASharePassAndTheNextHeadWaitsForItsOwn) {
  // 1 page a head on 3 units a head: units 1 and 2 take nothing, unit 3 the second head's.
  EXPECT_EQ(list(aiter_pa({1}, {1}, 6, 2, 2), "work_indptr"),
            (std::vector<int32_t>{0, 1, 1, 1, 2, 2, 2}));
}

TEST(AiterPa, AnEmptySequenceIsAWorkOfNoPages) {
  EXPECT_EQ(list(aiter_pa({1, 1}, {0, 1}, 1, 1, 1), "work_info"),
            (std::vector<int32_t>{0, -1, 0, 1, 0, 0, 0, heads_of(0, 1),  //
                                  1, -1, 1, 2, 0, 1, 0, heads_of(0, 1)}));
}

TEST(AiterPa, ALimitOfSplitsLeavesUnitsIdle) {
  // At most 2 a sequence: 4 pages on 2 of 8 units.
  EXPECT_EQ(list(aiter_pa({1}, {4}, 8, 1, 1, 2), "work_indptr"),
            (std::vector<int32_t>{0, 1, 2, 2, 2, 2, 2, 2, 2}));
}

TEST(AiterPa, SharesMustBeAMultipleOfKvHeads) { EXPECT_THROW(aiter_pa({1}, {1}, 4, 3, 3), Error); }

TEST(Planner, AnUnknownNameListsThoseThereAre) {
  try {
    find_planner("guess");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("aiter_work_per_sequence"), std::string::npos);
  }
}

TEST(Planner, EachGivesTheBuffersAndParametersItNames) {
  const PlanRequest request = {
      .qlens = {1}, .kv_lens = {64}, .kv_pages = {4}, .heads = 16, .page_size = 16};
  for (const Planner* planner : planners()) {
    if (!planner->options().empty()) continue;  // its own test knows values for them
    const Plan plan = planner->plan(request, {});
    std::vector<std::string> buffers, params;
    for (const Buffer& b : plan.buffers) buffers.push_back(b.name);
    for (const auto& [name, value] : plan.params.values()) params.push_back(name);
    EXPECT_EQ(buffers, planner->buffers()) << planner->name();
    EXPECT_EQ(params, planner->params()) << planner->name();
  }
}

}  // namespace
}  // namespace wavefuzz
