#include "fuzz/cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "fuzz/case/plural.h"
#include "fuzz/cli/paths.h"
#include "fuzz/store/version.h"
#include "gpu/error.h"

namespace wavefuzz {

std::atomic<bool> interrupted = false;

namespace {

constexpr const char* kThreads = "Threads; the result does not depend on them";

}  // namespace

void add_json(CLI::App& app, Options& options) {
  app.add_flag("--json", options.json,
               "One JSON document on standard output and nothing else there");
}

void add_roots(CLI::App& app, Options& options) {
  app.add_option("--root", options.root, "Folder that code object paths of manifests start from");
  for (const ExternalRoot& root : kExternalRoots) {
    app.add_option(root.option, options.external[root.name],
                   fmt::format("Where {} is (or {})", root.what, root.environment));
  }
}

void add_threads(CLI::App& app, Options& options) {
  app.add_option("--threads", options.threads, kThreads)
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
}

void add_manifest(CLI::App& app, Options& options) {
  app.add_option("--manifest", options.manifests, "Kernel manifests, instead of those in the tree")
      ->check(CLI::ExistingFile);
}

void add_kernels(CLI::App& app, Options& options) {
  add_manifest(app, options);
  app.add_option("--object", options.objects,
                 "KERNEL=FILE or KERNEL/LAUNCH=FILE: this code object in the manifest's place; "
                 "FILE may hold its stand-ins, such as {arch}");
  add_roots(app, options);
  add_json(app, options);
}

void add_campaign(CLI::App& app, CampaignArguments& options) {
  add_kernels(app, options);
  app.add_option("--kernel", options.kernels,
                 "Kernels: NAME, NAME+PLANTED, patterns of them, right, planted, or all (planted "
                 "bugs on one target only)")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--target", options.targets, "Targets: sim:gfx942, sim:gfx950, or all")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Campaign seed, or 'random'")->capture_default_str();
  app.add_option("--cases", options.cases, "Cases for each kernel and target, over all shards");
  add_threads(app, options);
  app.add_option("--out", options.out, "Folder for findings")->capture_default_str();
  app.add_flag("--inline-cases", options.inline_cases,
               "Replay commands hold the case itself, not its file");
  app.add_flag("--no-shrink", options.no_shrink, "Keep findings as they were drawn");
  app.add_flag("--quiet", options.quiet, "No progress lines");
}

void add_search(CLI::App& app, CampaignArguments& options) {
  app.add_option("--search", options.search,
                 "drawn: case n follows from seed and n; guided: one case in three is aimed by "
                 "what earlier ones told (default: guided, and drawn for shards)")
      ->check(CLI::IsMember({"guided", "drawn"}));
}

std::FILE* text_out(const Options& options) { return options.json ? stderr : stdout; }

std::string tree_of(const Options& options) {
  return options.root.empty() ? runfiles_root() : user_path(options.root);
}

Roots roots_of(const Options& options, const std::string& tree) {
  Roots roots(tree);
  for (const ExternalRoot& root : kExternalRoots) {
    std::string folder;
    if (const auto it = options.external.find(root.name);
        it != options.external.end() && !it->second.empty()) {
      folder = it->second;
    } else if (const char* text = std::getenv(root.environment); text != nullptr) {
      folder = text;
    }
    if (folder.empty()) continue;
    folder = user_path(folder);
    if (!std::filesystem::is_directory(folder)) {
      throw Error(Exit::kUsage, fmt::format("{} (or {}): '{}' is no folder", root.option,
                                            root.environment, folder));
    }
    roots.external[root.name] = folder;
  }
  return roots;
}

bool names_object(const std::string& path) {
  return path.find('{') != std::string::npos || std::filesystem::is_regular_file(path);
}

namespace {

std::vector<ReplacedObject> replaced_objects(const Options& options) {
  std::vector<ReplacedObject> list;
  for (const std::string& text : options.objects) {
    const size_t equals = text.find('=');
    const std::string file = equals == std::string::npos ? "" : user_path(text.substr(equals + 1));
    if (equals == 0 || !names_object(file)) {
      throw Error(Exit::kUsage,
                  fmt::format("--object: '{}' is not KERNEL=FILE or KERNEL/LAUNCH=FILE", text));
    }
    const std::string kernel = text.substr(0, equals);
    const size_t slash = kernel.find('/');
    list.push_back({kernel.substr(0, slash),
                    slash == std::string::npos ? "" : kernel.substr(slash + 1),
                    std::filesystem::absolute(file).string()});
  }
  return list;
}

}  // namespace

