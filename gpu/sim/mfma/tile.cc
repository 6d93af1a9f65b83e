#include "gpu/sim/mfma/tile.h"

#include <immintrin.h>

#include <cstring>

#include "gpu/sim/mfma/dot.h"
#include "gpu/sim/mfma/tile_kernels.h"

namespace wavefuzz::sim::mfma {
namespace internal {
namespace {

// A row of A or column of B of a block, as codes by k.
void gather(const Operand& operand, int column, uint32_t* codes) {
  const InputPlan& plan = *operand.plan;
  const int size = operand.element_bits;
  for (int group = 0; group < plan.groups; ++group) {
    const uint32_t* const lane = operand.registers + group * plan.columns + column;
    for (int local = 0; local < plan.per_lane; ++local) {
      const unsigned offset = unsigned(local * size), shift = offset % 32;
      const uint32_t* const at = lane + offset / 32 * kLanes;
      uint64_t code = *at >> shift;
      if (shift + size > 32) code |= uint64_t(at[kLanes]) << (32 - shift);
      codes[plan.k[group * plan.per_lane + local]] = uint32_t(code & ((uint64_t{1} << size) - 1));
    }
  }
}

// One f64 row or column.
void gather(const Operand& operand, int column, uint64_t* codes) {
  const InputPlan& plan = *operand.plan;
  for (int group = 0; group < plan.groups; ++group) {
    const uint32_t* const low = operand.registers + group * plan.columns + column;
    codes[plan.k[group]] = low[0] | uint64_t(low[kLanes]) << 32;
  }
}

void gather_scales(const Operand& operand, int column, uint8_t* scales) {
  for (int block = 0; block < kLanes / operand.plan->columns; ++block)
    scales[block] = operand.scales[block * operand.plan->columns + column];
}

uint64_t element64(const Job& job, int block, int i, int j, uint64_t c) {
  const Shape& shape = job.tile->shape;
  uint64_t a[kMaxK], b[kMaxK];
  gather(job.a, block * shape.m + i, a);
  gather(job.b, block * shape.n + j, b);
  return dot_f64(a, b, shape.k, c);
}

void scalar(const Job& job) {
  const Tile& tile = *job.tile;
  const Shape& shape = tile.shape;
  for (int block = 0; block < shape.blocks; ++block) {
    for (int i = 0; i < shape.m; ++i) {
      for (int j = 0; j < shape.n; ++j) {
        const int at = tile.output_plan->offset[block * shape.m + i] + j;
        if (tile.a == Element::kF64) {
          const uint64_t d =
              element64(job, block, i, j, job.c[at] | uint64_t(job.c[at + kLanes]) << 32);
          job.d[at] = uint32_t(d);
          job.d[at + kLanes] = uint32_t(d >> 32);
        } else {
          job.d[at] = element(job, block, i, j, job.c[at]);
        }
      }
    }
  }
}

// Round to nearest, no exceptions, while it lives.
class FloatingPoint {
 public:
  enum Subnormals : unsigned { kKept = 0, kResultsFlushed = 0x8000 };
  explicit FloatingPoint(Subnormals subnormals) : saved_(_mm_getcsr()) {
    _mm_setcsr(0x1F80 | subnormals);
  }
  ~FloatingPoint() { _mm_setcsr(saved_); }
  FloatingPoint(const FloatingPoint&) = delete;
  FloatingPoint& operator=(const FloatingPoint&) = delete;

 private:
  unsigned saved_;
};

// Whether the vector kernels are written for these parameters.
bool has_fast_path(const Tile& tile) {
  const SumRule& rule = tile.rule;
  const int group = tile.shape.k < rule.group ? tile.shape.k : rule.group;
  if (rule.product_bits != 24 || rule.sum_bits != 31 || tile.shape.k % group != 0) return false;
  if (rule.even_odd) return group == 16;
  return (group == 4 || group == 8) && rule.c_dropped_below == kNever;
}

bool overlap(const uint32_t* x, int x_registers, const uint32_t* y, int y_registers) {
  return x < y + y_registers * kLanes && y < x + x_registers * kLanes;
}

// A copy of an operand's registers with lanes moved and bits changed, made only when something
// asks.
struct Copy {
  uint32_t dwords[kMaxInputRegisters * kLanes];
  uint32_t* of(const uint32_t* registers, int count) {
    if (registers != dwords) std::memcpy(dwords, registers, count * kLanes * sizeof(uint32_t));
    return dwords;
  }
};

Operand operand(const Tile& tile, Element element, const uint32_t* registers) {
  FloatFormat format = float_format(element);
  const int truncated = tile.rule.kind == SumKind::kAligned ? tile.rule.truncated_bits : 0;
  if (truncated != 0) {
    format.mantissa_bits -= truncated;
    format.special_from >>= truncated;
    format.infinity >>= truncated;
  }
  return {registers, &tile.input_plan(element), format, bits(element), truncated, nullptr};
}

void run(const Job& job, Isa isa) {
  const Tile& tile = *job.tile;
  const Kernels* const kernels = isa == Isa::kAvx512 ? &kAvx512Kernels
                                 : isa == Isa::kAvx2 ? &kAvx2Kernels
                                                     : nullptr;
  switch (tile.rule.kind) {
    case SumKind::kAligned: {
      if (kernels == nullptr || !has_fast_path(tile)) return scalar(job);
      const FloatingPoint environment(FloatingPoint::kResultsFlushed);
      return kernels->aligned(job);
    }
    case SumKind::kInteger:
      return kernels != nullptr ? kernels->integer(job) : scalar(job);
    case SumKind::kFmaChain: {
      const FloatingPoint environment(FloatingPoint::kKept);
      if (kernels == nullptr) return scalar(job);
      return tile.a == Element::kF64 ? kernels->fma64(job) : kernels->fma32(job);
    }
  }
}

}  // namespace

uint32_t element(const Job& job, int block, int i, int j, uint32_t c) {
  const Tile& tile = *job.tile;
  uint32_t a[kMaxK], b[kMaxK];
  uint8_t a_scales[kMaxK / kScaleBlock], b_scales[kMaxK / kScaleBlock];
  const int row = block * tile.shape.m + i, column = block * tile.shape.n + j;
  gather(job.a, row, a);
  gather(job.b, column, b);
  switch (tile.rule.kind) {
    case SumKind::kFmaChain:
      return dot_f32(a, b, tile.shape.k, c);
    case SumKind::kInteger:
      return dot_i8(a, b, tile.shape.k, c);
    case SumKind::kAligned:
      break;
  }
  if (job.a.scales == nullptr) return dot(tile.rule, {tile.a, a}, {tile.b, b}, tile.shape.k, c);
  gather_scales(job.a, row, a_scales);
  gather_scales(job.b, column, b_scales);
  return dot(tile.rule, {tile.a, a, a_scales}, {tile.b, b, b_scales}, tile.shape.k, c);
}

}  // namespace internal

const char* name(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return "scalar";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
  }
  return "";
}

