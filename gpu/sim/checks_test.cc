// Every check on a kernel that commits exactly that fault, and silence on its twin that does not
// (testdata/checks.hip). Registers that nothing has written: poison_test. Waits: wait_test.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "gpu/sim/launch.h"

namespace wavefuzz::sim {
namespace {

struct Check {
  const char* kernel;
  FindingKind kind;
  const char* says;  // part of the message
};

const Check kChecks[] = {
    {"read_past_end", FindingKind::kOutOfBoundsRead, "nearest buffer in"},
    {"write_past_end", FindingKind::kOutOfBoundsWrite, "nearest buffer out (1024 bytes) +0x400"},
    {"write_input", FindingKind::kWriteToReadOnly, "in"},
    {"flat_past_end", FindingKind::kOutOfBoundsWrite, "out"},
    {"lds_past_end", FindingKind::kOutOfBoundsWrite, "LDS offset 0x400"},
    {"lds_read_past_end", FindingKind::kOutOfBoundsRead, "LDS offset 0x400"},
    {"scratch_past_end", FindingKind::kOutOfBoundsRead, "scratch"},
    {"crooked_atomic", FindingKind::kMisaligned, "out"},
    {"crooked_lds_atomic", FindingKind::kMisaligned, "LDS"},
    {"crooked_scalar_load", FindingKind::kMisaligned, "in"},
    {"undefined_global_to_output", FindingKind::kUninitialised, "a value stored to global memory"},
    {"undefined_lds_to_output", FindingKind::kUninitialised, "a value stored to global memory"},
    {"undefined_lds_to_address", FindingKind::kUninitialised, "an address"},
    {"undefined_lds_to_branch", FindingKind::kUninitialised, "a branch"},
    {"undefined_lds_to_exec", FindingKind::kUninitialised, "a branch"},
    {"race_write_read", FindingKind::kDataRace, "LDS"},
    {"race_read_write", FindingKind::kDataRace, "LDS"},
    {"race_write_write", FindingKind::kDataRace, "LDS"},
    {"race_bytes", FindingKind::kDataRace, "LDS"},
    {"race_lds_atomic", FindingKind::kDataRace, "LDS"},
    {"race_global_waves", FindingKind::kDataRace, "in no order"},
    {"race_global_groups", FindingKind::kDataRace, "of group 0,0,0 writes it"},
    {"race_global_read", FindingKind::kDataRace, "of group"},
    {"no_vmcnt", FindingKind::kMissingWait, "global_load_dword"},
    {"no_lgkmcnt", FindingKind::kMissingWait, "ds_read_b32"},
    {"no_scalar_wait", FindingKind::kMissingWait, "s_load_dword"},
    {"race_selected", FindingKind::kDataRace, "LDS"},
    {"race_selected_before", FindingKind::kDataRace, "LDS"},
    {"race_stored", FindingKind::kDataRace, "a value stored to global memory"},
    {"barriers_not_as_often", FindingKind::kBarrierDivergence, "wave 1 has ended"},
    {"endless", FindingKind::kWatchdog, "never ends"},
    {"jump_outside", FindingKind::kFetchOutsideCode, "jump"},
    {"trap", FindingKind::kTrap, ""},
};
// Right kernels that a careless check would accuse.
const char* const kInnocent[] = {"undefined_copied_twin", "race_global_bytes_twin",
                                 "barrier_after_ends_twin", "end_at_barrier_twin"};

class Checks : public testing::TestWithParam<Arch> {
 protected:
  RunResult launch(const std::string& kernel, uint64_t seed = 0) {
    static std::map<Arch, CodeObject> objects;
    auto it = objects.find(GetParam());
    if (it == objects.end())
      it = objects
               .emplace(GetParam(), CodeObject::load("gpu/sim/testdata/checks." +
                                                     std::string(name(GetParam())) + ".co"))
               .first;
    const Program program(it->second, kernel);
    const RunResult first = launch(program, kernel, seed, nullptr);
    return first.unsettled_reads.empty() ? first
                                         : launch(program, kernel, seed, &first.unsettled_reads);
  }
  RunResult launch(const Program& program, const std::string& kernel, uint64_t seed,
                   const std::vector<UnsettledRead>* unsettled) {
    memory_.reset();
    Island& in = memory_.add({.name = "in", .bytes = 1024, .access = Access::kRead});
    Island& out = memory_.add({.name = "out", .bytes = 1024});
    std::vector<int> values(256);
    std::iota(values.begin(), values.end(), 0);
    in.write_values<int>(0, values);
    // What the last group waits for; nothing else may depend on it.
    if (kernel.starts_with("race_global_read") || kernel == "crooked_atomic")
      out.fill(0, 1024, std::byte{0});
    out.clear_written();
    LaunchConfig config;
    config.groups = {2, 1, 1};
    config.group_size = {128, 1, 1};
    config.dynamic_lds_bytes = 1024;
    config.instruction_budget = 100'000;
    config.schedule_seed = seed;
    config.unsettled_reads = unsettled;
    config.set_arg(0, in.address());
    config.set_arg(8, out.address());
    return run(program, memory_, config);
  }
  Memory memory_;
};

INSTANTIATE_TEST_SUITE_P(Arches, Checks, testing::Values(Arch::kGfx942, Arch::kGfx950),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_P(Checks, EachFindsItsFault) {
  for (const Check& check : kChecks) {
    SCOPED_TRACE(check.kernel);
    const RunResult result = launch(check.kernel);
    EXPECT_EQ(result.status, RunResult::Status::kFaulted) << result.unsupported_what;
    ASSERT_FALSE(result.findings.empty());
    const auto found = std::ranges::find(result.findings, check.kind, &Finding::kind);
    ASSERT_NE(found, result.findings.end()) << result.findings[0].message;
    const Finding& f = *found;
    EXPECT_NE(f.message.find(check.says), std::string::npos) << f.message;
    EXPECT_NE(f.message.find("pc 0x"), std::string::npos) << f.message;
    EXPECT_FALSE(f.instruction.empty());
    for (const Finding& other : result.findings)
      EXPECT_TRUE(other.kind == check.kind ||
                  // What a bad or early access brings in is undefined.
                  other.kind == FindingKind::kUninitialised)
          << other.message;
  }
}

TEST_P(Checks, AndIsSilentOnItsTwin) {
  std::vector<std::string> kernels(std::begin(kInnocent), std::end(kInnocent));
  for (const Check& check : kChecks) kernels.push_back(std::string(check.kernel) + "_twin");
  for (const std::string& kernel : kernels) {
    for (uint64_t seed = 0; seed < 4; ++seed) {
      SCOPED_TRACE(testing::Message() << kernel << ", schedule seed " << seed);
      const RunResult result = launch(kernel, seed);
      EXPECT_EQ(result.status, RunResult::Status::kCompleted) << result.unsupported_what;
      for (const Finding& f : result.findings) ADD_FAILURE() << f.message;
    }
  }
}

}  // namespace
}  // namespace wavefuzz::sim
