#include "fuzz/operators/relation.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "fuzz/case/image.h"

namespace wavefuzz {

void compare_elements(const std::string& relation, const Run& run, const TensorView& view,
                      const Run& related, const TensorView& related_view,
                      std::span<const ElementPair> pairs, std::span<const double> tolerance,
                      Judge& judge) {
  const ImageReader ours(run.outcome.written_to(view.buffer));
  const ImageReader theirs(related.outcome.written_to(related_view.buffer));
  const auto bits = [](const ImageReader& reader, const TensorView& v,
                       uint64_t element) -> std::optional<uint32_t> {
    const uint8_t* at = reader.at(v.offset_of(element), bytes_of(v.dtype));
    if (at == nullptr) return std::nullopt;
    return load_bits(v.dtype, at);
  };
  uint64_t different = 0;
  std::string first;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto a = bits(ours, view, pairs[i].element);
    const auto b = bits(theirs, related_view, pairs[i].other);
    if (!a || !b) continue;
    const double x = decode(view.dtype, *a);
    const double y = decode(related_view.dtype, *b);
    const bool agree = tolerance.empty() ? *a == *b
                                         : x == y || (std::isnan(x) && std::isnan(y)) ||
                                               std::abs(x - y) <= tolerance[i];
    if (agree || different++ != 0) continue;
    first = fmt::format("{} is {}, and {} of the related case is {}",
                        view.name_of(pairs[i].element), x, related_view.name_of(pairs[i].other), y);
    if (!tolerance.empty()) first += fmt::format(" (within {:.3g} would do)", tolerance[i]);
  }
  if (different == 0) return;
  if (different > 1) first += fmt::format("; {} elements in all", different);
  judge.finding({FindingKind::kRelation, view.field + "." + relation, relation + ": " + first});
}

std::vector<ElementPair> each_with_itself(const TensorView& view) {
  std::vector<ElementPair> pairs(view.size());
  for (uint64_t i = 0; i < pairs.size(); ++i) pairs[i] = {i, i};
  return pairs;
}

}  // namespace wavefuzz
