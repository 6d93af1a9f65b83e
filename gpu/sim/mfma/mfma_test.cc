// Whole instructions of gfx942, in every build, against a model of the published rules that shares
// no code with the rest: formats are LLVM's APFloat, shapes and layouts published_layout.h's, sums
// exact 128-bit integers. A million random outputs of each instruction; a wrong one prints the seed
// of its tile.
//
// Faults that were planted in tile_kernels-inl.h, each found by every instruction it touches:
// alignment one bit short (150 - E0 for 151 - E0), fp8's C kept 26 binades below, a negative C of
// f16 cut toward zero, the last bit not made odd for what lies below the unit, even and odd k of
// fp8 aligned as one.
#include <gtest/gtest.h>
#include <llvm/ADT/APFloat.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "gpu/sim/mfma/published_layout.h"
#include "gpu/sim/mfma/table.h"

namespace wavefuzz::sim::mfma {
namespace {

using published::Instruction;
using Wide = __int128;

// --- Numbers ------------------------------------------------------------------------------------

const llvm::fltSemantics& semantics(const std::string& type) {
  using llvm::APFloatBase;
  if (type == "fp8") return APFloatBase::Float8E4M3FNUZ();
  if (type == "bf8") return APFloatBase::Float8E5M2FNUZ();
  if (type == "f16") return APFloatBase::IEEEhalf();
  if (type == "bf16") return APFloatBase::BFloat();
  return APFloatBase::IEEEsingle();
}
int bits_of(const std::string& type) {
  if (type == "i8") return 8;
  if (type == "f64") return 64;
  return int(llvm::APFloat::getSizeInBits(semantics(type)));
}

// s * 2^e with s = units / 2^fraction; or not finite.
struct Part {
  int64_t units;
  int e;
  bool nan, infinite;
};

class Decoder {
 public:
  explicit Decoder(const std::string& type)
      : semantics_(&semantics(type)), bits_(bits_of(type)), xf32_(type == "xf32") {
    fraction_ = xf32_ ? 10 : int(llvm::APFloat::semanticsPrecision(*semantics_)) - 1;
    least_ = llvm::APFloat::semanticsMinExponent(*semantics_);
    if (bits_ > 16) return;
    for (uint32_t code = 0; code < 1u << bits_; ++code) table_.push_back(decode(code));
  }
  int fraction() const { return fraction_; }
  int bits() const { return bits_; }
  Part operator()(uint32_t code) const { return table_.empty() ? decode(code) : table_[code]; }

 private:
  Part decode(uint32_t code) const {
    if (xf32_) code = code >> 13 << 13;
    const llvm::APFloat x(*semantics_, llvm::APInt(bits_, code));
    if (x.isNaN()) return {0, 0, true, false};
    if (x.isInfinity()) return {x.isNegative() ? -1 : 1, 0, false, true};
    if (x.isZero()) return {0, least_, false, false};
    const int e = std::max(llvm::ilogb(x), least_);
    const double value = x.convertToDouble();
    return {int64_t(std::ldexp(value, fraction_ - e)), e, false, false};
  }

