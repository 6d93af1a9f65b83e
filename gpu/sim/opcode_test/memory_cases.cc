// Loads and stores of every width in every address space, and scalar loads.
#include <fmt/format.h>

#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

struct Access {
  const char* name;
  unsigned bytes;
  bool is_signed = false;
  int half = 0;  // 1: the low half of a register, 2: the high one
};
constexpr Access kLoads[] = {{"ubyte", 1},
                             {"sbyte", 1, true},
                             {"ushort", 2},
                             {"sshort", 2, true},
                             {"dword", 4},
                             {"dwordx2", 8},
                             {"dwordx3", 12},
                             {"dwordx4", 16},
                             {"ubyte_d16", 1, false, 1},
                             {"ubyte_d16_hi", 1, false, 2},
                             {"sbyte_d16", 1, true, 1},
                             {"sbyte_d16_hi", 1, true, 2},
                             {"short_d16", 2, false, 1},
                             {"short_d16_hi", 2, false, 2}};
constexpr Access kStores[] = {{"byte", 1},     {"byte_d16_hi", 1, false, 2},
                              {"short", 2},    {"short_d16_hi", 2, false, 2},
                              {"dword", 4},    {"dwordx2", 8},
                              {"dwordx3", 12}, {"dwordx4", 16}};
// LDS calls them differently.
constexpr Access kLdsLoads[] = {{"u8", 1},
                                {"i8", 1, true},
                                {"u16", 2},
                                {"i16", 2, true},
                                {"b32", 4},
                                {"b64", 8},
                                {"b96", 12},
                                {"b128", 16},
                                {"u8_d16", 1, false, 1},
                                {"u8_d16_hi", 1, false, 2},
                                {"i8_d16", 1, true, 1},
                                {"i8_d16_hi", 1, true, 2},
                                {"u16_d16", 2, false, 1},
                                {"u16_d16_hi", 2, false, 2}};
constexpr Access kLdsStores[] = {{"b8", 1},   {"b8_d16_hi", 1, false, 2},
                                 {"b16", 2},  {"b16_d16_hi", 2, false, 2},
                                 {"b32", 4},  {"b64", 8},
                                 {"b96", 12}, {"b128", 16}};

// Where addresses point: every lane has 64 bytes of its own, of which it uses the upper half.
constexpr unsigned kStride = 64, kSize = 64 * kStride;
enum class Space { kGlobal, kLds, kScratch };

// How an instruction of a family names its address.
struct Form {
  const char* load;  // {0} mnemonic, {1} data registers
  const char* store;
  Space space;
  int offset;  // immediate in the text
  enum { kOffset32, kAddress64, kDescriptor, kShared, kPrivate } address;
};
const std::vector<Form> kGlobalForms = {
    {"{} {}, v0, s[0:1] offset:16", "{} v0, {}, s[0:1] offset:16", Space::kGlobal, 16,
     Form::kOffset32},
    {"{} {}, v0, s[0:1]", "{} v0, {}, s[0:1]", Space::kGlobal, 0, Form::kOffset32},
    {"{} {}, v[2:3], off offset:-40", "{} v[2:3], {}, off offset:-40", Space::kGlobal, -40,
     Form::kAddress64}};
const std::vector<Form> kFlatForms = {
    {"{} {}, v[2:3]", "{} v[2:3], {}", Space::kGlobal, 0, Form::kAddress64},
    {"{} {}, v[2:3] offset:12", "{} v[2:3], {} offset:12", Space::kGlobal, 12, Form::kAddress64},
    {"{} {}, v[2:3]", "{} v[2:3], {}", Space::kLds, 0, Form::kShared},
    {"{} {}, v[2:3]", "{} v[2:3], {}", Space::kScratch, 0, Form::kPrivate}};
const std::vector<Form> kScratchForms = {
    {"{} {}, v0, off offset:8", "{} v0, {}, off offset:8", Space::kScratch, 8, Form::kOffset32},
    {"{} {}, v0, off", "{} v0, {}, off", Space::kScratch, 0, Form::kOffset32}};
const std::vector<Form> kBufferForms = {
    {"{} {}, v0, s[4:7], 0 offen offset:20", "{} {}, v0, s[4:7], 0 offen offset:20", Space::kGlobal,
     20, Form::kDescriptor},
    {"{} {}, v0, s[4:7], s8 offen", "{} {}, v0, s[4:7], s8 offen", Space::kGlobal, 16,
     Form::kDescriptor}};
