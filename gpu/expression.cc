#include "gpu/expression.h"

#include <fmt/format.h>
#include <muParser.h>

#include <cmath>
#include <map>
#include <regex>
#include <unordered_map>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

// muParser computes in doubles, which are exact for integers up to 2^53.
constexpr double kExactLimit = 9007199254740992.0;

double remainder(double a, double b) { return std::fmod(a, b); }
double ceildiv(double a, double b) { return std::ceil(a / b); }

void define_functions(mu::Parser& parser) {
  parser.DefineOprt("%", remainder, mu::prMUL_DIV);
  parser.DefineFun("ceildiv", ceildiv);
}

const std::regex kQuoted("\"([^\"]*)\"");

/// An expression parsed once, with a variable for each parameter of the case it was first met with.
class Compiled {
 public:
  Compiled(const std::string& expression, const Params& params) {
    define_functions(parser_);
    for (const auto& [name, value] : params.values()) parser_.DefineVar(name, &variables_[name]);
    parser_.SetExpr(number_texts(expression));
  }

  bool fits(const Params& params) const {
    if (params.values().size() != variables_.size()) return false;
    auto it = variables_.begin();
    for (const auto& [name, value] : params.values()) {
      if (it->first != name) return false;
      ++it;
    }
    return true;
  }

  double evaluate(const Params& params) {
    auto variable = variables_.begin();
    for (const auto& [name, value] : params.values()) {
      const auto* text = std::get_if<std::string>(&value);
      variable->second = text ? text_id(*text) : params.real(name);
      ++variable;
    }
    return parser_.Eval();
  }

 private:
  // Each distinct text stands as a number of its own, since muParser compares numbers only.
  double text_id(const std::string& text) {
    return text_ids_.emplace(text, static_cast<double>(text_ids_.size())).first->second;
  }

  std::string number_texts(const std::string& expression) {
    std::string out;
    auto from = expression.cbegin();
    for (std::sregex_iterator it(expression.begin(), expression.end(), kQuoted), end; it != end;
         ++it) {
      out.append(from, (*it)[0].first);
      out += fmt::format("{}", text_id((*it)[1].str()));
      from = (*it)[0].second;
    }
    return out.append(from, expression.cend());
  }

  mu::Parser parser_;
  std::map<std::string, double> variables_;
  std::map<std::string, double> text_ids_;
};

/// Parsing costs a hundred times an evaluation, and a campaign evaluates the same few expressions
/// for every case.
Compiled& compiled(const std::string& expression, const Params& params) {
  thread_local std::unordered_map<std::string, std::unique_ptr<Compiled>> cache;
  std::unique_ptr<Compiled>& entry = cache[expression];
  if (entry == nullptr || !entry->fits(params))
    entry = std::make_unique<Compiled>(expression, params);
  return *entry;
}

}  // namespace

namespace {

double value_of(const std::string& expression, const Params& params) {
  try {
    return compiled(expression, params).evaluate(params);
  } catch (const mu::Parser::exception_type& e) {
    throw Error(Exit::kUsage, fmt::format("expression '{}': {}", expression, e.GetMsg()));
  }
}

}  // namespace

double evaluate_real(const std::string& expression, const Params& params) {
  const double value = value_of(expression, params);
  if (!std::isfinite(value)) {
    throw Error(Exit::kUsage,
                fmt::format("expression '{}' gives {}, not a finite number", expression, value));
  }
  return value;
}

int64_t evaluate(const std::string& expression, const Params& params) {
  const double value = value_of(expression, params);
  if (!(std::abs(value) < kExactLimit) || value != std::floor(value)) {
    throw Error(Exit::kUsage, fmt::format("expression '{}' gives {}, not an integer below 2^53",
                                          expression, value));
  }
  return static_cast<int64_t>(value);
}

std::set<std::string> names_in(const std::string& expression) {
  try {
    mu::Parser parser;
    define_functions(parser);
    parser.SetExpr(std::regex_replace(expression, kQuoted, "0"));
    std::set<std::string> names;
    for (const auto& [name, variable] : parser.GetUsedVar()) names.insert(name);
    return names;
  } catch (const mu::Parser::exception_type& e) {
    throw Error(Exit::kUsage, fmt::format("expression '{}': {}", expression, e.GetMsg()));
  }
}

std::string substitute(std::string text, const std::string& name, const std::string& value) {
  const std::string key = "{" + name + "}";
  for (size_t at = text.find(key); at != std::string::npos;
       at = text.find(key, at + value.size())) {
    text.replace(at, key.size(), value);
  }
  return text;
}

}  // namespace wavefuzz
