// One output element of a matrix instruction, D = C + A . B: the definition that everything else
// here equals bit for bit.
#ifndef GPU_SIM_MFMA_DOT_H_
#define GPU_SIM_MFMA_DOT_H_

#include <cstdint>

#include "gpu/sim/mfma/element.h"
#include "gpu/sim/mfma/rules.h"

namespace wavefuzz::sim::mfma {

// What every NaN result is. The payload real parts give is not known.
inline constexpr uint32_t kNan32 = 0x7FC00000;
inline constexpr uint64_t kNan64 = 0x7FF8000000000000;

// Consecutive k that share a block scale.
inline constexpr int kScaleBlock = 32;

// A row of A or a column of B: K codes, each in the low bits of a word. `scales`, where there are
// any, holds an E8M0 code for each kScaleBlock elements: a factor of 2^(code - 127), 0xFF a NaN.
struct Vector {
  Element element;
  const uint32_t* codes;
  const uint8_t* scales = nullptr;
};

// rule.kind kAligned, elements of at most 32 bits; c and the result are f32 patterns. Integers
// only: independent of the host's rounding and denormal modes.
//
// Signs of zero: a sum that is exactly zero is +0, whatever c was; a negative one that rounds to
// zero is -0. So does MMA-Sim; no comparison with hardware on this point is known.
uint32_t dot(const SumRule& rule, const Vector& a, const Vector& b, int k, uint32_t c);

// rule.kind kFmaChain. f32 patterns; subnormals are kept. The host must round to nearest and not
// flush.
uint32_t dot_f32(const uint32_t* a, const uint32_t* b, int k, uint32_t c);
uint64_t dot_f64(const uint64_t* a, const uint64_t* b, int k, uint64_t c);

// rule.kind kInteger; the low 8 bits of each code are a signed number.
uint32_t dot_i8(const uint32_t* a, const uint32_t* b, int k, uint32_t c);

}  // namespace wavefuzz::sim::mfma

#endif  // GPU_SIM_MFMA_DOT_H_
