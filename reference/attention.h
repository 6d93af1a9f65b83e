#ifndef WAVEFUZZ_REFERENCE_ATTENTION_H_
#define WAVEFUZZ_REFERENCE_ATTENTION_H_

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quant/fp8.h"

/// Softmax attention in f64, with a bound on a correct kernel's error beside every output element.
///
///   t_i   = score_scale * q_scale[r] * k_scale[i] * sum_d q[r,d] k[i,d]      (natural units)
///   o_d   = v_common_scale * sum_i e^t_i v_scale[i] v[i,d] / (sum_i e^t_i + e^sink[r])
///   lse   = log sum_i e^t_i                                                 (without the sink)
///
/// The *hard* bound holds for every order of every sum, for exp(t - m) as for exp2 of the
/// difference or of fma(x, c, -m c), with or without flushed denormals: above it a kernel does not
/// compute what its numerics say. The *likely* bound puts lambda sqrt(n) in the place of n
/// roundings (Higham and Mary, SIAM J. Sci. Comput. 41(5), 2019; Ipsen and Zhou, arXiv 1906.10465).
/// attention_error.h derives both.
namespace wavefuzz::reference {

/// What partial and final outputs are stored as.
enum class FloatFormat { kF32, kBf16, kF16 };

/// What P is rounded to before it is multiplied by V.
enum class PFormat { kF32, kBf16, kF16, kFp8, kInt8 };

/// How a kernel computes, as far as its rounding errors depend on it: the numerics of a manifest.
struct AttentionNumerics {
  /// Products that one step of the accumulation sums: 1 = chains of f32 fma or f32 sums in any
  /// order; 8, 16, 32... = the K of a matrix instruction, which may sum in groups and cut low bits
  /// off (CDNA3).
  uint32_t score_block = 1;
  uint32_t pv_block = 1;
  /// f32 roundings of a score after the dot product, beside one each for q_scale and k_scale: by
  /// default log2(e), its product with the softmax scale, and the product with the score.
  uint32_t scale_roundings = 3;
  /// Keys per step of the online softmax; each step may rescale. A kernel with one softmax over all
  /// keys has a tile as large as the keys.
  uint32_t tile = 64;
  /// Independent chains of the denominator's sum (lanes), then summed in any order.
  uint32_t sum_lanes = 1;
  double exp_ulps = 1, log_ulps = 1, rcp_ulps = 1;  ///< f32 ulps of the machine's instructions

  /// P's cast is modelled as a step of its own, with the kernel's tiles: key i is in tile
  /// (i - start of its split) / tile, p = exp(t - largest t so far in its split), and
  ///   w = p * v_scale[i];  code = round(w * s);  the sums take code / s in the place of w
  /// with s = p_scale, or, where p_divisor > 0, p_divisor / max(p_amax_floor, largest w of the
  /// tile). Larger than p_fp8's range saturates. The denominator sums the p before the cast.
  /// Where p_amax_bias > 0, the largest w is worked out from the tile's largest score instead, and
  /// the bias added to it in the place of the floor.
  PFormat p = PFormat::kF32;
  quant::Fp8 p_fp8 = quant::Fp8::kE4m3fn;  ///< for kFp8
  double p_scale = 1;
  double p_divisor = 0;
  double p_amax_floor = 1e-6;
  double p_amax_bias = 0;
  bool p_truncate = false;  ///< the cast rounds towards zero; false: to nearest (ties either way)
  /// The last tile, where it is not whole, has P truncated to bf16 instead.
  bool p_tail_bf16 = false;

  /// Partials merged by their LSE or by (max, sum): an upper bound where the problem does not say
  /// where splits start.
  uint32_t splits = 1;
  FloatFormat partial = FloatFormat::kF32;
  FloatFormat output = FloatFormat::kBf16;
  /// Output ties round away from zero; no difference to the bounds, which allow for either.
  bool half_away = false;
  bool output_truncate = false;  ///< the output is rounded towards zero
  /// Added to the denominator whose largest term is 1 (vLLM's reduce: 1e-6).
  double denominator_bias = 0;

  /// Of the likely bounds. 8: about n * 3e-14 per sum of n terms.
  double lambda = 8;
};

/// One set of keys and the query rows that attend to (parts of) it: a kv head of one sequence.
/// All values are finite, and what a kernel makes of them stays in f32's range. Throws
/// std::invalid_argument for null inputs, last > keys and the like.
struct AttentionProblem {
  uint32_t rows = 0, qk_dim = 0, v_dim = 0, keys = 0;
  const float* q = nullptr;  ///< [rows, qk_dim], as the kernel multiplies it
  const float* k = nullptr;  ///< [keys, qk_dim], decoded codes, unscaled
  const float* v = nullptr;  ///< [keys, v_dim], decoded codes, unscaled; MLA: aliases k
  uint64_t q_stride = 0, k_stride = 0, v_stride = 0;  ///< elements; 0: dense
  const float* k_scale = nullptr;                     ///< [keys]; null: 1
  const float* v_scale = nullptr;                     ///< [keys], multiplied into p; null: 1
  const double* q_scale = nullptr;                    ///< [rows]; null: 1
  double score_scale = 1;     ///< softmax scale times whatever is common to all scores
  double v_common_scale = 1;  ///< applied to the sum
  /// [rows, qk_dim], strides as q: what the kernel's own q may differ by, where it quantises q
  /// itself and codes may flip. Null: 0.
  const float* q_error = nullptr;
  /// [rows] row r sees keys first[r] <= i < last[r]. Null: 0 and keys. first >= last: an empty row.
  const uint32_t* first = nullptr;
  const uint32_t* last = nullptr;
  const float* sink = nullptr;  ///< [rows], natural units, +-inf allowed; null: none
  /// Keys at which a split starts, ascending, the first 0; tiles start anew there. Empty: one.
  std::span<const uint32_t> split_starts = {};
};

/// Values and bounds on |kernel's output - value|, the rounding to `output` included. o and its
/// bounds are [rows, v_dim], lse and its bounds [rows]. An empty row has o = 0 and lse = -inf,
/// bounds 0: adapters make other conventions of it. With sink = +inf o is 0.
struct AttentionResult {
  std::vector<double> o, o_hard, o_likely;
  std::vector<double> lse, lse_hard, lse_likely;
  std::vector<double> mean_v;  ///< [rows, v_dim] mean of the scaled V a row sees: what Q = 0 gives
};

/// `threads` OpenMP threads; the result does not depend on their number. Without bounds the vectors
/// of bounds and mean_v stay empty.
AttentionResult attention(const AttentionProblem& problem, const AttentionNumerics& numerics,
                          bool with_bounds = true, int threads = 1);

/// The hard bound of one output element as a sum of its causes, in the order in which a kernel
/// meets them. Each term is what the bound grows by when its cause is added to those before it.
std::vector<std::pair<std::string, double>> attention_bound_terms(const AttentionProblem& problem,
                                                                  const AttentionNumerics& numerics,
                                                                  uint32_t row, uint32_t d);

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_ATTENTION_H_
