#include "fuzz/operators/paged_mqa_logits.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "fuzz/case/image.h"
#include "fuzz/case/plural.h"
#include "fuzz/operators/claims.h"
#include "fuzz/operators/paging.h"
#include "fuzz/operators/tensors.h"
#include "gpu/error.h"
#include "quant/fp8_text.h"

namespace wavefuzz {
namespace mqa {
namespace {

constexpr uint64_t kMostCacheBytes = uint64_t{1} << 42;

}  // namespace

const ParameterTable& table() {
  static const ParameterTable kTable = {
      kNextN,   kHeads,       kHeadDim,      kPageSize, kBatch,      kSplits,
      kLayout,  kMaskRule,    kCtxDims,      kDtype,    kUnowned,    kRelation,
      kWidth,   kFirstPage,   kPageOrder,    kPageStep, kPageStride, kLogitsStride,
      kQStride, kTableStride, kFirstRequest, kKDoubled};
  return kTable;
}

int64_t packed_stride(const Case& c) {
  return (kPageSize.of(c) * (kHeadDim.of(c) + 4) + 3) / 4 * 4;
}

int64_t table_columns(const Case& c) {
  int64_t columns = 0;
  for (const int64_t keys : key_counts(c))
    columns = std::max(columns, (keys + kPageSize.of(c) - 1) / kPageSize.of(c));
  return columns;
}

quant::Fp8 format(const Case& c) { return *quant::parse_fp8(kDtype.of(c)); }

reference::MaskRule mask_rule(const Case& c) {
  return *reference::parse_mask_rule(kMaskRule.of(c));
}

bool has_row_lengths(const Case& c) {
  return kCtxDims.is(c, "2d") || reference::is_ragged(mask_rule(c));
}

reference::IndexerCache cache(const Case& c) {
  reference::IndexerCache cache;
  cache.page = {
      static_cast<uint32_t>(kPageSize.of(c)), static_cast<uint32_t>(kHeadDim.of(c)),
      kLayout.is(c, "shuffle") ? quant::PageLayout::kShuffle : quant::PageLayout::kNormal};
  cache.page_stride = static_cast<uint64_t>(kPageStride.of(c));
  if (!cache.page.valid()) {
    throw Error(Exit::kUsage,
                fmt::format("layout '{}' does not exist for page_size {}, head_dim {}",
                            kLayout.of(c), cache.page.page_size, cache.page.head_dim));
  }
  if (cache.page_stride < cache.page.bytes()) {
    throw Error(Exit::kUsage,
                fmt::format("parameter 'page_stride' must be at least the page's {} bytes, is {}",
                            cache.page.bytes(), cache.page_stride));
  }
  return cache;
}

std::vector<MqaRequest> requests(const Case& c) {
  const int64_t batch = kBatch.of(c);
  const int64_t next_n = kNextN.of(c);
  const bool ragged = reference::is_ragged(mask_rule(c));
  const std::vector<int64_t>& lens = integers_of(
      c, "context_lens", static_cast<size_t>(has_row_lengths(c) ? batch * next_n : batch));
  const std::vector<int64_t>* starts =
      ragged ? &integers_of(c, "row_starts", static_cast<size_t>(batch * next_n)) : nullptr;
  std::vector<MqaRequest> out(batch);
  for (int64_t b = 0; b < batch; ++b) {
    MqaRequest& r = out[b];
    r.next_n = next_n;
    r.page_size = kPageSize.of(c);
    const auto of_rows = [&](const std::vector<int64_t>& from) {
      return std::vector<int64_t>(from.begin() + b * next_n, from.begin() + (b + 1) * next_n);
    };
    if (ragged) {
      r.ke = of_rows(lens);
      r.ks = of_rows(*starts);
    } else if (has_row_lengths(c)) {
      r.per_row = of_rows(lens);
    } else {
      r.ctx = lens[b];
    }
  }
  return out;
}

std::vector<int64_t> key_counts(const Case& c) {
  std::vector<int64_t> counts;
  for (const MqaRequest& r : requests(c)) {
    const int64_t keys = reference::keys_of(mask_rule(c), r.lengths());
    if (keys > kKeysApart)
      throw Error(Exit::kUsage, fmt::format("a request has {} keys, more than 2^20", keys));
    counts.push_back(std::max<int64_t>(keys, 0));
  }
  return counts;
}

std::vector<std::vector<int64_t>> pages(const Case& c) {
  const int64_t page_size = kPageSize.of(c);
  std::vector<std::vector<int64_t>> of_requests;
  uint64_t count = 0;
  for (const int64_t keys : key_counts(c)) {
    of_requests.emplace_back((keys + page_size - 1) / page_size);
    count += of_requests.back().size();
  }
  const std::vector<int64_t> ids = page_ids(c, count);
  auto next = ids.begin();
  for (std::vector<int64_t>& of_request : of_requests) {
    for (int64_t& id : of_request) id = *next++;
  }
  return of_requests;
}

}  // namespace mqa

namespace {

using mqa::kKeysApart;

/// A token's index among the rows of q and weights, which a request keeps when it runs alone.
uint64_t token_row(const Case& c, int64_t request, int64_t row) {
  return static_cast<uint64_t>((mqa::kFirstRequest.of(c) + request) * mqa::kNextN.of(c) + row);
}

/// Twice the code's value, where the format has it.
std::optional<uint8_t> doubled(quant::Fp8 format, uint8_t code) {
  const float twice = 2 * quant::decode(format, code);
  const uint8_t result = quant::encode(format, twice, quant::kCastPyTorch);
  if (!(quant::decode(format, result) == twice)) return std::nullopt;
  return result;
}

struct Key {
  std::vector<uint8_t> codes;
  float scale;
};

Key key_of(const Case& c, int64_t request, int64_t key, quant::Fp8 format, uint32_t head_dim) {
  const auto row = static_cast<uint64_t>((mqa::kFirstRequest.of(c) + request) * kKeysApart + key);
  const Dtype dtype = dtype_of(format);
  Key out = {pack(dtype, tensor_row(c, "k", row, dtype, head_dim)),
             decode(Dtype::kF32, tensor_row(c, "k_scale", row, Dtype::kF32, 1)[0])};
  if (mqa::kKDoubled.of(c) == 0) return out;
  std::vector<uint8_t> codes;
  for (const uint8_t code : out.codes) {
    const auto twice = doubled(format, code);
    if (!twice) return out;
    codes.push_back(*twice);
  }
  return {codes, out.scale / 2};
}

template <typename T>
std::span<const uint8_t> bytes_of_value(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
}

/// What lies where nobody owns it: codes and scale.
struct Unowned {
  uint8_t code;
  float scale;
  int32_t page;
};

std::optional<Unowned> unowned(const Case& c, quant::Fp8 format) {
  if (mqa::kUnowned.is(c, "poison")) return std::nullopt;
  const quant::Fp8Format f = quant::format(format);
  if (mqa::kUnowned.is(c, "nan"))
    return Unowned{f.nan, std::numeric_limits<float>::quiet_NaN(), 2147480000};
  return Unowned{f.max_finite, 0x1p100f, 2147480000};
}

Buffer q_buffer(const Case& c) {
  const int64_t batch = mqa::kBatch.of(c), next_n = mqa::kNextN.of(c);
  const int64_t heads = mqa::kHeads.of(c);
  const int64_t head_dim = mqa::kHeadDim.of(c);
  const int64_t stride = mqa::kQStride.of(c);
  const Dtype dtype = dtype_of(mqa::format(c));
  ImageBuilder image;
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t j = 0; j < next_n; ++j) {
      for (int64_t h = 0; h < heads; ++h) {
        image.put(static_cast<uint64_t>((b * next_n + j) * stride + h * head_dim),
                  pack(dtype, tensor_row(c, "q", token_row(c, b, j) * heads + h, dtype,
                                         static_cast<uint32_t>(head_dim))));
      }
    }
  }
  return {.name = "q",
          .bytes = static_cast<uint64_t>(batch * next_n * stride),
          .access = Access::kRead,
          .contents = image.take()};
}

