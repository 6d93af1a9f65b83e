// Shards, merged, are one campaign: as processes of their own, and as Bazel runs them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/command.h"
#include "tests/store.h"

namespace wavefuzz {
namespace {

using testing::HasSubstr;

// Right kernels, planted bugs that show at once, and ones that take a while: shards stop apart.
constexpr const char* kKernels =
    "quantise_fp8,quantise_fp8+ue8m0_next_power,quantise_fp8+overflow_to_nan,merge_attn_states,"
    "merge_attn_states+zero_weight_multiplied,merge_attn_states+base2_as_e,"
    "top_k_per_row+row_end_negative";
constexpr int kShards = 4;

std::string fuzz(const std::string& folder, const std::string& arguments) {
  const CommandResult r = wavefuzz(
      "fuzz --threads=1 --quiet --search=drawn --target=sim:gfx942 --cases=90 --seed=7 --out=" +
      folder + " --kernel=" + kKernels + " " + arguments);
  EXPECT_LE(r.exit, 1) << r.err;
  return folder + "/campaigns.sqlite";
}

class MergedShards : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    one_ = fuzz(fresh_folder("one"), "");
    for (int i = 0; i < kShards; ++i) {
      shards_.push_back(
          fuzz(fresh_folder(fmt::format("shard{}", i)), fmt::format("--shards=4 --shard={}", i)));
    }
    folder_ = fresh_folder("merged");
  }
  static std::string list() {
    std::string text;
    for (const std::string& s : shards_) text.append(" ").append(s);
    return text;
  }
  static std::string one_, folder_;
  static std::vector<std::string> shards_;
};
std::string MergedShards::one_, MergedShards::folder_;
std::vector<std::string> MergedShards::shards_;

TEST_F(MergedShards, AreTheOneCampaign) {
  const std::string out = folder_ + "/out.sqlite";
  const CommandResult r = wavefuzz("merge " + out + list());
  ASSERT_EQ(r.exit, 0) << r.err;
  EXPECT_THAT(r.out, HasSubstr("4 campaigns, 4 of them new"));
  EXPECT_THAT(r.out, HasSubstr("4 of 4 shards"));
  EXPECT_THAT(r.out, HasSubstr("left out: one campaign would have ended before"));
  const std::string whole = story_of(one_);
  EXPECT_EQ(story_of(out), whole);
  EXPECT_THAT(whole, HasSubstr("wrong_value"));
  EXPECT_EQ(std::filesystem::exists(out + "-wal"), false);

  const CommandResult history = wavefuzz("history --db=" + out);
  EXPECT_THAT(history.out, HasSubstr("done         seed 7, 4 of 4 shards (1, 2, 3, 4)"));
  EXPECT_EQ(wavefuzz("coverage --db=" + out).exit, 0);
  EXPECT_EQ(wavefuzz("report --db=" + out + " --markdown=" + folder_ + "/r.md").exit, 0);
  EXPECT_EQ(wavefuzz("report --campaign=2 --db=" + out + " --markdown=" + folder_ + "/r.md").exit,
            0);
}

TEST_F(MergedShards, TwiceAreTheSameAsOnceInAnyOrderAndBitByBit) {
  const auto dump = [](const std::string& file) {
    Database database(file, Database::Mode::kRead);
    std::string text;
    for (const char* table : {"campaigns", "jobs", "cases", "objects", "findings"}) {
      Database::Statement rows(database, std::string("SELECT * FROM ") + table + " ORDER BY 1,2,3");
      while (rows.step()) {
        for (int i = 0; i < rows.columns(); ++i) text += rows.text(i) + "|";
        text += "\n";
      }
    }
    return text;
  };
  const std::string once = folder_ + "/once.sqlite", steps = folder_ + "/steps.sqlite";
  ASSERT_EQ(wavefuzz("merge " + once + list()).exit, 0);
  for (const int i : {2, 0, 3, 0, 1})
    ASSERT_EQ(wavefuzz("merge " + steps + " " + shards_[i]).exit, 0);
  EXPECT_EQ(dump(steps), dump(once));
  const std::string before = dump(once);
  ASSERT_EQ(wavefuzz("merge " + once + list() + " " + once).exit, 0);
  EXPECT_EQ(dump(once), before);
}