  const llvm::fltSemantics* semantics_;
  int bits_, fraction_, least_;
  bool xf32_;
  std::vector<Part> table_;
};

// floor(x * 2^n) and x * 2^n cut toward zero.
Wide floor_of(Wide x, int n) {
  if (n >= 0) return x * (Wide(1) << n);
  if (n < -100) return x < 0 ? -1 : 0;
  const Wide unit = Wide(1) << -n;
  const Wide quotient = x / unit;
  return quotient - (x % unit < 0);
}
Wide cut_of(Wide x, int n) { return x < 0 ? -floor_of(-x, n) : floor_of(x, n); }

// --- The rules ----------------------------------------------------------------------------------

struct Rule {
  int group;
  bool by_parity;         // even and odd k summed apart
  bool product_overflow;  // a product of 2^128 is Inf
  int c_reach;            // C counts down to so many binades below E; 0: always
};
Rule rule_of(const std::string& type) {
  if (type == "fp8" || type == "bf8") return {16, true, false, 25};
  if (type == "xf32") return {4, false, true, 0};
  return {8, false, true, 0};
}

constexpr uint32_t kNan = 0x7FC00000;
uint32_t pattern(float x) { return std::isnan(x) ? kNan : std::bit_cast<uint32_t>(x); }

struct Sum {
  Wide units = 0;  // times 2^(e - 24)
  int e = 0;
  bool empty = true;
};

struct Product {
  int64_t units;
  int e;
};

Sum aligned(const Product* products, int count, int step, int fraction) {
  Sum sum;
  for (int i = 0; i < count; i += step) {
    if (products[i].units == 0) continue;
    sum.e = sum.empty ? products[i].e : std::max(sum.e, products[i].e);
    sum.empty = false;
  }
  for (int i = 0; i < count; i += step)
    if (products[i].units != 0)
      sum.units += cut_of(products[i].units, 24 - fraction + products[i].e - sum.e);
  return sum;
}

float add_group(const Rule& rule, const Part* a, const Part* b, int count, int fraction, float c) {
  Product products[16];
  bool nan = std::isnan(c), up = c == INFINITY, down = c == -INFINITY;
  for (int i = 0; i < count; ++i) {
    const Part &x = a[i], &y = b[i];
    if (x.nan || y.nan) nan = true;
    if (x.infinite || y.infinite) {
      if (x.units == 0 || y.units == 0) nan = true;
      ((x.units < 0) != (y.units < 0) ? down : up) = true;
    }
    products[i] = {x.units * y.units, x.e + y.e};
    const bool two_or_more = std::abs(products[i].units) >= int64_t(2) << fraction;
    if (rule.product_overflow && !x.infinite && !y.infinite && products[i].units != 0 &&
        products[i].e + two_or_more >= 128)
      (products[i].units < 0 ? down : up) = true;
  }
  if (nan || (up && down)) return NAN;
  if (up || down) return up ? INFINITY : -INFINITY;

  Sum sum;
  if (rule.by_parity) {
    const Sum even = aligned(products, count, 2, fraction);
    const Sum odd = aligned(products + 1, count - 1, 2, fraction);
    sum.empty = even.empty && odd.empty;
    sum.e = even.empty ? odd.e : odd.empty ? even.e : std::max(even.e, odd.e);
    for (const Sum* half : {&even, &odd})
      if (!half->empty) sum.units += floor_of(half->units, half->e - sum.e);
  } else {
    sum = aligned(products, count, 1, fraction);
  }

  // C as units * 2^(e - 23), E, and both cut: S' at 32 bits below E, C' at 24.
  const int c_e = c == 0 ? -126 : std::max(std::ilogb(c), -126);
  const Wide c_units = Wide(std::ldexp(double(c), 23 - c_e));
  const int e = sum.empty ? c_e : std::max(sum.e, c_e);
  const Wide s = sum.empty ? 0 : floor_of(sum.units, 8 + sum.e - e);
  Wide late = floor_of(c_units, 1 + c_e - e);
  if (rule.c_reach != 0 && c_e < e - rule.c_reach) late = 0;
  Wide x = s + late * 256;  // times 2^(e - 32)
  if (x == 0) return 0;

  // 31 bits below the leading one, which is 2^-126 at least.
  const int leading =
      std::max(127 - std::countl_zero(uint64_t(x < 0 ? -x : x)) - 64 + e - 32, -126);
  const int low = leading - 31 - (e - 32);  // of x's bits, the lowest kept
  if (low > 0) x = floor_of(x, -low) * (Wide(1) << low);
  // x87's 64 bits hold it; one rounding to f32, subnormals included.
  return float(std::ldexp((long double)(int64_t(x)), e - 32));
}

// --- Instructions -------------------------------------------------------------------------------

class Registers {
 public:
  explicit Registers(int bits_of_all) : dwords_(bits_of_all / 32) {}
  uint64_t get(published::Where at, int bits) const {
    uint64_t code = *word(at);
    if (at.bit % 32 + bits > 32) code |= uint64_t(word(at)[64]) << 32;
    code >>= at.bit % 32;
    return bits == 64 ? code : code & ((uint64_t(1) << bits) - 1);
  }
  void put(published::Where at, int bits, uint64_t code) {
    uint32_t* const to = const_cast<uint32_t*>(word(at));
    *to |= uint32_t(code << at.bit % 32);
    if (bits == 64) to[64] = uint32_t(code >> 32);
  }
  uint32_t* data() { return dwords_.data(); }
  const uint32_t* data() const { return dwords_.data(); }
  size_t size() const { return dwords_.size(); }

