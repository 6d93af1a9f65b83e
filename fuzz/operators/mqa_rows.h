#ifndef WAVEFUZZ_FUZZ_OPERATORS_MQA_ROWS_H_
#define WAVEFUZZ_FUZZ_OPERATORS_MQA_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/judge/judge.h"
#include "fuzz/operators/operator.h"
#include "reference/mqa_logits.h"
#include "reference/mqa_mask.h"

namespace wavefuzz {

/// One request of the indexer's logits, as the reference takes it.
struct MqaRequest {
  int64_t next_n = 1;
  int64_t ctx = 0;
  int64_t page_size = 1;
  std::vector<int64_t> per_row;  ///< [next_n] with 2-D lengths
  std::vector<int64_t> ks, ke;   ///< [next_n], ragged
  std::vector<uint8_t> q;        ///< [next_n, heads, head_dim] codes
  std::vector<float> weights;    ///< [next_n, heads]
  std::vector<uint8_t> k;        ///< [keys, head_dim] codes
  std::vector<float> scales;     ///< [keys]; NaN: the key is not known, its logits are unspecified

  reference::RequestLengths lengths() const { return {next_n, ctx, per_row, ks, ke, page_size}; }
};

/// The rows of logits of all requests.
struct MqaRows {
  quant::Fp8 format = quant::Fp8::kE4m3fn;
  uint32_t heads = 0;
  uint32_t head_dim = 0;
  reference::MaskRule rule = reference::MaskRule::kTorch;
  reference::MqaContract contract;
  int64_t width = 0;   ///< columns
  int64_t stride = 0;  ///< elements
  std::vector<MqaRequest> requests;
};

/// Tells the judge what a right kernel writes into the buffer "logits", [requests * next_n, width]
/// f32. `primary`: as ExpectedTensor's.
void judge_mqa_rows(const MqaRows& rows, Judge& judge, bool primary = true);

/// "relu": drops_nan, keeps_nan; "accumulate": f32, mfma_fp8. Throws Error(kUsage).
reference::MqaContract parse_mqa_contract(const Manifest& manifest);

/// The right logits of a row's keys, rounded to f32.
std::vector<float> logits_of(const MqaRows& rows, size_t request, int64_t row);

/// Columns [first, last) of row `row` that hold logits of the keys key, key + 1, ...
reference::RowColumns columns_of(const MqaRows& rows, size_t request, int64_t row);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_MQA_ROWS_H_
