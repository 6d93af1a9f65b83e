#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/database.h"
#include "fuzz/cli/known_faults.h"
#include "fuzz/cli/options.h"
#include "fuzz/cli/paths.h"
#include "fuzz/judge/corpus.h"
#include "fuzz/report/build.h"
#include "fuzz/store/campaign_store.h"

namespace wavefuzz {

namespace fs = std::filesystem;

namespace {

struct ReportOptions : FolderArguments {
  std::string html, junit, sarif, jsonl, markdown;  // where they go
  std::string database;
  int64_t campaign = -1;  // negative: the latest
  double rerun_seconds = 60;
  double map_seconds = 0;
  size_t most = 8;
  std::string ledger;
};

void declare(CLI::App& app, ReportOptions& options) {
  add_manifest(app, options);
  add_roots(app, options);
  app.add_flag("--json", options.json, "What was written, as JSON on standard output");
  app.add_option("--out", options.out, "Folder for findings")->capture_default_str();
  app.add_option("--db", options.database, "Memory of campaigns");
  app.add_option("--campaign", options.campaign,
                 "Its number, as `history` shows it (default: the latest)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--html", options.html, "One self-contained page");
  app.add_option("--junit", options.junit, "JUnit XML, for Jenkins and GitLab");
  app.add_option("--sarif", options.sarif, "SARIF 2.1.0, for code scanning");
  app.add_option("--jsonl", options.jsonl, "A line of JSON for each job and finding");
  app.add_option("--markdown", options.markdown, "A summary for a pull request");
  app.add_option("--seconds", options.rerun_seconds, "Time to run findings again in")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--maps", options.map_seconds,
                 "Seconds to draw a map of the verdicts around each finding in (default: none)")
      ->check(CLI::NonNegativeNumber);
  add_ledger(app, options.ledger);
  add_threads(app, options);
  app.add_option("--most", options.most, "Unreached blocks listed of each program")
      ->capture_default_str();
  app.add_flag("--inline-cases", options.inline_cases,
               "Replay commands hold the case itself, not its file");
}

Exit report(const ReportOptions& options) {
  struct Format {
    const char* option;
    const std::string& file;
    std::string (*write)(const ReportModel&);
  };
  const Format formats[] = {
      {"--html", options.html, html_report},
      {"--junit", options.junit, junit_report},
      {"--sarif", options.sarif, sarif_report},
      {"--jsonl", options.jsonl, jsonl_report},
      {"--markdown", options.markdown, markdown_report},
  };
  bool any = false;
  for (const Format& f : formats) any |= !f.file.empty();
  if (!any) {
    throw Error(Exit::kUsage,
                "report: give at least one of --html, --junit, --sarif, --jsonl, --markdown=FILE");
  }

  CampaignStore store = existing_store(options.database, options.out);
  if (options.campaign < 0 ? !store.latest() : !store.select(options.campaign)) {
    throw Error(
        options.campaign < 0 ? Exit::kNothingRan : Exit::kUsage,
        options.campaign < 0
            ? fmt::format("{}: has no campaigns", database_path(options.database, options.out))
            : fmt::format("--campaign: {} has no campaign {}",
                          database_path(options.database, options.out), options.campaign));
  }
  const Harness harness = make_harness(options);
  const Ledger ledger = ledger_of(options, options.ledger);
  const std::string arguments = harness_arguments(options);
  const fs::path folder = user_path(options.out);
  const ReportModel model = build_report(
      harness, store,
      {.replay =
           [&](const Case& drawn, const Case& smallest) {
             const std::string file = finding_file(drawn);
             return options.inline_cases || !fs::exists(folder / file)
                        ? run_case_command(options.program, smallest, arguments)
                        : replay_file_command(options.program, options.out, file, arguments);
           },
       .database = options.database.empty() ? (fs::path(options.out) / "campaigns.sqlite").string()
                                            : options.database,
       .tree = tree_of(options),
       .here = user_path("."),
       .seconds = options.rerun_seconds,
       .most = options.most,
       .ledger = &ledger,
       .map_seconds = options.map_seconds,
       .threads = options.threads},
      interrupted);
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const Format& f : formats) {
    if (f.file.empty()) continue;
    const std::string text = f.write(model);
    write_file(user_path(f.file), text);
    files.push_back({{"format", f.option + 2}, {"file", f.file}, {"bytes", text.size()}});
    if (!options.json) fmt::print("{}: {} bytes\n", f.file, text.size());
  }
  if (options.json) std::cout << nlohmann::ordered_json{{"files", files}}.dump(1) << "\n";
  return Exit::kClean;
}

}  // namespace

void add_report_command(CLI::App& app, Session& session) {
  add_command(app, session, "report",
              "Write a campaign as files: HTML, JUnit XML, SARIF, JSON lines, Markdown", declare,
              report);
}

}  // namespace wavefuzz