bool supported(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return true;
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Isa::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  }
  return false;
}

Isa best_isa() {
  static const Isa best = supported(Isa::kAvx512) ? Isa::kAvx512
                          : supported(Isa::kAvx2) ? Isa::kAvx2
                                                  : Isa::kScalar;
  return best;
}

void multiply(const Tile& tile, const Modifiers& modifiers, const uint32_t* a, const uint32_t* b,
              const uint32_t* c, uint32_t* d, Isa isa) {
  const Shape& shape = tile.shape;
  const bool f64 = tile.a == Element::kF64;
  const int a_registers = input_registers(shape, shape.m, bits(tile.a));
  const int b_registers = input_registers(shape, shape.n, bits(tile.b));
  const int d_registers = output_registers(shape, f64 ? 64 : 32);
  internal::Copy a_copy, b_copy;
  uint32_t c_copy[kMaxOutputRegisters * kLanes];

  if (internal::overlap(d, d_registers, a, a_registers)) a = a_copy.of(a, a_registers);
  if (internal::overlap(d, d_registers, b, b_registers)) b = b_copy.of(b, b_registers);
  if (c != d && internal::overlap(d, d_registers, c, d_registers)) {
    std::memcpy(c_copy, c, d_registers * kLanes * sizeof(uint32_t));
    c = c_copy;
  }

  if (f64) {
    const auto negate = [](uint32_t* registers, int count) {
      for (int r = 1; r < count; r += 2)
        for (int lane = 0; lane < kLanes; ++lane) registers[r * kLanes + lane] ^= 0x80000000u;
    };
    if (modifiers.blgp & 1) {
      a = a_copy.of(a, a_registers);
      negate(a_copy.dwords, a_registers);
    }
    if (modifiers.blgp & 2) {
      b = b_copy.of(b, b_registers);
      negate(b_copy.dwords, b_registers);
    }
    if (modifiers.blgp & 4) {
      if (c != c_copy) std::memcpy(c_copy, c, d_registers * kLanes * sizeof(uint32_t));
      negate(c_copy, d_registers);
      c = c_copy;
    }
  } else {
    if (modifiers.cbsz != 0) {
      internal::Copy from;
      const uint32_t* const source = from.of(a, a_registers);
      const InputPlan& plan = tile.input_plan(tile.a);
      for (int lane = 0; lane < kLanes; ++lane) {
        const int column = lane % plan.columns;
        const int block = broadcast_block(column / shape.m, modifiers.cbsz, modifiers.abid);
        const int other = lane - column + block * shape.m + column % shape.m;
        for (int r = 0; r < a_registers; ++r)
          a_copy.dwords[r * kLanes + lane] = source[r * kLanes + other];
      }
      a = a_copy.dwords;
    }
    if (modifiers.blgp != 0) {
      internal::Copy from;
      const uint32_t* const source = from.of(b, b_registers);
      for (int lane = 0; lane < kLanes; ++lane) {
        const int other = permuted_lane(lane, modifiers.blgp);
        for (int r = 0; r < b_registers; ++r)
          b_copy.dwords[r * kLanes + lane] = source[r * kLanes + other];
      }
      b = b_copy.dwords;
    }
    if (modifiers.flush_inputs && tile.rule.kind == SumKind::kFmaChain) {
      const auto flush = [](uint32_t* registers, int count) {
        for (int i = 0; i < count * kLanes; ++i)
          if ((registers[i] & 0x7F800000u) == 0) registers[i] &= 0x80000000u;
      };
      a = a_copy.of(a, a_registers);
      b = b_copy.of(b, b_registers);
      flush(a_copy.dwords, a_registers);
      flush(b_copy.dwords, b_registers);
    }
  }

  internal::Job job = {&tile, internal::operand(tile, tile.a, a),
                       internal::operand(tile, tile.b, b), c, d};
  uint8_t a_scales[kLanes], b_scales[kLanes];
  if (modifiers.a_scale.lanes != nullptr) {
    for (int lane = 0; lane < kLanes; ++lane) {
      a_scales[lane] = uint8_t(modifiers.a_scale.lanes[lane] >> 8 * modifiers.a_scale.byte);
      b_scales[lane] = uint8_t(modifiers.b_scale.lanes[lane] >> 8 * modifiers.b_scale.byte);
    }
    job.a.scales = a_scales;
    job.b.scales = b_scales;
  }
  internal::run(job, isa);
}

}  // namespace wavefuzz::sim::mfma
