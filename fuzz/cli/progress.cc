#include "fuzz/cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "fuzz/case/plural.h"

namespace wavefuzz {
namespace {

constexpr double kLately = 10;  // seconds that a rate is taken over

/// A planted bug's job ends with its first failure, which says nothing of what is left.
bool tells_of_edges(const JobResult& r) {
  return r.job.plant.empty() && r.cases != 0 && !r.coverage.empty();
}

/// "0:42", "1:02:03".
std::string clock_time(double seconds) {
  const auto s = static_cast<int64_t>(std::max(0.0, seconds));
  return s < 3600 ? fmt::format("{}:{:02}", s / 60, s % 60)
                  : fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace

double cases_to_new_edge(const std::vector<JobResult>& results) {
  double chance = 0;  // of a case of any job
  size_t jobs = 0;
  for (const JobResult& r : results) {
    if (!tells_of_edges(r)) continue;
    size_t once = 0;
    for (const auto& [program, edges] : r.coverage) once += edges.once();
    chance += static_cast<double>(once) / static_cast<double>(r.cases);
    ++jobs;
  }
  return chance == 0 ? 0 : static_cast<double>(jobs) / chance;
}

std::string edges_sentence(const std::vector<JobResult>& results) {
  size_t edges = 0, once = 0;
  for (const JobResult& r : results) {
    if (!tells_of_edges(r)) continue;
    edges += r.edges();
    for (const auto& [program, e] : r.coverage) once += e.once();
  }
  if (edges == 0) return "";
  std::string text = fmt::format("{} of control flow, ", plural(edges, "edge"));
  const double next = cases_to_new_edge(results);
  if (next == 0) return text + "each of them taken by several cases";
  return text + fmt::format(
                    "{} of them taken by one case alone: about one more in the next {:.0f} "
                    "cases",
                    once, std::ceil(next));
}

void Progress::note(const JobResult& result, double seconds) {
  job_ = job_name(result.job);
  size_t& edges = edges_[job_];
  const size_t now = result.edges();
  if (now > edges) {
    new_edge_at_ = seconds;
    edge_job_ = job_;
  }
  edges = now;
}

ProgressFigures Progress::figures(const std::vector<JobResult>& results, double seconds,
                                  double limit) {
  ProgressFigures f;
  f.seconds = seconds;
  f.seconds_left = limit > 0 ? std::max(0.0, limit - seconds) : -1;
  f.jobs = results.size();
  for (const JobResult& r : results) {
    f.jobs_begun += r.cases != 0;
    f.cases += r.cases;
    f.findings += r.findings.size();
  }
  for (const auto& [job, edges] : edges_) f.edges += edges;
  f.since_new_edge = seconds - new_edge_at_;
  f.edge_job = edge_job_;
  f.job = job_;
  f.cases_to_new_edge = cases_to_new_edge(results);
  samples_.emplace_back(seconds, f.cases);
  while (samples_.size() > 2 && samples_.front().first < seconds - kLately) samples_.pop_front();
  const auto [then, cases] = samples_.front();
  f.cases_per_second = seconds > then ? static_cast<double>(f.cases - cases) / (seconds - then)
                                      : static_cast<double>(f.cases) / std::max(seconds, 1e-9);
  return f;
}

std::string progress_line(const ProgressFigures& f) {
  std::string line =
      fmt::format("{:.0f} s, {} ({:.0f}/s), {} (the last new {:.0f} s ago), {}", f.seconds,
                  plural(f.cases, "case"), f.cases_per_second, plural(f.edges, "edge"),
                  f.since_new_edge, plural(f.findings, "finding"));
  if (f.seconds_left >= 0) line += fmt::format(", {:.0f} s left", f.seconds_left);
  return line;
}

std::vector<std::string> status_screen(const ProgressFigures& f, size_t columns) {
  std::vector<std::string> lines = {
      fmt::format("{}{}  {:>8} cases  {:>6.0f}/s  {:>6} edges  {:>4} findings",
                  clock_time(f.seconds),
                  f.seconds_left < 0 ? "" : ", " + clock_time(f.seconds_left) + " left", f.cases,
                  f.cases_per_second, f.edges, f.findings),
      fmt::format("last new edge {} ago in {}{}", clock_time(f.since_new_edge), f.edge_job,
                  f.cases_to_new_edge == 0
                      ? ""
                      : fmt::format(", the next in about {:.0f} cases", f.cases_to_new_edge)),
      fmt::format("{} of {} kernels begun, now {}", f.jobs_begun, f.jobs, f.job)};
  for (std::string& line : lines) {
    if (line.size() >= columns) line.resize(columns - 1);  // a wrapped line could not be taken back
  }
  return lines;
}

size_t terminal_width() {
  winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 8 ? size.ws_col : 80;
}

}  // namespace wavefuzz
