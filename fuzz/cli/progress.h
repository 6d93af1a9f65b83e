#ifndef WAVEFUZZ_FUZZ_CLI_PROGRESS_H_
#define WAVEFUZZ_FUZZ_CLI_PROGRESS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/search/campaign.h"

namespace wavefuzz {

/// What a reader wants to know of a campaign that runs.
struct ProgressFigures {
  double seconds = 0;       ///< so far
  double seconds_left = 0;  ///< negative: there is no limit
  size_t jobs = 0, jobs_begun = 0;
  uint64_t cases = 0;
  double cases_per_second = 0;  ///< of late
  size_t findings = 0;
  size_t edges = 0;
  double since_new_edge = 0;  ///< seconds
  std::string edge_job;       ///< whose that edge is
  std::string job;            ///< that had the last turn
  /// Cases to the next new edge, as likely as not: see cases_to_new_edge(). 0: unknown.
  double cases_to_new_edge = 0;
};

/// The cases in which one new edge is expected, by Good and Turing's estimate (Good, Biometrika
/// 1953): the chance that a job's next case takes a new edge is about the share of its cases that
/// took an edge which no other did. Of kernels as they should be. 0 where it says nothing.
double cases_to_new_edge(const std::vector<JobResult>& results);

/// "1034 edges of control flow, 25 of them taken by one case alone: about one more in the next 310
/// cases". Empty without coverage.
std::string edges_sentence(const std::vector<JobResult>& results);

/// Follows a campaign.
class Progress {
 public:
  void note(const JobResult& result, double seconds);
  /// `limit`: of seconds; 0: none.
  ProgressFigures figures(const std::vector<JobResult>& results, double seconds, double limit);

 private:
  std::map<std::string, size_t> edges_;              // by job
  std::deque<std::pair<double, uint64_t>> samples_;  // seconds, cases
  double new_edge_at_ = 0;
  std::string edge_job_, job_;
};

/// For a log.
std::string progress_line(const ProgressFigures& figures);

/// For a terminal of so many columns.
std::vector<std::string> status_screen(const ProgressFigures& figures, size_t columns);

/// Of standard error; 80 where that is no terminal.
size_t terminal_width();

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_PROGRESS_H_
