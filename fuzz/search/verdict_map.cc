#include "fuzz/search/verdict_map.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "fuzz/case/text.h"
#include "fuzz/search/boundary.h"
#include "fuzz/search/clock.h"
#include "fuzz/search/parallel.h"
#include "fuzz/search/png.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

using Cell = VerdictMap::Cell;

struct Look {
  Cell cell;
  const char* light;
  const char* dark;
  const char* says;
};
// Told apart without colour as well: a failure is the darkest on light paper, the brightest on
// dark.
constexpr Look kLooks[] = {
    {Cell::kPass, "#cfe8d5", "#1f4a2c", "passes"},
    {Cell::kFail, "#b3261e", "#ff8a80", "fails"},
    {Cell::kOther, "#e08a00", "#c77700", "fails in another way"},
    {Cell::kWeak, "#dddddd", "#555555", "weak or suspect"},
    {Cell::kTooLarge, "#b9c6dd", "#34425c", "too large"},
};

const Look* look_of(Cell cell) {
  for (const Look& look : kLooks) {
    if (look.cell == cell) return &look;
  }
  return nullptr;
}

std::vector<int64_t> spaced(const AxisRange& range, size_t most) {
  const auto count = static_cast<uint64_t>(range.last - range.first) + 1;
  const auto step = static_cast<int64_t>((count + most - 1) / most);
  std::vector<int64_t> values;
  for (int64_t v = range.first; v <= range.last; v += step) values.push_back(v);
  return values;
}

Cell cell_of(const Verdict& verdict, const std::string& wanted) {
  switch (verdict.status) {
    case Status::kPass:
      return Cell::kPass;
    case Status::kWeak:
    case Status::kSuspect:
      return Cell::kWeak;
    case Status::kTooLarge:
      return Cell::kTooLarge;
    case Status::kFail:
      return effect_of(verdict, wanted) == Effect::kFails ? Cell::kFail : Cell::kOther;
    default:
      return Cell::kNone;
  }
}

/// Of "#rrggbb".
Rgba rgba(const std::string& colour) {
  const auto channel = [&](size_t at) {
    return static_cast<uint8_t>(std::stoul(colour.substr(at, 2), nullptr, 16));
  };
  return {channel(1), channel(3), channel(5)};
}

std::string every(const std::vector<int64_t>& values) {
  return values.size() < 2 || values[1] == values[0] + 1
             ? ""
             : fmt::format(" (every {})", values[1] - values[0]);
}

}  // namespace

std::vector<AxisRange> parse_axes(const std::string& text) {
  std::vector<AxisRange> ranges;
  const auto fail = [&](const std::string& part) {
    throw Error(Exit::kUsage, fmt::format("--axes: '{}' is not NAME:FIRST..LAST", part));
  };
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const size_t colon = part.find(':'), dots = part.find("..");
    if (colon == std::string::npos || colon == 0 || dots == std::string::npos || dots < colon)
      fail(part);
    AxisRange range = {part.substr(0, colon), 0, 0};
    const auto number = [&](const std::string& digits) {
      int64_t value = 0;
      const auto [rest, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (error != std::errc() || rest != digits.data() + digits.size()) fail(part);
      return value;
    };
    range.first = number(part.substr(colon + 1, dots - colon - 1));
    range.last = number(part.substr(dots + 2));
    if (range.last < range.first) fail(part);
    ranges.push_back(std::move(range));
    begin = end + 1;
  }
  if (ranges.size() > 2) throw Error(Exit::kUsage, "--axes: a map has one axis or two");
  return ranges;
}

VerdictMap draw_map(const Harness& harness, const Case& base, const std::string& wanted,
                    const std::vector<AxisRange>& ranges, const MapLimits& limits, int threads,
                    const std::atomic<bool>& interrupted) {
  const std::vector<Axis> axes = harness.op(base).axes(base);
  const Axis& across = find_axis(axes, ranges.at(0).axis);
  const Axis* down = ranges.size() > 1 ? &find_axis(axes, ranges[1].axis) : nullptr;
  VerdictMap map;
  map.title = fmt::format("{} on {}: {}", kernel_name(base), base.target, wanted);
  map.column_axis = across.name;
  map.columns = spaced(ranges[0], limits.columns);
  if (down != nullptr) {
    map.row_axis = down->name;
    map.rows = spaced(ranges[1], limits.rows);
  } else {
    map.rows = {0};
  }
  map.cells.assign(map.rows.size(), std::vector<Cell>(map.columns.size(), Cell::kNone));
  const double start = now();
  std::atomic<bool> late = false;
  parallel_for(map.rows.size() * map.columns.size(), threads, [&](size_t i) {
    if (limits.seconds > 0 && now() - start >= limits.seconds) late = true;
    if (interrupted || late) return;
    const size_t row = i / map.columns.size();
    const size_t column = i % map.columns.size();
    try {
      Case c = base;
      if (down != nullptr) down->set(c, map.rows[row]);
      across.set(c, map.columns[column]);
      map.cells[row][column] = cell_of(harness.evaluate(c), wanted);
    } catch (const std::exception&) {
      // No case there.
    }
  });
  map.complete = !late && !interrupted;
  return map;
}

