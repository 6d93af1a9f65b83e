#include "fuzz/judge/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "fuzz/judge/gates.h"

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

// Any comparison with another one passes everything, or nothing.
bool is_bound(double bound) { return std::isfinite(bound) && bound >= 0; }

/// Elements that are wrong in one way: the first, the worst, and how many there are.
struct WrongElements {
  uint64_t count = 0;
  uint64_t first = 0;
  uint64_t worst = 0;
  double worst_ratio = -1;

  void add(uint64_t element, double ratio) {
    if (count++ == 0) first = element;
    if (ratio > worst_ratio) {
      worst_ratio = ratio;
      worst = element;
    }
  }
};

}  // namespace

uint64_t TensorView::size() const {
  uint64_t n = 1;
  for (const uint64_t extent : shape) n *= extent;
  return n;
}

uint64_t TensorView::offset_of(uint64_t element) const {
  uint64_t at = offset;
  for (size_t axis = shape.size(); axis-- > 0;) {
    at += element % shape[axis] * strides[axis];
    element /= shape[axis];
  }
  return at;
}

std::string TensorView::name_of(uint64_t element) const {
  std::string indices;
  for (size_t axis = shape.size(); axis-- > 0;) {
    const std::string index = fmt::format("{} {}", axes[axis], element % shape[axis]);
    indices = indices.empty() ? index : index + ", " + indices;
    element /= shape[axis];
  }
  return fmt::format("{}[{}]", field, indices);
}

/// The written bytes of one buffer, looked up by offset.
class Judge::Image {
 public:
  explicit Image(const std::vector<Extent>& extents) : extents_(extents), claimed_(extents.size()) {
    for (size_t i = 0; i < extents.size(); ++i) claimed_[i].resize(extents[i].bytes.size());
  }

  /// The bytes of a range if all were written; they then are no strays. Null otherwise.
  const uint8_t* claim(uint64_t offset, uint64_t bytes) {
    const size_t i = find(offset);
    if (i == extents_.size()) return nullptr;
    const uint64_t at = offset - extents_[i].offset;
    if (at + bytes > extents_[i].bytes.size()) return nullptr;
    std::fill_n(claimed_[i].begin() + static_cast<ptrdiff_t>(at), bytes, 1);
    return &extents_[i].bytes[at];
  }

  /// Whatever was written of [begin, end) is no stray.
  void allow(uint64_t begin, uint64_t end) {
    for (size_t i = 0; i < extents_.size(); ++i) {
      const uint64_t first = std::max(begin, extents_[i].offset);
      const uint64_t last = std::min(end, extents_[i].offset + extents_[i].bytes.size());
      for (uint64_t at = first; at < last; ++at) claimed_[i][at - extents_[i].offset] = 1;
    }
  }

  /// Runs of written bytes that nobody claimed: their offset and length.
  std::vector<std::pair<uint64_t, uint64_t>> strays() const {
    std::vector<std::pair<uint64_t, uint64_t>> out;
    for (size_t i = 0; i < extents_.size(); ++i) {
      for (size_t at = 0; at < extents_[i].bytes.size(); ++at) {
        if (claimed_[i][at]) continue;
        const uint64_t offset = extents_[i].offset + at;
        if (out.empty() || out.back().first + out.back().second != offset)
          out.emplace_back(offset, 0);
        ++out.back().second;
      }
    }
    return out;
  }

 private:
  /// The extent that holds `offset`, or the number of extents. Neighbours are asked for in order.
  size_t find(uint64_t offset) {
    const auto holds = [&](size_t i) {
      return i < extents_.size() && offset >= extents_[i].offset &&
             offset - extents_[i].offset < extents_[i].bytes.size();
    };
    if (holds(last_)) return last_;
    const auto it = std::upper_bound(
        extents_.begin(), extents_.end(), offset,
        [](uint64_t value, const Extent& extent) { return value < extent.offset; });
    if (it == extents_.begin()) return extents_.size();
    const auto i = static_cast<size_t>(it - extents_.begin() - 1);
    if (!holds(i)) return extents_.size();
    return last_ = i;
  }

  const std::vector<Extent>& extents_;
  std::vector<std::vector<char>> claimed_;
  size_t last_ = 0;
};

Judge::Judge(const std::vector<Buffer>& buffers, const Outcome& outcome, JudgeOptions options)
    : buffers_(buffers), outcome_(outcome), options_(options) {
  for (const WrittenBuffer& written : outcome.written)
    images_[written.name] = std::make_unique<Image>(written.extents);
}

Judge::~Judge() = default;

