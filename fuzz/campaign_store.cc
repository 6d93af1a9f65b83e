#include "fuzz/campaign_store.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "fuzz/version.h"
#include "gpu/error.h"
#include "gpu/json_view.h"

namespace wavefuzz {
namespace {

using nlohmann::json;

constexpr int kSchema = 1;
constexpr double kSecondsBetweenSaves = 0.5;

constexpr const char* kTables = R"sql(
CREATE TABLE IF NOT EXISTS campaigns(
  id INTEGER PRIMARY KEY, started TEXT, version TEXT, state TEXT,
  seed INTEGER, first_case INTEGER, case_stride INTEGER, seconds REAL);
CREATE TABLE IF NOT EXISTS jobs(
  campaign INTEGER, kernel TEXT, plant TEXT, target TEXT,
  cases INTEGER, instructions INTEGER, cpu_seconds REAL, edges INTEGER, state TEXT, coverage TEXT,
  PRIMARY KEY(campaign, kernel, plant, target));
CREATE TABLE IF NOT EXISTS findings(
  campaign INTEGER, kernel TEXT, plant TEXT, target TEXT, case_index INTEGER,
  signature TEXT, message TEXT, drawn TEXT, shrunk TEXT,
  PRIMARY KEY(campaign, kernel, plant, target, case_index));
)sql";

/// Texts of this file itself are read back; a file that somebody changed is refused as a whole.
json parse(const std::string& text, const std::string& where) {
  json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) throw Error(Exit::kUsage, where + ": holds what is not JSON");
  return document;
}

Case parse_stored(const json& document, const std::string& where) {
  return parse_case(JsonView(document, where));
}

json findings_json(const Verdict& verdict) {
  json list = json::array();
  for (const Finding& f : verdict.findings)
    list.push_back({f.kind, f.where, f.message, f.instruction});
  return list;
}

Verdict verdict_of(const json& list) {
  Verdict verdict;
  verdict.status = Status::kFail;
  for (const json& f : list) verdict.findings.push_back({f.at(0), f.at(1), f.at(2), f.at(3)});
  return verdict;
}

json shrunk_json(const CampaignFinding& f) {
  json out = {{"case", to_json(f.shrunk.smallest)},
              {"findings", findings_json(f.shrunk.verdict)},
              {"steps", f.shrunk.steps},
              {"better", f.shrunk.better},
              {"instructions", f.shrunk.instructions},
              {"complete", f.shrunk.complete},
              {"confirmations", f.confirmations}};
  if (f.boundary) out["boundary"] = to_json(*f.boundary);
  return out;
}

json state_json(const JobResult& r) {
  json by_status = json::object();
  for (const auto& [status, count] : r.by_status) by_status[name(status)] = count;
  json suspects = json::array();
  for (const SuspectCase& s : r.suspects)
    suspects.push_back({s.case_index, to_json(s.c), s.message});
  return {{"by_status", by_status},
          {"unsupported", r.unsupported},
          {"cpu_seconds_to_first", r.cpu_seconds_to_first},
          {"suspects", suspects},
          {"known", r.known},
          {"bound_use", {r.bound_use.counts, r.bound_use.worst}}};
}

void read_state(const json& state, const std::string& where, JobResult& r) {
  for (const Status status : {Status::kPass, Status::kWeak, Status::kSuspect, Status::kFail,
                              Status::kRefused, Status::kUnsupported}) {
    if (state.at("by_status").contains(name(status)))
      r.by_status[status] = state.at("by_status").at(name(status));
  }
  r.unsupported = state.at("unsupported");
  r.cpu_seconds_to_first = state.at("cpu_seconds_to_first");
  for (const json& s : state.at("suspects"))
    r.suspects.push_back({s.at(0), parse_stored(s.at(1), where), s.at(2)});
  r.known = state.at("known");
  r.bound_use.counts = state.at("bound_use").at(0);
  r.bound_use.worst = state.at("bound_use").at(1);
}

