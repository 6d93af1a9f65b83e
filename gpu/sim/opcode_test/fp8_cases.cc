// FP8 conversions: FNUZ on gfx942, OCP on gfx950. Nearest even whatever MODE says; what overflows
// follows FP16_OVFL.
#include <fmt/format.h>

#include "gpu/sim/opcode_test/int_math.h"
#include "gpu/sim/opcode_test/small_float.h"

namespace wavefuzz::sim::opcode {
namespace {

double real(u64 x) { return __builtin_bit_cast(float, uint32_t(x)); }
// NaN codes decode to the default NaN with the code's sign, unsigned where the format is.
u64 decoded(const Small& f, u64 code) {
  if (f.is_nan(code)) return 0x7fc0'0000 | (f.signed_specials ? (code & 0x80) << 24 : 0);
  return __builtin_bit_cast(uint32_t, float(f.value(code)));
}
void into_range(std::mt19937_64& random, u64* s, unsigned sources) {
  for (unsigned k = 0; k < sources; ++k)
    if (random() % 4 != 0) {
      s[k] = (s[k] & 0x807f'ffff) | (100 + random() % 50) << 23;
      if (random() % 2) s[k] &= 0xfff0'0000;  // ties
    }
}

}  // namespace

void add_fp8_cases(Cases& cases) {
  for (const bool is950 : {false, true}) {
    const Small* formats = is950 ? kSmall950 : kSmall942;
    const ArchSet arches = is950 ? kGfx950Only : kGfx942Only;
    for (unsigned k = 0; k < 2; ++k) {
      const Small& f = formats[k];
      const std::string name = f.name;
      VectorCase pack{"v_cvt_pk_" + name + "_f32", kB16, {kF32, kF32}, [&f](Lane& x) {
                        const bool saturate = x.mode.bits >> 23 & 1;
                        return f.encode(real(x.a), saturate) | f.encode(real(x.b), saturate) << 8;
                      }};
      pack.arches = arches;
      pack.keeps_half = pack.modes = true;
      pack.shape = [](auto& random, u64* s) { into_range(random, s, 2); };
      // op_sel[2], the bit after the sources', picks the half: the runner's destination bit.
      cases.push_back(vector_case(pack));

      cases.push_back(
          custom("v_cvt_sr_" + name + "_f32", [&f, name](Probe& p) {
            for (unsigned byte = 0; byte < 4; ++byte) {
              const std::string line = fmt::format("v_cvt_sr_{}_f32 v10, v0, v2 op_sel:[0,0,{},{}]",
                                                   name, byte & 1, byte >> 1);
              const auto wave = p.wave("s_setreg_b32 hwreg(HW_REG_MODE), s50\n" + line);
              for (int batch = 0; batch < 10; ++batch) {
                const uint32_t bits = 0xf0 | uint32_t(p.pick(2)) << 23 | uint32_t(p.pick(16));
                LaneValues x, r;
                for (unsigned i = 0; i < kLanes; ++i) {
                  u64 s = random_value(p.random(), kF32);
                  into_range(p.random(), &s, 1);
                  x[i] = uint32_t(s);
                  r[i] = uint32_t(random_value(p.random(), kB32) << p.pick(13));
                }
                wave->set_v(0, x).set_v(2, r).set_v(10, 0x5a5a'5a5a).set_s(50, bits);
                p.run(*wave);
                for (unsigned i = 0; i < kLanes; ++i) {
                  const u64 code = f.encode_stochastic(real(x[i]), r[i], bits >> 23 & 1);
                  const u64 want = (0x5a5a'5a5a & ~(u64{0xff} << 8 * byte)) | code << 8 * byte;
                  p.equal(wave->v(10, i), want, 0x5a5a'5a5a, [&] {
                    return fmt::format("{} of {:#x} {:#x} mode {:#x}", line, x[i], r[i], bits);
                  });
                }
              }
            }
          }).on(arches));

      VectorCase unpack{
          "v_cvt_f32_" + name, kF32, {kB32}, [&f](u64 a) { return decoded(f, u8(a)); }};
      unpack.arches = arches;
      unpack.output_modifiers = false;
      cases.push_back(vector_case(unpack));
      VectorCase pair{"v_cvt_pk_f32_" + name, kPkF32, {kB32}, [&f](u64 a) {
                        return decoded(f, u8(a)) | decoded(f, u8(a >> 8)) << 32;
                      }};
      pair.arches = arches;
      pair.output_modifiers = false;
      cases.push_back(vector_case(pair));
    }
  }
}

}  // namespace wavefuzz::sim::opcode
