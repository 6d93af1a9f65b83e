#include "fuzz/operators/quantise_fp8.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "fuzz/case/image.h"
#include "fuzz/case/plural.h"
#include "fuzz/operators/parameter.h"
#include "fuzz/operators/scale_contract.h"
#include "gpu/error.h"
#include "quant/fp8_text.h"
#include "reference/quantise_fp8.h"

namespace wavefuzz {
namespace {

using reference::Granularity;

const Integer kRows = {.name = "rows",
                       .meaning = "of x",
                       .min = 1,
                       .max = 1 << 20,
                       .plain = 1,
                       .usual = {1, 1, 2, 3, 5, 8},
                       .axis = true};
const Integer kColumns = {
    .name = "columns",
    .meaning = "of x",
    .min = 1,
    .max = 1 << 20,
    .plain = 1,
    .usual = {1, 2, 63, 64, 65, 127, 128, 128, 129, 255, 256, 257, 384, 512, 576, 700},
    .axis = true};
const Integer kGroupColumns = {.name = "group_columns",
                               .meaning = "values of a group",
                               .min = 1,
                               .max = 1 << 20,
                               .plain = 128,
                               .usual = {128, 128, 128, 64, 32, 16},
                               .axis = true};
const Integer kXStride = {.name = "x_stride",
                          .meaning = "elements from a row of x to the next",
                          .max = int64_t{1} << 31,
                          .plain = [](const Case& c) { return kColumns.of(c); },
                          .axis = true,
                          .unclaimed = Unclaimed::kAny,
                          .least = [](const Case& c) { return kColumns.of(c); }};
const Integer kCodesStride = {.name = "codes_stride",
                              .meaning = "elements from a row of codes to the next",
                              .max = int64_t{1} << 32,
                              .plain = [](const Case& c) { return kColumns.of(c); },
                              .axis = true,
                              .unclaimed = Unclaimed::kAny,
                              .least = [](const Case& c) { return kColumns.of(c); }};
const Choice kGranularity = {.name = "granularity",
                             .meaning = "what a scale is for; static: it is given",
                             .choices = {"token", "group", "tensor", "static"},
                             .plain = "token"};
const Choice kScaleFmt = {.name = "scale_fmt",
                          .meaning = "",
                          .choices = {"f32", "ue8m0"},
                          .plain = "f32",
                          .unclaimed = Unclaimed::kPlain};
const Choice kDtype = {.name = "dtype",
                       .meaning = "of the codes",
                       .choices = {"e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz"},
                       .plain = "e4m3fn"};
const Real kScale = {.name = "scale", .meaning = "the scale, where it is given", .plain = 1};
const Choice kXDtype = {.name = "x_dtype",
                        .meaning = "of x",
                        .choices = {"bf16", "f16"},
                        .plain = "bf16",
                        .unclaimed = Unclaimed::kPlain,
                        .shrinks = false};  // with its set elements: simpler()

const Choice kInputs = {.name = "inputs",
                        .meaning =
                            "finite: infinities and NaN of x are 0 instead, for kernels "
                            "that do not promise what becomes of them",
                        .choices = {"any", "finite"},
                        .plain = "any",
                        .unclaimed = Unclaimed::kPlain,
                        .shrinks = false};

const ParameterTable kTable = {kInputs,  kRows,        kColumns,     kGroupColumns,
                               kXStride, kCodesStride, kGranularity, kScaleFmt,
                               kDtype,   kScale,       kXDtype};

Granularity granularity_of(const Case& c) {
  return *reference::parse_granularity(kGranularity.of(c));
}

quant::Fp8 format_of(const Case& c) { return *quant::parse_fp8(kDtype.of(c)); }

std::vector<uint32_t> x_row(const Case& c, int64_t row) {
  const Dtype dtype = parse_dtype16(kXDtype.of(c));
  std::vector<uint32_t> bits =
      fill_row(recipe_of(c, "x", static_cast<uint64_t>(row)), dtype, format_of(c),
               static_cast<uint32_t>(kColumns.of(c)), {c.seed, "x", static_cast<uint64_t>(row)});
  if (kInputs.is(c, "finite")) keep_finite(bits, dtype);
  return bits;
}

int64_t row_scales(const Case& c) {
  return reference::scales_of_row(granularity_of(c), kColumns.of(c), kGroupColumns.of(c));
}

/// Values as a reader of codes and scales sees them, for the gates of peers.
void show_gates(const Case& c, const reference::QuantisedRows& wanted, quant::Fp8 format,
                Judge& judge) {
  const int64_t rows = kRows.of(c), columns = kColumns.of(c);
  const Granularity g = granularity_of(c);
  const int64_t codes_stride = kCodesStride.of(c);
  const int64_t group = g == Granularity::kGroup ? kGroupColumns.of(c) : columns;
  std::vector<double> expected, got;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < columns; ++i) {
      const auto scale_of = [&](bool want) {
        if (g == Granularity::kStatic) return kScale.of(c);
        const auto index =
            static_cast<size_t>(g == Granularity::kTensor ? 0 : row * row_scales(c) + i / group);
        if (want) return double{wanted.scales[index]};
        const auto bytes = judge.read("scales", index * sizeof(float), sizeof(float));
        return bytes ? double{decode(Dtype::kF32, load_bits(Dtype::kF32, bytes->data()))}
                     : std::numeric_limits<double>::quiet_NaN();
      };
      const auto code = judge.read("codes", static_cast<uint64_t>(row * codes_stride + i), 1);
      expected.push_back(quant::decode(format, wanted.codes[row * columns + i]) * scale_of(true));
      got.push_back(code ? quant::decode(format, code->front()) * scale_of(false)
                         : std::numeric_limits<double>::quiet_NaN());
    }
  }
  judge.gate_values(expected, got, static_cast<size_t>(columns));
}

}  // namespace

