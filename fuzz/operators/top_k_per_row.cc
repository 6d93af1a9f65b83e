#include "fuzz/operators/top_k_per_row.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "fuzz/case/image.h"
#include "fuzz/case/plural.h"
#include "fuzz/operators/claims.h"
#include "fuzz/operators/parameter.h"
#include "fuzz/operators/tensors.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

constexpr size_t kMostFindings = 4;

int64_t widest_row(const Case& c);

const Integer kBatch = {.name = "batch",
                        .meaning = "requests",
                        .min = 1,
                        .max = 1 << 20,
                        .plain = 1,
                        .usual = {1, 2, 3},
                        .axis = true};
const Integer kNextN = {.name = "next_n",
                        .meaning = "rows of each request",
                        .min = 1,
                        .max = 64,
                        .plain = 1,
                        .usual = {1, 1, 2, 3, 5},
                        .axis = true};
const Integer kK = {.name = "k",
                    .meaning = "indices of a row",
                    .min = 1,
                    .max = 1 << 20,
                    .plain = 1,
                    .usual = {1, 2, 3, 16, 64, 100, 255, 256, 257, 300, 512, 600, 1024, 2048},
                    .axis = true,
                    .shrinks = false};  // behind the lengths: simpler()
const Choice kForm = {.name = "form",
                      .meaning = "how lengths and starts give a row's columns",
                      .choices = {"decode_1d", "decode_2d", "prefill"},
                      .plain = "decode_1d"};
const Choice kUnowned = {.name = "unowned",
                         .meaning = "what lies outside a row's columns",
                         .choices = {"poison", "nan", "huge"},
                         .plain = "poison",
                         .unclaimed = Unclaimed::kAny};
const Integer kLogitsStride = {.name = "logits_stride",
                               .meaning = "elements from a row of logits to the next",
                               .max = int64_t{1} << 32,
                               .plain = widest_row,
                               .unclaimed = Unclaimed::kAny,
                               .least = widest_row};
const Integer kIndicesStride = {.name = "indices_stride",
                                .meaning = "elements from a row of indices to the next",
                                .max = int64_t{1} << 32,
                                .plain = [](const Case& c) { return kK.of(c); },
                                .unclaimed = Unclaimed::kAny,
                                .least = [](const Case& c) { return kK.of(c); }};
const ParameterTable kTable = {kForm, kK, kNextN, kBatch, kUnowned, kLogitsStride, kIndicesStride};

reference::TopKForm form_of(const Case& c) { return *reference::parse_top_k_form(kForm.of(c)); }

int64_t row_count(const Case& c) { return kBatch.of(c) * kNextN.of(c); }

reference::TopKColumns columns_of(const Case& c, int64_t row) {
  const reference::TopKForm form = form_of(c);
  const auto rows = static_cast<size_t>(row_count(c));
  const bool one = form == reference::TopKForm::kDecode1d;
  const auto& lengths = integers_of(c, "lengths", one ? static_cast<size_t>(kBatch.of(c)) : rows);
  const std::vector<int64_t> none;
  const auto& starts =
      form == reference::TopKForm::kPrefill ? integers_of(c, "starts", rows) : none;
  const auto columns = reference::top_k_columns(form, lengths, starts, kNextN.of(c), row);
  if (columns.begin < 0 || columns.end > 1 << 24)
    throw Error(Exit::kUsage,
                fmt::format("row {} has the columns {}..{}", row, columns.begin, columns.end));
  return columns;
}

int64_t widest_row(const Case& c) {
  int64_t widest = 0;
  for (int64_t row = 0; row < row_count(c); ++row)
    widest = std::max(widest, columns_of(c, row).end);
  return widest;
}

/// Logits of the row's columns, from its begin.
std::vector<uint32_t> logits_of(const Case& c, int64_t row, const reference::TopKColumns& columns) {
  return tensor_row(c, "logits", static_cast<uint64_t>(row), Dtype::kF32,
                    static_cast<uint32_t>(columns.end - columns.begin));
}

/// What lies outside a row's columns, as bits of a logit; nothing: poison.
std::optional<uint32_t> unowned(const Case& c) {
  if (kUnowned.is(c, "nan")) return 0x7FC00000u;
  if (kUnowned.is(c, "huge")) return encode(Dtype::kF32, 0x1p120f);
  return std::nullopt;
}

