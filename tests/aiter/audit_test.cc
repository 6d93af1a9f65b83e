// AITER's own tables at e4048607a5: what is known of them from their rows and the host code must be
// among the findings. Without AITER_HSA nothing is looked at.
#include "fuzz/audit/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "fuzz/audit/select.h"

namespace wavefuzz::audit {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class AiterTables : public testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("AITER_HSA");
    if (folder == nullptr)
      GTEST_SKIP() << "AITER_HSA is not set: the folder hsa of an AITER checkout";
    hsa_ = folder;
  }

  Report audit(const std::string& op) const {
    return wavefuzz::audit::audit(hsa_, load_tables(hsa_, op), arches(), ManifestIndex());
  }

  std::string hsa_;
};

std::vector<std::string> texts(const Report& report, Kind kind) {
  std::vector<std::string> found;
  for (const Finding& finding : report.findings) {
    if (finding.kind != kind) continue;
    if (finding.boxes.empty()) found.push_back(finding.text);
    for (const Box& box : finding.boxes)
      found.push_back(finding.text + ": " + text(box, finding.entry));
  }
  return found;
}

std::vector<std::string> kernels(const Report& report, Kind kind, const std::string& of_text) {
  std::vector<std::string> found;
  for (const Finding& finding : report.findings) {
    if (finding.kind == kind && finding.text.find(of_text) != std::string::npos)
      found.insert(found.end(), finding.kernels.begin(), finding.kernels.end());
  }
  return found;
}

TEST_F(AiterTables, SendGqa10ToTheKernelOfGqa16) {
  const Tables tables = load_tables(hsa_, "pa");
  std::vector<std::string> chosen;
  for (const std::string& arch : arches()) {
    for_each_request(Entry::kPaFwd, arch, [&](const Request& r) {
      if (r.q_type() != "bf16" || r.kv_type() != "fp8" || r.gqa() != 10 || r.page() != 16 ||
          r.number(Dim::kHighPrecision) != 1 || r.value(Dim::kQoIndptr) != "given" || r.qlen() != 2)
        return;
      for (const KernelRow* row : select(tables, r).rows)
        chosen.push_back(row->arch + " " + row->object);
    });
  }
  EXPECT_THAT(chosen, ElementsAre("gfx942 pa_bf16_pertokenFp8_gqa16_1tg_4w_mtp_msk1.co",
                                  "gfx950 pa_bf16_pertokenFp8_gqa16_1tg_4w_mtp_msk1.co"));
}

TEST_F(AiterTables, OfPagedAttention) {
  const Report report = audit("pa");
  EXPECT_THAT(
      texts(report, Kind::kMisrouted),
      Contains("asks for gqa 9..15, gets a kernel of gqa 16: gfx942, gfx950; bf16 x fp8, bf16 x "
               "int8, bf16 x uint8, fp16 x fp8, fp16 x int8, fp16 x uint8; gqa 9..15; page_size "
               "16; high_precision 1, 0"));
  // The default high_precision lets three kernels of gqa 8 fit, for either query type and arch.
  EXPECT_THAT(kernels(report, Kind::kAmbiguous, "3 rows fit"), testing::SizeIs(4 * 3));
  EXPECT_THAT(kernels(report, Kind::kAmbiguous, "3 rows fit"),
              testing::IsSupersetOf({"gfx942/pa/pa_bf16_pertokenFp8_gqa8_2tg_4w",
                                     "gfx942/pa/pa_bf16_pertokenFp8_gqa8_2tg_4w_hp",
                                     "gfx942/pa/pa_bf16_pertokenFp8_gqa8_2tg_4w_uhp"}));
  const std::vector<std::string> dead = kernels(report, Kind::kDeadRow, "Msk 0");
  EXPECT_EQ(dead.size(), 20u) << "every msk0 row, ten for each arch";
  EXPECT_THAT(dead, testing::Each(HasSubstr("_mtp_msk0 (line ")));
  EXPECT_THAT(texts(report, Kind::kNoKernel),
              Contains("aborts (no row fits), and does not with another gqa, or another qlen: "
                       "gfx942, gfx950; bf16 x bf16, fp16 x fp16; gqa 9..16; qlen 2..8; page_size "
                       "16; high_precision 1, 0; qo_indptr given"));
}

/// The kernel that mla_decode_fwd comes to, without LSE and context parallelism.
std::string mla_kernel(const Tables& tables, const std::string& arch, const std::string& types,
                       int64_t heads, int64_t qlen, bool persistent) {
  std::string found = "?";
  for_each_request(Entry::kMlaDecode, arch, [&](const Request& r) {
    if (r.value(Dim::kTypes) != types || r.gqa() != heads || r.qlen() != qlen || r.page() != 1 ||
        r.on(Dim::kPersistent) != persistent || r.on(Dim::kLse) || !r.on(Dim::kCausal) ||
        r.value(Dim::kCp) != "none" || r.value(Dim::kSplits) != "None")
      return;
    const Selection selection = select(tables, r);
    found = selection.rows.empty() ? std::string("abort") : selection.rows.front()->name();
  });
  return found;
}

