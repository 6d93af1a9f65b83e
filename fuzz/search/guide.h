#ifndef WAVEFUZZ_FUZZ_SEARCH_GUIDE_H_
#define WAVEFUZZ_FUZZ_SEARCH_GUIDE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/case/draw.h"
#include "fuzz/search/harness.h"

namespace wavefuzz {

/// How a case came about: one that was drawn, and moved along axes of its operator, in this order.
struct Origin {
  uint64_t drawn = 0;  ///< index, as Harness::draw() takes it
  std::vector<std::pair<std::string, int64_t>> moves;

  bool operator==(const Origin&) const = default;
};

/// The case of an origin; nothing where an axis is not there, or where the claims refuse it.
std::optional<Case> make_case(const Harness& harness, const Job& job, uint64_t seed,
                              const Origin& origin);

/// What one job's cases have told, and which cases to try next because of it. After the
/// input-to-state correspondence of RedQueen (Aschermann et al., NDSS 2019), on parameters in place
/// of bytes: a compare that has gone one way only is followed back to the axis that its operands
/// depend on, found by equal values or by moving one axis at a time, and that axis is set to where
/// the compare turns, and to the values beside it.
///
/// Everything is a function of what it was told, in order: not of time, nor of threads.
class Guide {
 public:
  /// Notes a case that ran. `fresh`: edges that no case of the job took before.
  void learn(const Harness& harness, const Case& c, const Origin& origin, const Verdict& verdict,
             size_t fresh);

  /// At most `count` cases to try now, the most promising first.
  std::vector<Origin> propose(const Harness& harness, const Job& job, uint64_t seed, size_t count,
                              Draw draw);

  /// Those of propose() that were not learned of since, in their order.
  std::vector<Origin> proposed() const;

  /// Compares of integers that have gone one way only, and those that went both.
  size_t one_way() const;
  size_t both_ways() const;

  nlohmann::json to_json() const;
  static Guide from_json(const nlohmann::json& json);

 private:
  using Key = uint64_t;  // of a compare: program and instruction

  struct Known {  // of a compare, over all cases
    bool went_true = false, went_false = false;
    uint64_t distance = ~uint64_t{0};  // of the closest pair while it goes one way only
    uint64_t best = 0;                 // Kept::id of the case with that pair

    bool one_way() const { return went_true != went_false; }
  };

  struct Kept {  // a case to start from
    uint64_t id = 0;
    Origin origin;
    uint64_t instructions = 0;
    std::map<std::string, int64_t> axes;
    std::map<Key, Compared> compares;  // those that went one way in it
    std::set<std::string> probed;      // axes that were moved from here
  };

  struct Try {
    bool bisects = false;
    uint64_t from = 0;  // Kept::id
    Origin origin;
    std::string axis;  // that alone moves; empty: several do
    int64_t value = 0;
    // Bisecting: of this compare, which goes at `near` as it did at `from`, and at `far` does not.
    Key compare = 0;
    int64_t near = 0, far = 0;
  };

  Kept kept_of(const Harness& harness, const Case& c, const Origin& origin, const Verdict& verdict);
  Key key_of(const KernelId& program, uint32_t instruction);
  Kept* find(uint64_t id);
  /// Of the cases that came closest in a compare which has gone one way only.
  std::set<uint64_t> best() const;
  void keep(Kept kept);
  /// Aims the axes whose values stand in the compare at where it turns.
  void match(const Kept& kept, Key key);
  /// Aims the axis, of which two values are known, at where compares that depend on it turn.
  void follow(const Kept& a, const Kept& b, const std::string& axis);
  void aim(std::deque<Try>& list, const Kept& from, const std::string& axis, int64_t value,
           Key key);
  void go_on(const Try& t, const Kept& from, const Kept& ran, const std::vector<Key>& turned);
  std::optional<Try> probe(const Harness& harness, const Job& job);
  /// A recent case that was drawn, with an axis where a compare was seen to turn.
  std::optional<Try> transplant(Draw& draw);
  std::optional<Try> mutant(const Harness& harness, const Job& job, Draw& draw);
  bool is_affordable(const Kept& from, const std::string& axis, int64_t value) const;

  std::vector<KernelId> programs_;
  std::map<Key, Known> known_;
  std::deque<Kept> kept_;
  std::deque<Kept> recent_;  // drawn cases
  std::deque<Try> aims_;     // where an axis' value stands in a compare
  std::deque<Try> follows_;  // where a compare turns if it goes on as between two cases
  std::deque<Try> beside_;   // values next to those, and where values are equal by chance
  std::vector<std::pair<std::string, int64_t>> turns_;  // axis, and a value where a compare turned
  std::vector<Try> running_;                            // proposed, and not yet learned of
  std::map<uint64_t, int> aimed_;                       // hashes of axis and value: how often
  std::map<std::string, int64_t> followed_;             // compare and axis: how often
  std::set<int64_t> constants_;                         // operands of compares
  std::map<std::string, bool> dear_;  // axis: whether more of it costs more instructions
  uint64_t next_id_ = 1;
  uint64_t dearest_ = 0;  // instructions of the dearest case drawn
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_GUIDE_H_
