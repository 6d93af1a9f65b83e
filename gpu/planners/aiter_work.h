#ifndef WAVEFUZZ_GPU_PLANNERS_AITER_WORK_H_
#define WAVEFUZZ_GPU_PLANNERS_AITER_WORK_H_

#include <cstdint>
#include <vector>

namespace wavefuzz {

/// A work item of AITER's persistent decode kernels, one of work_info.
struct AiterWork {
  int64_t sequence = 0;
  int64_t partial = -1;                   ///< row of the partial outputs; -1: not split, final
  int64_t q_first = 0, q_last = 0;        ///< query tokens
  int64_t kv_first = 0, kv_last = 0;      ///< entries of the page list
  int64_t kv_behind = 0;                  ///< tokens of the sequence behind them
  int64_t head_first = 0, head_last = 0;  ///< query heads; 0, 0 where the kernel takes them all

  /// Its 8 dwords.
  void append_to(std::vector<int32_t>& info) const {
    for (const int64_t value : {sequence, partial, q_first, q_last, kv_first, kv_last, kv_behind,
                                head_last << 16 | head_first})
      info.push_back(static_cast<int32_t>(value));
  }
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_PLANNERS_AITER_WORK_H_
