#ifndef WAVEFUZZ_GPU_EXPRESSION_H_
#define WAVEFUZZ_GPU_EXPRESSION_H_

#include <cstdint>
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

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_EXPRESSION_H_
