// Compares and class tests.
#include "gpu/sim/opcode_test/fp.h"
#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

// A condition by the relations that satisfy it: l(ess), e(qual), g(reater), u(nordered).
struct Condition {
  const char* name;
  const char* relations;
};
constexpr Condition kInteger[] = {{"f", ""},   {"lt", "l"},  {"eq", "e"},  {"le", "le"},
                                  {"gt", "g"}, {"ne", "lg"}, {"ge", "ge"}, {"t", "leg"}};
constexpr Condition kFloat[] = {{"f", ""},     {"lt", "l"},    {"eq", "e"},    {"le", "le"},
                                {"gt", "g"},   {"lg", "lg"},   {"ge", "ge"},   {"o", "leg"},
                                {"u", "u"},    {"nge", "lu"},  {"nlg", "eu"},  {"ngt", "leu"},
                                {"nle", "gu"}, {"neq", "lgu"}, {"nlt", "geu"}, {"tru", "legu"}};

template <typename T>
char relation(T a, T b) {
  return a < b ? 'l' : a == b ? 'e' : 'g';
}
char relation(const Fp& f, const Mode& m, u64 a, u64 b) {
  switch (f.value(f.in(a, m)).compare(f.value(f.in(b, m)))) {
    case APFloat::cmpLessThan:
      return 'l';
    case APFloat::cmpEqual:
      return 'e';
    case APFloat::cmpGreaterThan:
      return 'g';
    default:
      return 'u';
  }
}
char integer_relation(u64 a, u64 b, unsigned bits, bool is_signed) {
  if (!is_signed) return relation(a, b);
  const auto value = [&](u64 x) { return i64(x << (64 - bits)) >> (64 - bits); };
  return relation(value(a), value(b));
}
// Mask bits: sNaN, qNaN, -Inf, -normal, -denormal, -0, +0, +denormal, +normal, +Inf.
unsigned class_bit(const Fp& f, u64 a) {
  const APFloat x = f.value(a);
  if (f.nan(a)) return f.signalling(a) ? 0 : 1;
  const unsigned size = x.isInfinity() ? 3 : x.isZero() ? 0 : x.isDenormal() ? 1 : 2;
  return x.isNegative() ? 5 - size : 6 + size;
}

}  // namespace

void add_compare_cases(Cases& cases) {
  const auto add = [&](const std::string& tail, const VectorCase& base) {
    for (const bool exec : {false, true}) {
      VectorCase c = base;
      c.mnemonic = (exec ? "v_cmpx_" : "v_cmp_") + tail;
      c.mask_out = true;
      c.compare_exec = exec;
      const std::string condition = tail.substr(0, tail.find('_'));
      if (condition == "f" || condition == "t" || condition == "tru") c.effect = Effect::kConstant;
      cases.push_back(vector_case(c));
    }
  };
  struct Integer {
    const char* suffix;
    Type type;
    unsigned bits;
    bool is_signed;
  };
  const auto often_equal = [](auto& random, u64* s) {
    if (random() % 4 == 0) s[1] = s[0];
  };
  for (const Integer& n : {Integer{"i32", kB32, 32, true}, Integer{"u32", kB32, 32, false},
                           Integer{"i64", kB64, 64, true}, Integer{"u64", kB64, 64, false},
                           Integer{"i16", kB16, 16, true}, Integer{"u16", kB16, 16, false}})
    for (const Condition& c : kInteger) {
      const std::string relations = c.relations;
      VectorCase v{"", kNone, {n.type, n.type}, [=](Lane& x) {
                     x.out = relations.find(integer_relation(x.a, x.b, n.bits, n.is_signed)) !=
                             std::string::npos;
                     return 0;
                   }};
      v.shape = often_equal;
      add(std::string(c.name) + "_" + n.suffix, v);
    }
  struct Float {
    const char* suffix;
    Type type;
    const Fp& f;
  };
  for (const Float& n :
       {Float{"f32", kF32, kSingle}, Float{"f64", kF64, kDouble}, Float{"f16", kF16, kHalf}}) {
    const Fp& f = n.f;
    for (const Condition& c : kFloat) {
      const std::string relations = c.relations;
      VectorCase v{"", kNone, {n.type, n.type}, [relations, &f](Lane& x) {
                     x.out = relations.find(relation(f, x.mode, x.a, x.b)) != std::string::npos;
                     return 0;
                   }};
      v.shape = often_equal;
      v.modes = true;
      add(std::string(c.name) + "_" + n.suffix, v);
    }
    VectorCase v{"", kNone, {n.type, kB32}, [&f](Lane& x) {
                   x.out = x.b >> class_bit(f, x.a) & 1;
                   return 0;
                 }};
    add(std::string("class_") + n.suffix, v);
  }
}

}  // namespace wavefuzz::sim::opcode
