#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <tuple>

#include "fuzz/case/plural.h"
#include "fuzz/cli/commands.h"
#include "fuzz/cli/options.h"
#include "fuzz/cli/paths.h"
#include "fuzz/cli/terminal.h"
#include "fuzz/judge/corpus.h"
#include "fuzz/search/regress.h"
#include "gpu/finding_json.h"
#include "gpu/sim/code_object.h"

namespace wavefuzz {

namespace fs = std::filesystem;

namespace {

/// More builds than this are searched by halves.
constexpr size_t kMostInARow = 8;
constexpr uint64_t kCases = 512;

struct RegressArguments : CampaignArguments {
  std::vector<std::string> files;   // OLD NEW...
  std::string launch;               // that they are of
  std::vector<std::string> corpus;  // empty: those of the tree
};

void declare(CLI::App& app, RegressArguments& options) {
  add_campaign(app, options);
  app.add_option("build", options.files,
                 "OLD NEW...: code objects of the kernel, or names as of --kernel")
      ->required();
  app.add_option("--launch", options.launch,
                 "The launch that code objects are of, where the kernel has several");
  app.add_option("--seconds", options.seconds, "Time to draw cases (default: 512 cases)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--corpus", options.corpus,
                 "Known failures, replayed first (default: those of the tree), or 'none'");
}

/// A build with what it takes to run it.
struct NamedBuild {
  std::unique_ptr<Harness> harness;
  RegressArguments options;  // under which other commands find it
  Build build;
  std::string arch;  // of a code object; empty: any of the kernel's
};

/// The kernel whose code objects are compared: that of --kernel, or the only one there is.
std::string kernel_of_objects(const RegressArguments& options, const Harness& harness) {
  if (options.kernels != std::vector<std::string>{"all"}) {
    if (options.kernels.size() != 1)
      throw Error(Exit::kUsage, "regress: --kernel must name one kernel");
    return harness.manifest(options.kernels.front()).kernel;
  }
  if (harness.manifests().size() != 1) {
    throw Error(Exit::kUsage,
                "regress: code objects are of a kernel: give --kernel=NAME or --manifest=FILE");
  }
  return harness.manifests().begin()->first;
}

NamedBuild named_build(const std::string& word, const RegressArguments& options) {
  NamedBuild b;
  b.options = options;
  b.build.shown = word;
  if (names_object(user_path(word))) {
    const std::string kernel = kernel_of_objects(options, make_harness(options));
    const std::string launch = options.launch.empty() ? "" : "/" + options.launch;
    b.options.objects.push_back(kernel + launch + "=" + word);
    b.build.kernel = kernel;
    try {
      if (fs::is_regular_file(user_path(word)))
        b.arch = sim::name(sim::CodeObject::load(user_path(word)).arch());
    } catch (const sim::Error& e) {
      throw Error(Exit::kUsage, e.what());
    }
  } else {
    std::tie(b.build.kernel, b.build.plant) = split_kernel_name(word);
  }
  b.harness.reset(new Harness(make_harness(b.options)));
  b.build.harness = b.harness.get();
  const Manifest* m = nullptr;
  try {
    m = &b.harness->manifest(b.build.kernel);
  } catch (const Error&) {
    throw Error(Exit::kUsage, fmt::format("regress: '{}' is no file and no kernel", word));
  }
  if (!b.build.plant.empty() && m->find_plant(b.build.plant) == nullptr) {
    throw Error(Exit::kUsage,
                fmt::format("kernel '{}' has no planted bug '{}'", b.build.kernel, b.build.plant));
  }
  return b;
}

/// The targets that every build runs on, of those asked for.
std::vector<std::string> targets(const std::vector<NamedBuild>& builds,
                                 const RegressArguments& options) {
  std::vector<std::string> list =
      targets_of(builds.front().harness->manifest(builds.front().build.kernel));
  std::erase_if(list, [&](const std::string& target) {
    const bool wanted =
        std::any_of(options.targets.begin(), options.targets.end(),
                    [&](const std::string& t) { return t == "all" || t == target; });
    return !wanted || std::any_of(builds.begin(), builds.end(), [&](const NamedBuild& b) {
      return !b.arch.empty() && b.arch != arch_of(target);
    });
  });
  if (list.empty())
    throw Error(Exit::kUsage, "regress: the builds have no target in common among those asked for");
  return list;
}

const char* name(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::kNew:
      return "new";
    case Difference::Kind::kWider:
      return "wider";
    case Difference::Kind::kGone:
      return "gone";
    case Difference::Kind::kNarrower:
      return "narrower";
    case Difference::Kind::kOther:
      return "changed";
    case Difference::Kind::kMoved:
      break;
  }
  return "moved";
}

std::string signatures(const Difference& d) {
  if (d.before.empty()) return d.after;
  if (d.after.empty() || d.before == d.after) return d.before;
  return d.before + " to " + d.after;
}

/// Stores the case and returns the command that replays it.
std::string store(const NamedBuild& build, const Difference& d) {
  const RegressArguments& o = build.options;
  const std::string file = finding_file(d.drawn);
  const std::string arguments = harness_arguments(o);
  try {
    write_file((fs::path(user_path(o.out)) / file).string(),
               corpus_text({d.shrunk.smallest, signature(d.shrunk.verdict),
                            d.shrunk.verdict.findings.front().message}));
  } catch (const Error& e) {
    fmt::print(stderr, "wavefuzz: {}\n", e.what());
    return run_case_command(o.program, d.shrunk.smallest, arguments);
  }
  return replay_file_command(o.program, o.out, file, arguments);
}

std::string coverage_words(const BuildCoverage& c) {
  ProgramCoverage share;
  share.executed = c.executed;
  share.instructions = c.instructions;
  return fmt::format("{:.1f} % of {}, {} never reached", share.percent(),
                     plural(c.instructions, "instruction"), plural(c.unreached, "block"));
}

class Teller {
 public:
  Teller(const RegressArguments& options) : options_(options), out_(text_out(options)) {}

