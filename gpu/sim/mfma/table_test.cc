// The table against LLVM's assembler: each arch has exactly these instructions, with these names and as
// many registers.
#include "gpu/sim/mfma/table.h"

#include <gtest/gtest.h>
#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCInst.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCObjectFileInfo.h>
#include <llvm/MC/MCParser/MCAsmParser.h>
#include <llvm/MC/MCParser/MCTargetAsmParser.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCStreamer.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Triple.h>

#include <memory>
#include <set>
#include <string>

namespace wavefuzz::sim::mfma {
namespace {

constexpr const char* kCpus[] = {"gfx942", "gfx950"};

// Whether LLVM assembles a line of text for the arch.
bool assembles(Arch arch, const std::string& line) {
  static const bool initialised = [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTarget();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUAsmParser();
    return true;
  }();
  (void)initialised;
  const llvm::Triple triple("amdgcn-amd-amdhsa");
  std::string error;
  const llvm::Target* const target = llvm::TargetRegistry::lookupTarget(triple, error);
  const llvm::MCTargetOptions options;
  const std::unique_ptr<llvm::MCRegisterInfo> registers(target->createMCRegInfo(triple));
  const std::unique_ptr<llvm::MCAsmInfo> info(target->createMCAsmInfo(*registers, triple, options));
  const std::unique_ptr<llvm::MCInstrInfo> instructions(target->createMCInstrInfo());
  const std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(triple, kCpus[int(arch)], ""));
  llvm::SourceMgr sources;
  sources.setDiagHandler([](const llvm::SMDiagnostic&, void*) {});
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBuffer(line + "\n"), llvm::SMLoc());
  llvm::MCContext context(triple, info.get(), registers.get(), subtarget.get(), &sources, &options);
  const std::unique_ptr<llvm::MCObjectFileInfo> objects(
      target->createMCObjectFileInfo(context, /*PIC=*/false));
  context.setObjectFileInfo(objects.get());
  const std::unique_ptr<llvm::MCStreamer> streamer(llvm::createNullStreamer(context));
  const std::unique_ptr<llvm::MCAsmParser> parser(
      llvm::createMCAsmParser(sources, context, *streamer, *info));
  const std::unique_ptr<llvm::MCTargetAsmParser> target_parser(
      target->createMCAsmParser(*subtarget, *parser, *instructions, options));
  parser->setTargetParser(*target_parser);
  return !parser->Run(/*NoInitialTextSection=*/true);
}

std::string range(int first, int count) {
  return count == 1 ? "v" + std::to_string(first)
                    : "v[" + std::to_string(first) + ":" + std::to_string(first + count - 1) + "]";
}

std::string line(const Op& op, const Modifiers& m, int a, int b, int d) {
  std::string out = std::string(op.mnemonic) + " " + range(0, d) + ", " + range(64, a) + ", " +
                    range(80, b) + ", " + range(0, d);
  if (op.scaled) out += ", v100, v101";
  if (m.cbsz) out += " cbsz:" + std::to_string(m.cbsz);
  if (m.blgp) out += " blgp:" + std::to_string(m.blgp);
  return out;
}

TEST(Table, LlvmAssemblesEveryInstructionWithItsRegistersAndNoOthers) {
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    for (const Op& op : ops(arch)) {
      for (uint8_t format = 0; format < (op.f8f6f4 ? 5 : 1); ++format) {
        Modifiers m;
        m.cbsz = format;
        m.blgp = op.f8f6f4 ? 4 - format : 0;
        const int a = a_registers(op, m), b = b_registers(op, m), d = d_registers(op);
        EXPECT_TRUE(assembles(arch, line(op, m, a, b, d))) << line(op, m, a, b, d);
        EXPECT_FALSE(assembles(arch, line(op, m, 2 * a, b, d)));
        EXPECT_FALSE(assembles(arch, line(op, m, a, 2 * b, d)));
        EXPECT_FALSE(assembles(arch, line(op, m, a, b, 2 * d)));
      }
    }
  }
}

TEST(Table, WhatOneArchLacksLlvmRejectsThere) {
  for (const auto& [arch, other] : {std::pair{Arch::kGfx942, Arch::kGfx950}, {Arch::kGfx950, Arch::kGfx942}}) {
    for (const Op& op : ops(other)) {
      if (find(arch, op.mnemonic) != nullptr) continue;
      const Modifiers none;
      EXPECT_FALSE(assembles(
          arch, line(op, none, a_registers(op, none), b_registers(op, none), d_registers(op))))
          << op.mnemonic;
    }
  }
}

