#include "fuzz/operators/quantise_fp8.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "fuzz/case/image.h"
#include "fuzz/case/plural.h"
#include "fuzz/operators/claims.h"
#include "fuzz/operators/scale_contract.h"
#include "gpu/error.h"
#include "quant/fp8_text.h"
#include "reference/quantise_fp8.h"

namespace wavefuzz {
namespace {

using reference::Granularity;

const char* const kGranularities[] = {"token", "group", "tensor", "static"};

Granularity granularity_of(const Case& c) {
  const auto g = reference::parse_granularity(c.params.text("granularity"));
  if (!g)
    throw Error(Exit::kUsage,
                fmt::format("granularity '{}' is unknown", c.params.text("granularity")));
  return *g;
}

quant::Fp8 format_of(const Case& c) {
  const auto format = quant::parse_fp8(c.params.text("dtype"));
  if (!format)
    throw Error(Exit::kUsage, fmt::format("dtype '{}' is unknown", c.params.text("dtype")));
  return *format;
}

std::vector<uint32_t> x_row(const Case& c, int64_t row) {
  return fill_row(recipe_of(c, "x", static_cast<uint64_t>(row)),
                  parse_dtype16(c.params.text("x_dtype")), format_of(c),
                  static_cast<uint32_t>(c.params.integer("columns")),
                  {c.seed, "x", static_cast<uint64_t>(row)});
}

int64_t row_scales(const Case& c) {
  return reference::scales_of_row(granularity_of(c), c.params.integer("columns"),
                                  c.params.integer("group_columns"));
}

/// Values as a reader of codes and scales sees them, for the gates of peers.
void show_gates(const Case& c, const reference::QuantisedRows& wanted, quant::Fp8 format,
                Judge& judge) {
  const int64_t rows = c.params.integer("rows"), columns = c.params.integer("columns");
  const Granularity g = granularity_of(c);
  const int64_t group = g == Granularity::kGroup ? c.params.integer("group_columns") : columns;
  std::vector<double> expected, got;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < columns; ++i) {
      const auto scale_of = [&](bool want) {
        if (g == Granularity::kStatic) return c.params.real("scale");
        const auto index =
            static_cast<size_t>(g == Granularity::kTensor ? 0 : row * row_scales(c) + i / group);
        if (want) return double{wanted.scales[index]};
        const auto bytes = judge.read("scales", index * sizeof(float), sizeof(float));
        return bytes ? double{decode(Dtype::kF32, load_bits(Dtype::kF32, bytes->data()))}
                     : std::numeric_limits<double>::quiet_NaN();
      };
      const auto code =
          judge.read("codes", static_cast<uint64_t>(row * c.params.integer("codes_stride") + i), 1);
      expected.push_back(quant::decode(format, wanted.codes[row * columns + i]) * scale_of(true));
      got.push_back(code ? quant::decode(format, code->front()) * scale_of(false)
                         : std::numeric_limits<double>::quiet_NaN());
    }
  }
  judge.gate_values(expected, got, static_cast<size_t>(columns));
}

}  // namespace

void QuantiseFp8::check_manifest(const Manifest& manifest) const {
  const Claims claims(manifest);
  for (const char* name : {"rows", "columns", "group_columns"}) claims.range(name);
  claims.choices("x_dtype", {"bf16", "f16"});
  claims.choices("granularity", kGranularities);
  claims.choices("scale_fmt", {"f32", "ue8m0"});
  for (const std::string& c :
       claims.choices("dtype", {"e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz"}).choices) {
    parse_scale_rule(JsonView(manifest.numerics, manifest.file + " numerics"), *quant::parse_fp8(c),
                     false, false);
  }
}

Params QuantiseFp8::launch_params(const Case& c) const {
  Params params = c.params;
  const Granularity g = granularity_of(c);
  const int64_t scales = std::max<int64_t>(row_scales(c), 1);
  params.set("row_groups", scales);
  params.set("values_of_scale", g == Granularity::kGroup ? c.params.integer("group_columns")
                                                         : c.params.integer("columns"));
  return params;
}

