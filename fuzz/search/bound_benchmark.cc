// How much of their hard bounds the kernels' real errors use: for each kernel in the tree that has
// bounds, the share of output elements by error / bound, over random cases of its domain.
//   ./bazelw run //fuzz/search:bound_benchmark -- [cases of each kernel and target] [seed]
#include <fmt/format.h>
#include <omp.h>

#include <cstdlib>

#include "fuzz/search/campaign.h"
#include "fuzz/search/harness.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

void print(const JobResult& result) {
  uint64_t elements = 0;
  for (const uint64_t count : result.bound_use.counts) elements += count;
  if (elements == 0) return;
  fmt::print("| {} | {} | {} | {} |", result.job.kernel, result.job.target, result.cases, elements);
  for (const uint64_t count : result.bound_use.counts)
    fmt::print(" {:.3g} % |", 100.0 * static_cast<double>(count) / static_cast<double>(elements));
  fmt::print(" {:.3g} |\n", result.bound_use.worst);
}

int main(int argc, char** argv) {
  CampaignOptions options;
  options.cases = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 500;
  options.seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  options.threads = omp_get_max_threads();
  const Harness harness(in_tree_manifests("."), ".");
  CampaignListener quiet;
  fmt::print("| kernel | target | cases | elements | exact |");
  for (size_t i = 1; i < std::size(BoundUse::kEdges); ++i)
    fmt::print(" <= {:g} |", BoundUse::kEdges[i]);
  fmt::print(" beyond | worst |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
  for (const JobResult& result :
       run_campaign(harness, harness.jobs({"right"}, {"all"}), options, false, quiet))
    print(result);
  return 0;
}

}  // namespace
}  // namespace wavefuzz

int main(int argc, char** argv) try {
  return wavefuzz::main(argc, argv);
} catch (const wavefuzz::Error& e) {
  fmt::print(stderr, "bound_benchmark: {}\n", e.what());
  return static_cast<int>(e.exit());
}
