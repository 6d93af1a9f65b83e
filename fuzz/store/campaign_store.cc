#include "fuzz/store/campaign_store.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "fuzz/store/version.h"
#include "gpu/error.h"
#include "gpu/finding_json.h"
#include "gpu/json_view.h"

namespace wavefuzz {
namespace {

using nlohmann::json;

constexpr int kSchema = 2;
constexpr double kSecondsBetweenSaves = 0.5;

constexpr const char* kTables = R"sql(
CREATE TABLE IF NOT EXISTS campaigns(
  id INTEGER PRIMARY KEY, uid TEXT UNIQUE, started TEXT, version TEXT, state TEXT,
  seed INTEGER, first_case INTEGER, case_stride INTEGER, seconds REAL,
  jobs_hash INTEGER, cases_limit INTEGER, findings_limit INTEGER, guided INTEGER,
  shards INTEGER, merged_into INTEGER);
CREATE TABLE IF NOT EXISTS jobs(
  campaign INTEGER, kernel TEXT, plant TEXT, target TEXT,
  cases INTEGER, instructions INTEGER, cpu_seconds REAL, edges INTEGER, state TEXT, coverage TEXT,
  PRIMARY KEY(campaign, kernel, plant, target));
CREATE TABLE IF NOT EXISTS cases(
  campaign INTEGER, kernel TEXT, plant TEXT, target TEXT, first INTEGER, statuses TEXT,
  PRIMARY KEY(campaign, kernel, plant, target, first));
CREATE TABLE IF NOT EXISTS objects(
  campaign INTEGER, kernel TEXT, name TEXT, digest TEXT,
  PRIMARY KEY(campaign, kernel, name));
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
  for (const Finding& f : verdict.findings) list.push_back(json(to_json(f)));
  return list;
}

Verdict verdict_of(const json& list, const std::string& where) {
  Verdict verdict;
  verdict.status = Status::kFail;
  for (const json& f : list) verdict.findings.push_back(parse_finding(f, where));
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
  if (f.cut_short) out["cut_short"] = true;
  if (f.draw) out["draw"] = *f.draw;
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
          {"too_large", r.too_large},
          {"no_case", r.no_case},
          {"cpu_seconds_to_first", r.cpu_seconds_to_first},
          {"suspects", suspects},
          {"known", r.known},
          {"bound_use", {r.bound_use.counts, r.bound_use.worst}},
          {"drawn", r.drawn},
          {"last_fresh", r.last_fresh},
          {"guide", r.guide.to_json()}};
}

void read_state(const json& state, const std::string& where, JobResult& r) {
  for (const Status status : kStatuses) {
    if (state.at("by_status").contains(name(status)))
      r.by_status[status] = state.at("by_status").at(name(status));
  }
  r.unsupported = state.at("unsupported");
  r.too_large = state.value("too_large", "");  // older databases have none
  r.no_case = state.value("no_case", "");
  r.cpu_seconds_to_first = state.at("cpu_seconds_to_first");
  for (const json& s : state.at("suspects"))
    r.suspects.push_back({s.at(0), parse_stored(s.at(1), where), s.at(2)});
  r.known = state.at("known");
  r.bound_use.counts = state.at("bound_use").at(0);
  r.bound_use.worst = state.at("bound_use").at(1);
  r.drawn = state.at("drawn");
  r.last_fresh = state.at("last_fresh");
  r.guide = Guide::from_json(state.at("guide"));
}

json coverage_json(const Coverage& coverage) {
  json list = json::array();
  for (const auto& [kernel, edges] : coverage)
    list.push_back({kernel.code_object, kernel.symbol, edges.seen});
  return list;
}

}  // namespace

uint64_t hash_of(const std::vector<Job>& jobs) {
  std::set<std::string> names;
  for (const Job& job : jobs) names.insert(job_name(job));
  std::string all;
  for (const std::string& name : names) all += name + "\n";
  return stable_hash(all);
}

char letter(Status status) { return name(status)[0]; }

CampaignStore::CampaignStore(const std::string& path, Database::Mode mode) : database_(path, mode) {
  Database::Statement version(database_, "PRAGMA user_version");
  version.step();
  const int64_t schema = version.integer(0);
  if (schema != kSchema && (schema != 0 || mode == Database::Mode::kRead)) {
    throw Error(Exit::kUsage,
                fmt::format("{}: is of schema {}, and this wavefuzz reads and writes {}; move it "
                            "away or name another file",
                            path, schema, kSchema));
  }
  if (mode == Database::Mode::kRead) return;
  database_.execute(kTables);
  database_.execute(fmt::format("PRAGMA user_version = {}", kSchema));
}

