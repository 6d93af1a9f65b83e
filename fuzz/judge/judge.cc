#include "fuzz/judge/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "fuzz/judge/gates.h"
#include "fuzz/judge/tensor.h"
#include "fuzz/judge/written_bytes.h"

namespace wavefuzz {
namespace {

// A broken kernel is wrong in thousands of bytes. The first few of each kind say what there is to
// say.
constexpr size_t kMostFindingsOfAKind = 4;

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

size_t first_difference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  return std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin();
}

void append_few(std::vector<Finding>& to, const std::vector<Finding>& from) {
  const auto count = static_cast<ptrdiff_t>(std::min(from.size(), kMostFindingsOfAKind));
  to.insert(to.end(), from.begin(), from.begin() + count);
}

}  // namespace

Judge::Judge(const std::vector<Buffer>& buffers, const Outcome& outcome, JudgeOptions options)
    : buffers_(buffers), outcome_(outcome), options_(options) {
  for (const WrittenBuffer& written : outcome.written)
    images_[written.name] = std::make_unique<WrittenBytes>(written.extents);
}

Judge::~Judge() = default;

WrittenBytes* Judge::image(const std::string& buffer) {
  const auto it = images_.find(buffer);
  return it == images_.end() ? nullptr : it->second.get();
}

std::string Judge::where(const std::string& buffer, const std::string& field) const {
  const std::string place = field.empty() || field == buffer ? buffer : buffer + "." + field;
  return stage_.empty() ? place : stage_ + "/" + place;
}

void Judge::stage(const std::string& name) {
  if (name == stage_) return;
  finish_stage();
  stage_ = name;
}

void Judge::finish_stage() {
  // A bound of ours that is none comes before all that was judged by it. What is not finite
  // explains a failure better than what is merely wrong beside it, and a NaN often comes of an
  // infinity.
  const auto rank = [](const Finding& f) {
    return f.kind == FindingKind::kInternalError   ? 0
           : f.kind == FindingKind::kInfiniteValue ? 1
           : f.kind == FindingKind::kNanValue      ? 2
                                                   : 3;
  };
  std::stable_sort(wrong_.begin() + static_cast<ptrdiff_t>(stage_begin_), wrong_.end(),
                   [&](const Finding& a, const Finding& b) { return rank(a) < rank(b); });
  stage_begin_ = wrong_.size();
}

void Judge::exact(const Expectation& expectation, const Describe& describe) {
  judged_something_ |= !expectation.units.empty();
  WrittenBytes* image = this->image(expectation.buffer);
  std::vector<Finding> missing;
  std::map<std::string, std::vector<Finding>> wrong;  // by field
  std::set<std::pair<std::string, size_t>> seen;      // one finding for each field of a unit
  ComparedTensor* bytes = nullptr;
  size_t widest = 0;
  if (options_.tensors) {
    for (const ExpectedUnit& unit : expectation.units)
      widest = std::max(widest, unit.offsets.size());
    bytes = &verdict_.tensors.emplace_back(ComparedTensor{where(expectation.buffer, ""),
                                                          {"unit", "byte"},
                                                          {expectation.units.size(), widest},
                                                          {},
                                                          {},
                                                          {}});
  }
  const auto keep = [&](const std::vector<uint8_t>& want, const std::vector<uint8_t>* got) {
    if (bytes == nullptr) return;
    for (size_t i = 0; i < widest; ++i) {
      bytes->expected.push_back(i < want.size() ? want[i] : kNoNumber);
      bytes->got.push_back(got != nullptr && i < want.size() ? (*got)[i] : kNoNumber);
    }
  };
  for (size_t u = 0; u < expectation.units.size(); ++u) {
    const ExpectedUnit& unit = expectation.units[u];
    std::vector<uint8_t> got(unit.offsets.size());
    size_t absent = unit.offsets.size();
    for (size_t i = unit.offsets.size(); i-- > 0;) {
      const uint8_t* byte = image == nullptr ? nullptr : image->claim(unit.offsets[i], 1);
      if (byte == nullptr) {
        absent = i;
      } else {
        got[i] = *byte;
      }
    }
    const std::vector<uint8_t>& expected = unit.alternatives.back();
    if (absent < unit.offsets.size()) {
      keep(expected, nullptr);
      const ByteDescription d = describe(u, absent, expected, expected);
      missing.push_back({FindingKind::kMissingWrite, where(expectation.buffer, d.field),
                         d.message + ", which was not written"});
      continue;
    }
    const bool right = std::find(unit.alternatives.begin(), unit.alternatives.end(), got) !=
                       unit.alternatives.end();
    keep(right ? got : expected, &got);
    if (right) continue;
    for (size_t i = first_difference(expected, got); i < got.size(); ++i) {
      if (got[i] == expected[i]) continue;
      const ByteDescription d = describe(u, i, expected, got);
      if (!seen.emplace(d.field, u).second) continue;
      wrong[d.field].push_back(
          {FindingKind::kWrongValue, where(expectation.buffer, d.field), d.message});
    }
  }
  append_few(wrong_, missing);
  for (const auto& [field, findings] : wrong) append_few(wrong_, findings);
}