bool identity_passes(const TopKRow& row, int64_t k) {
  std::vector<int32_t> indices(static_cast<size_t>(k));
  for (int64_t i = 0; i < k; ++i)
    indices[i] = i < static_cast<int64_t>(row.logits.size()) ? static_cast<int32_t>(i) : -1;
  return !reference::check_top_k(row.logits, indices);
}

}  // namespace

void judge_top_k(std::span<const TopKRow> rows, int64_t k, Judge& judge, bool primary) {
  size_t findings = 0;
  bool identity = true;
  double overlap = 0;
  for (size_t r = 0; r < rows.size(); ++r) {
    identity = identity && identity_passes(rows[r], k);
    std::vector<int32_t> indices(static_cast<size_t>(k));
    bool whole = true;
    for (int64_t slot = 0; slot < k; ++slot) {
      const auto bytes = judge.read("indices", rows[r].offset + slot * sizeof(int32_t), 4);
      if (bytes) {
        std::memcpy(&indices[slot], bytes->data(), sizeof(int32_t));
        continue;
      }
      indices[slot] = std::numeric_limits<int32_t>::min();
      if (whole && findings++ < kMostFindings) {
        judge.finding({FindingKind::kMissingWrite, "indices",
                       fmt::format("slot {} of row {}, of {} logits, was not written", slot, r,
                                   rows[r].logits.size())});
      }
      whole = false;
    }
    overlap += reference::top_k_overlap(rows[r].logits, indices);
    if (!whole) continue;
    const auto fault = reference::check_top_k(rows[r].logits, indices);
    if (!fault || findings++ >= kMostFindings) continue;
    judge.finding({FindingKind::kWrongIndex, "indices",
                   fmt::format("slot {} of row {}, of {} logits: {}", fault->slot, r,
                               rows[r].logits.size(), fault->message)});
  }
  if (primary && identity) judge.weak("the first k columns of each row would pass too");
  judge.gate_overlap(rows.empty() ? 1 : overlap / static_cast<double>(rows.size()));
}

const ParameterTable& TopKPerRow::table() const { return kTable; }

Params TopKPerRow::launch_params(const Case& c) const {
  Params params = c.params;
  params.set("rows", row_count(c));
  params.set("form_number", static_cast<int64_t>(form_of(c)));
  return params;
}

std::vector<Buffer> TopKPerRow::buffers(const Case& c) const {
  const int64_t rows = row_count(c);
  const int64_t k = kK.of(c);
  const int64_t stride = kLogitsStride.of(c);
  const int64_t indices_stride = kIndicesStride.of(c);
  const std::optional<uint32_t> garbage = unowned(c);
  ImageBuilder image;
  for (int64_t row = 0; row < rows; ++row) {
    const reference::TopKColumns columns = columns_of(c, row);
    const auto at = [&](int64_t column) {
      return static_cast<uint64_t>(row * stride + column) * sizeof(float);
    };
    image.put(at(columns.begin), pack(Dtype::kF32, logits_of(c, row, columns)));
    if (!garbage) continue;
    const auto fill = [&](int64_t begin, int64_t end) {
      if (end <= begin) return;
      image.put(at(begin), pack(Dtype::kF32,
                                std::vector<uint32_t>(static_cast<size_t>(end - begin), *garbage)));
    };
    fill(0, columns.begin);
    fill(columns.end, std::min(stride, columns.end + 64));
  }
  return {{.name = "logits",
           .bytes = static_cast<uint64_t>(rows * stride) * sizeof(float),
           .access = Access::kRead,
           .contents = image.take()},
          int32_buffer(c, "lengths"),
          int32_buffer(c, "starts"),
          {.name = "indices",
           .bytes = static_cast<uint64_t>((rows - 1) * indices_stride + k) * sizeof(int32_t),
           .access = Access::kWrite}};
}

void TopKPerRow::judge(const Run& run, Judge& judge) const {
  const Case& c = run.c;
  const ImageReader logits(run.buffers.front());
  const int64_t logits_stride = kLogitsStride.of(c), indices_stride = kIndicesStride.of(c);
  std::vector<TopKRow> rows;
  for (int64_t row = 0; row < row_count(c); ++row) {
    const reference::TopKColumns columns = columns_of(c, row);
    TopKRow r;
    r.offset = static_cast<uint64_t>(row * indices_stride) * sizeof(int32_t);
    for (int64_t column = columns.begin; column < columns.end; ++column) {
      const auto at = static_cast<uint64_t>(row * logits_stride + column) * 4;
      r.logits.push_back(decode(Dtype::kF32, load_bits(Dtype::kF32, logits.at(at, 4))));
    }
    rows.push_back(std::move(r));
  }
  judge_top_k(rows, kK.of(c), judge);
}

