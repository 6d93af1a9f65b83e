#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "fuzz/case/plural.h"
#include "fuzz/cli/commands.h"
#include "fuzz/cli/database.h"
#include "fuzz/cli/known_faults.h"
#include "fuzz/cli/options.h"
#include "fuzz/cli/paths.h"
#include "fuzz/judge/corpus.h"
#include "fuzz/search/clock.h"
#include "fuzz/store/campaign_store.h"
#include "fuzz/store/version.h"

namespace wavefuzz {
namespace {

struct FuzzOptions : CampaignArguments {
  std::vector<std::string> corpus;
  uint64_t corpus_least = 0;  ///< cases of it that must run
  std::string ledger;         ///< of known faults; empty: that of the tree
  std::string database;       ///< empty: in the folder for findings
  bool resume = false;
};

void declare(CLI::App& app, FuzzOptions& options) {
  add_campaign(app, options);
  add_search(app, options);
  app.add_option("--seconds", options.seconds, "Time for the whole campaign")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--corpus", options.corpus,
                 "Known failures (files, or folders of them), replayed first");
  app.add_option("--corpus-least", options.corpus_least,
                 "Fail unless so many cases of the corpus run, inside the claims");
  add_ledger(app, options.ledger);
  app.add_option("--shard", options.shard, "This campaign's share of the cases: 0..shards-1");
  app.add_option("--db", options.database,
                 "Memory of campaigns (default: campaigns.sqlite in the folder for findings)");
  app.add_flag("--resume", options.resume,
               "Go on with the unfinished campaign of this seed and shard");
  app.add_option("--shards", options.shards, "Shares the cases are divided into")
      ->check(CLI::PositiveNumber);
}

/// What became of the cases of a corpus.
struct CorpusReplay {
  size_t cases = 0;          ///< tried: of each file on each kernel of its operator
  size_t refused = 0;        ///< outside the kernel's claims
  size_t unlike = 0;         ///< of kernels of another make, such as without an LSE
  size_t weak = 0;           ///< of those that ran: they prove nothing
  Exit exit = Exit::kClean;  ///< that the corpus alone would mean

