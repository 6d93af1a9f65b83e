#ifndef WAVEFUZZ_FUZZ_STORE_LEDGER_H_
#define WAVEFUZZ_FUZZ_STORE_LEDGER_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/search/campaign.h"

namespace wavefuzz {

/// "241..255", "192..", "..15" or "*": where the values of an axis must lie that fail.
struct LedgerRange {
  std::optional<int64_t> first, last;

  bool holds(const AxisBoundary& axis) const;
};

/// A failure that somebody keeps to replay.
struct LedgerCase {
  std::string file;  ///< from the ledger's folder
  CorpusEntry recorded;
};

/// A fault of a kernel that is known by name.
struct LedgerEntry {
  std::string name;
  std::string what;                     ///< one line
  std::string link;                     ///< where it is told or tracked
  std::vector<std::string> kernels;     ///< patterns
  std::vector<std::string> arches;      ///< empty: any
  std::vector<std::string> signatures;  ///< patterns
  std::string where;                    ///< an expression over the shrunk case; empty: any
  /// By axis; "ctx" is every "ctx[i]" as well.
  std::map<std::string, LedgerRange> boundary;
  bool fixed = false;  ///< expected no longer to fail
  std::vector<LedgerCase> cases;
};

/// A finding as the ledger sees it.
struct LedgerMark {
  const LedgerEntry* entry = nullptr;  ///< null: not known

  /// Known and expected: no news.
  bool known() const { return entry != nullptr && !entry->fixed; }
  /// It was fixed once.
  bool regression() const { return entry != nullptr && entry->fixed; }
  /// "known: NAME, LINK"; empty for none.
  std::string words() const;
};

/// What became of a case of an entry.
struct LedgerReplay {
  enum class State {
    kFails,  ///< as recorded
    kOther,  ///< in another way
    kPasses,
    kCannot,  ///< its object is not here, or it is outside the claims
  };
  const LedgerEntry* entry = nullptr;
  const LedgerCase* at = nullptr;
  State state = State::kCannot;
  std::string now;  ///< the signature of kOther, or why it could not be replayed

  /// The entry is not as it says.
  bool off() const;
  /// "known fault NAME no longer fails: mark it fixed (FILE; LINK)"
  std::string words() const;
};

/// The faults that are known (docs/ledger.md), from a file.
class Ledger {
 public:
  Ledger() = default;
  /// Throws Error(kUsage) naming file, entry, field and value.
  explicit Ledger(const std::string& path);

  const std::vector<LedgerEntry>& entries() const { return entries_; }

  /// The first entry that a finding agrees with in all that the entry says.
  LedgerMark match(const Harness& harness, const CampaignFinding& finding) const;
  /// The axes of the finding that entries which agree with it in all else ask for.
  std::vector<std::string> needed_axes(const Harness& harness,
                                       const CampaignFinding& finding) const;
  /// The entry that keeps this very case. A case that was not shrunk has no boundary to go by.
  LedgerMark match(const Case& c, const std::string& signature) const;

  /// Replays the cases of these jobs (empty: all), in order.
  std::vector<LedgerReplay> replay(const Harness& harness, const std::vector<Job>& jobs,
                                   int threads, const std::atomic<bool>& interrupted) const;

 private:
  /// Agrees but for the boundary.
  bool like(const LedgerEntry& entry, const Harness& harness, const CampaignFinding& finding) const;

  std::vector<LedgerEntry> entries_;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_STORE_LEDGER_H_
