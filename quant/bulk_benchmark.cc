// How fast bf16 rows become a shuffled FP8 page cache, as a share of memcpy on the same machine in
// the same run.
//
//   bazel run //quant:bulk_benchmark
//
// One iteration quantises all rows once (row amax, scale, cast, shuffled store of values and
// scales) and copies the same rows once with memcpy, by turns, each timed on its own. Counters:
//   of_memcpy  bytes of input quantised a second / bytes of input copied a second
//   GB/s       input read by the quantiser; memcpy_GB/s: input read by memcpy
// Quantising reads 256 bytes a row and writes 132; memcpy writes as much as it reads.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstring>
#include <vector>

#include "quant/bulk.h"

namespace wavefuzz::quant {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void copy(uint8_t* to, const uint8_t* from, size_t bytes, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int part = 0; part < threads; ++part) {
    const size_t first = bytes * part / threads, last = bytes * (part + 1) / threads;
    std::memcpy(to + first, from + first, last - first);
  }
}

void bulk_quantise(benchmark::State& state, const ScaleRule& rule, Simd simd) {
  if (!supported(simd)) {
    state.SkipWithError("not supported by this CPU");
    return;
  }
  const int threads = static_cast<int>(state.range(0));
  const IndexerPage page = {64, 128, PageLayout::kShuffle};
  const size_t input_bytes = static_cast<size_t>(state.range(1)) << 10;
  const uint64_t tokens = input_bytes / (page.head_dim * sizeof(uint16_t));
  std::vector<uint16_t> rows(tokens * page.head_dim);
  for (size_t i = 0; i < rows.size(); ++i) {
    // Values over 16 octaves, signs mixed: subnormal and normal results both occur.
    const uint32_t hash = static_cast<uint32_t>(i) * 2654435761u;
    rows[i] =
        static_cast<uint16_t>((hash & 0x8000) | ((112 + (hash >> 28)) << 7) | (hash >> 16 & 0x7F));
  }
  const RowWriter writer = {rule, page, page.bytes()};
  std::vector<uint8_t> cache(tokens / page.page_size * page.bytes());
  std::vector<uint8_t> copied(input_bytes);
  double memcpy_seconds = 0, quantise_seconds = 0;
  // Enough passes between two looks at the clock for it not to matter.
  const int passes = static_cast<int>(1 + (size_t{16} << 20) / input_bytes);
  for (auto _ : state) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < passes; ++i) {
      copy(copied.data(), reinterpret_cast<const uint8_t*>(rows.data()), input_bytes, threads);
      benchmark::ClobberMemory();
    }
    memcpy_seconds += seconds_since(start);
    start = std::chrono::steady_clock::now();
    for (int i = 0; i < passes; ++i) {
      writer.write(rows.data(), tokens, page.head_dim, nullptr, cache.data(),
                   {.threads = threads, .simd = simd});
      benchmark::ClobberMemory();
    }
    const double elapsed = seconds_since(start);
    quantise_seconds += elapsed;
    state.SetIterationTime(elapsed);
  }
  const double total = static_cast<double>(input_bytes) * passes * state.iterations();
  state.counters["of_memcpy"] = memcpy_seconds / quantise_seconds;
  state.counters["GB/s"] = total / quantise_seconds * 1e-9;
  state.counters["memcpy_GB/s"] = total / memcpy_seconds * 1e-9;
}

// Working sets of input: 256 KiB (with its outputs inside a 1 MiB second-level cache) and 256 MiB
// (beyond a 32 MiB third-level cache).
void sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"threads", "KiB"})->UseManualTime()->Unit(benchmark::kMicrosecond);
  for (int64_t kib : {256, 256 << 10})
    for (int64_t threads : {1, 2}) b->Args({threads, kib});
}

#define WAVEFUZZ_BENCHMARK(rule_name, rule)                                                \
  BENCHMARK_CAPTURE(bulk_quantise, rule_name / avx512, rule, Simd::kAvx512)->Apply(sizes); \
  BENCHMARK_CAPTURE(bulk_quantise, rule_name / avx2, rule, Simd::kAvx2)->Apply(sizes);     \
  BENCHMARK_CAPTURE(bulk_quantise, rule_name / scalar, rule, Simd::kScalar)->Apply(sizes)

WAVEFUZZ_BENCHMARK(fn_ue8m0, with_ue8m0(kVllmIndexerTritonFn));
WAVEFUZZ_BENCHMARK(fn_divide, kVllmIndexerTritonFn);
WAVEFUZZ_BENCHMARK(fnuz_ue8m0, with_ue8m0(kVllmIndexerTritonFnuz));

}  // namespace
}  // namespace wavefuzz::quant
