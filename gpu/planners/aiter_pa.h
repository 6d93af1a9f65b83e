#ifndef WAVEFUZZ_GPU_PLANNERS_AITER_PA_H_
#define WAVEFUZZ_GPU_PLANNERS_AITER_PA_H_

#include "gpu/planners/planner.h"

namespace wavefuzz {

/// The plan of AITER's persistent paged attention (its metadata kernel for PA, version 1.2): for
/// one kv head after the other, compute units take pages in order, an equal share each, so that a
/// sequence is cut where a share ends, and merged by a reduction afterwards.
///
/// Options: `cus` compute units; `max_splits` of a sequence on average, -1 for no limit.
class AiterPa : public Planner {
 public:
  std::string name() const override { return "aiter_pa"; }
  std::vector<std::string> options() const override { return {"cus", "max_splits"}; }
  std::vector<std::string> buffers() const override {
    return {"work_indptr", "work_info", "reduce_indptr", "reduce_final_map", "reduce_partial_map"};
  }
  std::vector<std::string> params() const override {
    return {"plan_groups", "plan_partials", "plan_tiles"};
  }
  Plan plan(const PlanRequest& request, const Params& options) const override;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_PLANNERS_AITER_PA_H_
