#include "fuzz/search/campaign.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <set>

#include "fuzz/case/plural.h"
#include "fuzz/search/parallel.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

// Cases of a job run in blocks, and what they tell guides the next block: small blocks at first,
// then enough to keep many threads busy. A case's block does not depend on where a campaign was
// interrupted.
constexpr uint64_t kFirstBlock = 8, kBlock = 16, kLongBlock = 64, kShortBlocks = 512;
constexpr uint64_t kGuidedOf = 3;  // one case in so many is guided

struct Block {
  uint64_t begin, end;
};

Block block_of(uint64_t n, Search search) {
  if (n < kFirstBlock) return {0, kFirstBlock};
  if (n < kBlock) return {kFirstBlock, kBlock};
  const uint64_t size = search == Search::kGuided && n < kShortBlocks ? kBlock : kLongBlock;
  return {std::max(n / size * size, kBlock), (n / size + 1) * size};
}

// Blocks of one job before the next job has its turn, by how many cases: few at first, so that a
// short campaign reaches every job.
constexpr uint64_t kLongestTurn = 64;

double cpu_now() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

class Campaign {
 public:
  Campaign(const Harness& harness, const CampaignOptions& options,
           const std::atomic<bool>& interrupted, CampaignListener& listener)
      : harness_(harness), options_(options), interrupted_(interrupted), listener_(listener) {}

  std::vector<JobResult> run(const std::vector<Job>& jobs, std::vector<JobResult> earlier,
                             double seconds_before) {
    seconds_before_ = seconds_before;
    results_ = std::move(earlier);
    results_.resize(jobs.size());
    std::vector<std::set<std::string>> signatures(jobs.size());
    for (size_t i = 0; i < jobs.size(); ++i) {
      results_[i].job = jobs[i];
      for (const CampaignFinding& f : results_[i].findings)
        signatures[i].insert(signature(f.shrunk.verdict));
    }
    for (JobResult& result : results_) {
      for (CampaignFinding& f : result.findings) {
        if (f.cut_short && !over()) finish(result, f);
      }
    }
    uint64_t round = 0;
    for (bool any = true; any && !over(); ++round) {
      any = false;
      for (size_t i = 0; i < jobs.size() && !over(); ++i) {
        if (finished(results_[i])) continue;
        any = true;
        if (round % rounds_between_turns(results_[i]) != 0) continue;
        turn_began_ = cpu_now();
        take_turn(results_[i], signatures[i]);
        results_[i].cpu_seconds += cpu_now() - turn_began_;
        // A large case leaves the heap in pieces: over hours they would add up to several times
        // what is in use.
        malloc_trim(0);
        listener_.on_result(results_[i], /*found=*/false, elapsed());
        listener_.on_progress(results_, elapsed());
      }
    }
    return results_;
  }