const ParameterTable& QuantiseFp8::table() const { return kTable; }

void QuantiseFp8::check_manifest(const Manifest& manifest) const {
  Operator::check_manifest(manifest);
  for (const std::string& dtype : manifest.claims.at(kDtype.name).choices) {
    parse_scale_rule(JsonView(manifest.numerics, manifest.file + " numerics"),
                     *quant::parse_fp8(dtype), false, false);
  }
}

Params QuantiseFp8::launch_params(const Case& c) const {
  Params params = c.params;
  const Granularity g = granularity_of(c);
  const int64_t scales = std::max<int64_t>(row_scales(c), 1);
  params.set("row_groups", scales);
  params.set("values_of_scale", g == Granularity::kGroup ? kGroupColumns.of(c) : kColumns.of(c));
  return params;
}

std::vector<Buffer> QuantiseFp8::buffers(const Case& c) const {
  const int64_t rows = kRows.of(c);
  const int64_t columns = kColumns.of(c);
  kGroupColumns.of(c);
  const int64_t x_stride = kXStride.of(c);
  const int64_t codes_stride = kCodesStride.of(c);
  const Dtype dtype = parse_dtype16(kXDtype.of(c));
  ImageBuilder image;
  for (int64_t row = 0; row < rows; ++row)
    image.put(static_cast<uint64_t>(row * x_stride) * 2, pack(dtype, x_row(c, row)));
  const Granularity g = granularity_of(c);
  const int64_t scales = g == Granularity::kTensor   ? 1
                         : g == Granularity::kStatic ? 0
                                                     : rows * row_scales(c);
  return {{.name = "x",
           .bytes = static_cast<uint64_t>((rows - 1) * x_stride + columns) * 2,
           .access = Access::kRead,
           .contents = image.take()},
          {.name = "codes",
           .bytes = static_cast<uint64_t>((rows - 1) * codes_stride + columns),
           .access = Access::kWrite},
          {.name = "scales",
           .bytes = static_cast<uint64_t>(scales) * sizeof(float),
           .access = Access::kReadWrite}};
}

