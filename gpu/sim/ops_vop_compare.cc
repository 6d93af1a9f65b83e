// Vector compares: a bit per active lane into VCC or a scalar pair, 0 for inactive lanes. v_cmpx
// writes EXEC as well.
#include "gpu/sim/vocabulary.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// v_cmp_class: mask bits 0..9 are sNaN, qNaN, -Inf, -normal, -denormal, -0, +0, +denormal, +normal,
// +Inf. Classified before any flushing.
SIM_INLINE bool in_class(bool nan, bool quiet, bool infinite, bool normal, bool zero, bool negative,
                         u32 mask) {
  const u32 bit = nan        ? (quiet ? 1u : 0u)
                  : infinite ? (negative ? 2u : 9u)
                  : zero     ? (negative ? 5u : 6u)
                  : normal   ? (negative ? 3u : 8u)
                             : (negative ? 4u : 7u);
  return mask >> bit & 1;
}
SIM_INLINE bool class32(u32 b, u32 mask) {
  const u32 e = b >> 23 & 0xff;
  return in_class(is_nan32(b), b >> 22 & 1, e == 255, e != 0, (b << 1) == 0, b >> 31, mask);
}
SIM_INLINE bool class64(u64 b, u32 mask) {
  const u32 e = u32(b >> 52) & 0x7ff;
  return in_class(is_nan64(b), b >> 51 & 1, e == 0x7ff, e != 0, (b << 1) == 0, b >> 63, mask);
}
SIM_INLINE bool class16(u32 b, u32 mask) {
  const u32 e = b >> 10 & 31;
  return in_class(is_nan16(b), b >> 9 & 1, e == 31, e != 0, (b & 0x7fff) == 0, b >> 15 & 1, mask);
}

constexpr Row exec_too(Row row) {
  row.format = Format::kVectorCompareExec;
  return row;
}

// RULE: which bits of the operands leave the outcome open; null: any undefined one.
#define COMPARE_BY(NAME, TYPE, EXPR, RULE)                 \
  vector("v_cmp_" NAME,                                    \
         [](TYPE a, TYPE b) {                              \
           (void)a;                                        \
           (void)b;                                        \
           return bool(EXPR);                              \
         })                                                \
      .with_bit(RULE),                                     \
      exec_too(vector("v_cmpx_" NAME, [](TYPE a, TYPE b) { \
        (void)a;                                           \
        (void)b;                                           \
        return bool(EXPR);                                 \
      })).with_bit(RULE)
#define COMPARE(NAME, TYPE, EXPR) COMPARE_BY(NAME, TYPE, EXPR, nullptr)

#define INTEGER_COMPARES(SUFFIX, TYPE)                               \
  COMPARE_BY("f_" SUFFIX, TYPE, false, poison_always),               \
      COMPARE_BY("lt_" SUFFIX, TYPE, a < b, poison_less_##TYPE),     \
      COMPARE_BY("eq_" SUFFIX, TYPE, a == b, poison_equal),          \
      COMPARE_BY("le_" SUFFIX, TYPE, a <= b, poison_greater_##TYPE), \
      COMPARE_BY("gt_" SUFFIX, TYPE, a > b, poison_greater_##TYPE),  \
      COMPARE_BY("ne_" SUFFIX, TYPE, a != b, poison_equal),          \
      COMPARE_BY("ge_" SUFFIX, TYPE, a >= b, poison_less_##TYPE),    \
      COMPARE_BY("t_" SUFFIX, TYPE, true, poison_always)

// Ordered compares are false with a NaN; the n- forms are their negation, o and u ask for NaNs.
#define FLOAT_COMPARES(SUFFIX, TYPE, A, B)                                                     \
  COMPARE("f_" SUFFIX, TYPE, false), COMPARE("lt_" SUFFIX, TYPE, A < B),                       \
      COMPARE("eq_" SUFFIX, TYPE, A == B), COMPARE("le_" SUFFIX, TYPE, A <= B),                \
      COMPARE("gt_" SUFFIX, TYPE, A > B), COMPARE("lg_" SUFFIX, TYPE, A<B || A> B),            \
      COMPARE("ge_" SUFFIX, TYPE, A >= B), COMPARE("o_" SUFFIX, TYPE, A == A && B == B),       \
      COMPARE("u_" SUFFIX, TYPE, A != A || B != B), COMPARE("nge_" SUFFIX, TYPE, !(A >= B)),   \
      COMPARE("nlg_" SUFFIX, TYPE, !(A < B || A > B)), COMPARE("ngt_" SUFFIX, TYPE, !(A > B)), \
      COMPARE("nle_" SUFFIX, TYPE, !(A <= B)), COMPARE("neq_" SUFFIX, TYPE, A != B),           \
      COMPARE("nlt_" SUFFIX, TYPE, !(A < B)), COMPARE("tru_" SUFFIX, TYPE, true)

constexpr Row kRows[] = {
    INTEGER_COMPARES("i32", i32),
    INTEGER_COMPARES("u32", u32),
    INTEGER_COMPARES("i64", i64),
    INTEGER_COMPARES("u64", u64),
    INTEGER_COMPARES("i16", i16),
    INTEGER_COMPARES("u16", u16),
    FLOAT_COMPARES("f32", float, a, b),
    FLOAT_COMPARES("f64", double, a, b),
    FLOAT_COMPARES("f16", Half, a.value, b.value),
    vector("v_cmp_class_f32", [](F32 a, u32 m) { return class32(a.bits, m); }),
    vector("v_cmp_class_f64", [](F64 a, u32 m) { return class64(a.bits, m); }),
    vector("v_cmp_class_f16", [](F16 a, u32 m) { return class16(a.bits, m); }),
    exec_too(vector("v_cmpx_class_f32", [](F32 a, u32 m) { return class32(a.bits, m); })),
    exec_too(vector("v_cmpx_class_f64", [](F64 a, u32 m) { return class64(a.bits, m); })),
    exec_too(vector("v_cmpx_class_f16", [](F16 a, u32 m) { return class16(a.bits, m); })),
};

}  // namespace

std::span<const Row> vop_compare_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
