#include "fuzz/operators/simpler.h"

#include <cmath>
#include <iterator>

namespace wavefuzz {
namespace {

/// Plainer values to stand for one: 1, its power of two, its magnitude, half as far from 1.
std::vector<float> plainer(float value) {
  if (value == 0 || value == 1) return {};
  if (!std::isfinite(value)) return {1.0f};
  std::vector<float> out = {1.0f};
  const int exponent = std::ilogb(value);
  const float power = std::ldexp(1.0f, exponent);
  if (value < 0) out.push_back(-value);
  if (std::abs(value) != power) out.push_back(std::copysign(power, value));
  for (int e = exponent / 2; e != exponent;
       e += (exponent - e) / 2 != 0 ? (exponent - e) / 2 : exponent - e) {
    out.push_back(std::ldexp(value, e - exponent));
  }
  return out;
}

}  // namespace

std::vector<std::pair<size_t, size_t>> chunks(size_t size) {
  std::vector<std::pair<size_t, size_t>> out;
  for (size_t length = size; length != 0; length /= 2) {
    for (size_t begin = 0; begin + length <= size; begin += length)
      out.emplace_back(begin, begin + length);
  }
  return out;
}

std::vector<int64_t> toward(int64_t value, int64_t target) {
  std::vector<int64_t> out;
  for (int64_t step = value - target; step != 0; step /= 2) out.push_back(value - step);
  return out;
}

void lower(std::vector<Step>& steps, const Case& c, const std::string& name, int64_t target,
           int64_t unit, const Repair& repair) {
  const int64_t value = c.params.integer(name);
  for (const int64_t step : toward(value / unit, target / unit)) {
    const int64_t to = step * unit;
    if (to == value) continue;
    steps.push_back([name, to, repair](Case& d) {
      d.params.set(name, to);
      if (repair) repair(d);
    });
  }
}

void plainer_rows(std::vector<Step>& steps, const Case& c, const std::string& tensor, Dtype dtype,
                  uint32_t columns) {
  if (const auto special = c.special.find(tensor);
      special != c.special.end() && !special->second.empty()) {
    steps.push_back([tensor](Case& d) { d.special.erase(tensor); });
    for (const auto& [row, recipe] : special->second) {
      steps.push_back([tensor, row = row](Case& d) { d.special.at(tensor).erase(row); });
      for (auto& simpler : simpler_row(
               recipe, dtype, tensor_row(c, tensor, static_cast<uint64_t>(row), dtype, columns))) {
        steps.push_back([tensor, row = row, simpler = std::move(simpler)](Case& d) {
          simpler(d.special.at(tensor).at(row));
        });
      }
    }
  }
  const auto it = c.rows.find(tensor);
  if (it == c.rows.end()) return;
  const std::vector<RowRecipe>& rows = it->second;
  if (rows.size() > 1) {
    for (const auto& [begin, end] : chunks(rows.size())) {
      if (begin == 0 && end == rows.size()) continue;  // a tensor has at least one recipe
      steps.push_back([tensor, begin = begin, end = end](Case& d) {
        d.rows.at(tensor) = without(d.rows.at(tensor), begin, end);
      });
    }
  }
  for (size_t row = 0; row < rows.size(); ++row) {
    const std::vector<uint32_t> bits =
        fill_row(rows[row], dtype, fp8_of(dtype).value_or(quant::Fp8::kE4m3fn), columns,
                 {c.seed, tensor, row});
    if (rows[row].exponent != 0)
      steps.push_back([tensor, row](Case& d) { d.rows.at(tensor)[row].exponent = 0; });
    if (rows[row].fill != "one" && rows[row].fill != "zero")
      steps.push_back([tensor, row](Case& d) { d.rows.at(tensor)[row] = {"one", 0, {}}; });
    for (auto& simpler : simpler_row(rows[row], dtype, bits)) {
      steps.push_back([tensor, row, simpler = std::move(simpler)](Case& d) {
        simpler(d.rows.at(tensor)[row]);
      });
    }
  }
}

std::vector<std::function<void(RowRecipe&)>> simpler_row(const RowRecipe& recipe, Dtype dtype,
                                                         const std::vector<uint32_t>& bits) {
  std::vector<std::function<void(RowRecipe&)>> steps;
  if (recipe.fill != "zero") {
    steps.push_back([](RowRecipe& row) { row = {"zero", 0, row.set}; });
    // The same row spelled out, from which elements can then be dropped.
    steps.push_back([bits](RowRecipe& row) {
      row = {};
      for (uint32_t column = 0; column < bits.size(); ++column) {
        if (bits[column] != 0) row.set[column] = bits[column];
      }
    });
    return steps;
  }
  for (const auto& [begin, end] : chunks(recipe.set.size())) {
    steps.push_back([begin = begin, end = end](RowRecipe& row) {
      row.set.erase(std::next(row.set.begin(), static_cast<ptrdiff_t>(begin)),
                    std::next(row.set.begin(), static_cast<ptrdiff_t>(end)));
    });
  }
  for (const auto& [column, old] : recipe.set) {
    if (old == 0) continue;  // a set zero goes as a chunk of one
    for (const float value : plainer(decode(dtype, old))) {
      steps.push_back([column = column, plain = encode(dtype, value)](RowRecipe& row) {
        row.set[column] = plain;
      });
    }
  }
  if (recipe.set.size() == 1) {
    const auto [column, old] = *recipe.set.begin();
    for (const int64_t nearer : toward(column, 0)) {
      steps.push_back([nearer, old = old](RowRecipe& row) {
        row.set = {{static_cast<uint32_t>(nearer), old}};
      });
    }
  }
  return steps;
}

}  // namespace wavefuzz
