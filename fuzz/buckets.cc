#include "fuzz/buckets.h"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace wavefuzz {
namespace {

/// "ctx, first_page" of "fails for ctx 241..255 (passes at 240); first_page from 9 (passes at 8)".
/// The numbers depend on what else a case has, such as a stride.
std::string axes_of(const std::string& boundary) {
  constexpr std::string_view kFor = "fails for ";
  if (!boundary.starts_with(kFor)) return "";
  std::string axes;
  for (size_t at = kFor.size(); at < boundary.size();) {
    const size_t end = std::min(boundary.find("; ", at), boundary.size());
    axes += boundary.substr(at, boundary.find(' ', at) - at) + ",";
    at = end + 2;
  }
  return axes;
}

}  // namespace

std::string Bucket::boundary() const {
  const auto most = std::max_element(boundaries.begin(), boundaries.end(),
                                     [](auto& a, auto& b) { return a.second < b.second; });
  return most == boundaries.end() ? "" : most->first;
}

std::vector<Bucket> buckets(const Harness& harness, const std::vector<JobResult>& results) {
  std::map<std::tuple<std::string, std::string, std::string>, Bucket> by_key;
  for (const JobResult& r : results) {
    if (!r.job.plant.empty()) continue;
    for (const CampaignFinding& f : r.findings) {
      // What a failure does not depend on differs between kernels by what they claim.
      const std::string boundary = f.boundary.substr(0, f.boundary.find("; independent of"));
      const std::string& op = harness.manifest(r.job.kernel).op;
      const std::string kind = signature(f.shrunk.verdict);
      Bucket& bucket = by_key[{op, kind, axes_of(boundary)}];
      bucket.op = op;
      bucket.signature = kind;
      ++bucket.boundaries[boundary];
      bucket.kernels[r.job.kernel].insert(r.job.target);
    }
  }
  std::vector<Bucket> all;
  for (auto& [key, bucket] : by_key) all.push_back(std::move(bucket));
  std::stable_sort(all.begin(), all.end(), [](const Bucket& a, const Bucket& b) {
    return a.kernels.size() > b.kernels.size();
  });
  return all;
}

}  // namespace wavefuzz
