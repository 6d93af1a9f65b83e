#include "quant/bulk.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "quant/bulk_kernels.h"

namespace wavefuzz::quant {
namespace {

using internal::CastConstants;
using internal::Kernels;

constexpr auto kDecoded = [] {
  std::array<std::array<float, 256>, std::size(kAllFp8)> table = {};
  for (Fp8 fp8 : kAllFp8)
    for (int code = 0; code < 256; ++code)
      table[static_cast<int>(fp8)][code] = decode(fp8, static_cast<uint8_t>(code));
  return table;
}();

// Null for the scalar build.
const Kernels* kernels(Simd simd) {
  switch (simd) {
    case Simd::kScalar:
      return nullptr;
    case Simd::kAvx2:
      return &internal::kAvx2Kernels;
    case Simd::kAvx512:
      return &internal::kAvx512Kernels;
  }
  return nullptr;
}

CastConstants cast_constants(Fp8 fp8, CastPolicy policy) {
  const Fp8Format f = format(fp8);
  const int32_t dropped = 23 - f.mantissa_bits;
  const int32_t min_normal = (128 - f.bias) << 23;
  return {
      .min_normal = min_normal,
      .dropped = dropped,
      // Raises the exponent by 23 - m and takes min_normal's exponent part out of the low bits. A
      // normal result's significand has its hidden bit, one step of the exponent, in the sum.
      .unit_offset = (dropped << 23) - (min_normal >> dropped),
      .limit = __builtin_bit_cast(int32_t, 2 * max_finite(fp8)),
      .max_code = f.max_finite,
      .overflow_code = internal::overflow_code(f, policy.overflow, 0),
      .inf_code = internal::inf_code(f, policy.inf, 0),
      .nan_code = internal::nan_input_code(f, policy.nan, 0),
      .nan_sign = policy.nan == NanInput::kSignedNan ? 0x80 : 0,
      .drop_zero_sign = !f.negative_zero && policy.zero == ZeroSign::kWhereRepresentable,
  };
}

// Whether a row of finite values under `rule` never needs the cast's policy or an extra rounding,
// so that RowStore's short cast is the definition: the largest quotient, M and a few float
// roundings, must itself round to a code in range, and a clamp at M must change no code.
bool rounds_within_range(const ScaleRule& rule) {
  if (rule.quotient_rounding != QuotientRounding::kNone) return false;
  if (!(rule.divisor >= 1.0f && rule.divisor <= max_finite(rule.format))) return false;
  return !rule.clamp_to_divisor ||
         decode(rule.format, encode(rule.format, rule.divisor, rule.cast)) == rule.divisor;
}

// Quotients are then computed as the definition does and bounded by M: the scale was not rounded as
// a subnormal, and neither it nor its reciprocal is one.
bool is_ordinary(float scale) { return scale >= 0x1p-126f && scale <= 0x1p126f; }

// Enough rows to amortise the calls through Kernels, few enough to stay in the first-level cache.
constexpr uint32_t kBlock = 16;

// Everything write() needs for one range of groups; a group is head_dim/groups values of a token.
struct GroupWriter {
  const RowWriter& writer;
  const Kernels* kernels;
  CastConstants cast;
  uint32_t length;
  uint64_t chunk_stride;
  bool vector;

  // Values [first, first + count) of group `group` of token `token` at `row`, one at a time.
  void write_scalar(const uint16_t* row, uint32_t token, uint32_t group, float scale,
                    uint8_t* page) const {
    for (uint32_t i = 0; i < length; ++i) {
      page[writer.page.value_offset(token, group * length + i)] =
          quantise(decode_bf16(row[i]), scale, writer.rule);
    }
  }

  struct Group {
    const uint16_t* row;
    uint8_t* page;
    uint32_t token;
    uint32_t group;
  };