void CampaignStore::begin(const CampaignKey& key, const CampaignLimits& limits) {
  Database::Statement insert(
      database_,
      "INSERT INTO campaigns(uid, started, version, state, seed, first_case, case_stride, seconds, "
      "jobs_hash, cases_limit, findings_limit, guided) VALUES(lower(hex(randomblob(16))), ?, ?, "
      "'running', ?, ?, ?, 0, ?, ?, ?, ?)");
  insert.bind(fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))))
      .bind(std::string(kVersion))
      .bind(key.seed)
      .bind(key.first_case)
      .bind(key.case_stride)
      .bind(limits.jobs)
      .bind(limits.cases)
      .bind(limits.findings_per_job)
      .bind(static_cast<int>(limits.guided))
      .step();
  campaign_ = database_.last_id();
  seconds_ = 0;
}

bool CampaignStore::resume(const CampaignKey& key, const CampaignLimits& limits) {
  Database::Statement find(database_,
                           "SELECT id, seconds FROM campaigns WHERE state != 'done' AND seed = ? "
                           "AND first_case = ? AND case_stride = ? AND shards IS NULL "
                           "ORDER BY id DESC LIMIT 1");
  if (!find.bind(key.seed).bind(key.first_case).bind(key.case_stride).step()) return false;
  campaign_ = find.integer(0);
  seconds_ = find.real(1);
  Database::Statement update(database_,
                             "UPDATE campaigns SET jobs_hash = ?, cases_limit = ?, findings_limit "
                             "= ?, guided = ? WHERE id = ?");
  update.bind(limits.jobs)
      .bind(limits.cases)
      .bind(limits.findings_per_job)
      .bind(static_cast<int>(limits.guided));
  update.bind(campaign_).step();
  return true;
}

