#ifndef WAVEFUZZ_FUZZ_OPERATORS_MLA_DECODE_H_
#define WAVEFUZZ_FUZZ_OPERATORS_MLA_DECODE_H_

#include <optional>
#include <string>
#include <vector>

#include "fuzz/case/data.h"
#include "fuzz/operators/operator.h"
#include "fuzz/operators/paging.h"
#include "fuzz/operators/parameter.h"
#include "quant/mla_page.h"
#include "reference/lse_merge.h"

namespace wavefuzz {

/// MLA decode: the query tokens of each sequence and head, one or (AITER) a few, against latent
/// entries that all heads share, from one or two scopes. page() describes parameters and buffers.
class MlaDecode : public Operator {
 public:
  std::string name() const override { return "mla_decode"; }
  const ParameterTable& table() const override;
  void check_manifest(const Manifest& manifest) const override;
  Case draw(Draw draw, const Manifest& manifest) const override;
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

/// Keys that a sequence's data may have, and heads of one token's.
inline constexpr int64_t kMostKeys = 4096;
inline constexpr int64_t kMostHeads = 4096;

/// What each scope has, the main one and the extra one: parameters with the same prefix as its
/// tensors and buffers.
struct ScopeRows {
  Choice entry, cache_dtype, topk_lengths;
  Integer page_size, page_pad, index_pad, topk, splits;
  Real kv_scale;
};

inline ScopeRows scope_rows(const std::string& prefix, const std::string& of) {
  const bool main = prefix.empty();
  const Unclaimed claimed = main ? Unclaimed::kRefused : Unclaimed::kAny;
  return {.entry = {.name = prefix + "entry",
                    .meaning = "encoding of a token" + of,
                    .choices = {"bf16", "fp8", "v32", "v4"},
                    .plain = "bf16",
                    .unclaimed = claimed,
                    .shrinks = false},
          .cache_dtype = {.name = prefix + "cache_dtype",
                          .meaning = "of FP8 values" + of,
                          .choices = {"e4m3fn", "e4m3fnuz"},
                          .plain = "e4m3fn",
                          .unclaimed = claimed},
          .topk_lengths = {.name = prefix + "topk_lengths",
                           .meaning = "sparse: whether lengths say how much of an index row counts",
                           .choices = {"off", "on"},
                           .plain = "off",
                           .unclaimed = Unclaimed::kAny,
                           .shrinks = false},
          .page_size = {.name = prefix + "page_size",
                        .meaning = "tokens of a page" + of,
                        .min = 1,
                        .max = 1 << 16,
                        .plain = 1,
                        .usual = {1, 1, 16, 16, 64, 64, 2, 53},
                        .axis = main,
                        .unclaimed = claimed},
          .page_pad = {.name = prefix + "page_pad",
                       .meaning = "units of 16 bytes left out between pages" + of,
                       .max = int64_t{1} << 36,
                       .plain = 0,
                       .unclaimed = Unclaimed::kAny},
          .index_pad = {.name = prefix + "index_pad",
                        .meaning = "elements left out between index rows" + of,
                        .max = 1 << 20,
                        .plain = 0,
                        .unclaimed = Unclaimed::kAny},
          .topk = {.name = prefix + "topk",
                   .meaning = "sparse: entries of an index row" + of,
                   .max = kMostKeys,
                   .plain = 0,
                   .unclaimed = Unclaimed::kAny,
                   .shrinks = false},
          .splits = {.name = prefix + "splits",
                     .meaning = "parts that the keys" + of + " are cut into",
                     .min = 1,
                     .max = 32,
                     .plain = 1,
                     .axis = true,
                     .unclaimed = claimed},
          .kv_scale = {
              .name = prefix + "kv_scale", .meaning = "factor of fp8 entries" + of, .plain = 1}};
}
inline const ScopeRows kMain = scope_rows("", "");
inline const ScopeRows kExtra = scope_rows("extra_", " of the extra scope");
inline const ScopeRows& rows_of(const std::string& prefix) {
  return prefix.empty() ? kMain : kExtra;
}

inline const Choice kMode = {
    .name = "mode",
    .meaning = "how keys are named; the last two take AITER's lists, and scopes are merged",
    .choices = {"dense", "sparse", "dual", "aiter", "aiter_scopes"},
    .plain = "dense",
    .shrinks = false};
inline const Integer kQlen = {.name = "qlen",
                              .meaning = "aiter: query tokens of a sequence",
                              .min = 1,
                              .max = 16,
                              .plain = 1,
                              .unclaimed = Unclaimed::kAny};
inline const Integer kHeads = {.name = "heads",
                               .meaning = "query heads, which share the entries",
                               .min = 1,
                               .max = 1024,
                               .plain = 1,
                               .usual = {1, 1, 2, 2, 3, 4, 5, 8},
                               .axis = true};
inline const Integer kNope = {.name = "nope",
                              .meaning = "values of an entry without positions",
                              .min = 1,
                              .max = 512,
                              .plain = 1,
                              .axis = true};
inline const Integer kRope = {.name = "rope",
                              .meaning = "values of an entry with positions",
                              .min = 1,
                              .max = 64,
                              .plain = 1,
                              .usual = {64, 64, 16, 8, 32},
                              .axis = true};
inline const Integer kBatch = {.name = "batch",
                               .meaning = "sequences",
                               .min = 1,
                               .max = 256,
                               .plain = 1,
                               .unclaimed = Unclaimed::kAny,
                               .shrinks = false};  // with the lists: simpler()
inline const Integer kFirstSequence = {
    .name = "first_sequence",
    .meaning = "where the sequences begin in the data; used by relations",
    .max = 256,
    .plain = 0,
    .unclaimed = Unclaimed::kAny};
inline const Integer kFirstHead = {
    .name = "first_head",
    .meaning = "where the heads begin in the data; used by relations",
    .max = 1024,
    .plain = 0,
    .unclaimed = Unclaimed::kAny};
inline const Integer kSparePages = {.name = "spare_pages",
                                    .meaning = "dense: table entries behind the last page",
                                    .max = 64,
                                    .plain = 0,
                                    .unclaimed = Unclaimed::kAny};

inline Integer pad(const std::string& name, const std::string& meaning) {
  return {.name = name,
          .meaning = "elements left out between " + meaning,
          .max = int64_t{1} << 34,
          .plain = 0,
          .unclaimed = Unclaimed::kAny};
}
inline const Integer kQHeadPad = pad("q_head_pad", "heads of q");
inline const Integer kQRowPad = pad("q_row_pad", "tokens of q");
inline const Integer kOutHeadPad = pad("out_head_pad", "heads of out");
inline const Integer kOutRowPad = pad("out_row_pad", "tokens of out");
inline const Integer kLsePad = pad("lse_pad", "rows of out_lse");
inline const Integer* const kPads[] = {&kQHeadPad, &kQRowPad, &kOutHeadPad, &kOutRowPad, &kLsePad};

inline const Choice kQDtype = {.name = "q_dtype",
                               .meaning = "aiter: of q",
                               .choices = {"bf16", "e4m3fn", "e4m3fnuz"},
                               .plain = "bf16",
                               .unclaimed = Unclaimed::kAny,
                               .shrinks = false};
inline const Choice kCausal = {.name = "causal",
                               .meaning =
                                   "aiter: token t of qlen sees all keys but the last "
                                   "qlen - 1 - t",
                               .choices = {"off", "on"},
                               .plain = "off",
                               .unclaimed = Unclaimed::kAny,
                               .shrinks = false};
inline const Choice kLseOut = {.name = "lse_out",
                               .meaning = "aiter: whether the kernel writes an LSE",
                               .choices = {"off", "on"},
                               .plain = "on",
                               .unclaimed = Unclaimed::kAny,
                               .shrinks = false};
inline const Real kQScale = {.name = "q_scale", .meaning = "aiter: factor of an fp8 q", .plain = 1};
inline const Choice kSink = {.name = "sink",
                             .meaning = "whether the softmax has one for each head",
                             .choices = {"off", "on"},
                             .plain = "off",
                             .unclaimed = Unclaimed::kAny};
inline const Choice kUnowned = {.name = "unowned",
                                .meaning = "what lies where no key does",
                                .choices = {"poison", "nan", "huge"},
                                .plain = "poison",
                                .unclaimed = Unclaimed::kAny};
inline const Choice kLse = {.name = "lse",
                            .meaning = "convention of the LSE; merge_attn_states lists them",
                            .choices =
                                [] {
                                  std::vector<std::string> names;
                                  for (const auto& c : reference::kLseConventions) {
                                    if (c.empty_o == reference::EmptyO::kZero)
                                      names.emplace_back(c.name);
                                  }
                                  return names;
                                }(),
                            .plain = "fa3",
                            .unclaimed = Unclaimed::kAny};
inline const Choice kOutDtype = {.name = "out_dtype",
                                 .meaning = "of out",
                                 .choices = {"bf16", "f16", "f32"},
                                 .plain = "f32",
                                 .unclaimed = Unclaimed::kAny};
inline const Choice kDequant = {.name = "dequant",
                                .meaning = "what an FP8 value times its scale is rounded to",
                                .choices = {"f32", "bf16"},
                                .plain = "f32",
                                .unclaimed = Unclaimed::kAny};
inline const Real kSoftmaxScale = {
    .name = "softmax_scale", .meaning = "factor of the scores", .plain = 1};
inline const Choice kRelation = {.name = "relation",
                                 .meaning = "one of the relations below",
                                 .choices = {"none", "half_of_heads", "sequence_alone", "garbage",
                                             "unsplit", "indices_reversed"},
                                 .plain = "none",
                                 .unclaimed = Unclaimed::kAny,
                                 .shrinks = false};  // before all else: simpler()

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

/// The parameters of a scope without keys: plain ones.
void no_scope(const ScopeRows& rows, Case& c);

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
