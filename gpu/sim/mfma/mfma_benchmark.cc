// Speed of matrix instructions on one core: instructions a second (items_per_second), multiply-adds
// a second (MAC); and by the least of many short bursts, which a busy machine disturbs little,
// microseconds (least_us) and their ratio to plain f32 loops of as many multiply-adds, measured
// right after (plain).
//
// Data, of A, B and C:
//   any       random codes, all exponents alike but Inf and NaN; C = 1
//   normal    normally distributed; C of the size of one sum
//   softmax   A = exp(-x) of scores x, the largest near the format's largest (at most 240); B
//   normal;
//             C as after many such products
//   masked    the same, of A the last three quarters of the rows and the second half of k zero
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gpu/sim/mfma/plain_loop.h"
#include "gpu/sim/mfma/table.h"
#include "quant/float16.h"
#include "quant/fp8.h"

namespace wavefuzz::sim::mfma {
namespace {

enum class Data { kAny, kNormal, kSoftmax, kMasked };
constexpr const char* kDataNames[] = {"any", "normal", "softmax", "masked"};

// The least time of one call among many bursts, so that neighbours on the machine count little.
template <typename Call>
double least_seconds(const Call& call) {
  double best = 1;
  for (int n = 0; n < 100; ++n) {
    constexpr int kTurns = 50;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kTurns; ++i) call();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / kTurns);
  }
  return best;
}

double seconds_of_plain_loop() {
  alignas(64) static float a[16][32], b[32][16], c[16][16], d[16][16];
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (auto& row : a) std::generate(std::begin(row), std::end(row), [&] { return normal(random); });
  for (auto& row : b) std::generate(std::begin(row), std::end(row), [&] { return normal(random); });
  return least_seconds([] {
    plain_16x16x32(a, b, c, d);
    benchmark::DoNotOptimize(d);
    benchmark::ClobberMemory();
  });
}

uint32_t code(Element element, float x) {
  using quant::Fp8;
  const auto fp8 = [&](Fp8 format) { return quant::encode(format, x, quant::kCastHipSaturating); };
  switch (element) {
    case Element::kE4m3fn:
      return fp8(Fp8::kE4m3fn);
    case Element::kE4m3fnuz:
      return fp8(Fp8::kE4m3fnuz);
    case Element::kE5m2:
      return fp8(Fp8::kE5m2);
    case Element::kE5m2fnuz:
      return fp8(Fp8::kE5m2fnuz);
    case Element::kF16:
      return quant::encode_f16(x);
    case Element::kBf16:
      return quant::encode_bf16(x);
    default:
      return std::bit_cast<uint32_t>(x);
  }
}

struct Operands {
  std::vector<uint32_t> a, b, c;
};

class Operator {
 public:
  Operator(const Op& op, Data data) : op_(op), data_(data) {}

  Operands operands() {
    const Modifiers none;
    Operands o = {std::vector<uint32_t>(a_registers(op_, none) * kLanes),
                  std::vector<uint32_t>(b_registers(op_, none) * kLanes),
                  std::vector<uint32_t>(d_registers(op_) * kLanes, 0x3F800000u)};
    if (data_ == Data::kAny) {
      for (std::vector<uint32_t>* v : {&o.a, &o.b})
        for (uint32_t& word : *v) word = any();
      return o;
    }
    const Shape& s = op_.tile.shape;
    const float largest = op_.tile.a == Element::kBf16 ? 1.0f : 240.0f;
    for (int block = 0; block < s.blocks; ++block) {
      for (int i = 0; i < s.m; ++i) {
        for (int k = 0; k < s.k; ++k) {
          float x = normal_(random_);
          if (data_ != Data::kNormal) x = largest * std::exp(2.5f * (std::min(x, 3.0f) - 3));
          if (data_ == Data::kMasked && (i >= s.m / 4 || k >= s.k / 2)) x = 0;
          put(o.a, op_.tile.a, input_place(s, s.m, bits(op_.tile.a), block, i, k), x);
          put(o.b, op_.tile.b, input_place(s, s.n, bits(op_.tile.b), block, i, k),
              normal_(random_));
        }
      }
    }
    const float size = data_ == Data::kNormal ? std::sqrt(float(s.k)) : 4 * largest;
    for (uint32_t& word : o.c) word = std::bit_cast<uint32_t>(size * normal_(random_));
    return o;
  }

