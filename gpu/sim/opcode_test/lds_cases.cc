// LDS instructions of their own kind: pairs, transposing reads, addresses made of the lane number.
#include <fmt/format.h>

#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

constexpr unsigned kSize = 8192;

struct Lds {
  std::unique_ptr<AsmWave> wave;
  std::vector<std::byte> memory;
  explicit Lds(Probe& p, const std::string& text) {
    AsmOptions options;
    options.lds_bytes = kSize;
    wave = p.wave(text, options);
    memory.resize(kSize);
    for (std::byte& b : memory) b = std::byte(p.random()());
    wave->write_lds(0, memory);
  }
  uint32_t dword(unsigned at) const {
    uint32_t x;
    std::memcpy(&x, memory.data() + at, 4);
    return x;
  }
  uint32_t now(unsigned at) const {
    uint32_t x;
    std::memcpy(&x, wave->lds() + at, 4);
    return x;
  }
};
std::string registers(unsigned first, unsigned n) {
  return n == 1 ? fmt::format("v{}", first) : fmt::format("v[{}:{}]", first, first + n - 1);
}
LaneValues random_lanes(Probe& p) {
  LaneValues lanes;
  for (uint32_t& x : lanes) x = uint32_t(p.random()());
  return lanes;
}

// Two accesses of 4 or 8 bytes; the offsets count elements, or 64 of them.
void add_pairs(Cases& cases) {
  for (const unsigned bytes : {4u, 8u})
    for (const bool far : {false, true}) {
      const unsigned unit = bytes * (far ? 64 : 1), dwords = bytes / 4;
      const unsigned offset0 = far ? 3 : 5, offset1 = far ? 2 : 131;
      const std::string tail = fmt::format(" offset0:{} offset1:{}", offset0, offset1);
      const std::string suffix = fmt::format("2{}_b{}", far ? "st64" : "", 8 * bytes);
      cases.push_back(custom("ds_read" + suffix, [=](Probe& p) {
        Lds l(p, "ds_read" + suffix + " " + registers(10, 2 * dwords) + ", v0" + tail);
        LaneValues address;
        for (uint32_t& x : address) x = uint32_t(p.pick(500)) * bytes;
        const u64 exec = p.random()();
        l.wave->set_v(0, address).set_exec(exec);
        for (unsigned d = 0; d < 4; ++d) l.wave->set_v(10 + d, 77);
        p.run(*l.wave);
        for (unsigned i = 0; i < kLanes; ++i)
          for (unsigned d = 0; d < 2 * dwords; ++d) {
            const unsigned offset = (d < dwords ? offset0 : offset1) * unit;
            const uint32_t x = l.dword(address[i] + offset + 4 * (d % dwords));
            p.equal(l.wave->v(10 + d, i), exec >> i & 1 ? x : 77, 77,
                    [&] { return fmt::format("ds_read{} lane {} dword {}", suffix, i, d); });
          }
      }));
      cases.push_back(custom("ds_write" + suffix, [=](Probe& p) {
        Lds l(p, "ds_write" + suffix + " v0, " + registers(10, dwords) + ", " +
                     registers(12, dwords) + tail);
        LaneValues address, data[4];
        const u64 exec = p.random()();
        for (unsigned i = 0; i < kLanes; ++i) address[i] = i * bytes;
        for (unsigned d = 0; d < 4; ++d) l.wave->set_v(10 + d, data[d] = random_lanes(p));
        l.wave->set_v(0, address).set_exec(exec);
        p.run(*l.wave);
        std::vector<std::byte> want = l.memory;
        for (unsigned part = 0; part < 2; ++part)
          for (unsigned i = 0; i < kLanes; ++i)
            for (unsigned d = 0; d < dwords && (exec >> i & 1); ++d)
              std::memcpy(&want[address[i] + (part ? offset1 : offset0) * unit + 4 * d],
                          &data[2 * part + d][i], 4);
        for (unsigned k = 0; k < kSize; ++k)
          p.equal(u64(l.wave->lds()[k]), u64(want[k]), u64(l.memory[k]),
                  [&] { return fmt::format("ds_write{} byte {}", suffix, k); });
      }));
      cases.push_back(custom(
          "ds_wrxchg" + fmt::format("2{}_rtn_b{}", far ? "st64" : "", 8 * bytes), [=](Probe& p) {
            Lds l(p, p.mnemonic() + " " + registers(20, 2 * dwords) + ", v0, " +
                         registers(10, dwords) + ", " + registers(12, dwords) + tail);
            LaneValues address, data[4];
            for (unsigned i = 0; i < kLanes; ++i) address[i] = i * bytes;
            for (unsigned d = 0; d < 4; ++d) l.wave->set_v(10 + d, data[d] = random_lanes(p));
            for (unsigned d = 0; d < 4; ++d) l.wave->set_v(20 + d, 77);
            // Lane by lane, or the second exchange of one could meet the first of another.
            const unsigned lane = unsigned(p.pick(kLanes));
            l.wave->set_v(0, address).set_exec(u64{1} << lane);
            p.run(*l.wave);
            for (unsigned part = 0; part < 2; ++part)
              for (unsigned d = 0; d < dwords; ++d) {
                const unsigned at = address[lane] + (part ? offset1 : offset0) * unit + 4 * d;
                p.equal(l.wave->v(20 + part * dwords + d, lane), l.dword(at), 77,
                        [&] { return p.mnemonic() + " returns"; });
                p.equal(l.now(at), data[2 * part + d][lane], l.dword(at),
                        [&] { return p.mnemonic() + " stores"; });
              }
          }));
    }
}

