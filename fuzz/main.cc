// The wavefuzz command. One function for each subcommand; exit codes as in gpu/error.h.
#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <tuple>

#include "fuzz/audit_command.h"
#include "fuzz/campaign.h"
#include "fuzz/campaign_store.h"
#include "fuzz/corpus.h"
#include "fuzz/harness.h"
#include "fuzz/history_command.h"
#include "fuzz/manifest_command.h"
#include "fuzz/paths.h"
#include "fuzz/report.h"
#include "fuzz/scenario_command.h"
#include "fuzz/version.h"
#include "fuzz/zoo.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

std::atomic<bool> interrupted = false;

extern "C" void on_signal(int signal) {
  interrupted = true;
  std::signal(signal, SIG_DFL);  // a second one ends the process at once
}

struct Options {
  std::string command;  // what the user typed to get here
  std::vector<std::string> manifests;
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
  std::vector<std::string> words;  // the command line as it was given
  bool json = false;
  bool quiet = false;
  bool inline_cases = false;
  bool no_shrink = false;
  uint64_t shard = 0;
  uint64_t shards = 1;
  std::string database;  // empty: in the folder for findings
  bool resume = false;
  uint64_t most = 8;

  std::string op = "all";
  std::string arch = "all";
  std::string file;
  std::string case_text;
  std::string other_kernel;
  std::string other_target;
  NewManifestOptions skeleton;
  SmokeOptions smoke;
  int64_t only = -1;
  bool markdown = false;
};

/// Failing cases of a planted bug that the gates of peers are asked about, for each target.
constexpr uint64_t kGateFailures = 50;

/// Where text goes: beside the one document on standard output when that was asked for.
std::FILE* text_out(const Options& options) { return options.json ? stderr : stdout; }

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<std::string> in_tree_manifests(const std::string& root) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(root) / "gpu/manifests")) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// The folders given: by option, or else by environment.
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

std::string tree_of(const Options& options) {
  return options.root.empty() ? runfiles_root() : user_path(options.root);
}

Exit manifest_check(const Options& options) {
  const std::string root = tree_of(options);
  std::vector<std::string> files;
  for (const std::string& manifest : options.manifests) files.push_back(user_path(manifest));
  const bool in_tree = files.empty();
  if (in_tree) files = in_tree_manifests(root);
  return manifest_check_command(files, in_tree ? root : "", roots_of(options, root), options.smoke,
                                options.json);
}

