// A sweep of ordinary kernels: no finding, and the values that the host's compiler gives, at every
// level of optimisation, on both arches, under four schedules. Their twins commit one fault each,
// and it is found.
//
//   ./bazelw run //gpu/sim/ordinary:generate -- hoists 8      prints the first eight of a family
//   ./bazelw test //gpu/sim/ordinary:ordinary_test --test_filter='*/hoists7'
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gpu/sim/launch.h"
#include "gpu/sim/ordinary/registry.h"

namespace wavefuzz::sim {

void PrintTo(const OrdinaryKernel& kernel, std::ostream* out) { *out << kernel.name; }

namespace {

constexpr Arch kArches[] = {Arch::kGfx942, Arch::kGfx950};
constexpr uint64_t kScheduleSeeds = 4;

// As BUILD.bazel compiles them.
std::vector<std::string> levels(const std::string& family) {
  std::vector<std::string> all = {"o0", "o1", "o2", "o3"};
  if (family == "arguments") all.push_back("o3_preload");
  return all;
}

const CodeObject& object(const std::string& file) {
  static std::map<std::string, CodeObject> loaded;
  auto it = loaded.find(file);
  if (it == loaded.end())
    it = loaded.emplace(file, CodeObject::load("gpu/sim/ordinary/" + file + ".co")).first;
  return it->second;
}

// What a launch works on, the same for the device and the host.
struct Launch {
  std::vector<uint8_t> in, words, out;
  std::vector<bool> defined;  // of an element of `in`
  Draw draw;
  uint32_t mode;

