#include "fuzz/manifest/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "fuzz/operators/operator.h"
#include "fuzz/search/clock.h"
#include "gpu/error.h"
#include "gpu/json_view.h"

namespace wavefuzz {
namespace {

// Cases drawn to see which kernels a manifest launches, and how. They are not run.
constexpr uint64_t kDraws = 200;
// Of them, those that are bound whatever they launch. Their buffers are most of the work.
constexpr uint64_t kBound = 40;

// Of a smoke run, for a kernel of a file of many.
constexpr double kLeastSeconds = 3;

std::string without_file(const std::string& message, const std::string& file) {
  return message.starts_with(file + ": ") ? message.substr(file.size() + 2) : message;
}

class Check {
 public:
  Check(const Manifest& manifest, bool variant, const Roots& roots, const SmokeOptions& smoke)
      : roots_(roots), smoke_(smoke) {
    report_.file = manifest.file;
    report_.kernel = manifest.kernel;
    report_.variant = variant;
    report_.budget = smoke.seconds;
  }

  ManifestReport run(const Manifest& manifest) {
    try {
      everything(manifest);
    } catch (const Error& e) {
      add("manifest", without_file(e.what(), report_.file));
    }
    weigh_declared(manifest);
    std::stable_partition(report_.remarks.begin(), report_.remarks.end(),
                          [](const Remark& r) { return !r.note; });
    report_.seconds = now() - start_;
    return std::move(report_);
  }

 private:
  void everything(const Manifest& m) {
    const Operator& op = find_operator(m.op);
    const size_t before = report_.remarks.size();
    add(check_names(m, vocabulary_of(op)));
    try {
      op.check_manifest(m);
    } catch (const Error& e) {
      add("manifest", without_file(e.what(), report_.file));
    }
    if (const ExternalRoot* missing = m.missing_root(roots_)) {
      report_.unavailable = missing->demand();
      return;
    }
    // What cannot be evaluated cannot be bound: the objects are compared as far as they can be.
    const bool sound = report_.remarks.size() == before;
    std::set<KernelUse> uses;
    if (sound) {
      harness_.emplace(std::vector<std::string>{report_.file}, roots_);
      uses = drawn_uses(m);
    }
    if (uses.empty()) uses = named_uses(m);
    compare(m, uses);
    if (!sound || drawn_none_) return;
    check_plants(m);
    const bool agrees = std::all_of(report_.remarks.begin(), report_.remarks.end(),
                                    [](const Remark& r) { return r.note; });
    if (!agrees || smoke_.cases == 0) return;
    const SmokeRun smoke = smoke_run(*harness_, m, smoke_);
    report_.cases = smoke.cases;
    report_.failed = smoke.failed;
    add(smoke.remarks);
  }

  /// What the manifest says it is wrong about must be so, and is then no disagreement.
  void weigh_declared(const Manifest& m) {
    for (const Disagreement& declared : m.disagrees) {
      // Whether failures are a note depends on how many cases ran.
      bool seen = declared.field == kSmokeRun && report_.failed != 0;
      for (Remark& r : report_.remarks) {
        if (r.field != declared.field || (r.note && r.field != kSmokeRun)) continue;
        r = {true, r.field, fmt::format("wrong on purpose ({}): {}", declared.why, r.message)};
        seen = true;
      }
      if (seen || !report_.unavailable.empty()) continue;
      const bool unknown = smoke_.cases == 0;
      add({Remark{unknown, "disagrees",
                  fmt::format("{} {}", declared.field,
                              unknown ? "is said to be wrong; no case ran to see it"
                                      : "is said to be wrong, and nothing disagrees with it")}});
    }
  }

  std::vector<std::string> targets(const Manifest& m) {
    std::vector<std::string> targets;
    for (const std::string& arch : m.arches) {
      const std::vector<std::string> known = target_names();
      const std::string target = "sim:" + arch;
      if (std::find(known.begin(), known.end(), target) == known.end()) {
        add("arches", fmt::format("'{}' is none of the targets' (gfx942, gfx950)", arch));
      } else {
        targets.push_back(target);
      }
    }
    return targets;
  }