  void tell(const NamedBuild& before, const NamedBuild& now, const std::string& target,
            const Comparison& c) {
    nlohmann::ordered_json json = {{"old", before.build.shown},
                                   {"new", now.build.shown},
                                   {"target", target},
                                   {"cases", c.drawn},
                                   {"corpus", c.replayed},
                                   {"other_bits", c.other_bits},
                                   {"differences", nlohmann::ordered_json::array()}};
    fmt::print(out_, "{} against {} on {}: {}, {} of the corpus\n", now.build.shown,
               before.build.shown, target, plural(c.drawn, "case"), c.replayed);
    if (c.too_large != 0) {
      fmt::print(out_, "too large: {}\n", plural(c.too_large, "case"));
      json["too_large"] = c.too_large;
    }
    if (!c.unsupported.empty()) {
      fmt::print(out_, "unsupported: {}\n", c.unsupported);
      json["unsupported"] = c.unsupported;
    }
    for (const Difference& d : c.differences)
      json["differences"].push_back(tell(d, d.after.empty() ? before : now));
    if (c.other_bits != 0) {
      fmt::print(out_, "other bits: the outputs of {} that pass on both differ, {} the first\n",
                 plural(c.other_bits, "case"), c.first_other);
    }
    if (c.before != c.now) {
      fmt::print(out_, "coverage: {}; before {}\n", coverage_words(c.now),
                 coverage_words(c.before));
    }
    for (const auto& [key, coverage] :
         {std::pair("coverage_old", c.before), {"coverage_new", c.now}}) {
      json[key] = {{"executed", coverage.executed},
                   {"instructions", coverage.instructions},
                   {"unreached_blocks", coverage.unreached}};
    }
    if (c.unsupported.empty() && c.differences.empty() && c.other_bits == 0 && c.before == c.now)
      fmt::print(out_, "no difference\n");
    comparisons_.push_back(std::move(json));
  }

  const nlohmann::ordered_json& comparisons() const { return comparisons_; }

 private:
  nlohmann::ordered_json tell(const Difference& d, const NamedBuild& fails) {
    const Operator& op = fails.harness->op(d.drawn);
    const std::string command = store(fails, d);
    const Finding& first = d.shrunk.verdict.findings.front();
    fmt::print(out_, "{}: {}, in {}, {} the first\n  {}\n", name(d.kind), signatures(d),
               plural(d.cases, "case"), d.origin, first.message);
    fmt::print(out_, "  drawn:  {}\n", op.summary(d.drawn));
    if (d.shrunk.steps != 0) {
      fmt::print(out_, "  shrunk: {}\n          {} of {} smaller cases fail alike{}\n",
                 op.summary(d.shrunk.smallest), d.shrunk.better, d.shrunk.steps,
                 d.shrunk.complete ? "" : ", stopped before the end");
    }
    if (d.was && d.is) {
      fmt::print(out_, "  before: {}\n  now:    {}\n", d.was->sentence(), d.is->sentence());
    } else if (d.was || d.is) {
      fmt::print(out_, "  {}\n", (d.is ? d.is : d.was)->sentence());
    }
    const nlohmann::ordered_json also = tell_also(d, fails);
    fmt::print(out_, "  re-run {}/{} times the same\n  replay: {}\n", d.confirmations,
               kConfirmations, command);
    std::fflush(out_);
    nlohmann::ordered_json json = {
        {"kind", name(d.kind)},
        {"breaks", d.breaks()},
        {"before", d.before.empty() ? nullptr : nlohmann::ordered_json(d.before)},
        {"after", d.after.empty() ? nullptr : nlohmann::ordered_json(d.after)},
        {"cases", d.cases},
        {"first", d.origin},
        {"message", first.message},
        {"finding", to_json(first)},
        {"confirmations", d.confirmations},
        {"case", to_json(d.shrunk.smallest)},
        {"replay", command}};
    if (!also.empty()) json["also"] = also;
    if (d.was) json["boundary_before"] = to_json(*d.was);
    if (d.is) json["boundary"] = to_json(*d.is);
    return json;
  }