void QuantiseFp8::judge(const Run& run, Judge& judge) const {
  const Case& c = run.c;
  const quant::Fp8 format = format_of(c);
  const Dtype dtype = parse_dtype16(kXDtype.of(c));
  const reference::QuantiseRule rule =
      parse_scale_rule(JsonView(run.manifest.numerics, run.manifest.file + " numerics"), format,
                       dtype == Dtype::kF16, kScaleFmt.of(c) == "ue8m0");
  const int64_t rows = kRows.of(c), columns = kColumns.of(c);
  const int64_t x_stride = kXStride.of(c), codes_stride = kCodesStride.of(c);
  const ImageReader image(run.buffers.front());
  std::vector<float> x;
  for (int64_t row = 0; row < rows; ++row) {
    const uint8_t* bytes =
        image.at(static_cast<uint64_t>(row * x_stride) * 2, static_cast<uint64_t>(columns) * 2);
    for (int64_t i = 0; i < columns; ++i)
      x.push_back(decode(dtype, load_bits(dtype, bytes + 2 * i)));
  }
  const reference::QuantisedRows wanted = reference::quantise_rows(
      x, columns, kGroupColumns.of(c), granularity_of(c), rule, static_cast<float>(kScale.of(c)));

  // Scales first: a wrong one explains wrong codes.
  Expectation scales = {.buffer = "scales", .units = {}};
  for (size_t i = 0; i < wanted.scales.size(); ++i) {
    const uint64_t at = i * sizeof(float);
    const uint32_t bits = std::bit_cast<uint32_t>(wanted.scales[i]);
    scales.units.push_back({{at, at + 1, at + 2, at + 3}, {pack(Dtype::kF32, {&bits, 1})}});
  }
  judge.exact(scales, [](size_t unit, size_t, const auto& expected, const auto& got) {
    return ByteDescription{"",
                           fmt::format("scale {}: expected {}, got {}", unit,
                                       decode(Dtype::kF32, load_bits(Dtype::kF32, expected.data())),
                                       decode(Dtype::kF32, load_bits(Dtype::kF32, got.data())))};
  });
  Expectation codes = {.buffer = "codes", .units = {}};
  for (int64_t row = 0; row < rows; ++row) {
    ExpectedUnit unit;
    for (int64_t i = 0; i < columns; ++i)
      unit.offsets.push_back(static_cast<uint64_t>(row * codes_stride + i));
    unit.alternatives.emplace_back(wanted.codes.begin() + row * columns,
                                   wanted.codes.begin() + (row + 1) * columns);
    codes.units.push_back(std::move(unit));
  }
  judge.exact(codes, [&](size_t row, size_t column, const auto& expected, const auto& got) {
    return ByteDescription{
        "",
        fmt::format("code {} of row {}: expected {:#04x} ({}), got {:#04x} ({}); x = {}", column,
                    row, expected[column], quant::decode(format, expected[column]), got[column],
                    quant::decode(format, got[column]), x[row * columns + column])};
  });
  if (judge.wants_gates()) show_gates(c, wanted, format, judge);
  if (wanted.scales.empty() &&
      std::all_of(wanted.codes.begin(), wanted.codes.end(), [](uint8_t b) { return b == 0; }))
    judge.weak("codes of zeros would pass too");
}

OperatorPage QuantiseFp8::page() const {
  return {
      .name = name(),
      .summary =
          "Rows of bf16 or f16 to FP8, with a scale for each token, each group of a token's "
          "values, or the whole tensor, or a given one.",
      .semantics =
          {"scale = max(amax |x|, floor) / divisor, rounded up to a power of two with ue8m0",
           "code = fp8(x / scale); what overflows, infinities and NaN as the cast says"},
      .buffers = {{"x", "bf16 or f16", "[rows, columns], row stride x_stride", "in"},
                  {"codes", "dtype", "[rows, columns], row stride codes_stride", "out"},
                  {"scales", "f32",
                   "[rows] (token), [rows, ceil(columns / group_columns)] (group), "
                   "[1] (tensor), none (static)",
                   "out"}},
      .parameters = kTable.entries(),
      .derived = {{"row_groups", "scales of a row, at least 1"},
                  {"values_of_scale", "values of a row that share a scale"}},
      .numerics = scale_contract_page(),
      .relations = {},
      .unspecified = {},
      .presets = {"quant/scale.h lists those of vLLM, AITER, DeepGEMM and FlashMLA"},
  };
}

