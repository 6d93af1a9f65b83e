#ifndef WAVEFUZZ_FUZZ_SEARCH_CAMPAIGN_H_
#define WAVEFUZZ_FUZZ_SEARCH_CAMPAIGN_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/judge/corpus.h"
#include "fuzz/search/boundary.h"
#include "fuzz/search/guide.h"
#include "fuzz/search/harness.h"
#include "fuzz/search/shrink.h"

namespace wavefuzz {

struct CampaignFinding;

/// Where cases come from.
enum class Search {
  kDrawn,   ///< case n is a function of the seed and n
  kGuided,  ///< one in three, where there is something to aim at, from what earlier ones told
};

struct CampaignOptions {
  uint64_t seed = 1;
  uint64_t first_case = 0;   ///< index of the first case
  uint64_t case_stride = 1;  ///< a shard takes every case_stride-th
  uint64_t cases = 0;        ///< for each job; 0 = no limit
  double seconds = 0;        ///< for the campaign; 0 = no limit
  int threads = 1;
  size_t findings_per_job = 8;  ///< distinct signatures, after which a job is finished
  ShrinkLimits shrink = {.instructions = 50'000'000};
  /// Say from where to where each failure of a kernel goes; those of planted bugs are known.
  bool boundaries = false;
  BoundaryLimits boundary = {};
  /// Axes along which the boundary of a finding must be known, however long that takes.
  std::function<std::vector<std::string>(const CampaignFinding&)> needed_axes = {};
  Search search = Search::kDrawn;
  bool coverage = false;  ///< note which edges of the kernels' control flow the cases take; guided
                          ///< search does so anyway
};

/// A failure, shrunk and run again.
struct CampaignFinding {
  Job job;
  uint64_t case_index = 0;
  Case original;
  Shrunk shrunk;
  int confirmations = 0;                  ///< see confirm()
  std::optional<Boundary> boundary = {};  ///< nothing where it was not sought
  /// The campaign was interrupted meanwhile, so that it could be smaller and its boundary sharper:
  /// a campaign that goes on begins with that.
  bool cut_short = false;
  /// Which draw of the seed it is, where it was not moved from there.
  std::optional<uint64_t> draw = {};

  /// Boundary::sentence(), empty where there is none.
  std::string sentence() const { return boundary ? boundary->sentence() : ""; }
};

/// Re-runs of a shrunk case before it is reported.
inline constexpr int kConfirmations = 3;

/// How many of kConfirmations re-runs of the shrunk case fail with the same signature.
int confirm(const Harness& harness, const Shrunk& shrunk);

/// A case with values between the likely and the hard bound: no failure, and listed for a reader.
struct SuspectCase {
  uint64_t case_index = 0;
  Case c;
  std::string message;
};

/// Of each job, the first this many suspects are kept.
inline constexpr size_t kMostSuspects = 16;

struct JobResult {
  Job job;
  uint64_t cases = 0;  ///< run, up to and including the last finding's
  std::map<Status, uint64_t> by_status;
  uint64_t instructions = 0;
  std::string unsupported;          ///< what the target lacked, if it did
  std::string no_case;              ///< why it ended for want of a case inside the claims
  std::string too_large;            ///< the limit that the first case ran into that was too large
  double cpu_seconds = 0;           ///< of this process while the job ran, shrinking included
  double cpu_seconds_to_first = 0;  ///< the same up to the first failure, before it was shrunk
  std::vector<CampaignFinding> findings;
  std::vector<SuspectCase> suspects;
  std::map<std::string, uint64_t> known;       ///< notes of known faults: cases that showed them
  BoundUse bound_use;                          ///< of cases that did not fail
  Coverage coverage;                           ///< of all cases; with CampaignOptions::coverage
  std::map<std::string, std::string> objects;  ///< of the coverage: name -> SHA-256
  uint64_t drawn = 0;                          ///< cases that were drawn; the others were guided
  uint64_t last_fresh = 0;  ///< case number of the last that took a new edge, from 1
  Guide guide;

  uint64_t count(Status status) const;  ///< cases of that status
  size_t edges() const;                 ///< of all programs
  /// "3 of 384 cases are too large, the first: 20000000 instructions ..."; empty where none is.
  std::string too_large_sentence() const;
  /// No case says anything about the kernel: none passed or failed.
  bool ran_nothing() const;
};

/// Throws Error(kUsage) where a code object is another than the one that `result` is of.
void check_objects(const Harness& harness, const JobResult& result);

/// Distinct findings after which a job is finished: a planted bug with its first.
size_t most_findings(const Job& job, size_t per_job);

/// What ran of all programs of a job together, without what did not.
ProgramCoverage covered(const Harness& harness, const JobResult& result);

/// What a campaign tells while it runs. Called from one thread.
class CampaignListener {
 public:
  virtual ~CampaignListener() = default;
  /// Each case that counts, in order.
  virtual void on_case(const Job&, Status) {}
  /// A failure as it was drawn, before it is shrunk.
  virtual void on_failure(const Job&, uint64_t /*case_index*/, const Case&, const Verdict&) {}
  /// The same, shrunk.
  virtual void on_finding(const CampaignFinding&) {}
  /// What a job has come to: after each of its findings (`found`), and after each of its turns.
  virtual void on_result(const JobResult&, bool /*found*/, double /*seconds*/) {}
  virtual void on_progress(const std::vector<JobResult>&, double /*seconds*/) {}
};

/// Runs the jobs in turns until each has had its cases, or time is up, or `interrupted` becomes
/// true. A planted bug is finished when it is found. Which cases run, what is found and how it
/// shrinks depends on the seed, not on threads; only a time limit cuts it off at a moment that
/// does. A job goes on from what it had come to in an earlier process, where `earlier` (empty, or
/// an entry for each job) says so, as if there had been no interruption.
std::vector<JobResult> run_campaign(const Harness& harness, const std::vector<Job>& jobs,
                                    const CampaignOptions& options,
                                    const std::atomic<bool>& interrupted,
                                    CampaignListener& listener, std::vector<JobResult> earlier = {},
                                    double seconds_before = 0);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_CAMPAIGN_H_
