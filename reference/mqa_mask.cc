#include "reference/mqa_mask.h"

#include <algorithm>

namespace wavefuzz::reference {
namespace {

int64_t round_up(int64_t tokens, int64_t to) { return (tokens + to - 1) / to * to; }

int64_t round_up_to_chunk(int64_t tokens) { return round_up(tokens, kChunkTokens); }

/// len_j.
int64_t length(const RequestLengths& lengths, int64_t row) {
  const int64_t of_row =
      lengths.per_row.empty() ? lengths.ctx - lengths.next_n + row + 1 : lengths.per_row[row];
  return std::max<int64_t>(of_row, 0);
}

}  // namespace

const char* name(MaskRule rule) {
  switch (rule) {
    case MaskRule::kTorch:
      return "torch";
    case MaskRule::kVllmTriton:
      return "vllm_triton";
    case MaskRule::kAiter:
      return "aiter";
    case MaskRule::kAiterRaggedK:
      return "aiter_ragged_k";
    case MaskRule::kDeepGemm:
      return "deepgemm";
    case MaskRule::kRagged:
      return "ragged";
    case MaskRule::kRaggedCompressed:
      return "ragged_compressed";
    case MaskRule::kAiterGluon:
      return "aiter_gluon";
    case MaskRule::kAiterPreshuffle:
      return "aiter_preshuffle";
  }
  return "";
}

std::optional<MaskRule> parse_mask_rule(const std::string& text) {
  for (const MaskRule rule : kAllMaskRules) {
    if (text == name(rule)) return rule;
  }
  return std::nullopt;
}

int64_t keys_of(MaskRule rule, const RequestLengths& lengths) {
  int64_t keys = 0;
  for (int64_t row = 0; row < lengths.next_n; ++row)
    keys = std::max(keys, is_ragged(rule) ? lengths.ke[row] : length(lengths, row));
  if (rule == MaskRule::kAiterRaggedK) keys = std::max<int64_t>(lengths.ctx, 0);
  return keys;
}

RowColumns columns_of(MaskRule rule, const RequestLengths& lengths, int64_t row, int64_t width) {
  const auto capped = [width](int64_t column) { return std::clamp<int64_t>(column, 0, width); };
  RowColumns c;
  if (is_ragged(rule)) {
    const int64_t ks = std::max<int64_t>(lengths.ks[row], 0);
    const int64_t ke = std::max(lengths.ke[row], ks);
    c.key = ks;
    const bool compressed = rule == MaskRule::kRaggedCompressed;
    c.first = compressed ? 0 : capped(ks);
    c.last = capped(compressed ? ke - ks : ke);
    c.zeros = c.last;
    c.minus_inf = compressed ? c.last : width;
    c.anything = width;
    return c;
  }
  const int64_t keys = keys_of(rule, lengths);
  const int64_t len = rule == MaskRule::kAiterRaggedK
                          ? std::clamp<int64_t>(lengths.ctx - row + 1, 0, keys)
                          : length(lengths, row);
  c.last = c.zeros = c.minus_inf = c.anything = capped(len);
  switch (rule) {
    case MaskRule::kTorch:
      c.minus_inf = c.anything = width;
      break;
    case MaskRule::kAiterRaggedK: {
      const int64_t chunks_end = capped(round_up_to_chunk(keys));
      if (lengths.ctx - row + 1 > keys && keys != 0)
        c.zeros = std::min(capped(lengths.ctx - row + 1), chunks_end);
      c.minus_inf = c.anything = chunks_end;
      break;
    }
    case MaskRule::kAiter:
      c.minus_inf = c.anything = capped(round_up_to_chunk(keys));
      break;
    case MaskRule::kAiterGluon:
      c.minus_inf = c.anything = capped(keys);
      break;
    case MaskRule::kAiterPreshuffle:
      c.minus_inf = c.anything = capped(round_up(keys, lengths.page_size));
      break;
    case MaskRule::kDeepGemm:
      c.anything = capped(round_up_to_chunk(keys));
      break;
    default:
      break;
  }
  return c;
}

}  // namespace wavefuzz::reference
