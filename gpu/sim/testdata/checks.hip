// One fault each, and its twin without it. Launched as 2 groups of 128 work-items with `in` (256
// dwords, i at dword i, read only), `out` (256 dwords, nothing written yet) and 1 KiB of dynamic LDS.
#include <hip/hip_runtime.h>

#define KERNEL(NAME) extern "C" __global__ void NAME(const int* in, int* out)
#define ID (blockIdx.x * 128 + threadIdx.x)
extern __shared__ int lds[];  // 256 dwords

// --- Where the access goes -------------------------------------------------------------------------

KERNEL(read_past_end) { out[ID] = in[ID + 1]; }
KERNEL(read_past_end_twin) { out[ID] = in[(ID + 1) % 256]; }
KERNEL(write_past_end) { out[ID + 1] = in[ID]; }
KERNEL(write_past_end_twin) { out[(ID + 1) % 256] = in[ID]; }
KERNEL(write_input) { const_cast<int*>(in)[ID] = 1; out[ID] = 1; }
KERNEL(write_input_twin) { out[ID] = 1; }
KERNEL(flat_past_end) {
  int* p = in[ID] % 2 ? lds + threadIdx.x : out + ID + (ID == 254 ? 2 : 0);
  *p = 1;
}
KERNEL(flat_past_end_twin) {
  int* p = in[ID] % 2 ? lds + threadIdx.x : out + ID;
  *p = 1;
}
KERNEL(lds_past_end) {
  lds[threadIdx.x + 129] = 1;
  out[ID] = 1;
}
KERNEL(lds_past_end_twin) {
  lds[threadIdx.x + 128] = 1;
  out[ID] = 1;
}
KERNEL(lds_read_past_end) {
  lds[threadIdx.x] = ID;
  __syncthreads();
  if (ID == 3) out[0] = lds[in[255] + 1];
}
KERNEL(lds_read_past_end_twin) {
  lds[threadIdx.x] = ID;
  __syncthreads();
  if (ID == 3) out[0] = lds[in[255] - 128];
}
// The kernel's own 64 dwords are at the bottom of its scratch.
KERNEL(scratch_past_end) {
  int a[64];
  for (int i = 0; i < 64; ++i) a[i] = in[i];
  asm volatile("" : : "v"(a) : "memory");
  int x;
  asm volatile("scratch_load_dword %0, off, %1\n s_waitcnt vmcnt(0)" : "=v"(x) : "s"(100000));
  out[ID] = x + a[in[ID] % 64];
}
KERNEL(scratch_past_end_twin) {
  int a[64];
  for (int i = 0; i < 64; ++i) a[i] = in[i];
  asm volatile("" : : "v"(a) : "memory");
  out[ID] = a[in[ID] % 64];
}

// --- Alignment -------------------------------------------------------------------------------------

KERNEL(crooked_atomic) { atomicAdd(reinterpret_cast<int*>(reinterpret_cast<char*>(out) + 2), 1); }
KERNEL(crooked_atomic_twin) {
  if (ID == 0) out[0] = 0;
  if (blockIdx.x == 0) {
    __syncthreads();
    atomicAdd(out, 1);
  }
}
KERNEL(crooked_lds_atomic) {
  lds[threadIdx.x] = 0;
  __syncthreads();
  atomicAdd(reinterpret_cast<int*>(reinterpret_cast<char*>(lds) + 2), 1);
}
KERNEL(crooked_lds_atomic_twin) {
  lds[threadIdx.x] = 0;
  __syncthreads();
  atomicAdd(lds, 1);
}
KERNEL(crooked_scalar_load) {
  int x;
  asm volatile("s_load_dword %0, %1, 0x2\n s_waitcnt lgkmcnt(0)" : "=s"(x) : "s"(in));
  out[ID] = x;
}
KERNEL(crooked_scalar_load_twin) {
  int x;
  asm volatile("s_load_dword %0, %1, 0x4\n s_waitcnt lgkmcnt(0)" : "=s"(x) : "s"(in));
  out[ID] = x;
}

