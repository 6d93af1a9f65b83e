// Runs a scalar instruction and compares its result and SCC.
#include <fmt/format.h>

#include "gpu/sim/opcode_test/case.h"

namespace wavefuzz::sim::opcode {
namespace {

constexpr unsigned kDst = 10;
constexpr unsigned kSource[] = {0, 2};

std::string reg(unsigned first, unsigned bits) {
  return bits == 64 ? fmt::format("s[{}:{}]", first, first + 1) : fmt::format("s{}", first);
}
u64 mask(unsigned bits) { return bits >= 64 ? ~u64{0} : (u64{1} << bits) - 1; }

void run(const ScalarCase& s, Probe& p) {
  // Registers; destination and first source in one; constants.
  for (int form = 0; form < 5 && !p.failed(); ++form) {
    if (p.brief() && form != 0) break;
    const bool immediate = !s.sources.empty() && s.sources.back() == 16;
    if (form == 1 && (s.sources.empty() || s.sources[0] != s.result)) continue;
    if (form > 1 && (s.sources.empty() || (immediate && s.sources.size() == 1))) continue;
    const unsigned dst = form == 1 ? kSource[0] : kDst;
    const int runs = immediate ? 40 : form == 0 ? 400 : 40;
    std::unique_ptr<AsmWave> wave;
    std::string line;
    u64 k = 0;
    constexpr i64 kConstants[] = {-1, 5, 64};
    const i64 constant = form > 1 ? kConstants[form - 2] : 0;
    for (int i = 0; i < runs && !p.failed(); ++i) {
      if (i == 0 || immediate) {
        k = i < 4 ? u64{0x8000} - u64(i == 0) + u64(i == 3) * 0x7fff : p.random()() & 0xffff;
        line = s.mnemonic;
        const char* separator = " ";
        if (s.result != 0) {
          line += separator + reg(dst, s.result);
          separator = ", ";
        }
        for (size_t n = 0; n < s.sources.size(); ++n) {
          line += separator + (s.sources[n] == 16   ? fmt::format("{:#x}", k)
                               : form > 1 && n == 0 ? std::to_string(constant)
                                                    : reg(kSource[n], s.sources[n]));
          separator = ", ";
        }
        wave = p.wave(line, {}, form > 1);
        if (wave == nullptr) break;
      }
      u64 value[2] = {};
      Scalars x;
      for (size_t n = 0; n < s.sources.size(); ++n) {
        value[n] = random_value(p.random(), s.sources[n] == 64 ? kB64 : kB32);
        if (n == 1 && p.pick(4) == 0) value[1] = value[0];
        if (s.mnemonic.find("_bfe_") != std::string::npos && n == 1)
          value[1] = p.pick(64) | p.pick(80) << 16;
        wave->set_s64(kSource[n], value[n]);
        if (s.sources[n] == 16) value[n] = k;
        if (n == 0 && s.sources.size() == 2 && immediate && p.pick(3) == 0) {
          value[0] = p.pick(2) ? k : u64(int64_t(int16_t(k)));
          wave->set_s64(kSource[0], value[0]);
        }
        if (form > 1 && n == 0) value[n] = u64(constant);
        value[n] &= mask(s.sources[n]);
      }
      x.a = value[0];
      x.b = value[1];
      const u64 before = random_value(p.random(), kB64);
      if (form != 1) wave->set_s64(kDst, before);
      x.old = form == 1 ? value[0] : before & mask(s.result);
      const u64 old = form == 1 ? wave->s64(dst) : before;
      x.scc = p.pick(2);
      const bool scc_before = x.scc;
      wave->set_s(kScc, x.scc);
      p.run(*wave);
      if (p.failed()) return;
      const auto describe = [&] {
        return fmt::format("{} of {:#x} {:#x}, destination {:#x}, scc {}", line, value[0], value[1],
                           old, scc_before);
      };
      u64 want = s.want(x);
      want = s.result == 0 ? old : (want & mask(s.result)) | (old & ~mask(s.result));
      if (s.result != 0) p.equal(wave->s64(dst), want, old, describe);
      p.equal(wave->s(kScc), x.scc, scc_before, [&] { return describe() + ": SCC"; });
    }
  }
}

}  // namespace

Case scalar_case(const ScalarCase& s) {
  return custom(s.mnemonic, [s](Probe& p) { run(s, p); });
}

}  // namespace wavefuzz::sim::opcode
