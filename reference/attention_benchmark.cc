// How fast the attention reference is, and how far a plain f32 kernel stays below its bounds.
//
//   bazel run //reference:attention_benchmark
//
// One iteration of paged_decode is what decoding 4 tokens of one sequence needs: 8 kv heads, gqa
// 16, query length 4, context 16,384, head size 128. The same in PyTorch, float32, without any
// bound:
//   python3 reference/attention_torch.py
// Compare least CPU times where the machine is shared. Measured on 2 cores of a Sapphire Rapids:
// 168 ms of CPU time (both threads) with bounds, PyTorch 1.13 with OpenBLAS for AVX-512 115 to 137
// ms, with the OpenBLAS that Debian's PyTorch picks there (SSE3) 224 to 231 ms. observed_*: share
// of a bound that the error of an f32 stand-in kernel takes, over all its outputs (f32, so that no
// output rounding hides it): median, 99th percentile, largest. No times.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "reference/attention.h"
#include "reference/attention_draw.h"
#include "reference/attention_run.h"
#include "reference/attention_stand_in.h"

namespace wavefuzz::reference {
namespace {

using internal::Isa;

void paged_decode(benchmark::State& state, Isa isa, bool bounds, PFormat p_format) {
  if (!supported(isa)) {
    state.SkipWithError("not supported by this CPU");
    return;
  }
  constexpr uint32_t kHeads = 8, kGqa = 16, kQueries = 4, kContext = 16384;
  std::vector<std::unique_ptr<DrawnProblem>> heads;
  for (uint32_t head = 0; head < kHeads; ++head) {
    auto drawn = std::make_unique<DrawnProblem>();
    draw_normal(*drawn, kGqa * kQueries, 128, 128, kContext, head);
    // Row = query * gqa + head of the group; bottom-right causal.
    for (uint32_t r = 0; r < kGqa * kQueries; ++r)
      drawn->last.push_back(kContext - (kQueries - 1) + r / kGqa);
    drawn->problem.last = drawn->last.data();
    heads.push_back(std::move(drawn));
  }
  AttentionNumerics n;
  n.p = p_format;
  n.tile = 256;
  internal::AttentionOptions options;
  options.isa = isa;
  options.bounds = bounds;
  options.threads = static_cast<int>(state.range(0));
  for (auto _ : state)
    for (const auto& head : heads)
      benchmark::DoNotOptimize(run_attention(head->problem, n, options));
  state.counters["f64_GFMA/s"] = benchmark::Counter(
      2.0 * kHeads * kGqa * kQueries * kContext * 128 * 1e-9 * state.iterations(),
      benchmark::Counter::kIsRate);
}

#define WAVEFUZZ_BENCHMARK(isa, bounds, p)                                            \
  BENCHMARK_CAPTURE(paged_decode, isa##_##bounds##_##p, Isa::isa, bounds, PFormat::p) \
      ->ArgName("threads")                                                            \
      ->Unit(benchmark::kMillisecond)                                                 \
      ->MeasureProcessCPUTime()                                                       \
      ->UseRealTime()

WAVEFUZZ_BENCHMARK(kAvx512, true, kF32)->Arg(1)->Arg(2);
WAVEFUZZ_BENCHMARK(kAvx512, false, kF32)->Arg(2);
WAVEFUZZ_BENCHMARK(kAvx512, true, kFp8)->Arg(2);
WAVEFUZZ_BENCHMARK(kAvx2, true, kF32)->Arg(2);
WAVEFUZZ_BENCHMARK(kSse2, true, kF32)->Arg(2);

void observed(benchmark::State& state, PFormat p_format, uint32_t block) {
  const uint32_t keys = static_cast<uint32_t>(state.range(0));
  DrawnProblem drawn;
  draw_normal(drawn, 8, 128, 128, keys, 1);
  AttentionNumerics n;
  n.p = p_format;
  n.score_block = n.pv_block = block;
  n.output = FloatFormat::kF32;
  for (auto _ : state) {
    const AttentionResult want = attention(drawn.problem, n);
    const StandInOutput got = stand_in_attention(drawn.problem, n, StandInStyle());
    std::vector<double> hard, likely;
    for (size_t i = 0; i < want.o.size(); ++i) {
      hard.push_back(std::abs(got.o[i] - want.o[i]) / want.o_hard[i]);
      likely.push_back(std::abs(got.o[i] - want.o[i]) / want.o_likely[i]);
    }
    std::sort(hard.begin(), hard.end());
    std::sort(likely.begin(), likely.end());
    state.counters["hard_median"] = hard[hard.size() / 2];
    state.counters["hard_99%"] = hard[hard.size() * 99 / 100];
    state.counters["hard_max"] = hard.back();
    state.counters["likely_max"] = likely.back();
  }
}

#define WAVEFUZZ_OBSERVED(p, block)                                \
  BENCHMARK_CAPTURE(observed, p##_block##block, PFormat::p, block) \
      ->ArgName("keys")                                            \
      ->Arg(128)                                                   \
      ->Arg(1024)                                                  \
      ->Arg(8192)                                                  \
      ->Iterations(1)                                              \
      ->Unit(benchmark::kMillisecond)

WAVEFUZZ_OBSERVED(kF32, 1);
WAVEFUZZ_OBSERVED(kF32, 32);
WAVEFUZZ_OBSERVED(kBf16, 32);
WAVEFUZZ_OBSERVED(kFp8, 32);

}  // namespace
}  // namespace wavefuzz::reference
