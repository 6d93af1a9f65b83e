// gfx950's conversions with a scale: v_cvt_scalef32_*. The scale is a power of two, the exponent of
// the last source; it divides on the way to a small format, multiplies on the way back.
#include <fmt/format.h>

#include "gpu/sim/opcode_test/int_math.h"
#include "gpu/sim/opcode_test/small_float.h"

namespace wavefuzz::sim::opcode {
namespace {

struct Wide {
  const char* name;
  const Fp& f;
};
const Wide kWides[] = {{"f32", kSingle}, {"f16", kHalf}, {"bf16", kBf16}};

// Exponent 0 counts as 2^-127; 255, which is NaN as E8M0, gives NaN.
double factor(u64 scale) {
  const int e = int(scale >> 23 & 255);
  return e == 255 ? std::nan("") : std::ldexp(1.0, e - 127);
}
double real(const Fp& f, u64 x) {
  if (f.nan(x)) return std::copysign(std::nan(""), x >> (f.bits - 1) ? -1.0 : 1.0);
  return f.real(x);
}
double divided(const Fp& f, u64 x, u64 scale) {  // a NaN has the value's sign
  return std::copysign(real(f, x) / factor(scale), real(f, x));
}
u64 down(const Small& s, const Fp& f, u64 x, u64 scale, bool saturate) {
  return s.encode(divided(f, x, scale), saturate);
}
u64 down(const Small& s, const Fp& f, u64 x, u64 scale, uint32_t random, bool saturate) {
  return s.encode_stochastic(divided(f, x, scale), random, saturate);
}
u64 up(const Small& s, const Fp& f, u64 code, u64 scale) {
  const double x = s.value(code) * factor(scale);
  if (std::isnan(x)) return f.default_nan();
  APFloat r(x);
  bool loses = false;
  r.convert(f.semantics, RoundingMode::NearestTiesToEven, &loses);
  return f.code(r);
}

struct Registers {
  LaneValues v[100];
  uint32_t mode;
};
// What the destination holds afterwards, of what it held before and the sources.
using Wanted = std::function<void(const Registers& r, unsigned lane, uint32_t* dst)>;
constexpr unsigned kDst = 60, kSeed = 50, kScale = 51;
constexpr uint32_t kSaturate = 1u << 23;

// `wide` and `small` say what sources hold: registers of the first as floats of that format.
void run(Probe& p, const std::string& line, const Fp* wide, unsigned sources, unsigned results,
         const Wanted& wanted) {
  const auto wave = p.wave("s_setreg_b32 hwreg(HW_REG_MODE), s50\n" + line);
  for (int batch = 0; batch < 6; ++batch) {
    Registers r;
    r.mode = 0xf0 | (p.pick(2) ? kSaturate : 0);
    for (unsigned i = 0; i < kLanes; ++i) {
      const u64 scale_exponent = p.pick(4) == 0 ? p.pick(256) : 100 + p.pick(50);
      r.v[kScale][i] = uint32_t(scale_exponent << 23 | (p.random()() & 0x807f'ffff));
      r.v[kSeed][i] = uint32_t(random_value(p.random(), kB32) << p.pick(24));
      for (unsigned k = 0; k < sources; ++k) {
        uint32_t x = uint32_t(p.random()());
        if (wide == &kSingle) {
          x = uint32_t(random_value(p.random(), kF32));
          if (p.pick(4) != 0)  // near the format's range after scaling
            x = (x & 0x807f'ffff) |
                uint32_t(std::clamp<i64>(i64(scale_exponent) - 20 + i64(p.pick(40)), 0, 254)) << 23;
          if (p.pick(2)) x &= 0xfff0'0000;
        } else if (wide == &kHalf) {
          x = uint32_t(random_value(p.random(), kPkF16));
        }
        r.v[k][i] = x;
      }
      for (unsigned d = 0; d < results; ++d) r.v[kDst + d][i] = uint32_t(p.random()());
    }
    for (unsigned k = 0; k < sources; ++k) wave->set_v(k, r.v[k]);
    for (unsigned k : {kSeed, kScale}) wave->set_v(k, r.v[k]);
    for (unsigned d = 0; d < results; ++d) wave->set_v(kDst + d, r.v[kDst + d]);
    wave->set_s(50, r.mode);
    const u64 exec = batch == 1 ? p.random()() : ~u64{0};
    wave->set_exec(exec);
    p.run(*wave);
    for (unsigned i = 0; i < kLanes && !p.failed(); ++i) {
      uint32_t dst[32];
      for (unsigned d = 0; d < results; ++d) dst[d] = r.v[kDst + d][i];
      if (exec >> i & 1) wanted(r, i, dst);
      for (unsigned d = 0; d < results; ++d)
        p.equal(wave->v(kDst + d, i), dst[d], r.v[kDst + d][i], [&] {
          return fmt::format(
              "{}\ndword {} lane {} of {:#x} {:#x} scale {:#x} seed {:#x} mode {:#x}", line, d, i,
              r.v[0][i], r.v[1][i], r.v[kScale][i], r.v[kSeed][i], r.mode);
        });
    }
  }
}
void put(uint32_t* dst, unsigned shift, unsigned bits, u64 value) {
  const uint32_t mask = bits == 32 ? ~0u : ((1u << bits) - 1) << shift;
  *dst = (*dst & ~mask) | (uint32_t(value) << shift & mask);
}
// Element k of a row of packed ones.
u64 element(const Registers& r, unsigned lane, unsigned bits, unsigned k) {
  u64 x = 0;
  for (unsigned b = 0; b < bits; ++b) {
    const unsigned at = k * bits + b;
    x |= u64(r.v[at / 32][lane] >> at % 32 & 1) << b;
  }
  return x;
}
void put_element(uint32_t* dst, unsigned bits, unsigned k, u64 value) {
  for (unsigned b = 0; b < bits; ++b) {
    const unsigned at = k * bits + b;
    dst[at / 32] = (dst[at / 32] & ~(1u << at % 32)) | uint32_t(value >> b & 1) << at % 32;
  }
}
std::string range(unsigned first, unsigned count) {
  return count == 1 ? fmt::format("v{}", first) : fmt::format("v[{}:{}]", first, first + count - 1);
}

}  // namespace

void add_scalef32_cases(Cases& cases) {
  const auto add = [&](const std::string& name, std::function<void(Probe&)> check) {
    cases.push_back(custom("v_cvt_scalef32_" + name, std::move(check)).on(kGfx950Only));
  };
  for (const Small& s : kSmall950) {
    const std::string small = s.name;
    for (const Wide& w : kWides) {
      const std::string wide = w.name;
      const Fp& f = w.f;
      const bool is_f32 = &f == &kSingle;
      if (s.bits == 8) {
        // One byte to one value, which f16 puts into a half.
        if (wide != "bf16")
          add(wide + "_" + small, [=, &s, &f](Probe& p) {
            for (unsigned set = 0; set < (is_f32 ? 4u : 8u); ++set) {
              const unsigned byte = set & 3, half = set >> 2;
              run(p,
                  fmt::format("v_cvt_scalef32_{}_{} v60, v0, v51 op_sel:[{},{},{}]", wide, small,
                              byte & 1, byte >> 1, half),
                  nullptr, 1, 1, [&](const Registers& r, unsigned i, uint32_t* dst) {
                    const u64 x = up(s, f, r.v[0][i] >> 8 * byte & 255, r.v[kScale][i]);
                    put(dst, 16 * half, f.bits, x);
                  });
            }
          });
        // A word's two bytes.
        add("pk_" + wide + "_" + small, [=, &s, &f](Probe& p) {
          for (unsigned word = 0; word < 2; ++word)
            run(p,
                fmt::format("v_cvt_scalef32_pk_{}_{} {}, v0, v51 op_sel:[{},0,0]", wide, small,
                            range(kDst, is_f32 ? 2 : 1), word),
                nullptr, 1, is_f32 ? 2 : 1, [&](const Registers& r, unsigned i, uint32_t* dst) {
                  for (unsigned k = 0; k < 2; ++k)
                    put_element(dst, f.bits, k,
                                up(s, f, r.v[0][i] >> (16 * word + 8 * k) & 255, r.v[kScale][i]));
                });
        });
        add("pk_" + small + "_" + wide, [=, &s, &f](Probe& p) {
          for (unsigned half = 0; half < 2; ++half)
            run(p,
                is_f32 ? fmt::format("v_cvt_scalef32_pk_{}_f32 v60, v0, v1, v51 op_sel:[0,0,0,{}]",
                                     small, half)
                       : fmt::format("v_cvt_scalef32_pk_{}_{} v60, v0, v51 op_sel:[0,0,{}]", small,
                                     wide, half),
                &f, is_f32 ? 2 : 1, 1, [&](const Registers& r, unsigned i, uint32_t* dst) {
                  for (unsigned k = 0; k < 2; ++k)
                    put(dst, 16 * half + 8 * k, 8,
                        down(s, f, element(r, i, f.bits, k), r.v[kScale][i], r.mode & kSaturate));
                });
        });
        add("sr_" + small + "_" + wide, [=, &s, &f](Probe& p) {
          for (unsigned byte = 0; byte < 4; ++byte)
            run(p,
                fmt::format("v_cvt_scalef32_sr_{}_{} v60, v0, v50, v51 op_sel:[0,0,{},{}]", small,
                            wide, byte & 1, byte >> 1),
                &f, 1, 1, [&](const Registers& r, unsigned i, uint32_t* dst) {
                  put(dst, 8 * byte, 8,
                      down(s, f, element(r, i, f.bits, 0), r.v[kScale][i], r.v[kSeed][i],
                           r.mode & kSaturate));
                });
        });
      } else if (s.bits == 4) {
        add("pk_" + wide + "_" + small, [=, &s, &f](Probe& p) {
          for (unsigned byte = 0; byte < 4; ++byte)
            run(p,
                fmt::format("v_cvt_scalef32_pk_{}_{} {}, v0, v51 op_sel:[{},{},0]", wide, small,
                            range(kDst, is_f32 ? 2 : 1), byte & 1, byte >> 1),
                nullptr, 1, is_f32 ? 2 : 1, [&](const Registers& r, unsigned i, uint32_t* dst) {
                  for (unsigned k = 0; k < 2; ++k)
                    put_element(dst, f.bits, k,
                                up(s, f, r.v[0][i] >> (8 * byte + 4 * k) & 15, r.v[kScale][i]));
                });
        });
        add("pk_" + small + "_" + wide, [=, &s, &f](Probe& p) {
          for (unsigned byte = 0; byte < 4; ++byte)
            run(p,
                fmt::format("v_cvt_scalef32_pk_{}_{} v60, {}, v51 op_sel:[0,0,{},{}]", small, wide,
                            is_f32 ? "v0, v1" : "v0", byte & 1, byte >> 1),
                &f, is_f32 ? 2 : 1, 1, [&](const Registers& r, unsigned i, uint32_t* dst) {
                  for (unsigned k = 0; k < 2; ++k)
                    put(dst, 8 * byte + 4 * k, 4,
                        down(s, f, element(r, i, f.bits, k), r.v[kScale][i], true));
                });
        });
        add("sr_pk_" + small + "_" + wide, [=, &s, &f](Probe& p) {
          for (unsigned byte = 0; byte < 4; ++byte)
            run(p,
                fmt::format("v_cvt_scalef32_sr_pk_{}_{} v60, {}, v50, v51 op_sel:[0,0,{},{}]",
                            small, wide, range(0, is_f32 ? 2 : 1), byte & 1, byte >> 1),
                &f, is_f32 ? 2 : 1, 1, [&](const Registers& r, unsigned i, uint32_t* dst) {
                  for (unsigned k = 0; k < 2; ++k)
                    put(dst, 8 * byte + 4 * k, 4,
                        down(s, f, element(r, i, f.bits, k), r.v[kScale][i], r.v[kSeed][i], true));
                });
        });
      } else {
        const unsigned dwords = is_f32 ? 32 : 16;
        add("pk32_" + wide + "_" + small, [=, &s, &f](Probe& p) {
          run(p,
              fmt::format("v_cvt_scalef32_pk32_{}_{} {}, v[0:5], v51", wide, small,
                          range(kDst, dwords)),
              nullptr, 6, dwords, [&](const Registers& r, unsigned i, uint32_t* dst) {
                for (unsigned k = 0; k < 32; ++k)
                  put_element(dst, f.bits, k, up(s, f, element(r, i, 6, k), r.v[kScale][i]));
              });
        });
        // From two groups of 16 f32 their elements alternate.
        add((is_f32 ? "2xpk16_" : "pk32_") + small + "_" + wide, [=, &s, &f](Probe& p) {
          run(p,
              is_f32 ? fmt::format("v_cvt_scalef32_2xpk16_{}_f32 v[60:65], v[0:15], v[16:31], v51",
                                   small)
                     : fmt::format("v_cvt_scalef32_pk32_{}_{} v[60:65], v[0:15], v51", small, wide),
              &f, dwords, 6, [&](const Registers& r, unsigned i, uint32_t* dst) {
                for (unsigned k = 0; k < 32; ++k) {
                  const unsigned from = is_f32 ? k / 2 + 16 * (k % 2) : k;
                  put_element(dst, 6, k,
                              down(s, f, element(r, i, f.bits, from), r.v[kScale][i], true));
                }
              });
        });
        add("sr_pk32_" + small + "_" + wide, [=, &s, &f](Probe& p) {
          run(p,
              fmt::format("v_cvt_scalef32_sr_pk32_{}_{} v[60:65], {}, v50, v51", small, wide,
                          range(0, dwords)),
              &f, dwords, 6, [&](const Registers& r, unsigned i, uint32_t* dst) {
                for (unsigned k = 0; k < 32; ++k)
                  put_element(
                      dst, 6, k,
                      down(s, f, element(r, i, f.bits, k), r.v[kScale][i], r.v[kSeed][i], true));
              });
        });
      }
    }
  }
}

}  // namespace wavefuzz::sim::opcode
