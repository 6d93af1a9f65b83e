#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "fuzz/case/plural.h"
#include "fuzz/cli/commands.h"
#include "fuzz/cli/options.h"
#include "fuzz/cli/paths.h"
#include "fuzz/manifest/check.h"
#include "fuzz/manifest/new.h"
#include "fuzz/operators/operator.h"

namespace wavefuzz {
namespace {

struct CheckOptions : Options {
  SmokeOptions smoke;
};

void declare_check(CLI::App& app, CheckOptions& options) {
  app.add_option("file", options.manifests, "Manifests; none: those in the tree")
      ->check(CLI::ExistingFile);
  add_roots(app, options);
  add_json(app, options);
  app.add_option("--cases", options.smoke.cases, "Small cases to run for each arch, at most")
      ->capture_default_str();
  app.add_option("--seconds", options.smoke.seconds,
                 "Time for a file's small cases and what explains those that fail; its kernels "
                 "share it, and have 3 s each at least")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Kernels of a file that are checked at once")
      ->capture_default_str();
}

struct NewOptions : Options {
  std::string object, symbol, op;
  std::vector<std::string> names;
};

void declare_new(CLI::App& app, NewOptions& options) {
  app.add_option("object", options.object, "Code object (.co, .hsaco)")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--symbol", options.symbol, "Kernel in it, where it has several");
  app.add_option("--operator", options.op,
                 "What it computes, as `list` shows it: binds what is named alike");
  add_json(app, options);
  app.add_option("--names", options.names,
                 "Names of the arguments in order, where the object has none (Triton's)")
      ->delimiter(',');
}

nlohmann::ordered_json to_json(const ManifestReport& report) {
  nlohmann::ordered_json remarks = nlohmann::ordered_json::array();
  for (const Remark& r : report.remarks)
    remarks.push_back({{"note", r.note}, {"field", r.field}, {"message", r.message}});
  return {{"file", report.file},           {"kernel", report.kernel},
          {"agrees", !report.disagrees()}, {"unavailable", report.unavailable},
          {"kernels", report.kernels},     {"cases", report.cases},
          {"failed", report.failed},       {"seconds", report.seconds},
          {"budget", report.budget},       {"remarks", remarks}};
}

void print(const ManifestReport& report) {
  size_t disagreements = 0;
  const std::string file =
      report.variant ? fmt::format("{}: {}", report.file, report.kernel) : report.file;
  for (const Remark& r : report.remarks) {
    disagreements += !r.note;
    fmt::print("{}: {}{}: {}\n", file, r.note ? "note: " : "", r.field, r.message);
  }
  if (disagreements != 0) {
    fmt::print("{}: {}\n", file, plural(disagreements, "disagreement"));
  } else if (!report.unavailable.empty()) {
    fmt::print("{}: names are known; not compared with its code objects: {}\n", file,
               report.unavailable);
  } else {
    fmt::print("{}: agrees with {} of its code objects", file,
               plural(report.kernels, "launch", "launches"));
    if (report.cases != 0) {
      fmt::print("; {} of {} small cases pass ({:.1f} s, of {:.0f} s for cases)",
                 report.cases - report.failed, report.cases, report.seconds, report.budget);
    }
    fmt::print("\n");
  }
}

/// Names files as below the tree, where they are its own. kFindings when one disagrees with its
/// kernel, kTargetUnavailable when the code objects of one are not at hand.
Exit check(const CheckOptions& options) {
  const std::string root = tree_of(options);
  std::vector<std::string> files;
  for (const std::string& manifest : options.manifests) files.push_back(user_path(manifest));
  const std::string folder = files.empty() ? root : "";
  if (files.empty()) files = in_tree_manifests(root);
  const Roots roots = roots_of(options, root);
  Exit exit = Exit::kClean;
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const std::string& file : files) {
    check_manifest(file, roots, options.smoke, options.threads, [&](ManifestReport report) {
      if (!folder.empty())
        report.file = std::filesystem::path(file).lexically_relative(folder).string();
      if (report.disagrees()) {
        exit = Exit::kFindings;
      } else if (!report.unavailable.empty() && exit == Exit::kClean) {
        exit = Exit::kTargetUnavailable;
      }
      if (options.json) {
        all.push_back(to_json(report));
      } else {
        print(report);
        std::fflush(stdout);
      }
    });
  }
  if (options.json) std::cout << nlohmann::ordered_json({{"manifests", all}}).dump(1) << "\n";
  return exit;
}

Exit print_new(const NewOptions& options) {
  std::vector<Manifest> loaded;
  std::vector<const Manifest*> examples;
  SkeletonOptions skeleton = {
      .object = user_path(options.object), .symbol = options.symbol, .names = options.names};
  if (!options.op.empty()) {
    skeleton.op = &find_operator(options.op);
    for (const std::string& file : in_tree_manifests(runfiles_root())) {
      for (Manifest& m : Manifest::load_all(file))
        if (m.op == options.op) loaded.push_back(std::move(m));
    }
    for (const Manifest& m : loaded) examples.push_back(&m);
  }
  std::vector<std::string> notes;
  const std::string manifest = manifest_skeleton(skeleton, examples, notes);
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"manifest", nlohmann::ordered_json::parse(manifest)},
                                        {"notes", notes}}
                     .dump(1)
              << "\n";
    return Exit::kClean;
  }
  fmt::print("{}", manifest);
  for (const std::string& note : notes) fmt::print(stderr, "note: {}: {}\n", skeleton.object, note);
  return Exit::kClean;
}

}  // namespace

void add_manifest_command(CLI::App& app, Session& session) {
  CLI::App& manifest = *app.add_subcommand("manifest", "Write and check kernel manifests");
  manifest.require_subcommand(1);
  manifest.preparse_callback([&session](size_t) { session.keeps_what_it_has = false; });
  add_command(
      manifest, session, "check",
      "Compare manifests with their code objects and operators, and run a handful of small cases",
      declare_check, check);
  add_command(manifest, session, "new",
              "Print a manifest as far as a code object's metadata can fill it", declare_new,
              print_new);
}

}  // namespace wavefuzz
