// What a scalar instruction makes of half-defined operands, against trying all that they may hold:
// a bit of the result or of SCC that changes is undefined, and (but for sums, products and counts,
// whose rules are coarser) one that never does is not.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

enum class Rule { kExact, kCoarse };

struct Instruction {
  const char* text;  // A is s[2:3], B is s[4:5], the destination s[6:7] holds D before
  Rule rule = Rule::kExact;
};

const Instruction kInstructions[] = {
    {"s_mov_b32 s6, s2"},
    {"s_mov_b64 s[6:7], s[2:3]"},
    {"s_cmov_b32 s6, s2"},
    {"s_cmov_b64 s[6:7], s[2:3]"},
    {"s_cmovk_i32 s6, 0x1234"},
    {"s_cselect_b32 s6, s2, s4"},
    {"s_cselect_b64 s[6:7], s[2:3], s[4:5]"},
    {"s_add_u32 s6, s2, s4", Rule::kCoarse},
    {"s_sub_u32 s6, s2, s4", Rule::kCoarse},
    {"s_addc_u32 s6, s2, s4", Rule::kCoarse},
    {"s_subb_u32 s6, s2, s4", Rule::kCoarse},
    {"s_add_i32 s6, s2, s4", Rule::kCoarse},
    {"s_sub_i32 s6, s2, s4", Rule::kCoarse},
    {"s_addk_i32 s6, 0x123", Rule::kCoarse},
    {"s_mul_i32 s6, s2, s4", Rule::kCoarse},
    {"s_mulk_i32 s6, 0x11", Rule::kCoarse},
    {"s_mul_hi_u32 s6, s2, s4", Rule::kCoarse},
    {"s_mul_hi_i32 s6, s2, s4", Rule::kCoarse},
    {"s_min_i32 s6, s2, s4", Rule::kCoarse},
    {"s_min_u32 s6, s2, s4", Rule::kCoarse},
    {"s_max_i32 s6, s2, s4", Rule::kCoarse},
    {"s_max_u32 s6, s2, s4", Rule::kCoarse},
    {"s_abs_i32 s6, s2", Rule::kCoarse},
    {"s_absdiff_i32 s6, s2, s4", Rule::kCoarse},
    {"s_lshl1_add_u32 s6, s2, s4", Rule::kCoarse},
    {"s_lshl4_add_u32 s6, s2, s4", Rule::kCoarse},
    {"s_sext_i32_i8 s6, s2"},
    {"s_sext_i32_i16 s6, s2"},
    {"s_and_b32 s6, s2, s4"},
    {"s_and_b64 s[6:7], s[2:3], s[4:5]"},
    {"s_or_b32 s6, s2, s4"},
    {"s_xor_b32 s6, s2, s4"},
    {"s_andn2_b64 s[6:7], s[2:3], s[4:5]"},
    {"s_orn2_b32 s6, s2, s4"},
    {"s_nand_b32 s6, s2, s4"},
    {"s_nor_b64 s[6:7], s[2:3], s[4:5]"},
    {"s_xnor_b32 s6, s2, s4"},
    {"s_not_b64 s[6:7], s[2:3]"},
    {"s_lshl_b32 s6, s2, s4", Rule::kCoarse},
    {"s_lshr_b32 s6, s2, s4", Rule::kCoarse},
    {"s_ashr_i32 s6, s2, s4", Rule::kCoarse},
    {"s_lshl_b64 s[6:7], s[2:3], s4", Rule::kCoarse},
    {"s_lshl_b32 s6, s2, 5"},
    {"s_lshr_b32 s6, s2, 24"},
    {"s_ashr_i32 s6, s2, 9"},
    {"s_ashr_i64 s[6:7], s[2:3], 33"},
    {"s_lshr_b64 s[6:7], s[2:3], 33"},
    {"s_bfm_b32 s6, s2, s4", Rule::kCoarse},
    {"s_bfm_b64 s[6:7], s2, s4", Rule::kCoarse},
    {"s_bfe_u32 s6, s2, 0x80008"},
    {"s_bfe_i32 s6, s2, 0x80010"},
    {"s_bfe_i32 s6, s2, 0x200000"},
    {"s_bfe_u64 s[6:7], s[2:3], 0x10001c"},
    {"s_bfe_i64 s[6:7], s[2:3], 0x10001c"},
    {"s_bfe_u32 s6, s2, s4", Rule::kCoarse},
    {"s_brev_b32 s6, s2"},
    {"s_brev_b64 s[6:7], s[2:3]"},
    {"s_bitset0_b32 s6, 7"},
    {"s_bitset1_b64 s[6:7], 40"},
    {"s_bitset1_b32 s6, s2", Rule::kCoarse},
    {"s_bitreplicate_b64_b32 s[6:7], s2"},
    {"s_bcnt0_i32_b32 s6, s2", Rule::kCoarse},
    {"s_bcnt0_i32_b64 s6, s[2:3]", Rule::kCoarse},
    {"s_bcnt1_i32_b32 s6, s2", Rule::kCoarse},
    {"s_bcnt1_i32_b64 s6, s[2:3]", Rule::kCoarse},
    {"s_ff0_i32_b32 s6, s2", Rule::kCoarse},
    {"s_ff1_i32_b32 s6, s2", Rule::kCoarse},
    {"s_ff1_i32_b64 s6, s[2:3]", Rule::kCoarse},
    {"s_flbit_i32_b32 s6, s2", Rule::kCoarse},
    {"s_flbit_i32_b64 s6, s[2:3]", Rule::kCoarse},
    {"s_flbit_i32 s6, s2", Rule::kCoarse},
    {"s_flbit_i32_i64 s6, s[2:3]", Rule::kCoarse},
    {"s_quadmask_b32 s6, s2"},
    {"s_quadmask_b64 s[6:7], s[2:3]"},
    {"s_wqm_b32 s6, s2"},
    {"s_wqm_b64 s[6:7], s[2:3]"},
    {"s_pack_ll_b32_b16 s6, s2, s4"},
    {"s_pack_lh_b32_b16 s6, s2, s4"},
    {"s_pack_hh_b32_b16 s6, s2, s4"},
    {"s_cmp_eq_u32 s2, s4"},
    {"s_cmp_lg_i32 s2, s4"},
    {"s_cmp_gt_i32 s2, s4"},
    {"s_cmp_ge_i32 s2, s4"},
    {"s_cmp_lt_i32 s2, s4"},
    {"s_cmp_le_i32 s2, s4"},
    {"s_cmp_gt_u32 s2, s4"},
    {"s_cmp_ge_u32 s2, s4"},
    {"s_cmp_lt_u32 s2, s4"},
    {"s_cmp_le_u32 s2, s4"},
    {"s_cmp_eq_u64 s[2:3], s[4:5]"},
    {"s_cmp_lg_u64 s[2:3], s[4:5]"},
    {"s_cmp_gt_u32 s2, 0xffff"},
    {"s_cmp_lt_u32 s2, 16"},
    {"s_bitcmp0_b32 s2, 0"},
    {"s_bitcmp1_b32 s2, 8"},
    {"s_bitcmp1_b64 s[2:3], 33"},
    {"s_bitcmp1_b32 s2, s4", Rule::kCoarse},
    {"s_cmpk_eq_i32 s2, -2"},
    {"s_cmpk_lg_i32 s2, 0x7fff"},
    {"s_cmpk_gt_i32 s2, -2"},
    {"s_cmpk_ge_i32 s2, 5"},
    {"s_cmpk_lt_i32 s2, -2"},
    {"s_cmpk_le_i32 s2, 5"},
    {"s_cmpk_eq_u32 s2, 0xfffe"},
    {"s_cmpk_gt_u32 s2, 0xfffe"},
    {"s_cmpk_ge_u32 s2, 5"},
    {"s_cmpk_lt_u32 s2, 0xfffe"},
    {"s_cmpk_le_u32 s2, 5"},
};

