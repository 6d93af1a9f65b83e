#ifndef WAVEFUZZ_FUZZ_OPERATORS_INDEXER_K_WRITER_H_
#define WAVEFUZZ_FUZZ_OPERATORS_INDEXER_K_WRITER_H_

#include <string>
#include <vector>

#include "fuzz/case/data.h"
#include "fuzz/operators/operator.h"
#include "quant/indexer_page.h"
#include "reference/indexer_cache.h"

namespace wavefuzz {

/// The indexer's K quantise-and-cache operator (reference/indexer_cache.h).
///
/// Parameters of a case:
///   head_dim, page_size   values of a token, tokens of a page
///   pages, page_stride    pages in the cache; bytes from one to the next, at least the page's own
///   cache_offset          bytes of the allocation before page 0
///   k_stride              elements from one row of k to the next, at least head_dim
///   k_dtype               bf16, f16
///   cache_dtype           e4m3fn, e4m3fnuz
///   layout                normal, shuffle
///   scale_fmt             f32, ue8m0
/// Tensors: k (a recipe for each row) and slot_mapping. Manifest expressions also see rows and
/// slots, their lengths. What no row, slot or entry covers is poison.
class IndexerKWriter : public Operator {
 public:
  std::string name() const override { return "indexer_k_quant_and_cache"; }
  void check_manifest(const Manifest& manifest) const override;
  rc::Gen<Case> domain(const Manifest& manifest) const override;
  Params launch_params(const Case& c) const override;
  std::vector<Buffer> buffers(const Case& c) const override;
  void judge(const Run& run, Judge& judge) const override;
  std::vector<Step> simpler(const Case& c) const override;
  std::vector<Axis> axes(const Case& c) const override;
  std::string summary(const Case& c) const override;
  OperatorPage page() const override;
};

namespace indexer {

inline constexpr const char* kLayouts[] = {"normal", "shuffle"};
inline constexpr const char* kScaleFormats[] = {"f32", "ue8m0"};

/// The case's page geometry. Throws Error(kUsage) when its parameters do not hold together.
reference::IndexerCache cache(const Case& c);
quant::Fp8 cache_format(const Case& c);
Dtype k_dtype(const Case& c);

/// The bits of row `row` of k, head_dim of them.
std::vector<uint32_t> k_row(const Case& c, size_t row);

}  // namespace indexer
}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_INDEXER_K_WRITER_H_
