// One launch of AITER's pa_bf16_pertokenFp8_gqa16_1tg_4w_mtp_msk1, batch 1, one kv head, two query
// tokens: with all checks on, and (races:0) without the one for data races. Skips without
// AITER_HSA, the folder "hsa" of an AITER checkout.
#include <benchmark/benchmark.h>

#include "tests/aiter/pa_problem.h"

namespace wavefuzz::aiter {
namespace {

constexpr char kKernel[] = "pa_bf16_pertokenFp8_gqa16_1tg_4w_mtp_msk1";
constexpr char kSymbol[] = "_ZN5aiter41pa_bf16_pertokenFp8_gqa16_1tg_4w_mtp_msk1E";

void paged_attention(benchmark::State& state, sim::Arch arch, sim::HostIsa isa) {
  if (hsa_folder().empty()) {
    state.SkipWithError("AITER_HSA is not set");
    return;
  }
  const sim::Program program(sim::CodeObject::load(object_path(arch, "pa", kKernel)), kSymbol, isa);
  PaLaunch launch(random_problem(fp8_of(arch), uint32_t(state.range(0)), 2, 1));
  launch.config().races = state.range(1) != 0;
  uint64_t instructions = 0;
  for (auto _ : state) {
    const sim::RunResult result = launch.run(program);
    if (result.status != sim::RunResult::Status::kCompleted) {
      state.SkipWithError("the kernel did not complete");
      return;
    }
    instructions += result.instructions;
  }
  state.SetLabel(std::string(sim::name(isa)));
  state.counters["wave_instructions/s"] =
      benchmark::Counter(double(instructions), benchmark::Counter::kIsRate);
}

[[maybe_unused]] const bool registered = [] {
  for (const sim::Arch arch : {sim::Arch::kGfx942, sim::Arch::kGfx950}) {
    for (const sim::HostIsa isa : sim::supported_host_isas()) {
      benchmark::RegisterBenchmark(
          ("paged_attention/" + std::string(sim::name(arch)) + "/" + std::string(sim::name(isa)))
              .c_str(),
          [arch, isa](benchmark::State& state) { paged_attention(state, arch, isa); })
          ->ArgNames({"ctx", "races"})
          ->Args({16, 1})
          ->Args({1024, 1})
          ->Args({4097, 1})
          ->Args({4097, 0})
          ->Unit(benchmark::kMillisecond);
    }
  }
  return true;
}();

}  // namespace
}  // namespace wavefuzz::aiter
