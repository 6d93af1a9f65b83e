#include <fmt/format.h>
#include <rapidcheck/seq/Create.h>
#include <rapidcheck/seq/Transform.h>

#include "fuzz/operator.h"
#include "fuzz/operators/indexer_k_writer.h"
#include "gpu/error.h"

namespace wavefuzz {

const Operator& find_operator(const std::string& name) {
  static const IndexerKWriter kIndexerKWriter;
  static const Operator* const kOperators[] = {&kIndexerKWriter};
  std::string names;
  for (const Operator* op : kOperators) {
    if (op->name() == name) return *op;
    names += (names.empty() ? "" : ", ") + op->name();
  }
  throw Error(Exit::kUsage, fmt::format("operator '{}' is unknown; there are {}", name, names));
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

}  // namespace wavefuzz
