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

// Work-items side by side in vector registers, 64 at a time.
void valu_loop_vectorised(const float* in, float* out, int items, int rounds) {
  for (int i = 0; i < items; i += 64) {
    float x[64], y[64];
    unsigned a[64], b[64];
    for (int lane = 0; lane < 64; ++lane) {
      const ValuState s = valu_start(in[i + lane], unsigned(i + lane));
      x[lane] = s.x;
      y[lane] = s.y;
      a[lane] = s.a;
      b[lane] = s.b;
    }
    for (int r = 0; r < rounds; ++r)
#pragma omp simd
      for (int lane = 0; lane < 64; ++lane) {
        ValuState t{x[lane], y[lane], a[lane], b[lane]};
        valu_round(t);
        x[lane] = t.x;
        y[lane] = t.y;
        a[lane] = t.a;
        b[lane] = t.b;
      }
    for (int lane = 0; lane < 64; ++lane)
      out[i + lane] = valu_end({x[lane], y[lane], a[lane], b[lane]});
  }
}

// Groups of 256 in step, which is how their exchange through memory is meant.
// As the four waves of a group.
void lds_loop(const float* in, float* out, int items, int rounds) {
  for (int group = 0; group < items; group += 256) {
    float s[256], x[256];
    for (int t = 0; t < 256; ++t) {
      s[t] = in[group + t];
      x[t] = 0;
    }
    for (int r = 0; r < rounds; ++r) {
      for (int t = 0; t < 256; ++t) x[t] += s[(t & 192) | ((t + r) & 63)];
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
