#include "fuzz/store/merge.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "fuzz/store/shards.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

namespace fs = std::filesystem;

/// A campaign as it ran, in the file that has the most of it.
struct Source {
  CampaignStore* store = nullptr;
  int64_t id = 0;
  std::string uid, started, version, state;
  CampaignKey key;
  CampaignLimits limits;
  uint64_t cases = 0;
  double seconds = 0;

  /// How far it got, to compare.
  std::tuple<bool, uint64_t, double> progress() const { return {state == "done", cases, seconds}; }
};

/// Shards of one campaign, by first case.
using Group = std::map<uint64_t, const Source*>;

std::unique_ptr<CampaignStore> open_input(const std::string& path) {
  if (!fs::exists(path)) throw Error(Exit::kUsage, path + ": no such file");
  std::string damage;
  try {
    auto store = std::make_unique<CampaignStore>(path, Database::Mode::kRead);
    store->database().execute("BEGIN");  // a campaign may still write to it: read one moment
    Database::Statement check(store->database(), "PRAGMA integrity_check");
    check.step();
    damage = check.text(0);
    if (damage == "ok") return store;
  } catch (const Error& e) {
    throw Error(Exit::kUsage, e.what());
  }
  throw Error(Exit::kUsage,
              fmt::format("{}: is damaged: {}", path, damage.substr(0, damage.find('\n'))));
}

std::vector<Source> campaigns_of(CampaignStore& store) {
  Database::Statement list(
      store.database(),
      "SELECT id, uid, started, version, state, seed, first_case, case_stride, seconds, "
      "jobs_hash, cases_limit, findings_limit, guided, "
      "(SELECT COALESCE(SUM(cases), 0) FROM jobs WHERE campaign = campaigns.id) "
      "FROM campaigns WHERE shards IS NULL");
  std::vector<Source> sources;
  const auto number = [&](int column) { return static_cast<uint64_t>(list.integer(column)); };
  while (list.step()) {
    sources.push_back({&store,
                       list.integer(0),
                       list.text(1),
                       list.text(2),
                       list.text(3),
                       list.text(4),
                       {number(5), number(6), number(7)},
                       {number(9), number(10), number(11), list.integer(12) != 0},
                       number(13),
                       list.real(8)});
  }
  return sources;
}

/// The shards that belong together: of one seed, number of shards, jobs, limits and version, and
/// the first, second, ... of each.
std::vector<Group> groups_of(const std::vector<Source>& sources) {
  using Key = std::tuple<uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, bool, std::string>;

  std::map<Key, std::vector<Group>> all;
  for (const Source& s : sources) {
    if (s.key.case_stride <= 1) continue;
    std::vector<Group>& rounds = all[{s.key.seed, s.key.case_stride, s.limits.jobs, s.limits.cases,
                                      s.limits.findings_per_job, s.limits.guided, s.version}];
    auto round = std::find_if(rounds.begin(), rounds.end(),
                              [&](const Group& g) { return !g.contains(s.key.first_case); });
    if (round == rounds.end()) round = rounds.emplace(rounds.end());
    round->emplace(s.key.first_case, &s);
  }
  std::vector<Group> groups;
  for (const auto& [key, rounds] : all) groups.insert(groups.end(), rounds.begin(), rounds.end());
  return groups;
}

/// Which code object differs between shards; empty when none does.
std::string other_object(const Group& group) {
  std::map<std::pair<std::string, std::string>, std::string> digests;
  for (const auto& [first, source] : group) {
    Database::Statement list(source->store->database(),
                             "SELECT kernel, name, digest FROM objects WHERE campaign = ?");
    list.bind(source->id);
    while (list.step()) {
      const auto [it, is_new] =
          digests.emplace(std::pair(list.text(0), list.text(1)), list.text(2));
      if (!is_new && it->second != list.text(2)) return list.text(1);
    }
  }
  return "";
}

std::string state_of(const Group& group, uint64_t count) {
  if (group.size() < count) return "partial";
  for (const char* state : {"running", "interrupted"}) {
    for (const auto& [first, source] : group) {
      if (source->state == state) return state;
    }
  }
  return "done";
}

