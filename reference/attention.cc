#include "reference/attention.h"

#include <stdexcept>

#include "reference/attention_run.h"

namespace wavefuzz::reference {

AttentionResult attention(const AttentionProblem& problem, const AttentionNumerics& numerics,
                          bool with_bounds, int threads) {
  internal::AttentionOptions options;
  options.bounds = with_bounds;
  options.threads = threads;
  return internal::run_attention(problem, numerics, options).result;
}

std::vector<std::pair<std::string, double>> attention_bound_terms(const AttentionProblem& problem,
                                                                  const AttentionNumerics& numerics,
                                                                  uint32_t row, uint32_t d) {
  if (row >= problem.rows || d >= problem.v_dim)
    throw std::invalid_argument("attention_bound_terms: no such element");
  AttentionProblem one = problem;
  one.rows = 1;
  const uint64_t q_row = row * (problem.q_stride ? problem.q_stride : problem.qk_dim);
  one.q += q_row;
  if (one.q_error) one.q_error += q_row;
  if (one.q_scale) one.q_scale += row;
  if (one.first) one.first += row;
  if (one.last) one.last += row;
  if (one.sink) one.sink += row;

  internal::AttentionOptions options;
  const internal::AttentionRun whole = internal::run_attention(one, numerics, options);
  options.maximum = &whole.maximum;
  options.largest = &whole.largest;
  std::vector<std::pair<std::string, double>> terms;
  double before = 0;
  options.causes = 0;
  for (uint32_t cause = 0; cause < kCauses; ++cause) {
    options.causes |= 1u << cause;
    const double bound = internal::run_attention(one, numerics, options).result.o_hard[d];
    terms.emplace_back(name(static_cast<Cause>(cause)), bound - before);
    before = bound;
  }
  // The bound is summed in one pass, in which the row's largest score is not known from the start.
  terms.emplace_back("one pass", whole.result.o_hard[d] - before);
  return terms;
}

}  // namespace wavefuzz::reference
