// What ordinary HIP code makes a compiler emit: cross-lane operations, atomics of all kinds, 64-bit
// integers, fp16, bf16 and fp64 with library functions, scratch, dynamic LDS, hidden arguments, FP8
// conversions, inline assembly. survey_test.cc asks that the simulator knows all of it.
#include <hip/hip_runtime.h>

#define INDEX (blockIdx.x * blockDim.x + threadIdx.x)

// --- Cross-lane ------------------------------------------------------------------------------------

extern "C" __global__ void shuffles(const int* x, const double* d, int* out, double* wide) {
  const int i = INDEX, lane = threadIdx.x & 63;
  int v = x[i];
  v += __shfl(v, 5) ^ __shfl_up(v, 3) ^ __shfl_down(v, 7) ^ __shfl_xor(v, 32);
  v += __shfl(v, lane & 7, 16) ^ __shfl_xor(v, 2, 8);
  v += __popcll(__ballot(v > 0)) + __any(v == 1) + __all(v != 2);
  v += __builtin_amdgcn_readlane(v, 17) + __builtin_amdgcn_readfirstlane(v);
  v += __builtin_amdgcn_ds_bpermute((lane ^ 9) << 2, v) + __builtin_amdgcn_ds_permute((lane ^ 6) << 2, v);
  v += __builtin_amdgcn_mov_dpp(v, 0x1b, 0xf, 0xf, false);        // quad_perm
  v += __builtin_amdgcn_update_dpp(1, v, 0x111, 0xf, 0xf, false);  // row_shr:1
  v += __builtin_amdgcn_update_dpp(2, v, 0x142, 0xa, 0xf, true);   // row_bcast:15
  v += __builtin_amdgcn_update_dpp(3, v, 0x143, 0xc, 0xf, true);   // row_bcast:31
  v += __builtin_amdgcn_update_dpp(4, v, 0x140, 0xf, 0x5, true);   // row_mirror
  v += __builtin_amdgcn_ds_swizzle(v, 0x401f);
  v += __lane_id() + int(__builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0)));
  out[i] = v;
  double w = d[i];
  for (int k = 1; k < 64; k *= 2) w += __shfl_xor(w, k);
  wide[i] = w;
}

#if __gfx950__
extern "C" __global__ void permlane_swaps(unsigned* x) {
  const auto a = __builtin_amdgcn_permlane32_swap(x[INDEX], x[INDEX + 64], false, false);
  const auto b = __builtin_amdgcn_permlane16_swap(a[0], a[1], false, false);
  x[INDEX] = b[0];
  x[INDEX + 64] = b[1];
}
#endif

// --- Atomics ---------------------------------------------------------------------------------------

__device__ unsigned wrap_up(unsigned* p, unsigned v) {
  return __builtin_amdgcn_atomic_inc32(p, v, __ATOMIC_RELAXED, "agent");
}
__device__ unsigned wrap_down(unsigned* p, unsigned v) {
  return __builtin_amdgcn_atomic_dec32(p, v, __ATOMIC_RELAXED, "agent");
}
template <typename T>
__device__ void integer_atomics(T* p, T v, T* out) {
  T r = atomicAdd(p, v) ^ atomicSub(p + 1, v) ^ atomicExch(p + 2, v) ^ atomicMin(p + 3, v) ^ atomicMax(p + 4, v);
  r ^= atomicAnd(p + 5, v) ^ atomicOr(p + 6, v) ^ atomicXor(p + 7, v) ^ atomicCAS(p + 8, v, T(v + 1));
  r ^= atomicAdd_system(p + 9, v) ^ atomicCAS_system(p + 10, v, T(v ^ 1)) ^ atomicMax_system(p + 11, v);
  *out = r;
}
template <typename T>
__device__ void float_atomics(T* p, T v, T* out) {
  T r = atomicAdd(p, v) + unsafeAtomicAdd(p + 1, v) + safeAtomicAdd(p + 2, v);
  r += atomicMin(p + 3, v) + atomicMax(p + 4, v) + atomicExch(p + 5, v) + atomicAdd_system(p + 6, v);
  *out = r;
}
extern "C" __global__ void atomics(int* i, unsigned* u, unsigned long long* l, float* f, double* d, unsigned* out) {
  __shared__ int si[16];
  __shared__ unsigned su[16];
  __shared__ unsigned long long sl[16];
  __shared__ float sf[16];
  __shared__ double sd[16];
  const int t = threadIdx.x;
  if (t < 16) {
    si[t] = t;
    su[t] = t;
    sl[t] = t;
    sf[t] = t;
    sd[t] = t;
  }
  __syncthreads();
  int ri;
  unsigned ru;
  unsigned long long rl;
  float rf;
  double rd;
  integer_atomics(i, t, &ri);
  integer_atomics(u, unsigned(t), &ru);
  integer_atomics(l, (unsigned long long)t, &rl);
  float_atomics(f, float(t), &rf);
  float_atomics(d, double(t), &rd);
  ru += unsigned(ri) + unsigned(rl) + unsigned(rf) + unsigned(rd);
  ru += wrap_up(u + 12, 100u) + wrap_down(u + 13, 100u);
  integer_atomics(si, t, &ri);
  integer_atomics(su, unsigned(t), &ru);
  integer_atomics(sl, (unsigned long long)t, &rl);
  float_atomics(sf, float(t), &rf);
  float_atomics(sd, double(t), &rd);
  ru += unsigned(ri) + unsigned(rl) + unsigned(rf) + unsigned(rd) + wrap_up(su + 12, 9u) + wrap_down(su + 13, 9u);
  __threadfence();
  __threadfence_system();
  __threadfence_block();
  out[INDEX] = ru;
}

