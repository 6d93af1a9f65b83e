#ifndef WAVEFUZZ_FUZZ_REPORT_PICTURE_H_
#define WAVEFUZZ_FUZZ_REPORT_PICTURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/judge/verdict.h"

namespace wavefuzz {

/// What a cell of a picture shows: the worst of its elements.
enum class Shade : uint8_t {
  kNone,    ///< no output, or unspecified
  kRight,   ///< within the bound
  kWrong1,  ///< |got - expected| over the bound, up to 10 times
  kWrong2,  ///< up to 1000 times
  kWrong3,  ///< more
  kNotFinite,
};
inline constexpr size_t kShades = 6;

/// |got - expected| of an output as a picture: the last axis runs to the right, all others down.
struct Picture {
  std::string place;          ///< "o"
  std::string rows, columns;  ///< which axes they are: "token, head", "d"
  uint64_t row_count = 0, column_count = 0;
  uint64_t row_step = 1, column_step = 1;  ///< elements that a cell stands for, each way
  uint64_t width = 0, height = 0;          ///< cells
  std::vector<Shade> cells;                ///< row by row
  bool bounded = false;                    ///< false: there is no tolerance; shades compare values
  uint64_t compared = 0, wrong = 0, not_finite = 0;
  double largest = 0;  ///< |got - expected| of wrong ones that are finite

  struct Element {
    std::string name;  ///< "token 1, head 3, d 17"
    double expected = 0, got = 0, bound = 0;
  };
  std::vector<Element> worst;  ///< a few, the worst first
};

/// Never more cells than this.
inline constexpr uint64_t kMostPictureRows = 96;
inline constexpr uint64_t kMostPictureColumns = 256;

Picture picture_of(const ComparedTensor& tensor);

/// One pixel a cell, as a data URI of a PNG (palette, with transparency).
std::string png_uri(const Picture& picture);

/// "#rrggbb" of a shade in the PNG.
std::string colour(Shade shade);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_REPORT_PICTURE_H_