  size_t ran() const { return cases - refused - unlike; }
  std::string words() const {
    return fmt::format("corpus: {} of {} ran, {} of them weak; {} outside the claims{}", ran(),
                       plural(cases, "case"), weak, refused,
                       unlike == 0 ? "" : fmt::format(", {} of another make", unlike));
  }
};

/// Replays every corpus file of the operator of each job's kernel on that kernel: what ever broke
/// one build of an operator is worth trying on every other.
CorpusReplay replay_corpus(const Harness& harness, const std::vector<Job>& jobs,
                           const FuzzOptions& options, const Ledger& ledger,
                           CampaignReport& report) {
  CorpusReplay replay;
  Exit& exit = replay.exit;
  std::FILE* out = text_out(options);
  for (const std::string& folder : options.corpus) {
    for (const std::string& file : corpus_files(user_path(folder))) {
      if (interrupted) return replay;
      CorpusEntry entry;
      try {
        entry = read_corpus_file(file);
      } catch (const Error& e) {
        // One bad file must not keep the others from being tried.
        fmt::print(stderr, "wavefuzz: {}\n", e.what());
        if (exit == Exit::kClean) exit = e.exit();
        continue;
      }
      for (const Job& job : jobs) {
        if (harness.manifest(job.kernel).op != entry.c.op) continue;
        Case c = entry.c;
        c.kernel = job.kernel;
        c.plant = job.plant;
        c.target = job.target;
        ++replay.cases;
        Verdict verdict;
        try {
          verdict = harness.evaluate(c);
        } catch (const Error& e) {
          if (e.exit() != Exit::kUsage) throw;
          ++replay.unlike;
          continue;
        }
        replay.refused += verdict.status == Status::kRefused;
        replay.weak += verdict.status == Status::kWeak;
        if (verdict.status != Status::kFail) continue;
        report.report(job, "corpus file " + file, c, verdict);
        const LedgerMark mark = ledger.match(c, signature(verdict));
        if (mark.entry != nullptr) fmt::print(out, "  {}\n", mark.words());
        if (!mark.known()) exit = Exit::kFindings;
      }
    }
  }
  if (!options.corpus.empty()) fmt::print(out, "{}\n", replay.words());
  if (replay.ran() < options.corpus_least && exit == Exit::kClean) {
    fmt::print(stderr, "wavefuzz: --corpus-least={}: {} ran\n", options.corpus_least,
               plural(replay.ran(), "case"));
    exit = Exit::kNothingRan;
  }
  return replay;
}

nlohmann::ordered_json suspects_json(const JobResult& result) {
  nlohmann::ordered_json suspects = nlohmann::ordered_json::array();
  for (const SuspectCase& s : result.suspects)
    suspects.push_back(
        {{"case_index", s.case_index}, {"message", s.message}, {"case", to_json(s.c)}});
  return suspects;
}

/// The memory of campaigns. Where there is no room for it the campaign runs all the same, and
/// remembers nothing.
CampaignStore open_store(const FuzzOptions& options) {
  try {
    return CampaignStore(database_path(options.database, options.out));
  } catch (const Error& e) {
    if (e.exit() != Exit::kInternal || options.resume) throw;
    fmt::print(stderr, "wavefuzz: {}; the campaign will not be remembered\n", e.what());
    return CampaignStore(":memory:");
  }
}

/// The command that goes on with this campaign.
std::string resume_command(const FuzzOptions& options) {
  std::string command = options.program;
  for (const std::string& word : options.words) {
    if (word != "--resume") command += fmt::format(" {}", shell_word(word));
  }
  return command + (options.words.empty() ? " fuzz --resume" : " --resume");
}

/// What the jobs had come to when the campaign was interrupted.
std::vector<JobResult> resume(CampaignStore& store, const CampaignKey& key,
                              const CampaignLimits& limits, const Harness& harness,
                              const std::vector<Job>& jobs, const FuzzOptions& options,
                              CampaignReport& report) {
  if (!store.resume(key, limits)) {
    throw Error(Exit::kUsage,
                fmt::format("--resume: {} has no unfinished campaign with seed {}, shard {}/{}",
                            database_path(options.database, options.out), key.seed, key.first_case,
                            key.case_stride));
  }
  std::vector<JobResult> earlier;
  uint64_t cases = 0;
  for (const Job& job : jobs) {
    earlier.push_back(store.load(job).value_or(JobResult()));
    check_objects(harness, earlier.back());
    cases += earlier.back().cases;
  }
  fmt::print(text_out(options), "resumed after {} cases, {:.1f} s\n", cases, store.seconds());
  for (const JobResult& r : earlier) {
    for (const CampaignFinding& f : r.findings) report.earlier(f);
  }
  return earlier;
}

nlohmann::ordered_json job_json(const Harness& harness, const JobResult& r,
                                const CampaignReport& report, const Ledger& ledger) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const CampaignFinding& f : r.findings) {
    nlohmann::ordered_json item = verdict_json(f.shrunk.smallest, f.shrunk.verdict);
    item["case_index"] = f.case_index;
    if (f.boundary) item["boundary"] = to_json(*f.boundary);
    if (const LedgerMark mark = ledger.match(harness, f); mark.entry != nullptr) {
      item[mark.known() ? "known_fault" : "regression"] = {{"name", mark.entry->name},
                                                           {"link", mark.entry->link}};
    }
    item["repro"] = report.replay_command(f);
    findings.push_back(item);
  }
  const ProgramCoverage ran = covered(harness, r);
  return {{"kernel", kernel_name(r.job)},
          {"target", r.job.target},
          {"cases", r.cases},
          {"instructions_executed", ran.executed},
          {"instructions", ran.instructions},
          {"suspects", suspects_json(r)},
          {"unsupported", r.unsupported},
          {"too_large", r.too_large_sentence()},
          {"no_case", r.no_case},
          {"known", r.known},
          {"findings", findings}};
}

