// A campaign that dies and is resumed comes to what one that lives comes to.
#include "fuzz/store/campaign_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

const std::vector<Job> kJobs = {{"quantise_fp8", "", "sim:gfx942"},
                                {"quantise_fp8", "overflow_to_nan", "sim:gfx942"},
                                {"merge_attn_states", "", "sim:gfx950"}};

Harness harness() {
  return Harness({"gpu/manifests/quantise_fp8.json", "gpu/manifests/merge_attn_states.json"},
                 Roots("."));
}

std::string fresh_path(const std::string& name) {
  const std::string path = testing::TempDir() + name + ".sqlite";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  return path;
}

CampaignOptions options(Search search = Search::kDrawn) {
  CampaignOptions o;
  o.search = search;
  o.seed = 5;
  o.cases = 60;
  o.coverage = true;
  return o;
}

/// What must be the same, as text.
std::string story(const std::vector<JobResult>& results) {
  std::string out;
  for (const JobResult& r : results) {
    out += kernel_name(r.job) + " " + r.job.target + " " + std::to_string(r.cases) + " " +
           std::to_string(r.instructions);
    for (const auto& [status, n] : r.by_status)
      out += std::string(" ") + name(status) + " " + std::to_string(n);
    for (const CampaignFinding& f : r.findings) {
      out += " #" + std::to_string(f.case_index) + " " + signature(f.shrunk.verdict) + " " +
             to_json(f.shrunk.smallest).dump() + " " + std::to_string(f.confirmations);
    }
    out += r.guide.to_json().dump();
    for (const auto& [kernel, edges] : r.coverage)
      out += " " + kernel.symbol + " " + std::to_string(edges.count());
    out += "\n";
  }
  return out;
}

std::vector<JobResult> loaded(CampaignStore& store) {
  std::vector<JobResult> results;
  for (const Job& job : kJobs) results.push_back(store.load(job).value_or(JobResult()));
  return results;
}

/// Keeps what a campaign comes to.
class Saver : public CampaignListener {
 public:
  explicit Saver(CampaignStore& store) : store_(store) {}
  void on_failure(const Job& job, uint64_t i, const Case& c, const Verdict& v) override {
    store_.failure(job, i, c, v);
  }
  void on_result(const JobResult& r, bool, double seconds) override { store_.save(r, seconds); }
  std::atomic<bool> stop = false;  // the campaign

 private:
  CampaignStore& store_;
};

/// Kills the campaign after so many results.
class Killer : public Saver {
 public:
  Killer(CampaignStore& store, int results) : Saver(store), left_(results) {}
  void on_result(const JobResult& r, bool found, double seconds) override {
    Saver::on_result(r, found, seconds);
    stop = --left_ <= 0;
  }

 private:
  int left_;
};

/// Ctrl-C when a failure is told, before it is shrunk.
class Interrupter : public Saver {
 public:
  using Saver::Saver;
  void on_failure(const Job& job, uint64_t i, const Case& c, const Verdict& v) override {
    Saver::on_failure(job, i, c, v);
    stop = true;
  }
};

class EitherSearch : public testing::TestWithParam<Search> {};

TEST_P(EitherSearch, ACampaignThatDiedGoesOnAsIfItHadNot) {
  const Harness h = harness();
  std::atomic<bool> never = false;
  CampaignListener silent;
  const std::string whole = story(run_campaign(h, kJobs, options(GetParam()), never, silent));

  const std::string path = fresh_path("resume");
  const CampaignKey key = {5, 0, 1};
  CampaignStore(path).begin(key);
  std::string last;
  for (int process = 0; process < 40 && last != whole; ++process) {
    CampaignStore store(path);  // each a process that is killed after a few results
    ASSERT_TRUE(store.resume(key));
    Killer killer(store, 2);
    last = story(run_campaign(h, kJobs, options(GetParam()), killer.stop, killer, loaded(store)));
  }
  EXPECT_EQ(last, whole);
}

TEST_P(EitherSearch, AFindingThatAnInterruptionCutShortIsFinished) {
  const Harness h = harness();
  std::atomic<bool> never = false;
  CampaignListener silent;
  const std::vector<JobResult> uninterrupted =
      run_campaign(h, kJobs, options(GetParam()), never, silent);

  const std::string path = fresh_path("cut_short");
  const CampaignKey key = {5, 0, 1};
  CampaignStore(path).begin(key);
  std::vector<JobResult> last;
  size_t cut_short = 0;
  for (bool stopped = true; stopped;) {
    CampaignStore store(path);
    ASSERT_TRUE(store.resume(key));
    Interrupter interrupter(store);
    last =
        run_campaign(h, kJobs, options(GetParam()), interrupter.stop, interrupter, loaded(store));
    stopped = interrupter.stop;
    for (const JobResult& r : last)
      for (const CampaignFinding& f : r.findings) cut_short += f.cut_short;
  }
  EXPECT_GT(cut_short, 0u);
  EXPECT_EQ(story(last), story(uninterrupted));
  CampaignStore store(path);
  ASSERT_TRUE(store.resume(key));
  EXPECT_EQ(story(loaded(store)), story(uninterrupted));
}