  Launch(const OrdinaryKernel& kernel, uint32_t mode_bits)
      : draw(kernel.group_size), mode(mode_bits) {
    for (const char c : kernel.name) draw = Draw(draw.bits() + uint8_t(c));
    kernel.elements(in, defined, draw);
    Draw numbers = draw;
    for (uint32_t i = 0; i < kWords * 4; ++i) words.push_back(uint8_t(numbers()));
    out.assign(size_t{kGroups} * kernel.group_size * 4, 0xee);
  }
};

std::vector<uint8_t> on_the_host(const OrdinaryKernel& kernel) {
  Launch launch(kernel, 0);
  const auto address = [](std::vector<uint8_t>& bytes) {
    return reinterpret_cast<uint64_t>(bytes.data());
  };
  std::vector<uint8_t> arguments;
  kernel.arguments(arguments, launch.draw,
                   {address(launch.in), address(launch.words), address(launch.out)}, launch.mode);
  for (uint32_t group = 0; group < kGroups; ++group) kernel.run_group(arguments.data(), group);
  return launch.out;
}

RunResult launch_once(const OrdinaryKernel& kernel, const Program& program, uint32_t mode,
                      uint64_t schedule_seed, std::vector<uint8_t>* out,
                      const std::vector<UnsettledRead>* unsettled) {
  static Memory memory;
  memory.reset();
  const Launch launch(kernel, mode);
  const auto add = [&](const char* name, const std::vector<uint8_t>& bytes, Access access) {
    Island& island = memory.add({.name = name, .bytes = bytes.size(), .access = access});
    island.write_values<uint8_t>(0, bytes);
    return &island;
  };
  Island* in = add("in", launch.in, Access::kRead);
  for (size_t i = 0; i < launch.in.size(); ++i)
    if (!launch.defined[i % kernel.element_bytes]) in->set_uninitialised(i, 1);
  const Island* words = add("words", launch.words, Access::kReadWrite);
  const Island* written = add("out", launch.out, Access::kReadWrite);
  std::vector<uint8_t> arguments;
  kernel.arguments(arguments, launch.draw, {in->address(), words->address(), written->address()},
                   mode);
  LaunchConfig config;
  arguments.resize(program.kernel().explicit_bytes(), 0);
  const auto* begin = reinterpret_cast<const std::byte*>(arguments.data());
  config.kernarg.assign(begin, begin + arguments.size());
  config.groups = {kGroups, 1, 1};
  config.group_size = {kernel.group_size, 1, 1};
  config.instruction_budget = 3'000'000;
  config.schedule_seed = schedule_seed;
  config.unsettled_reads = unsettled;
  RunResult result = run(program, memory, config);
  if (out != nullptr) std::memcpy(out->data(), written->bytes().data(), out->size());
  return result;
}

RunResult on_the_device(const OrdinaryKernel& kernel, const Program& program, uint32_t mode,
                        uint64_t schedule_seed, std::vector<uint8_t>* out = nullptr) {
  const RunResult first = launch_once(kernel, program, mode, schedule_seed, out, nullptr);
  if (first.unsettled_reads.empty()) return first;
  return launch_once(kernel, program, mode, schedule_seed, out, &first.unsettled_reads);
}

// Calls f(program, where) for each build of a symbol.
template <typename F>
void each_build(const std::string& family, const std::string& symbol, F f) {
  for (const std::string& level : levels(family)) {
    for (const Arch arch : kArches) {
      const std::string file = family + "_" + level + "." + std::string(name(arch));
      f(Program(object(file), symbol), symbol + " of " + file);
    }
  }
}

class Ordinary : public testing::TestWithParam<OrdinaryKernel> {};

TEST_P(Ordinary, IsSilentAndRight) {
  const OrdinaryKernel& kernel = GetParam();
  const std::vector<uint8_t> want = on_the_host(kernel);
  each_build(kernel.family, kernel.name, [&](const Program& program, const std::string& where) {
    for (uint64_t seed = 0; seed < kScheduleSeeds; ++seed) {
      std::vector<uint8_t> got(want.size());
      const RunResult result = on_the_device(kernel, program, 0, seed, &got);
      if (result.status != RunResult::Status::kCompleted) {
        ADD_FAILURE() << where << ", schedule seed " << seed << ": " << name(result.status) << " "
                      << result.unsupported_what
                      << (result.findings.empty() ? "" : result.findings[0].message);
        return;
      }
      const auto [g, w] = std::ranges::mismatch(got, want);
      if (g == got.end()) continue;
      ADD_FAILURE() << where << ", schedule seed " << seed << ": dword " << (w - want.begin()) / 4
                    << " differs from the host's";
      return;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(All, Ordinary, testing::ValuesIn(ordinary_kernels()),
                         [](const auto& info) { return info.param.name; });

class Twin : public testing::TestWithParam<OrdinaryKernel> {};

// The kind that a family's twin must be found with.
std::vector<FindingKind> expected(const std::string& family) {
  if (family == "barriers") return {FindingKind::kBarrierDivergence};
  if (family == "hoists") return {FindingKind::kDataRace};
  return {FindingKind::kUninitialised};
}

TEST_P(Twin, IsFound) {
  const OrdinaryKernel& kernel = GetParam();
  const std::string symbol = kernel.has_mode ? kernel.name : kernel.twin;
  const std::vector<FindingKind> kinds = expected(kernel.family);
  each_build(kernel.family, symbol, [&](const Program& program, const std::string& where) {
    for (uint64_t seed = 0; seed < kScheduleSeeds; ++seed) {
      const RunResult result = on_the_device(kernel, program, ~uint32_t{0}, seed);
      const bool found = std::ranges::any_of(result.findings, [&](const Finding& f) {
        return std::ranges::find(kinds, f.kind) != kinds.end();
      });
      if (found) continue;
      ADD_FAILURE() << where << ", schedule seed " << seed << ": "
                    << (result.findings.empty() ? "no finding" : result.findings[0].message);
      return;
    }
  });
}

std::vector<OrdinaryKernel> with_twin() {
  std::vector<OrdinaryKernel> list;
  for (const OrdinaryKernel& kernel : ordinary_kernels())
    if (kernel.has_mode || !kernel.twin.empty()) list.push_back(kernel);
  return list;
}
INSTANTIATE_TEST_SUITE_P(All, Twin, testing::ValuesIn(with_twin()),
                         [](const auto& info) { return info.param.name; });

TEST(OrdinaryKernels, ThereAreManyOfThem) { EXPECT_GE(ordinary_kernels().size(), 300u); }

}  // namespace
}  // namespace wavefuzz::sim
