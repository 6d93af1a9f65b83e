#ifndef WAVEFUZZ_FUZZ_OPERATORS_INDEXER_DRAWS_H_
#define WAVEFUZZ_FUZZ_OPERATORS_INDEXER_DRAWS_H_

#include <algorithm>
#include <cstdint>

#include "fuzz/case/draw.h"

namespace wavefuzz {

/// A context length biased to boundaries: 0, below next_n, around pages, around chunks of 256
/// tokens, around powers of two; at most `most`.
inline int64_t draw_context(Draw& draw, int64_t page_size, int64_t next_n, int64_t most) {
  const int64_t near = draw.in(-1, 1);
  int64_t ctx = 0;
  switch (draw.weighted<int>({{2, 0}, {3, 1}, {6, 2}, {3, 3}, {3, 4}, {5, 5}})) {
    case 0:
      break;
    case 1:
      ctx = draw.in(1, next_n + 1);
      break;
    case 2:
      ctx = page_size * draw.in(1, 4) + near;
      break;
    case 3:
      ctx = 256 * draw.in(1, 3) + near;
      break;
    case 4:
      ctx = (int64_t{1} << draw.in(1, 9)) + near;
      break;
    default:
      ctx = draw.in(1, most);
      break;
  }
  return std::clamp<int64_t>(ctx, 0, most);
}

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_INDEXER_DRAWS_H_
