// Where a persistent kernel's plan cuts the keys of a sequence, read from the plan that it is given.
#include <fmt/format.h>

#include <algorithm>

#include "fuzz/image.h"
#include "fuzz/operators/mla_decode.h"
#include "gpu/error.h"

namespace wavefuzz {

PlanRequest MlaDecode::plan_request(const Case& c) const {
  const mla::Shape s(c);
  const mla::Scope& scope = s.scopes[0];
  PlanRequest request;
  for (const int64_t keys : scope.lengths) {
    request.qlens.push_back(s.qlen);
    request.kv_lens.push_back(keys);
    request.kv_pages.push_back((keys + scope.page.page_size - 1) / scope.page.page_size);
  }
  request.heads = s.heads;
  request.page_size = scope.page.page_size;
  return request;
}

namespace mla {
namespace {

const Buffer* find(const std::vector<Buffer>& buffers, const std::string& name) {
  for (const Buffer& b : buffers) {
    if (b.name == name) return &b;
  }
  return nullptr;
}

}  // namespace

std::vector<uint32_t> planned_split_starts(const Shape& s, const std::vector<Buffer>& buffers,
                                           int64_t sequence, int64_t token) {
  const Buffer* info = find(buffers, "work_info");
  if (info == nullptr) return {};
  const ImageReader reader(*info);
  const auto at = [&](uint64_t work, uint64_t field) -> int64_t {
    const uint8_t* bytes = reader.at((work * 8 + field) * 4, 4);
    if (bytes == nullptr) throw Error(Exit::kInternal, "work_info has a hole");
    return static_cast<int32_t>(load_bits(Dtype::kF32, bytes));
  };
  const int64_t query = sequence * s.qlen + token;
  const int64_t begin = s.scopes[0].first_page[static_cast<size_t>(sequence)];
  const int64_t keys = s.scopes[0].lengths[static_cast<size_t>(sequence)];
  std::vector<std::pair<int64_t, int64_t>> ranges;  // of pages
  for (uint64_t work = 0; work < info->bytes / 32; ++work) {
    if (at(work, 2) <= query && query < at(work, 3))
      ranges.emplace_back(at(work, 4) - begin, at(work, 5) - begin);
  }
  std::sort(ranges.begin(), ranges.end());
  std::vector<uint32_t> starts;
  int64_t end = 0;
  for (const auto& [first, last] : ranges) {
    if (first != end)
      throw Error(Exit::kInternal, fmt::format("the plan has a gap or overlap at page {} of "
                                               "sequence {}", end, sequence));
    if (first < last) starts.push_back(static_cast<uint32_t>(first * s.page().page_size));
    end = last;
  }
  // A causal plan may leave out the last keys, which the token does not see.
  const int64_t seen = s.causal ? keys - (s.qlen - 1 - token) : keys;
  if (end * s.page().page_size < seen)
    throw Error(Exit::kInternal, fmt::format("the plan ends at page {} of sequence {}, which has "
                                             "{} keys", end, sequence, keys));
  return starts;
}

}  // namespace mla
}  // namespace wavefuzz
