#ifndef WAVEFUZZ_GPU_FINDING_JSON_H_
#define WAVEFUZZ_GPU_FINDING_JSON_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gpu/finding.h"

namespace wavefuzz {

/// A finding as data; what is not known is left out.
nlohmann::ordered_json to_json(const Finding& finding);
nlohmann::ordered_json to_json(const std::vector<SourceLine>& source);
nlohmann::ordered_json to_json(const InexactUse& use);

/// What to_json() wrote, or [kind, where, message, instruction] as earlier versions did. Throws
/// Error(kUsage): "WHERE: FIELD PROBLEM".
Finding parse_finding(const nlohmann::json& json, const std::string& where);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_FINDING_JSON_H_
