// AITER's fused MoE kernels with FP8 blocks of scales, two objects that skip vector instructions
// (s_setvskip) where a row of the tile has no token: each runs to its end, and its output is the
// mixture of experts within what FP8 in between leaves. Arguments and layouts: asm_fmoe.cu and
// shuffle.py of ROCm/aiter at e4048607a5.
//
// Skips without AITER_HSA, the folder "hsa" of an AITER checkout.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "gpu/sim/launch.h"
#include "quant/float16.h"
#include "quant/fp8.h"
#include "tests/aiter/pa_problem.h"

namespace wavefuzz::aiter {
namespace {

constexpr uint32_t kBlock = 128;  // rows and columns that share a scale
constexpr uint32_t kTile = 32;    // sorted ids of one expert that a group works on

struct Kernel {
  sim::Arch arch;
  const char* object;  // in fmoe/silu
  uint32_t sub_gu;     // columns of the inner dimension that a group works on
};

// FP8 values of a matrix with a scale for each block, in full.
struct Matrix {
  uint32_t rows, columns;
  std::vector<uint8_t> codes;  // row-major
  std::vector<float> scales;   // [rows / row_block][columns / kBlock]
  uint32_t row_block;
  quant::Fp8 fp8;

  float operator()(uint32_t r, uint32_t c) const {
    return quant::decode(fp8, codes[size_t{r} * columns + c]) *
           scales[size_t{r / row_block} * (columns / kBlock) + c / kBlock];
  }
};

struct Problem {
  uint32_t tokens, dim, inter, experts, top_k;
  quant::Fp8 fp8;
  Matrix x;                      // [tokens, dim], scales for a token's kBlock
  std::vector<Matrix> w1, w2;    // [2 * inter, dim] (gate, then up) and [dim, inter]
  std::vector<uint32_t> expert;  // [tokens][top_k]
  std::vector<float> weight;
};

Problem make_problem(sim::Arch arch, uint32_t inter, uint32_t seed) {
  std::mt19937 random(seed);
  Problem p{.tokens = 5, .dim = 512, .inter = inter, .experts = 3, .top_k = 2,
            .fp8 = fp8_of(arch), .x = {}, .w1 = {}, .w2 = {}, .expert = {}, .weight = {}};
  const auto uniform = [&] { return float(int(random() % 2001) - 1000) / 1000; };
  const auto matrix = [&](uint32_t rows, uint32_t columns, uint32_t row_block, float size) {
    Matrix m{rows, columns, {}, {}, row_block, p.fp8};
    for (size_t i = 0; i < size_t{rows} * columns; ++i)
      m.codes.push_back(quant::encode(p.fp8, 8 * uniform(), quant::kCastHipSaturating));
    for (size_t i = 0; i < size_t{(rows + row_block - 1) / row_block} * (columns / kBlock); ++i)
      m.scales.push_back(size * (1 + uniform() / 2));
    return m;
  };
  p.x = matrix(p.tokens, p.dim, 1, 0.125f);
  for (uint32_t e = 0; e < p.experts; ++e) {
    p.w1.push_back(matrix(2 * inter, p.dim, kBlock, 0.02f));
    p.w2.push_back(matrix(p.dim, inter, kBlock, 0.02f));
  }
  for (uint32_t t = 0; t < p.tokens; ++t)
    for (uint32_t k = 0; k < p.top_k; ++k) {
      p.expert.push_back((t + k) % p.experts);
      p.weight.push_back(0.25f + 0.5f * std::fabs(uniform()));
    }
  return p;
}

// The mixture, with nothing rounded.
std::vector<float> reference(const Problem& p) {
  std::vector<float> out(size_t{p.tokens} * p.dim);
  for (uint32_t t = 0; t < p.tokens; ++t)
    for (uint32_t k = 0; k < p.top_k; ++k) {
      const uint32_t e = p.expert[t * p.top_k + k];
      std::vector<double> hidden(p.inter);
      for (uint32_t i = 0; i < p.inter; ++i) {
        double gate = 0, up = 0;
        for (uint32_t d = 0; d < p.dim; ++d) {
          gate += double(p.x(t, d)) * p.w1[e](i, d);
          up += double(p.x(t, d)) * p.w1[e](p.inter + i, d);
        }
        hidden[i] = gate / (1 + std::exp(-gate)) * up;
      }
      for (uint32_t d = 0; d < p.dim; ++d) {
        double sum = 0;
        for (uint32_t i = 0; i < p.inter; ++i) sum += hidden[i] * p.w2[e](d, i);
        out[size_t{t} * p.dim + d] += float(sum * p.weight[t * p.top_k + k]);
      }
    }
  return out;
}

// shuffle_weight, (16, 16): tiles of 16 rows by 32 columns, in each the two halves of 16 columns.
void append_shuffled(const Matrix& m, std::vector<uint8_t>& out) {
  const size_t begin = out.size();
  out.resize(begin + m.codes.size());
  for (uint32_t r = 0; r < m.rows; ++r)
    for (uint32_t c = 0; c < m.columns; ++c) {
      const size_t tile = size_t{r / 16} * (m.columns / 32) + c / 32;
      out[begin + ((tile * 2 + c / 16 % 2) * 16 + r % 16) * 16 + c % 16] =
          m.codes[size_t{r} * m.columns + c];
    }
}

struct Launched {
  sim::RunResult result;
  std::vector<float> out;
};
Launched launch(const Kernel& k, const Problem& p) {
  const std::string path = object_path(k.arch, "fmoe/silu", k.object);
  const sim::CodeObject object = sim::CodeObject::load(path);
  const sim::Program program(object, object.kernels().at(0).symbol);

  // moe_sorting: the tokens of each expert, padded to whole tiles.
  std::vector<uint32_t> ids, tile_expert;
  std::vector<float> weights;
  for (uint32_t e = 0; e < p.experts; ++e) {
    const size_t begin = ids.size();
    for (uint32_t n = 0; n < p.expert.size(); ++n) {
      if (p.expert[n] != e) continue;
      ids.push_back(n / p.top_k | n % p.top_k << 24);
      weights.push_back(p.weight[n]);
    }
    while (ids.size() % kTile != 0) {
      ids.push_back(p.tokens | p.top_k << 24);
      weights.push_back(0);
    }
    for (size_t i = begin; i < ids.size(); i += kTile) tile_expert.push_back(e);
  }
  const std::vector<uint32_t> valid = {uint32_t(ids.size()), p.tokens};
  std::vector<float> x_scales;  // transposed
  for (uint32_t c = 0; c < p.dim / kBlock; ++c)
    for (uint32_t t = 0; t < p.tokens; ++t)
      x_scales.push_back(p.x.scales[size_t{t} * (p.dim / kBlock) + c]);
  std::vector<uint8_t> w1, w2;
  std::vector<float> w1_scales, w2_scales;
  for (uint32_t e = 0; e < p.experts; ++e) {
    append_shuffled(p.w1[e], w1);
    append_shuffled(p.w2[e], w2);
    w1_scales.insert(w1_scales.end(), p.w1[e].scales.begin(), p.w1[e].scales.end());
    w2_scales.insert(w2_scales.end(), p.w2[e].scales.begin(), p.w2[e].scales.end());
  }

  sim::Memory memory;
  sim::LaunchConfig config;
  size_t slot = 0;  // of 16 bytes
  const auto pointer = [&](const char* name, auto& values) {
    sim::Island& island = memory.add({.name = name,
                                      .bytes = std::as_bytes(std::span(values)).size(),
                                      .access = sim::Access::kRead});
    island.write(0, std::as_bytes(std::span(values)));
    config.set_arg(16 * slot++, island.address());
  };
  sim::Island& out = memory.add({"out", uint64_t{p.tokens} * p.dim * 2});
  out.fill(0, out.size(), std::byte{0});
  config.set_arg(16 * slot++, out.address());
  pointer("x", p.x.codes);
  pointer("w1", w1);
  pointer("num_valid_ids", valid);
  pointer("w2", w2);
  pointer("x_scale", x_scales);
  pointer("w1_scale", w1_scales);
  pointer("w2_scale", w2_scales);
  config.set_arg(16 * slot++, uint64_t{0});  // smooth scale
  pointer("sorted_token_ids", ids);
  pointer("sorted_weights", weights);
  pointer("sorted_expert_ids", tile_expert);
  for (const uint32_t value :
       {p.dim, p.inter, p.tokens, p.experts, p.dim, p.dim, p.inter, 2 * p.dim,
        2 * p.inter * p.dim, p.dim * p.inter, uint32_t(4 * p.w1[0].scales.size()),
        uint32_t(4 * p.w2[0].scales.size()), 4 * p.inter, p.top_k, 0u,
        (p.inter + k.sub_gu - 1) / k.sub_gu})
    config.set_arg(16 * slot++, value);
  config.kernarg.resize(program.kernel().explicit_bytes());
  config.groups = {(p.inter + k.sub_gu - 1) / k.sub_gu, uint32_t(tile_expert.size()), 1};
  config.group_size = {256, 1, 1};
  config.late_loads = sim::LateLoads::kNewContent;
  Launched l;
  l.result = run(program, memory, config);
  for (size_t i = 0; i < size_t{p.tokens} * p.dim; ++i) {
    uint16_t code;
    std::memcpy(&code, out.bytes().data() + 2 * i, 2);
    l.out.push_back(quant::decode_bf16(code));
  }
  return l;
}

class Fmoe : public testing::TestWithParam<Kernel> {};

TEST_P(Fmoe, RunsToItsEndAndMixesItsExperts) {
  if (hsa_folder().empty())
    GTEST_SKIP() << "AITER_HSA is not set: it names the folder \"hsa\" of an AITER checkout";
  const Kernel& k = GetParam();
  const Problem p = make_problem(k.arch, 2 * k.sub_gu, 1);
  const Launched l = launch(k, p);
  EXPECT_NE(l.result.status, sim::RunResult::Status::kUnsupported) << l.result.unsupported_what;
  for (const sim::Finding& f : l.result.findings) ADD_FAILURE() << f.message;
  const std::vector<float> want = reference(p);
  float most = 0, error = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    most = std::max(most, std::fabs(want[i]));
    error = std::max(error, std::fabs(want[i] - l.out[i]));
  }
  EXPECT_GT(most, 0.5f);
  EXPECT_LT(error, 0.05f * most);  // the kernel rounds its hidden values to FP8
}

INSTANTIATE_TEST_SUITE_P(
    Kernels, Fmoe,
    testing::Values(Kernel{sim::Arch::kGfx942, "fmoe_bf16_blockscaleFp8_g1u1_vs_silu_1tg_32x128", 128},
                    Kernel{sim::Arch::kGfx950, "fmoe_bf16_blockscaleFp8_g1u1_vs_silu_1tg_32x256", 256}),
    [](const auto& info) { return std::string(sim::name(info.param.arch)); });

}  // namespace
}  // namespace wavefuzz::aiter
