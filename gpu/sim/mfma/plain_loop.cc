#include "gpu/sim/mfma/plain_loop.h"

namespace wavefuzz::sim::mfma {

void plain_16x16x32(const float (&a)[16][32], const float (&b)[32][16], const float (&c)[16][16],
                    float (&d)[16][16]) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) d[i][j] = c[i][j];
    for (int k = 0; k < 32; ++k) {
      // Without this GCC 12 does not vectorise, and takes 8 to 20 times as long.
#pragma omp simd
      for (int j = 0; j < 16; ++j) d[i][j] += a[i][k] * b[k][j];
    }
  }
}

}  // namespace wavefuzz::sim::mfma
