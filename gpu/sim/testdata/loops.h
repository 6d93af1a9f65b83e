// The bodies of the benchmark's loops: for kernels (loops.hip) and for the host (loops_native.cc).
#ifndef WAVEFUZZ_GPU_SIM_TESTDATA_LOOPS_H_
#define WAVEFUZZ_GPU_SIM_TESTDATA_LOOPS_H_

#ifdef __HIP__
#define BODY __device__ inline
#else
#define BODY inline
#endif

// Integer and float arithmetic in registers.
struct ValuState {
  float x, y;
  unsigned a, b;
};
BODY ValuState valu_start(float in, unsigned i) { return {in, in + 1.0f, i, i * 3}; }
BODY void valu_round(ValuState& s) {
  s.x = s.x * s.y + 0.5f;
  s.y = __builtin_fminf(s.y - s.x, 100.0f);
  s.a = (s.a ^ s.b) + (s.b >> 3);
  s.b = (s.b << 5) + s.a * 7;
  s.x = __builtin_fmaxf(s.x * 0.25f, -100.0f);
  s.b = s.a > s.b ? s.b + 1 : s.b - 3;
}
BODY float valu_end(const ValuState& s) { return s.x + s.y + float(s.a ^ s.b); }

#endif  // WAVEFUZZ_GPU_SIM_TESTDATA_LOOPS_H_
