// Atomics of every address space, with and without return. Lanes have places of their own; that
// lanes meeting at one place take turns is memory_ops_test's.
#include <fmt/format.h>

#include "gpu/sim/opcode_test/fp.h"
#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

// The new content, of the old one and the data operands.
using Update = std::function<u64(u64 memory, u64 data, u64 second)>;
struct Atomic {
  std::string name;  // of the operation, as global_atomic_ and its like spell it
  std::string lds;   // base and suffix of the LDS form, "add u32"; empty when there is none
  unsigned bits;
  Update update;
  Type type = kNone;      // floats
  bool two_data = false;  // compare and swap: for memory {new, compare} in one operand
};

u64 low(unsigned bits) { return bits == 64 ? ~u64{0} : (u64{1} << bits) - 1; }
i64 sext(u64 x, unsigned bits) { return i64(x << (64 - bits)) >> (64 - bits); }
u64 float_add(const Fp& f, u64 a, u64 b) {
  APFloat r = f.value(a);
  r.add(f.value(b), RoundingMode::NearestTiesToEven);
  return f.code(r);
}
u64 halves_add(const Fp& f, u64 a, u64 b) {
  return halves([&](u64 x, u64 y, u64) { return float_add(f, x, y); }, a, b);
}
Update float_extreme(const Fp& f, bool max) {
  return [&f, max](u64 m, u64 d, u64) {
    const auto order = f.value(d).compare(f.value(m));
    return order == (max ? APFloat::cmpGreaterThan : APFloat::cmpLessThan) ? d : m;
  };
}

std::vector<Atomic> atomics() {
  std::vector<Atomic> list;
  for (const unsigned bits : {32u, 64u}) {
    const bool wide = bits == 64;
    const auto add = [&](const char* name, const char* lds, Update update) {
      const std::string n = name, l = lds;
      list.push_back({n.empty() ? n : n + (wide ? "_x2" : ""),
                      l.empty() ? l : l + std::to_string(bits), bits, std::move(update)});
    };
    add("add", "add u", [](u64 m, u64 d, u64) { return m + d; });
    add("sub", "sub u", [](u64 m, u64 d, u64) { return m - d; });
    add("", "rsub u", [](u64 m, u64 d, u64) { return d - m; });
    add("smin", "min i",
        [=](u64 m, u64 d, u64) { return u64(std::min(sext(m, bits), sext(d, bits))); });
    add("smax", "max i",
        [=](u64 m, u64 d, u64) { return u64(std::max(sext(m, bits), sext(d, bits))); });
    add("umin", "min u", [](u64 m, u64 d, u64) { return std::min(m, d); });
    add("umax", "max u", [](u64 m, u64 d, u64) { return std::max(m, d); });
    add("and", "and b", [](u64 m, u64 d, u64) { return m & d; });
    add("or", "or b", [](u64 m, u64 d, u64) { return m | d; });
    add("xor", "xor b", [](u64 m, u64 d, u64) { return m ^ d; });
    // Up to the data, then back to 0; down to 0, then to the data.
    add("inc", "inc u", [](u64 m, u64 d, u64) { return m >= d ? 0 : m + 1; });
    add("dec", "dec u", [](u64 m, u64 d, u64) { return m == 0 || m > d ? d : m - 1; });
    add("swap", "", [](u64, u64 d, u64) { return d; });
    add("cmpswap", "", [](u64 m, u64 d, u64 c) { return m == c ? d : m; });
    list.back().two_data = true;
    // LDS: the compare value comes first.
    add("", "cmpst b", [](u64 m, u64 c, u64 d) { return m == c ? d : m; });
    list.back().two_data = true;
    add("", "mskor b", [](u64 m, u64 mask, u64 d) { return (m & ~mask) | d; });
    list.back().two_data = true;
  }
  list.push_back(
      {"add_f32", "add f32", 32, [](u64 m, u64 d, u64) { return float_add(kSingle, m, d); }, kF32});
  list.push_back(
      {"add_f64", "add f64", 64, [](u64 m, u64 d, u64) { return float_add(kDouble, m, d); }, kF64});
  list.push_back({"", "min f32", 32, float_extreme(kSingle, false), kF32});
  list.push_back({"", "max f32", 32, float_extreme(kSingle, true), kF32});
  list.push_back({"min_f64", "min f64", 64, float_extreme(kDouble, false), kF64});
  list.push_back({"max_f64", "max f64", 64, float_extreme(kDouble, true), kF64});
  list.push_back({"pk_add_f16", "pk_add f16", 32,
                  [](u64 m, u64 d, u64) { return halves_add(kHalf, m, d); }, kPkF16});
  list.push_back({"pk_add_bf16", "pk_add bf16", 32,
                  [](u64 m, u64 d, u64) { return halves_add(kBf16, m, d); }, kPkF16});
  // Compares floats: +0 equals -0.
  list.push_back({"", "cmpst f32", 32,
                  [](u64 m, u64 c, u64 d) {
                    return kSingle.value(m).compare(kSingle.value(c)) == APFloat::cmpEqual ? d : m;
                  },
                  kF32, true});
  list.push_back({"", "cmpst f64", 64,
                  [](u64 m, u64 c, u64 d) {
                    return kDouble.value(m).compare(kDouble.value(c)) == APFloat::cmpEqual ? d : m;
                  },
                  kF64, true});
  return list;
}

