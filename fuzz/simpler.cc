#include "fuzz/simpler.h"

#include <cmath>

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

std::vector<RowRecipe> simpler_rows(const RowRecipe& recipe, Dtype16 dtype,
                                    const std::vector<uint16_t>& bits) {
  std::vector<RowRecipe> out;
  if (recipe.fill != "zero") {
    out.push_back({"zero", 0, recipe.set});
    // The same row spelled out, from which elements can then be dropped.
    RowRecipe spelled;
    for (uint32_t column = 0; column < bits.size(); ++column) {
      if (bits[column] != 0) spelled.set[column] = bits[column];
    }
    out.push_back(spelled);
    return out;
  }
  const std::vector<std::pair<uint32_t, uint16_t>> set(recipe.set.begin(), recipe.set.end());
  for (const auto& [begin, end] : chunks(set.size())) {
    const auto rest = without(set, begin, end);
    out.push_back({recipe.fill, recipe.exponent, {rest.begin(), rest.end()}});
  }
  for (const auto& [column, old] : set) {
    if (old == 0) continue;  // a set zero goes as a chunk of one
    for (const float value : plainer(decode16(dtype, old))) {
      RowRecipe row = recipe;
      row.set[column] = encode16(dtype, value);
      if (row.set[column] != old) out.push_back(row);
    }
  }
  if (set.size() == 1 && set[0].first != 0) {
    for (const int64_t column : toward(set[0].first, 0)) {
      out.push_back(
          {recipe.fill, recipe.exponent, {{static_cast<uint32_t>(column), set[0].second}}});
    }
  }
  return out;
}

}  // namespace wavefuzz
