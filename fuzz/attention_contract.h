#ifndef WAVEFUZZ_FUZZ_ATTENTION_CONTRACT_H_
#define WAVEFUZZ_FUZZ_ATTENTION_CONTRACT_H_

#include <vector>

#include "fuzz/operator_page.h"
#include "gpu/manifest.h"
#include "reference/attention.h"

namespace wavefuzz {

/// The numerics contract of an attention kernel, as its manifest declares it. `splits`, `output`
/// and the FP8 format of P follow from the case. Throws Error(kUsage) naming the field.
reference::AttentionNumerics parse_attention_numerics(const Manifest& manifest);

/// The fields of the contract, for an operator's page.
std::vector<OperatorPage::Entry> attention_numerics_fields();

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_ATTENTION_CONTRACT_H_
