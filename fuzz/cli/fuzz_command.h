#ifndef WAVEFUZZ_FUZZ_CLI_FUZZ_COMMAND_H_
#define WAVEFUZZ_FUZZ_CLI_FUZZ_COMMAND_H_

#include <string>

#include "fuzz/cli/options.h"
#include "fuzz/store/campaign_store.h"
#include "gpu/error.h"

namespace wavefuzz {

/// The file that campaigns are remembered in, as this process sees it.
std::string database_path(const Options& options);

/// `wavefuzz fuzz`: known failures first, then cases until they or the time run out.
Exit fuzz(const Options& options);

/// The memory of campaigns, which must be there: throws Error(kUsage) else.
CampaignStore existing_store(const Options& options);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_FUZZ_COMMAND_H_
