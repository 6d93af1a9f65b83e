#include "fuzz/store/ledger.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <string_view>

#include "fuzz/search/parallel.h"
#include "gpu/error.h"
#include "gpu/expression.h"
#include "gpu/json_view.h"

namespace wavefuzz {

namespace fs = std::filesystem;

namespace {

constexpr int kFormat = 1;

bool any_like(const std::vector<std::string>& patterns, const std::string& text) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
  });
}

bool any_agrees(const std::vector<std::string>& patterns, const std::string& signature) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return agrees(pattern, signature); });
}

bool is_url(const std::string& text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (text.starts_with(scheme) && text.size() > scheme.size() &&
        text.find_first_of(" \t\n\"<>") == std::string::npos)
      return true;
  }
  return false;
}

LedgerRange parse_range(const JsonView& view) {
  const std::string text = view.text();
  LedgerRange range;
  if (text == "*") return range;
  const size_t dots = text.find("..");
  const auto number = [&](const std::string& digits) -> std::optional<int64_t> {
    if (digits.empty()) return std::nullopt;
    int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size())
      view.fail("must be FIRST..LAST, FIRST.., ..LAST or *");
    return value;
  };
  if (dots == std::string::npos || text.size() == 2)
    view.fail("must be FIRST..LAST, FIRST.., ..LAST or *");
  range.first = number(text.substr(0, dots));
  range.last = number(text.substr(dots + 2));
  return range;
}

std::vector<std::string> some_texts(const JsonView& view) {
  std::vector<std::string> texts = view.texts();
  if (texts.empty()) view.fail("must have at least one entry");
  return texts;
}

LedgerCase parse_case_file(const JsonView& view, const LedgerEntry& entry,
                           const std::string& folder) {
  LedgerCase c;
  c.file = view.text();
  try {
    c.recorded = read_corpus_file((fs::path(folder) / c.file).lexically_normal().string());
  } catch (const Error& e) {
    view.fail(fmt::format("of '{}' cannot be read ({})", entry.name, e.what()));
  }
  const Case& of = c.recorded.c;
  if (!any_like(entry.kernels, of.kernel))
    view.fail(fmt::format("is of kernel '{}', which 'kernels' does not name", of.kernel));
  if (!entry.arches.empty() && !any_like(entry.arches, arch_of(of.target)))
    view.fail(fmt::format("is of {}, which 'arch' does not name", arch_of(of.target)));
  if (!any_agrees(entry.signatures, c.recorded.signature))
    view.fail(
        fmt::format("fails with '{}', which 'signatures' does not name", c.recorded.signature));
  return c;
}

LedgerEntry parse_entry(const JsonView& view, const std::string& folder) {
  view.allow_only({"name", "what", "link", "kernels", "arch", "signatures", "where", "boundary",
                   "expect", "cases"});
  LedgerEntry e;
  e.name = view.at("name").text();
  if (e.name.empty()) view.at("name").fail("must not be empty");
  const auto of = [&](const std::string& problem) {
    return fmt::format("of '{}' {}", e.name, problem);
  };
  if (!view.has("link")) view.fail(of("has no 'link': an entry without one is refused"));
  e.link = view.at("link").text();
  if (!is_url(e.link)) view.at("link").fail(of("must be an http or https URL"));
  e.what = view.at("what").text();
  e.kernels = some_texts(view.at("kernels"));
  if (view.has("arch")) e.arches = some_texts(view.at("arch"));
  e.signatures = some_texts(view.at("signatures"));
  for (const JsonView& item : view.at("signatures").items()) {
    if (!names_a_kind(item.text())) item.fail(of("must begin with a kind of finding"));
  }
  if (view.has("where")) {
    e.where = view.at("where").text();
    try {
      names_in(e.where);
    } catch (const Error& error) {
      view.at("where").fail(of(std::string("must be an expression: ") + error.what()));
    }
  }
  if (view.has("boundary")) {
    for (const auto& [axis, range] : view.at("boundary").members())
      e.boundary[axis] = parse_range(range);
  }
  const std::string expect = view.at("expect").text();
  if (expect != "fails" && expect != "fixed")
    view.at("expect").fail(of("must be \"fails\" or \"fixed\""));
  e.fixed = expect == "fixed";
  if (view.has("cases")) {
    for (const JsonView& item : view.at("cases").items())
      e.cases.push_back(parse_case_file(item, e, folder));
  }
  return e;
}

/// Does the expression hold of the case? One that names what the case has not is of other cases.
bool holds(const std::string& where, const Params& params) {
  if (where.empty()) return true;
  for (const std::string& name : names_in(where)) {
    if (!params.has(name)) return false;
  }
  return evaluate(where, params) != 0;
}

/// Is it that axis, or that of one entry of its list ("ctx[2]")?
bool is_of(const std::string& axis, const std::string& name) {
  return axis == name || axis.starts_with(name + "[");
}

bool is_job(const std::vector<Job>& jobs, const Case& c) {
  return std::any_of(jobs.begin(), jobs.end(), [&](const Job& job) {
    return job.plant.empty() && job.kernel == c.kernel && job.target == c.target;
  });
}

void replay_one(const Harness& harness, LedgerReplay& r) {
  using State = LedgerReplay::State;
  const CorpusEntry& recorded = r.at->recorded;
  if (!harness.manifests().contains(recorded.c.kernel)) {
    r.now = fmt::format("kernel '{}' has no manifest here", recorded.c.kernel);
    return;
  }
  try {
    const Verdict verdict = harness.evaluate(recorded.c);
    switch (verdict.status) {
      case Status::kPass:
      case Status::kWeak:
      case Status::kSuspect:
        r.state = State::kPasses;
        return;
      case Status::kFail:
        r.now = signature(verdict);
        r.state = agrees(recorded.signature, r.now) ? State::kFails : State::kOther;
        return;
      case Status::kRefused:
      case Status::kUnsupported:
      case Status::kTooLarge:
        r.now = fmt::format("{}: {}", words(verdict.status), verdict.reason);
        return;
    }
  } catch (const Error& e) {
    r.now = e.what();
  }
}

}  // namespace

