// Tests of single instructions. A Case names a mnemonic and looks at what the instruction did;
// opcode_test.cc runs every case on both arches and asks that every row of the instruction table
// has one.
//
// Expectations come from the ISA manual's rules in other means than the simulator's: wide host
// integers, LLVM's APFloat, exact arithmetic. The runners below write the assembly text and make
// the comparison themselves, so that a row of a table cannot forget to look.
#ifndef WAVEFUZZ_GPU_SIM_OPCODE_TEST_CASE_H_
#define WAVEFUZZ_GPU_SIM_OPCODE_TEST_CASE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "gpu/sim/micro_op.h"
#include "gpu/sim/mode.h"
#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim::opcode {

using u64 = uint64_t;
using i64 = int64_t;

// What a case runs instructions with. It counts what the case has looked at.
class Probe {
 public:
  Probe(std::string mnemonic, Arch arch, HostIsa isa, bool brief);

  // A wave of that text, in which one instruction must be the case's. Null where the assembler
  // does not take it and `optional` is set.
  std::unique_ptr<AsmWave> wave(const std::string& text, AsmOptions options = {},
                                bool optional = false);
  // Runs it, and fails the case when there is a finding.
  void run(AsmWave& wave);

  // `before` is what the place held before the instruction.
  void equal(u64 got, u64 want, u64 before, const std::function<std::string()>& what);
  bool failed() const { return failed_; }

  const std::string& mnemonic() const { return mnemonic_; }
  Arch arch() const { return arch_; }
  // Only the plain form: a further host ISA of an instruction already tested.
  bool brief() const { return brief_; }
  std::mt19937_64& random() { return random_; }
  u64 pick(u64 below) { return random_() % below; }

  // How many forms of each kind the assembler took: "plain", "sdwa", "omod", ...
  std::map<std::string, int>& forms() { return forms_; }
  size_t compared() const { return compared_; }
  size_t changed() const {
    return changed_;
  }  // comparisons where the instruction changed the value
  size_t distinct() const { return distinct_; }  // comparisons whose value differed from the last's

 private:
  std::string mnemonic_;
  Arch arch_;
  HostIsa isa_;
  bool brief_;
  std::mt19937_64 random_;
  size_t compared_ = 0, changed_ = 0, distinct_ = 0;
  u64 last_ = ~u64{0};
  bool failed_ = false;
  std::string text_;
  std::map<std::string, int> forms_;
};

// What a case has to have seen to count.
enum class Effect : uint8_t {
  kVaries,    // results that differ from each other and from what was there
  kConstant,  // results that differ from what was there (v_cmp_t)
  kNothing,   // registers and memory that stayed as they were (s_nop)
};

struct Case {
  std::string mnemonic;
  std::function<void(Probe&)> check;
  ArchSet arches = kBothArches;
  Effect effect = Effect::kVaries;

  Case on(ArchSet set) const {
    Case c = *this;
    c.arches = set;
    return c;
  }
  Case with(Effect e) const {
    Case c = *this;
    c.effect = e;
    return c;
  }
};

// --- Vector instructions -------------------------------------------------------------------------

// Types of operands; what random values, modifiers and selections mean for them.
enum class Type : uint8_t { kNone, kB16, kB32, kB64, kF16, kF32, kF64, kPk16, kPkF16, kPkF32 };
using enum Type;
constexpr bool is_float(Type t) {
  return t == kF16 || t == kF32 || t == kF64 || t == kPkF16 || t == kPkF32;
}
constexpr unsigned dwords(Type t) {
  return t == kNone ? 0 : t == kB64 || t == kF64 || t == kPkF32 ? 2 : 1;
}

// What one lane of an instruction sees: sources after modifiers and selections, narrow ones in the
// low bits.
struct Lane {
  u64 a = 0, b = 0, c = 0;
  u64 old = 0;       // destination, before
  bool in = false;   // the lane's bit of a mask operand, or of VCC
  bool out = false;  // the same of a mask result, to be set
  unsigned lane = 0;
  Mode mode;
  bool clamp = false;  // integer saturation is asked for
};

struct Want {
  std::function<u64(Lane&)> lane;
  Want() = default;
  template <typename F>
  Want(F f) {  // NOLINT: implicit by design
    if constexpr (std::is_invocable_v<F, Lane&>)
      lane = [f](Lane& x) { return u64(f(x)); };
    else if constexpr (std::is_invocable_v<F, u64, u64, u64>)
      lane = [f](Lane& x) { return u64(f(x.a, x.b, x.c)); };
    else if constexpr (std::is_invocable_v<F, u64, u64>)
      lane = [f](Lane& x) { return u64(f(x.a, x.b)); };
    else
      lane = [f](Lane& x) { return u64(f(x.a)); };
  }
};