bool CampaignStore::latest() {
  Database::Statement find(database_,
                           "SELECT id FROM campaigns WHERE merged_into IS NULL "
                           "ORDER BY id DESC LIMIT 1");
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
    const std::string where = fmt::format("{}: {}", database_.path(), job_name(f.job));
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
  const std::string where = fmt::format("{}: {}", database_.path(), job_name(job));
  try {
    JobResult r;
    r.job = job;
    r.cases = static_cast<uint64_t>(find.integer(0));
    r.instructions = static_cast<uint64_t>(find.integer(1));
    r.cpu_seconds = find.real(2);
    read_state(parse(find.text(3), where), where, r);
    for (const json& program : parse(find.text(4), where))
      r.coverage[{program.at(0), program.at(1)}].seen = program.at(2);
    for (const auto& [kernel, edges] : r.coverage) r.objects[kernel.code_object];
    Database::Statement objects(database_,
                                "SELECT name, digest FROM objects WHERE campaign = ? AND kernel = "
                                "?");
    objects.bind(campaign_).bind(job.kernel);
    while (objects.step()) {
      if (const auto it = r.objects.find(objects.text(0)); it != r.objects.end())
        it->second = objects.text(1);
    }
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
      f.shrunk.verdict = verdict_of(shrunk.at("findings"), where);
      f.shrunk.steps = shrunk.at("steps");
      f.shrunk.better = shrunk.at("better");
      f.shrunk.instructions = shrunk.at("instructions");
      f.shrunk.complete = shrunk.at("complete");
      f.confirmations = shrunk.at("confirmations");
      f.cut_short = shrunk.value("cut_short", false);
      if (shrunk.contains("draw")) f.draw = shrunk["draw"];
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
  failure({job, case_index, signature(verdict), verdict.findings.front().message, c});
}

void CampaignStore::failure(const StoredFailure& f) {
  Database::Statement insert(database_,
                             "INSERT OR REPLACE INTO findings(campaign, kernel, plant, target, "
                             "case_index, signature, message, drawn) VALUES(?,?,?,?,?,?,?,?)");
  insert.bind(campaign_).bind(f.job.kernel).bind(f.job.plant).bind(f.job.target);
  insert.bind(f.case_index).bind(f.signature).bind(f.message).bind(to_json(f.drawn).dump()).step();
}

std::string CampaignStore::statuses(const Job& job) {
  Database::Statement list(database_,
                           "SELECT statuses FROM cases WHERE campaign = ? AND kernel = ? AND plant "
                           "= ? AND target = ? ORDER BY first");
  list.bind(campaign_).bind(job.kernel).bind(job.plant).bind(job.target);
  std::string all;
  while (list.step()) all += list.text(0);
  return all;
}

void CampaignStore::save(const JobResult& r, double seconds, const std::string& statuses) {
  const Job& job = r.job;
  Database::Transaction transaction(database_);
  Database::Statement put(database_,
                          "INSERT OR REPLACE INTO jobs(campaign, kernel, plant, target, cases, "
                          "instructions, cpu_seconds, edges, state, coverage) "
                          "VALUES(?,?,?,?,?,?,?,?,?,?)");
  put.bind(campaign_).bind(job.kernel).bind(job.plant).bind(job.target);
  put.bind(r.cases).bind(r.instructions).bind(r.cpu_seconds);
  put.bind(static_cast<int64_t>(r.edges()));
  put.bind(state_json(r).dump()).bind(coverage_json(r.coverage).dump()).step();
  if (!statuses.empty()) {
    Database::Statement insert(database_, "INSERT INTO cases VALUES(?,?,?,?,?,?)");
    insert.bind(campaign_).bind(job.kernel).bind(job.plant).bind(job.target);
    insert.bind(r.cases - statuses.size()).bind(statuses).step();
  }
  for (const auto& [name, digest] : r.objects) {
    Database::Statement insert(database_, "INSERT OR IGNORE INTO objects VALUES(?,?,?,?)");
    insert.bind(campaign_).bind(job.kernel).bind(name).bind(digest).step();
  }
  for (const CampaignFinding& f : r.findings) {
    Database::Statement update(database_,
                               "UPDATE findings SET shrunk = ?, message = ? WHERE campaign = ? AND "
                               "kernel = ? AND plant = ? AND target = ? AND case_index = ? AND "
                               "(shrunk IS NULL OR json_extract(shrunk, '$.cut_short'))");
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

std::vector<CampaignRecord> CampaignStore::history(bool parts) {
  std::vector<CampaignRecord> records;
  Database::Statement list(
      database_,
      "SELECT id, started, version, state, seed, first_case, case_stride, seconds, jobs_hash, "
      "cases_limit, findings_limit, guided, shards, "
      "(SELECT COUNT(*) FROM jobs WHERE campaign = campaigns.id), "
      "(SELECT COALESCE(SUM(cases), 0) FROM jobs WHERE campaign = campaigns.id), "
      "(SELECT COALESCE(SUM(edges), 0) FROM jobs WHERE campaign = campaigns.id) "
      "FROM campaigns WHERE merged_into IS NULL OR ? ORDER BY id");
  list.bind(static_cast<int>(parts));
  while (list.step()) {
    CampaignRecord& r = records.emplace_back();
    r.id = list.integer(0);
    r.started = list.text(1);
    r.version = list.text(2);
    r.state = list.text(3);
    r.key = {static_cast<uint64_t>(list.integer(4)), static_cast<uint64_t>(list.integer(5)),
             static_cast<uint64_t>(list.integer(6))};
    r.seconds = list.real(7);
    r.limits = {static_cast<uint64_t>(list.integer(8)), static_cast<uint64_t>(list.integer(9)),
                static_cast<uint64_t>(list.integer(10)), list.integer(11) != 0};
    r.shards = static_cast<uint64_t>(list.integer(12));
    r.jobs = static_cast<uint64_t>(list.integer(13));
    r.cases = static_cast<uint64_t>(list.integer(14));
    r.edges = static_cast<uint64_t>(list.integer(15));
    Database::Statement ran(database_, "SELECT kernel, plant, target FROM jobs WHERE campaign = ?");
    ran.bind(r.id);
    while (ran.step()) r.ran.push_back(job_name({ran.text(0), ran.text(1), ran.text(2)}));
    Database::Statement of(database_,
                           "SELECT id FROM campaigns WHERE merged_into = ? ORDER BY first_case");
    of.bind(r.id);
    while (of.step()) r.parts.push_back(of.integer(0));
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
  // What was found last, by share of the cases and job.
  std::map<std::pair<uint64_t, uint64_t>, std::map<std::string, std::vector<std::string>>> before;
  for (const CampaignRecord& r : records) {
    std::map<std::string, std::vector<std::string>> now;
    for (const std::string& job : r.ran) now[job];
    for (const std::string& f : r.found) now[f.substr(0, f.find(": "))].push_back(f);
    std::map<std::string, std::vector<std::string>>& share =
        before[{r.key.first_case, r.key.case_stride}];
    std::vector<std::string> previous;
    for (auto& [job, found] : now) {
      previous.insert(previous.end(), share[job].begin(), share[job].end());
      share[job] = std::move(found);
    }
    list.push_back({difference(r.found, previous), difference(previous, r.found)});
  }
  return list;
}

void StoringListener::on_case(const Job& job, Status status) {
  if (!broken_) unsaved_[job_name(job)].statuses += letter(status);
  next_.on_case(job, status);
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
  const double since = seconds - unsaved_[job_name(result.job)].seconds;
  if (!broken_ && (found || since >= kSecondsBetweenSaves)) {
    try {
      save(result, seconds);
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
    for (const JobResult& result : results) save(result, seconds);
    store_.finish(interrupted);
  } catch (const Error& e) {
    failed(e.what());
  }
}

void StoringListener::save(const JobResult& result, double seconds) {
  Unsaved& unsaved = unsaved_[job_name(result.job)];
  store_.save(result, seconds, unsaved.statuses);
  unsaved = {seconds, ""};
}

void StoringListener::failed(const std::string& why) {
  fmt::print(stderr, "wavefuzz: {}; the campaign goes on without it\n", why);
  broken_ = true;
  unsaved_.clear();
}

}  // namespace wavefuzz