  nlohmann::ordered_json tell_also(const Difference& d, const NamedBuild& fails) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Difference& other : d.also) {
      const std::string command = store(fails, other);
      fmt::print(out_, "  also: {}, in {}, {} the first: {}\n", signatures(other),
                 plural(other.cases, "case"), other.origin, command);
      list.push_back({{"signature", signature(other.shrunk.verdict)},
                      {"cases", other.cases},
                      {"first", other.origin},
                      {"case", to_json(other.shrunk.smallest)},
                      {"replay", command}});
      const std::optional<Boundary>& boundary = other.is ? other.is : other.was;
      if (boundary) list.back()["boundary"] = to_json(*boundary);
    }
    return list;
  }

  const RegressArguments& options_;
  std::FILE* out_;
  nlohmann::ordered_json comparisons_ = nlohmann::ordered_json::array();
};

Exit regress(const RegressArguments& options) {
  if (options.files.size() < 2) throw Error(Exit::kUsage, "regress: give OLD and NEW");
  std::vector<NamedBuild> builds;
  for (const std::string& word : options.files) builds.push_back(named_build(word, options));
  for (const NamedBuild& b : builds) {
    if (b.build.kernel == builds.front().build.kernel) continue;
    throw Error(Exit::kUsage, fmt::format("regress: '{}' is of kernel '{}', '{}' of '{}'",
                                          builds.front().build.shown, builds.front().build.kernel,
                                          b.build.shown, b.build.kernel));
  }
  RegressOptions o;
  o.seed = parse_seed(options.seed);
  o.cases = options.cases;
  o.seconds = options.seconds;
  if (o.cases == 0 && o.seconds == 0) o.cases = kCases;
  o.threads = options.threads;
  if (options.no_shrink) o.shrink.steps = 0;
  std::vector<std::string> corpus;
  for (const std::string& folder : options.corpus) {
    if (folder != "none") corpus.push_back(user_path(folder));
  }
  if (options.corpus.empty()) corpus.push_back((fs::path(tree_of(options)) / "corpus").string());
  for (const std::string& folder : corpus) {
    for (std::string& file : corpus_files(folder)) o.corpus.push_back(std::move(file));
  }
  print_version(options, o.seed);

  Teller teller(options);
  bool breaks = false, nothing = true;
  size_t first_bad = 0;
  const auto compare = [&](size_t i, const std::string& target) {
    o.target = target;
    Comparison c = compare_builds(builds[0].build, builds[i].build, o, interrupted);
    teller.tell(builds[0], builds[i], target, c);
    nothing &= !c.unsupported.empty() || c.drawn + c.replayed == 0;
    return c;
  };
  for (const std::string& target : targets(builds, options)) {
    size_t bad = 0;
    if (builds.size() - 1 <= kMostInARow) {
      for (size_t i = 1; i < builds.size() && bad == 0 && !interrupted; ++i) {
        if (compare(i, target).breaks()) bad = i;
      }
    } else {
      // The last one shows what to look for.
      const Comparison last = compare(builds.size() - 1, target);
      for (const Difference& d : last.differences) {
        if (!d.breaks()) continue;
        std::vector<Build> order;
        for (const NamedBuild& b : builds) order.push_back(b.build);
        const size_t at = first_failing(order, d.shrunk.smallest, d.after);
        if (bad == 0 || at < bad) bad = at;
      }
      if (bad != 0 && bad != builds.size() - 1) compare(bad, target);
    }
    if (bad == 0) continue;
    breaks = true;
    if (builds.size() > 2) {
      fmt::print(text_out(options), "the first bad one on {}: {}\n", target,
                 builds[bad].build.shown);
      if (first_bad == 0 || bad < first_bad) first_bad = bad;
    }
  }
  if (options.json) {
    nlohmann::ordered_json json = {{"comparisons", teller.comparisons()}, {"breaks", breaks}};
    if (first_bad != 0) {
      json["first_bad"] = builds[first_bad].build.shown;
      json["first_bad_index"] = first_bad;  // 0: the old one
    }
    std::cout << json.dump(1) << "\n";
  }
  if (breaks) return Exit::kFindings;
  return nothing ? Exit::kNothingRan : Exit::kClean;
}

}  // namespace

void add_regress_command(CLI::App& app, Session& session) {
  add_command(app, session, "regress",
              "Say what a newer build of a kernel does differently; of several, the first bad",
              declare, regress);
}

}  // namespace wavefuzz
