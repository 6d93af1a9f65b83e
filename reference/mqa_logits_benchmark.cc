// How fast a row of logits with its bounds is: 64 heads, 16384 keys of 128 values, FP8, in f64.
//
//   bazel run //reference:mqa_logits_benchmark
//
// What to hold it against is the plain computation in f32 without bounds or FP8 on the same
// machine, in PyTorch: python3 reference/mqa_torch.py.
#include <benchmark/benchmark.h>

#include <vector>

#include "reference/mqa_logits.h"

namespace wavefuzz::reference {
namespace {

void mqa_row(benchmark::State& state, quant::Simd simd) {
  if (!quant::supported(simd)) {
    state.SkipWithError("not supported by this CPU");
    return;
  }
  constexpr uint32_t kHeads = 64, kHeadDim = 128, kKeys = 16384;
  std::vector<uint8_t> q(kHeads * kHeadDim), k(size_t{kKeys} * kHeadDim);
  uint32_t hash = 1;
  const auto code = [&hash] {
    hash = hash * 1664525u + 1013904223u;
    return static_cast<uint8_t>(hash >> 24 & 0xB7);  // no NaN in either format but 0x80
  };
  for (uint8_t& c : q) c = code();
  for (uint8_t& c : k) c = code();
  const std::vector<float> weights(kHeads, 0.125f), scales(kKeys, 0.5f);
  const MqaQuery query = {quant::Fp8::kE4m3fn, kHeads, kHeadDim, q, weights};
  const MqaKeys keys = {quant::Fp8::kE4m3fn, k, scales};
  MqaLogits logits;
  for (auto _ : state) {
    mqa_logits(query, keys, {}, logits,
               {.threads = static_cast<int>(state.range(0)), .simd = simd});
    benchmark::ClobberMemory();
  }
  state.counters["GMAC/s"] = benchmark::Counter(double{kHeads} * kHeadDim * kKeys * 1e-9,
                                                benchmark::Counter::kIsIterationInvariantRate);
}

#define WAVEFUZZ_BENCHMARK(simd)                      \
  BENCHMARK_CAPTURE(mqa_row, simd, quant::Simd::simd) \
      ->ArgName("threads")                            \
      ->Arg(1)                                        \
      ->Arg(2)                                        \
      ->UseRealTime()                                 \
      ->Unit(benchmark::kMillisecond)

WAVEFUZZ_BENCHMARK(kAvx512);
WAVEFUZZ_BENCHMARK(kAvx2);
WAVEFUZZ_BENCHMARK(kSse2);

}  // namespace
}  // namespace wavefuzz::reference
