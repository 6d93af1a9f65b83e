// Matrix instructions in a running kernel: operands, registers and poison. Small integers are exact
// in every format and every order of summation, so that plain integer arithmetic is the oracle; how
// sums round is gpu/sim/mfma's to prove. The layouts are written out here as the ISA manual draws
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <random>

#include "gpu/sim/launch.h"
#include "quant/float16.h"
#include "quant/fp8.h"

namespace wavefuzz::sim {
namespace {

struct Shape {
  int m, n, k;
  int per_lane;  // elements of A and of B in a lane
};

constexpr Shape k16x16x32 = {16, 16, 32, 8};
constexpr Shape k16x16x16 = {16, 16, 16, 4};
constexpr Shape k32x32x8 = {32, 32, 8, 4};

// Lane and element of A(i, k), and likewise of B(k, i).
int lane_of(const Shape& s, int i, int k) { return k / s.per_lane * s.m + i; }
int element_of(const Shape& s, int k) { return k % s.per_lane; }
// Lane and register of D(i, j).
int d_lane(const Shape& s, int i, int j) { return s.m == 16 ? i / 4 * 16 + j : i / 4 % 2 * 32 + j; }
int d_register(const Shape& s, int i) { return s.m == 16 ? i % 4 : i / 8 * 4 + i % 4; }

using Encode = std::function<uint16_t(int)>;  // the bits of a small integer
using Decode = std::function<int(uint32_t)>;

struct Type {
  const char* kernel;
  Shape shape;
  int bytes;  // of an element of A and B
  Encode encode;
  bool integer_result;
};

std::vector<Type> types(const std::string& arch) {
  // v_mfma_*_fp8 reads the arch's own encoding.
  const quant::Fp8 fp8 = arch == "gfx942" ? quant::Fp8::kE4m3fnuz : quant::Fp8::kE4m3fn;
  const Encode to_fp8 = [fp8](int x) { return quant::encode(fp8, float(x), quant::kCastPyTorch); };
  return {
      {"fp8_16x16x32", k16x16x32, 1, to_fp8, false},
      {"i8_16x16x32", k16x16x32, 1, [](int x) { return uint16_t(uint8_t(x)); }, true},
      {"bf16_16x16x16", k16x16x16, 2, [](int x) { return quant::encode_bf16(float(x)); }, false},
      {"f16_32x32x8", k32x32x8, 2, [](int x) { return quant::encode_f16(float(x)); }, false},
  };
}

struct Launched {
  RunResult result;
  std::vector<uint32_t> d;  // [lane][register]
};

Launched launch(const std::string& arch, const std::string& kernel, const std::vector<uint8_t>& a,
                const std::vector<uint8_t>& b, const std::vector<uint32_t>& c,
                int poisoned_lane = -1) {
  const Program program(CodeObject::load("gpu/sim/testdata/matrix." + arch + ".co"), kernel);
  Memory memory;
  const auto add = [&](const char* name, const void* data, size_t bytes, Access access) -> Island& {
    Island& island = memory.add({.name = name, .bytes = bytes, .access = access});
    if (data != nullptr) island.write(0, {static_cast<const std::byte*>(data), bytes});
    return island;
  };
  Island& ia = add("a", a.data(), a.size(), Access::kRead);
  Island& ib = add("b", b.data(), b.size(), Access::kRead);
  Island& ic = add("c", c.data(), 4 * c.size(), Access::kRead);
  Island& id = add("d", nullptr, 4 * c.size(), Access::kWrite);
  if (poisoned_lane >= 0) ia.set_uninitialised(size_t(poisoned_lane) * a.size() / 64, 1);
  LaunchConfig config;
  config.group_size = {64, 1, 1};
  config.max_findings = 100;
  config.set_arg(0, ia.address());
  config.set_arg(8, ib.address());
  config.set_arg(16, ic.address());
  config.set_arg(24, id.address());
  Launched launched = {run(program, memory, config), std::vector<uint32_t>(c.size())};
  std::memcpy(launched.d.data(), id.bytes().data(), 4 * c.size());
  return launched;
}

class Matrix : public testing::TestWithParam<const char*> {};

TEST_P(Matrix, MultipliesSmallIntegersExactly) {
  for (const Type& type : types(GetParam())) {
    const Shape& s = type.shape;
    std::mt19937 random(3);
    std::vector<std::vector<int>> a(s.m, std::vector<int>(s.k)), b(s.k, std::vector<int>(s.n)),
        c(s.m, std::vector<int>(s.n));
    for (auto* matrix : {&a, &b, &c})
      for (auto& row : *matrix)
        for (int& x : row) x = int(random() % 17) - 8;

    const int registers = s.m * s.n / 64;
    std::vector<uint8_t> in_a(size_t(64 * s.per_lane * type.bytes)), in_b(in_a.size());
    std::vector<uint32_t> in_c(size_t(64 * registers));
    const auto put = [&](std::vector<uint8_t>& in, int i, int k, int value) {
      const uint16_t bits = type.encode(value);
      std::memcpy(&in[size_t((lane_of(s, i, k) * s.per_lane + element_of(s, k)) * type.bytes)],
                  &bits, size_t(type.bytes));
    };
    const auto bits_of = [&](int x) {
      const float f = float(x);
      uint32_t bits;
      std::memcpy(&bits, &f, 4);
      return type.integer_result ? uint32_t(x) : bits;
    };
    for (int k = 0; k < s.k; ++k) {
      for (int i = 0; i < s.m; ++i) put(in_a, i, k, a[i][k]);
      for (int j = 0; j < s.n; ++j) put(in_b, j, k, b[k][j]);
    }
    for (int i = 0; i < s.m; ++i)
      for (int j = 0; j < s.n; ++j)
        in_c[size_t(d_lane(s, i, j) * registers + d_register(s, i))] = bits_of(c[i][j]);

    const Launched launched = launch(GetParam(), type.kernel, in_a, in_b, in_c);
    ASSERT_EQ(launched.result.status, RunResult::Status::kCompleted)
        << type.kernel << ": " << launched.result.unsupported_what;
    for (int i = 0; i < s.m; ++i) {
      for (int j = 0; j < s.n; ++j) {
        int sum = c[i][j];
        for (int k = 0; k < s.k; ++k) sum += a[i][k] * b[k][j];
        ASSERT_EQ(launched.d[size_t(d_lane(s, i, j) * registers + d_register(s, i))], bits_of(sum))
            << type.kernel << " D(" << i << ", " << j << ")";
      }
    }
  }
}

TEST_P(Matrix, ChainsThroughAConstant) {
  // A and B of ones: each step adds 32 to a sum that starts at 1.
  const quant::Fp8 fp8 =
      std::string(GetParam()) == "gfx942" ? quant::Fp8::kE4m3fnuz : quant::Fp8::kE4m3fn;
  const std::vector<uint8_t> ones(512, quant::encode(fp8, 1.0f, quant::kCastPyTorch));
  const Launched launched = launch(GetParam(), "chain", ones, ones, std::vector<uint32_t>(256));
  ASSERT_EQ(launched.result.status, RunResult::Status::kCompleted);
  const float want = 1 + 4 * 32;
  uint32_t bits;
  std::memcpy(&bits, &want, 4);
  EXPECT_THAT(launched.d, testing::Each(bits));
}

TEST_P(Matrix, AnUndefinedElementOfAReachesItsRowOfDOnly) {
  // Lane 5 holds part of row 5, which lies in register 1 of lanes 16..31: those lanes store it.
  const std::vector<uint8_t> zeros(512);
  const Launched launched =
      launch(GetParam(), "fp8_16x16x32", zeros, zeros, std::vector<uint32_t>(256), 5);
  ASSERT_EQ(launched.result.status, RunResult::Status::kFaulted);
  const Finding& finding = launched.result.findings.at(0);
  EXPECT_EQ(finding.kind, FindingKind::kUninitialised) << finding.message;
  EXPECT_EQ(finding.first_lane(), 16);
  EXPECT_EQ(finding.lane_count(), 16);
}

INSTANTIATE_TEST_SUITE_P(Arches, Matrix, testing::Values("gfx942", "gfx950"));

}  // namespace
}  // namespace wavefuzz::sim
