#ifndef WAVEFUZZ_FUZZ_SCALE_CONTRACT_H_
#define WAVEFUZZ_FUZZ_SCALE_CONTRACT_H_

#include "gpu/json_view.h"
#include "quant/scale.h"

namespace wavefuzz {

/// The quantisation part of a manifest's numerics contract:
///   divisor      {"e4m3fn": 448, "e4m3fnuz": 224}
///   floor        e.g. 1e-4
///   floor_place  none, on_amax, on_scale
///   scale_by     divide, reciprocal        amax / M or amax * (1 / M)
///   quantise_by  divide, reciprocal        k / scale or k * (1 / scale)
///   quotient     f32, f16                  f16: rounded to half before the cast when the input is
///   half cast         {"overflow": nan | saturate | infinity, "inf": the same, "nan": signed |
///   positive | max}
/// The scale is rounded up to a power of two when `ue8m0` is asked for. Throws Error(kUsage).
quant::ScaleRule parse_scale_rule(const JsonView& numerics, quant::Fp8 format, bool f16_input,
                                  bool ue8m0);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SCALE_CONTRACT_H_
