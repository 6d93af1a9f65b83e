#include "fuzz/store/sqlite.h"

#include <fmt/format.h>

#include <filesystem>

#include "gpu/error.h"

namespace wavefuzz {

namespace {
constexpr int kBusyMilliseconds = 60'000;  // another process writes: wait for it
}

Database::Database(std::string path, Mode mode) : path_(std::move(path)) {
  std::error_code ignored;  // opening says what is wrong
  if (path_ != ":memory:" && mode == Mode::kWrite)
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  sqlite3* db = nullptr;
  const int result = sqlite3_open_v2(
      path_.c_str(), &db,
      mode == Mode::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
      nullptr);
  db_.reset(db);
  if (result != SQLITE_OK) fail();
  sqlite3_busy_timeout(db, kBusyMilliseconds);
  // A killed process loses nothing that was committed; only a power cut may take the last moments.
  char* message = nullptr;
  const int set =
      sqlite3_exec(db,
                   mode == Mode::kRead ? "SELECT COUNT(*) FROM sqlite_schema"
                                       : "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
                   nullptr, nullptr, &message);
  if (set == SQLITE_OK) return;
  const std::string why = message == nullptr ? sqlite3_errmsg(db) : message;
  sqlite3_free(message);
  const bool other_file = set == SQLITE_NOTADB || set == SQLITE_CORRUPT;
  throw Error(other_file ? Exit::kUsage : Exit::kInternal, fmt::format("{}: {}", path_, why));
}

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

void Database::fail() const {
  throw Error(Exit::kInternal, fmt::format("{}: {}", path_, sqlite3_errmsg(db_.get())));
}

Database::Statement::Statement(Database& database, const std::string& sql) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database.db_.get(), sql.c_str(), static_cast<int>(sql.size()), &statement,
                         nullptr) != SQLITE_OK)
    database.fail();
  statement_.reset(statement);
}

Database::Statement& Database::Statement::bind(int64_t value) {
  if (sqlite3_bind_int64(statement_.get(), ++bound_, value) != SQLITE_OK) database_.fail();
  return *this;
}

Database::Statement& Database::Statement::bind(double value) {
  if (sqlite3_bind_double(statement_.get(), ++bound_, value) != SQLITE_OK) database_.fail();
  return *this;
}

Database::Statement& Database::Statement::bind(const std::string& value) {
  if (sqlite3_bind_text(statement_.get(), ++bound_, value.data(), static_cast<int>(value.size()),
                        SQLITE_TRANSIENT) != SQLITE_OK)
    database_.fail();
  return *this;
}

Database::Statement& Database::Statement::bind_column(const Statement& from, int column) {
  if (sqlite3_bind_value(statement_.get(), ++bound_,
                         sqlite3_column_value(from.statement_.get(), column)) != SQLITE_OK)
    database_.fail();
  return *this;
}

bool Database::Statement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) database_.fail();
  return false;
}

std::string Database::Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return "";
  return {reinterpret_cast<const char*>(bytes),
          static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

}  // namespace wavefuzz
