#ifndef WAVEFUZZ_FUZZ_SEARCH_BUCKETS_H_
#define WAVEFUZZ_FUZZ_SEARCH_BUCKETS_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "fuzz/search/campaign.h"

namespace wavefuzz {

/// Findings that are likely one fault: kernels of one operator and origin that fail alike, in like
/// instructions, with boundaries along the same axes.
struct Bucket {
  std::string family;  ///< the operator, and where the kernels come from: "mla_decode", "... (hsa)"
  std::string signature;
  std::string instruction;  ///< the mnemonic of the one at fault; may be empty
  /// "fails for ctx 241..255 (passes at 240 and 256)", with the findings of each.
  std::map<std::string, uint64_t> boundaries;
  std::map<std::string, std::set<std::string>> kernels;  ///< with the targets of each

  /// The boundary of most findings; may be empty.
  std::string boundary() const;
};

/// The findings against kernels as they should be, those of most kernels first.
std::vector<Bucket> buckets(const Harness& harness, const std::vector<JobResult>& results);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_BUCKETS_H_
