// Inputs of AITER's paged attention decode kernels with fp8 caches and per-token scales, and their
// launch in the simulator.
#ifndef WAVEFUZZ_TESTS_AITER_PA_PROBLEM_H_
#define WAVEFUZZ_TESTS_AITER_PA_PROBLEM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "gpu/sim/launch.h"
#include "quant/fp8.h"
#include "quant/paged_k.h"
#include "quant/paged_v.h"

namespace wavefuzz::aiter {

// The folder "hsa" of an AITER checkout, from the environment variable AITER_HSA; empty without it.
// Its objects are not part of this repository.
std::string hsa_folder();
std::string object_path(sim::Arch arch, const std::string& family, const std::string& kernel);
// The paths of all attention kernels: gfx942 and gfx950, pa and mla.
std::vector<std::string> attention_objects();

inline constexpr uint32_t kHeads = 16;  // query heads that share the one kv head
inline constexpr uint32_t kHeadDim = 128;
inline constexpr uint32_t kPageSize = 16;
inline constexpr quant::PagedK kKeyLayout = {1, kHeadDim, kPageSize, 1};
inline constexpr quant::PagedV kValueLayout = {1, kHeadDim, kPageSize, 1,
                                               quant::VLayout::kShuffled};
inline constexpr uint32_t kPageBytes = uint32_t(kKeyLayout.page_stride());
// log2(e) / sqrt(kHeadDim)
inline constexpr float kSoftmaxScale = 0.12751743f;

// The fp8 format of an arch's matrix instructions.
quant::Fp8 fp8_of(sim::Arch arch);

// One sequence, one kv head.
struct PaProblem {
  quant::Fp8 fp8;
  uint32_t context;         // tokens in the cache, those of the queries included
  uint32_t query_tokens;    // the last ones of the context; each sees itself and what is before it
  std::vector<uint16_t> q;  // bf16 [query_tokens][kHeads][kHeadDim]
  std::vector<uint8_t> k, v;            // pages, see kKeyLayout and kValueLayout
  std::vector<float> k_scale, v_scale;  // [pages][kPageSize]
  std::vector<int32_t> block_table;     // the page of each kPageSize tokens

  uint32_t pages() const { return uint32_t(k.size() / kPageBytes); }
  uint32_t output_elements() const { return query_tokens * kHeads * kHeadDim; }
  uint64_t key_index(uint32_t token, uint32_t d) const {
    return kKeyLayout.index(uint64_t(block_table[token / kPageSize]), 0, token % kPageSize, d);
  }
  uint64_t value_index(uint32_t token, uint32_t d) const {
    return kValueLayout.index(uint64_t(block_table[token / kPageSize]), 0, token % kPageSize, d);
  }
  uint64_t scale_index(uint32_t token) const {
    return uint64_t(block_table[token / kPageSize]) * kPageSize + token % kPageSize;
  }
};

// Normal deviates; keys and values of token-wise different size, quantised per token as AITER's
// pertoken_quant does: scale = max|x| / max, code = fp8(x / scale). The pages are a random choice,
// in random order, of slightly more than there need to be. Everything in the pages is finite.
PaProblem random_problem(quant::Fp8 fp8, uint32_t context, uint32_t query_tokens, uint64_t seed);

// What the caller did not give a kernel: content that is not there.
struct Uninitialised {
  bool keys = false;  // of slots behind the context, in the last page
  bool key_scales = false;
  bool values = false;
  bool value_scales = false;
  bool first_page = false;  // all of page 0, where the block table does not name it
};

// The buffers of a launch. Lives as long as its Memory.
class PaLaunch {
 public:
  explicit PaLaunch(const PaProblem& problem, const Uninitialised& uninitialised = {});

  // The kernel leans on timing: some loads are used without a wait (README.md). Here they come in
  // at their first use, and missing_waits() keeps those findings apart from the result's others.
  sim::RunResult run(const sim::Program& program);
  const std::vector<sim::Finding>& missing_waits() const { return missing_waits_; }
  // bf16 [query_tokens][kHeads][kHeadDim]
  std::vector<uint16_t> output() const;
  const sim::Island& output_island() const { return *output_; }
  sim::LaunchConfig& config() { return config_; }

 private:
  sim::Memory memory_;
  sim::Island* output_;
  sim::LaunchConfig config_;
  std::vector<sim::Finding> missing_waits_;
};

}  // namespace wavefuzz::aiter

#endif  // WAVEFUZZ_TESTS_AITER_PA_PROBLEM_H_
