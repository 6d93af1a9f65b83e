#ifndef WAVEFUZZ_FUZZ_CASE_CASE_H_
#define WAVEFUZZ_FUZZ_CASE_CASE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gpu/json_view.h"
#include "gpu/params.h"

namespace wavefuzz {

/// How one row of a tensor is filled: a pattern, scaled by a power of two, with single elements set
/// over it. The patterns are listed in fuzz/case/data.h.
struct RowRecipe {
  std::string fill = "zero";
  int64_t exponent = 0;
  std::map<uint32_t, uint32_t> set;  ///< column -> bits in the tensor's dtype

  bool operator==(const RowRecipe&) const = default;
};

/// A test case: a small value of which everything else is a pure function (docs/design.md section 2). Same
/// case, same bits: on any machine, in any order, at any thread count.
struct Case {
  std::string op;      ///< the operator: what the parameters and tensors mean
  std::string kernel;  ///< as in its manifest
  std::string plant;   ///< a planted bug of that kernel, or empty
  std::string target;  ///< sim:gfx942
  uint64_t seed = 0;   ///< of the random patterns
  Params params;
  /// Tensors filled row by row. Recipes repeat: row r takes rows[r % rows.size()], so that a cache
  /// of a thousand tokens has a short description; see recipe_of().
  std::map<std::string, std::vector<RowRecipe>> rows;
  /// Rows of those tensors that differ from the repeated recipes.
  std::map<std::string, std::map<int64_t, RowRecipe>> special;
  std::map<std::string, std::vector<int64_t>> integers;  ///< index tensors, such as slot_mapping

  bool operator==(const Case&) const = default;
};

/// The recipe of a row of a tensor. Throws Error(kUsage) when the case has no such tensor.
const RowRecipe& recipe_of(const Case& c, const std::string& tensor, uint64_t row);

/// "kernel" or "kernel+plant", the name on the command line, and its parts (kernel, plant).
std::string kernel_name(const std::string& kernel, const std::string& plant);
std::string kernel_name(const Case& c);
std::pair<std::string, std::string> split_kernel_name(const std::string& name);

/// The canonical form: ordered keys, so that equal cases have equal text, and no parameter that has
/// its plain value.
nlohmann::ordered_json to_json(const Case& c);

/// The case of its text, with all parameters. Throws Error(kUsage) naming file, field and value.
Case parse_case(const JsonView& view);

/// What an operator makes of the parameters that a text leaves out: so a new parameter breaks no
/// stored case. Operators are above this room; they are linked in by setting this.
struct PlainParameters {
  void (*complete)(Case& c) = nullptr;                         ///< adds those that are missing
  std::vector<std::string> (*names)(const Case& c) = nullptr;  ///< those that are plain
};
extern PlainParameters plain_parameters;

/// Twelve hex digits of a hash of the canonical text: the case's name in file names and reports.
std::string case_id(const Case& c);

/// The 64-bit hash (FNV-1a) that ids and random streams are keyed by.
uint64_t stable_hash(const std::string& text);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CASE_CASE_H_
