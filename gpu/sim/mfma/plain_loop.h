// What matrix instructions are measured against: a loop without any rule, for this host's ISA.
#ifndef WAVEFUZZ_GPU_SIM_MFMA_PLAIN_LOOP_H_
#define WAVEFUZZ_GPU_SIM_MFMA_PLAIN_LOOP_H_

namespace wavefuzz::sim::mfma {

// d = c + a b in f32, with the 16 columns as vectors.
void plain_16x16x32(const float (&a)[16][32], const float (&b)[32][16], const float (&c)[16][16],
                    float (&d)[16][16]);

}  // namespace wavefuzz::sim::mfma

#endif  // WAVEFUZZ_GPU_SIM_MFMA_PLAIN_LOOP_H_
