#include "fuzz/report/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fuzz/search/png.h"

namespace wavefuzz {
namespace {

constexpr size_t kMostElements = 5;

// By Shade. What is right is faint on white and on black.
constexpr Rgba kColours[kShades] = {
    {0, 0, 0, 0},        {128, 138, 150, 64}, {240, 180, 60, 255},
    {226, 110, 30, 255}, {190, 36, 36, 255},  {136, 60, 200, 255},
};

/// "token 1, head 3, d 17"
std::string element_name(const ComparedTensor& t, uint64_t element) {
  std::string out;
  for (size_t axis = t.shape.size(); axis-- > 0;) {
    const std::string index = fmt::format("{} {}", t.axes[axis], element % t.shape[axis]);
    out = out.empty() ? index : index + ", " + out;
    element /= t.shape[axis];
  }
  return out;
}

std::string base64(const std::string& bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    for (size_t k = 0; k < 3; ++k)
      three = three << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k)
      out += i + k <= bytes.size() ? kDigits[three >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

}  // namespace

Picture picture_of(const ComparedTensor& t) {
  Picture p;
  p.place = t.place;
  p.bounded = !t.bound.empty();
  p.columns = t.axes.empty() ? "" : t.axes.back();
  for (size_t i = 0; i + 1 < t.axes.size(); ++i) p.rows += (i == 0 ? "" : ", ") + t.axes[i];
  p.column_count = t.shape.empty() ? 1 : t.shape.back();
  p.row_count = p.column_count == 0 ? 0 : t.expected.size() / p.column_count;
  p.row_step = std::max<uint64_t>(1, (p.row_count + kMostPictureRows - 1) / kMostPictureRows);
  p.column_step =
      std::max<uint64_t>(1, (p.column_count + kMostPictureColumns - 1) / kMostPictureColumns);
  p.height = (p.row_count + p.row_step - 1) / p.row_step;
  p.width = (p.column_count + p.column_step - 1) / p.column_step;
  p.cells.assign(p.width * p.height, Shade::kNone);

  double scale = 0;  // where there is no bound to measure by
  for (const double v : t.expected) {
    if (std::isfinite(v)) scale = std::max(scale, std::abs(v));
  }
  struct Wrong {
    double size;
    uint64_t element;
  };
  std::vector<Wrong> wrong;
  for (uint64_t i = 0; i < p.row_count * p.column_count; ++i) {
    const double want = t.expected[i], got = t.got[i];
    if (std::isnan(want)) continue;
    ++p.compared;
    const double error = got == want ? 0 : std::abs(got - want);
    const double bound = p.bounded ? t.bound[i] : 0;
    Shade shade = Shade::kRight;
    if (!(error <= bound)) {
      ++p.wrong;
      if (std::isfinite(error)) p.largest = std::max(p.largest, error);
      const double size = p.bounded ? error / bound : error / scale;
      const double first = p.bounded ? 10 : 0.01, second = p.bounded ? 1000 : 1;
      shade = size <= first ? Shade::kWrong1 : size <= second ? Shade::kWrong2 : Shade::kWrong3;
      if (!std::isfinite(got) && std::isfinite(want)) {
        shade = Shade::kNotFinite;
        ++p.not_finite;
      }
      wrong.push_back({std::isnan(size) ? HUGE_VAL : size, i});
    }
    Shade& cell =
        p.cells[i / p.column_count / p.row_step * p.width + i % p.column_count / p.column_step];
    cell = std::max(cell, shade);
  }
  const size_t shown = std::min(wrong.size(), kMostElements);
  std::partial_sort(wrong.begin(), wrong.begin() + static_cast<ptrdiff_t>(shown), wrong.end(),
                    [](const Wrong& a, const Wrong& b) {
                      return a.size != b.size ? a.size > b.size : a.element < b.element;
                    });
  for (size_t k = 0; k < shown; ++k) {
    const uint64_t i = wrong[k].element;
    p.worst.push_back({element_name(t, i), t.expected[i], t.got[i], p.bounded ? t.bound[i] : 0});
  }
  return p;
}

std::string colour(Shade shade) {
  const Rgba& c = kColours[static_cast<size_t>(shade)];
  return c.alpha == 255 ? fmt::format("#{:02x}{:02x}{:02x}", c.red, c.green, c.blue)
                        : fmt::format("rgba({},{},{},{:.2f})", c.red, c.green, c.blue,
                                      static_cast<double>(c.alpha) / 255);
}

std::string png_uri(const Picture& picture) {
  std::vector<uint8_t> pixels(picture.cells.size());
  std::transform(picture.cells.begin(), picture.cells.end(), pixels.begin(),
                 [](Shade shade) { return static_cast<uint8_t>(shade); });
  return "data:image/png;base64," +
         base64(palette_png(static_cast<uint32_t>(picture.width),
                            static_cast<uint32_t>(picture.height), pixels, kColours));
}

}  // namespace wavefuzz
