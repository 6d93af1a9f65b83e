#ifndef WAVEFUZZ_REFERENCE_TOP_K_H_
#define WAVEFUZZ_REFERENCE_TOP_K_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The last step of the sparse-attention indexer: the k largest logits of each row. Semantics: vLLM
/// top_k_per_row_decode and top_k_per_row_prefill (csrc/sampler.cu).
namespace wavefuzz::reference {

/// Where a row's columns come from.
enum class TopKForm : uint8_t {
  kDecode1d,  ///< [0, max(0, lengths[row / next_n] - next_n + row % next_n + 1))
  kDecode2d,  ///< [0, max(0, lengths[row]))
  kPrefill,   ///< [starts[row], lengths[row]): lengths are ends
};

/// "decode_1d", "decode_2d", "prefill".
std::optional<TopKForm> parse_top_k_form(const std::string& text);

struct TopKColumns {
  int64_t begin = 0;
  int64_t end = 0;
};
TopKColumns top_k_columns(TopKForm form, std::span<const int64_t> lengths,
                          std::span<const int64_t> starts, int64_t next_n, int64_t row);

/// Larger logits have larger keys: the order of the bits, in which +0 is above -0, a positive NaN
/// above +inf and a negative one below -inf.
uint32_t order_key(float logit);

/// A slot of the output that a right kernel does not write so, and why.
struct TopKFault {
  size_t slot;
  std::string message;
};

/// Checks the k indices of a row. A row of at most k logits has the indices 0, 1, ... in order,
/// then -1. Otherwise the indices, in any order, are different ones of the row's columns, counted
/// from its begin, and their logits are as a multiset the k largest: which of equal logits are
/// taken is unspecified.
std::optional<TopKFault> check_top_k(std::span<const float> row, std::span<const int32_t> indices);

/// The share of the indices whose logits are among the k largest; of a row of at most k logits, the
/// share of right slots.
double top_k_overlap(std::span<const float> row, std::span<const int32_t> indices);

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_TOP_K_H_