typedef _Float16 h2 __attribute__((ext_vector_type(2)));
typedef short s2 __attribute__((ext_vector_type(2)));
typedef __bf16 b2 __attribute__((ext_vector_type(2)));
extern "C" __global__ void packed_atomics(h2* h, s2* s, h2* out) {
  __shared__ h2 lds;
  __shared__ s2 lds16;
  if (threadIdx.x == 0) {
    lds = h2{0, 0};
    lds16 = s2{0, 0};
  }
  __syncthreads();
  const h2 v = {_Float16(threadIdx.x), _Float16(1)};
  const s2 w = {0x3f80, 0x4000};
  h2 r = __builtin_amdgcn_global_atomic_fadd_v2f16((__attribute__((address_space(1))) h2*)h, v);
  r += __builtin_amdgcn_flat_atomic_fadd_v2f16(h + 1, v);
  r += __builtin_amdgcn_ds_atomic_fadd_v2f16((__attribute__((address_space(3))) h2*)&lds, v);
  const s2 q = __builtin_amdgcn_global_atomic_fadd_v2bf16((__attribute__((address_space(1))) s2*)s, w) ^
               __builtin_amdgcn_flat_atomic_fadd_v2bf16(s + 1, w) ^
               __builtin_amdgcn_ds_atomic_fadd_v2bf16((__attribute__((address_space(3))) s2*)&lds16, w);
  out[INDEX] = r + h2{_Float16(q[0]), _Float16(q[1])};
}

// A pointer that may be LDS or global.
extern "C" __global__ void flat_atomics(int* i, double* d, float* f, int which) {
  __shared__ int si[4];
  __shared__ double sd[4];
  __shared__ float sf[4];
  if (threadIdx.x < 4) {
    si[threadIdx.x] = 0;
    sd[threadIdx.x] = 0;
    sf[threadIdx.x] = 0;
  }
  __syncthreads();
  int* p = which & 1 ? si : i;
  double* q = which & 2 ? sd : d;
  float* r = which & 4 ? sf : f;
  atomicAdd(p, 1);
  atomicMax(p + 1, 2);
  atomicCAS(p + 2, 3, 4);
  unsafeAtomicAdd(q, 1.0);
  unsafeAtomicAdd(r, 1.0f);
  atomicAdd(q + 1, 1.0);
  atomicMin(q + 2, -1.0);
  __syncthreads();
  i[8 + threadIdx.x] = p[threadIdx.x & 3] + int(q[0]) + int(r[0]);
}

extern "C" __global__ void spin_lock(int* lock, int* counter) {
  if ((threadIdx.x & 63) == 0) {
    while (atomicCAS(lock, 0, 1) != 0) {
    }
    __hip_atomic_store(counter, __hip_atomic_load(counter, __ATOMIC_ACQUIRE, __HIP_MEMORY_SCOPE_SYSTEM) + 1,
                       __ATOMIC_RELEASE, __HIP_MEMORY_SCOPE_SYSTEM);
    atomicExch(lock, 0);
  }
}

// --- Integers --------------------------------------------------------------------------------------

