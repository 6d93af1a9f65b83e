// The parts that html.cc puts together. All text in them is escaped; the document is well-formed
// XML too, so that any parser reads it.
#ifndef WAVEFUZZ_FUZZ_REPORT_HTML_PARTS_H_
#define WAVEFUZZ_FUZZ_REPORT_HTML_PARTS_H_

#include <string>
#include <vector>

#include "fuzz/report/model.h"

namespace wavefuzz {

extern const char* const kStyle;

/// A finding: what it is and how to replay it at once, the rest folded (`open`: not).
std::string finding_html(const ReportFinding& finding, const std::string& id, bool open);

/// Numbers over campaigns as a line with its latest value, and what the points are.
std::string trend_html(const std::string& title, const std::vector<double>& values,
                       const std::vector<std::string>& labels);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_REPORT_HTML_PARTS_H_