// Operands are (s[8:13] and masks s[14:19]) or values s[20:25]; SCC is bit 0 of them in s26..28.
constexpr char kPrologue[] = R"(
  s_and_b64 s[2:3], s[8:9], s[14:15]
  s_or_b64 s[2:3], s[2:3], s[20:21]
  s_and_b64 s[4:5], s[10:11], s[16:17]
  s_or_b64 s[4:5], s[4:5], s[22:23]
  s_and_b64 s[6:7], s[12:13], s[18:19]
  s_or_b64 s[6:7], s[6:7], s[24:25]
  s_and_b32 s29, s26, s27
  s_or_b32 s29, s29, s28
  s_bitcmp1_b32 s29, 0
)";
constexpr unsigned kUndefined = 8, kMasks = 14, kValues = 20, kScc = 26;

// Small numbers, numbers with a few bits, and any.
uint64_t draw(std::mt19937_64& random) {
  const uint64_t x = random();
  switch (random() % 4) {
    case 0:
      return x & 0x1f;
    case 1:
      return x & random() & random();
    case 2:
      return x | random() | random();
    default:
      return x;
  }
}

TEST(ScalarPoison, IsWhatChangesWithTheUndefinedBits) {
  std::mt19937_64 random(1);
  for (const Instruction& i : kInstructions) {
    SCOPED_TRACE(i.text);
    const std::string text = kPrologue + std::string(i.text) + "\ns_cselect_b32 s30, 1, 0";
    AsmWave concrete(text);
    for (int trial = 0; trial < 60; ++trial) {
      uint64_t value[3], mask[3] = {};
      for (uint64_t& v : value) v = draw(random);
      if (random() % 4 == 0) value[1] = value[0];
      std::vector<std::pair<int, unsigned>> open;  // operand, bit; operand 3: SCC
      for (unsigned n = 1 + unsigned(random() % 4); n > 0; --n) {
        const int operand = int(random() % 8);
        open.emplace_back(operand < 7 ? operand % 3 : 3, operand < 7 ? unsigned(random() % 40) : 0);
      }
      const uint32_t scc = uint32_t(random() & 1);
      uint32_t scc_mask = 0;
      for (const auto& [operand, bit] : open)
        operand == 3 ? void(scc_mask = 1) : void(mask[operand] |= uint64_t{1} << bit);

      AsmWave half(text);
      for (AsmWave* wave : {&half, &concrete}) {
        for (unsigned k = 0; k < 3; ++k) {
          wave->set_s64(kMasks + 2 * k, mask[k]);
          wave->set_s64(kValues + 2 * k, value[k] & ~mask[k]);
        }
        wave->set_s(kScc + 1, scc_mask).set_s(kScc + 2, scc & ~scc_mask);
      }
      half.run();
      ASSERT_EQ(half.findings(), "");
      const uint64_t poison = half.s_poison(6) | uint64_t(half.s_poison(7)) << 32;
      const uint32_t scc_poison = half.s_poison(30);

      uint64_t changes = 0, scc_changes = 0, first = 0, first_scc = 0;
      for (uint32_t choice = 0; choice < 1u << open.size(); ++choice) {
        uint64_t bits[4] = {};
        for (size_t n = 0; n < open.size(); ++n)
          bits[open[n].first] |= uint64_t(choice >> n & 1) << open[n].second;
        for (unsigned k = 0; k < 3; ++k) concrete.set_s64(kUndefined + 2 * k, bits[k]);
        concrete.set_s(kScc, uint32_t(bits[3]));
        concrete.run();
        if (choice == 0) {
          first = concrete.s64(6);
          first_scc = concrete.s(30);
        }
        changes |= first ^ concrete.s64(6);
        scc_changes |= first_scc ^ concrete.s(30);
      }
      EXPECT_EQ(changes & ~poison, 0u) << std::hex << "changes " << changes << ", said " << poison;
      EXPECT_EQ(scc_changes & ~scc_poison, 0u);
      if (i.rule == Rule::kExact) {
        EXPECT_EQ(poison, changes) << std::hex << "A " << value[0] << " B " << value[1];
        EXPECT_EQ(scc_poison, scc_changes) << std::hex << value[0] << " " << value[1];
      }
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace wavefuzz::sim