extern "C" __global__ void wide_integers(const long long* a, const long long* b, long long* out) {
  const int i = INDEX;
  const long long x = a[i], y = b[i] | 1;
  const unsigned long long u = x, v = y;
  out[i] = x / y + x % y + (long long)(u / v ^ u % v) + __mul64hi(x, y) + (long long)__umul64hi(u, v) +
           __clzll(x) + __ffsll(y) + __popcll(u) + (long long)__brevll(u) + __sad(int(x), int(y), 3u) +
           __mul24(int(x), int(y)) + __umulhi(unsigned(x), unsigned(y)) + __hadd(int(x), int(y)) +
           __funnelshift_l(unsigned(x), unsigned(y), 7) + __byte_perm(unsigned(x), unsigned(y), 0x5140) +
           (long long)((unsigned __int128)u * v >> 77) + llabs(x) + (x >> (y & 63)) + (long long)(u << (x & 63));
}
extern "C" __global__ void byte_tricks(const unsigned* a, const unsigned* b, unsigned* out) {
  const unsigned x = a[INDEX], y = b[INDEX];
  const unsigned long long w = (unsigned long long)x << 32 | y;
  unsigned r = __builtin_amdgcn_msad_u8(x, y, 1) + __builtin_amdgcn_lerp(x, y, 0x01010101);
  r += __builtin_amdgcn_perm(x, y, 0x07020500) + __builtin_amdgcn_alignbyte(x, y, 3);
  const unsigned long long q = __builtin_amdgcn_qsad_pk_u16_u8(w, x, w) + __builtin_amdgcn_mqsad_pk_u16_u8(w, y, w);
  r += __builtin_amdgcn_udot4(x, y, 5, true) + __builtin_amdgcn_sdot4(x, y, 5, true) +
       __builtin_amdgcn_udot8(x, y, 5, true) + __builtin_amdgcn_sdot8(x, y, 5, true);
  out[INDEX] = r + unsigned(q) + unsigned(q >> 32);
}

// --- Floating point --------------------------------------------------------------------------------

extern "C" __global__ void f32_functions(const float* x, const float* y, float* out) {
  const float a = x[INDEX], b = y[INDEX];
  float r = expf(a) + logf(b) + sinf(a) + cosf(b) + tanf(a) + powf(b, a) + erff(a) + erfcf(b) + tgammaf(b) +
            lgammaf(b) + fmodf(a, b) + remainderf(a, b) + sqrtf(b) + rsqrtf(b) + cbrtf(a) + exp2f(a) + log2f(b) +
            log10f(b) + log1pf(b) + expm1f(a) + sinhf(a) + tanhf(a) + asinf(a) + atan2f(a, b) + hypotf(a, b);
  float s;
  r += __expf(a) + __logf(b) + __sinf(a) + __cosf(b) + __powf(b, a) + __fdividef(a, b) + __frsqrt_rn(b) +
       __saturatef(a) + j0f(b) + normcdff(a);
  sincospif(a, &r, &s);
  int e;
  r += s + frexpf(a, &e) + float(e) + ldexpf(a, 3) + float(ilogbf(b)) + roundf(a) + rintf(b) + truncf(a) +
       float(lrintf(a)) + nextafterf(a, b) + fdimf(a, b) + fmaf(a, b, r) + __fmaf_rn(a, b, r) + fmaxf(a, b);
  out[INDEX] = r;
}
extern "C" __global__ void f64_functions(const double* x, const double* y, double* out) {
  const double a = x[INDEX], b = y[INDEX];
  out[INDEX] = exp(a) + log(b) + sin(a) + cos(b) + pow(b, a) + erf(a) + tgamma(b) + lgamma(b) + fmod(a, b) + sqrt(b) +
               rsqrt(b) + cbrt(a) + exp2(a) + log2(b) + sinh(a) + tanh(a) + atan2(a, b) + a / b + fma(a, b, 1.0) +
               ldexp(a, 5) + rint(a) + floor(b) + double((long long)a) + double((unsigned long long)b) + hypot(a, b) +
               fmin(a, b) + remainder(a, b) + double(float(a)) + trunc(b);
}
// The device library's own names: Debian's hip_fp16.h is older than the compiler.
#define HALF_FUNCTION(NAME)                                  \
  extern "C" __device__ _Float16 __ocml_##NAME##_f16(_Float16); \
  extern "C" __device__ h2 __ocml_##NAME##_2f16(h2);