struct VectorCase {
  std::string mnemonic;
  Type result;  // kNone: only a mask
  std::vector<Type> sources;
  Want want;

  ArchSet arches = kBothArches;
  Effect effect = Effect::kVaries;
  bool mask_out = false;  // a mask is a result, too (the only one for kNone)
  bool mask_in = false;   // a mask is the last source
  bool vcc_in = false;    // the same, VCC, not printed
  bool keeps_half = false;
  bool modes = false;            // results depend on MODE: run all roundings and denormal settings
  bool saturates = false;        // takes integer clamp
  bool modifiers = true;         // neg and abs on float sources
  bool output_modifiers = true;  // omod and clamp
  bool one_round = false;        // both rounding fields get the same value
  bool wide_denormals = false;   // f16 and f64 denormals are always kept
  bool nearest = false;          // only to nearest even
  bool nan = true;               // constants that read as NaN are among the operands
  bool compare_exec = false;     // v_cmpx: EXEC gets the mask
  std::string suffix = {};       // of the text
  // Changes random sources before use.
  std::function<void(std::mt19937_64&, u64* sources)> shape = {};

#define WITH(NAME, SET)     \
  VectorCase NAME() const { \
    VectorCase v = *this;   \
    SET;                    \
    return v;               \
  }
  WITH(carry, v.mask_out = true)
  WITH(carried, v.mask_in = true)
  WITH(from_vcc, v.vcc_in = true)
  WITH(half, v.keeps_half = true)
  WITH(in_modes, v.modes = true)
  WITH(clamps, v.saturates = true)
  WITH(bare, v.modifiers = v.output_modifiers = false)
  WITH(no_output, v.output_modifiers = false)
  WITH(same_round, v.one_round = true)
  WITH(keeps_wide_denormals, v.wide_denormals = true)
  WITH(without_nan, v.nan = false)
  WITH(to_nearest, v.nearest = true)
  WITH(constant, v.effect = Effect::kConstant)
  WITH(on950, v.arches = kGfx950Only)
  WITH(on942, v.arches = kGfx942Only)
#undef WITH
  VectorCase text(std::string s) const {
    VectorCase v = *this;
    v.suffix = std::move(s);
    return v;
  }
  VectorCase shaped(std::function<void(std::mt19937_64&, u64*)> f) const {
    VectorCase v = *this;
    v.shape = std::move(f);
    return v;
  }
};

// Plain, SGPR and constant sources, neg and abs, clamp, omod, op_sel, SDWA, DPP, half the lanes:
// every form that the assembler takes.
Case vector_case(const VectorCase& v);

// A random value of the type, often a special one.
u64 random_value(std::mt19937_64& random, Type type);

// --- Scalar instructions -------------------------------------------------------------------------

struct Scalars {
  u64 a = 0, b = 0;
  u64 old = 0;       // destination, before
  bool scc = false;  // in and out
};
// Widths in bits: 0 for "none", 16 for an immediate of SOPK (given as its 16 bits).
struct ScalarCase {
  std::string mnemonic;
  unsigned result;
  std::vector<unsigned> sources;
  std::function<u64(Scalars&)> want;
};
Case scalar_case(const ScalarCase& s);

// A case with a check of its own.
inline Case custom(std::string mnemonic, std::function<void(Probe&)> check) {
  return {std::move(mnemonic), std::move(check)};
}

// --- Families ------------------------------------------------------------------------------------

using Cases = std::vector<Case>;
void add_int_cases(Cases& cases);
void add_int16_cases(Cases& cases);
void add_bit_cases(Cases& cases);
void add_dot_cases(Cases& cases);
void add_float_cases(Cases& cases);
void add_float_bits_cases(Cases& cases);
void add_convert_cases(Cases& cases);
void add_fp8_cases(Cases& cases);
void add_scalef32_cases(Cases& cases);
void add_compare_cases(Cases& cases);
void add_math_cases(Cases& cases);
void add_salu_cases(Cases& cases);
void add_control_cases(Cases& cases);
void add_lane_cases(Cases& cases);
void add_memory_cases(Cases& cases);
void add_lds_cases(Cases& cases);
void add_atomic_cases(Cases& cases);
void add_scalar_memory_cases(Cases& cases);
void add_sparse_cases(Cases& cases);
const Cases& all_cases();

}  // namespace wavefuzz::sim::opcode

#endif  // WAVEFUZZ_GPU_SIM_OPCODE_TEST_CASE_H_
