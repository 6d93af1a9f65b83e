#ifndef WAVEFUZZ_GPU_TARGETS_COVERAGE_H_
#define WAVEFUZZ_GPU_TARGETS_COVERAGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gpu/problem.h"

namespace wavefuzz {

/// The edges of a program's control flow that cases took, by index of the instruction. Sparse: most
/// instructions are no branches.
struct Edges {
  static constexpr uint8_t kTaken = 1;     ///< a conditional branch was taken
  static constexpr uint8_t kNotTaken = 2;  ///< ... or not
  static constexpr uint8_t kEntered = 4;   ///< reached by a computed address or a call
  static constexpr uint8_t kAll = kTaken | kNotTaken | kEntered;
  static constexpr int kTwice = 3;  ///< an edge's bit shifted by it: more than one case took it

  std::map<uint32_t, uint8_t> seen;

  /// Adds the edges of another case, or of other cases. Returns how many are new.
  size_t add(const Edges& other);
  /// How many edges there are.
  size_t count() const;
  /// How many of them a single case took.
  size_t once() const;
};

/// Edges by program.
using Coverage = std::map<KernelId, Edges>;

/// Adds up edges program by program. Returns how many are new.
size_t add(Coverage& sum, const Coverage& other);

/// Of a compare of integers in one case: the closest pair of unequal operands, and which way it
/// went.
struct Compared {
  int64_t a = 0, b = 0;
  bool pair = false;  ///< there was one
  bool went_true = false, went_false = false;

  bool one_way() const { return went_true != went_false; }
  bool operator==(const Compared&) const = default;
};

/// Compares by program and index of the instruction.
using Compares = std::map<KernelId, std::map<uint32_t, Compared>>;

/// Instructions in a row that never ran.
struct Unreached {
  int64_t pc = 0;           ///< of the first, bytes from the kernel's entry
  size_t instructions = 0;  ///< how many
  std::string first;        ///< the first, disassembled
  /// The conditional branch that never let a wave through to them and the compare in front of it,
  /// "0x1a4: s_cbranch_scc1 12 always taken, after s_cmp_lt_i32 s4, 5"; empty where only code that
  /// never ran leads to them.
  std::string guard;
};

/// What of a program ran.
struct ProgramCoverage {
  size_t executed = 0, instructions = 0;
  double percent() const {
    return instructions == 0
               ? 0
               : 100.0 * static_cast<double>(executed) / static_cast<double>(instructions);
  }
  std::vector<Unreached> unreached;  ///< the longest first
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_TARGETS_COVERAGE_H_
