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