const std::vector<Form> kLdsForms = {
    {"{} {}, v0", "{} v0, {}", Space::kLds, 0, Form::kOffset32},
    {"{} {}, v0 offset:24", "{} v0, {} offset:24", Space::kLds, 24, Form::kOffset32}};

std::string registers(unsigned first, unsigned bytes) {
  const unsigned n = (bytes + 3) / 4;
  return n == 1 ? fmt::format("v{}", first) : fmt::format("v[{}:{}]", first, first + n - 1);
}
std::vector<std::byte> random_bytes(Probe& p, size_t n) {
  std::vector<std::byte> bytes(n);
  for (std::byte& b : bytes) b = std::byte(p.random()());
  return bytes;
}

// A wave whose lanes address their own 32 bytes of `memory`, in the space and manner of the form.
struct Bench {
  std::unique_ptr<AsmWave> wave;
  Island* island = nullptr;
  std::vector<std::byte> memory;  // what lies there
  unsigned at[kLanes];            // each lane's offset in it
  Space space;

  Bench(Probe& p, const std::string& text, const Form& f, unsigned bytes) : space(f.space) {
    AsmOptions options;
    options.lds_bytes = kSize;
    options.scratch_bytes = kStride;
    wave = p.wave(text, options);
    memory = random_bytes(p, kSize);
    LaneValues low, high;
    u64 base = 0;
    if (space == Space::kGlobal) {
      island = &wave->memory().add({"m", kSize});
      const auto to = island->writable(0, kSize);
      std::copy(memory.begin(), memory.end(), to.begin());
      base = island->address();
    } else if (space == Space::kLds) {
      wave->write_lds(0, memory);
    } else {
      for (unsigned i = 0; i < kLanes; ++i)
        wave->write_scratch(i, 0, std::span(memory).subspan(i * kStride, kStride));
    }
    wave->set_s64(0, base);
    wave->set_s64(4, base).set_s(6, kSize).set_s(7, 0).set_s(8, 16);
    for (unsigned i = 0; i < kLanes; ++i) {
      unsigned inside = 32 + unsigned(p.pick(33 - bytes));
      if (p.pick(2)) inside -= inside % std::min(bytes, 4u);
      at[i] = i * kStride + inside;
      u64 address = space == Space::kScratch ? inside : at[i];
      if (f.address == Form::kAddress64) address += base;
      if (f.address == Form::kShared) address += u64{kSharedAperture} << 32;
      if (f.address == Form::kPrivate) address += u64{kPrivateAperture} << 32;
      address -= i64(f.offset);
      low[i] = uint32_t(address);
      high[i] = uint32_t(address >> 32);
    }
    wave->set_v(0, low).set_v(2, low).set_v(3, high);
  }
  std::byte content(unsigned offset) const {
    return space == Space::kGlobal ? island->bytes()[offset]
           : space == Space::kLds  ? wave->lds()[offset]
                                   : wave->scratch(offset / kStride)[offset % kStride];
  }
};

