// Checks the gfx942 rules against vectors from elsewhere: another model, or a real part.
//
// FILE holds N x K elements of A, N x K of B, N f32 of C and N f32 of D, whole arrays one after
// another, little-endian; each D is to be C + A . B by the op's rule. N follows from the file's
// size.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gpu/sim/mfma/dot.h"
#include "gpu/sim/mfma/table.h"

namespace wavefuzz::sim::mfma {
namespace {

static_assert(std::endian::native == std::endian::little);

// An op's name and the instruction of which it is one output element.
struct Check {
  const char* name;
  const char* mnemonic;
};
constexpr Check kChecks[] = {
    {"fp8_fp8_k32", "v_mfma_f32_16x16x32_fp8_fp8"}, {"fp8_bf8_k32", "v_mfma_f32_16x16x32_fp8_bf8"},
    {"bf8_fp8_k32", "v_mfma_f32_16x16x32_bf8_fp8"}, {"bf8_bf8_k32", "v_mfma_f32_16x16x32_bf8_bf8"},
    {"bf16_k16", "v_mfma_f32_16x16x16_bf16"},       {"f16_k16", "v_mfma_f32_16x16x16_f16"},
    {"bf16_k8", "v_mfma_f32_32x32x8_bf16"},         {"f16_k8", "v_mfma_f32_32x32x8_f16"},
    {"bf16_k4", "v_mfma_f32_4x4x4_16b_bf16"},       {"f16_k4", "v_mfma_f32_4x4x4_16b_f16"},
    {"xf32_k8", "v_mfma_f32_16x16x8_xf32"},         {"f32_k4", "v_mfma_f32_16x16x4_f32"},
};

constexpr int kMismatch = 1, kUsage = 2;
constexpr size_t kShown = 5;

bool is_nan(uint32_t x) { return (x & 0x7FFFFFFFu) > 0x7F800000u; }

// Codes of one row, `bytes` each.
void widen(const char* from, int bytes, int count, uint32_t* out) {
  for (int i = 0; i < count; ++i) {
    out[i] = 0;
    std::memcpy(&out[i], from + i * bytes, bytes);
  }
}

uint32_t word(const char* from) {
  uint32_t x;
  std::memcpy(&x, from, sizeof(x));
  return x;
}

std::string hex(const uint32_t* codes, int bytes, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += fmt::format(" {:0{}x}", codes[i], 2 * bytes);
  return out;
}

int check(const Check& check, const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string data((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) {
    fmt::print(stderr, "mfma_check: {}: cannot be read\n", path);
    return kUsage;
  }
  const Tile& tile = find(Arch::kGfx942, check.mnemonic)->tile;
  const int k = tile.shape.k, bytes = bits(tile.a) / 8;
  const size_t row = size_t(k) * bytes, vector = 2 * row + 8;
  if (data.empty() || data.size() % vector != 0) {
    fmt::print(stderr,
               "mfma_check: {}: {} bytes are no positive multiple of the {} of a {} vector\n", path,
               data.size(), vector, check.name);
    return kUsage;
  }
  const size_t count = data.size() / vector;
  const char* const a_at = data.data();
  const char* const b_at = a_at + count * row;
  const char* const c_at = b_at + count * row;
  const char* const d_at = c_at + 4 * count;
  size_t mismatches = 0;
  std::vector<uint32_t> a(k), b(k);
  for (size_t n = 0; n < count; ++n) {
    widen(a_at + n * row, bytes, k, a.data());
    widen(b_at + n * row, bytes, k, b.data());
    const uint32_t c = word(c_at + 4 * n), d = word(d_at + 4 * n);
    const uint32_t ours = tile.rule.kind == SumKind::kFmaChain
                              ? dot_f32(a.data(), b.data(), k, c)
                              : dot(tile.rule, {tile.a, a.data()}, {tile.b, b.data()}, k, c);
    if (ours == d || (is_nan(ours) && is_nan(d))) continue;
    if (mismatches++ < kShown) {
      fmt::print("vector {}: D is {:08x}, the rule gives {:08x}\n  C {:08x}\n  A{}\n  B{}\n", n, d,
                 ours, c, hex(a.data(), bytes, k), hex(b.data(), bytes, k));
    }
  }
  fmt::print("{}: {} vectors, {} mismatches\n", check.name, count, mismatches);
  return mismatches == 0 ? 0 : kMismatch;
}

int run(int argc, char** argv) {
  CLI::App app{"Checks the gfx942 matrix rules against vectors of D = C + A . B"};
  std::string op, path, names;
  for (const Check& c : kChecks) names += fmt::format("{}{}", names.empty() ? "" : ", ", c.name);
  app.add_option("--op", op, "one of " + names + " (types of A, then B)")->required();
  app.add_option("FILE", path, "A, B, C, D: whole arrays, little-endian")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  for (const Check& c : kChecks)
    if (op == c.name) return check(c, path);
  fmt::print(stderr, "mfma_check: --op={}: no such op; there are {}\n", op, names);
  return kUsage;
}

}  // namespace
}  // namespace wavefuzz::sim::mfma

int main(int argc, char** argv) { return wavefuzz::sim::mfma::run(argc, argv); }