std::vector<Buffer> QuantiseFp8::buffers(const Case& c) const {
  const int64_t rows = param_in(c, "rows", 1, 1 << 20);
  const int64_t columns = param_in(c, "columns", 1, 1 << 20);
  param_in(c, "group_columns", 1, 1 << 20);
  const int64_t x_stride = param_in(c, "x_stride", columns, int64_t{1} << 31);
  const int64_t codes_stride = param_in(c, "codes_stride", columns, int64_t{1} << 32);
  const Dtype dtype = parse_dtype16(c.params.text("x_dtype"));
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
  const Dtype dtype = parse_dtype16(c.params.text("x_dtype"));
  const quant::ScaleRule rule =
      parse_scale_rule(JsonView(run.manifest.numerics, run.manifest.file + " numerics"), format,
                       dtype == Dtype::kF16, c.params.text("scale_fmt") == "ue8m0");
  const int64_t rows = c.params.integer("rows"), columns = c.params.integer("columns");
  const ImageReader image(run.buffers.front());
  std::vector<float> x;
  for (int64_t row = 0; row < rows; ++row) {
    const uint8_t* bytes = image.at(static_cast<uint64_t>(row * c.params.integer("x_stride")) * 2,
                                    static_cast<uint64_t>(columns) * 2);
    for (int64_t i = 0; i < columns; ++i)
      x.push_back(decode(dtype, load_bits(dtype, bytes + 2 * i)));
  }
  const reference::QuantisedRows wanted =
      reference::quantise_rows(x, columns, c.params.integer("group_columns"), granularity_of(c),
                               rule, static_cast<float>(c.params.real("scale")));

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
      unit.offsets.push_back(static_cast<uint64_t>(row * c.params.integer("codes_stride") + i));
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
      .parameters = {{"rows", "of x"},
                     {"columns", "of x"},
                     {"group_columns", "values of a group"},
                     {"granularity", "token, group, tensor, static"},
                     {"scale", "the scale, where it is given (static)"},
                     {"x_dtype", "bf16, f16"},
                     {"dtype", "e4m3fn, e4m3fnuz, e5m2, e5m2fnuz"},
                     {"scale_fmt", "f32, ue8m0"},
                     {"x_stride", "elements"},
                     {"codes_stride", "elements"}},
      .derived = {{"row_groups", "scales of a row, at least 1"},
                  {"values_of_scale", "values of a row that share a scale"}},
      .numerics = {{"divisor, floor, floor_place, scale_by, quantise_by, quotient, cast",
                    "the scale rule; fuzz/operators/scale_contract.h"}},
      .relations = {},
      .unspecified = {},
      .presets = {"quant/scale.h lists those of vLLM, AITER, DeepGEMM and FlashMLA"},
  };
}

std::string QuantiseFp8::summary(const Case& c) const {
  return fmt::format("{} x {} {} -> {}, {} scale{}, {}, x_stride {}", c.params.integer("rows"),
                     c.params.integer("columns"), c.params.text("x_dtype"), c.params.text("dtype"),
                     c.params.text("granularity"),
                     granularity_of(c) == Granularity::kStatic
                         ? fmt::format(" {}", c.params.real("scale"))
                     : granularity_of(c) == Granularity::kGroup
                         ? fmt::format(" of {}", c.params.integer("group_columns"))
                         : "",
                     c.params.text("scale_fmt"), c.params.integer("x_stride"));
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
  for (const char* name : {"x_dtype", "dtype", "granularity", "scale_fmt"})
    c.params.set(name, draw.one_of(manifest.claims.at(name).choices));
  const auto pick = [&](const char* name, std::vector<int64_t> values) {
    const int64_t value = draw.one_of(claimed(manifest.claims.at(name), std::move(values)));
    c.params.set(name, value);
    return value;
  };
  pick("rows", {1, 1, 2, 3, 5, 8});
  const int64_t columns =
      pick("columns", {1, 2, 63, 64, 65, 127, 128, 128, 129, 255, 256, 257, 384, 512, 576, 700});
  pick("group_columns", {128, 128, 128, 64, 32, 16});
  c.params.set("x_stride", columns + draw.weighted<int64_t>({{2, 0}, {1, 1}, {1, 64}}));
  c.params.set("codes_stride", columns + draw.weighted<int64_t>({{2, 0}, {1, 3}, {1, 128}}));
  const bool is_static = c.params.text("granularity") == "static";
  c.params.set("scale", !is_static || draw.once_in(2)
                            ? 1.0
                            : static_cast<double>(draw.in(1, 4096)) / 1024.0);
  const Dtype dtype = parse_dtype16(c.params.text("x_dtype"));
  for (int64_t i = 0; i < draw.in(1, 4); ++i)
    c.rows["x"].push_back(draw_row(draw, dtype, columns, is_static));
  if (c.rows["x"].empty()) c.rows["x"].push_back(draw_row(draw, dtype, columns, is_static));
  return c;
}

void repair(Case& c) {
  Params& p = c.params;
  const int64_t columns = p.integer("columns");
  for (const char* name : {"x_stride", "codes_stride"})
    p.set(name, std::max(p.integer(name), columns));
  for (RowRecipe& row : c.rows.at("x"))
    std::erase_if(row.set, [&](const auto& e) { return e.first >= columns; });
}

}  // namespace

rc::Gen<Case> QuantiseFp8::domain(const Manifest& manifest) const {
  return domain_of(*this, [manifest](Draw draw) { return draw_case(std::move(draw), manifest); });
}

