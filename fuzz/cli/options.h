#ifndef WAVEFUZZ_FUZZ_CLI_OPTIONS_H_
#define WAVEFUZZ_FUZZ_CLI_OPTIONS_H_

#include <omp.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "fuzz/cli/manifest_command.h"
#include "fuzz/cli/terminal.h"
#include "fuzz/search/campaign.h"
#include "fuzz/search/harness.h"
#include "gpu/roots.h"

namespace wavefuzz {

/// The command line, as every subcommand reads its part of it.
struct Options {
  std::string command;  // what the user typed to get here
  std::vector<std::string> manifests;
  std::vector<std::string> objects;  // KERNEL[/LAUNCH]=FILE: in the place of a manifest's
  std::string root;
  std::map<std::string, std::string> external;  // ExternalRoot::name -> folder
  std::vector<std::string> kernels = {"all"};
  std::vector<std::string> targets = {"all"};
  std::string seed = "1";
  uint64_t cases = 0;
  double seconds = 0;
  bool explain = false;
  bool gates = false;
  int threads = omp_get_max_threads();
  std::string out = "wavefuzz-out";
  std::vector<std::string> corpus;
  uint64_t corpus_least = 0;       // cases of it that must run
  std::vector<std::string> words;  // the command line as it was given
  bool json = false;
  bool quiet = false;
  bool inline_cases = false;
  bool no_shrink = false;
  std::string search;  // empty: guided, unless it is a shard
  uint64_t shard = 0;
  uint64_t shards = 1;
  std::string database;  // empty: in the folder for findings
  bool resume = false;
  uint64_t most = 8;
  std::string ledger;  // of known faults; empty: that of the tree

  std::string op = "all";
  std::string arch = "all";
  std::string file;
  std::vector<std::string> inputs;     // of a merge
  std::vector<std::string> files;      // builds of regress
  std::string launch;                  // that they are of
  std::string axes, svg, png;          // of a map
  std::vector<std::string> only_axes;  // of a boundary
  std::string case_text;
  std::string other_kernel;
  std::string other_target;
  NewManifestOptions skeleton;
  SmokeOptions smoke;
  int64_t only = -1;
  bool markdown = false;
  bool schema = false;

  std::string html, junit, sarif, jsonl, markdown_file;  // where reports go
  int64_t campaign = -1;                                 // negative: the latest
  double rerun_seconds = 60;
  double map_seconds = 0;
};

/// Ctrl-C: what runs ends soon, with what it has.
extern std::atomic<bool> interrupted;

/// Where text goes: beside the one document on standard output when that was asked for.
std::FILE* text_out(const Options& options);

/// The folder of in-tree manifests and code objects.
std::string tree_of(const Options& options);
/// The folders given: by option, or else by environment. Throws Error(kUsage) for what is none.
Roots roots_of(const Options& options, const std::string& tree);
/// A file, or a path with the stand-ins of manifests, such as {arch}.
bool names_object(const std::string& path);
Harness make_harness(const Options& options);
/// The options by which another run finds the same kernels.
std::string harness_arguments(const Options& options);

/// Throws Error(kUsage) for what is neither a number nor "random".
uint64_t parse_seed(const std::string& text);
/// How many of so many cases are the shard's.
uint64_t share_of(uint64_t cases, uint64_t shard, uint64_t shards);
CampaignOptions campaign_options(const Options& options);
CampaignReport make_report(const Harness& harness, const Options& options,
                           const Ledger* ledger = nullptr);
/// The case that the command line gives, as a file or as text.
Case given_case(const Options& options);
/// A command's first line.
void print_version(const Options& options, uint64_t seed);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_OPTIONS_H_