void Judge::numeric(const ExpectedTensor& expected) {
  const TensorView& view = expected.view;
  const std::string place = where(view.buffer, view.field);
  const TensorComparison comparison = compare_tensor(expected, image(view.buffer));
  verdict_.bound_use.add(comparison.bound_use);
  for (Finding& finding : findings_of(expected, comparison, place))
    wrong_.push_back(std::move(finding));
  if (auto suspicious = suspect_of(expected, comparison, place)) suspect(std::move(*suspicious));
  if (options_.explain) {
    for (std::string& line : explain_worst(expected, comparison)) note(std::move(line));
  }
  if (options_.tensors) verdict_.tensors.push_back(kept_tensor(expected, comparison, place));
  if (!expected.primary) return;
  judged_something_ |= view.size() != 0;
  for (std::string& what : trivial_outputs(expected)) weak(what + " would pass too");
  if (options_.gates) {
    evaluate_gates(expected.value, comparison.got, view.shape.empty() ? 1 : view.shape.back(),
                   verdict_.gates, verdict_.figures);
  }
}

void Judge::unspecified(const std::string& buffer, uint64_t begin, uint64_t end) {
  if (WrittenBytes* image = this->image(buffer)) image->allow(begin, end);
}

std::optional<std::vector<uint8_t>> Judge::read(const std::string& buffer, uint64_t offset,
                                                uint64_t bytes) {
  judged_something_ |= bytes != 0;
  WrittenBytes* image = this->image(buffer);
  const uint8_t* at = image == nullptr || bytes == 0 ? nullptr : image->claim(offset, bytes);
  if (at == nullptr) {
    unspecified(buffer, offset, offset + bytes);
    return std::nullopt;
  }
  return std::vector<uint8_t>(at, at + bytes);
}

void Judge::finding(Finding finding) {
  if (!stage_.empty()) finding.where = stage_ + "/" + finding.where;
  wrong_.push_back(std::move(finding));
}

void Judge::suspect(Finding finding) { verdict_.suspects.push_back(std::move(finding)); }

void Judge::note(std::string text) { verdict_.notes.push_back(std::move(text)); }

void Judge::weak(std::string why) {
  if (weak_.empty()) weak_ = std::move(why);
}

void Judge::gate_values(std::span<const double> expected, std::span<const double> got,
                        size_t columns) {
  if (options_.gates) evaluate_gates(expected, got, columns, verdict_.gates, verdict_.figures);
  if (options_.tensors && columns != 0) {
    verdict_.tensors.push_back({where("decoded values", ""),
                                {"row", "column"},
                                {expected.size() / columns, columns},
                                {expected.begin(), expected.end()},
                                {got.begin(), got.end()},
                                {}});
  }
}

void Judge::gate_overlap(double overlap) {
  if (options_.gates) evaluate_overlap_gate(overlap, verdict_.gates, verdict_.figures);
}

Verdict Judge::finish() {
  finish_stage();
  verdict_.instructions = outcome_.instructions;
  verdict_.fidelity = outcome_.fidelity;
  verdict_.notes.insert(verdict_.notes.begin(), outcome_.notes.begin(), outcome_.notes.end());
  if (outcome_.status == Outcome::Status::kUnsupported) {
    verdict_.status = Status::kUnsupported;
    verdict_.reason = outcome_.unsupported;
    verdict_.suspects.clear();
    return verdict_;
  }
  // What it had done by then is no result; what it had done wrong stays wrong.
  const bool cut_off = outcome_.status == Outcome::Status::kTooLarge;
  if (cut_off) {
    verdict_.suspects.clear();
    verdict_.bound_use = {};
    verdict_.gates.clear();
    verdict_.tensors.clear();
    if (outcome_.findings.empty()) {
      verdict_.status = Status::kTooLarge;
      verdict_.reason = outcome_.too_large;
      return verdict_;
    }
    verdict_.notes.push_back("cut off: " + outcome_.too_large);
  }
  verdict_.instruction = outcome_.first_nan;
  if (!outcome_.findings.empty()) {
    const Finding& first = outcome_.findings.front();
    verdict_.instruction = CodePlace{first.kernel, first.pc};
  }
  verdict_.findings = outcome_.findings;
  if (cut_off) {
    verdict_.status = Status::kFail;
    return verdict_;
  }

  std::vector<Finding> strays;
  for (const auto& [name, image] : images_) {
    const auto buffer = std::find_if(buffers_.begin(), buffers_.end(),
                                     [&name = name](const Buffer& b) { return b.name == name; });
    if (buffer != buffers_.end() && buffer->scratch) continue;
    for (const auto& [offset, bytes] : image->strays()) {
      strays.push_back({FindingKind::kStrayWrite, name,
                        fmt::format("{} bytes {}..{} were written and are no part of the output",
                                    name, offset, offset + bytes - 1)});
    }
  }
  append_few(verdict_.findings, strays);
  verdict_.findings.insert(verdict_.findings.end(), wrong_.begin(), wrong_.end());

  if (!verdict_.findings.empty()) {
    verdict_.status = Status::kFail;
  } else if (!verdict_.suspects.empty()) {
    verdict_.status = Status::kSuspect;
  } else if (!judged_something_ || !weak_.empty()) {
    verdict_.status = Status::kWeak;
    verdict_.reason = weak_.empty() ? "there is nothing to write" : weak_;
  }
  return verdict_;
}

}  // namespace wavefuzz
