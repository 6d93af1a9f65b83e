// Variables of the code object itself: with a value, without one, and constant.
#include <hip/hip_runtime.h>

__device__ int counter = 5;
__device__ int slots[4];
__constant__ int table[4] = {10, 20, 30, 40};

extern "C" __global__ void bump(int* out) {
  counter += 1;
  slots[1] += 2;
  out[0] = counter;
  out[1] = slots[1];
  out[2] = slots[3];
  out[3] = table[2];
}

extern "C" __global__ void count(int* out) { out[blockIdx.x] = atomicAdd(&counter, 1); }

extern "C" __global__ void look(int* out) {
  out[0] = counter;
  out[1] = slots[1];
}

extern "C" __global__ void write_constant(int* out) {
  const_cast<volatile int*>(table)[2] = 1;
  out[0] = 0;
}

extern "C" __global__ void write_past_end(int* out) {
  reinterpret_cast<volatile int*>(slots)[1000 + out[0]] = 1;
}