 private:
  const uint32_t* word(published::Where at) const {
    return &dwords_.at(size_t(at.bit / 32 * 64 + at.lane));
  }
  std::vector<uint32_t> dwords_;
};

class Tiles {
 public:
  explicit Tiles(const std::string& mnemonic)
      : op_(find(Arch::kGfx942, mnemonic)),
        s_(published::parse(mnemonic)),
        floating_(s_.d == "f32" && s_.a != "f32"),
        a_bits_(bits_of(s_.a)),
        b_bits_(bits_of(s_.b)),
        d_bits_(s_.d == "f64" ? 64 : 32),
        a_decoder_(s_.a),
        b_decoder_(s_.b) {}

  int outputs() const { return s_.m * s_.n * s_.blocks; }

  // One tile in every build. False after a failure.
  bool check(uint64_t seed) {
    random_.seed(seed);
    a_.assign(size_t(s_.m * s_.blocks * s_.k), 0);
    b_.assign(size_t(s_.n * s_.blocks * s_.k), 0);
    c_.assign(size_t(outputs()), 0);
    fill(int(seed % 8));
    Registers a(s_.m * s_.k * s_.blocks * a_bits_), b(s_.n * s_.k * s_.blocks * b_bits_),
        c(outputs() * d_bits_);
    for (int block = 0; block < s_.blocks; ++block) {
      for (int i = 0; i < s_.m; ++i) {
        for (int k = 0; k < s_.k; ++k) {
          a.put(input(s_, s_.m, a_bits_, block, i, k), a_bits_, a_[row(block, i) + size_t(k)]);
          b.put(input(s_, s_.n, b_bits_, block, i, k), b_bits_, b_[row(block, i) + size_t(k)]);
        }
        for (int j = 0; j < s_.n; ++j) c.put(output(s_, block, i, j), d_bits_, c_[at(block, i, j)]);
      }
    }
    std::vector<uint64_t> expected(c_.size());
    for (int block = 0; block < s_.blocks; ++block)
      for (int i = 0; i < s_.m; ++i)
        for (int j = 0; j < s_.n; ++j) expected[at(block, i, j)] = model(block, i, j);
    for (const Isa isa : {Isa::kAvx512, Isa::kAvx2, Isa::kScalar}) {
      // The scalar build is slow; dot_test knows it best.
      if (!supported(isa) || (isa == Isa::kScalar && seed % 32 >= 8)) continue;
      Registers d(outputs() * d_bits_);
      execute(*op_, {}, a.data(), b.data(), c.data(), d.data(), isa);
      for (int block = 0; block < s_.blocks; ++block) {
        for (int i = 0; i < s_.m; ++i) {
          for (int j = 0; j < s_.n; ++j) {
            const uint64_t actual = d.get(output(s_, block, i, j), d_bits_);
            const uint64_t want = expected[at(block, i, j)];
            finite_ += isa == Isa::kAvx2 && is_finite(want);
            if (actual == want) continue;
            ADD_FAILURE() << op_->mnemonic << " " << name(isa) << " seed " << seed << " block "
                          << block << " row " << i << " column " << j << std::hex << ": " << actual
                          << ", model " << want << ", C " << c_[at(block, i, j)];
            return false;
          }
        }
      }
    }
    return true;
  }
  int64_t finite() const { return finite_; }

 private:
  size_t row(int block, int i) const { return size_t((block * s_.m + i) * s_.k); }
  size_t at(int block, int i, int j) const { return size_t((block * s_.m + i) * s_.n + j); }
  bool is_finite(uint64_t code) const {
    if (s_.d == "i32") return true;
    return d_bits_ == 64 ? std::isfinite(std::bit_cast<double>(code))
                         : std::isfinite(std::bit_cast<float>(uint32_t(code)));
  }

