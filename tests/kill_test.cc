// A campaign that is killed (SIGKILL) at any moment has kept what it printed, and goes on to what
// it would have come to.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <random>
#include <regex>
#include <set>

#include "tests/command.h"
#include "tests/store.h"

namespace wavefuzz {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRandomKills = 50;
constexpr int kAimedKills = 12;  // in the moment that a finding has been printed

const std::vector<std::string> kCampaign = {
    "fuzz/wavefuzz",
    "fuzz",
    "--quiet",
    "--cases=150",
    "--seed=3",
    "--kernel=quantise_fp8,quantise_fp8+ue8m0_next_power,quantise_fp8+overflow_to_nan,"
    "quantise_fp8+floor_after_division,merge_attn_states,merge_attn_states+zero_weight_multiplied,"
    "merge_attn_states+both_empty_nan,indexer_k_quant_and_cache,"
    "indexer_k_quant_and_cache+uint8_cast,indexer_k_quant_and_cache+divisor_240,"
    "normalise_fn_to_fnuz+minus_zero_kept,top_k_per_row,top_k_per_row+bin_truncated,"
    "top_k_per_row+absolute_index"};

struct Ended {
  bool killed = false;
  int exit = -1;
  std::string out;
};

/// Runs the campaign and kills it after so many seconds, or as soon as `now` says so of what it has
/// printed.
Ended run(std::vector<std::string> arguments, double seconds,
          const std::function<bool(const std::string&)>& now) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(ends[1]);
  Ended ended;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  const auto take = [&] {
    char buffer[4096];
    const ssize_t n = read(ends[0], buffer, sizeof buffer);
    if (n > 0) ended.out.append(buffer, static_cast<size_t>(n));
    return n > 0;
  };
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0 || now(ended.out)) {
      kill(pid, SIGKILL);
      break;
    }
    pollfd ready = {ends[0], POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(left)) > 0 && !take()) break;
  }
  int status = 0;
  waitpid(pid, &status, 0);
  while (take()) {
  }
  close(ends[0]);
  ended.killed = WIFSIGNALED(status);
  ended.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

/// "kernel on target, case N" of each failure that a text tells of and, apart, of each of which it
/// tells the shrunk case, too.
struct Printed {
  std::set<std::string> failures, shrunk;
};
Printed printed(const std::string& out) {
  static const std::regex line("FAIL (\\S+ on \\S+, case \\d+): |(  shrunk: )");
  Printed p;
  std::string last;
  for (auto it = std::sregex_iterator(out.begin(), out.end(), line); it != std::sregex_iterator();
       ++it) {
    if ((*it)[1].matched) {
      last = (*it)[1];
      p.failures.insert(last);
    } else {
      p.shrunk.insert(last);
    }
  }
  return p;
}

struct Kept {
  Printed findings;
  uint64_t cases = 0;
  std::string state;  ///< of the campaign; empty before it has begun
};
Kept kept(const std::string& database) {
  CampaignStore store(database, Database::Mode::kRead);
  Kept k;
  if (!store.latest()) return k;
  k.state = store.history().back().state;
  const auto name = [](const Job& job, uint64_t index) {
    return fmt::format("{} on {}, case {}", kernel_name(job), job.target, index);
  };
  for (const Job& job : store.jobs()) {
    const auto result = store.load(job);
    if (!result) continue;
    k.cases += result->cases;
    EXPECT_EQ(store.statuses(job).size(), result->cases) << kernel_name(job);
    for (const CampaignFinding& f : result->findings) {
      k.findings.failures.insert(name(job, f.case_index));
      k.findings.shrunk.insert(name(job, f.case_index));
    }
  }
  for (const StoredFailure& f : store.unshrunk())
    k.findings.failures.insert(name(f.job, f.case_index));
  return k;
}

class Killed : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::string folder = fresh_folder("whole");
    const auto start = Clock::now();
    const Ended whole = run(with(folder, ""), 1e6, [](const std::string&) { return false; });
    ASSERT_EQ(whole.exit, 1);
    seconds_ = std::chrono::duration<double>(Clock::now() - start).count();
    story_ = story_of(folder + "/campaigns.sqlite");
    findings_ = printed(whole.out).failures.size();
    ASSERT_GE(findings_, 20u);
  }

  static std::vector<std::string> with(const std::string& folder, const std::string& more) {
    std::vector<std::string> arguments = kCampaign;
    arguments.push_back("--out=" + folder);
    if (!more.empty()) arguments.push_back(more);
    return arguments;
  }

  /// Starts campaigns and goes on with them until so many processes were killed, each campaign to
  /// its end; `moment` draws after how many seconds, and `now` may say that it is time.
  void kill_often(int kills, const std::string& name,
                  const std::function<double(std::mt19937_64&)>& moment, bool aimed) {
    std::mt19937_64 random(6);
    int left = kills, campaigns = 0;
    while (left > 0) {
      const std::string folder = fresh_folder(name);
      const std::string database = folder + "/campaigns.sqlite";
      ++campaigns;
      Kept before;
      for (bool begun = false; left > 0 || before.state != "done";) {
        const Ended ended =
            run(with(folder, begun ? "--resume" : ""), left > 0 ? moment(random) : 1e6,
                [&](const std::string& out) {
                  return aimed && left > 0 && out.find("FAIL ") != std::string::npos;
                });
        const Printed told = printed(ended.out);
        if (begun) {
          EXPECT_TRUE(ended.out.find("resumed after") == std::string::npos ||
                      ended.out.find(fmt::format("resumed after {} cases", before.cases)) !=
                          std::string::npos)
              << ended.out;
          for (const std::string& f : told.failures)
            EXPECT_FALSE(before.findings.shrunk.contains(f)) << f << " was finished before";
        }
        begun = begun || std::filesystem::exists(database);
        if (begun) {
          ASSERT_TRUE(is_sound(database));
          const Kept after = kept(database);
          for (const std::string& f : told.failures)
            EXPECT_TRUE(after.findings.failures.contains(f)) << "printed and not kept: " << f;
          for (const std::string& f : told.shrunk)
            EXPECT_TRUE(after.findings.shrunk.contains(f)) << "shrunk, and not kept so: " << f;
          EXPECT_GE(after.cases, before.cases);
          before = after;
          begun = !after.state.empty();
        }
        left -= ended.killed;
        if (before.state == "done") break;  // perhaps killed in its last moment
        ASSERT_TRUE(ended.killed) << "exit " << ended.exit;
      }
      EXPECT_EQ(story_of(database), story_);
    }
    fmt::print("{} kills in {} campaigns of {} findings, {:.1f} s each when left alone\n", kills,
               campaigns, findings_, seconds_);
  }

  static std::string story_;
  static double seconds_;
  static size_t findings_;
};
std::string Killed::story_;
double Killed::seconds_ = 0;
size_t Killed::findings_ = 0;

TEST_F(Killed, AtRandomMomentsItLosesNothingAndRepeatsNothing) {
  kill_often(
      kRandomKills, "random",
      [](std::mt19937_64& random) {
        return std::uniform_real_distribution<>(0, seconds_ / 4)(random);
      },
      /*aimed=*/false);
}

TEST_F(Killed, WhenAFindingIsPrintedItIsInTheDatabase) {
  kill_often(
      kAimedKills, "aimed", [](std::mt19937_64&) { return 1e6; }, /*aimed=*/true);
}

}  // namespace
}  // namespace wavefuzz
