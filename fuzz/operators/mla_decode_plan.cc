// Where a persistent kernel's plan cuts the keys of a sequence, read from the plan that it is
// given.
#include <fmt/format.h>

#include <algorithm>

#include "fuzz/case/image.h"
#include "fuzz/operators/mla_decode.h"
#include "gpu/error.h"

namespace wavefuzz {

std::vector<PlanRequest> MlaDecode::plan_requests(const Case& c) const {
  const mla::Shape s(c);
  std::vector<PlanRequest> requests;
  for (const mla::Scope& scope : s.scopes) {
    PlanRequest& request = requests.emplace_back();
    for (const int64_t keys : scope.lengths) {
      request.qlens.push_back(s.qlen);
      request.kv_lens.push_back(keys);
      request.kv_pages.push_back((keys + scope.page.page_size - 1) / scope.page.page_size);
    }
    request.heads = s.heads;
    request.page_size = scope.page.page_size;
    request.prefix = scope.prefix;
  }
  // So that expressions may name what is not there.
  if (requests.size() == 1) requests.emplace_back().prefix = "extra_";
  return requests;
}

namespace mla {
namespace {

const Buffer* find(const std::vector<Buffer>& buffers, const std::string& name) {
  for (const Buffer& b : buffers) {
    if (b.name == name) return &b;
  }
  return nullptr;
}

/// A work item: query tokens in the plan's units, and entries of the page list.
struct Work {
  int64_t q_first, q_last, page_first, page_last;
};

std::vector<Work> works_of(const Buffer& info) {
  const ImageReader reader(info);
  std::vector<Work> works;
  for (uint64_t work = 0; work < info.bytes / 32; ++work) {
    const auto field = [&](uint64_t n) -> int64_t {
      const uint8_t* bytes = reader.at((work * 8 + n) * 4, 4);
      if (bytes == nullptr) throw Error(Exit::kInternal, "work_info has a hole");
      return static_cast<int32_t>(load_bits(Dtype::kF32, bytes));
    };
    works.push_back({field(2), field(3), field(4), field(5)});
  }
  return works;
}

}  // namespace

std::vector<PlannedRows> planned_rows(const Shape& s, const std::vector<Buffer>& buffers,
                                      int64_t sequence) {
  const Scope& scope = s.scopes[0];
  const int64_t rows = s.qlen * s.heads;
  const Buffer* info = find(buffers, scope.prefix + "work_info");
  if (info == nullptr) return {{0, rows, {}}};
  const std::vector<Work> works = works_of(*info);
  // A plan may take the heads of a token in groups, each as a token of its own.
  int64_t units = 0;
  for (const Work& w : works) units = std::max(units, w.q_last);
  const int64_t fold = units / s.tokens();
  if (fold < 1 || units % s.tokens() != 0 || s.heads % fold != 0)
    throw Error(Exit::kInternal,
                fmt::format("the plan has {} query tokens for {}", units, s.tokens()));
  const int64_t begin = scope.first_page[static_cast<size_t>(sequence)];
  const int64_t keys = scope.lengths[static_cast<size_t>(sequence)];
  const int64_t page_size = scope.page.page_size;
  std::vector<PlannedRows> out;
  for (int64_t unit = 0; unit < s.qlen * fold; ++unit) {
    std::vector<std::pair<int64_t, int64_t>> ranges;  // of pages
    const int64_t query = sequence * s.qlen * fold + unit;
    for (const Work& w : works) {
      if (w.q_first <= query && query < w.q_last)
        ranges.emplace_back(w.page_first - begin, w.page_last - begin);
    }
    std::sort(ranges.begin(), ranges.end());
    PlannedRows planned = {unit * (s.heads / fold), (unit + 1) * (s.heads / fold), {}};
    int64_t end = 0;
    for (const auto& [first, last] : ranges) {
      if (first != end) {
        throw Error(Exit::kInternal, fmt::format("the plan has a gap or overlap at page {} of "
                                                 "sequence {}",
                                                 end, sequence));
      }
      if (first < last) planned.split_starts.push_back(static_cast<uint32_t>(first * page_size));
      end = last;
    }
    if (planned.split_starts.empty()) planned.split_starts.push_back(0);  // it sees no key
    // A causal plan may leave out the last keys, which the token does not see.
    const int64_t seen = s.causal ? keys - (s.qlen - 1 - unit / fold) : keys;
    if (end * page_size < seen) {
      throw Error(Exit::kInternal, fmt::format("the plan ends at page {} of sequence {}, which has "
                                               "{} keys",
                                               end, sequence, keys));
    }
    out.push_back(std::move(planned));
  }
  return out;
}

}  // namespace mla
}  // namespace wavefuzz
