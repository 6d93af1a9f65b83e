#ifndef WAVEFUZZ_FUZZ_STORE_SHARDS_H_
#define WAVEFUZZ_FUZZ_STORE_SHARDS_H_

#include <string>
#include <vector>

#include "fuzz/store/campaign_store.h"

namespace wavefuzz {

/// What a job came to in one shard of a campaign.
struct ShardResult {
  CampaignKey key;
  JobResult result;
  std::string statuses;  ///< CampaignStore::statuses()
};

/// What a job came to in all of them.
struct CombinedResult {
  JobResult result;
  std::string statuses;  ///< of the cases in order; with `exact`
  /// The cases and findings are those of one campaign over the same cases. So it is when every
  /// shard came to its end by number of cases or by what it found, and no case depends on another.
  bool exact = false;
  uint64_t beyond = 0;  ///< cases that shards ran and the one campaign would not have; with `exact`
};

/// Findings are taken in order of their cases, the first of each signature, up to the job's limit.
/// Where that ends the one campaign, cases behind it do not count. What is known by the case is cut
/// there: findings, suspects, verdicts. What is known as a sum is of all cases that ran:
/// instructions, coverage, known faults, the use of bounds, time. `shards` has an entry for each
/// shard that there is of `count`.
CombinedResult combine(const std::vector<ShardResult>& shards, const CampaignLimits& limits,
                       uint64_t count);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_STORE_SHARDS_H_
