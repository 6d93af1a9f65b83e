#include "fuzz/audit/tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "fuzz/audit/csv.h"
#include "gpu/error.h"

namespace wavefuzz::audit {
namespace {

struct IntegerColumn {
  const char* name;
  int64_t KernelRow::*field;
};

const std::vector<IntegerColumn>& integer_columns(const std::string& op) {
  static const std::vector<IntegerColumn> pa = {
      {"Gqa", &KernelRow::gqa},         {"Mtp", &KernelRow::mtp},
      {"Msk", &KernelRow::msk},         {"Hp", &KernelRow::hp},
      {"blkSz", &KernelRow::page_size}, {"ps", &KernelRow::ps},
      {"qTile", &KernelRow::q_tile},    {"quant_type", &KernelRow::quant_type}};
  static const std::vector<IntegerColumn> mla = {
      {"Gqa", &KernelRow::gqa},       {"ps", &KernelRow::ps},
      {"qSeqLen", &KernelRow::qlen},  {"prefill", &KernelRow::prefill},
      {"causal", &KernelRow::causal}, {"lse", &KernelRow::lse},
      {"cprr", &KernelRow::cprr}};
  return op == "pa" ? pa : mla;
}

std::string text(const Csv& csv, const Csv::Row& row, const char* column) {
  return row.fields[*csv.column(column)];
}

/// Throws Error(kUsage) for a column that the host code would not find.
void check_columns(const std::vector<Csv>& tables, const std::string& op) {
  for (const Csv& csv : tables) {
    for (const char* name : {"qType", "kvType", "knl_name", "co_name"}) {
      if (!csv.column(name))
        throw Error(Exit::kUsage, fmt::format("{}: column '{}' is missing", csv.file(), name));
    }
  }
  for (const IntegerColumn& column : integer_columns(op)) {
    if (std::none_of(tables.begin(), tables.end(),
                     [&](const Csv& csv) { return csv.column(column.name).has_value(); })) {
      throw Error(Exit::kUsage,
                  fmt::format("{}: column '{}' is missing, and no table of another arch has it",
                              tables.front().file(), column.name));
    }
  }
}

}  // namespace

std::string KernelRow::name() const {
  return object.ends_with(".co") ? object.substr(0, object.size() - 3) : object;
}

const std::vector<std::string>& arches() {
  static const std::vector<std::string> list = {"gfx942", "gfx950"};
  return list;
}

std::vector<const KernelRow*> Tables::of_arch(const std::string& arch) const {
  std::vector<const KernelRow*> found;
  for (const KernelRow& row : rows) {
    if (row.arch == arch) found.push_back(&row);
  }
  return found;
}

const KernelRow* Tables::first_in_map(const std::vector<const KernelRow*>& among,
                                      const std::vector<std::string>& built_for) const {
  // As the initializer list of AITER's CFG: the bucket count is that of the number of rows.
  std::vector<std::pair<const std::string, const KernelRow*>> in_order;
  for (const std::string& arch : built_for) {
    for (const KernelRow* row : of_arch(arch)) in_order.emplace_back(arch + row->symbol, row);
  }
  const std::unordered_map<std::string, const KernelRow*> map(in_order.begin(), in_order.end());
  for (const auto& [key, row] : map) {
    if (std::find(among.begin(), among.end(), row) != among.end()) return row;
  }
  return nullptr;
}

Tables load_tables(const std::string& folder, const std::string& op) {
  std::vector<Csv> csvs;
  std::vector<std::string> csv_arches;
  for (const std::string& arch : arches()) {
    const std::string path = fmt::format("{}/{}/{}/{}_asm.csv", folder, arch, op, op);
    if (!std::filesystem::exists(path)) continue;
    csvs.push_back(Csv::load(path));
    csv_arches.push_back(arch);
  }
  if (csvs.empty()) {
    throw Error(Exit::kUsage, fmt::format("{}: has no {}/{}/{}_asm.csv; give the folder 'hsa' of "
                                          "an AITER checkout",
                                          folder, fmt::join(arches(), "|"), op, op));
  }
  check_columns(csvs, op);

  Tables tables;
  tables.op = op;
  for (size_t i = 0; i < csvs.size(); ++i) {
    const Csv& csv = csvs[i];
    tables.files.push_back(csv.file());
    for (const Csv::Row& from : csv.rows()) {
      KernelRow row;
      row.op = op;
      row.arch = csv_arches[i];
      row.line = from.line;
      row.symbol = text(csv, from, "knl_name");
      row.object = text(csv, from, "co_name");
      row.q_type = text(csv, from, "qType");
      row.kv_type = text(csv, from, "kvType");
      for (const IntegerColumn& column : integer_columns(op)) {
        if (const auto at = csv.column(column.name)) row.*column.field = csv.integer(from, *at);
      }
      tables.rows.push_back(std::move(row));
    }
  }
  return tables;
}

}  // namespace wavefuzz::audit