  uint64_t model(int block, int i, int j) const {
    const uint64_t* const a = &a_[row(block, i)];
    const uint64_t* const b = &b_[row(block, j)];
    const uint64_t c = c_[at(block, i, j)];
    if (s_.d == "i32") {
      int64_t sum = int32_t(uint32_t(c));
      for (int k = 0; k < s_.k; ++k) sum += int64_t(int8_t(a[k])) * int8_t(b[k]);
      return uint32_t(sum);
    }
    if (!floating_) {
      const llvm::fltSemantics& type =
          d_bits_ == 64 ? llvm::APFloatBase::IEEEdouble() : llvm::APFloatBase::IEEEsingle();
      const auto number = [&](uint64_t code) {
        return llvm::APFloat(type, llvm::APInt(unsigned(d_bits_), code));
      };
      llvm::APFloat sum = number(c);
      for (int k = 0; k < s_.k; ++k) {
        // sum = a * b + sum
        llvm::APFloat product = number(a[k]);
        product.fusedMultiplyAdd(number(b[k]), sum, llvm::APFloat::rmNearestTiesToEven);
        sum = product;
      }
      if (sum.isNaN()) return d_bits_ == 64 ? 0x7FF8000000000000u : kNan;
      return sum.bitcastToAPInt().getZExtValue();
    }
    const Rule rule = rule_of(s_.a);
    const int count = std::min(rule.group, s_.k);
    float sum = std::bit_cast<float>(uint32_t(c));
    Part x[16], y[16];
    for (int first = 0; first < s_.k; first += count) {
      for (int k = 0; k < count; ++k) {
        x[k] = a_decoder_(uint32_t(a[first + k]));
        y[k] = b_decoder_(uint32_t(b[first + k]));
      }
      sum = add_group(rule, x, y, count, a_decoder_.fraction() + b_decoder_.fraction(), sum);
    }
    return pattern(sum);
  }

  // --- Data

  uint64_t word() { return random_(); }
  int below(int n) { return int(random_() % uint64_t(n)); }

  // Exponent fields near `middle` when `spread` is not negative, otherwise any bits.
  uint64_t code(int bits, int exponent_bits, int middle, int spread) {
    const uint64_t raw = bits == 64 ? word() : word() & ((uint64_t(1) << bits) - 1);
    if (spread < 0) return raw;
    const int mantissa_bits = bits - 1 - exponent_bits, last = (1 << exponent_bits) - 1;
    const int field = std::clamp(middle + below(2 * spread + 1) - spread, 0, last);
    return (raw & ~(uint64_t(last) << mantissa_bits)) | uint64_t(field) << mantissa_bits;
  }
  static int exponent_bits(const std::string& type) {
    if (type == "fp8") return 4;
    if (type == "bf8" || type == "f16") return 5;
    return type == "f64" ? 11 : 8;
  }

  // Kinds: 0 any bits; 1 exponents close, 2 apart, 3 the same with zeros, 4 pairs that cancel but
  // for one, 5 any finite exponents, 6 a row of zeros here and there, 7 small numbers.
  void fill(int kind) {
    const int ea = exponent_bits(s_.a), eb = exponent_bits(s_.b);
    if (s_.d == "i32") kind = 0;
    int middle_a = below(1 << ea), middle_b = below(1 << eb);
    // Products within the format more often than not.
    if (below(2) && kind != 7)
      middle_b = std::clamp((1 << (ea - 1)) - middle_a + (1 << (eb - 1)), 0, (1 << eb) - 2);
    if (kind == 7) middle_a = middle_b = 0;
    const int spread_a = kind == 0   ? -1
                         : kind == 5 ? 1 << (ea - 1)
                         : kind == 2 ? below(1 << (ea - 1))
                                     : below(4);
    const int spread_b = kind == 0   ? -1
                         : kind == 5 ? 1 << (eb - 1)
                         : kind == 2 ? below(1 << (eb - 1))
                                     : below(4);
    if (kind == 5) middle_a = (1 << (ea - 1)) - 1, middle_b = (1 << (eb - 1)) - 1;
    for (uint64_t& x : a_) x = code(a_bits_, ea, middle_a, spread_a);
    for (uint64_t& x : b_) x = code(b_bits_, eb, middle_b, spread_b);
    // Where fields are chosen, Inf and NaN would drown the rest: seldom there.
    const auto finite = [&](uint64_t& x, int bits, int exponent) {
      if (kind == 0 || below(500) == 0) return;
      const uint64_t top = uint64_t((1 << exponent) - 1) << (bits - 1 - exponent);
      if (bits > 8 && (x & top) == top) x ^= uint64_t(1) << (bits - 1 - exponent);
      if (bits == 8 && x == 0x80) x = 0;
    };
    if (s_.d != "i32") {
      for (uint64_t& x : a_) finite(x, a_bits_, ea);
      for (uint64_t& x : b_) finite(x, b_bits_, eb);
    }
    const int k_count = s_.k;
    for (size_t first = 0; first < a_.size(); first += size_t(k_count)) {
      if (kind == 3)
        for (int k = 0; k < k_count; ++k)
          if (below(3) == 0) a_[first + size_t(k)] = 0;
      if (kind == 6 && below(3) == 0) std::fill_n(&a_[first], k_count, 0);
    }
    if (kind == 4 && k_count > 1) {
      const int distance = below(2) && k_count >= 4 ? 2 : 1;
      const auto partner = [&](int k) { return k ^ distance; };
      for (size_t first = 0; first < a_.size(); first += size_t(k_count)) {
        const int odd_one = below(k_count);
        for (int k = 0; k < k_count; ++k) {
          if (partner(k) > k || partner(k) < 0) continue;
          const size_t to = first + size_t(k), from = first + size_t(partner(k));
          a_[to] = a_[from] ^ (uint64_t(1) << (a_bits_ - 1));
          if (a_bits_ == 8 && a_[to] == 0x80) a_[to] = 0;
          b_[to] = b_[from];
        }
        a_[first + size_t(odd_one)] = code(a_bits_, ea, middle_a - below(12), 1);
      }
    }
    for (int block = 0; block < s_.blocks; ++block)
      for (int i = 0; i < s_.m; ++i)
        for (int j = 0; j < s_.n; ++j) c_[at(block, i, j)] = c(block, i, j, kind);
  }

