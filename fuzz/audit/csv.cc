#include "fuzz/audit/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "gpu/error.h"

namespace wavefuzz::audit {
namespace {

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_comment(const std::string& line) {
  return line.starts_with("#") || line.starts_with("//") || line.starts_with(";");
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  size_t from = 0;
  for (size_t comma = line.find(','); comma != std::string::npos; comma = line.find(',', from)) {
    fields.push_back(trimmed(line.substr(from, comma - from)));
    from = comma + 1;
  }
  fields.push_back(trimmed(line.substr(from)));
  return fields;
}

}  // namespace

Csv Csv::parse(const std::string& text, std::string file) {
  Csv csv;
  csv.file_ = std::move(file);
  std::istringstream in(text.starts_with("\xef\xbb\xbf") ? text.substr(3) : text);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    line = trimmed(line);
    if (line.empty() || is_comment(line)) continue;
    if (line.find('"') != std::string::npos) csv.fail(number, "has a quote, which is not read");
    std::vector<std::string> fields = split(line);
    if (csv.columns_.empty()) {
      csv.columns_ = std::move(fields);
      for (size_t i = 0; i < csv.columns_.size(); ++i) {
        if (csv.column(csv.columns_[i]) != i)
          csv.fail(number, fmt::format("names column '{}' twice", csv.columns_[i]));
      }
      continue;
    }
    if (fields.size() != csv.columns_.size()) {
      csv.fail(number, fmt::format("has {} fields, and the header has {}", fields.size(),
                                   csv.columns_.size()));
    }
    csv.rows_.push_back({number, std::move(fields)});
  }
  if (csv.columns_.empty()) csv.fail(1, "is no header: the file is empty");
  return csv;
}

Csv Csv::load(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw Error(Exit::kUsage, fmt::format("{}: cannot be read", path));
  std::stringstream text;
  text << in.rdbuf();
  return parse(text.str(), path);
}

std::optional<size_t> Csv::column(const std::string& name) const {
  const auto it = std::find(columns_.begin(), columns_.end(), name);
  if (it == columns_.end()) return std::nullopt;
  return it - columns_.begin();
}

int64_t Csv::integer(const Row& row, size_t column) const {
  const std::string& field = row.fields[column];
  int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (field.empty() || error != std::errc() || end != field.data() + field.size()) {
    fail(row.line, fmt::format("column '{}' must be an integer, is '{}'", columns_[column], field));
  }
  return value;
}

void Csv::fail(int line, const std::string& problem) const {
  throw Error(Exit::kUsage, fmt::format("{}:{}: {}", file_, line, problem));
}

}  // namespace wavefuzz::audit
