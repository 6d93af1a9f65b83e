// The steps by which a failing case of the indexer's K writer becomes the smallest one: tokens
// first, then shape, then slots, then data. Each step makes one thing simpler and keeps the rest
// coherent.
#include <algorithm>

#include "fuzz/operators/indexer_k_writer.h"
#include "fuzz/simpler.h"

namespace wavefuzz {
namespace {

int64_t page_bytes(const Params& p) { return p.integer("page_size") * (p.integer("head_dim") + 4); }

/// The stride of a packed cache, rounded up to the alignment of a scale.
int64_t packed_stride(const Params& p) { return (page_bytes(p) + 3) / 4 * 4; }

/// Repairs what a step left behind: enough pages for the slots, strides no shorter than what they
/// step over, no set elements beyond the row.
Case coherent(Case c) {
  Params& p = c.params;
  const int64_t head_dim = p.integer("head_dim");
  int64_t last_slot = 0;
  for (const int64_t slot : c.integers.at("slot_mapping")) last_slot = std::max(last_slot, slot);
  p.set("pages", std::max(p.integer("pages"), last_slot / p.integer("page_size") + 1));
  p.set("page_stride", std::max(p.integer("page_stride"), packed_stride(p)));
  p.set("k_stride", std::max(p.integer("k_stride"), head_dim));
  for (RowRecipe& row : c.rows.at("k"))
    std::erase_if(row.set, [&](const auto& e) { return e.first >= head_dim; });
  return c;
}

void fewer_tokens(const Case& c, std::vector<Case>& out) {
  const std::vector<RowRecipe>& k = c.rows.at("k");
  const std::vector<int64_t>& slots = c.integers.at("slot_mapping");
  const size_t tokens = std::min(k.size(), slots.size());
  if (k.size() > tokens) {
    Case d = c;
    d.rows["k"].resize(tokens);
    out.push_back(d);
  }
  if (slots.size() > tokens) {
    Case d = c;
    d.integers["slot_mapping"].resize(tokens);
    out.push_back(d);
  }
  for (const auto& [begin, end] : chunks(tokens)) {
    Case d = c;
    d.rows["k"] = without(k, begin, end);
    d.integers["slot_mapping"] = without(slots, begin, end);
    out.push_back(d);
  }
}

void smaller_shape(const Case& c, std::vector<Case>& out) {
  const auto with = [&](const char* name, int64_t value) {
    Case d = c;
    d.params.set(name, value);
    out.push_back(coherent(d));
    return out.back();
  };
  const Params& p = c.params;
  // A smaller page or row in a packed cache keeps the cache packed.
  const bool packed = p.integer("page_stride") == packed_stride(p);
  const bool tight_rows = p.integer("k_stride") == p.integer("head_dim");
  for (const char* name : {"head_dim", "page_size"}) {
    const int64_t value = p.integer(name);
    std::vector<int64_t> steps = {1, 2, 4, 16, 32, 64, 128};
    for (const int64_t step : toward(value, 1)) steps.push_back(step);
    if (value > 16) steps.push_back(value - 16);
    for (const int64_t step : steps) {
      if (step >= value) continue;
      Case d = c;
      d.params.set(name, step);
      if (packed) d.params.set("page_stride", packed_stride(d.params));
      if (tight_rows) d.params.set("k_stride", d.params.integer("head_dim"));
      out.push_back(coherent(d));
    }
  }
  if (p.integer("page_stride") != packed_stride(p)) {
    for (const int64_t step : toward(p.integer("page_stride") / 4, packed_stride(p) / 4))
      with("page_stride", step * 4);
  }
  for (const int64_t step : toward(p.integer("k_stride"), p.integer("head_dim")))
    with("k_stride", step);
  for (const int64_t step : toward(p.integer("cache_offset"), 0))
    with("cache_offset", step / 4 * 4);
  for (const int64_t step : toward(p.integer("pages"), 1)) with("pages", step);
}

void plainer_choices(const Case& c, std::vector<Case>& out) {
  for (const auto& [name, plain] : {std::pair("layout", "normal"), std::pair("scale_fmt", "f32"),
                                    std::pair("cache_dtype", "e4m3fn")}) {
    if (c.params.text(name) == plain) continue;
    Case d = c;
    d.params.set(name, plain);
    out.push_back(d);
  }
  if (c.params.text("k_dtype") != "bf16") {
    Case d = c;
    d.params.set("k_dtype", "bf16");
    for (RowRecipe& row : d.rows.at("k")) {
      for (auto& [column, bits] : row.set)
        bits = encode16(Dtype16::kBf16, decode16(indexer::k_dtype(c), bits));
    }
    out.push_back(d);
  }
}

void smaller_slots(const Case& c, std::vector<Case>& out) {
  const std::vector<int64_t>& slots = c.integers.at("slot_mapping");
  const int64_t page_size = c.params.integer("page_size");
  for (size_t i = 0; i < slots.size(); ++i) {
    std::vector<int64_t> steps = {};
    if (slots[i] < -1) steps.push_back(-1);
    if (slots[i] > 0) {
      steps = toward(slots[i], 0);
      const int64_t page = slots[i] / page_size;
      const int64_t row = slots[i] % page_size;
      for (const int64_t step : toward(page, 0)) steps.push_back(step * page_size + row);
      for (const int64_t step : toward(row, 0)) steps.push_back(page * page_size + step);
    }
    for (const int64_t step : steps) {
      Case d = c;
      d.integers["slot_mapping"][i] = step;
      out.push_back(d);
    }
  }
}

void plainer_data(const Case& c, std::vector<Case>& out) {
  const std::vector<RowRecipe>& k = c.rows.at("k");
  for (size_t row = 0; row < k.size(); ++row) {
    for (const RowRecipe& simpler :
         simpler_rows(k[row], indexer::k_dtype(c), indexer::k_row(c, row))) {
      Case d = c;
      d.rows["k"][row] = simpler;
      out.push_back(d);
    }
  }
}

}  // namespace

std::vector<Case> IndexerKWriter::simpler(const Case& c) const {
  std::vector<Case> out;
  fewer_tokens(c, out);
  smaller_shape(c, out);
  plainer_choices(c, out);
  smaller_slots(c, out);
  plainer_data(c, out);
  std::erase(out, c);
  return out;
}

}  // namespace wavefuzz