  uint64_t c(int block, int i, int j, int kind) {
    if (s_.d == "i32") return uint32_t(word());
    if (kind == 0 || below(8) == 0) return d_bits_ == 64 ? word() : uint32_t(word());
    double sum = 0, most = 0;
    for (int k = 0; k < s_.k; ++k) {
      const double product = value(a_[row(block, i) + size_t(k)], a_decoder_) *
                             value(b_[row(block, j) + size_t(k)], b_decoder_);
      if (!std::isfinite(product)) continue;
      sum += product;
      most = std::max(most, std::fabs(product));
    }
    const double scale = std::ldexp(1 + double(word() >> 11) * 0x1p-53, below(80) - 40);
    double c = 0;
    switch (below(5)) {
      case 0:
        c = -sum;
        break;
      case 1:
        c = -sum * (1 + scale);
        break;
      case 2:
      case 3:
        c = (below(2) ? most : -most) * scale;
        break;
      default:
        c = below(2) ? 0.0 : -0.0;
    }
    return d_bits_ == 64 ? std::bit_cast<uint64_t>(c) : std::bit_cast<uint32_t>(float(c));
  }
  double value(uint64_t code, const Decoder& decoder) const {
    if (s_.a == "f64") return std::bit_cast<double>(code);
    const Part p = decoder(uint32_t(code));
    if (p.nan || p.infinite) return NAN;
    return std::ldexp(double(p.units), p.e - decoder.fraction());
  }

  const Op* op_;
  Instruction s_;
  bool floating_;
  int a_bits_, b_bits_, d_bits_;
  Decoder a_decoder_, b_decoder_;
  std::mt19937_64 random_;
  std::vector<uint64_t> a_, b_, c_;  // [block, row or column][k]; C as the output
  int64_t finite_ = 0;
};

class Gfx942 : public testing::TestWithParam<std::string> {};

TEST_P(Gfx942, EqualsTheModelOnAMillionOutputs) {
  Tiles tiles(GetParam());
  constexpr int64_t kOutputs = 1'000'000;
  int64_t done = 0;
  for (uint64_t seed = 0; done < kOutputs; ++seed, done += tiles.outputs())
    if (!tiles.check(seed)) return;
  // Random bits say little when everything is NaN.
  EXPECT_GT(tiles.finite(), done / 3);
}

std::vector<std::string> mnemonics() {
  std::vector<std::string> all;
  for (const Op& op : ops(Arch::kGfx942)) all.emplace_back(op.mnemonic);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Instructions, Gfx942, testing::ValuesIn(mnemonics()),
                         [](const auto& info) { return info.param; });

TEST(Model, PullsA16BitSumDownByATinyNegativeC) {
  // The bf16 sum 1 + C: sequential FMAs give 1 for both.
  const Decoder bf16("bf16");
  Part a[8], b[8];
  for (int k = 0; k < 8; ++k) a[k] = b[k] = bf16(k == 0 ? 0x3F80 : 0);
  EXPECT_EQ(pattern(add_group(rule_of("bf16"), a, b, 8, 14, -1e-30f)), 0x3F7FFFFFu);
  EXPECT_EQ(pattern(add_group(rule_of("bf16"), a, b, 8, 14, +1e-30f)), 0x3F800000u);
  EXPECT_EQ(pattern(add_group(rule_of("fp8"), a, b, 8, 14, -1e-30f)), 0x3F800000u);
}

}  // namespace
}  // namespace wavefuzz::sim::mfma
