// The wavefuzz command line; exit codes as in gpu/error.h.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "fuzz/cli/boundary_command.h"
#include "fuzz/cli/commands.h"
#include "fuzz/cli/fuzz_command.h"
#include "fuzz/cli/ledger_command.h"
#include "fuzz/cli/manifest_command.h"
#include "fuzz/cli/merge_command.h"
#include "fuzz/cli/options.h"
#include "fuzz/cli/paths.h"
#include "fuzz/cli/regress_command.h"
#include "fuzz/cli/report_command.h"
#include "fuzz/operators/operator.h"
#include "fuzz/store/version.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

extern "C" void on_signal(int signal) {
  interrupted = true;
  std::signal(signal, SIG_DFL);  // a second one ends the process at once
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

  const auto roots = [&](CLI::App* sub) {
    sub->add_option("--root", options.root,
                    "Folder that code object paths of manifests start from");
    for (const ExternalRoot& root : kExternalRoots) {
      sub->add_option(root.option, options.external[root.name],
                      fmt::format("Where {} is (or {})", root.what, root.environment));
    }
  };
  const auto places = [&](CLI::App* sub) {
    roots(sub);
    sub->add_flag("--json", options.json,
                  "One JSON document on standard output and nothing else there");
  };
  const auto common = [&](CLI::App* sub) {
    sub->add_option("--manifest", options.manifests,
                    "Kernel manifests, instead of those in the tree")
        ->check(CLI::ExistingFile);
    sub->add_option("--object", options.objects,
                    "KERNEL=FILE or KERNEL/LAUNCH=FILE: this code object in the manifest's place; "
                    "FILE may hold its stand-ins, such as {arch}");
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
    sub->add_option("--cases", options.cases, "Cases for each kernel and target, over all shards");
    sub->add_option("--threads", options.threads, "Threads; the result does not depend on them")
        ->check(CLI::Range(1, 1024))
        ->capture_default_str();
    sub->add_option("--out", options.out, "Folder for findings")->capture_default_str();
    sub->add_flag("--inline-cases", options.inline_cases,
                  "Replay commands hold the case itself, not its file");
    sub->add_flag("--no-shrink", options.no_shrink, "Keep findings as they were drawn");
    sub->add_flag("--quiet", options.quiet, "No progress lines");
  };

  const auto search = [&](CLI::App* sub) {
    sub->add_option("--search", options.search,
                    "drawn: case n follows from seed and n; guided: one case in three is aimed by "
                    "what earlier ones told (default: guided, and drawn for shards)")
        ->check(CLI::IsMember({"guided", "drawn"}));
  };

  CLI::App* fuzz_app = app.add_subcommand(
      "fuzz", "Look for failures until cases or time run out (default: 60 seconds)");
  campaign(fuzz_app);
  search(fuzz_app);
  fuzz_app->add_option("--seconds", options.seconds, "Time for the whole campaign")
      ->check(CLI::NonNegativeNumber);
  fuzz_app->add_option("--corpus", options.corpus,
                       "Known failures (files, or folders of them), replayed first");
  fuzz_app->add_option("--corpus-least", options.corpus_least,
                       "Fail unless so many cases of the corpus run, inside the claims");
  const auto ledger_option = [&](CLI::App* sub) {
    sub->add_option("--ledger", options.ledger,
                    "Known faults (default: corpus/ledger.json of the tree), or 'none'");
  };
  ledger_option(fuzz_app);
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
  search(zoo_app);
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

  CLI::App* boundary_app = app.add_subcommand(
      "boundary", "Say from where to where a failure goes, along each axis of its case");
  CLI::App* map_app =
      app.add_subcommand("map", "Draw the verdicts of a failing case moved along one or two axes");
  for (CLI::App* sub : {boundary_app, map_app}) {
    common(sub);
    sub->add_option("file", options.file, "Case or corpus file")->required();
    sub->add_option("--threads", options.threads, "Threads; the result does not depend on them")
        ->check(CLI::Range(1, 1024));
  }
  boundary_app->add_option("--axis", options.only_axes, "These axes alone")->delimiter(',');
  boundary_app->add_option("--seconds", options.seconds, "For each axis; 3")
      ->check(CLI::PositiveNumber);
  map_app->add_option("--axes", options.axes, "NAME:FIRST..LAST[,NAME:FIRST..LAST]: across, down")
      ->required();
  map_app->add_option("--svg", options.svg, "Write an SVG picture there, not text");
  map_app->add_option("--png", options.png, "Write a PNG picture there, not text");

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

  CLI::App* regress_app = app.add_subcommand(
      "regress", "Say what a newer build of a kernel does differently; of several, the first bad");
  campaign(regress_app);
  regress_app
      ->add_option("build", options.files,
                   "OLD NEW...: code objects of the kernel, or names as of --kernel")
      ->required();
  regress_app->add_option("--launch", options.launch,
                          "The launch that code objects are of, where the kernel has several");
  regress_app->add_option("--seconds", options.seconds, "Time to draw cases (default: 512 cases)")
      ->check(CLI::NonNegativeNumber);
  regress_app->add_option("--corpus", options.corpus,
                          "Known failures, replayed first (default: those of the tree), or 'none'");

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

  CLI::App* merge_app = app.add_subcommand(
      "merge", "Put the memories of several machines or shards into one, and shards together");
  merge_app->add_option("out", options.file, "The memory that the others are put into")->required();
  merge_app->add_option("in", options.inputs, "Memories of campaigns")->required();
  merge_app->add_flag("--json", options.json, "One JSON document on standard output");

  CLI::App* report_app = app.add_subcommand(
      "report", "Write a campaign as files: HTML, JUnit XML, SARIF, JSON lines, Markdown");
  report_app
      ->add_option("--manifest", options.manifests,
                   "Kernel manifests, instead of those in the tree")
      ->check(CLI::ExistingFile);
  roots(report_app);
  report_app->add_flag("--json", options.json, "What was written, as JSON on standard output");
  report_app->add_option("--out", options.out, "Folder for findings")->capture_default_str();
  report_app->add_option("--db", options.database, "Memory of campaigns");
  report_app
      ->add_option("--campaign", options.campaign,
                   "Its number, as `history` shows it "
                   "(default: the latest)")
      ->check(CLI::NonNegativeNumber);
  report_app->add_option("--html", options.html, "One self-contained page");
  report_app->add_option("--junit", options.junit, "JUnit XML, for Jenkins and GitLab");
  report_app->add_option("--sarif", options.sarif, "SARIF 2.1.0, for code scanning");
  report_app->add_option("--jsonl", options.jsonl, "A line of JSON for each job and finding");
  report_app->add_option("--markdown", options.markdown_file, "A summary for a pull request");
  report_app->add_option("--seconds", options.rerun_seconds, "Time to run findings again in")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  report_app
      ->add_option("--maps", options.map_seconds,
                   "Seconds to draw a map of the verdicts around each finding in (default: none)")
      ->check(CLI::NonNegativeNumber);
  ledger_option(report_app);
  report_app
      ->add_option("--threads", options.threads, "Threads; the result does not depend on them")
      ->check(CLI::Range(1, 1024));
  report_app->add_option("--most", options.most, "Unreached blocks listed of each program")
      ->capture_default_str();
  report_app->add_flag("--inline-cases", options.inline_cases,
                       "Replay commands hold the case itself, not its file");

  CLI::App* ledger_app =
      app.add_subcommand("ledger", "List the faults that are known by name, or check them");
  ledger_app->require_subcommand(0, 1);
  CLI::App* ledger_check_app = ledger_app->add_subcommand(
      "check", "Replay the cases of known faults: do they still fail, are the fixed ones fixed?");
  ledger_option(ledger_app);
  places(ledger_app);
  ledger_option(ledger_check_app);
  common(ledger_check_app);
  ledger_check_app
      ->add_option("--threads", options.threads, "Threads; the result does not depend on them")
      ->check(CLI::Range(1, 1024));

  CLI::App* describe_app =
      app.add_subcommand("describe", "Print an operator's documentation (Markdown)");
  describe_app->add_option("operator", options.op, "Operator, as `list` shows them")->required();
  describe_app->add_flag("--json", options.json, "One JSON document on standard output");
  describe_app->add_flag("--schema", options.schema, "JSON Schema of a case's parameters");

  CLI::App* manifest_app = app.add_subcommand("manifest", "Write and check kernel manifests");
  manifest_app->require_subcommand(1);
  CLI::App* check_app = manifest_app->add_subcommand(
      "check",
      "Compare manifests with their code objects and operators, and run a handful of small cases");
  check_app->add_option("file", options.manifests, "Manifests; none: those in the tree")
      ->check(CLI::ExistingFile);
  places(check_app);
  check_app->add_option("--cases", options.smoke.cases, "Small cases to run for each arch, at most")
      ->capture_default_str();
  check_app
      ->add_option("--seconds", options.smoke.seconds,
                   "Time for a file's small cases and what explains those that fail; its kernels "
                   "share it, and have 3 s each at least")
      ->capture_default_str();
  check_app->add_option("--threads", options.threads, "Kernels of a file that are checked at once")
      ->capture_default_str();
  CLI::App* new_app = manifest_app->add_subcommand(
      "new", "Print a manifest as far as a code object's metadata can fill it");
  new_app->add_option("object", options.skeleton.object, "Code object (.co, .hsaco)")
      ->required()
      ->check(CLI::ExistingFile);
  new_app->add_option("--symbol", options.skeleton.symbol, "Kernel in it, where it has several");
  new_app->add_option("--operator", options.skeleton.op,
                      "What it computes, as `list` shows it: binds what is named alike");
  new_app->add_flag("--json", options.json, "One JSON document on standard output");
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

  if (!*manifest_app) {  // which has nothing to lose when it ends at once
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
  }
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
    } else if (*boundary_app) {
      exit = boundary(options);
    } else if (*map_app) {
      exit = map(options);
    } else if (*history_app) {
      exit = history(options);
    } else if (*coverage_app) {
      exit = coverage(options);
    } else if (*merge_app) {
      exit = merge_command(options);
    } else if (*report_app) {
      exit = report_command(options);
    } else if (*ledger_check_app) {
      exit = ledger_check(options);
    } else if (*ledger_app) {
      exit = ledger_list(options);
    } else if (*regress_app) {
      exit = regress(options);
    } else if (*audit_app) {
      exit = audit_tables(options);
    } else if (*scenario_app) {
      exit = scenario(options);
    } else if (*describe_app) {
      exit = describe(options);
    } else if (*check_app) {
      exit = manifest_check(options);
    } else if (*new_app) {
      options.skeleton.json = options.json;
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
