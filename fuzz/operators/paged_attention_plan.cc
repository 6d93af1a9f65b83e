// What a persistent kernel's plan makes of the keys of a sequence, read from the plan that the
// kernel is given.
#include <fmt/format.h>

#include <algorithm>

#include "fuzz/case/image.h"
#include "fuzz/operators/paged_attention.h"
#include "gpu/error.h"

namespace wavefuzz {

std::vector<PlanRequest> PagedAttention::plan_requests(const Case& c) const {
  const paged_attention::Shape s(c);
  PlanRequest request = {.qlens = s.qlen,
                         .kv_lens = s.context,
                         .kv_pages = {},
                         .heads = s.heads,
                         .kv_heads = s.kv_heads,
                         .page_size = s.page_size};
  for (int64_t b = 0; b < s.batch; ++b) request.kv_pages.push_back(s.pages_of(b));
  return {request};
}

namespace paged_attention {

std::vector<uint32_t> planned_starts(const Shape& s, const std::vector<Buffer>& buffers,
                                     int64_t sequence, int64_t kv_head) {
  const auto info = std::find_if(buffers.begin(), buffers.end(),
                                 [](const Buffer& b) { return b.name == "work_info"; });
  if (info == buffers.end()) return {};
  const ImageReader reader(*info);
  std::vector<std::pair<int64_t, int64_t>> ranges;  // of the sequence's pages
  for (uint64_t work = 0; work < info->bytes / 32; ++work) {
    const auto field = [&](uint64_t n) -> int64_t {
      const uint8_t* bytes = reader.at((work * 8 + n) * 4, 4);
      if (bytes == nullptr) throw Error(Exit::kInternal, "work_info has a hole");
      return static_cast<int32_t>(load_bits(Dtype::kF32, bytes));
    };
    const int64_t heads = field(7);
    if (field(0) != sequence || (heads & 0xffff) > kv_head * s.gqa ||
        (heads >> 16) < (kv_head + 1) * s.gqa)
      continue;
    ranges.emplace_back(field(4) - s.first_page[sequence], field(5) - s.first_page[sequence]);
  }
  std::sort(ranges.begin(), ranges.end());
  std::vector<uint32_t> starts;
  int64_t end = 0;
  for (const auto& [first, last] : ranges) {
    if (first != end) break;
    starts.push_back(static_cast<uint32_t>(first * s.page_size));
    end = last;
  }
  if (starts.size() != ranges.size() || end != s.pages_of(sequence)) {
    throw Error(Exit::kInternal,
                fmt::format("the plan has a gap or overlap at page {} of sequence {}, kv head {}",
                            end, sequence, kv_head));
  }
  return starts;
}

}  // namespace paged_attention
}  // namespace wavefuzz
