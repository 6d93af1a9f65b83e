// Every v_mfma_* of both arches in a wave, on whole numbers that every format and every order of
// summation has exactly: D equals the plain matrix product, whatever the registers and modifiers.
// Which instructions there are comes from the table; their shapes from their names, layouts from
// mfma/published_layout.h, codes from LLVM's APFloat. Faults that were planted and found: CBSZ
// taking every 16 >> cbsz-th block, 8-bit f8f6f4 elements without their halves of 16.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <llvm/ADT/APFloat.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "gpu/sim/mfma/published_layout.h"
#include "gpu/sim/mfma/table.h"
#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

using mfma::published::input;
using mfma::published::Instruction;
using mfma::published::output;
using mfma::published::parse;
using mfma::published::Where;

// An element type, all of whose whole numbers from -most to most are exact.
struct Type {
  const llvm::fltSemantics* semantics;  // null: i8
  int bits;
  int most;

  uint64_t code(double x) const {
    if (semantics == nullptr) return uint8_t(int(x));
    llvm::APFloat value(x);
    bool inexact = false;
    value.convert(*semantics, llvm::APFloat::rmNearestTiesToEven, &inexact);
    if (inexact) throw std::logic_error("not in the format: " + std::to_string(x));
    return value.bitcastToAPInt().getZExtValue();
  }
};

Type type_of(Arch arch, const std::string& name) {
  using llvm::APFloatBase;
  const bool ocp = arch == Arch::kGfx950;
  static const std::map<std::string, Type> kTypes = {
      {"f64", {&APFloatBase::IEEEdouble(), 64, 1 << 22}},
      {"f32", {&APFloatBase::IEEEsingle(), 32, 1000}},
      {"xf32", {&APFloatBase::IEEEsingle(), 32, 1000}},
      {"f16", {&APFloatBase::IEEEhalf(), 16, 500}},
      {"bf16", {&APFloatBase::BFloat(), 16, 250}},
      {"i8", {nullptr, 8, 127}},
      {"fp6", {&APFloatBase::Float6E2M3FN(), 6, 7}},
      {"bf6", {&APFloatBase::Float6E3M2FN(), 6, 8}},
      {"fp4", {&APFloatBase::Float4E2M1FN(), 4, 4}},
  };
  if (name == "fp8")
    return {ocp ? &APFloatBase::Float8E4M3FN() : &APFloatBase::Float8E4M3FNUZ(), 8, 16};
  if (name == "bf8")
    return {ocp ? &APFloatBase::Float8E5M2() : &APFloatBase::Float8E5M2FNUZ(), 8, 8};
  return kTypes.at(name);
}

// f8f6f4's formats by their codes in cbsz and blgp.
constexpr const char* kFormats[] = {"fp8", "bf8", "fp6", "bf6", "fp4"};

// What is said about an instruction besides its mnemonic.
struct Probe {
  int cbsz = 0, abid = 0, blgp = 0;
  int negated = 0;             // f64: bits for A, B, C
  int a_byte = 0, b_byte = 0;  // of the scales' registers
  enum Registers {
    kVgprs,
    kAccumulators,
    kMixed,
    kDIsC,
    kDIsA,
    kDIsB,
    kConstantC
  } registers = kVgprs;
  uint64_t exec = ~0ull;
};

std::string range(char file, int first, int count) {
  return count == 1 ? fmt::format("{}{}", file, first)
                    : fmt::format("{}[{}:{}]", file, first, first + count - 1);
}