bool LedgerRange::holds(const AxisBoundary& axis) const {
  if (!axis.bounded()) return false;
  switch (axis.form) {
    case AxisBoundary::Form::kAlways:
      return false;
    case AxisBoundary::Form::kInterval:
      return (!first || axis.first >= *first) && (!last || axis.last <= *last);
    case AxisBoundary::Form::kListed:
    case AxisBoundary::Form::kScattered:
      return std::all_of(axis.fails.begin(), axis.fails.end(), [&](int64_t value) {
        return (!first || value >= *first) && (!last || value <= *last);
      });
    case AxisBoundary::Form::kPeriodic:
      return !first && !last;
  }
  return false;
}

std::string LedgerMark::words() const {
  if (entry == nullptr) return "";
  return fmt::format("{}: {}, {}", entry->fixed ? "regression" : "known", entry->name, entry->link);
}

bool LedgerReplay::off() const {
  if (state == State::kCannot) return false;
  return entry->fixed ? state != State::kPasses : state != State::kFails;
}

std::string LedgerReplay::words() const {
  const std::string fault =
      fmt::format("{} fault {}", entry->fixed ? "fixed" : "known", entry->name);
  const auto line = [&](const std::string& what) {
    return fmt::format("{} {} ({}; {})", fault, what, at->file, entry->link);
  };
  switch (state) {
    case State::kFails:
      return line(entry->fixed ? "fails again: a regression" : "fails as recorded");
    case State::kOther:
      return line(fmt::format("fails{} in another way: {}, recorded as {}",
                              entry->fixed ? " again," : "", now, at->recorded.signature));
    case State::kPasses:
      return line(entry->fixed ? "passes" : "no longer fails: mark it fixed");
    case State::kCannot:
      break;
  }
  return line("was not replayed: " + now);
}

Ledger::Ledger(const std::string& path) {
  const nlohmann::json document = load_json(path);
  const JsonView view(document, path);
  view.allow_only({"wavefuzz_ledger", "entries"});
  if (const JsonView format = view.at("wavefuzz_ledger"); format.integer() != kFormat)
    format.fail(fmt::format("must be {}", kFormat));
  const std::string folder = fs::path(path).parent_path().string();
  std::set<std::string> names;
  for (const JsonView& item : view.at("entries").items()) {
    entries_.push_back(parse_entry(item, folder));
    if (!names.insert(entries_.back().name).second)
      item.at("name").fail("is the name of another entry");
  }
}

bool Ledger::like(const LedgerEntry& e, const Harness& harness,
                  const CampaignFinding& finding) const {
  return any_like(e.kernels, finding.job.kernel) &&
         any_agrees(e.signatures, signature(finding.shrunk.verdict)) &&
         (e.arches.empty() || any_like(e.arches, arch_of(finding.job.target))) &&
         (e.where.empty() || holds(e.where, harness.params(finding.shrunk.smallest)));
}

LedgerMark Ledger::match(const Harness& harness, const CampaignFinding& finding) const {
  if (!finding.job.plant.empty()) return {};
  const auto within = [&](const std::string& axis, const LedgerRange& range) {
    if (!finding.boundary) return false;
    const std::vector<AxisBoundary>& axes = finding.boundary->axes;
    return std::any_of(axes.begin(), axes.end(), [&](const AxisBoundary& a) {
      return is_of(a.axis, axis) && range.holds(a);
    });
  };
  for (const LedgerEntry& e : entries_) {
    if (like(e, harness, finding) &&
        std::all_of(e.boundary.begin(), e.boundary.end(), [&](const auto& condition) {
          return within(condition.first, condition.second);
        }))
      return {&e};
  }
  return match(finding.shrunk.smallest, signature(finding.shrunk.verdict));
}

std::vector<std::string> Ledger::needed_axes(const Harness& harness,
                                             const CampaignFinding& finding) const {
  std::vector<std::string> names;
  const Case& c = finding.shrunk.smallest;
  for (const Axis& axis : harness.op(c).axes(c)) {
    const bool asked = std::any_of(entries_.begin(), entries_.end(), [&](const LedgerEntry& e) {
      return std::any_of(e.boundary.begin(), e.boundary.end(),
                         [&](const auto& b) { return is_of(axis.name, b.first); }) &&
             like(e, harness, finding);
    });
    if (asked) names.push_back(axis.name);
  }
  return names;
}

LedgerMark Ledger::match(const Case& c, const std::string& signature) const {
  const std::string id = case_id(c);
  for (const LedgerEntry& e : entries_) {
    for (const LedgerCase& of : e.cases) {
      if (agrees(of.recorded.signature, signature) && case_id(of.recorded.c) == id) return {&e};
    }
  }
  return {};
}

std::vector<LedgerReplay> Ledger::replay(const Harness& harness, const std::vector<Job>& jobs,
                                         int threads, const std::atomic<bool>& interrupted) const {
  std::vector<LedgerReplay> list;
  for (const LedgerEntry& e : entries_) {
    for (const LedgerCase& c : e.cases) {
      if (jobs.empty() || is_job(jobs, c.recorded.c))
        list.push_back({.entry = &e, .at = &c, .now = ""});
    }
  }
  parallel_for(list.size(), threads, [&](size_t i) {
    if (interrupted) {
      list[i].now = "interrupted";
    } else {
      replay_one(harness, list[i]);
    }
  });
  return list;
}

}  // namespace wavefuzz
