#include "fuzz/search/harness.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>
#include <rapidcheck/Random.h>
#include <rapidcheck/shrinkable/Transform.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "fuzz/judge/judge.h"
#include "gpu/digest.h"
#include "gpu/error.h"
#include "gpu/expression.h"

namespace wavefuzz {
namespace {

// A domain that is inside the claims once in this many tries is as good as none.
constexpr uint64_t kMostTries = 1000;

bool is(const KnownFault& fault, const Finding& finding) {
  return finding.kind == fault.kind &&
         finding.instruction.find(fault.instruction) != std::string::npos &&
         finding.message.find(fault.message) != std::string::npos;
}

/// Takes the findings that known faults explain out of an outcome; what a verdict says instead.
std::vector<std::string> take_known(const std::vector<const KnownFault*>& faults,
                                    Outcome& outcome) {
  std::vector<std::string> notes;
  for (const KnownFault* fault : faults) {
    const size_t seen =
        std::erase_if(outcome.findings, [&](const Finding& f) { return is(*fault, f); });
    if (seen != 0) notes.push_back(fault->note);
  }
  return notes;
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// The launches that a code object is for: that of the name, or all where they share one object.
std::vector<LaunchSpec*> launches_of(Manifest& manifest, const std::string& name) {
  std::vector<LaunchSpec*> found;
  std::vector<std::string> names;
  std::set<std::string> objects;
  for (LaunchSpec& launch : manifest.launches) {
    if (launch.name == name || name.empty()) found.push_back(&launch);
    names.push_back(launch.name);
    objects.insert(launch.code_object);
  }
  if (found.empty() || (name.empty() && objects.size() > 1)) {
    throw Error(Exit::kUsage, fmt::format("kernel '{}' has several code objects: name the launch, "
                                          "one of {}; is '{}'",
                                          manifest.kernel, fmt::join(names, ", "), name));
  }
  return found;
}

/// What expressions of the case's manifest see.
Params params_of(const Operator& op, const Case& c, const std::string& target) {
  Params params = op.launch_params(c);
  params.set("arch", arch_of(target));
  return params;
}

/// Why the case is outside of what the manifest claims, and leaves out.
std::optional<std::string> refusal_of(const Operator& op, const Manifest& m, const Case& c,
                                      const Params& params) {
  if (auto refusal = m.refusal(params)) return refusal;
  return op.table().refusal(m, c);
}

}  // namespace

std::vector<std::string> targets_of(const Manifest& manifest) {
  std::vector<std::string> targets = target_names();
  std::erase_if(targets,
                [&](const std::string& t) { return !contains(manifest.arches, arch_of(t)); });
  return targets;
}

std::vector<std::string> in_tree_manifests(const std::string& root) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(root) / "gpu/manifests")) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string kernel_name(const Job& job) { return kernel_name(job.kernel, job.plant); }

std::string job_name(const Job& job) { return kernel_name(job) + " on " + job.target; }

Harness::Harness(const std::vector<std::string>& manifest_files, Roots roots,
                 const std::vector<ReplacedObject>& objects)
    : roots_(std::move(roots)) {
  for (const std::string& file : manifest_files) {
    for (Manifest& m : Manifest::load_all(file)) {
      const Operator& op = find_operator(m.op);
      op.table().complete_claims(m);
      op.check_manifest(m);
      const std::string kernel = m.kernel;
      if (const auto it = manifests_.find(kernel); it != manifests_.end()) {
        throw Error(Exit::kUsage, fmt::format("{}: kernel '{}' is already described by {}", file,
                                              kernel, it->second.file));
      }
      manifests_.emplace(kernel, std::move(m));
    }
  }
  for (const ReplacedObject& object : objects) {
    manifest(object.kernel);  // says what is wrong with the name
    for (LaunchSpec* launch : launches_of(manifests_.at(object.kernel), object.launch)) {
      launch->code_object = object.file;
      launch->root.clear();
    }
  }
}

