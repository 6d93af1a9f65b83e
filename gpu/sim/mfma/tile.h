// Whole matrix instructions on register arrays.
//
// Registers are arrays [register][64 lanes] of dwords, an operand's registers one after another;
// where an element lies in them is layout.h's. Every build gives the bits that dot.h defines.
#ifndef GPU_SIM_MFMA_TILE_H_
#define GPU_SIM_MFMA_TILE_H_

#include <cstdint>

#include "gpu/sim/mfma/element.h"
#include "gpu/sim/mfma/layout.h"
#include "gpu/sim/mfma/rules.h"

namespace wavefuzz::sim::mfma {

// Largest of any shape.
inline constexpr int kMaxK = 128;
inline constexpr int kMaxInputRegisters = 8;
inline constexpr int kMaxOutputRegisters = 32;

// layout.h's maps of one operand, tabulated.
struct InputPlan {
  int columns;
  int groups;
  int per_lane;      // elements
  uint8_t k[kMaxK];  // [group * per_lane + local]
};
struct OutputPlan {
  uint16_t offset[kLanes];  // [block * m + i]: reg * 64 + lane of column 0
};

consteval InputPlan make_input_plan(const Shape& shape, int bits) {
  const InputLayout layout = input_layout(shape, shape.m, bits);
  InputPlan plan = {layout.columns, layout.groups, layout.run * layout.runs, {}};
  for (int g = 0; g < plan.groups; ++g)
    for (int l = 0; l < plan.per_lane; ++l)
      plan.k[g * plan.per_lane + l] = static_cast<uint8_t>(layout.k(g, l));
  return plan;
}
consteval OutputPlan make_output_plan(const Shape& shape, int bits) {
  OutputPlan plan = {};
  for (int b = 0; b < shape.blocks; ++b) {
    for (int i = 0; i < shape.m; ++i) {
      const Place place = output_place(shape, bits, b, i, 0);
      plan.offset[b * shape.m + i] = static_cast<uint16_t>(place.reg * kLanes + place.lane);
    }
  }
  return plan;
}

template <Shape kShape, bool kBytes>
inline constexpr InputPlan kInputPlan = make_input_plan(kShape, kBytes ? 8 : 16);
template <Shape kShape, int kBits>
inline constexpr OutputPlan kOutputPlan = make_output_plan(kShape, kBits);

// What an instruction multiplies, and how. Of every shape m = n.
struct Tile {
  Shape shape;
  Element a, b;
  SumRule rule;
  const InputPlan* byte_plan;  // of 8-bit elements
  const InputPlan* plan;       // of all others
  const OutputPlan* output_plan;

  const InputPlan& input_plan(Element element) const {
    return bits(element) == 8 ? *byte_plan : *plan;
  }
};

template <Shape kShape>
constexpr Tile make_tile(Element a, Element b, const SumRule& rule) {
  static_assert(kShape.m == kShape.n && kShape.k <= kMaxK);
  return {kShape,
          a,
          b,
          rule,
          &kInputPlan<kShape, true>,
          &kInputPlan<kShape, false>,
          a == Element::kF64 ? &kOutputPlan<kShape, 64> : &kOutputPlan<kShape, 32>};
}

// The block scales of an operand: byte `byte` (0 to 3) of lane kb * dim + i of `lanes` is the E8M0
// scale of row or column i for k = 32 kb to 32 kb + 31. That blocks follow k itself, also where the
// layout of 8-bit elements does not, is a hypothesis.
struct Scale {
  const uint32_t* lanes = nullptr;  // null: no scales
  int byte = 0;
};

// What the instruction's fields change.
struct Modifiers {
  // Broadcast of A's blocks and permutation of B's lanes (layout.h); of f8f6f4 the formats of A
  // (cbsz) and B (blgp), codes as in element.h; of f64 blgp's bits 0, 1, 2 negate A, B, C.
  uint8_t cbsz = 0;
  uint8_t abid = 0;
  uint8_t blgp = 0;
  // f32 only: subnormal elements of A and B count as zeros of their sign, as MODE.denorm asks. C
  // and D are never flushed. From rocjitsu's reading of the ISA manual.
  bool flush_inputs = false;
  // v_mfma_scale_* only.
  Scale a_scale = {};
  Scale b_scale = {};
};

enum class Isa : uint8_t { kScalar, kAvx2, kAvx512 };
const char* name(Isa isa);  // "scalar", "avx2", "avx512"
bool supported(Isa isa);    // by this CPU
Isa best_isa();

// D = C + A B. a, b, c, d: registers as above; d may overlap any of them. No allocation. The
// caller's MXCSR neither matters nor changes.
void multiply(const Tile& tile, const Modifiers& modifiers, const uint32_t* a, const uint32_t* b,
              const uint32_t* c, uint32_t* d, Isa isa = best_isa());

}  // namespace wavefuzz::sim::mfma

#endif  // GPU_SIM_MFMA_TILE_H_
