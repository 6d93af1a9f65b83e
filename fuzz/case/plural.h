#ifndef WAVEFUZZ_FUZZ_CASE_PLURAL_H_
#define WAVEFUZZ_FUZZ_CASE_PLURAL_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace wavefuzz {

/// "1 case", "2 cases"; `many`: the noun of more than one where it takes no s ("queries").
std::string plural(int64_t n, std::string_view one, std::string_view many = {});

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CASE_PLURAL_H_