Exit fuzz(const FuzzOptions& options) {
  const Harness harness = make_harness(options);
  CampaignOptions campaign = campaign_options(options);
  if (options.cases == 0 && campaign.seconds == 0) campaign.seconds = 60;
  print_version(options, campaign.seed);
  const std::vector<Job> jobs = harness.jobs(options.kernels, options.targets);
  if (jobs.empty()) return Exit::kNothingRan;
  const Ledger ledger = ledger_of(options, options.ledger);

  campaign.coverage = true;
  campaign.boundaries = !options.no_shrink;
  campaign.boundary.cases = 80;
  campaign.boundary.instructions = 5'000'000;
  campaign.boundary.seconds = 1;
  if (options.cases != 0 && campaign.seconds != 0) {
    // Cases end it, and time is there for the worst: what is found does not depend on the clock.
    campaign.shrink.seconds = std::min(campaign.shrink.seconds, campaign.seconds / 8);
  } else if (campaign.seconds != 0) {
    // A short campaign shows every finding rather than the smallest case of a few: with a finding
    // in each job, half of the time goes into shrinking them and seeking their boundaries.
    const double each = campaign.seconds / (4 * static_cast<double>(jobs.size()));
    campaign.shrink.seconds =
        std::min({campaign.shrink.seconds, campaign.seconds / 200, std::max(0.3, each)});
    campaign.boundary.seconds = std::min(campaign.boundary.seconds, each / 8);
  }
  campaign.needed_axes = [&](const CampaignFinding& f) { return ledger.needed_axes(harness, f); };
  CampaignReport report = make_report(harness, options, &ledger, campaign.seconds);
  CampaignStore store = open_store(options);
  const CampaignKey key = {campaign.seed, campaign.first_case, campaign.case_stride};
  const CampaignLimits limits = {hash_of(jobs), options.cases, campaign.findings_per_job,
                                 campaign.search == Search::kGuided};
  std::vector<JobResult> earlier;
  if (options.resume) {
    earlier = resume(store, key, limits, harness, jobs, options, report);
  } else {
    store.begin(key, limits);
  }
  const double start = now();
  const std::vector<LedgerReplay> replays =
      ledger.replay(harness, jobs, options.threads, interrupted);
  const bool off = print_off(text_out(options), replays, options);
  const CorpusReplay corpus = replay_corpus(harness, jobs, options, ledger, report);
  Exit exit = corpus.exit;
  if (off) exit = Exit::kFindings;
  StoringListener listener(store, report);
  const bool no_share = options.cases != 0 && campaign.cases == 0;  // more shards than cases
  std::vector<JobResult> results;
  if (no_share) {
    for (const Job& job : jobs) results.emplace_back().job = job;
  } else {
    results =
        run_campaign(harness, jobs, campaign, interrupted, listener, earlier, store.seconds());
  }
  listener.finish(results, store.seconds() + now() - start, interrupted);
  std::FILE* out = text_out(options);
  print_summary(out, harness, results, store.seconds() + now() - start, ledger);
  if (interrupted) fmt::print(out, "interrupted; to go on: {}\n", resume_command(options));

  if (options.json) {
    nlohmann::ordered_json json = {
        {"version", kVersion}, {"seed", campaign.seed}, {"jobs", nlohmann::ordered_json::array()}};
    for (const JobResult& r : results) json["jobs"].push_back(job_json(harness, r, report, ledger));
    json["corpus"] = {{"cases", corpus.cases},
                      {"ran", corpus.ran()},
                      {"weak", corpus.weak},
                      {"refused", corpus.refused},
                      {"unlike", corpus.unlike}};
    json["ledger"] = to_json(replays);
    std::cout << json.dump(1) << "\n";
  }
  for (const JobResult& r : results) {
    if (std::any_of(r.findings.begin(), r.findings.end(),
                    [&](const CampaignFinding& f) { return !ledger.match(harness, f).known(); }))
      return Exit::kFindings;
  }
  if (exit == Exit::kClean && !no_share &&
      std::any_of(results.begin(), results.end(),
                  [](const JobResult& r) { return r.ran_nothing(); }))
    return Exit::kNothingRan;
  return exit;
}

}  // namespace

void add_fuzz_command(CLI::App& app, Session& session) {
  add_command(app, session, "fuzz",
              "Look for failures until cases or time run out (default: 60 seconds)", declare, fuzz);
}

Exit default_campaign(const Session& session) {
  FuzzOptions options;
  options.program = session.program;
  options.words = session.words;
  return fuzz(options);
}

}  // namespace wavefuzz
