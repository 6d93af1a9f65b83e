// Which cases of the indexer's K writer are worth running. Every axis is biased to its boundaries:
// page and tile sizes +-1, strides that leave poisoned gaps, offsets on both sides of 2^31 and
// 2^32, slots in any order, shared or negative, rows whose values tie, vanish or are not numbers
// (bugs 12 to 19 of the historical ranking).
#include <algorithm>
#include <limits>

#include "fuzz/case/draw.h"
#include "fuzz/operators/indexer_k_writer.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

constexpr int64_t kMostTokens = 12;

/// The usual values that the layout allows and the manifest claims.
int64_t draw_size(Draw& draw, const Manifest& manifest, Case& c, const Integer& row) {
  const int64_t step = indexer::kLayout.is(c, "shuffle") ? 16 : 1;
  const Claim& claim = *row.claim(manifest);
  std::vector<int64_t> values = row.usual;
  std::erase_if(values, [&](int64_t v) { return !claim.has(v) || v % step != 0; });
  if (values.empty()) values.push_back((claim.min + step - 1) / step * step);
  const int64_t value = draw.one_of(values);
  row.set(c, value);
  return value;
}

/// Pages and their stride: packed, padded, or so far apart that page * stride crosses 2^31 or 2^32.
void draw_pages(Draw& draw, const Manifest& manifest, Case& c) {
  const int64_t packed = indexer::packed_stride(c);
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
  indexer::kPages.set_inside(manifest, c, std::max<int64_t>(pages, 1));
  indexer::kPageStride.set_inside(manifest, c, stride);
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
  using namespace indexer;
  for (const Choice* choice : {&kKDtype, &kCacheDtype, &kLayout, &kScaleFmt})
    choice->draw(draw, manifest, c);
  const int64_t head_dim = draw_size(draw, manifest, c, kHeadDim);
  const int64_t page_size = draw_size(draw, manifest, c, kPageSize);
  draw_pages(draw, manifest, c);
  kCacheOffset.set_inside(manifest, c,
                          draw.weighted<int64_t>({{3, 0}, {1, 16}, {1, 4096}, {1, page_size * 4}}));
  kKStride.set_inside(manifest, c,
                      head_dim + draw.weighted<int64_t>({{3, 0}, {1, 1}, {1, 8}, {1, 64}}));

  const int64_t most = std::clamp<int64_t>(draw.size() / 8, 1, kMostTokens);
  const int64_t slots = draw.once_in(40) ? 0 : draw.in(1, most);
  c.integers["slot_mapping"] = draw_slots(draw, slots, kPages.of(c), page_size);
  // Graph padding makes k longer than the slot mapping; the reverse happens when a caller trims k.
  const int64_t rows =
      std::max<int64_t>(0, slots + draw.weighted<int64_t>({{8, 0}, {2, draw.in(1, 3)}, {1, -1}}));
  std::vector<RowRecipe>& k = c.rows["k"];
  const Dtype dtype = k_dtype(c);
  for (int64_t row = 0; row < rows; ++row) k.push_back(draw_row(draw, dtype, head_dim));
  kInputs.draw(draw, manifest, c);
  return c;
}

}  // namespace

Case IndexerKWriter::draw(Draw draw, const Manifest& manifest) const {
  return draw_case(std::move(draw), manifest);
}

}  // namespace wavefuzz