std::string registers(unsigned first, unsigned dwords) {
  return dwords == 1 ? fmt::format("v{}", first)
                     : fmt::format("v[{}:{}]", first, first + dwords - 1);
}
// Without NaN, whose payload no document fixes.
u64 operand(Probe& p, const Atomic& a) {
  if (a.type == kNone) return random_value(p.random(), a.bits == 64 ? kB64 : kB32);
  const bool bf16 = a.name == "pk_add_bf16";
  for (;;) {
    u64 x = random_value(p.random(), bf16 ? kPkF32 : a.type);
    if (bf16) x = (x >> 16 & 0xffff) | (x >> 32 & 0xffff'0000);
    const Fp& f = bf16 ? kBf16 : fp(a.type);
    if (!f.nan(x & f.all()) && !(a.type == kPkF16 && f.nan(x >> 16))) return x;
  }
}

enum class Where { kGlobal, kFlat, kFlatShared, kBuffer, kLds };
void check(Probe& p, const Atomic& a, Where where, bool returns) {
  const unsigned dwords = a.bits / 32, bytes = a.bits / 8;
  const bool in_lds = where == Where::kLds || where == Where::kFlatShared;
  const std::string to = registers(20, dwords), m = p.mnemonic();
  const std::string data = registers(10, dwords * (a.two_data ? 2 : 1));
  const std::string result = returns ? to + ", " : "", sc0 = returns ? " sc0" : "";
  std::string line;
  switch (where) {
    case Where::kGlobal:
      line = fmt::format("{} {}v0, {}, s[0:1] offset:16{}", m, result, data, sc0);
      break;
    case Where::kFlat:
    case Where::kFlatShared:
      line = fmt::format("{} {}v[2:3], {}{}", m, result, data, sc0);
      break;
    case Where::kBuffer:  // the data registers take the result
      line = fmt::format("{} {}, v0, s[4:7], 0 offen offset:16{}", m, data, sc0);
      break;
    case Where::kLds:
      line = fmt::format("{} {}v0, {}{} offset:16", m, result, registers(10, dwords),
                         a.two_data ? ", " + registers(10 + dwords, dwords) : "");
  }
  for (int batch = 0; batch < 4; ++batch) {
    AsmOptions options;
    options.lds_bytes = 1024;
    const auto wave = p.wave(line, options);
    Island& island = wave->memory().add({"m", 1024});
    std::vector<std::byte> memory(1024);
    u64 old[kLanes], first[kLanes], second[kLanes];
    LaneValues words[4], low_address, high_address;
    const unsigned offset = where == Where::kFlat || where == Where::kFlatShared ? 0 : 16;
    for (unsigned i = 0; i < kLanes; ++i) {
      old[i] = operand(p, a);
      first[i] = operand(p, a);
      second[i] = operand(p, a);
      if (p.pick(3) == 0) first[i] = old[i];
      if (p.pick(3) == 0) second[i] = old[i];
      std::memcpy(&memory[16 + i * bytes], &old[i], bytes);
      const u64 operands = first[i];
      words[0][i] = uint32_t(operands);
      words[dwords == 2 ? 1 : 3][i] = uint32_t(operands >> 32);
      words[dwords][i] = dwords == 2 ? uint32_t(second[i]) : uint32_t(second[i]);
      if (dwords == 2) words[3][i] = uint32_t(second[i] >> 32);
      low_address[i] = 16 + i * bytes - offset;
    }
    for (unsigned r = 0; r < 4; ++r) wave->set_v(10 + r, words[r]).set_v(20 + r, 77);
    std::copy(memory.begin(), memory.end(), island.writable(0, 1024).begin());
    wave->write_lds(0, memory);
    const u64 base = in_lds ? u64{kSharedAperture} << 32 : island.address();
    wave->set_v(0, low_address).set_s64(0, base).set_s64(4, base).set_s(6, 1024).set_s(7, 0);
    for (unsigned i = 0; i < kLanes; ++i) {
      high_address[i] = uint32_t((base + low_address[i]) >> 32);
      low_address[i] = uint32_t(base + low_address[i]);
    }
    wave->set_v(2, low_address).set_v(3, high_address);
    const u64 exec = batch == 1 ? p.random()() : ~u64{0};
    wave->set_exec(exec);
    p.run(*wave);
    for (unsigned i = 0; i < kLanes; ++i) {
      const bool on = exec >> i & 1;
      const auto describe = [&] {
        return fmt::format("{} lane {}: {:#x} with {:#x} {:#x}", line, i, old[i], first[i],
                           second[i]);
      };
      u64 now = 0;
      std::memcpy(&now, (in_lds ? wave->lds() : island.bytes().data()) + 16 + i * bytes, bytes);
      const u64 want = on ? a.update(old[i], first[i], second[i]) & low(a.bits) : old[i];
      p.equal(now, want, old[i], describe);
      if (!returns) continue;
      const unsigned r = where == Where::kBuffer ? 10 : 20;
      const u64 got = dwords == 2 ? wave->v64(r, i) : wave->v(r, i);
      const u64 before = where == Where::kBuffer ? first[i] & low(a.bits)
                                                 : (dwords == 2 ? u64{77} << 32 | 77 : 77);
      p.equal(got, on ? old[i] : before, before, [&] { return describe() + " returns"; });
    }
  }
}

}  // namespace

