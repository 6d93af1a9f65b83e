#ifndef WAVEFUZZ_FUZZ_OPERATORS_MERGE_ATTN_STATES_H_
#define WAVEFUZZ_FUZZ_OPERATORS_MERGE_ATTN_STATES_H_

#include <optional>
#include <string>
#include <vector>

#include "fuzz/case/data.h"
#include "fuzz/operators/operator.h"
#include "fuzz/operators/parameter.h"
#include "reference/lse_merge.h"

namespace wavefuzz {

/// The merge of partial attention states (reference/lse_merge.h): a prefix and `suffixes` suffixes.
/// Tensors: prefix_o, suffix_o, lse; `empty` lists the partials without keys by data row.
class MergeAttnStates : public Operator {
 public:
  std::string name() const override { return "merge_attn_states"; }
  const ParameterTable& table() const override;
  void check_manifest(const Manifest& manifest) const override;
  Case draw(Draw draw, const Manifest& manifest) const override;
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

/// Tokens of the data that a case may be a part of.
inline constexpr int64_t kMostTokens = 1024;

inline std::vector<std::string> conventions() {
  std::vector<std::string> names;
  for (const reference::LseConvention& c : reference::kLseConventions) names.emplace_back(c.name);
  return names;
}

inline const Integer kTokens = {.name = "tokens",
                                .meaning = "rows of each head",
                                .max = kMostTokens,
                                .plain = 1,
                                .axis = true,
                                .unclaimed = Unclaimed::kAny};
inline const Integer kSuffixes = {.name = "suffixes",
                                  .meaning = "partials beside the prefix",
                                  .max = 1 << 10,
                                  .plain = 0,
                                  .axis = true};
inline const Integer kHeads = {.name = "heads",
                               .meaning = "of O",
                               .min = 1,
                               .max = 1 << 12,
                               .plain = 1,
                               .usual = {1, 2, 3, 4, 5, 8},
                               .shrinks = false};  // rows are known by a number with it: simpler()
inline const Integer kHeadDim = {.name = "head_dim",
                                 .meaning = "of O",
                                 .min = 1,
                                 .max = 1 << 16,
                                 .plain = 1,
                                 .usual = {1, 2, 8, 32, 63, 64, 65, 96, 128, 130, 192},
                                 .axis = true};
inline const Integer kFirstToken = {.name = "first_token",
                                    .meaning = "where the tokens begin in the data",
                                    .max = kMostTokens,
                                    .plain = 0,
                                    .unclaimed = Unclaimed::kAny};
inline const Choice kSuffixOrder = {.name = "suffix_order",
                                    .meaning = "of the suffixes in the data",
                                    .choices = {"ascending", "reversed"},
                                    .plain = "ascending",
                                    .unclaimed = Unclaimed::kAny};

/// Elements left out between rows, for each stride that has its own.
inline Integer pad(const std::string& name, const std::string& meaning) {
  return {.name = name,
          .meaning = "elements left out " + meaning,
          .max = int64_t{1} << 36,
          .plain = 0,
          .unclaimed = Unclaimed::kAny};
}
inline const Integer kPrefixHeadPad = pad("prefix_head_pad", "between heads of prefix_o");
inline const Integer kPrefixTokenPad = pad("prefix_token_pad", "between tokens of prefix_o");
inline const Integer kSuffixHeadPad = pad("suffix_head_pad", "between heads of suffix_o");
inline const Integer kSuffixTokenPad = pad("suffix_token_pad", "between tokens of suffix_o");
inline const Integer kSuffixPartialPad = pad("suffix_partial_pad", "between suffixes of suffix_o");
inline const Integer kPrefixLsePad = pad("prefix_lse_pad", "between rows of prefix_lse");
inline const Integer kSuffixLsePad = pad("suffix_lse_pad", "between rows of suffix_lse");
inline const Integer kSuffixLsePartialPad =
    pad("suffix_lse_partial_pad", "between suffixes of suffix_lse");
inline const Integer kOutHeadPad = pad("out_head_pad", "between heads of out");
inline const Integer kOutTokenPad = pad("out_token_pad", "between tokens of out");
inline const Integer kOutLsePad = pad("out_lse_pad", "between rows of out_lse");
inline const Integer* const kPads[] = {
    &kPrefixHeadPad,    &kPrefixTokenPad, &kSuffixHeadPad, &kSuffixTokenPad,
    &kSuffixPartialPad, &kPrefixLsePad,   &kSuffixLsePad,  &kSuffixLsePartialPad,
    &kOutHeadPad,       &kOutTokenPad,    &kOutLsePad};

inline const Choice kODtype = {.name = "o_dtype",
                               .meaning = "of O in",
                               .choices = {"f32", "bf16", "f16"},
                               .plain = "f32",
                               .unclaimed = Unclaimed::kPlain};
inline const Choice kOutDtype = {.name = "out_dtype",
                                 .meaning = "of O out",
                                 .choices = {"f32", "bf16", "f16"},
                                 .plain = "f32",
                                 .unclaimed = Unclaimed::kPlain};
inline const Choice kProducer = {.name = "producer",
                                 .meaning = "convention of the LSEs that come in, below",
                                 .choices = conventions(),
                                 .plain = "fa3"};
inline const Choice kConsumer = {.name = "consumer",
                                 .meaning = "convention of what goes out, below",
                                 .choices = conventions(),
                                 .plain = "fa3"};
inline const Choice kEmptyLse = {.name = "empty_lse",
                                 .meaning = "how a partial without keys says so",
                                 .choices = {"producer", "minus_inf", "plus_inf", "nan", "mixed"},
                                 .plain = "producer",
                                 .unclaimed = Unclaimed::kPlain};
inline const Choice kEmptyO = {.name = "empty_o",
                               .meaning = "what the O of such a partial holds",
                               .choices = {"zero", "nan", "huge", "unwritten"},
                               .plain = "zero",
                               .unclaimed = Unclaimed::kPlain};
inline const Choice kRelation = {.name = "relation",
                                 .meaning = "one of the relations below",
                                 .choices = {"none", "suffixes_reversed", "token_alone"},
                                 .plain = "none",
                                 .unclaimed = Unclaimed::kAny,
                                 .shrinks = false};  // before all else: simpler()

/// The row of the data that a partial's token and head are: recipes, random streams and `empty`
/// know it by this number whichever part of the data a case takes, in whichever order.
int64_t data_row(const Case& c, int64_t partial, int64_t token, int64_t head);

}  // namespace merge
}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_MERGE_ATTN_STATES_H_
