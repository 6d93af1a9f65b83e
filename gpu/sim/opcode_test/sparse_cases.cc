// v_smfmac_*: whole numbers that every format has exactly. A row of A is drawn in full, with two of
// every four k not zero, and compressed as the manual says; D must be C plus the plain product of
// the full matrices. Layouts are AMD's matrix instruction calculator's.
#include <fmt/format.h>
#include <llvm/ADT/APFloat.h>

#include <bit>
#include <map>
#include <regex>
#include <stdexcept>

#include "gpu/sim/mfma/published_layout.h"
#include "gpu/sim/opcode_test/case.h"

namespace wavefuzz::sim::opcode {
namespace {

struct Format {
  const llvm::fltSemantics* semantics;  // null: i8
  int bits;
  int most;  // whole numbers up to it are exact

  uint32_t code(int x) const {
    if (semantics == nullptr) return uint8_t(x);
    llvm::APFloat value{double(x)};
    bool inexact = false;
    value.convert(*semantics, llvm::APFloat::rmNearestTiesToEven, &inexact);
    if (inexact) throw std::logic_error("not in the format");
    return uint32_t(value.bitcastToAPInt().getZExtValue());
  }
};
Format format(Arch arch, const std::string& name) {
  using llvm::APFloatBase;
  const bool ocp = arch == Arch::kGfx950;
  if (name == "f16") return {&APFloatBase::IEEEhalf(), 16, 500};
  if (name == "bf16") return {&APFloatBase::BFloat(), 16, 250};
  if (name == "fp8")
    return {ocp ? &APFloatBase::Float8E4M3FN() : &APFloatBase::Float8E4M3FNUZ(), 8, 16};
  if (name == "bf8")
    return {ocp ? &APFloatBase::Float8E5M2() : &APFloatBase::Float8E5M2FNUZ(), 8, 8};
  return {nullptr, 8, 127};
}

std::string range(char file, unsigned first, int count) {
  return count == 1 ? fmt::format("{}{}", file, first)
                    : fmt::format("{}[{}:{}]", file, first, int(first) + count - 1);
}

// Where its operands are, and what else is said.
struct Form {
  int cbsz = 0, abid = 0;
  char a = 'v', b = 'v', d = 'v';
  u64 exec = ~u64{0};
};

void check_form(Probe& p, int m, int k, const Format& a_format, const Format& b_format,
                bool integer, const Form& f) {
  const int size = a_format.bits, lanes = 64 / m;  // lanes that share a row
  const int a_count = m * k / 2 * size / 2048, b_count = m * k * size / 2048;
  const int d_count = m * m / 64;
  const std::string line =
      fmt::format("{} {}, {}, {}, v200{}{}", p.mnemonic(), range(f.d, 64, d_count),
                  range(f.a, 8, a_count), range(f.b, 40, b_count),
                  f.cbsz != 0 ? fmt::format(" cbsz:{}", f.cbsz) : "",
                  f.abid != 0 ? fmt::format(" abid:{}", f.abid) : "");
  AsmOptions options;
  options.exec = f.exec;
  const auto wave = p.wave(line, options);

  const auto number = [&](int most) { return int(p.pick(2 * u64(most) + 1)) - most; };
  std::map<std::pair<int, int>, int> a, b, c;  // by row and column; elements left out are 0
  std::vector<LaneValues> a_registers(a_count), b_registers(b_count), c_registers(d_count);
  const auto put = [](std::vector<LaneValues>& registers, int lane, int bit, uint32_t code) {
    registers.at(bit / 32).at(lane) |= code << bit % 32;
  };
  // Other bits of the index register say something else.
  LaneValues index;
  for (uint32_t& word : index) word = uint32_t(p.random()());
  const int quads = k / 4 / lanes;  // of a row, in a lane
  const int first_bit = f.cbsz == 0 ? f.abid * quads * 4 : 0;
  for (int i = 0; i < m; ++i)
    for (int quad = 0; quad < k / 4; ++quad) {
      const unsigned low = unsigned(p.pick(3)), high = low + 1 + unsigned(p.pick(3 - low));
      const int lane = quad / quads * m + i, element = quad % quads * 2;
      const int bit = first_bit + 2 * element;
      index[lane] &= ~(15u << bit);
      index[lane] |= (low | high << 2) << bit;
      for (int s = 0; s < 2; ++s) {
        const int x = a[{i, 4 * quad + int(s ? high : low)}] = number(a_format.most);
        put(a_registers, lane, (element + s) * size, a_format.code(x));
      }
    }
  const int run = std::min(k / lanes, 128 / size);  // of B's k in a lane: 16 bytes at most
  for (int kb = 0; kb < k; ++kb)
    for (int j = 0; j < m; ++j) {
      const int y = b[{kb, j}] = number(b_format.most);
      put(b_registers, kb / run % lanes * m + j, (kb / run / lanes * run + kb % run) * size,
          b_format.code(y));
    }
  const mfma::published::Instruction shape = {m, m, k, 1, "", "", "f32", false};
  const auto d_code = [&](i64 x) {
    return integer ? uint32_t(x) : std::bit_cast<uint32_t>(float(x));
  };
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < m; ++j) {
      const auto at = output(shape, 0, i, j);
      put(c_registers, at.lane, at.bit, d_code(c[{i, j}] = number(100'000)));
    }
  const auto set = [&](char file, unsigned first, const std::vector<LaneValues>& registers) {
    for (size_t r = 0; r < registers.size(); ++r)
      wave->set_v((file == 'a' ? kAgpr0 : 0) + first + unsigned(r), registers[r]);
  };
  set(f.a, 8, a_registers);
  set(f.b, 40, b_registers);
  set(f.d, 64, c_registers);
  wave->set_v(200, index);
  p.run(*wave);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < m; ++j) {
      i64 sum = c[{i, j}];
      for (int n = 0; n < k; ++n) sum += i64{a[{i, n}]} * b[{n, j}];
      const auto at = output(shape, 0, i, j);
      const unsigned reg = (f.d == 'a' ? kAgpr0 : 0) + 64 + unsigned(at.bit) / 32;
      p.equal(wave->v(reg, unsigned(at.lane)), d_code(sum), d_code(c[{i, j}]),
              [&] { return fmt::format("{} row {} column {}", line, i, j); });
    }
}

void check(Probe& p) {
  static const std::regex name(R"(v_smfmac_(f32|i32)_(\d+)x\d+x(\d+)_([a-z0-9]+)(?:_([a-z0-9]+))?)");
  std::smatch part;
  if (!std::regex_match(p.mnemonic(), part, name)) throw std::logic_error(p.mnemonic());
  const int m = std::stoi(part[2]), k = std::stoi(part[3]);
  const Format a = format(p.arch(), part[4]);
  const Format b = part[5].matched ? format(p.arch(), part[5]) : a;
  const auto run = [&](const Form& f) { check_form(p, m, k, a, b, part[1] == "i32", f); };
  const int sets = 32 / (k / 4 / (64 / m) * 4);
  for (int abid = 0; abid < sets; ++abid) run({.abid = abid});
  run({.cbsz = 1});
  run({.cbsz = 2, .abid = 3});
  run({.a = 'a', .d = 'a'});
  run({.b = 'a', .exec = 0x8000'0001'00F0'0002});
  run({.a = 'a', .b = 'a', .d = 'a', .exec = 0});
}

}  // namespace

void add_sparse_cases(Cases& cases) {
  const auto add = [&](const std::string& mnemonic, ArchSet arches) {
    cases.push_back(custom("v_smfmac_" + mnemonic, check).on(arches));
  };
  for (const char* type : {"f16", "bf16"}) {
    for (const char* shape : {"f32_16x16x32_", "f32_32x32x16_"})
      add(shape + std::string(type), kBothArches);
    for (const char* shape : {"f32_16x16x64_", "f32_32x32x32_"})
      add(shape + std::string(type), kGfx950Only);
  }
  for (const char* types : {"fp8_fp8", "fp8_bf8", "bf8_fp8", "bf8_bf8"}) {
    for (const char* shape : {"f32_16x16x64_", "f32_32x32x32_"})
      add(shape + std::string(types), kBothArches);
    for (const char* shape : {"f32_16x16x128_", "f32_32x32x64_"})
      add(shape + std::string(types), kGfx950Only);
  }
  for (const char* shape : {"i32_16x16x64_i8", "i32_32x32x32_i8"}) add(shape, kBothArches);
  for (const char* shape : {"i32_16x16x128_i8", "i32_32x32x64_i8"}) add(shape, kGfx950Only);
}

}  // namespace wavefuzz::sim::opcode
