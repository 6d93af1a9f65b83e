// The buffers of a paged attention case: caches page by page, so that what belongs to no key stays
// poison, or is made NaN or huge where the case says so.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <span>

#include "fuzz/case/image.h"
#include "fuzz/operators/claims.h"
#include "fuzz/operators/paged_attention.h"
#include "fuzz/operators/paging.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace paged_attention {
namespace {

/// An integer list with an entry for each sequence, within bounds.
std::vector<int64_t> list(const Case& c, const char* name, size_t size, int64_t max) {
  const std::vector<int64_t>& values = integers_of(c, name, size);
  for (const int64_t value : values) {
    if (value < 0 || value > max)
      throw Error(Exit::kUsage,
                  fmt::format("tensor '{}' must hold 0..{}, has {}", name, max, value));
  }
  return values;
}

int64_t gap(const Case& c, const Integer& row, int64_t multiple_of) {
  const int64_t value = row.of(c);
  if (value % multiple_of != 0)
    throw Error(Exit::kUsage, fmt::format("parameter '{}' must be a multiple of {}, is {}",
                                          row.name, multiple_of, value));
  return value;
}

}  // namespace

int64_t q_row(int64_t sequence, int64_t query, int64_t kv_head, int64_t head) {
  // Heads from the 17th on, which few kernels have, are numbered behind all others.
  constexpr int64_t kHeads = 16, kBehind = int64_t{1} << 40;
  const int64_t group = (sequence * kMostQueries + query) * kMostKvHeads + kv_head;
  return group * kHeads + head % kHeads + head / kHeads * kBehind;
}

int64_t kv_row(int64_t sequence, int64_t kv_head, int64_t key) {
  return (sequence * kMostKvHeads + kv_head) * kMostContext + key;
}

Shape::Shape(const Case& c) {
  q_dtype = parse_dtype16(kQDtype.of(c));
  kv_dtype = parse_dtype(kKvDtype.of(c));
  quantised = fp8_of(kv_dtype).has_value() || kv_dtype == Dtype::kI8;
  const std::string& scales = kKvScale.of(c);
  if ((scales == "none") == quantised)
    throw Error(Exit::kUsage, fmt::format("{} '{}' does not go with {} '{}'", kKvScale.name, scales,
                                          kKvDtype.name, kKvDtype.of(c)));
  per_token = scales == "per_token";
  per_block = scales == "per_block";
  sinks = kSinks.is(c, "on");
  causal = kMask.is(c, "causal");
  lse = kLse.is(c, "on");

  kv_heads = kKvHeads.of(c);
  gqa = kGqa.of(c);
  heads = kv_heads * gqa;
  head_dim = kHeadDim.of(c);
  v_head_dim = kVHeadDim.of(c);
  page_size = kPageSize.of(c);
  window = kWindow.of(c);
  const auto bytes = static_cast<uint32_t>(bytes_of(kv_dtype));
  k = {static_cast<uint32_t>(kv_heads), static_cast<uint32_t>(head_dim),
       static_cast<uint32_t>(page_size), bytes};
  v = {k.kv_heads, static_cast<uint32_t>(v_head_dim), k.page_size, bytes,
       kVLayout.is(c, "shuffled") ? quant::VLayout::kShuffled : quant::VLayout::kPlain};
  if (!k.valid() || !v.valid()) {
    throw Error(Exit::kUsage, fmt::format("no {} V layout of {} for head_dim {}, page_size {}",
                                          kVLayout.of(c), kKvDtype.of(c), head_dim, page_size));
  }

  const auto it = c.integers.find("context_lens");
  if (it == c.integers.end() || it->second.empty())
    throw Error(Exit::kUsage, "tensor 'context_lens' must have an entry for each sequence");
  batch = static_cast<int64_t>(it->second.size());
  context = list(c, "context_lens", batch, kMostContext - 1);
  qlen = list(c, "qlens", batch, kMostQueries);
  sequence = list(c, "sequence", batch, 1 << 16);
  first_query = list(c, "first_query", batch, kMostQueries - 1);
  q_heads = list(c, "q_heads", gqa, kMostGqa - 1);
  max_context = *std::max_element(context.begin(), context.end());
  max_qlen = *std::max_element(qlen.begin(), qlen.end());
  min_context = *std::min_element(context.begin(), context.end());
  min_qlen = *std::min_element(qlen.begin(), qlen.end());
  min_keys = kMostContext;
  for (int64_t b = 0; b < batch; ++b) {
    if (qlen[b] > 0) min_keys = std::min(min_keys, std::max<int64_t>(0, context[b] - qlen[b] + 1));
  }
  first_token = {0};
  table_width = 1;
  pages_used = 0;
  for (int64_t b = 0; b < batch; ++b) {
    if (first_query[b] + qlen[b] > kMostQueries)
      throw Error(Exit::kUsage, fmt::format("first_query + qlen must be at most {}, is {} + {}",
                                            kMostQueries, first_query[b], qlen[b]));
    first_token.push_back(first_token.back() + qlen[b]);
    first_page.push_back(pages_used);
    pages_used += pages_of(b);
    table_width = std::max(table_width, pages_of(b));
  }
  total_q = first_token.back();

  const int64_t split_tokens = kSplitTokens.of(c);
  split_keys = split_tokens != 0 ? split_tokens : std::max<int64_t>(max_context, 1);
  splits = std::max<int64_t>(1, (max_context + split_keys - 1) / split_keys) + kExtraSplits.of(c);

  q_stride = heads * head_dim + gap(c, kQGap, 1);
  o_stride = heads * v_head_dim + gap(c, kOGap, 1);
  const auto block = static_cast<int64_t>(k.head_stride()) * bytes;  // a page of one kv head
  k_head_stride = block + gap(c, kKHeadGap, 1);
  k_page_stride = kv_heads * k_head_stride + gap(c, kKPageGap, 1);
  v_head_stride = static_cast<int64_t>(v.head_stride()) * bytes + gap(c, kVHeadGap, 1);
  v_page_stride = kv_heads * v_head_stride + gap(c, kVPageGap, 1);
  if (kVStrides.is(c, "as_k")) {
    v_head_stride = k_head_stride;
    v_page_stride = k_page_stride;
  }
  scale_head_stride = (per_block ? 1 : page_size) * 4 + gap(c, kScaleHeadGap, 4);
  scale_page_stride = kv_heads * scale_head_stride + gap(c, kScalePageGap, 4);
  table_stride = table_width + gap(c, kTableGap, 1);
  const int64_t pages = pages_needed(c, pages_used);
  for (const int64_t stride : {k_page_stride, v_page_stride, scale_page_stride}) {
    if (pages > kMostBytes / stride)
      throw Error(Exit::kUsage, fmt::format("{} pages of {} bytes are too many", pages, stride));
  }
}

