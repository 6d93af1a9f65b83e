// What an instruction-set build of the bulk kernels offers to bulk.cc. Files compiled with -mavx...
// may define nothing that others could link to by accident: they take plain parameters, and call no
// function that is shared.
#ifndef WAVEFUZZ_QUANT_BULK_KERNELS_H_
#define WAVEFUZZ_QUANT_BULK_KERNELS_H_

#include <cstdint>

namespace wavefuzz::quant::internal {

// A cast as vector code wants it. Magnitudes are float bit patterns without sign.
struct CastConstants {
  int32_t min_normal;     // magnitude of the format's smallest normal number
  int32_t dropped;        // 23 - m
  int32_t unit_offset;    // Cast::finite_code in bulk_kernels-inl.h says what it adds up to
  int32_t limit;          // a magnitude that surely overflows; larger ones are cut to it
  int32_t max_code;       // largest finite code
  int32_t overflow_code;  // each gets the sign, or the sign through nan_sign
  int32_t inf_code;
  int32_t nan_code;
  int32_t nan_sign;     // 0x80: NaN keeps its sign; 0: it does not
  bool drop_zero_sign;  // a zero result is 0x00
};

// Rows of `length` bf16 values each.
struct RowBlock {
  uint32_t count;
  uint32_t length;
  const uint16_t* const* rows;
};

struct RowStore {
  RowBlock block;
  const float* scales;    // one a row; 0 leaves that row alone
  uint8_t* const* out;    // where the row's first 16 codes go
  uint64_t chunk_stride;  // bytes from 16 codes to the next 16
  bool divide;            // x / scale, not x * (1 / scale)
};

struct Kernels {
  // out[i] = the cast of values[i], for every policy.
  void (*encode)(const CastConstants& cast, const float* values, uint64_t count, uint8_t* out);
  // The largest `bits & 0x7FFF` of each row: above 0x7F80 if there is a NaN.
  void (*amax)(const RowBlock& block, uint16_t* largest);
  // Quantises rows whose values are finite and whose quotients cannot overflow.
  void (*store)(const CastConstants& cast, const RowStore& store);
};

extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;

}  // namespace wavefuzz::quant::internal

#endif  // WAVEFUZZ_QUANT_BULK_KERNELS_H_
