#include "fuzz/cli/report_command.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "fuzz/cli/fuzz_command.h"
#include "fuzz/cli/ledger_command.h"
#include "fuzz/cli/paths.h"
#include "fuzz/judge/corpus.h"
#include "fuzz/report/build.h"
#include "fuzz/store/campaign_store.h"

namespace wavefuzz {

namespace fs = std::filesystem;

Exit report_command(const Options& options) {
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
      {"--markdown", options.markdown_file, markdown_report},
  };
  bool any = false;
  for (const Format& f : formats) any |= !f.file.empty();
  if (!any) {
    throw Error(Exit::kUsage,
                "report: give at least one of --html, --junit, --sarif, --jsonl, --markdown=FILE");
  }

  CampaignStore store = existing_store(options);
  if (options.campaign < 0 ? !store.latest() : !store.select(options.campaign)) {
    throw Error(options.campaign < 0 ? Exit::kNothingRan : Exit::kUsage,
                options.campaign < 0 ? fmt::format("{}: has no campaigns", database_path(options))
                                     : fmt::format("--campaign: {} has no campaign {}",
                                                   database_path(options), options.campaign));
  }
  const Harness harness = make_harness(options);
  const Ledger ledger = ledger_of(options);
  const std::string arguments = harness_arguments(options);
  const fs::path folder = user_path(options.out);
  const ReportModel model = build_report(
      harness, store,
      {.replay =
           [&](const Case& drawn, const Case& smallest) {
             const std::string file = finding_file(drawn);
             return options.inline_cases || !fs::exists(folder / file)
                        ? run_case_command(options.command, smallest, arguments)
                        : replay_file_command(options.command, options.out, file, arguments);
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

}  // namespace wavefuzz
