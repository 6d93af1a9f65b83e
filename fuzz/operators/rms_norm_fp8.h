#ifndef WAVEFUZZ_FUZZ_OPERATORS_RMS_NORM_FP8_H_
#define WAVEFUZZ_FUZZ_OPERATORS_RMS_NORM_FP8_H_

#include <string>
#include <vector>

#include "fuzz/operators/operator.h"

namespace wavefuzz {

/// RMS norm with FP8 output and a scale for each row (reference/rms_norm.h). Tensors: x, a recipe
/// for each row, and weight, one row.
class RmsNormFp8 : public Operator {
 public:
  std::string name() const override { return "rms_norm_fp8"; }
  const ParameterTable& table() const override;
  void check_manifest(const Manifest& manifest) const override;
  Case draw(Draw draw, const Manifest& manifest) const override;
  Params launch_params(const Case& c) const override { return c.params; }
  std::vector<Buffer> buffers(const Case& c) const override;
  void judge(const Run& run, Judge& judge) const override;
  OperatorPage page() const override;
  std::vector<Step> simpler(const Case& c) const override;
  std::vector<Axis> axes(const Case& c) const override;
  std::string summary(const Case& c) const override;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_RMS_NORM_FP8_H_
