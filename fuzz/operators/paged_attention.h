#ifndef WAVEFUZZ_FUZZ_OPERATORS_PAGED_ATTENTION_H_
#define WAVEFUZZ_FUZZ_OPERATORS_PAGED_ATTENTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/case/data.h"
#include "fuzz/operators/operator.h"
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
  void check_manifest(const Manifest& manifest) const override;
  rc::Gen<Case> domain(const Manifest& manifest) const override;
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
inline constexpr const char* kRelations[] = {"none",    "garbage",    "page_order", "batch_order",
                                             "alone",   "unsplit",    "one_by_one", "scale_moved",
                                             "uniform", "single_head"};

/// The texts of parameters that a case may leave out: the first is meant then.
inline constexpr const char* kMasks[] = {"causal", "none"};
inline constexpr const char* kVStrides[] = {"own", "as_k"};
inline constexpr const char* kLse[] = {"on", "off"};
inline constexpr const char* kUnowned[] = {"poison", "nan", "huge", "zero", "finite"};

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
  int64_t batch, kv_heads, gqa, heads, head_dim, page_size;
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
