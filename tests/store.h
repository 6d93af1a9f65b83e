#ifndef WAVEFUZZ_TESTS_STORE_H_
#define WAVEFUZZ_TESTS_STORE_H_

#include <string>

#include "fuzz/store/campaign_store.h"

namespace wavefuzz {

/// What a campaign ran and found, as text that two campaigns can be compared by: a line for each
/// job with its cases and their verdicts, and a line for each finding with the case as it was drawn
/// and shrunk. `id` is the campaign's number, or the latest.
std::string story_of(const std::string& database, int64_t id = -1);

/// SQLite finds nothing wrong with the file.
bool is_sound(const std::string& database);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_TESTS_STORE_H_
