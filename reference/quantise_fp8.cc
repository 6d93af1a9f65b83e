#include "reference/quantise_fp8.h"

#include <algorithm>
#include <cmath>

namespace wavefuzz::reference {
namespace {

float amax_of(std::span<const float> values) {
  float amax = 0;
  for (const float x : values) {
    if (std::abs(x) > amax) amax = std::abs(x);
  }
  return amax;
}

}  // namespace

std::optional<Granularity> parse_granularity(const std::string& text) {
  if (text == "token") return Granularity::kToken;
  if (text == "group") return Granularity::kGroup;
  if (text == "tensor") return Granularity::kTensor;
  if (text == "static") return Granularity::kStatic;
  return std::nullopt;
}

int64_t scales_of_row(Granularity granularity, int64_t columns, int64_t group_columns) {
  switch (granularity) {
    case Granularity::kToken:
      return 1;
    case Granularity::kGroup:
      return (columns + group_columns - 1) / group_columns;
    default:
      return 0;
  }
}

QuantisedRows quantise_rows(std::span<const float> x, int64_t columns, int64_t group_columns,
                            Granularity granularity, const QuantiseRule& rule, float static_scale) {
  QuantisedRows out;
  const auto quantise = [&](std::span<const float> values, float scale) {
    for (const float value : values) out.codes.push_back(reference::quantise(value, scale, rule));
  };
  if (granularity == Granularity::kStatic) {
    quantise(x, static_scale);
    return out;
  }
  if (granularity == Granularity::kTensor) {
    out.scales.push_back(quant::scale_from_amax(amax_of(x), rule.scale));
    quantise(x, out.scales.front());
    return out;
  }
  const int64_t length = granularity == Granularity::kToken ? columns : group_columns;
  for (size_t row = 0; row * columns < x.size(); ++row) {
    const std::span<const float> values = x.subspan(row * columns, columns);
    for (int64_t begin = 0; begin < columns; begin += length) {
      const auto group = values.subspan(begin, std::min(length, columns - begin));
      out.scales.push_back(quant::scale_from_amax(amax_of(group), rule.scale));
      quantise(group, out.scales.back());
    }
  }
  return out;
}

}  // namespace wavefuzz::reference