// --- Undefined data --------------------------------------------------------------------------------

KERNEL(undefined_global_to_output) { out[ID] += 1; }
KERNEL(undefined_global_to_output_twin) { out[ID] = in[ID] + 1; }
KERNEL(undefined_lds_to_output) {
  lds[threadIdx.x] = ID;
  __syncthreads();
  out[ID] = lds[threadIdx.x + 1];
}
KERNEL(undefined_lds_to_output_twin) {
  lds[threadIdx.x] = ID;
  __syncthreads();
  out[ID] = lds[(threadIdx.x + 1) % 128];
}
KERNEL(undefined_lds_to_address) {
  if (threadIdx.x < 127) lds[threadIdx.x] = ID;
  __syncthreads();
  out[ID] = in[lds[threadIdx.x]];
}
KERNEL(undefined_lds_to_address_twin) {
  lds[threadIdx.x] = ID;
  __syncthreads();
  out[ID] = in[lds[threadIdx.x]];
}
KERNEL(undefined_lds_to_branch) {
  if (threadIdx.x != 0) lds[threadIdx.x] = ID;
  __syncthreads();
  const int x = __builtin_amdgcn_readfirstlane(lds[0]);
  if (x == 5) asm volatile("s_nop 0");
  out[ID] = 1;
}
KERNEL(undefined_lds_to_branch_twin) {
  lds[threadIdx.x] = ID;
  __syncthreads();
  const int x = __builtin_amdgcn_readfirstlane(lds[0]);
  if (x == 5) asm volatile("s_nop 0");
  out[ID] = 1;
}
KERNEL(undefined_lds_to_exec) {
  if (threadIdx.x != 7) lds[threadIdx.x] = ID;
  __syncthreads();
  if (lds[threadIdx.x] % 3 == 1) out[ID] = in[ID];
}
KERNEL(undefined_lds_to_exec_twin) {
  lds[threadIdx.x] = ID;
  __syncthreads();
  if (lds[threadIdx.x] % 3 == 1) out[ID] = in[ID];
}
// Moving what is undefined is no fault.
KERNEL(undefined_copied_twin) {
  int x = lds[threadIdx.x + 128];
  lds[threadIdx.x] = x;
  __syncthreads();
  if (threadIdx.x < 64) lds[threadIdx.x + 128] = __shfl(lds[threadIdx.x], 3);
  out[ID] = in[ID];
}

// --- Order -----------------------------------------------------------------------------------------