/// Writes the file.
class Writer {
 public:
  explicit Writer(const std::string& path) : store_(path) {}

  int64_t copy(const Source& source) {
    Database& from = source.store->database();
    Database::Statement row(
        from,
        "SELECT uid, started, version, state, seed, first_case, case_stride, seconds, "
        "jobs_hash, cases_limit, findings_limit, guided FROM campaigns WHERE id = ?");
    row.bind(source.id).step();
    Database::Statement insert(
        to(),
        "INSERT INTO campaigns(uid, started, version, state, seed, first_case, case_stride, "
        "seconds, jobs_hash, cases_limit, findings_limit, guided) "
        "VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");
    for (int i = 0; i < row.columns(); ++i) insert.bind_column(row, i);
    insert.step();
    const int64_t id = to().last_id();
    Database::Transaction transaction(to());
    for (const std::string& table : tables()) copy_rows(from, table, source.id, id);
    transaction.commit();
    return id;
  }

  /// What the shards come to together.
  MergedCampaign combine(const Group& group, const std::map<const Source*, int64_t>& ids) {
    const Source& any = *group.begin()->second;
    MergedCampaign merged;
    merged.key = any.key;
    merged.there = group.size();
    if (const std::string object = other_object(group); !object.empty()) {
      merged.refused = object + " is not the same in all";
      return merged;
    }
    store_.begin({any.key.seed, 0, 1}, any.limits);
    merged.id = store_.campaign();
    double seconds = 0;
    std::string started = any.started;
    for (const auto& [first, source] : group) {
      seconds = std::max(seconds, source->seconds);
      started = std::min(started, source->started);
      Database::Statement part(to(), "UPDATE campaigns SET merged_into = ? WHERE id = ?");
      part.bind(merged.id).bind(ids.at(source)).step();
    }
    for (const Job& job : jobs_of(group)) this->job(group, job, seconds, merged);
    Database::Statement row(to(),
                            "UPDATE campaigns SET uid = NULL, started = ?, version = ?, state = ?, "
                            "seconds = ?, shards = ? WHERE id = ?");
    row.bind(started).bind(any.version).bind(state_of(group, any.key.case_stride));
    row.bind(seconds).bind(any.key.case_stride).bind(merged.id).step();
    return merged;
  }

  /// One file, without companions.
  void finish() { to().execute("PRAGMA journal_mode = DELETE"); }

 private:
  Database& to() { return store_.database(); }

  /// Those whose rows belong to a campaign.
  std::vector<std::string> tables() {
    Database::Statement list(to(),
                             "SELECT m.name FROM sqlite_schema AS m WHERE m.type = 'table' AND "
                             "(SELECT name FROM pragma_table_info(m.name) WHERE cid = 0) = "
                             "'campaign' ORDER BY m.name");
    std::vector<std::string> names;
    while (list.step()) names.push_back(list.text(0));
    return names;
  }

  void copy_rows(Database& from, const std::string& table, int64_t old_id, int64_t new_id) {
    Database::Statement rows(
        from, fmt::format("SELECT * FROM {} WHERE campaign = ? ORDER BY rowid", table));
    std::string marks = "?";
    for (int i = 1; i < rows.columns(); ++i) marks += ",?";
    rows.bind(old_id);
    while (rows.step()) {
      Database::Statement insert(to(), fmt::format("INSERT INTO {} VALUES({})", table, marks));
      insert.bind(new_id);
      for (int i = 1; i < rows.columns(); ++i) insert.bind_column(rows, i);
      insert.step();
    }
  }

  static std::vector<Job> jobs_of(const Group& group) {
    std::map<std::tuple<std::string, std::string, std::string>, Job> jobs;
    for (const auto& [first, source] : group) {
      source->store->select(source->id);
      for (const Job& job : source->store->jobs())
        jobs.emplace(std::tuple(job.kernel, job.plant, job.target), job);
    }
    std::vector<Job> list;
    for (const auto& [key, job] : jobs) list.push_back(job);
    return list;
  }