std::string text_of(const VerdictMap& map) {
  size_t width = map.row_axis.size();
  for (const int64_t value : map.rows) width = std::max(width, std::to_string(value).size());
  std::string out = fmt::format("{}\n{} {}..{}{} across", map.title, map.column_axis,
                                map.columns.front(), map.columns.back(), every(map.columns));
  if (!map.row_axis.empty())
    out += fmt::format(", {} {}..{}{} down", map.row_axis, map.rows.back(), map.rows.front(),
                       every(map.rows));
  out +=
      "\n# fails  . passes  ! fails in another way  ~ weak or suspect  > too large  "
      "blank: outside the claims\n";
  for (size_t row = map.rows.size(); row-- > 0;) {
    out +=
        fmt::format("{:>{}} |", map.row_axis.empty() ? "" : std::to_string(map.rows[row]), width);
    for (const Cell cell : map.cells[row]) out += static_cast<char>(cell);
    out += "|\n";
  }
  // The value of every sixteenth column below it, as far as there is room.
  std::string ruler;
  for (size_t column = 0; column < map.columns.size(); column += 16) {
    const std::string value = std::to_string(map.columns[column]);
    if (ruler.size() > column) continue;
    ruler.resize(column, ' ');
    ruler += value + " ";
  }
  return out + fmt::format("{:>{}}  {}\n", map.column_axis, width, ruler);
}

nlohmann::ordered_json to_json(const VerdictMap& map) {
  nlohmann::ordered_json cells = nlohmann::ordered_json::array();
  for (const auto& row : map.cells) {
    std::string letters;
    for (const VerdictMap::Cell cell : row) letters += static_cast<char>(cell);
    cells.push_back(letters);
  }
  return {{"title", map.title},
          {"columns", {{"axis", map.column_axis}, {"values", map.columns}}},
          {"rows", {{"axis", map.row_axis}, {"values", map.rows}}},
          {"letters",
           {{".", "passes"},
            {"#", "fails"},
            {"!", "fails otherwise"},
            {"~", "weak or suspect"},
            {">", "too large"},
            {" ", "no case"}}},
          {"cells", cells},
          {"complete", map.complete}};
}

std::string svg_of(const VerdictMap& map) {
  constexpr int kCell = 8, kLeft = 72, kTop = 68, kBottom = 56;
  const int title = 16 + 8 * static_cast<int>(map.title.size());
  const int width =
      std::max({kLeft + kCell * static_cast<int>(map.columns.size()) + 24, title, 480});
  const int height = kTop + kCell * static_cast<int>(map.rows.size()) + kBottom;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" width=\"{}\" height=\"{}\" "
      "font-family=\"system-ui, sans-serif\" font-size=\"11\" role=\"img\">\n<title>{}</title>\n"
      "<style>text{{fill:#222}}svg{{background:#fff}}",
      width, height, width, height, xml_text(map.title));
  std::string dark = "text{fill:#ddd}svg{background:#111}";
  for (size_t i = 0; i < std::size(kLooks); ++i) {
    out += fmt::format(".c{}{{fill:{}}}", i, kLooks[i].light);
    dark += fmt::format(".c{}{{fill:{}}}", i, kLooks[i].dark);
  }
  out += fmt::format("@media(prefers-color-scheme:dark){{{}}}</style>\n", dark);
  out += fmt::format("<text x=\"8\" y=\"18\" font-size=\"13\">{}</text>\n", xml_text(map.title));
  int x = 8;
  for (size_t i = 0; i < std::size(kLooks); ++i) {
    out += fmt::format(
        "<rect class=\"c{}\" x=\"{}\" y=\"30\" width=\"10\" height=\"10\"/>"
        "<text x=\"{}\" y=\"39\">{}</text>\n",
        i, x, x + 14, kLooks[i].says);
    x += 28 + 6 * static_cast<int>(std::string(kLooks[i].says).size());
  }
  for (size_t row = 0; row < map.rows.size(); ++row) {
    const int y = kTop + kCell * static_cast<int>(map.rows.size() - 1 - row);
    const std::vector<Cell>& cells = map.cells[row];
    for (size_t begin = 0; begin < cells.size();) {  // a rectangle for each run
      size_t end = begin + 1;
      while (end < cells.size() && cells[end] == cells[begin]) ++end;
      if (const Look* look = look_of(cells[begin])) {
        out += fmt::format("<rect class=\"c{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                           look - kLooks, kLeft + kCell * static_cast<int>(begin), y,
                           kCell * static_cast<int>(end - begin), kCell);
      }
      begin = end;
    }
    if (!map.row_axis.empty() && row % (map.rows.size() <= 24 ? 2 : 8) == 0)
      out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", kLeft - 6,
                         y + kCell, map.rows[row]);
  }
  const int below = kTop + kCell * static_cast<int>(map.rows.size());
  for (size_t column = 0; column < map.columns.size(); column += 8)
    out += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n",
                       kLeft + kCell * static_cast<int>(column), below + 14, map.columns[column]);
  out += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", kLeft, below + 32,
                     xml_text(map.column_axis));
  if (!map.row_axis.empty())
    out += fmt::format("<text x=\"8\" y=\"{}\">{}</text>\n", kTop - 8, xml_text(map.row_axis));
  return out + "</svg>\n";
}

std::string png_of(const VerdictMap& map) {
  constexpr size_t kCell = 8;
  const size_t width = map.columns.size() * kCell, height = map.rows.size() * kCell;
  std::vector<Rgba> palette = {{255, 255, 255, 0}};
  for (const Look& look : kLooks) palette.push_back(rgba(look.light));
  std::vector<uint8_t> pixels(width * height);
  for (size_t y = 0; y < height; ++y) {
    for (size_t x = 0; x < width; ++x) {
      const Look* look = look_of(map.cells[map.rows.size() - 1 - y / kCell][x / kCell]);
      if (look != nullptr) pixels[y * width + x] = static_cast<uint8_t>(1 + (look - kLooks));
    }
  }
  return palette_png(static_cast<uint32_t>(width), static_cast<uint32_t>(height), pixels, palette);
}

}  // namespace wavefuzz
