#ifndef WAVEFUZZ_GPU_KERNEL_ID_H_
#define WAVEFUZZ_GPU_KERNEL_ID_H_

#include <compare>
#include <string>

namespace wavefuzz {

/// Which kernel a launch runs.
struct KernelId {
  std::string code_object;  ///< file path
  std::string symbol;

  auto operator<=>(const KernelId&) const = default;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_KERNEL_ID_H_
