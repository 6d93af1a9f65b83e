// Whole instructions: every build against the scalar definition, element by element; data whose
// sums are exact against plain integer arithmetic; modifiers; overlapping operands.
#include <gtest/gtest.h>
#include <immintrin.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "gpu/sim/mfma/dot.h"
#include "gpu/sim/mfma/random_codes.h"
#include "gpu/sim/mfma/table.h"

namespace wavefuzz::sim::mfma {
namespace {

using Registers = std::vector<uint32_t>;

constexpr Isa kIsas[] = {Isa::kScalar, Isa::kAvx2, Isa::kAvx512};

// An instruction, with the formats of f8f6f4 chosen.
struct Form {
  const Op* op;
  Element a, b;
  Modifiers modifiers;

  std::string name() const {
    return std::string(op->mnemonic) + " cbsz:" + std::to_string(modifiers.cbsz) +
           " blgp:" + std::to_string(modifiers.blgp);
  }
};

std::vector<Form> forms() {
  using enum Element;
  constexpr Element kFormats[] = {kE4m3fn, kE5m2, kE2m3, kE3m2, kE2m1};
  std::vector<Form> all;
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    for (const Op& op : ops(arch)) {
      if (!op.f8f6f4) {
        all.push_back({&op, op.tile.a, op.tile.b, {}});
        continue;
      }
      for (uint8_t a = 0; a < 5; ++a)
        for (uint8_t b = 0; b < 5; ++b)
          all.push_back({&op, kFormats[a], kFormats[b], {.cbsz = a, .blgp = b}});
    }
  }
  return all;
}

uint64_t get(const Registers& r, const Place& p, int bits) {
  uint64_t word = r[p.reg * kLanes + p.lane];
  if (p.bit + bits > 32) word |= uint64_t(r[(p.reg + 1) * kLanes + p.lane]) << 32;
  word >>= p.bit;
  return bits == 64 ? word : word & ((uint64_t{1} << bits) - 1);
}

void put(Registers& r, const Place& p, int bits, uint64_t code) {
  for (int i = 0; i < bits; ++i) {
    const int bit = p.bit + i;
    uint32_t& word = r[(p.reg + bit / 32) * kLanes + p.lane];
    word = (word & ~(1u << bit % 32)) | uint32_t(code >> i & 1) << bit % 32;
  }
}

int out_bits(const Form& f) { return f.a == Element::kF64 ? 64 : 32; }

// One element of D by dot.h, its operands found by layout.h.
uint64_t expected(const Form& f, const Registers& a, const Registers& b, const Registers& c,
                  int block, int i, int j) {
  const Shape& s = f.op->tile.shape;
  std::vector<uint32_t> x, y;
  std::vector<uint64_t> wide_x, wide_y;
  for (int k = 0; k < s.k; ++k) {
    wide_x.push_back(get(a, input_place(s, s.m, bits(f.a), block, i, k), bits(f.a)));
    wide_y.push_back(get(b, input_place(s, s.n, bits(f.b), block, j, k), bits(f.b)));
    x.push_back(uint32_t(wide_x.back()));
    y.push_back(uint32_t(wide_y.back()));
  }
  const uint64_t from = get(c, output_place(s, out_bits(f), block, i, j), out_bits(f));
  switch (f.op->tile.rule.kind) {
    case SumKind::kFmaChain:
      return f.a == Element::kF64 ? dot_f64(wide_x.data(), wide_y.data(), s.k, from)
                                  : dot_f32(x.data(), y.data(), s.k, uint32_t(from));
    case SumKind::kInteger:
      return dot_i8(x.data(), y.data(), s.k, uint32_t(from));
    case SumKind::kAligned:
      break;
  }
  std::vector<uint8_t> xs, ys;
  if (f.op->scaled) {
    const Scale &p = f.modifiers.a_scale, &q = f.modifiers.b_scale;
    for (int k = 0; k < s.k; k += 32) {
      xs.push_back(uint8_t(p.lanes[k / 32 * s.m + i] >> 8 * p.byte));
      ys.push_back(uint8_t(q.lanes[k / 32 * s.n + j] >> 8 * q.byte));
    }
  }
  return dot(f.op->tile.rule, {f.a, x.data(), f.op->scaled ? xs.data() : nullptr},
             {f.b, y.data(), f.op->scaled ? ys.data() : nullptr}, s.k, uint32_t(from));
}

void expect_defined(const Form& f, const Registers& a, const Registers& b, const Registers& c,
                    const Registers& d) {
  const Shape& s = f.op->tile.shape;
  for (int block = 0; block < s.blocks; ++block) {
    for (int i = 0; i < s.m; ++i) {
      for (int j = 0; j < s.n; ++j) {
        const uint64_t actual = get(d, output_place(s, out_bits(f), block, i, j), out_bits(f));
        ASSERT_EQ(actual, expected(f, a, b, c, block, i, j))
            << std::hex << "block " << block << " row " << i << " column " << j;
      }
    }
  }
}

struct Operands {
  Registers a, b, c;
};

Operands empty_operands(const Form& f) {
  return {Registers(a_registers(*f.op, f.modifiers) * kLanes),
          Registers(b_registers(*f.op, f.modifiers) * kLanes),
          Registers(d_registers(*f.op) * kLanes)};
}

// Kinds of data cycle with n: rows and columns with exponents near each other, raw bits, a few
// specials.
Operands random_operands(const Form& f, RandomCodes& random, int n) {
  Operands o = empty_operands(f);
  if (f.op->tile.rule.kind == SumKind::kInteger || f.a == Element::kF64) {
    for (Registers* r : {&o.a, &o.b, &o.c})
      for (uint32_t& word : *r) word = random.word();
    if (f.a == Element::kF64)  // exponents near 1, so that sums round
      for (Registers* r : {&o.a, &o.b, &o.c})
        for (size_t i = kLanes; i < r->size(); i += 2 * kLanes)
          for (size_t lane = 0; lane < kLanes; ++lane)
            if (random.below(8))
              (*r)[i + lane] = ((*r)[i + lane] & 0x800FFFFF) | (1010 + random.below(26)) << 20;
    return o;
  }
  const Shape& s = f.op->tile.shape;
  const FloatFormat fa = float_format(f.a), fb = float_format(f.b);
  const int ma = int(random.below(1u << fa.exponent_bits)),
            mb = int(random.below(1u << fb.exponent_bits));
  const int spread = int(random.below(6));
  const auto code = [&](Element element, int middle) -> uint32_t {
    if (n % 3 == 1) return random.raw(element);
    if (random.below(6) == 0) return 0;
    if (n % 3 == 2 && random.below(200) == 0) return random.raw(element);
    return random.near(element, middle, spread);
  };
  for (int block = 0; block < s.blocks; ++block) {
    for (int i = 0; i < s.m; ++i) {
      for (int k = 0; k < s.k; ++k) {
        put(o.a, input_place(s, s.m, bits(f.a), block, i, k), bits(f.a), code(f.a, ma));
        put(o.b, input_place(s, s.n, bits(f.b), block, i, k), bits(f.b), code(f.b, mb));
      }
    }
  }
  const int exponent = ma - fa.bias + mb - fb.bias + 127;
  for (uint32_t& word : o.c) {
    word = random.word();
    if (random.below(5) == 0) word = random.below(2) << 31;
    if (n % 3 != 1)
      word = (word & 0x807FFFFF) |
             uint32_t(std::clamp(exponent + int(random.below(60)) - 40, 0, 254)) << 23;
  }
  return o;
}

TEST(Tile, EqualsTheDefinitionInEveryBuild) {
  RandomCodes random(3);
  for (Form f : forms()) {
    SCOPED_TRACE(f.name());
    // 25 pairs of formats share each f8f6f4 shape.
    const int rounds = f.op->f8f6f4 ? 3 : 12;
    for (int n = 0; n < rounds; ++n) {
      const Operands o = random_operands(f, random, n);
      uint32_t a_scale[kLanes], b_scale[kLanes];
      if (f.op->scaled) {
        for (uint32_t* scale : {a_scale, b_scale})
          for (int lane = 0; lane < kLanes; ++lane)
            scale[lane] = n == 2 ? random.word() : (120 + random.below(12)) * 0x01010101u;
        f.modifiers.a_scale = {a_scale, n % 4};
        f.modifiers.b_scale = {b_scale, 3 - n % 4};
      }
      ASSERT_EQ(illegal(*f.op, f.modifiers), nullptr);
      for (const Isa isa : kIsas) {
        if (!supported(isa)) continue;
        SCOPED_TRACE(name(isa));
        Registers d(o.c.size(), 0xDEADBEEF);
        execute(*f.op, f.modifiers, o.a.data(), o.b.data(), o.c.data(), d.data(), isa);
        ASSERT_NO_FATAL_FAILURE(expect_defined(f, o.a, o.b, o.c, d));
      }
    }
  }
}

// A code of a small whole number: value |x| <= 3, half that in fp4's reach.
uint64_t code_of(Element element, int x) {
  if (element == Element::kI8) return uint8_t(x);
  if (element == Element::kF64) return std::bit_cast<uint64_t>(double(x));
  const int magnitude = std::abs(x);
  const FloatFormat f = float_format(element);
  if (magnitude == 0) return 0;
  const int power = magnitude >= 2;
  const uint32_t mantissa = magnitude == 3 ? 1u << (f.mantissa_bits - 1) : 0;
  return (x < 0 ? f.sign_bit() : 0) | uint32_t(f.bias + power) << f.mantissa_bits | mantissa;
}

TEST(Tile, WholeNumbersSumExactly) {
  std::mt19937 random(5);
  for (Form f : forms()) {
    SCOPED_TRACE(f.name());
    const Shape& s = f.op->tile.shape;
    Operands o = empty_operands(f);
    uint32_t ones[kLanes];
    std::fill(ones, ones + kLanes, 127u);
    if (f.op->scaled) f.modifiers.a_scale = f.modifiers.b_scale = {ones, 0};
    std::vector<int> a(s.blocks * s.m * s.k), b(a.size());
    for (int block = 0; block < s.blocks; ++block) {
      for (int i = 0; i < s.m; ++i) {
        for (int k = 0; k < s.k; ++k) {
          int& x = a[(block * s.m + i) * s.k + k] = int(random() % 7) - 3;
          int& y = b[(block * s.n + i) * s.k + k] = int(random() % 7) - 3;
          put(o.a, input_place(s, s.m, bits(f.a), block, i, k), bits(f.a), code_of(f.a, x));
          put(o.b, input_place(s, s.n, bits(f.b), block, i, k), bits(f.b), code_of(f.b, y));
        }
      }
    }
    const auto number = [&](int x) -> uint64_t {
      if (f.a == Element::kI8) return uint32_t(x);
      if (f.a == Element::kF64) return std::bit_cast<uint64_t>(double(x));
      return std::bit_cast<uint32_t>(float(x));
    };
    for (const Isa isa : kIsas) {
      if (!supported(isa)) continue;
      Registers d(o.c.size());
      for (int block = 0; block < s.blocks; ++block)
        for (int i = 0; i < s.m; ++i)
          for (int j = 0; j < s.n; ++j)
            put(o.c, output_place(s, out_bits(f), block, i, j), out_bits(f), number(100 * i - j));
      execute(*f.op, f.modifiers, o.a.data(), o.b.data(), o.c.data(), d.data(), isa);
      for (int block = 0; block < s.blocks; ++block) {
        for (int i = 0; i < s.m; ++i) {
          for (int j = 0; j < s.n; ++j) {
            int sum = 100 * i - j;
            for (int k = 0; k < s.k; ++k)
              sum += a[(block * s.m + i) * s.k + k] * b[(block * s.n + j) * s.k + k];
            ASSERT_EQ(get(d, output_place(s, out_bits(f), block, i, j), out_bits(f)), number(sum))
                << name(isa) << " block " << block << " row " << i << " column " << j;
          }
        }
      }
    }
  }
}

TEST(Tile, NothingButNanAndInfEqualsTheDefinition) {
  RandomCodes random(6);
  for (const char* mnemonic : {"v_mfma_f32_16x16x32_bf8_bf8", "v_mfma_f32_32x32x8_f16",
                               "v_mfma_f32_4x4x4_16b_bf16", "v_mfma_f32_16x16x8_xf32"}) {
    const Op* const op = find(Arch::kGfx942, mnemonic);
    const Form f = {op, op->tile.a, op->tile.b, {}};
    for (int n = 0; n < 4; ++n) {
      Operands o = random_operands(f, random, 0);
      const uint32_t specials[] = {0x7F800000, 0xFF800000, 0x7FC00000,
                                   0x7C007C00, 0x80808080, 0x7F807F80};
      for (Registers* r : {&o.a, &o.b, &o.c})
        for (uint32_t& word : *r)
          if (random.below(4) == 0) word = specials[random.below(6)];
      for (const Isa isa : kIsas) {
        if (!supported(isa)) continue;
        Registers d(o.c.size());
        execute(*op, {}, o.a.data(), o.b.data(), o.c.data(), d.data(), isa);
        ASSERT_NO_FATAL_FAILURE(expect_defined(f, o.a, o.b, o.c, d)) << mnemonic << name(isa);
      }
    }
  }
}

TEST(Tile, CandidatesForGfx950RunInEveryBuild) {
  RandomCodes random(7);
  const Op* const op = find(Arch::kGfx950, "v_mfma_f32_16x16x128_f8f6f4");
  for (const int group : {16, 32, 64, 128}) {
    for (const bool even_odd : {false, true}) {
      for (const int product_bits : {24, 28}) {
        Op candidate = *op;
        candidate.tile.rule.group = group;
        candidate.tile.rule.even_odd = even_odd;
        candidate.tile.rule.product_bits = product_bits;
        const Form f = {&candidate, op->tile.a, op->tile.b, {}};
        const Operands o = random_operands(f, random, 0);
        Registers d(o.c.size());
        execute(candidate, {}, o.a.data(), o.b.data(), o.c.data(), d.data());
        ASSERT_NO_FATAL_FAILURE(expect_defined(f, o.a, o.b, o.c, d));
      }
    }
  }
}

TEST(Tile, OperandsMayOverlap) {
  RandomCodes random(8);
  for (const char* mnemonic : {"v_mfma_f32_16x16x32_fp8_fp8", "v_mfma_f32_32x32x8_bf16",
                               "v_mfma_f32_16x16x4_f32", "v_mfma_f64_16x16x4_f64"}) {
    const Op* const op = find(Arch::kGfx942, mnemonic);
    const Form f = {op, op->tile.a, op->tile.b, {}};
    Operands o = random_operands(f, random, 1);
    Registers expected(o.c.size());
    for (const Isa isa : kIsas) {
      if (!supported(isa)) continue;
      SCOPED_TRACE(std::string(mnemonic) + name(isa));
      execute(*op, {}, o.a.data(), o.b.data(), o.c.data(), expected.data(), isa);
      // D at distances from A, B and C of -1, 0 and 1 registers, in one file as on the machine.
      for (const int to : {0, 1, 2, 3}) {
        Registers file((o.a.size() + o.b.size() + o.c.size()) + 4 * kLanes);
        uint32_t* const a = file.data() + kLanes;
        uint32_t* const b = a + o.a.size();
        uint32_t* const c = b + o.b.size();
        uint32_t* const d = to == 0 ? a - kLanes : to == 1 ? b : to == 2 ? c : c + kLanes;
        std::memcpy(a, o.a.data(), 4 * o.a.size());
        std::memcpy(b, o.b.data(), 4 * o.b.size());
        std::memcpy(c, o.c.data(), 4 * o.c.size());
        execute(*op, {}, a, b, c, d, isa);
        EXPECT_EQ(std::memcmp(d, expected.data(), 4 * expected.size()), 0) << to;
      }
    }
  }
}

TEST(Tile, TheHostsFloatingPointModeDoesNotMatterAndStays) {
  RandomCodes random(9);
  for (const Form& f : forms()) {
    if (f.op->f8f6f4) continue;
    const Operands o = random_operands(f, random, 1);
    Registers expected(o.c.size()), d(o.c.size());
    for (const Isa isa : kIsas) {
      if (!supported(isa)) continue;
      execute(*f.op, {}, o.a.data(), o.b.data(), o.c.data(), expected.data(), isa);
      const unsigned saved = _mm_getcsr();
      const unsigned flushing_down = 0x1F80 | 0x8040 | 0x2000;  // FTZ, DAZ, toward minus infinity
      _mm_setcsr(flushing_down);
      execute(*f.op, {}, o.a.data(), o.b.data(), o.c.data(), d.data(), isa);
      const unsigned after = _mm_getcsr();
      _mm_setcsr(saved);
      EXPECT_EQ(after & ~0x3Fu, flushing_down);
      EXPECT_EQ(d, expected) << f.op->mnemonic << name(isa);
    }
  }
}

// --- Modifiers ----------------------------------------------------------------------------------

TEST(Modifiers, CbszAbidBroadcastBlocksOfAAndBlgpPermutesLanesOfB) {
  RandomCodes random(10);
  for (const char* mnemonic : {"v_mfma_f32_4x4x4_16b_f16", "v_mfma_f32_16x16x4_4b_bf16",
                               "v_mfma_f32_32x32x1_2b_f32", "v_mfma_i32_4x4x4_16b_i8"}) {
    const Op* const op = find(Arch::kGfx942, mnemonic);
    const Shape& s = op->tile.shape;
    const Form f = {op, op->tile.a, op->tile.b, {}};
    const Operands o = random_operands(f, random, 0);
    for (uint8_t cbsz = 0; 1 << cbsz <= s.blocks; ++cbsz) {
      for (uint8_t abid = 0; abid < 1 << cbsz; ++abid) {
        for (uint8_t blgp = 0; blgp < 8; ++blgp) {
          // The registers as the instruction then sees them: A's blocks copied, B's lanes moved.
          Registers a = o.a, b = o.b;
          for (int block = 0; block < s.blocks; ++block) {
            const int from = block / (1 << cbsz) * (1 << cbsz) + abid;
            for (int i = 0; i < s.m; ++i)
              for (int k = 0; k < s.k; ++k)
                put(a, input_place(s, s.m, bits(f.a), block, i, k), bits(f.a),
                    get(o.a, input_place(s, s.m, bits(f.a), from, i, k), bits(f.a)));
          }
          for (int i = 0; i < int(b.size()); ++i) {
            const int lane = i % kLanes;
            const int from = blgp == 0   ? lane
                             : blgp == 3 ? (lane + 16) % 64
                             : blgp < 3  ? lane % 32 + 32 * (blgp == 2)
                                         : lane % 16 + 16 * (blgp - 4);
            b[i] = o.b[i - lane + from];
          }
          const Modifiers m = {.cbsz = cbsz, .abid = abid, .blgp = blgp};
          ASSERT_EQ(illegal(*op, m), nullptr);
          Registers d(o.c.size());
          execute(*op, m, o.a.data(), o.b.data(), o.c.data(), d.data());
          ASSERT_NO_FATAL_FAILURE(expect_defined(f, a, b, o.c, d))
              << mnemonic << int(cbsz) << int(blgp);
        }
      }
    }
  }
}

TEST(Modifiers, BlgpNegatesF64Operands) {
  RandomCodes random(11);
  for (const char* mnemonic : {"v_mfma_f64_16x16x4_f64", "v_mfma_f64_4x4x4_4b_f64"}) {
    const Op* const op = find(Arch::kGfx942, mnemonic);
    const Form f = {op, op->tile.a, op->tile.b, {}};
    const Operands o = random_operands(f, random, 0);
    for (uint8_t blgp = 0; blgp < 8; ++blgp) {
      Operands negated = o;
      Registers* const operands[] = {&negated.a, &negated.b, &negated.c};
      for (int n = 0; n < 3; ++n)
        for (size_t i = 0; i < operands[n]->size(); ++i)
          if (blgp >> n & 1 && i / kLanes % 2 == 1) (*operands[n])[i] ^= 1u << 31;
      Registers d(o.c.size());
      execute(*op, {.blgp = blgp}, o.a.data(), o.b.data(), o.c.data(), d.data());
      ASSERT_NO_FATAL_FAILURE(expect_defined(f, negated.a, negated.b, negated.c, d));
    }
  }
}

TEST(Modifiers, FlushingInputsActsOnSubnormalAAndBOfF32Only) {
  const Op* const op = find(Arch::kGfx942, "v_mfma_f32_16x16x4_f32");
  Registers a(kLanes), b(kLanes, std::bit_cast<uint32_t>(1.0f)), c(4 * kLanes, 0x00000003),
      d(c.size());
  a[0] = 0x00400000;  // row 0, k = 0
  execute(*op, {}, a.data(), b.data(), c.data(), d.data());
  EXPECT_EQ(d[0], 0x00400003u);
  execute(*op, {.flush_inputs = true}, a.data(), b.data(), c.data(), d.data());
  EXPECT_EQ(d[0], 0x00000003u);

  const Op* const bf16 = find(Arch::kGfx942, "v_mfma_f32_16x16x16_bf16");
  Registers x(2 * kLanes), y(2 * kLanes, 0x3F803F80), z(4 * kLanes);
  x[0] = 0x0040;
  execute(*bf16, {.flush_inputs = true}, x.data(), y.data(), z.data(), z.data());
  EXPECT_EQ(z[0], 0x00400000u);
}

}  // namespace
}  // namespace wavefuzz::sim::mfma
