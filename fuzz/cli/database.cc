#include "fuzz/cli/database.h"

#include <filesystem>

#include "fuzz/cli/paths.h"
#include "gpu/error.h"

namespace wavefuzz {

std::string database_path(const std::string& database, const std::string& out) {
  if (!database.empty()) return user_path(database);
  return (std::filesystem::path(user_path(out)) / "campaigns.sqlite").string();
}

CampaignStore existing_store(const std::string& database, const std::string& out) {
  const std::string path = database_path(database, out);
  if (!std::filesystem::exists(path)) throw Error(Exit::kUsage, path + ": no such file");
  return CampaignStore(path);
}

}  // namespace wavefuzz
