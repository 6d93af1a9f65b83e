// Which cases of the indexer's K writer are worth running. Every axis is biased to its boundaries:
// page and tile sizes +-1, strides that leave poisoned gaps, offsets on both sides of 2^31 and
// 2^32, slots in any order, shared or negative, rows whose values tie, vanish or are not numbers
// (bugs 12 to 19 of the historical ranking).
#include <algorithm>
#include <limits>

#include "fuzz/case/draw.h"
#include "fuzz/operators/claims.h"
#include "fuzz/operators/indexer_k_writer.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

constexpr int64_t kMostTokens = 12;

std::vector<int64_t> within(const Claim& claim, std::vector<int64_t> values, int64_t multiple_of) {
  std::erase_if(values, [&](int64_t v) { return !claim.has(v) || v % multiple_of != 0; });
  if (values.empty()) values.push_back((claim.min + multiple_of - 1) / multiple_of * multiple_of);
  return values;
}

int64_t draw_head_dim(Draw& draw, const Claim& claim, bool shuffle) {
  const int64_t step = shuffle ? 16 : 1;
  std::vector<int64_t> values = {128, 128, 64,  256, 192, 576, 16,  4,   12,  60,
                                 68,  124, 132, 252, 260, 48,  112, 144, 272, 512};
  if (!shuffle) values.insert(values.end(), {1, 2, 3, 63, 65, 127, 129});
  return draw.one_of(within(claim, values, step));
}

int64_t draw_page_size(Draw& draw, const Claim& claim, bool shuffle) {
  return draw.one_of(
      within(claim, {64, 64, 16, 32, 128, 48, 256, 1, 2, 3, 17, 53, 61}, shuffle ? 16 : 1));
}

/// Pages and their stride: packed, padded, or so far apart that page * stride crosses 2^31 or 2^32.
void draw_pages(Draw& draw, const Manifest& manifest, int64_t page_bytes, Params& params) {
  const int64_t packed = (page_bytes + 3) / 4 * 4;  // a scale is an f32: pages stay aligned to it
  int64_t pages = draw.in(1, 8);
  int64_t stride = packed;
  switch (draw.weighted<int>({{4, 0}, {3, 1}, {2, 2}, {1, 3}})) {
    case 0:
      break;
    case 1:
      stride += 4 * draw.one_of<int64_t>({1, 3, 4, 32, 64, 1024});
      break;
    case 2: {  // few pages, a huge stride
      const int64_t limit = int64_t{1} << draw.one_of<int64_t>({31, 32, 33});
      pages = draw.one_of<int64_t>({2, 3, 4, 5, 9});
      stride = std::max(packed, limit / (pages - 1) / 4 * 4 + 4 * draw.in(-1, 1));
      break;
    }
    case 3: {  // an ordinary stride, a huge page id
      const int64_t limit = int64_t{1} << draw.one_of<int64_t>({31, 32, 33});
      pages = limit / packed + draw.in(0, 2);
      break;
    }
  }
  params.set("pages", std::max<int64_t>(pages, 1));
  if (const auto claim = manifest.claims.find("page_stride"); claim != manifest.claims.end())
    stride = nearest(claim->second, stride);
  params.set("page_stride", stride);
}

int64_t draw_slot(Draw& draw, int64_t pages, int64_t page_size) {
  const int64_t page = draw.weighted<int64_t>({{2, draw.in(0, pages - 1)}, {1, 0}, {2, pages - 1}});
  const int64_t row =
      draw.weighted<int64_t>({{3, draw.in(0, page_size - 1)}, {1, 0}, {1, page_size - 1}});
  return page * page_size + row;
}

std::vector<int64_t> draw_slots(Draw& draw, int64_t count, int64_t pages, int64_t page_size) {
  std::vector<int64_t> slots;
  const bool sequential = draw.once_in(4);
  const int64_t first = draw_slot(draw, pages, page_size);
  for (int64_t i = 0; i < count; ++i) {
    if (draw.once_in(6)) {
      slots.push_back(draw.weighted<int64_t>({{8, -1}, {1, -2}, {1, -page_size}}));
    } else if (sequential) {
      slots.push_back((first + i) % (pages * page_size));
    } else if (!slots.empty() && draw.once_in(10)) {
      slots.push_back(draw.one_of(slots));  // shared with an earlier token
    } else {
      slots.push_back(draw_slot(draw, pages, page_size));
    }
  }
  return slots;
}

