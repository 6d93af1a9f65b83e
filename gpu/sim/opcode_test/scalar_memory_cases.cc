// Scalar stores and atomics, by address and through a descriptor.
#include <fmt/format.h>

#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

constexpr unsigned kBytes = 256;

std::string registers(unsigned first, unsigned dwords) {
  return dwords == 1 ? fmt::format("s{}", first)
                     : fmt::format("s[{}:{}]", first, first + dwords - 1);
}

// One instruction in each form of its address. data: SGPRs from s20 on.
struct Bench {
  std::string line;
  std::unique_ptr<AsmWave> wave;
  Island* island = nullptr;
  std::vector<std::byte> memory;  // before
  unsigned at = 0;                // the byte addressed
  unsigned limit = kBytes;        // of the descriptor

  Bench(Probe& p, int trial, unsigned data, unsigned align, bool buffer, bool glc) {
    const auto aligned = [&] { return unsigned(p.pick(kBytes / 4 / align)) * align; };
    const unsigned constant = aligned(), index = aligned();
    const std::string offset = trial % 3 == 0   ? fmt::format("{:#x}", constant)
                               : trial % 3 == 1 ? "s8"
                                                : fmt::format("s8 offset:{:#x}", constant);
    line = fmt::format("{} {}, {}, {}{}", p.mnemonic(), registers(20, data),
                       buffer ? "s[4:7]" : "s[0:1]", offset, glc ? " glc" : "");
    at = trial % 3 == 0 ? constant : trial % 3 == 1 ? index : constant + index;
    wave = p.wave(line + "\ns_waitcnt lgkmcnt(0)");
    island = &wave->memory().add({"m", kBytes});
    memory.resize(kBytes);
    for (std::byte& b : memory) b = std::byte(p.random()());
    std::copy(memory.begin(), memory.end(), island->writable(0, kBytes).begin());
    // With a stride, num_records counts records.
    const bool strided = trial % 6 >= 3;
    const unsigned records = strided ? 4 + unsigned(p.pick(12)) : 16 + 4 * unsigned(p.pick(40));
    if (buffer) limit = strided ? records * 16 : records;
    wave->set_s64(0, island->address());
    wave->set_s64(4, island->address() | (strided ? u64{16} << 48 : 0));
    wave->set_s(6, records).set_s(7, 0).set_s(8, index);
    wave->set_exec(trial % 2 ? 0 : ~u64{0});  // the scalar unit does not look at it
  }
  void compare(Probe& p, const std::vector<std::byte>& want) {
    for (unsigned k = 0; k < kBytes; ++k)
      p.equal(u64(island->bytes()[k]), u64(want[k]), u64(memory[k]),
              [&] { return fmt::format("{} byte {}", line, k); });
  }
};

void check_store(Probe& p, unsigned dwords, bool buffer) {
  for (int trial = 0; trial < 12; ++trial) {
    Bench b(p, trial, dwords, 4, buffer, trial % 4 == 0);
    std::vector<std::byte> want = b.memory;
    for (unsigned d = 0; d < dwords; ++d) {
      const uint32_t x = uint32_t(p.random()());
      b.wave->set_s(20 + d, x);
      if (b.at + 4 * d + 4 <= b.limit) std::memcpy(&want[b.at + 4 * d], &x, 4);
    }
    p.run(*b.wave);
    b.compare(p, want);
  }
}

using Update = std::function<u64(u64 memory, u64 data, u64 compare)>;
void check_atomic(Probe& p, unsigned bits, bool compares, bool buffer, const Update& update) {
  const unsigned bytes = bits / 8, dwords = bits / 32;
  const u64 mask = bits == 64 ? ~u64{0} : 0xffff'ffff;
  for (int trial = 0; trial < 24; ++trial) {
    const bool glc = p.pick(2);
    Bench b(p, trial, dwords * (compares ? 2 : 1), bytes, buffer, glc);
    u64 old = 0, data = random_value(p.random(), bits == 64 ? kB64 : kB32) & mask;
    std::memcpy(&old, &b.memory[b.at], bytes);
    if (p.pick(4) == 0) data = old;
    const u64 compare = p.pick(2) ? old : p.random()() & mask;
    for (unsigned d = 0; d < dwords; ++d) {
      b.wave->set_s(20 + d, uint32_t(data >> 32 * d));
      if (compares) b.wave->set_s(20 + dwords + d, uint32_t(compare >> 32 * d));
    }
    const bool inside = b.at + bytes <= b.limit;
    std::vector<std::byte> want = b.memory;
    const u64 now = update(old, data, compare) & mask;
    if (inside) std::memcpy(&want[b.at], &now, bytes);
    p.run(*b.wave);
    b.compare(p, want);
    const u64 got = dwords == 2 ? b.wave->s64(20) : b.wave->s(20);
    p.equal(got, !glc ? data : inside ? old : 0, data, [&] { return b.line + " returns"; });
  }
}

}  // namespace

void add_scalar_memory_cases(Cases& cases) {
  for (const bool buffer : {false, true})
    for (const unsigned dwords : {1u, 2u, 4u})
      cases.push_back(custom(fmt::format("{}store_dword{}", buffer ? "s_buffer_" : "s_",
                                         dwords == 1 ? "" : fmt::format("x{}", dwords)),
                             [=](Probe& p) { check_store(p, dwords, buffer); }));
  for (const bool buffer : {false, true})
    for (const unsigned bits : {32u, 64u}) {
      const auto add = [&](const char* name, const Update& update, bool compares = false) {
        cases.push_back(custom(
            fmt::format("{}atomic_{}{}", buffer ? "s_buffer_" : "s_", name, bits == 64 ? "_x2" : ""),
            [=](Probe& p) { check_atomic(p, bits, compares, buffer, update); }));
      };
      const auto sext = [bits](u64 x) { return i64(x << (64 - bits)) >> (64 - bits); };
      add("swap", [](u64, u64 d, u64) { return d; });
      add("cmpswap", [](u64 m, u64 d, u64 c) { return m == c ? d : m; }, true);
      add("add", [](u64 m, u64 d, u64) { return m + d; });
      add("sub", [](u64 m, u64 d, u64) { return m - d; });
      add("smin", [=](u64 m, u64 d, u64) { return u64(std::min(sext(m), sext(d))); });
      add("smax", [=](u64 m, u64 d, u64) { return u64(std::max(sext(m), sext(d))); });
      add("umin", [](u64 m, u64 d, u64) { return std::min(m, d); });
      add("umax", [](u64 m, u64 d, u64) { return std::max(m, d); });
      add("and", [](u64 m, u64 d, u64) { return m & d; });
      add("or", [](u64 m, u64 d, u64) { return m | d; });
      add("xor", [](u64 m, u64 d, u64) { return m ^ d; });
      // Up to the data, then back to 0; down to 0, then to the data.
      add("inc", [](u64 m, u64 d, u64) { return m >= d ? 0 : m + 1; });
      add("dec", [](u64 m, u64 d, u64) { return m == 0 || m > d ? d : m - 1; });
    }
}

}  // namespace wavefuzz::sim::opcode