HALF_FUNCTION(exp)
HALF_FUNCTION(log)
HALF_FUNCTION(sin)
HALF_FUNCTION(cos)
HALF_FUNCTION(sqrt)
HALF_FUNCTION(rsqrt)
HALF_FUNCTION(exp2)
HALF_FUNCTION(log2)
HALF_FUNCTION(floor)
HALF_FUNCTION(rint)
extern "C" __global__ void half_functions(const _Float16* x, const _Float16* y, _Float16* out, h2* pairs) {
  const _Float16 a = x[INDEX], b = y[INDEX];
  _Float16 r = a + b + a * b - a / b + __builtin_fmaf16(a, b, a) + __ocml_exp_f16(a) + __ocml_log_f16(b) +
               __ocml_sin_f16(a) + __ocml_cos_f16(b) + __ocml_sqrt_f16(b) + __ocml_rsqrt_f16(b) + __ocml_exp2_f16(a) +
               __ocml_log2_f16(b) + __ocml_floor_f16(a) + __ocml_rint_f16(b) + __builtin_fmaxf16(a, b) +
               __builtin_fminf16(a, b) + __builtin_fabsf16(a) + __builtin_truncf16(a) + __builtin_ceilf16(b);
  r += _Float16(float(a) * 3.0f) + _Float16(int(b)) + _Float16((unsigned short)(float(b)));
  out[INDEX] = r;
  const h2 p = {a, b}, q = {b, b};
  pairs[INDEX] = p + q + p * q + __builtin_elementwise_fma(p, q, p) - __builtin_elementwise_max(p, q) +
                 __ocml_sqrt_2f16(q) + __ocml_exp_2f16(p);
}
extern "C" __global__ void bf16_arithmetic(const __bf16* x, const __bf16* y, __bf16* out, b2* pairs, const float* f) {
  const __bf16 a = x[INDEX], b = y[INDEX];
  out[INDEX] = a * b + a - b / a + (a < b ? a : b) + __bf16(f[INDEX]) + __builtin_elementwise_fma(a, b, a);
  pairs[INDEX] = b2{__bf16(f[INDEX]), __bf16(f[INDEX + 1])} + b2{a, b};
}
extern "C" __global__ void fp8_conversions(const float* x, const unsigned* codes, unsigned* out, float* floats) {
  const int i = INDEX;
  int p = __builtin_amdgcn_cvt_pk_fp8_f32(x[i], x[i + 1], 0, false);
  p = __builtin_amdgcn_cvt_pk_bf8_f32(x[i], x[i + 1], p, true);
  int s = __builtin_amdgcn_cvt_sr_fp8_f32(x[i], 12345, p, 2);
  s = __builtin_amdgcn_cvt_sr_bf8_f32(x[i], 54321, s, 1);
  out[i] = p ^ s;
  const auto a = __builtin_amdgcn_cvt_pk_f32_fp8(codes[i], true), b = __builtin_amdgcn_cvt_pk_f32_bf8(codes[i], false);
  floats[i] = a[0] + a[1] + b[0] + b[1] + __builtin_amdgcn_cvt_f32_fp8(codes[i], 3) +
              __builtin_amdgcn_cvt_f32_bf8(codes[i], 1);
}
extern "C" __global__ void conversions(const float* x, const double* d, unsigned* out) {
  const float a = x[INDEX], b = x[INDEX + 1];
  unsigned r = __builtin_bit_cast(unsigned, __builtin_amdgcn_cvt_pkrtz(a, b)) +
               __builtin_bit_cast(unsigned, __builtin_amdgcn_cvt_pknorm_i16(a, b)) +
               __builtin_bit_cast(unsigned, __builtin_amdgcn_cvt_pknorm_u16(a, b)) +
               __builtin_bit_cast(unsigned, __builtin_amdgcn_cvt_pk_i16(int(a), int(b))) +
               __builtin_bit_cast(unsigned, __builtin_amdgcn_cvt_pk_u16(unsigned(a), unsigned(b))) +
               __builtin_amdgcn_cvt_pk_u8_f32(a, 1, 7u);
  r += __float2int_rd(a) + __float2int_ru(b) + __float2uint_rn(a) + unsigned(__float2ll_rz(b)) + __double2int_rn(d[INDEX]);
  r += unsigned(__builtin_amdgcn_fmed3f(a, b, 1.0f)) + unsigned(__builtin_amdgcn_fractf(a) * 100) +
       __builtin_amdgcn_frexp_expf(b) + __builtin_amdgcn_classf(a, 0x1f8) +
       unsigned(__builtin_amdgcn_sinf(a) * 8) + unsigned(__builtin_amdgcn_ldexpf(a, 3)) +
       unsigned(__builtin_amdgcn_rcp(d[INDEX])) + unsigned(__builtin_amdgcn_trig_preop(d[INDEX], 1) * 8);
  out[INDEX] = r;
}