json coverage_json(const Coverage& coverage) {
  json list = json::array();
  for (const auto& [kernel, edges] : coverage)
    list.push_back({kernel.code_object, kernel.symbol, edges.seen});
  return list;
}

size_t edges_of(const Coverage& coverage) {
  size_t n = 0;
  for (const auto& [kernel, edges] : coverage) n += edges.count();
  return n;
}

std::string name_of(const Job& job) { return kernel_name(job) + " on " + job.target; }

}  // namespace

CampaignStore::CampaignStore(const std::string& path) : database_(path) {
  Database::Statement version(database_, "PRAGMA user_version");
  version.step();
  const int64_t schema = version.integer(0);
  if (schema != 0 && schema != kSchema) {
    throw Error(Exit::kUsage, fmt::format("{}: is of schema {}, and this wavefuzz writes {}", path,
                                          schema, kSchema));
  }
  database_.execute(kTables);
  database_.execute(fmt::format("PRAGMA user_version = {}", kSchema));
}

void CampaignStore::begin(const CampaignKey& key) {
  Database::Statement insert(database_,
                             "INSERT INTO campaigns(started, version, state, seed, first_case, "
                             "case_stride, seconds) VALUES(?, ?, 'running', ?, ?, ?, 0)");
  insert.bind(fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))))
      .bind(std::string(kVersion))
      .bind(key.seed)
      .bind(key.first_case)
      .bind(key.case_stride)
      .step();
  campaign_ = database_.last_id();
  seconds_ = 0;
}

bool CampaignStore::resume(const CampaignKey& key) {
  Database::Statement find(database_,
                           "SELECT id, seconds FROM campaigns WHERE state != 'done' AND seed = ? "
                           "AND first_case = ? AND case_stride = ? ORDER BY id DESC LIMIT 1");
  if (!find.bind(key.seed).bind(key.first_case).bind(key.case_stride).step()) return false;
  campaign_ = find.integer(0);
  seconds_ = find.real(1);
  return true;
}

bool CampaignStore::latest() {
  Database::Statement find(database_, "SELECT id FROM campaigns ORDER BY id DESC LIMIT 1");
  return find.step() && select(find.integer(0));
}

bool CampaignStore::select(int64_t id) {
  Database::Statement find(database_, "SELECT seconds FROM campaigns WHERE id = ?");
  if (!find.bind(id).step()) return false;
  campaign_ = id;
  seconds_ = find.real(0);
  return true;
}

std::vector<Job> CampaignStore::jobs() {
  Database::Statement list(database_,
                           "SELECT kernel, plant, target FROM jobs WHERE campaign = ?1 UNION "
                           "SELECT kernel, plant, target FROM findings WHERE campaign = ?1 "
                           "ORDER BY kernel, plant, target");
  list.bind(campaign_);
  std::vector<Job> jobs;
  while (list.step()) jobs.push_back({list.text(0), list.text(1), list.text(2)});
  return jobs;
}

std::vector<StoredFailure> CampaignStore::unshrunk() {
  Database::Statement list(database_,
                           "SELECT kernel, plant, target, case_index, signature, message, drawn "
                           "FROM findings WHERE campaign = ? AND shrunk IS NULL "
                           "ORDER BY kernel, plant, target, case_index");
  list.bind(campaign_);
  std::vector<StoredFailure> failures;
  while (list.step()) {
    StoredFailure& f = failures.emplace_back();
    f.job = {list.text(0), list.text(1), list.text(2)};
    f.case_index = static_cast<uint64_t>(list.integer(3));
    f.signature = list.text(4);
    f.message = list.text(5);
    const std::string where = fmt::format("{}: {}", database_.path(), name_of(f.job));
    f.drawn = parse_stored(parse(list.text(6), where), where);
  }
  return failures;
}

