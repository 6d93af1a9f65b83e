#include "fuzz/judge/gates.h"

#include <algorithm>
#include <cmath>

namespace wavefuzz {
namespace {

void record(std::map<std::string, bool>& passes, const char* gate, bool pass) {
  const auto [it, is_new] = passes.emplace(gate, pass);
  it->second = it->second && pass;
}

bool close(double got, double expected, double tolerance) {
  return std::abs(got - expected) <= tolerance + tolerance * std::abs(expected);  // NaN: not close
}

}  // namespace

void evaluate_gates(std::span<const double> expected, std::span<const double> got, size_t columns,
                    std::map<std::string, bool>& passes, GateFigures& figures) {
  size_t compared = 0, off_aiter = 0, off_allclose = 0;
  double xy = 0, xx = 0, yy = 0;
  double cosine_sum = 0, cosine_min = 1, cosine_max = -1;
  size_t rows = 0;
  for (size_t begin = 0; begin < expected.size(); begin += columns) {
    double row_xy = 0, row_xx = 0, row_yy = 0;
    bool any = false;
    for (size_t i = begin; i < std::min(begin + columns, expected.size()); ++i) {
      if (!std::isfinite(expected[i])) continue;
      any = true;
      ++compared;
      off_aiter += !close(got[i], expected[i], 1e-2);
      off_allclose += !close(got[i], expected[i], 2e-2);
      row_xy += got[i] * expected[i];
      row_xx += got[i] * got[i];
      row_yy += expected[i] * expected[i];
    }
    if (!any) continue;
    xy += row_xy;
    xx += row_xx;
    yy += row_yy;
    const double norm = std::sqrt(row_xx) * std::sqrt(row_yy);
    const double cosine = norm == 0 ? (row_xx == row_yy ? 1 : 0) : row_xy / norm;  // NaN stays NaN
    ++rows;
    cosine_sum += cosine;
    if (!(cosine >= cosine_min)) cosine_min = cosine;
    if (cosine > cosine_max) cosine_max = cosine;
  }
  const double diff = xx + yy == 0 ? 0 : 1 - 2 * xy / (xx + yy);
  record(passes, "aiter", static_cast<double>(off_aiter) <= 0.05 * static_cast<double>(compared));
  record(passes, "allclose", off_allclose == 0);
  record(passes, "cosine",
         rows == 0 || (cosine_sum / static_cast<double>(rows) > 0.999 && cosine_min > 0.99));
  if (rows != 0) {  // of several outputs, the worst
    const double mean = cosine_sum / static_cast<double>(rows);
    GateFigures::Cosine& worst = figures.cosine ? *figures.cosine : figures.cosine.emplace();
    const auto take = [](double& to, double value) {
      if (!(value >= to)) to = value;  // NaN is the worst of all
    };
    take(worst.min, std::isnan(mean) ? mean : cosine_min);
    take(worst.mean, mean);
    take(worst.max, cosine_max);
  }
  record(passes, "calc_diff", diff < 1e-3);
  record(passes, "calc_diff_tight", diff < 5e-6);
}

void evaluate_overlap_gate(double overlap, std::map<std::string, bool>& passes,
                           GateFigures& figures) {
  if (!figures.overlap || overlap < *figures.overlap) figures.overlap = overlap;
  record(passes, "top_k_overlap", overlap >= 0.99);
}

}  // namespace wavefuzz
