#include "gpu/sim/programs/value_rules.h"

#include <string_view>

namespace wavefuzz::programs {

static Text replaced(Text text, std::string_view what, std::string_view with) {
  for (size_t at = 0; (at = text.find(what, at)) != Text::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

std::vector<Rule> all_rules() {
  std::vector<Rule> rules;
  const auto add = [&](Type result, std::vector<Type> arguments, Text format) {
    rules.push_back({result, std::move(format), std::move(arguments)});
  };
  for (int i = 0; i < kBool; ++i) {
    const Type t = Type(i);
    const Type wide = kBits[t] < 32 ? kU32 : is_signed(t) ? Type(t - 1) : t;
    const Text name = kNames[t], w = kNames[wide], mask = std::to_string(kBits[t] - 1);
    const auto wrapping = [&](Text format) {
      return name + "(" + replaced(replaced(format, "$0", w + "($0)"), "$1", w + "($1)") + ")";
    };
    for (const char* format : {"$0 + $1", "$0 - $1", "$0 * $1"})
      for (int twice = 0; twice < 2; ++twice) add(t, {t, t}, wrapping(format));
    add(t, {t}, wrapping("0u - $0"));
    for (const char* op : {"&", "|", "^"}) add(t, {t, t}, name + "($0 " + op + " $1)");
    add(t, {t}, name + "(~$0)");
    add(t, {t, t, t}, name + "(($0 & $1) | (~$0 & $2))");
    add(t, {t, t, t}, name + "($0 ^ $1 ^ $2)");
    add(t, {t, t, t}, name + "(($0 & $1) | $2)");
    add(t, {t, kU32}, name + "(" + w + "($0) << ($1 & " + mask + "))");
    for (int twice = 0; twice < 2; ++twice) add(t, {t, kU32}, name + "($0 >> ($1 & " + mask + "))");
    add(t, {t, t}, "quotient<" + name + ">($0, $1)");
    add(t, {t, t}, "remainder_of<" + name + ">($0, $1)");
    add(t, {t, t}, "smaller<" + name + ">($0, $1)");
    add(t, {t, t}, "larger<" + name + ">($0, $1)");
    add(t, {t, t}, "saturating_sum<" + name + ">($0, $1)");
    add(t, {t, t}, "saturating_difference<" + name + ">($0, $1)");
    for (const char* op : {"<", "<=", "==", "!="}) add(kBool, {t, t}, Text("($0 ") + op + " $1)");
    for (int k = 0; k < kBool; ++k)
      if (k != i) add(t, {Type(k)}, name + "($0)");
    add(t, {kBool}, name + "($0)");
    for (const Type f : {kF32, kF64}) {
      // The range, in numbers that both float types have.
      const char* const ranges[] = {"0, 255",           "-128, 127",
                                    "0, 65535",         "-32768, 32767",
                                    "0, 0x1.fffffep31", "-0x1p31, 0x1.fffffep30",
                                    "0, 0x1.fffffep63", "-0x1p63, 0x1.fffffep62"};
      add(t, {f}, "to_integer<" + name + ", " + kNames[f] + ">($0, " + ranges[t] + ")");
      add(f, {t}, Text(kNames[f]) + "($0)");
    }
  }
  for (const Type t : {kU32, kU64}) {
    const Text mask = std::to_string(kBits[t] - 1);
    for (const char* f : {"leading_zeros", "trailing_zeros", "ones"})
      add(kU32, {t}, Text(f) + "($0)");
    add(t, {t}, "reversed($0)");
    add(t, {t, kU32}, "rotated($0, $1)");
    add(t, {t}, t == kU32 ? "__builtin_bswap32($0)" : "__builtin_bswap64($0)");
    add(t, {t, t}, "high_product($0, $1)");
    add(t, {t, t, t}, "($0 + $1 + $2)");
    add(t, {t, t}, "(($0 << 3) + $1)");
    add(t, {t, t}, "(($0 << 7) | $1)");
    add(t, {t, t, kU32}, "(($0 + $1) << ($2 & " + mask + "))");
    add(t, {t, t, t}, "(($0 ^ $1) + $2)");
    add(t, {t, t, t}, "($0 * $1 + $2)");
    add(t, {t, t, t}, "smaller(larger($0, $1), $2)");
    add(t, {t, t, t}, "larger(larger($0, $1), $2)");
    add(t, {t, t, t}, "smaller(larger($0, $1), larger(smaller($0, $1), $2))");
  }
  add(kI32, {kI32, kI32}, "high_product($0, $1)");
  add(kI32, {kI32, kI32, kI32}, "smaller(larger($0, $1), larger(smaller($0, $1), $2))");
  add(kU64, {kU32, kU32, kU64}, "(u64($0) * $1 + $2)");
  add(kI64, {kI32, kI32, kI64}, "i64(u64(i64($0) * $1) + u64($2))");
  add(kU64, {kU32, kU32}, "(u64($0) << 32 | $1)");
  add(kU32, {kU64}, "u32($0 >> 32)");
  add(kU32, {kU32, kU32}, "product24($0, $1)");
  add(kI32, {kI32, kI32}, "product24($0, $1)");
  add(kU32, {kU32, kU32, kU32}, "(product24($0, $1) + $2)");
  add(kU32, {kU32, kU32, kU32}, "bit_field($0, $1, $2)");
  add(kI32, {kI32, kU32, kU32}, "bit_field($0, $1, $2)");
  add(kU32, {kU32}, "bit_field($0, 5, 11)");
  add(kI32, {kI32}, "bit_field($0, 9, 7)");
  for (const char* f : {"align_bit", "align_byte", "permuted", "sad_u8", "msad_u8", "sad_u16",
                        "sad_hi_u8", "lerp", "dot4", "dot8"})
    add(kU32, {kU32, kU32, kU32}, Text(f) + "($0, $1, $2)");
  add(kU32, {kU32, kU32, kU32}, "permuted($0, $1, $2 & 0x0f0f0f0fu)");
  add(kU32, {kU32, kU32}, "permuted($0, $1, 0x0c020700u)");
  add(kU32, {kU32, kU32}, "permuted($0, $1, 0x090d0506u)");
  add(kI32, {kI32, kI32, kI32}, "dot4($0, $1, $2)");
  add(kI32, {kI32, kI32, kI32}, "dot8($0, $1, $2)");
  add(kI32, {kI16x2, kI16x2, kI32}, "dot2($0, $1, $2)");
  add(kU32, {kU16x2, kU16x2, kU32}, "dot2($0, $1, $2)");

  for (const char* op : {"&", "|", "^", "!=", "=="})
    add(kBool, {kBool, kBool}, Text("(bool($0) ") + op + " bool($1))");
  add(kBool, {kBool, kBool}, "($0 && $1)");
  add(kBool, {kBool, kBool}, "($0 || $1)");
  add(kBool, {kBool}, "(!$0)");
  add(kBool, {kU32, kU32}, "(($0 >> ($1 & 31) & 1) != 0)");
  add(kBool, {kU32}, "(($0 & 3) == 1)");

  for (const Type t : {kF16, kF32, kF64}) {
    const Text n = kNames[t];
    for (const char* op : {"+", "-", "*", "/"})
      for (int often = 0; often < (op[0] == '/' ? 1 : 2); ++often)
        add(t, {t, t}, Text("($0 ") + op + " $1)");
    add(t, {t}, "(- $0)");
    for (int often = 0; often < 3; ++often) add(t, {t, t, t}, "fused($0, $1, $2)");
    add(t, {t, t, t}, "fused(- $0, $1, $2)");
    add(t, {t}, "root($0)");
    for (const char* op : {"<", "<=", "=="}) add(kBool, {t, t}, Text("($0 ") + op + " $1)");
    add(kBool, {t, t}, "(!($0 < $1))");
    add(kBool, {t}, "(!($0 == $0))");
    const Type carrier = t == kF16 ? kU16 : t == kF32 ? kU32 : kU64;
    add(carrier, {t}, "bits($0)");
    add(t, {carrier}, "as_" + n + "($0)");
    for (int often = 0; often < 3; ++often) add(t, {carrier}, "near_one($0)");
  }
  for (const Type t : {kF32, kF64}) {
    const Text f = t == kF32 ? "f" : "";
    for (const char* name : {"floor", "ceil", "trunc", "rint", "round"})
      add(t, {t}, Text("__builtin_") + name + f + "($0)");
    add(t, {t}, "__builtin_fabs" + f + "($0)");
    add(t, {t, t}, "__builtin_copysign" + f + "($0, canonical($1))");
    add(t, {t, t}, "float_min($0, $1)");
    add(t, {t, t}, "float_max($0, $1)");
    add(t, {t, kI32}, "scaled($0, $1 & 0x3f)");
    add(t, {t, kI32}, "scaled($0, -($1 & 0xff))");
    add(t, {t, t, t}, "(- $0 * __builtin_fabs" + f + "($1) + $2)");
  }
  add(kF64, {kF32}, "f64($0)");
  add(kF32, {kF64}, "f32($0)");
  add(kF16, {kF32}, "f16($0)");
  add(kF16, {kF64}, "f16($0)");
  add(kF32, {kF16}, "f32($0)");
  add(kF64, {kF16}, "f64($0)");
  add(kF16, {kI16}, "f16($0)");
  add(kF16, {kU16}, "f16($0)");
  add(kI16, {kF16}, "to_integer<i16, f32>(f32($0), -32768, 32767)");
  add(kF16, {kF16}, "magnitude($0)");
  add(kF16, {kF16}, "floor_of($0)");
  add(kF16, {kF16}, "rint_of($0)");
  add(kF32, {kF16, kF16, kF32}, "fused(f32($0), f32($1), $2)");
  add(kF32, {kF16, kF32, kF16}, "fused(f32($0), $1, - f32($2))");
  add(kF16, {kF16x2}, "$0[0]");
  add(kF16, {kF16x2}, "$0[1]");
  add(kBf16, {kF32}, "bf16($0)");
  add(kF32, {kBf16}, "f32($0)");
  add(kBf16, {kU16}, "as_bf16($0)");
  add(kU16, {kBf16}, "bits($0)");
  for (const char* op : {"+", "-", "*"})
    add(kBf16, {kBf16, kBf16}, Text("bf16(f32($0) ") + op + " f32($1))");
  add(kBool, {kF32, kU32}, "(fp_class(canonical($0), $1 & 0x3fc) != 0)");
  add(kBool, {kF32}, "(fp_class(canonical($0), 0x90) != 0)");
  add(kF32, {kF32, kF32, kF32}, "(median(finite($0), finite($1), finite($2)) + 0.0f)");
  add(kF32, {kF32}, "fraction(finite($0))");
  add(kF32, {kF32}, "mantissa(finite($0))");
  add(kF64, {kF32}, "mantissa(f64(finite($0)))");
  add(kI32, {kF32}, "exponent(finite($0))");
  add(kI32, {kF64}, "exponent(f64(finite(f32($0))))");
  add(kU32, {kF32, kF32}, "packed_toward_zero(finite($0), finite($1))");
  add(kU32, {kU8, kU32, kU32}, "byte_from_float(f32($0), $1 & 3, $2)");
  add(kF32, {kU32}, "f32(u8($0 >> 8))");
  add(kF32, {kU32}, "f32(u8($0 >> 24))");

  for (const Type v : {kU16x2, kI16x2}) {
    const Text n = kNames[v];
    const Type e = v == kU16x2 ? kU16 : kI16;
    for (const char* f : {"sum", "difference", "product", "smaller", "larger", "saturating_sum",
                          "saturating_difference", "shifted_left", "shifted_right"})
      add(v, {v, v}, Text("each_") + f + "($0, $1)");
    add(v, {e, e}, "made<" + n + ", " + kNames[e] + ">($0, $1)");
    add(v, {kU32}, "__builtin_bit_cast(" + n + ", $0)");
    add(e, {v}, "$0[0]");
    add(e, {v}, "$0[1]");
    add(kU32, {v}, "__builtin_bit_cast(u32, $0)");
    const Type wide = v == kU16x2 ? kU32 : kI32;
    add(v, {wide, wide}, "packed_saturated($0, $1)");
    add(v, {v}, "made<" + n + ", " + kNames[e] + ">($0[1], $0[0])");
  }
  for (const Type v : {kF16x2, kF32x2}) {
    const Text n = kNames[v];
    const Type e = v == kF16x2 ? kF16 : kF32;
    for (const char* f : {"sum", "difference", "product"})
      add(v, {v, v}, Text("each_") + f + "($0, $1)");
    add(v, {v, v, v}, "each_fma($0, $1, $2)");
    add(v, {e, e}, "made<" + n + ", " + kNames[e] + ">($0, $1)");
    add(v, {e, e}, "made<" + n + ", " + kNames[e] + ">($0, - $1)");
    add(v, {v}, "made<" + n + ", " + kNames[e] + ">($0[1], $0[0])");
    add(e, {v}, "$0[1]");
  }
  add(kF32, {kF32x2}, "$0[0]");
  add(kU32x4, {kU32, kU32, kU32, kU32}, "made4($0, $1, $2, $3)");
  add(kU32x4, {kU32x4, kU32, kU32}, "with_element($0, $1, $2)");
  add(kU32, {kU32x4, kU32}, "$0[$1 & 3]");
  add(kU32, {kU32x4}, "$0[2]");

  for (int i = 0; i < kTypes; ++i)
    for (int often = 0; often < 2; ++often)
      add(Type(i), {kBool, Type(i), Type(i)}, "($0 ? $1 : $2)");
  return rules;
}

}  // namespace wavefuzz::programs
