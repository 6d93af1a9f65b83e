// Watches a campaign from outside: does its memory grow, and does it slow down?
//   flatness SECONDS WINDOWS [wavefuzz fuzz options]
// Runs `wavefuzz fuzz` for so long, reads its resident memory and processor time from /proc and its
// cases from its database, and reports the slope of the memory and the spread of cases per second
// over the windows, the first tenth left out. The memory is the least of each minute, or hundredth
// of the time: a large case takes several times what a small one does and gives it back, a leak
// does not. The slope of all samples and the largest stand beside it. Cases are per second of
// processor time, so that other work on the machine does not count; per second of the clock beside
// it. Exit: 1 when the memory grows by more than 5 % in that time, or a window is more than 10 %
// from the mean; 3 when the campaign did not run to its end.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "fuzz/store/campaign_store.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

constexpr double kMostGrowth = 0.05;  // of the memory, over the time watched
constexpr double kMostSpread = 0.10;  // of cases per second, from the mean

struct Sample {
  double seconds = 0;      // since the start
  double mebibytes = 0;    // resident
  double cpu_seconds = 0;  // all threads
  uint64_t cases = 0;
};

double resident(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    double kibibytes = 0;
    status >> kibibytes;
    return kibibytes / 1024;
  }
  return 0;
}

double cpu_seconds(pid_t pid) {
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  std::string text{std::istreambuf_iterator<char>(stat), std::istreambuf_iterator<char>()};
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  unsigned long user = 0, system = 0;
  std::sscanf(text.c_str() + name_end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
              &user, &system);
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

uint64_t cases_in(const std::string& database) {
  try {
    const auto records = CampaignStore(database, Database::Mode::kRead).history();
    return records.empty() ? 0 : records.back().cases;
  } catch (const Error&) {
    return 0;  // not there yet
  }
}

/// The sample with the least memory of each `period` seconds.
std::vector<Sample> floor_of(const std::vector<Sample>& samples, double period) {
  std::map<int, Sample> least;
  for (const Sample& s : samples) {
    const auto [at, is_new] = least.try_emplace(static_cast<int>(s.seconds / period), s);
    if (!is_new && s.mebibytes < at->second.mebibytes) at->second = s;
  }
  std::vector<Sample> floor;
  for (const auto& [at, sample] : least) floor.push_back(sample);
  return floor;
}

/// MiB an hour, by least squares.
double slope(const std::vector<Sample>& samples) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const Sample& s : samples) {
    const double hours = s.seconds / 3600;
    ++n, x += hours, y += s.mebibytes, xx += hours * hours, xy += hours * s.mebibytes;
  }
  const double divisor = n * xx - x * x;
  return divisor == 0 ? 0 : (n * xy - x * y) / divisor;
}

int watch(double seconds, int windows, std::vector<std::string> more) {
  char folder[] = "/tmp/wavefuzz-flatness.XXXXXX";
  if (mkdtemp(folder) == nullptr) return 3;
  const std::string database = std::string(folder) + "/campaigns.sqlite";
  std::vector<std::string> arguments = {
      (std::filesystem::canonical("/proc/self/exe").parent_path() / "wavefuzz").string(), "fuzz",
      "--quiet", fmt::format("--seconds={}", seconds), fmt::format("--out={}", folder)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  const auto start = std::chrono::steady_clock::now();
  const pid_t pid = fork();
  if (pid == 0) {
    if (std::freopen((std::string(folder) + "/log").c_str(), "w", stdout) == nullptr) _exit(127);
    execv(argv[0], argv.data());
    _exit(127);
  }
  const double period = std::max(60.0, seconds / 100);
  std::vector<Sample> samples;
  int status = 0;
  double next_line = period;
  for (pid_t ended = 0; ended == 0; ended = waitpid(pid, &status, WNOHANG)) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    Sample s;
    s.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    s.mebibytes = resident(pid);
    s.cpu_seconds = cpu_seconds(pid);
    s.cases = cases_in(database);
    if (s.mebibytes != 0) samples.push_back(s);
    if (s.seconds < next_line) continue;
    next_line += period;
    fmt::print(stderr, "{:.0f} of {:.0f} s: {:.1f} MiB, {} cases\n", s.seconds, seconds,
               s.mebibytes, s.cases);
  }
  std::erase_if(samples,
                [&](const Sample& s) { return s.seconds < seconds / 10 || s.seconds > seconds; });
  if (samples.size() < static_cast<size_t>(2 * windows)) {
    fmt::print(stderr, "flatness: {} samples are too few; see {}/log\n", samples.size(), folder);
    return 3;
  }
  std::vector<double> rates;
  fmt::print("{:>10}  {:>10}  {:>12}  {:>16}\n", "seconds", "MiB", "cases/s", "cases/cpu second");
  for (int w = 0; w < windows; ++w) {
    const Sample& a = samples[w * (samples.size() - 1) / windows];
    const Sample& b = samples[(w + 1) * (samples.size() - 1) / windows];
    const double cases = static_cast<double>(b.cases - a.cases);
    rates.push_back(cases / (b.cpu_seconds - a.cpu_seconds));
    fmt::print("{:>10.0f}  {:>10.1f}  {:>12.1f}  {:>16.1f}\n", b.seconds, b.mebibytes,
               cases / (b.seconds - a.seconds), rates.back());
  }
  double mean = 0, farthest = 0;
  for (const double r : rates) mean += r / windows;
  for (const double r : rates) farthest = std::max(farthest, std::fabs(r / mean - 1));
  const std::vector<Sample> floor = floor_of(samples, period);
  const double growth = slope(floor);
  const double hours = (samples.back().seconds - samples.front().seconds) / 3600;
  double memory = 0, most = 0;
  for (const Sample& s : floor) memory += s.mebibytes / static_cast<double>(floor.size());
  for (const Sample& s : samples) most = std::max(most, s.mebibytes);
  fmt::print(
      "memory: {:.1f} MiB, {:+.2f} MiB an hour, {:+.1f} % in {:.2f} h; with large cases at "
      "most {:.1f} MiB, {:+.2f} MiB an hour\n",
      memory, growth, 100 * growth * hours / memory, hours, most, slope(samples));
  fmt::print("cases per cpu second: {:.1f}, windows within {:.1f} % of it; {} cases in all\n", mean,
             100 * farthest, samples.back().cases);
  const int exit = WIFEXITED(status) ? WEXITSTATUS(status) : 3;
  if (exit == 0) {
    std::filesystem::remove_all(folder);
  } else {
    fmt::print("the campaign did not end with exit code 0: see {}/log\n", folder);
  }
  if (exit > 1) return 3;  // it did not run to its end, with findings or without
  return growth * hours > kMostGrowth * memory || farthest > kMostSpread ? 1 : 0;
}

}  // namespace
}  // namespace wavefuzz

int main(int argc, char** argv) {
  const double seconds = argc > 2 ? std::atof(argv[1]) : 0;
  const int windows = argc > 2 ? std::atoi(argv[2]) : 0;
  if (seconds <= 0 || windows <= 0) {
    fmt::print(stderr, "usage: flatness SECONDS WINDOWS [wavefuzz fuzz options]\n");
    return 2;
  }
  return wavefuzz::watch(seconds, windows, {argv + 3, argv + argc});
}