int64_t Shape::last_key(int64_t b, int64_t t) const {
  return causal ? std::max<int64_t>(0, context[b] - qlen[b] + t + 1) : context[b];
}

int64_t Shape::first_key(int64_t b, int64_t t) const {
  return window == 0 ? 0 : std::max<int64_t>(0, last_key(b, t) - window);
}

namespace {

std::vector<uint8_t> bytes_of(std::span<const int32_t> values) {
  std::vector<uint8_t> out(values.size_bytes());
  if (!out.empty()) std::memcpy(out.data(), values.data(), out.size());
  return out;
}

/// A key's bits for garbage: NaN, 0, or the largest finite value of either sign.
uint32_t garbage_bits(Dtype dtype, const std::string& unowned, uint32_t i) {
  if (unowned == "nan") return encode(dtype, std::numeric_limits<float>::quiet_NaN());
  if (unowned == "zero") return 0;
  const float huge = dtype == Dtype::kF32 ? 0x1p120f : dtype == Dtype::kBf16 ? 0x1p100f : 60000.0f;
  return encode(dtype, i % 2 == 0 ? huge : -huge);  // FP8 saturates
}

/// One head's part of one page, with which of its bytes belong to a key.
class Block {
 public:
  Block(size_t elements, Dtype dtype, const std::string& unowned)
      : dtype_(dtype),
        size_(wavefuzz::bytes_of(dtype)),
        bytes_(elements * size_),
        present_(elements, unowned != "poison") {
    if (unowned == "poison") return;
    for (size_t i = 0; i < elements; ++i)
      set(i, garbage_bits(dtype, unowned, static_cast<uint32_t>(i)));
  }

  void set(size_t element, uint32_t bits) {
    std::memcpy(&bytes_[element * size_], &bits, size_);
    present_[element] = 1;
  }

  void put(uint64_t offset, ImageBuilder& image) const {
    for (size_t i = 0; i < present_.size();) {
      if (!present_[i]) {
        ++i;
        continue;
      }
      const size_t begin = i;
      while (i < present_.size() && present_[i]) ++i;
      image.put(offset + begin * size_,
                std::span(bytes_).subspan(begin * size_, (i - begin) * size_));
    }
  }

