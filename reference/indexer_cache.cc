#include "reference/indexer_cache.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace wavefuzz::reference {

uint64_t IndexerCache::value_offset(int64_t slot, uint32_t d) const {
  const auto token = static_cast<uint32_t>(slot % page.page_size);
  return static_cast<uint64_t>(slot / page.page_size) * page_stride + page.value_offset(token, d);
}

uint64_t IndexerCache::scale_offset(int64_t slot, uint32_t group) const {
  const auto token = static_cast<uint32_t>(slot % page.page_size);
  return static_cast<uint64_t>(slot / page.page_size) * page_stride +
         page.scale_offset(token, group);
}

std::vector<IndexerRow> indexer_k_quant(std::span<const float> k, uint64_t k_stride, int64_t rows,
                                        std::span<const int64_t> slot_mapping,
                                        const quant::IndexerPage& page, const QuantiseRule& rule) {
  std::vector<IndexerRow> written;
  const auto tokens = std::min<int64_t>(rows, static_cast<int64_t>(slot_mapping.size()));
  for (int64_t token = 0; token < tokens; ++token) {
    if (slot_mapping[token] < 0) continue;
    IndexerRow row = {token, slot_mapping[token], {}, {}};
    const std::span<const float> values = k.subspan(token * k_stride, page.head_dim);
    const uint32_t group_size = page.head_dim / page.groups;
    for (uint32_t group = 0; group < page.groups; ++group) {
      const std::span<const float> of_group = values.subspan(group * group_size, group_size);
      float amax = 0;
      for (const float x : of_group) {
        if (std::abs(x) > amax) amax = std::abs(x);
      }
      const float scale = quant::scale_from_amax(amax, rule.scale);
      for (const float x : of_group) row.codes.push_back(reference::quantise(x, scale, rule));
      row.scales.push_back(scale);
    }
    written.push_back(std::move(row));
  }
  return written;
}

void store(std::span<const IndexerRow> rows, const IndexerCache& cache, std::span<uint8_t> bytes) {
  for (const IndexerRow& row : rows) {
    for (uint32_t d = 0; d < row.codes.size(); ++d)
      bytes[cache.value_offset(row.slot, d)] = row.codes[d];
    for (uint32_t g = 0; g < row.scales.size(); ++g) {
      std::memcpy(&bytes[cache.scale_offset(row.slot, g)], &row.scales[g], sizeof(float));
    }
  }
}

std::vector<GatheredRow> indexer_gather(std::span<const uint8_t> bytes, const IndexerCache& cache,
                                        const GatherPlan& plan) {
  std::vector<GatheredRow> gathered;
  for (size_t sequence = 0; sequence + 1 < plan.cu_seq_lens.size(); ++sequence) {
    const int32_t length = plan.cu_seq_lens[sequence + 1] - plan.cu_seq_lens[sequence];
    for (int32_t position = 0; position < length; ++position) {
      const uint64_t column = position / cache.page.page_size;
      GatheredRow row = {std::vector<uint8_t>(cache.page.head_dim),
                         std::vector<float>(cache.page.groups, 0.0f)};
      const int64_t id =
          column < plan.table_width ? plan.block_table[sequence * plan.table_stride + column] : -1;
      if (id >= 0 && id < plan.pages) {
        row.valid = true;
        const int64_t slot = id * cache.page.page_size + position % cache.page.page_size;
        for (uint32_t d = 0; d < cache.page.head_dim; ++d)
          row.codes[d] = bytes[cache.value_offset(slot, d)];
        for (uint32_t g = 0; g < cache.page.groups; ++g) {
          std::memcpy(&row.scales[g], &bytes[cache.scale_offset(slot, g)], sizeof(float));
        }
      }
      gathered.push_back(std::move(row));
    }
  }
  return gathered;
}

}  // namespace wavefuzz::reference
