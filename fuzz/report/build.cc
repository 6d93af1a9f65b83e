#include "fuzz/report/build.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "fuzz/case/text.h"
#include "fuzz/search/clock.h"
#include "fuzz/search/verdict_map.h"
#include "gpu/error.h"

namespace wavefuzz {

namespace fs = std::filesystem;

namespace {

constexpr size_t kLinesAround = 4;   // of disassembly, before and behind the one at fault
constexpr size_t kMostPictures = 2;  // of a finding
constexpr size_t kMostPictureCells = 1'500'000;  // of all findings, about as many bytes
constexpr size_t kMostNotes = 24;
constexpr size_t kMapColumns = 64, kMapRows = 24;

const Manifest* manifest_of(const Harness& harness, const Job& job) {
  const auto it = harness.manifests().find(job.kernel);
  return it == harness.manifests().end() ? nullptr : &it->second;
}

std::string summary(const Case& c) {
  try {
    return find_operator(c.op).summary(c);
  } catch (const Error& e) {
    return fmt::format("case {} ({})", case_id(c), e.what());
  }
}

/// "mla_decode.gfx942.co, symbol mla_decode"
std::string program_name(const KernelId& kernel) {
  return fmt::format("{}, symbol {}", fs::path(kernel.code_object).filename().string(),
                     kernel.symbol);
}

/// What the pictures are of: the outputs that are wrong, the one that the finding is about first.
std::vector<Picture> pictures_of(const Verdict& verdict) {
  std::vector<Picture> list;
  for (const ComparedTensor& t : verdict.tensors) {
    Picture p = picture_of(t);
    if (p.wrong != 0) list.push_back(std::move(p));
  }
  const std::string where = verdict.findings.empty() ? "" : verdict.findings.front().where;
  std::stable_sort(list.begin(), list.end(), [&](const Picture& a, const Picture& b) {
    return (a.place == where) > (b.place == where);
  });
  if (list.size() > kMostPictures) list.resize(kMostPictures);
  return list;
}

/// The values of an axis on both sides of where the failure ends.
std::optional<AxisRange> range_around(const AxisBoundary& a) {
  using Form = AxisBoundary::Form;
  int64_t first = a.first, last = a.last;
  switch (a.form) {
    case Form::kAlways:
      return std::nullopt;
    case Form::kInterval:
      // From one end on alone: around that end.
      if (!a.passes_above) last = first;
      if (!a.passes_below) first = last;
      break;
    case Form::kPeriodic:
      first = 0;
      last = 3 * a.period;
      break;
    case Form::kListed:
    case Form::kScattered:
      if (a.fails.empty()) return std::nullopt;
      first = a.fails.front();
      last = a.fails.back();
      break;
  }
  const int64_t around = std::clamp<int64_t>((last - first) / 2, 20, 1024);
  return AxisRange{a.axis, first - (first >= 0 ? std::min(first, around) : around), last + around};
}

/// Of the axes that bound a failure, the first two that its error does not merely sink along; where
/// there is one, beside it the first that the failure does not depend on.
std::vector<AxisRange> ranges_around(const Boundary& boundary) {
  std::vector<AxisRange> ranges;
  for (const AxisBoundary& a : boundary.axes) {
    if (ranges.size() == 2 || !a.bounded()) continue;
    if (const auto range = range_around(a)) ranges.push_back(*range);
  }
  if (ranges.size() != 1) return ranges;
  for (const AxisBoundary& a : boundary.axes) {
    if (a.form != AxisBoundary::Form::kAlways) continue;
    ranges.push_back({a.axis, a.value - std::clamp<int64_t>(a.value, 0, 4), a.value + 11});
    break;
  }
  return ranges;
}

class Builder {
 public:
  Builder(const Harness& harness, CampaignStore& store, const ReportOptions& options,
          const std::atomic<bool>& interrupted)
      : harness_(harness), store_(store), options_(options), interrupted_(interrupted) {}