// Every lane loads 8 (12) bytes; within 16 lanes, elements change places. A block of 16 lanes holds
// a matrix: row r is what some lanes loaded one after the other, and lane l gets a column of it.
void add_transposed(Cases& cases) {
  struct Shape {
    const char* name;
    unsigned bits, bytes;
  };
  for (const Shape& s : {Shape{"ds_read_b64_tr_b16", 16, 8}, Shape{"ds_read_b64_tr_b8", 8, 8},
                         Shape{"ds_read_b64_tr_b4", 4, 8}, Shape{"ds_read_b96_tr_b6", 6, 12}}) {
    cases.push_back(
        custom(s.name, [s](Probe& p) {
          Lds l(p, fmt::format("{} {}, v0 offset:16", s.name, registers(10, s.bytes / 4)));
          LaneValues address;
          for (uint32_t& x : address) x = uint32_t(p.pick(400)) * 16;
          l.wave->set_v(0, address);
          for (unsigned d = 0; d < 4; ++d) l.wave->set_v(10 + d, 77);
          p.run(*l.wave);
          const auto element = [&](unsigned lane, unsigned n) {
            u64 x = 0;
            for (unsigned b = 0; b < s.bits; ++b) {
              const unsigned at = n * s.bits + b;
              x |= u64(l.dword(address[lane] + 16 + at / 32 * 4) >> at % 32 & 1) << b;
            }
            return x;
          };
          // Elements a lane holds; a row of 16 elements comes from 16 / that many lanes.
          const unsigned held = s.bytes * 8 / s.bits, per_row = 16 / held;
          for (unsigned i = 0; i < kLanes; ++i)
            for (unsigned n = 0; n < held; ++n) {
              const unsigned base = i / 16 * 16, column = i % 16;
              const unsigned from = base + n * per_row + column / held;
              u64 got = 0;
              for (unsigned b = 0; b < s.bits; ++b) {
                const unsigned at = n * s.bits + b;
                got |= u64(l.wave->v(10 + at / 32, i) >> at % 32 & 1) << b;
              }
              p.equal(got, element(from, column % held), ~u64{0},
                      [&] { return fmt::format("{} lane {} element {}", s.name, i, n); });
            }
        }).on(kGfx950Only));
  }
}

}  // namespace

void add_lds_cases(Cases& cases) {
  add_pairs(cases);
  add_transposed(cases);

  cases.push_back(custom("ds_read_addtid_b32", [](Probe& p) {
    Lds l(p, "ds_read_addtid_b32 v10 offset:40");
    const u64 exec = p.random()();
    l.wave->set_v(10, 77).set_s(kM0, 120).set_exec(exec);
    p.run(*l.wave);
    for (unsigned i = 0; i < kLanes; ++i)
      p.equal(l.wave->v(10, i), exec >> i & 1 ? l.dword(160 + 4 * i) : 77, 77,
              [&] { return fmt::format("lane {}", i); });
  }));
  cases.push_back(custom("ds_write_addtid_b32", [](Probe& p) {
    Lds l(p, "ds_write_addtid_b32 v10 offset:40");
    const u64 exec = p.random()();
    const LaneValues data = random_lanes(p);
    l.wave->set_v(10, data).set_s(kM0, 120).set_exec(exec);
    p.run(*l.wave);
    for (unsigned at = 0; at < kSize; at += 4) {
      const unsigned lane = (at - 160) / 4;
      const bool hit = at >= 160 && lane < kLanes && (exec >> lane & 1);
      p.equal(l.now(at), hit ? data[lane] : l.dword(at), l.dword(at),
              [&] { return fmt::format("byte {}", at); });
    }
  }));
  // One counter, at M0 plus the offset, moved by the number of active lanes; all get what it was.
  for (const bool consume : {false, true})
    cases.push_back(custom(consume ? "ds_consume" : "ds_append", [=](Probe& p) {
      for (int trial = 0; trial < 8; ++trial) {
        Lds l(p, p.mnemonic() + " v10 offset:24");
        const u64 exec = p.random()() | 1;
        l.wave->set_v(10, 77).set_s(kM0, 16 * uint32_t(trial)).set_exec(exec);
        p.run(*l.wave);
        const unsigned at = 16 * unsigned(trial) + 24;
        const uint32_t old = l.dword(at), n = ones(exec);
        for (unsigned i = 0; i < kLanes; ++i)
          p.equal(l.wave->v(10, i), exec >> i & 1 ? old : 77, 77,
                  [&] { return p.mnemonic() + " returns"; });
        p.equal(l.now(at), consume ? old - n : old + n, old,
                [&] { return p.mnemonic() + " stores"; });
      }
    }));
}

}  // namespace wavefuzz::sim::opcode
