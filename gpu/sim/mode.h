// The MODE register's floating-point fields, and where they go in the register.
#ifndef WAVEFUZZ_GPU_SIM_MODE_H_
#define WAVEFUZZ_GPU_SIM_MODE_H_

#include <cstdint>

namespace wavefuzz::sim {

// Round field: 0 to nearest even, 1 up, 2 down, 3 toward zero (ISA manual, MODE).
enum class Round : uint8_t { kNearest, kUp, kDown, kZero };

// The number of MODE among the hardware registers that s_setreg and s_getreg name.
inline constexpr int kHwregMode = 1;

struct Mode {
  Round round_f32 = Round::kNearest;
  Round round_f16_f64 = Round::kNearest;
  // Denormal fields, decoded: bit 0 of the field keeps inputs, bit 1 keeps outputs.
  bool flush_in_f32 = false;
  bool flush_out_f32 = false;
  bool flush_in_f16_f64 = false;
  bool flush_out_f16_f64 = false;
  bool dx10_clamp = false;
  bool ieee = false;
  bool fp16_overflow = false;
  uint32_t bits = 0;  // the register

  static constexpr Mode from_bits(uint32_t bits) {
    Mode mode;
    mode.bits = bits;
    mode.round_f32 = Round(bits & 3);
    mode.round_f16_f64 = Round(bits >> 2 & 3);
    mode.flush_in_f32 = !(bits >> 4 & 1);
    mode.flush_out_f32 = !(bits >> 5 & 1);
    mode.flush_in_f16_f64 = !(bits >> 6 & 1);
    mode.flush_out_f16_f64 = !(bits >> 7 & 1);
    mode.dx10_clamp = bits >> 8 & 1;
    mode.ieee = bits >> 9 & 1;
    mode.fp16_overflow = bits >> 23 & 1;
    return mode;
  }
  // VSKIP: vector instructions are not issued.
  static constexpr unsigned kVskipBit = 28;
  bool skips_vectors() const { return bits >> kVskipBit & 1; }
  bool flushes_f32() const { return flush_in_f32 | flush_out_f32; }
  bool flushes_f16_f64() const { return flush_in_f16_f64 | flush_out_f16_f64; }
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_MODE_H_
