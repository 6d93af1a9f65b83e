// For tests: names and register layouts of matrix instructions as AMD's matrix instruction
// calculator and the ISA manuals give them. Shares nothing with layout.h and table.h: shapes come
// from the mnemonic.
#ifndef WAVEFUZZ_GPU_SIM_MFMA_PUBLISHED_LAYOUT_H_
#define WAVEFUZZ_GPU_SIM_MFMA_PUBLISHED_LAYOUT_H_

#include <cstdint>
#include <regex>
#include <stdexcept>
#include <string>

namespace wavefuzz::sim::mfma::published {

struct Instruction {
  int m, n, k, blocks;
  std::string a, b;  // "fp8", "bf16"...; "f8f6f4" leaves them to cbsz and blgp
  std::string d;     // "f32", "f64", "i32"
  bool scaled;
};

inline Instruction parse(const std::string& mnemonic) {
  static const std::regex form(
      R"(v_mfma_(scale_)?(f32|f64|i32)_(\d+)x(\d+)x(\d+)_(?:(\d+)b_)?([a-z0-9]+)(?:_([a-z0-9]+))?)");
  std::smatch part;
  if (!std::regex_match(mnemonic, part, form)) throw std::runtime_error("name: " + mnemonic);
  const std::string a = part[7];
  return {std::stoi(part[3]),
          std::stoi(part[4]),
          std::stoi(part[5]),
          part[6].matched ? std::stoi(part[6]) : 1,
          a,
          part[8].matched ? std::string(part[8]) : a,
          part[2],
          part[1].matched};
}

struct Where {
  int lane;
  int bit;  // from bit 0 of the operand's first register, 32 to a register
};

// A[i][k] (dim = M) or B[k][i] (dim = N) of block b.
inline Where input(const Instruction& s, int dim, int bits, int b, int i, int k) {
  const int lanes_along_k = 64 / (dim * s.blocks);
  const int in_lane = s.k / lanes_along_k;
  if (bits == 8 && in_lane == 32) {  // dealt out sixteen at a time
    const int chunk = k / 16;
    return {b * dim + chunk % lanes_along_k * dim * s.blocks + i,
            8 * (chunk / lanes_along_k * 16 + k % 16)};
  }
  return {b * dim + k / in_lane * dim * s.blocks + i, bits * (k % in_lane)};
}

// C[i][j] and D[i][j] of block b.
inline Where output(const Instruction& s, int b, int i, int j) {
  if (s.d == "f64") {
    if (s.m == 16) return {i % 4 * 16 + j, 64 * (i / 4)};
    return {16 * i + 4 * b + j, 0};  // 4x4x4_4b
  }
  const int rows_of_lanes = 64 / s.n;
  const int quads = s.m * s.n / 4;  // of rows, over all columns
  const int blocks_in_lanes = quads >= 64 ? 1 : 64 / quads;
  const int reg = b * (s.m * s.n / 64) + i / (4 * rows_of_lanes) * 4 + i % 4;
  return {b % blocks_in_lanes * s.n + i / 4 % rows_of_lanes * blocks_in_lanes * s.n + j, 32 * reg};
}

}  // namespace wavefuzz::sim::mfma::published

#endif  // WAVEFUZZ_GPU_SIM_MFMA_PUBLISHED_LAYOUT_H_
