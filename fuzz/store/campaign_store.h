#ifndef WAVEFUZZ_FUZZ_STORE_CAMPAIGN_STORE_H_
#define WAVEFUZZ_FUZZ_STORE_CAMPAIGN_STORE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/search/campaign.h"
#include "fuzz/store/sqlite.h"

namespace wavefuzz {

/// What tells one campaign from another.
struct CampaignKey {
  uint64_t seed = 0, first_case = 0, case_stride = 1;
};

/// With the key, what says which cases a campaign runs.
struct CampaignLimits {
  uint64_t jobs = 0;   ///< hash_of() them
  uint64_t cases = 0;  ///< of each job, over all shards; 0: none
  uint64_t findings_per_job = 0;
  bool guided = false;  ///< cases depend on earlier ones, not on the seed and their index alone
};

/// The same for the same jobs in any order.
uint64_t hash_of(const std::vector<Job>& jobs);

/// A line of `wavefuzz history`.
struct CampaignRecord {
  int64_t id = 0;
  std::string started;  ///< UTC, ISO 8601
  std::string version;
  std::string state;  ///< running, interrupted, done
  CampaignKey key;
  CampaignLimits limits;
  double seconds = 0;
  uint64_t jobs = 0, cases = 0, edges = 0, findings = 0;
  std::vector<std::string> ran;    ///< kernel and target of each job
  std::vector<std::string> found;  ///< kernel, target and signature of each finding
  /// Of a campaign that `wavefuzz merge` made of shards: the numbers of those.
  std::vector<int64_t> parts;
  uint64_t shards = 0;  ///< into how many the cases were divided; 0: not made of shards
};

/// What a campaign found in each of its jobs that the one before it with that job and the same
/// share of the cases had not, and the other way round.
struct CampaignChange {
  std::vector<std::string> added, gone;
};
/// Of each record, in the order of history().
std::vector<CampaignChange> changes(const std::vector<CampaignRecord>& records);

/// A failure that was kept as it was drawn and has not been shrunk: the campaign ended before.
struct StoredFailure {
  Job job;
  uint64_t case_index = 0;
  std::string signature, message;
  Case drawn;
};

/// The memory of campaigns: one SQLite file that survives any death of the process. What a job has
/// done is kept as it goes on, a failure before it is printed.
class CampaignStore {
 public:
  /// Opens it, or makes it, to write. Throws Error(kUsage) for a file that is something else.
  explicit CampaignStore(const std::string& path, Database::Mode mode = Database::Mode::kWrite);

  /// Starts a campaign.
  void begin(const CampaignKey& key, const CampaignLimits& limits = {});
  /// Goes on with the latest campaign of that key that is not done; false when there is none.
  bool resume(const CampaignKey& key, const CampaignLimits& limits = {});
  /// The latest campaign, whatever its state, to read from; false when there is none. Of shards
  /// that were merged, what they come to together.
  bool latest();
  /// The campaign of that number; false when there is none.
  bool select(int64_t id);
  int64_t campaign() const { return campaign_; }
  double seconds() const { return seconds_; }  ///< spent on it by earlier processes

  /// What a job of this campaign had come to; nothing when it had not begun.
  std::optional<JobResult> load(const Job& job);
  /// The jobs of this campaign that have begun, by name.
  std::vector<Job> jobs();
  std::vector<StoredFailure> unshrunk();
  /// A failure as it was drawn.
  void failure(const Job& job, uint64_t case_index, const Case& c, const Verdict& verdict);
  void failure(const StoredFailure& f);
  /// `statuses` are those of the last cases of the job that have not been saved before, a letter()
  /// each.
  void save(const JobResult& result, double seconds, const std::string& statuses = {});
  /// The letter()s of the job's cases so far, in order.
  std::string statuses(const Job& job);
  void finish(bool interrupted);

  /// Every campaign of the file, the oldest first. Of shards that were merged, what they come to
  /// together; with `parts` the shards as well.
  std::vector<CampaignRecord> history(bool parts = false);

  Database& database() { return database_; }

 private:
  Database database_;
  int64_t campaign_ = 0;
  double seconds_ = 0;
};

/// What a case's status is written as: the first letter of its name.
char letter(Status status);

/// Passes everything on to another listener, and stores it first. When the disk fails it says so
/// once and the campaign goes on.
class StoringListener : public CampaignListener {
 public:
  StoringListener(CampaignStore& store, CampaignListener& next) : store_(store), next_(next) {}
  void on_case(const Job& job, Status status) override;
  void on_failure(const Job& job, uint64_t case_index, const Case& c,
                  const Verdict& verdict) override;
  void on_finding(const CampaignFinding& finding) override { next_.on_finding(finding); }
  void on_result(const JobResult& result, bool found, double seconds) override;
  void on_progress(const std::vector<JobResult>& results, double seconds) override {
    next_.on_progress(results, seconds);
  }
  /// The campaign ended, or was cut off.
  void finish(const std::vector<JobResult>& results, double seconds, bool interrupted);

 private:
  /// What there is to save of a job.
  struct Unsaved {
    double seconds = 0;    // when it was last saved
    std::string statuses;  // of cases since then
  };
  void save(const JobResult& result, double seconds);
  void failed(const std::string& why);

  CampaignStore& store_;
  CampaignListener& next_;
  std::map<std::string, Unsaved> unsaved_;  // by job
  bool broken_ = false;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_STORE_CAMPAIGN_STORE_H_
