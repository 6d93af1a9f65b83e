#include "gpu/sim/disassembler.h"

#include <fmt/format.h>
#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCDisassembler/MCDisassembler.h>
#include <llvm/MC/MCInst.h>
#include <llvm/MC/MCInstPrinter.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/MCTargetOptions.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/TargetParser/Triple.h>

#include <algorithm>
#include <cstring>

// LLVM declares these in a header that lists every target it was built with.
extern "C" void LLVMInitializeAMDGPUTargetInfo();
extern "C" void LLVMInitializeAMDGPUTargetMC();
extern "C" void LLVMInitializeAMDGPUDisassembler();

namespace wavefuzz::sim {

struct Disassembler::Llvm {
  std::unique_ptr<llvm::MCRegisterInfo> registers;
  std::unique_ptr<llvm::MCAsmInfo> assembly;
  std::unique_ptr<llvm::MCInstrInfo> instructions;
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget;
  std::unique_ptr<llvm::MCContext> context;
  std::unique_ptr<llvm::MCDisassembler> disassembler;
  std::unique_ptr<llvm::MCInstPrinter> printer;
};

Disassembler::Disassembler(Arch arch) : llvm_(new Llvm) {
  [[maybe_unused]] static const bool initialised = [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUDisassembler();
    return true;
  }();
  const llvm::Triple triple("amdgcn-amd-amdhsa");
  std::string problem;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, problem);
  if (target == nullptr) throw Error(fmt::format("LLVM has no AMDGPU target: {}", problem));
  Llvm& l = *llvm_;
  l.registers.reset(target->createMCRegInfo(triple));
  l.assembly.reset(target->createMCAsmInfo(*l.registers, triple, llvm::MCTargetOptions()));
  l.instructions.reset(target->createMCInstrInfo());
  l.subtarget.reset(target->createMCSubtargetInfo(triple, name(arch), ""));
  l.context = std::make_unique<llvm::MCContext>(triple, l.assembly.get(), l.registers.get(),
                                                l.subtarget.get());
  l.disassembler.reset(target->createMCDisassembler(*l.subtarget, *l.context));
  l.printer.reset(target->createMCInstPrinter(triple, l.assembly->getAssemblerDialect(),
                                              *l.assembly, *l.instructions, *l.registers));
  if (!l.disassembler || !l.printer) throw Error("LLVM's AMDGPU target has no disassembler");
}

Disassembler::~Disassembler() = default;

namespace {

constexpr unsigned kMostDwords = 5;  // more than any instruction has

constexpr uint32_t kLiteral = 255, kSdwa = 249, kFirstVgpr = 256;

// SDWA's selections have 7 values and its dst_unused 3; VOPC has a scalar destination in their
// place.
bool good_sdwa(uint32_t word, bool compares) {
  const auto selects = [](uint32_t field) { return (field & 7) != 7; };
  return selects(word >> 16) && selects(word >> 24) &&
         (compares || (selects(word >> 8) && (word >> 11 & 3) != 3));
}

// Scalar operands that come only one or two registers wide: FLAT_SCRATCH, VCC, M0, EXEC.
bool is_narrow_scalar(uint32_t operand) {
  return operand > 101 && !(operand >= 108 && operand < 124);  // between them, the trap handler's
}
bool is_inline_constant(uint32_t operand) {
  return (operand >= 128 && operand <= 208) || (operand >= 240 && operand <= 248);
}

// Fields that LLVM 22's disassembler takes for valid without looking: on others its behaviour is
// undefined, or it makes up an instruction. No instruction of GFX9 has them.
bool good_fields(const uint32_t* words) {
  switch (words[0] >> 26) {
    case 0b110100: {  // VOP3, VOP3P: no room for a literal
      const uint32_t opcode = words[0] >> 16 & 0x3ff;
      const uint32_t src0 = words[1] & 511, src1 = words[1] >> 9 & 511, src2 = words[1] >> 18 & 511;
      if (src0 == kLiteral || src1 == kLiteral || src2 == kLiteral) return false;
      if (opcode < 0x100) return (words[0] & 0xff) != kLiteral;  // a compare's destination
      const bool accvgpr_move = opcode == 0x3d8 || opcode == 0x3d9;
      if (opcode == 0x3ad || opcode == 0x3ae || (opcode >= 0x3b4 && !accvgpr_move))  // matrix
        return src0 >= kFirstVgpr && src1 >= kFirstVgpr &&
               (src2 >= kFirstVgpr || is_inline_constant(src2));
      return true;
    }
    case 0b111000:  // MUBUF
    case 0b111010:  // MTBUF: four registers of descriptor, a scalar offset
      return words[1] >> 24 != kLiteral && !is_narrow_scalar(words[1] >> 14 & 0x7c);
    case 0b111100:  // MIMG: not on these arches
      return false;
    case 0b110000: {  // SMEM: wide data, and the descriptor of buffer accesses
      const uint32_t opcode = words[0] >> 18 & 0xff;
      const uint32_t data = words[0] >> 6 & 0x7f, base = words[0] << 1 & 0x7e;
      const bool buffer = (opcode >= 8 && opcode <= 12) || (opcode >= 24 && opcode <= 26) ||
                          (opcode >= 64 && opcode < 128);
      constexpr uint32_t kWide = 1 << 2 | 1 << 3 | 1 << 4 | 1 << 7 | 1 << 10 | 1 << 11 | 1 << 12 |
                                 1 << 18 | 1 << 23 | 1 << 26;  // x4, x8, x16
      const bool wide = opcode < 32 && (kWide >> opcode & 1);
      return !(wide && is_narrow_scalar(data)) && !(buffer && is_narrow_scalar(base));
    }
  }
  if (words[0] >> 31 == 0 && (words[0] & 511) == kSdwa) {
    const uint32_t opcode = words[0] >> 25;
    if (opcode == 0x3c) return false;  // v_pk_fmac_f16 has no SDWA form
    return good_sdwa(words[1], opcode == 0x3e);
  }
  return true;
}

}  // namespace

Disassembler::Instruction Disassembler::decode(std::span<const std::byte> code, uint64_t address) {
  // LLVM does not survive a literal behind the end of the code: give it zeros there, and see
  // afterwards whether it took some.
  uint32_t words[kMostDwords] = {};
  std::memcpy(words, code.data(), std::min(sizeof(words), code.size()));
  if (!good_fields(words)) return {};
  const llvm::ArrayRef<uint8_t> bytes(reinterpret_cast<const uint8_t*>(words), sizeof(words));
  llvm::MCInst inst;
  uint64_t size = 0;
  if (llvm_->disassembler->getInstruction(inst, size, bytes, address, llvm::nulls()) !=
          llvm::MCDisassembler::Success ||
      size > code.size())
    return {};
  Instruction result;
  result.bytes = unsigned(size);
  llvm::raw_string_ostream out(result.text);
  llvm_->printer->printInst(&inst, address, "", *llvm_->subtarget, out);
  out.flush();
  const size_t first = result.text.find_first_not_of(" \t");
  result.text.erase(0, first);
  for (char& c : result.text)
    if (c == '\t') c = ' ';
  return result;
}

}  // namespace wavefuzz::sim
