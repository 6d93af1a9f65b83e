// The instruction sets the simulator knows.
#ifndef WAVEFUZZ_GPU_SIM_ARCH_H_
#define WAVEFUZZ_GPU_SIM_ARCH_H_

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace wavefuzz::sim {

enum class Arch : uint8_t { kGfx942, kGfx950 };

// "gfx942" or "gfx950": the name LLVM's -mcpu takes.
constexpr std::string_view name(Arch arch) { return arch == Arch::kGfx942 ? "gfx942" : "gfx950"; }

// Lanes of a wave. Both arches run wave64 only.
inline constexpr unsigned kLanes = 64;

// LDS a work-group can hold, in bytes (64 KiB on gfx942, 160 KiB on gfx950).
constexpr uint32_t lds_limit(Arch arch) { return arch == Arch::kGfx942 ? 65536 : 163840; }

// Bad input to the simulator: a code object, symbol, island or launch that cannot be used. what()
// is one line that names the file, symbol or field and the value it has.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what) : std::runtime_error(what) {}
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_ARCH_H_
