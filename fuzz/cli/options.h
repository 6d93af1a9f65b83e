#ifndef WAVEFUZZ_FUZZ_CLI_OPTIONS_H_
#define WAVEFUZZ_FUZZ_CLI_OPTIONS_H_

#include <omp.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "fuzz/cli/session.h"
#include "fuzz/cli/terminal.h"
#include "fuzz/search/campaign.h"
#include "fuzz/search/harness.h"
#include "gpu/roots.h"

namespace wavefuzz {

/// What several commands have; a command's own options extend one of these.
struct Options {
  std::string program;             ///< what the user typed to get here
  std::vector<std::string> words;  ///< the command line as it was given
  bool json = false;
  int threads = omp_get_max_threads();

  std::vector<std::string> manifests;           ///< instead of those of the tree
  std::vector<std::string> objects;             ///< KERNEL[/LAUNCH]=FILE: in a manifest's place
  std::string root;                             ///< empty: the runfiles
  std::map<std::string, std::string> external;  ///< ExternalRoot::name -> folder
};

/// Of commands that are given a case.
struct CaseArguments : Options {
  std::string file;
  std::string case_text;
};

/// Of commands that write findings into a folder.
struct FolderArguments : Options {
  std::string out = "wavefuzz-out";
  bool inline_cases = false;
  bool quiet = false;
};

/// Of commands that run a campaign.
struct CampaignArguments : FolderArguments {
  std::vector<std::string> kernels = {"all"};
  std::vector<std::string> targets = {"all"};
  std::string seed = "1";
  uint64_t cases = 0;
  double seconds = 0;
  bool no_shrink = false;
  std::string search;  ///< empty: guided, unless it is a shard
  uint64_t shard = 0;
  uint64_t shards = 1;
};

// The options of these on a command line.
void add_json(CLI::App& app, Options& options);
void add_roots(CLI::App& app, Options& options);
void add_threads(CLI::App& app, Options& options);
void add_manifest(CLI::App& app, Options& options);
/// Manifests, code objects, roots and --json: what it takes to find kernels.
void add_kernels(CLI::App& app, Options& options);
void add_campaign(CLI::App& app, CampaignArguments& options);
void add_search(CLI::App& app, CampaignArguments& options);

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
CampaignOptions campaign_options(const CampaignArguments& options);
CampaignReport make_report(const Harness& harness, const FolderArguments& options,
                           const Ledger* ledger = nullptr, double seconds = 0);
/// The case that the command line gives, as a file or as text.
Case given_case(const CaseArguments& options);
/// A command's first line.
void print_version(const Options& options, uint64_t seed);
/// What a command that ran one case ends with.
Exit exit_of(const Verdict& verdict);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_OPTIONS_H_