KERNEL(race_write_read) {
  lds[threadIdx.x] = ID;
  out[ID] = lds[threadIdx.x ^ 64];
}
KERNEL(race_write_read_twin) {
  lds[threadIdx.x] = ID;
  __syncthreads();
  out[ID] = lds[threadIdx.x ^ 64];
}
KERNEL(race_read_write) {
  lds[threadIdx.x] = ID;
  __syncthreads();
  const int x = lds[threadIdx.x ^ 64];
  lds[threadIdx.x] = x + 1;
  out[ID] = x;
}
KERNEL(race_read_write_twin) {
  lds[threadIdx.x] = ID;
  __syncthreads();
  const int x = lds[threadIdx.x ^ 64];
  __syncthreads();
  lds[threadIdx.x] = x + 1;
  out[ID] = x;
}
KERNEL(race_write_write) {
  lds[threadIdx.x % 64] = ID;
  __syncthreads();
  out[ID] = lds[threadIdx.x % 64];
}
KERNEL(race_write_write_twin) {
  lds[threadIdx.x % 64] = 7;  // the same value
  __syncthreads();
  out[ID] = lds[threadIdx.x % 64];
}
KERNEL(race_bytes) {
  reinterpret_cast<char*>(lds)[threadIdx.x & ~64] = char(ID);
  __syncthreads();
  out[ID] = reinterpret_cast<char*>(lds)[threadIdx.x & ~64];
}
// Neighbouring bytes of one dword, by different waves.
KERNEL(race_bytes_twin) {
  reinterpret_cast<char*>(lds)[2 * (threadIdx.x % 64) + threadIdx.x / 64] = char(ID);
  __syncthreads();
  out[ID] = reinterpret_cast<char*>(lds)[threadIdx.x];
}
KERNEL(race_lds_atomic) {
  if (threadIdx.x == 0) lds[0] = 0;
  atomicAdd(lds, 1);
  __syncthreads();
  out[ID] = lds[0];
}
KERNEL(race_lds_atomic_twin) {
  if (threadIdx.x == 0) lds[0] = 0;
  __syncthreads();
  atomicAdd(lds, 1);
  __syncthreads();
  out[ID] = lds[0];
}
KERNEL(race_global_waves) {
  out[ID] = ID;
  lds[out[ID ^ 64] & 127] = 1;
}
KERNEL(race_global_waves_twin) {
  out[ID] = ID;
  __syncthreads();
  lds[out[ID ^ 64] & 127] = 1;
}
KERNEL(race_global_groups) { out[threadIdx.x] = ID; }
KERNEL(race_global_groups_twin) { out[threadIdx.x] = 7; }
KERNEL(race_global_read) {
  out[ID] = ID;
  __syncthreads();
  lds[out[ID ^ 128] & 127] = 1;
}
// The last group to arrive, by the counter in out[255], reads what the other wrote before.
KERNEL(race_global_read_twin) {
  if (threadIdx.x < 64) out[blockIdx.x * 64 + threadIdx.x] = ID;
  __syncthreads();
  __threadfence();
  if (threadIdx.x == 0) lds[0] = atomicAdd(out + 255, 1);
  __syncthreads();
  if (lds[0] == 1 && threadIdx.x < 64)
    lds[1 + (out[(1 - blockIdx.x) * 64 + threadIdx.x] & 63)] = 1;
}
KERNEL(race_global_bytes_twin) { reinterpret_cast<char*>(out)[ID * 3] = char(ID); }

// A value that is dropped cannot do harm: compilers load ahead of the branch or select that drops it.
KERNEL(race_selected) {
  lds[threadIdx.x] = ID;
  const int x = *static_cast<volatile int*>(lds + (threadIdx.x ^ 64));
  out[ID] = in[ID] == 130 ? x : 1;
}
KERNEL(race_selected_twin) {
  lds[threadIdx.x] = ID;
  const int x = *static_cast<volatile int*>(lds + (threadIdx.x ^ 64));
  out[ID] = in[ID] == 300 ? x : 1;
}
// The read comes first: what becomes of it is known when it comes again.
KERNEL(race_selected_before) {
  lds[threadIdx.x] = 5;
  __syncthreads();
  const int x = *static_cast<volatile int*>(lds + (threadIdx.x ^ 64));
  lds[threadIdx.x] = ID;
  out[ID] = in[ID] == 130 || in[ID] == 3 ? x : 1;
}
KERNEL(race_selected_before_twin) {
  lds[threadIdx.x] = 5;
  __syncthreads();
  const int x = *static_cast<volatile int*>(lds + (threadIdx.x ^ 64));
  lds[threadIdx.x] = ID;
  out[ID] = in[ID] == 300 ? x : 1;
}
// The value lies in the LDS for a while.
KERNEL(race_stored) {
  out[ID] = ID;
  lds[threadIdx.x] = out[ID ^ 64];
  __syncthreads();
  if (threadIdx.x < 64) out[ID + 64] = lds[threadIdx.x + 64];
}
KERNEL(race_stored_twin) {
  out[ID] = ID;
  lds[threadIdx.x] = out[ID ^ 64];
  __syncthreads();
  lds[threadIdx.x] = 1;
  __syncthreads();
  if (threadIdx.x < 64) out[ID + 64] = lds[threadIdx.x + 64];
}

// --- Waits -----------------------------------------------------------------------------------------

