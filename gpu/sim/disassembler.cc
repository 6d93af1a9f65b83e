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
  l.printer.reset(target->createMCInstPrinter(triple, l.assembly->getAssemblerDialect(), *l.assembly,
                                              *l.instructions, *l.registers));
  if (!l.disassembler || !l.printer) throw Error("LLVM's AMDGPU target has no disassembler");
}

Disassembler::~Disassembler() = default;

namespace {

// Invalid encodings that crash LLVM 22's disassembler instead of failing. They are no instructions:
// - GFX9's 64-bit vector encodings (VOP3, VOP3P) with a literal, for which they have no room;
// - the f8f6f4 matrix instructions with a source that is not a VGPR;
// - v_pk_fmac_f16 with SDWA.
bool crashes_llvm(std::span<const std::byte> code) {
  if (code.size() < 8) return false;
  uint32_t words[2];
  std::memcpy(words, code.data(), 8);
  constexpr uint32_t kLiteral = 255, kSdwa = 249, kFirstVgpr = 256;
  const uint32_t src0 = words[1] & 511, src1 = words[1] >> 9 & 511, src2 = words[1] >> 18 & 511;
  if (words[0] >> 26 == 0b110100) {
    if (src0 == kLiteral || src1 == kLiteral || src2 == kLiteral) return true;
    const uint32_t opcode = words[0] >> 16;
    return (opcode == 0xd3ad || opcode == 0xd3ae) && (src0 < kFirstVgpr || src1 < kFirstVgpr);
  }
  return words[0] >> 25 == 0x3c && (words[0] & 511) == kSdwa;
}

}  // namespace

Disassembler::Instruction Disassembler::decode(std::span<const std::byte> code, uint64_t address) {
  if (crashes_llvm(code)) return {};
  const llvm::ArrayRef<uint8_t> bytes(reinterpret_cast<const uint8_t*>(code.data()), code.size());
  llvm::MCInst inst;
  uint64_t size = 0;
  if (llvm_->disassembler->getInstruction(inst, size, bytes, address, llvm::nulls()) !=
      llvm::MCDisassembler::Success)
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
