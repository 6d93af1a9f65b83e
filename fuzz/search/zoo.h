#ifndef WAVEFUZZ_FUZZ_SEARCH_ZOO_H_
#define WAVEFUZZ_FUZZ_SEARCH_ZOO_H_

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fuzz/search/campaign.h"
#include "fuzz/search/harness.h"

namespace wavefuzz {

/// How many bugs the historical ranking has (Plant::rank).
inline constexpr int kRankedBugs = 25;

/// The planted bugs and whether a campaign found them: the proof that the gate can fail.
struct ZooScore {
  size_t planted = 0;      ///< bugs; each may run on several targets
  size_t killed = 0;       ///< found on at least one target
  std::vector<int> ranks;  ///< 1..25 that some planted bug stands for
  std::vector<int> ranks_killed;
};
ZooScore zoo_score(const Harness& harness, const std::vector<JobResult>& results);

nlohmann::ordered_json zoo_json(const Harness& harness, const std::vector<JobResult>& results,
                                const std::map<std::string, std::string>& repro_of_case);
void print_zoo(std::FILE* out, const Harness& harness, const std::vector<JobResult>& results);

/// What the gates of peers (fuzz/judge/gates.h) say of the cases on which a planted bug fails here.
struct GateScore {
  Job job;
  uint64_t cases = 0;    ///< drawn
  uint64_t failing = 0;  ///< of them, by the judge's verdict
  std::map<std::string, uint64_t>
      judged;  ///< by gate: failing cases that it has something to say of
  std::map<std::string, uint64_t> caught;  ///< of those, the ones it does not pass
};

/// Draws up to `cases` cases for each job until `failing` of them fail, and asks every gate.
std::vector<GateScore> gate_scores(const Harness& harness, const std::vector<Job>& jobs,
                                   uint64_t seed, uint64_t cases, uint64_t failing, int threads,
                                   const std::atomic<bool>& interrupted);

/// The table planted bugs x gates in Markdown, a row for each bug with its targets taken together.
std::string gates_markdown(const Harness& harness, const std::vector<GateScore>& scores);

nlohmann::ordered_json gates_json(const std::vector<GateScore>& scores);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_ZOO_H_