class Shapes : public testing::TestWithParam<Arch> {
 protected:
  // Runs one instruction and compares D.
  void check(const std::string& mnemonic, const Probe& p) {
    const Instruction s = parse(mnemonic);
    const bool f8f6f4 = s.a == "f8f6f4";
    const Type a_type = type_of(GetParam(), f8f6f4 ? kFormats[p.cbsz] : s.a);
    const Type b_type = type_of(GetParam(), f8f6f4 ? kFormats[p.blgp] : s.b);
    const int d_bits = s.d == "f64" ? 64 : 32;
    const int a_count = s.m * s.k * s.blocks * a_type.bits / 2048;
    const int b_count = s.n * s.k * s.blocks * b_type.bits / 2048;
    const int d_count = s.m * s.n * s.blocks * d_bits / 2048;

    // Registers: 0 A, 1 B, 2 C, 3 D, each in v (0) or a (256).
    int first[4] = {8, 40, 72, 112}, file[4] = {};
    if (p.registers == Probe::kAccumulators) std::fill(file, file + 4, 256);
    if (p.registers == Probe::kMixed) file[0] = file[2] = file[3] = 256;
    if (p.registers == Probe::kDIsC) first[3] = first[2];
    if (p.registers == Probe::kDIsA) first[3] = first[0];
    if (p.registers == Probe::kDIsB) first[3] = first[1];
    const auto operand = [&](int n, int count) {
      return range(file[n] ? 'a' : 'v', first[n], count);
    };
    const bool constant = p.registers == Probe::kConstantC;
    const double constant_value = s.d == "i32" ? -5 : -4;  // among the inline constants
    std::string text = fmt::format("{} {}, {}, {}, {}", mnemonic, operand(3, d_count),
                                   operand(0, a_count), operand(1, b_count),
                                   !constant      ? operand(2, d_count)
                                   : s.d == "i32" ? "-5"
                                                  : "-4.0");
    if (s.scaled)
      text += fmt::format(", v200, v201 op_sel:[{},{},0] op_sel_hi:[{},{},0]", p.a_byte & 1,
                          p.b_byte & 1, p.a_byte >> 1, p.b_byte >> 1);
    if (p.cbsz != 0) text += fmt::format(" cbsz:{}", p.cbsz);
    if (p.abid != 0) text += fmt::format(" abid:{}", p.abid);
    if (p.blgp != 0) text += fmt::format(" blgp:{}", p.blgp);
    if (p.negated != 0)
      text += fmt::format(" neg:[{},{},{}]", p.negated & 1, p.negated >> 1 & 1, p.negated >> 2);
    SCOPED_TRACE(text);

    // The numbers as they lie in the registers, by lane and bit.
    std::map<std::pair<int, int>, int> a, b;
    std::vector<LaneValues> a_registers(a_count), b_registers(b_count), c_registers(d_count);
    const auto put = [](std::vector<LaneValues>& registers, Where at, int bits, uint64_t code) {
      for (int bit = at.bit; bit < at.bit + bits; ++bit, code >>= 1)
        registers.at(bit / 32).at(at.lane) |= uint32_t(code & 1) << bit % 32;
    };
    const auto number = [&](int most) { return int(random_() % (2 * most + 1)) - most; };
    for (int block = 0; block < s.blocks; ++block) {
      for (int i = 0; i < s.m; ++i) {
        for (int k = 0; k < s.k; ++k) {
          const Where in_a = input(s, s.m, a_type.bits, block, i, k);
          const Where in_b = input(s, s.n, b_type.bits, block, i, k);
          const int x = a[{in_a.lane, in_a.bit}] = number(a_type.most);
          const int y = b[{in_b.lane, in_b.bit}] = number(b_type.most);
          put(a_registers, in_a, a_type.bits, a_type.code(x));
          put(b_registers, in_b, b_type.bits, b_type.code(y));
        }
      }
    }
    const auto d_code = [&](double x) -> uint64_t {
      if (s.d == "i32") return uint32_t(int32_t(x));
      if (s.d == "f64") return llvm::APFloat(x).bitcastToAPInt().getZExtValue();
      if (x != double(float(x))) throw std::logic_error("too large for f32");
      return llvm::APFloat(float(x)).bitcastToAPInt().getZExtValue();
    };
    std::map<std::pair<int, int>, int> c;
    for (int block = 0; block < s.blocks; ++block) {
      for (int i = 0; i < s.m; ++i) {
        for (int j = 0; j < s.n; ++j) {
          const Where at = output(s, block, i, j);
          c[{at.lane, at.bit}] = number(100000);
          put(c_registers, at, d_bits, d_code(c[{at.lane, at.bit}]));
        }
      }
    }

    AsmOptions options;
    options.arch = GetParam();
    options.exec = p.exec;
    AsmWave wave(text, options);
    const auto set = [&](int n, const std::vector<LaneValues>& registers) {
      for (size_t r = 0; r < registers.size(); ++r)
        wave.set_v(unsigned(file[n] + first[n]) + unsigned(r), registers[r]);
    };
    if (!constant) set(2, c_registers);
    set(0, a_registers);
    set(1, b_registers);
    // Scales 2^-1 to 2^2, the asked byte's; other bytes must not matter.
    std::vector<int> scale[2];
    for (int n = 0; n < 2 && s.scaled; ++n) {
      LaneValues values;
      for (uint32_t& word : values) {
        word = uint32_t(random_());
        const int power = int(random_() % 4) - 1, byte = n == 0 ? p.a_byte : p.b_byte;
        word = (word & ~(0xFFu << 8 * byte)) | uint32_t(127 + power) << 8 * byte;
        scale[n].push_back(power);
      }
      wave.set_v(unsigned(200 + n), values);
    }
    wave.run();
    ASSERT_EQ(wave.findings(), "");

    // B as BLGP deals it out: what each lane has instead of its own.
    const auto b_lane = [&](int lane) {
      if (f8f6f4 || p.blgp == 0) return lane;
      if (p.blgp == 3) return (lane + 16) % 64;
      return p.blgp < 3 ? (p.blgp - 1) * 32 + lane % 32 : (p.blgp - 4) * 16 + lane % 16;
    };
    for (int block = 0; block < s.blocks; ++block) {
      // Of each 2^cbsz neighbouring blocks the abid-th gives A to all.
      const int group = f8f6f4 ? 1 : 1 << p.cbsz;
      const int a_block = block / group * group + p.abid;
      for (int i = 0; i < s.m; ++i) {
        for (int j = 0; j < s.n; ++j) {
          const Where at = output(s, block, i, j);
          double sum = constant ? constant_value : c[{at.lane, at.bit}];
          if (p.negated & 4) sum = -sum;
          for (int k = 0; k < s.k; ++k) {
            const Where in_a = input(s, s.m, a_type.bits, a_block, i, k);
            const Where in_b = input(s, s.n, b_type.bits, block, j, k);
            double product =
                double(a.at({in_a.lane, in_a.bit})) * b.at({b_lane(in_b.lane), in_b.bit});
            if ((p.negated ^ p.negated >> 1) & 1) product = -product;
            if (s.scaled)  // lane 16 (32) g + i: row i's for k = 32 g to 32 g + 31
              product = std::ldexp(product,
                                   scale[0].at(k / 32 * s.m + i) + scale[1].at(k / 32 * s.n + j));
            sum += product;
          }
          const unsigned reg = unsigned(file[3] + first[3] + at.bit / 32), lane = unsigned(at.lane);
          const uint64_t actual = d_bits == 64 ? wave.v64(reg, lane) : wave.v(reg, lane);
          ASSERT_EQ(actual, d_code(sum))
              << "block " << block << " row " << i << " column " << j << ": " << sum;
          ASSERT_EQ(wave.v_poison(reg, lane), 0u);
        }
      }
    }
    ++probes_[mnemonic];
  }