 private:
  Dtype dtype_;
  size_t size_;
  std::vector<uint8_t> bytes_;
  std::vector<char> present_;
};

class Caches {
 public:
  Caches(const Case& c, const Shape& shape, const std::vector<int64_t>& ids)
      : c_(c), shape_(shape), ids_(ids), unowned_(kUnowned.of(c)) {}

  void fill() {
    for (int64_t b = 0; b < shape_.batch; ++b) {
      for (int64_t page = 0; page < shape_.pages_of(b); ++page) {
        for (int64_t h = 0; h < shape_.kv_heads; ++h) fill_page(b, page, h);
      }
    }
    // Kernels that read page 0 in place of those that a block table ends before.
    const bool initialised = unowned_ == "zero" || unowned_ == "finite";
    if (!initialised || std::find(ids_.begin(), ids_.end(), 0) != ids_.end()) return;
    for (int64_t h = 0; h < shape_.kv_heads; ++h) {
      Blocks blocks(shape_, unowned_);
      put(blocks, 0, h);
    }
  }

  ImageBuilder k, v, k_scale, v_scale;

 private:
  /// One kv head's part of a page.
  struct Blocks {
    Blocks(const Shape& s, const std::string& unowned)
        : k(s.k.head_stride(), s.kv_dtype, unowned),
          v(s.v.head_stride(), s.kv_dtype, unowned),
          k_scale(s.scales_of_page(), Dtype::kF32, unowned),
          v_scale(s.scales_of_page(), Dtype::kF32, unowned) {}
    Block k, v, k_scale, v_scale;
  };

  void fill_page(int64_t b, int64_t page, int64_t h) {
    const Shape& s = shape_;
    const int64_t first = page * s.page_size;
    const int64_t keys = std::min(s.page_size, s.context[b] - first);
    Blocks blocks(s, unowned_);
    for (int64_t t = 0; t < keys; ++t) {
      const int64_t row = kv_row(s.sequence[b], h, first + t);
      const std::vector<uint32_t> k_row = data("k", row, s.kv_dtype, s.head_dim);
      const std::vector<uint32_t> v_row = data("v", row, s.kv_dtype, s.v_head_dim);
      for (int64_t d = 0; d < s.head_dim; ++d) blocks.k.set(s.k.index_in_head(t, d), k_row[d]);
      for (int64_t d = 0; d < s.v_head_dim; ++d) blocks.v.set(s.v.index_in_head(t, d), v_row[d]);
      if (t >= s.scales_of_page()) continue;
      blocks.k_scale.set(t, data("k_scale", row, Dtype::kF32, 1)[0]);
      blocks.v_scale.set(t, data("v_scale", row, Dtype::kF32, 1)[0]);
    }
    put(blocks, ids_[s.first_page[b] + page], h);
  }

  void put(const Blocks& blocks, int64_t id, int64_t h) {
    const Shape& s = shape_;
    blocks.k.put(id * s.k_page_stride + h * s.k_head_stride, k);
    blocks.v.put(id * s.v_page_stride + h * s.v_head_stride, v);
    if (s.scales_of_page() == 0) return;
    const int64_t scales = id * s.scale_page_stride + h * s.scale_head_stride;
    blocks.k_scale.put(scales, k_scale);
    blocks.v_scale.put(scales, v_scale);
  }

  std::vector<uint32_t> data(const char* tensor, int64_t row, Dtype dtype, int64_t columns) const {
    return tensor_row(c_, tensor, row, dtype, columns);
  }

  const Case& c_;
  const Shape& shape_;
  const std::vector<int64_t>& ids_;
  const std::string& unowned_;
};

}  // namespace
}  // namespace paged_attention

