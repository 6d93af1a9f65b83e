#ifndef WAVEFUZZ_FUZZ_OPERATORS_MERGE_ATTN_STATES_H_
#define WAVEFUZZ_FUZZ_OPERATORS_MERGE_ATTN_STATES_H_

#include <optional>
#include <string>
#include <vector>

#include "fuzz/case/data.h"
#include "fuzz/operators/operator.h"
#include "reference/lse_merge.h"

namespace wavefuzz {

/// The merge of partial attention states (reference/lse_merge.h): a prefix and `suffixes` suffixes.
///
/// Parameters of a case:
///   suffixes, tokens, heads, head_dim
///   o_dtype, out_dtype    f32, bf16, f16
///   producer, consumer    names of reference::kLseConventions: base and layout of the LSEs that
///   come
///                         in, base, layout and empty rows of what goes out
///   empty_lse             how a partial without keys says so: as its producer does, or otherwise
///   empty_o               what its O holds: zero, nan, huge, unwritten
///   first_token, suffix_order   which rows of the data these are; for relations between cases
///   NAME_pad              elements left out between rows, for each stride that has its own
/// Tensors: prefix_o, suffix_o, lse; `empty` lists the partials without keys by data row.
class MergeAttnStates : public Operator {
 public:
  std::string name() const override { return "merge_attn_states"; }
  void check_manifest(const Manifest& manifest) const override;
  rc::Gen<Case> domain(const Manifest& manifest) const override;
  Params launch_params(const Case& c) const override;
  std::vector<Buffer> buffers(const Case& c) const override;
  void judge(const Run& run, Judge& judge) const override;
  std::optional<Case> related(const Case& c) const override;
  void compare(const Run& run, const Run& related, Judge& judge) const override;
  std::vector<Step> simpler(const Case& c) const override;
  std::vector<Axis> axes(const Case& c) const override;
  std::string summary(const Case& c) const override;
  OperatorPage page() const override;
};

namespace merge {

inline constexpr const char* kEmptyLse[] = {"producer", "minus_inf", "plus_inf", "nan", "mixed"};
inline constexpr const char* kEmptyO[] = {"zero", "nan", "huge", "unwritten"};
inline constexpr const char* kPads[] = {
    "prefix_head_pad",    "prefix_token_pad", "suffix_head_pad", "suffix_token_pad",
    "suffix_partial_pad", "prefix_lse_pad",   "suffix_lse_pad",  "suffix_lse_partial_pad",
    "out_head_pad",       "out_token_pad",    "out_lse_pad"};

/// Tokens of the data that a case may be a part of.
inline constexpr int64_t kMostTokens = 1024;

/// The row of the data that a partial's token and head are: recipes, random streams and `empty`
/// know it by this number whichever part of the data a case takes, in whichever order.
int64_t data_row(const Case& c, int64_t partial, int64_t token, int64_t head);

}  // namespace merge
}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_MERGE_ATTN_STATES_H_
