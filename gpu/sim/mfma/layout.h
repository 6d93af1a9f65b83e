// Where the elements of A, B, C and D lie in the registers of a wave of 64 lanes. From AMD's matrix
// instruction calculator (gfx940 part) and, for the 8-bit f8f6f4 shapes, from the layouts that
// rocjitsu and tinygrad agree on.
#ifndef GPU_SIM_MFMA_LAYOUT_H_
#define GPU_SIM_MFMA_LAYOUT_H_

#include <cstdint>

namespace wavefuzz::sim::mfma {

inline constexpr int kLanes = 64;

// D[b] = C[b] + A[b] B[b] for each block b; A is m x k, B is k x n, C and D are m x n.
struct Shape {
  int m, n, k;
  int blocks = 1;

  constexpr bool operator==(const Shape&) const = default;
};

struct Place {
  int reg;   // register, from the operand's first
  int lane;  // 0 to 63
  int bit;   // the element's lowest bit in the register; an element can run on into the next
             // register

  constexpr bool operator==(const Place&) const = default;
};

// Registers of A (dim = m) or B (dim = n).
constexpr int input_registers(const Shape& shape, int dim, int bits) {
  return dim * shape.k * shape.blocks * bits / (32 * kLanes);
}

// Registers of C and D, of elements of 32 or 64 bits.
constexpr int output_registers(const Shape& shape, int bits) {
  return shape.m * shape.n * shape.blocks * bits / (32 * kLanes);
}

// How A (dim = m) or B (dim = n) is dealt out along k. Column c = block * dim + i of the operand
// lies in the lanes c, c + columns, c + 2 columns...; each of them holds `run` consecutive k at a
// time, `runs` times.
struct InputLayout {
  int columns;  // dim * blocks
  int groups;   // lanes that share a column
  int run;
  int runs;

  // k of the local-th element in a lane of group g, and back.
  constexpr int k(int group, int local) const {
    return (local / run * groups + group) * run + local % run;
  }
  constexpr int group(int k) const { return k / run % groups; }
  constexpr int local(int k) const { return k / run / groups * run + k % run; }
};

constexpr InputLayout input_layout(const Shape& shape, int dim, int bits) {
  const int columns = dim * shape.blocks;
  const int groups = kLanes / columns;
  const int per_lane = shape.k / groups;
  // 8-bit elements come in 16-byte halves of a lane's 32; everything else is contiguous.
  const int run = bits == 8 && per_lane == 32 ? 16 : per_lane;
  return {columns, groups, run, per_lane / run};
}

// Of A[i][k] (dim = m) or B[k][i] (dim = n).
constexpr Place input_place(const Shape& shape, int dim, int bits, int block, int i, int k) {
  const InputLayout layout = input_layout(shape, dim, bits);
  const int offset = layout.local(k) * bits;
  return {offset / 32, layout.group(k) * layout.columns + block * dim + i, offset % 32};
}

// Of C[i][j] and D[i][j]. For 64-bit elements the register of the low half.
constexpr Place output_place(const Shape& shape, int bits, int block, int i, int j) {
  // Consecutive rows that stay in a lane, in consecutive registers: four of 32 bits, one of 64.
  const int together = bits == 64 ? 1 : 4;
  const int rows = kLanes / shape.n;  // runs of such rows side by side in the lanes
  const int size = shape.m * shape.n;
  const int side_by_side = size / together < kLanes ? kLanes * together / size : 1;  // blocks
  const int element =
      block / side_by_side * (size / kLanes) + i / (together * rows) * together + i % together;
  const int lane = ((i / together) % rows * side_by_side + block % side_by_side) * shape.n + j;
  return {element * (bits / 32), lane, 0};
}

// CBSZ and ABID: the block whose A takes part in block b. Among each 2^cbsz neighbouring blocks the
// abid-th stands for all (AMD's calculator, "Example of Using the CBSZ and ABID Modifiers").
constexpr int broadcast_block(int block, int cbsz, int abid) {
  return (block >> cbsz << cbsz) + abid;
}

// BLGP: the lane whose B is used in `lane`. 0 none; 1, 2 the first or second 32 lanes for all; 3
// the lane 16 higher; 4 to 7 the first to fourth 16 lanes for all.
constexpr int permuted_lane(int lane, int blgp) {
  if (blgp == 0) return lane;
  if (blgp <= 2) return lane % 32 + 32 * (blgp - 1);
  if (blgp == 3) return (lane + 16) % kLanes;
  return lane % 16 + 16 * (blgp - 4);
}

}  // namespace wavefuzz::sim::mfma

#endif  // GPU_SIM_MFMA_LAYOUT_H_
