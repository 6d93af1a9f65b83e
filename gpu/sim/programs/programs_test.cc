// Generated programs give the same bytes simulated as compiled for the host.
//
//   ./bazelw run //gpu/sim/programs:generate -- 17          prints program 17
//   ./bazelw test //gpu/sim/programs:programs_test --test_filter='*/p17'
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <string>

#include "gpu/sim/launch.h"
#include "gpu/sim/programs/registry.h"

namespace wavefuzz::sim {
namespace {

// As in prelude.h, which is for the programs only.
constexpr uint64_t kInputBytes = 4096, kOwnBytes = 64, kCommonBytes = 64 * 8;
constexpr uint32_t kGroups = 2;

std::string object_path(std::string_view set, Arch arch) {
  return "gpu/sim/programs/" + std::string(set) + "." + std::string(name(arch)) + ".co";
}
const CodeObject& object(std::string_view set, Arch arch) {
  static std::map<std::string, CodeObject> loaded;
  const std::string path = object_path(set, arch);
  auto it = loaded.find(path);
  if (it == loaded.end()) it = loaded.emplace(path, CodeObject::load(path)).first;
  return it->second;
}

// What a launch works on.
struct Buffers {
  std::vector<uint8_t> in, out, own, common;
  uint64_t b;
  uint32_t a;
  float c;
};

// Three kinds of input: any bits; small numbers, where comparisons are close and floats denormal;
// the edges of the integer and float formats.
enum Kind { kAnyBits, kSmall, kEdges, kKinds };

Buffers buffers(const HostProgram& program, Kind kind, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto word = [&]() -> uint64_t {
    switch (kind) {
      case kSmall:
        return random() & 0x0000'001f'0000'001f;
      case kEdges: {
        static constexpr uint32_t kWords[] = {
            0,          1,          0x7fffffff, 0x80000000, 0xffffffff, 0x7f800000,
            0xff800000, 0x3f800000, 0x00800000, 0x007fffff, 0x80000001, 0x7f7fffff,
            0x7c003c00, 0x04000001, 0xfbff7bff, 0x00ff00ff, 0x80008000, 0x7fff8000};
        return kWords[random() % 18] | uint64_t(kWords[random() % 18]) << 32;
      }
      default:
        return random();
    }
  };
  const auto fill = [&](std::vector<uint8_t>& bytes, uint64_t size) {
    bytes.resize(size);
    for (size_t i = 0; i < size; i += 8) {
      const uint64_t w = word();
      std::memcpy(&bytes[i], &w, 8);
    }
  };
  Buffers all;
  const uint64_t items = uint64_t{kGroups} * program.group_size;
  fill(all.in, kInputBytes);
  all.out.assign(items * program.result_bytes, 0);
  fill(all.own, items * kOwnBytes);
  fill(all.common, kCommonBytes);
  // The upper half takes sums of floats.
  std::fill(all.common.begin() + kCommonBytes / 2, all.common.end(), uint8_t{0});
  all.b = word();
  all.a = uint32_t(word());
  all.c = float(int(random() % 64)) * 0.25f;
  return all;
}

void run_on_host(const HostProgram& program, Buffers& x) {
  const HostArguments arguments{
      x.in.data(), x.out.data(), x.own.data(), reinterpret_cast<uint64_t*>(x.common.data()),
      x.b,         x.a,          x.c};
  for (uint32_t group = 0; group < kGroups; ++group) program.run_group(arguments, group);
}

// False, with a failure, when the run was not clean.
bool simulate(const Program& kernel, const HostProgram& program, Buffers& x,
              uint64_t schedule_seed = 0, unsigned threads = 1) {
  static Memory memory;
  memory.reset();
  LaunchConfig config;
  config.groups = {kGroups, 1, 1};
  config.group_size = {program.group_size, 1, 1};
  size_t at = 0;
  const auto add = [&](const char* name, const std::vector<uint8_t>& bytes, Access access) {
    Island& island = memory.add({name, bytes.size(), access});
    island.write_values<uint8_t>(0, bytes);
    config.set_arg(at, island.address());
    at += 8;
    return &island;
  };
  add("in", x.in, Access::kRead);
  std::pair<Island*, std::vector<uint8_t>*> written[] = {
      {add("out", x.out, Access::kReadWrite), &x.out},
      {add("own", x.own, Access::kReadWrite), &x.own},
      {add("common", x.common, Access::kReadWrite), &x.common}};
  config.set_arg(32, x.b);
  config.set_arg(40, x.a);
  config.set_arg(44, x.c);
  config.schedule_seed = schedule_seed;
  config.threads = threads;
  const RunResult result = run(kernel, memory, config);
  for (const auto& [island, bytes] : written)
    std::memcpy(bytes->data(), island->bytes().data(), bytes->size());
  if (result.status == RunResult::Status::kCompleted) return true;
  ADD_FAILURE() << name(result.status) << " " << result.unsupported_what;
  for (const Finding& f : result.findings) ADD_FAILURE() << f.message;
  return false;
}

std::string hex(const uint8_t* bytes, size_t count) {
  std::string text;
  for (size_t i = count; i-- > 0;) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", bytes[i]);
    text += two;
  }
  return text;
}

// The first difference of two buffers, or an empty text.
std::string difference(const HostProgram& program, const Buffers& got, const Buffers& want) {
  const size_t items = size_t{kGroups} * program.group_size;
  for (size_t i = 0; i < items; ++i)
    for (const ResultField& f : program.fields) {
      const uint8_t* g = &got.out[i * program.result_bytes + f.offset];
      const uint8_t* w = &want.out[i * program.result_bytes + f.offset];
      if (std::memcmp(g, w, f.bytes) != 0)
        return "work-item " + std::to_string(i % program.group_size) + " of group " +
               std::to_string(i / program.group_size) + ", field " + std::string(f.name) +
               ": got " + hex(g, f.bytes) + ", want " + hex(w, f.bytes);
    }
  for (size_t i = 0; i < got.own.size(); i += 4)
    if (std::memcmp(&got.own[i], &want.own[i], 4) != 0)
      return "own memory of work-item " + std::to_string(i / kOwnBytes) + ", byte " +
             std::to_string(i % kOwnBytes) + ": got " + hex(&got.own[i], 4) + ", want " +
             hex(&want.own[i], 4);
  for (size_t i = 0; i < got.common.size(); i += 8)
    if (std::memcmp(&got.common[i], &want.common[i], 8) != 0)
      return "common word " + std::to_string(i / 8) + ": got " + hex(&got.common[i], 8) +
             ", want " + hex(&want.common[i], 8);
  if (got.out != want.out) return "padding of the result";
  return "";
}

[[maybe_unused]] void PrintTo(const HostProgram& program, std::ostream* out) {
  *out << program.name;
}

class Programs : public testing::TestWithParam<HostProgram> {};

TEST_P(Programs, SameBytesAsOnTheHost) {
  const HostProgram& program = GetParam();
  const std::string seed(program.name.substr(1));
  Buffers start[kKinds], want[kKinds];
  for (int kind = 0; kind < kKinds; ++kind) {
    want[kind] = start[kind] = buffers(program, Kind(kind), std::stoull(seed) * kKinds + kind);
    run_on_host(program, want[kind]);
  }
  // The build of the semantics that users run, and on one arch another one.
  const auto isas = supported_host_isas();
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    const HostIsa best = best_host_isa();
    const HostIsa other = arch == Arch::kGfx942 ? isas[std::stoull(seed) % isas.size()] : best;
    for (const HostIsa isa : {best, other}) {
      const Program kernel(object(program.set, arch), "program_" + std::string(program.name), isa);
      for (int kind = 0; kind < kKinds; ++kind) {
        Buffers got = start[kind];
        const bool clean = simulate(kernel, program, got);
        const std::string different = difference(program, got, want[kind]);
        if (clean && different.empty()) continue;
        FAIL() << "program " << seed << ", input " << kind << ", " << name(arch) << " ("
               << object_path(program.set, arch) << "), host ISA " << name(isa) << "\n  "
               << different << "\n  Its source: ./bazelw run //gpu/sim/programs:generate -- "
               << seed;
      }
      if (best == other) break;
    }
  }
}

