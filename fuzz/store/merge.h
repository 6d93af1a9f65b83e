#ifndef WAVEFUZZ_FUZZ_STORE_MERGE_H_
#define WAVEFUZZ_FUZZ_STORE_MERGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/store/campaign_store.h"

namespace wavefuzz {

/// A campaign that was made of shards.
struct MergedCampaign {
  int64_t id = 0;
  CampaignKey key;
  uint64_t there = 0;  ///< shards; key.case_stride is how many there should be
  uint64_t cases = 0, findings = 0;
  uint64_t beyond = 0;   ///< cases that one campaign over all cases would not have run
  uint64_t inexact = 0;  ///< jobs of which that cannot be said
  std::string refused;   ///< why nothing was made of these shards
};

struct MergeSummary {
  uint64_t campaigns = 0;  ///< in the result, as they ran
  uint64_t added = 0;      ///< of them, that `out` did not have
  std::vector<MergedCampaign> merged;
};

/// Puts the campaigns of all files into `out`, beside what it holds, and makes of the shards of a
/// campaign what they come to together. A campaign that several files hold, as of files that were
/// merged before, is one, as far as it got in any; so the order of files does not matter, and
/// merging again changes nothing. The new file takes the place of `out` when it is whole. Throws
/// Error(kUsage) for an input that is missing, damaged or of another schema, and leaves `out` as it
/// is.
MergeSummary merge_databases(const std::string& out, const std::vector<std::string>& inputs);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_STORE_MERGE_H_
