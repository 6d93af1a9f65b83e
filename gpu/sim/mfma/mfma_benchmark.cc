// Speed of matrix instructions on one core, on random finite values: instructions a second
// (items_per_second) and multiply-adds a second (MAC).
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gpu/sim/mfma/table.h"

namespace wavefuzz::sim::mfma {
namespace {

std::vector<uint32_t> random_codes(int registers, Element element, std::mt19937& random) {
  std::vector<uint32_t> out(registers * kLanes);
  // Clears one exponent bit of every element, so that there is neither Inf nor NaN.
  const uint32_t finite = element == Element::kF16    ? 0xBFFFBFFFu
                          : element == Element::kBf16 ? 0xBFFFBFFFu
                          : element == Element::kF32  ? 0xBFFFFFFFu
                                                      : 0xBFBFBFBFu;
  for (uint32_t& word : out) {
    word = uint32_t(random()) & finite;
    if (element == Element::kBf16) word |= 0x30003000u;
    // The fnuz NaN is the code of -0.
    for (uint32_t byte = 0; bits(element) == 8 && byte < 32; byte += 8)
      if ((word >> byte & 0xFF) == 0x80) word |= 1u << byte;
  }
  return out;
}

void run(benchmark::State& state, const Op* op, Isa isa) {
  std::mt19937 random(1);
  const Modifiers none;
  const std::vector<uint32_t> a = random_codes(a_registers(*op, none), op->tile.a, random);
  const std::vector<uint32_t> b = random_codes(b_registers(*op, none), op->tile.b, random);
  const std::vector<uint32_t> c(d_registers(*op) * kLanes, 0x3F800000u);
  std::vector<uint32_t> d(c.size());
  for (auto _ : state) {
    execute(*op, none, a.data(), b.data(), c.data(), d.data(), isa);
    benchmark::DoNotOptimize(d.data());
    benchmark::ClobberMemory();
  }
  const Shape& shape = op->tile.shape;
  state.SetItemsProcessed(state.iterations());
  state.counters["MAC"] =
      benchmark::Counter(double(shape.m) * shape.n * shape.k * shape.blocks * state.iterations(),
                         benchmark::Counter::kIsRate);
}

const bool registered = [] {
  struct Case {
    Arch arch;
    const char* mnemonic;
  };
  constexpr Case kCases[] = {
      {Arch::kGfx942, "v_mfma_f32_16x16x32_fp8_fp8"},
      {Arch::kGfx942, "v_mfma_f32_32x32x16_fp8_fp8"},
      {Arch::kGfx942, "v_mfma_f32_16x16x16_bf16"},
      {Arch::kGfx942, "v_mfma_f32_16x16x16_f16"},
      {Arch::kGfx942, "v_mfma_f32_32x32x8_f16"},
      {Arch::kGfx942, "v_mfma_f32_4x4x4_16b_f16"},
      {Arch::kGfx942, "v_mfma_f32_16x16x8_xf32"},
      {Arch::kGfx942, "v_mfma_i32_16x16x32_i8"},
      {Arch::kGfx942, "v_mfma_f32_16x16x4_f32"},
      {Arch::kGfx942, "v_mfma_f64_16x16x4_f64"},
      {Arch::kGfx950, "v_mfma_f32_16x16x32_bf16"},
      {Arch::kGfx950, "v_mfma_f32_16x16x128_f8f6f4"},
      {Arch::kGfx950, "v_mfma_f32_32x32x64_f8f6f4"},
  };
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (!supported(isa)) continue;
    for (const Case& c : kCases) {
      const Op* const op = find(c.arch, c.mnemonic);
      benchmark::RegisterBenchmark((std::string(c.mnemonic) + "/" + name(isa)).c_str(),
                                   [op, isa](benchmark::State& state) { run(state, op, isa); });
    }
  }
  return true;
}();

}  // namespace
}  // namespace wavefuzz::sim::mfma
