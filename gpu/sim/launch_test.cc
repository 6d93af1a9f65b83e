// Whole kernels, compiled from HIP, on both arches and every host ISA: results as the same source
// gives on the host, and the faults with their right twins.
#include "gpu/sim/launch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

#include "gpu/sim/testdata/bodies.h"

namespace wavefuzz::sim {
namespace {

struct Setup {
  Arch arch;
  HostIsa isa;
};
std::vector<Setup> setups() {
  std::vector<Setup> list;
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950})
    for (const HostIsa isa : supported_host_isas()) list.push_back({arch, isa});
  return list;
}

class Kernels : public testing::TestWithParam<Setup> {
 protected:
  Program program(const char* file, const char* kernel) {
    const Program p(CodeObject::load(std::string("gpu/sim/testdata/") + file + "." +
                                     std::string(name(GetParam().arch)) + ".co"),
                    kernel, GetParam().isa);
    for (const std::string& missing : p.unsupported()) ADD_FAILURE() << kernel << ": " << missing;
    return p;
  }
  template <typename T>
  Island& input(const char* name, const std::vector<T>& values) {
    Island& island = memory_.add({name, values.size() * sizeof(T), Access::kRead});
    island.write_values<T>(0, values);
    return island;
  }
  template <typename T>
  static std::vector<T> values(const Island& island) {
    std::vector<T> list(island.size() / sizeof(T));
    std::memcpy(list.data(), island.bytes().data(), island.size());
    return list;
  }
  static void expect_completed(const RunResult& result) {
    EXPECT_EQ(result.status, RunResult::Status::kCompleted) << result.unsupported_what;
    for (const Finding& f : result.findings) ADD_FAILURE() << f.message;
  }

  // Runs kernel(x, y, out, n) over `n` items and compares bit for bit with body(x, y).
  template <typename X, typename Y, typename R>
  void compare(const char* kernel, const std::function<X()>& make_x,
               const std::function<Y()>& make_y, R (*body)(X, Y)) {
    constexpr int kCount = 1000;  // the last wave is partial
    std::vector<X> x(kCount);
    std::vector<Y> y(kCount);
    for (int i = 0; i < kCount; ++i) {
      x[i] = make_x();
      y[i] = make_y();
    }
    const Island& xi = input("x", x);
    const Island& yi = input("y", y);
    Island& out = memory_.add({"out", kCount * sizeof(R)});
    LaunchConfig config;
    config.groups = {4, 1, 1};
    config.group_size = {256, 1, 1};
    config.set_arg(0, xi.address());
    config.set_arg(8, yi.address());
    config.set_arg(16, out.address());
    config.set_arg(24, kCount);
    const RunResult result = run(program("mixed", kernel), memory_, config);
    expect_completed(result);
    EXPECT_TRUE(out.initialised(0, out.size()));
    EXPECT_EQ(out.written_ranges(), (std::vector<ByteRange>{{0, out.size()}}));
    const std::vector<R> got = values<R>(out);
    for (int i = 0; i < kCount; ++i) {
      const R want = body(x[i], y[i]);
      ASSERT_EQ(std::memcmp(&got[i], &want, sizeof(R)), 0)
          << kernel << " item " << i << ": got " << double(got[i]) << ", want " << double(want);
    }
    memory_.reset();
  }

  Memory memory_;
  std::mt19937_64 random_{1};
};

// Also with arguments preloaded into SGPRs, where entry is 256 bytes in.
TEST_P(Kernels, Saxpy) {
  for (const char* file : {"saxpy", "saxpy_preload"}) {
    memory_.reset();
    std::vector<float> x(300), y(300);
    for (int i = 0; i < 300; ++i) {
      x[i] = float(i) * 0.1f;
      y[i] = 100.0f - float(i);
    }
    const Island& xi = input("x", x);
    const Island& yi = input("y", y);
    Island& out = memory_.add({"out", 300 * 4});
    LaunchConfig config;
    config.groups = {2, 1, 1};
    config.group_size = {256, 1, 1};
    config.set_arg(0, xi.address());
    config.set_arg(8, yi.address());
    config.set_arg(16, out.address());
    config.set_arg(24, 3.0f);
    config.set_arg(28, 300);
    const RunResult result = run(program(file, "saxpy"), memory_, config);
    expect_completed(result);
    EXPECT_GT(result.instructions, 50u);
    EXPECT_EQ(result.weakest, Fidelity::kExact);
    const std::vector<float> got = values<float>(out);
    for (int i = 0; i < 300; ++i) ASSERT_EQ(got[i], std::fma(3.0f, x[i], y[i])) << i;
  }
}

