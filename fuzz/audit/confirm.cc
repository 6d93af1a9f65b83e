#include "fuzz/audit/confirm.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "fuzz/corpus.h"
#include "fuzz/harness.h"
#include "gpu/error.h"
#include "gpu/json_view.h"

namespace wavefuzz::audit {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The parameters of a manifest that a dimension is. The first is what the case is told by.
std::vector<const char*> parameters(Dim dim) {
  switch (dim) {
    case Dim::kGqa:
      return {"gqa", "heads"};
    case Dim::kQlen:
      return {"max_qlen", "qlen", "min_qlen"};
    case Dim::kPage:
      return {"page_size"};
    default:
      return {};
  }
}

std::vector<int64_t> numbers_in(const Box& box, Dim dim) {
  std::vector<int64_t> numbers;
  const DimValues& values = values_of(dim);
  for (size_t i = 0; i < values.size(); ++i) {
    if (box.has(dim, i)) numbers.push_back(values.numbers[i]);
  }
  return numbers;
}

/// One kernel on one target, and what may be asked of it.
struct Runner {
  std::string parameter;
  std::vector<int64_t> numbers;  ///< of it
  std::unique_ptr<Harness> harness;
  Job job;
  Trial trial;
  std::set<int64_t> tried;
  uint64_t next = 0;  ///< index of the next case

  /// The next drawn case whose doubtful argument is one that the host dispatches.
  Case draw(uint64_t seed) {
    constexpr int kTries = 200;
    for (int i = 0; i < kTries; ++i) {
      Case c = harness->draw(job, seed, next++).value();
      const int64_t value = harness->op(c).launch_params(c).integer(parameter);
      if (std::find(numbers.begin(), numbers.end(), value) == numbers.end()) continue;
      tried.insert(value);
      return c;
    }
    throw Error(Exit::kUsage, "the operator draws no case of such a shape");
  }
};

/// The manifest as a document, with the claim that the objection is about set to these values.
nlohmann::json widened(const Manifest& manifest, const Objection& objection,
                       const std::vector<int64_t>& numbers) {
  nlohmann::json json = load_json(manifest.file);
  const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
  for (const char* name : parameters(objection.dim)) {
    if (!json["claims"].contains(name)) continue;
    nlohmann::json& claim = json["claims"][name];
    // Sequences of a batch may have fewer query tokens than the longest.
    const bool shortest = std::string(name) == "min_qlen";
    claim["min"] = shortest ? std::min(claim["min"].get<int64_t>(), *least) : *least;
    claim["max"] = *most;
  }
  if (json.contains("require")) {
    nlohmann::json kept = nlohmann::json::array();
    for (const auto& requirement : json["require"]) {
      if (requirement != objection.claimed) kept.push_back(requirement);
    }
    json["require"] = kept;
  }
  return json;
}

Runner make_runner(const Finding& finding, const Runnable& runnable,
                   const ConfirmOptions& options) {
  const Objection& objection = *finding.objection;
  Runner runner;
  runner.trial.kernel = runnable.manifest->kernel;
  runner.trial.target = "sim:" + runnable.arch;
  runner.numbers = numbers_in(runnable.box, objection.dim);
  for (const char* name : parameters(objection.dim)) {
    if (runner.parameter.empty() && runnable.manifest->claims.contains(name))
      runner.parameter = name;
  }
  if (runner.parameter.empty()) throw Error(Exit::kUsage, "the manifest has no such parameter");
  const nlohmann::json json = widened(*runnable.manifest, objection, runner.numbers);
  runner.trial.manifest_file =
      fmt::format("{}/audit.{}.{}_{}..{}.json", options.folder, runnable.manifest->kernel,
                  values_of(objection.dim).name, runner.numbers.front(), runner.numbers.back());
  write_file(runner.trial.manifest_file, json.dump(1) + "\n");
  runner.harness = std::make_unique<Harness>(std::vector<std::string>{runner.trial.manifest_file},
                                             options.roots);
  runner.job = {runnable.manifest->kernel, "", runner.trial.target};
  return runner;
}

/// Runs one case. Returns whether another one makes sense.
bool run_one(Runner& runner, const ConfirmOptions& options) {
  Trial& trial = runner.trial;
  try {
    const Case c = runner.draw(options.seed);
    const Verdict verdict = runner.harness->evaluate(c);
    if (verdict.status == Status::kUnsupported || verdict.status == Status::kRefused) {
      trial.message = fmt::format("{}: {}", name(verdict.status), verdict.reason);
      return false;
    }
    ++trial.cases;
    if (verdict.status != Status::kFail) return true;
    if (trial.wrong++ == 0) {
      trial.message = fmt::format("{}: {}", signature(verdict), verdict.findings.front().message);
      trial.case_file = fmt::format("{}/audit.{}.{}.{}.json", options.folder, trial.kernel,
                                    trial.target.substr(4), case_id(c));
      write_file(trial.case_file, corpus_text({c, signature(verdict), trial.message}));
    }
    return true;
  } catch (const std::exception& e) {
    if (trial.cases == 0) trial.message = e.what();
    return false;
  }
}

}  // namespace

std::vector<Trial> confirm(const Finding& finding, const ConfirmOptions& options,
                           const std::atomic<bool>& interrupted) {
  std::vector<Trial> trials;
  if (!finding.objection || parameters(finding.objection->dim).empty()) return trials;
  std::filesystem::create_directories(options.folder);
  std::vector<Runner> runners;
  for (const Runnable& runnable : finding.runnable) {
    try {
      runners.push_back(make_runner(finding, runnable, options));
    } catch (const std::exception& e) {
      Trial trial;
      trial.kernel = runnable.manifest->kernel;
      trial.target = "sim:" + runnable.arch;
      trial.message = e.what();
      trials.push_back(std::move(trial));
    }
  }
  const Clock::time_point start = Clock::now();
  std::vector<bool> going(runners.size(), true);
  for (uint64_t round = 0; round < options.cases; ++round) {
    for (size_t i = 0; i < runners.size(); ++i) {
      if (interrupted || since(start) > options.seconds) break;
      if (going[i]) going[i] = run_one(runners[i], options);
    }
  }
  for (Runner& runner : runners) {
    if (runner.trial.cases == 0 && runner.trial.message.empty())
      runner.trial.message = "time was over";
    runner.trial.values =
        fmt::format("{} {}", values_of(finding.objection->dim).name, fmt::join(runner.tried, ", "));
    trials.push_back(std::move(runner.trial));
  }
  return trials;
}

}  // namespace wavefuzz::audit
