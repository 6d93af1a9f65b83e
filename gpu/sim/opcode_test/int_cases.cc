// 32- and 64-bit integer arithmetic.
#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

u64 distance(u64 a, u64 b) { return a > b ? a - b : b - a; }
u64 sad8(u64 a, u64 b) {
  u64 sum = 0;
  for (unsigned i = 0; i < 32; i += 8) sum += distance(u8(a >> i), u8(b >> i));
  return sum;
}
// Bytes that are 0 in the reference (the second source) do not count.
u64 msad8(u64 a, u64 b) {
  u64 sum = 0;
  for (unsigned i = 0; i < 32; i += 8)
    if (u8(b >> i) != 0) sum += distance(u8(a >> i), u8(b >> i));
  return sum;
}
template <typename T, typename F>
T median(T a, T b, T c, F less) {
  T x[] = {a, b, c};
  std::sort(x, x + 3, less);
  return x[1];
}

// v_qsad_pk_u16_u8, v_mqsad_pk_u16_u8, v_mqsad_u32_u8: four windows of the 64-bit first source
// against one reference, each added to its accumulator.
Case quad_sad(const char* mnemonic, u64 (*sad)(u64, u64), unsigned bits) {
  return custom(mnemonic, [=](Probe& p) {
    const unsigned dwords = bits * 4 / 32;
    const std::string top = std::to_string(dwords - 1);
    const auto wave = p.wave(std::string(mnemonic) + " v[10:" + std::to_string(9 + dwords) +
                             "], v[0:1], v2, v[4:" + std::to_string(3 + dwords) + "]");
    for (int batch = 0; batch < 6; ++batch) {
      LaneValues in[8];
      for (auto& lanes : in)
        for (uint32_t& x : lanes) x = uint32_t(random_value(p.random(), kB64) >> p.pick(33));
      for (uint32_t& x : in[2])
        if (p.pick(2)) x &= ~(0xffu << 8 * p.pick(4));
      for (unsigned r = 0; r < 8; ++r) wave->set_v(r, in[r]);
      for (unsigned r = 10; r < 15; ++r) wave->set_v(r, 0xdead'beef);
      p.run(*wave);
      for (unsigned i = 0; i < kLanes; ++i) {
        const u64 a = in[0][i] | u64(in[1][i]) << 32;
        for (unsigned k = 0; k < 4; ++k) {
          const unsigned at = k * bits / 32, shift = k * bits % 32;
          const u64 c = u64(in[4 + at][i]) >> shift & ((u64{1} << bits) - 1);
          const u64 want = (sad(u32(a >> 8 * k), in[2][i]) + c) & ((u64{1} << bits) - 1);
          const u64 got = u64(wave->v(10 + at, i)) >> shift & ((u64{1} << bits) - 1);
          p.equal(got, want, ~u64{0}, [&] { return std::string(mnemonic) + " window " + top; });
        }
        p.equal(wave->v(10 + dwords, i), 0xdead'beef, 0xdead'beef, [&] { return mnemonic; });
      }
    }
  });
}

}  // namespace

