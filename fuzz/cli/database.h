#ifndef WAVEFUZZ_FUZZ_CLI_DATABASE_H_
#define WAVEFUZZ_FUZZ_CLI_DATABASE_H_

#include <string>

#include "fuzz/store/campaign_store.h"

namespace wavefuzz {

/// The file that campaigns are remembered in, as this process sees it: the one given, or that of
/// the folder for findings.
std::string database_path(const std::string& database, const std::string& out);

/// The memory of campaigns, which must be there: throws Error(kUsage) else.
CampaignStore existing_store(const std::string& database, const std::string& out);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_DATABASE_H_
