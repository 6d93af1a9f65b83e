#include <fmt/format.h>
#include <rapidcheck/Shrinkable.h>
#include <rapidcheck/seq/Create.h>
#include <rapidcheck/seq/Transform.h>
#include <rapidcheck/shrinkable/Create.h>

#include "fuzz/operators/indexer.h"
#include "fuzz/operators/indexer_k_gather.h"
#include "fuzz/operators/indexer_k_writer.h"
#include "fuzz/operators/merge_attn_states.h"
#include "fuzz/operators/mla_decode.h"
#include "fuzz/operators/operator.h"
#include "fuzz/operators/paged_attention.h"
#include "fuzz/operators/paged_mqa_logits.h"
#include "fuzz/operators/quantise_fp8.h"
#include "fuzz/operators/rms_norm_fp8.h"
#include "fuzz/operators/top_k_per_row.h"
#include "gpu/error.h"

namespace wavefuzz {

const std::vector<const Operator*>& operators() {
  static const Indexer kIndexer;
  static const IndexerKGather kIndexerKGather;
  static const IndexerKWriter kIndexerKWriter;
  static const MergeAttnStates kMergeAttnStates;
  static const MlaDecode kMlaDecode;
  static const NormaliseFnToFnuz kNormaliseFnToFnuz;
  static const PagedAttention kPagedAttention;
  static const PagedMqaLogits kPagedMqaLogits;
  static const QuantiseFp8 kQuantiseFp8;
  static const RmsNormFp8 kRmsNormFp8;
  static const TopKPerRow kTopKPerRow;
  static const std::vector<const Operator*> kOperators = {
      &kIndexer,     &kIndexerKGather,    &kIndexerKWriter, &kMergeAttnStates,
      &kMlaDecode,   &kNormaliseFnToFnuz, &kPagedAttention, &kPagedMqaLogits,
      &kQuantiseFp8, &kRmsNormFp8,        &kTopKPerRow,
  };
  return kOperators;
}

namespace {

const Operator* operator_named(const std::string& name) {
  for (const Operator* op : operators()) {
    if (op->name() == name) return op;
  }
  return nullptr;
}

/// Cases are read and written by a room below this one.
[[maybe_unused]] const bool kLinked = [] {
  plain_parameters.complete = [](Case& c) {
    const Operator* op = operator_named(c.op);
    if (op != nullptr) op->table().complete(c);
  };
  plain_parameters.names = [](const Case& c) {
    const Operator* op = operator_named(c.op);
    return op == nullptr ? std::vector<std::string>() : op->table().plain(c);
  };
  return true;
}();

}  // namespace

const Operator& find_operator(const std::string& name) {
  if (const Operator* op = operator_named(name); op != nullptr) return *op;
  std::string names;
  for (const Operator* op : operators()) names += (names.empty() ? "" : ", ") + op->name();
  throw Error(Exit::kUsage, fmt::format("operator '{}' is unknown; there are {}", name, names));
}

const ParameterTable& Operator::table() const {
  static const ParameterTable kNone = {};
  return kNone;
}

std::vector<PlanRequest> Operator::plan_requests(const Case& /*c*/) const {
  throw Error(Exit::kUsage, fmt::format("operator '{}' has nothing for a planner", name()));
}

rc::Seq<Case> apply_steps(const Case& c, std::vector<Step> steps) {
  const auto apply = [c](const Step& step) {
    Case simpler = c;
    step(simpler);
    return simpler;
  };
  return rc::seq::filter(rc::seq::map(rc::seq::fromContainer(std::move(steps)), apply),
                         [c](const Case& simpler) { return !(simpler == c); });
}

rc::Gen<Case> Operator::domain(const Manifest& manifest) const {
  return rc::Gen<Case>([this, &manifest](const rc::Random& random, int size) {
    Case drawn = draw(Draw(random, size), manifest);
    table().complete(drawn);
    return rc::shrinkable::shrinkRecur(
        drawn, [this](const Case& c) { return apply_steps(c, simpler(c)); });
  });
}

}  // namespace wavefuzz