OperatorPage TopKPerRow::page() const {
  return {
      .name = name(),
      .summary = "The indices of the k largest logits of each row: the indexer's last step.",
      .semantics =
          {"decode_1d: row i has the columns [0, max(0, lengths[i / next_n] - next_n + i % next_n "
           "+ 1)); decode_2d: [0, max(0, lengths[i])); prefill: [starts[i], lengths[i])",
           "a row of at most k columns: 0, 1, ... in order, then -1; its logits do not matter",
           "otherwise k different indices, counted from the row's begin, in any order; their "
           "logits "
           "are as a multiset the k largest",
           "order of the bits: +0 above -0, +NaN above +inf, -NaN below -inf; NaNs of different "
           "payloads in any order"},
      .buffers = {{"logits", "f32", "[rows], logits_stride elements apart", "in"},
                  {"lengths", "i32", "[batch] for decode_1d, otherwise [rows]", "in"},
                  {"starts", "i32", "[rows], prefill only", "in"},
                  {"indices", "i32", "[rows, k], indices_stride elements apart", "out"}},
      .parameters = kTable.entries(),
      .derived = {{"rows", "batch * next_n"}, {"form_number", "0, 1, 2 in the order above"}},
      .numerics = {},
      .relations = {},
      .unspecified = {"order of the indices; which of equal logits are taken"},
      .presets =
          {"vLLM: indices relative to the row's begin, -1 clamped rows",
           "AITER prefill returns absolute columns, from which vLLM subtracts the begin: not "
           "this operator"},
  };
}

std::string TopKPerRow::summary(const Case& c) const {
  std::string text = fmt::format("{}, {} [{}]", plural(row_count(c), "row"), kForm.of(c),
                                 fmt::join(c.integers.at("lengths"), ", "));
  if (c.integers.contains("starts"))
    text += fmt::format(" from [{}]", fmt::join(c.integers.at("starts"), ", "));
  return text + fmt::format(", next_n {}, k {}, logits_stride {}, {} past the rows", kNextN.of(c),
                            kK.of(c), kLogitsStride.of(c), kUnowned.of(c));
}

namespace {

RowRecipe draw_logits(Draw& draw, int64_t columns) {
  RowRecipe row;
  // Ties by the thousand (relu zeros), logits that share a bin of any coarse histogram, and others.
  row.fill = draw.weighted<const char*>({{4, "normal"},
                                         {4, "close"},
                                         {3, "positive"},
                                         {4, "zero"},
                                         {1, "one"},
                                         {1, "alternate"},
                                         {1, "powers"},
                                         {1, "ramp"},
                                         {1, "bits"}});
  row.exponent = draw.in(-3, 3);
  const int64_t some = columns == 0 ? 0 : draw.weighted<int64_t>({{2, 0}, {1, 3}, {1, 30}});
  for (int64_t i = 0; i < some; ++i) {
    row.set[static_cast<uint32_t>(draw.in(0, columns - 1))] = draw.weighted<uint32_t>(
        {{6, encode(Dtype::kF32, static_cast<float>(draw.in(1, 4000)) / 64)},
         {2, 0x80000000u},
         {1, 0x7F800000u},
         {1, 0xFF800000u},
         {1, 0x7FC00000u},
         {1, 0xFFC00000u}});
  }
  return row;
}

Case draw_case(Draw draw, const Manifest& manifest) {
  Case c;
  c.seed = static_cast<uint64_t>(draw.in(0, std::numeric_limits<uint32_t>::max()));
  const std::string form = kForm.draw(draw, manifest, c);
  const int64_t k = kK.draw(draw, manifest, c);
  const int64_t batch = kBatch.draw(draw, manifest, c);
  const int64_t next_n =
      form == "prefill" ? kNextN.draw(draw, manifest, c, {1}) : kNextN.draw(draw, manifest, c);
  std::vector<int64_t>& lengths = c.integers["lengths"];
  const int64_t most = draw.size() < 20 ? 400 : 2600;
  for (int64_t i = 0; i < (form == "decode_1d" ? batch : batch * next_n); ++i) {
    lengths.push_back(std::clamp<int64_t>(
        draw.weighted<int64_t>({{1, 0},
                                {2, draw.in(0, next_n)},
                                {4, k + draw.in(-1, 2)},
                                {2, (int64_t{1} << draw.in(0, 11)) + draw.in(-1, 1)},
                                {3, k + draw.in(1, 700)},
                                {3, draw.in(1, most)}}),
        0, std::max(most, k + 2)));
  }
  if (form == "prefill") {
    for (int64_t& end : lengths) {
      const int64_t start = draw.weighted<int64_t>({{1, 0}, {3, draw.in(1, 300)}});
      c.integers["starts"].push_back(start);
      end += start;
    }
  }
  const int64_t recipes = draw.in(1, 4);
  // Recipes repeat over rows: set columns must be in the shortest of them.
  int64_t shortest = std::numeric_limits<int64_t>::max();
  for (int64_t row = 0; row < batch * next_n; ++row) {
    const auto columns = columns_of(c, row);
    shortest = std::min(shortest, columns.end - columns.begin);
  }
  for (int64_t i = 0; i < recipes; ++i) c.rows["logits"].push_back(draw_logits(draw, shortest));
  kLogitsStride.set_inside(manifest, c,
                           widest_row(c) + draw.weighted<int64_t>({{2, 0}, {2, 1}, {1, 64}}));
  kIndicesStride.set_inside(manifest, c, k + draw.weighted<int64_t>({{3, 0}, {1, 1}, {1, 16}}));
  kUnowned.draw(draw, manifest, c, {{3, "poison"}, {2, "nan"}, {3, "huge"}});
  return c;
}

void repair(Case& c) {
  const auto rows = static_cast<size_t>(row_count(c));
  c.integers.at("lengths").resize(
      kForm.is(c, "decode_1d") ? static_cast<size_t>(kBatch.of(c)) : rows, 0);
  if (kForm.is(c, "prefill")) {
    c.integers["starts"].resize(rows, 0);
  } else {
    c.integers.erase("starts");
  }
  kTable.repair(c);
  int64_t shortest = std::numeric_limits<int64_t>::max();
  for (size_t row = 0; row < rows; ++row) {
    const auto columns = columns_of(c, static_cast<int64_t>(row));
    shortest = std::min(shortest, columns.end - columns.begin);
  }
  for (RowRecipe& row : c.rows.at("logits"))
    std::erase_if(row.set, [&](const auto& e) { return e.first >= shortest; });
}

}  // namespace

