#include <fmt/format.h>

#include <iostream>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/options.h"
#include "fuzz/operators/operator.h"

namespace wavefuzz {
namespace {

struct DescribeOptions : Options {
  std::string op;
  bool schema = false;
};

void declare(CLI::App& app, DescribeOptions& options) {
  app.add_option("operator", options.op, "Operator, as `list` shows them")->required();
  app.add_flag("--schema", options.schema, "JSON Schema of a case's parameters");
  add_json(app, options);
}

/// The page, or what an editor wants of it.
Exit describe(const DescribeOptions& options) {
  const Operator& op = find_operator(options.op);
  const nlohmann::ordered_json schema = op.table().schema();
  if (options.schema) {
    std::cout << schema.dump(1) << "\n";
  } else if (options.json) {
    std::cout << nlohmann::ordered_json{{"operator", op.name()},
                                        {"markdown", markdown(op.page())},
                                        {"parameters", schema}}
                     .dump(1)
              << "\n";
  } else {
    fmt::print("{}", markdown(op.page()));
  }
  return Exit::kClean;
}

}  // namespace

void add_describe_command(CLI::App& app, Session& session) {
  add_command(app, session, "describe", "Print an operator's documentation (Markdown)", declare,
              describe);
}

}  // namespace wavefuzz
