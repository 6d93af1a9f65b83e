#ifndef WAVEFUZZ_FUZZ_OPERATOR_H_
#define WAVEFUZZ_FUZZ_OPERATOR_H_

#include <rapidcheck/Gen.h>
#include <rapidcheck/Shrinkable.h>

#include <string>
#include <vector>

#include "fuzz/case.h"
#include "fuzz/judge.h"
#include "gpu/manifest.h"
#include "gpu/problem.h"

namespace wavefuzz {

/// One operator of the attention family: which inputs are worth trying, what the buffers of a case
/// hold, and what a right kernel makes of them. Stateless; safe to use from several threads.
class Operator {
 public:
  virtual ~Operator() = default;

  /// As in a manifest's "operator".
  virtual std::string name() const = 0;

  /// Throws Error(kUsage) when the manifest lacks a claim or a rule that the operator needs, or
  /// misspells one.
  virtual void check_manifest(const Manifest& manifest) const = 0;

  /// Cases inside the manifest's claims, biased to boundaries. The generator sets everything but
  /// target, kernel and plant.
  virtual rc::Gen<Case> domain(const Manifest& manifest) const = 0;

  /// The parameters of the case with those that follow from its tensors, as manifest expressions
  /// see them.
  virtual Params launch_params(const Case& c) const = 0;

  /// The buffers of the case. Throws Error(kUsage) when the case does not hold together.
  virtual std::vector<Buffer> buffers(const Case& c) const = 0;

  /// What a right kernel writes, with the words for each byte.
  struct Judgement {
    Expectation expectation;
    Describe describe;
  };
  virtual Judgement expect(const Case& c, const Manifest& manifest) const = 0;

  /// Cases that are one step simpler, the largest step first; none of them equals `c`. Each may be
  /// outside the kernel's claims.
  virtual std::vector<Case> simpler(const Case& c) const = 0;

  /// One line for a reader: "1 token, head_dim 16, page_size 1, ..."
  virtual std::string summary(const Case& c) const = 0;
};

/// Throws Error(kUsage) for an operator that does not exist.
const Operator& find_operator(const std::string& name);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATOR_H_
