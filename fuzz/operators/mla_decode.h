#ifndef WAVEFUZZ_FUZZ_OPERATORS_MLA_DECODE_H_
#define WAVEFUZZ_FUZZ_OPERATORS_MLA_DECODE_H_

#include <optional>
#include <string>
#include <vector>

#include "fuzz/case/data.h"
#include "fuzz/operators/operator.h"
#include "quant/mla_page.h"
#include "reference/lse_merge.h"

namespace wavefuzz {

/// MLA decode: the query tokens of each sequence and head, one or (AITER) a few, against latent
/// entries that all heads share, from one or two scopes. page() describes parameters and buffers.
class MlaDecode : public Operator {
 public:
  std::string name() const override { return "mla_decode"; }
  void check_manifest(const Manifest& manifest) const override;
  rc::Gen<Case> domain(const Manifest& manifest) const override;
  Params launch_params(const Case& c) const override;
  std::vector<PlanRequest> plan_requests(const Case& c) const override;
  std::vector<std::string> plan_prefixes() const override { return {"", "extra_"}; }
  std::vector<Buffer> buffers(const Case& c) const override;
  void judge(const Run& run, Judge& judge) const override;
  std::optional<Case> related(const Case& c) const override;
  void compare(const Run& run, const Run& related, Judge& judge) const override;
  std::vector<Step> simpler(const Case& c) const override;
  std::vector<Axis> axes(const Case& c) const override;
  std::string summary(const Case& c) const override;
  OperatorPage page() const override;
};

namespace mla {

inline constexpr const char* kModes[] = {"dense", "sparse", "dual", "aiter", "aiter_scopes"};
inline constexpr const char* kEntries[] = {"bf16", "fp8", "v32", "v4"};
inline constexpr const char* kPads[] = {"q_head_pad",      "q_row_pad",    "index_pad",
                                        "extra_index_pad", "out_head_pad", "out_row_pad",
                                        "lse_pad"};
inline constexpr const char* kPagePads[] = {"page_pad", "extra_page_pad"};  ///< in 16 bytes

/// Keys that a sequence's data may have, and heads of one token's.
inline constexpr int64_t kMostKeys = 4096;
inline constexpr int64_t kMostHeads = 4096;

/// One scope: a cache and the keys that each sequence takes from it.
struct Scope {
  std::string prefix;  ///< of its parameters, tensors and buffers: "" or "extra_"
  bool dense = false;
  bool flat = false;  ///< dense, AITER's way: one list of page ids, indptr says whose they are
  quant::MlaPage page = {};
  quant::Fp8 format = quant::Fp8::kE4m3fn;
  uint64_t page_stride = 0;             ///< bytes
  int64_t width = 0, index_stride = 0;  ///< elements of an index row; from one to the next
  bool has_lengths = false;             ///< the index row's valid part is in `lengths`
  double kv_scale = 1;                  ///< of an FP8 entry; 1 for others
  std::vector<int64_t> lengths;         ///< [batch] entries of the index row, or keys (dense)
  std::vector<int64_t> tokens;          ///< sparse: [batch, width] tokens of the data, or -1
  std::vector<int64_t> first_page;      ///< dense: [batch] logical page of a sequence's first key
  std::vector<int64_t> pages;           ///< ids of the logical pages

  std::string name() const { return prefix.empty() ? "main" : "extra"; }
  Dtype nope_dtype() const;
  Dtype rope_dtype() const;
  /// The data row of key `position` of a sequence; negative: no key.
  int64_t data_row(const Case& c, int64_t sequence, int64_t position) const;
  /// The logical slot of such a data row or position.
  int64_t logical_slot(int64_t sequence, int64_t position) const;
  /// Page id and token in the page of a logical slot.
  std::pair<int64_t, uint32_t> place(int64_t logical) const;
};

/// The sizes of a case. Throws Error(kUsage) when they make no sense.
struct Shape {
  explicit Shape(const Case& c);
  int64_t batch, heads, splits, extra_splits;
  int64_t qlen = 1;     ///< query tokens of a sequence, one after the other
  bool causal = false;  ///< token t of qlen sees all keys but the last qlen - 1 - t
  Dtype q_dtype = Dtype::kBf16;
  double q_scale = 1;   ///< of an FP8 q
  bool has_lse = true;  ///< the kernel writes one
  Dtype out_dtype;
  const reference::LseConvention* lse;
  std::vector<Scope> scopes;  ///< one or two
  bool has_sink;
  bool merged = false;  ///< the kernel attends to each scope by itself, and merges what comes of it
  int64_t q_head, q_row, out_head, out_row, lse_head, lse_row;  ///< strides, elements

  const quant::MlaPage& page() const { return scopes[0].page; }
  bool flat() const { return scopes[0].flat; }
  /// One of the scopes, as if it were all that there is.
  Shape alone(size_t scope) const;
  int64_t tokens() const { return batch * qlen; }
  int64_t partials() const { return splits + (scopes.size() > 1 ? extra_splits : 0); }
};

/// One token's entry as it is stored.
struct Entry {
  std::vector<uint32_t> nope, rope;  ///< bits
  std::vector<float> scales;         ///< of the groups; a power of two for V4
};
Entry entry_of(const Case& c, const Scope& scope, int64_t data_row);

/// The token counts through all sequences.
std::vector<uint32_t> q_bits(const Case& c, const Shape& s, int64_t token, int64_t head);
std::vector<uint32_t> sink_bits(const Case& c, const Shape& s);

/// Query rows of a sequence (token * heads + head) that a plan treats alike, and the first key of
/// each part that it cuts their keys into, one at least; none where there is no plan.
struct PlannedRows {
  int64_t first = 0, last = 0;
  std::vector<uint32_t> split_starts;
};

/// What the plan among the buffers, if there is one, makes of a sequence, in ascending order.
/// Throws Error(kInternal) for a plan that leaves out keys or
/// takes them twice.
std::vector<PlannedRows> planned_rows(const Shape& s, const std::vector<Buffer>& buffers,
                                      int64_t sequence);

/// Parameters of a scope without keys, so that every parameter is there.
void no_scope(const std::string& prefix, Case& c);

/// A row of one of these fills, as likely as they say, scaled half of the time by a power of two.
RowRecipe recipe(Draw& draw, std::initializer_list<std::pair<std::size_t, const char*>> fills,
                 int64_t low, int64_t high);

/// Whether a kernel takes AITER's lists.
inline bool is_aiter(const std::string& mode) { return mode == "aiter" || mode == "aiter_scopes"; }

/// A case of such a mode.
Case draw_aiter_case(Draw draw, const Manifest& m);

}  // namespace mla
}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_MLA_DECODE_H_
