#include "gpu/expression.h"

#include <fmt/format.h>
#include <muParser.h>

#include <cmath>
#include <map>
#include <regex>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

// muParser computes in doubles, which are exact for integers up to 2^53.
constexpr double kExactLimit = 9007199254740992.0;

double remainder(double a, double b) { return std::fmod(a, b); }
double ceildiv(double a, double b) { return std::ceil(a / b); }

/// Gives each distinct text a number, so that texts can be compared by muParser.
class TextIds {
 public:
  double id(const std::string& text) { return ids_.emplace(text, static_cast<double>(ids_.size())).first->second; }

 private:
  std::map<std::string, double> ids_;
};

std::string replace_texts(const std::string& expression, TextIds& ids) {
  static const std::regex kQuoted("\"([^\"]*)\"");
  std::string out;
  auto from = expression.cbegin();
  for (std::sregex_iterator it(expression.begin(), expression.end(), kQuoted), end; it != end; ++it) {
    out.append(from, (*it)[0].first);
    out += fmt::format("{}", ids.id((*it)[1].str()));
    from = (*it)[0].second;
  }
  out.append(from, expression.cend());
  return out;
}

}  // namespace

int64_t evaluate(const std::string& expression, const Params& params) {
  double value = 0;
  try {
    TextIds ids;
    mu::Parser parser;
    parser.DefineOprt("%", remainder, mu::prMUL_DIV);
    parser.DefineFun("ceildiv", ceildiv);
    for (const auto& [name, param] : params.values()) {
      const auto* integer = std::get_if<int64_t>(&param);
      parser.DefineConst(name, integer ? static_cast<double>(*integer) : ids.id(std::get<std::string>(param)));
    }
    parser.SetExpr(replace_texts(expression, ids));
    value = parser.Eval();
  } catch (const mu::Parser::exception_type& e) {
    throw Error(Exit::kUsage, fmt::format("expression '{}': {}", expression, e.GetMsg()));
  }
  if (!(std::abs(value) < kExactLimit) || value != std::floor(value)) {
    throw Error(Exit::kUsage, fmt::format("expression '{}' gives {}, not an integer below 2^53", expression, value));
  }
  return static_cast<int64_t>(value);
}

}  // namespace wavefuzz
