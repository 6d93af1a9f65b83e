// For tests: runs assembly text on one wave and looks at the registers afterwards.
#ifndef WAVEFUZZ_GPU_SIM_TESTING_ASM_H_
#define WAVEFUZZ_GPU_SIM_TESTING_ASM_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gpu/sim/launch.h"
#include "gpu/sim/wave.h"

namespace wavefuzz::sim {

// Machine code of AMDGPU assembly. Throws Error with LLVM's message.
std::vector<std::byte> assemble(Arch arch, const std::string& text);

// A kernel of that code: one group, 64 work-items, all MODE fields as asked, f32 denormals kept.
struct AsmOptions {
  Arch arch = Arch::kGfx942;
  HostIsa isa = best_host_isa();
  uint8_t round_f32 = 0, round_f16_f64 = 0;
  uint8_t denorm_f32 = 3, denorm_f16_f64 = 3;
  bool ieee = false, dx10_clamp = false, fp16_overflow = false;
  uint32_t lds_bytes = 0;
  uint32_t scratch_bytes = 0;
  uint64_t exec = ~0ull;
  Transcendentals transcendentals = Transcendentals::kCorrectlyRounded;
  uint32_t ulp_seed = 0;
  LateLoads late_loads = LateLoads::kOldContent;
  bool follow_inexact = false;
};

using LaneValues = std::array<uint32_t, kLanes>;

// One wave: registers are set before and read after. `s_endpgm` is appended to the text.
class AsmWave {
 public:
  explicit AsmWave(const std::string& text, const AsmOptions& options = {});

  // Defines a register.
  AsmWave& set_v(unsigned reg, uint32_t value);
  AsmWave& set_v(unsigned reg, const LaneValues& values);
  AsmWave& set_v64(unsigned reg, uint64_t value);
  AsmWave& set_s(unsigned reg, uint32_t value);
  AsmWave& set_s64(unsigned reg, uint64_t value);
  AsmWave& set_exec(uint64_t mask);
  Memory& memory() { return memory_; }

  // Executes the text from its start; may be called again with other register contents.
  AsmWave& run();

  uint32_t v(unsigned reg, unsigned lane = 0) const { return wave().v[reg][lane]; }
  uint64_t v64(unsigned reg, unsigned lane = 0) const {
    return wave().v[reg][lane] | uint64_t(wave().v[reg + 1][lane]) << 32;
  }
  LaneValues lanes(unsigned reg) const;
  uint32_t s(unsigned reg) const { return wave().s[reg]; }
  uint64_t s64(unsigned reg) const { return wave().s64(reg); }
  uint64_t exec() const { return wave().exec; }
  // Bytes of a VGPR that are undefined, as a mask of the lane's dword; bits of a scalar.
  uint32_t v_poison(unsigned reg, unsigned lane = 0) const;
  uint32_t s_poison(unsigned reg) const { return wave().s_poison[reg]; }

  // The mnemonics of the text as the simulator understood them; "" where it has no semantics.
  std::vector<std::string> mnemonics() const;
  // The LDS, and a lane's scratch: content, and giving them some.
  const std::byte* lds() const { return machine_->lds.data(); }
  const std::byte* scratch(unsigned lane) const {
    return wave().scratch + lane * machine_->scratch_size;
  }
  AsmWave& write_lds(uint32_t offset, std::span<const std::byte> bytes);
  AsmWave& write_scratch(unsigned lane, uint32_t offset, std::span<const std::byte> bytes);

  const RunResult& result() const { return result_; }
  // The message of the only finding; empty without one, all joined when there are more.
  std::string findings() const;

 private:
  void start();
  Wave& wave() const { return *machine_->waves[0]; }

  LaunchConfig config_;
  RunResult result_;
  Memory memory_;
  std::unique_ptr<Program> program_;
  std::unique_ptr<Machine> machine_;
  bool started_ = false;
  uint64_t exec_;
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_TESTING_ASM_H_
