// The decoder told back: disassembled text and printed micro-ops against llvm-objdump and against
// hand-written lines.
//
// What a fault would look like was tried by hand as well as by APlantedFaultShows below: with the
// sources of bind_vector's two-operand instructions swapped, with neg of F32 operands dropped, with
// s_load's offset bound 4 too high and with offset1 of ds_read2 taken for offset0, InTree and
// Lines fail, each naming the instruction.
#include "gpu/sim/round_trip.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <random>
#include <span>

#include "gpu/sim/bind.h"
#include "gpu/sim/disassembler.h"
#include "gpu/sim/print.h"
#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> objects() {
  std::vector<std::string> paths;
  for (const auto& entry :
       fs::recursive_directory_iterator("gpu", fs::directory_options::follow_directory_symlink))
    if (entry.path().extension() == ".co") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(RoundTrip, InTree) {
  const auto paths = objects();
  ASSERT_GE(paths.size(), 12u);
  size_t instructions = 0;
  for (const std::string& path : paths) {
    const RoundTrip r = round_trip(path);
    instructions += r.instructions;
    EXPECT_EQ(r.without_row, 0u) << path;
    for (const std::string& description : r.descriptions) ADD_FAILURE() << description;
    EXPECT_EQ(r.differences, 0u) << path;
  }
  EXPECT_GT(instructions, 5000u);
}

// Any two dwords: LLVM's disassembler survives them, and where its text is bound to a micro-op,
// that holds all the text says. Half of them are of the 64-bit encodings, and many have an operand
// that is a constant, a literal, DPP or SDWA.
TEST(RoundTrip, RandomWords) {
  constexpr uint32_t kEncodings[] = {0xd000'0000, 0xd300'0000, 0xd400'0000, 0xd800'0000,
                                     0xdc00'0000, 0xe000'0000, 0xc000'0000, 0x7e00'0000};
  constexpr uint32_t kSpecial[] = {106, 124, 126, 128, 233, 234, 235, 236, 239,
                                   240, 248, 249, 250, 251, 253, 254, 255};
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    Disassembler disassembler(arch);
    Code code;
    code.arch = arch;
    code.addresses = {0};
    Binder binder(HostIsa::kBaseline, &code, "random words");
    size_t bound_count = 0, differences = 0;
    for (uint64_t i = 0; i < 250'000 && differences < 20; ++i) {
      std::mt19937_64 random(i);
      uint32_t words[4];
      for (uint32_t& word : words) word = uint32_t(random());
      if (random() % 2) words[0] = (words[0] & 0x01ff'ffff) | kEncodings[random() % 8];
      if (random() % 4 == 0) {
        uint32_t& word = words[random() % 2];
        word = (word & ~511u) | kSpecial[random() % 17];
      }
      const auto inst = disassembler.decode(std::as_bytes(std::span(words)), 0);
      if (inst.bytes == 0) continue;
      const auto text = parse_asm(inst.text);
      if (!text) continue;
      const auto bound = binder.bind(*text, words[0], 0);
      if (!bound || bound->branch) continue;
      ++bound_count;
      if (print(code, bound->op) == normalised(inst.text)) continue;
      ++differences;
      ADD_FAILURE() << name(arch) << fmt::format(" {:08x} {:08x}: ", words[0], words[1])
                    << print(code, bound->op) << "\nLLVM: " << normalised(inst.text);
    }
    EXPECT_GT(bound_count, 50'000u);
  }
}

std::shared_ptr<const Program> program_of(Arch arch, const std::string& line) {
  KernelInfo kernel;
  kernel.symbol = "line";
  return std::make_shared<Program>(
      CodeObject::from_code(arch, kernel, assemble(arch, line + "\ns_endpgm\n")), "line");
}

// LLVM's canonical spelling of an instruction comes back from the micro-op.
TEST(Print, Lines) {
  const std::vector<std::string> both = {
#include "gpu/sim/testdata/print_lines.inc"
  };
  const std::vector<std::string> gfx950 = {
#include "gpu/sim/testdata/print_lines_gfx950.inc"
  };
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    std::vector<std::string> lines = both;
    if (arch == Arch::kGfx950) lines.insert(lines.end(), gfx950.begin(), gfx950.end());
    for (const std::string& line : lines) {
      SCOPED_TRACE(line);
      std::shared_ptr<const Program> program;
      try {
        program = program_of(arch, line);
      } catch (const Error& e) {
        ADD_FAILURE() << e.what();
        continue;
      }
      const Code& code = program->code();
      EXPECT_EQ(code.texts[0], line);
      if (code.ops[0].row == nullptr) {
        ADD_FAILURE() << "not bound";
        continue;
      }
      EXPECT_EQ(print(code, code.ops[0]), normalised(line));
    }
  }
}

