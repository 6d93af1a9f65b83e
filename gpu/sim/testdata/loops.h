// The bodies of the benchmark's loops: for kernels (loops.hip) and for the host (loops_native.cc).
#ifndef WAVEFUZZ_GPU_SIM_TESTDATA_LOOPS_H_
#define WAVEFUZZ_GPU_SIM_TESTDATA_LOOPS_H_

#ifdef __HIP__
#define BODY __device__ inline
#define LOOP_MIN __builtin_fminf
#define LOOP_MAX __builtin_fmaxf
#else
// In one instruction; std::fmin's rule for NaN would make it a call.
#define BODY inline
#define LOOP_MIN(a, b) ((a) < (b) ? (a) : (b))
#define LOOP_MAX(a, b) ((a) > (b) ? (a) : (b))
#endif

// Integer and float arithmetic in registers.
struct ValuState {
  float x, y;
  unsigned a, b;
};
BODY ValuState valu_start(float in, unsigned i) { return {in, in + 1.0f, i, i * 3}; }
BODY void valu_round(ValuState& s) {
  s.x = s.x * s.y + 0.5f;
  s.y = LOOP_MIN(s.y - s.x, 100.0f);
  s.a = (s.a ^ s.b) + (s.b >> 3);
  s.b = (s.b << 5) + s.a * 7;
  s.x = LOOP_MAX(s.x * 0.25f, -100.0f);
  s.b = s.a > s.b ? s.b + 1 : s.b - 3;
}
BODY float valu_end(const ValuState& s) { return s.x + s.y + float(s.a ^ s.b); }

#endif  // WAVEFUZZ_GPU_SIM_TESTDATA_LOOPS_H_