Buffer weights_buffer(const Case& c) {
  const int64_t batch = mqa::kBatch.of(c), next_n = mqa::kNextN.of(c);
  const auto heads = static_cast<uint32_t>(mqa::kHeads.of(c));
  ImageBuilder image;
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t j = 0; j < next_n; ++j) {
      image.put(
          static_cast<uint64_t>(b * next_n + j) * heads * sizeof(float),
          pack(Dtype::kF32, tensor_row(c, "weights", token_row(c, b, j), Dtype::kF32, heads)));
    }
  }
  return {.name = "weights",
          .bytes = static_cast<uint64_t>(batch * next_n) * heads * sizeof(float),
          .access = Access::kRead,
          .contents = image.take()};
}

Buffer cache_buffer(const Case& c) {
  const reference::IndexerCache cache = mqa::cache(c);
  const quant::Fp8 format = mqa::format(c);
  const uint32_t head_dim = cache.page.head_dim;
  const int64_t page_size = cache.page.page_size;
  const auto pages = mqa::pages(c);
  const std::vector<int64_t> counts = mqa::key_counts(c);
  const std::optional<Unowned> garbage = unowned(c, format);
  ImageBuilder image;
  int64_t last_page = 0;
  for (size_t b = 0; b < pages.size(); ++b) {
    for (size_t p = 0; p < pages[b].size(); ++p) {
      last_page = std::max(last_page, pages[b][p]);
      for (int64_t t = 0; t < page_size; ++t) {
        const int64_t key = static_cast<int64_t>(p) * page_size + t;
        const bool owned = key < counts[b];
        if (!owned && !garbage) continue;
        const Key bytes = owned
                              ? key_of(c, static_cast<int64_t>(b), key, format, head_dim)
                              : Key{std::vector<uint8_t>(head_dim, garbage->code), garbage->scale};
        const int64_t slot = pages[b][p] * page_size + t;
        for (uint32_t d = 0; d < head_dim; d += 16) {
          image.put(cache.value_offset(slot, d),
                    std::span(bytes.codes).subspan(d, std::min<uint32_t>(16, head_dim - d)));
        }
        image.put(cache.scale_offset(slot), bytes_of_value(bytes.scale));
      }
    }
  }
  const auto page_count = static_cast<uint64_t>(last_page) + 1;
  if (page_count > mqa::kMostCacheBytes / cache.page_stride)
    throw Error(Exit::kUsage, "the cache is larger than 2^42 bytes");
  return {.name = "kv_cache",
          .bytes = (page_count - 1) * cache.page_stride + cache.page.bytes(),
          .access = Access::kRead,
          .contents = image.take()};
}