// --- Memory, arguments, the machine ----------------------------------------------------------------

__device__ __noinline__ int walk(const int* p, int n) { return n == 0 ? *p : walk(p + 1, n - 1) + 1; }
typedef int (*Step)(int);
__device__ __noinline__ int step_a(int x) { return x * 3 + 1; }
__device__ __noinline__ int step_b(int x) { return x / 2; }
__device__ Step const kSteps[2] = {step_b, step_a};
extern "C" __global__ void scratch_and_calls(const int* x, int* out, int n) {
  int table[50];
  short halves[33];
  char bytes[70];
  for (int k = 0; k < 50; ++k) table[k] = x[k] + k;
  for (int k = 0; k < 33; ++k) halves[k] = short(table[k] * 3);
  for (int k = 0; k < 70; ++k) bytes[k] = char(halves[k % 33] >> 2);
  int v = table[(n + threadIdx.x) % 50] + halves[threadIdx.x % 33] + bytes[(n * threadIdx.x) % 70];
  v += walk(table, n & 7);
  for (int k = 0; k < 5; ++k) v = kSteps[v & 1](v);
  out[INDEX] = v;
}
extern __shared__ unsigned char dynamic_lds[];
extern "C" __global__ void dynamic_lds_and_hidden(const unsigned char* x, unsigned char* out) {
  const unsigned size = blockDim.x * blockDim.y * blockDim.z;
  const unsigned t = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned g = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  dynamic_lds[t] = x[g * size + t];
  __syncthreads();
  out[g * size + t] = dynamic_lds[size - 1 - t] + gridDim.z;
}
extern "C" __global__ void machine_state(unsigned* out) {
  unsigned r = __builtin_amdgcn_s_getreg(31 << 11 | 20) & 0;  // XCC_ID
  r += unsigned(clock64()) & 0;
  r += unsigned(wall_clock64()) & 0;
  __builtin_amdgcn_s_setprio(3);
  __builtin_amdgcn_s_sleep(1);
  __builtin_amdgcn_sched_barrier(0);
  __builtin_amdgcn_s_setreg(2 << 6 | 1 << 11 | 1, 0);  // MODE, round
  __builtin_amdgcn_wave_barrier();
  if (__builtin_amdgcn_is_shared(out)) r += 1;
  if (__builtin_amdgcn_is_private(out)) r += 2;
  out[INDEX] = r + __builtin_amdgcn_workgroup_size_x() + __builtin_amdgcn_wavefrontsize();
}
extern "C" __global__ void inline_assembly(const float* x, float* out, int n) {
  float v = x[INDEX], w;
  asm("v_mul_f32 %0, %1, %1" : "=v"(w) : "v"(v));
  asm volatile("v_add_f32 %0, %1, %2 clamp\n\tv_fma_f32 %0, |%0|, -%2, 2.0" : "=&v"(v) : "v"(w), "v"(v));
  int s;
  asm("s_lshl_b32 %0, %1, 2\n\ts_bfe_u32 %0, %0, 0x80001" : "=s"(s) : "s"(__builtin_amdgcn_readfirstlane(n)) : "scc");
  asm volatile("s_waitcnt vmcnt(0) lgkmcnt(0)\n\ts_nop 3" ::: "memory");
  asm volatile("v_accvgpr_write_b32 a1, %0\n\ts_nop 1\n\tv_accvgpr_read_b32 %0, a1" : "+v"(v)::"a1");
  asm("v_pk_fma_f32 %0, %1, %1, %1 op_sel:[0,1,0] neg_lo:[1,0,0]" : "=v"(*(double*)&out[2 * n]) : "v"(double(w)));
  out[INDEX] = v + float(s);
}
typedef float f4 __attribute__((ext_vector_type(4)));
extern "C" __global__ void wide_memory(const f4* x, f4* out, unsigned char* b, unsigned short* h, const int* nt) {
  __shared__ f4 s[256];
  s[threadIdx.x] = x[INDEX];
  __syncthreads();
  f4 v = s[threadIdx.x ^ 1];
  typedef float f2 __attribute__((ext_vector_type(2)));
  v.xy += *(const f2*)((const float*)s + threadIdx.x);
  out[INDEX] = v + float(__builtin_nontemporal_load(nt + INDEX));
  b[INDEX] = (unsigned char)v[0];
  h[INDEX] = (unsigned short)v[1] + (signed char)b[INDEX + 1] + (short)h[INDEX + 1];
  __builtin_nontemporal_store(int(v[2]), (int*)nt + INDEX);
}
