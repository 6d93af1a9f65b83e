#include "fuzz/audit/confirm.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "fuzz/judge/corpus.h"
#include "fuzz/search/clock.h"
#include "fuzz/search/harness.h"
#include "gpu/error.h"
#include "gpu/json_view.h"

namespace wavefuzz::audit {
namespace {

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

/// A kernel on a target, with values of one parameter.
struct Runner {
  std::string parameter;
  std::vector<int64_t> numbers;  ///< of it; empty: any that is claimed
  std::string manifest_file;
  std::unique_ptr<Harness> harness;
  Job job;
  std::set<int64_t> tried;
  uint64_t next = 0;  ///< index of the next case
  bool going = true;
  uint64_t cases = 0, wrong = 0;
  std::string message, case_file;

  /// The next drawn case with one of the values.
  Case draw(uint64_t seed) {
    constexpr int kTries = 200;
    for (int i = 0; i < kTries; ++i) {
      Case c = harness->draw(job, seed, next++).value();
      const int64_t value = harness->op(c).launch_params(c).integer(parameter);
      if (!numbers.empty() && std::find(numbers.begin(), numbers.end(), value) == numbers.end())
        continue;
      tried.insert(value);
      return c;
    }
    throw Error(Exit::kUsage, "the operator draws no case of such a shape");
  }

  /// Runs one case; `going` says whether another one makes sense.
  void run_one(const ConfirmOptions& options) {
    try {
      const Case c = draw(options.seed);
      const Verdict verdict = harness->evaluate(c);
      if (verdict.status == Status::kUnsupported || verdict.status == Status::kRefused ||
          verdict.status == Status::kTooLarge) {
        if (cases == 0) message = fmt::format("{}: {}", words(verdict.status), verdict.reason);
        going = false;
        return;
      }
      ++cases;
      if (verdict.status != Status::kFail || wrong++ > 0) return;
      message = fmt::format("{}: {}", signature(verdict), verdict.findings.front().message);
      case_file = fmt::format("{}/audit.{}.{}.{}.json", options.folder, job.kernel,
                              job.target.substr(4), case_id(c));
      write_file(case_file, corpus_text({c, signature(verdict), message}));
    } catch (const std::exception& e) {
      if (cases == 0) message = e.what();
      going = false;
    }
  }
};

/// The doubtful shapes of a kernel, and those that it claims.
struct Pair {
  Runner doubtful, claimed;
  Trial trial;
};

/// The manifest as a document, with the claim that the objection is about set to these values.
nlohmann::json with_claim(const Manifest& manifest, const Objection& objection, int64_t least,
                          int64_t most) {
  nlohmann::json json = load_json(manifest.file);
  for (const char* name : parameters(objection.dim)) {
    if (!json["claims"].contains(name)) continue;
    nlohmann::json& claim = json["claims"][name];
    // Sequences of a batch may have fewer query tokens than the longest.
    const bool shortest = std::string(name) == "min_qlen";
    claim["min"] = shortest ? std::min(claim["min"].get<int64_t>(), least) : least;
    claim["max"] = most;
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

Runner make_runner(const Runnable& runnable, const Dim dim, std::vector<int64_t> numbers,
                   std::string manifest_file, const ConfirmOptions& options) {
  Runner runner;
  for (const char* name : parameters(dim)) {
    if (runner.parameter.empty() && runnable.manifest->claims.contains(name))
      runner.parameter = name;
  }
  if (runner.parameter.empty()) throw Error(Exit::kUsage, "the manifest has no such parameter");
  runner.numbers = std::move(numbers);
  runner.manifest_file = std::move(manifest_file);
  runner.harness =
      std::make_unique<Harness>(std::vector<std::string>{runner.manifest_file}, options.roots);
  runner.job = {runnable.manifest->kernel, "", "sim:" + runnable.arch};
  return runner;
}

Pair make_pair_of(const Finding& finding, const Runnable& runnable, const ConfirmOptions& options) {
  const Objection& objection = *finding.objection;
  const auto write = [&](int64_t least, int64_t most) {
    const std::string file =
        fmt::format("{}/audit.{}.{}_{}..{}.json", options.folder, runnable.manifest->kernel,
                    values_of(objection.dim).name, least, most);
    write_file(file, with_claim(*runnable.manifest, objection, least, most).dump(1) + "\n");
    return file;
  };
  const std::vector<int64_t> numbers = numbers_in(runnable.box, objection.dim);
  const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
  Pair pair;
  pair.trial.kernel = runnable.manifest->kernel;
  pair.trial.target = "sim:" + runnable.arch;
  pair.doubtful = make_runner(runnable, objection.dim, numbers, write(*least, *most), options);
  pair.claimed =
      make_runner(runnable, objection.dim, {},
                  objection.least <= objection.most ? write(objection.least, objection.most)
                                                    : runnable.manifest->file,
                  options);
  return pair;
}

}  // namespace

std::vector<Trial> confirm(const Finding& finding, const ConfirmOptions& options,
                           const std::atomic<bool>& interrupted) {
  std::vector<Trial> trials;
  if (!finding.objection || parameters(finding.objection->dim).empty()) return trials;
  std::filesystem::create_directories(options.folder);
  std::vector<Pair> pairs;
  for (const Runnable& runnable : finding.runnable) {
    try {
      pairs.push_back(make_pair_of(finding, runnable, options));
    } catch (const std::exception& e) {
      Trial trial;
      trial.kernel = runnable.manifest->kernel;
      trial.target = "sim:" + runnable.arch;
      trial.message = e.what();
      trials.push_back(std::move(trial));
    }
  }
  const double start = now();
  for (uint64_t round = 0; round < options.cases; ++round) {
    for (Pair& pair : pairs) {
      for (Runner* runner : {&pair.doubtful, &pair.claimed}) {
        if (interrupted || now() - start > options.seconds) break;
        if (runner->going) runner->run_one(options);
      }
    }
  }
  for (Pair& pair : pairs) {
    Trial& trial = pair.trial;
    Runner& doubtful = pair.doubtful;
    if (doubtful.cases == 0 && doubtful.message.empty()) doubtful.message = "time was over";
    trial.cases = doubtful.cases;
    trial.wrong = doubtful.wrong;
    trial.claimed_cases = pair.claimed.cases;
    trial.claimed_wrong = pair.claimed.wrong;
    trial.message = std::move(doubtful.message);
    trial.case_file = std::move(doubtful.case_file);
    trial.manifest_file = std::move(doubtful.manifest_file);
    trial.values = fmt::format("{} {}", values_of(finding.objection->dim).name,
                               fmt::join(doubtful.tried, ", "));
    trials.push_back(std::move(trial));
  }
  return trials;
}

}  // namespace wavefuzz::audit
