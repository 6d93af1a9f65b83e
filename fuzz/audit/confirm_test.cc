// A folder as AITER's hsa with one kernel of our own in it, whose table sends ratios 9..15 to a
// kernel of ratio 16: once the kernel as it should be, which takes any ratio, and once the planted
// bug that lays out its rows by 16 heads whatever the ratio.
#include "fuzz/audit/confirm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "fuzz/judge/corpus.h"
#include "fuzz/search/harness.h"
#include "gpu/json_view.h"

namespace wavefuzz::audit {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Confirmed {
  Finding finding;
  std::vector<Trial> trials;
};

/// The misrouted ratios of such a folder, run on `object`.
Confirmed confirmed(const std::string& object) {
  const std::string root = testing::TempDir() + object;
  fs::remove_all(root);
  fs::create_directories(root + "/gfx942/pa");
  fs::copy_file("gpu/kernels/" + object, root + "/gfx942/pa/gqa16.co");
  std::ofstream(root + "/gfx942/pa/pa_asm.csv")
      << "qType,kvType,Gqa,Mtp,Msk,Hp,blkSz,knl_name,co_name,ps,qTile,quant_type\n"
      << "bf16,fp8,16,0,0,0,16,paged_attention_split_bf16_e4m3fnuz,gqa16.co,0,0,0\n";

  nlohmann::json manifest = load_json("gpu/manifests/paged_attention_decode.json");
  manifest["root"] = "hsa";
  manifest["code_object"] = "{arch}/pa/gqa16.co";
  manifest["arches"] = {"gfx942"};
  manifest.erase("planted");
  manifest.erase("planted_code_object");
  manifest["claims"]["q_dtype"] = {"bf16"};
  manifest["claims"]["kv_dtype"] = {"e4m3fnuz"};
  manifest["claims"]["gqa"] = {{"min", 16}, {"max", 16}};
  manifest["claims"]["page_size"] = {{"min", 16}, {"max", 16}};
  manifest["claims"]["splits"] = {{"min", 1}, {"max", 1}};
  const std::string file = root + "/manifest.json";
  std::ofstream(file) << manifest.dump();

  Roots roots(".");
  roots.external["hsa"] = root;
  const Harness harness({file}, roots);
  const Report report =
      audit(root, load_tables(root, "pa"), {"gfx942"}, ManifestIndex(harness.manifests()));
  const std::atomic<bool> interrupted = false;
  for (const Finding& finding : report.findings) {
    if (!finding.objection || finding.objection->dim != Dim::kGqa) continue;
    return {finding,
            confirm(finding, {.roots = roots, .folder = root + "/out", .seconds = 20, .cases = 12},
                    interrupted)};
  }
  return {};
}

TEST(Confirm, AKernelThatTakesAnyRatioPasses) {
  const Confirmed c = confirmed("paged_attention_decode.gfx942.co");
  EXPECT_EQ(c.finding.text, "asks for gqa 9..15, gets a kernel of gqa 16");
  EXPECT_EQ(c.finding.with_manifest, 1u);
  ASSERT_EQ(c.trials.size(), 1u);
  EXPECT_EQ(c.trials[0].target, "sim:gfx942");
  EXPECT_GT(c.trials[0].cases, 0u) << c.trials[0].message;
  EXPECT_EQ(c.trials[0].wrong, 0u) << c.trials[0].message;
}

TEST(Confirm, AKernelOfOneRatioIsWrongAndTheCaseReplays) {
  const Confirmed c = confirmed("paged_attention_decode.rows_of_16.gfx942.co");
  ASSERT_EQ(c.trials.size(), 1u);
  const Trial& trial = c.trials[0];
  EXPECT_GT(trial.wrong, 0u) << trial.message;
  EXPECT_GT(trial.claimed_cases, 0u);
  EXPECT_EQ(trial.claimed_wrong, 0u) << "of gqa 16, which it is built for";
  EXPECT_TRUE(trial.confirmed());

  const CorpusEntry entry = read_corpus_file(trial.case_file);
  EXPECT_GE(entry.c.params.integer("gqa"), 9);
  EXPECT_LE(entry.c.params.integer("gqa"), 15);
  Roots roots(".");
  roots.external["hsa"] = testing::TempDir() + "paged_attention_decode.rows_of_16.gfx942.co";
  const Harness harness({trial.manifest_file}, roots);
  const Verdict verdict = harness.evaluate(entry.c);
  EXPECT_EQ(verdict.status, Status::kFail);
  EXPECT_EQ(signature(verdict), entry.signature);
  EXPECT_THAT(trial.message, HasSubstr(entry.signature));
}

}  // namespace
}  // namespace wavefuzz::audit
