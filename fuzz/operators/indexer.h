#ifndef WAVEFUZZ_FUZZ_OPERATORS_INDEXER_H_
#define WAVEFUZZ_FUZZ_OPERATORS_INDEXER_H_

#include <string>
#include <vector>

#include "fuzz/operators/operator.h"

namespace wavefuzz {

/// The whole indexer in one problem: K writer, logits, top-k. Each stage is judged by its own
/// reference on what the stages before it really wrote, so that the first finding names the first
/// stage that is wrong.
///
/// Parameters are those of paged_mqa_logits (1-D lengths), with k_dtype, scale_fmt and k_stride of
/// the writer and k and indices_stride of top-k. Tensors: k (the writer's input, a recipe for each
/// token of all requests), q, weights.
class Indexer : public Operator {
 public:
  std::string name() const override { return "indexer"; }
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

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_INDEXER_H_