const Manifest& Harness::manifest(const std::string& kernel) const {
  const auto it = manifests_.find(kernel);
  if (it == manifests_.end()) {
    std::vector<std::string> names;
    for (const auto& [name, m] : manifests_) names.push_back(name);
    throw Error(Exit::kUsage, fmt::format("kernel '{}' is unknown; there are {}", kernel,
                                          fmt::join(names, ", ")));
  }
  return it->second;
}

std::vector<Job> Harness::jobs(const std::vector<std::string>& kernels,
                               const std::vector<std::string>& targets) const {
  struct Named {
    std::string kernel, plant;
    bool once;  // on the first target only
  };
  std::vector<Named> named;
  const auto add = [&](const std::string& kernel, const std::string& plant, bool once) {
    for (Named& n : named) {
      if (n.kernel != kernel || n.plant != plant) continue;
      n.once &= once;
      return;
    }
    named.push_back({kernel, plant, once});
  };
  for (const std::string& text : kernels) {
    const bool right = text == "all" || text == "right";
    const bool planted = text == "all" || text == "planted";
    if (right || planted) {
      for (const auto& [kernel, m] : manifests_) {
        if (!m.campaign || m.missing_root(roots_) != nullptr) continue;
        if (right) add(kernel, "", false);
        if (!planted) continue;
        for (const Plant& plant : m.plants) add(kernel, plant.name, right);
      }
      continue;
    }
    if (text.find_first_of("*?[") != std::string::npos) {
      // Planted bugs are meant by patterns of their whole names.
      const bool plants = text.find('+') != std::string::npos;
      bool any = false;
      for (const auto& [kernel, m] : manifests_) {
        if (!m.campaign) continue;
        const auto take = [&](const std::string& plant) {
          if (fnmatch(text.c_str(), kernel_name(kernel, plant).c_str(), 0) != 0) return;
          add(kernel, plant, false);
          any = true;
        };
        if (!plants) take("");
        for (size_t i = 0; plants && i < m.plants.size(); ++i) take(m.plants[i].name);
      }
      if (!any) {
        throw Error(Exit::kUsage, fmt::format("no {} is named like '{}'",
                                              plants ? "planted bug" : "kernel", text));
      }
      continue;
    }
    const auto [kernel, plant] = split_kernel_name(text);
    const Manifest& m = manifest(kernel);
    if (!plant.empty() && m.find_plant(plant) == nullptr) {
      throw Error(Exit::kUsage,
                  fmt::format("kernel '{}' has no planted bug '{}'", m.kernel, plant));
    }
    add(m.kernel, plant, false);
  }
  std::vector<Job> jobs;
  for (const std::string& target : target_names()) {
    if (!contains(targets, "all") && !contains(targets, target)) continue;
    for (Named& n : named) {
      if (n.kernel.empty() || !contains(manifest(n.kernel).arches, arch_of(target))) continue;
      jobs.push_back({n.kernel, n.plant, target});
      if (n.once) n.kernel.clear();
    }
  }
  for (const std::string& target : targets) {
    if (target != "all" && !contains(target_names(), target))
      make_target(target);  // says what is wrong with it
  }
  return jobs;
}