  void job(const Group& group, const Job& job, double seconds, MergedCampaign& merged) {
    const CampaignLimits& limits = group.begin()->second->limits;
    std::vector<ShardResult> shards;
    std::vector<StoredFailure> unshrunk;
    for (const auto& [first, source] : group) {
      CampaignStore& store = *source->store;
      store.select(source->id);
      shards.push_back({source->key, store.load(job).value_or(JobResult()), store.statuses(job)});
      shards.back().result.job = job;
      for (StoredFailure& f : store.unshrunk()) {
        if (kernel_name(f.job) == kernel_name(job) && f.job.target == job.target)
          unshrunk.push_back(std::move(f));
      }
    }
    const CombinedResult combined =
        wavefuzz::combine(shards, limits, group.begin()->second->key.case_stride);
    std::set<std::string> signatures;
    for (const CampaignFinding& f : combined.result.findings) {
      signatures.insert(signature(f.shrunk.verdict));
      store_.failure(job, f.case_index, f.original, f.shrunk.verdict);
    }
    for (const StoredFailure& f : unshrunk) {
      if (signatures.insert(f.signature).second) store_.failure(f);
    }
    store_.save(combined.result, seconds, combined.statuses);
    merged.cases += combined.result.cases;
    merged.findings += signatures.size();
    merged.beyond += combined.beyond;
    merged.inexact += !combined.exact;
  }

  CampaignStore store_;
};

/// Takes what a file's companions hold into it, so that another can take its place.
void close_for_good(const std::string& path) {
  Database database(path);
  database.execute("PRAGMA journal_mode = DELETE");
}

}  // namespace

MergeSummary merge_databases(const std::string& out, const std::vector<std::string>& inputs) {
  std::vector<std::unique_ptr<CampaignStore>> stores;
  std::map<std::string, Source> by_uid;
  MergeSummary summary;
  const bool exists = fs::exists(out);
  std::set<std::string> known;
  std::vector<std::string> files = inputs;
  if (exists) files.insert(files.begin(), out);
  for (const std::string& file : files) {
    stores.push_back(open_input(file));
    for (Source& source : campaigns_of(*stores.back())) {
      if (exists && stores.size() == 1) known.insert(source.uid);
      const auto [it, is_new] = by_uid.emplace(source.uid, source);
      if (!is_new && source.progress() > it->second.progress()) it->second = std::move(source);
    }
  }
  std::vector<Source> sources;
  for (auto& [uid, source] : by_uid) {
    summary.added += !known.contains(uid);
    sources.push_back(std::move(source));
  }
  std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) {
    return std::tie(a.started, a.key.seed, a.key.first_case, a.uid) <
           std::tie(b.started, b.key.seed, b.key.first_case, b.uid);
  });
  summary.campaigns = sources.size();

  const std::string unfinished = fmt::format("{}.{}.tmp", out, getpid());
  const auto remove = [&] {
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"})
      fs::remove(unfinished + suffix, ignored);
  };
  remove();
  try {
    {
      Writer writer(unfinished);
      const std::vector<Group> groups = groups_of(sources);
      std::map<const Source*, int64_t> ids;
      for (const Source& source : sources) {
        ids[&source] = writer.copy(source);
        for (const Group& group : groups) {  // behind the last of its shards
          const bool last = std::all_of(group.begin(), group.end(),
                                        [&](const auto& part) { return part.second <= &source; }) &&
                            std::any_of(group.begin(), group.end(),
                                        [&](const auto& part) { return part.second == &source; });
          if (last) summary.merged.push_back(writer.combine(group, ids));
        }
      }
      writer.finish();
    }
    stores.clear();
    if (exists) close_for_good(out);
    fs::rename(unfinished, out);
  } catch (const fs::filesystem_error& e) {
    remove();
    throw Error(Exit::kInternal, fmt::format("{}: {}", out, e.code().message()));
  } catch (...) {
    remove();
    throw;
  }
  return summary;
}

}  // namespace wavefuzz
