#ifndef WAVEFUZZ_GPU_PLANNERS_AITER_WORK_PER_SEQUENCE_H_
#define WAVEFUZZ_GPU_PLANNERS_AITER_WORK_PER_SEQUENCE_H_

#include "gpu/planners/planner.h"

namespace wavefuzz {

/// The simplest valid plan of AITER's persistent decode kernels: a workgroup for each sequence, no
/// split, nothing to reduce.
class AiterWorkPerSequence : public Planner {
 public:
  std::string name() const override { return "aiter_work_per_sequence"; }
  std::vector<std::string> options() const override { return {}; }
  std::vector<std::string> buffers() const override { return {"work_indptr", "work_info"}; }
  std::vector<std::string> params() const override { return {"plan_groups"}; }
  Plan plan(const PlanRequest& request, const Params& options) const override;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_PLANNERS_AITER_WORK_PER_SEQUENCE_H_
