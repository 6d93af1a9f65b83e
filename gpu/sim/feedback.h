// What a run tells a fuzzer: which ways the branches went, and how close each compare came to going
// the other way. Accumulates over launches of one program; cheap enough to be left on.
#ifndef WAVEFUZZ_GPU_SIM_FEEDBACK_H_
#define WAVEFUZZ_GPU_SIM_FEEDBACK_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace wavefuzz::sim {

// A scalar or vector compare. Operands are as the instruction sees them: sign-extended for signed
// types, the bit pattern for floats.
struct CompareSeen {
  uint64_t executed = 0;      // by waves
  uint64_t distance = ~0ull;  // |a - b| of the closest unequal pair, in steps of the type
  uint64_t a = 0, b = 0;      // that pair
  uint8_t bits = 0;           // of an operand: 16, 32 or 64
  bool real = false;          // operands are floats
  bool equal = false;         // operands were equal at least once
  bool went_true = false, went_false = false;  // for a lane at least once
};

// Indexed by instruction (Program::pc, Program::text).
struct Feedback {
  struct Ways {
    uint32_t taken = 0, not_taken = 0;  // waves, saturating
  };
  std::vector<Ways> branches;    // of conditional branches
  std::vector<uint8_t> entered;  // 1: jumped to by a computed address or a call
  std::vector<CompareSeen> compares;

  // Makes room; forgets nothing.
  void resize(size_t instructions) {
    if (branches.size() >= instructions) return;
    branches.resize(instructions);
    entered.resize(instructions);
    compares.resize(instructions);
  }
  // Forgets everything, and keeps the memory.
  void reset(size_t instructions) {
    branches.assign(instructions, {});
    entered.assign(instructions, 0);
    compares.assign(instructions, {});
  }
  void merge(const Feedback& other);
  // Edges of the control flow executed: each way of each branch, and jump targets.
  size_t edges() const;
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_FEEDBACK_H_
