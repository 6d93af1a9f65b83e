#ifndef WAVEFUZZ_FUZZ_OPERATORS_TOP_K_PER_ROW_H_
#define WAVEFUZZ_FUZZ_OPERATORS_TOP_K_PER_ROW_H_

#include <span>
#include <string>
#include <vector>

#include "fuzz/operators/operator.h"
#include "reference/top_k.h"

namespace wavefuzz {

/// The indices of each row's k largest logits (reference/top_k.h). Tensor: logits, a recipe for
/// each row. Integers: lengths ([batch], otherwise [batch * next_n]), starts ([batch * next_n],
/// prefill only).
class TopKPerRow : public Operator {
 public:
  std::string name() const override { return "top_k_per_row"; }
  const ParameterTable& table() const override;
  Case draw(Draw draw, const Manifest& manifest) const override;
  Params launch_params(const Case& c) const override;
  std::vector<Buffer> buffers(const Case& c) const override;
  void judge(const Run& run, Judge& judge) const override;
  OperatorPage page() const override;
  std::vector<Step> simpler(const Case& c) const override;
  std::vector<Axis> axes(const Case& c) const override;
  std::string summary(const Case& c) const override;
};

/// One row of a top-k output: its logits, and where its indices are.
struct TopKRow {
  std::vector<float> logits;
  uint64_t offset;  ///< bytes of its first index in the buffer "indices"
};

/// Tells the judge what is wrong with the indices of all rows, k each, by reading them. `primary`:
/// a case that the first k columns pass is weak.
void judge_top_k(std::span<const TopKRow> rows, int64_t k, Judge& judge, bool primary = true);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_TOP_K_PER_ROW_H_
