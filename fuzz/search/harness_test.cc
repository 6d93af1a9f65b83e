// What a case comes to where judging it goes wrong.
#include "fuzz/search/harness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

// A contract that the reference cannot follow: where an index row has -1s it does not know where
// splits begin, and a P of 16 bits is rounded by split. Reading the manifest refuses it, so that it
// is put there afterwards.
TEST(Harness, MakesAFindingOfASelfCheckThatFails) {
  const Harness harness({"gpu/manifests/mla_decode.json"}, Roots("."));
  const Job job = {"mla_decode", "", "sim:gfx942"};
  Manifest wrong = harness.manifest(job.kernel);
  wrong.numerics["p"] = "bf16";
  int failed = 0;
  for (uint64_t index = 0; index < 100 && failed == 0; ++index) {
    const Case c = harness.draw(job, 1, index).value();
    if (c.params.text("mode") == "dense" || c.params.integer("splits") == 1) continue;
    const Verdict verdict = harness.evaluate(c, wrong);
    if (signature(verdict) != "internal_error") continue;  // it has no keys, say
    ++failed;
    EXPECT_EQ(verdict.status, Status::kFail);
    EXPECT_EQ(
        verdict.findings.front().message,
        "wavefuzz cannot judge this case, which says nothing of the kernel: attention: a cast "
        "P with splits needs split_starts");
    EXPECT_NE(signature(harness.evaluate(c)), "internal_error");
  }
  EXPECT_EQ(failed, 1);
}

TEST(Harness, ThrowsWhatIsNoCase) {
  const Harness harness({"gpu/manifests/mla_decode.json"}, Roots("."));
  Case c = harness.draw({"mla_decode", "", "sim:gfx942"}, 1, 0).value();
  c.plant = "nowhere";
  EXPECT_THROW(harness.evaluate(c), Error);
}

}  // namespace
}  // namespace wavefuzz
