#include "fuzz/judge/verdict.h"

#include <algorithm>

namespace wavefuzz {

const char* name(Status status) {
  switch (status) {
    case Status::kPass:
      return "pass";
    case Status::kWeak:
      return "weak";
    case Status::kSuspect:
      return "suspect";
    case Status::kFail:
      return "fail";
    case Status::kRefused:
      return "refused";
    case Status::kUnsupported:
      return "unsupported";
    case Status::kTooLarge:
      return "too_large";
  }
  return "";
}

const char* words(Status status) {
  return status == Status::kTooLarge ? "too large" : name(status);
}

void BoundUse::add(double share) {
  size_t i = 0;
  while (i < std::size(kEdges) && !(share <= kEdges[i])) ++i;
  ++counts[i];
  worst = std::max(worst, share);
}

void BoundUse::add(const BoundUse& other) {
  for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  worst = std::max(worst, other.worst);
}

std::string signature(const Verdict& verdict) {
  if (verdict.findings.empty()) return "";
  return signature(verdict.findings.front());
}

}  // namespace wavefuzz
