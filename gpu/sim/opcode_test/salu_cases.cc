// Scalar ALU: results and SCC.
#include <fmt/format.h>

#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

using X = Scalars;
u64 low(unsigned bits) { return bits >= 64 ? ~u64{0} : (u64{1} << bits) - 1; }
i64 as_signed(u64 x, unsigned bits) { return i64(x << (64 - bits)) >> (64 - bits); }

// SCC is "the result is not 0".
template <typename F>
std::function<u64(X&)> nonzero(unsigned bits, F f) {
  return [=](X& x) {
    const u64 r = u64(f(x.a, x.b)) & low(bits);
    x.scc = r != 0;
    return r;
  };
}
template <typename F>
std::function<u64(X&)> keeps_scc(F f) {
  return [=](X& x) { return u64(f(x.a, x.b)); };
}
template <typename F>
std::function<u64(X&)> compare(F f) {
  return [=](X& x) {
    x.scc = f(x.a, x.b);
    return u64{0};
  };
}
u64 bitfield(u64 a, u64 b, unsigned bits, bool is_signed) {
  const unsigned offset = b & (bits - 1), width = b >> 16 & 0x7f;
  const i128 value = is_signed ? i128(as_signed(a, bits)) : i128(a & low(bits));
  const i128 rest = value >> offset;
  if (width == 0) return 0;
  if (width >= bits) return u64(rest);
  const u64 field = u64(rest) & low(width);
  return is_signed ? u64(as_signed(field, width)) : field;
}
// The first bit unlike the sign, counted from the top.
u64 first_unlike_sign(u64 a, unsigned bits) {
  for (unsigned i = 1; i < bits; ++i)
    if ((a >> (bits - 1 - i) & 1) != (a >> (bits - 1) & 1)) return i;
  return ~u64{0};
}
u64 quads(u64 a, unsigned bits, bool whole) {
  u64 r = 0;
  for (unsigned i = 0; i < bits; i += 4) {
    if ((a >> i & 15) == 0) continue;
    r |= whole ? u64{15} << i : u64{1} << i / 4;
  }
  return r;
}

}  // namespace

