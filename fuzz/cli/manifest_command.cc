#include "fuzz/cli/manifest_command.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "fuzz/case/plural.h"
#include "fuzz/cli/paths.h"
#include "fuzz/manifest/check.h"
#include "fuzz/manifest/new.h"
#include "fuzz/operators/operator.h"

namespace wavefuzz {
namespace {

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

}  // namespace

Exit manifest_check_command(const std::vector<std::string>& files, const std::string& folder,
                            const Roots& roots, const SmokeOptions& smoke, int threads, bool json) {
  Exit exit = Exit::kClean;
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const std::string& file : files) {
    check_manifest(file, roots, smoke, threads, [&](ManifestReport report) {
      if (!folder.empty())
        report.file = std::filesystem::path(file).lexically_relative(folder).string();
      if (report.disagrees()) {
        exit = Exit::kFindings;
      } else if (!report.unavailable.empty() && exit == Exit::kClean) {
        exit = Exit::kTargetUnavailable;
      }
      if (json) {
        all.push_back(to_json(report));
      } else {
        print(report);
        std::fflush(stdout);
      }
    });
  }
  if (json) std::cout << nlohmann::ordered_json({{"manifests", all}}).dump(1) << "\n";
  return exit;
}

Exit manifest_new_command(const NewManifestOptions& options,
                          const std::vector<std::string>& in_tree_manifests) {
  std::vector<Manifest> loaded;
  std::vector<const Manifest*> examples;
  SkeletonOptions skeleton = {
      .object = user_path(options.object), .symbol = options.symbol, .names = options.names};
  if (!options.op.empty()) {
    skeleton.op = &find_operator(options.op);
    for (const std::string& file : in_tree_manifests) {
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

}  // namespace wavefuzz
