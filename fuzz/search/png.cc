#include "fuzz/search/png.h"

#include <fmt/format.h>
#include <png.h>

#include "gpu/error.h"

namespace wavefuzz {

std::string palette_png(uint32_t width, uint32_t height, std::span<const uint8_t> pixels,
                        std::span<const Rgba> palette) {
  static_assert(sizeof(Rgba) == 4);  // as PNG_FORMAT_RGBA has it
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGBA_COLORMAP;
  image.colormap_entries = static_cast<png_uint_32>(palette.size());
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string out(bytes, '\0');
  if (png_image_write_to_memory(&image, out.data(), &bytes, 0, pixels.data(), 0, palette.data()) ==
      0)
    throw Error(Exit::kInternal, fmt::format("png: {}", image.message));
  out.resize(bytes);
  return out;
}

}  // namespace wavefuzz
