#include "tests/aiter/pa_problem.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <random>
#include <span>

#include "quant/float16.h"

namespace wavefuzz::aiter {
namespace {

// Pages that no sequence uses.
constexpr uint32_t kSparePages = 3;

uint8_t quantise(quant::Fp8 fp8, float x) {
  return quant::encode(fp8, x, quant::kCastHipSaturating);
}

}  // namespace

std::string hsa_folder() {
  const char* folder = std::getenv("AITER_HSA");
  return folder == nullptr ? "" : folder;
}

std::string object_path(sim::Arch arch, const std::string& family, const std::string& kernel) {
  return hsa_folder() + "/" + std::string(sim::name(arch)) + "/" + family + "/" + kernel + ".co";
}

std::vector<std::string> attention_objects() {
  std::vector<std::string> paths;
  for (const char* folder : {"gfx942/pa", "gfx942/mla", "gfx950/pa", "gfx950/mla"})
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(hsa_folder()) / folder))
      if (entry.path().extension() == ".co") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

quant::Fp8 fp8_of(sim::Arch arch) {
  return arch == sim::Arch::kGfx942 ? quant::Fp8::kE4m3fnuz : quant::Fp8::kE4m3fn;
}

PaProblem random_problem(quant::Fp8 fp8, uint32_t context, uint32_t query_tokens, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  PaProblem p;
  p.fp8 = fp8;
  p.context = context;
  p.query_tokens = query_tokens;
  p.q.resize(p.output_elements());
  for (uint16_t& x : p.q) x = quant::encode_bf16(2 * normal(random));

  const uint32_t used = (context + kPageSize - 1) / kPageSize;
  const uint32_t pages = used + kSparePages;
  p.block_table.resize(pages);
  std::iota(p.block_table.begin(), p.block_table.end(), 0);
  std::shuffle(p.block_table.begin(), p.block_table.end(), random);
  p.block_table.resize(used);

  const float max = quant::decode(fp8, quant::format(fp8).max_finite);
  std::uniform_real_distribution<float> size(0.25f, 2.0f);
  const auto fill = [&](const auto& layout, std::vector<uint8_t>& codes,
                        std::vector<float>& scales) {
    codes.resize(uint64_t(pages) * kPageBytes);
    scales.resize(uint64_t(pages) * kPageSize);
    for (uint32_t page = 0; page < pages; ++page) {
      for (uint32_t slot = 0; slot < kPageSize; ++slot) {
        float x[kHeadDim], amax = 0;
        const float factor = size(random);
        for (float& e : x) {
          e = factor * normal(random);
          amax = std::max(amax, std::fabs(e));
        }
        const float scale = amax / max;
        for (uint32_t d = 0; d < kHeadDim; ++d)
          codes[layout.index(page, 0, slot, d)] = quantise(fp8, x[d] / scale);
        scales[page * kPageSize + slot] = scale;
      }
    }
  };
  fill(kKeyLayout, p.k, p.k_scale);
  fill(kValueLayout, p.v, p.v_scale);
  return p;
}

PaLaunch::PaLaunch(const PaProblem& p, const Uninitialised& uninitialised) {
  const auto input = [&](const char* name, const auto& values) -> sim::Island& {
    const auto bytes = std::as_bytes(std::span(values));
    sim::Island& island = memory_.add({name, bytes.size(), sim::Access::kRead});
    island.write(0, bytes);
    return island;
  };
  output_ = &memory_.add({"output", p.output_elements() * 2, sim::Access::kWrite});
  sim::Island& q = input("query", p.q);
  sim::Island& k = input("key cache", p.k);
  sim::Island& v = input("value cache", p.v);
  sim::Island& k_scale = input("key scales", p.k_scale);
  sim::Island& v_scale = input("value scales", p.v_scale);
  sim::Island& block_table = input("block table", p.block_table);
  sim::Island& context_lens = input("context lengths", std::vector<int32_t>{int32_t(p.context)});
  sim::Island& query_starts =
      input("query starts", std::vector<int32_t>{0, int32_t(p.query_tokens)});

  const uint32_t slots = uint32_t(p.block_table.size()) * kPageSize;
  for (uint32_t token = p.context; token < slots; ++token) {
    for (uint32_t d = 0; d < kHeadDim; ++d) {
      if (uninitialised.keys) k.set_uninitialised(p.key_index(token, d), 1);
      if (uninitialised.values) v.set_uninitialised(p.value_index(token, d), 1);
    }
    if (uninitialised.key_scales) k_scale.set_uninitialised(4 * p.scale_index(token), 4);
    if (uninitialised.value_scales) v_scale.set_uninitialised(4 * p.scale_index(token), 4);
  }
  // Kernels read page 0 in place of those that the block table ends before; no other spare page.
  std::vector<bool> used(p.pages());
  used[0] = !uninitialised.first_page;
  for (const int32_t page : p.block_table) used[size_t(page)] = true;
  for (uint32_t page = 0; page < p.pages(); ++page) {
    if (used[page]) continue;
    k.set_uninitialised(uint64_t(page) * kPageBytes, kPageBytes);
    v.set_uninitialised(uint64_t(page) * kPageBytes, kPageBytes);
    k_scale.set_uninitialised(uint64_t(page) * kPageSize * 4, kPageSize * 4);
    v_scale.set_uninitialised(uint64_t(page) * kPageSize * 4, kPageSize * 4);
  }

  // One 16-byte slot an argument; csrc/py_itfs_cu/asm_pa.cu.
  constexpr uint32_t kTokenBytes = kHeads * kHeadDim * 2;
  config_.group_size = {256, 1, 1};
  config_.late_loads = sim::LateLoads::kNewContent;
  config_.max_findings = 1000;
  config_.set_arg(0x00, output_->address());
  config_.set_arg(0x10, q.address());
  config_.set_arg(0x20, k.address());
  config_.set_arg(0x30, v.address());
  config_.set_arg(0x40, block_table.address());
  config_.set_arg(0x50, context_lens.address());
  config_.set_arg(0x60, k_scale.address());
  config_.set_arg(0x70, v_scale.address());
  config_.set_arg(0x80, kSoftmaxScale);
  config_.set_arg(0x90, uint32_t(p.block_table.size()));
  config_.set_arg(0xa0, uint32_t{1});  // kv heads
  config_.set_arg(0xb0, kTokenBytes);
  config_.set_arg(0xc0, kPageBytes);  // bytes from page to page
  config_.set_arg(0xd0, kPageBytes);  // from kv head to kv head
  config_.set_arg(0xe0, p.query_tokens - 1);
  config_.set_arg(0xf0, kHeads);
  config_.set_arg(0x100, query_starts.address());
  config_.set_arg(0x108, uint64_t{0});
}

std::vector<uint16_t> PaLaunch::output() const {
  std::vector<uint16_t> values(output_->size() / 2);
  std::memcpy(values.data(), output_->bytes().data(), output_->size());
  return values;
}

sim::RunResult PaLaunch::run(const sim::Program& program) {
  sim::RunResult result = sim::run(program, memory_, config_);
  missing_waits_.clear();
  std::erase_if(result.findings, [&](const sim::Finding& f) {
    if (f.kind != sim::FindingKind::kMissingWait) return false;
    missing_waits_.push_back(f);
    return true;
  });
  if (result.findings.empty() && result.status == sim::RunResult::Status::kFaulted)
    result.status = sim::RunResult::Status::kCompleted;
  return result;
}

}  // namespace wavefuzz::aiter
