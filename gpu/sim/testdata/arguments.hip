// Arguments of every size, several in a row, with what compilers make of the last ones.
#include <hip/hip_runtime.h>

#include <cstdint>

struct Triple {
  uint8_t byte[3];
};
struct Mixed {
  int8_t a;
  uint16_t b;
  int c;
};
struct __attribute__((packed)) Packed {
  uint8_t a;
  uint32_t b;
};

// LLVM loads the three integers as four dwords: to 4 bytes behind the segment of 36.
extern "C" __global__ void three_ints(int* out, const int* p, const int* q, int a, int b, int c) {
  out[threadIdx.x] = a + 10 * b + 100 * c + p[0] - q[0];
}

extern "C" __global__ void bytes(int* out, uint8_t a, int8_t b, uint8_t c) {
  out[threadIdx.x] = a + 1000 * b + 100000 * c;
}

// Tested as single bits of the dwords that they lie in.
extern "C" __global__ void flags(int* out, int rows, int columns, bool a, bool b, bool c) {
  int sum = 0;
  for (int i = 0; i < rows * columns; ++i) sum += a ? i : 1;
  if (b) sum += 1000;
  out[threadIdx.x] = c ? -sum : sum;
}

extern "C" __global__ void shorts(int* out, int16_t a, uint8_t b, uint16_t c) {
  out[threadIdx.x] = a + 1000 * b + 10 * c;
}

extern "C" __global__ void structs(int* out, Triple t, Mixed m, Packed p) {
  out[threadIdx.x] =
      t.byte[0] + t.byte[1] + t.byte[2] + 10 * m.a + 100 * m.b + 1000 * m.c + p.a + int(p.b);
}

extern "C" __global__ void halves(float* out, _Float16 h, double d, float f) {
  out[threadIdx.x] = float(h) + float(d) + f;
}

// Reads a byte between its arguments.
extern "C" __global__ void uses_a_gap(int* out, uint8_t a, int b) {
  const volatile __attribute__((address_space(4))) uint8_t* args =
      (const volatile __attribute__((address_space(4))) uint8_t*)
          __builtin_amdgcn_kernarg_segment_ptr();
  out[threadIdx.x] = a + b + args[10];
}