TEST(Print, NormalisedDropsWhatAMicroOpDoesNotHold) {
  EXPECT_EQ(normalised("v_add_f32_e32 v0,  v1, v2 "), "v_add_f32 v0, v1, v2");
  EXPECT_EQ(normalised("v_add_f32_e64 v0, -v1, v2"), "v_add_f32 v0, -v1, v2");
  EXPECT_EQ(normalised("v_mov_b32_dpp v0, v1 row_mirror"), "v_mov_b32_dpp v0, v1 row_mirror");
  EXPECT_EQ(normalised("s_mov_b32 s0, lit(0x3f800000)"), "s_mov_b32 s0, 1.0");
  EXPECT_EQ(normalised("s_mov_b32 s0, lit(0xffffffff)"), "s_mov_b32 s0, -1");
  EXPECT_EQ(normalised("v_sub_u16_e32 v81, 0x3f, v128"), "v_sub_u16 v81, 63, v128");
  EXPECT_EQ(normalised("s_sendmsg sendmsg(MSG_INTERRUPT)"), "s_sendmsg");
  EXPECT_EQ(normalised("v_fma_mix_f32 v0, v1, v2, v3 op_sel:[1,1,0] op_sel_hi:[1,0,0]"),
            "v_fma_mix_f32 v0, v1, v2, v3 op_sel:[1,0,0] op_sel_hi:[1,0,0]");
}

// A literal that the end of the code cuts off, and an instruction that does not end at all.
TEST(RoundTrip, TheEndOfTheCode) {
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950})
    for (const char* line : {"s_mov_b32 s0, 0x12345", "v_fmaak_f32 v0, v1, v2, 0x12345",
                             "s_load_dword s0, s[0:1], 0x0", "v_fma_f32 v0, v1, v2, v3"}) {
      const std::vector<std::byte> code = assemble(arch, line);
      ASSERT_EQ(code.size(), 8u) << line;
      Disassembler disassembler(arch);
      EXPECT_EQ(disassembler.decode(code, 0).text, line);
      for (size_t size = 4; size < 8; ++size)
        EXPECT_EQ(disassembler.decode(std::span(code).first(size), 0).bytes, 0u) << line << size;
    }
}

