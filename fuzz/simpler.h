#ifndef WAVEFUZZ_FUZZ_SIMPLER_H_
#define WAVEFUZZ_FUZZ_SIMPLER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "fuzz/case.h"
#include "fuzz/data.h"

namespace wavefuzz {

/// The chunks [begin, end) whose removal shrinks a list of `size`: all, halves, quarters, ...,
/// single elements.
std::vector<std::pair<size_t, size_t>> chunks(size_t size);

/// `list` without the elements begin..end-1.
template <typename T>
std::vector<T> without(const std::vector<T>& list, size_t begin, size_t end) {
  std::vector<T> out(list.begin(), list.begin() + begin);
  out.insert(out.end(), list.begin() + end, list.end());
  return out;
}

/// Integers between `target` and `value`, the nearest to `target` first: target itself, then ever
/// smaller steps back from `value` (halves of the distance), down to one.
std::vector<int64_t> toward(int64_t value, int64_t target);

/// Ways to make a row plainer whose bits are now `bits`: no pattern, fewer set elements, plainer
/// values. Each does its work when applied.
std::vector<std::function<void(RowRecipe&)>> simpler_row(const RowRecipe& recipe, Dtype16 dtype,
                                                         const std::vector<uint16_t>& bits);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SIMPLER_H_
