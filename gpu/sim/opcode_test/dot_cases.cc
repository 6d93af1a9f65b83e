// Dot products of small elements, added to 32 bits.
#include "gpu/sim/opcode_test/fp.h"
#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

// Elements of `bits`, signed or not.
i64 element(u64 x, unsigned index, unsigned bits, bool is_signed) {
  const u64 raw = x >> index * bits & ((u64{1} << bits) - 1);
  return is_signed && raw >> (bits - 1) ? i64(raw) - (i64{1} << bits) : i64(raw);
}
u64 dot(const Lane& x, u64 c, unsigned bits, bool is_signed) {
  i64 sum = is_signed ? s32(c) : i64(u32(c));
  for (unsigned i = 0; i < 32 / bits; ++i)
    sum += element(x.a, i, bits, is_signed) * element(x.b, i, bits, is_signed);
  return is_signed ? signed_result(x, sum, 32) : unsigned_result(x, sum, 32);
}
// Two products, exact in f32, added to the third source one after the other, the low one first.
u64 float_dot(const Fp& f, const Lane& x, u64 c) {
  const auto nan_free = [&](u64 h) { return f.value(h); };
  const Mode& m = x.mode;
  for (const u64 h : {x.a & 0xffff, x.b & 0xffff, x.a >> 16, x.b >> 16})
    if (f.nan(h)) return kSingle.default_nan();
  if (kSingle.nan(c)) return c | kSingle.quiet_bit();
  APFloat sum = kSingle.value(kSingle.in(c, m));
  for (unsigned shift : {0u, 16u}) {
    APFloat a = nan_free(x.a >> shift), b = nan_free(x.b >> shift);
    bool loses = false;
    a.convert(APFloat::IEEEsingle(), RoundingMode::NearestTiesToEven, &loses);
    b.convert(APFloat::IEEEsingle(), RoundingMode::NearestTiesToEven, &loses);
    a.fusedMultiplyAdd(b, sum, kSingle.round(m));
    sum = a;
  }
  return kSingle.out(kSingle.code(sum), m);
}

}  // namespace

void add_dot_cases(Cases& cases) {
  const auto v = [&](const char* name, std::vector<Type> sources, Want want) {
    return VectorCase{name, kB32, std::move(sources), std::move(want)};
  };
  const std::vector<Type> two = {kB32, kB32}, three = {kB32, kB32, kB32};
  const std::vector<VectorCase> list = {
      v("v_dot2_i32_i16", three, [](Lane& x) { return dot(x, x.c, 16, true); }).clamps(),
      v("v_dot2_u32_u16", three, [](Lane& x) { return dot(x, x.c, 16, false); }).clamps(),
      v("v_dot4_i32_i8", three, [](Lane& x) { return dot(x, x.c, 8, true); }).clamps(),
      v("v_dot4_u32_u8", three, [](Lane& x) { return dot(x, x.c, 8, false); }).clamps(),
      v("v_dot8_i32_i4", three, [](Lane& x) { return dot(x, x.c, 4, true); }).clamps(),
      v("v_dot8_u32_u4", three, [](Lane& x) { return dot(x, x.c, 4, false); }).clamps(),
      v("v_dot2c_i32_i16", two, [](Lane& x) { return dot(x, x.old, 16, true); }),
      v("v_dot4c_i32_i8", two, [](Lane& x) { return dot(x, x.old, 8, true); }),
      v("v_dot8c_i32_i4", two, [](Lane& x) { return dot(x, x.old, 4, true); }),
  };
  for (const VectorCase& c : list) cases.push_back(vector_case(c));

  // Float forms: without NaN, whose payload no document fixes.
  const auto finite = [](const Fp& f) {
    return [&f](std::mt19937_64& random, u64* s) {
      for (unsigned k = 0; k < 2; ++k)
        for (const unsigned shift : {0u, 16u}) {
          u64 h = random_value(random, kF16);
          if (f.mantissa == 7) h = (random_value(random, kF32) >> 16) & 0xffff;
          if (f.nan(h) || f.infinite(h)) h = f.one();
          s[k] = (s[k] & ~(u64{0xffff} << shift)) | h << shift;
        }
      if (kSingle.nan(s[2])) s[2] = 0;
    };
  };
  struct Row {
    const char* name;
    const Fp& f;
    bool accumulates;
    ArchSet arches;
  };
  for (const Row& r : {Row{"v_dot2_f32_f16", kHalf, false, kBothArches},
                       Row{"v_dot2_f32_bf16", kBf16, false, kGfx950Only},
                       Row{"v_dot2c_f32_f16", kHalf, true, kBothArches},
                       Row{"v_dot2c_f32_bf16", kBf16, true, kGfx950Only}}) {
    const Fp& f = r.f;
    VectorCase c;
    if (r.accumulates)
      c = VectorCase{r.name, kF32, {kB32, kB32}, [&f](Lane& x) {
                       return kSingle.nan(x.old) ? x.old | kSingle.quiet_bit()
                                                 : float_dot(f, x, x.old);
                     }};
    else
      c = VectorCase{
          r.name, kF32, {kB32, kB32, kB32}, [&f](Lane& x) { return float_dot(f, x, x.c); }};
    c.arches = r.arches;
    c.modifiers = c.output_modifiers = false;
    if (&f == &kHalf && !r.accumulates) {  // neg_lo and neg_hi
      c.sources = {kPkF16, kPkF16, kF32};
      c.modifiers = true;
    }
    c.shape = finite(f);
    Case test = vector_case(c);
    cases.push_back(test);
  }
}

}  // namespace wavefuzz::sim::opcode