  ReportModel build() {
    model_.database = options_.database;
    model_.folders = {options_.tree, options_.here};
    history();
    for (const Job& job : store_.jobs()) {
      JobResult result = store_.load(job).value_or(JobResult());
      result.job = job;
      for (const CampaignFinding& f : result.findings) finding(f);
      model_.jobs.push_back(this->job(std::move(result)));
    }
    for (const StoredFailure& f : store_.unshrunk()) failure(f);
    score();
    std::stable_sort(model_.findings.begin(), model_.findings.end(),
                     [](const ReportFinding& a, const ReportFinding& b) {
                       return std::pair(a.planted(), a.is_known()) <
                              std::pair(b.planted(), b.is_known());
                     });
    for (ReportFinding& f : model_.findings) run_again(f);
    draw_maps();
    return std::move(model_);
  }

 private:
  void history() {
    std::vector<CampaignRecord> records = store_.history(/*parts=*/true);
    const std::vector<CampaignChange> all = changes(records);
    const auto it = std::find_if(records.begin(), records.end(), [&](const CampaignRecord& r) {
      return r.id == store_.campaign();
    });
    model_.campaign = *it;
    model_.change = all[static_cast<size_t>(it - records.begin())];
    for (auto r = records.begin(); r <= it; ++r) {
      if (r->key.first_case != it->key.first_case || r->key.case_stride != it->key.case_stride)
        continue;
      if (r != it) model_.before = *r;
      model_.nights.emplace_back(*r, all[static_cast<size_t>(r - records.begin())]);
    }
  }

  ReportJob job(JobResult result) const {
    ReportJob job;
    try {
      check_objects(harness_, result);
      for (const auto& [kernel, edges] : result.coverage) {
        ReportProgram& p = job.programs.emplace_back();
        p.object = fs::path(kernel.code_object).filename();
        p.symbol = kernel.symbol;
        p.edges = edges.count();
        p.coverage = harness_.coverage(result.job, kernel, edges);
        std::vector<Unreached>& blocks = p.coverage.unreached;
        p.unreached = blocks.size();
        if (blocks.size() > options_.most) blocks.resize(options_.most);
      }
    } catch (const Error& e) {
      job.programs.clear();
      job.no_coverage = e.what();
    }
    if (const Manifest* m = manifest_of(harness_, result.job)) {
      if (const Plant* plant = m->find_plant(result.job.plant)) {
        job.planted = plant->summary;
        job.rank = plant->rank;
      }
    }
    job.result = std::move(result);
    return job;
  }

  void score() {
    std::vector<JobResult> planted;
    for (const ReportJob& job : model_.jobs) {
      const Manifest* m = manifest_of(harness_, job.result.job);
      if (m != nullptr && m->find_plant(job.result.job.plant) != nullptr)
        planted.push_back(job.result);
    }
    if (!planted.empty()) model_.score = zoo_score(harness_, planted);
  }

  ReportFinding& add(const Job& job, uint64_t case_index, const Case& drawn, const Case& smallest) {
    ReportFinding& f = model_.findings.emplace_back();
    f.job = job;
    f.case_index = case_index;
    f.drawn = summary(drawn);
    f.smallest = smallest;
    f.replay = options_.replay(drawn, smallest);
    if (const Manifest* m = manifest_of(harness_, job)) {
      f.location = location(m->file, model_.folders);
      if (const Plant* plant = m->find_plant(job.plant)) f.history = plant->history;
    } else {
      f.location = location(options_.database, model_.folders);
    }
    return f;
  }

  void finding(const CampaignFinding& found) {
    const Shrunk& s = found.shrunk;
    ReportFinding& f = add(found.job, found.case_index, found.original, s.smallest);
    f.signature = wavefuzz::signature(s.verdict);
    f.details = s.verdict.findings;
    f.message = s.verdict.findings.empty() ? "" : s.verdict.findings.front().message;
    if (s.steps == 0) {
      f.shrinking = "kept as it was drawn";
    } else {
      f.shrunk = summary(s.smallest);
      f.shrinking = fmt::format("{} of {} smaller cases fail alike{}", s.better, s.steps,
                                s.complete ? "" : ", stopped before the end");
    }
    f.boundary = found.sentence();
    f.bounds = found.boundary;
    if (options_.ledger != nullptr && manifest_of(harness_, found.job) != nullptr)
      mark(options_.ledger->match(harness_, found), f);
    f.shrinking +=
        fmt::format("; re-run {}/{} times the same", found.confirmations, kConfirmations);
  }