Harness make_harness(const Options& options) {
  const std::string root = tree_of(options);
  std::vector<std::string> files;
  for (const std::string& manifest : options.manifests) files.push_back(user_path(manifest));
  return Harness(files.empty() ? in_tree_manifests(root) : files, roots_of(options, root),
                 replaced_objects(options));
}

std::string harness_arguments(const Options& options) {
  std::string arguments;
  for (const std::string& manifest : options.manifests)
    arguments += " --manifest=" + shell_word(manifest);
  for (const std::string& object : options.objects) arguments += " --object=" + shell_word(object);
  if (!options.root.empty()) arguments += " --root=" + shell_word(options.root);
  for (const ExternalRoot& root : kExternalRoots) {
    if (const auto it = options.external.find(root.name);
        it != options.external.end() && !it->second.empty())
      arguments += fmt::format(" {}={}", root.option, shell_word(it->second));
  }
  return arguments;
}

uint64_t parse_seed(const std::string& text) {
  if (text == "random") return std::random_device{}();
  uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    throw Error(Exit::kUsage,
                fmt::format("--seed must be a number from 0 or 'random', is '{}'", text));
  }
  return seed;
}

uint64_t share_of(uint64_t cases, uint64_t shard, uint64_t shards) {
  return cases <= shard ? 0 : (cases - shard + shards - 1) / shards;
}

CampaignOptions campaign_options(const CampaignArguments& options) {
  if (options.shard >= options.shards) {
    throw Error(Exit::kUsage, fmt::format("--shard={}: there are {} of them, from 0", options.shard,
                                          options.shards));
  }
  CampaignOptions campaign;
  campaign.seed = parse_seed(options.seed);
  campaign.first_case = options.shard;
  campaign.case_stride = options.shards;
  campaign.cases = share_of(options.cases, options.shard, options.shards);
  campaign.seconds = options.seconds;
  campaign.threads = options.threads;
  // Shards that draw add up to exactly what one campaign does; guided ones go their own ways.
  const bool guided = options.search.empty() ? options.shards == 1 : options.search == "guided";
  campaign.search = guided ? Search::kGuided : Search::kDrawn;
  if (options.no_shrink) campaign.shrink.steps = 0;
  return campaign;
}

CampaignReport make_report(const Harness& harness, const FolderArguments& options,
                           const Ledger* ledger, double seconds) {
  return CampaignReport(harness, {.out = text_out(options),
                                  .folder = user_path(options.out),
                                  .shown_folder = options.out,
                                  .command = options.program,
                                  .arguments = harness_arguments(options),
                                  .inline_cases = options.inline_cases,
                                  .quiet = options.quiet,
                                  .ledger = ledger,
                                  .seconds = seconds});
}

void print_version(const Options& options, uint64_t seed) {
  fmt::print(text_out(options), "wavefuzz {}, seed {}, {}\n", kVersion, seed,
             plural(options.threads, "thread"));
}

Case given_case(const CaseArguments& options) {
  if (options.file.empty() == options.case_text.empty()) {
    throw Error(Exit::kUsage, "give a case: either a file or --case=JSON");
  }
  nlohmann::json json;
  std::string source = "--case";
  if (options.file.empty()) {
    json = nlohmann::json::parse(options.case_text, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) throw Error(Exit::kUsage, "--case: not JSON");
  } else {
    source = user_path(options.file);
    json = load_json(source);
  }
  return read_case(JsonView(json, source));
}

Exit exit_of(const Verdict& verdict) {
  switch (verdict.status) {
    case Status::kPass:
    case Status::kWeak:
    case Status::kSuspect:
      return Exit::kClean;
    case Status::kFail:
      return is_of(signature(verdict), FindingKind::kInternalError) ? Exit::kInternal
                                                                    : Exit::kFindings;
    case Status::kRefused:
    case Status::kUnsupported:
    case Status::kTooLarge:
      break;
  }
  return Exit::kNothingRan;
}

}  // namespace wavefuzz