Buffer table_buffer(const Case& c) {
  const auto pages = mqa::pages(c);
  const int64_t stride = mqa::kTableStride.of(c);
  const std::optional<Unowned> garbage = unowned(c, mqa::format(c));
  ImageBuilder image;
  for (size_t b = 0; b < pages.size(); ++b) {
    for (int64_t p = 0; p < stride; ++p) {
      const bool owned = p < static_cast<int64_t>(pages[b].size());
      if (!owned && !garbage) break;
      const auto id = owned ? static_cast<int32_t>(pages[b][p]) : garbage->page;
      if (owned && id != pages[b][p])
        throw Error(Exit::kUsage,
                    fmt::format("page id {} does not fit a block table", pages[b][p]));
      image.put((b * static_cast<uint64_t>(stride) + static_cast<uint64_t>(p)) * sizeof(int32_t),
                bytes_of_value(id));
    }
  }
  return {.name = "block_table",
          .bytes = pages.size() * static_cast<uint64_t>(stride) * sizeof(int32_t),
          .access = Access::kRead,
          .contents = image.take()};
}

const Buffer& find(const std::vector<Buffer>& buffers, const std::string& name) {
  return *std::find_if(buffers.begin(), buffers.end(),
                       [&](const Buffer& b) { return b.name == name; });
}

}  // namespace

