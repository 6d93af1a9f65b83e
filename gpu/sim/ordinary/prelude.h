// The language of the generated kernels: one text is a HIP kernel for the device compiler and C++
// for the host's, where each phase between barriers runs for one work-item after the other.
#ifndef WAVEFUZZ_GPU_SIM_ORDINARY_PRELUDE_H_
#define WAVEFUZZ_GPU_SIM_ORDINARY_PRELUDE_H_

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef signed char i8;
typedef short i16;
typedef int i32;
typedef float f32;
typedef u8 u8x4 __attribute__((vector_size(4)));
typedef u16 u16x2 __attribute__((vector_size(4)));

// What a work-item carries from one phase to the next.
struct State {
  u32 h = 0, x = 0;
};

#ifdef __AMDGCN__

#pragma clang force_cuda_host_device begin
#define KERNEL(SIZE) \
  extern "C" __attribute__((global)) __attribute__((amdgpu_flat_work_group_size(1, SIZE))) void
#define WORK_ITEM()                                     \
  const u32 tid = __builtin_amdgcn_workitem_id_x();     \
  const u32 group = __builtin_amdgcn_workgroup_id_x();  \
  State s;                                              \
  (void)tid, (void)group, (void)s;
#define PHASE(...) {__VA_ARGS__}
#define RETURN_IF(...) \
  if (__VA_ARGS__) return;
#define LDS(TYPE, NAME, COUNT) __attribute__((shared)) TYPE NAME[COUNT];
#define BARRIER()                                      \
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup"); \
  __builtin_amdgcn_s_barrier();                        \
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
// A byte of the kernel's argument segment, whatever lies there.
#define KERNARG_BYTE(OFFSET) \
  (((const __attribute__((address_space(4))) u8*)__builtin_amdgcn_kernarg_segment_ptr())[OFFSET])

#else

#include "gpu/sim/ordinary/registry.h"
#define WORK_ITEMS(SIZE)                    \
  constexpr u32 kWorkItems = SIZE;          \
  State state[kWorkItems] = {};             \
  bool ended[kWorkItems] = {};
#define PHASE(...)                              \
  for (u32 tid = 0; tid < kWorkItems; ++tid) {  \
    [[maybe_unused]] State& s = state[tid];     \
    if (!ended[tid]) {__VA_ARGS__}              \
  }
#define RETURN_IF(...) PHASE(if (__VA_ARGS__) ended[tid] = true;)
#define LDS(TYPE, NAME, COUNT) TYPE NAME[COUNT];
#define BARRIER()

#endif

inline u32 less_u8x4(u32 a, u32 b) {
  return __builtin_bit_cast(u32, __builtin_bit_cast(u8x4, a) < __builtin_bit_cast(u8x4, b));
}
inline u32 equal_u16x2(u32 a, u32 b) {
  return __builtin_bit_cast(u32, __builtin_bit_cast(u16x2, a) == __builtin_bit_cast(u16x2, b));
}
inline u32 larger_u16x2(u32 a, u32 b) {
  const u16x2 x = __builtin_bit_cast(u16x2, a), y = __builtin_bit_cast(u16x2, b);
  return __builtin_bit_cast(u32, x > y ? x : y);
}
inline u32 bits_of(u32 x) { return u32(__builtin_popcount(x)); }

#ifdef __AMDGCN__
#pragma clang force_cuda_host_device end
#endif

#endif  // WAVEFUZZ_GPU_SIM_ORDINARY_PRELUDE_H_