Harness make_harness(const Options& options) {
  const std::string root = tree_of(options);
  std::vector<std::string> files;
  for (const std::string& manifest : options.manifests) files.push_back(user_path(manifest));
  return Harness(files.empty() ? in_tree_manifests(root) : files, roots_of(options, root));
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

/// The options by which another run finds the same kernels.
std::string harness_arguments(const Options& options) {
  std::string arguments;
  for (const std::string& manifest : options.manifests)
    arguments += " --manifest=" + shell_word(manifest);
  if (!options.root.empty()) arguments += " --root=" + shell_word(options.root);
  for (const ExternalRoot& root : kExternalRoots) {
    if (const auto it = options.external.find(root.name);
        it != options.external.end() && !it->second.empty())
      arguments += fmt::format(" {}={}", root.option, shell_word(it->second));
  }
  return arguments;
}

CampaignReport make_report(const Harness& harness, const Options& options) {
  return CampaignReport(harness, {.out = text_out(options),
                                  .folder = user_path(options.out),
                                  .shown_folder = options.out,
                                  .command = options.command,
                                  .arguments = harness_arguments(options),
                                  .inline_cases = options.inline_cases,
                                  .quiet = options.quiet});
}

CampaignOptions campaign_options(const Options& options) {
  CampaignOptions campaign;
  campaign.seed = parse_seed(options.seed);
  campaign.first_case = options.shard;
  campaign.case_stride = options.shards;
  campaign.cases = options.cases;
  campaign.seconds = options.seconds;
  campaign.threads = options.threads;
  if (options.no_shrink) campaign.shrink.steps = 0;
  return campaign;
}

void print_version(const Options& options, uint64_t seed) {
  fmt::print(text_out(options), "wavefuzz {}, seed {}, {} thread{}\n", kVersion, seed,
             options.threads, options.threads == 1 ? "" : "s");
}

/// Replays every corpus file of the operator of each job's kernel on that kernel: what ever broke
/// one build of an operator is worth trying on every other. Returns the exit code that the corpus
/// alone would mean.
Exit replay_corpus(const Harness& harness, const std::vector<Job>& jobs, const Options& options,
                   CampaignReport& report) {
  Exit exit = Exit::kClean;
  std::FILE* out = text_out(options);
  size_t replayed = 0;
  for (const std::string& folder : options.corpus) {
    for (const std::string& file : corpus_files(user_path(folder))) {
      if (interrupted) return exit;
      CorpusEntry entry;
      try {
        entry = read_corpus_file(file);
      } catch (const Error& e) {
        // One bad file must not keep the others from being tried.
        fmt::print(stderr, "wavefuzz: {}\n", e.what());
        if (exit == Exit::kClean) exit = e.exit();
        continue;
      }
      for (const Job& job : jobs) {
        if (harness.manifest(job.kernel).op != entry.c.op) continue;
        Case c = entry.c;
        c.kernel = job.kernel;
        c.plant = job.plant;
        c.target = job.target;
        const Verdict verdict = harness.evaluate(c);
        ++replayed;
        if (verdict.status != Status::kFail) continue;
        report.report(job, "corpus file " + file, c, verdict);
        exit = Exit::kFindings;
      }
    }
  }
  if (!options.corpus.empty())
    fmt::print(out, "corpus: {} case{} replayed\n", replayed, replayed == 1 ? "" : "s");
  return exit;
}

nlohmann::ordered_json suspects_json(const JobResult& result) {
  nlohmann::ordered_json suspects = nlohmann::ordered_json::array();
  for (const SuspectCase& s : result.suspects)
    suspects.push_back(
        {{"case_index", s.case_index}, {"message", s.message}, {"case", to_json(s.c)}});
  return suspects;
}

/// The file as this process sees it.
std::string database_path(const Options& options) {
  if (!options.database.empty()) return user_path(options.database);
  return (std::filesystem::path(user_path(options.out)) / "campaigns.sqlite").string();
}

/// The memory of campaigns. Where there is no room for it the campaign runs all the same, and
/// remembers nothing.
CampaignStore open_store(const Options& options) {
  try {
    return CampaignStore(database_path(options));
  } catch (const Error& e) {
    if (e.exit() != Exit::kInternal || options.resume) throw;
    fmt::print(stderr, "wavefuzz: {}; the campaign will not be remembered\n", e.what());
    return CampaignStore(":memory:");
  }
}

/// The command that goes on with this campaign.
std::string resume_command(const Options& options) {
  std::string command = options.command;
  for (const std::string& word : options.words) {
    if (word != "--resume") command += " " + shell_word(word);
  }
  return command + (options.words.empty() ? " fuzz --resume" : " --resume");
}

Exit fuzz(const Options& options) {
  const Harness harness = make_harness(options);
  CampaignOptions campaign = campaign_options(options);
  if (campaign.cases == 0 && campaign.seconds == 0) campaign.seconds = 60;
  // A short campaign shows every finding rather than the smallest case of a few.
  if (campaign.seconds != 0)
    campaign.shrink.seconds = std::min(campaign.shrink.seconds, campaign.seconds / 200);
  print_version(options, campaign.seed);
  const std::vector<Job> jobs = harness.jobs(options.kernels, options.targets);
  if (jobs.empty()) return Exit::kNothingRan;

  campaign.coverage = true;
  CampaignReport report = make_report(harness, options);
  CampaignStore store = open_store(options);
  const CampaignKey key = {campaign.seed, campaign.first_case, campaign.case_stride};
  std::vector<JobResult> earlier;
  std::FILE* out = text_out(options);
  if (options.resume) {
    if (!store.resume(key)) {
      throw Error(Exit::kUsage,
                  fmt::format("--resume: {} has no unfinished campaign with seed {}, shard {}/{}",
                              database_path(options), key.seed, key.first_case, key.case_stride));
    }
    uint64_t cases = 0;
    for (const Job& job : jobs) {
      earlier.push_back(store.load(job).value_or(JobResult()));
      cases += earlier.back().cases;
    }
    fmt::print(out, "resumed after {} cases, {:.1f} s\n", cases, store.seconds());
    for (const JobResult& r : earlier) {
      for (const CampaignFinding& f : r.findings) report.earlier(f);
    }
  } else {
    store.begin(key);
  }
  const double start = now();
  Exit exit = replay_corpus(harness, jobs, options, report);
  StoringListener listener(store, report);
  const std::vector<JobResult> results =
      run_campaign(harness, jobs, campaign, interrupted, listener, earlier, store.seconds());
  listener.finish(results, store.seconds() + now() - start, interrupted);
  print_summary(out, harness, results, store.seconds() + now() - start);
  if (interrupted) fmt::print(out, "interrupted; to go on: {}\n", resume_command(options));

  bool some_ran_nothing = false;
  nlohmann::ordered_json json = {
      {"version", kVersion}, {"seed", campaign.seed}, {"jobs", nlohmann::ordered_json::array()}};
  for (const JobResult& r : results) {
    nlohmann::ordered_json findings = nlohmann::ordered_json::array();
    const auto [executed, instructions] = covered(harness, r);
    for (const CampaignFinding& f : r.findings) {
      nlohmann::ordered_json item = verdict_json(f.shrunk.smallest, f.shrunk.verdict);
      item["case_index"] = f.case_index;
      item["repro"] = report.replay_command(f);
      findings.push_back(item);
      exit = Exit::kFindings;
    }
    const auto& by = r.by_status;
    some_ran_nothing |= !by.contains(Status::kPass) && !by.contains(Status::kWeak) &&
                        !by.contains(Status::kSuspect) && r.findings.empty();
    json["jobs"].push_back({{"kernel", kernel_name(r.job)},
                            {"target", r.job.target},
                            {"cases", r.cases},
                            {"instructions_executed", executed},
                            {"instructions", instructions},
                            {"suspects", suspects_json(r)},
                            {"unsupported", r.unsupported},
                            {"known", r.known},
                            {"findings", findings}});
  }
  if (options.json) std::cout << json.dump(1) << "\n";
  if (exit == Exit::kClean && some_ran_nothing) return Exit::kNothingRan;
  return exit;
}

/// Runs every planted bug until it is found: the proof that the gate can fail.
Exit zoo(const Options& options) {
  const Harness harness = make_harness(options);
  CampaignOptions campaign = campaign_options(options);
  if (campaign.cases == 0) campaign.cases = 2000;
  print_version(options, campaign.seed);
  std::vector<std::string> kernels = options.kernels;
  std::replace(kernels.begin(), kernels.end(), std::string("all"), std::string("planted"));
  std::vector<Job> jobs = harness.jobs(kernels, options.targets);
  std::erase_if(jobs, [](const Job& job) { return job.plant.empty(); });
  if (jobs.empty()) return Exit::kNothingRan;
  if (options.gates) {
    const std::vector<GateScore> scores = gate_scores(harness, jobs, campaign.seed, campaign.cases,
                                                      kGateFailures, campaign.threads, interrupted);
    if (options.json) {
      std::cout << gates_json(scores).dump(1) << "\n";
    } else {
      fmt::print("{}", gates_markdown(harness, scores));
    }
    return Exit::kClean;
  }

  CampaignReport report = make_report(harness, options);
  const std::vector<JobResult> results = run_campaign(harness, jobs, campaign, interrupted, report);
  if (options.json) {
    std::cout << zoo_json(harness, results, report.replay_commands()).dump(1) << "\n";
  } else {
    print_zoo(stdout, harness, results);
  }
  const ZooScore score = zoo_score(harness, results);
  return score.killed == score.planted ? Exit::kClean : Exit::kInternal;
}

Case given_case(const Options& options) {
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

/// The case on another kernel or target than its own, where that was asked for.
Case redirected(Case c, const Options& options) {
  if (!options.other_kernel.empty()) {
    std::tie(c.kernel, c.plant) = split_kernel_name(options.other_kernel);
  }
  if (!options.other_target.empty()) c.target = options.other_target;
  return c;
}

Exit exit_of(Status status) {
  switch (status) {
    case Status::kPass:
    case Status::kWeak:
    case Status::kSuspect:
      return Exit::kClean;
    case Status::kFail:
      return Exit::kFindings;
    case Status::kRefused:
    case Status::kUnsupported:
      break;
  }
  return Exit::kNothingRan;
}

Exit run(const Options& options) {
  const Harness harness = make_harness(options);
  const Case c = redirected(given_case(options), options);
  const Verdict verdict = harness.evaluate(c, {.explain = options.explain, .gates = options.gates});
  if (options.json) {
    nlohmann::ordered_json json = verdict_json(c, verdict);
    if (options.explain) json["explain"] = verdict.notes;
    if (options.gates) json["gates"] = verdict.gates;
    std::cout << json.dump(1) << "\n";
  } else {
    fmt::print("wavefuzz {}, seed {}\n", kVersion, c.seed);
    print_verdict(stdout, harness, c, verdict);
    if (options.explain && verdict.notes.empty()) fmt::print("  no non-finite value arose\n");
    if (options.gates) print_gates(stdout, verdict);
  }
  return exit_of(verdict.status);
}

Exit replay(const Options& options) {
  const Harness harness = make_harness(options);
  const CorpusEntry entry = read_corpus_file(user_path(options.file));
  const Verdict verdict = harness.evaluate(entry.c);
  const bool same = verdict.status == Status::kFail && signature(verdict) == entry.signature;
  if (options.json) {
    nlohmann::ordered_json json = verdict_json(entry.c, verdict);
    json["reproduced"] = same;
    std::cout << json.dump(1) << "\n";
  } else {
    fmt::print("wavefuzz {}, seed {}\n", kVersion, entry.c.seed);
    print_verdict(stdout, harness, entry.c, verdict);
    fmt::print("{}: {}\n", same ? "reproduced" : "not reproduced", entry.signature);
  }
  return exit_of(verdict.status);
}

Exit shrink_file(const Options& options) {
  const Harness harness = make_harness(options);
  const Case c = given_case(options);
  const Verdict verdict = harness.evaluate(c);
  print_version(options, c.seed);
  if (verdict.status != Status::kFail) {
    print_verdict(stdout, harness, c, verdict);
    return exit_of(verdict.status);
  }
  CampaignReport report = make_report(harness, options);
  const Job job = {c.kernel, c.plant, c.target};
  report.report(job, options.file, c, verdict);
  const Shrunk shrunk =
      shrink(harness, shrink_tree(harness, c), verdict, {}, options.threads, interrupted);
  report.on_finding({job, 0, c, shrunk, confirm(harness, shrunk)});
  return Exit::kFindings;
}

Exit history(const Options& options) {
  if (!std::filesystem::exists(database_path(options)))
    throw Error(Exit::kUsage, database_path(options) + ": no such file");
  CampaignStore store(database_path(options));
  return history_command(store, options.json);
}

Exit coverage(const Options& options) {
  if (!std::filesystem::exists(database_path(options)))
    throw Error(Exit::kUsage, database_path(options) + ": no such file");
  const Harness harness = make_harness(options);
  CampaignStore store(database_path(options));
  return coverage_command(harness, store, harness.jobs(options.kernels, options.targets),
                          options.most, options.json);
}

Exit list(const Options& options) {
  const Harness harness = make_harness(options);
  nlohmann::ordered_json json = {{"version", kVersion},
                                 {"targets", target_names()},
                                 {"kernels", nlohmann::ordered_json::array()}};
  for (const auto& [kernel, m] : harness.manifests()) {
    nlohmann::ordered_json plants = nlohmann::ordered_json::array();
    for (const Plant& p : m.plants) {
      plants.push_back({{"name", kernel + "+" + p.name},
                        {"summary", p.summary},
                        {"history", p.history},
                        {"note", p.note}});
    }
    json["kernels"].push_back({{"name", kernel},
                               {"operator", m.op},
                               {"summary", m.summary},
                               {"arches", m.arches},
                               {"planted", plants}});
  }
  if (options.json) {
    std::cout << json.dump(1) << "\n";
    return Exit::kClean;
  }
  fmt::print("wavefuzz {}\ntargets: {}\n", kVersion, fmt::join(target_names(), ", "));
  for (const auto& [kernel, m] : harness.manifests()) {
    fmt::print("{}\n    {}\n", kernel, m.summary);
    for (const Plant& p : m.plants)
      fmt::print("{}+{}\n    planted: {}\n", kernel, p.name, p.summary);
  }
  return Exit::kClean;
}

Exit audit_tables(const Options& options) {
  const Roots roots =
      roots_of(options, options.root.empty() ? runfiles_root() : user_path(options.root));
  const auto hsa = roots.external.find("hsa");
  std::string arguments = harness_arguments(options);
  if (options.external.at("hsa").empty() && hsa != roots.external.end())
    arguments += " --hsa=" + shell_word(hsa->second);  // given by environment
  return audit_command(make_harness(options), roots,
                       {.hsa = hsa == roots.external.end() ? "" : hsa->second,
                        .arch = options.arch,
                        .op = options.op,
                        .json = options.json,
                        .seconds = options.seconds,
                        .seed = parse_seed(options.seed),
                        .folder = user_path(options.out),
                        .shown_folder = options.out,
                        .command = options.command,
                        .arguments = arguments},
                       interrupted);
}

Exit scenario(const Options& options) {
  const Harness harness = make_harness(options);
  if (!options.json && !options.markdown) print_version(options, 0);
  return scenario_command(
      harness,
      {.file = user_path(options.file),
       .tree = options.root.empty() ? runfiles_root() : user_path(options.root),
       .only = options.only < 0 ? std::nullopt : std::optional(static_cast<uint64_t>(options.only)),
       .json = options.json,
       .markdown = options.markdown,
       .explain = options.explain,
       .threads = options.threads,
       .command = options.command,
       .shown_file = options.file,
       .arguments = harness_arguments(options)},
      interrupted);
}

int main(int argc, char** argv) {
  Options options;
  options.command = command_prefix(argv[0]);
  options.words.assign(argv + 1, argv + argc);
  CLI::App app(
      "wavefuzz finds the inputs that break an FP8 attention kernel, on a machine without a GPU.\n"
      "With no arguments: a 60-second campaign over every kernel in the tree, planted bugs "
      "included.\n"
      "Exit: 0 clean, 1 findings, 2 usage, 3 internal or self-check, 4 nothing ran, 5 target "
      "unavailable.");
  app.set_version_flag("--version", std::string("wavefuzz ") + kVersion);
  app.require_subcommand(0, 1);

  const auto places = [&](CLI::App* sub) {
    sub->add_option("--root", options.root,
                    "Folder that code object paths of manifests start from");
    for (const ExternalRoot& root : kExternalRoots) {
      sub->add_option(root.option, options.external[root.name],
                      fmt::format("Where {} is (or {})", root.what, root.environment));
    }
    sub->add_flag("--json", options.json,
                  "One JSON document on standard output and nothing else there");
  };
  const auto common = [&](CLI::App* sub) {
    sub->add_option("--manifest", options.manifests,
                    "Kernel manifests, instead of those in the tree")
        ->check(CLI::ExistingFile);
    places(sub);
  };
  const auto campaign = [&](CLI::App* sub) {
    common(sub);
    sub->add_option("--kernel", options.kernels,
                    "Kernels: NAME, NAME+PLANTED, right, planted, or all (planted bugs on one "
                    "target only)")
        ->delimiter(',')
        ->capture_default_str();
    sub->add_option("--target", options.targets, "Targets: sim:gfx942, sim:gfx950, or all")
        ->delimiter(',')
        ->capture_default_str();
    sub->add_option("--seed", options.seed, "Campaign seed, or 'random'")->capture_default_str();
    sub->add_option("--cases", options.cases, "Cases for each kernel and target");
    sub->add_option("--threads", options.threads, "Threads; the result does not depend on them")
        ->check(CLI::Range(1, 1024))
        ->capture_default_str();
    sub->add_option("--out", options.out, "Folder for findings")->capture_default_str();
    sub->add_flag("--inline-cases", options.inline_cases,
                  "Replay commands hold the case itself, not its file");
    sub->add_flag("--no-shrink", options.no_shrink, "Keep findings as they were drawn");
    sub->add_flag("--quiet", options.quiet, "No progress lines");
  };

  CLI::App* fuzz_app = app.add_subcommand(
      "fuzz", "Look for failures until cases or time run out (default: 60 seconds)");
  campaign(fuzz_app);
  fuzz_app->add_option("--seconds", options.seconds, "Time for the whole campaign")
      ->check(CLI::NonNegativeNumber);
  fuzz_app->add_option("--corpus", options.corpus,
                       "Known failures (files, or folders of them), replayed first");
  fuzz_app->add_option("--shard", options.shard, "This campaign's share of the cases: 0..shards-1");
  fuzz_app->add_option(
      "--db", options.database,
      "Memory of campaigns (default: campaigns.sqlite in the folder for findings)");
  fuzz_app->add_flag("--resume", options.resume,
                     "Go on with the unfinished campaign of this seed and shard");
  fuzz_app->add_option("--shards", options.shards, "Shares the cases are divided into")
      ->check(CLI::PositiveNumber);

  CLI::App* zoo_app =
      app.add_subcommand("zoo", "Run every planted bug until it is found, and print the score");
  campaign(zoo_app);
  zoo_app->add_flag("--gates", options.gates,
                    "Print, as a table, how many of the cases that fail the gates of peers catch");

  CLI::App* run_app = app.add_subcommand("run", "Run one case and print its verdict");
  common(run_app);
  run_app->add_option("file", options.file, "Case or corpus file");
  run_app->add_option("--case", options.case_text, "The case as JSON text");
  run_app->add_option("--kernel", options.other_kernel, "Run it on this kernel instead");
  run_app->add_option("--target", options.other_target, "Run it on this target instead");
  run_app->add_flag("--gates", options.gates, "Also print what the gates of peers would have said");
  run_app->add_flag("--explain", options.explain,
                    "Name the instruction and operands that made the first NaN, +inf and -inf");

  CLI::App* replay_app =
      app.add_subcommand("replay", "Run a corpus file and say whether it fails as recorded");
  common(replay_app);
  replay_app->add_option("file", options.file, "Corpus file")->required();

  CLI::App* shrink_app = app.add_subcommand("shrink", "Make a failing case smaller");
  common(shrink_app);
  shrink_app->add_option("file", options.file, "Case or corpus file")->required();
  shrink_app
      ->add_option("--threads", options.threads, "Threads; the result does not depend on them")
      ->check(CLI::Range(1, 1024));
  shrink_app->add_option("--out", options.out, "Folder for the result")->capture_default_str();

  CLI::App* audit_app = app.add_subcommand(
      "audit", "Hold AITER's choice of kernels against its tables: misrouted shapes, dead rows");
  common(audit_app);
  audit_app->add_option("--arch", options.arch, "gfx942, gfx950 or all")
      ->check(CLI::IsMember({"gfx942", "gfx950", "all"}))
      ->capture_default_str();
  audit_app->add_option("--op", options.op, "pa, mla or all")
      ->check(CLI::IsMember({"pa", "mla", "all"}))
      ->capture_default_str();
  audit_app
      ->add_option("--seconds", options.seconds,
                   "Time to run doubtful shapes in the simulator, on kernels with a manifest")
      ->check(CLI::NonNegativeNumber);
  audit_app->add_option("--seed", options.seed, "Of the cases that are run")->capture_default_str();
  audit_app->add_option("--out", options.out, "Folder for cases that fail")->capture_default_str();
  CLI::App* scenario_app = app.add_subcommand(
      "scenario", "Run the cases of a scenario and compare each verdict with the expected one");
  common(scenario_app);
  scenario_app->add_option("file", options.file, "Scenario file, or the name of one in the tree")
      ->required();
  scenario_app->add_option("--only", options.only, "Run this case alone, and print its verdict")
      ->check(CLI::NonNegativeNumber);
  scenario_app->add_flag("--explain", options.explain, "With --only: as run --explain");
  scenario_app->add_flag("--markdown", options.markdown, "Print the tables as Markdown");
  scenario_app
      ->add_option("--threads", options.threads, "Threads; the result does not depend on them")
      ->check(CLI::Range(1, 1024));

  CLI::App* history_app = app.add_subcommand(
      "history", "List campaigns, and what each found that the one before had not");
  CLI::App* coverage_app = app.add_subcommand(
      "coverage", "Say how much of each kernel the latest campaign ran, and what it never reached");
  common(coverage_app);
  coverage_app->add_option("--kernel", options.kernels, "Kernels")->delimiter(',');
  coverage_app->add_option("--target", options.targets, "Targets")->delimiter(',');
  coverage_app->add_option("--most", options.most, "Unreached blocks listed of each program")
      ->capture_default_str();
  history_app->add_flag("--json", options.json, "One JSON document on standard output");
  for (CLI::App* sub : {history_app, coverage_app}) {
    sub->add_option("--out", options.out, "Folder for findings")->capture_default_str();
    sub->add_option("--db", options.database, "Memory of campaigns");
  }

  CLI::App* describe_app =
      app.add_subcommand("describe", "Print an operator's documentation (Markdown)");
  describe_app->add_option("operator", options.op, "Operator, as `list` shows them")->required();

  CLI::App* manifest_app = app.add_subcommand("manifest", "Write and check kernel manifests");
  manifest_app->require_subcommand(1);
  CLI::App* check_app = manifest_app->add_subcommand(
      "check",
      "Compare manifests with their code objects and operators, and run a handful of small cases");
  check_app->add_option("file", options.manifests, "Manifests; none: those in the tree")
      ->check(CLI::ExistingFile);
  places(check_app);
  check_app->add_option("--cases", options.smoke.cases, "Small cases to run for each arch")
      ->capture_default_str();
  CLI::App* new_app = manifest_app->add_subcommand(
      "new", "Print a manifest as far as a code object's metadata can fill it");
  new_app->add_option("object", options.skeleton.object, "Code object (.co, .hsaco)")
      ->required()
      ->check(CLI::ExistingFile);
  new_app->add_option("--symbol", options.skeleton.symbol, "Kernel in it, where it has several");
  new_app->add_option("--operator", options.skeleton.op,
                      "What it computes, as `list` shows it: binds what is named alike");
  new_app
      ->add_option("--names", options.skeleton.names,
                   "Names of the arguments in order, where the object has none (Triton's)")
      ->delimiter(',');

  CLI::App* list_app = app.add_subcommand("list", "List kernels, planted bugs and targets");
  common(list_app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? static_cast<int>(Exit::kClean) : static_cast<int>(Exit::kUsage);
  }

  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  try {
    Exit exit = Exit::kClean;
    if (*zoo_app) {
      exit = zoo(options);
    } else if (*run_app) {
      exit = run(options);
    } else if (*replay_app) {
      exit = replay(options);
    } else if (*shrink_app) {
      exit = shrink_file(options);
    } else if (*history_app) {
      exit = history(options);
    } else if (*coverage_app) {
      exit = coverage(options);
    } else if (*audit_app) {
      exit = audit_tables(options);
    } else if (*scenario_app) {
      exit = scenario(options);
    } else if (*describe_app) {
      fmt::print("{}", markdown(find_operator(options.op).page()));
    } else if (*check_app) {
      exit = manifest_check(options);
    } else if (*new_app) {
      exit = manifest_new_command(options.skeleton, in_tree_manifests(runfiles_root()));
    } else if (*list_app) {
      exit = list(options);
    } else {
      exit = fuzz(options);
    }
    return static_cast<int>(exit);
  } catch (const Error& e) {
    fmt::print(stderr, "wavefuzz: {}\n", e.what());
    return static_cast<int>(e.exit());
  } catch (const std::exception& e) {
    fmt::print(stderr, "wavefuzz: internal error: {}\n", e.what());
    return static_cast<int>(Exit::kInternal);
  }
}

}  // namespace
}  // namespace wavefuzz

int main(int argc, char** argv) { return wavefuzz::main(argc, argv); }