 private:
  // Clears one exponent bit of every element, so that there is neither Inf nor NaN; of bytes only
  // where they are.
  uint32_t any() {
    uint32_t word = uint32_t(random_());
    switch (op_.tile.a) {
      case Element::kF16:
        return word & 0xBFFFBFFFu;
      case Element::kBf16:
        return (word & 0xBFFFBFFFu) | 0x30003000u;
      case Element::kF32:
        return word & 0xBFFFFFFFu;
      default:
        break;
    }
    for (uint32_t byte = 0; bits(op_.tile.a) == 8 && byte < 32; byte += 8) {
      const uint32_t magnitude = word >> byte & 0x7F;
      if (magnitude == 0 || magnitude >= 0x7C) word ^= 4u << byte;
    }
    return word;
  }
  static void put(std::vector<uint32_t>& registers, Element element, const Place& place, float x) {
    uint32_t* const at = &registers[place.reg * kLanes + place.lane];
    if (element != Element::kF64) {
      *at |= code(element, x) << place.bit;
      return;
    }
    const uint64_t bits = std::bit_cast<uint64_t>(double(x));
    at[0] = uint32_t(bits);
    at[kLanes] = uint32_t(bits >> 32);
  }

  const Op& op_;
  Data data_;
  std::mt19937 random_{1};
  std::normal_distribution<float> normal_;
};

void run(benchmark::State& state, const Op* op, Data data, Isa isa) {
  const Operands o = Operator(*op, data).operands();
  std::vector<uint32_t> d(o.c.size());
  const auto once = [&] {
    execute(*op, {}, o.a.data(), o.b.data(), o.c.data(), d.data(), isa);
    benchmark::DoNotOptimize(d.data());
    benchmark::ClobberMemory();
  };
  for (auto _ : state) once();
  const Shape& shape = op->tile.shape;
  state.SetItemsProcessed(state.iterations());
  state.counters["MAC"] =
      benchmark::Counter(double(shape.m) * shape.n * shape.k * shape.blocks * state.iterations(),
                         benchmark::Counter::kIsRate);
  if (isa != Isa::kScalar) {
    const double size = double(shape.m * shape.n * shape.k * shape.blocks) / (16 * 16 * 32);
    const double least = least_seconds(once);
    state.counters["least_us"] = 1e6 * least;
    state.counters["plain"] = least / (size * seconds_of_plain_loop());
  }
}

void plain(benchmark::State& state) {
  for (auto _ : state) state.SetIterationTime(seconds_of_plain_loop());
}
BENCHMARK(plain)->UseManualTime()->Iterations(3)->Unit(benchmark::kNanosecond);

const bool registered = [] {
  struct Case {
    Arch arch;
    const char* mnemonic;
    bool every_data = false;
  };
  constexpr Case kCases[] = {
      {Arch::kGfx942, "v_mfma_f32_16x16x32_fp8_fp8", true},
      {Arch::kGfx942, "v_mfma_f32_16x16x32_bf8_fp8"},
      {Arch::kGfx942, "v_mfma_f32_32x32x16_fp8_fp8"},
      {Arch::kGfx942, "v_mfma_f32_16x16x16_bf16", true},
      {Arch::kGfx942, "v_mfma_f32_16x16x16_f16", true},
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
  for (const Isa isa : {Isa::kAvx512, Isa::kAvx2, Isa::kScalar}) {
    if (!supported(isa)) continue;
    for (const Case& c : kCases) {
      const Op* const op = find(c.arch, c.mnemonic);
      for (const Data data : {Data::kAny, Data::kNormal, Data::kSoftmax, Data::kMasked}) {
        // Random codes of long formats are mostly overflow and underflow.
        const bool is_long = bits(op->tile.a) >= 32;
        if (data != (is_long ? Data::kNormal : Data::kAny) && !c.every_data) continue;
        benchmark::RegisterBenchmark(
            (std::string(c.mnemonic) + "/" + name(isa) + "/" + kDataNames[int(data)]).c_str(),
            [=](benchmark::State& state) { run(state, op, data, isa); });
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace wavefuzz::sim::mfma