TEST_P(Kernels, Integers) {
  compare<int32_t, uint32_t, int64_t>(
      "integers", [&] { return int32_t(random_()) >> random_() % 32; },
      [&] { return uint32_t(random_()) >> random_() % 32; }, integer_body);
}
TEST_P(Kernels, Floats) {
  const auto number = [&] {
    const uint32_t bits = uint32_t(random_() & 0x807f'ffff) | uint32_t(117 + random_() % 24) << 23;
    return __builtin_bit_cast(float, bits);
  };
  compare<float, float, float>("floats", number, number, float_body);
}
TEST_P(Kernels, Doubles) {
  const auto number = [&] { return double(int64_t(random_())) * 0x1p-44; };
  compare<double, double, double>("doubles", number, number, double_body);
}
TEST_P(Kernels, Halves) {
  const auto number = [&] { return half_t(float(int(random_() % 4001) - 2000) * 0.03125f); };
  compare<half_t, half_t, half_t>("halves", number, number, half_body);
}
TEST_P(Kernels, Bytes) {
  const auto word = [&] { return uint32_t(random_()); };
  compare<uint32_t, uint32_t, uint32_t>("bytes", word, word, byte_body);
}

TEST_P(Kernels, Reductions) {
  std::vector<int> x(3 * 256);
  for (int& v : x) v = int(random_() % 2001) - 1000;
  const Island& xi = input("x", x);
  Island& sums = memory_.add({"sums", 3 * 4});
  Island& maxima = memory_.add({"maxima", 3 * 256 * 4});
  LaunchConfig config;
  config.groups = {3, 1, 1};
  config.group_size = {256, 1, 1};
  config.dynamic_lds_bytes = 1024;
  config.set_arg(0, xi.address());
  config.set_arg(8, sums.address());
  config.set_arg(16, maxima.address());
  expect_completed(run(program("mixed", "reductions"), memory_, config));
  const auto got_sums = values<int>(sums), got_maxima = values<int>(maxima);
  for (int g = 0; g < 3; ++g) {
    EXPECT_EQ(got_sums[g], std::accumulate(&x[g * 256], &x[g * 256] + 256, 0));
    for (int t = 0; t < 256; ++t) {
      const int wave = t / 64;
      const int most = *std::max_element(&x[g * 256 + wave * 64], &x[g * 256 + wave * 64] + 64);
      const auto positive =
          std::count_if(&x[g * 256 + (3 - wave) * 64], &x[g * 256 + (3 - wave) * 64] + 64,
                        [](int v) { return v > 0; });
      ASSERT_EQ(got_maxima[g * 256 + t], 2 * most + positive) << g << " " << t;
    }
  }
}

TEST_P(Kernels, Histogram) {
  std::vector<uint32_t> x(1000), want(16);
  for (uint32_t& v : x) ++want[(v = uint32_t(random_())) & 15];
  const Island& xi = input("x", x);
  Island& counts = memory_.add({"counts", 64});
  counts.fill(0, 64, std::byte{0});
  LaunchConfig config;
  config.groups = {4, 1, 1};
  config.group_size = {256, 1, 1};
  config.set_arg(0, xi.address());
  config.set_arg(8, counts.address());
  config.set_arg(16, 1000);
  expect_completed(run(program("mixed", "histogram"), memory_, config));
  EXPECT_EQ(values<uint32_t>(counts), want);
}

TEST_P(Kernels, CallsTablesAndPrivateArrays) {
  Island& out = memory_.add({"out", 64 * 4});
  LaunchConfig config;
  config.set_arg(0, out.address());
  expect_completed(run(program("mixed", "calls"), memory_, config));
  const int fibonacci[] = {0, 1, 1, 2, 3, 5, 8, 13};
  const int table[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
  const auto got = values<int>(out);
  for (int i = 0; i < 64; ++i) {
    const int k = i * 7 & 31;
    EXPECT_EQ(got[i], fibonacci[i & 7] * 1000 + table[i & 15] * 100000 + k * k + i) << i;
  }
}

TEST_P(Kernels, EveryThreadKnowsWhoItIs) {
  constexpr uint32_t kGroups[] = {3, 2, 2}, kSize[] = {5, 4, 7};
  constexpr uint32_t kThreads = 5 * 4 * 7, kAll = 12 * kThreads;
  Island& out = memory_.add({"out", kAll * 8});
  LaunchConfig config;
  config.groups = {kGroups[0], kGroups[1], kGroups[2]};
  config.group_size = {kSize[0], kSize[1], kSize[2]};
  config.set_arg(0, out.address());
  expect_completed(run(program("mixed", "identities"), memory_, config));
  const auto got = values<uint64_t>(out);
  for (uint32_t i = 0; i < kAll; ++i) {
    const uint64_t t = i % kThreads, g = i / kThreads;
    const uint64_t want =
        t % 5 | t / 5 % 4 << 8 | t / 20 << 16 | g % 3 << 32 | g / 3 % 2 << 40 | g / 6 << 48;
    ASSERT_EQ(got[i], want) << i;
  }
}

// The hardware lets a barrier wait for the waves that are left, and a note says so.
TEST_P(Kernels, EndedWavesCountAsArrivedAtABarrier) {
  const Program p = program("mixed", "barrier");
  for (const int leaving : {0, 64}) {
    memory_.reset();
    Island& out = memory_.add({"out", 128 * 4});
    LaunchConfig config;
    config.group_size = {128, 1, 1};
    config.set_arg(0, out.address());
    config.set_arg(8, leaving);
    const RunResult result = run(p, memory_, config);
    expect_completed(result);
    ASSERT_EQ(result.notes.size(), leaving == 0 ? 0u : 1u);
    if (leaving != 0) {
      EXPECT_NE(result.notes[0].find("others have ended, which count as arrived"),
                std::string::npos)
          << result.notes[0];
    }
    EXPECT_TRUE(out.initialised(0, 64 * 4));
  }
}

// Spins until a flag is set, which nobody is left to do.
TEST_P(Kernels, Watchdog) {
  const Program p = program("mixed", "endless");
  for (const int flag : {1, 0}) {
    memory_.reset();
    Island& island = memory_.add({"flag", 4});
    island.write_values<int>(0, std::array<int, 1>{flag});
    LaunchConfig config;
    config.instruction_budget = 10'000;
    config.set_arg(0, island.address());
    const RunResult result = run(p, memory_, config);
    if (flag == 1) {
      expect_completed(result);
      continue;
    }
    ASSERT_EQ(result.findings.size(), 1u);
    EXPECT_EQ(result.findings[0].kind, FindingKind::kWatchdog);
    EXPECT_NE(result.findings[0].message.find("never ends"), std::string::npos)
        << result.findings[0].message;
    EXPECT_EQ(result.instructions, 10'000u);
  }
}

// A launch of many groups is long, and ends; one that needs more than it may have is no fault.
TEST_P(Kernels, BudgetOfAGroup) {
  const Program p = program("mixed", "endless");
  Island& island = memory_.add({"flag", 4});
  island.write_values<int>(0, std::array<int, 1>{1});
  LaunchConfig config;
  config.set_arg(0, island.address());
  config.group_budget = run(p, memory_, config).instructions;
  config.groups = {100, 1, 1};
  const RunResult all = run(p, memory_, config);
  expect_completed(all);
  EXPECT_EQ(all.instructions, 100 * config.group_budget);

  --config.group_budget;
  const RunResult result = run(p, memory_, config);
  EXPECT_EQ(result.status, RunResult::Status::kTooLarge);
  EXPECT_TRUE(result.findings.empty());
  EXPECT_EQ(result.too_large,
            std::to_string(config.group_budget) + " instructions executed by one group");
  EXPECT_EQ(result.instructions, config.group_budget);
}

// Hardware would have ended it; a loop on what such a read brings may take hours.
TEST_P(Kernels, ALoopThatReadsOutOfBoundsEndsBeforeTheWatchdog) {
  const Program p = program("mixed", "endless");
  memory_.add({"flag", 4});
  LaunchConfig config;
  config.instruction_budget = 100'000'000;
  config.set_arg(0, uint64_t{64});
  const RunResult result = run(p, memory_, config);
  ASSERT_FALSE(result.findings.empty());
  EXPECT_EQ(result.findings[0].kind, FindingKind::kOutOfBoundsRead);
  for (const Finding& f : result.findings) EXPECT_NE(f.kind, FindingKind::kWatchdog);
  EXPECT_LT(result.instructions, 6'000'000u);
}

TEST_P(Kernels, OutOfBoundsNamesTheIsland) {
  const Program p = program("mixed", "offset_by");
  for (const int by : {0, 1, -3}) {
    memory_.reset();
    std::vector<int> data(64, 5);
    const Island& x = input("x", data);
    Island& out = memory_.add({"out", 64 * 4});
    LaunchConfig config;
    config.set_arg(0, x.address());
    config.set_arg(8, out.address());
    config.set_arg(16, by);
    const RunResult result = run(p, memory_, config);
    if (by == 0) {
      expect_completed(result);
      continue;
    }
    // The read, and what it brought reaching the store.
    ASSERT_EQ(result.findings.size(), 2u);
    EXPECT_EQ(result.findings[0].kind, FindingKind::kOutOfBoundsRead);
    EXPECT_EQ(result.findings[0].memory->buffer, "x");
    EXPECT_EQ(result.findings[0].memory->offset, by > 0 ? 256 : -12);
    EXPECT_EQ(result.findings[0].lane_count(), by > 0 ? 1 : 3);
    EXPECT_EQ(result.findings[1].kind, FindingKind::kUninitialised);
  }
}

TEST_P(Kernels, Trap) {
  const Program p = program("mixed", "trap");
  Island& out = memory_.add({"out", 256});
  LaunchConfig config;
  config.set_arg(0, out.address());
  config.set_arg(8, 0);
  expect_completed(run(p, memory_, config));
  config.set_arg(8, 1);
  const RunResult result = run(p, memory_, config);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].kind, FindingKind::kTrap);
}

TEST_P(Kernels, SameLaunchSameBits) {
  std::vector<RunResult> results;
  const Program p = program("mixed", "offset_by");
  for (int round = 0; round < 2; ++round) {
    Memory memory;
    Island& x = memory.add({"x", 64 * 4});
    x.fill(0, 100, std::byte{1});
    Island& out = memory.add({"out", 64 * 4});
    LaunchConfig config;
    config.set_arg(0, x.address());
    config.set_arg(8, out.address());
    config.set_arg(16, 7);
    results.push_back(run(p, memory, config));
  }
  ASSERT_EQ(results[0].findings.size(), results[1].findings.size());
  for (size_t i = 0; i < results[0].findings.size(); ++i)
    EXPECT_EQ(results[0].findings[i].message, results[1].findings[i].message);
  EXPECT_EQ(results[0].instructions, results[1].instructions);
}

INSTANTIATE_TEST_SUITE_P(All, Kernels, testing::ValuesIn(setups()), [](const auto& info) {
  return std::string(name(info.param.arch)) + "_" + std::string(name(info.param.isa));
});

std::string launch_error(const std::function<void(LaunchConfig&)>& change) {
  const Program p(CodeObject::load("gpu/sim/testdata/saxpy.gfx942.co"), "saxpy");
  Memory memory;
  LaunchConfig config;
  config.set_arg(28, 0);
  change(config);
  try {
    run(p, memory, config);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(Launch, BadConfigurationsAreOneClearLine) {
  EXPECT_EQ(launch_error([](LaunchConfig& c) { c.groups[1] = 0; }),
            "launch of saxpy: groups[1] is 0");
  EXPECT_EQ(launch_error([](LaunchConfig& c) {
              c.group_size = {64, 0, 1};
            }),
            "launch of saxpy: group_size[1] is 0");
  EXPECT_EQ(launch_error([](LaunchConfig& c) {
              c.group_size = {1024, 2, 1};
            }),
            "launch of saxpy: group_size 1024x2x1 exceeds its limit of 1024 work-items");
  EXPECT_EQ(launch_error([](LaunchConfig& c) { c.dynamic_lds_bytes = 65537; }),
            "launch of saxpy: 0 static + 65537 dynamic LDS bytes exceed the 65536 of gfx942");
  EXPECT_EQ(launch_error([](LaunchConfig& c) { c.kernarg.resize(31); }),
            "launch of saxpy: kernarg has 31 bytes, the explicit arguments need 32");
  EXPECT_EQ(launch_error([](LaunchConfig& c) { c.max_findings = 0; }),
            "launch of saxpy: max_findings is 0");
}

}  // namespace
}  // namespace wavefuzz::sim
