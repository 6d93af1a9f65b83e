#ifndef WAVEFUZZ_FUZZ_CLI_HISTORY_COMMAND_H_
#define WAVEFUZZ_FUZZ_CLI_HISTORY_COMMAND_H_

#include <string>
#include <vector>

#include "fuzz/search/harness.h"
#include "fuzz/store/campaign_store.h"
#include "gpu/error.h"

namespace wavefuzz {

/// `wavefuzz history`: a line for each campaign of the file, with what is new and gone against the
/// one before it of the same shard.
Exit history_command(CampaignStore& store, bool json);

/// `wavefuzz coverage`: how much of each program the latest campaign ran, and what it never
/// reached. `most` blocks are listed of each program, the longest first.
Exit coverage_command(const Harness& harness, CampaignStore& store, const std::vector<Job>& jobs,
                      size_t most, bool json);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_HISTORY_COMMAND_H_