Judge::Image* Judge::image(const std::string& buffer) {
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
  Image* image = this->image(expectation.buffer);
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
  Image* image = this->image(view.buffer);
  const std::string place = where(view.buffer, view.field);
  const uint32_t bytes = bytes_of(view.dtype);
  const uint64_t size = view.size();
  const std::vector<double>& likely = expected.likely.empty() ? expected.hard : expected.likely;

  const auto is_absent = [&](uint64_t i) { return !expected.absent.empty() && expected.absent[i]; };

  std::vector<double> got(size);
  uint64_t missing_count = 0;
  uint64_t first_missing = 0;
  WrongElements unbounded, masked, infinite, nan, wrong, suspicious;
  double worst_ratio = -1;
  uint64_t worst = size;
  for (uint64_t i = 0; i < size; ++i) {
    const double want = expected.value[i];
    if (is_absent(i)) {
      got[i] = std::numeric_limits<double>::quiet_NaN();
      continue;
    }
    const bool bounded =
        !std::isfinite(want) || (is_bound(expected.hard[i]) && is_bound(likely[i]));
    if (!bounded) unbounded.add(i, 0);
    const uint8_t* at = image == nullptr ? nullptr : image->claim(view.offset_of(i), bytes);
    if (at == nullptr) {
      got[i] = std::numeric_limits<double>::quiet_NaN();
      if (std::isnan(want)) {
        if (image != nullptr) image->allow(view.offset_of(i), view.offset_of(i) + bytes);
      } else if (missing_count++ == 0) {
        first_missing = i;
      }
      continue;
    }
    got[i] = decode(view.dtype, load_bits(view.dtype, at));
    if (std::isnan(want) || !bounded) continue;
    if (std::isinf(want)) {
      if (got[i] != want) masked.add(i, 0);
      continue;
    }
    if (!std::isfinite(got[i])) {
      (std::isnan(got[i]) ? nan : infinite).add(i, 0);
      continue;
    }
    const double error = std::abs(got[i] - want);
    const double ratio = error == 0 ? 0 : error / expected.hard[i];
    verdict_.bound_use.add(ratio);
    if (ratio > worst_ratio) {
      worst_ratio = ratio;
      worst = i;
    }
    if (error > expected.hard[i]) {
      wrong.add(i, ratio);
    } else if (error > likely[i]) {
      suspicious.add(i, error / likely[i]);
    }
  }

  const auto count_of = [](uint64_t count) {
    return count == 1 ? std::string() : fmt::format("; {} elements in all", count);
  };
  if (unbounded.count != 0) {
    const uint64_t i = unbounded.first;
    const bool hard = !is_bound(expected.hard[i]);
    wrong_.push_back({FindingKind::kInternalError, "",
                      fmt::format("the {} bound of {} is {}, which is no finite number >= 0{}",
                                  hard ? "hard" : "likely", view.name_of(i),
                                  hard ? expected.hard[i] : likely[i], count_of(unbounded.count))});
  }
  if (missing_count != 0) {
    wrong_.push_back({FindingKind::kMissingWrite, place,
                      fmt::format("{} = {} was not written{}", view.name_of(first_missing),
                                  expected.value[first_missing], count_of(missing_count))});
  }
  const auto element = [&](uint64_t i) {
    return fmt::format("{}: expected {} +- {:.3g}, got {}", view.name_of(i), expected.value[i],
                       expected.hard[i], got[i]);
  };
  if (infinite.count != 0)
    wrong_.push_back(
        {FindingKind::kInfiniteValue, place, element(infinite.first) + count_of(infinite.count)});
  if (nan.count != 0)
    wrong_.push_back({FindingKind::kNanValue, place, element(nan.first) + count_of(nan.count)});
  if (masked.count != 0) {
    wrong_.push_back(
        {FindingKind::kWrongMask, place,
         fmt::format("{}: expected {}, got {}{}", view.name_of(masked.first),
                     expected.value[masked.first], got[masked.first], count_of(masked.count))});
  }
  if (wrong.count != 0) {
    wrong_.push_back(
        {FindingKind::kWrongValue, place, element(wrong.first) + count_of(wrong.count)});
    if (wrong.worst != wrong.first) {
      wrong_.push_back({FindingKind::kWrongValue, place,
                        fmt::format("the worst is {}, {:.3g} times the bound", element(wrong.worst),
                                    wrong.worst_ratio)});
    }
  }
  if (suspicious.count != 0) {
    suspect({FindingKind::kSuspectValue, place,
             fmt::format("{}; likely within {:.3g}{}", element(suspicious.worst),
                         likely[suspicious.worst], count_of(suspicious.count))});
  }
  if (options_.explain && expected.terms && worst < size) {
    note(fmt::format("bound of {}, where the error is {:.3g} of it:", view.name_of(worst),
                     worst_ratio));
    for (const auto& [term, value] : expected.terms(worst))
      note(fmt::format("  {:<28} {:.3g}", term, value));
    note(fmt::format("  {:<28} {:.3g}", "sum", expected.hard[worst]));
  }
  if (options_.tensors) {
    ComparedTensor& t = verdict_.tensors.emplace_back(
        ComparedTensor{place, view.axes, view.shape, expected.value, got, expected.hard});
    for (uint64_t i = 0; i < size; ++i) {
      if (is_absent(i)) t.expected[i] = kNoNumber;
    }
  }
  if (!expected.primary) return;
  judged_something_ |= size != 0;

  const auto passes = [&](const std::function<double(uint64_t)>& output) {
    for (uint64_t i = 0; i < size; ++i) {
      const double want = expected.value[i];
      if (std::isnan(want) || is_absent(i)) continue;
      if (std::isinf(want) ? output(i) != want : !(std::abs(output(i) - want) <= expected.hard[i]))
        return false;
    }
    return true;
  };
  if (passes([](uint64_t) { return 0.0; })) weak("zeros would pass too");
  for (const auto& [what, values] : expected.trivial) {
    if (passes([&values = values](uint64_t i) { return values[i]; }))
      weak(what + " would pass too");
  }
  if (options_.gates) {
    evaluate_gates(expected.value, got, view.shape.empty() ? 1 : view.shape.back(), verdict_.gates,
                   verdict_.figures);
  }
}

void Judge::unspecified(const std::string& buffer, uint64_t begin, uint64_t end) {
  if (Image* image = this->image(buffer)) image->allow(begin, end);
}

std::optional<std::vector<uint8_t>> Judge::read(const std::string& buffer, uint64_t offset,
                                                uint64_t bytes) {
  judged_something_ |= bytes != 0;
  Image* image = this->image(buffer);
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