Case TopKPerRow::draw(Draw draw, const Manifest& manifest) const {
  return draw_case(std::move(draw), manifest);
}

std::vector<Step> TopKPerRow::simpler(const Case& c) const {
  std::vector<Step> steps;
  kTable.simpler(steps, c, repair);
  const auto shorter = [&](const std::string& name) {
    const auto it = c.integers.find(name);
    if (it == c.integers.end()) return;
    for (size_t i = 0; i < it->second.size(); ++i) {
      for (const int64_t to : toward(it->second[i], 0)) {
        steps.push_back([name, i, to](Case& d) {
          d.integers.at(name)[i] = to;
          repair(d);
        });
      }
    }
  };
  // Of a prefill row both ends move together, too.
  if (c.integers.contains("starts")) {
    for (size_t i = 0; i < c.integers.at("starts").size(); ++i) {
      for (const int64_t to : toward(c.integers.at("starts")[i], 0)) {
        steps.push_back([i, to](Case& d) {
          d.integers.at("lengths")[i] -= d.integers.at("starts")[i] - to;
          d.integers.at("starts")[i] = to;
          repair(d);
        });
      }
    }
  }
  shorter("lengths");
  shorter("starts");
  lower(steps, c, kK.name, 1, 1, repair);
  // Fewer columns and as many fewer indices.
  for (const int64_t to : toward(kK.of(c), 1)) {
    steps.push_back([to](Case& d) {
      const int64_t less = kK.of(d) - to;
      kK.set(d, to);
      for (int64_t& length : d.integers.at("lengths")) length = std::max<int64_t>(0, length - less);
      repair(d);
    });
  }
  steps.push_back([](Case& d) { d.seed = 0; });
  int64_t shortest = std::numeric_limits<int64_t>::max();
  for (int64_t row = 0; row < row_count(c); ++row) {
    const auto columns = columns_of(c, row);
    shortest = std::min(shortest, columns.end - columns.begin);
  }
  if (shortest > 0) plainer_rows(steps, c, "logits", Dtype::kF32, static_cast<uint32_t>(shortest));
  return steps;
}

std::vector<Axis> TopKPerRow::axes(const Case& c) const {
  std::vector<Axis> axes;
  list_axes(axes, c, "length", "lengths", repair);
  list_axes(axes, c, "start", "starts", repair);
  kTable.axes(axes, c, repair);
  return axes;
}

}  // namespace wavefuzz
