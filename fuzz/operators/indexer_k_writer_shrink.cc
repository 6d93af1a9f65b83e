// The steps by which a failing case of the indexer's K writer becomes the smallest one: tokens
// first, then shape, then slots, then data. Each makes one thing simpler and keeps the rest
// coherent.
#include <algorithm>

#include "fuzz/operators/indexer_k_writer.h"
#include "fuzz/operators/simpler.h"

namespace wavefuzz {
namespace {

using namespace indexer;

/// Repairs what a step left behind: enough pages for the slots, strides no shorter than what they
/// step over, no set elements beyond the row.
void make_coherent(Case& c) {
  kPages.set(c, std::max(kPages.of(c), pages_of_slots(c)));
  kPageStride.set(c, std::max(kPageStride.of(c), packed_stride(c)));
  const int64_t head_dim = kHeadDim.of(c);
  const int64_t k_stride = c.params.integer(kKStride.name);
  kKStride.set(c, std::max(k_stride, head_dim));
  for (RowRecipe& row : c.rows.at("k")) {
    std::erase_if(row.set, [&](const auto& element) { return element.first >= head_dim; });
  }
}

void fewer_tokens(const Case& c, std::vector<Step>& steps) {
  const size_t rows = c.rows.at("k").size();
  const size_t slots = c.integers.at("slot_mapping").size();
  const size_t tokens = std::min(rows, slots);
  if (rows != slots) {
    steps.push_back([tokens](Case& d) {
      d.rows.at("k").resize(tokens);
      d.integers.at("slot_mapping").resize(tokens);
    });
  }
  for (const auto& [begin, end] : chunks(tokens)) {
    steps.push_back([begin = begin, end = end](Case& d) {
      d.rows.at("k") = without(d.rows.at("k"), begin, end);
      d.integers.at("slot_mapping") = without(d.integers.at("slot_mapping"), begin, end);
    });
  }
}

void smaller_shape(const Case& c, std::vector<Step>& steps) {
  // A smaller page or row in a packed cache keeps the cache packed.
  const bool is_packed = kPageStride.of(c) == packed_stride(c);
  const bool is_tight = kKStride.of(c) == kHeadDim.of(c);
  for (const Integer* row : {&kHeadDim, &kPageSize}) {
    const int64_t value = row->of(c);
    std::vector<int64_t> smaller = {1, 2, 4, 16, 32, 64, 128, value - 16};
    for (const int64_t step : toward(value, 1)) smaller.push_back(step);
    for (const int64_t to : smaller) {
      if (to < 1 || to >= value) continue;
      steps.push_back([row, to, is_packed, is_tight](Case& d) {
        row->set(d, to);
        if (is_packed) kPageStride.set(d, packed_stride(d));
        if (is_tight) kKStride.set(d, kHeadDim.of(d));
        make_coherent(d);
      });
    }
  }
  lower(steps, c, kPageStride.name, packed_stride(c), 4, make_coherent);
  lower(steps, c, kCacheOffset.name, 0, 4, make_coherent);
}

void plainer_dtype(const Case& c, std::vector<Step>& steps) {
  steps.push_back([](Case& d) { d.seed = 0; });
  const Dtype dtype = k_dtype(c);
  if (dtype == Dtype::kBf16) return;
  steps.push_back([dtype](Case& d) {
    kKDtype.set(d, kKDtype.plain);
    for (RowRecipe& row : d.rows.at("k")) {
      for (auto& [column, bits] : row.set) bits = encode(Dtype::kBf16, decode(dtype, bits));
    }
  });
}

void smaller_slots(const Case& c, std::vector<Step>& steps) {
  const std::vector<int64_t>& slots = c.integers.at("slot_mapping");
  const int64_t page_size = kPageSize.of(c);
  for (size_t i = 0; i < slots.size(); ++i) {
    std::vector<int64_t> smaller;
    if (slots[i] < -1) smaller.push_back(-1);
    if (slots[i] > 0) {
      smaller = toward(slots[i], 0);
      const int64_t page = slots[i] / page_size;
      const int64_t row = slots[i] % page_size;
      for (const int64_t step : toward(page, 0)) smaller.push_back(step * page_size + row);
      for (const int64_t step : toward(row, 0)) smaller.push_back(page * page_size + step);
    }
    for (const int64_t to : smaller) {
      steps.push_back([i, to](Case& d) { d.integers.at("slot_mapping")[i] = to; });
    }
  }
}

void plainer_data(const Case& c, std::vector<Step>& steps) {
  const std::vector<RowRecipe>& k = c.rows.at("k");
  for (size_t row = 0; row < k.size(); ++row) {
    for (auto& simpler : simpler_row(k[row], indexer::k_dtype(c), indexer::k_row(c, row))) {
      steps.push_back(
          [row, simpler = std::move(simpler)](Case& d) { simpler(d.rows.at("k")[row]); });
    }
  }
}

}  // namespace

std::vector<Step> IndexerKWriter::simpler(const Case& c) const {
  std::vector<Step> steps;
  fewer_tokens(c, steps);
  smaller_shape(c, steps);
  table().simpler(steps, c, make_coherent);
  plainer_dtype(c, steps);
  smaller_slots(c, steps);
  plainer_data(c, steps);
  return steps;
}

std::vector<Axis> IndexerKWriter::axes(const Case& c) const {
  std::vector<Axis> axes;
  list_axes(axes, c, "slot", "slot_mapping", make_coherent);
  table().axes(axes, c, make_coherent);
  return axes;
}

}  // namespace wavefuzz
