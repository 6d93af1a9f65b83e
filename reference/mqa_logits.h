#ifndef WAVEFUZZ_REFERENCE_MQA_LOGITS_H_
#define WAVEFUZZ_REFERENCE_MQA_LOGITS_H_

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quant/bulk.h"
#include "quant/fp8.h"

/// The scores of the sparse-attention indexer (DeepSeek-V3.2): multi-query attention logits, one
/// number for each key, with the bound on a kernel's error that follows from that very input.
/// Semantics: DeepGEMM fp8_mqa_logits and fp8_paged_mqa_logits, AITER
/// deepgemm_fp8_paged_mqa_logits, vLLM's Triton and torch forms. Which keys a row has is
/// reference/mqa_mask.h's.
///
///   logit[key] = scale[key] * sum over heads h of weight[h] * relu(q[h] . k[key])
///
/// Codes are FP8, so that a product is exact in f32 and a whole dot product in f64: e4m3 values are
/// multiples of 2^-10 below 2^9, so that sums of up to 2^14 products have at most 53 bits.
namespace wavefuzz::reference {

/// What relu makes of NaN: max(x, 0) on GPUs drops it, torch.relu keeps it.
enum class Relu : uint8_t { kDropsNan, kKeepsNan };

/// How a kernel adds up a dot product.
enum class Accumulate : uint8_t {
  kF32,      ///< in f32, rounded to nearest, in any order
  kMfmaFp8,  ///< by v_mfma_f32_*_fp8_fp8, gfx942's rule: groups of 16 products, cut, added late
};

/// The part of a kernel's numerics contract that the logits depend on.
struct MqaContract {
  Relu relu = Relu::kDropsNan;
  Accumulate accumulate = Accumulate::kF32;
};

/// One query token.
struct MqaQuery {
  quant::Fp8 format;  ///< e4m3fn or e4m3fnuz
  uint32_t heads = 0;
  uint32_t head_dim = 0;           ///< at most 2^14
  std::span<const uint8_t> codes;  ///< [heads, head_dim]
  std::span<const float> weights;  ///< [heads], of either sign; q's own scale is in them
};

/// The keys in the order of the columns.
struct MqaKeys {
  quant::Fp8 format;               ///< e4m3fn or e4m3fnuz
  std::span<const uint8_t> codes;  ///< [keys, head_dim]
  std::span<const float> scales;   ///< [keys], not negative
};

/// A row of logits. All three are as long as there are keys. NaN where the arithmetic gives NaN.
struct MqaLogits {
  std::vector<double> value;
  std::vector<double> hard;    ///< no kernel that keeps the contract is further from `value`
  std::vector<double> likely;  ///< nearly none is: rounding errors taken as independent
};

/// Computes a row, into `out` (resized, storage reused).
///
/// The bound, with u = 2^-24, D = head_dim, H = heads, A = sum_h |w_h| sum_d |q_hd k_d| and
/// P = sum_h |w_h| relu(q_h . k), all times the key's scale:
///   dot       c u A: relu does not enlarge an error. c = D - 1 roundings of an f32 sum (products
///             are exact); for MFMA 20 for the cuts inside groups of 16 and 3 for each late
///             addition
///   heads     gamma(H + 1) (P + c u A): weight, sum over heads, scale, each rounded once
///   underflow 2^-149 for each product that may be subnormal
/// (Higham, Accuracy and Stability, 2nd ed., ch. 3; for MFMA the sums are cut, not rounded, so that
/// errors grow linearly: Xie et al., arXiv 2511.10909). `likely` has 6 sqrt(n) where `hard` has n
/// roundings to nearest (Higham and Mary, SISC 41(5), 2019).
void mqa_logits(const MqaQuery& query, const MqaKeys& keys, const MqaContract& contract,
                MqaLogits& out, quant::BulkOptions options = {});

/// The hard bound of key `key`, term by term, and what it is made of.
std::vector<std::pair<std::string, double>> mqa_bound_terms(const MqaQuery& query,
                                                            const MqaKeys& keys,
                                                            const MqaContract& contract,
                                                            size_t key);

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_MQA_LOGITS_H_
