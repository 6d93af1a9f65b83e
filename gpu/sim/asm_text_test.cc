// The assembly text parser.
#include "gpu/sim/asm_text.h"

#include <gtest/gtest.h>

#include "gpu/sim/micro_op.h"

namespace wavefuzz::sim {
namespace {

using Kind = AsmOperand::Kind;

TEST(AsmText, SuffixesBecomeForms) {
  const auto plain = parse_asm("v_add_f32_e32 v0, v1, v2");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->mnemonic, "v_add_f32");
  EXPECT_FALSE(plain->e64 || plain->dpp || plain->sdwa);
  EXPECT_TRUE(parse_asm("v_add_f32_e64 v0, v1, v2")->e64);
  EXPECT_TRUE(parse_asm("v_mov_b32_dpp v0, v1 row_shl:1")->dpp);
  EXPECT_TRUE(parse_asm("v_mov_b32_sdwa v0, v1 dst_sel:DWORD")->sdwa);
  EXPECT_EQ(parse_asm("s_endpgm")->mnemonic, "s_endpgm");
}

TEST(AsmText, RegistersOfEveryFile) {
  const auto t = parse_asm("x v3, v[4:7], a2, a[0:1], s5, s[8:9], vcc, exec_hi, m0, src_scc, off");
  ASSERT_TRUE(t);
  const auto& o = t->operands;
  ASSERT_EQ(o.size(), 11u);
  const auto is = [&](size_t k, Kind kind, unsigned first, unsigned count) {
    EXPECT_EQ(o[k].kind, kind) << k;
    EXPECT_EQ(o[k].first, first) << k;
    EXPECT_EQ(o[k].count, count) << k;
  };
  is(0, Kind::kVgpr, 3, 1);
  is(1, Kind::kVgpr, 4, 4);
  is(2, Kind::kAgpr, 2, 1);
  is(3, Kind::kAgpr, 0, 2);
  is(4, Kind::kScalar, 5, 1);
  is(5, Kind::kScalar, 8, 2);
  is(6, Kind::kScalar, kVcc, 2);
  is(7, Kind::kScalar, kExec + 1, 1);
  is(8, Kind::kScalar, kM0, 1);
  is(9, Kind::kScalar, kScc, 1);
  EXPECT_EQ(o[10].kind, Kind::kOff);
}

TEST(AsmText, ConstantsAndSignModifiers) {
  const auto t =
      parse_asm("v_fma_f32 v0, -|v1|, -2, 0x40280000, -0.5, sext(v2), lit(0xffffffff), neg(v3)");
  ASSERT_TRUE(t);
  const auto& o = t->operands;
  EXPECT_TRUE(o[1].neg && o[1].abs);
  EXPECT_EQ(o[1].first, 1);
  EXPECT_EQ(o[2].kind, Kind::kInteger);
  EXPECT_EQ(o[2].value, -2);
  EXPECT_FALSE(o[2].neg || o[2].hex);
  EXPECT_EQ(o[3].value, 0x40280000);
  EXPECT_TRUE(o[3].hex);
  EXPECT_EQ(o[4].kind, Kind::kFloat);
  EXPECT_EQ(o[4].real, -0.5);
  EXPECT_TRUE(o[5].sext);
  EXPECT_EQ(o[6].value, 0xffffffff);
  EXPECT_TRUE(o[7].neg);
}

TEST(AsmText, Modifiers) {
  const auto t = parse_asm(
      "v_pk_fma_f32 v[0:1], v[2:3], 1.0, v[6:7] op_sel:[1,0,0] op_sel_hi:[0,1,1] clamp mul:2");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->operands.size(), 4u);
  EXPECT_EQ(t->find("op_sel")->list, (std::vector<int64_t>{1, 0, 0}));
  EXPECT_EQ(t->find("op_sel_hi")->list, (std::vector<int64_t>{0, 1, 1}));
  EXPECT_TRUE(t->has("clamp"));
  EXPECT_EQ(t->number("mul", 0), 2);
  EXPECT_EQ(t->number("offset", 7), 7);
  EXPECT_EQ(parse_asm("ds_read_b32 v0, v1 offset:0x10")->number("offset", 0), 16);
  EXPECT_EQ(parse_asm("global_load_dword v0, v1, s[0:1] offset:-8 sc0")->number("offset", 0), -8);
  EXPECT_EQ(parse_asm("v_cvt_f32_fp8_sdwa v0, v1 src0_sel:BYTE_3")->find("src0_sel")->text,
            "BYTE_3");
  EXPECT_EQ(parse_asm("s_waitcnt vmcnt(0) lgkmcnt(0)")->operands[0].kind, Kind::kWord);
  EXPECT_EQ(parse_asm("s_mov_b64 s[0:1], src_shared_base")->operands[1].value, int64_t{1} << 48);
}

TEST(AsmText, RefusesWhatIsNotTheSyntax) {
  for (const char* text :
       {"", "v_mov_b32 v[3:1], v0", "v_mov_b32 v999, v0", "v_mov_b32 v0, 12x", "v_mov_b32 v0, ,"})
    EXPECT_FALSE(parse_asm(text)) << text;
}

}  // namespace
}  // namespace wavefuzz::sim
