#ifndef WAVEFUZZ_FUZZ_JUDGE_TENSOR_H_
#define WAVEFUZZ_FUZZ_JUDGE_TENSOR_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/case/data.h"
#include "fuzz/judge/verdict.h"
#include "fuzz/judge/written_bytes.h"

namespace wavefuzz {

/// Where the elements of an output tensor lie.
struct TensorView {
  std::string buffer;
  std::string field;  ///< what messages call it: "o", "lse", "logits"
  Dtype dtype = Dtype::kF32;
  uint64_t offset = 0;            ///< bytes from the buffer's start to element 0
  std::vector<std::string> axes;  ///< names, outermost first: {"token", "head", "d"}
  std::vector<uint64_t> shape;
  std::vector<uint64_t> strides;  ///< bytes

  uint64_t size() const;                        ///< elements
  uint64_t offset_of(uint64_t element) const;   ///< bytes; elements count row-major
  std::string name_of(uint64_t element) const;  ///< "o[token 1, head 3, d 17]"
};

/// What a right kernel's rounding errors leave of an output tensor (docs/design.md section 4). All
/// lists are row-major over the view's shape.
struct ExpectedTensor {
  TensorView view;
  /// +-inf: exactly that. NaN: unspecified, anything or nothing may be there.
  std::vector<double> value = {};
  std::vector<double> hard =
      {};  ///< |got - value| above it is a fault, whatever the rounding errors
  std::vector<double> likely = {};  ///< above it is worth a look; empty: as hard
  /// Elements that are no output, and must not be written, such as columns past a row's keys.
  /// Empty: none is.
  std::vector<bool> absent = {};
  /// Outputs of kernels that do not do their work, by name; zeros are always among them. A case
  /// that one of them passes proves nothing.
  std::vector<std::pair<std::string, std::vector<double>>> trivial = {};
  bool primary = true;  ///< false: no trivial outputs and no peers' gates, as for an LSE
  /// The hard bound of an element, term by term, for --explain.
  std::function<std::vector<std::pair<std::string, double>>(uint64_t element)> terms = {};
};

/// Elements that are wrong in one way: the first, the worst, and how many there are.
struct WrongElements {
  uint64_t count = 0;
  uint64_t first = 0;
  uint64_t worst = 0;
  double worst_ratio = -1;

  void add(uint64_t element, double ratio) {
    if (count++ == 0) first = element;
    if (ratio > worst_ratio) {
      worst_ratio = ratio;
      worst = element;
    }
  }
};

/// What a launch wrote of a tensor against what it should have.
struct TensorComparison {
  std::vector<double> got;  ///< NaN where nothing was written
  WrongElements unbounded;  ///< their bound is no finite number >= 0: a fault of the reference
  WrongElements missing;
  WrongElements infinite;
  WrongElements nan;
  WrongElements masked;      ///< no infinity where one is expected
  WrongElements wrong;       ///< over the hard bound
  WrongElements suspicious;  ///< over the likely bound alone
  WrongElements used;        ///< all that have a bound; the worst is the one that uses most of it
  BoundUse bound_use;        ///< how much of their bounds the errors use
};

/// Looks at each element. What is unspecified or read is no stray of `written`, which is null where
/// the launch wrote nothing to the buffer.
TensorComparison compare_tensor(const ExpectedTensor& expected, WrittenBytes* written);

/// In the order that explains a failure. `place`: the buffer and field, as findings name it.
std::vector<Finding> findings_of(const ExpectedTensor& expected, const TensorComparison& comparison,
                                 const std::string& place);
std::optional<Finding> suspect_of(const ExpectedTensor& expected,
                                  const TensorComparison& comparison, const std::string& place);

/// The bound of the element that uses most of it, term by term; empty where the tensor has no
/// terms.
std::vector<std::string> explain_worst(const ExpectedTensor& expected,
                                       const TensorComparison& comparison);

/// What a report shows of it.
ComparedTensor kept_tensor(const ExpectedTensor& expected, const TensorComparison& comparison,
                           const std::string& place);

/// Outputs of kernels that do not do their work and would pass: "zeros" and the trivial ones.
std::vector<std::string> trivial_outputs(const ExpectedTensor& expected);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_JUDGE_TENSOR_H_
