#ifndef WAVEFUZZ_GPU_PLANNERS_PLANNER_H_
#define WAVEFUZZ_GPU_PLANNERS_PLANNER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "gpu/params.h"
#include "gpu/problem.h"

namespace wavefuzz {

/// What a persistent kernel's host code plans from: the sequences of a case. Filled by the
/// operator.
struct PlanRequest {
  std::vector<int64_t> qlens;     ///< [batch] query tokens
  std::vector<int64_t> kv_lens;   ///< [batch] keys, in tokens
  std::vector<int64_t> kv_pages;  ///< [batch] entries of the page list that the keys take
  int64_t heads = 1;              ///< query heads
  int64_t kv_heads = 1;
  int64_t page_size = 1;    ///< tokens
  std::string prefix = {};  ///< of the plan's names: of a case that is planned in several parts
};

/// What a planner makes of it.
struct Plan {
  std::vector<Buffer> buffers;  ///< inputs of the kernel, named as its kernarg refers to them
  Params params;                ///< integers that expressions of the manifest see besides
};

/// The host side of a persistent kernel: it divides the work of a case among workgroups. A
/// manifest names one, with its options. Stateless; kernel side, so it shares no code with the
/// reference.
class Planner {
 public:
  virtual ~Planner() = default;
  virtual std::string name() const = 0;
  /// Names of the options, all integers; each is required.
  virtual std::vector<std::string> options() const = 0;
  /// Names of the buffers and of the parameters that plan() gives.
  virtual std::vector<std::string> buffers() const = 0;
  virtual std::vector<std::string> params() const = 0;
  /// Throws Error(kUsage) for a request or option that host code would refuse.
  virtual Plan plan(const PlanRequest& request, const Params& options) const = 0;
};

/// Every planner there is. To add one: a file in gpu/planners and a line in planner.cc.
const std::vector<const Planner*>& planners();

/// Throws Error(kUsage) naming those there are.
const Planner& find_planner(const std::string& name);

/// A buffer of 32-bit integers, as plans are made of.
Buffer int32_buffer(std::string name, const std::vector<int32_t>& values);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_PLANNERS_PLANNER_H_