RowRecipe draw_row(Draw& draw, Dtype dtype, int64_t head_dim) {
  RowRecipe row;
  row.fill = draw.weighted<const char*>({{6, "normal"},
                                         {3, "halfway"},
                                         {3, "spike"},
                                         {2, "powers"},
                                         {2, "edge"},
                                         {1, "one"},
                                         {1, "zero"},
                                         {1, "bits"},
                                         {1, "any"}});
  // Rows differ in magnitude, so that a neighbour's scale is a wrong scale. The edges of the range
  // meet the floor of the scale (amax 1e-4 is about 2^-13), subnormals, and overflow.
  const int64_t range = dtype == Dtype::kBf16 ? 100 : 14;
  row.exponent = draw.weighted<int64_t>(
      {{5, draw.in(-10, 10)}, {2, draw.in(-16, -8)}, {1, draw.in(-range, range)}, {2, 0}});
  if (draw.once_in(8)) {
    const uint16_t infinity = dtype == Dtype::kBf16 ? 0x7F80 : 0x7C00;
    const uint16_t quiet_nan = dtype == Dtype::kBf16 ? 0x7FC0 : 0x7E00;
    const uint16_t sign = draw.once_in(2) ? 0x8000 : 0;
    row.set[static_cast<uint32_t>(draw.in(0, head_dim - 1))] =
        sign |
        draw.weighted<uint16_t>({{2, infinity}, {3, quiet_nan}, {1, infinity | 1}, {2, 0}, {1, 1}});
  }
  return row;
}

Case draw_case(Draw draw, const Manifest& manifest) {
  Case c;
  c.seed = static_cast<uint64_t>(draw.in(0, std::numeric_limits<uint32_t>::max()));
  for (const char* name : {"k_dtype", "cache_dtype", "layout", "scale_fmt"}) {
    c.params.set(name, draw.one_of(manifest.claims.at(name).choices));
  }
  const bool shuffle = c.params.text("layout") == "shuffle";
  const int64_t head_dim = draw_head_dim(draw, manifest.claims.at("head_dim"), shuffle);
  const int64_t page_size = draw_page_size(draw, manifest.claims.at("page_size"), shuffle);
  c.params.set("head_dim", head_dim);
  c.params.set("page_size", page_size);
  draw_pages(draw, manifest, page_size * (head_dim + 4), c.params);
  c.params.set("cache_offset",
               draw.weighted<int64_t>({{3, 0}, {1, 16}, {1, 4096}, {1, page_size * 4}}));
  c.params.set("k_stride", head_dim + draw.weighted<int64_t>({{3, 0}, {1, 1}, {1, 8}, {1, 64}}));

  const int64_t most = std::clamp<int64_t>(draw.size() / 8, 1, kMostTokens);
  const int64_t slots = draw.once_in(40) ? 0 : draw.in(1, most);
  c.integers["slot_mapping"] = draw_slots(draw, slots, c.params.integer("pages"), page_size);
  // Graph padding makes k longer than the slot mapping; the reverse happens when a caller trims k.
  const int64_t rows =
      std::max<int64_t>(0, slots + draw.weighted<int64_t>({{8, 0}, {2, draw.in(1, 3)}, {1, -1}}));
  std::vector<RowRecipe>& k = c.rows["k"];
  const Dtype dtype = parse_dtype16(c.params.text("k_dtype"));
  for (int64_t row = 0; row < rows; ++row) k.push_back(draw_row(draw, dtype, head_dim));
  return c;
}

}  // namespace

rc::Gen<Case> IndexerKWriter::domain(const Manifest& manifest) const {
  return domain_of(*this, [manifest](Draw draw) { return draw_case(std::move(draw), manifest); });
}

}  // namespace wavefuzz
