#ifndef WAVEFUZZ_FUZZ_JUDGE_JUDGE_H_
#define WAVEFUZZ_FUZZ_JUDGE_JUDGE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/case/data.h"
#include "fuzz/judge/tensor.h"
#include "fuzz/judge/verdict.h"
#include "fuzz/judge/written_bytes.h"
#include "gpu/problem.h"
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

struct JudgeOptions {
  bool inexact = false;             ///< find out what results reach that are not exact
  bool explain = false;             ///< note the bound of the worst element term by term
  bool gates = false;               ///< say what the gates of peers would have said
  bool coverage = false;            ///< note which edges of the kernel's control flow the case took
  bool tensors = false;             ///< keep outputs beside what they should be
  uint64_t instruction_budget = 0;  ///< of a launch, after which it is too large; 0: the target's
};

/// Collects what is wrong with an outcome. Findings come in the order that explains a failure: what
/// the target saw, writes where none belong, then for each stage infinities, NaNs, and what else is
/// missing or wrong.
class Judge {
 public:
  /// Both must outlive the judge.
  Judge(const std::vector<Buffer>& buffers, const Outcome& outcome, JudgeOptions options = {});
  ~Judge();

  /// Findings from here on belong to this stage of a pipeline.
  void stage(const std::string& name);

  /// Compares byte by byte; there is no tolerance.
  void exact(const Expectation& expectation, const Describe& describe);

  /// Compares element by element within the bounds.
  void numeric(const ExpectedTensor& expected);

  /// Bytes that may be written or not.
  void unspecified(const std::string& buffer, uint64_t begin, uint64_t end);

  /// What was written to a range, which then is no stray. Nothing when a byte of it was not.
  std::optional<std::vector<uint8_t>> read(const std::string& buffer, uint64_t offset,
                                           uint64_t bytes);

  void finding(Finding finding);
  void suspect(Finding finding);
  void note(std::string text);

  /// The outputs so far would come out right of a kernel that does nothing, too.
  void weak(std::string why);

  /// What an output that is not numeric() decodes to, for the gates of peers: `expected` and `got`,
  /// in rows of `columns`.
  void gate_values(std::span<const double> expected, std::span<const double> got, size_t columns);
  /// The share of the right top-k indices that were found, for the gates of peers.
  void gate_overlap(double overlap);
  bool wants_gates() const { return options_.gates || options_.tensors; }

  Verdict finish();

 private:
  void finish_stage();
  WrittenBytes* image(const std::string& buffer);
  std::string where(const std::string& buffer, const std::string& field) const;

  const std::vector<Buffer>& buffers_;
  const Outcome& outcome_;
  const JudgeOptions options_;
  std::map<std::string, std::unique_ptr<WrittenBytes>> images_;
  std::string stage_;
  Verdict verdict_;
  std::vector<Finding> wrong_;
  size_t stage_begin_ = 0;  // the first of wrong_ that belongs to this stage
  std::string weak_;
  bool judged_something_ = false;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_JUDGE_JUDGE_H_