  void write_block(const Group* groups, uint32_t count) const {
    const uint16_t* rows[kBlock];
    uint8_t* out[kBlock];
    float fast[kBlock];
    uint16_t largest[kBlock];
    for (uint32_t r = 0; r < count; ++r) {
      rows[r] = groups[r].row;
      out[r] = groups[r].page + writer.page.value_offset(groups[r].token, groups[r].group * length);
    }
    const internal::RowBlock block = {count, length, rows};
    if (vector) kernels->amax(block, largest);
    for (uint32_t r = 0; r < count; ++r) {
      const Group& g = groups[r];
      const bool finite = vector && largest[r] < 0x7F80u;
      const float amax = finite ? decode_bf16(largest[r]) : amax_bf16(g.row, length);
      const float scale = scale_from_amax(amax, writer.rule);
      __builtin_memcpy(g.page + writer.page.scale_offset(g.token, g.group), &scale, sizeof(scale));
      const bool use_vector = finite && is_ordinary(scale);
      fast[r] = use_vector ? scale : 0.0f;
      if (!use_vector) write_scalar(g.row, g.token, g.group, scale, g.page);
    }
    if (!vector) return;
    kernels->store(cast,
                   {block, fast, out, chunk_stride, writer.rule.quantise_by == Divide::kDivide});
  }
};

}  // namespace

const char* name(Simd simd) {
  switch (simd) {
    case Simd::kScalar:
      return "scalar";
    case Simd::kAvx2:
      return "avx2";
    case Simd::kAvx512:
      return "avx512";
  }
  return "";
}

bool supported(Simd simd) {
  switch (simd) {
    case Simd::kScalar:
      return true;
    case Simd::kAvx2:
      return __builtin_cpu_supports("avx2");
    case Simd::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  }
  return false;
}

Simd best_simd() {
  static const Simd best = supported(Simd::kAvx512) ? Simd::kAvx512
                           : supported(Simd::kAvx2) ? Simd::kAvx2
                                                    : Simd::kScalar;
  return best;
}

void bulk_decode(Fp8 fp8, std::span<const uint8_t> codes, float* out, BulkOptions options) {
  const std::array<float, 256>& table = kDecoded[static_cast<int>(fp8)];
  const int64_t count = static_cast<int64_t>(codes.size());
#pragma omp parallel for num_threads(options.threads) schedule(static)
  for (int64_t i = 0; i < count; ++i) out[i] = table[codes[i]];
}

void bulk_encode(Fp8 fp8, CastPolicy policy, std::span<const float> values, uint8_t* out,
                 BulkOptions options) {
  const Kernels* const k = kernels(options.simd);
  const CastConstants cast = cast_constants(fp8, policy);
  constexpr int64_t kChunk = 1 << 14;
  const int64_t count = static_cast<int64_t>(values.size());
#pragma omp parallel for num_threads(options.threads) schedule(static)
  for (int64_t first = 0; first < count; first += kChunk) {
    const int64_t n = std::min(kChunk, count - first);
    if (k != nullptr) {
      k->encode(cast, values.data() + first, n, out + first);
    } else {
      for (int64_t i = first; i < first + n; ++i) out[i] = encode(fp8, values[i], policy);
    }
  }
}

void RowWriter::write(const uint16_t* rows, uint64_t tokens, uint64_t row_stride,
                      const int64_t* slots, uint8_t* cache, BulkOptions options) const {
  const Kernels* const k = kernels(options.simd);
  const uint32_t length = page.head_dim / page.groups;
  // A group must start at a multiple of 16 bytes of a shuffled tile to be stored 16 at a time.
  const bool chunked = page.layout == PageLayout::kNormal || length % 16 == 0;
  const GroupWriter writer = {
      .writer = *this,
      .kernels = k,
      .cast = cast_constants(rule.format, rule.cast),
      .length = length,
      .chunk_stride = page.layout == PageLayout::kNormal ? 16u : 256u,
      .vector = k != nullptr && chunked && rounds_within_range(rule),
  };
#pragma omp parallel for num_threads(options.threads) schedule(static)
  for (uint64_t first = 0; first < tokens; first += kBlock) {
    GroupWriter::Group pending[kBlock];
    uint32_t count = 0;
    for (uint64_t i = first; i < std::min<uint64_t>(first + kBlock, tokens); ++i) {
      const int64_t slot = slots != nullptr ? slots[i] : static_cast<int64_t>(i);
      if (slot < 0) continue;
      uint8_t* const page_start =
          cache + static_cast<uint64_t>(slot) / page.page_size * page_stride;
      const uint32_t token = static_cast<uint32_t>(static_cast<uint64_t>(slot) % page.page_size);
      for (uint32_t g = 0; g < page.groups; ++g) {
        pending[count++] = {rows + i * row_stride + g * length, page_start, token, g};
        if (count == kBlock) {
          writer.write_block(pending, count);
          count = 0;
        }
      }
    }
    if (count != 0) writer.write_block(pending, count);
  }
}

}  // namespace wavefuzz::quant