std::string QuantiseFp8::summary(const Case& c) const {
  return fmt::format("{} x {} {} -> {}, {} scale{}, {}, x_stride {}", kRows.of(c), kColumns.of(c),
                     kXDtype.of(c), kDtype.of(c), kGranularity.of(c),
                     granularity_of(c) == Granularity::kStatic ? fmt::format(" {}", kScale.of(c))
                     : granularity_of(c) == Granularity::kGroup
                         ? fmt::format(" of {}", kGroupColumns.of(c))
                         : "",
                     kScaleFmt.of(c), kXStride.of(c));
}

namespace {

RowRecipe draw_row(Draw& draw, Dtype dtype, int64_t columns, bool is_static) {
  RowRecipe row;
  row.fill = draw.weighted<const char*>({{5, "normal"},
                                         {4, "halfway"},
                                         {is_static ? 6 : 2, "edge"},
                                         {2, "spike"},
                                         {2, "powers"},
                                         {2, "zero"},
                                         {1, "bits"},
                                         {1, "any"}});
  const int64_t range = dtype == Dtype::kBf16 ? 60 : 14;
  row.exponent = is_static ? draw.weighted<int64_t>({{3, 0}, {1, draw.in(-3, 3)}})
                           : draw.weighted<int64_t>({{4, draw.in(-10, 10)},
                                                     {3, draw.in(-16, -8)},
                                                     {1, draw.in(-range, range)},
                                                     {2, 0}});
  if (draw.once_in(6)) {
    const uint32_t infinity = dtype == Dtype::kBf16 ? 0x7F80 : 0x7C00;
    row.set[static_cast<uint32_t>(draw.in(0, columns - 1))] =
        (draw.once_in(2) ? 0x8000u : 0u) |
        draw.weighted<uint32_t>({{2, infinity}, {2, infinity | 0x40}, {2, 0}, {1, 1}});
  }
  return row;
}

Case draw_case(Draw draw, const Manifest& manifest) {
  Case c;
  c.seed = static_cast<uint64_t>(draw.in(0, std::numeric_limits<uint32_t>::max()));
  for (const Choice* choice : {&kXDtype, &kDtype, &kGranularity, &kScaleFmt})
    choice->draw(draw, manifest, c);
  kRows.draw(draw, manifest, c);
  const int64_t columns = kColumns.draw(draw, manifest, c);
  kGroupColumns.draw(draw, manifest, c);
  kXStride.set_inside(manifest, c, columns + draw.weighted<int64_t>({{2, 0}, {1, 1}, {1, 64}}));
  kCodesStride.set_inside(manifest, c,
                          columns + draw.weighted<int64_t>({{2, 0}, {1, 3}, {1, 128}}));
  const bool is_static = kGranularity.is(c, "static");
  kScale.set(c,
             !is_static || draw.once_in(2) ? 1.0 : static_cast<double>(draw.in(1, 4096)) / 1024.0);
  const Dtype dtype = parse_dtype16(kXDtype.of(c));
  for (int64_t i = 0; i < draw.in(1, 4); ++i)
    c.rows["x"].push_back(draw_row(draw, dtype, columns, is_static));
  if (c.rows["x"].empty()) c.rows["x"].push_back(draw_row(draw, dtype, columns, is_static));
  kInputs.draw(draw, manifest, c);
  return c;
}

void repair(Case& c) {
  kTable.repair(c);
  const int64_t columns = kColumns.of(c);
  for (RowRecipe& row : c.rows.at("x"))
    std::erase_if(row.set, [&](const auto& e) { return e.first >= columns; });
}

}  // namespace

Case QuantiseFp8::draw(Draw draw, const Manifest& manifest) const {
  return draw_case(std::move(draw), manifest);
}