// The programs have no races, and what they add up does not depend on the order: neither the
// interleaving of waves, the order of groups, the moment loads come in, nor threads may show.
TEST_P(Programs, SameBytesUnderEverySchedule) {
  const HostProgram& program = GetParam();
  const uint64_t number = std::stoull(std::string(program.name.substr(1)));
  const Buffers start = buffers(program, kAnyBits, number * kKinds);
  Buffers want = start;
  run_on_host(program, want);
  const Arch arch = number % 2 == 0 ? Arch::kGfx942 : Arch::kGfx950;
  const Program kernel(object(program.set, arch), "program_" + std::string(program.name));
  // All of them under one seed of their own, every eighth under 20.
  const unsigned seeds = number % 8 == 1 ? 20 : 1;
  for (unsigned i = 0; i <= seeds; ++i) {
    const uint64_t seed = i == 0 ? 0 : number * 100 + i;
    Buffers got = start;
    const bool clean = simulate(kernel, program, got, seed, i == 0 ? 2 : 1);
    const std::string different = difference(program, got, want);
    if (clean && different.empty()) continue;
    FAIL() << "program " << number << ", " << name(arch) << ", schedule seed " << seed << ", "
           << (i == 0 ? 2 : 1) << " threads\n  " << different
           << "\n  Its source: ./bazelw run //gpu/sim/programs:generate -- " << number;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Programs, testing::ValuesIn(programs()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Programs, ThereAreManyOfThem) { EXPECT_GE(programs().size(), 200u); }

}  // namespace
}  // namespace wavefuzz::sim
