#include "fuzz/simpler.h"

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

std::vector<std::function<void(RowRecipe&)>> simpler_row(const RowRecipe& recipe, Dtype16 dtype,
                                                         const std::vector<uint16_t>& bits) {
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
    for (const float value : plainer(decode16(dtype, old))) {
      steps.push_back([column = column, plain = encode16(dtype, value)](RowRecipe& row) {
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
