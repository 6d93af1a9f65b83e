#include "reference/top_k.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <functional>
#include <map>

namespace wavefuzz::reference {
namespace {

/// The keys of the k largest logits, the largest first.
std::vector<uint32_t> largest_keys(std::span<const float> row, size_t k) {
  std::vector<uint32_t> keys;
  for (const float logit : row) keys.push_back(order_key(logit));
  std::sort(keys.begin(), keys.end(), std::greater<>());
  keys.resize(std::min(k, keys.size()));
  return keys;
}

float logit_of(uint32_t key) {
  return std::bit_cast<float>(key & 0x80000000u ? key & 0x7FFFFFFFu : ~key);
}

std::string text(float logit) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.9g", static_cast<double>(logit));
  return buffer;
}

}  // namespace

std::optional<TopKForm> parse_top_k_form(const std::string& text) {
  if (text == "decode_1d") return TopKForm::kDecode1d;
  if (text == "decode_2d") return TopKForm::kDecode2d;
  if (text == "prefill") return TopKForm::kPrefill;
  return std::nullopt;
}

TopKColumns top_k_columns(TopKForm form, std::span<const int64_t> lengths,
                          std::span<const int64_t> starts, int64_t next_n, int64_t row) {
  switch (form) {
    case TopKForm::kPrefill:
      return {starts[row], std::max(starts[row], lengths[row])};
    case TopKForm::kDecode2d:
      return {0, std::max<int64_t>(0, lengths[row])};
    case TopKForm::kDecode1d:
      break;
  }
  return {0, std::max<int64_t>(0, lengths[row / next_n] - next_n + row % next_n + 1)};
}

uint32_t order_key(float logit) {
  const auto bits = std::bit_cast<uint32_t>(logit);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

std::optional<TopKFault> check_top_k(std::span<const float> row, std::span<const int32_t> indices) {
  const auto length = static_cast<int64_t>(row.size());
  const size_t k = indices.size();
  if (row.size() <= k) {
    for (size_t slot = 0; slot < k; ++slot) {
      const int64_t wanted = slot < row.size() ? static_cast<int64_t>(slot) : -1;
      if (indices[slot] != wanted)
        return TopKFault{
            slot, "expected " + std::to_string(wanted) + ", got " + std::to_string(indices[slot])};
    }
    return std::nullopt;
  }
  std::vector<int64_t> slot_of(row.size(), -1);
  for (size_t slot = 0; slot < k; ++slot) {
    const int64_t index = indices[slot];
    if (index < 0 || index >= length)
      return TopKFault{slot, "index " + std::to_string(index) + " is none of the row's 0.." +
                                 std::to_string(length - 1)};
    if (slot_of[index] >= 0)
      return TopKFault{slot, "index " + std::to_string(index) + " is also in slot " +
                                 std::to_string(slot_of[index])};
    slot_of[index] = static_cast<int64_t>(slot);
  }
  std::map<uint32_t, int64_t> left;  // how often each key is wanted still
  for (const uint32_t key : largest_keys(row, k)) ++left[key];
  for (size_t slot = 0; slot < k; ++slot) {
    const uint32_t key = order_key(row[indices[slot]]);
    const auto it = left.find(key);
    if (it != left.end() && it->second-- > 0) continue;
    if (it != left.end()) it->second = 0;
    // The largest that is wanted and not there.
    uint32_t missed = 0;
    std::map<uint32_t, int64_t> wanted;
    for (const uint32_t of : largest_keys(row, k)) ++wanted[of];
    for (const int32_t index : indices) --wanted[order_key(row[index])];
    for (const auto& [of, count] : wanted) {
      if (count > 0) missed = of;
    }
    return TopKFault{slot, "index " + std::to_string(indices[slot]) + " has the logit " +
                               text(row[indices[slot]]) + ", while " + text(logit_of(missed)) +
                               " is left out"};
  }
  return std::nullopt;
}

double top_k_overlap(std::span<const float> row, std::span<const int32_t> indices) {
  const size_t k = indices.size();
  if (k == 0) return 1;
  size_t right = 0;
  if (row.size() <= k) {
    for (size_t slot = 0; slot < k; ++slot)
      right += indices[slot] == (slot < row.size() ? static_cast<int64_t>(slot) : -1);
    return static_cast<double>(right) / static_cast<double>(k);
  }
  std::vector<bool> seen(row.size());
  const uint32_t least = largest_keys(row, k).back();
  for (const int32_t index : indices) {
    if (index < 0 || static_cast<size_t>(index) >= row.size() || seen[index]) continue;
    seen[index] = true;
    right += order_key(row[index]) >= least;
  }
  return static_cast<double>(right) / static_cast<double>(k);
}

}  // namespace wavefuzz::reference
