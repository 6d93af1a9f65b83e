#ifndef WAVEFUZZ_FUZZ_AUDIT_PRINT_H_
#define WAVEFUZZ_FUZZ_AUDIT_PRINT_H_

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/audit/audit.h"

namespace wavefuzz::audit {

/// The report of an operator, for a reader: a few lines for each finding, numbered from `first`.
/// Returns the number after the last.
int print_report(std::FILE* out, const std::string& op, const Report& report, int first);

/// The same in full.
nlohmann::ordered_json report_json(const std::string& op, const Report& report);

}  // namespace wavefuzz::audit

#endif  // WAVEFUZZ_FUZZ_AUDIT_PRINT_H_
