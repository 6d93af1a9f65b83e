// The instructions that LLVM assembles for an arch and the table lacks: none but those listed here
// (and in gpu/sim/README.md, "Not modelled").
#include <gtest/gtest.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/TargetParser/Triple.h>

#include <map>
#include <memory>
#include <set>

#include "gpu/sim/table.h"
#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim::opcode {
namespace {

// A name, or with '*' at its end the start of names.
constexpr const char* kNotModelled[] = {
    "ds_gws_*",
    "tbuffer_*",
    "buffer_load_format_*",
    "buffer_store_format_*",
    "s_scratch_*",
    "s_atc_probe*",
    "s_dcache_discard*",
    "s_rfe_*",
    "s_setkill",
    "s_cbranch_cdbg*",
    "s_cbranch_g_fork",
    "s_cbranch_i_fork",
    "s_cbranch_join",
    "s_endpgm_ordered_ps_done",
    "v_screen_partition_4se_b32",
};
constexpr const char* kAliases[] = {"v_mul_lo_i32", "v_accvgpr_read", "v_accvgpr_write"};

bool not_modelled(std::string_view mnemonic) {
  for (const std::string_view name : kNotModelled)
    if (name.ends_with('*') ? mnemonic.starts_with(name.substr(0, name.size() - 1))
                            : mnemonic == name)
      return true;
  return false;
}

// Names of opcodes without what tells encodings and forms apart. Not all are mnemonics.
std::set<std::string> candidates() {
  assemble(Arch::kGfx942, "s_nop 0");  // initialises the target
  std::string problem;
  const llvm::Triple triple("amdgcn-amd-amdhsa");
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, problem);
  const std::unique_ptr<llvm::MCInstrInfo> info(target->createMCInstrInfo());
  std::set<std::string> names;
  for (unsigned i = 0; i < info->getNumOpcodes(); ++i) {
    std::string name = info->getName(i).lower();
    const size_t encoding = std::min(name.find("_vi"), name.find("_gfx9"));
    if (encoding == name.npos || name.starts_with("image_")) continue;
    if (name.starts_with("v_mfma_")) continue;  // mfma's table_test
    name.resize(encoding);
    for (const std::string_view form : {"_e32", "_e64", "_sdwa", "_dpp", "_e64"})
      if (name.ends_with(form)) name.resize(name.size() - form.size());
    names.insert(name);
    for (const std::string_view form :
         {"_imm", "_sgpr", "_sgpr_imm", "_offen", "_offset", "_idxen", "_bothen", "_rtn", "_saddr",
          "_vaddr", "_lds", "_st", "_svs"})
      if (name.ends_with(form)) names.insert(name.substr(0, name.size() - form.size()));
  }
  return names;
}

TEST(Coverage, TheTableHasWhatLlvmAssembles) {
  const std::set<std::string> names = candidates();
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    // Without operands nearly all are errors; the message says whether the mnemonic is known.
    std::string messages;
    try {
      assemble(arch, text);
    } catch (const Error& e) {
      messages = e.what();
    }
    std::set<std::string> known = names;
    size_t at = 0;
    while ((at = messages.find("error: ", at)) != messages.npos) {
      const size_t end = messages.find('\n', at), next = messages.find('\n', end + 1);
      const std::string message = messages.substr(at, end - at);
      const std::string line = messages.substr(end + 1, next - end - 1);
      if (message.find("invalid instruction") != message.npos ||
          message.find("not supported") != message.npos)
        known.erase(line);
      at = end;
    }
    EXPECT_GT(known.size(), 1000u);
    for (const char* alias : kAliases) known.erase(alias);
    std::string missing;
    for (const std::string& name : known)
      if (find_row(best_host_isa(), arch, name) == nullptr && !not_modelled(name))
        missing += " " + name;
    EXPECT_EQ(missing, "") << sim::name(arch);
    for (const auto family : table(best_host_isa()).families) {
      if (family.data() == matrix_rows().data()) continue;
      for (const Row& row : family)
        if (row.arches >> unsigned(arch) & 1) {
          EXPECT_TRUE(known.contains(std::string(row.mnemonic)))
              << row.mnemonic << " is in the table, but LLVM has no such instruction on "
              << sim::name(arch);
        }
    }
  }
}

}  // namespace
}  // namespace wavefuzz::sim::opcode
