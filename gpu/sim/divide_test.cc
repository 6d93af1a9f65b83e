// The division sequence as a whole is what can be held against an oracle: the host's IEEE division,
// over raw bit patterns, so that subnormal, huge and special operands and quotients are as frequent
// as ordinary ones.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <type_traits>

#include "gpu/sim/launch.h"

namespace wavefuzz::sim {
namespace {

constexpr uint32_t kGroup = 256;

template <typename T>
void expect_host_quotients(const std::string& arch, const char* symbol, uint32_t groups) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  std::mt19937_64 random(7);
  std::vector<T> n(groups * kGroup);
  std::vector<T> d(n.size());
  for (size_t i = 0; i < n.size(); ++i) {
    const auto bits = [&] {
      const Bits b = static_cast<Bits>(random());
      T value;
      std::memcpy(&value, &b, sizeof value);
      return value;
    };
    n[i] = bits();
    // A third of the pairs have quotients about the smallest normal number, where rounding is
    // hardest.
    d[i] = i % 3 == 0
               ? n[i] * std::ldexp(T(1) + T(random() % 1024) / 1024, sizeof(T) == 4 ? 126 : 1022)
               : bits();
  }

  const Program program(CodeObject::load("gpu/sim/testdata/divide." + arch + ".co"), symbol);
  Memory memory;
  Island& in_n = memory.add({.name = "n", .bytes = n.size() * sizeof(T), .access = Access::kRead});
  Island& in_d = memory.add({.name = "d", .bytes = n.size() * sizeof(T), .access = Access::kRead});
  Island& out = memory.add({.name = "q", .bytes = n.size() * sizeof(T), .access = Access::kWrite});
  in_n.write_values(0, std::span<const T>(n));
  in_d.write_values(0, std::span<const T>(d));
  LaunchConfig config;
  config.groups = {groups, 1, 1};
  config.group_size = {kGroup, 1, 1};
  config.set_arg(0, in_n.address());
  config.set_arg(8, in_d.address());
  config.set_arg(16, out.address());
  const RunResult result = run(program, memory, config);
  ASSERT_EQ(result.status, RunResult::Status::kCompleted) << result.unsupported_what;

  const T* q = reinterpret_cast<const T*>(out.bytes().data());
  size_t wrong = 0;
  for (size_t i = 0; i < n.size(); ++i) {
    const T want = n[i] / d[i];
    const bool same =
        std::isnan(want) ? std::isnan(q[i]) : std::memcmp(&want, &q[i], sizeof want) == 0;
    if (!same && wrong++ < 5)
      ADD_FAILURE() << std::hexfloat << n[i] << " / " << d[i] << " = " << want << ", got " << q[i];
  }
  EXPECT_EQ(wrong, 0u) << "of " << n.size();
}

class Division : public testing::TestWithParam<const char*> {};

TEST_P(Division, OfF32IsTheHosts) { expect_host_quotients<float>(GetParam(), "divide_f32", 8192); }

TEST_P(Division, OfF64IsTheHosts) { expect_host_quotients<double>(GetParam(), "divide_f64", 2048); }

INSTANTIATE_TEST_SUITE_P(Arches, Division, testing::Values("gfx942", "gfx950"));

}  // namespace
}  // namespace wavefuzz::sim
