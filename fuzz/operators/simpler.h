#ifndef WAVEFUZZ_FUZZ_OPERATORS_SIMPLER_H_
#define WAVEFUZZ_FUZZ_OPERATORS_SIMPLER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "fuzz/case/case.h"
#include "fuzz/case/data.h"

namespace wavefuzz {

/// Makes a case simpler in place.
using Step = std::function<void(Case&)>;

/// Makes a case coherent again after a step, such as strides no shorter than what they step over.
using Repair = std::function<void(Case&)>;

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

/// Steps that bring the integer parameter `name` to multiples of `unit` nearer to `target`.
void lower(std::vector<Step>& steps, const Case& c, const std::string& name, int64_t target,
           int64_t unit = 1, const Repair& repair = {});

/// A step that sets a parameter to its plain choice.
template <typename T>
void choose(std::vector<Step>& steps, const std::string& name, const T& plain,
            const Repair& repair = {}) {
  steps.push_back([name, plain, repair](Case& d) {
    d.params.set(name, plain);
    if (repair) repair(d);
  });
}

/// Steps that make the data of a tensor plainer whose rows have `columns` elements: fewer special
/// rows, fewer recipes, plainer ones.
void plainer_rows(std::vector<Step>& steps, const Case& c, const std::string& tensor, Dtype dtype,
                  uint32_t columns);

/// Ways to make a row plainer whose bits are now `bits`: no pattern, fewer set elements, plainer
/// values. Each does its work when applied.
std::vector<std::function<void(RowRecipe&)>> simpler_row(const RowRecipe& recipe, Dtype dtype,
                                                         const std::vector<uint32_t>& bits);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_SIMPLER_H_
