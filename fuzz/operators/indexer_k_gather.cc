#include "fuzz/operators/indexer_k_gather.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "fuzz/case/image.h"
#include "fuzz/operators/claims.h"
#include "fuzz/operators/indexer_draws.h"
#include "fuzz/operators/paging.h"
#include "fuzz/operators/tensors.h"
#include "gpu/error.h"
#include "quant/fp8_text.h"
#include "reference/indexer_cache.h"

namespace wavefuzz {
namespace {

constexpr int64_t kColumnsApart = int64_t{1} << 20;
constexpr uint64_t kMostCacheBytes = uint64_t{1} << 42;

int64_t packed_stride(const Case& c);
int64_t table_columns(const Case& c);

const Integer kHeadDim = {.name = "head_dim",
                          .meaning = "values of a token",
                          .min = 1,
                          .max = 1 << 16,
                          .plain = 1,
                          .usual = {128, 128, 64, 32, 16, 192, 576, 1, 4, 60, 68},
                          .axis = true,
                          .shrinks = false};  // with the stride of packed pages: simpler()
const Integer kPageSize = {.name = "page_size",
                           .meaning = "tokens of a page",
                           .min = 1,
                           .max = 1 << 20,
                           .plain = 1,
                           .usual = {64, 64, 16, 32, 1, 2, 3, 17},
                           .axis = true,
                           .shrinks = false};
const Integer kGroups = {.name = "groups",
                         .meaning = "scales of a token",
                         .min = 1,
                         .max = 1 << 10,
                         .plain = 1,
                         .axis = true,
                         .shrinks = false};
const Choice kLayout = {.name = "layout",
                        .meaning = "of the codes of a page",
                        .choices = {"normal", "shuffle"},
                        .plain = "normal",
                        .unclaimed = Unclaimed::kPlain,
                        .shrinks = false};
const Choice kDtype = {.name = "dtype",
                       .meaning = "of the codes, which are copied",
                       .choices = {"e4m3fn", "e4m3fnuz"},
                       .plain = "e4m3fn",
                       .unclaimed = Unclaimed::kPlain};
const Integer kPageStride = {.name = "page_stride",
                             .meaning = "bytes from one page to the next",
                             .min = 1,
                             .plain = packed_stride,
                             .axis = true,
                             .unclaimed = Unclaimed::kAny,
                             .shrinks = false};  // by whole scales
const Integer kKStride = {.name = "k_stride",
                          .meaning = "bytes from a row of dst_k to the next",
                          .max = int64_t{1} << 32,
                          .plain = [](const Case& c) { return kHeadDim.of(c); },
                          .unclaimed = Unclaimed::kAny,
                          .least = [](const Case& c) { return kHeadDim.of(c); }};
const Integer kTableWidth = {.name = "table_width",
                             .meaning = "entries of a row of the table that count",
                             .max = 1 << 20,
                             .plain = table_columns,
                             .unclaimed = Unclaimed::kAny,
                             .shrinks = false};
const Integer kTableStride = {
    .name = "table_stride",
    .meaning = "entries from a row of the table to the next",
    .max = 1 << 24,
    .plain = table_columns,
    .axis = true,
    .unclaimed = Unclaimed::kAny,
    .least = [](const Case& c) { return std::max(table_columns(c), kTableWidth.of(c)); }};
const Choice kEntries = {.name = "entries",
                         .meaning =
                             "valid: the table names a page of the cache everywhere, for "
                             "kernels that promise nothing of others",
                         .choices = {"any", "valid"},
                         .plain = "any",
                         .unclaimed = Unclaimed::kPlain,
                         .shrinks = false};
const ParameterTable kTable = {kHeadDim,    kPageSize, kGroups,     kLayout,      kDtype,
                               kPageStride, kKStride,  kTableWidth, kTableStride, kFirstPage,
                               kPageOrder,  kPageStep, kEntries};

reference::IndexerCache cache_of(const Case& c) {
  reference::IndexerCache cache;
  cache.page = {static_cast<uint32_t>(kPageSize.of(c)), static_cast<uint32_t>(kHeadDim.of(c)),
                kLayout.is(c, "shuffle") ? quant::PageLayout::kShuffle : quant::PageLayout::kNormal,
                static_cast<uint32_t>(kGroups.of(c))};
  cache.page_stride = static_cast<uint64_t>(kPageStride.of(c));
  if (!cache.page.valid() || cache.page_stride < cache.page.bytes()) {
    throw Error(Exit::kUsage, fmt::format("layout '{}' does not exist for page_size {}, head_dim "
                                          "{}, groups {} with a stride of {} bytes",
                                          kLayout.of(c), cache.page.page_size, cache.page.head_dim,
                                          cache.page.groups, cache.page_stride));
  }
  return cache;
}

const std::vector<int64_t>& lengths_of(const Case& c) {
  const auto it = c.integers.find("lengths");
  if (it == c.integers.end() || it->second.empty())
    throw Error(Exit::kUsage, "tensor 'lengths' must have an entry for each sequence");
  for (const int64_t length : it->second) {
    if (length < 0 || length > kColumnsApart)
      throw Error(Exit::kUsage, fmt::format("tensor 'lengths' has {}, not 0..2^20", length));
  }
  return it->second;
}

int64_t token_count(const Case& c) {
  const auto& lengths = lengths_of(c);
  return std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
}

int64_t pages_of(const Case& c, int64_t length) {
  const int64_t page_size = kPageSize.of(c);
  return (length + page_size - 1) / page_size;
}

int64_t widest(const Case& c) {
  int64_t columns = 0;
  for (const int64_t length : lengths_of(c)) columns = std::max(columns, pages_of(c, length));
  return columns;
}

int64_t table_columns(const Case& c) { return widest(c); }

/// Bytes of a page, up to the alignment of a scale.
int64_t packed_stride(const Case& c) {
  return (kPageSize.of(c) * (kHeadDim.of(c) + 4 * kGroups.of(c)) + 3) / 4 * 4;
}

/// The table's rows, as wide as the sequence has pages; -1 where an entry is bad.
std::vector<std::vector<int64_t>> table_of(const Case& c) {
  uint64_t count = 0;
  for (const int64_t length : lengths_of(c)) count += static_cast<uint64_t>(pages_of(c, length));
  const std::vector<int64_t> ids = page_ids(c, count);
  auto next = ids.begin();
  std::vector<std::vector<int64_t>> table;
  for (const int64_t length : lengths_of(c)) {
    table.emplace_back();
    for (int64_t p = 0; p < pages_of(c, length); ++p) table.back().push_back(*next++);
  }
  const auto bad = c.integers.find("bad");
  if (bad != c.integers.end() && kEntries.is(c, "any")) {
    for (const int64_t entry : bad->second) {
      const auto sequence = static_cast<size_t>(entry / kColumnsApart);
      const auto column = static_cast<size_t>(entry % kColumnsApart);
      if (entry >= 0 && sequence < table.size() && column < table[sequence].size())
        table[sequence][column] = -1;
    }
  }
  return table;
}

int64_t page_count(const Case& c) {
  int64_t last = 0;
  for (const auto& row : table_of(c)) {
    for (const int64_t id : row) last = std::max(last, id);
  }
  return last + 1;
}

Dtype dtype_of_case(const Case& c) { return parse_dtype(kDtype.of(c)); }

Buffer cache_buffer(const Case& c) {
  const reference::IndexerCache cache = cache_of(c);
  const Dtype dtype = dtype_of_case(c);
  const int64_t page_size = cache.page.page_size;
  ImageBuilder image;
  const auto table = table_of(c);
  uint64_t row = 0;
  for (size_t s = 0; s < table.size(); ++s) {
    for (int64_t p = 0; p < lengths_of(c)[s]; ++p, ++row) {
      const int64_t id = table[s][p / page_size];
      if (id < 0) continue;
      const int64_t slot = id * page_size + p % page_size;
      const auto codes = pack(dtype, tensor_row(c, "kv", row, dtype, cache.page.head_dim));
      for (uint32_t d = 0; d < cache.page.head_dim; ++d)
        image.put(cache.value_offset(slot, d), std::span(codes).subspan(d, 1));
      image.put(cache.scale_offset(slot),
                pack(Dtype::kF32, tensor_row(c, "kv_scale", row, Dtype::kF32, cache.page.groups)));
    }
  }
  const auto pages = static_cast<uint64_t>(page_count(c));
  if (pages > kMostCacheBytes / cache.page_stride)
    throw Error(Exit::kUsage, "the cache is larger than 2^42 bytes");
  return {.name = "kv_cache",
          .bytes = (pages - 1) * cache.page_stride + cache.page.bytes(),
          .access = Access::kRead,
          .contents = image.take()};
}

}  // namespace

const ParameterTable& IndexerKGather::table() const { return kTable; }

Params IndexerKGather::launch_params(const Case& c) const {
  Params params = c.params;
  params.set("tokens", token_count(c));
  params.set("sequences", static_cast<int64_t>(lengths_of(c).size()));
  params.set("pages", page_count(c));
  return params;
}

std::vector<Buffer> IndexerKGather::buffers(const Case& c) const {
  const reference::IndexerCache cache = cache_of(c);
  const auto table = table_of(c);
  const int64_t stride = kTableStride.of(c);
  const int64_t k_stride = kKStride.of(c);
  ImageBuilder entries;
  for (size_t s = 0; s < table.size(); ++s) {
    for (const int64_t id : table[s]) {
      if (id != static_cast<int32_t>(id))
        throw Error(Exit::kUsage, fmt::format("page id {} does not fit a block table", id));
    }
    entries.put(s * static_cast<uint64_t>(stride) * sizeof(int32_t), pack_i32(table[s]));
  }
  std::vector<uint32_t> sums = {0};
  for (const int64_t length : lengths_of(c))
    sums.push_back(sums.back() + static_cast<uint32_t>(length));
  const auto tokens = static_cast<uint64_t>(token_count(c));
  return {
      cache_buffer(c),
      {.name = "block_table",
       .bytes = table.size() * static_cast<uint64_t>(stride) * sizeof(int32_t),
       .access = Access::kRead,
       .contents = entries.take()},
      {.name = "cu_seq_lens",
       .bytes = sums.size() * sizeof(int32_t),
       .access = Access::kRead,
       .contents = {{0, pack_i32(sums)}}},
      {.name = "dst_k",
       .bytes =
           tokens == 0 ? 0 : (tokens - 1) * static_cast<uint64_t>(k_stride) + cache.page.head_dim,
       .access = Access::kWrite},
      {.name = "dst_scale",
       .bytes = tokens * cache.page.groups * sizeof(float),
       .access = Access::kWrite}};
}

void IndexerKGather::judge(const Run& run, Judge& judge) const {
  const Case& c = run.c;
  const reference::IndexerCache cache = cache_of(c);
  const int64_t page_size = cache.page.page_size;
  const auto table = table_of(c);
  const ImageReader image(run.buffers.front());
  const auto table_width = kTableWidth.of(c);
  // The reference reads a cache whose pages lie side by side: page i is the i-th that is used.
  reference::IndexerCache packed = cache;
  packed.page_stride = cache.page.bytes();
  std::vector<uint8_t> bytes;
  std::vector<int32_t> ids;
  std::vector<int32_t> sums = {0};
  const auto width = static_cast<uint64_t>(std::max<int64_t>(widest(c), 1));
  int32_t used = 0;
  for (size_t s = 0; s < table.size(); ++s) {
    sums.push_back(sums.back() + static_cast<int32_t>(lengths_of(c)[s]));
    for (uint64_t p = 0; p < width; ++p) {
      const bool there =
          p < table[s].size() && static_cast<int64_t>(p) < table_width && table[s][p] >= 0;
      ids.push_back(there ? used : -1);
      if (!there) continue;
      for (uint64_t at = 0; at < cache.page.bytes(); ++at) {
        const uint8_t* byte =
            image.at(static_cast<uint64_t>(table[s][p]) * cache.page_stride + at, 1);
        bytes.push_back(byte == nullptr ? 0 : *byte);
      }
      ++used;
    }
  }
  const auto rows = reference::indexer_gather(bytes, packed,
                                              {.block_table = ids,
                                               .table_stride = width,
                                               .table_width = width,
                                               .cu_seq_lens = sums,
                                               .pages = used});

  Expectation codes = {.buffer = "dst_k", .units = {}};
  Expectation scales = {.buffer = "dst_scale", .units = {}};
  std::vector<size_t> token_of;
  const auto k_stride = static_cast<uint64_t>(kKStride.of(c));
  bool any = false;
  for (size_t token = 0; token < rows.size(); ++token) {
    ExpectedUnit unit;
    for (uint32_t g = 0; g < cache.page.groups; ++g) {
      for (uint64_t i = 0; i < sizeof(float); ++i)
        unit.offsets.push_back((token * cache.page.groups + g) * sizeof(float) + i);
    }
    std::vector<uint32_t> bits;
    for (const float scale : rows[token].scales) bits.push_back(encode(Dtype::kF32, scale));
    unit.alternatives.push_back(pack(Dtype::kF32, bits));
    scales.units.push_back(std::move(unit));
    if (!rows[token].valid) continue;
    any = true;
    ExpectedUnit row;
    for (uint32_t d = 0; d < cache.page.head_dim; ++d) row.offsets.push_back(token * k_stride + d);
    row.alternatives.push_back(rows[token].codes);
    codes.units.push_back(std::move(row));
    token_of.push_back(token);
  }
  const auto where = [&](size_t token) {
    size_t s = 0;
    while (static_cast<size_t>(sums[s + 1]) <= token) ++s;
    const int64_t position = static_cast<int64_t>(token) - sums[s];
    return fmt::format("token {} (sequence {}, position {}, page {})", token, s, position,
                       table[s][position / page_size]);
  };
  judge.exact(scales, [&](size_t token, size_t index, const auto& want, const auto& got) {
    const size_t at = index / sizeof(float) * sizeof(float);
    return ByteDescription{"", fmt::format("scale of {}: expected {}, got {}", where(token),
                                           decode(Dtype::kF32, load_bits(Dtype::kF32, &want[at])),
                                           decode(Dtype::kF32, load_bits(Dtype::kF32, &got[at])))};
  });
  judge.exact(codes, [&](size_t unit, size_t d, const auto& want, const auto& got) {
    return ByteDescription{"", fmt::format("code {} of {}: expected {:#04x}, got {:#04x}", d,
                                           where(token_of[unit]), want[d], got[d])};
  });
  if (!any) judge.weak("zeros would pass too");
}

OperatorPage IndexerKGather::page() const {
  return {
      .name = name(),
      .summary =
          "Gathers the indexer's FP8 keys and their scales from pages into rows, for prefill.",
      .semantics =
          {"token i belongs to the sequence r with cu_seq_lens[r] <= i < cu_seq_lens[r + 1]; "
           "its position p = i - cu_seq_lens[r] lies on page block_table[r][p / page_size]",
           "a position past table_width, or an id outside 0..pages-1: scale 0, codes "
           "untouched"},
      .buffers = {{"kv_cache", "bytes", "as indexer_k_quant_and_cache's, groups scales a token",
                   "in"},
                  {"block_table", "i32", "[sequences, table_stride]", "in"},
                  {"cu_seq_lens", "i32", "[sequences + 1]", "in"},
                  {"dst_k", "dtype", "[tokens, head_dim], row stride k_stride", "out"},
                  {"dst_scale", "f32", "[tokens, groups]", "out"}},
      .parameters = kTable.entries(),
      .derived = {{"tokens", "of all sequences"},
                  {"sequences", "entries of lengths"},
                  {"pages", "pages of the cache"}},
      .numerics = {},
      .relations = {},
      .unspecified = {},
      .presets =
          {"vLLM's guarded Triton form of cp_gather_indexer_k_quant_cache; AITER's and vLLM's "
           "C++ forms where the table names every page"},
  };
}

std::string IndexerKGather::summary(const Case& c) const {
  std::string bad;
  if (const auto it = c.integers.find("bad"); it != c.integers.end() && kEntries.is(c, "any")) {
    for (const int64_t entry : it->second) {
      bad += fmt::format("{}sequence {} page {}", bad.empty() ? ", no page at " : ", ",
                         entry / kColumnsApart, entry % kColumnsApart);
    }
  }
  return fmt::format(
      "sequences of [{}] tokens, pages of {} ({}), head_dim {}, page_stride {}, "
      "table {} of {}, first page {}, step {}{}",
      fmt::join(lengths_of(c), ", "), kPageSize.of(c), kLayout.of(c), kHeadDim.of(c),
      kPageStride.of(c), kTableWidth.of(c), kTableStride.of(c), kFirstPage.of(c), kPageStep.of(c),
      bad);
}

namespace {

void repair(Case& c) {
  kTable.repair(c);
  kPageStride.set(c, std::max(kPageStride.of(c), packed_stride(c)));
}

Case draw_case(Draw draw, const Manifest& manifest) {
  Case c;
  c.seed = static_cast<uint64_t>(draw.in(0, std::numeric_limits<uint32_t>::max()));
  kLayout.draw(draw, manifest, c);
  kDtype.draw(draw, manifest, c);
  const auto pick = [&](const Integer& row) {
    std::vector<int64_t> values = row.usual;
    if (kLayout.is(c, "shuffle")) std::erase_if(values, [](int64_t v) { return v % 16 != 0; });
    return row.draw(draw, manifest, c, values);
  };
  const int64_t head_dim = pick(kHeadDim);
  const int64_t page_size = pick(kPageSize);
  const bool two = head_dim % 2 == 0 && draw.once_in(4);
  kGroups.set_inside(manifest, c, two && kGroups.claim(manifest)->max > 1 ? 2 : 1);
  std::vector<int64_t>& lengths = c.integers["lengths"];
  const int64_t sequences = draw.in(1, 4);
  for (int64_t s = 0; s < sequences; ++s) lengths.push_back(draw_context(draw, page_size, 1, 60));
  int64_t pages = 0;
  for (const int64_t length : lengths) pages += (length + page_size - 1) / page_size;
  const int64_t packed = packed_stride(c);
  int64_t stride = packed, first = 0, step = 1;
  switch (draw.weighted<int>({{3, 0}, {3, 1}, {2, 2}, {2, 3}})) {
    case 0:
      break;
    case 1:
      stride += 4 * draw.one_of<int64_t>({1, 3, 32, 1024});
      first = draw.in(0, 3);
      step = draw.in(1, 3);
      break;
    case 2:
      stride = std::max(packed,
                        (int64_t{1} << draw.in(31, 33)) / std::max<int64_t>(pages - 1, 1) / 4 * 4);
      break;
    default:
      first = std::min((int64_t{1} << draw.in(31, 32)) / packed + draw.in(-1, 1), int64_t{1} << 30);
      break;
  }
  kPageStride.set_inside(manifest, c, stride);
  kFirstPage.set_inside(manifest, c, first);
  kPageStep.set_inside(manifest, c, step);
  kPageOrder.draw(draw, manifest, c, {{2, "sequential"}, {2, "shuffled"}, {1, "reversed"}});
  kKStride.set_inside(manifest, c, head_dim + draw.weighted<int64_t>({{2, 0}, {1, 1}, {1, 64}}));
  const int64_t columns = widest(c);
  kTableWidth.set_inside(manifest, c, std::max<int64_t>(0, columns - (draw.once_in(5) ? 1 : 0)));
  kTableStride.set_inside(manifest, c, columns + draw.weighted<int64_t>({{1, 0}, {1, 1}, {1, 5}}));
  if (draw.once_in(3) && columns > 0) {
    for (int64_t i = 0; i < draw.in(1, 2); ++i)
      c.integers["bad"].push_back(draw.in(0, sequences - 1) * kColumnsApart +
                                  draw.in(0, columns - 1));
  }
  c.rows["kv"] = {{"any", 0, {}}};
  c.rows["kv_scale"] = {{"spread", draw.in(-10, 10), {}}};
  kEntries.draw(draw, manifest, c);
  if (kEntries.is(c, "valid")) {
    c.integers.erase("bad");
    kTableWidth.set(c, std::max(kTableWidth.of(c), columns));
    repair(c);
  }
  return c;
}

}  // namespace

Case IndexerKGather::draw(Draw draw, const Manifest& manifest) const {
  return draw_case(std::move(draw), manifest);
}

std::vector<Step> IndexerKGather::simpler(const Case& c) const {
  std::vector<Step> steps;
  const auto& lengths = lengths_of(c);
  for (size_t s = 0; lengths.size() > 1 && s < lengths.size(); ++s) {
    steps.push_back([s](Case& d) {
      d.integers.at("lengths") = without(d.integers.at("lengths"), s, s + 1);
      repair(d);
    });
  }
  for (size_t s = 0; s < lengths.size(); ++s) {
    for (const int64_t to : toward(lengths[s], 0)) {
      steps.push_back([s, to](Case& d) {
        d.integers.at("lengths")[s] = to;
        repair(d);
      });
    }
  }
  if (const auto bad = c.integers.find("bad"); bad != c.integers.end()) {
    steps.push_back([](Case& d) { d.integers.erase("bad"); });
    for (size_t i = 0; i < bad->second.size(); ++i) {
      steps.push_back(
          [i](Case& d) { d.integers.at("bad") = without(d.integers.at("bad"), i, i + 1); });
      for (const int64_t to : toward(bad->second[i], 0))
        steps.push_back([i, to](Case& d) { d.integers.at("bad")[i] = to; });
    }
  }
  const bool packed = kPageStride.of(c) == packed_stride(c);
  const Repair shape = [packed](Case& d) {
    if (packed) kPageStride.set(d, packed_stride(d));
    repair(d);
  };
  for (const Integer* row : {&kHeadDim, &kPageSize}) {
    for (const int64_t to : {1, 2, 4, 16, 32, 64}) {
      if (to < row->of(c)) choose(steps, row->name, int64_t{to}, shape);
    }
  }
  choose(steps, kGroups.name, int64_t{1}, shape);
  choose(steps, kLayout.name, kLayout.plain, shape);
  lower(steps, c, kPageStride.name, packed_stride(c), 4, repair);
  kTable.simpler(steps, c, repair);
  steps.push_back([](Case& d) { d.seed = 0; });
  plainer_rows(steps, c, "kv", dtype_of_case(c), static_cast<uint32_t>(kHeadDim.of(c)));
  plainer_rows(steps, c, "kv_scale", Dtype::kF32, static_cast<uint32_t>(kGroups.of(c)));
  return steps;
}

std::vector<Axis> IndexerKGather::axes(const Case& c) const {
  std::vector<Axis> axes;
  list_axes(axes, c, "length", "lengths", repair);
  count_axis(axes, c, "batch", {"lengths"}, repair);
  kTable.axes(axes, c, repair);
  return axes;
}

}  // namespace wavefuzz