void add_salu_cases(Cases& cases) {
  const auto s = [&](const std::string& name, unsigned result, std::vector<unsigned> sources,
                     std::function<u64(X&)> want) {
    cases.push_back(scalar_case({name, result, std::move(sources), std::move(want)}));
  };
  const auto imm = [](u64 k) { return u64(int16_t(k)); };

  // Moves and selects leave SCC alone.
  s("s_mov_b32", 32, {32}, keeps_scc([](u64 a, u64) { return a; }));
  s("s_mov_b64", 64, {64}, keeps_scc([](u64 a, u64) { return a; }));
  s("s_cmov_b32", 32, {32}, [](X& x) { return x.scc ? x.a : x.old; });
  s("s_cmov_b64", 64, {64}, [](X& x) { return x.scc ? x.a : x.old; });
  s("s_movk_i32", 32, {16}, keeps_scc([=](u64 k, u64) { return imm(k); }));
  s("s_cmovk_i32", 32, {16}, [=](X& x) { return x.scc ? imm(x.a) : x.old; });
  s("s_cselect_b32", 32, {32, 32}, [](X& x) { return x.scc ? x.a : x.b; });
  s("s_cselect_b64", 64, {64, 64}, [](X& x) { return x.scc ? x.a : x.b; });

  // Unsigned: carry or borrow; signed: overflow.
  s("s_add_u32", 32, {32, 32}, [](X& x) {
    const u64 r = x.a + x.b;
    x.scc = r >> 32;
    return r;
  });
  s("s_sub_u32", 32, {32, 32}, [](X& x) {
    x.scc = x.b > x.a;
    return x.a - x.b;
  });
  s("s_addc_u32", 32, {32, 32}, [](X& x) {
    const u64 r = x.a + x.b + x.scc;
    x.scc = r >> 32;
    return r;
  });
  s("s_subb_u32", 32, {32, 32}, [](X& x) {
    const u64 r = x.a - x.b - x.scc;
    x.scc = x.b + x.scc > x.a;
    return r;
  });
  const auto overflow = [](X& x, i64 exact) {
    x.scc = exact != s32(u64(exact));
    return u64(exact);
  };
  s("s_add_i32", 32, {32, 32}, [=](X& x) { return overflow(x, s32(x.a) + s32(x.b)); });
  s("s_sub_i32", 32, {32, 32}, [=](X& x) { return overflow(x, s32(x.a) - s32(x.b)); });
  s("s_addk_i32", 32, {16}, [=](X& x) { return overflow(x, s32(x.old) + i64(imm(x.a))); });
  s("s_mulk_i32", 32, {16}, [=](X& x) { return x.old * imm(x.a); });
  s("s_mul_i32", 32, {32, 32}, keeps_scc([](u64 a, u64 b) { return a * b; }));
  s("s_mul_hi_u32", 32, {32, 32}, keeps_scc([](u64 a, u64 b) { return a * b >> 32; }));
  s("s_mul_hi_i32", 32, {32, 32},
    keeps_scc([](u64 a, u64 b) { return u64(s32(a) * s32(b)) >> 32; }));
  // SCC: the first source is the result.
  s("s_min_u32", 32, {32, 32}, [](X& x) { return x.scc = x.a < x.b, std::min(x.a, x.b); });
  s("s_min_i32", 32, {32, 32},
    [](X& x) { return x.scc = s32(x.a) < s32(x.b), u64(std::min(s32(x.a), s32(x.b))); });
  s("s_max_u32", 32, {32, 32}, [](X& x) { return x.scc = x.a >= x.b, std::max(x.a, x.b); });
  s("s_max_i32", 32, {32, 32},
    [](X& x) { return x.scc = s32(x.a) >= s32(x.b), u64(std::max(s32(x.a), s32(x.b))); });
  s("s_abs_i32", 32, {32}, nonzero(32, [](u64 a, u64) { return s32(a) < 0 ? -s32(a) : s32(a); }));
  // The difference's low 32 bits, then its absolute value.
  s("s_absdiff_i32", 32, {32, 32}, nonzero(32, [](u64 a, u64 b) {
      const i64 d = s32(a - b);
      return d < 0 ? -d : d;
    }));
  for (unsigned n = 1; n <= 4; ++n)
    s(fmt::format("s_lshl{}_add_u32", n), 32, {32, 32}, [=](X& x) {
      const u64 r = (x.a << n) + x.b;
      x.scc = r >> 32 != 0;
      return r;
    });
  s("s_sext_i32_i8", 32, {32}, keeps_scc([](u64 a, u64) { return s8(a); }));
  s("s_sext_i32_i16", 32, {32}, keeps_scc([](u64 a, u64) { return s16(a); }));

  for (const unsigned bits : {32u, 64u}) {
    const std::string b = std::to_string(bits);
    const auto logic = [&](const char* name, u64 (*f)(u64, u64)) {
      s(fmt::format("s_{}_b{}", name, bits), bits, {bits, bits}, nonzero(bits, f));
    };
    logic("and", [](u64 x, u64 y) { return x & y; });
    logic("or", [](u64 x, u64 y) { return x | y; });
    logic("xor", [](u64 x, u64 y) { return x ^ y; });
    logic("andn2", [](u64 x, u64 y) { return x & ~y; });
    logic("orn2", [](u64 x, u64 y) { return x | ~y; });
    logic("nand", [](u64 x, u64 y) { return ~x | ~y; });
    logic("nor", [](u64 x, u64 y) { return ~x & ~y; });
    logic("xnor", [](u64 x, u64 y) { return (x & y) | (~x & ~y); });
    s("s_not_b" + b, bits, {bits}, nonzero(bits, [](u64 x, u64) { return ~x; }));
    s("s_lshl_b" + b, bits, {bits, 32}, nonzero(bits, [=](u64 x, u64 n) { return x << n % bits; }));
    s("s_lshr_b" + b, bits, {bits, 32}, nonzero(bits, [=](u64 x, u64 n) { return x >> n % bits; }));
    s("s_ashr_i" + b, bits, {bits, 32},
      nonzero(bits, [=](u64 x, u64 n) { return as_signed(x, bits) >> n % bits; }));
    s("s_bfm_b" + b, bits, {32, 32},
      keeps_scc([=](u64 x, u64 y) { return low(x % bits) << y % bits; }));
    s("s_bfe_u" + b, bits, {bits, 32},
      nonzero(bits, [=](u64 x, u64 y) { return bitfield(x, y, bits, false); }));
    s("s_bfe_i" + b, bits, {bits, 32},
      nonzero(bits, [=](u64 x, u64 y) { return bitfield(x, y, bits, true); }));
    s("s_brev_b" + b, bits, {bits}, keeps_scc([=](u64 x, u64) { return reversed(x, bits); }));
    s("s_bcnt0_i32_b" + b, 32, {bits},
      nonzero(32, [=](u64 x, u64) { return bits - ones(x & low(bits)); }));
    s("s_bcnt1_i32_b" + b, 32, {bits}, nonzero(32, [=](u64 x, u64) { return ones(x); }));
    s("s_ff0_i32_b" + b, 32, {bits}, keeps_scc([=](u64 x, u64) {
        x = ~x & low(bits);
        return x == 0 ? ~u64{0} : trailing_zeros(x, bits);
      }));
    s("s_ff1_i32_b" + b, 32, {bits},
      keeps_scc([=](u64 x, u64) { return x == 0 ? ~u64{0} : trailing_zeros(x, bits); }));
    s("s_flbit_i32_b" + b, 32, {bits},
      keeps_scc([=](u64 x, u64) { return x == 0 ? ~u64{0} : leading_zeros(x, bits); }));
    s(bits == 32 ? "s_flbit_i32" : "s_flbit_i32_i64", 32, {bits},
      keeps_scc([=](u64 x, u64) { return first_unlike_sign(x, bits); }));
    s("s_quadmask_b" + b, bits, {bits},
      nonzero(bits, [=](u64 x, u64) { return quads(x, bits, false); }));
    s("s_wqm_b" + b, bits, {bits}, nonzero(bits, [=](u64 x, u64) { return quads(x, bits, true); }));
    s("s_bitset0_b" + b, bits, {32}, [=](X& x) { return x.old & ~(u64{1} << x.a % bits); });
    s("s_bitset1_b" + b, bits, {32}, [=](X& x) { return x.old | u64{1} << x.a % bits; });
    s("s_bitcmp0_b" + b, 0, {bits, 32},
      compare([=](u64 x, u64 y) { return !(x >> y % bits & 1); }));
    s("s_bitcmp1_b" + b, 0, {bits, 32}, compare([=](u64 x, u64 y) { return x >> y % bits & 1; }));
  }
  s("s_bitreplicate_b64_b32", 64, {32}, keeps_scc([](u64 a, u64) {
      u64 r = 0;
      for (unsigned i = 0; i < 32; ++i) r |= (a >> i & 1) * 3 << 2 * i;
      return r;
    }));
  s("s_pack_ll_b32_b16", 32, {32, 32},
    keeps_scc([](u64 a, u64 b) { return u16(a) | u16(b) << 16; }));
  s("s_pack_lh_b32_b16", 32, {32, 32},
    keeps_scc([](u64 a, u64 b) { return u16(a) | b >> 16 << 16; }));
  s("s_pack_hh_b32_b16", 32, {32, 32},
    keeps_scc([](u64 a, u64 b) { return a >> 16 | b >> 16 << 16; }));

  // Compares, also with an immediate: sign-extended for i32, zero-extended for u32.
  struct Relation {
    const char* name;
    bool (*holds)(i64 a, i64 b);
  };
  for (const Relation& r : {Relation{"eq", [](i64 a, i64 b) { return a == b; }},
                            Relation{"lg", [](i64 a, i64 b) { return a != b; }},
                            Relation{"gt", [](i64 a, i64 b) { return a > b; }},
                            Relation{"ge", [](i64 a, i64 b) { return a >= b; }},
                            Relation{"lt", [](i64 a, i64 b) { return a < b; }},
                            Relation{"le", [](i64 a, i64 b) { return a <= b; }}}) {
    const auto holds = r.holds;
    s(fmt::format("s_cmp_{}_i32", r.name), 0, {32, 32},
      compare([=](u64 a, u64 b) { return holds(s32(a), s32(b)); }));
    s(fmt::format("s_cmp_{}_u32", r.name), 0, {32, 32},
      compare([=](u64 a, u64 b) { return holds(i64(a), i64(b)); }));
    s(fmt::format("s_cmpk_{}_i32", r.name), 0, {32, 16},
      compare([=](u64 a, u64 b) { return holds(s32(a), s16(b)); }));
    s(fmt::format("s_cmpk_{}_u32", r.name), 0, {32, 16},
      compare([=](u64 a, u64 b) { return holds(i64(a), i64(b)); }));
  }
  s("s_cmp_eq_u64", 0, {64, 64}, compare([](u64 a, u64 b) { return a == b; }));
  s("s_cmp_lg_u64", 0, {64, 64}, compare([](u64 a, u64 b) { return a != b; }));

  // EXEC combined with a mask; the old EXEC, or for wrexec the new one, goes to the destination.
  struct Exec {
    const char* name;
    u64 (*combine)(u64 source, u64 exec);
  };
  for (const Exec& e : {Exec{"and_saveexec", [](u64 m, u64 exec) { return m & exec; }},
                        Exec{"or_saveexec", [](u64 m, u64 exec) { return m | exec; }},
                        Exec{"xor_saveexec", [](u64 m, u64 exec) { return m ^ exec; }},
                        Exec{"andn1_saveexec", [](u64 m, u64 exec) { return ~m & exec; }},
                        Exec{"andn2_saveexec", [](u64 m, u64 exec) { return m & ~exec; }},
                        Exec{"orn1_saveexec", [](u64 m, u64 exec) { return ~m | exec; }},
                        Exec{"orn2_saveexec", [](u64 m, u64 exec) { return m | ~exec; }},
                        Exec{"nand_saveexec", [](u64 m, u64 exec) { return ~(m & exec); }},
                        Exec{"nor_saveexec", [](u64 m, u64 exec) { return ~(m | exec); }},
                        Exec{"xnor_saveexec", [](u64 m, u64 exec) { return ~(m ^ exec); }},
                        Exec{"andn1_wrexec", [](u64 m, u64 exec) { return ~m & exec; }},
                        Exec{"andn2_wrexec", [](u64 m, u64 exec) { return m & ~exec; }}}) {
    const std::string name = fmt::format("s_{}_b64", e.name);
    const bool saves = name.find("saveexec") != std::string::npos;
    const auto combine = e.combine;
    cases.push_back(custom(name, [=](Probe& p) {
      for (const bool in_place : {false, true}) {
        const auto wave = p.wave(name + (in_place ? " s[0:1], s[0:1]" : " s[10:11], s[0:1]") +
                                 "\nv_mov_b32 v1, 7");
        for (int i = 0; i < 60; ++i) {
          const u64 mask = random_value(p.random(), kB64);
          u64 exec = random_value(p.random(), kB64);
          if (i % 5 == 0) exec = mask;
          wave->set_s64(10, 5).set_s64(0, mask).set_exec(exec).set_s(kScc, i & 1).set_v(1, 0);
          p.run(*wave);
          const u64 want = combine(mask, exec);
          p.equal(wave->exec(), want, exec, [&] { return name + ": EXEC"; });
          p.equal(wave->s64(in_place ? 0 : 10), saves ? exec : want, 5,
                  [&] { return name + ": destination"; });
          p.equal(wave->s(kScc), want != 0, 2, [&] { return name + ": SCC"; });
          for (unsigned lane = 0; lane < kLanes; ++lane)
            p.equal(wave->v(1, lane), want >> lane & 1 ? 7 : 0, 8,
                    [&] { return name + ": lanes"; });
        }
      }
    }));
  }

  // Relative SGPR addressing: M0 is added to the source's or the destination's number.
  for (const bool wide : {false, true})
    for (const bool source : {false, true}) {
      const std::string name = fmt::format("s_movrel{}_b{}", source ? "s" : "d", wide ? 64 : 32);
      cases.push_back(custom(name, [=](Probe& p) {
        const auto wave = p.wave(name + (wide ? " s[10:11], s[20:21]" : " s10, s20"));
        for (unsigned index = 0; index < 12; index += 2) {
          for (unsigned r = 10; r < 40; ++r) wave->set_s(r, 100 * index + r);
          wave->set_s(kM0, index).set_s(kScc, 1);
          p.run(*wave);
          const unsigned from = 20 + (source ? index : 0), to = 10 + (source ? 0 : index);
          for (unsigned d = 0; d < (wide ? 2u : 1u); ++d)
            p.equal(wave->s(to + d), 100 * index + from + d, 100 * index + to + d,
                    [&] { return fmt::format("{} M0 {}", name, index); });
        }
      }));
    }

  // MODE: fields of it are read and written, the rest stays.
  for (const bool immediate : {false, true}) {
    const std::string name = immediate ? "s_setreg_imm32_b32" : "s_setreg_b32";
    cases.push_back(custom(name, [=](Probe& p) {
      for (int i = 0; i < 12; ++i) {
        const unsigned first = unsigned(p.pick(10)), size = 1 + unsigned(p.pick(10 - first));
        const uint32_t value = uint32_t(p.random()()), start = uint32_t(p.pick(1024));
        const auto wave = p.wave(fmt::format(
            "s_setreg_b32 hwreg(HW_REG_MODE, 0, 10), s1\n{} hwreg(HW_REG_MODE, {}, {}), {}\n"
            "s_getreg_b32 s2, hwreg(HW_REG_MODE, 0, 10)",
            name, first, size, immediate ? fmt::format("{:#x}", value) : "s0"));
        wave->set_s(0, value).set_s(1, start).set_s(2, 0);
        p.run(*wave);
        const uint32_t mask = uint32_t(low(size)) << first;
        p.equal(wave->s(2), (start & ~mask) | (value << first & mask), start, [&] { return name; });
      }
    }));
  }
  cases.push_back(custom("s_getreg_b32", [](Probe& p) {
    for (int i = 0; i < 12; ++i) {
      const unsigned first = unsigned(p.pick(10)), size = 1 + unsigned(p.pick(10 - first));
      const uint32_t value = uint32_t(p.pick(1024));
      const auto wave =
          p.wave(fmt::format("s_setreg_b32 hwreg(HW_REG_MODE, 0, 10), s0\n"
                             "s_getreg_b32 s2, hwreg(HW_REG_MODE, {}, {})",
                             first, size));
      wave->set_s(0, value).set_s(2, 0xffff'ffff);
      p.run(*wave);
      p.equal(wave->s(2), value >> first & low(size), 0xffff'ffff, [] { return "s_getreg_b32"; });
    }
  }));
}

}  // namespace wavefuzz::sim::opcode
