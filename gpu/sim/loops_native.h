// The benchmark's loops on the host, as a compiler makes them for this machine.
#ifndef WAVEFUZZ_GPU_SIM_LOOPS_NATIVE_H_
#define WAVEFUZZ_GPU_SIM_LOOPS_NATIVE_H_

namespace wavefuzz::sim::native {

// The same buffers and work as the kernels of testdata/loops.hip with `items` work-items.
void valu_loop(const float* in, float* out, int items, int rounds);
void valu_loop_vectorised(const float* in, float* out, int items, int rounds);
void lds_loop(const float* in, float* out, int items, int rounds);
void memory_loop(const float* in, float* out, int items, int rounds);

}  // namespace wavefuzz::sim::native

#endif  // WAVEFUZZ_GPU_SIM_LOOPS_NATIVE_H_
