#ifndef WAVEFUZZ_GPU_PLANNERS_AITER_MLA_H_
#define WAVEFUZZ_GPU_PLANNERS_AITER_MLA_H_

#include "gpu/planners/planner.h"

namespace wavefuzz {

/// The plan of AITER's persistent MLA decode, its metadata kernel of version 1.2 in the serial
/// form: compute units take blocks of keys in order, a fixed share each, so that a sequence that
/// does not fit is cut, and merged by a reduction afterwards.
///
/// Options: `cus` compute units; `max_splits` of a sequence on average, -1 for no limit;
/// `granularity` keys of a block; `packed_rows` query rows that a workgroup takes at once; `causal`
/// 0 or 1; `qlen` the longest. `fold_tokens`, `fold_batch`: the heads of a token in so many groups,
/// which are planned as tokens of one sequence, or as sequences of their own with the same keys
/// (1: as they are).
class AiterMla : public Planner {
 public:
  std::string name() const override { return "aiter_mla"; }
  std::vector<std::string> options() const override {
    return {"cus",    "max_splits", "granularity", "packed_rows",
            "causal", "qlen",       "fold_tokens", "fold_batch"};
  }
  std::vector<std::string> buffers() const override {
    return {"work_meta",     "work_indptr",      "work_info",
            "reduce_indptr", "reduce_final_map", "reduce_partial_map"};
  }
  std::vector<std::string> params() const override {
    return {"plan_groups", "plan_tiles", "plan_partials"};
  }
  Plan plan(const PlanRequest& request, const Params& options) const override;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_PLANNERS_AITER_MLA_H_
