#ifndef WAVEFUZZ_FUZZ_AUDIT_COMMAND_H_
#define WAVEFUZZ_FUZZ_AUDIT_COMMAND_H_

#include <string>

#include "fuzz/harness.h"
#include "gpu/error.h"

namespace wavefuzz {

struct AuditOptions {
  std::string hsa;           ///< AITER's folder "hsa"
  std::string arch = "all";  ///< gfx942, gfx950 or all
  std::string op = "all";    ///< pa, mla or all
  bool json = false;
};

/// `wavefuzz audit`: what AITER's choice of a kernel does with every request. Clean when there is
/// nothing to say.
Exit audit_command(const Harness& harness, const AuditOptions& options);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_AUDIT_COMMAND_H_
