#ifndef WAVEFUZZ_REFERENCE_LSE_MERGE_H_
#define WAVEFUZZ_REFERENCE_LSE_MERGE_H_

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Merging partial attention states: the outputs and log-sum-exps that attention over disjoint sets
/// of keys gives become those of attention over all of them. And the conventions by which projects
/// write such states down, which agree on little but the idea.
namespace wavefuzz::reference {

enum class LogBase : uint8_t { kE, kTwo };

/// What stands for "no keys" in a stored LSE.
enum class EmptyLse : uint8_t { kMinusInf, kPlusInf };

/// What the output row of a merge of nothing but empty partials holds.
enum class EmptyO : uint8_t {
  kZero,
  kPrefix,       // the first partial's row, bit for bit
  kUnspecified,  // NaN in practice
};

/// What a special LSE among the inputs of a merge means.
enum class SpecialLse : uint8_t {
  kEmpty,        // the partial has no keys
  kUnspecified,  // it spoils the row
};

enum class LseLayout : uint8_t { kTokenHead, kHeadToken };

/// How a project writes the state of an attention call, and what its merge makes of special inputs.
/// -inf means "no keys" everywhere.
struct LseConvention {
  const char* name;
  LogBase base;
  EmptyLse empty_lse;   // as an output
  EmptyO empty_o;       // as an output
  SpecialLse plus_inf;  // as inputs of its merge
  SpecialLse nan;
  LseLayout layout;
  const char* where;  // the code that this row describes
};

/// One row for each kernel family with a rule of its own.
inline constexpr LseConvention kLseConventions[] = {
    {"fa2", LogBase::kE, EmptyLse::kPlusInf, EmptyO::kZero, SpecialLse::kUnspecified,
     SpecialLse::kUnspecified, LseLayout::kHeadToken, "flash-attention 2, final softmax_lse"},
    {"fa2_partial", LogBase::kE, EmptyLse::kMinusInf, EmptyO::kZero, SpecialLse::kUnspecified,
     SpecialLse::kUnspecified, LseLayout::kHeadToken, "flash-attention 2, softmax_lse_accum"},
    {"fa3", LogBase::kE, EmptyLse::kMinusInf, EmptyO::kZero, SpecialLse::kUnspecified,
     SpecialLse::kUnspecified, LseLayout::kHeadToken, "flash-attention 3 and 4, final and combine"},
    {"flashmla", LogBase::kE, EmptyLse::kPlusInf, EmptyO::kZero, SpecialLse::kUnspecified,
     SpecialLse::kUnspecified, LseLayout::kHeadToken, "FlashMLA decode, as returned"},
    {"flashmla_partial", LogBase::kTwo, EmptyLse::kMinusInf, EmptyO::kZero,
     SpecialLse::kUnspecified, SpecialLse::kUnspecified, LseLayout::kTokenHead,
     "FlashMLA, lse_accum of a split"},
    {"flashmla_prefill", LogBase::kE, EmptyLse::kPlusInf, EmptyO::kZero, SpecialLse::kUnspecified,
     SpecialLse::kUnspecified, LseLayout::kTokenHead, "FlashMLA sparse prefill's reference"},
    {"flashinfer", LogBase::kTwo, EmptyLse::kMinusInf, EmptyO::kZero, SpecialLse::kUnspecified,
     SpecialLse::kEmpty, LseLayout::kTokenHead, "flashinfer merge_state since #4401"},
    {"flashinfer_cute", LogBase::kE, EmptyLse::kMinusInf, EmptyO::kZero, SpecialLse::kUnspecified,
     SpecialLse::kUnspecified, LseLayout::kTokenHead, "flashinfer MLA by CuTe DSL (#4485)"},
    {"vllm_cuda", LogBase::kE, EmptyLse::kMinusInf, EmptyO::kPrefix, SpecialLse::kEmpty,
     SpecialLse::kUnspecified, LseLayout::kHeadToken, "vLLM merge_attn_states.cu"},
    {"vllm_triton", LogBase::kE, EmptyLse::kMinusInf, EmptyO::kUnspecified, SpecialLse::kEmpty,
     SpecialLse::kUnspecified, LseLayout::kHeadToken, "vLLM triton_merge_attn_states (#39148)"},
    {"vllm_dcp", LogBase::kE, EmptyLse::kMinusInf, EmptyO::kZero, SpecialLse::kEmpty,
     SpecialLse::kEmpty, LseLayout::kTokenHead, "vLLM correct_attn_out"},
    {"vllm_dcp_base2", LogBase::kTwo, EmptyLse::kMinusInf, EmptyO::kZero, SpecialLse::kEmpty,
     SpecialLse::kEmpty, LseLayout::kTokenHead, "vLLM correct_attn_out, base 2"},
    {"vllm_decode", LogBase::kE, EmptyLse::kMinusInf, EmptyO::kUnspecified,
     SpecialLse::kUnspecified, SpecialLse::kUnspecified, LseLayout::kTokenHead,
     "vLLM triton_decode_attention, stage 2"},
    {"sglang", LogBase::kE, EmptyLse::kMinusInf, EmptyO::kUnspecified, SpecialLse::kEmpty,
     SpecialLse::kUnspecified, LseLayout::kTokenHead, "SGLang merge_state_v2"},
    {"sglang_dcp_33064", LogBase::kTwo, EmptyLse::kMinusInf, EmptyO::kUnspecified,
     SpecialLse::kUnspecified, SpecialLse::kUnspecified, LseLayout::kTokenHead,
     "SGLang correct_attn_out before #33064"},
    {"ck_tile", LogBase::kE, EmptyLse::kMinusInf, EmptyO::kZero, SpecialLse::kUnspecified,
     SpecialLse::kUnspecified, LseLayout::kHeadToken, "CK-tile split KV"},
    {"aiter_reduce", LogBase::kE, EmptyLse::kPlusInf, EmptyO::kZero, SpecialLse::kUnspecified,
     SpecialLse::kUnspecified, LseLayout::kTokenHead, "AITER mla_reduce_v1"},
};

/// Null for a name that the table does not have.
const LseConvention* find_lse_convention(std::string_view name);

/// An LSE in natural units, -inf for "no keys", as the convention stores it.
double stored_lse(double natural, const LseConvention& convention);

/// The reverse. NaN and +inf are "no keys", whatever the convention: that is the safe reading.
double natural_lse(double stored, const LseConvention& convention);

/// Where a merge of partials k may differ from exact arithmetic.
struct MergeNumerics {
  double u = 0x1p-24;          ///< unit roundoff of the arithmetic
  double smallest = 0x1p-126;  ///< weights below may vanish
  double exp_ulps = 1;  ///< of the exponential, whose argument is multiplied by log2(e) first
  double log_ulps = 1;
  double rcp_ulps = 1;             ///< of the reciprocal that replaces the final division
  int output_bits = 24;            ///< significand of the stored output: 24 f32, 11 f16, 8 bf16
  int output_min_exponent = -126;  ///< of its normal numbers: -14 for f16
  bool converts_base = false;      ///< the stored LSE is a multiple of the one computed
};

/// One partial state of a row. `lse` is natural; -inf, +inf and NaN mean that there are no keys,
/// and then `o` is not looked at: an empty partial may hold anything.
struct PartialState {
  const double* o = nullptr;  ///< [dims]
  double lse = 0;
};

/// A merged row with its bounds: |got - value| <= hard always, <= likely but for bad luck (6
/// sigma). Without a key o = 0 and lse = -inf.
struct MergedRow {
  std::vector<double> o, o_hard, o_likely;  ///< [dims]
  double lse = 0, lse_hard = 0, lse_likely = 0;
  bool empty = true;
};

/// The safe merge: m = max lse, w_i = exp(lse_i - m), O = sum w_i O_i / sum w_i, lse = m + log sum
/// w_i. With a sink a (natural units, -inf: none) O is multiplied by 1 / (1 + exp(a - lse)) and lse
/// stays without it, as FlashMLA returns it; a = +inf gives O = 0.
///
/// The bounds are those of one evaluation in arithmetic of unit roundoff u, in any order:
///   |dO| <= sum p_i |O_i - O| e_i + (k + 3 + 2 rcp) u sum p_i |O_i| + output rounding
///   |dL| <= sum p_i e_i + (k - 1) u + (2 log + 2) u |log sum w| + 2 u |L|
/// with p_i = w_i / sum w and e_i = 3 u |lse_i - m| + 2 u exp_ulps, the relative error of w_i. The
/// first sum says that a merge is sensitive to its weights only where the partials disagree.
MergedRow merge_attn_states(std::span<const PartialState> partials, size_t dims,
                            const MergeNumerics& numerics,
                            double sink = -std::numeric_limits<double>::infinity());

/// The hard bound of output element d, term by term.
std::vector<std::pair<std::string, double>> merge_bound_terms(
    std::span<const PartialState> partials, size_t d, const MergeNumerics& numerics,
    double sink = -std::numeric_limits<double>::infinity());

/// Half an ulp at |x| of a format with `bits` of significand and normal numbers from
/// 2^min_exponent.
double half_ulp(double x, int bits, int min_exponent);

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_LSE_MERGE_H_
