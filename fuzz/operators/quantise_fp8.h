#ifndef WAVEFUZZ_FUZZ_OPERATORS_QUANTISE_FP8_H_
#define WAVEFUZZ_FUZZ_OPERATORS_QUANTISE_FP8_H_

#include <string>
#include <vector>

#include "fuzz/operators/operator.h"

namespace wavefuzz {

/// Quantisation of rows to FP8, byte for byte (reference/quantise_fp8.h). Tensor: x, a recipe for
/// each row.
class QuantiseFp8 : public Operator {
 public:
  std::string name() const override { return "quantise_fp8"; }
  const ParameterTable& table() const override;
  void check_manifest(const Manifest& manifest) const override;
  Case draw(Draw draw, const Manifest& manifest) const override;
  Params launch_params(const Case& c) const override;
  std::vector<Buffer> buffers(const Case& c) const override;
  void judge(const Run& run, Judge& judge) const override;
  OperatorPage page() const override;
  std::vector<Step> simpler(const Case& c) const override;
  std::vector<Axis> axes(const Case& c) const override;
  std::string summary(const Case& c) const override;
};

/// e4m3fn weights made e4m3fnuz ones in place: each byte fnuz_from_fn of itself, each scale doubled
/// (vLLM normalize_e4m3fn_to_e4m3fnuz). Tensors: weights (one row of codes), scales (one row).
class NormaliseFnToFnuz : public Operator {
 public:
  std::string name() const override { return "normalise_fn_to_fnuz"; }
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

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_QUANTISE_FP8_H_
