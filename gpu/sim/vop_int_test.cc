// Integer and bit instructions against wide host arithmetic, over special and random values.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <random>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

using i128 = __int128;
using u128 = unsigned __int128;
using i64 = int64_t;
using u64 = uint64_t;

i64 s32(u64 x) { return int32_t(x); }
i64 s16(u64 x) { return int16_t(x); }
i64 s24(u64 x) { return int32_t(uint32_t(x) << 8) >> 8; }
u64 lo16(u64 x) { return x & 0xffff; }
u64 lo32(u64 x) { return x & 0xffff'ffff; }
i64 clamp(i64 x, i64 low, i64 high) { return std::clamp(x, low, high); }

// Sources a, b, c are 64-bit values in v[0:1], v[2:3], v[4:5]; 32-bit instructions read v0, v2, v4.
struct Case {
  const char* text;  // writes v6, or v[6:7] when `wide`
  std::function<u64(u64 a, u64 b, u64 c)> want;
  bool wide = false;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
      {"v_add_u32 v6, v0, v2", [](u64 a, u64 b, u64) { return a + b; }},
      {"v_sub_u32 v6, v0, v2", [](u64 a, u64 b, u64) { return a - b; }},
      {"v_subrev_u32 v6, v0, v2", [](u64 a, u64 b, u64) { return b - a; }},
      {"v_add_u32 v6, v0, v2 clamp", [](u64 a, u64 b, u64) { return std::min<u64>(lo32(a) + lo32(b), 0xffff'ffff); }},
      {"v_sub_u32 v6, v0, v2 clamp", [](u64 a, u64 b, u64) { return u64(std::max<i64>(i64(lo32(a)) - i64(lo32(b)), 0)); }},
      {"v_add_i32 v6, v0, v2 clamp", [](u64 a, u64 b, u64) { return u64(clamp(s32(a) + s32(b), INT32_MIN, INT32_MAX)); }},
      {"v_sub_i32 v6, v0, v2 clamp", [](u64 a, u64 b, u64) { return u64(clamp(s32(a) - s32(b), INT32_MIN, INT32_MAX)); }},
      {"v_add3_u32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return a + b + c; }},
      {"v_lshl_add_u32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return (a << (b % 32)) + c; }},
      {"v_add_lshl_u32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return (a + b) << (c % 32); }},
      {"v_lshl_add_u64 v[6:7], v[0:1], 3, v[4:5]", [](u64 a, u64, u64 c) { return a * 8 + c; }, true},
      {"v_mul_lo_u32 v6, v0, v2", [](u64 a, u64 b, u64) { return a * b; }},
      {"v_mul_hi_u32 v6, v0, v2", [](u64 a, u64 b, u64) { return lo32(a) * lo32(b) >> 32; }},
      {"v_mul_hi_i32 v6, v0, v2", [](u64 a, u64 b, u64) { return u64(s32(a) * s32(b)) >> 32; }},
      {"v_mul_u32_u24 v6, v0, v2", [](u64 a, u64 b, u64) { return (a % (1 << 24)) * (b % (1 << 24)); }},
      {"v_mul_i32_i24 v6, v0, v2", [](u64 a, u64 b, u64) { return u64(s24(a) * s24(b)); }},
      {"v_mul_hi_i32_i24 v6, v0, v2", [](u64 a, u64 b, u64) { return u64(s24(a) * s24(b)) >> 32; }},
      {"v_mad_u32_u24 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return (a % (1 << 24)) * (b % (1 << 24)) + c; }},
      {"v_mad_i32_i24 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return u64(s24(a) * s24(b)) + c; }},
      {"v_mad_u64_u32 v[6:7], s[0:1], v0, v2, v[4:5]", [](u64 a, u64 b, u64 c) { return lo32(a) * lo32(b) + c; }, true},
      {"v_mad_i64_i32 v[6:7], s[0:1], v0, v2, v[4:5]", [](u64 a, u64 b, u64 c) { return u64(s32(a) * s32(b)) + c; }, true},
      {"v_and_b32 v6, v0, v2", [](u64 a, u64 b, u64) { return a & b; }},
      {"v_or_b32 v6, v0, v2", [](u64 a, u64 b, u64) { return a | b; }},
      {"v_xor_b32 v6, v0, v2", [](u64 a, u64 b, u64) { return a ^ b; }},
      {"v_xnor_b32 v6, v0, v2", [](u64 a, u64 b, u64) { return ~(a ^ b); }},
      {"v_not_b32 v6, v0", [](u64 a, u64, u64) { return ~a; }},
      {"v_and_or_b32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return (a & b) | c; }},
      {"v_or3_b32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return a | b | c; }},
      {"v_xad_u32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return (a ^ b) + c; }},
      {"v_lshl_or_b32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return (a << (b % 32)) | c; }},
      {"v_bfi_b32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return c ^ (a & (b ^ c)); }},
      {"v_alignbit_b32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return (lo32(a) << 32 | lo32(b)) >> (c % 32); }},
      {"v_alignbyte_b32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return (lo32(a) << 32 | lo32(b)) >> (c % 4 * 8); }},
      {"v_lshlrev_b32 v6, v0, v2", [](u64 a, u64 b, u64) { return b << (a % 32); }},
      {"v_lshrrev_b32 v6, v0, v2", [](u64 a, u64 b, u64) { return lo32(b) >> (a % 32); }},
      {"v_ashrrev_i32 v6, v0, v2", [](u64 a, u64 b, u64) { return u64(s32(b) >> (a % 32)); }},
      {"v_lshlrev_b64 v[6:7], v0, v[2:3]", [](u64 a, u64 b, u64) { return b << (a % 64); }, true},
      {"v_lshrrev_b64 v[6:7], v0, v[2:3]", [](u64 a, u64 b, u64) { return b >> (a % 64); }, true},
      {"v_ashrrev_i64 v[6:7], v0, v[2:3]", [](u64 a, u64 b, u64) { return u64(i64(b) >> (a % 64)); }, true},
      {"v_lshlrev_b16 v6, v0, v2", [](u64 a, u64 b, u64) { return lo16(b << (a % 16)); }},
      {"v_lshrrev_b16 v6, v0, v2", [](u64 a, u64 b, u64) { return lo16(b) >> (a % 16); }},
      {"v_ashrrev_i16 v6, v0, v2", [](u64 a, u64 b, u64) { return lo16(u64(s16(b) >> (a % 16))); }},
      {"v_bfe_u32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return (lo32(a) >> (b % 32)) % (u64{1} << (c % 32)); }},
      {"v_bfe_i32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) {
         // The shift is arithmetic: sign bits enter a field that reaches past bit 31.
         const unsigned width = c % 32;
         const u64 field = u64(s32(a) >> (b % 32)) % (u64{1} << width);
         return width != 0 && (field >> (width - 1) & 1) ? field - (u64{1} << width) : field; }},
      {"v_bfm_b32 v6, v0, v2", [](u64 a, u64 b, u64) { return ((u64{1} << (a % 32)) - 1) << (b % 32); }},
      {"v_bfrev_b32 v6, v0", [](u64 a, u64, u64) { u64 r = 0; for (int i = 0; i < 32; ++i) r |= (a >> i & 1) << (31 - i); return r; }},
      {"v_bcnt_u32_b32 v6, v0, v2", [](u64 a, u64 b, u64) { return u64(std::popcount(lo32(a))) + b; }},
      {"v_ffbh_u32 v6, v0", [](u64 a, u64, u64) { return lo32(a) == 0 ? ~u64{0} : u64(std::countl_zero(uint32_t(a))); }},
      {"v_ffbl_b32 v6, v0", [](u64 a, u64, u64) { return lo32(a) == 0 ? ~u64{0} : u64(std::countr_zero(uint32_t(a))); }},
      {"v_ffbh_i32 v6, v0", [](u64 a, u64, u64) {
         const uint32_t x = s32(a) < 0 ? ~uint32_t(a) : uint32_t(a);
         return x == 0 ? ~u64{0} : u64(std::countl_zero(x)); }},
      {"v_min_u32 v6, v0, v2", [](u64 a, u64 b, u64) { return std::min(lo32(a), lo32(b)); }},
      {"v_max_i32 v6, v0, v2", [](u64 a, u64 b, u64) { return u64(std::max(s32(a), s32(b))); }},
      {"v_min3_i32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return u64(std::min({s32(a), s32(b), s32(c)})); }},
      {"v_max3_u32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return std::max({lo32(a), lo32(b), lo32(c)}); }},
      {"v_med3_i32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { i64 x[] = {s32(a), s32(b), s32(c)}; std::sort(x, x + 3); return u64(x[1]); }},
      {"v_med3_u32 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { u64 x[] = {lo32(a), lo32(b), lo32(c)}; std::sort(x, x + 3); return x[1]; }},
      {"v_add_u16 v6, v0, v2", [](u64 a, u64 b, u64) { return lo16(a + b); }},
      {"v_sub_u16 v6, v0, v2 clamp", [](u64 a, u64 b, u64) { return lo16(a) > lo16(b) ? lo16(a) - lo16(b) : 0; }},
      {"v_mul_lo_u16 v6, v0, v2", [](u64 a, u64 b, u64) { return lo16(a * b); }},
      {"v_max_i16 v6, v0, v2", [](u64 a, u64 b, u64) { return lo16(u64(std::max(s16(a), s16(b)))); }},
      {"v_min_u16 v6, v0, v2", [](u64 a, u64 b, u64) { return std::min(lo16(a), lo16(b)); }},
      {"v_mad_u32_u16 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return lo16(a) * lo16(b) + c; }},
      {"v_mad_i32_i16 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) { return u64(s16(a) * s16(b)) + c; }},
      {"v_sad_u8 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) {
         for (int i = 0; i < 32; i += 8) c += u64(std::abs(int(a >> i & 255) - int(b >> i & 255)));
         return c; }},
      {"v_msad_u8 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) {
         for (int i = 0; i < 32; i += 8)
           if ((b >> i & 255) != 0) c += u64(std::abs(int(a >> i & 255) - int(b >> i & 255)));
         return c; }},
      {"v_lerp_u8 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) {
         u64 r = 0;
         for (int i = 0; i < 32; i += 8) r |= ((a >> i & 255) + (b >> i & 255) + (c >> i & 1)) / 2 << i;
         return r; }},
      {"v_mov_b32 v6, 0\nv_add_i16 v6, v0, v2 clamp", [](u64 a, u64 b, u64) { return lo16(u64(clamp(s16(a) + s16(b), -32768, 32767))); }},
      {"v_mov_b32 v6, 0\nv_sub_i16 v6, v0, v2 clamp", [](u64 a, u64 b, u64) { return lo16(u64(clamp(s16(a) - s16(b), -32768, 32767))); }},
      {"v_dot8_u32_u4 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) {
         for (int i = 0; i < 32; i += 4) c += (a >> i & 15) * (b >> i & 15);
         return c; }},
      {"v_dot8_i32_i4 v6, v0, v2, v4 clamp", [](u64 a, u64 b, u64 c) {
         i64 sum = s32(c);
         const auto nibble = [](u64 x, int i) { return i64(x >> i & 7) - i64(x >> i & 8); };
         for (int i = 0; i < 32; i += 4) sum += nibble(a, i) * nibble(b, i);
         return u64(clamp(sum, INT32_MIN, INT32_MAX)); }},
      {"v_mov_b32 v6, v4\nv_dot8c_i32_i4 v6, v0, v2", [](u64 a, u64 b, u64 c) {
         const auto nibble = [](u64 x, int i) { return i64(x >> i & 7) - i64(x >> i & 8); };
         for (int i = 0; i < 32; i += 4) c += u64(nibble(a, i) * nibble(b, i));
         return c; }},
      {"v_dot4_u32_u8 v6, v0, v2, v4 clamp", [](u64 a, u64 b, u64 c) {
         u64 sum = lo32(c);
         for (int i = 0; i < 32; i += 8) sum += (a >> i & 255) * (b >> i & 255);
         return std::min<u64>(sum, 0xffff'ffff); }},
      {"v_dot4_i32_i8 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) {
         i64 sum = s32(c);
         for (int i = 0; i < 32; i += 8) sum += int8_t(a >> i) * int8_t(b >> i);
         return u64(sum); }},
      {"v_pk_add_u16 v6, v0, v2", [](u64 a, u64 b, u64) { return lo16(a + b) | lo16((a >> 16) + (b >> 16)) << 16; }},
      {"v_pk_mad_i16 v6, v0, v2, v4", [](u64 a, u64 b, u64 c) {
         return lo16(a * b + c) | lo16((a >> 16) * (b >> 16) + (c >> 16)) << 16; }},
      {"v_pk_add_i16 v6, v0, v2 clamp", [](u64 a, u64 b, u64) {
         return lo16(u64(clamp(s16(a) + s16(b), -32768, 32767))) |
                lo16(u64(clamp(s16(a >> 16) + s16(b >> 16), -32768, 32767))) << 16; }},
      {"v_pk_lshlrev_b16 v6, v0, v2", [](u64 a, u64 b, u64) { return lo16(b << (a % 16)) | lo16((b >> 16) << ((a >> 16) % 16)) << 16; }},
      {"v_pk_max_i16 v6, v0, v2", [](u64 a, u64 b, u64) {
         return lo16(u64(std::max(s16(a), s16(b)))) | lo16(u64(std::max(s16(a >> 16), s16(b >> 16)))) << 16; }},
  };
  return list;
}

class Integer : public testing::TestWithParam<HostIsa> {};

TEST_P(Integer, MatchesWideArithmetic) {
  std::mt19937_64 random(11);
  const u64 specials[] = {0,
                          1,
                          2,
                          31,
                          32,
                          33,
                          63,
                          0x7f,
                          0x80,
                          0xff,
                          0x7fff,
                          0x8000,
                          0xffff,
                          0x7fff'ffff,
                          0x8000'0000,
                          0xffff'ffff,
                          0x7fff'ffff'ffff'ffff,
                          0x8000'0000'0000'0000,
                          ~u64{0}};
  for (const Case& c : cases()) {
    AsmOptions options;
    options.isa = GetParam();
    AsmWave wave(c.text, options);
    for (int batch = 0; batch < 8; ++batch) {
      u64 in[3][kLanes];
      for (unsigned k = 0; k < 3; ++k) {
        LaneValues low, high;
        for (unsigned i = 0; i < kLanes; ++i) {
          in[k][i] = random() % 3 == 0 ? specials[random() % std::size(specials)]
                                       : random() >> random() % 64;
          low[i] = uint32_t(in[k][i]);
          high[i] = uint32_t(in[k][i] >> 32);
        }
        wave.set_v(2 * k, low).set_v(2 * k + 1, high);
      }
      wave.run();
      for (unsigned i = 0; i < kLanes; ++i) {
        const u64 want = c.want(in[0][i], in[1][i], in[2][i]);
        ASSERT_EQ(c.wide ? wave.v64(6, i) : wave.v(6, i), c.wide ? want : lo32(want))
            << c.text << std::hex << " of " << in[0][i] << " " << in[1][i] << " " << in[2][i];
      }
    }
    ASSERT_EQ(wave.findings(), "") << c.text;
  }
}
INSTANTIATE_TEST_SUITE_P(HostIsa, Integer, testing::ValuesIn(supported_host_isas()),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST(Carry, AddAndSubtractChainsReachSixtyFourBits) {
  std::mt19937_64 random(2);
  AsmWave wave(R"(
    v_add_co_u32 v4, vcc, v0, v2
    v_addc_co_u32 v5, vcc, v1, v3, vcc
    v_sub_co_u32 v6, s[0:1], v0, v2
    v_subb_co_u32 v7, s[2:3], v1, v3, s[0:1]
    v_mad_u64_u32 v[8:9], s[4:5], v0, v1, v[2:3]
  )");
  LaneValues w[4];
  for (auto& lanes : w)
    for (uint32_t& x : lanes) x = random() % 4 == 0 ? 0xffff'ffff : uint32_t(random());
  for (unsigned k = 0; k < 4; ++k) wave.set_v(k, w[k]);
  wave.run();
  u64 carry = 0, borrow = 0, over = 0;
  for (unsigned i = 0; i < kLanes; ++i) {
    const u64 a = w[0][i] | u64(w[1][i]) << 32, b = w[2][i] | u64(w[3][i]) << 32;
    EXPECT_EQ(wave.v64(4, i), a + b);
    EXPECT_EQ(wave.v64(6, i), a - b);
    carry |= u64((u128(a) + b) >> 64 != 0) << i;
    borrow |= u64(a < b) << i;
    over |= u64((u128(w[0][i]) * w[1][i] + b) >> 64 != 0) << i;
  }
  EXPECT_EQ(wave.s64(kVcc), carry);
  EXPECT_EQ(wave.s64(2), borrow);
  EXPECT_EQ(wave.s64(4), over);
}

// op_sel[0] picks the dword of the first source that becomes the low result, op_sel[1] the second's
// for the high one. Compilers copy pairs with [0,1] and swap them with [1,0].
TEST(PackedMove, OpSelPicksDwords) {
  for (const auto& [modifier, want] : std::initializer_list<std::pair<const char*, u64>>{
           {"op_sel:[0,1]", 0x4444'4444'1111'1111},
           {"op_sel:[1,0]", 0x3333'3333'2222'2222},
           {"op_sel:[1,1]", 0x4444'4444'2222'2222},
           {"op_sel:[0,0]", 0x3333'3333'1111'1111}}) {
    AsmWave wave(std::string("v_pk_mov_b32 v[4:5], v[0:1], v[2:3] ") + modifier);
    wave.set_v64(0, 0x2222'2222'1111'1111).set_v64(2, 0x4444'4444'3333'3333).run();
    EXPECT_EQ(wave.v64(4), want) << modifier;
    EXPECT_EQ(wave.v_poison(4) | wave.v_poison(5), 0u);
  }
  AsmWave half("v_pk_mov_b32 v[4:5], v[0:1], v[6:7] op_sel:[0,1]");
  half.set_v64(0, 5).run();
  EXPECT_EQ(half.v_poison(4), 0u);
  EXPECT_EQ(half.v_poison(5), ~0u);
}

// Four sums of absolute differences at four byte positions; the masked form skips reference bytes
// that are 0.
TEST(Sad, FourPositions) {
  std::mt19937_64 random(3);
  AsmWave wave(
      "v_qsad_pk_u16_u8 v[6:7], v[0:1], v2, v[4:5]\n"
      "v_mqsad_pk_u16_u8 v[8:9], v[0:1], v2, v[4:5]");
  for (int round = 0; round < 50; ++round) {
    const u64 a = random(), c = random();
    const uint32_t b = uint32_t(random()) & (round % 2 ? 0x00ff'00ff : ~0u);
    wave.set_v64(0, a).set_v(2, b).set_v64(4, c).run();
    u64 plain = 0, masked = 0;
    for (unsigned i = 0; i < 4; ++i) {
      int all = 0, some = 0;
      for (unsigned k = 0; k < 4; ++k) {
        const int x = int(a >> 8 * (i + k) & 255), y = int(b >> 8 * k & 255);
        all += std::abs(x - y);
        some += y != 0 ? std::abs(x - y) : 0;
      }
      plain |= lo16((c >> 16 * i) + u64(all)) << 16 * i;
      masked |= lo16((c >> 16 * i) + u64(some)) << 16 * i;
    }
    ASSERT_EQ(wave.v64(6), plain);
    ASSERT_EQ(wave.v64(8), masked);
  }
}

// v_perm_b32: 0-3 bytes of S1, 4-7 of S0, 8-11 signs of bytes 1, 3, 5, 7, 12 zero, 13 and up ones.
TEST(Permute, Selectors) {
  AsmWave wave("v_perm_b32 v3, v0, v1, v2");
  wave.set_v(0, 0x8877'6655).set_v(1, 0x4433'a211);
  for (const auto& [selector, want] :
       std::initializer_list<std::pair<uint32_t, uint32_t>>{{0x0302'0100, 0x4433'a211},
                                                            {0x0706'0504, 0x8877'6655},
                                                            {0x0c0d'0c0d, 0x00ff'00ff},
                                                            {0x0b0a'0908, 0xff00'00ff},
                                                            {0x0004'0703, 0x1155'8844}}) {
    wave.set_v(2, selector).run();
    EXPECT_EQ(wave.v(3), want) << std::hex << selector;
  }
}

TEST(Bitop3, EveryTruthTable) {  // gfx950
  for (unsigned table = 0; table < 256; ++table) {
    AsmOptions options;
    options.arch = Arch::kGfx950;
    AsmWave wave("v_bitop3_b32 v3, v0, v1, v2 bitop3:" + std::to_string(table), options);
    // These three values run through all combinations: the result is the table itself.
    wave.set_v(0, 0xf0).set_v(1, 0xcc).set_v(2, 0xaa).run();
    EXPECT_EQ(wave.v(3) & 0xff, table);
  }
}

TEST(Compare, WritesZeroForInactiveLanesAndExecForCmpx) {
  AsmOptions options;
  options.exec = 0x0f0f;
  AsmWave wave(R"(
    v_cmp_gt_u32 vcc, v0, v1
    v_cmp_ne_u32 s[0:1], v0, v1
    v_cmpx_lt_u32 vcc, v0, v2
  )",
               options);
  LaneValues ramp, three;
  for (unsigned i = 0; i < kLanes; ++i) ramp[i] = i;
  three.fill(3);
  wave.set_v(0, ramp).set_v(1, three).set_v(2, 10).run();
  EXPECT_EQ(wave.s64(0), 0x0f07u);
  EXPECT_EQ(wave.s64(kVcc), 0x030fu);  // the last compare's
  EXPECT_EQ(wave.exec(), 0x030fu);
}

TEST(Compare, ClassMask) {
  // One lane per class, in order of the mask's bits.
  const uint32_t values[] = {0x7f80'0001, 0x7fc0'0000, 0xff80'0000, 0xbf80'0000, 0x8000'0001,
                             0x8000'0000, 0x0000'0000, 0x0000'0001, 0x3f80'0000, 0x7f80'0000};
  LaneValues lanes{};
  std::copy(std::begin(values), std::end(values), lanes.begin());
  for (unsigned bit = 0; bit < 10; ++bit) {
    AsmOptions options;
    options.exec = 0x3ff;
    AsmWave wave("v_cmp_class_f32 s[0:1], v0, v1", options);
    wave.set_v(0, lanes).set_v(1, 1u << bit).run();
    EXPECT_EQ(wave.s64(0), u64{1} << bit);
  }
}

}  // namespace
}  // namespace wavefuzz::sim