std::vector<Step> QuantiseFp8::simpler(const Case& c) const {
  std::vector<Step> steps;
  lower(steps, c, "rows", 1, 1, repair);
  const int64_t columns = c.params.integer("columns");
  for (const int64_t to : {1, 2, 16, 32, 64, 128}) {
    if (to >= columns) continue;
    steps.push_back([to, columns](Case& d) {
      for (const char* name : {"x_stride", "codes_stride"}) {
        if (d.params.integer(name) == columns) d.params.set(name, int64_t{to});
      }
      d.params.set("columns", int64_t{to});
      repair(d);
    });
  }
  lower(steps, c, "columns", 1, 1, repair);
  lower(steps, c, "x_stride", columns, 1, repair);
  lower(steps, c, "codes_stride", columns, 1, repair);
  choose(steps, "granularity", "token", repair);
  choose(steps, "scale_fmt", "f32", repair);
  choose(steps, "dtype", "e4m3fn", repair);
  choose(steps, "scale", 1.0, repair);
  const Dtype dtype = parse_dtype16(c.params.text("x_dtype"));
  if (dtype != Dtype::kBf16) {
    steps.push_back([dtype](Case& d) {
      d.params.set("x_dtype", "bf16");
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
  parameter_axes(axes, c, {"rows", "columns", "group_columns", "x_stride", "codes_stride"}, repair);
  return axes;
}

// --- normalise_fn_to_fnuz -----------------------------------------------------------------------

namespace {

std::vector<uint32_t> weights_row(const Case& c) {
  return tensor_row(c, "weights", 0, Dtype::kE4m3fn,
                    static_cast<uint32_t>(param_in(c, "count", 1, 1 << 24)));
}

std::vector<uint32_t> scales_row(const Case& c) {
  return tensor_row(c, "scales", 0, Dtype::kF32,
                    static_cast<uint32_t>(param_in(c, "scale_count", 1, 1 << 24)));
}

}  // namespace

void NormaliseFnToFnuz::check_manifest(const Manifest& manifest) const {
  const Claims claims(manifest);
  for (const char* name : {"count", "scale_count"}) claims.range(name);
}

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
      .parameters = {{"count", "weights"}, {"scale_count", "scales"}},
      .derived = {},
      .numerics = {},
      .relations = {},
      .unspecified = {},
      .presets = {"vLLM normalize_e4m3fn_to_e4m3fnuz"},
  };
}

std::string NormaliseFnToFnuz::summary(const Case& c) const {
  return fmt::format("{}, {}", plural(c.params.integer("count"), "weight"),
                     plural(c.params.integer("scale_count"), "scale"));
}

rc::Gen<Case> NormaliseFnToFnuz::domain(const Manifest& manifest) const {
  return domain_of(*this, [manifest](Draw draw) {
    Case c;
    c.seed = static_cast<uint64_t>(draw.in(0, std::numeric_limits<uint32_t>::max()));
    for (const char* name : {"count", "scale_count"}) {
      c.params.set(name, draw.one_of(claimed(manifest.claims.at(name),
                                             {1, 2, 3, 63, 64, 127, 128, 129, 255, 256, 1000})));
    }
    RowRecipe weights = {
        draw.weighted<const char*>({{3, "any"}, {2, "bits"}, {1, "normal"}, {1, "zero"}}), 0, {}};
    if (draw.once_in(2))
      weights.set[static_cast<uint32_t>(draw.in(0, c.params.integer("count") - 1))] = 0x80;
    c.rows["weights"] = {weights};
    c.rows["scales"] = {
        {draw.weighted<const char*>({{3, "positive"}, {1, "spread"}}), draw.in(-10, 10), {}}};
    return c;
  });
}

std::vector<Step> NormaliseFnToFnuz::simpler(const Case& c) const {
  std::vector<Step> steps;
  const Repair fix = [](Case& d) {
    std::erase_if(d.rows.at("weights").front().set,
                  [&](const auto& e) { return e.first >= d.params.integer("count"); });
    std::erase_if(d.rows.at("scales").front().set,
                  [&](const auto& e) { return e.first >= d.params.integer("scale_count"); });
  };
  lower(steps, c, "count", 1, 1, fix);
  lower(steps, c, "scale_count", 1, 1, fix);
  steps.push_back([](Case& d) { d.seed = 0; });
  plainer_rows(steps, c, "weights", Dtype::kE4m3fn,
               static_cast<uint32_t>(c.params.integer("count")));
  plainer_rows(steps, c, "scales", Dtype::kF32,
               static_cast<uint32_t>(c.params.integer("scale_count")));
  return steps;
}

std::vector<Axis> NormaliseFnToFnuz::axes(const Case& c) const {
  std::vector<Axis> axes;
  parameter_axes(axes, c, {"count", "scale_count"});
  return axes;
}

}  // namespace wavefuzz
