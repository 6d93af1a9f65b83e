#ifndef WAVEFUZZ_FUZZ_STORE_SQLITE_H_
#define WAVEFUZZ_FUZZ_STORE_SQLITE_H_

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

namespace wavefuzz {

/// A SQLite database file. All members throw Error(kInternal) naming the file and SQLite's reason,
/// such as a full disk; opening throws Error(kUsage) for a file that is no database.
class Database {
 public:
  enum class Mode { kWrite, kRead };
  /// Makes the file where there is none, to write.
  explicit Database(std::string path, Mode mode = Mode::kWrite);

  const std::string& path() const { return path_; }
  void execute(const std::string& sql);
  int64_t last_id() const { return sqlite3_last_insert_rowid(db_.get()); }

  /// One prepared statement, bound from left to right and stepped.
  class Statement {
   public:
    Statement(Database& database, const std::string& sql);
    Statement& bind(int64_t value);
    Statement& bind(uint64_t value) { return bind(static_cast<int64_t>(value)); }
    Statement& bind(int value) { return bind(static_cast<int64_t>(value)); }
    Statement& bind(double value);
    Statement& bind(const std::string& value);
    bool step();  ///< true: there is a row
    int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
    double real(int column) const { return sqlite3_column_double(statement_.get(), column); }
    std::string text(int column) const;
    bool null(int column) const {
      return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
    }
    int columns() const { return sqlite3_column_count(statement_.get()); }
    /// A value of another statement's row as it is.
    Statement& bind_column(const Statement& from, int column);

   private:
    Database& database_;
    struct Finalise {
      void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
    };
    std::unique_ptr<sqlite3_stmt, Finalise> statement_;
    int bound_ = 0;
  };

  /// All or nothing: rolled back unless commit() is reached.
  class Transaction {
   public:
    explicit Transaction(Database& database) : database_(database) {
      database_.execute("BEGIN IMMEDIATE");
    }
    ~Transaction() {
      if (!done_) sqlite3_exec(database_.db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
    void commit() {
      database_.execute("COMMIT");
      done_ = true;
    }

   private:
    Database& database_;
    bool done_ = false;
  };

 private:
  [[noreturn]] void fail() const;

  std::string path_;
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_STORE_SQLITE_H_