// What the branches of asm_mla.cu and mla.py come to, followed by hand.
TEST_F(AiterTables, OfMlaForSomeShapes) {
  const Tables tables = load_tables(hsa_, "mla");
  const auto kernel = [&](const char* arch, const char* types, int64_t heads, int64_t qlen,
                          bool persistent) {
    return mla_kernel(tables, arch, types, heads, qlen, persistent);
  };
  EXPECT_EQ(kernel("gfx942", "bf16 x bf16", 16, 1, false),
            "mla_dec_stage1_bf16_a16w16_subQ16_mqa16");
  EXPECT_EQ(kernel("gfx942", "bf16 x bf16", 16, 3, false),
            "mla_a16w16_qh16_m16x4_n16x1_coex0_mask1");
  EXPECT_EQ(kernel("gfx942", "bf16 x bf16", 48, 1, true),
            "mla_a16w16_qh16_m16x4_n16x1_coex0_mask1_ps")
      << "folded to 16 heads";
  EXPECT_EQ(kernel("gfx942", "fp8 x fp8", 16, 3, true), "mla_a8w8_qh64_qseqlen4_gqaratio16_ps");
  EXPECT_EQ(kernel("gfx950", "fp8 x fp8", 16, 3, true), "mla_a8w8_qh16_qseqlen4_gqaratio16_v3_ps");
  EXPECT_EQ(kernel("gfx950", "fp8 x fp8", 16, 5, true), "mla_a8w8_qh32_qseqlen4_gqaratio32_ps");
  EXPECT_EQ(kernel("gfx942", "fp8 x fp8", 64, 1, true), "mla_a8w8_qh64_qseqlen1_gqaratio64_v3_ps");
  EXPECT_EQ(kernel("gfx950", "fp8 x fp8", 64, 1, true), "mla_a8w8_qh16_qseqlen4_gqaratio16_v3_ps");
  EXPECT_EQ(kernel("gfx950", "fp8 x fp8", 128, 1, true), "mla_a8w8_qh32_qseqlen4_gqaratio32_ps");
  EXPECT_EQ(kernel("gfx942", "fp8 x fp8", 128, 1, true), "mla_a8w8_qh128_m32x4_n16x2_msk0_ps");
  EXPECT_EQ(kernel("gfx950", "bf16 x bf16", 10, 7, true),
            "mla_a16w16_qh64_qseqlen1_gqaratio64_v3_ps");
  EXPECT_EQ(kernel("gfx950", "bf16 x bf16", 10, 6, true), "abort");
  EXPECT_EQ(kernel("gfx950", "fp8 x fp8", 40, 1, false), "abort") << "KeyError in get_meta_param";
  EXPECT_EQ(kernel("gfx942", "fp8 x fp8", 16, 5, true), "abort");
}

TEST_F(AiterTables, OfMla) {
  const Report report = audit("mla");
  EXPECT_THAT(kernels(report, Kind::kAmbiguous, "2 rows fit"),
              UnorderedElementsAre("gfx950/mla/mla_a16w16_qh8_qseqlen2_gqaratio8",
                                   "gfx950/mla/mla_a16w16_qh8_qseqlen2_gqaratio8_causal"));
  EXPECT_THAT(
      kernels(report, Kind::kDeadRow, "one query token is always looked up with causal 1"),
      UnorderedElementsAre(HasSubstr("gfx950/mla/mla_a8w8_qh16_qseqlen1_gqaratio16_msk0 "),
                           HasSubstr("gfx950/mla/mla_a8w8_qh16_qseqlen1_gqaratio16_msk0_ps "),
                           HasSubstr("gfx950/mla/mla_a8w8_qh16_qseqlen1_gqaratio16_msk0_lse_ps ")));
  // Rows of gfx942 whose files AITER does not ship for it.
  EXPECT_THAT(kernels(report, Kind::kBadRow, "not there"),
              ElementsAre(HasSubstr("gfx942/mla/mla_pfl_qh192_vh128_m32x8_n128x1_causal1 "),
                          HasSubstr("gfx942/mla/mla_pfl_qh192_vh128_m32x8_n128x1_causal0 ")));
  // return_lse with 16 heads on gfx942.
  EXPECT_THAT(texts(report, Kind::kNoKernel),
              Contains(testing::AllOf(HasSubstr("does not with another return_lse: gfx942;"),
                                      HasSubstr("fp8 x fp8"), HasSubstr("gqa 16"))));
}

}  // namespace
}  // namespace wavefuzz::audit