  void failure(const StoredFailure& failed) {
    ReportFinding& f = add(failed.job, failed.case_index, failed.drawn, failed.drawn);
    f.signature = failed.signature;
    f.message = failed.message;
    f.shrinking = "kept as it was drawn: the campaign ended before it was shrunk";
    if (options_.ledger != nullptr) mark(options_.ledger->match(failed.drawn, f.signature), f);
  }

  static void mark(const LedgerMark& mark, ReportFinding& f) {
    if (mark.entry == nullptr) return;
    f.known = mark.entry->name;
    f.link = mark.entry->link;
    f.regression = mark.regression();
  }

  /// Those of news first; each has its share of what time is left.
  void draw_maps() {
    std::vector<ReportFinding*> drawn;
    for (ReportFinding& f : model_.findings) {
      if (!f.planted() && f.alike && f.bounds && !ranges_around(*f.bounds).empty())
        drawn.push_back(&f);
    }
    const double start = now();
    for (size_t i = 0; i < drawn.size() && !interrupted_; ++i) {
      const double left = options_.map_seconds - (now() - start);
      if (left <= 0) return;
      draw_map_of(*drawn[i], left / static_cast<double>(drawn.size() - i));
    }
  }

  void draw_map_of(ReportFinding& f, double seconds) {
    try {
      const Case base = boundary_base(harness_, f.smallest, f.signature);
      const VerdictMap map =
          draw_map(harness_, base, f.signature, ranges_around(*f.bounds),
                   {.columns = kMapColumns, .rows = kMapRows, .seconds = seconds}, options_.threads,
                   interrupted_);
      f.map = svg_of(map);
      f.map_says =
          map.column_axis + (map.row_axis.empty() ? "" : " across, " + map.row_axis + " down");
      if (!map.complete) f.map_says += "; cells that were not run in time are blank";
    } catch (const Error& e) {
      f.map_says = e.what();
    }
  }

  void run_again(ReportFinding& f) {
    if (interrupted_) {
      f.not_run = "interrupted";
    } else if (now() - start_ > options_.seconds) {
      f.not_run = fmt::format("the {:.0f} s for that were over", options_.seconds);
    } else {
      try {
        result_of(harness_.evaluate(f.smallest, {.explain = true, .gates = true, .tensors = true}),
                  f);
      } catch (const Error& e) {
        f.not_run = e.what();
      }
    }
  }

  void result_of(const Verdict& verdict, ReportFinding& f) {
    f.alike = verdict.status == Status::kFail && wavefuzz::signature(verdict) == f.signature;
    if (!f.alike) {
      f.now = verdict.status == Status::kFail ? "fail, " + wavefuzz::signature(verdict)
                                              : std::string(words(verdict.status));
      if (!verdict.reason.empty()) f.now += ": " + verdict.reason;
    }
    if (verdict.status != Status::kFail) return;
    // What was never shrunk, or stored by an earlier version, says less.
    if (f.alike && (f.details.empty() || f.details.front().kernel.symbol.empty()))
      f.details = verdict.findings;
    // A relation is between two cases, and the gates have seen one.
    const FindingKind kind = verdict.findings.front().kind;
    if (kind != FindingKind::kRelation && kind != FindingKind::kBrokenRelation)
      f.gates = verdict.gates;
    f.notes = verdict.notes;
    if (f.notes.size() > kMostNotes) f.notes.resize(kMostNotes);
    for (Picture& p : pictures_of(verdict)) {
      if ((cells_ += p.cells.size()) <= kMostPictureCells) f.pictures.push_back(std::move(p));
    }
    // A NaN in some operation explains a finding that is one, not a value that is merely wrong.
    const bool of_target = !verdict.findings.front().instruction.empty();
    const bool of_nan = kind == FindingKind::kNanValue;
    if (!verdict.instruction || !(of_target || of_nan)) return;
    f.listing = harness_.listing(f.job, *verdict.instruction, kLinesAround);
    f.program = program_name(verdict.instruction->kernel);
    f.pc = verdict.instruction->pc;
  }

  const Harness& harness_;
  CampaignStore& store_;
  const ReportOptions& options_;
  const std::atomic<bool>& interrupted_;
  const double start_ = now();
  ReportModel model_;
  size_t cells_ = 0;
};

}  // namespace

ReportModel build_report(const Harness& harness, CampaignStore& store, const ReportOptions& options,
                         const std::atomic<bool>& interrupted) {
  return Builder(harness, store, options, interrupted).build();
}

}  // namespace wavefuzz
