#include "fuzz/operators/rms_norm_fp8.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fuzz/case/image.h"
#include "fuzz/operators/parameter.h"
#include "quant/fp8_text.h"
#include "reference/lse_merge.h"
#include "reference/rms_norm.h"

namespace wavefuzz {
namespace {

const Integer kRows = {.name = "rows",
                       .meaning = "of x",
                       .min = 1,
                       .max = 1 << 20,
                       .plain = 1,
                       .usual = {1, 1, 2, 3, 5},
                       .axis = true};
const Integer kColumns = {.name = "columns",
                          .meaning = "of x, and values of weight",
                          .min = 1,
                          .max = 1 << 20,
                          .plain = 1,
                          .usual = {1, 2, 63, 64, 65, 127, 128, 129, 255, 256, 257, 384, 1000},
                          .axis = true};
const Integer kXStride = {.name = "x_stride",
                          .meaning = "elements from a row of x to the next",
                          .max = int64_t{1} << 31,
                          .plain = [](const Case& c) { return kColumns.of(c); },
                          .axis = true,
                          .unclaimed = Unclaimed::kAny,
                          .least = [](const Case& c) { return kColumns.of(c); }};
const Integer kCodesStride = {.name = "codes_stride",
                              .meaning = "bytes from a row of codes to the next",
                              .max = int64_t{1} << 32,
                              .plain = [](const Case& c) { return kColumns.of(c); },
                              .axis = true,
                              .unclaimed = Unclaimed::kAny,
                              .least = [](const Case& c) { return kColumns.of(c); }};
const Real kEpsilon = {
    .name = "epsilon", .meaning = "added to the mean, under the root", .plain = 1e-6};
const Choice kDtype = {.name = "dtype",
                       .meaning = "of the codes",
                       .choices = {"e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz"},
                       .plain = "e4m3fn"};
const ParameterTable kTable = {kRows, kColumns, kXStride, kCodesStride, kEpsilon, kDtype};

std::vector<uint32_t> row_of(const Case& c, const char* tensor, int64_t row) {
  return tensor_row(c, tensor, static_cast<uint64_t>(row), Dtype::kBf16,
                    static_cast<uint32_t>(kColumns.of(c)));
}

std::vector<float> floats(const ImageReader& image, int64_t first, int64_t count) {
  std::vector<float> values;
  for (int64_t i = first; i < first + count; ++i)
    values.push_back(decode(Dtype::kBf16, load_bits(Dtype::kBf16, image.at(2 * i, 2))));
  return values;
}

reference::RmsNormRule rule_of(const Case& c, const Manifest& manifest) {
  const JsonView numerics(manifest.numerics, manifest.file + " numerics");
  numerics.allow_only({"divisor", "floor"});
  const std::string& dtype = kDtype.of(c);
  return {.epsilon = kEpsilon.of(c),
          .divisor = numerics.at("divisor").at(dtype).number(),
          .floor = numerics.at("floor").at(dtype).number()};
}

void repair(Case& c) {
  kTable.repair(c);
  for (auto& [name, rows] : c.rows) {
    for (RowRecipe& row : rows)
      std::erase_if(row.set, [&](const auto& e) { return e.first >= kColumns.of(c); });
  }
}

Case draw_case(Draw draw, const Manifest& manifest) {
  Case c;
  c.seed = static_cast<uint64_t>(draw.in(0, std::numeric_limits<uint32_t>::max()));
  kDtype.draw(draw, manifest, c);
  kRows.draw(draw, manifest, c);
  const int64_t columns = kColumns.draw(draw, manifest, c);
  kXStride.set_inside(manifest, c, columns + draw.weighted<int64_t>({{2, 0}, {1, 1}, {1, 64}}));
  kCodesStride.set_inside(manifest, c, columns + draw.weighted<int64_t>({{2, 0}, {1, 3}}));
  kEpsilon.set(c, draw.weighted<double>({{3, 1e-6}, {1, 1e-5}, {1, 0x1p-4}}));
  const int64_t recipes = draw.in(1, 4);
  for (int64_t i = 0; i < recipes; ++i) {
    c.rows["x"].push_back({draw.weighted<const char*>({{5, "normal"},
                                                       {2, "spike"},
                                                       {2, "zero"},
                                                       {1, "powers"},
                                                       {1, "alternate"},
                                                       {1, "ramp"}}),
                           draw.in(-14, 10),
                           {}});
  }
  c.rows["weight"] = {{draw.weighted<const char*>({{2, "one"}, {3, "positive"}, {2, "normal"}}),
                       draw.in(-3, 3),
                       {}}};
  return c;
}

}  // namespace

const ParameterTable& RmsNormFp8::table() const { return kTable; }

void RmsNormFp8::check_manifest(const Manifest& manifest) const {
  Operator::check_manifest(manifest);
  for (const std::string& dtype : manifest.claims.at(kDtype.name).choices) {
    Case c;
    kEpsilon.set(c, kEpsilon.plain);
    kDtype.set(c, dtype);
    rule_of(c, manifest);
  }
}

Case RmsNormFp8::draw(Draw draw, const Manifest& manifest) const {
  return draw_case(std::move(draw), manifest);
}

std::vector<Buffer> RmsNormFp8::buffers(const Case& c) const {
  const int64_t rows = kRows.of(c), columns = kColumns.of(c);
  ImageBuilder x;
  for (int64_t row = 0; row < rows; ++row)
    x.put(static_cast<uint64_t>(row * kXStride.of(c)) * 2, pack(Dtype::kBf16, row_of(c, "x", row)));
  return {{.name = "x",
           .bytes = static_cast<uint64_t>((rows - 1) * kXStride.of(c) + columns) * 2,
           .access = Access::kRead,
           .contents = x.take()},
          {.name = "weight",
           .bytes = static_cast<uint64_t>(columns) * 2,
           .access = Access::kRead,
           .contents = {{0, pack(Dtype::kBf16, row_of(c, "weight", 0))}}},
          {.name = "codes",
           .bytes = static_cast<uint64_t>((rows - 1) * kCodesStride.of(c) + columns),
           .access = Access::kWrite},
          {.name = "scales", .bytes = static_cast<uint64_t>(rows) * 4, .access = Access::kWrite}};
}

void RmsNormFp8::judge(const Run& run, Judge& judge) const {
  const Case& c = run.c;
  const auto rows = static_cast<uint64_t>(kRows.of(c));
  const auto columns = static_cast<uint64_t>(kColumns.of(c));
  const quant::Fp8 format = *quant::parse_fp8(kDtype.of(c));
  const reference::RmsNormRule rule = rule_of(c, run.manifest);
  const ImageReader x(run.buffers[0]), w(run.buffers[1]);
  const std::vector<float> weight = floats(w, 0, kColumns.of(c));
  ExpectedTensor codes = {.view = {.buffer = "codes",
                                   .field = "code",
                                   .dtype = dtype_of(format),
                                   .axes = {"row", "column"},
                                   .shape = {rows, columns},
                                   .strides = {static_cast<uint64_t>(kCodesStride.of(c)), 1}}};
  ExpectedTensor scales = {
      .view = {
          .buffer = "scales", .field = "scale", .axes = {"row"}, .shape = {rows}, .strides = {4}}};
  scales.primary = false;
  const double largest = quant::max_finite(format);
  for (uint64_t r = 0; r < rows; ++r) {
    const reference::RmsNormRow row = reference::rms_norm(
        floats(x, static_cast<int64_t>(r) * kXStride.of(c), kColumns.of(c)), weight, rule);
    scales.value.push_back(row.scale);
    scales.hard.push_back(row.scale * row.scale_error);
    for (const double quotient : row.quotient) {
      const double value = std::clamp(quotient, -largest, largest);
      codes.value.push_back(value);
      const double error = std::abs(value) * row.quotient_error;
      codes.hard.push_back(error + reference::half_ulp(std::abs(value) + error,
                                                       quant::format(format).mantissa_bits + 1,
                                                       1 - quant::format(format).bias));
    }
  }
  judge.numeric(scales);
  judge.numeric(codes);
}

OperatorPage RmsNormFp8::page() const {
  return {.name = name(),
          .summary = "RMS norm of rows of bf16 with FP8 output and a scale for each row.",
          .semantics = {"y = x * rsqrt(mean(x^2) + epsilon) * weight, in f32",
                        "scale = max(max |y| / divisor, floor); code = fp8(y / scale), saturated"},
          .buffers = {{"x", "bf16", "[rows, columns], row stride x_stride", "in"},
                      {"weight", "bf16", "[columns]", "in"},
                      {"codes", "dtype", "[rows, columns], row stride codes_stride", "out"},
                      {"scales", "f32", "[rows]", "out"}},
          .parameters = kTable.entries(),
          .numerics = {{"divisor, floor", "for each dtype, e.g. `{\"e4m3fn\": 448}`"}},
          .presets = {"vLLM rms_norm_dynamic_per_token_quant: floor 1 / (divisor * 512)"}};
}

std::vector<Step> RmsNormFp8::simpler(const Case& c) const {
  std::vector<Step> steps;
  kTable.simpler(steps, c, repair);
  steps.push_back([](Case& d) { d.seed = 0; });
  for (const char* tensor : {"x", "weight"})
    plainer_rows(steps, c, tensor, Dtype::kBf16, static_cast<uint32_t>(kColumns.of(c)));
  return steps;
}

std::vector<Axis> RmsNormFp8::axes(const Case& c) const {
  std::vector<Axis> axes;
  kTable.axes(axes, c, repair);
  return axes;
}

std::string RmsNormFp8::summary(const Case& c) const {
  return fmt::format("{} x {} bf16 -> {}, epsilon {}, x_stride {}", kRows.of(c), kColumns.of(c),
                     kDtype.of(c), kEpsilon.of(c), kXStride.of(c));
}

}  // namespace wavefuzz
