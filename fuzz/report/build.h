#ifndef WAVEFUZZ_FUZZ_REPORT_BUILD_H_
#define WAVEFUZZ_FUZZ_REPORT_BUILD_H_

#include <atomic>
#include <functional>
#include <string>

#include "fuzz/report/model.h"
#include "fuzz/search/harness.h"
#include "fuzz/store/campaign_store.h"
#include "fuzz/store/ledger.h"

namespace wavefuzz {

struct ReportOptions {
  /// The command that replays a finding, from the case as it was drawn and the smallest.
  std::function<std::string(const Case& drawn, const Case& smallest)> replay;
  std::string database;            ///< for messages
  std::string tree = {};           ///< locations below it are relative to it
  std::string here = {};           ///< and else to this folder
  double seconds = 60;             ///< for running findings again
  uint64_t most = 8;               ///< unreached blocks of each program
  const Ledger* ledger = nullptr;  ///< known faults
  double map_seconds = 0;          ///< for drawing the verdicts around findings; 0: none are drawn
  int threads = 1;
};

/// What there is to say of the campaign that `store` stands at. Findings are run again for what the
/// database does not hold; where that cannot be (an object that is not there, a kernel without a
/// manifest, no time left), the finding says so and the report goes on. Throws Error(kUsage) for a
/// database that does not hold what it should.
ReportModel build_report(const Harness& harness, CampaignStore& store, const ReportOptions& options,
                         const std::atomic<bool>& interrupted);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_REPORT_BUILD_H_
