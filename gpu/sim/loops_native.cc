// Compiled with -O3 -march=native.
#include "gpu/sim/loops_native.h"

#include "gpu/sim/testdata/loops.h"

namespace wavefuzz::sim::native {

// One work-item after the other, as a C++ program has it.
void valu_loop(const float* in, float* out, int items, int rounds) {
  for (int i = 0; i < items; ++i) {
    ValuState s = valu_start(in[i], unsigned(i));
    for (int r = 0; r < rounds; ++r) valu_round(s);
    out[i] = valu_end(s);
  }
}

// Groups of 256 in step, which is how their exchange through memory is meant.
void lds_loop(const float* in, float* out, int items, int rounds) {
  for (int group = 0; group < items; group += 256) {
    float s[256], x[256];
    for (int t = 0; t < 256; ++t) {
      s[t] = in[group + t];
      x[t] = 0;
    }
    for (int r = 0; r < rounds; ++r) {
      for (int t = 0; t < 256; ++t) x[t] += s[(t + r) & 255];
      for (int t = 0; t < 256; ++t) s[t ^ 1] = x[t];
    }
    for (int t = 0; t < 256; ++t) out[group + t] = x[t];
  }
}

void memory_loop(const float* in, float* out, int items, int rounds) {
  for (int i = 0; i < items; i += 64)
    for (int r = 0; r < rounds; ++r)
      for (int lane = i; lane < i + 64; ++lane)
        out[r * items + lane] = in[(r & 7) * items + lane] + 1.0f;
}

}  // namespace wavefuzz::sim::native
