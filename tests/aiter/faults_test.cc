// Damaged copies of AITER's attention kernels.
//
// Skips without AITER_HSA, the folder "hsa" of an AITER checkout.
#include "gpu/sim/faults.h"

#include <gtest/gtest.h>

#include "tests/aiter/pa_problem.h"

namespace wavefuzz::aiter {
namespace {

TEST(Faults, Attention) {
  if (hsa_folder().empty())
    GTEST_SKIP() << "AITER_HSA is not set: it names the folder \"hsa\" of an AITER checkout";
  const sim::FaultCounts counts = sim::inject_faults(attention_objects(), 1000, 1);
  EXPECT_GT(counts.refused, 100u);
  EXPECT_GT(counts.faulted, 10u);
}

}  // namespace
}  // namespace wavefuzz::aiter
