// exp2, log2, reciprocal, roots and trigonometry as the vector unit computes them, on finite,
// infinite and zero inputs (NaN and denormals are the caller's).
#ifndef WAVEFUZZ_GPU_SIM_MATH_UNIT_H_
#define WAVEFUZZ_GPU_SIM_MATH_UNIT_H_

#include "gpu/sim/launch.h"

namespace wavefuzz::sim::math {

// Correctly rounded to nearest even, whatever the host's rounding mode is; or one ulp off (see
// Transcendentals) where the exact value is not a float.
float exp2(float x, Transcendentals model);
float log2(float x, Transcendentals model);
float rcp(float x, Transcendentals model);
float rsq(float x, Transcendentals model);
float sqrt(float x, Transcendentals model);
// The argument counts turns: sin(2 pi x). The manual limits it to |x| <= 256; beyond, 0 and 1.
float sin_turns(float x, Transcendentals model);
float cos_turns(float x, Transcendentals model);

// The same in f64, close to correctly rounded.
double exp2_wide(double x);
double log2_wide(double x);
double rcp_wide(double x);
double rsq_wide(double x);
double sqrt_wide(double x);
double sin_turns_wide(double x);
double cos_turns_wide(double x);

// v_trig_preop_f64: the bits of 2/pi that decide the quadrant of x, given by its bits.
double two_over_pi_part(uint64_t x, uint32_t segment);

}  // namespace wavefuzz::sim::math

#endif  // WAVEFUZZ_GPU_SIM_MATH_UNIT_H_
