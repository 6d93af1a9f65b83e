#include "reference/rms_norm.h"

#include <algorithm>
#include <cmath>

namespace wavefuzz::reference {

RmsNormRow rms_norm(std::span<const float> x, std::span<const float> weight,
                    const RmsNormRule& rule) {
  constexpr double kUnit = 0x1p-24;  // of f32: half an ulp of 1
  const auto columns = static_cast<double>(x.size());
  double squares = 0;
  for (const float value : x) squares += static_cast<double>(value) * value;
  const double inverse = 1 / std::sqrt(squares / columns + rule.epsilon);
  RmsNormRow row;
  double amax = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    row.quotient.push_back(x[i] * inverse * weight[i]);
    amax = std::max(amax, std::abs(row.quotient.back()));
  }
  row.scale = std::max(amax / rule.divisor, rule.floor);
  for (double& y : row.quotient) y = row.scale == 0 ? 0 : y / row.scale;
  // Half the relative error of the mean (n squares, n - 1 sums, the division and epsilon), 4 units
  // of the root's 2 ulp, two products.
  const double y_error = ((columns + 3) / 2 + 4 + 2) * kUnit;
  row.scale_error = y_error + kUnit;
  row.quotient_error = y_error + row.scale_error + 2 * kUnit;
  return row;
}

}  // namespace wavefuzz::reference
