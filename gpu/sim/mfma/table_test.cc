// The table against LLVM's assembler: each arch has exactly these instructions, with these names
// and as many registers.
#include "gpu/sim/mfma/table.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Triple.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace wavefuzz::sim::mfma {
namespace {

constexpr const char* kCpus[] = {"gfx942", "gfx950"};

// The lines that LLVM does not assemble for the arch.
std::set<std::string> rejected(Arch arch, const std::vector<std::string>& lines) {
  const std::string source = testing::TempDir() + "lines.s", errors = testing::TempDir() + "errors";
  {
    std::ofstream out(source);
    for (const std::string& line : lines) out << line << "\n";
  }
  // Its exit status says only that some line was rejected.
  const int status =
      std::system(fmt::format("/usr/bin/llvm-mc-22 -triple=amdgcn -mcpu={} -o /dev/null {} 2>{}",
                              kCpus[int(arch)], source, errors)
                      .c_str());
  std::ifstream in(errors);
  std::set<std::string> out;
  for (std::string text; std::getline(in, text);) {
    if (text.find(": error: ") == std::string::npos) continue;
    out.insert(lines.at(std::stoul(text.substr(source.size() + 1)) - 1));
  }
  EXPECT_EQ(status == 0, out.empty()) << status;
  return out;
}

std::string range(int first, int count) {
  return count == 1 ? fmt::format("v{}", first) : fmt::format("v[{}:{}]", first, first + count - 1);
}

std::string line(const Op& op, const Modifiers& m, int a, int b, int d) {
  return fmt::format("{} {}, {}, {}, {}{}{}{}", op.mnemonic, range(0, d), range(64, a),
                     range(80, b), range(0, d), op.scaled ? ", v100, v101" : "",
                     m.cbsz ? fmt::format(" cbsz:{}", m.cbsz) : "",
                     m.blgp ? fmt::format(" blgp:{}", m.blgp) : "");
}

TEST(Table, LlvmAssemblesEveryInstructionWithItsRegistersAndNoOthers) {
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    std::vector<std::string> right, wrong;
    for (const Op& op : ops(arch)) {
      for (uint8_t format = 0; format < (op.f8f6f4 ? 5 : 1); ++format) {
        Modifiers m;
        m.cbsz = format;
        m.blgp = op.f8f6f4 ? 4 - format : 0;
        const int a = a_registers(op, m), b = b_registers(op, m), d = d_registers(op);
        right.push_back(line(op, m, a, b, d));
        wrong.push_back(line(op, m, 2 * a, b, d));
        wrong.push_back(line(op, m, a, 2 * b, d));
        wrong.push_back(line(op, m, a, b, 2 * d));
      }
    }
    EXPECT_THAT(rejected(arch, right), testing::IsEmpty());
    EXPECT_THAT(rejected(arch, wrong), testing::UnorderedElementsAreArray(wrong));
  }
}

TEST(Table, WhatOneArchLacksLlvmRejectsThere) {
  for (const auto& [arch, other] :
       {std::pair{Arch::kGfx942, Arch::kGfx950}, {Arch::kGfx950, Arch::kGfx942}}) {
    std::vector<std::string> lacking;
    for (const Op& op : ops(other)) {
      const Modifiers none;
      if (find(arch, op.mnemonic) == nullptr)
        lacking.push_back(
            line(op, none, a_registers(op, none), b_registers(op, none), d_registers(op)));
    }
    EXPECT_THAT(lacking, testing::Not(testing::IsEmpty()));
    EXPECT_THAT(rejected(arch, lacking), testing::UnorderedElementsAreArray(lacking));
  }
}

// LLVM's opcode names hold the mnemonic: V_MFMA_F32_16X16X32_FP8_FP8_gfx940_acd. The parts after it
// are lower case; gfx90a and gfx908 forms are other arches'.
TEST(Table, HoldsEveryMfmaOpcodeLlvmHasForTheseArches) {
  LLVMInitializeAMDGPUTargetInfo();
  LLVMInitializeAMDGPUTargetMC();
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
        if (const size_t at = name.find(blocks); at != std::string::npos)
          name.erase(at, std::string_view(blocks).size());
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
    if (name.find("_gfx940") == std::string::npos && name.find("_gfx950") == std::string::npos)
      continue;
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
    EXPECT_EQ(op.fidelity(), op.tile.a == Element::kI8 ? Fidelity::kExact : Fidelity::kHypothesis)
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
