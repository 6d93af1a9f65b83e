#include "fuzz/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace wavefuzz {
namespace {

// A broken kernel is wrong in thousands of bytes. The first few of each kind say what there is to
// say.
constexpr size_t kMostFindingsOfAKind = 4;

/// The written bytes of one buffer, looked up by offset.
class Image {
 public:
  explicit Image(const std::vector<Extent>& extents) : extents_(extents), claimed_(extents.size()) {
    for (size_t i = 0; i < extents.size(); ++i) claimed_[i].resize(extents[i].bytes.size());
  }

  /// The byte at `offset` if it was written, which is then no stray.
  bool claim(uint64_t offset, uint8_t& byte) {
    auto it = std::upper_bound(
        extents_.begin(), extents_.end(), offset,
        [](uint64_t value, const Extent& extent) { return value < extent.offset; });
    if (it == extents_.begin()) return false;
    --it;
    const uint64_t at = offset - it->offset;
    if (at >= it->bytes.size()) return false;
    byte = it->bytes[at];
    claimed_[it - extents_.begin()][at] = true;
    return true;
  }

  /// Runs of written bytes that no unit claimed.
  std::vector<Extent> strays() const {
    std::vector<Extent> out;
    for (size_t i = 0; i < extents_.size(); ++i) {
      for (size_t at = 0; at < extents_[i].bytes.size(); ++at) {
        if (claimed_[i][at]) continue;
        const uint64_t offset = extents_[i].offset + at;
        if (out.empty() || out.back().offset + out.back().bytes.size() != offset)
          out.push_back({offset, {}});
        out.back().bytes.push_back(extents_[i].bytes[at]);
      }
    }
    return out;
  }

 private:
  const std::vector<Extent>& extents_;
  std::vector<std::vector<bool>> claimed_;
};

size_t first_difference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  return std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin();
}

}  // namespace

Verdict judge_exact(const Expectation& expectation, const Outcome& outcome,
                    const Describe& describe) {
  Verdict verdict;
  verdict.instructions = outcome.instructions;
  verdict.fidelity = outcome.fidelity;
  if (outcome.status == Outcome::Status::kUnsupported) {
    verdict.status = Status::kUnsupported;
    verdict.reason = outcome.unsupported;
    return verdict;
  }

  for (const Diagnostic& d : outcome.diagnostics) {
    verdict.findings.push_back({d.kind, "", d.message, d.instruction});
  }

  Image image(outcome.written_to(expectation.buffer));
  std::vector<Finding> missing;
  std::map<std::string, std::vector<Finding>> wrong;  // by field
  std::set<std::pair<std::string, size_t>> seen;      // one finding for each field of a unit
  for (size_t u = 0; u < expectation.units.size(); ++u) {
    const ExpectedUnit& unit = expectation.units[u];
    std::vector<uint8_t> got(unit.offsets.size());
    size_t absent = unit.offsets.size();
    for (size_t i = unit.offsets.size(); i-- > 0;) {
      if (!image.claim(unit.offsets[i], got[i])) absent = i;
    }
    const std::vector<uint8_t>& expected = unit.alternatives.back();
    if (absent < unit.offsets.size()) {
      const ByteDescription d = describe(u, absent, expected, expected);
      missing.push_back({"missing_write", expectation.buffer + "." + d.field,
                         d.message + ", which was not written", ""});
      continue;
    }
    if (std::find(unit.alternatives.begin(), unit.alternatives.end(), got) !=
        unit.alternatives.end())
      continue;
    for (size_t i = first_difference(expected, got); i < got.size(); ++i) {
      if (got[i] == expected[i]) continue;
      const ByteDescription d = describe(u, i, expected, got);
      if (!seen.emplace(d.field, u).second) continue;
      wrong[d.field].push_back({"wrong_value", expectation.buffer + "." + d.field, d.message, ""});
    }
  }

  std::vector<Finding> strays;
  for (const Extent& stray : image.strays()) {
    strays.push_back(
        {"stray_write", expectation.buffer,
         fmt::format("{} bytes {}..{} were written and are no part of the output",
                     expectation.buffer, stray.offset, stray.offset + stray.bytes.size() - 1),
         ""});
  }
  for (const WrittenBuffer& other : outcome.written) {
    if (other.name == expectation.buffer) continue;
    strays.push_back(
        {"stray_write", other.name,
         fmt::format("{} was written at byte {}", other.name, other.extents.front().offset), ""});
  }

  const auto add = [&](const std::vector<Finding>& findings) {
    const size_t count = std::min(findings.size(), kMostFindingsOfAKind);
    verdict.findings.insert(verdict.findings.end(), findings.begin(), findings.begin() + count);
  };
  add(strays);
  add(missing);
  for (const auto& [field, findings] : wrong) add(findings);

  if (!verdict.findings.empty()) {
    verdict.status = Status::kFail;
  } else if (expectation.units.empty()) {
    verdict.status = Status::kWeak;
  }
  return verdict;
}

}  // namespace wavefuzz