std::vector<Step> QuantiseFp8::simpler(const Case& c) const {
  std::vector<Step> steps;
  const int64_t columns = kColumns.of(c);
  for (const int64_t to : {1, 2, 16, 32, 64, 128}) {
    if (to >= columns) continue;
    steps.push_back([to, columns](Case& d) {  // dense strides go with it
      for (const Integer* stride : {&kXStride, &kCodesStride}) {
        if (stride->of(d) == columns) stride->set(d, to);
      }
      kColumns.set(d, to);
      repair(d);
    });
  }
  kTable.simpler(steps, c, repair);
  const Dtype dtype = parse_dtype16(kXDtype.of(c));
  if (dtype != Dtype::kBf16) {
    steps.push_back([dtype](Case& d) {
      kXDtype.set(d, kXDtype.plain);
      for (RowRecipe& row : d.rows.at("x")) {
        for (auto& [column, bits] : row.set) bits = encode(Dtype::kBf16, decode(dtype, bits));
      }
    });
  }
  steps.push_back([](Case& d) { d.seed = 0; });
  plainer_rows(steps, c, "x", dtype, static_cast<uint32_t>(columns));
  return steps;
}

std::vector<Axis> QuantiseFp8::axes(const Case& c) const {
  std::vector<Axis> axes;
  kTable.axes(axes, c, repair);
  return axes;
}

// --- normalise_fn_to_fnuz -----------------------------------------------------------------------

namespace {

const Integer kCount = {.name = "count",
                        .meaning = "weights",
                        .min = 1,
                        .max = 1 << 24,
                        .plain = 1,
                        .usual = {1, 2, 3, 63, 64, 127, 128, 129, 255, 256, 1000},
                        .axis = true};
const Integer kScaleCount = {.name = "scale_count",
                             .meaning = "scales",
                             .min = 1,
                             .max = 1 << 24,
                             .plain = 1,
                             .usual = {1, 2, 3, 63, 64, 127, 128, 129, 255, 256, 1000},
                             .axis = true};
const ParameterTable kNormaliseTable = {kCount, kScaleCount};

std::vector<uint32_t> weights_row(const Case& c) {
  return tensor_row(c, "weights", 0, Dtype::kE4m3fn, static_cast<uint32_t>(kCount.of(c)));
}

std::vector<uint32_t> scales_row(const Case& c) {
  return tensor_row(c, "scales", 0, Dtype::kF32, static_cast<uint32_t>(kScaleCount.of(c)));
}

}  // namespace

const ParameterTable& NormaliseFnToFnuz::table() const { return kNormaliseTable; }

Params NormaliseFnToFnuz::launch_params(const Case& c) const { return c.params; }

std::vector<Buffer> NormaliseFnToFnuz::buffers(const Case& c) const {
  const auto buffer = [](const char* name, std::vector<uint8_t> bytes) {
    Buffer b = {.name = name, .bytes = bytes.size(), .access = Access::kReadWrite};
    b.contents.push_back({0, std::move(bytes)});
    return b;
  };
  return {buffer("weights", pack(Dtype::kE4m3fn, weights_row(c))),
          buffer("scales", pack(Dtype::kF32, scales_row(c)))};
}

