#ifndef WAVEFUZZ_FUZZ_OPERATORS_PARAMETER_H_
#define WAVEFUZZ_FUZZ_OPERATORS_PARAMETER_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/case/case.h"
#include "fuzz/case/draw.h"
#include "fuzz/operators/axis.h"
#include "fuzz/operators/operator_page.h"
#include "fuzz/operators/simpler.h"
#include "gpu/manifest.h"

namespace wavefuzz {

/// What it means that a manifest does not claim a parameter.
enum class Unclaimed {
  kRefused,  ///< the manifest is incomplete: the sizes of tensors
  kPlain,    ///< the kernel knows the plain value alone
  kAny,      ///< the kernel takes every value
};

/// A value that may follow from parameters that stand before it in the table: an element stride is
/// plainly as long as what it steps over.
class Plain {
 public:
  Plain(int64_t value) : value_(value) {}  // NOLINT: written as a number
  template <std::invocable<const Case&> F>
  Plain(F of) : of_(std::move(of)) {}  // NOLINT: or as a function
  int64_t of(const Case& c) const { return of_ ? of_(c) : value_; }
  bool follows() const { return of_ != nullptr; }  ///< from other parameters

 private:
  int64_t value_ = 0;
  std::function<int64_t(const Case&)> of_;
};

/// An integer parameter of an operator's cases, said once: claims, drawing, shrinking, boundaries,
/// pages and the JSON Schema follow from it. The operator keeps it as a constant, and reads and
/// writes cases through it.
struct Integer {
  std::string name;
  std::string meaning;  ///< for the page, with the unit
  int64_t min = 0;      ///< what the operator can do at all; a case outside is refused
  int64_t max = int64_t{1} << 40;
  Plain plain = 0;                  ///< left out of cases; what shrinking goes to
  std::vector<int64_t> usual = {};  ///< drawn more often than others, as far as they are claimed
  bool axis = false;                ///< a failure may have a boundary along it
  Unclaimed unclaimed = Unclaimed::kRefused;
  /// The smallest value that holds together with the rest of a case; repaired after each step.
  std::function<int64_t(const Case&)> least = {};
  bool shrinks = true;  ///< false: the operator's own steps lower it, together with others
  int64_t unit = 1;     ///< shrinking goes in steps of it

  /// Throws Error(kUsage) where the case lacks it or it is outside [min, max] or below `least`.
  int64_t of(const Case& c) const;
  void set(Case& c, int64_t value) const { c.params.set(name, value); }
  /// Sets one of the usual values that the manifest claims, or the smallest that it does.
  int64_t draw(Draw& draw, const Manifest& manifest, Case& c) const;
  /// The same of other values than the usual ones.
  int64_t draw(Draw& draw, const Manifest& manifest, Case& c,
               const std::vector<int64_t>& values) const;
  /// Sets the claimed value at or next above `value`; the largest where there is none.
  int64_t set_inside(const Manifest& manifest, Case& c, int64_t value) const;
  const Claim* claim(const Manifest& manifest) const;  ///< null: not claimed
};

/// A text parameter: one of a few words.
struct Choice {
  std::string name;
  std::string meaning;  ///< for the page, behind the choices; may be empty
  std::vector<std::string> choices;
  std::string plain;  ///< left out of cases; what shrinking goes to
  Unclaimed unclaimed = Unclaimed::kRefused;
  bool shrinks = true;

  /// Throws Error(kUsage) where the case lacks it or it is no choice.
  const std::string& of(const Case& c) const;
  bool is(const Case& c, const char* choice) const { return of(c) == choice; }
  void set(Case& c, const std::string& value) const { c.params.set(name, value); }
  /// Sets one of those that the manifest claims, each as likely as the other.
  const std::string& draw(Draw& draw, const Manifest& manifest, Case& c) const;
  /// Sets one with the odds of its weight; where that is not claimed, any that is.
  const std::string& draw(Draw& draw, const Manifest& manifest, Case& c,
                          std::initializer_list<std::pair<std::size_t, const char*>> weights) const;
  bool claimed(const Manifest& manifest, const std::string& choice) const;
};

/// A real parameter. Manifests do not claim it.
struct Real {
  std::string name;
  std::string meaning;
  double plain = 1;

  double of(const Case& c) const { return c.params.real(name); }
  void set(Case& c, double value) const { c.params.set(name, value); }
};

/// The parameters of an operator in the order of its page, which is the order that shrinking tries
/// them in, too. A parameter whose plain value follows from others stands behind them.
class ParameterTable {
 public:
  using Row = std::variant<Integer, Choice, Real>;
  ParameterTable(std::initializer_list<Row> rows) : rows_(rows) {}
  /// The rows of another table behind these: what several operators share.
  ParameterTable& add(const ParameterTable& other);

  /// Throws Error(kUsage) naming the manifest's claim that is missing, of the wrong kind or outside
  /// of what the operator has.
  void check(const Manifest& manifest) const;
  /// Claims the plain value of what the manifest leaves out, where that is what this means.
  void complete_claims(Manifest& manifest) const;
  /// Why a case is outside of what the manifest leaves out: that is no claim where the plain value
  /// follows from other parameters. Nothing when it is inside.
  std::optional<std::string> refusal(const Manifest& manifest, const Case& c) const;

  /// Adds the parameters that a case leaves out, at their plain values.
  void complete(Case& c) const;
  /// The names that are at their plain values.
  std::vector<std::string> plain(const Case& c) const;

  /// Raises what is below the least that holds together, in the order of the table.
  void repair(Case& c) const;
  /// Steps of each parameter towards its plain value. Each ends with `repair`; what a kernel need
  /// not claim, since it follows from other parameters, goes on following them.
  void simpler(std::vector<Step>& steps, const Case& c, const Repair& repair) const;
  /// The axes among them that the case has.
  void axes(std::vector<Axis>& axes, const Case& c, const Repair& repair) const;

  std::vector<OperatorPage::Entry> entries() const;
  /// JSON Schema (draft 2020-12) of the object "params" of a case.
  nlohmann::ordered_json schema() const;

 private:
  /// `repair`, before which what follows others in `c` without a claim follows them again.
  Repair following(const Case& c, const Repair& repair) const;

  std::vector<Row> rows_;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_PARAMETER_H_
