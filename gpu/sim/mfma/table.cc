#include "gpu/sim/mfma/table.h"

#include <algorithm>

namespace wavefuzz::sim::mfma {
namespace {

using enum Element;

template <int kM, int kK, int kBlocks = 1>
constexpr Op op(std::string_view mnemonic, Element a, Element b, const SumRule& rule) {
  return {mnemonic, make_tile<Shape{kM, kM, kK, kBlocks}>(a, b, rule)};
}
template <int kM, int kK, int kBlocks = 1>
constexpr Op op(std::string_view mnemonic, Element element, const SumRule& rule) {
  return op<kM, kK, kBlocks>(mnemonic, element, element, rule);
}
template <int kM, int kK>
constexpr Op f8f6f4(std::string_view mnemonic, const SumRule& rule, bool scaled) {
  Op out = op<kM, kK>(mnemonic, kE4m3fn, rule);
  out.f8f6f4 = true;
  out.scaled = scaled;
  return out;
}

constexpr Op kGfx942[] = {
    op<4, 1, 16>("v_mfma_f32_4x4x1_16b_f32", kF32, kGfx942Fma),
    op<16, 1, 4>("v_mfma_f32_16x16x1_4b_f32", kF32, kGfx942Fma),
    op<16, 4>("v_mfma_f32_16x16x4_f32", kF32, kGfx942Fma),
    op<32, 1, 2>("v_mfma_f32_32x32x1_2b_f32", kF32, kGfx942Fma),
    op<32, 2>("v_mfma_f32_32x32x2_f32", kF32, kGfx942Fma),

    op<4, 4, 4>("v_mfma_f64_4x4x4_4b_f64", kF64, kGfx942Fma),
    op<16, 4>("v_mfma_f64_16x16x4_f64", kF64, kGfx942Fma),

    op<16, 8>("v_mfma_f32_16x16x8_xf32", kF32, kGfx942Xf32),
    op<32, 4>("v_mfma_f32_32x32x4_xf32", kF32, kGfx942Xf32),

    op<4, 4, 16>("v_mfma_f32_4x4x4_16b_f16", kF16, kGfx942F16),
    op<16, 4, 4>("v_mfma_f32_16x16x4_4b_f16", kF16, kGfx942F16),
    op<16, 16>("v_mfma_f32_16x16x16_f16", kF16, kGfx942F16),
    op<32, 4, 2>("v_mfma_f32_32x32x4_2b_f16", kF16, kGfx942F16),
    op<32, 8>("v_mfma_f32_32x32x8_f16", kF16, kGfx942F16),

    op<4, 4, 16>("v_mfma_f32_4x4x4_16b_bf16", kBf16, kGfx942F16),
    op<16, 4, 4>("v_mfma_f32_16x16x4_4b_bf16", kBf16, kGfx942F16),
    op<16, 16>("v_mfma_f32_16x16x16_bf16", kBf16, kGfx942F16),
    op<32, 4, 2>("v_mfma_f32_32x32x4_2b_bf16", kBf16, kGfx942F16),
    op<32, 8>("v_mfma_f32_32x32x8_bf16", kBf16, kGfx942F16),

    op<16, 32>("v_mfma_f32_16x16x32_fp8_fp8", kE4m3fnuz, kE4m3fnuz, kGfx942Fp8),
    op<16, 32>("v_mfma_f32_16x16x32_fp8_bf8", kE4m3fnuz, kE5m2fnuz, kGfx942Fp8),
    op<16, 32>("v_mfma_f32_16x16x32_bf8_fp8", kE5m2fnuz, kE4m3fnuz, kGfx942Fp8),
    op<16, 32>("v_mfma_f32_16x16x32_bf8_bf8", kE5m2fnuz, kE5m2fnuz, kGfx942Fp8),
    op<32, 16>("v_mfma_f32_32x32x16_fp8_fp8", kE4m3fnuz, kE4m3fnuz, kGfx942Fp8),
    op<32, 16>("v_mfma_f32_32x32x16_fp8_bf8", kE4m3fnuz, kE5m2fnuz, kGfx942Fp8),
    op<32, 16>("v_mfma_f32_32x32x16_bf8_fp8", kE5m2fnuz, kE4m3fnuz, kGfx942Fp8),
    op<32, 16>("v_mfma_f32_32x32x16_bf8_bf8", kE5m2fnuz, kE5m2fnuz, kGfx942Fp8),

    op<4, 4, 16>("v_mfma_i32_4x4x4_16b_i8", kI8, kInteger),
    op<16, 4, 4>("v_mfma_i32_16x16x4_4b_i8", kI8, kInteger),
    op<16, 32>("v_mfma_i32_16x16x32_i8", kI8, kInteger),
    op<32, 4, 2>("v_mfma_i32_32x32x4_2b_i8", kI8, kInteger),
    op<32, 16>("v_mfma_i32_32x32x16_i8", kI8, kInteger),
};

constexpr Op kGfx950[] = {
    op<4, 1, 16>("v_mfma_f32_4x4x1_16b_f32", kF32, kGfx950Fma),
    op<16, 1, 4>("v_mfma_f32_16x16x1_4b_f32", kF32, kGfx950Fma),
    op<16, 4>("v_mfma_f32_16x16x4_f32", kF32, kGfx950Fma),
    op<32, 1, 2>("v_mfma_f32_32x32x1_2b_f32", kF32, kGfx950Fma),
    op<32, 2>("v_mfma_f32_32x32x2_f32", kF32, kGfx950Fma),

    op<4, 4, 4>("v_mfma_f64_4x4x4_4b_f64", kF64, kGfx950Fma),
    op<16, 4>("v_mfma_f64_16x16x4_f64", kF64, kGfx950Fma),

    op<4, 4, 16>("v_mfma_f32_4x4x4_16b_f16", kF16, kGfx950F16),
    op<16, 4, 4>("v_mfma_f32_16x16x4_4b_f16", kF16, kGfx950F16),
    op<16, 16>("v_mfma_f32_16x16x16_f16", kF16, kGfx950F16),
    op<16, 32>("v_mfma_f32_16x16x32_f16", kF16, kGfx950F16Wide),
    op<32, 4, 2>("v_mfma_f32_32x32x4_2b_f16", kF16, kGfx950F16),
    op<32, 8>("v_mfma_f32_32x32x8_f16", kF16, kGfx950F16),
    op<32, 16>("v_mfma_f32_32x32x16_f16", kF16, kGfx950F16Wide),

    op<4, 4, 16>("v_mfma_f32_4x4x4_16b_bf16", kBf16, kGfx950F16),
    op<16, 4, 4>("v_mfma_f32_16x16x4_4b_bf16", kBf16, kGfx950F16),
    op<16, 16>("v_mfma_f32_16x16x16_bf16", kBf16, kGfx950F16),
    op<16, 32>("v_mfma_f32_16x16x32_bf16", kBf16, kGfx950F16Wide),
    op<32, 4, 2>("v_mfma_f32_32x32x4_2b_bf16", kBf16, kGfx950F16),
    op<32, 8>("v_mfma_f32_32x32x8_bf16", kBf16, kGfx950F16),
    op<32, 16>("v_mfma_f32_32x32x16_bf16", kBf16, kGfx950F16Wide),

    op<16, 32>("v_mfma_f32_16x16x32_fp8_fp8", kE4m3fn, kE4m3fn, kGfx950Fp8),
    op<16, 32>("v_mfma_f32_16x16x32_fp8_bf8", kE4m3fn, kE5m2, kGfx950Fp8),
    op<16, 32>("v_mfma_f32_16x16x32_bf8_fp8", kE5m2, kE4m3fn, kGfx950Fp8),
    op<16, 32>("v_mfma_f32_16x16x32_bf8_bf8", kE5m2, kE5m2, kGfx950Fp8),
    op<32, 16>("v_mfma_f32_32x32x16_fp8_fp8", kE4m3fn, kE4m3fn, kGfx950Fp8),
    op<32, 16>("v_mfma_f32_32x32x16_fp8_bf8", kE4m3fn, kE5m2, kGfx950Fp8),
    op<32, 16>("v_mfma_f32_32x32x16_bf8_fp8", kE5m2, kE4m3fn, kGfx950Fp8),
    op<32, 16>("v_mfma_f32_32x32x16_bf8_bf8", kE5m2, kE5m2, kGfx950Fp8),

    f8f6f4<16, 128>("v_mfma_f32_16x16x128_f8f6f4", kGfx950F8f6f4, false),
    f8f6f4<32, 64>("v_mfma_f32_32x32x64_f8f6f4", kGfx950F8f6f4, false),
    f8f6f4<16, 128>("v_mfma_scale_f32_16x16x128_f8f6f4", kGfx950Scaled, true),
    f8f6f4<32, 64>("v_mfma_scale_f32_32x32x64_f8f6f4", kGfx950Scaled, true),

    op<4, 4, 16>("v_mfma_i32_4x4x4_16b_i8", kI8, kInteger),
    op<16, 4, 4>("v_mfma_i32_16x16x4_4b_i8", kI8, kInteger),
    op<16, 32>("v_mfma_i32_16x16x32_i8", kI8, kInteger),
    op<16, 64>("v_mfma_i32_16x16x64_i8", kI8, kInteger),
    op<32, 4, 2>("v_mfma_i32_32x32x4_2b_i8", kI8, kInteger),
    op<32, 16>("v_mfma_i32_32x32x16_i8", kI8, kInteger),
    op<32, 32>("v_mfma_i32_32x32x32_i8", kI8, kInteger),
};

// f8f6f4's format codes, of A in cbsz and of B in blgp.
constexpr Element kFormats[] = {kE4m3fn, kE5m2, kE2m3, kE3m2, kE2m1};

Element a_element(const Op& op, const Modifiers& m) {
  return op.f8f6f4 ? kFormats[m.cbsz] : op.tile.a;
}
Element b_element(const Op& op, const Modifiers& m) {
  return op.f8f6f4 ? kFormats[m.blgp] : op.tile.b;
}

}  // namespace

std::span<const Op> ops(Arch arch) {
  return arch == Arch::kGfx942 ? std::span<const Op>(kGfx942) : std::span<const Op>(kGfx950);
}

const Op* find(Arch arch, std::string_view mnemonic) {
  const std::span<const Op> all = ops(arch);
  const auto it = std::ranges::find(all, mnemonic, &Op::mnemonic);
  return it == all.end() ? nullptr : &*it;
}

const char* illegal(const Op& op, const Modifiers& m) {
  if (op.scaled != (m.a_scale.lanes != nullptr) || op.scaled != (m.b_scale.lanes != nullptr))
    return op.scaled ? "needs scales for A and B" : "takes no scales";
  if (m.a_scale.byte < 0 || m.a_scale.byte > 3 || m.b_scale.byte < 0 || m.b_scale.byte > 3)
    return "a scale's byte is 0 to 3";
  if (op.f8f6f4) return m.cbsz > 4 || m.blgp > 4 ? "cbsz and blgp name formats 0 to 4" : nullptr;
  if (m.blgp > 7) return "blgp is 0 to 7";
  if (m.cbsz > 4 || 1 << m.cbsz > op.tile.shape.blocks)
    return "cbsz covers more blocks than there are";
  if (m.abid >= 1 << m.cbsz) return "abid is not below 2^cbsz";
  if (op.tile.a == kF64 && m.cbsz != 0) return "f64 has no broadcast";
  return nullptr;
}

int a_registers(const Op& op, const Modifiers& m) {
  return input_registers(op.tile.shape, op.tile.shape.m, bits(a_element(op, m)));
}
int b_registers(const Op& op, const Modifiers& m) {
  return input_registers(op.tile.shape, op.tile.shape.n, bits(b_element(op, m)));
}
int d_registers(const Op& op) {
  return output_registers(op.tile.shape, op.tile.a == kF64 ? 64 : 32);
}

void execute(const Op& op, const Modifiers& modifiers, const uint32_t* a, const uint32_t* b,
             const uint32_t* c, uint32_t* d, Isa isa) {
  if (!op.f8f6f4) return multiply(op.tile, modifiers, a, b, c, d, isa);
  Tile tile = op.tile;
  tile.a = a_element(op, modifiers);
  tile.b = b_element(op, modifiers);
  const Modifiers scales = {.a_scale = modifiers.a_scale, .b_scale = modifiers.b_scale};
  multiply(tile, scales, a, b, c, d, isa);
}

}  // namespace wavefuzz::sim::mfma
