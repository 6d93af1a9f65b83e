#include "fuzz/verdict.h"

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
  }
  return "";
}

std::string signature(const Verdict& verdict) {
  if (verdict.findings.empty()) return "";
  const Finding& first = verdict.findings.front();
  return first.where.empty() ? first.kind : first.kind + ":" + first.where;
}

}  // namespace wavefuzz