  std::set<KernelUse> drawn_uses(const Manifest& m) {
    std::set<KernelUse> uses;
    std::set<std::vector<KernelId>> seen;
    for (const std::string& target : targets(m)) {
      for (uint64_t index = 0; index < kDraws; ++index) {
        try {
          const Case c = harness_->draw({m.kernel, "", target}, smoke_.seed, index).value();
          if (!seen.insert(kernels_of(m, c, target)).second && index >= kBound && constant_size(m))
            continue;
          add_uses(m, target, harness_->problem(c), uses);
        } catch (const Error& e) {
          add("claims", without_file(e.what(), report_.file));
          drawn_none_ = true;
          break;
        }
      }
    }
    return uses;
  }

  /// Those of a case, whether launched or not.
  std::vector<KernelId> kernels_of(const Manifest& m, const Case& c, const std::string& target) {
    Params params = harness_->op(c).launch_params(c);
    params.set("arch", arch_of(target));
    std::vector<KernelId> kernels;
    for (const LaunchSpec& launch : m.launches)
      kernels.push_back(m.kernel_of(launch, params, roots_));
    return kernels;
  }

  /// Whether no case's launch has other workgroups than another's of the same kernel.
  static bool constant_size(const Manifest& m) {
    const auto is_constant = [](const std::string& expression) {
      return expression.find_first_not_of("0123456789") == std::string::npos;
    };
    return std::all_of(m.launches.begin(), m.launches.end(), [&](const LaunchSpec& l) {
      return l.when.empty() && is_constant(l.dynamic_lds_bytes) &&
             std::all_of(l.group_size.begin(), l.group_size.end(), is_constant);
    });
  }

  static void add_uses(const Manifest& m, const std::string& target, const Problem& problem,
                       std::set<KernelUse>& uses) {
    for (const Launch& launch : problem.launches) {
      const auto spec = std::find_if(m.launches.begin(), m.launches.end(),
                                     [&](const LaunchSpec& s) { return s.name == launch.name; });
      uses.insert({.launch = static_cast<size_t>(spec - m.launches.begin()),
                   .arch = arch_of(target),
                   .kernel = launch.kernel,
                   .group_size = launch.group_size,
                   .dynamic_lds_bytes = launch.dynamic_lds_bytes});
    }
  }

  /// The uses that claims allow, of a manifest that cannot be bound: every choice of the parameters
  /// that paths and symbols name, as far as such kernels exist.
  std::set<KernelUse> named_uses(const Manifest& m) {
    std::set<KernelUse> uses;
    for (const std::string& target : targets(m)) {
      Params of_target;
      of_target.set("arch", arch_of(target));
      for (size_t l = 0; l < m.launches.size(); ++l) {
        for (const Params& params : m.named_choices(m.launches[l], of_target))
          uses.insert({.launch = l,
                       .arch = arch_of(target),
                       .kernel = m.kernel_of(m.launches[l], params, roots_)});
      }
    }
    return uses;
  }

  /// Each remark once, with the first kernel that it holds of.
  void compare(const Manifest& m, const std::set<KernelUse>& uses) {
    std::map<std::tuple<bool, std::string, std::string>, std::pair<std::string, uint64_t>> by;
    std::vector<Remark> order;
    for (const KernelUse& use : uses) {
      for (const Remark& remark : check_use(m, use)) {
        const auto [it, fresh] = by.emplace(
            remark.key(),
            std::pair(
                fmt::format("{} of {}", use.kernel.symbol,
                            std::filesystem::path(use.kernel.code_object).filename().string()),
                uint64_t{0}));
        ++it->second.second;
        if (fresh) order.push_back(remark);
      }
    }
    report_.kernels = uses.size();
    for (Remark& remark : order) {
      const auto& [where, count] = by.at(remark.key());
      remark.message +=
          fmt::format(" [{}{}]", where, count == 1 ? "" : fmt::format(" and {} more", count - 1));
      report_.remarks.push_back(std::move(remark));
    }
  }