INSTANTIATE_TEST_SUITE_P(CampaignStore, EitherSearch,
                         testing::Values(Search::kDrawn, Search::kGuided));

TEST(CampaignStore, AFinishedCampaignIsNotResumed) {
  CampaignStore store(fresh_path("done"));
  EXPECT_FALSE(store.resume({5, 0, 1}));
  store.begin({5, 0, 1});
  store.finish(/*interrupted=*/true);
  EXPECT_TRUE(store.resume({5, 0, 1}));
  EXPECT_FALSE(store.resume({6, 0, 1})) << "another seed";
  EXPECT_FALSE(store.resume({5, 1, 2})) << "another shard";
  store.finish(/*interrupted=*/false);
  EXPECT_FALSE(store.resume({5, 0, 1}));
}

TEST(CampaignStore, AFailureIsKeptBeforeItIsShrunk) {
  const std::string path = fresh_path("failure");
  Verdict verdict;
  verdict.status = Status::kFail;
  verdict.findings.push_back({FindingKind::kWrongValue, "o", "o[0] is wrong"});
  {
    CampaignStore store(path);
    store.begin({1, 0, 1});
    store.failure(kJobs[0], 7, Case(), verdict);
  }
  const std::vector<CampaignRecord> history = CampaignStore(path).history();
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0].state, "running");
  EXPECT_THAT(history[0].found, testing::ElementsAre("quantise_fp8 on sim:gfx942: wrong_value:o"));
}

/// A job of one finding, stored.
std::string with_a_finding(const std::string& name, const Finding& finding) {
  const std::string path = fresh_path(name);
  CampaignStore store(path);
  store.begin({1, 0, 1});
  CampaignFinding f;
  f.job = kJobs[0];
  f.case_index = 7;
  f.original.op = f.original.kernel = "quantise_fp8";
  f.original.target = "sim:gfx942";
  f.shrunk.smallest = f.original;
  f.shrunk.verdict.status = Status::kFail;
  f.shrunk.verdict.findings = {finding};
  store.failure(f.job, f.case_index, f.original, f.shrunk.verdict);
  JobResult r;
  r.job = f.job;
  r.findings = {f};
  store.save(r, 1);
  return path;
}

Finding loaded(const std::string& path) {
  CampaignStore store(path);
  EXPECT_TRUE(store.latest());
  return store.load(kJobs[0]).value().findings.at(0).shrunk.verdict.findings.at(0);
}

TEST(CampaignStore, KeepsAFindingWhole) {
  Finding f;
  f.kind = FindingKind::kOutOfBoundsWrite;
  f.message = "told";
  f.instruction = "global_store_dword v1, v2, s[0:1]";
  f.source = {{"a.hip", 3, 4, "f"}};
  f.lanes = 6;
  f.memory = MemoryPlace{"out", 64, 64, 4, 0x10040};
  const Finding again = loaded(with_a_finding("whole", f));
  EXPECT_EQ(message_of(again), message_of(f));
  EXPECT_EQ(again.message, "told");
  EXPECT_EQ(again.source, f.source);
}

TEST(CampaignStore, ReadsTheFindingsOfEarlierVersions) {
  const std::string path = with_a_finding("earlier", {FindingKind::kWrongValue, "o", "off"});
  const auto store_as = [&](const std::string& findings) {
    Database(path).execute("UPDATE findings SET shrunk = json_set(shrunk, '$.findings', json('" +
                           findings + "'))");
  };
  store_as(R"([["uninitialised_data_used", "", "it reaches EXEC", "s_and_saveexec_b64"]])");
  const Finding f = loaded(path);
  EXPECT_EQ(signature(f), "uninitialised_data_used");
  EXPECT_EQ(f.message, "it reaches EXEC");
  EXPECT_EQ(f.instruction, "s_and_saveexec_b64");

  store_as(R"([["lost_value", "", "", ""]])");
  try {
    loaded(path);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.exit(), Exit::kUsage);
    EXPECT_EQ(std::string(e.what()), path +
                                         ": quantise_fp8 on sim:gfx942: a finding: 'lost_value' "
                                         "is no kind of finding");
  }
}

TEST(CampaignStore, RefusesAFileThatIsSomethingElse) {
  const std::string path = fresh_path("other");
  std::ofstream(path) << std::string(4096, 'x');
  try {
    CampaignStore store(path);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.exit(), Exit::kUsage);
    EXPECT_THAT(e.what(), testing::HasSubstr(path));
  }
}

TEST(CampaignStore, RefusesAFileOfAnotherSchema) {
  const std::string path = fresh_path("schema");
  Database(path).execute("PRAGMA user_version = 99");
  EXPECT_THROW(CampaignStore store(path), Error);
}

}  // namespace
}  // namespace wavefuzz
