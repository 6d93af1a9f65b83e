// What tile.cc hands to the builds for AVX2 and AVX-512. They are compiled with the host ISA's
// flags and so call no inline function from elsewhere: the linker might keep that copy for
// everybody.
#ifndef GPU_SIM_MFMA_TILE_KERNELS_H_
#define GPU_SIM_MFMA_TILE_KERNELS_H_

#include <cstdint>

#include "gpu/sim/mfma/tile.h"

namespace wavefuzz::sim::mfma::internal {

struct Operand {
  const uint32_t* registers;
  const InputPlan* plan;
  FloatFormat format;     // without the bits the rule truncates
  int element_bits;       // in the register
  int truncated_bits;     // lowest of them, dropped
  const uint8_t* scales;  // [k / 32][column], or null
};

struct Job {
  const Tile* tile;
  Operand a, b;
  const uint32_t* c;
  uint32_t* d;  // is c or does not overlap it; does not overlap a or b
};

// The definition, for element (i, j) of a block with the given C.
uint32_t element(const Job& job, int block, int i, int j, uint32_t c);

struct Kernels {
  void (*aligned)(const Job&);  // kAligned, where has_fast_path
  void (*fma32)(const Job&);
  void (*fma64)(const Job&);
  void (*integer)(const Job&);
};

extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;

}  // namespace wavefuzz::sim::mfma::internal

#endif  // GPU_SIM_MFMA_TILE_KERNELS_H_