 private:
  double elapsed() const {
    return seconds_before_ +
           std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  bool over() const {
    return interrupted_ || (options_.seconds > 0 && elapsed() >= options_.seconds);
  }

  /// A job that has told nothing new for long leaves time to the others.
  uint64_t rounds_between_turns(const JobResult& result) const {
    if (options_.cases != 0) return 1;
    const uint64_t barren = result.cases - result.last_fresh;
    return barren < 512 ? 1 : barren < 4096 ? 2 : 4;
  }

  bool finished(const JobResult& result) const {
    if (options_.cases != 0 && result.cases >= options_.cases) return true;
    if (!result.unsupported.empty() || !result.no_case.empty()) return true;
    return result.findings.size() >= most_findings(result.job, options_.findings_per_job);
  }

  void take_turn(JobResult& result, std::set<std::string>& signatures) {
    const uint64_t end = result.cases + std::clamp(result.cases, uint64_t{1}, kLongestTurn);
    while (result.cases < end && !finished(result) && !over()) {
      try {
        run_block(result, signatures);
      } catch (const NoCase& e) {
        result.no_case = e.what();  // the other jobs go on
      }
    }
  }

  /// Where each of the next cases comes from.
  std::vector<Origin> origins(JobResult& result, const Block& block, uint64_t count) {
    const uint64_t first = result.cases;
    std::vector<Origin> list, guided;
    if (options_.search == Search::kGuided && first >= kFirstBlock) {
      const rc::Random random(rc::Random::Key{options_.seed, stable_hash(result.job.kernel),
                                              stable_hash("guide"), index(first)});
      guided = first == block.begin ? result.guide.propose(harness_, result.job, options_.seed,
                                                           (block.end - block.begin) / kGuidedOf,
                                                           Draw(random, rc::kNominalSize))
                                    : result.guide.proposed();
    }
    auto next = guided.begin();
    uint64_t drawn = result.drawn;
    for (uint64_t n = first; n < first + count; ++n) {
      const bool guide = (n - block.begin) % kGuidedOf == kGuidedOf - 1 && next != guided.end();
      list.push_back(guide ? *next++ : Origin{index(drawn++), {}});
    }
    return list;
  }

  void run_block(JobResult& result, std::set<std::string>& signatures) {
    const uint64_t first = result.cases;
    const Block block = block_of(first, options_.search);
    uint64_t count = block.end - first;
    if (options_.cases != 0) count = std::min(count, options_.cases - first);
    const std::vector<Origin> from = origins(result, block, count);
    std::vector<std::optional<rc::Shrinkable<Case>>> drawn(count);
    std::vector<Verdict> verdicts(count);
    const JudgeOptions judge = {.coverage =
                                    options_.coverage || options_.search == Search::kGuided};
    parallel_for(count, options_.threads, [&](size_t i) {
      const bool moved = !from[i].moves.empty();
      verdicts[i].status = Status::kRefused;
      try {
        if (moved) {
          const auto c = make_case(harness_, result.job, options_.seed, from[i]);
          if (!c) return;
          drawn[i] = shrink_tree(harness_, *c);
        } else {
          drawn[i] = harness_.draw(result.job, options_.seed, from[i].drawn);
        }
        verdicts[i] = harness_.evaluate(drawn[i]->value(), judge);
      } catch (const Error& e) {
        // It was moved to where it does not hold together.
        if (!moved || e.exit() != Exit::kUsage) throw;
        verdicts[i].reason = e.what();
      }
    });

    // In order of their index, whichever thread was first: what is found does not depend on the
    // threads.
    for (uint64_t i = 0; i < count && !finished(result); ++i) {
      ++result.cases;
      result.drawn += from[i].moves.empty();
      ++result.by_status[verdicts[i].status];
      listener_.on_case(result.job, verdicts[i].status);
      result.instructions += verdicts[i].instructions;
      for (const std::string& note : verdicts[i].known) ++result.known[note];
      const size_t fresh = add_coverage(verdicts[i], result);
      if (fresh != 0) result.last_fresh = result.cases;
      if (options_.search == Search::kGuided) {
        result.guide.learn(harness_, drawn[i] ? drawn[i]->value() : Case(), from[i], verdicts[i],
                           fresh);
      }
      if (verdicts[i].status != Status::kFail) result.bound_use.add(verdicts[i].bound_use);
      if (verdicts[i].status == Status::kSuspect && result.suspects.size() < kMostSuspects) {
        result.suspects.push_back(
            {index(first + i), drawn[i]->value(), verdicts[i].suspects.front().message});
      }
      if (verdicts[i].status == Status::kUnsupported) result.unsupported = verdicts[i].reason;
      if (verdicts[i].status == Status::kTooLarge && result.too_large.empty())
        result.too_large = verdicts[i].reason;
      if (verdicts[i].status != Status::kFail || !signatures.insert(signature(verdicts[i])).second)
        continue;
      report(result, index(first + i), from[i], *drawn[i], verdicts[i]);
    }
  }

  /// Returns how many edges are new.
  size_t add_coverage(const Verdict& verdict, JobResult& result) {
    const size_t fresh = add(result.coverage, verdict.coverage);
    for (const auto& [kernel, edges] : verdict.coverage) {
      std::string& digest = result.objects[kernel.code_object];
      if (digest.empty()) digest = harness_.object_digest(result.job.kernel, kernel.code_object);
    }
    return fresh;
  }

  uint64_t index(uint64_t n) const { return options_.first_case + n * options_.case_stride; }

  void report(JobResult& result, uint64_t case_index, const Origin& from,
              const rc::Shrinkable<Case>& drawn, const Verdict& verdict) {
    if (result.findings.empty())
      result.cpu_seconds_to_first = result.cpu_seconds + cpu_now() - turn_began_;
    listener_.on_failure(result.job, case_index, drawn.value(), verdict);
    CampaignFinding& finding =
        result.findings.emplace_back(examine(result.job, case_index, drawn, verdict));
    if (from.moves.empty()) finding.draw = from.drawn;
    listener_.on_result(result, /*found=*/true, elapsed());  // kept before it is told
    listener_.on_finding(finding);
  }

  /// What an interruption cut short, as if there had been none.
  void finish(JobResult& result, CampaignFinding& finding) {
    const double began = cpu_now();
    const std::optional<uint64_t> draw = finding.draw;
    const auto drawn = draw ? harness_.draw(result.job, options_.seed, *draw)
                            : shrink_tree(harness_, finding.original);
    const Verdict verdict = harness_.evaluate(drawn.value());
    if (verdict.status != Status::kFail) return;  // another build of the kernel
    CampaignFinding again = examine(result.job, finding.case_index, drawn, verdict);
    again.draw = draw;
    result.cpu_seconds += cpu_now() - began;
    if (again.cut_short && again.shrunk.better < finding.shrunk.better) return;
    finding = std::move(again);
    listener_.on_result(result, /*found=*/true, elapsed());
    listener_.on_finding(finding);
  }

  CampaignFinding examine(const Job& job, uint64_t case_index, const rc::Shrinkable<Case>& drawn,
                          const Verdict& verdict) {
    CampaignFinding finding = {
        job, case_index, drawn.value(),
        shrink(harness_, drawn, verdict, options_.shrink, options_.threads, interrupted_), 0};
    finding.confirmations = confirm(harness_, finding.shrunk);
    finding.shrunk.verdict.inexact_uses =
        harness_.evaluate(finding.shrunk.smallest, {.inexact = true}).inexact_uses;
    if (options_.boundaries && job.plant.empty() && !interrupted_) {
      finding.boundary = find_boundary(harness_, finding.shrunk.smallest, finding.shrunk.verdict,
                                       options_.boundary, options_.threads, interrupted_);
      seek_needed_axes(finding);
    }
    finding.cut_short = interrupted_;
    return finding;
  }

  void seek_needed_axes(CampaignFinding& finding) {
    if (!options_.needed_axes || finding.boundary->complete) return;
    BoundaryLimits limits;
    limits.axes = options_.needed_axes(finding);
    if (limits.axes.empty()) return;
    finding.boundary->update(find_boundary(harness_, finding.shrunk.smallest,
                                           finding.shrunk.verdict, limits, options_.threads,
                                           interrupted_));
  }

  const Harness& harness_;
  const CampaignOptions& options_;
  const std::atomic<bool>& interrupted_;
  CampaignListener& listener_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double seconds_before_ = 0;  // of earlier processes
  std::vector<JobResult> results_;
  double turn_began_ = 0;  // cpu_now()
};

}  // namespace

