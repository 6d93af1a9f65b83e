// Every case on both arches, every host ISA; then: does every row of the instruction table have
// one?
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "gpu/sim/opcode_test/case.h"
#include "gpu/sim/table.h"

namespace wavefuzz::sim::opcode {
namespace {

struct Instance {
  const Case* test;
  Arch arch;
};
std::vector<Instance> instances() {
  std::vector<Instance> list;
  for (const Case& c : all_cases())
    for (const Arch arch : {Arch::kGfx942, Arch::kGfx950})
      if (c.arches >> unsigned(arch) & 1) list.push_back({&c, arch});
  return list;
}

class Opcode : public testing::TestWithParam<Instance> {};

TEST_P(Opcode, DoesWhatTheManualSays) {
  const Case& c = *GetParam().test;
  for (const HostIsa isa : supported_host_isas()) {
    const bool best = isa == best_host_isa();
    // The other builds of a body are of the same source: one arch is enough for them.
    if (!best && GetParam().arch == Arch::kGfx942 && c.arches == kBothArches) continue;
    Probe probe(c.mnemonic, GetParam().arch, isa, !best);
    c.check(probe);
    if (probe.failed()) return;
    EXPECT_GT(probe.compared(), 0u);
    if (c.effect == Effect::kNothing) {
      EXPECT_EQ(probe.changed(), 0u);
    } else {
      EXPECT_GT(probe.changed(), 0u) << "what the instruction writes was there before";
      if (c.effect == Effect::kVaries) {
        EXPECT_GT(probe.distinct(), 0u) << "every expected value was the same";
      }
    }
  }
}
std::string label(const testing::TestParamInfo<Instance>& info) {
  static std::map<std::string, int> seen;
  const std::string base = info.param.test->mnemonic + "_" + std::string(name(info.param.arch));
  const int n = seen[base]++;
  return n == 0 ? base : base + "_" + std::to_string(n + 1);
}
INSTANTIATE_TEST_SUITE_P(Table, Opcode, testing::ValuesIn(instances()), label);

TEST(Coverage, EveryRowOfTheInstructionTableHasACase) {
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    std::set<std::string_view> tested;
    for (const Case& c : all_cases()) {
      if (!(c.arches >> unsigned(arch) & 1)) continue;
      tested.insert(c.mnemonic);
      EXPECT_NE(find_row(best_host_isa(), arch, c.mnemonic), nullptr)
          << c.mnemonic << " is tested, but not in the table of " << name(arch);
    }
    std::string missing;
    size_t count = 0, rows = 0;
    for (const auto family : table(best_host_isa()).families) {
      if (family.data() == matrix_rows().data()) continue;  // matrix_test's
      for (const Row& row : family) {
        if (!(row.arches >> unsigned(arch) & 1)) continue;
        ++rows;
        if (tested.contains(row.mnemonic)) continue;
        missing += " " + std::string(row.mnemonic);
        ++count;
      }
    }
    EXPECT_EQ(count, 0u) << count << " of " << rows << " instructions of " << name(arch)
                         << " have no test:" << missing;
    RecordProperty(std::string("rows_") + std::string(name(arch)), int(rows));
  }
}

// The runner leaves out what the assembler refuses. It must not refuse everything.
TEST(Coverage, TheFormsOfAnInstructionAreTried) {
  const std::map<std::string, std::vector<std::string>> wanted = {
      {"v_add_f32",
       {"plain", "e64", "sdwa", "dpp", "scalar", "constant", "clamp", "omod", "neg", "abs"}},
      {"v_add_u32", {"plain", "e64", "sdwa", "dpp", "scalar", "constant", "clamp", "sext"}},
      {"v_fma_f16", {"plain", "op_sel", "neg", "abs", "clamp", "omod"}},
      {"v_pk_fma_f16", {"plain", "op_sel", "neg", "clamp", "constant"}},
      {"v_pk_add_f32", {"plain", "op_sel", "neg"}},
      {"v_dot2_f32_f16", {"plain", "neg", "constant"}},
      {"v_cmp_lt_f64", {"plain", "e64", "scalar", "neg", "abs"}},
      {"v_addc_co_u32", {"plain", "e64", "sdwa", "dpp"}},
  };
  for (const Case& c : all_cases()) {
    const auto want = wanted.find(c.mnemonic);
    if (want == wanted.end()) continue;
    Probe probe(c.mnemonic, Arch::kGfx942, best_host_isa(), false);
    c.check(probe);
    for (const std::string& form : want->second)
      EXPECT_GT(probe.forms()[form], 0) << c.mnemonic << " " << form;
  }
}

}  // namespace
}  // namespace wavefuzz::sim::opcode
