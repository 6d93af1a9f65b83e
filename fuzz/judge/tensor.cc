#include "fuzz/judge/tensor.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace wavefuzz {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

/// Any comparison with another one passes everything, or nothing.
bool is_bound(double bound) { return std::isfinite(bound) && bound >= 0; }

const std::vector<double>& likely_of(const ExpectedTensor& expected) {
  return expected.likely.empty() ? expected.hard : expected.likely;
}

bool is_absent(const ExpectedTensor& expected, uint64_t i) {
  return !expected.absent.empty() && expected.absent[i];
}

std::string in_all(uint64_t count) {
  return count == 1 ? std::string() : fmt::format("; {} elements in all", count);
}

/// "o[token 1, head 3, d 17]: expected 1 +- 0.01, got 2"
std::string element(const ExpectedTensor& expected, const TensorComparison& comparison,
                    uint64_t i) {
  return fmt::format("{}: expected {} +- {:.3g}, got {}", expected.view.name_of(i),
                     expected.value[i], expected.hard[i], comparison.got[i]);
}

}  // namespace

uint64_t TensorView::size() const {
  uint64_t n = 1;
  for (const uint64_t extent : shape) n *= extent;
  return n;
}

uint64_t TensorView::offset_of(uint64_t element) const {
  uint64_t at = offset;
  for (size_t axis = shape.size(); axis-- > 0;) {
    at += element % shape[axis] * strides[axis];
    element /= shape[axis];
  }
  return at;
}

std::string TensorView::name_of(uint64_t element) const {
  std::string indices;
  for (size_t axis = shape.size(); axis-- > 0;) {
    const std::string index = fmt::format("{} {}", axes[axis], element % shape[axis]);
    indices = indices.empty() ? index : index + ", " + indices;
    element /= shape[axis];
  }
  return fmt::format("{}[{}]", field, indices);
}

TensorComparison compare_tensor(const ExpectedTensor& expected, WrittenBytes* written) {
  const TensorView& view = expected.view;
  const uint32_t bytes = bytes_of(view.dtype);
  const uint64_t size = view.size();
  const std::vector<double>& likely = likely_of(expected);
  TensorComparison result;
  result.got.assign(size, kNoNumber);
  for (uint64_t i = 0; i < size; ++i) {
    const double want = expected.value[i];
    if (is_absent(expected, i)) continue;
    const bool bounded =
        !std::isfinite(want) || (is_bound(expected.hard[i]) && is_bound(likely[i]));
    if (!bounded) result.unbounded.add(i, 0);
    const uint8_t* at = written == nullptr ? nullptr : written->claim(view.offset_of(i), bytes);
    if (at == nullptr) {
      if (!std::isnan(want)) {
        result.missing.add(i, 0);
      } else if (written != nullptr) {
        written->allow(view.offset_of(i), view.offset_of(i) + bytes);
      }
      continue;
    }
    const double got = result.got[i] = decode(view.dtype, load_bits(view.dtype, at));
    if (std::isnan(want) || !bounded) continue;
    if (std::isinf(want)) {
      if (got != want) result.masked.add(i, 0);
      continue;
    }
    if (!std::isfinite(got)) {
      (std::isnan(got) ? result.nan : result.infinite).add(i, 0);
      continue;
    }
    const double error = std::abs(got - want);
    const double ratio = error == 0 ? 0 : error / expected.hard[i];
    result.bound_use.add(ratio);
    result.used.add(i, ratio);
    if (error > expected.hard[i]) {
      result.wrong.add(i, ratio);
    } else if (error > likely[i]) {
      result.suspicious.add(i, error / likely[i]);
    }
  }
  return result;
}

