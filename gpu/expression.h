#ifndef WAVEFUZZ_GPU_EXPRESSION_H_
#define WAVEFUZZ_GPU_EXPRESSION_H_

#include <cstdint>
#include <set>
#include <string>

#include "gpu/params.h"

namespace wavefuzz {

/// The value of a manifest expression over the parameters of a case: + - * / (real division), %,
/// comparisons, && || and ?: as muParser has them, ceildiv(a, b), and for every parameter its name.
/// A text parameter compares with a quoted text: layout == "shuffle". The result must be an integer
/// below 2^53 in magnitude. Throws Error(kUsage) naming the expression.
int64_t evaluate(const std::string& expression, const Params& params);

/// The same, of any finite value: a softmax scale. Throws Error(kUsage) naming the expression.
double evaluate_real(const std::string& expression, const Params& params);

/// The parameters that an expression names. Throws Error(kUsage) when it does not parse.
std::set<std::string> names_in(const std::string& expression);

/// `text` with `value` in the place of every "{name}".
std::string substitute(std::string text, const std::string& name, const std::string& value);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_EXPRESSION_H_
