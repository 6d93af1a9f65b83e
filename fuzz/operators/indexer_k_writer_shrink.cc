// The steps by which a failing case of the indexer's K writer becomes the smallest one: tokens
// first, then shape, then slots, then data. Each makes one thing simpler and keeps the rest
// coherent.
#include <algorithm>

#include "fuzz/operators/indexer_k_writer.h"
#include "fuzz/operators/simpler.h"

namespace wavefuzz {
namespace {

int64_t page_bytes(const Params& p) { return p.integer("page_size") * (p.integer("head_dim") + 4); }

/// The stride of a packed cache, rounded up to the alignment of a scale.
int64_t packed_stride(const Params& p) { return (page_bytes(p) + 3) / 4 * 4; }

/// Repairs what a step left behind: enough pages for the slots, strides no shorter than what they
/// step over, no set elements beyond the row.
void make_coherent(Case& c) {
  Params& p = c.params;
  const int64_t head_dim = p.integer("head_dim");
  int64_t last_slot = 0;
  for (const int64_t slot : c.integers.at("slot_mapping")) last_slot = std::max(last_slot, slot);
  p.set("pages", std::max(p.integer("pages"), last_slot / p.integer("page_size") + 1));
  p.set("page_stride", std::max(p.integer("page_stride"), packed_stride(p)));
  p.set("k_stride", std::max(p.integer("k_stride"), head_dim));
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
  const Params& p = c.params;
  const int64_t packed = packed_stride(p);
  // A smaller page or row in a packed cache keeps the cache packed.
  const bool is_packed = p.integer("page_stride") == packed;
  const bool is_tight = p.integer("k_stride") == p.integer("head_dim");
  for (const char* name : {"head_dim", "page_size"}) {
    const int64_t value = p.integer(name);
    std::vector<int64_t> smaller = {1, 2, 4, 16, 32, 64, 128, value - 16};
    for (const int64_t step : toward(value, 1)) smaller.push_back(step);
    for (const int64_t to : smaller) {
      if (to < 1 || to >= value) continue;
      steps.push_back([name, to, is_packed, is_tight](Case& d) {
        d.params.set(name, to);
        if (is_packed) d.params.set("page_stride", packed_stride(d.params));
        if (is_tight) d.params.set("k_stride", d.params.integer("head_dim"));
        make_coherent(d);
      });
    }
  }
  const auto lower = [&](const char* name, int64_t target, int64_t unit) {
    for (const int64_t step : toward(p.integer(name) / unit, target / unit)) {
      steps.push_back([name, to = step * unit](Case& d) {
        d.params.set(name, to);
        make_coherent(d);
      });
    }
  };
  lower("page_stride", packed, 4);
  lower("k_stride", p.integer("head_dim"), 1);
  lower("cache_offset", 0, 4);
  lower("pages", 1, 1);
}

void plainer_choices(const Case& c, std::vector<Step>& steps) {
  steps.push_back([](Case& d) { d.seed = 0; });
  for (const auto& [name, plain] : {std::pair("layout", "normal"), std::pair("scale_fmt", "f32"),
                                    std::pair("cache_dtype", "e4m3fn")}) {
    steps.push_back([name = name, plain = plain](Case& d) { d.params.set(name, plain); });
  }
  const Dtype dtype = indexer::k_dtype(c);
  if (dtype == Dtype::kBf16) return;
  steps.push_back([dtype](Case& d) {
    d.params.set("k_dtype", "bf16");
    for (RowRecipe& row : d.rows.at("k")) {
      for (auto& [column, bits] : row.set) bits = encode(Dtype::kBf16, decode(dtype, bits));
    }
  });
}

void smaller_slots(const Case& c, std::vector<Step>& steps) {
  const std::vector<int64_t>& slots = c.integers.at("slot_mapping");
  const int64_t page_size = c.params.integer("page_size");
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
  plainer_choices(c, steps);
  smaller_slots(c, steps);
  plainer_data(c, steps);
  return steps;
}

std::vector<Axis> IndexerKWriter::axes(const Case& c) const {
  std::vector<Axis> axes;
  list_axes(axes, c, "slot", "slot_mapping", make_coherent);
  parameter_axes(axes, c, {"head_dim", "page_size", "page_stride"}, make_coherent);
  return axes;
}

}  // namespace wavefuzz
