#ifndef WAVEFUZZ_FUZZ_OPERATOR_H_
#define WAVEFUZZ_FUZZ_OPERATOR_H_

#include <rapidcheck/Gen.h>
#include <rapidcheck/Seq.h>
#include <rapidcheck/Shrinkable.h>

#include <functional>
#include <string>
#include <vector>

#include "fuzz/case.h"
#include "fuzz/judge.h"
#include "gpu/manifest.h"
#include "gpu/problem.h"

namespace wavefuzz {

/// Makes a case simpler in place.
using Step = std::function<void(Case&)>;

/// The cases that the steps lead to from `c`, made one at a time as they are asked for.
rc::Seq<Case> apply_steps(const Case& c, std::vector<Step> steps);

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
  /// `buffers` are those of the case: the reference reads the bytes that the kernel reads.
  virtual Judgement expect(const Case& c, const Manifest& manifest,
                           const std::vector<Buffer>& buffers) const = 0;

  /// Ways to make the case simpler by one step, the largest first. Steps are many and most are
  /// never taken, so they are cheap to list and do their work when applied. The result may be
  /// outside the kernel's claims; a step that changes nothing is skipped.
  virtual std::vector<Step> simpler(const Case& c) const = 0;

  /// One line for a reader: "1 token, head_dim 16, page_size 1, ..."
  virtual std::string summary(const Case& c) const = 0;
};

/// Throws Error(kUsage) for an operator that does not exist.
const Operator& find_operator(const std::string& name);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATOR_H_
