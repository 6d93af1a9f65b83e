#include "gpu/planners/aiter_work_per_sequence.h"

#include "gpu/planners/aiter_work.h"

namespace wavefuzz {

Plan AiterWorkPerSequence::plan(const PlanRequest& request, const Params& /*options*/) const {
  std::vector<int32_t> indptr = {0}, info;
  int64_t q = 0, page = 0;
  for (size_t b = 0; b < request.qlens.size(); ++b) {
    const AiterWork work = {.sequence = static_cast<int64_t>(b),
                            .q_first = q,
                            .q_last = q + request.qlens[b],
                            .kv_first = page,
                            .kv_last = page + request.kv_pages[b]};
    work.append_to(info);
    indptr.push_back(static_cast<int32_t>(b + 1));
    q += request.qlens[b];
    page += request.kv_pages[b];
  }
  Plan plan;
  plan.buffers = {int32_buffer("work_indptr", indptr), int32_buffer("work_info", info)};
  plan.params.set("plan_groups", request.qlens.size());
  return plan;
}

}  // namespace wavefuzz
