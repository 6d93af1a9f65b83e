#ifndef WAVEFUZZ_FUZZ_REPORT_MODEL_H_
#define WAVEFUZZ_FUZZ_REPORT_MODEL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/report/picture.h"
#include "fuzz/search/zoo.h"
#include "fuzz/store/campaign_store.h"
#include "gpu/targets/target.h"

namespace wavefuzz {

/// A finding with everything that a report says of it.
struct ReportFinding {
  Job job;
  uint64_t case_index = 0;
  std::string signature;
  std::string message;           ///< of the first finding of the verdict
  std::vector<Finding> details;  ///< all of them; empty when it was never shrunk
  std::string drawn, shrunk;     ///< the cases in a line each; the second empty when there is none
  std::string shrinking;         ///< how it was shrunk and confirmed
  std::string boundary;          ///< from where to where it goes; empty where that was not sought
  std::optional<Boundary> bounds = {};  ///< the same as data
  Case smallest;
  std::string replay;       ///< command
  std::string location;     ///< the kernel's manifest, as SARIF has it: a relative path or a URI
  std::string history;      ///< of a planted bug: the issues of the like
  std::string known;        ///< the name that the ledger has for it; empty: none
  std::string link;         ///< and where that is told
  bool regression = false;  ///< the ledger has it as fixed
  std::string map;          ///< an SVG of the verdicts around it; empty: was not drawn
  std::string map_says;     ///< which axes it shows

  // What running it again has shown.
  std::string not_run;                ///< why it was not run again; empty: it was
  bool alike = false;                 ///< it failed with the same signature
  std::string now;                    ///< the verdict where it did not
  std::map<std::string, bool> gates;  ///< by name, whether the peer's gate passes it
  std::vector<Picture> pictures;
  std::string program;  ///< the code object and symbol of the listing
  int64_t pc = 0;       ///< of the instruction at fault
  std::vector<ListingLine> listing;
  std::vector<std::string> notes;  ///< the bound term by term, where non-finite values came from

  /// The first of the verdict; null when that was never kept.
  const Finding* first() const { return details.empty() ? nullptr : &details.front(); }
  bool planted() const { return !job.plant.empty(); }
  /// Known and expected.
  bool is_known() const { return !known.empty() && !regression; }
  /// "known: NAME, LINK", "regression: NAME, LINK"; empty for none.
  std::string ledger_words() const;
};

/// One program of a job and what of it ran.
struct ReportProgram {
  std::string object, symbol;
  size_t edges = 0;
  ProgramCoverage coverage;  ///< unreached blocks: the longest few, the longest first
  size_t unreached = 0;      ///< how many there are
};

/// A kernel, or a planted bug, on a target.
struct ReportJob {
  JobResult result;
  std::vector<ReportProgram> programs;
  std::string no_coverage;  ///< why `programs` is empty; may be empty
  std::string planted;      ///< of a planted bug: what it is
  int rank = 0;             ///< its place among the historical bugs (Plant::rank)

  size_t edges() const;
  /// Percent of all instructions of its programs; nothing when it is not known.
  std::optional<double> covered() const;
};

/// What all formats are written from.
struct ReportModel {
  CampaignRecord campaign;
  std::vector<ReportJob> jobs;
  std::vector<ReportFinding> findings;   ///< those against kernels that should be right first
  std::optional<CampaignRecord> before;  ///< the campaign before it of the same share
  CampaignChange change;                 ///< against that one
  /// The campaigns of the same share up to this one, the oldest first, with what changed.
  std::vector<std::pair<CampaignRecord, CampaignChange>> nights;
  std::optional<ZooScore> score;     ///< of the planted bugs, where there were any
  std::string database;              ///< as the user named it
  std::vector<std::string> folders;  ///< that locations are relative to, the first that they lie in

  size_t right_findings() const;
  size_t known_findings() const;  ///< of those
  size_t news() const { return right_findings() - known_findings(); }
  /// The findings of a job.
  std::vector<const ReportFinding*> of(const Job& job) const;
};

/// `file` as seen from the first of the folders that it lies in, as SARIF has it: a relative path
/// or a URI.
std::string location(const std::string& file, const std::vector<std::string>& folders);

/// A place in the source that a finding speaks of.
struct SourcePlace {
  const char* role;                      ///< "source", "loaded at", "other access"
  const std::vector<SourceLine>* lines;  ///< never empty
  std::string text() const;  ///< "kernel.hip:12:7 in load, inlined at kernel.hip:40:3 in kernel"
};
/// The instruction's own first; empty where the code object does not tell.
std::vector<SourcePlace> source_places(const Finding& finding);

/// Whole documents.
std::string html_report(const ReportModel& model);
std::string junit_report(const ReportModel& model);
std::string sarif_report(const ReportModel& model);
std::string jsonl_report(const ReportModel& model);
std::string markdown_report(const ReportModel& model);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_REPORT_MODEL_H_