KERNEL(no_vmcnt) {
  int x;
  asm volatile("global_load_dword %0, %1, %2\n v_add_u32 %0, 1, %0" : "=&v"(x) : "v"(ID * 4), "s"(in));
  out[ID] = x;
}
KERNEL(no_vmcnt_twin) {
  int x;
  asm volatile("global_load_dword %0, %1, %2\n s_waitcnt vmcnt(0)\n v_add_u32 %0, 1, %0"
               : "=&v"(x)
               : "v"(ID * 4), "s"(in));
  out[ID] = x;
}
KERNEL(no_lgkmcnt) {
  lds[threadIdx.x] = ID;
  __syncthreads();
  int x;
  asm volatile("ds_read_b32 %0, %1\n v_add_u32 %0, 1, %0" : "=&v"(x) : "v"(threadIdx.x * 4));
  out[ID] = x;
}
KERNEL(no_lgkmcnt_twin) {
  lds[threadIdx.x] = ID;
  __syncthreads();
  int x;
  asm volatile("ds_read_b32 %0, %1\n s_waitcnt lgkmcnt(0)\n v_add_u32 %0, 1, %0"
               : "=&v"(x)
               : "v"(threadIdx.x * 4));
  out[ID] = x;
}
KERNEL(no_scalar_wait) {
  int x;
  asm volatile("s_load_dword %0, %1, 0x4\n s_add_u32 %0, %0, 1" : "=&s"(x) : "s"(in));
  out[ID] = x;
}
KERNEL(no_scalar_wait_twin) {
  int x;
  asm volatile("s_load_dword %0, %1, 0x4\n s_waitcnt lgkmcnt(0)\n s_add_u32 %0, %0, 1"
               : "=&s"(x)
               : "s"(in));
  out[ID] = x;
}

// --- Barriers and ends -----------------------------------------------------------------------------

// Waves that have ended count as arrived: wave 1 is through before wave 0 comes to its barrier, or
// ends when wave 0 waits.
KERNEL(barrier_after_ends_twin) {
  if (threadIdx.x >= 64) return;
  for (int i = 0; i < in[100]; ++i) asm volatile("s_nop 0");
  __builtin_amdgcn_s_barrier();
  out[ID] = 1;
}
KERNEL(end_at_barrier_twin) {
  if (threadIdx.x >= 64) {
    for (int i = 0; i < in[100]; ++i) asm volatile("s_nop 0");
    return;
  }
  __builtin_amdgcn_s_barrier();
  out[ID] = 1;
}
// Wave 0's first barrier meets wave 1's only one, and its second none.
KERNEL(barriers_not_as_often) {
  if (threadIdx.x < 64) {
    __builtin_amdgcn_s_barrier();
    asm volatile("s_nop 1");
  }
  __builtin_amdgcn_s_barrier();
  out[ID] = 1;
}
// Two halves that meet at barriers of their own, as often, keep in step.
KERNEL(barriers_not_as_often_twin) {
  if (threadIdx.x < 64) {
    __builtin_amdgcn_s_barrier();
    asm volatile("s_nop 1");
  }
  __builtin_amdgcn_s_barrier();
  if (threadIdx.x >= 64) {
    asm volatile("s_nop 2");
    __builtin_amdgcn_s_barrier();
  }
  out[ID] = 1;
}
KERNEL(endless) {
  while (in[ID] >= 0) asm volatile("s_nop 0");
  out[ID] = 1;
}
KERNEL(endless_twin) {
  while (in[ID] < 0) asm volatile("s_nop 0");
  out[ID] = 1;
}
KERNEL(jump_outside) {
  if (in[5] == 5) asm volatile("s_mov_b64 s[40:41], 64\n s_setpc_b64 s[40:41]" ::: "s40", "s41");
  out[ID] = 1;
}
KERNEL(jump_outside_twin) {
  if (in[5] == 6) asm volatile("s_mov_b64 s[40:41], 64\n s_setpc_b64 s[40:41]" ::: "s40", "s41");
  out[ID] = 1;
}
KERNEL(trap) {
  if (in[ID] == 77) __builtin_trap();
  out[ID] = 1;
}
KERNEL(trap_twin) {
  if (in[ID] == 777) __builtin_trap();
  out[ID] = 1;
}