void add_atomic_cases(Cases& cases) {
  static const std::vector<Atomic> list = atomics();
  for (const Atomic& a : list) {
    if (!a.name.empty()) {
      const auto add = [&](const char* prefix, std::vector<Where> places, ArchSet arches) {
        cases.push_back(custom(prefix + a.name, [&a, places](Probe& p) {
                          for (const Where w : places)
                            for (const bool returns : {false, true}) check(p, a, w, returns);
                        }).on(arches));
      };
      add("global_atomic_", {Where::kGlobal}, kBothArches);
      add("flat_atomic_", {Where::kFlat, Where::kFlatShared}, kBothArches);
      add("buffer_atomic_", {Where::kBuffer}, a.name == "pk_add_bf16" ? kGfx950Only : kBothArches);
    }
    if (!a.lds.empty()) {
      const std::string base = a.lds.substr(0, a.lds.find(' '));
      const std::string suffix = a.lds.substr(a.lds.find(' ') + 1);
      for (const bool returns : {false, true})
        cases.push_back(custom("ds_" + base + (returns ? "_rtn_" : "_") + suffix,
                               [&a, returns](Probe& p) { check(p, a, Where::kLds, returns); }));
    }
  }
  // Only with return.
  static const Atomic kExchange[] = {
      {"", "", 32, [](u64, u64 d, u64) { return d; }},
      {"", "", 64, [](u64, u64 d, u64) { return d; }},
      {"", "", 32, [](u64 m, u64 d, u64 s) { return m >= d ? m - d : m + s; }, kNone, true},
      // Each half is exchanged where the data's top bit asks for it, for its other bits.
      {"", "", 64, [](u64 m, u64 d, u64) {
         const u64 lo = d >> 31 & 1 ? d & 0x7fff'ffff : m & 0xffff'ffff;
         const u64 hi = d >> 63 ? d >> 32 & 0x7fff'ffff : m >> 32;
         return lo | hi << 32;
       }}};
  const char* kNames[] = {"ds_wrxchg_rtn_b32", "ds_wrxchg_rtn_b64", "ds_wrap_rtn_b32",
                          "ds_condxchg32_rtn_b64"};
  for (unsigned k = 0; k < 4; ++k)
    cases.push_back(
        custom(kNames[k], [k](Probe& p) { check(p, kExchange[k], Where::kLds, true); }));
}

}  // namespace wavefuzz::sim::opcode