TEST_F(MergedShards, BesideAnotherCampaignLeaveItAlone) {
  const std::string out = folder_ + "/beside.sqlite";
  ASSERT_EQ(wavefuzz("merge " + out + " " + one_ + list()).exit, 0);
  const CommandResult history = wavefuzz("history --db=" + out);
  EXPECT_THAT(history.out, HasSubstr("seed 7, shard 0/1"));
  EXPECT_THAT(history.out, HasSubstr("4 of 4 shards"));
  EXPECT_THAT(history.out, testing::Not(HasSubstr("gone"))) << "both found the same";
}

TEST_F(MergedShards, OfWhichOneIsMissingSaySo) {
  const std::string out = folder_ + "/three.sqlite";
  const CommandResult r =
      wavefuzz("merge " + out + " " + shards_[0] + " " + shards_[1] + " " + shards_[3]);
  EXPECT_THAT(r.out, HasSubstr("3 of 4 shards"));
  EXPECT_THAT(r.out, HasSubstr("it cannot be said where one campaign would have ended"));
  EXPECT_THAT(wavefuzz("history --db=" + out).out, HasSubstr("partial"));
}

TEST_F(MergedShards, AreRefusedWithOneLineWhenOneIsDamaged) {
  const std::string out = folder_ + "/refused.sqlite", bad = folder_ + "/bad.sqlite";
  ASSERT_EQ(wavefuzz("merge " + out + " " + shards_[0]).exit, 0);
  const auto bytes = [](const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string before = bytes(out);
  const auto refused = [&](const std::string& what) {
    const CommandResult r = wavefuzz(fmt::format("merge {} {} {}", out, shards_[1], bad));
    EXPECT_EQ(r.exit, 2) << what;
    EXPECT_THAT(r.err, HasSubstr(bad)) << what;
    EXPECT_EQ(std::count(r.err.begin(), r.err.end(), '\n'), 1) << what << ": " << r.err;
    EXPECT_EQ(bytes(out), before) << what;
  };
  std::filesystem::remove(bad);
  refused("no such file");
  std::ofstream(bad) << "something else entirely, and long enough to have a header " << before;
  refused("no database");
  std::string half = bytes(shards_[2]);
  half.resize(half.size() / 2);
  std::ofstream(bad, std::ios::binary | std::ios::trunc) << half;
  refused("cut off");
  std::string holes = bytes(shards_[2]);
  for (size_t i = 8192; i + 64 < holes.size(); i += 4096) holes.replace(i, 64, 64, '\xff');
  std::ofstream(bad, std::ios::binary | std::ios::trunc) << holes;
  refused("overwritten");
  std::filesystem::remove(bad);
  Database(bad).execute("PRAGMA user_version = 1");
  refused("of an earlier schema");
}

TEST_F(MergedShards, OfOtherCodeObjectsAreNotPutTogether) {
  const std::string other = folder_ + "/other.sqlite", out = folder_ + "/apart.sqlite";
  std::filesystem::copy_file(shards_[3], other);
  Database(other).execute("UPDATE objects SET digest = 'of another build'");
  const CommandResult r = wavefuzz("merge " + out + " " + shards_[0] + " " + shards_[1] + " " +
                                   shards_[2] + " " + other);
  EXPECT_EQ(r.exit, 0) << r.err;
  EXPECT_THAT(r.out, HasSubstr("not put together: gpu/kernels/"));
}

TEST_F(MergedShards, OfATreeElsewhereRanTheSameObjects) {
  const std::string tree = fresh_folder("elsewhere/tree");
  ASSERT_EQ(shell("cp -rL gpu " + tree).exit, 0);
  const std::string there = fuzz(fresh_folder("there"), "--shards=4 --shard=3 --root=" + tree);
  const std::string out = folder_ + "/two_trees.sqlite";
  const CommandResult r = wavefuzz("merge " + out + " " + shards_[0] + " " + shards_[1] + " " +
                                   shards_[2] + " " + there);
  EXPECT_EQ(r.exit, 0) << r.err;
  EXPECT_EQ(story_of(out), story_of(one_));
  CampaignStore here(one_, Database::Mode::kRead), both(out, Database::Mode::kRead);
  ASSERT_TRUE(here.latest() && both.latest());
  const Job job = {"quantise_fp8", "", "sim:gfx942"};  // of whose cases none was left out
  EXPECT_EQ(here.load(job)->objects, both.load(job)->objects);
  const Coverage one = here.load(job)->coverage, merged = both.load(job)->coverage;
  ASSERT_EQ(merged.size(), one.size());
  for (const auto& [kernel, edges] : one) EXPECT_EQ(merged.at(kernel).seen, edges.seen);
  const std::string coverage = wavefuzz("coverage --kernel=quantise_fp8 --db=" + out).out;
  EXPECT_EQ(coverage, wavefuzz("coverage --kernel=quantise_fp8 --db=" + one_).out);

  std::ofstream(tree + "/gpu/kernels/quantise_fp8.gfx942.co", std::ios::app) << "another build";
  EXPECT_THAT(wavefuzz("coverage --kernel=quantise_fp8 --db=" + out + " --root=" + tree).err,
              HasSubstr("gpu/kernels/quantise_fp8.gfx942.co is another object than the campaign"));
}

/// As Bazel runs shards and runs of a test: see bazel/kernel_fuzz_test.sh.
TEST(BazelShards, RunEachCaseOfEachRunOnceAndFindWhatOneRunFinds) {
  const auto run = [](const std::string& name, const std::string& environment) {
    const std::string folder = fresh_folder(name);
    const CommandResult r = kernel_fuzz_test(
        "TEST_UNDECLARED_OUTPUTS_DIR=" + folder + " " + environment, 30, 5,
        "--threads=1 --target=sim:gfx950 "
        "--kernel=quantise_fp8,quantise_fp8+ue8m0_next_power,merge_attn_states+base2_as_e");
    EXPECT_LE(r.exit, 1) << r.err;
    return folder + "/campaigns.sqlite";
  };
  const std::string out = fresh_folder("night") + "/night.sqlite";
  std::set<std::pair<uint64_t, uint64_t>> cases;  // seed and index, of the job without a bug
  for (const char* number : {"1", "2"}) {
    const std::string of_run = fmt::format("TEST_RANDOM_SEED={}", number);
    std::string files;
    for (int shard = 0; shard < kShards; ++shard) {
      files.append(" ").append(
          run(fmt::format("run{}_{}", number, shard),
              fmt::format("TEST_TOTAL_SHARDS=4 TEST_SHARD_INDEX={} {}", shard, of_run)));
    }
    ASSERT_EQ(wavefuzz("merge " + out + files).exit, 0);
    EXPECT_EQ(story_of(out), story_of(run("whole", of_run))) << "run " << number;
  }
  CampaignStore store(out, Database::Mode::kRead);
  size_t ran = 0;
  for (const CampaignRecord& r : store.history(/*parts=*/true)) {
    if (r.shards != 0) continue;
    ASSERT_TRUE(store.select(r.id));
    const uint64_t n = store.load({"quantise_fp8", "", "sim:gfx950"})->cases;
    for (uint64_t i = 0; i < n; ++i)
      cases.emplace(r.key.seed, r.key.first_case + i * r.key.case_stride);
    ran += n;
  }
  EXPECT_EQ(ran, 60u);
  EXPECT_EQ(cases.size(), ran) << "a case ran twice";
}

TEST(BazelShards, WithoutACaseAreClean) {
  const std::string folder = fresh_folder("idle");
  EXPECT_EQ(kernel_fuzz_test(
                "TEST_TOTAL_SHARDS=4 TEST_SHARD_INDEX=3 TEST_UNDECLARED_OUTPUTS_DIR=" + folder, 2,
                1, "--kernel=quantise_fp8 --target=sim:gfx942")
                .exit,
            0);
}

}  // namespace
}  // namespace wavefuzz
