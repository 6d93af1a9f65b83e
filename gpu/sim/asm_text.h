// AMDGPU assembly text, taken apart. The syntax is LLVM's ("AMDGPU Operand Syntax",
// "Syntax of AMDGPU Instruction Modifiers").
#ifndef WAVEFUZZ_GPU_SIM_ASM_TEXT_H_
#define WAVEFUZZ_GPU_SIM_ASM_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wavefuzz::sim {

struct AsmOperand {
  enum class Kind : uint8_t {
    kVgpr,      // v1, v[2:3]: first, count
    kAgpr,      // a1, a[2:3]
    kScalar,    // s1, s[2:3], vcc, exec, m0, src_scc: first in the numbering of micro_op.h
    kInteger,   // 5, -1, 0x10: value
    kFloat,     // 0.5: real
    kAperture,  // src_shared_base, src_private_base and their limits: value is the 64-bit content
    kOff,       // off
    kWord,      // anything else: hwreg(...), a symbolic name
  };
  Kind kind = Kind::kWord;
  uint16_t first = 0;
  uint8_t count = 1;
  bool neg = false, abs = false, sext = false;
  bool hex = false;  // kInteger was written in hexadecimal: a literal's bits
  int64_t value = 0;
  double real = 0;
  std::string_view word;
};

// A modifier such as `offset:16`, `glc`, `op_sel:[0,1]`, `src0_sel:BYTE_1`.
struct AsmModifier {
  std::string_view name;
  std::string_view text;      // after the colon; empty when there is none
  std::vector<int64_t> list;  // the numbers in it, when it is a number or a list of them
};

// An instruction taken apart. The views point into the text it was made from.
struct AsmText {
  std::string_view mnemonic;  // without encoding suffix
  bool e64 = false, dpp = false, sdwa = false;
  std::vector<AsmOperand> operands;
  std::vector<AsmModifier> modifiers;

  const AsmModifier* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  // The modifier's number, or `otherwise` when it is absent.
  int64_t number(std::string_view name, int64_t otherwise) const;
};

// Empty when the text does not follow the syntax. `text` must outlive the result.
std::optional<AsmText> parse_asm(std::string_view text);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_ASM_TEXT_H_
