#ifndef WAVEFUZZ_FUZZ_JUDGE_H_
#define WAVEFUZZ_FUZZ_JUDGE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fuzz/verdict.h"
#include "gpu/targets/target.h"

namespace wavefuzz {

/// Bytes of an output that belong together, such as one token's entry in a cache, and what they may
/// be. Where the operator leaves a choice (two tokens share a slot), there are several
/// alternatives, and the whole unit must equal one of them.
struct ExpectedUnit {
  std::vector<uint64_t> offsets;  ///< of each byte in its buffer, ascending order not required
  std::vector<std::vector<uint8_t>> alternatives;  ///< each as long as `offsets`
};

/// What a right kernel writes into one buffer: exactly these bytes. It must leave every other byte
/// alone.
struct Expectation {
  std::string buffer;
  std::vector<ExpectedUnit> units;
};

/// The words for one byte of a unit.
struct ByteDescription {
  std::string field;    ///< the part of the output it belongs to, e.g. "values" or "scale"
  std::string message;  ///< "kv_cache values[slot 5, d 0]: expected 0x7e (448), got 0xc0 (-2)"
};

/// Describes byte `index` of units[unit] where `expected` was wanted and `got` was found; both are
/// the unit's bytes as a whole, since a byte may be part of a wider value.
using Describe =
    std::function<ByteDescription(size_t unit, size_t index, const std::vector<uint8_t>& expected,
                                  const std::vector<uint8_t>& got)>;

/// Compares byte by byte; there is no tolerance. Findings come in the order that explains a
/// failure: what the target saw, writes where none belong, writes that are missing, wrong values.
Verdict judge_exact(const Expectation& expectation, const Outcome& outcome,
                    const Describe& describe);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_JUDGE_H_