std::vector<Finding> findings_of(const ExpectedTensor& expected, const TensorComparison& comparison,
                                 const std::string& place) {
  const TensorView& view = expected.view;
  std::vector<Finding> findings;
  const auto add = [&](FindingKind kind, const std::string& message) {
    findings.push_back({kind, place, message});
  };
  if (const auto& [count, first, worst, ratio] = comparison.unbounded; count != 0) {
    const bool hard = !is_bound(expected.hard[first]);
    findings.push_back(
        {FindingKind::kInternalError, "",
         fmt::format("the {} bound of {} is {}, which is no finite number >= 0{}",
                     hard ? "hard" : "likely", view.name_of(first),
                     hard ? expected.hard[first] : likely_of(expected)[first], in_all(count))});
  }
  if (const auto& [count, first, worst, ratio] = comparison.missing; count != 0) {
    add(FindingKind::kMissingWrite, fmt::format("{} = {} was not written{}", view.name_of(first),
                                                expected.value[first], in_all(count)));
  }
  if (const auto& [count, first, worst, ratio] = comparison.infinite; count != 0)
    add(FindingKind::kInfiniteValue, element(expected, comparison, first) + in_all(count));
  if (const auto& [count, first, worst, ratio] = comparison.nan; count != 0)
    add(FindingKind::kNanValue, element(expected, comparison, first) + in_all(count));
  if (const auto& [count, first, worst, ratio] = comparison.masked; count != 0) {
    add(FindingKind::kWrongMask,
        fmt::format("{}: expected {}, got {}{}", view.name_of(first), expected.value[first],
                    comparison.got[first], in_all(count)));
  }
  if (const auto& [count, first, worst, ratio] = comparison.wrong; count != 0) {
    add(FindingKind::kWrongValue, element(expected, comparison, first) + in_all(count));
    if (worst != first) {
      add(FindingKind::kWrongValue, fmt::format("the worst is {}, {:.3g} times the bound",
                                                element(expected, comparison, worst), ratio));
    }
  }
  return findings;
}

std::optional<Finding> suspect_of(const ExpectedTensor& expected,
                                  const TensorComparison& comparison, const std::string& place) {
  const WrongElements& suspicious = comparison.suspicious;
  if (suspicious.count == 0) return std::nullopt;
  return Finding{
      FindingKind::kSuspectValue, place,
      fmt::format("{}; likely within {:.3g}{}", element(expected, comparison, suspicious.worst),
                  likely_of(expected)[suspicious.worst], in_all(suspicious.count))};
}

std::vector<std::string> explain_worst(const ExpectedTensor& expected,
                                       const TensorComparison& comparison) {
  const WrongElements& used = comparison.used;
  if (!expected.terms || used.count == 0) return {};
  std::vector<std::string> lines = {fmt::format(
      "bound of {}, where the error is {:.3g} of it:", expected.view.name_of(used.worst),
      used.worst_ratio)};
  for (const auto& [term, value] : expected.terms(used.worst))
    lines.push_back(fmt::format("  {:<28} {:.3g}", term, value));
  lines.push_back(fmt::format("  {:<28} {:.3g}", "sum", expected.hard[used.worst]));
  return lines;
}

ComparedTensor kept_tensor(const ExpectedTensor& expected, const TensorComparison& comparison,
                           const std::string& place) {
  ComparedTensor kept = {place,          expected.view.axes, expected.view.shape,
                         expected.value, comparison.got,     expected.hard};
  for (uint64_t i = 0; i < expected.value.size(); ++i) {
    if (is_absent(expected, i)) kept.expected[i] = kNoNumber;
  }
  return kept;
}

std::vector<std::string> trivial_outputs(const ExpectedTensor& expected) {
  const auto passes = [&](const auto& output) {
    for (uint64_t i = 0; i < expected.value.size(); ++i) {
      const double want = expected.value[i];
      if (std::isnan(want) || is_absent(expected, i)) continue;
      if (std::isinf(want) ? output(i) != want : !(std::abs(output(i) - want) <= expected.hard[i]))
        return false;
    }
    return true;
  };
  std::vector<std::string> passing;
  if (passes([](uint64_t) { return 0.0; })) passing.push_back("zeros");
  for (const auto& [what, values] : expected.trivial) {
    if (passes([&values = values](uint64_t i) { return values[i]; })) passing.push_back(what);
  }
  return passing;
}

}  // namespace wavefuzz