size_t most_findings(const Job& job, size_t per_job) { return job.plant.empty() ? per_job : 1; }

size_t JobResult::edges() const {
  size_t n = 0;
  for (const auto& [kernel, e] : coverage) n += e.count();
  return n;
}

uint64_t JobResult::count(Status status) const {
  const auto it = by_status.find(status);
  return it == by_status.end() ? 0 : it->second;
}

std::string JobResult::too_large_sentence() const {
  const uint64_t n = count(Status::kTooLarge);
  return n == 0 ? ""
                : fmt::format("{} of {} {} too large, the first: {}", n, plural(cases, "case"),
                              n == 1 ? "is" : "are", too_large);
}

void check_objects(const Harness& harness, const JobResult& result) {
  for (const auto& [name, digest] : result.objects) {
    const std::string& now = harness.object_digest(result.job.kernel, name);
    if (now == digest) continue;
    throw Error(
        Exit::kUsage,
        fmt::format("{} is another object than the campaign ran: its SHA-256 is {:.12}, was "
                    "{:.12}",
                    name, now, digest));
  }
}

bool JobResult::ran_nothing() const {
  return count(Status::kPass) + count(Status::kWeak) + count(Status::kSuspect) +
             count(Status::kFail) ==
         0;
}

ProgramCoverage covered(const Harness& harness, const JobResult& result) {
  ProgramCoverage sum;
  for (const auto& [kernel, edges] : result.coverage) {
    const ProgramCoverage c = harness.coverage(result.job, kernel, edges);
    sum.executed += c.executed;
    sum.instructions += c.instructions;
  }
  return sum;
}

int confirm(const Harness& harness, const Shrunk& shrunk) {
  int same = 0;
  for (int i = 0; i < kConfirmations; ++i) {
    const Verdict again = harness.evaluate(shrunk.smallest);
    same += again.status == Status::kFail && signature(again) == signature(shrunk.verdict);
  }
  return same;
}

std::vector<JobResult> run_campaign(const Harness& harness, const std::vector<Job>& jobs,
                                    const CampaignOptions& options,
                                    const std::atomic<bool>& interrupted,
                                    CampaignListener& listener, std::vector<JobResult> earlier,
                                    double seconds_before) {
  return Campaign(harness, options, interrupted, listener)
      .run(jobs, std::move(earlier), seconds_before);
}

}  // namespace wavefuzz
