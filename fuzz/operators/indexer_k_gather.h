#ifndef WAVEFUZZ_FUZZ_OPERATORS_INDEXER_K_GATHER_H_
#define WAVEFUZZ_FUZZ_OPERATORS_INDEXER_K_GATHER_H_

#include <string>
#include <vector>

#include "fuzz/operators/operator.h"

namespace wavefuzz {

/// The gather of the indexer's keys for prefill (reference/indexer_cache.h, indexer_gather).
/// Tensors: kv (a row of codes for each cache token in use, in the order of sequences), kv_scale
/// (the same rows). Integers: lengths ([sequences]), and bad, the table entries (sequence * 2^20 +
/// column) that name no page.
class IndexerKGather : public Operator {
 public:
  std::string name() const override { return "indexer_k_gather"; }
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

#endif  // WAVEFUZZ_FUZZ_OPERATORS_INDEXER_K_GATHER_H_
