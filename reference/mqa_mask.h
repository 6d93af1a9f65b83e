#ifndef WAVEFUZZ_REFERENCE_MQA_MASK_H_
#define WAVEFUZZ_REFERENCE_MQA_MASK_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>

/// Which keys a row of indexer logits has, and what a kernel leaves in the columns that have none.
/// Projects agree on neither.
namespace wavefuzz::reference {

/// In every rule row j of a request's next_n query tokens has the keys [0, len_j). With 1-D lengths
/// (one ctx for each request) len_j = max(0, ctx - next_n + j + 1): the last token sees all ctx
/// keys. With 2-D lengths len_j is given. L is the width of the logits.
enum class MaskRule : uint8_t {
  /// vLLM's torch reference, DeepGEMM's clean_logits: all L columns are written, -inf beyond len_j.
  kTorch,
  /// vLLM's Triton decode kernel: nothing is written beyond min(len_j, L).
  kVllmTriton,
  /// AITER deepgemm_fp8_paged_mqa_logits: whole chunks of 256 columns are written, -inf beyond
  /// len_j; columns behind the last chunk of ctx, or beyond L, are not.
  kAiter,
  /// AITER's ragged_k variants: row j has the keys t <= ctx - j: in the reverse order of j, and
  /// one too many, for t = ctx is no key. Its products are taken with zeros, so that column ctx of
  /// row 0 holds 0. Otherwise as kAiter. 1-D only.
  kAiterRaggedK,
  /// DeepGEMM fp8_paged_mqa_logits: 2-D only; all rows of a request are computed for the keys of
  /// its last row. Columns from len_j to the end of the last split of 256 may hold anything or
  /// nothing.
  kDeepGemm,
  /// Prefill (DeepGEMM fp8_mqa_logits, vLLM): row i has the keys [ks_i, ke_i), at their own
  /// columns; all other columns hold -inf.
  kRagged,
  /// DeepGEMM's compressed prefill (max_seqlen_k > 0): key ks_i is at column 0. Columns from
  /// ke_i - ks_i on are garbage.
  kRaggedCompressed,
  /// AITER's Gluon kernel: -inf from len_j to ctx, nothing beyond: its chunks are aligned to ctx
  /// from behind.
  kAiterGluon,
  /// AITER's preshuffled Gluon kernel: -inf from len_j to the end of the last page of ctx, nothing
  /// beyond.
  kAiterPreshuffle,
};

/// "torch", "vllm_triton", "aiter", "aiter_ragged_k", "deepgemm", "ragged", "ragged_compressed",
/// "aiter_gluon", "aiter_preshuffle".
const char* name(MaskRule rule);
std::optional<MaskRule> parse_mask_rule(const std::string& text);
inline constexpr MaskRule kAllMaskRules[] = {MaskRule::kTorch,
                                             MaskRule::kVllmTriton,
                                             MaskRule::kAiter,
                                             MaskRule::kAiterRaggedK,
                                             MaskRule::kDeepGemm,
                                             MaskRule::kRagged,
                                             MaskRule::kRaggedCompressed,
                                             MaskRule::kAiterGluon,
                                             MaskRule::kAiterPreshuffle};

/// Whether rows have ks and ke instead of a context length.
constexpr bool is_ragged(MaskRule rule) {
  return rule == MaskRule::kRagged || rule == MaskRule::kRaggedCompressed;
}

/// Tokens that DeepGEMM and AITER take at a time.
inline constexpr int64_t kChunkTokens = 256;

/// What the columns of one row hold, from left to right: -inf in [0, first), the logits of the keys
/// key, key + 1, ... in [first, last), 0 in [last, zeros), -inf in [zeros, minus_inf), anything or
/// nothing in [minus_inf, anything). What is beyond stays as it was. 0 <= first <= last <= ... <=
/// L.
struct RowColumns {
  int64_t key = 0;
  int64_t first = 0;
  int64_t last = 0;
  int64_t zeros = 0;
  int64_t minus_inf = 0;
  int64_t anything = 0;
};

/// The lengths of a request's rows.
struct RequestLengths {
  int64_t next_n = 1;
  int64_t ctx = 0;                        ///< 1-D
  std::span<const int64_t> per_row = {};  ///< [next_n], 2-D; empty with 1-D lengths
  std::span<const int64_t> ks = {};       ///< [next_n], ragged rules
  std::span<const int64_t> ke = {};
  int64_t page_size = 1;  ///< tokens of a page, kAiterPreshuffle
};

/// `row`: 0..next_n-1. `width`: L. Lengths may be anything, also below next_n; negative ones count
/// as 0.
RowColumns columns_of(MaskRule rule, const RequestLengths& lengths, int64_t row, int64_t width);

/// The keys that a kernel may read of the request: all others may be poison.
int64_t keys_of(MaskRule rule, const RequestLengths& lengths);

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_MQA_MASK_H_