  void check_plants(const Manifest& m) {
    for (const Plant& plant : m.plants) {
      const std::string field = fmt::format("planted '{}'", plant.name);
      for (const std::string& target : targets_of(m)) {
        try {
          const Case c = harness_->draw({m.kernel, plant.name, target}, smoke_.seed, 0).value();
          std::set<KernelUse> uses;
          add_uses(m, target, harness_->problem(c), uses);
          for (const KernelUse& use : uses) {
            for (const Remark& remark : check_use(m, use)) {
              const bool of_plant = remark.field.ends_with("code_object") ||
                                    remark.field.ends_with("symbol") ||
                                    remark.field.ends_with("arches");
              if (of_plant && !said(remark.message)) add(field, remark.message);
            }
          }
        } catch (const Error& e) {
          add(field, without_file(e.what(), report_.file));
        }
      }
    }
  }

  /// Whether a launch without the planted bug has been told the same.
  bool said(const std::string& message) const {
    return std::any_of(report_.remarks.begin(), report_.remarks.end(), [&](const Remark& r) {
      return !r.field.starts_with("planted") && r.message.starts_with(message);
    });
  }

  void add(std::string field, std::string message) {
    add({Remark{false, std::move(field), std::move(message)}});
  }
  void add(const std::vector<Remark>& remarks) {
    for (const Remark& r : remarks) {
      const bool known = std::any_of(report_.remarks.begin(), report_.remarks.end(),
                                     [&](const Remark& o) { return o.key() == r.key(); });
      if (!known) report_.remarks.push_back(r);
    }
  }

  const Roots& roots_;
  const SmokeOptions smoke_;
  std::optional<Harness> harness_;
  const double start_ = now();
  bool drawn_none_ = false;  ///< no case could be drawn or bound
  ManifestReport report_;
};

}  // namespace

bool ManifestReport::disagrees() const {
  return std::any_of(remarks.begin(), remarks.end(), [](const Remark& r) { return !r.note; });
}

Vocabulary vocabulary_of(const Operator& op) {
  const OperatorPage page = op.page();
  Vocabulary known;
  known.op = page.name;
  known.plans = op.plan_prefixes();
  for (const auto& buffer : page.buffers) known.buffers.insert(buffer.name);
  for (const auto& list : {page.parameters, page.derived})
    for (const auto& entry : one_each(list)) known.parameters.insert(entry.name);
  for (const auto& entry : one_each(page.numerics)) known.numerics.insert(entry.name);
  return known;
}

double smoke_seconds(const SmokeOptions& smoke, size_t kernels) {
  return std::max(kLeastSeconds, smoke.seconds / static_cast<double>(std::max<size_t>(kernels, 1)));
}

void check_manifest(const std::string& file, const Roots& roots, const SmokeOptions& smoke,
                    int threads, const std::function<void(const ManifestReport&)>& each) {
  ManifestReport unread;
  unread.file = file;
  std::vector<Manifest> manifests;
  try {
    unread.remarks = find_todos(load_json(file));
    manifests = Manifest::load_all(file);
  } catch (const Error& e) {
    // A field to fill in is no number yet; it has been named.
    if (unread.remarks.empty())
      unread.remarks.push_back({false, "manifest", without_file(e.what(), file)});
  }
  if (!unread.remarks.empty()) return each(unread);
  for (Manifest& m : manifests) {
    for (const Operator* op : operators()) {
      if (op->name() == m.op) op->table().complete_claims(m);
    }
  }
  SmokeOptions share = smoke;
  share.seconds = smoke_seconds(smoke, manifests.size());
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) ordered
  for (size_t i = 0; i < manifests.size(); ++i) {
    const ManifestReport report =
        Check(manifests[i], manifests.size() > 1, roots, share).run(manifests[i]);
#pragma omp ordered
    each(report);
  }
}

}  // namespace wavefuzz