std::vector<Buffer> PagedAttention::buffers(const Case& c) const {
  using namespace paged_attention;
  const Shape s(c);
  const std::vector<int64_t> ids = page_ids(c, s.pages_used);
  const int64_t last_page = pages_needed(c, s.pages_used) - 1;
  const std::string& unowned = kUnowned.of(c);

  ImageBuilder q;
  for (int64_t b = 0; b < s.batch; ++b) {
    for (int64_t t = 0; t < s.qlen[b]; ++t) {
      for (int64_t h = 0; h < s.heads; ++h) {
        const std::vector<uint32_t> row = tensor_row(
            c, "q", q_row(s.sequence[b], s.first_query[b] + t, h / s.gqa, s.q_heads[h % s.gqa]),
            s.q_dtype, s.head_dim);
        q.put(
            ((s.first_token[b] + t) * s.q_stride + h * s.head_dim) * wavefuzz::bytes_of(s.q_dtype),
            pack(s.q_dtype, row));
      }
    }
  }

  Caches caches(c, s, ids);
  caches.fill();
  ImageBuilder table;
  std::vector<int32_t> list, list_indptr = {0};
  for (int64_t b = 0; b < s.batch; ++b) {
    std::vector<int32_t> row;
    for (int64_t page = 0; page < s.pages_of(b); ++page) {
      const int64_t id = ids[s.first_page[b] + page];
      if (id > std::numeric_limits<int32_t>::max())
        throw Error(Exit::kUsage, fmt::format("page id {} does not fit 32 bits", id));
      row.push_back(static_cast<int32_t>(id));
    }
    list.insert(list.end(), row.begin(), row.end());
    list_indptr.push_back(static_cast<int32_t>(list.size()));
    // Behind the last page a block table holds what is no page.
    const int64_t rest = (b + 1 < s.batch ? s.table_stride : s.table_width);
    while (unowned != "poison" && static_cast<int64_t>(row.size()) < rest)
      row.push_back(unowned == "zero" ? 0 : 2147480000);
    table.put(b * s.table_stride * 4, bytes_of(row));
  }

  std::vector<int32_t> context, indptr;
  for (const int64_t value : s.context) context.push_back(static_cast<int32_t>(value));
  for (const int64_t value : s.first_token) indptr.push_back(static_cast<int32_t>(value));

  ImageBuilder sinks;
  if (s.sinks) {
    for (int64_t h = 0; h < s.heads; ++h) {
      sinks.put(h * 4, pack(Dtype::kF32,
                            tensor_row(c, "sinks", q_row(0, 0, h / s.gqa, s.q_heads[h % s.gqa]),
                                       Dtype::kF32, 1)));
    }
  }
  const int64_t block = static_cast<int64_t>(s.k.head_stride()) * wavefuzz::bytes_of(s.kv_dtype);
  const auto cache = [&](const char* name, int64_t page_stride, int64_t head_stride, int64_t size,
                         ImageBuilder& image) {
    const int64_t bytes = last_page * page_stride + (s.kv_heads - 1) * head_stride + size;
    return Buffer{.name = name, .bytes = static_cast<uint64_t>(bytes), .contents = image.take()};
  };
  const auto scales = [&](const char* name, ImageBuilder& image) {
    if (s.scales_of_page() != 0)
      return cache(name, s.scale_page_stride, s.scale_head_stride, s.scales_of_page() * 4, image);
    Buffer one = {.name = name, .bytes = 4};
    if (s.quantised)
      one.contents.push_back({0, pack(Dtype::kF32, tensor_row(c, name, 0, Dtype::kF32, 1))});
    return one;
  };
  const auto rows = [&](int64_t stride, int64_t dims, uint32_t element) {  // of q and o
    return static_cast<uint64_t>(s.total_q == 0 ? 0 : (s.total_q - 1) * stride + s.heads * dims) *
           element;
  };
  const uint32_t q_bytes = wavefuzz::bytes_of(s.q_dtype);
  std::vector<Buffer> buffers = {
      {.name = "q", .bytes = rows(s.q_stride, s.head_dim, q_bytes), .contents = q.take()},
      cache("k_cache", s.k_page_stride, s.k_head_stride, block, caches.k),
      cache("v_cache", s.v_page_stride, s.v_head_stride,
            static_cast<int64_t>(s.v.head_stride()) * wavefuzz::bytes_of(s.kv_dtype), caches.v),
      scales("k_scale", caches.k_scale),
      scales("v_scale", caches.v_scale),
      {.name = "block_table",
       .bytes = static_cast<uint64_t>((s.batch - 1) * s.table_stride + s.table_width) * 4,
       .contents = table.take()},
      {.name = "kv_indices",
       .bytes = std::max<uint64_t>(list.size(), 1) * 4,
       .contents = {{0, bytes_of(list)}}},
      {.name = "kv_indptr",
       .bytes = list_indptr.size() * 4,
       .contents = {{0, bytes_of(list_indptr)}}},
      {.name = "context_lens", .bytes = context.size() * 4, .contents = {{0, bytes_of(context)}}},
      {.name = "qo_indptr", .bytes = indptr.size() * 4, .contents = {{0, bytes_of(indptr)}}},
      {.name = "sinks", .bytes = static_cast<uint64_t>(s.heads) * 4, .contents = sinks.take()},
      {.name = "o", .bytes = rows(s.o_stride, s.v_head_dim, q_bytes), .access = Access::kWrite},
  };
  if (s.lse) {
    buffers.push_back({.name = "lse",
                       .bytes = static_cast<uint64_t>(s.total_q * s.heads) * 4,
                       .access = Access::kWrite});
  }
  return buffers;
}

}  // namespace wavefuzz
