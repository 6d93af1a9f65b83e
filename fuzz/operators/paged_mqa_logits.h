#ifndef WAVEFUZZ_FUZZ_OPERATORS_PAGED_MQA_LOGITS_H_
#define WAVEFUZZ_FUZZ_OPERATORS_PAGED_MQA_LOGITS_H_

#include <string>
#include <vector>

#include "fuzz/operators/mqa_rows.h"
#include "fuzz/operators/operator.h"
#include "fuzz/operators/paging.h"
#include "fuzz/operators/parameter.h"
#include "reference/indexer_cache.h"

namespace wavefuzz {

/// The indexer's logits over a paged cache (reference/mqa_logits.h, reference/mqa_mask.h). page()
/// describes parameters, buffers and presets.
///
/// Tensors of a case, filled by recipes: q (a row for each token and head), weights (a row for each
/// token), k (codes, a row for each key: request r has the rows from r * kKeysApart), k_scale (the
/// same rows, one column). Integers: context_lens ([batch], or [batch * next_n] with 2-D lengths;
/// the ragged rules' ke), row_starts (their ks).
class PagedMqaLogits : public Operator {
 public:
  std::string name() const override { return "paged_mqa_logits"; }
  const ParameterTable& table() const override;
  void check_manifest(const Manifest& manifest) const override;
  Case draw(Draw draw, const Manifest& manifest) const override;
  Params launch_params(const Case& c) const override;
  std::vector<Buffer> buffers(const Case& c) const override;
  void judge(const Run& run, Judge& judge) const override;
  std::optional<Case> related(const Case& c) const override;
  void compare(const Run& run, const Run& related, Judge& judge) const override;
  OperatorPage page() const override;
  std::vector<Step> simpler(const Case& c) const override;
  std::vector<Axis> axes(const Case& c) const override;
  std::string summary(const Case& c) const override;
};

namespace mqa {

inline constexpr int64_t kKeysApart = int64_t{1} << 20;

/// Bytes of a packed page, up to the alignment of a scale.
int64_t packed_stride(const Case& c);
/// Entries that the longest request has in the table.
int64_t table_columns(const Case& c);

inline const Integer kBatch = {.name = "batch",
                               .meaning = "requests",
                               .min = 1,
                               .max = 1 << 10,
                               .plain = 1,
                               .usual = {1, 1, 2, 3, 4},
                               .axis = true,
                               .shrinks = false};  // with the lists of lengths: plainer_shape()
inline const Integer kNextN = {
    .name = "next_n",
    .meaning = "query tokens of each request, taken two at a time and the odd one",
    .min = 1,
    .max = 64,
    .plain = 1,
    .usual = {1, 1, 2, 3, 3, 4, 5, 7, 8},
    .axis = true,
    .shrinks = false};
inline const Integer kHeads = {.name = "heads",
                               .meaning = "of q",
                               .min = 1,
                               .max = 1 << 10,
                               .plain = 1,
                               .usual = {1, 1, 2, 3, 4, 5, 7, 8, 16, 32, 64},
                               .axis = true};
inline const Integer kHeadDim = {.name = "head_dim",
                                 .meaning = "of q and k",
                                 .min = 1,
                                 .max = 1 << 14,
                                 .plain = 32,
                                 .usual = {32, 32, 64, 128},
                                 .axis = true,
                                 .shrinks = false};  // with the stride of packed pages
inline const Integer kPageSize = {.name = "page_size",
                                  .meaning = "tokens of a page",
                                  .min = 1,
                                  .max = 1 << 20,
                                  .plain = 1,
                                  .usual = {64, 64, 64, 16, 32, 128, 256, 48, 1, 2, 3, 17, 61},
                                  .axis = true,
                                  .shrinks = false};
inline const Integer kSplits = {
    .name = "splits",
    .meaning = "groups that share a request's keys, or those of a persistent grid",
    .plain = 1,
    .axis = true,
    .unclaimed = Unclaimed::kAny};
inline const Choice kDtype = {.name = "dtype",
                              .meaning = "of q and of the cache",
                              .choices = {"e4m3fn", "e4m3fnuz"},
                              .plain = "e4m3fn",
                              .unclaimed = Unclaimed::kPlain};
inline const Choice kLayout = {.name = "layout",
                               .meaning = "of the codes of a page",
                               .choices = {"normal", "shuffle"},
                               .plain = "normal",
                               .unclaimed = Unclaimed::kPlain};
inline const Choice kCtxDims = {.name = "ctx_dims",
                                .meaning = "of context_lens",
                                .choices = {"1d", "2d"},
                                .plain = "1d",
                                .unclaimed = Unclaimed::kPlain};
inline const Choice kMaskRule = {.name = "mask_rule",
                                 .meaning = "presets, below",
                                 .choices =
                                     [] {
                                       std::vector<std::string> rules;
                                       for (const auto rule : reference::kAllMaskRules)
                                         rules.emplace_back(reference::name(rule));
                                       return rules;
                                     }(),
                                 .plain = "torch",
                                 .unclaimed = Unclaimed::kPlain};
inline const Choice kUnowned = {
    .name = "unowned",
    .meaning = "what lies past the keys of a page and past the pages of a table",
    .choices = {"poison", "nan", "huge"},
    .plain = "poison",
    .unclaimed = Unclaimed::kAny};
inline const Choice kRelation = {
    .name = "relation",
    .meaning = "one of those below",
    .choices = {"none", "garbage_past_ctx", "permuted_pages", "alone", "unsplit", "doubled_k"},
    .plain = "none",
    .unclaimed = Unclaimed::kAny,
    .shrinks = false};
inline const Integer kWidth = {.name = "width",
                               .meaning = "columns of the logits; keys beyond are not written",
                               .max = int64_t{1} << 30,
                               .plain = 1,
                               .axis = true,
                               .unclaimed = Unclaimed::kAny};
inline const Integer kLogitsStride = {.name = "logits_stride",
                                      .meaning = "elements from a row of logits to the next",
                                      .plain = [](const Case& c) { return kWidth.of(c); },
                                      .unclaimed = Unclaimed::kAny,
                                      .least = [](const Case& c) { return kWidth.of(c); }};
inline const Integer kQStride = {
    .name = "q_stride",
    .meaning = "elements from a token of q to the next",
    .max = int64_t{1} << 30,
    .plain = [](const Case& c) { return kHeads.of(c) * kHeadDim.of(c); },
    .unclaimed = Unclaimed::kAny,
    .least = [](const Case& c) { return kHeads.of(c) * kHeadDim.of(c); }};
inline const Integer kPageStride = {.name = "page_stride",
                                    .meaning = "bytes from one page to the next",
                                    .min = 1,
                                    .plain = packed_stride,
                                    .unclaimed = Unclaimed::kAny,
                                    .shrinks = false};  // by whole scales
inline const Integer kTableStride = {.name = "table_stride",
                                     .meaning = "entries from a request of the table to the next",
                                     .max = int64_t{1} << 30,
                                     .plain = table_columns,
                                     .unclaimed = Unclaimed::kAny,
                                     .least = table_columns};
inline const Integer kFirstRequest = {
    .name = "first_request",
    .meaning = "the request whose data request 0 has; used by relations",
    .plain = 0,
    .unclaimed = Unclaimed::kAny,
    .shrinks = false};
inline const Integer kKDoubled = {.name = "k_doubled",
                                  .meaning = "1: K * 2 with scale / 2; used by relations",
                                  .max = 1,
                                  .plain = 0,
                                  .unclaimed = Unclaimed::kAny,
                                  .shrinks = false};

/// The rows above and those of paging, which the whole indexer has, too.
const ParameterTable& table();

/// The case's page geometry, lengths and mask. Throws Error(kUsage) when parameters do not hold
/// together.
reference::IndexerCache cache(const Case& c);
reference::MaskRule mask_rule(const Case& c);
quant::Fp8 format(const Case& c);
bool has_row_lengths(const Case& c);  ///< 2-D lengths, or a ragged rule

/// The requests with their lengths and no data.
std::vector<MqaRequest> requests(const Case& c);

/// Keys of each request, as many as the reference may read.
std::vector<int64_t> key_counts(const Case& c);

/// The page ids of each request.
std::vector<std::vector<int64_t>> pages(const Case& c);

/// A case inside the manifest's claims, with contexts of at most `most` keys.
Case draw_case(Draw& draw, const Manifest& manifest, int64_t most);

/// Makes the parameters coherent again after one of them was changed.
void repair(Case& c);

/// Steps that make shape, lengths and choices plainer, with `fix` after each.
void plainer_shape(std::vector<Step>& steps, const Case& c, const Repair& fix);
/// The axes of what these operators share; `fix` repairs a case.
std::vector<Axis> shape_axes(const Case& c, const Repair& fix);

/// q, weights, block_table, context_lens, row_starts and logits: all buffers but the cache.
std::vector<Buffer> query_buffers(const Case& c);

/// What the reference takes, read from the buffers that the kernel is given. A key with a byte that
/// is poison is unknown.
MqaRows rows(const Case& c, const std::vector<Buffer>& buffers,
             const reference::MqaContract& contract);

}  // namespace mqa
}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_PAGED_MQA_LOGITS_H_