namespace mqa {

std::vector<Buffer> query_buffers(const Case& c) {
  const int64_t width = mqa::kWidth.of(c);
  const int64_t stride = mqa::kLogitsStride.of(c);
  const int64_t rows = mqa::kBatch.of(c) * mqa::kNextN.of(c);
  std::vector<Buffer> buffers = {q_buffer(c), weights_buffer(c), table_buffer(c),
                                 int32_buffer(c, "context_lens"), int32_buffer(c, "row_starts")};
  buffers.push_back({.name = "logits",
                     .bytes = static_cast<uint64_t>((rows - 1) * stride + width) * sizeof(float),
                     .access = Access::kWrite});
  return buffers;
}

MqaRows rows(const Case& c, const std::vector<Buffer>& buffers,
             const reference::MqaContract& contract) {
  const reference::IndexerCache cache = mqa::cache(c);
  MqaRows out;
  out.format = format(c);
  out.heads = static_cast<uint32_t>(mqa::kHeads.of(c));
  out.head_dim = cache.page.head_dim;
  out.rule = mask_rule(c);
  out.contract = contract;
  out.width = mqa::kWidth.of(c);
  out.stride = mqa::kLogitsStride.of(c);
  out.requests = requests(c);
  const ImageReader q(find(buffers, "q"));
  const ImageReader weights(find(buffers, "weights"));
  const ImageReader kv_cache(find(buffers, "kv_cache"));
  const auto pages = mqa::pages(c);
  const std::vector<int64_t> counts = key_counts(c);
  const uint64_t values = uint64_t{out.heads} * out.head_dim;
  for (size_t b = 0; b < out.requests.size(); ++b) {
    MqaRequest& r = out.requests[b];
    for (int64_t j = 0; j < r.next_n; ++j) {
      const uint64_t token = b * static_cast<uint64_t>(r.next_n) + static_cast<uint64_t>(j);
      const uint8_t* codes = q.at(token * static_cast<uint64_t>(mqa::kQStride.of(c)), values);
      r.q.insert(r.q.end(), codes, codes + values);
      const uint8_t* w = weights.at(token * out.heads * sizeof(float), out.heads * sizeof(float));
      for (uint32_t h = 0; h < out.heads; ++h)
        r.weights.push_back(decode(Dtype::kF32, load_bits(Dtype::kF32, w + h * sizeof(float))));
    }
    for (int64_t key = 0; key < counts[b]; ++key) {
      const int64_t slot =
          pages[b][key / cache.page.page_size] * cache.page.page_size + key % cache.page.page_size;
      bool known = true;
      for (uint32_t d = 0; d < out.head_dim; ++d) {
        const uint8_t* code = kv_cache.at(cache.value_offset(slot, d), 1);
        known &= code != nullptr;
        r.k.push_back(code == nullptr ? 0 : *code);
      }
      const uint8_t* scale = kv_cache.at(cache.scale_offset(slot), sizeof(float));
      known &= scale != nullptr;
      r.scales.push_back(known ? decode(Dtype::kF32, load_bits(Dtype::kF32, scale))
                               : std::numeric_limits<float>::quiet_NaN());
    }
  }
  return out;
}

}  // namespace mqa

const ParameterTable& PagedMqaLogits::table() const { return mqa::table(); }

void PagedMqaLogits::check_manifest(const Manifest& manifest) const {
  Operator::check_manifest(manifest);
  parse_mqa_contract(manifest);
}

Params PagedMqaLogits::launch_params(const Case& c) const {
  Params params = c.params;
  params.set("mask", static_cast<int64_t>(mqa::mask_rule(c)));
  params.set("two_d", static_cast<int64_t>(mqa::kCtxDims.is(c, "2d")));
  params.set("rows", mqa::kBatch.of(c) * mqa::kNextN.of(c));
  params.set("atoms", (mqa::kNextN.of(c) + 1) / 2);
  const std::vector<int64_t> keys = mqa::key_counts(c);
  params.set("most_keys", keys.empty() ? 0 : *std::max_element(keys.begin(), keys.end()));
  return params;
}