void add_int_cases(Cases& cases) {
  const auto v = [&](const char* name, Type result, std::vector<Type> sources, Want want) {
    return VectorCase{name, result, std::move(sources), std::move(want)};
  };
  const std::vector<Type> one = {kB32}, two = {kB32, kB32}, three = {kB32, kB32, kB32};
  const VectorCase list[] = {
      v("v_mov_b32", kB32, one, [](u64 a) { return a; }),
      v("v_mov_b64", kB64, {kB64}, [](u64 a) { return a; }),
      v("v_cndmask_b32", kB32, {kF32, kF32}, [](Lane& x) { return x.in ? x.b : x.a; }).carried(),

      v("v_add_u32", kB32, two,
        [](Lane& x) {
          return unsigned_result(x, i128(x.a) + i128(x.b), 32);
        }).clamps(),
      v("v_sub_u32", kB32, two,
        [](Lane& x) {
          return unsigned_result(x, i128(x.a) - i128(x.b), 32);
        }).clamps(),
      v("v_subrev_u32", kB32, two,
        [](Lane& x) {
          return unsigned_result(x, i128(x.b) - i128(x.a), 32);
        }).clamps(),
      v("v_add_i32", kB32, two,
        [](Lane& x) {
          return signed_result(x, s32(x.a) + s32(x.b), 32);
        }).clamps(),
      v("v_sub_i32", kB32, two,
        [](Lane& x) {
          return signed_result(x, s32(x.a) - s32(x.b), 32);
        }).clamps(),
      v("v_add_co_u32", kB32, two,
        [](Lane& x) {
          x.out = x.a + x.b > 0xffff'ffff;
          return x.a + x.b;
        }).carry(),
      v("v_sub_co_u32", kB32, two,
        [](Lane& x) {
          x.out = x.a < x.b;
          return x.a - x.b;
        }).carry(),
      v("v_subrev_co_u32", kB32, two,
        [](Lane& x) {
          x.out = x.b < x.a;
          return x.b - x.a;
        }).carry(),
      v("v_addc_co_u32", kB32, two,
        [](Lane& x) {
          x.out = x.a + x.b + x.in > 0xffff'ffff;
          return x.a + x.b + x.in;
        })
          .carry()
          .carried(),
      v("v_subb_co_u32", kB32, two,
        [](Lane& x) {
          x.out = x.a < x.b + x.in;
          return x.a - x.b - x.in;
        })
          .carry()
          .carried(),
      v("v_subbrev_co_u32", kB32, two,
        [](Lane& x) {
          x.out = x.b < x.a + x.in;
          return x.b - x.a - x.in;
        })
          .carry()
          .carried(),
      v("v_add3_u32", kB32, three, [](u64 a, u64 b, u64 c) { return a + b + c; }),
      v("v_lshl_add_u32", kB32, three, [](u64 a, u64 b, u64 c) { return (a << b % 32) + c; }),
      v("v_add_lshl_u32", kB32, three, [](u64 a, u64 b, u64 c) { return (a + b) << c % 32; }),
      // The manual: the shift is S1[2:0], of which 5, 6 and 7 are not defined.
      v("v_lshl_add_u64", kB64, {kB64, kB32, kB64},
        [](u64 a, u64 b, u64 c) {
          return (a << b % 8) + c;
        }).shaped([](auto&, u64* s) { s[1] %= 5; }),
      v("v_sad_u8", kB32, three,
        [](Lane& x) {
          return unsigned_result(x, i128(sad8(x.a, x.b)) + x.c, 32);
        }).clamps(),
      v("v_sad_hi_u8", kB32, three,
        [](Lane& x) {
          return unsigned_result(x, i128(sad8(x.a, x.b) << 16) + x.c, 32);
        }).clamps(),
      v("v_sad_u16", kB32, three,
        [](Lane& x) {
          const u64 sum = distance(u16(x.a), u16(x.b)) + distance(x.a >> 16, x.b >> 16);
          return unsigned_result(x, i128(sum) + x.c, 32);
        }).clamps(),
      v("v_sad_u32", kB32, three,
        [](Lane& x) {
          return unsigned_result(x, i128(distance(x.a, x.b)) + x.c, 32);
        }).clamps(),
      v("v_msad_u8", kB32, three,
        [](Lane& x) { return unsigned_result(x, i128(msad8(x.a, x.b)) + x.c, 32); })
          .clamps()
          .shaped([](auto& random, u64* s) { s[1] &= ~(u64{0xff} << 8 * (random() % 4)); }),
      // The average of unsigned bytes, rounded up where the third source's byte is odd.
      v("v_lerp_u8", kB32, three,
        [](u64 a, u64 b, u64 c) {
          u64 r = 0;
          for (unsigned i = 0; i < 32; i += 8)
            r |= (u8(a >> i) + u8(b >> i) + (c >> i & 1)) / 2 << i;
          return r;
        }),

      v("v_mul_lo_u32", kB32, two, [](u64 a, u64 b) { return a * b; }),
      v("v_mul_hi_u32", kB32, two, [](u64 a, u64 b) { return a * b >> 32; }),
      v("v_mul_hi_i32", kB32, two, [](u64 a, u64 b) { return u64(s32(a) * s32(b)) >> 32; }),
      v("v_mul_u32_u24", kB32, two, [](u64 a, u64 b) { return u24(a) * u24(b); }),
      v("v_mul_i32_i24", kB32, two, [](u64 a, u64 b) { return s24(a) * s24(b); }),
      v("v_mul_hi_u32_u24", kB32, two, [](u64 a, u64 b) { return u24(a) * u24(b) >> 32; }),
      v("v_mul_hi_i32_i24", kB32, two, [](u64 a, u64 b) { return (s24(a) * s24(b)) >> 32; }),
      v("v_mad_u32_u24", kB32, three,
        [](Lane& x) {
          return unsigned_result(x, i128(u24(x.a) * u24(x.b)) + x.c, 32);
        }).clamps(),
      v("v_mad_i32_i24", kB32, three,
        [](Lane& x) {
          return signed_result(x, s24(x.a) * s24(x.b) + s32(x.c), 32);
        }).clamps(),
      v("v_mad_u64_u32", kB64, {kB32, kB32, kB64},
        [](Lane& x) {
          const u128 r = u128(x.a) * x.b + x.c;
          x.out = r >> 64 != 0;
          return u64(r);
        }).carry(),
      v("v_mad_i64_i32", kB64, {kB32, kB32, kB64},
        [](Lane& x) {
          const i128 r = i128(s32(x.a)) * s32(x.b) + i64(x.c);
          x.out = r != i64(r);
          return u64(r);
        }).carry(),
      v("v_mad_u32_u16", kB32, {kB16, kB16, kB32},
        [](Lane& x) {
          return unsigned_result(x, i128(x.a * x.b) + x.c, 32);
        }).clamps(),
      v("v_mad_i32_i16", kB32, {kB16, kB16, kB32},
        [](Lane& x) {
          return signed_result(x, s16(x.a) * s16(x.b) + s32(x.c), 32);
        }).clamps(),

      v("v_min_u32", kB32, two, [](u64 a, u64 b) { return std::min(a, b); }),
      v("v_max_u32", kB32, two, [](u64 a, u64 b) { return std::max(a, b); }),
      v("v_min_i32", kB32, two, [](u64 a, u64 b) { return std::min(s32(a), s32(b)); }),
      v("v_max_i32", kB32, two, [](u64 a, u64 b) { return std::max(s32(a), s32(b)); }),
      v("v_min3_u32", kB32, three,
        [](u64 a, u64 b, u64 c) {
          return std::min({a, b, c});
        }),
      v("v_max3_u32", kB32, three,
        [](u64 a, u64 b, u64 c) {
          return std::max({a, b, c});
        }),
      v("v_min3_i32", kB32, three,
        [](u64 a, u64 b, u64 c) {
          return std::min({s32(a), s32(b), s32(c)});
        }),
      v("v_max3_i32", kB32, three,
        [](u64 a, u64 b, u64 c) {
          return std::max({s32(a), s32(b), s32(c)});
        }),
      v("v_med3_u32", kB32, three,
        [](u64 a, u64 b, u64 c) { return median(a, b, c, std::less<u64>()); }),
      v("v_med3_i32", kB32, three,
        [](u64 a, u64 b, u64 c) { return median(s32(a), s32(b), s32(c), std::less<i64>()); }),

      // gfx950: shift, saturate, pack two bytes into one half.
      v("v_ashr_pk_i8_i32", kB16, three,
        [](u64 a, u64 b, u64 c) {
          return u8(within(s32(a) >> c % 32, -128, 127)) | u8(within(s32(b) >> c % 32, -128, 127))
                                                               << 8;
        })
          .half()
          .on950(),
      v("v_ashr_pk_u8_i32", kB16, three,
        [](u64 a, u64 b, u64 c) {
          return within(s32(a) >> c % 32, 0, 255) | within(s32(b) >> c % 32, 0, 255) << 8;
        })
          .half()
          .on950(),
      // A linear feedback shift register over x^32 + x^7 + x^6 + x^2 + 1.
      v("v_prng_b32", kB32, one,
        [](u64 a) {
          return (a << 1) ^ (a >> 31 != 0 ? 0xc5 : 0);
        }).on950(),
  };
  for (const VectorCase& c : list) cases.push_back(vector_case(c));
  cases.push_back(quad_sad("v_qsad_pk_u16_u8", sad8, 16));
  cases.push_back(quad_sad("v_mqsad_pk_u16_u8", msad8, 16));
  cases.push_back(quad_sad("v_mqsad_u32_u8", msad8, 32));
}

}  // namespace wavefuzz::sim::opcode
