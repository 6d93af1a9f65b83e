// For tests: a code object's decoded instructions against llvm-objdump.
#ifndef WAVEFUZZ_GPU_SIM_ROUND_TRIP_H_
#define WAVEFUZZ_GPU_SIM_ROUND_TRIP_H_

#include <cstddef>
#include <string>
#include <vector>

namespace wavefuzz::sim {

struct RoundTrip {
  size_t instructions = 0;
  size_t without_row = 0;                 // no semantics: there is nothing to print back
  size_t differences = 0;                 // instructions whose text or operands differ
  std::vector<std::string> descriptions;  // of the first of them
};

// Decodes every kernel of the object at `path`. Of each instruction, the disassembled text must be
// what llvm-objdump says at that address, and print() of its micro-op the same but for what
// normalised() drops. Branches compare by target. Throws Error when llvm-objdump fails.
RoundTrip round_trip(const std::string& path);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_ROUND_TRIP_H_
