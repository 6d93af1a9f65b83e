#include "fuzz/search/buckets.h"

#include <algorithm>
#include <tuple>

namespace wavefuzz {
namespace {

/// The axes that bound a failure, and how. The numbers depend on what else a case has, such as a
/// stride.
std::string axes_of(const std::optional<Boundary>& boundary) {
  std::string axes;
  if (!boundary) return axes;
  for (const AxisBoundary& a : boundary->axes) {
    if (a.bounded()) axes += a.axis + ",";
  }
  return axes;
}

/// Its registers differ between kernels.
std::string mnemonic(const Finding& finding) {
  return finding.instruction.substr(0, finding.instruction.find(' '));
}

std::string family(const Manifest& manifest) {
  const std::string& root = manifest.launches.front().root;
  return root.empty() ? manifest.op : manifest.op + " (" + root + ")";
}

}  // namespace

std::string Bucket::boundary() const {
  const auto most = std::max_element(boundaries.begin(), boundaries.end(),
                                     [](auto& a, auto& b) { return a.second < b.second; });
  return most == boundaries.end() ? "" : most->first;
}

std::vector<Bucket> buckets(const Harness& harness, const std::vector<JobResult>& results) {
  std::map<std::tuple<std::string, std::string, std::string, std::string>, Bucket> by_key;
  for (const JobResult& r : results) {
    if (!r.job.plant.empty()) continue;
    for (const CampaignFinding& f : r.findings) {
      // What a failure does not depend on differs between kernels by what they claim.
      const std::string boundary = f.boundary ? f.boundary->bounds() : "";
      const std::string family = wavefuzz::family(harness.manifest(r.job.kernel));
      // Where the instructions of a race stand differs between kernels, too.
      const Finding& first = f.shrunk.verdict.findings.front();
      const std::string kind =
          first.kind == FindingKind::kDataRace ? std::string(name(first.kind)) : signature(first);
      const std::string instruction = mnemonic(first);
      Bucket& bucket = by_key[{family, kind, instruction, axes_of(f.boundary)}];
      bucket.family = family;
      bucket.signature = kind;
      bucket.instruction = instruction;
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
