#ifndef WAVEFUZZ_FUZZ_OPERATORS_ATTENTION_CONTRACT_H_
#define WAVEFUZZ_FUZZ_OPERATORS_ATTENTION_CONTRACT_H_

#include <vector>

#include "fuzz/operators/operator_page.h"
#include "gpu/manifest.h"
#include "reference/attention.h"

namespace wavefuzz {

/// The numerics contract of an attention kernel, as its manifest declares it. `splits`, `output`
/// and the FP8 format of P follow from the case. Throws Error(kUsage) naming the field.
reference::AttentionNumerics parse_attention_numerics(const Manifest& manifest);

/// P's or Q's divisor is the largest value of the format that it is cast to: the adapter, which
/// knows the format, puts it in its place.
inline constexpr double kDivisorOfFormat = -1;

/// How a kernel quantises Q itself, a row at a time: codes = cast(q * divisor / amax) with amax =
/// max(amax_floor, largest |q| of the row).
struct QueryCast {
  enum class To { kNone, kFp8, kInt8 };  ///< fp8: the cache's format
  To to = To::kNone;
  double divisor = kDivisorOfFormat;
  double amax_floor = 1e-6;
  bool truncate = false;  ///< towards zero, else to nearest
};
QueryCast parse_query_cast(const Manifest& manifest);

/// Keys that splits take in turn, split i chunks i, i + splits, ...; 0: each takes keys that follow
/// one another.
uint32_t parse_split_chunk(const Manifest& manifest);

/// Whether the kernel has code of its own for each number of query tokens, which sums in another
/// order.
bool parse_qlen_paths(const Manifest& manifest);

/// The fields of the contract, for an operator's page; `own` is the operator's own.
std::vector<OperatorPage::Entry> attention_numerics_fields(const OperatorPage::Entry& own);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_ATTENTION_CONTRACT_H_
