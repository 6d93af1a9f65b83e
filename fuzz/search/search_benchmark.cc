// Guided against drawn search: cases to the first kill of planted bugs, and edges reached in a
// time.
//   ./bazelw run -c opt //fuzz/search:search_benchmark -- [options]
// Each pair is of the same seed. A bug that was not found in --cases counts as found there, which
// favours the search that did not find it.
#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "fuzz/search/campaign.h"
#include "fuzz/search/harness.h"
#include "fuzz/search/parallel.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

struct Options {
  std::vector<std::string> kernels = {"planted"};
  std::string target = "sim:gfx950";
  std::string aiter;
  uint64_t seeds = 20, cases = 1000, rare = 100;
  double seconds = 0;
  int threads = omp_get_max_threads();
};

struct Runs {  // of a job with one search, over the seeds
  std::vector<double> cases;
  size_t missed = 0;

  double mean() const {
    double sum = 0;
    for (const double n : cases) sum += std::log(n);
    return std::exp(sum / static_cast<double>(cases.size()));
  }
};

JobResult run(const Harness& harness, const Job& job, const Options& o, Search search,
              uint64_t seed) {
  CampaignOptions options;
  options.seed = seed;
  options.search = search;
  options.cases = o.seconds > 0 ? 0 : o.cases;
  options.seconds = o.seconds;
  options.threads = 1;
  options.coverage = true;
  options.shrink.steps = 0;
  options.findings_per_job = o.seconds > 0 ? ~size_t{0} : 1;
  CampaignListener quiet;
  return run_campaign(harness, {job}, options, false, quiet).front();
}

/// Cases to the first finding of each job, both ways.
void compare_kills(const Harness& harness, const std::vector<Job>& jobs, const Options& o) {
  struct Row {
    Runs drawn, guided;
  };
  std::vector<Row> rows(jobs.size());
  const auto seeds = static_cast<size_t>(o.seeds);
  for (Row& row : rows) {
    row.drawn.cases.resize(seeds);
    row.guided.cases.resize(seeds);
  }
  size_t done = 0;
  parallel_for(jobs.size() * seeds, o.threads, [&](size_t i) {
    for (const Search search : {Search::kDrawn, Search::kGuided}) {
      const JobResult r = run(harness, jobs[i / seeds], o, search, i % seeds + 1);
      const bool found = !r.findings.empty();
#pragma omp critical
      {
        Runs& runs = search == Search::kDrawn ? rows[i / seeds].drawn : rows[i / seeds].guided;
        runs.cases[i % seeds] =
            static_cast<double>(found ? r.findings.front().case_index + 1 : o.cases);
        runs.missed += !found;
      }
    }
#pragma omp critical
    if (++done % seeds == 0) fmt::print(stderr, "{} of {} bugs\n", done / seeds, jobs.size());
  });
  fmt::print("| bug | drawn | not found | guided | not found | drawn / guided |\n");
  fmt::print("|---|---:|---:|---:|---:|---:|\n");
  double log_sum = 0, worst = INFINITY;
  size_t rare = 0;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const Row& row = rows[i];
    const double ratio = row.drawn.mean() / row.guided.mean();
    worst = std::min(worst, ratio);
    if (row.drawn.mean() > static_cast<double>(o.rare)) {
      ++rare;
      log_sum += std::log(ratio);
    }
    fmt::print("| `{}` | {:.1f} | {} | {:.1f} | {} | {:.2f} |\n", kernel_name(jobs[i]),
               row.drawn.mean(), row.drawn.missed, row.guided.mean(), row.guided.missed, ratio);
  }
  fmt::print(
      "{} seeds, geometric means. Of {} bugs {} need more than {} drawn cases; guided search needs "
      "{:.1f} times fewer for those, and at worst {:.2f} times as many for any\n",
      o.seeds, jobs.size(), rare, o.rare,
      rare == 0 ? 1 : std::exp(log_sum / static_cast<double>(rare)), 1 / worst);
}

/// Edges after a time.
void compare_edges(const Harness& harness, const std::vector<Job>& jobs, const Options& o) {
  std::vector<std::array<JobResult, 2>> results(jobs.size());
  parallel_for(2 * jobs.size(), o.threads, [&](size_t i) {
    results[i / 2][i % 2] =
        run(harness, jobs[i / 2], o, i % 2 == 0 ? Search::kDrawn : Search::kGuided, 1);
  });
  fmt::print(
      "| kernel | drawn: cases | edges | guided: cases | edges |\n|---|---:|---:|---:|---:|\n");
  for (size_t i = 0; i < jobs.size(); ++i) {
    const auto& [drawn, guided] = results[i];
    fmt::print("| `{}` | {} | {} | {} | {} |\n", kernel_name(jobs[i]), drawn.cases, drawn.edges(),
               guided.cases, guided.edges());
  }
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app{"Guided against drawn search"};
  app.add_option("--kernel", o.kernels, "As `wavefuzz fuzz` takes them")->delimiter(',');
  app.add_option("--target", o.target);
  app.add_option("--hsa", o.aiter, "Where the folder 'hsa' of an AITER checkout is");
  app.add_option("--seeds", o.seeds);
  app.add_option("--cases", o.cases, "At most, to a kill");
  app.add_option("--rare", o.rare, "Bugs that need more drawn cases are told apart");
  app.add_option("--seconds", o.seconds, "Compare edges after so long, in place of kills");
  app.add_option("--threads", o.threads);
  CLI11_PARSE(app, argc, argv);
  Roots roots(".");
  if (!o.aiter.empty()) roots.external["hsa"] = o.aiter;
  const Harness harness(in_tree_manifests("."), roots);
  const std::vector<Job> jobs = harness.jobs(o.kernels, {o.target});
  (o.seconds > 0 ? compare_edges : compare_kills)(harness, jobs, o);
  return 0;
}

}  // namespace
}  // namespace wavefuzz

int main(int argc, char** argv) try {
  return wavefuzz::main(argc, argv);
} catch (const wavefuzz::Error& e) {
  fmt::print(stderr, "search_benchmark: {}\n", e.what());
  return static_cast<int>(e.exit());
}