std::vector<Buffer> PagedMqaLogits::buffers(const Case& c) const {
  std::vector<Buffer> buffers = mqa::query_buffers(c);
  buffers.push_back(cache_buffer(c));
  return buffers;
}

void PagedMqaLogits::judge(const Run& run, Judge& judge) const {
  judge_mqa_rows(mqa::rows(run.c, run.buffers, parse_mqa_contract(run.manifest)), judge);
}

std::optional<Case> PagedMqaLogits::related(const Case& c) const {
  const std::string& relation = mqa::kRelation.of(c);
  if (relation == "none") return std::nullopt;
  Case other = c;
  mqa::kRelation.set(other, "none");
  if (relation == "garbage_past_ctx") {
    mqa::kUnowned.set(other, mqa::kUnowned.is(c, "nan") ? "huge" : "nan");
  } else if (relation == "permuted_pages") {
    kPageOrder.set(other, kPageOrder.is(c, "reversed") ? "sequential" : "reversed");
  } else if (relation == "alone") {
    const int64_t last = mqa::kBatch.of(c) - 1;
    mqa::kBatch.set(other, int64_t{1});
    mqa::kFirstRequest.set(other, mqa::kFirstRequest.of(c) + last);
    for (auto& [name, values] : other.integers) {
      const int64_t each = name == "row_starts" || mqa::has_row_lengths(c) ? mqa::kNextN.of(c) : 1;
      if (values.empty()) continue;
      values =
          std::vector<int64_t>(values.begin() + last * each, values.begin() + (last + 1) * each);
    }
  } else if (relation == "unsplit") {
    mqa::kSplits.set(other, int64_t{1});
  } else {  // doubled_k
    mqa::kKDoubled.set(other, 1);
  }
  return other;
}

void PagedMqaLogits::compare(const Run& run, const Run& related, Judge& judge) const {
  // Every relation leaves each logit's own sum as it is, so that all bits agree.
  const Buffer a = {.name = "logits", .contents = run.outcome.written_to("logits")};
  const Buffer b = {.name = "logits", .contents = related.outcome.written_to("logits")};
  const ImageReader ours(a), theirs(b);
  const std::vector<MqaRequest> requests = mqa::requests(run.c);
  const int64_t stride = mqa::kLogitsStride.of(run.c);
  const int64_t next_n = mqa::kNextN.of(run.c);
  const bool alone = mqa::kRelation.is(run.c, "alone");
  for (size_t r = alone ? requests.size() - 1 : 0; r < requests.size(); ++r) {
    for (int64_t j = 0; j < next_n; ++j) {
      const reference::RowColumns c = reference::columns_of(
          mqa::mask_rule(run.c), requests[r].lengths(), j, mqa::kWidth.of(run.c));
      const int64_t row = static_cast<int64_t>(r) * next_n + j;
      const int64_t other_row = alone ? j : row;
      for (int64_t column = 0; column < c.minus_inf; ++column) {
        const auto at = [&](const ImageReader& image, int64_t in_row) {
          return image.at(static_cast<uint64_t>(in_row * stride + column) * sizeof(float),
                          sizeof(float));
        };
        const uint8_t* x = at(ours, row);
        const uint8_t* y = at(theirs, other_row);
        if (x == nullptr || y == nullptr) continue;  // missing writes are the judge's own finding
        if (std::memcmp(x, y, sizeof(float)) == 0) continue;
        judge.finding({FindingKind::kBrokenRelation, "logits",
                       fmt::format("logits[row {}, column {}] is {}, and {} under '{}'", row,
                                   column, decode(Dtype::kF32, load_bits(Dtype::kF32, x)),
                                   decode(Dtype::kF32, load_bits(Dtype::kF32, y)),
                                   mqa::kRelation.of(run.c))});
        return;
      }
    }
  }
}