std::optional<JobResult> CampaignStore::load(const Job& job) {
  Database::Statement find(database_,
                           "SELECT cases, instructions, cpu_seconds, state, coverage FROM jobs "
                           "WHERE campaign = ? AND kernel = ? AND plant = ? AND target = ?");
  if (!find.bind(campaign_).bind(job.kernel).bind(job.plant).bind(job.target).step())
    return std::nullopt;
  const std::string where = fmt::format("{}: {}", database_.path(), name_of(job));
  try {
    JobResult r;
    r.job = job;
    r.cases = static_cast<uint64_t>(find.integer(0));
    r.instructions = static_cast<uint64_t>(find.integer(1));
    r.cpu_seconds = find.real(2);
    read_state(parse(find.text(3), where), where, r);
    for (const json& program : parse(find.text(4), where))
      r.coverage[{program.at(0), program.at(1)}].seen = program.at(2);
    Database::Statement findings(database_,
                                 "SELECT case_index, drawn, shrunk FROM findings WHERE campaign = "
                                 "? AND kernel = ? AND plant = ? AND target = ? AND shrunk IS NOT "
                                 "NULL ORDER BY case_index");
    findings.bind(campaign_).bind(job.kernel).bind(job.plant).bind(job.target);
    while (findings.step()) {
      CampaignFinding f;
      f.job = job;
      f.case_index = static_cast<uint64_t>(findings.integer(0));
      f.original = parse_stored(parse(findings.text(1), where), where);
      const json shrunk = parse(findings.text(2), where);
      f.shrunk.smallest = parse_stored(shrunk.at("case"), where);
      f.shrunk.verdict = verdict_of(shrunk.at("findings"));
      f.shrunk.steps = shrunk.at("steps");
      f.shrunk.better = shrunk.at("better");
      f.shrunk.instructions = shrunk.at("instructions");
      f.shrunk.complete = shrunk.at("complete");
      f.confirmations = shrunk.at("confirmations");
      // A sentence alone is what earlier versions stored.
      if (shrunk.contains("boundary") && shrunk["boundary"].is_object())
        f.boundary = boundary_of(shrunk["boundary"]);
      r.findings.push_back(std::move(f));
    }
    return r;
  } catch (const json::exception& e) {
    throw Error(Exit::kUsage, fmt::format("{}: {}", where, e.what()));
  }
}

void CampaignStore::failure(const Job& job, uint64_t case_index, const Case& c,
                            const Verdict& verdict) {
  Database::Statement insert(database_,
                             "INSERT OR REPLACE INTO findings(campaign, kernel, plant, target, "
                             "case_index, signature, message, drawn) VALUES(?,?,?,?,?,?,?,?)");
  insert.bind(campaign_).bind(job.kernel).bind(job.plant).bind(job.target).bind(case_index);
  insert.bind(signature(verdict)).bind(verdict.findings.front().message);
  insert.bind(to_json(c).dump()).step();
}

void CampaignStore::save(const JobResult& r, double seconds) {
  const Job& job = r.job;
  Database::Transaction transaction(database_);
  Database::Statement put(database_,
                          "INSERT OR REPLACE INTO jobs(campaign, kernel, plant, target, cases, "
                          "instructions, cpu_seconds, edges, state, coverage) "
                          "VALUES(?,?,?,?,?,?,?,?,?,?)");
  put.bind(campaign_).bind(job.kernel).bind(job.plant).bind(job.target);
  put.bind(r.cases).bind(r.instructions).bind(r.cpu_seconds);
  put.bind(static_cast<int64_t>(edges_of(r.coverage)));
  put.bind(state_json(r).dump()).bind(coverage_json(r.coverage).dump()).step();
  for (const CampaignFinding& f : r.findings) {
    Database::Statement update(database_,
                               "UPDATE findings SET shrunk = ?, message = ? WHERE campaign = ? AND "
                               "kernel = ? AND plant = ? AND target = ? AND case_index = ? AND "
                               "shrunk IS NULL");
    update.bind(shrunk_json(f).dump()).bind(f.shrunk.verdict.findings.front().message);
    update.bind(campaign_).bind(job.kernel).bind(job.plant).bind(job.target);
    update.bind(f.case_index).step();
  }
  Database::Statement time(database_, "UPDATE campaigns SET seconds = ? WHERE id = ?");
  time.bind(seconds).bind(campaign_).step();
  transaction.commit();
}

