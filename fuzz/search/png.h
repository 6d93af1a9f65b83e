#ifndef WAVEFUZZ_FUZZ_SEARCH_PNG_H_
#define WAVEFUZZ_FUZZ_SEARCH_PNG_H_

#include <cstdint>
#include <span>
#include <string>

namespace wavefuzz {

struct Rgba {
  uint8_t red = 0, green = 0, blue = 0, alpha = 255;
};

/// A PNG file of width x height pixels, row by row, each a number of a colour of the palette.
/// Throws Error(kInternal).
std::string palette_png(uint32_t width, uint32_t height, std::span<const uint8_t> pixels,
                        std::span<const Rgba> palette);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_PNG_H_
