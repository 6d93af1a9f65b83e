#ifndef WAVEFUZZ_FUZZ_OPERATORS_OPERATOR_H_
#define WAVEFUZZ_FUZZ_OPERATORS_OPERATOR_H_

#include <rapidcheck/Gen.h>
#include <rapidcheck/Seq.h>
#include <rapidcheck/Shrinkable.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/case/case.h"
#include "fuzz/case/draw.h"
#include "fuzz/judge/judge.h"
#include "fuzz/operators/axis.h"
#include "fuzz/operators/operator_page.h"
#include "fuzz/operators/parameter.h"
#include "fuzz/operators/simpler.h"
#include "gpu/manifest.h"
#include "gpu/planners/planner.h"
#include "gpu/problem.h"

namespace wavefuzz {

/// The cases that the steps lead to from `c`, made one at a time as they are asked for.
rc::Seq<Case> apply_steps(const Case& c, std::vector<Step> steps);

/// A case that has run.
struct Run {
  const Case& c;
  const Manifest& manifest;
  const std::vector<Buffer>& buffers;  ///< of the case, scratch included
  const Outcome& outcome;
};

/// One operator of the attention family: which inputs are worth trying, what the buffers of a case
/// hold, and what a right kernel makes of them. Stateless; safe to use from several threads.
class Operator {
 public:
  virtual ~Operator() = default;

  /// As in a manifest's "operator".
  virtual std::string name() const = 0;

  /// The parameters of its cases.
  virtual const ParameterTable& table() const;

  /// Throws Error(kUsage) when the manifest lacks a claim or a rule that the operator needs, or
  /// misspells one.
  virtual void check_manifest(const Manifest& manifest) const { table().check(manifest); }

  /// A case inside the manifest's claims, biased to boundaries. It has everything but operator,
  /// target, kernel and plant, and may leave out plain parameters.
  virtual Case draw(Draw draw, const Manifest& manifest) const = 0;
  /// Such cases, whole, which shrink by the operator's steps. The manifest must outlive it.
  rc::Gen<Case> domain(const Manifest& manifest) const;

  /// The parameters of the case with those that follow from its tensors, as manifest expressions
  /// see them.
  virtual Params launch_params(const Case& c) const = 0;

  /// What a planner plans from (gpu/planners/planner.h), for kernels that have one: a request for
  /// each part of the case that host code plans by itself. Throws
  /// Error(kUsage) for operators whose kernels never do.
  virtual std::vector<PlanRequest> plan_requests(const Case& c) const;

  /// The prefixes that they may have.
  virtual std::vector<std::string> plan_prefixes() const { return {""}; }

  /// The buffers of the case. Throws Error(kUsage) when the case does not hold together.
  virtual std::vector<Buffer> buffers(const Case& c) const = 0;

  /// Tells the judge what a right kernel writes. The reference reads the bytes of run.buffers, as
  /// the kernel does.
  virtual void judge(const Run& run, Judge& judge) const = 0;

  /// The metamorphic relation that the case's text parameter "relation" names: another case, whose
  /// outputs must agree with this one's. Nothing for "none".
  virtual std::optional<Case> related(const Case& /*c*/) const { return std::nullopt; }
  /// Adds findings where the outputs of a case and of its related() one do not agree.
  virtual void compare(const Run& /*run*/, const Run& /*related*/, Judge& /*judge*/) const {}

  /// The operator's documentation; docs/operators/NAME.md is made of it.
  virtual OperatorPage page() const = 0;

  /// Ways to make the case simpler by one step, the largest first. Steps are many and most are
  /// never taken, so they are cheap to list and do their work when applied. The result may be
  /// outside the kernel's claims; a step that changes nothing is skipped.
  virtual std::vector<Step> simpler(const Case& c) const = 0;

  /// The numbers of the case along which its failure may have a boundary, the ones that say most
  /// first. A value may lead outside the kernel's claims, or to a case that does not hold together.
  virtual std::vector<Axis> axes(const Case& c) const = 0;

  /// One line for a reader: "1 token, head_dim 16, page_size 1, ..."
  virtual std::string summary(const Case& c) const = 0;
};

/// Every operator there is.
const std::vector<const Operator*>& operators();

/// Throws Error(kUsage) for an operator that does not exist.
const Operator& find_operator(const std::string& name);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_OPERATOR_H_
