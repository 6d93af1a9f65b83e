#ifndef WAVEFUZZ_FUZZ_OPERATORS_PAGED_MQA_LOGITS_H_
#define WAVEFUZZ_FUZZ_OPERATORS_PAGED_MQA_LOGITS_H_

#include <string>
#include <vector>

#include "fuzz/operators/mqa_rows.h"
#include "fuzz/operators/operator.h"
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
  void check_manifest(const Manifest& manifest) const override;
  rc::Gen<Case> domain(const Manifest& manifest) const override;
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
inline constexpr const char* kRelations[] = {"none",  "garbage_past_ctx", "permuted_pages",
                                             "alone", "unsplit",          "doubled_k"};

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