rc::Shrinkable<Case> Harness::draw(const Job& job, uint64_t seed, uint64_t index) const {
  const Manifest& m = manifest(job.kernel);
  const Operator& op = find_operator(m.op);
  const Plant* plant = m.find_plant(job.plant);
  const rc::Gen<Case> domain = op.domain(m);
  const int size = static_cast<int>(std::min<uint64_t>(8 + index / 2, rc::kNominalSize));
  std::map<std::string, std::pair<uint64_t, std::string>> refusals;  // by clause; and one of each
  for (uint64_t attempt = 0; attempt < kMostTries; ++attempt) {
    const rc::Random random(rc::Random::Key{seed, stable_hash(job.kernel), index, attempt});
    const rc::Shrinkable<Case> drawn = domain(random, size);
    const Params params = params_of(op, drawn.value(), job.target);
    std::optional<std::string> refusal = refusal_of(op, m, drawn.value(), params);
    if (!refusal && plant != nullptr && !plant->where.empty() &&
        wavefuzz::evaluate(plant->where, params) == 0)
      refusal = fmt::format("the planted bug shows only where {}", plant->where);
    if (refusal) {
      auto& [count, example] = refusals[refusal->substr(0, refusal->find(" = "))];
      if (count++ == 0) example = *refusal;
      continue;
    }
    return rc::shrinkable::map(drawn, [job, op = m.op](Case c) {
      c.op = op;
      c.kernel = job.kernel;
      c.plant = job.plant;
      c.target = job.target;
      return c;
    });
  }
  const auto most = std::max_element(
      refusals.begin(), refusals.end(),
      [](const auto& a, const auto& b) { return a.second.first < b.second.first; });
  const auto& [count, example] = most->second;
  throw NoCase(
      fmt::format("{}: no case inside the claims in {} tries; what refused most, {} times: "
                  "{}",
                  m.file, kMostTries, count, example));
}

uint64_t budget_beside(uint64_t instructions) {
  constexpr uint64_t kLongRun = 8;         // times as many
  constexpr uint64_t kSmallRun = 200'000;  // ... as one, where there were fewer
  return kLongRun * std::max(instructions, kSmallRun);
}

Verdict Harness::evaluate(const Case& c, JudgeOptions options) const {
  return evaluate(c, manifest(c.kernel), options);
}

Verdict Harness::evaluate(const Case& c, const Manifest& m, JudgeOptions options) const {
  const auto failed_check = [](const std::exception& e) {
    const std::string message = fmt::format(
        "wavefuzz cannot judge this case, which says nothing of the kernel: {}", e.what());
    return Verdict{.status = Status::kFail,
                   .findings = {{FindingKind::kInternalError, "", message}}};
  };
  try {
    return judged(c, m, options);
  } catch (const Error& e) {
    if (e.exit() != Exit::kInternal) throw;
    return failed_check(e);
  } catch (const std::logic_error& e) {
    return failed_check(e);
  }
}

Verdict Harness::judged(const Case& c, const Manifest& m, const JudgeOptions& options) const {
  if (c.op != m.op) {
    throw Error(Exit::kUsage,
                fmt::format("the case is of operator '{}', and kernel '{}' implements '{}'", c.op,
                            c.kernel, m.op));
  }
  const Operator& op = find_operator(m.op);
  const Params params = params_of(op, c, c.target);
  if (const auto refusal = refusal_of(op, m, c, params))
    return {.status = Status::kRefused, .reason = *refusal};
  if (!c.plant.empty() && m.find_plant(c.plant) == nullptr) {
    throw Error(Exit::kUsage,
                fmt::format("kernel '{}' has no planted bug '{}'", c.kernel, c.plant));
  }
  Target& target = this->target(c.target);
  const Problem problem = this->problem(c, m, op, params, options);
  Outcome outcome = target.launch(problem);
  const std::vector<std::string> known = take_known(m.known_faults(params), outcome);
  const Run run = {c, m, problem.buffers, outcome};
  Judge judge(problem.buffers, outcome, options);
  op.judge(run, judge);

  if (const std::optional<Case> other = op.related(c)) {
    const Params other_params = params_of(op, *other, c.target);
    if (!refusal_of(op, m, *other, other_params)) {
      const Problem other_problem = this->problem(
          *other, m, op, other_params, {.instruction_budget = options.instruction_budget});
      const Outcome other_outcome = target.launch(other_problem);
      if (other_outcome.status == Outcome::Status::kCompleted)
        op.compare(run, {*other, m, other_problem.buffers, other_outcome}, judge);
    }
  }
  Verdict verdict = judge.finish();
  verdict.known = known;
  // In a run of its own: it takes what is not exact for undefined, to see where it goes.
  if (options.inexact && outcome.fidelity != kExactFidelity) {
    Problem followed = problem;
    followed.follow_inexact = true;
    verdict.inexact_uses = target.launch(followed).inexact_uses;
  }
  for (Finding& f : verdict.findings) {
    if (!f.instruction.empty()) f.kernel.code_object = object_name(m, f.kernel.code_object);
  }
  for (auto& [kernel, edges] : outcome.coverage)
    verdict.coverage[{object_name(m, kernel.code_object), kernel.symbol}] = std::move(edges);
  for (auto& [kernel, compares] : outcome.compares)
    verdict.compares[{object_name(m, kernel.code_object), kernel.symbol}] = std::move(compares);
  return verdict;
}