void NormaliseFnToFnuz::judge(const Run& run, Judge& judge) const {
  const auto bytes = [&](size_t buffer) { return run.buffers[buffer].contents.front().bytes; };
  const std::vector<uint8_t> weights = bytes(0);
  const std::vector<uint8_t> scales = bytes(1);
  Expectation expected = {.buffer = "weights", .units = {}};
  std::vector<size_t> weight_of;  // by unit
  for (size_t i = 0; i < weights.size(); ++i) {
    const uint8_t want = quant::fnuz_from_fn(weights[i]);
    if (want == weights[i]) {  // in place: it need not be written, if it stays what it is
      const auto got = judge.read("weights", i, 1);
      if (got && got->front() != want) {
        judge.finding({FindingKind::kWrongValue, "weights",
                       fmt::format("weight {}, {:#04x}, became {:#04x}", i, want, got->front())});
        return;
      }
      continue;
    }
    expected.units.push_back({{i}, {{want}}});
    weight_of.push_back(i);
  }
  judge.exact(expected, [&](size_t unit, size_t, const auto& want, const auto& got) {
    const size_t i = weight_of[unit];
    return ByteDescription{"", fmt::format("weight {}, {:#04x}: expected {:#04x}, got {:#04x}", i,
                                           weights[i], want[0], got[0])};
  });
  expected = {.buffer = "scales", .units = {}};
  for (size_t at = 0; at < scales.size(); at += sizeof(float)) {
    const float twice = 2 * decode(Dtype::kF32, load_bits(Dtype::kF32, &scales[at]));
    const uint32_t bits = std::bit_cast<uint32_t>(twice);
    expected.units.push_back({{at, at + 1, at + 2, at + 3}, {pack(Dtype::kF32, {&bits, 1})}});
  }
  judge.exact(expected, [](size_t i, size_t, const auto& want, const auto& got) {
    return ByteDescription{"",
                           fmt::format("scale {}: expected {}, got {}", i,
                                       decode(Dtype::kF32, load_bits(Dtype::kF32, want.data())),
                                       decode(Dtype::kF32, load_bits(Dtype::kF32, got.data())))};
  });
}

OperatorPage NormaliseFnToFnuz::page() const {
  return {
      .name = name(),
      .summary = "Makes e4m3fn weights e4m3fnuz ones, in place, for an fnuz machine.",
      .semantics = {"0x80 (-0) becomes 0x00; every other byte stays, and then means half as much",
                    "each scale doubles",
                    "the fn NaNs 0x7F and 0xFF become +-240, as vLLM ships it"},
      .buffers = {{"weights", "bytes", "[count]", "in/out"},
                  {"scales", "f32", "[scale_count]", "in/out"}},
      .parameters = kNormaliseTable.entries(),
      .derived = {},
      .numerics = {},
      .relations = {},
      .unspecified = {},
      .presets = {"vLLM normalize_e4m3fn_to_e4m3fnuz"},
  };
}

std::string NormaliseFnToFnuz::summary(const Case& c) const {
  return fmt::format("{}, {}", plural(kCount.of(c), "weight"), plural(kScaleCount.of(c), "scale"));
}

Case NormaliseFnToFnuz::draw(Draw draw, const Manifest& manifest) const {
  Case c;
  c.seed = static_cast<uint64_t>(draw.in(0, std::numeric_limits<uint32_t>::max()));
  kCount.draw(draw, manifest, c);
  kScaleCount.draw(draw, manifest, c);
  RowRecipe weights = {
      draw.weighted<const char*>({{3, "any"}, {2, "bits"}, {1, "normal"}, {1, "zero"}}), 0, {}};
  if (draw.once_in(2)) weights.set[static_cast<uint32_t>(draw.in(0, kCount.of(c) - 1))] = 0x80;
  c.rows["weights"] = {weights};
  c.rows["scales"] = {
      {draw.weighted<const char*>({{3, "positive"}, {1, "spread"}}), draw.in(-10, 10), {}}};
  return c;
}

std::vector<Step> NormaliseFnToFnuz::simpler(const Case& c) const {
  std::vector<Step> steps;
  const Repair fix = [](Case& d) {
    std::erase_if(d.rows.at("weights").front().set,
                  [&](const auto& e) { return e.first >= kCount.of(d); });
    std::erase_if(d.rows.at("scales").front().set,
                  [&](const auto& e) { return e.first >= kScaleCount.of(d); });
  };
  kNormaliseTable.simpler(steps, c, fix);
  steps.push_back([](Case& d) { d.seed = 0; });
  plainer_rows(steps, c, "weights", Dtype::kE4m3fn, static_cast<uint32_t>(kCount.of(c)));
  plainer_rows(steps, c, "scales", Dtype::kF32, static_cast<uint32_t>(kScaleCount.of(c)));
  return steps;
}

std::vector<Axis> NormaliseFnToFnuz::axes(const Case& c) const {
  std::vector<Axis> axes;
  kNormaliseTable.axes(axes, c, {});
  return axes;
}

}  // namespace wavefuzz