u64 little_endian(const std::vector<std::byte>& memory, unsigned at, unsigned bytes) {
  u64 x = 0;
  for (unsigned b = 0; b < bytes; ++b) x |= u64(memory[at + b]) << 8 * b;
  return x;
}
// What a load leaves in dword d of its registers.
uint32_t loaded(const Access& a, const std::vector<std::byte>& memory, unsigned at, unsigned d,
                uint32_t old) {
  if (a.bytes >= 4) return uint32_t(little_endian(memory, at + 4 * d, 4));
  u64 x = little_endian(memory, at, a.bytes);
  if (a.is_signed) x = a.bytes == 1 ? u64(s8(x)) : u64(s16(x));
  if (a.half == 1) return (old & 0xffff'0000) | uint32_t(u16(x));
  if (a.half == 2) return (old & 0xffff) | uint32_t(x) << 16;
  return uint32_t(x);
}

void check_load(Probe& p, const Access& a, const std::vector<Form>& forms) {
  for (const Form& f : forms)
    for (int batch = 0; batch < 4; ++batch) {
      const std::string line =
          fmt::format(fmt::runtime(f.load), p.mnemonic(), registers(10, a.bytes));
      Bench b(p, line, f, a.bytes);
      const u64 exec = batch == 1 ? p.random()() : ~u64{0};
      const uint32_t old = uint32_t(p.random()());
      for (unsigned r = 10; r < 16; ++r) b.wave->set_v(r, old);
      b.wave->set_exec(exec);
      p.run(*b.wave);
      const unsigned dwords = (a.bytes + 3) / 4;
      for (unsigned i = 0; i < kLanes; ++i)
        for (unsigned d = 0; d <= dwords; ++d) {
          const bool written = d < dwords && (exec >> i & 1);
          p.equal(b.wave->v(10 + d, i), written ? loaded(a, b.memory, b.at[i], d, old) : old, old,
                  [&] { return fmt::format("{} dword {} lane {}", line, d, i); });
        }
    }
}
void check_store(Probe& p, const Access& a, const std::vector<Form>& forms) {
  for (const Form& f : forms)
    for (int batch = 0; batch < 4; ++batch) {
      const std::string line =
          fmt::format(fmt::runtime(f.store), p.mnemonic(), registers(10, a.bytes));
      Bench b(p, line, f, a.bytes);
      const u64 exec = batch == 1 ? p.random()() : ~u64{0};
      std::vector<std::byte> want = b.memory;
      for (unsigned d = 0; d < 4; ++d) {
        LaneValues data;
        for (unsigned i = 0; i < kLanes; ++i) {
          data[i] = uint32_t(p.random()());
          for (unsigned k = 4 * d; k < std::min(a.bytes, 4 * d + 4) && (exec >> i & 1); ++k)
            want[b.at[i] + k] = std::byte(data[i] >> (8 * (k % 4) + (a.half == 2 ? 16 : 0)));
        }
        b.wave->set_v(10 + d, data);
      }
      b.wave->set_exec(exec);
      p.run(*b.wave);
      for (unsigned k = 0; k < kSize; ++k)
        p.equal(u64(b.content(k)), u64(want[k]), u64(b.memory[k]), [&] {
          return fmt::format("{} byte {} of lane {}", line, k % kStride, k / kStride);
        });
    }
}

// Loads that leave their data in the LDS: at M0 + the offset + 4 (16 for the wide ones) per lane.
void check_load_to_lds(Probe& p, const Access& a, const std::string& line, const Form& f,
                       unsigned lds_offset) {
  for (int batch = 0; batch < 3; ++batch) {
    Bench b(p, line, f, a.bytes);
    constexpr unsigned kLdsBytes = kSize;
    const auto before = random_bytes(p, kLdsBytes);
    b.wave->write_lds(0, before);
    const unsigned base = 32, slot = a.bytes > 4 ? 16 : 4;
    const u64 exec = batch == 1 ? p.random()() : ~u64{0};
    b.wave->set_s(kM0, base).set_exec(exec);
    p.run(*b.wave);
    std::vector<std::byte> want = before;
    for (unsigned i = 0; i < kLanes; ++i)
      for (unsigned k = 0; k < std::max(a.bytes, 4u) && (exec >> i & 1); ++k)
        want[base + lds_offset + slot * i + k] =
            std::byte(loaded(a, b.memory, b.at[i], k / 4, 0) >> 8 * (k % 4));
    for (unsigned k = 0; k < kLdsBytes; ++k)
      p.equal(u64(b.wave->lds()[k]), u64(want[k]), u64(before[k]),
              [&] { return fmt::format("{} LDS byte {}", line, k); });
  }
}

void check_scalar_load(Probe& p, unsigned dwords, bool buffer) {
  const std::string to = dwords == 1 ? "s20" : fmt::format("s[20:{}]", 19 + dwords);
  for (int trial = 0; trial < 12; ++trial) {
    const unsigned constant = unsigned(p.pick(16)) * 4, index = unsigned(p.pick(16)) * 4;
    const char* base = buffer ? "s[4:7]" : "s[0:1]";
    const std::string offset = trial % 3 == 0   ? fmt::format("{:#x}", constant)
                               : trial % 3 == 1 ? "s8"
                                                : fmt::format("s8 offset:{:#x}", constant);
    const std::string line = fmt::format("{} {}, {}, {}", p.mnemonic(), to, base, offset);
    const auto wave = p.wave(line);
    Island& m = wave->memory().add({"m", 256});
    const auto bytes = random_bytes(p, 256);
    std::copy(bytes.begin(), bytes.end(), m.writable(0, 256).begin());
    // Past num_records a buffer's dwords are 0; with a stride it counts records.
    const bool strided = trial >= 6;
    const unsigned records = strided ? 4 + unsigned(p.pick(12)) : 16 + 4 * unsigned(p.pick(40));
    const unsigned limit = strided ? records * 16 : records;
    wave->set_s64(0, m.address()).set_s64(4, m.address() | (strided ? u64{16} << 48 : 0));
    wave->set_s(6, records).set_s(7, 0).set_s(8, index);
    for (unsigned d = 0; d <= dwords; ++d) wave->set_s(20 + d, 0x1234'5678);
    p.run(*wave);
    const unsigned at = trial % 3 == 0 ? constant : trial % 3 == 1 ? index : constant + index;
    for (unsigned d = 0; d < dwords; ++d) {
      const unsigned from = at + 4 * d;
      const u64 want = buffer && from + 4 > limit ? 0 : little_endian(bytes, from, 4);
      p.equal(wave->s(20 + d), want, 0x1234'5678,
              [&] { return fmt::format("{} dword {} records {}", line, d, records); });
    }
    p.equal(wave->s(20 + dwords), 0x1234'5678, 0x1234'5678, [&] { return line; });
  }
}

}  // namespace

void add_memory_cases(Cases& cases) {
  struct Family {
    const char* prefix;
    const std::vector<Form>& forms;
  };
  for (const Family& f : {Family{"global_", kGlobalForms}, Family{"flat_", kFlatForms},
                          Family{"scratch_", kScratchForms}, Family{"buffer_", kBufferForms}}) {
    const std::vector<Form>& forms = f.forms;
    for (const Access& a : kLoads)
      cases.push_back(custom(fmt::format("{}load_{}", f.prefix, a.name),
                             [&a, &forms](Probe& p) { check_load(p, a, forms); }));
    for (const Access& a : kStores)
      cases.push_back(custom(fmt::format("{}store_{}", f.prefix, a.name),
                             [&a, &forms](Probe& p) { check_store(p, a, forms); }));
  }
  for (const Access& a : kLdsLoads)
    cases.push_back(
        custom(fmt::format("ds_read_{}", a.name), [&a](Probe& p) { check_load(p, a, kLdsForms); }));
  for (const Access& a : kLdsStores)
    cases.push_back(custom(fmt::format("ds_write_{}", a.name),
                           [&a](Probe& p) { check_store(p, a, kLdsForms); }));

  for (const Access& a : kLoads) {
    if (a.half != 0 || a.bytes == 8) continue;
    const ArchSet arches = a.bytes > 4 ? kGfx950Only : kBothArches;
    cases.push_back(custom(fmt::format("global_load_lds_{}", a.name), [&a](Probe& p) {
                      check_load_to_lds(p, a, p.mnemonic() + " v0, s[0:1] offset:16",
                                        kGlobalForms[0], 16);
                    }).on(arches));
    cases.push_back(custom(fmt::format("buffer_load_{}", a.name), [&a](Probe& p) {
                      check_load_to_lds(p, a, p.mnemonic() + " v0, s[4:7], 0 offen offset:20 lds",
                                        kBufferForms[0], 20);
                    }).on(arches));
    if (a.bytes <= 4)
      cases.push_back(custom(fmt::format("scratch_load_lds_{}", a.name), [&a](Probe& p) {
        check_load_to_lds(p, a, p.mnemonic() + " v0, off offset:8", kScratchForms[0], 8);
      }));
  }

  for (const unsigned dwords : {1u, 2u, 4u, 8u, 16u}) {
    const std::string suffix = dwords == 1 ? "dword" : fmt::format("dwordx{}", dwords);
    cases.push_back(
        custom("s_load_" + suffix, [=](Probe& p) { check_scalar_load(p, dwords, false); }));
    cases.push_back(
        custom("s_buffer_load_" + suffix, [=](Probe& p) { check_scalar_load(p, dwords, true); }));
  }
}

}  // namespace wavefuzz::sim::opcode
