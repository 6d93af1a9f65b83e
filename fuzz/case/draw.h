#ifndef WAVEFUZZ_FUZZ_CASE_DRAW_H_
#define WAVEFUZZ_FUZZ_CASE_DRAW_H_

#include <rapidcheck/Gen.h>
#include <rapidcheck/Random.h>
#include <rapidcheck/gen/Numeric.h>
#include <rapidcheck/gen/Select.h>
#include <rapidcheck/gen/Transform.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace wavefuzz {

/// Draws values from RapidCheck generators one after another, for what a tuple of generators cannot
/// say: ranges that depend on what was drawn before. RapidCheck's own way to do so (gen::exec)
/// keeps its state in globals and cannot be used from several threads at once; splitting the random
/// engine by hand can.
class Draw {
 public:
  Draw(const rc::Random& random, int size) : random_(random), size_(size) {}

  template <typename T>
  T from(const rc::Gen<T>& gen) {
    return gen(random_.split(), rc::kNominalSize).value();
  }

  /// Uniform in [low, high], both included.
  int64_t in(int64_t low, int64_t high) { return from(rc::gen::inRange<int64_t>(low, high + 1)); }

  template <typename T>
  T one_of(const std::vector<T>& values) {
    return from(rc::gen::elementOf(values));
  }

  /// A value with the odds of its weight.
  template <typename T>
  T weighted(std::initializer_list<std::pair<std::size_t, T>> choices) {
    return from(rc::gen::weightedElement<T>(choices));
  }

  /// True once in `n` times.
  bool once_in(int64_t n) { return in(1, n) == 1; }

  /// 0..100: how large a case is wanted. The first cases of a campaign are small.
  int size() const { return size_; }

 private:
  rc::Random random_;
  int size_;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CASE_DRAW_H_
