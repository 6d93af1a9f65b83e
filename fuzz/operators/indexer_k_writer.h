#ifndef WAVEFUZZ_FUZZ_OPERATORS_INDEXER_K_WRITER_H_
#define WAVEFUZZ_FUZZ_OPERATORS_INDEXER_K_WRITER_H_

#include <string>
#include <vector>

#include "fuzz/case/data.h"
#include "fuzz/operators/operator.h"
#include "fuzz/operators/parameter.h"
#include "quant/indexer_page.h"
#include "reference/indexer_cache.h"

namespace wavefuzz {

/// The indexer's K quantise-and-cache operator (reference/indexer_cache.h).
/// Tensors: k (a recipe for each row) and slot_mapping. Manifest expressions also see rows and
/// slots, their lengths. What no row, slot or entry covers is poison.
class IndexerKWriter : public Operator {
 public:
  std::string name() const override { return "indexer_k_quant_and_cache"; }
  const ParameterTable& table() const override;
  void check_manifest(const Manifest& manifest) const override;
  Case draw(Draw draw, const Manifest& manifest) const override;
  Params launch_params(const Case& c) const override;
  std::vector<Buffer> buffers(const Case& c) const override;
  void judge(const Run& run, Judge& judge) const override;
  std::vector<Step> simpler(const Case& c) const override;
  std::vector<Axis> axes(const Case& c) const override;
  std::string summary(const Case& c) const override;
  OperatorPage page() const override;
};

namespace indexer {

/// Bytes of a packed page, up to the alignment of a scale.
int64_t packed_stride(const Case& c);
/// Pages that hold every slot.
int64_t pages_of_slots(const Case& c);

inline const Integer kHeadDim = {
    .name = "head_dim",
    .meaning = "values of a token",
    .min = 1,
    .plain = 1,
    .usual = {128, 128, 64,  256, 192, 576, 16, 4, 12, 60, 68, 124, 132, 252,
              260, 48,  112, 144, 272, 512, 1,  2, 3,  63, 65, 127, 129},
    .axis = true,
    .shrinks = false};  // with the strides of packed pages and rows: simpler()
inline const Integer kPageSize = {.name = "page_size",
                                  .meaning = "tokens of a page",
                                  .min = 1,
                                  .plain = 1,
                                  .usual = {64, 64, 16, 32, 128, 48, 256, 1, 2, 3, 17, 53, 61},
                                  .axis = true,
                                  .shrinks = false};
inline const Integer kPageStride = {.name = "page_stride",
                                    .meaning = "bytes from one page to the next",
                                    .min = 1,
                                    .plain = packed_stride,
                                    .axis = true,
                                    .unclaimed = Unclaimed::kAny,
                                    .shrinks = false};  // by whole scales
inline const Integer kKStride = {.name = "k_stride",
                                 .meaning = "elements from one row of k to the next",
                                 .max = 1 << 20,
                                 .plain = [](const Case& c) { return kHeadDim.of(c); },
                                 .unclaimed = Unclaimed::kAny,
                                 .least = [](const Case& c) { return kHeadDim.of(c); }};
inline const Integer kCacheOffset = {.name = "cache_offset",
                                     .meaning = "bytes of the allocation before page 0",
                                     .max = 1 << 20,
                                     .plain = 0,
                                     .unclaimed = Unclaimed::kAny,
                                     .shrinks = false};  // by whole scales
inline const Integer kPages = {.name = "pages",
                               .meaning = "pages in the cache",
                               .min = 1,
                               .plain = pages_of_slots,
                               .unclaimed = Unclaimed::kAny};
inline const Choice kLayout = {.name = "layout",
                               .meaning = "of the codes of a page",
                               .choices = {"normal", "shuffle"},
                               .plain = "normal",
                               .unclaimed = Unclaimed::kPlain};
inline const Choice kScaleFmt = {.name = "scale_fmt",
                                 .meaning = "",
                                 .choices = {"f32", "ue8m0"},
                                 .plain = "f32",
                                 .unclaimed = Unclaimed::kPlain};
inline const Choice kCacheDtype = {.name = "cache_dtype",
                                   .meaning = "",
                                   .choices = {"e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz"},
                                   .plain = "e4m3fn"};
inline const Choice kKDtype = {.name = "k_dtype",
                               .meaning = "of k",
                               .choices = {"bf16", "f16"},
                               .plain = "bf16",
                               .unclaimed = Unclaimed::kPlain,
                               .shrinks = false};  // with its set elements
inline const Choice kInputs = {.name = "inputs",
                               .meaning =
                                   "finite: infinities and NaN of k are 0 instead, for "
                                   "kernels that do not promise what becomes of them",
                               .choices = {"any", "finite"},
                               .plain = "any",
                               .unclaimed = Unclaimed::kPlain,
                               .shrinks = false};

/// The case's page geometry. Throws Error(kUsage) when its parameters do not hold together.
reference::IndexerCache cache(const Case& c);
quant::Fp8 cache_format(const Case& c);
Dtype k_dtype(const Case& c);

/// How k becomes codes and scales. Throws Error(kUsage) for a contract that does not say it.
reference::QuantiseRule scale_rule(const Manifest& manifest, const Case& c, quant::Fp8 format);

/// The bits of row `row` of k, head_dim of them.
std::vector<uint32_t> k_row(const Case& c, size_t row);

}  // namespace indexer
}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_INDEXER_K_WRITER_H_
