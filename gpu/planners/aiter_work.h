#ifndef WAVEFUZZ_GPU_PLANNERS_AITER_WORK_H_
#define WAVEFUZZ_GPU_PLANNERS_AITER_WORK_H_

#include <cstdint>
#include <vector>

namespace wavefuzz {

/// A work item of AITER's persistent decode kernels, one of work_info.
struct AiterWork {
  int64_t sequence = 0;
  int64_t partial = -1;               ///< row of the partial outputs; -1: not split, final
  int64_t q_first = 0, q_last = 0;    ///< query tokens
  int64_t kv_first = 0, kv_last = 0;  ///< entries of the page list
  int64_t kv_behind = 0;              ///< tokens of the sequence behind them

  /// Its 8 dwords; the last is padding.
  void append_to(std::vector<int32_t>& info) const {
    for (const int64_t value :
         {sequence, partial, q_first, q_last, kv_first, kv_last, kv_behind, int64_t{0}})
      info.push_back(static_cast<int32_t>(value));
  }
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_PLANNERS_AITER_WORK_H_
