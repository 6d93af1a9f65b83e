#include "fuzz/store/shards.h"

#include <algorithm>
#include <set>

namespace wavefuzz {
namespace {

/// The index of the first case that the shard has not run.
uint64_t next_case(const ShardResult& s) {
  return s.key.first_case + s.result.cases * s.key.case_stride;
}

/// There is nothing left to run of the job in the shard.
bool ended(const ShardResult& s, const CampaignLimits& limits) {
  return next_case(s) >= limits.cases || !s.result.unsupported.empty() ||
         s.result.findings.size() >= most_findings(s.result.job, limits.findings_per_job);
}

/// The shard whose case lacked something first; the one behind all when none did.
std::vector<ShardResult>::const_iterator first_unsupported(const std::vector<ShardResult>& shards) {
  auto first = shards.end();
  for (auto s = shards.begin(); s != shards.end(); ++s) {
    if (s->result.unsupported.empty()) continue;
    if (first == shards.end() || next_case(*s) < next_case(*first)) first = s;
  }
  return first;
}

/// The limit that the first case ran into of those that are too large.
std::string first_too_large(const std::vector<ShardResult>& shards) {
  std::string first;
  uint64_t at = ~uint64_t{0};
  for (const ShardResult& s : shards) {
    const size_t n = s.statuses.find(letter(Status::kTooLarge));
    if (n == std::string::npos || s.key.first_case + n * s.key.case_stride >= at) continue;
    at = s.key.first_case + n * s.key.case_stride;
    first = s.result.too_large;
  }
  return first;
}

/// The first finding of each signature, in order.
std::vector<CampaignFinding> distinct(std::vector<CampaignFinding> findings, uint64_t most) {
  std::sort(findings.begin(), findings.end(),
            [](const CampaignFinding& a, const CampaignFinding& b) {
              return a.case_index < b.case_index;
            });
  std::set<std::string> seen;
  std::erase_if(findings, [&](const CampaignFinding& f) {
    return seen.size() >= most || !seen.insert(signature(f.shrunk.verdict)).second;
  });
  return findings;
}

Status status_of(char c) {
  for (const Status s : kStatuses) {
    if (letter(s) == c) return s;
  }
  return Status::kUnsupported;
}

/// The verdicts of cases 0..end-1, each from the shard that it belongs to; fewer where one is
/// missing.
std::string interleave(const std::vector<ShardResult>& shards, uint64_t count, uint64_t end) {
  std::vector<const std::string*> of(count, nullptr);
  for (const ShardResult& s : shards) of[s.key.first_case] = &s.statuses;
  std::string all;
  for (uint64_t i = 0; i < end; ++i) {
    const std::string* statuses = of[i % count];
    if (statuses == nullptr || i / count >= statuses->size()) break;
    all += (*statuses)[i / count];
  }
  return all;
}

}  // namespace

CombinedResult combine(const std::vector<ShardResult>& shards, const CampaignLimits& limits,
                       uint64_t count) {
  CombinedResult combined;
  JobResult& sum = combined.result;
  sum.job = shards.front().result.job;
  for (const ShardResult& s : shards) {
    const JobResult& r = s.result;
    sum.cases += r.cases;
    for (const auto& [status, n] : r.by_status) sum.by_status[status] += n;
    sum.instructions += r.instructions;
    sum.cpu_seconds += r.cpu_seconds;
    for (const auto& [note, n] : r.known) sum.known[note] += n;
    sum.bound_use.add(r.bound_use);
    add(sum.coverage, r.coverage);
    sum.objects.insert(r.objects.begin(), r.objects.end());
    sum.findings.insert(sum.findings.end(), r.findings.begin(), r.findings.end());
    sum.suspects.insert(sum.suspects.end(), r.suspects.begin(), r.suspects.end());
  }
  sum.findings = distinct(std::move(sum.findings), most_findings(sum.job, limits.findings_per_job));
  std::sort(sum.suspects.begin(), sum.suspects.end(),
            [](const SuspectCase& a, const SuspectCase& b) { return a.case_index < b.case_index; });
  sum.too_large = first_too_large(shards);
  for (const ShardResult& s : shards) {
    if (sum.no_case.empty()) sum.no_case = s.result.no_case;
  }
  auto lacked = first_unsupported(shards);

  if (!limits.guided && limits.cases != 0 && shards.size() == count &&
      std::all_of(shards.begin(), shards.end(),
                  [&](const ShardResult& s) { return ended(s, limits); })) {
    uint64_t end = limits.cases;
    if (sum.findings.size() >= most_findings(sum.job, limits.findings_per_job))
      end = std::min(end, sum.findings.back().case_index + 1);
    if (lacked != shards.end()) {
      const uint64_t behind = next_case(*lacked) - lacked->key.case_stride + 1;
      if (behind > end) lacked = shards.end();
      end = std::min(end, behind);
    }
    combined.statuses = interleave(shards, count, end);
    if (combined.statuses.size() == end) {
      combined.exact = true;
      combined.beyond = sum.cases - end;
      sum.cases = end;
      sum.by_status.clear();
      for (const char c : combined.statuses) ++sum.by_status[status_of(c)];
      std::erase_if(sum.findings, [&](const CampaignFinding& f) { return f.case_index >= end; });
      std::erase_if(sum.suspects, [&](const SuspectCase& s) { return s.case_index >= end; });
    } else {
      combined.statuses.clear();
    }
  }
  if (lacked != shards.end()) sum.unsupported = lacked->result.unsupported;
  if (sum.suspects.size() > kMostSuspects) sum.suspects.resize(kMostSuspects);
  if (!sum.findings.empty()) {
    const auto finder = std::find_if(shards.begin(), shards.end(), [&](const ShardResult& s) {
      return s.key.first_case == sum.findings.front().case_index % count;
    });
    if (finder != shards.end()) sum.cpu_seconds_to_first = finder->result.cpu_seconds_to_first;
  }
  return combined;
}

}  // namespace wavefuzz