Params Harness::params(const Case& c) const { return params_of(op(c), c, c.target); }

std::optional<std::string> Harness::refusal(const Case& c) const {
  const Manifest& m = manifest(c.kernel);
  const Operator& op = find_operator(m.op);
  return refusal_of(op, m, c, params_of(op, c, c.target));
}

Problem Harness::problem(const Case& c) const {
  const Manifest& m = manifest(c.kernel);
  const Operator& op = find_operator(m.op);
  return problem(c, m, op, params_of(op, c, c.target), JudgeOptions{});
}

Problem Harness::problem(const Case& c, const Manifest& m, const Operator& op, const Params& params,
                         const JudgeOptions& options) const {
  Problem problem;
  problem.buffers = op.buffers(c);
  m.bind(params, c.plant, roots_,
         m.planner.name.empty() ? std::vector<PlanRequest>() : op.plan_requests(c), problem);
  problem.explain = options.explain;
  problem.coverage = options.coverage;
  problem.instruction_budget = options.instruction_budget;
  return problem;
}

ProgramCoverage Harness::coverage(const Job& job, const KernelId& kernel,
                                  const Edges& edges) const {
  const std::string path = object_path(manifest(job.kernel), kernel.code_object);
  return target(job.target).coverage({path, kernel.symbol}, edges);
}

std::string Harness::object_name(const Manifest& m, const std::string& path) const {
  const auto below = [&](const std::string& folder) -> std::optional<std::string> {
    const size_t n = folder.size() + (folder.ends_with('/') ? 0 : 1);
    if (path.size() <= n || !path.starts_with(folder) || path[n - 1] != '/') return std::nullopt;
    return path.substr(n);
  };
  for (const auto& [root, folder] : roots_.external) {
    if (const auto rest = below(folder)) return root + ":" + *rest;
  }
  if (const auto rest = below(roots_.tree)) return *rest;
  return below(std::filesystem::path(m.file).parent_path().string()).value_or(path);
}

std::string Harness::object_path(const Manifest& m, const std::string& name) const {
  for (const ExternalRoot& root : kExternalRoots) {
    if (!name.starts_with(std::string(root.name) + ":")) continue;
    const auto it = roots_.external.find(root.name);
    if (it == roots_.external.end())
      throw Error(Exit::kTargetUnavailable, fmt::format("{} {}", name, root.demand()));
    return (std::filesystem::path(it->second) / name.substr(name.find(':') + 1)).string();
  }
  const auto beside = std::filesystem::path(m.file).parent_path() / name;
  return (exists(beside) ? beside : std::filesystem::path(roots_.tree) / name).string();
}

const std::string& Harness::object_digest(const std::string& kernel,
                                          const std::string& name) const {
  const std::string path = object_path(manifest(kernel), name);
  const std::lock_guard lock(mutex_);
  std::string& digest = digests_[path];
  if (digest.empty()) digest = file_digest(path);
  return digest;
}

Target& Harness::target(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Target>& target = targets_[name];
  if (target == nullptr) target = make_target(name);
  return *target;
}

}  // namespace wavefuzz
