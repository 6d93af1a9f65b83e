#include "fuzz/search/zoo.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "fuzz/judge/gates.h"
#include "fuzz/search/parallel.h"

namespace wavefuzz {
namespace {

const Plant& plant_of(const Harness& harness, const Job& job) {
  return *harness.manifest(job.kernel).find_plant(job.plant);
}

std::vector<int> sorted(const std::set<int>& set) { return {set.begin(), set.end()}; }

/// Cases of one job that are drawn at a time.
constexpr uint64_t kBatch = 32;

}  // namespace

ZooScore zoo_score(const Harness& harness, const std::vector<JobResult>& results) {
  std::set<std::string> planted, killed;
  std::set<int> ranks, ranks_killed;
  for (const JobResult& r : results) {
    planted.insert(kernel_name(r.job));
    const int rank = plant_of(harness, r.job).rank;
    if (rank != 0) ranks.insert(rank);
    if (r.findings.empty()) continue;
    killed.insert(kernel_name(r.job));
    if (rank != 0) ranks_killed.insert(rank);
  }
  return {planted.size(), killed.size(), sorted(ranks), sorted(ranks_killed)};
}

nlohmann::ordered_json zoo_json(const Harness& harness, const std::vector<JobResult>& results,
                                const std::map<std::string, std::string>& repro_of_case) {
  nlohmann::ordered_json bugs = nlohmann::ordered_json::array();
  for (const JobResult& r : results) {
    const Plant& plant = plant_of(harness, r.job);
    const bool found = !r.findings.empty();
    nlohmann::ordered_json bug = {{"name", r.job.plant}, {"kernel", r.job.kernel}};
    if (plant.rank != 0) bug["rank"] = plant.rank;
    bug["history"] = plant.history;
    bug["target"] = r.job.target;
    bug["killed"] = found;
    bug["cases"] = r.cases;
    bug["cpu_seconds"] = r.cpu_seconds;
    bug["cpu_seconds_to_kill"] = r.cpu_seconds_to_first;
    bug["repro"] = found ? repro_of_case.at(case_id(r.findings[0].shrunk.smallest)) : std::string();
    if (!plant.note.empty()) bug["note"] = plant.note;
    bugs.push_back(bug);
  }
  const ZooScore score = zoo_score(harness, results);
  return {
      {"planted", score.planted},
      {"killed", score.killed},
      {"ranked", {{"of", kRankedBugs}, {"planted", score.ranks}, {"killed", score.ranks_killed}}},
      {"bugs", bugs}};
}

void print_zoo(std::FILE* out, const Harness& harness, const std::vector<JobResult>& results) {
  size_t width = 11;
  for (const JobResult& r : results) width = std::max(width, kernel_name(r.job).size());
  fmt::print(out, "\n{:<{}}  {:>4}  {:<10}  {:<6}  {:>6}  {:>8}  {}\n", "planted bug", width,
             "rank", "target", "killed", "cases", "cpu s", "note");
  for (const JobResult& r : results) {
    const Plant& plant = plant_of(harness, r.job);
    fmt::print(out, "{:<{}}  {:>4}  {:<10}  {:<6}  {:>6}  {:>8.3f}  {}\n", kernel_name(r.job),
               width, plant.rank == 0 ? "" : std::to_string(plant.rank), r.job.target,
               r.findings.empty() ? "NO" : "yes", r.cases, r.cpu_seconds_to_first, plant.note);
  }
  const ZooScore score = zoo_score(harness, results);
  fmt::print(out, "{} of {} planted bugs found; {} of the {} ranked historical bugs\n",
             score.killed, score.planted, score.ranks_killed.size(), kRankedBugs);
}

std::vector<GateScore> gate_scores(const Harness& harness, const std::vector<Job>& jobs,
                                   uint64_t seed, uint64_t cases, uint64_t failing, int threads,
                                   const std::atomic<bool>& interrupted) {
  std::vector<GateScore> scores;
  for (const Job& job : jobs) {
    GateScore& score = scores.emplace_back();
    score.job = job;
    while (score.cases < cases && score.failing < failing && !interrupted) {
      const int count = static_cast<int>(std::min(kBatch, cases - score.cases));
      std::vector<Verdict> verdicts(static_cast<size_t>(count));
      parallel_for(verdicts.size(), threads, [&](size_t i) {
        const Case c = harness.draw(job, seed, score.cases + i).value();
        verdicts[i] = harness.evaluate(c, {.gates = true});
      });
      for (int i = 0; i < count && score.failing < failing; ++i) {
        ++score.cases;
        if (verdicts[i].status != Status::kFail) continue;
        ++score.failing;
        for (const auto& [gate, passes] : verdicts[i].gates) {
          ++score.judged[gate];
          if (!passes) ++score.caught[gate];
        }
      }
    }
  }
  return scores;
}

std::string gates_markdown(const Harness& harness, const std::vector<GateScore>& scores) {
  struct Row {
    int rank = 0;
    std::string bug;
    uint64_t cases = 0, failing = 0;
    std::map<std::string, uint64_t> judged, caught;
  };
  std::map<std::string, Row> by_bug;
  for (const GateScore& s : scores) {
    Row& row = by_bug[kernel_name(s.job)];
    row.rank = plant_of(harness, s.job).rank;
    row.bug = kernel_name(s.job);
    row.cases += s.cases;
    row.failing += s.failing;
    for (const auto& [gate, n] : s.judged) row.judged[gate] += n;
    for (const auto& [gate, n] : s.caught) row.caught[gate] += n;
  }
  std::vector<Row> rows;
  for (const auto& [bug, row] : by_bug) rows.push_back(row);
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return (a.rank == 0 ? kRankedBugs + 1 : a.rank) < (b.rank == 0 ? kRankedBugs + 1 : b.rank);
  });

  std::string out = "| rank | planted bug | failing cases |";
  std::string rule = "|---:|---|---:|";
  for (const Gate& gate : kGates) {
    out += fmt::format(" {} |", gate.name);
    rule += "---:|";
  }
  out += "\n" + rule + "\n";
  for (const Row& row : rows) {
    out += fmt::format("| {} | `{}` | {} of {} |", row.rank == 0 ? "" : std::to_string(row.rank),
                       row.bug, row.failing, row.cases);
    for (const Gate& gate : kGates) {
      const auto judged = row.judged.find(gate.name);
      if (judged == row.judged.end() || judged->second == 0) {
        out += "  |";
        continue;
      }
      const auto caught = row.caught.find(gate.name);
      const uint64_t n = caught == row.caught.end() ? 0 : caught->second;
      out += fmt::format(" {:.0f} % |",
                         100.0 * static_cast<double>(n) / static_cast<double>(judged->second));
    }
    out += "\n";
  }
  return out;
}

nlohmann::ordered_json gates_json(const std::vector<GateScore>& scores) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const GateScore& s : scores) {
    nlohmann::ordered_json gates = nlohmann::ordered_json::object();
    for (const auto& [gate, judged] : s.judged) {
      const auto caught = s.caught.find(gate);
      gates[gate] = {{"judged", judged}, {"caught", caught == s.caught.end() ? 0 : caught->second}};
    }
    list.push_back({{"kernel", kernel_name(s.job)},
                    {"target", s.job.target},
                    {"cases", s.cases},
                    {"failing", s.failing},
                    {"gates", gates}});
  }
  return list;
}

}  // namespace wavefuzz