OperatorPage PagedMqaLogits::page() const {
  return {
      .name = name(),
      .summary =
          "Scores of the sparse-attention indexer: one logit for each query token and key, over a "
          "paged FP8 cache with a scale for each key.",
      .semantics =
          {"logits[row, key] = scale[key] * sum over heads of weights[row, head] * relu(q[row, "
           "head] . k[key])",
           "row = request * next_n + j. With 1-D lengths row j has the keys [0, max(0, ctx - "
           "next_n + j + 1)), with 2-D lengths [0, context_lens[request, j])",
           "weights have either sign and hold q's scale; relu(NaN) as the contract says"},
      .buffers =
          {{"q", "dtype", "[batch, next_n, heads, head_dim], q_stride elements a token", "in"},
           {"weights", "f32", "[batch * next_n, heads]", "in"},
           {"kv_cache", "bytes",
            "pages, page_stride bytes apart: page_size * head_dim codes (NORMAL or SHUFFLE), then "
            "page_size f32 scales",
            "in"},
           {"block_table", "i32", "[batch, table_stride]", "in"},
           {"context_lens", "i32", "[batch], or [batch, next_n]; ragged: ke of each row", "in"},
           {"row_starts", "i32", "[batch * next_n]: ks of each row, ragged only", "in"},
           {"logits", "f32", "[batch * next_n, width], row stride logits_stride", "out"}},
      .parameters = table().entries(),
      .derived = {{"mask", "number of the mask rule, in the order below"},
                  {"two_d", "1 with 2-D lengths"},
                  {"rows", "batch * next_n"},
                  {"atoms", "ceil(next_n / 2)"},
                  {"most_keys", "of a request"}},
      .numerics = {{"relu", "drops_nan: max(x, 0); keeps_nan: torch.relu"},
                   {"accumulate", "f32 in any order, or mfma_fp8"}},
      .relations = {{"garbage_past_ctx", "other bytes that nobody owns: the same bits"},
                    {"permuted_pages", "the same"},
                    {"alone", "the last request by itself: the same bits"},
                    {"unsplit", "one split: the same bits, for a logit is one sum"},
                    {"doubled_k", "K * 2 with scale / 2: the same bits"}},
      .unspecified = {"columns that the mask rule leaves to the kernel"},
      .presets =
          {"torch: vLLM's reference, DeepGEMM clean_logits: -inf in all other columns",
           "vllm_triton: nothing beyond the row's keys",
           "aiter: -inf to the end of the chunk of 256, nothing beyond",
           "aiter_ragged_k: keys t <= ctx - j, reversed and one too many; column ctx holds 0",
           "deepgemm: 2-D; anything to the end of the split of 256",
           "ragged: prefill, keys [ks, ke) at their columns, -inf elsewhere",
           "ragged_compressed: key ks at column 0, anything beyond ke - ks",
           "aiter_gluon: -inf to column ctx, nothing beyond",
           "aiter_preshuffle: -inf to the end of the last page of ctx, nothing beyond"},
  };
}

std::string PagedMqaLogits::summary(const Case& c) const {
  const std::vector<int64_t>& lens = c.integers.at("context_lens");
  std::string text =
      fmt::format("{} of {}, {} [{}]", plural(mqa::kBatch.of(c), "request"),
                  plural(mqa::kNextN.of(c), "query", "queries"),
                  reference::is_ragged(mqa::mask_rule(c)) ? "ke" : "ctx", fmt::join(lens, ", "));
  if (c.integers.contains("row_starts"))
    text += fmt::format(", ks [{}]", fmt::join(c.integers.at("row_starts"), ", "));
  text += fmt::format("; {} x {}, {}, pages of {} ({}), {} {} mask, width {}, {}, {} past ctx",
                      plural(mqa::kHeads.of(c), "head"), mqa::kHeadDim.of(c), mqa::kDtype.of(c),
                      mqa::kPageSize.of(c), mqa::kLayout.of(c), mqa::kCtxDims.of(c),
                      mqa::kMaskRule.of(c), mqa::kWidth.of(c), plural(mqa::kSplits.of(c), "split"),
                      mqa::kUnowned.of(c));
  if (mqa::kRelation.of(c) != "none") text += ", " + mqa::kRelation.of(c);
  return text;
}

}  // namespace wavefuzz
