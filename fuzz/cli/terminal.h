#ifndef WAVEFUZZ_FUZZ_CLI_TERMINAL_H_
#define WAVEFUZZ_FUZZ_CLI_TERMINAL_H_

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fuzz/cli/progress.h"
#include "fuzz/search/campaign.h"
#include "fuzz/store/ledger.h"

namespace wavefuzz {

/// The command that replays a finding's file in `folder`, and the one that holds the case itself.
/// `arguments` follow, such as --manifest.
std::string replay_file_command(const std::string& command, const std::string& folder,
                                const std::string& file, const std::string& arguments);
std::string run_case_command(const std::string& command, const Case& c,
                             const std::string& arguments);

/// The verdict of one case as `run --json` and `replay --json` print it.
/// What depends on results that are not exact, a line for each of the first `most`; nothing where
/// none was asked for, or none does.
void print_inexact(std::FILE* out, const Verdict& verdict, const char* indent, size_t most);

nlohmann::ordered_json verdict_json(const Case& c, const Verdict& verdict);

/// The verdict of one case as `run` and `replay` print it.
void print_verdict(std::FILE* out, const Harness& harness, const Case& c, const Verdict& verdict);

/// Which gates of peers would have passed the case and which not. They have no say in the verdict.
void print_gates(std::FILE* out, const Verdict& verdict);

/// A campaign's findings on the terminal and on disk. Every failure is stored and its replay
/// command printed before it is shrunk; the shrunk case then takes the same file's place, so that a
/// command once printed goes on working.
class CampaignReport : public CampaignListener {
 public:
  struct Options {
    std::FILE* out = stdout;
    std::string folder;         ///< where findings are stored, as this process sees it
    std::string shown_folder;   ///< the same, as the user wrote it
    std::string command;        ///< what stands in front of arguments of a command to copy
    std::string arguments;      ///< what has to follow them, such as --manifest
    bool inline_cases = false;  ///< commands hold the case itself, for logs that outlive the folder
    bool quiet = false;         ///< no progress lines
    const Ledger* ledger = nullptr;  ///< known faults; outlives the report
    double seconds = 0;              ///< that the campaign has; 0: no limit
  };
  CampaignReport(const Harness& harness, Options options);

  /// Stores and prints a failure; `origin` says where the case is from ("case 19", a file).
  void report(const Job& job, const std::string& origin, const Case& c, const Verdict& verdict);

  /// A finding of the same campaign in an earlier process.
  void earlier(const CampaignFinding& finding);

  void on_failure(const Job& job, uint64_t case_index, const Case& c,
                  const Verdict& verdict) override;
  void on_finding(const CampaignFinding& finding) override;
  void on_result(const JobResult& result, bool found, double seconds) override;
  void on_progress(const std::vector<JobResult>& results, double seconds) override;

  /// The commands that replay the findings of this campaign, by case_id of the shrunk case.
  const std::map<std::string, std::string>& replay_commands() const { return replay_commands_; }
  /// The one of a finding.
  const std::string& replay_command(const CampaignFinding& finding) const;

 private:
  std::string store(const std::string& file, const Case& c, const Verdict& verdict);
  void clear_progress();

  const Harness& harness_;
  const Options options_;
  const bool terminal_;
  const bool colour_;
  std::string file_;  // of the failure at hand
  Progress progress_;
  double last_progress_ = 0;
  int lines_shown_ = 0;  // of the status, which the next one takes the place of
  bool storing_failed_ = false;
  std::map<std::string, std::string> replay_commands_;  // by case id of the shrunk case
};

/// The table of what ran and what broke.
void print_summary(std::FILE* out, const Harness& harness, const std::vector<JobResult>& results,
                   double seconds, const Ledger& ledger);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_TERMINAL_H_
