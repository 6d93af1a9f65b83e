#include "fuzz/operators/mqa_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <span>

#include "gpu/json_view.h"

namespace wavefuzz {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

reference::MqaQuery query_of(const MqaRows& rows, const MqaRequest& request, int64_t row) {
  const size_t values = size_t{rows.heads} * rows.head_dim;
  return {rows.format, rows.heads, rows.head_dim,
          std::span(request.q).subspan(row * values, values),
          std::span(request.weights).subspan(row * rows.heads, rows.heads)};
}

reference::MqaKeys keys_of(const MqaRows& rows, const MqaRequest& request,
                           const reference::RowColumns& c) {
  const size_t count = c.last - c.first;
  return {rows.format, std::span(request.k).subspan(c.key * rows.head_dim, count * rows.head_dim),
          std::span(request.scales).subspan(c.key, count)};
}

}  // namespace

reference::RowColumns columns_of(const MqaRows& rows, size_t request, int64_t row) {
  return reference::columns_of(rows.rule, rows.requests[request].lengths(), row, rows.width);
}

std::vector<float> logits_of(const MqaRows& rows, size_t request, int64_t row) {
  const MqaRequest& r = rows.requests[request];
  const reference::RowColumns c = columns_of(rows, request, row);
  reference::MqaLogits logits;
  reference::mqa_logits(query_of(rows, r, row), keys_of(rows, r, c), rows.contract, logits);
  return {logits.value.begin(), logits.value.end()};
}

void judge_mqa_rows(const MqaRows& rows, Judge& judge, bool primary) {
  if (rows.requests.empty()) return;
  const auto next_n = static_cast<uint64_t>(rows.requests.front().next_n);
  const auto width = static_cast<uint64_t>(rows.width);
  ExpectedTensor expected;
  expected.primary = primary;
  expected.view = {.buffer = "logits",
                   .field = "logits",
                   .dtype = Dtype::kF32,
                   .offset = 0,
                   .axes = {"row", "column"},
                   .shape = {rows.requests.size() * next_n, width},
                   .strides = {static_cast<uint64_t>(rows.stride) * sizeof(float), sizeof(float)}};
  const size_t size = expected.view.size();
  expected.value.assign(size, 0);
  expected.hard.assign(size, 0);
  expected.likely.assign(size, 0);
  expected.absent.assign(size, true);
  reference::MqaLogits logits;
  for (size_t r = 0; r < rows.requests.size(); ++r) {
    for (uint64_t j = 0; j < next_n; ++j) {
      const reference::RowColumns c = columns_of(rows, r, static_cast<int64_t>(j));
      const size_t start = (r * next_n + j) * width;
      const auto fill = [&](int64_t begin, int64_t end, double value) {
        for (int64_t i = begin; i < end; ++i) {
          expected.value[start + i] = value;
          expected.absent[start + i] = false;
        }
      };
      fill(0, c.first, -kInf);
      fill(c.first, c.last, kNan);
      fill(c.last, c.zeros, 0);
      fill(c.zeros, c.minus_inf, -kInf);
      fill(c.minus_inf, c.anything, kNan);
      if (c.first == c.last) continue;
      const MqaRequest& request = rows.requests[r];
      reference::mqa_logits(query_of(rows, request, static_cast<int64_t>(j)),
                            keys_of(rows, request, c), rows.contract, logits);
      for (int64_t i = c.first; i < c.last; ++i) {
        expected.value[start + i] = logits.value[i - c.first];
        expected.hard[start + i] = logits.hard[i - c.first];
        expected.likely[start + i] = logits.likely[i - c.first];
      }
    }
  }
  expected.trivial.emplace_back("-inf", std::vector<double>(size, -kInf));
  const auto shared = std::make_shared<MqaRows>(rows);
  expected.terms = [shared, next_n, width](uint64_t element) {
    const size_t r = element / width / next_n;
    const auto j = static_cast<int64_t>(element / width % next_n);
    const reference::RowColumns c = columns_of(*shared, r, j);
    const MqaRequest& request = shared->requests[r];
    const auto column = static_cast<int64_t>(element % width);
    if (column < c.first || column >= c.last) return std::vector<std::pair<std::string, double>>{};
    return reference::mqa_bound_terms(query_of(*shared, request, j), keys_of(*shared, request, c),
                                      shared->contract, static_cast<size_t>(column - c.first));
  };
  judge.numeric(expected);
}

reference::MqaContract parse_mqa_contract(const Manifest& manifest) {
  const JsonView view(manifest.numerics, manifest.file + " numerics");
  reference::MqaContract contract;
  const JsonView relu = view.at("relu");
  if (relu.text() == "keeps_nan") {
    contract.relu = reference::Relu::kKeepsNan;
  } else if (relu.text() != "drops_nan") {
    relu.fail("must be one of drops_nan, keeps_nan");
  }
  const JsonView accumulate = view.at("accumulate");
  if (accumulate.text() == "mfma_fp8") {
    contract.accumulate = reference::Accumulate::kMfmaFp8;
  } else if (accumulate.text() != "f32") {
    accumulate.fail("must be one of f32, mfma_fp8");
  }
  return contract;
}

}  // namespace wavefuzz
