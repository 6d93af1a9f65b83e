// Wave instructions per second by kind of loop, how many times slower the simulated loop is than
// the same one compiled for this machine, on one core, and the cost of a launch.
#include <benchmark/benchmark.h>

#include <chrono>

#include "gpu/sim/launch.h"
#include "gpu/sim/loops_native.h"

namespace wavefuzz::sim {
namespace {

const CodeObject& loops() {
  static const CodeObject object = CodeObject::load("gpu/sim/testdata/loops.gfx942.co");
  return object;
}

HostIsa isa_argument(const benchmark::State& state) { return HostIsa(state.range(0)); }

// Null: no loop beside it.
using NativeLoop = void (*)(const float*, float*, int, int);

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void loop(benchmark::State& state, const char* kernel, NativeLoop native, int rounds) {
  const Program program(loops(), kernel, isa_argument(state));
  constexpr uint32_t kGroups = 4, kThreads = 256, kItems = kGroups * kThreads;
  Memory memory;
  Island& in = memory.add({"in", 8 * kItems * 4});
  Island& out = memory.add({"out", uint64_t(rounds) * kItems * 4});
  std::vector<float> data(8 * kItems), results(size_t(rounds) * kItems);
  for (size_t i = 0; i < data.size(); ++i) data[i] = float(i % 97) * 0.125f;
  in.write_values<float>(0, data);
  LaunchConfig config;
  config.groups = {kGroups, 1, 1};
  config.group_size = {kThreads, 1, 1};
  config.set_arg(0, in.address());
  config.set_arg(8, out.address());
  config.set_arg(16, rounds);
  uint64_t instructions = 0;
  double simulated = 0, compiled = 0;
  for (auto _ : state) {
    const double start = now();
    const RunResult result = run(program, memory, config);
    const double half = now();
    if (native != nullptr) native(data.data(), results.data(), int(kItems), rounds);
    benchmark::DoNotOptimize(results.data());
    benchmark::ClobberMemory();
    const double end = now();
    if (result.status != RunResult::Status::kCompleted) {
      state.SkipWithError("the kernel did not complete");
      return;
    }
    simulated += half - start;
    compiled += end - half;
    state.SetIterationTime(half - start);
    instructions += result.instructions;
  }
  state.SetLabel(std::string(name(isa_argument(state))));
  state.counters["wave_instructions/s"] = double(instructions) / simulated;
  if (native != nullptr) state.counters["times_native"] = simulated / compiled;
}

void valu(benchmark::State& state) { loop(state, "valu_loop", native::valu_loop, 200); }
// Beside the same code with work-items in vector lanes, the best that a host can do.
void valu_beside_vectorised(benchmark::State& state) {
  loop(state, "valu_loop", native::valu_loop_vectorised, 200);
}
void lds(benchmark::State& state) { loop(state, "lds_loop", native::lds_loop, 200); }
void global_memory(benchmark::State& state) {
  loop(state, "memory_loop", native::memory_loop, 200);
}

// What a matrix instruction costs beside its triple loop: //gpu/sim/mfma:mfma_benchmark.
void matrix(benchmark::State& state) { loop(state, "matrix_loop", nullptr, 200); }

void launch(benchmark::State& state) {
  const Program program(loops(), "tiny");
  Memory memory;
  Island& out = memory.add({"out", 256});
  LaunchConfig config;
  config.set_arg(0, out.address());
  for (auto _ : state) benchmark::DoNotOptimize(run(program, memory, config).instructions);
}

void launch_with_fresh_memory(benchmark::State& state) {
  const Program program(loops(), "tiny");
  Memory memory;
  for (auto _ : state) {
    memory.reset();
    Island& out = memory.add({"out", 256});
    LaunchConfig config;
    config.set_arg(0, out.address());
    benchmark::DoNotOptimize(run(program, memory, config).instructions);
  }
}

void load_and_decode(benchmark::State& state) {
  for (auto _ : state) {
    const Program program(loops(), "valu_loop");
    benchmark::DoNotOptimize(program.size());
  }
}

void every_isa(benchmark::internal::Benchmark* b) {
  for (const HostIsa isa : supported_host_isas()) b->Arg(int(isa));
}

BENCHMARK(valu)->Apply(every_isa)->UseManualTime();
BENCHMARK(valu_beside_vectorised)->Apply(every_isa)->UseManualTime();
BENCHMARK(lds)->Apply(every_isa)->UseManualTime();
BENCHMARK(global_memory)->Apply(every_isa)->UseManualTime();
BENCHMARK(matrix)->Apply(every_isa)->UseManualTime();
BENCHMARK(launch);
BENCHMARK(launch_with_fresh_memory);
BENCHMARK(load_and_decode);

}  // namespace
}  // namespace wavefuzz::sim
