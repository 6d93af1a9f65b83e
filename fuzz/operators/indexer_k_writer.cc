#include "fuzz/operators/indexer_k_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include "fuzz/case/plural.h"
#include "fuzz/operators/scale_contract.h"
#include "gpu/error.h"
#include "quant/fp8_text.h"

namespace wavefuzz {
namespace indexer {
namespace {

// Page ids near 2^31 with ordinary strides stay below this; a simulated buffer costs address space
// only.
constexpr uint64_t kMostCacheBytes = uint64_t{1} << 40;

}  // namespace

int64_t packed_stride(const Case& c) {
  return (kPageSize.of(c) * (kHeadDim.of(c) + 4) + 3) / 4 * 4;
}

int64_t pages_of_slots(const Case& c) {
  const auto slots = c.integers.find("slot_mapping");
  if (slots == c.integers.end()) return 1;
  int64_t last = 0;
  for (const int64_t slot : slots->second) last = std::max(last, slot);
  return last / kPageSize.of(c) + 1;
}

quant::Fp8 cache_format(const Case& c) { return *quant::parse_fp8(kCacheDtype.of(c)); }

Dtype k_dtype(const Case& c) { return parse_dtype16(kKDtype.of(c)); }

reference::QuantiseRule scale_rule(const Manifest& manifest, const Case& c, quant::Fp8 format) {
  return parse_scale_rule(JsonView(manifest.numerics, manifest.file + " numerics"), format,
                          k_dtype(c) == Dtype::kF16, kScaleFmt.is(c, "ue8m0"));
}

reference::IndexerCache cache(const Case& c) {
  const std::string& layout = kLayout.of(c);
  reference::IndexerCache cache;
  cache.page = {static_cast<uint32_t>(kPageSize.of(c)), static_cast<uint32_t>(kHeadDim.of(c)),
                layout == "shuffle" ? quant::PageLayout::kShuffle : quant::PageLayout::kNormal};
  cache.page_stride = static_cast<uint64_t>(kPageStride.of(c));
  if (!cache.page.valid()) {
    throw Error(Exit::kUsage,
                fmt::format("layout '{}' does not exist for page_size {}, head_dim {}", layout,
                            cache.page.page_size, cache.page.head_dim));
  }
  if (cache.page_stride < cache.page.bytes()) {
    throw Error(Exit::kUsage,
                fmt::format("parameter 'page_stride' must be at least the page's {} bytes, is {}",
                            cache.page.bytes(), cache.page_stride));
  }
  const int64_t pages = kPages.of(c);
  if (static_cast<uint64_t>(pages) > kMostCacheBytes / cache.page_stride) {
    throw Error(Exit::kUsage,
                fmt::format("parameter '{}' makes the cache larger than 2^40 bytes, is {}",
                            kPages.name, pages));
  }
  const int64_t slots = pages * cache.page.page_size;
  for (const int64_t slot : c.integers.at("slot_mapping")) {
    if (slot >= slots) {
      throw Error(Exit::kUsage,
                  fmt::format("slot_mapping names slot {} of a cache with {} slots", slot, slots));
    }
  }
  return cache;
}

std::vector<uint32_t> k_row(const Case& c, size_t row) {
  std::vector<uint32_t> bits = fill_row(c.rows.at("k")[row], k_dtype(c), cache_format(c),
                                        static_cast<uint32_t>(kHeadDim.of(c)), {c.seed, "k", row});
  if (kInputs.is(c, "finite")) keep_finite(bits, k_dtype(c));
  return bits;
}

}  // namespace indexer

namespace {

void need_tensor(bool there, const char* tensor) {
  if (!there) throw Error(Exit::kUsage, fmt::format("tensor '{}' is missing", tensor));
}

void check_tensors(const Case& c) {
  need_tensor(c.rows.contains("k"), "k");
  need_tensor(c.integers.contains("slot_mapping"), "slot_mapping");
}

Extent extent_of(uint64_t offset, const void* data, size_t bytes) {
  Extent extent = {offset, std::vector<uint8_t>(bytes)};
  if (bytes != 0) std::memcpy(extent.bytes.data(), data, bytes);
  return extent;
}

/// Whether two tokens go to one slot.
bool share_a_slot(const std::vector<int64_t>& slots) {
  std::set<int64_t> seen;
  return std::ranges::any_of(slots, [&](int64_t s) { return s >= 0 && !seen.insert(s).second; });
}

/// What the words for a byte are made of; shared by the bytes of one judgement.
struct Written {
  reference::IndexerCache cache;
  quant::Fp8 format;
  std::vector<reference::IndexerRow> rows;  // one for each unit: the last token of its slot
  std::vector<std::vector<float>> k;        // the inputs of each
};

float scale_of(const std::vector<uint8_t>& unit, uint32_t head_dim) {
  float scale = 0;
  std::memcpy(&scale, &unit[head_dim], sizeof scale);
  return scale;
}

ByteDescription describe(const Written& written, size_t unit, size_t index,
                         const std::vector<uint8_t>& expected, const std::vector<uint8_t>& got) {
  const reference::IndexerRow& row = written.rows[unit];
  const uint32_t head_dim = written.cache.page.head_dim;
  const int64_t page_size = written.cache.page.page_size;
  const std::string where = fmt::format("token {}, slot {} (page {}, row {})", row.token, row.slot,
                                        row.slot / page_size, row.slot % page_size);
  if (index >= head_dim) {
    const float want = scale_of(expected, head_dim);
    const float have = scale_of(got, head_dim);
    return {"scale",
            fmt::format("scale of {}: expected {:#010x} ({}), got {:#010x} ({})", where,
                        std::bit_cast<uint32_t>(want), want, std::bit_cast<uint32_t>(have), have)};
  }
  return {"values",
          fmt::format("value {} of {}: expected {:#04x} ({}), got {:#04x} ({}); k = {}, scale = {}",
                      index, where, expected[index], quant::decode(written.format, expected[index]),
                      got[index], quant::decode(written.format, got[index]), written.k[unit][index],
                      row.scales[0])};
}

/// The bytes of a row in the order of the unit's offsets: its codes, then its scale.
std::vector<uint8_t> unit_bytes(const reference::IndexerRow& row) {
  std::vector<uint8_t> bytes = row.codes;
  bytes.resize(row.codes.size() + sizeof(float));
  std::memcpy(&bytes[row.codes.size()], row.scales.data(), sizeof(float));
  return bytes;
}

std::vector<uint64_t> unit_offsets(const reference::IndexerCache& cache, int64_t slot,
                                   uint64_t base) {
  std::vector<uint64_t> offsets;
  for (uint32_t d = 0; d < cache.page.head_dim; ++d)
    offsets.push_back(base + cache.value_offset(slot, d));
  for (uint32_t i = 0; i < sizeof(float); ++i)
    offsets.push_back(base + cache.scale_offset(slot) + i);
  return offsets;
}

/// Values as a reader of the cache sees them, for the gates of peers.
void show_gates(const Expectation& expectation, const Written& written, Judge& judge) {
  const uint32_t head_dim = written.cache.page.head_dim;
  std::vector<double> expected, got;
  for (const ExpectedUnit& unit : expectation.units) {
    std::vector<uint8_t> bytes;
    for (const uint64_t offset : unit.offsets) {
      const auto byte = judge.read(expectation.buffer, offset, 1);
      if (byte) bytes.push_back(byte->front());
    }
    const std::vector<uint8_t>& want = unit.alternatives.back();
    for (uint32_t d = 0; d < head_dim; ++d) {
      const auto value = [&](const std::vector<uint8_t>& b) {
        return double{quant::decode(written.format, b[d])} * scale_of(b, head_dim);
      };
      expected.push_back(value(want));
      got.push_back(bytes.size() == want.size() ? value(bytes)
                                                : std::numeric_limits<double>::quiet_NaN());
    }
  }
  judge.gate_values(expected, got, head_dim);
}

}  // namespace

const ParameterTable& IndexerKWriter::table() const {
  using namespace indexer;
  static const ParameterTable kTable = {kHeadDim,     kPageSize, kPageStride, kKStride,
                                        kCacheOffset, kPages,    kLayout,     kScaleFmt,
                                        kCacheDtype,  kKDtype,   kInputs};
  return kTable;
}

void IndexerKWriter::check_manifest(const Manifest& manifest) const {
  Operator::check_manifest(manifest);
  Case c;
  table().complete(c);
  for (const std::string& dtype : manifest.claims.at(indexer::kCacheDtype.name).choices)
    indexer::scale_rule(manifest, c, *quant::parse_fp8(dtype));
}

Params IndexerKWriter::launch_params(const Case& c) const {
  check_tensors(c);
  Params params = c.params;
  params.set("rows", static_cast<int64_t>(c.rows.at("k").size()));
  params.set("slots", static_cast<int64_t>(c.integers.at("slot_mapping").size()));
  return params;
}

std::vector<Buffer> IndexerKWriter::buffers(const Case& c) const {
  check_tensors(c);
  const reference::IndexerCache cache = indexer::cache(c);
  const size_t rows = c.rows.at("k").size();
  const int64_t k_stride = indexer::kKStride.of(c);
  const int64_t cache_offset = indexer::kCacheOffset.of(c);

  Buffer k = {.name = "k", .bytes = rows * k_stride * sizeof(uint16_t), .access = Access::kRead};
  for (size_t row = 0; row < rows; ++row) {
    k.contents.push_back(
        {row * k_stride * sizeof(uint16_t), pack(indexer::k_dtype(c), indexer::k_row(c, row))});
  }

  const std::vector<int64_t>& slots = c.integers.at("slot_mapping");
  Buffer slot_mapping = {
      .name = "slot_mapping", .bytes = slots.size() * sizeof(int64_t), .access = Access::kRead};
  slot_mapping.contents.push_back(extent_of(0, slots.data(), slot_mapping.bytes));

  Buffer kv_cache = {
      .name = "kv_cache",
      .bytes = cache_offset + (indexer::kPages.of(c) - 1) * cache.page_stride + cache.page.bytes(),
      .view_offset = static_cast<uint64_t>(cache_offset),
      .access = Access::kReadWrite,
      .unordered_writes = share_a_slot(slots)};
  return {k, slot_mapping, kv_cache};
}

void IndexerKWriter::judge(const Run& run, Judge& judge) const {
  const Case& c = run.c;
  const auto written = std::make_shared<Written>();
  written->cache = indexer::cache(c);
  written->format = indexer::cache_format(c);
  const Dtype dtype = indexer::k_dtype(c);
  const uint32_t head_dim = written->cache.page.head_dim;

  const std::vector<Extent>& rows = run.buffers.front().contents;  // k: an extent for each row
  std::vector<float> k;
  k.reserve(rows.size() * head_dim);
  for (const Extent& row : rows) {
    for (size_t at = 0; at < row.bytes.size(); at += sizeof(uint16_t)) {
      uint16_t bits = 0;
      std::memcpy(&bits, &row.bytes[at], sizeof bits);
      k.push_back(decode(dtype, bits));
    }
  }
  const reference::QuantiseRule rule = indexer::scale_rule(run.manifest, c, written->format);
  const std::vector<reference::IndexerRow> tokens =
      reference::indexer_k_quant(k, head_dim, static_cast<int64_t>(rows.size()),
                                 c.integers.at("slot_mapping"), written->cache.page, rule);

  Expectation expectation;
  expectation.buffer = "kv_cache";
  std::map<int64_t, size_t> unit_of_slot;
  for (const reference::IndexerRow& row : tokens) {
    const auto [it, is_new] = unit_of_slot.emplace(row.slot, unit_of_slot.size());
    if (is_new) {
      expectation.units.push_back({unit_offsets(written->cache, row.slot,
                                                static_cast<uint64_t>(indexer::kCacheOffset.of(c))),
                                   {}});
      written->rows.emplace_back();
      written->k.emplace_back();
    }
    // Tokens of one slot race: either may stay, but its entry whole.
    expectation.units[it->second].alternatives.push_back(unit_bytes(row));
    written->rows[it->second] = row;
    written->k[it->second].assign(k.begin() + row.token * head_dim,
                                  k.begin() + (row.token + 1) * head_dim);
  }
  judge.exact(expectation,
              [written](size_t unit, size_t index, const auto& expected, const auto& got) {
                return describe(*written, unit, index, expected, got);
              });
  if (judge.wants_gates()) show_gates(expectation, *written, judge);
}

OperatorPage IndexerKWriter::page() const {
  return {
      .name = name(),
      .summary =
          "K writer of the sparse-attention indexer: quantises each row of K to FP8 with one "
          "scale and stores both into a paged cache.",
      .semantics =
          {"scale[t] = max(amax_d |k[t, d]|, floor) / divisor, rounded up to a power of two with "
           "ue8m0",
           "code[t, d] = fp8(k[t, d] / scale[t]), in page slot_mapping[t] / page_size, row "
           "slot_mapping[t] % page_size"},
      .buffers = {{"k", "bf16 or f16", "[rows, head_dim], row stride k_stride elements", "in"},
                  {"slot_mapping", "i64", "[slots]; negative leaves the token out", "in"},
                  {"kv_cache", "bytes",
                   "[pages], page_stride bytes apart: page_size * head_dim codes (NORMAL, or "
                   "SHUFFLE: tiles of 16 tokens x 16 bytes), then page_size f32 scales",
                   "out"}},
      .parameters = table().entries(),
      .derived = {{"rows", "rows of k"}, {"slots", "entries of slot_mapping"}},
      .numerics = scale_contract_page(),
      .unspecified = {"which of two tokens with the same slot stays, but its entry whole"},
      .presets = {"vLLM Triton (ROCm): 448 / 224, floor 1e-4 on amax, divides, no clamp",
                  "vLLM C++: the same, cast saturates; half input rounds twice",
                  "AITER: 448 / 240, multiplies by the reciprocal"},
  };
}

std::string IndexerKWriter::summary(const Case& c) const {
  const size_t rows = c.rows.at("k").size();
  size_t nonzero = 0;
  float last = 0;
  for (size_t row = 0; row < rows; ++row) {
    for (const uint32_t bits : indexer::k_row(c, row)) {
      if ((bits & 0x7FFF) == 0) continue;
      ++nonzero;
      last = decode(indexer::k_dtype(c), bits);
    }
  }
  std::string elements = plural(nonzero, "non-zero element");
  if (nonzero == 1) elements += fmt::format(" ({})", last);
  return fmt::format(
      "{} in slot{} [{}], {}; head_dim {}, page_size {}, page_stride {}, {} layout, {} -> "
      "{}, {} scale",
      plural(rows, "token"), rows == 1 ? "" : "s", fmt::join(c.integers.at("slot_mapping"), ", "),
      elements, indexer::kHeadDim.of(c), indexer::kPageSize.of(c), indexer::kPageStride.of(c),
      indexer::kLayout.of(c), indexer::kKDtype.of(c), indexer::kCacheDtype.of(c),
      indexer::kScaleFmt.of(c));
}

}  // namespace wavefuzz