  // Every row of the table has been checked, and nothing else.
  void expect_all_probed() {
    for (const mfma::Op& op : mfma::ops(GetParam()))
      EXPECT_GT(probes_[std::string(op.mnemonic)], 0) << op.mnemonic << " has no probe";
    EXPECT_EQ(probes_.size(), mfma::ops(GetParam()).size());
  }

  template <typename Body>
  void for_each_instruction(const Body& body) {
    for (const mfma::Op& op : mfma::ops(GetParam())) {
      const std::string mnemonic(op.mnemonic);
      ASSERT_NO_FATAL_FAILURE(body(mnemonic, parse(mnemonic))) << mnemonic;
    }
  }

 private:
  std::mt19937 random_{7};
  std::map<std::string, int> probes_;
};

TEST_P(Shapes, MultiplyInEveryArrangementOfRegisters) {
  for_each_instruction([&](const std::string& mnemonic, const Instruction&) {
    for (const auto registers : {Probe::kVgprs, Probe::kAccumulators, Probe::kMixed, Probe::kDIsC,
                                 Probe::kDIsA, Probe::kDIsB, Probe::kConstantC})
      ASSERT_NO_FATAL_FAILURE(check(mnemonic, {.registers = registers}));
    // EXEC takes no part.
    ASSERT_NO_FATAL_FAILURE(check(mnemonic, {.exec = 0x8000'0001'00F0'0002}));
    ASSERT_NO_FATAL_FAILURE(check(mnemonic, {.exec = 0}));
  });
  expect_all_probed();
}

TEST_P(Shapes, TakeEveryCbszAbidAndBlgp) {
  int broadcasts = 0;
  for_each_instruction([&](const std::string& mnemonic, const Instruction& s) {
    if (s.a == "f8f6f4" || s.a == "f64") return;
    for (int cbsz = 0; 1 << cbsz <= s.blocks; ++cbsz) {
      for (int abid = 0; abid < 1 << cbsz; ++abid) {
        for (int blgp = 0; blgp < 8; ++blgp) {
          // All of one with some of the other.
          if (abid > 1 && blgp != abid % 8) continue;
          ASSERT_NO_FATAL_FAILURE(check(mnemonic, {.cbsz = cbsz, .abid = abid, .blgp = blgp}));
          broadcasts += cbsz != 0;
        }
      }
    }
  });
  EXPECT_GT(broadcasts, 100);
}

TEST_P(Shapes, NegateEveryOperandOfF64) {
  for_each_instruction([&](const std::string& mnemonic, const Instruction& s) {
    if (s.a != "f64") return;
    for (int negated = 0; negated < 8; ++negated)
      ASSERT_NO_FATAL_FAILURE(check(mnemonic, {.negated = negated}));
  });
}

TEST_P(Shapes, TakeEveryPairOfF8f6f4Formats) {
  for_each_instruction([&](const std::string& mnemonic, const Instruction& s) {
    if (s.a != "f8f6f4") return;
    for (int a = 0; a < 5; ++a)
      for (int b = 0; b < 5; ++b) ASSERT_NO_FATAL_FAILURE(check(mnemonic, {.cbsz = a, .blgp = b}));
  });
}

TEST_P(Shapes, TakeScalesFromTheByteAskedFor) {
  for_each_instruction([&](const std::string& mnemonic, const Instruction& s) {
    if (!s.scaled) return;
    for (int a_byte = 0; a_byte < 4; ++a_byte)
      for (int b_byte = 0; b_byte < 4; ++b_byte)
        ASSERT_NO_FATAL_FAILURE(check(
            mnemonic, {.cbsz = b_byte, .blgp = a_byte + 1, .a_byte = a_byte, .b_byte = b_byte}));
  });
}

TEST(Scaled, AnUndefinedScaleReachesItsRowOrColumnOnly) {
  for (const bool of_a : {true, false}) {
    AsmOptions options;
    options.arch = Arch::kGfx950;
    // v4 is never written; v2 takes it in lane 21, which scales row or column 5 for k = 32 to 63.
    AsmWave wave(std::string("v_mov_b32 v2, v1\n"
                             "s_mov_b64 exec, s[0:1]\n"
                             "v_mov_b32 v2, v4\n"
                             "s_mov_b64 exec, -1\n"
                             "v_mfma_scale_f32_16x16x128_f8f6f4 v[8:11], v[16:23], v[24:31], 0, ") +
                     (of_a ? "v2, v1" : "v1, v2"),
                 options);
    for (unsigned r = 16; r < 32; ++r) wave.set_v(r, 0);
    wave.set_v(1, 127).set_s64(0, uint64_t{1} << 21).run();
    ASSERT_EQ(wave.findings(), "");
    for (unsigned reg = 8; reg < 12; ++reg) {
      for (unsigned lane = 0; lane < 64; ++lane) {
        const unsigned row = lane / 16 * 4 + reg - 8, column = lane % 16;
        EXPECT_EQ(wave.v_poison(reg, lane) != 0, (of_a ? row : column) == 5)
            << "row " << row << " column " << column;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Arches, Shapes, testing::Values(Arch::kGfx942, Arch::kGfx950),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace wavefuzz::sim