// Every field that a binder could get wrong, one at a time.
TEST(Print, APlantedFaultShows) {
  struct Fault {
    const char* line;
    std::function<void(Op&)> plant;
  };
  const std::vector<Fault> faults = {
      {"v_sub_f32_e32 v0, v1, v2", [](Op& op) { std::swap(op.src[0], op.src[1]); }},
      {"v_sub_f32_e64 v0, -v1, v2", [](Op& op) { op.src[0].modifiers = 0; }},
      {"v_sub_f32_e64 v0, |v1|, v2", [](Op& op) { op.src[0].modifiers = 0; }},
      {"v_fma_f64 v[0:1], v[2:3], -v[4:5], 1.0",
       [](Op& op) { std::swap(op.src[2].modifiers, op.src[3].modifiers); }},
      {"v_fma_f32 v0, 1.0, v2, 2.0", [](Op& op) { std::swap(op.src[0], op.src[2]); }},
      {"v_mov_b32_e32 v0, s5", [](Op& op) { op.src[0].kind = Kind::kVgpr; }},
      {"v_accvgpr_write_b32 a1, v0", [](Op& op) { op.dst -= kAgpr0; }},
      {"v_add_co_u32_e64 v0, s[4:5], v1, v2", [](Op& op) { op.mask += 2; }},
      {"v_cndmask_b32_e64 v0, v1, v2, s[4:5]", [](Op& op) { op.src[2].index = kVcc; }},
      {"v_pk_mul_f32 v[0:1], v[2:3], v[4:5] op_sel_hi:[0,1]",
       [](Op& op) { op.src[1] = op.src[0], op.src[1].index |= 1; }},
      {"s_load_dwordx2 s[4:5], s[0:1], 0x10", [](Op& op) { op.imm += 4; }},
      {"s_waitcnt vmcnt(3) lgkmcnt(1)", [](Op& op) { op.imm ^= 1; }},
      {"ds_read2_b32 v[0:1], v2 offset0:1 offset1:2", [](Op& op) { std::swap(op.imm, op.imm2); }},
      {"global_load_dword v0, v[2:3], off offset:-8", [](Op& op) { op.imm = 8; }},
      {"global_store_dword v0, v1, s[2:3]", [](Op& op) { std::swap(op.src[0], op.src[3]); }},
      {"buffer_load_dword v0, v1, s[4:7], s8 offen offset:16", [](Op& op) { op.flags = kIdxen; }},
      {"v_mfma_f32_4x4x4_16b_f16 v[0:3], v[4:5], v[6:7], v[0:3] cbsz:2 abid:2",
       [](Op& op) { op.imm ^= 1 << 8; }},
      {"s_store_dword s4, s[0:1], 0x10", [](Op& op) { op.src[2].index = 5; }},
      {"s_atomic_add s4, s[0:1], s6 glc", [](Op& op) { op.imm2 = 0; }},
      {"s_atomic_cmpswap s[4:5], s[0:1], s6 offset:0x8", [](Op& op) { op.src[1].index = 7; }},
      {"s_setvskip s4, s5", [](Op& op) { std::swap(op.src[0], op.src[1]); }},
      {"v_smfmac_f32_16x16x32_f16 v[0:3], v[4:5], v[8:11], v6 abid:2",
       [](Op& op) { op.imm ^= 1 << 8; }},
      {"v_smfmac_f32_16x16x32_f16 v[0:3], v[4:5], v[8:11], v6",
       [](Op& op) { op.src[2].index = 7; }},
  };
  for (const Fault& fault : faults) {
    const auto program = program_of(Arch::kGfx950, fault.line);
    const Code& code = program->code();
    Op op = code.ops[0];
    ASSERT_NE(op.row, nullptr) << fault.line;
    EXPECT_EQ(print(code, op), normalised(fault.line));
    fault.plant(op);
    EXPECT_NE(print(code, op), normalised(fault.line));
  }
  // Extras are the program's: a planted one is a copy.
  const std::pair<const char*, std::function<void(Extras&)>> extras[] = {
      {"v_mov_b32_dpp v0, v1 row_shl:1 row_mask:0xf bank_mask:0xf",
       [](Extras& e) { e.dpp_source[3] = 5; }},
      {"v_mov_b32_dpp v0, v1 row_shl:1 row_mask:0x5 bank_mask:0xf",
       [](Extras& e) { e.dpp_write = ~0ull; }},
      {"v_add_f32_sdwa v0, v1, v2 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:BYTE_1 "
       "src1_sel:WORD_1",
       [](Extras& e) { std::swap(e.part[0], e.part[1]); }},
      {"v_pk_add_f16 v0, v1, v2 op_sel:[1,0]", [](Extras& e) { e.halves[0] = 2; }},
      {"v_add_f32_e64 v0, v1, v2 clamp mul:2", [](Extras& e) { e.omod = 2; }},
      {"v_add_f32_e64 v0, v1, v2 clamp", [](Extras& e) { e.clamp = false; }},
  };
  for (const auto& [line, plant] : extras) {
    const auto program = program_of(Arch::kGfx950, line);
    Op op = program->code().ops[0];
    ASSERT_NE(op.extras, nullptr) << line;
    EXPECT_EQ(print(program->code(), op), normalised(line));
    Extras planted = *op.extras;
    plant(planted);
    op.extras = &planted;
    EXPECT_NE(print(program->code(), op), normalised(line));
  }
}

}  // namespace
}  // namespace wavefuzz::sim
