#ifndef WAVEFUZZ_FUZZ_SEARCH_VERDICT_MAP_H_
#define WAVEFUZZ_FUZZ_SEARCH_VERDICT_MAP_H_

#include <atomic>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fuzz/search/harness.h"

namespace wavefuzz {

/// "ctx:1..600": the values of an axis that a map shows.
struct AxisRange {
  std::string axis;
  int64_t first = 0, last = 0;
};

/// Parses "ctx:1..600,qlen:1..4". Throws Error(kUsage) for what is none, or more than two axes.
std::vector<AxisRange> parse_axes(const std::string& text);

/// The verdicts of a case moved along one or two of its axes.
struct VerdictMap {
  enum class Cell : char {
    kPass = '.',
    kFail = '#',      ///< as the case does
    kOther = '!',     ///< fails in another way
    kWeak = '~',      ///< weak or suspect
    kTooLarge = '>',  ///< ran into a limit
    kNone = ' ',      ///< outside the kernel's claims, or no case at all
  };
  std::string title;
  std::string column_axis, row_axis;     ///< no row axis: one row
  std::vector<int64_t> columns, rows;    ///< values, ascending
  std::vector<std::vector<Cell>> cells;  ///< [row][column]
  bool complete = true;                  ///< false: time was up, and some cells are kNone for that
};

/// How large a map may be.
struct MapLimits {
  size_t columns = 0, rows = 0;
  double seconds = 0;  ///< 0: none
};

/// Runs the case at every value of the ranges, or at evenly spaced ones where there are more than
/// columns and rows. Throws Error(kUsage) naming the axes there are.
VerdictMap draw_map(const Harness& harness, const Case& base, const std::string& wanted,
                    const std::vector<AxisRange>& ranges, const MapLimits& limits, int threads,
                    const std::atomic<bool>& interrupted);

/// For a terminal: a line for each row, the greatest value first.
std::string text_of(const VerdictMap& map);
/// The axes with their values and, for each row, a string of the cells' letters.
nlohmann::ordered_json to_json(const VerdictMap& map);
/// A picture that stands alone, light and dark.
std::string svg_of(const VerdictMap& map);
/// A picture of one cell for each 8 x 8 pixels, without words. Throws Error(kInternal).
std::string png_of(const VerdictMap& map);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_VERDICT_MAP_H_
