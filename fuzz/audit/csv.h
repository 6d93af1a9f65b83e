#ifndef WAVEFUZZ_FUZZ_AUDIT_CSV_H_
#define WAVEFUZZ_FUZZ_AUDIT_CSV_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wavefuzz::audit {

/// A table of kernels as AITER keeps them: a header, comma-separated fields without quotes, and
/// comment lines (#, //, ;). hsa/codegen.py of AITER makes the host code's map of it.
class Csv {
 public:
  struct Row {
    int line = 0;  ///< in the file, from 1
    std::vector<std::string> fields;
  };

  /// Throws Error(kUsage) with one line that names file, line and what is wrong: no header, a
  /// column named twice, a row with more or fewer fields than the header, a quote.
  static Csv parse(const std::string& text, std::string file);
  static Csv load(const std::string& path);

  const std::string& file() const { return file_; }
  const std::vector<Row>& rows() const { return rows_; }
  std::optional<size_t> column(const std::string& name) const;

  /// Throws Error(kUsage) where the field is no integer.
  int64_t integer(const Row& row, size_t column) const;

 private:
  [[noreturn]] void fail(int line, const std::string& problem) const;

  std::string file_;
  std::vector<std::string> columns_;
  std::vector<Row> rows_;
};

}  // namespace wavefuzz::audit

#endif  // WAVEFUZZ_FUZZ_AUDIT_CSV_H_
