#ifndef WAVEFUZZ_FUZZ_OPERATORS_SCALE_CONTRACT_H_
#define WAVEFUZZ_FUZZ_OPERATORS_SCALE_CONTRACT_H_

#include <vector>

#include "fuzz/operators/operator_page.h"
#include "gpu/json_view.h"
#include "reference/quantise_rule.h"

namespace wavefuzz {

/// The quantisation part of a manifest's numerics contract; scale_contract_page() has its fields.
/// The scale is rounded up to a power of two when `ue8m0` is asked for. Throws Error(kUsage).
reference::QuantiseRule parse_scale_rule(const JsonView& numerics, quant::Fp8 format,
                                         bool f16_input, bool ue8m0);

/// The fields above, for an operator's page.
std::vector<OperatorPage::Entry> scale_contract_page();

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_SCALE_CONTRACT_H_
