// Logic, shifts, fields, byte permutations.
#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

u64 field(u64 a, u64 offset, u64 bits) { return (u32(a) >> offset % 32) % (u64{1} << bits % 32); }

// Selectors 0-7: a byte of {S0, S1}; 8-11: the sign of bytes 1, 3, 5, 7; 12: 0; above: ones.
u64 permute(u64 a, u64 b, u64 selector) {
  u64 r = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const u64 s = u8(selector >> 8 * i);
    const auto byte = [&](u64 n) { return u8(n < 4 ? b >> 8 * n : a >> 8 * (n - 4)); };
    u64 out = 0xff;
    if (s <= 7)
      out = byte(s);
    else if (s <= 11)
      out = byte(2 * (s - 8) + 1) >= 0x80 ? 0xff : 0;
    else if (s == 12)
      out = 0;
    r |= out << 8 * i;
  }
  return r;
}
u64 lookup3(u64 table, u64 a, u64 b, u64 c, unsigned bits) {
  u64 r = 0;
  for (unsigned i = 0; i < bits; ++i)
    r |= (table >> ((a >> i & 1) * 4 + (b >> i & 1) * 2 + (c >> i & 1)) & 1) << i;
  return r;
}

}  // namespace

void add_bit_cases(Cases& cases) {
  const auto v = [&](const char* name, Type result, std::vector<Type> sources, Want want) {
    return VectorCase{name, result, std::move(sources), std::move(want)};
  };
  const std::vector<Type> one = {kB32}, two = {kB32, kB32}, three = {kB32, kB32, kB32};
  std::vector<VectorCase> list = {
      v("v_and_b32", kB32, two, [](u64 a, u64 b) { return a & b; }),
      v("v_or_b32", kB32, two, [](u64 a, u64 b) { return a | b; }),
      v("v_xor_b32", kB32, two, [](u64 a, u64 b) { return a ^ b; }),
      v("v_xnor_b32", kB32, two, [](u64 a, u64 b) { return (a & b) | (~a & ~b); }),
      v("v_not_b32", kB32, one, [](u64 a) { return ~a; }),
      v("v_and_or_b32", kB32, three, [](u64 a, u64 b, u64 c) { return (a & b) | c; }),
      v("v_or3_b32", kB32, three, [](u64 a, u64 b, u64 c) { return a | b | c; }),
      v("v_xad_u32", kB32, three, [](u64 a, u64 b, u64 c) { return (a ^ b) + c; }),
      v("v_lshl_or_b32", kB32, three, [](u64 a, u64 b, u64 c) { return (a << b % 32) | c; }),
      v("v_bfi_b32", kB32, three, [](u64 a, u64 b, u64 c) { return c ^ (a & (b ^ c)); }),
      v("v_perm_b32", kB32, three, permute).shaped([](auto& random, u64* s) {
        if (random() % 4 != 0) s[2] &= 0x0f0f'0f0f;
      }),
      v("v_alignbit_b32", kB32, three, [](u64 a, u64 b, u64 c) { return (a << 32 | b) >> c % 32; }),
      v("v_alignbyte_b32", kB32, three,
        [](u64 a, u64 b, u64 c) { return (a << 32 | b) >> c % 4 * 8; }),
      v("v_lshlrev_b32", kB32, two, [](u64 a, u64 b) { return b << a % 32; }),
      v("v_lshrrev_b32", kB32, two, [](u64 a, u64 b) { return b >> a % 32; }),
      v("v_ashrrev_i32", kB32, two, [](u64 a, u64 b) { return s32(b) >> a % 32; }),
      v("v_lshlrev_b64", kB64, {kB32, kB64}, [](u64 a, u64 b) { return b << a % 64; }),
      v("v_lshrrev_b64", kB64, {kB32, kB64}, [](u64 a, u64 b) { return b >> a % 64; }),
      v("v_ashrrev_i64", kB64, {kB32, kB64}, [](u64 a, u64 b) { return i64(b) >> a % 64; }),
      v("v_bfe_u32", kB32, three, field),
      v("v_bfe_i32", kB32, three,
        // Past bit 31 the sign continues (LLVM's sbfe).
        [](u64 a, u64 b, u64 c) {
          const u64 f = u64(i64(s32(a)) >> b % 32) & ((u64{1} << c % 32) - 1);
          return c % 32 != 0 && f >= u64{1} << (c % 32 - 1) ? f - (u64{1} << c % 32) : f;
        }),
      v("v_bfm_b32", kB32, two, [](u64 a, u64 b) { return ((u64{1} << a % 32) - 1) << b % 32; }),
      v("v_bfrev_b32", kB32, one, [](u64 a) { return reversed(a, 32); }),
      v("v_bcnt_u32_b32", kB32, two, [](u64 a, u64 b) { return ones(a) + b; }),
      v("v_ffbh_u32", kB32, one, [](u64 a) { return a == 0 ? ~u64{0} : leading_zeros(a, 32); }),
      v("v_ffbl_b32", kB32, one, [](u64 a) { return a == 0 ? ~u64{0} : trailing_zeros(a, 32); }),
      // The first bit unlike the sign.
      v("v_ffbh_i32", kB32, one,
        [](u64 a) {
          for (unsigned i = 1; i < 32; ++i)
            if ((a >> (31 - i) & 1) != a >> 31) return u64(i);
          return ~u64{0};
        }),
  };
  for (const unsigned table : {0x00u, 0x01u, 0x1bu, 0x80u, 0xacu, 0xe8u, 0x96u, 0xffu}) {
    const std::string modifier = "bitop3:" + std::to_string(table);
    list.push_back(v("v_bitop3_b32", kB32, three,
                     [=](u64 a, u64 b, u64 c) { return lookup3(table, a, b, c, 32); })
                       .on950()
                       .text(modifier)
                       .constant());
    list.push_back(v("v_bitop3_b16", kB16, {kB16, kB16, kB16},
                     [=](u64 a, u64 b, u64 c) { return lookup3(table, a, b, c, 16); })
                       .on950()
                       .half()
                       .text(modifier)
                       .constant());
  }
  for (const VectorCase& c : list) cases.push_back(vector_case(c));

  // v_pk_mov_b32: op_sel picks the dword of the first source that the low dword of the result
  // gets, op_sel_hi's bit of the second that of the high one.
  cases.push_back(custom("v_pk_mov_b32", [](Probe& p) {
    for (unsigned set = 0; set < 4; ++set) {
      const bool first = set & 1, second = set & 2;
      const auto wave = p.wave(std::string("v_pk_mov_b32 v[10:11], v[0:1], v[2:3] op_sel:[") +
                               (first ? "1" : "0") + "," + (second ? "1" : "0") + "]");
      LaneValues in[4];
      for (unsigned r = 0; r < 4; ++r) {
        for (uint32_t& x : in[r]) x = uint32_t(p.random()());
        wave->set_v(r, in[r]);
      }
      wave->set_v(10, 1).set_v(11, 2);
      p.run(*wave);
      for (unsigned i = 0; i < kLanes; ++i) {
        p.equal(wave->v(10, i), in[first][i], 1, [&] { return "v_pk_mov_b32 low"; });
        p.equal(wave->v(11, i), in[2 + second][i], 2, [&] { return "v_pk_mov_b32 high"; });
      }
    }
  }));
}

}  // namespace wavefuzz::sim::opcode
