#ifndef WAVEFUZZ_FUZZ_OPERATORS_PAGED_ATTENTION_H_
#define WAVEFUZZ_FUZZ_OPERATORS_PAGED_ATTENTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/case/data.h"
#include "fuzz/operators/operator.h"
#include "fuzz/operators/paging.h"
#include "fuzz/operators/parameter.h"
#include "quant/paged_k.h"
#include "quant/paged_v.h"

namespace wavefuzz {

/// Decode attention over a paged KV cache. page() describes buffers, parameters and semantics.
///
/// Integer lists of a case, an entry for each sequence: context_lens (keys), qlens (query tokens),
/// and, which data it has, sequence and first_query: sequences with equal ones have equal keys and
/// queries. q_heads names the data of each query head of a kv head.
///
/// Tensors: q (a row for each query token and head), k and v (for each key and kv head), k_scale
/// and v_scale (one element for each of these, or row 0 for all), sinks (one for each query head).
/// Rows are numbered by paged_attention::q_row and kv_row.
class PagedAttention : public Operator {
 public:
  std::string name() const override { return "paged_attention_decode"; }
  const ParameterTable& table() const override;
  void check_manifest(const Manifest& manifest) const override;
  Case draw(Draw draw, const Manifest& manifest) const override;
  Params launch_params(const Case& c) const override;
  std::vector<PlanRequest> plan_requests(const Case& c) const override;
  std::vector<Buffer> buffers(const Case& c) const override;
  void judge(const Run& run, Judge& judge) const override;
  std::optional<Case> related(const Case& c) const override;
  void compare(const Run& run, const Run& related, Judge& judge) const override;
  OperatorPage page() const override;
  std::vector<Step> simpler(const Case& c) const override;
  std::vector<Axis> axes(const Case& c) const override;
  std::string summary(const Case& c) const override;
};

namespace paged_attention {

inline constexpr int64_t kMostGqa = 64;
inline constexpr int64_t kMostKvHeads = 64;
inline constexpr int64_t kMostQueries = 16;  ///< tokens of a sequence
inline constexpr int64_t kMostContext = 1 << 20;
inline constexpr int64_t kMostBytes = int64_t{1} << 42;  ///< of a buffer: address space only

inline const Integer kGqa = {
    .name = "gqa",
    .meaning = "query heads of each kv head",
    .min = 1,
    .max = kMostGqa,
    .plain = 1,
    .usual = {1, 3, 5, 7, 10, 12, 8, 16, 2, 6, 9, 13, 17, 24, 32, 37, 48, 64},
    .axis = true};
inline const Integer kHeadDim = {.name = "head_dim",
                                 .meaning = "elements of a head's row",
                                 .min = 1,
                                 .max = 1024,
                                 .plain = 16,
                                 .usual = {16, 32, 32, 64, 64, 128, 128, 80, 96, 192, 256},
                                 .axis = true,
                                 .unit = 16};
inline const Integer kVHeadDim = {.name = "v_head_dim",
                                  .meaning = "elements of a head's row of V and o",
                                  .min = 1,
                                  .max = 1024,
                                  .plain = [](const Case& c) { return kHeadDim.of(c); },
                                  .usual = {16, 32, 64, 128, 80, 192},
                                  .unclaimed = Unclaimed::kPlain,
                                  .shrinks = false};
inline const Integer kKvHeads = {.name = "kv_heads",
                                 .meaning = "heads of the cache",
                                 .min = 1,
                                 .max = kMostKvHeads,
                                 .plain = 1,
                                 .usual = {1, 1, 1, 2, 2, 3},
                                 .axis = true};
inline const Integer kPageSize = {.name = "page_size",
                                  .meaning = "tokens of a page",
                                  .min = 1,
                                  .max = 4096,
                                  .plain = 16,
                                  .usual = {16, 16, 16, 32, 64, 64, 48, 128, 256},
                                  .axis = true};
inline const Integer kWindow = {.name = "window",
                                .meaning = "keys that a token sees, its own included; 0: all",
                                .max = kMostContext,
                                .plain = 0,
                                .axis = true,
                                .unclaimed = Unclaimed::kPlain};
inline const Integer kExtraSplits = {.name = "extra_splits",
                                     .meaning = "splits beyond the longest context",
                                     .max = 1024,
                                     .plain = 0,
                                     .axis = true,
                                     .unclaimed = Unclaimed::kAny};
inline const Integer kSplitTokens = {.name = "split_tokens",
                                     .meaning = "keys of a split; 0: one split for all",
                                     .max = kMostContext,
                                     .plain = 0,
                                     .unclaimed = Unclaimed::kAny,
                                     .unit = 64};
inline const Integer kCus = {
    .name = "cus",
    .meaning = "compute units that the plan of a persistent kernel is for; 0: there is no plan",
    .plain = 0,
    .unclaimed = Unclaimed::kPlain,
    .shrinks = false};  // by whole kv heads

/// What is left out between rows, heads and pages.
inline Integer gap(const std::string& name, const std::string& meaning, int64_t unit,
                   std::vector<int64_t> usual) {
  return {.name = name,
          .meaning = meaning,
          .max = kMostBytes,
          .plain = 0,
          .usual = std::move(usual),
          .unclaimed = Unclaimed::kAny,
          .unit = unit};
}
inline const Integer kQGap = gap("q_gap", "elements between two tokens of q", 4, {4, 8, 64, 128});
inline const Integer kOGap = gap("o_gap", "elements between two tokens of o", 1, {1, 8, 64});
inline const Integer kKHeadGap =
    gap("k_head_gap", "bytes between two heads of a page of k_cache", 16, {16, 64, 256, 4096});
inline const Integer kKPageGap =
    gap("k_page_gap", "bytes between two pages of k_cache", 16, {16, 64, 256, 4096});
inline const Integer kVHeadGap =
    gap("v_head_gap", "bytes between two heads of a page of v_cache", 16, {16, 64, 256, 4096});
inline const Integer kVPageGap =
    gap("v_page_gap", "bytes between two pages of v_cache", 16, {16, 64, 256, 4096});
inline const Integer kScaleHeadGap =
    gap("scale_head_gap", "bytes between two heads of a page of scales", 4, {4, 64});
inline const Integer kScalePageGap =
    gap("scale_page_gap", "bytes between two pages of scales", 4, {4, 256});
inline const Integer kTableGap =
    gap("table_gap", "entries between two rows of block_table", 1, {1, 3, 16});
inline const Integer* const kGaps[] = {&kQGap,         &kOGap,         &kKHeadGap,
                                       &kKPageGap,     &kVHeadGap,     &kVPageGap,
                                       &kScaleHeadGap, &kScalePageGap, &kTableGap};

inline const Choice kUnowned = {
    .name = "unowned",
    .meaning =
        "what belongs to no key on a sequence's last page and behind it in the block table; finite "
        "is huge, and with zero and finite page 0 holds it, too, where no sequence has it",
    .choices = {"poison", "nan", "huge", "zero", "finite"},
    .plain = "poison",
    .unclaimed = Unclaimed::kAny};
inline const Choice kSinks = {.name = "sinks",
                              .meaning = "",
                              .choices = {"off", "on"},
                              .plain = "off",
                              .unclaimed = Unclaimed::kPlain};
inline const Choice kVLayout = {.name = "v_layout",
                                .meaning = "of v_cache",
                                .choices = {"plain", "shuffled"},
                                .plain = "plain",
                                .unclaimed = Unclaimed::kPlain};
inline const Choice kKvScale = {
    .name = "kv_scale",
    .meaning = "none for 16-bit caches; per token and kv head, per page and kv head",
    .choices = {"none", "per_tensor", "per_token", "per_block"},
    .plain = "none",
    .unclaimed = Unclaimed::kPlain,
    .shrinks = false};  // with kv_dtype
inline const Choice kQDtype = {.name = "q_dtype",
                               .meaning = "of q and o",
                               .choices = {"bf16", "f16"},
                               .plain = "bf16",
                               .unclaimed = Unclaimed::kPlain,
                               .shrinks = false};  // with its set elements
inline const Choice kKvDtype = {
    .name = "kv_dtype",
    .meaning = "of the caches",
    .choices = {"bf16", "f16", "e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz", "i8"},
    .plain = "bf16",
    .shrinks = false};
inline const Choice kMask = {.name = "mask",
                             .meaning = "none: every query token sees every key",
                             .choices = {"causal", "none"},
                             .plain = "causal",
                             .unclaimed = Unclaimed::kPlain};
inline const Choice kVStrides = {
    .name = "v_strides",
    .meaning = "as_k: those of k_cache, and the gaps of v_cache mean nothing",
    .choices = {"own", "as_k"},
    .plain = "own",
    .unclaimed = Unclaimed::kPlain};
inline const Choice kLse = {.name = "lse",
                            .meaning = "off: the kernel has no such output",
                            .choices = {"on", "off"},
                            .plain = "on",
                            .unclaimed = Unclaimed::kPlain};
inline const Real kSoftmaxScale = {
    .name = "softmax_scale", .meaning = "what q . k is multiplied by", .plain = 1};
inline const Choice kRelation = {
    .name = "relation",
    .meaning = "a metamorphic relation, below",
    .choices = {"none", "garbage", "page_order", "batch_order", "alone", "unsplit", "one_by_one",
                "scale_moved", "uniform", "single_head"},
    .plain = "none",
    .unclaimed = Unclaimed::kAny};

/// Row numbers of the tensors q (and sinks, for sequence and query 0), k and v: those of one
/// sequence and head follow each other by position, so that recipes alternate with it.
int64_t q_row(int64_t sequence, int64_t query, int64_t kv_head, int64_t head);
int64_t kv_row(int64_t sequence, int64_t kv_head, int64_t key);

/// What a case's parameters say, checked. Strides in bytes unless said otherwise.
struct Shape {
  Dtype q_dtype, kv_dtype;
  bool quantised;  ///< an 8-bit cache
  bool per_token;  ///< scales of K and V, and a kv head
  bool per_block;  ///< a page and kv head; with neither, one for all
  bool sinks;
  bool causal;  ///< otherwise every query token sees every key
  bool lse;     ///< is an output
  quant::PagedK k;
  quant::PagedV v;
  int64_t batch, kv_heads, gqa, heads, head_dim, v_head_dim, page_size;
  int64_t window;
  int64_t split_keys, splits;
  int64_t q_stride, o_stride;  ///< elements
  int64_t k_head_stride, k_page_stride, v_head_stride, v_page_stride;
  int64_t scale_head_stride, scale_page_stride;
  int64_t table_width, table_stride;  ///< entries
  int64_t total_q, max_qlen, max_context;
  int64_t min_qlen, min_context;
  int64_t min_keys;  ///< the fewest up to any query token's own
  int64_t pages_used;
  std::vector<int64_t> context, qlen, sequence, first_query, q_heads;
  std::vector<int64_t> first_token;  ///< batch + 1 entries
  std::vector<int64_t> first_page;   ///< of each sequence, among the pages in use

  /// Throws Error(kUsage) when the case does not hold together.
  explicit Shape(const Case& c);

  int64_t pages_of(int64_t b) const { return (context[b] + page_size - 1) / page_size; }
  /// Scales of a page and kv head; 0: one for all pages.
  int64_t scales_of_page() const { return per_token ? page_size : per_block ? 1 : 0; }
  /// Keys first..last-1 are what query token t of sequence b sees.
  int64_t last_key(int64_t b, int64_t t) const;
  int64_t first_key(int64_t b, int64_t t) const;
};

/// Where the parts start into which a plan among the buffers cuts the keys of a sequence and kv
/// head; none: there is no plan. Throws Error(kInternal) for a plan that leaves out keys or takes
/// them twice.
std::vector<uint32_t> planned_starts(const Shape& s, const std::vector<Buffer>& buffers,
                                     int64_t sequence, int64_t kv_head);

}  // namespace paged_attention
}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_PAGED_ATTENTION_H_
