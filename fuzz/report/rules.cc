#include "fuzz/report/rules.h"

#include <algorithm>
#include <map>

#include "fuzz/verdict.h"

namespace wavefuzz {

std::string meaning_of(const std::string& kind) {
  static const std::map<std::string, const char*> kMeanings = {
      {"out_of_bounds_read", "An instruction reads outside every buffer of the launch."},
      {"out_of_bounds_write", "An instruction writes outside every buffer of the launch."},
      {"write_to_read_only_memory", "An instruction writes to an input."},
      {"read_from_write_only_memory", "An instruction reads what is an output alone."},
      {"misaligned_access", "An atomic or scalar load is not aligned."},
      {"uninitialised_data_used",
       "A value that nobody wrote decides an address, a branch or an output."},
      {"missing_s_waitcnt", "A register is used while a load into it is under way."},
      {"data_race", "Two waves or groups access the same bytes, one of them to write, unordered."},
      {"end_with_a_barrier_pending", "A wave ends while others wait for it at a barrier."},
      {"barrier_divergence", "Waves of a group wait at different barriers."},
      {"fetch_outside_the_code", "A jump leads out of the kernel."},
      {"trap", "The kernel executes a trap."},
      {"watchdog", "The kernel does not end."},
      {"stray_write", "Bytes are written that are no part of the output."},
      {"missing_write", "An output is not written."},
      {"wrong_value",
       "An output is off by more than rounding can explain, or is not the right byte."},
      {"non_finite", "An output is NaN or infinite and should be a number."},
      {"nan_value", "An output is NaN and should be a number."},
      {"infinite_value", "An output is infinite and should be a number."},
      {"wrong_mask",
       "An output that should be infinite, as masked ones are, is not, or the other way."},
      {"wrong_index", "An index is none of the right ones."},
      {"relation", "Outputs of related inputs do not agree."},
      {"broken_relation", "Outputs of related inputs do not agree."},
      {kInternalError, "No fault of the kernel's: a self-check of wavefuzz failed on the case."},
  };
  if (const auto it = kMeanings.find(kind); it != kMeanings.end()) return it->second;
  std::string words = kind;
  std::replace(words.begin(), words.end(), '_', ' ');
  return words + ".";
}

}  // namespace wavefuzz