// LLVM's opcode names hold the mnemonic: V_MFMA_F32_16X16X32_FP8_FP8_gfx940_acd. The parts after it are
// lower case; gfx90a and gfx908 forms are other arches'.
TEST(Table, HoldsEveryMfmaOpcodeLlvmHasForTheseArches) {
  assembles(Arch::kGfx942, "");
  const llvm::Triple triple("amdgcn-amd-amdhsa");
  std::string error;
  const std::unique_ptr<llvm::MCInstrInfo> instructions(
      llvm::TargetRegistry::lookupTarget(triple, error)->createMCInstrInfo());
  std::set<std::string, std::less<>> known;
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    for (const Op& op : ops(arch)) {
      // "4X4X4_16B_F16" is named without the block count in opcodes that predate that spelling.
      std::string name;
      for (const char c : op.mnemonic) name += char(std::toupper(c));
      known.insert(name);
      for (const char* blocks : {"_16B", "_4B", "_2B"})
        if (const size_t at = name.find(blocks); at != std::string::npos) name.erase(at, strlen(blocks));
      // "16X16X16_F16" was "16X16X16F16", and bf16 had the suffix "_1K".
      known.insert(name);
      known.insert(name + "_1K");
      const size_t last = name.rfind('_');
      known.insert(name.substr(0, last) + name.substr(last + 1));
      known.insert(name.substr(0, last) + name.substr(last + 1) + "_1K");
    }
  }
  int found = 0;
  for (unsigned i = 0; i < instructions->getNumOpcodes(); ++i) {
    const std::string name = instructions->getName(i).str();
    if (!name.starts_with("V_MFMA_")) continue;
    if (name.find("_gfx940") == std::string::npos && name.find("_gfx950") == std::string::npos) continue;
    std::string upper = name.substr(0, name.find_first_of("abcdefghijklmnopqrstuvwxyz"));
    while (upper.ends_with("_")) upper.pop_back();
    EXPECT_TRUE(known.contains(upper)) << name;
    ++found;
  }
  EXPECT_GT(found, 100);
}

TEST(Table, FindsByMnemonicAndArch) {
  EXPECT_EQ(find(Arch::kGfx942, "v_mfma_f32_16x16x32_fp8_fp8")->tile.a, Element::kE4m3fnuz);
  EXPECT_EQ(find(Arch::kGfx950, "v_mfma_f32_16x16x32_fp8_fp8")->tile.a, Element::kE4m3fn);
  EXPECT_EQ(find(Arch::kGfx942, "v_mfma_f32_16x16x32_bf16"), nullptr);
  EXPECT_EQ(find(Arch::kGfx950, "v_mfma_f32_16x16x8_xf32"), nullptr);
  EXPECT_EQ(find(Arch::kGfx942, "v_smfmac_f32_16x16x32_f16"), nullptr);
}

TEST(Table, OnlyWhatHardwareConfirmedIsExact) {
  for (const Op& op : ops(Arch::kGfx942)) EXPECT_EQ(op.fidelity(), Fidelity::kExact) << op.mnemonic;
  for (const Op& op : ops(Arch::kGfx950)) {
    EXPECT_EQ(op.fidelity(),
              op.tile.a == Element::kI8 ? Fidelity::kExact : Fidelity::kHypothesis)
        << op.mnemonic;
  }
}

TEST(Table, NamesIllegalModifiers) {
  const Op& one_block = *find(Arch::kGfx942, "v_mfma_f32_16x16x32_fp8_fp8");
  const Op& blocks = *find(Arch::kGfx942, "v_mfma_f32_16x16x4_4b_f16");
  const Op& f64 = *find(Arch::kGfx942, "v_mfma_f64_4x4x4_4b_f64");
  const Op& f8f6f4 = *find(Arch::kGfx950, "v_mfma_f32_32x32x64_f8f6f4");
  const Op& scaled = *find(Arch::kGfx950, "v_mfma_scale_f32_32x32x64_f8f6f4");
  EXPECT_EQ(illegal(one_block, {}), nullptr);
  EXPECT_STREQ(illegal(one_block, {.cbsz = 1}), "cbsz covers more blocks than there are");
  EXPECT_EQ(illegal(blocks, {.cbsz = 2, .abid = 3}), nullptr);
  EXPECT_STREQ(illegal(blocks, {.cbsz = 3}), "cbsz covers more blocks than there are");
  EXPECT_STREQ(illegal(blocks, {.cbsz = 1, .abid = 2}), "abid is not below 2^cbsz");
  EXPECT_STREQ(illegal(blocks, {.blgp = 8}), "blgp is 0 to 7");
  EXPECT_STREQ(illegal(f64, {.cbsz = 1}), "f64 has no broadcast");
  EXPECT_STREQ(illegal(f8f6f4, {.cbsz = 5}), "cbsz and blgp name formats 0 to 4");
  EXPECT_STREQ(illegal(scaled, {}), "needs scales for A and B");
  const uint32_t scales[kLanes] = {};
  EXPECT_STREQ(illegal(f8f6f4, {.a_scale = {scales, 0}}), "takes no scales");
  EXPECT_STREQ(illegal(scaled, {.a_scale = {scales, 4}, .b_scale = {scales, 0}}),
               "a scale's byte is 0 to 3");
  EXPECT_EQ(illegal(scaled, {.a_scale = {scales, 3}, .b_scale = {scales, 0}}), nullptr);
}

}  // namespace
}  // namespace wavefuzz::sim::mfma