void CampaignStore::finish(bool interrupted) {
  Database::Statement state(database_, "UPDATE campaigns SET state = ? WHERE id = ?");
  state.bind(std::string(interrupted ? "interrupted" : "done")).bind(campaign_).step();
}

std::vector<CampaignRecord> CampaignStore::history() {
  std::vector<CampaignRecord> records;
  Database::Statement list(
      database_,
      "SELECT id, started, version, state, seed, first_case, case_stride, seconds, "
      "(SELECT COUNT(*) FROM jobs WHERE campaign = campaigns.id), "
      "(SELECT COALESCE(SUM(cases), 0) FROM jobs WHERE campaign = campaigns.id), "
      "(SELECT COALESCE(SUM(edges), 0) FROM jobs WHERE campaign = campaigns.id) "
      "FROM campaigns ORDER BY id");
  while (list.step()) {
    CampaignRecord& r = records.emplace_back();
    r.id = list.integer(0);
    r.started = list.text(1);
    r.version = list.text(2);
    r.state = list.text(3);
    r.key = {static_cast<uint64_t>(list.integer(4)), static_cast<uint64_t>(list.integer(5)),
             static_cast<uint64_t>(list.integer(6))};
    r.seconds = list.real(7);
    r.jobs = static_cast<uint64_t>(list.integer(8));
    r.cases = static_cast<uint64_t>(list.integer(9));
    r.edges = static_cast<uint64_t>(list.integer(10));
    Database::Statement found(database_,
                              "SELECT kernel, plant, target, signature FROM findings WHERE "
                              "campaign = ? ORDER BY kernel, plant, target, case_index");
    found.bind(r.id);
    while (found.step()) {
      ++r.findings;
      r.found.push_back(fmt::format("{} on {}: {}", kernel_name(found.text(0), found.text(1)),
                                    found.text(2), found.text(3)));
    }
  }
  return records;
}

std::vector<CampaignChange> changes(const std::vector<CampaignRecord>& records) {
  const auto difference = [](const std::vector<std::string>& a, const std::vector<std::string>& b) {
    const std::set<std::string> in_a(a.begin(), a.end()), in_b(b.begin(), b.end());
    std::vector<std::string> out;
    std::set_difference(in_a.begin(), in_a.end(), in_b.begin(), in_b.end(),
                        std::back_inserter(out));
    return out;
  };
  std::vector<CampaignChange> list;
  std::map<std::pair<uint64_t, uint64_t>, std::vector<std::string>> before;
  for (const CampaignRecord& r : records) {
    std::vector<std::string>& previous = before[{r.key.first_case, r.key.case_stride}];
    list.push_back({difference(r.found, previous), difference(previous, r.found)});
    previous = r.found;
  }
  return list;
}

void StoringListener::on_failure(const Job& job, uint64_t case_index, const Case& c,
                                 const Verdict& verdict) {
  try {
    if (!broken_) store_.failure(job, case_index, c, verdict);
  } catch (const Error& e) {
    failed(e.what());
  }
  next_.on_failure(job, case_index, c, verdict);
}

void StoringListener::on_result(const JobResult& result, bool found, double seconds) {
  double& saved = saved_[name_of(result.job)];
  if (!broken_ && (found || seconds - saved >= kSecondsBetweenSaves)) {
    saved = seconds;
    try {
      store_.save(result, seconds);
    } catch (const Error& e) {
      failed(e.what());
    }
  }
  next_.on_result(result, found, seconds);
}

void StoringListener::finish(const std::vector<JobResult>& results, double seconds,
                             bool interrupted) {
  try {
    if (broken_) return;
    for (const JobResult& result : results) store_.save(result, seconds);
    store_.finish(interrupted);
  } catch (const Error& e) {
    failed(e.what());
  }
}

void StoringListener::failed(const std::string& why) {
  fmt::print(stderr, "wavefuzz: {}; the campaign goes on without it\n", why);
  broken_ = true;
}

}  // namespace wavefuzz
