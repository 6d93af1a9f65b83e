// What the buffers of an MLA decode case hold.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include "fuzz/case/image.h"
#include "fuzz/operators/claims.h"
#include "fuzz/operators/mla_decode.h"
#include "fuzz/operators/paging.h"
#include "fuzz/operators/tensors.h"
#include "gpu/error.h"
#include "quant/ue8m0.h"

namespace wavefuzz {
namespace mla {
namespace {

Scope scope_of(const Case& c, const std::string& prefix, const std::string& mode, int64_t batch) {
  const ScopeRows& rows = rows_of(prefix);
  Scope s;
  s.prefix = prefix;
  s.flat = is_aiter(mode);
  s.dense = mode == "dense" || s.flat;
  const bool dense = s.dense;
  const auto nope = static_cast<uint32_t>(kNope.of(c));
  const auto rope = static_cast<uint32_t>(kRope.of(c));
  const std::vector<std::string>& entries = rows.entry.choices;  // in the order of MlaEntry
  const auto entry = std::find(entries.begin(), entries.end(), rows.entry.of(c));
  s.page = {static_cast<quant::MlaEntry>(entry - entries.begin()),
            static_cast<uint32_t>(rows.page_size.of(c)), nope, rope};
  if (!s.page.valid())
    throw Error(Exit::kUsage,
                fmt::format("a {} entry has no {} values without positions", *entry, nope));
  s.format = *fp8_of(parse_dtype(rows.cache_dtype.of(c)));
  const int64_t pad = rows.page_pad.of(c);
  s.page_stride = (s.page.bytes() + 15) / 16 * 16 + static_cast<uint64_t>(pad) * 16;
  if (s.page.entry == quant::MlaEntry::kFp8) s.kv_scale = static_cast<float>(rows.kv_scale.of(c));

  const auto sequences = static_cast<size_t>(batch);
  int64_t logical_pages = 0;
  if (dense) {
    s.has_lengths = true;
    s.lengths = integers_of(c, prefix + "context_lens", sequences);
    for (const int64_t keys : s.lengths) {
      if (keys < 0 || keys > kMostKeys)
        throw Error(Exit::kUsage,
                    fmt::format("{}context_lens must be 0..{}, has {}", prefix, kMostKeys, keys));
      const int64_t pages = (keys + s.page.page_size - 1) / s.page.page_size;
      s.first_page.push_back(logical_pages);
      logical_pages += pages;
      s.width = std::max(s.width, pages);
    }
    if (s.flat) s.width = logical_pages;
    s.width += kSparePages.of(c);
  } else {
    s.width = rows.topk.of(c);
    s.tokens = integers_of(c, prefix + "indices", sequences * static_cast<size_t>(s.width));
    int64_t most = -1;
    for (const int64_t token : s.tokens) {
      if (token < -1 || token >= kMostKeys)
        throw Error(Exit::kUsage,
                    fmt::format("{}indices must be -1..{}, has {}", prefix, kMostKeys - 1, token));
      most = std::max(most, token);
    }
    logical_pages = most < 0 ? 0 : most / s.page.page_size + 1;
    s.has_lengths = rows.topk_lengths.is(c, "on");
    s.lengths = s.has_lengths ? integers_of(c, prefix + "topk_length", sequences)
                              : std::vector<int64_t>(sequences, s.width);
    for (const int64_t length : s.lengths) {
      if (length < 0 || length > s.width)
        throw Error(Exit::kUsage, fmt::format("{}topk_length must be 0..topk = {}, has {}", prefix,
                                              s.width, length));
    }
  }
  s.pages = page_ids(c, static_cast<uint64_t>(logical_pages));
  for (const int64_t id : s.pages) {
    const int64_t last = dense ? id : (id + 1) * s.page.page_size - 1;
    if (last > INT32_MAX)
      throw Error(Exit::kUsage, fmt::format("page {} of {} tokens does not fit an i32 index", id,
                                            s.page.page_size));
  }
  s.index_stride = s.width + rows.index_pad.of(c);
  return s;
}

}  // namespace

Dtype Scope::nope_dtype() const {
  return page.entry == quant::MlaEntry::kBf16 ? Dtype::kBf16 : dtype_of(format);
}

Dtype Scope::rope_dtype() const {
  return page.entry == quant::MlaEntry::kFp8 ? dtype_of(format) : Dtype::kBf16;
}

int64_t Scope::data_row(const Case& c, int64_t sequence, int64_t position) const {
  if (dense) return (kFirstSequence.of(c) + sequence) * kMostKeys + position;
  return tokens[static_cast<size_t>(sequence * width + position)];
}

int64_t Scope::logical_slot(int64_t sequence, int64_t position) const {
  if (dense) return first_page[static_cast<size_t>(sequence)] * page.page_size + position;
  return tokens[static_cast<size_t>(sequence * width + position)];
}

std::pair<int64_t, uint32_t> Scope::place(int64_t logical) const {
  const int64_t page_size = page.page_size;
  return {pages[static_cast<size_t>(logical / page_size)],
          static_cast<uint32_t>(logical % page_size)};
}

Shape::Shape(const Case& c) {
  const std::string& mode = kMode.of(c);
  batch = kBatch.of(c);
  heads = kHeads.of(c);
  splits = kMain.splits.of(c);
  extra_splits = kExtra.splits.of(c);
  out_dtype = parse_dtype(kOutDtype.of(c));
  lse = reference::find_lse_convention(kLse.of(c));
  scopes.push_back(scope_of(c, "", mode, batch));
  if (mode == "dual") scopes.push_back(scope_of(c, "extra_", "sparse", batch));
  merged = mode == "aiter_scopes";
  if (merged && c.integers.contains("extra_context_lens"))
    scopes.push_back(scope_of(c, "extra_", mode, batch));
  if (flat()) {
    qlen = merged ? 1 : kQlen.of(c);
    causal = kCausal.is(c, "on");
    q_dtype = parse_dtype(kQDtype.of(c));
    if (fp8_of(q_dtype)) q_scale = static_cast<float>(kQScale.of(c));
    has_lse = kLseOut.is(c, "on");
  }
  if (scopes.size() > 1 && scopes[0].page.v_dim() != scopes[1].page.v_dim())
    throw Error(Exit::kUsage, "entry and extra_entry do not have the same V");
  has_sink = kSink.is(c, "on");
  q_head = page().qk_dim() + kQHeadPad.of(c);
  q_row = heads * q_head + kQRowPad.of(c);
  out_head = page().v_dim() + kOutHeadPad.of(c);
  out_row = heads * out_head + kOutRowPad.of(c);
  const bool by_head = lse->layout == reference::LseLayout::kHeadToken;
  lse_row = by_head ? 1 : heads + kLsePad.of(c);
  lse_head = by_head ? tokens() + kLsePad.of(c) : 1;
}

Shape Shape::alone(size_t scope) const {
  Shape s = *this;
  s.scopes = {scopes[scope]};
  if (scope != 0) s.splits = extra_splits;
  s.has_sink = false;
  s.has_lse = true;
  return s;
}

Entry entry_of(const Case& c, const Scope& scope, int64_t data_row) {
  const auto row = static_cast<uint64_t>(data_row);
  Entry e;
  e.nope = tensor_row(c, scope.prefix + "k", row, scope.nope_dtype(), scope.page.nope);
  e.rope = tensor_row(c, scope.prefix + "rope", row, scope.rope_dtype(), scope.page.rope);
  if (scope.page.groups() == 0) return e;
  for (const uint32_t bits :
       tensor_row(c, scope.prefix + "k_scale", row, Dtype::kF32, scope.page.groups())) {
    const float scale = decode(Dtype::kF32, bits);
    e.scales.push_back(scope.page.entry == quant::MlaEntry::kV4
                           ? quant::decode_ue8m0(quant::encode_ue8m0(scale))
                           : scale);
  }
  return e;
}

std::vector<uint32_t> q_bits(const Case& c, const Shape& s, int64_t token, int64_t head) {
  const int64_t row =
      (kFirstSequence.of(c) * s.qlen + token) * kMostHeads + kFirstHead.of(c) + head;
  return tensor_row(c, "q", static_cast<uint64_t>(row), s.q_dtype, s.page().qk_dim());
}

std::vector<uint32_t> sink_bits(const Case& c, const Shape& s) {
  const int64_t first = kFirstHead.of(c);
  std::vector<uint32_t> bits =
      tensor_row(c, "sink", 0, Dtype::kF32, static_cast<uint32_t>(first + s.heads));
  bits.erase(bits.begin(), bits.begin() + first);
  return bits;
}

namespace {

void put_entry(ImageBuilder& image, const Scope& s, int64_t logical, const Entry& e) {
  const auto [page, t] = s.place(logical);
  const uint64_t base = static_cast<uint64_t>(page) * s.page_stride;
  image.put(base + s.page.nope_offset(t, 0), pack(s.nope_dtype(), e.nope));
  image.put(base + s.page.rope_offset(t, 0), pack(s.rope_dtype(), e.rope));
  if (e.scales.empty()) return;
  std::vector<uint8_t> scales;
  for (const float scale : e.scales) {
    if (s.page.entry == quant::MlaEntry::kV4) {
      scales.push_back(quant::encode_ue8m0(scale));
    } else {
      for (const uint8_t byte :
           pack(Dtype::kF32, std::vector<uint32_t>{__builtin_bit_cast(uint32_t, scale)}))
        scales.push_back(byte);
    }
  }
  image.put(base + s.page.scale_offset(t, 0), scales);
}

/// What lies where no key does: NaN, or finite and large.
Entry junk(const Scope& s, bool nan) {
  const auto bits = [&](Dtype dtype) -> uint32_t {
    if (dtype == Dtype::kBf16) return nan ? 0x7FC0 : 0x7F00;
    if (dtype == Dtype::kE4m3fnuz) return nan ? 0x80 : 0x7F;
    return nan ? 0x7F : 0x7E;
  };
  Entry e;
  e.nope.assign(s.page.nope, bits(s.nope_dtype()));
  e.rope.assign(s.page.rope, bits(s.rope_dtype()));
  const float v4 = quant::decode_ue8m0(nan ? 0xFF : 0xF0);
  e.scales.assign(s.page.groups(), s.page.entry == quant::MlaEntry::kV4 ? v4
                                   : nan ? __builtin_bit_cast(float, 0x7FC00000u)
                                         : 0x1p90f);
  return e;
}

/// Index entries that name no key: any kernel that follows one leaves the cache.
uint32_t junk_index(int64_t at) {
  return std::array<uint32_t, 3>{2147480000u, 0x80000000u, 0x7FFFFFFFu}[at % 3];
}

uint64_t bytes_of_i32(int64_t elements) { return static_cast<uint64_t>(elements) * 4; }

void add_scope(const Case& c, const Shape& shape, const Scope& s, std::vector<Buffer>& out) {
  const std::string& unowned = kUnowned.of(c);
  ImageBuilder kv, index, lengths;
  std::set<int64_t> owned;
  const auto put_index = [&](int64_t sequence, int64_t column, uint32_t value) {
    index.put(bytes_of_i32(sequence * s.index_stride + column),
              pack_i32(std::vector<uint32_t>{value}));
  };
  for (int64_t b = 0; b < shape.batch; ++b) {
    const int64_t keys = s.lengths[static_cast<size_t>(b)];
    int64_t columns = keys;  // of the index row, in use
    for (int64_t i = 0; i < keys; ++i) {
      const int64_t row = s.data_row(c, b, i);
      if (row < 0) continue;
      const int64_t logical = s.logical_slot(b, i);
      if (owned.insert(logical).second) put_entry(kv, s, logical, entry_of(c, s, row));
    }
    if (s.dense) {
      columns = (keys + s.page.page_size - 1) / s.page.page_size;
      for (int64_t i = 0; i < columns; ++i) {
        const int64_t page = s.pages[static_cast<size_t>(s.first_page[static_cast<size_t>(b)] + i)];
        const int64_t at = s.flat ? s.first_page[static_cast<size_t>(b)] + i : i;
        put_index(s.flat ? 0 : b, at, static_cast<uint32_t>(page));
      }
    } else {
      for (int64_t i = 0; i < columns; ++i) {
        int64_t slot = s.data_row(c, b, i);
        if (slot >= 0) {
          const auto [page, t] = s.place(slot);
          slot = page * s.page.page_size + t;
        }
        put_index(b, i, static_cast<uint32_t>(slot));
      }
    }
    if (unowned != "poison" && !s.flat) {
      for (int64_t i = columns; i < s.width; ++i) put_index(b, i, junk_index(b + i));
    }
    if (s.has_lengths) lengths.put(bytes_of_i32(b), pack_i32(std::vector<int64_t>{keys}));
  }
  if (unowned != "poison") {
    const Entry e = junk(s, unowned == "nan");
    const auto slots = static_cast<int64_t>(s.pages.size()) * s.page.page_size;
    for (int64_t logical = 0; logical < slots; ++logical) {
      if (!owned.contains(logical)) put_entry(kv, s, logical, e);
    }
  }
  if (s.flat && std::find(s.pages.begin(), s.pages.end(), 0) == s.pages.end()) {
    // What a kernel reads past a list of indices is index 0: page 0 is there, and finite.
    const Entry e = junk(s, false);
    kv.put(s.page.nope_offset(0, 0), pack(s.nope_dtype(), e.nope));
    kv.put(s.page.rope_offset(0, 0), pack(s.rope_dtype(), e.rope));
  }
  int64_t last_page = 0;
  for (const int64_t id : s.pages) last_page = std::max(last_page, id);
  const int64_t index_rows = s.flat ? 1 : shape.batch;
  const int64_t index_elements = s.width == 0 ? 0 : (index_rows - 1) * s.index_stride + s.width;
  out.push_back({.name = s.prefix + "kv",
                 .bytes = static_cast<uint64_t>(last_page) * s.page_stride + s.page.bytes(),
                 .contents = kv.take()});
  out.push_back({.name = s.prefix + "index",
                 .bytes = bytes_of_i32(index_elements),
                 .contents = index.take()});
  out.push_back({.name = s.prefix + "lengths",
                 .bytes = s.has_lengths ? bytes_of_i32(shape.batch) : 0,
                 .contents = lengths.take()});
}

/// What AITER's host code hands over beside the cache: whose the page ids and query tokens are, and
/// the scales, which lie in device memory.
void add_lists(const Shape& s, std::vector<Buffer>& out) {
  const auto add = [&](const std::string& name, const std::vector<uint32_t>& values) {
    out.push_back(
        {.name = name, .bytes = values.size() * 4, .contents = {{0, pack_i32(values)}}});
  };
  for (const Scope& scope : s.scopes) {
    std::vector<uint32_t> kv = {0}, last;
    for (const int64_t keys : scope.lengths) {
      const int64_t pages = (keys + scope.page.page_size - 1) / scope.page.page_size;
      kv.push_back(kv.back() + static_cast<uint32_t>(pages));
      last.push_back(pages == 0 ? 0
                                : static_cast<uint32_t>(keys - (pages - 1) * scope.page.page_size));
    }
    add(scope.prefix + "kv_indptr", kv);
    add(scope.prefix + "kv_last_page_lens", last);
    add(scope.prefix + "kv_scale",
        {__builtin_bit_cast(uint32_t, static_cast<float>(scope.kv_scale))});
  }
  std::vector<uint32_t> qo = {0}, splits = {0};
  for (int64_t b = 0; b < s.batch; ++b) {
    qo.push_back(qo.back() + static_cast<uint32_t>(s.qlen));
    splits.push_back(splits.back() + static_cast<uint32_t>(s.splits));
  }
  add("qo_indptr", qo);
  add("split_indptr", splits);
  add("q_scale", {__builtin_bit_cast(uint32_t, static_cast<float>(s.q_scale))});
}

}  // namespace
}  // namespace mla

std::vector<Buffer> MlaDecode::buffers(const Case& c) const {
  const mla::Shape s(c);
  std::vector<Buffer> out;
  ImageBuilder q;
  const uint64_t q_bytes = bytes_of(s.q_dtype);
  for (int64_t t = 0; t < s.tokens(); ++t) {
    for (int64_t h = 0; h < s.heads; ++h) {
      q.put(static_cast<uint64_t>(t * s.q_row + h * s.q_head) * q_bytes,
            pack(s.q_dtype, mla::q_bits(c, s, t, h)));
    }
  }
  const auto span = [&](int64_t row, int64_t head, int64_t dims) {
    return static_cast<uint64_t>((s.tokens() - 1) * row + (s.heads - 1) * head + dims);
  };
  out.push_back({.name = "q",
                 .bytes = span(s.q_row, s.q_head, s.page().qk_dim()) * q_bytes,
                 .contents = q.take()});
  for (const mla::Scope& scope : s.scopes) mla::add_scope(c, s, scope, out);
  if (s.flat()) mla::add_lists(s, out);
  Buffer sink = {.name = "sink", .bytes = s.has_sink ? static_cast<uint64_t>(s.heads) * 4 : 0};
  if (s.has_sink) sink.contents = {{0, pack(Dtype::kF32, mla::sink_bits(c, s))}};
  out.push_back(sink);
  out.push_back({.name = "out",
                 .bytes = span(s.out_row, s.out_head, s.page().v_dim()) * bytes_of(s.out_dtype),
                 .access = Access::kWrite});
  for (const mla::Scope& scope : s.scopes) {
    if (!s.merged) break;
    const std::string name = scope.name();
    const auto rows = static_cast<uint64_t>(s.tokens() * s.heads);
    out.push_back({.name = name + "_out",
                   .bytes = rows * s.page().v_dim() * bytes_of(s.out_dtype),
                   .access = Access::kReadWrite});
    out.push_back({.name = name + "_lse", .bytes = rows * 4, .access = Access::kReadWrite});
  }
  out.push_back({.name = "out_lse",
                 .bytes = s.has_lse ? span(s.lse_row, s.lse_head, 1) * 4 : 0,
                 .access = Access::kWrite});
  return out;
}

Params MlaDecode::launch_params(const Case& c) const {
  const mla::Shape s(c);
  Params p = c.params;
  for (const mla::Scope& scope : s.scopes) {
    const std::string& at = scope.prefix;
    p.set(at + "page_stride", static_cast<int64_t>(scope.page_stride));
    p.set(at + "width", scope.width);
    p.set(at + "index_stride", scope.index_stride);
    p.set(at + "has_lengths", int64_t{scope.has_lengths});
    p.set(at + "score_scale",
          static_cast<double>(static_cast<float>(mla::kSoftmaxScale.of(c))) * scope.kv_scale);
    p.set(at + "v_scale", scope.kv_scale);
  }
  p.set("dense", int64_t{s.scopes[0].dense});
  p.set("qlen", s.qlen);
  if (s.scopes[0].dense) {
    std::vector<int64_t> keys;
    for (const mla::Scope& scope : s.scopes)
      keys.insert(keys.end(), scope.lengths.begin(), scope.lengths.end());
    const auto [least, most] = std::minmax_element(keys.begin(), keys.end());
    p.set("least_keys", *least);
    p.set("most_keys", *most);
    p.set("total_keys", std::accumulate(keys.begin(), keys.end(), int64_t{0}));
  }
  const std::vector<int64_t>& pages = s.scopes[0].pages;
  p.set("last_page", pages.empty() ? 0 : *std::max_element(pages.begin(), pages.end()));
  p.set("tokens", s.tokens());
  p.set("q_bytes", int64_t{bytes_of(s.q_dtype)});
  p.set("has_lse", int64_t{s.has_lse});
  p.set("dual", int64_t{s.scopes.size() > 1});
  p.set("partials", s.partials());
  p.set("qk_dim", int64_t{s.page().qk_dim()});
  p.set("v_dim", int64_t{s.page().v_dim()});
  p.set("has_sink", int64_t{s.has_sink});
  p.set("lse_base2", int64_t{s.lse->base == reference::LogBase::kTwo});
  p.set("empty_plus_inf", int64_t{s.lse->empty_lse == reference::EmptyLse::kPlusInf});
  p.set("q_row_stride", s.q_row);
  p.set("q_head_stride", s.q_head);
  p.set("out_row_stride", s.out_row);
  p.set("out_head_stride", s.out_head);
  p.set("lse_row_stride", s.lse_row);
  p.set("lse_head_stride", s.lse_head);
  return p;
}

}  // namespace wavefuzz
